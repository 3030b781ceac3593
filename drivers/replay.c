/* A recorded or hand-written trace as a device: the demo, the regression tests and a
 * technician's bug report all speak it. The format is daemon/transit/event/trace.h.
 *
 *     device "reader" { driver = "replay"  file = "reader.trace"  point "status" { } }
 *
 * Lines for other devices are passed over, so one file may serve several devices. The
 * whole file is checked when it is opened. Times count from then on; at full speed the
 * readings keep the times they would have had.
 */
#include "bus/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "transit/event/trace.h"

#define BATCH	      64 /* entries in one read() */
#define LINE_BYTES    1024
#define OPTION(field) offsetof(struct replay_conf, field)

enum speed { SPEED_RECORDED, SPEED_FULL };

struct replay_conf {
	char *file;
	int speed;
	bool loop;
};

struct replay {
	const struct driver_setup *setup;
	const struct replay_conf *conf;
	const struct driver_device *device;
	int timer_fd;
	FILE *file;
	size_t line; /* number of the last one read */
	struct trace trace;
	struct trace_entry next; /* the first that is not yet given */
	size_t point; /* of next */
	bool have_next;
	int64_t start_ns; /* when the trace began, this time round */
};

static const struct conf_choice speed_choices[] = {
	{"recorded", SPEED_RECORDED},
	{"full", SPEED_FULL},
	{NULL, 0},
};

static const struct conf_option device_options[] = {
	{.name = "file",
	 .type = CONF_PATH,
	 .offset = OPTION(file),
	 .required = true,
	 .help = "The trace: lines of time, point and value."},
	{.name = "speed",
	 .type = CONF_CHOICE,
	 .offset = OPTION(speed),
	 .def = "recorded",
	 .choices = speed_choices,
	 .help = "As fast as it was recorded, or as fast as the daemon takes it."},
	{.name = "loop",
	 .type = CONF_BOOL,
	 .offset = OPTION(loop),
	 .def = "false",
	 .help = "Begin again at the end."},
	{0},
};

static int refuse(const struct replay *replay, enum reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct replay *replay, enum reason reason, const char *format, ...)
{
	const struct driver_host *host = &replay->setup->host;
	char what[512];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	host->fault(host->data, 0, DRIVER_ALL, reason, what);
	return -EINVAL;
}

static int refuse_line(const struct replay *replay, const char *what)
{
	return refuse(replay, REASON_GARBLED, "%s:%zu: %s", replay->conf->file, replay->line, what);
}

/* The next line: 1, 0 at the end, -EINVAL told by fault(). */
static int read_line(struct replay *replay, char line[LINE_BYTES], size_t *ret_bytes)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(replay->file)) != EOF) {
		if (n == LINE_BYTES) {
			replay->line++;
			return refuse_line(replay, "the line is too long");
		}
		line[n++] = (char)c;
		if (c == '\n')
			break;
	}
	if (ferror(replay->file))
		return refuse(replay, REASON_LINK_DOWN, "%s cannot be read", replay->conf->file);
	if (n == 0)
		return 0;
	replay->line++;
	*ret_bytes = n;
	return 1;
}

/* Whether the entry is for this device: 1, 0, or -EINVAL for a point it does not have. */
static int find_point(struct replay *replay, const struct trace_entry *entry)
{
	const struct driver_device *device = replay->device;
	char what[TRACE_NAME_BYTES + 64];
	size_t i;

	if (entry->device[0] && strcmp(entry->device, device->name) != 0)
		return 0;
	replay->point = DRIVER_ALL;
	if (entry->kind == TRACE_DEVICE)
		return 1;
	for (i = 0; i < device->point_count; i++) {
		if (strcmp(entry->point, device->points[i].name) == 0) {
			replay->point = i;
			return 1;
		}
	}
	snprintf(what, sizeof(what), "the device has no point \"%s\"", entry->point);
	return refuse_line(replay, what);
}

/* Into next and point: 1, 0 at the end, -EINVAL. */
static int next_entry(struct replay *replay)
{
	char line[LINE_BYTES];
	size_t bytes = 0;
	int found = 0;

	while (found == 0) {
		int got = read_line(replay, line, &bytes);

		if (got <= 0)
			return got;
		got = trace_parse(&replay->trace, line, bytes, &replay->next);
		if (got < 0)
			return refuse_line(replay, replay->trace.error);
		if (got > 0)
			found = find_point(replay, &replay->next);
	}
	return found;
}

static void begin(struct replay *replay, int64_t start_ns)
{
	rewind(replay->file);
	replay->line = 0;
	replay->trace = (struct trace){0};
	replay->start_ns = start_ns;
}

/* Like next_entry(), but round and round when it loops. check() made sure that there is one. */
static int advance(struct replay *replay)
{
	int got = next_entry(replay);

	if (got == 0 && replay->conf->loop) {
		begin(replay, replay->start_ns + replay->trace.at_ns);
		got = next_entry(replay);
	}
	replay->have_next = got > 0;
	return got < 0 ? got : 0;
}

