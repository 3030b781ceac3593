/* Devices that send lines: scales, scanners, readers, cameras with a template of one's own.
 *
 *     STX 0012345G ETX                   a weight, ten times a second
 *     AB123CD CR LF                      a plate, when there is one
 *     {"plate":"AB123CD","score":0.9} LF   the same as JSON
 *
 * Over a serial line, a connection that we make, or one that the device makes. All devices of the
 * bus hear each line. The core waits for an epoll descriptor with the stream, the door and a
 * timer; bytes are taken as they come, and nothing waits.
 */
#include "bus/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "line/link.h"
#include "line/split.h"
#include "mapper/source.h"

#define CHUNK	  4096 /* bytes taken at a time */
#define ASK_BYTES 128

/* What is taken of a stream in a while; a sender of more waits for the rest of it. */
#define WHILE_NS    (100 * NS_PER_MS)
#define WHILE_BYTES (64 * 1024)

struct line {
	const struct driver_setup *setup;
	const struct line_conf *conf;
	struct source *sources; /* one a device */
	struct source_tools tools;
	struct split split;
	uint8_t ask[ASK_BYTES];
	size_t ask_bytes;
	int epoll_fd, timer_fd;
	int listen_fd; /* -1: none */
	int fd; /* the stream, -1: nobody is connected */
	int64_t quiet_until_ns; /* what comes is discarded */
	bool discarded_half; /* and ended in the middle of a line */
	int64_t ask_ns; /* next time */
	int64_t while_ns; /* when the present while began, */
	size_t while_bytes; /* and what was taken since */
	int64_t while_lines;
	bool paused; /* until it is over */
	int64_t armed_ns; /* what the timer is set to */
};

/* ---- making ---------------------------------------------------------------------------- */

static int complain(struct driver_complaint *complaint, const char *what)
{
	complaint->device = SIZE_MAX;
	complaint->point = DRIVER_ALL;
	snprintf(complaint->message, sizeof(complaint->message), "%s", what);
	return -EINVAL;
}

static const char *place_fault(const struct line_conf *conf)
{
	struct link_place place;

	if (!!conf->port + !!conf->host + !!conf->listen != 1)
		return "expected one of port, host and listen";
	if (conf->host && (!link_place_read(conf->host, &place) || !place.name[0]))
		return "host: expected address and port, \"10.0.0.31:4001\"";
	if (conf->listen && !link_place_read(conf->listen, &place))
		return "listen: expected address and port, \"10.0.0.1:4001\"";
	if (conf->listen && conf->from.count == 0)
		return "listen without from: expected the addresses that may connect";
	if (!conf->listen && conf->from.count > 0)
		return "from without listen has no meaning";
	return NULL;
}

static const char *read_ask(struct line *line)
{
	const struct line_conf *conf = line->conf;
	bool named;

	if (!conf->ask)
		return NULL;
	if (!mark_text(conf->ask, line->ask, ASK_BYTES - MARK_BYTES, &line->ask_bytes, &named))
		return "ask: has a name that is no character, or is too long";
	if (named)
		return NULL;
	memcpy(line->ask + line->ask_bytes, line->split.end.bytes, line->split.end.count);
	line->ask_bytes += line->split.end.count;
	return NULL;
}

static const char *read_options(struct line *line)
{
	const struct line_conf *conf = line->conf;
	const char *fault = place_fault(conf);

	if (fault)
		return fault;
	if (!mark_read(conf->begin, &line->split.begin))
		return "begin: expected names of characters, such as \"STX\"";
	if (!mark_read(conf->end, &line->split.end) || line->split.end.count == 0)
		return "end: expected names of characters, such as \"CR LF\"";
	if (conf->checksum == LINE_TOLEDO && line->split.begin.count == 0)
		return "checksum: toledo needs a begin, such as \"STX\"";
	line->split.longest = (size_t)conf->longest;
	line->split.checksum = (enum line_checksum)conf->checksum;
	return read_ask(line);
}

static void line_free(void *instance)
{
	struct line *line = instance;

	if (!line)
		return;
	for (size_t i = 0; line->sources && i < line->setup->device_count; i++)
		source_fini(&line->sources[i]);
	free(line->sources);
	xml_free(line->tools.xml);
	free(line->tools.doc);
	free(line);
}

static bool is_sent(const struct driver_setup *setup, enum map_format format)
{
	for (size_t i = 0; i < setup->device_count; i++)
		if (((const struct map_device_conf *)setup->devices[i].conf)->format == (int)format)
			return true;
	return false;
}

