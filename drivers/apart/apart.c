#include "apart/apart.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "apart/frames.h"
#include "apart/pack.h"
#include "apart/told.h"
#include "base/backoff.h"
#include "base/child.h"
#include "base/log.h"
#include "base/random.h"
#include "frames/channel.h"
#include "mapper/source.h"

#define PROGRAM	       "corridord-readers"
#define OUT_BYTES      ((size_t)128 * 1024)
#define SETUP_NS       (5 * NS_PER_S) /* within which it takes its set-up */
#define SILENT_NS      (6 * APART_ALIVE_NS) /* and says nothing at all: it hangs */
#define LAST_BREATH_NS (500 * NS_PER_MS)
#define SETTLED_NS     (60 * NS_PER_S) /* it lived so long: the back-off begins anew */

/* What is taken of it in a while; if it says more it waits for the rest of it. */
#define WHILE_NS     (100 * NS_PER_MS)
#define WHILE_FRAMES 200

struct apart {
	const struct driver *driver;
	const struct driver_setup *setup;
	int epoll_fd, timer_fd;
	struct channel channel; /* its fd -1: there is no process */
	pid_t pid;
	struct told told;
	int64_t heard_ns; /* from it, last */
	int64_t while_ns; /* when the present while began, */
	unsigned while_frames; /* and what was taken in it */
	bool paused; /* until it is over */
	unsigned deaths; /* in a row */
	int64_t began_ns, start_ns; /* the last one began, the next one may */
	char death[160]; /* of the last one, for people */
};

/* ---- making ---------------------------------------------------------------------------- */

static const struct map_device_conf *map_conf(const struct apart *apart, size_t device)
{
	return apart->setup->devices[device].conf;
}

static int complain(struct driver_complaint *complaint, size_t device, size_t point,
		    const char *what)
{
	complaint->device = device;
	complaint->point = point;
	snprintf(complaint->message, sizeof(complaint->message), "%s", what);
	return -EINVAL;
}

/* What the driver finds wrong with its options; 0 or -EINVAL. */
static int check_options(const struct apart_driver *rules, const struct driver_setup *setup,
			 struct driver_complaint *complaint)
{
	const char *fault = rules->bus_fault(setup->conf);

	if (fault)
		return complain(complaint, SIZE_MAX, DRIVER_ALL, fault);
	for (size_t i = 0; i < setup->device_count; i++) {
		fault = rules->device_fault(setup, i);
		if (fault)
			return complain(complaint, i, DRIVER_ALL, fault);
	}
	return 0;
}

/* All that the configuration can have wrong is found here, not in the process. */
static int check_device(const struct apart *apart, size_t device,
			struct driver_complaint *complaint)
{
	static const struct source_tools no_tools;
	const struct driver_device *conf = &apart->setup->devices[device];
	struct source source;
	int err;

	for (size_t i = 0; i < conf->point_count; i++)
		if (conf->points[i].none_count > APART_NONE_MOST)
			return complain(complaint, device, i, "none: expected 64 numbers at most");
	err = source_init(&source, apart->setup, device, map_conf(apart, device), &no_tools, 0,
			  complaint);

	source_fini(&source);
	return err;
}

static int make(struct apart *apart, struct driver_complaint *complaint)
{
	int err = 0;

	for (size_t i = 0; i < apart->setup->device_count && err == 0; i++)
		err = check_device(apart, i, complaint);
	return err < 0 ? err : told_init(&apart->told, apart->setup);
}

int apart_new(const struct apart_driver *rules, const struct driver_setup *setup,
	      void **ret_instance, struct driver_complaint *complaint)
{
	struct apart *apart;
	int err = check_options(rules, setup, complaint);

	if (err < 0)
		return err;
	apart = calloc(1, sizeof(*apart));
	if (!apart)
		return -ENOMEM;
	apart->driver = rules->driver;
	apart->setup = setup;
	apart->epoll_fd = apart->timer_fd = apart->channel.fd = -1;
	err = make(apart, complaint);
	if (err < 0) {
		apart_free(apart);
		return err;
	}
	*ret_instance = apart;
	return 0;
}

void apart_free(void *instance)
{
	struct apart *apart = instance;

	if (apart)
		told_fini(&apart->told);
	free(apart);
}

/* ---- birth ----------------------------------------------------------------------------- */

static void fail_all(const struct apart *apart, enum reason reason, const char *what)
{
	const struct driver_host *host = &apart->setup->host;

	for (size_t i = 0; i < apart->setup->device_count; i++)
		host->fault(host->data, i, DRIVER_ALL, reason, what);
}