static int check(struct replay *replay)
{
	size_t count = 0;
	int got;

	while ((got = next_entry(replay)) > 0)
		count++;
	if (got < 0)
		return got;
	if (count == 0)
		return refuse(replay, REASON_GARBLED, "%s has no line for \"%s\"",
			      replay->conf->file, replay->device->name);
	if (replay->conf->loop && replay->trace.at_ns == 0)
		return refuse(replay, REASON_GARBLED, "%s takes no time and so cannot loop",
			      replay->conf->file);
	return 0;
}

static int64_t next_ns(const struct replay *replay)
{
	return replay->start_ns + replay->next.at_ns;
}

/* Readable at once at full speed, when the next entry is due otherwise, never at the end. */
static int arm(struct replay *replay)
{
	struct itimerspec spec = {0};

	if (replay->have_next && replay->conf->speed == SPEED_FULL) {
		spec.it_value.tv_nsec = 1;
	} else if (replay->have_next) {
		spec.it_value = clock_timespec(next_ns(replay));
	}
	return timerfd_settime(replay->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

static int replay_new(const struct driver_setup *setup, void **ret_instance,
		      struct driver_complaint *complaint)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	(void)complaint;
	assert(setup->device_count == 1);
	if (!replay)
		return -ENOMEM;
	replay->setup = setup;
	replay->device = &setup->devices[0];
	replay->conf = replay->device->conf;
	replay->timer_fd = -1;
	*ret_instance = replay;
	return 0;
}

static void replay_close(void *instance)
{
	struct replay *replay = instance;

	if (replay->file)
		fclose(replay->file);
	if (replay->timer_fd >= 0)
		close(replay->timer_fd);
	replay->file = NULL;
	replay->timer_fd = -1;
}

static void replay_free(void *instance)
{
	if (instance)
		replay_close(instance);
	free(instance);
}

static int replay_open(void *instance)
{
	struct replay *replay = instance;
	int err;

	replay->file = fopen(replay->conf->file, "re");
	if (!replay->file) {
		err = -errno;
		refuse(replay, REASON_LINK_DOWN, "%s: %s", replay->conf->file, strerror(-err));
		return err;
	}
	replay->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (replay->timer_fd < 0)
		return -errno;
	begin(replay, 0);
	err = check(replay);
	if (err < 0)
		return err;
	begin(replay, clock_mono_ns());
	err = advance(replay);
	return err < 0 ? err : arm(replay);
}

static int replay_fd(void *instance)
{
	const struct replay *replay = instance;

	return replay->timer_fd;
}

static void give(const struct replay *replay)
{
	const struct driver_host *host = &replay->setup->host;
	const struct trace_entry *entry = &replay->next;

	if (entry->kind == TRACE_READING && origin_is_told(&entry->reading.origin))
		host->said(host->data, 0, replay->point, &entry->reading.value, next_ns(replay),
			   &entry->reading.origin);
	else if (entry->kind == TRACE_READING && entry->reading.quality == QUALITY_GOOD)
		host->reading(host->data, 0, replay->point, &entry->reading.value, next_ns(replay),
			      entry->reading.lost_edges);
	else if (entry->kind == TRACE_READING && entry->reading.value.type != VALUE_NONE)
		host->refuse(host->data, 0, replay->point, &entry->reading.value, "as recorded");
	else if (entry->kind == TRACE_READING)
		host->fault(host->data, 0, replay->point, entry->reading.reason, "as recorded");
	else if (!entry->report.up)
		host->fault(host->data, 0, DRIVER_ALL, entry->report.reason,
			    entry->report.detail[0] ? entry->report.detail : "as recorded");
}

static int replay_read(void *instance)
{
	struct replay *replay = instance;
	bool full = replay->conf->speed == SPEED_FULL;
	int64_t now_ns = clock_mono_ns();
	uint64_t expirations;
	int n, err = 0;

	(void)!read(replay->timer_fd, &expirations, sizeof(expirations));
	for (n = 0; n < BATCH && err == 0; n++) {
		if (!replay->have_next || (!full && next_ns(replay) > now_ns))
			break;
		give(replay);
		err = advance(replay);
	}
	return err < 0 ? err : arm(replay);
}

static bool replay_lacks(const void *device_conf, const void *point_conf,
			 char ret_words[DRIVER_DOUBT_BYTES])
{
	const struct replay_conf *conf = device_conf;

	if (point_conf || access(conf->file, R_OK) == 0)
		return false;
	snprintf(ret_words, DRIVER_DOUBT_BYTES, "%s: %s", conf->file, strerror(errno));
	return true;
}

const struct driver replay_driver = {
	.name = "replay",
	.summary = "a recorded or hand-written trace, line by line",
	.device = {.options = device_options, .bytes = sizeof(struct replay_conf)},
	.lacks = replay_lacks,
	.create = replay_new,
	.destroy = replay_free,
	.open = replay_open,
	.close = replay_close,
	.fd = replay_fd,
	.read = replay_read,
};