static int get_tools(struct line *line)
{
	const bool xml = is_sent(line->setup, MAP_XML);

	if (!xml && !is_sent(line->setup, MAP_JSON))
		return 0;
	line->tools.doc = calloc(1, sizeof(*line->tools.doc));
	if (!line->tools.doc)
		return -ENOMEM;
	return xml ? xml_new(line->tools.doc, &line->tools.xml) : 0;
}

static int make(struct line *line, struct driver_complaint *complaint)
{
	const struct driver_setup *setup = line->setup;
	const char *fault = read_options(line);
	int err = 0;

	if (fault)
		return complain(complaint, fault);
	line->sources = calloc(setup->device_count + 1, sizeof(*line->sources));
	if (!line->sources || get_tools(line) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < setup->device_count && err == 0; i++)
		err = source_init(&line->sources[i], setup, i, setup->devices[i].conf, &line->tools,
				  line->conf->silence_ns, complaint);
	return err;
}

static int line_new(const struct driver_setup *setup, void **ret_instance,
		    struct driver_complaint *complaint)
{
	struct line *line = calloc(1, sizeof(*line));
	int err;

	if (!line)
		return -ENOMEM;
	line->setup = setup;
	line->conf = setup->conf;
	line->epoll_fd = line->timer_fd = line->listen_fd = line->fd = -1;
	err = make(line, complaint);
	if (err < 0) {
		line_free(line);
		return err;
	}
	*ret_instance = line;
	return 0;
}

/* ---- up to the core -------------------------------------------------------------------- */

static void fail_all(const struct line *line, enum reason reason, const char *what)
{
	const struct driver_host *host = &line->setup->host;

	for (size_t i = 0; i < line->setup->device_count; i++)
		host->fault(host->data, i, DRIVER_ALL, reason, what);
}

static void say(const struct line *line, const char *what)
{
	line->setup->host.debug(line->setup->host.data, what);
}

/* ---- the timer ------------------------------------------------------------------------- */

static int64_t next_ns(const struct line *line)
{
	int64_t due_ns = line->quiet_until_ns;

	if (line->fd >= 0 && line->ask_bytes > 0)
		due_ns = earlier_ns(due_ns, line->ask_ns);
	if (line->paused)
		due_ns = earlier_ns(due_ns, line->while_ns + WHILE_NS);
	for (size_t i = 0; i < line->setup->device_count; i++)
		due_ns = earlier_ns(due_ns, source_deadline(&line->sources[i]));
	return due_ns;
}