static int put_block(struct apart *apart, enum apart_kind kind, void *frame,
		     const struct conf_block *block, const void *conf, const void **ret_options,
		     size_t *ret_bytes)
{
	unsigned char *blob = malloc(APART_BLOB_BYTES);
	int bytes = blob ? 0 : -ENOMEM;

	if (bytes == 0)
		bytes = pack_options(block->options, conf, blob, APART_BLOB_BYTES);
	if (bytes >= 0) {
		*ret_options = blob;
		*ret_bytes = (size_t)bytes;
		bytes = channel_put(&apart->channel, kind, frame);
	}
	free(blob);
	return bytes;
}

/* Written at once: it waits for nothing else. */
static int flush(struct apart *apart)
{
	const int64_t until_ns = clock_mono_ns() + SETUP_NS;
	struct pollfd wait = {.fd = apart->channel.fd, .events = POLLOUT};
	int err = channel_flush(&apart->channel);

	while (err == 0 && channel_waiting(&apart->channel) > 0) {
		if (clock_mono_ns() >= until_ns)
			return -ETIMEDOUT;
		(void)poll(&wait, 1, (int)(SETUP_NS / NS_PER_MS));
		err = channel_flush(&apart->channel);
	}
	return err;
}

static int put_device(struct apart *apart, size_t index)
{
	const struct driver_device *device = &apart->setup->devices[index];
	struct apart_device frame = {.name = device->name, .points = (uint32_t)device->point_count};
	int err = put_block(apart, APART_DEVICE, &frame, &apart->driver->device, device->conf,
			    &frame.options, &frame.bytes);

	for (size_t i = 0; i < device->point_count && err == 0; i++) {
		struct apart_point point = {
			.name = device->points[i].name,
			.none = device->points[i].none,
			.none_bytes = device->points[i].none_count * sizeof(int64_t),
		};

		err = put_block(apart, APART_POINT, &point, &apart->driver->point,
				device->points[i].conf, &point.options, &point.bytes);
		if (err == 0)
			err = flush(apart);
	}
	return err;
}

static int put_setup(struct apart *apart)
{
	struct apart_setup frame = {
		.driver = apart->driver->name,
		.bus = apart->setup->name,
		.credentials = getenv("CREDENTIALS_DIRECTORY"),
		.debug = log_debugging(),
		.devices = (uint32_t)apart->setup->device_count,
	};
	int err = put_block(apart, APART_SETUP, &frame, &apart->driver->bus, apart->setup->conf,
			    &frame.options, &frame.bytes);

	for (size_t i = 0; i < apart->setup->device_count && err == 0; i++)
		err = put_device(apart, i);
	if (err == 0)
		err = channel_put(&apart->channel, APART_START, NULL);
	return err < 0 ? err : flush(apart);
}

static int start(struct apart *apart)
{
	int fds[2];
	int err = channel_pair(fds);

	if (err < 0)
		return err;
	err = channel_init(&apart->channel, &apart_protocol, fds[0], OUT_BYTES);
	if (err == 0)
		err = child_start_of(PROGRAM, fds[1], &apart->pid);
	if (err < 0)
		apart->pid = 0;
	close(fds[1]);
	return err < 0 ? err : put_setup(apart);
}

static int watch(const struct apart *apart, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(apart->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int arm(const struct apart *apart)
{
	struct itimerspec spec = {.it_value = clock_timespec(apart->heard_ns + SILENT_NS)};

	if (apart->paused)
		spec.it_value = clock_timespec(apart->while_ns + WHILE_NS);
	return timerfd_settime(apart->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

static int open_poll(struct apart *apart)
{
	int err;

	apart->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (apart->epoll_fd < 0)
		return -errno;
	apart->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (apart->timer_fd < 0)
		return -errno;
	err = watch(apart, apart->timer_fd);
	return err < 0 ? err : watch(apart, apart->channel.fd);
}

int apart_open(void *instance)
{
	struct apart *apart = instance;
	const int64_t now_ns = clock_mono_ns();
	char what[128];
	int err;

	if (now_ns < apart->start_ns) {
		fail_all(apart, REASON_LINK_DOWN, apart->death);
		return -EAGAIN;
	}
	apart->began_ns = apart->heard_ns = now_ns;
	apart->while_ns = apart->while_frames = 0;
	apart->paused = false;
	told_begin(&apart->told);
	err = start(apart);
	if (err == 0)
		err = open_poll(apart);
	if (err == 0)
		err = arm(apart);
	snprintf(what, sizeof(what), PROGRAM " cannot be started: %s", strerror(-err));
	fail_all(apart, REASON_LINK_DOWN, err < 0 ? what : "it has not been heard yet");
	return err;
}

int apart_fd(void *instance)
{
	const struct apart *apart = instance;

	return apart->epoll_fd;
}

/* ---- death ----------------------------------------------------------------------------- */

/* -ECONNRESET, for read() to return. patience_ns: for it to end by itself. */
static int bury(struct apart *apart, const char *cause, int64_t patience_ns)
{
	static const struct backoff restart = {.first_ns = NS_PER_S,
					       .max_ns = 60 * NS_PER_S,
					       .jitter = 0.25,
					       .least_ns = NS_PER_S / 2};
	const int64_t now_ns = clock_mono_ns();
	char words[CHILD_WORDS_BYTES];

	child_reap(apart->pid, now_ns + patience_ns, "a library", words);
	apart->pid = 0;
	if (now_ns - apart->began_ns > SETTLED_NS)
		apart->deaths = 0;
	apart->start_ns = now_ns + backoff_ns(&restart, apart->deaths++, random_chance());
	snprintf(apart->death, sizeof(apart->death), PROGRAM " has ended: %s",
		 cause ? cause : words);
	fail_all(apart, REASON_LINK_DOWN, apart->death);
	return -ECONNRESET;
}

void apart_close(void *instance)
{
	struct apart *apart = instance;
	char words[CHILD_WORDS_BYTES];

	channel_fini(&apart->channel); /* which it takes for a word to end */
	if (apart->pid > 0)
		child_reap(apart->pid, clock_mono_ns() + LAST_BREATH_NS, "a library", words);
	apart->pid = 0;
	if (apart->timer_fd >= 0)
		close(apart->timer_fd);
	if (apart->epoll_fd >= 0)
		close(apart->epoll_fd);
	apart->timer_fd = apart->epoll_fd = -1;
}

/* ---- what it says ---------------------------------------------------------------------- */

/* 0: all of what was there is taken, or as much as may be in a while. */
static int take_all(struct apart *apart)
{
	struct channel_message message;
	int got = 1, more = 0;

	while (got > 0 && apart->while_frames < WHILE_FRAMES) {
		got = channel_fill(&apart->channel);
		if (got > 0)
			apart->heard_ns = clock_mono_ns();
		while (apart->while_frames < WHILE_FRAMES &&
		       (more = channel_next(&apart->channel, &message)) > 0) {
			apart->while_frames++;
			if (told_take(&apart->told, &message) < 0)
				more = -EBADMSG;
			if (more < 0)
				return more;
		}
		if (more < 0)
			return more;
	}
	return got < 0 ? got : 0;
}

/* ---- rounds ---------------------------------------------------------------------------- */

static int rest(struct apart *apart)
{
	if (apart->while_frames < WHILE_FRAMES || apart->paused)
		return 0;
	apart->paused = true;
	return epoll_ctl(apart->epoll_fd, EPOLL_CTL_DEL, apart->channel.fd, NULL) < 0 ? -errno : 0;
}

static int begin_while(struct apart *apart, int64_t now_ns)
{
	const bool was_paused = apart->paused;

	if (now_ns - apart->while_ns < WHILE_NS)
		return 0;
	apart->while_ns = now_ns;
	apart->while_frames = 0;
	apart->paused = false;
	return was_paused ? watch(apart, apart->channel.fd) : 0;
}

int apart_read(void *instance)
{
	struct apart *apart = instance;
	const int64_t now_ns = clock_mono_ns();
	int err = begin_while(apart, now_ns);

	if (err == 0)
		err = take_all(apart);
	if (err == -EBADMSG)
		return bury(apart, "it said what it must not", 0);
	if (err < 0)
		return bury(apart, NULL, LAST_BREATH_NS);
	if (!apart->paused && now_ns - apart->heard_ns >= SILENT_NS)
		return bury(apart, "it gave no sign of life", 0);
	err = rest(apart);
	return err < 0 ? err : arm(apart);
}

/* ---- on trial -------------------------------------------------------------------------- */

static void hear(struct source *source, const char *bytes, size_t count)
{
	const struct instant now = clock_now();

	source_open(source, now.mono_ns);
	source_hear(source, bytes, count, &now);
	source_settle(source);
}

void apart_hear(void *instance, size_t device, const char *bytes, size_t count)
{
	struct apart *apart = instance;
	struct parcel *parcel = NULL;
	struct driver_complaint complaint;
	struct source_tools tools = {0};
	struct source source = {0};
	char *text = strndup(bytes, count);

	if (text && parcel_new(MAP_XML, &parcel) == 0) {
		tools.doc = &parcel->doc;
		tools.xml = parcel->xml;
		if (source_init(&source, apart->setup, device, map_conf(apart, device), &tools, 0,
				&complaint) == 0)
			hear(&source, text, count);
		source_fini(&source);
	}
	parcel_free(parcel);
	free(text);
}