/* Setting it also takes back that it was readable. */
static int arm(struct line *line)
{
	const int64_t due_ns = next_ns(line);
	struct itimerspec spec = {0};

	if (due_ns == line->armed_ns && clock_mono_ns() < due_ns)
		return 0;
	if (due_ns != INT64_MAX)
		spec.it_value = clock_timespec(due_ns > 0 ? due_ns : 1);
	if (timerfd_settime(line->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	line->armed_ns = due_ns;
	return 0;
}

/* ---- the stream ------------------------------------------------------------------------ */

static int watch(const struct line *line, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(line->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int begin_stream(struct line *line, int fd)
{
	const int64_t now_ns = clock_mono_ns();

	link_close(&line->fd);
	line->fd = fd;
	line->quiet_until_ns =
		line->conf->discard_ns > 0 ? now_ns + line->conf->discard_ns : INT64_MAX;
	line->discarded_half = false;
	line->ask_ns = now_ns + line->conf->discard_ns;
	line->paused = false;
	split_begin(&line->split, false);
	for (size_t i = 0; i < line->setup->device_count; i++)
		source_open(&line->sources[i], now_ns);
	return watch(line, fd);
}

/* What was kept for us by a box on the way is not of now. Nor is what is there when the time is up:
 * it may have come before. */
static void discard(struct line *line, const uint8_t *bytes, size_t count)
{
	const struct mark *end = &line->split.end;

	line->discarded_half = bytes[count - 1] != end->bytes[end->count - 1];
}

static void end_discard(struct line *line, int64_t now_ns)
{
	if (now_ns < line->quiet_until_ns)
		return;
	line->quiet_until_ns = INT64_MAX;
	split_begin(&line->split, line->discarded_half);
}

/* Whether one line more is too many for this while. */
static bool is_too_fast(struct line *line, int64_t now_ns)
{
	if (line->while_lines++ * NS_PER_S < line->conf->rate * WHILE_NS)
		return false;
	for (size_t i = 0; i < line->setup->device_count; i++)
		source_drop(&line->sources[i], now_ns);
	return true;
}

static void begin_while(struct line *line, int64_t now_ns)
{
	if (now_ns - line->while_ns < WHILE_NS)
		return;
	line->while_ns = now_ns;
	line->while_bytes = 0;
	line->while_lines = 0;
	if (line->paused && line->fd >= 0)
		(void)watch(line, line->fd);
	line->paused = false;
}

static void tell_refused(struct line *line, const struct instant *now)
{
	const struct split *split = &line->split;

	for (size_t i = 0; split->refused && i < line->setup->device_count; i++)
		source_refuse(&line->sources[i], split->line, split->refused_bytes, split->refused,
			      now);
}

static void take(struct line *line, const uint8_t *bytes, size_t count)
{
	const struct instant now = clock_now();
	const char *text = NULL;
	size_t taken, text_bytes = 0;

	for (size_t i = 0; i < line->setup->device_count; i++)
		source_alive(&line->sources[i], now.mono_ns);
	for (; count > 0; bytes += taken, count -= taken) {
		if (!split_take(&line->split, bytes, count, now.mono_ns, &taken, &text,
				&text_bytes)) {
			tell_refused(line, &now);
			continue;
		}
		if (text_bytes == 0 || memchr(text, '\0', text_bytes) ||
		    is_too_fast(line, now.mono_ns))
			continue;
		for (size_t i = 0; i < line->setup->device_count; i++)
			source_hear(&line->sources[i], text, text_bytes, &now);
	}
}

/* 1: there may be more; 0: no; negative errno: the stream has ended. */
static int take_chunk(struct line *line)
{
	uint8_t bytes[CHUNK];
	const ssize_t n = read(line->fd, bytes, sizeof(bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return -errno;
	if (n == 0) /* a serial line has nothing, a connection its end */
		return line->conf->port ? 0 : -ECONNRESET;
	if (line->quiet_until_ns != INT64_MAX)
		discard(line, bytes, (size_t)n);
	else
		take(line, bytes, (size_t)n);
	line->while_bytes += (size_t)n;
	return n == sizeof(bytes);
}

static int take_all(struct line *line)
{
	int got = 1;

	while (got > 0 && line->while_bytes < WHILE_BYTES)
		got = take_chunk(line);
	if (got >= 0 && line->while_bytes >= WHILE_BYTES) {
		line->paused = true;
		if (epoll_ctl(line->epoll_fd, EPOLL_CTL_DEL, line->fd, NULL) < 0)
			return -errno;
	}
	return got < 0 ? got : 0;
}

/* A device that does not take its question is not asked for more: silence will be told. */
static void ask_when_due(struct line *line, int64_t now_ns)
{
	if (line->fd < 0 || line->ask_bytes == 0 || now_ns < line->ask_ns)
		return;
	line->ask_ns = now_ns + line->conf->every_ns;
	(void)!(line->conf->port ? write(line->fd, line->ask, line->ask_bytes)
				 : send(line->fd, line->ask, line->ask_bytes, MSG_NOSIGNAL));
}

/* ---- the door -------------------------------------------------------------------------- */

static int let_in(struct line *line)
{
	char why[LINK_WHY_BYTES];
	const int fd = link_accept(line->listen_fd, &line->conf->from, why);

	if (fd == -EAGAIN)
		return 0;
	if (fd < 0 && fd != -EACCES)
		return fd;
	say(line, why);
	return fd < 0 ? 0 : begin_stream(line, fd);
}

/* The device comes again when it likes; whether that is a fault says `silence`. */
static int lose_stream(struct line *line, int err)
{
	char what[96];

	snprintf(what, sizeof(what), "the connection has ended: %s", strerror(-err));
	link_close(&line->fd);
	line->quiet_until_ns = INT64_MAX;
	if (line->listen_fd < 0) {
		fail_all(line, REASON_LINK_DOWN, what);
		return err;
	}
	say(line, what);
	return 0;
}

/* ---- open, read, close ----------------------------------------------------------------- */

static void line_close(void *instance)
{
	struct line *line = instance;

	link_close(&line->fd);
	link_close(&line->listen_fd);
	if (line->timer_fd >= 0)
		close(line->timer_fd);
	if (line->epoll_fd >= 0)
		close(line->epoll_fd);
	line->timer_fd = line->epoll_fd = -1;
}

static int open_poll(struct line *line)
{
	line->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (line->epoll_fd < 0)
		return -errno;
	line->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (line->timer_fd < 0)
		return -errno;
	line->armed_ns = INT64_MAX;
	line->quiet_until_ns = INT64_MAX;
	return watch(line, line->timer_fd);
}

static int open_door(struct line *line, char why[LINK_WHY_BYTES])
{
	line->listen_fd = link_listen(line->conf, why);
	if (line->listen_fd < 0)
		return line->listen_fd;
	fail_all(line, REASON_LINK_DOWN, "it has not connected yet");
	return watch(line, line->listen_fd);
}

static int line_open(void *instance)
{
	struct line *line = instance;
	char why[LINK_WHY_BYTES] = "";
	int err = open_poll(line), fd;

	if (err == 0 && line->conf->listen) {
		err = open_door(line, why);
	} else if (err == 0) {
		fd = line->conf->port ? link_open_serial(line->conf, why)
				      : link_connect(line->conf, why);
		err = fd < 0 ? fd : begin_stream(line, fd);
	}
	if (err == 0)
		err = arm(line);
	if (err < 0)
		fail_all(line, REASON_LINK_DOWN, why[0] ? why : strerror(-err));
	return err;
}

static int line_fd(void *instance)
{
	const struct line *line = instance;

	return line->epoll_fd;
}

static int serve(struct line *line, int fd)
{
	if (fd == line->listen_fd)
		return let_in(line);
	return fd == line->fd ? take_all(line) : 0;
}

static int line_read(void *instance)
{
	struct line *line = instance;
	struct epoll_event events[3];
	const int count = epoll_wait(line->epoll_fd, events, 3, 0);
	const int64_t now_ns = clock_mono_ns();
	int err = 0;

	begin_while(line, now_ns);
	for (int i = 0; i < count && err == 0; i++) {
		const int fd = events[i].data.fd;

		err = serve(line, fd);
		if (err == 0 && fd == line->fd && line->conf->port && (events[i].events & EPOLLHUP))
			err = -EIO;
		if (err < 0 && fd == line->fd)
			err = lose_stream(line, err);
	}
	if (err < 0)
		return err;
	end_discard(line, now_ns);
	for (size_t i = 0; i < line->setup->device_count; i++)
		source_tick(&line->sources[i], now_ns);
	ask_when_due(line, now_ns);
	return arm(line);
}

/* ---- on trial -------------------------------------------------------------------------- */

/* As a stream of lines; what has no end of a line, as an editor may leave it, as one message. */
static void line_hear(void *instance, size_t device, const char *bytes, size_t count)
{
	struct line *line = instance;
	struct source *source = &line->sources[device];
	const struct instant now = clock_now();
	const char *text = NULL;
	size_t at = 0, taken, text_bytes = 0;
	bool any = false;
	char *whole;

	source_open(source, now.mono_ns);
	split_begin(&line->split, false);
	for (; at < count; at += taken) {
		if (split_take(&line->split, (const uint8_t *)bytes + at, count - at, now.mono_ns,
			       &taken, &text, &text_bytes)) {
			source_hear(source, text, text_bytes, &now);
			any = true;
		} else if (line->split.refused) {
			source_refuse(source, line->split.line, line->split.refused_bytes,
				      line->split.refused, &now);
			any = true;
		}
	}
	if (!any) {
		say(line, "there is no line in it: taken as one message");
		while (count > 0 && (bytes[count - 1] == '\n' || bytes[count - 1] == '\r'))
			count--;
		whole = strndup(bytes, count);
		if (whole)
			source_hear(source, whole, strlen(whole), &now);
		free(whole);
	}
	source_settle(source);
}

static bool line_place(const void *bus_conf, char *ret_place, size_t place_bytes)
{
	const struct line_conf *conf = bus_conf;
	const char *place = conf->port ? conf->port : conf->host ? conf->host : conf->listen;

	snprintf(ret_place, place_bytes, "%s", place ? place : "");
	return conf->port || conf->listen;
}

const struct driver line_driver = {
	.name = "line",
	.summary =
		"lines of text, JSON or XML over a serial line or TCP: scales, scanners, cameras",
	.bus = {.options = line_options, .bytes = sizeof(struct line_conf)},
	.device = {.options = map_device_options, .bytes = sizeof(struct map_device_conf)},
	.point = {.options = map_point_options, .bytes = sizeof(struct map_point_conf)},
	.shape = map_shape,
	.create = line_new,
	.destroy = line_free,
	.open = line_open,
	.close = line_close,
	.fd = line_fd,
	.read = line_read,
	.hear = line_hear,
	.place = line_place,
};
