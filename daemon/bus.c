#include "bus_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#define LOG_TOKEN "bus"
#include "log.h"

#define STACK_BYTES (256 * 1024) /* name resolution in a driver takes the most of it */
#define STUCK_NS    (60 * NS_PER_S)

/* ---- the link ---------------------------------------------------------------------- */

static void hush_all(struct bus *bus)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++)
		bus_device_hush(&bus->devices[i]);
}

/* A driver by fd asks nobody: what is open is up, but what it named. */
static void welcome(struct bus *bus)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++) {
		struct bus_device *device = &bus->devices[i];

		if (bus_device_settle(bus, device))
			continue;
		bus_device_up(bus, device);
		bus_device_pass(bus, device);
	}
}

static int open_link(struct bus *bus)
{
	int err;

	hush_all(bus);
	bus->opening = true;
	err = bus->driver->open(bus->instance);
	bus->opening = false;
	if (err < 0) {
		bus->driver->close(bus->instance);
		return err;
	}
	atomic_store(&bus->open, true);
	if (!bus->driver->blocking)
		welcome(bus);
	return 0;
}

static const char *cause(const struct bus *bus, int err)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++)
		if (bus->devices[i].said.what[0])
			return bus->devices[i].said.what;
	return strerror(-err);
}

/* All devices are down with it, each for the reason that the driver gave, if it did. */
static void begin_or_prolong_outage(struct bus *bus, int err)
{
	int64_t now_ns = clock_mono_ns();
	int64_t wait_ns = backoff_next(&bus->reopen_delay_ns, bus->conf->reopen_min_ns,
				       bus->conf->reopen_max_ns, &bus->schedule.random);
	const char *what = cause(bus, err);
	size_t i;

	if (!bus->outage) {
		log_warnx("\"%s\" is not there: %s; trying again in %.1f s", bus->conf->name, what,
			  (double)wait_ns / (double)NS_PER_S);
		bus->outage_ns = now_ns;
	}
	bus->outage = true;
	bus->reopen_ns = now_ns + wait_ns;
	for (i = 0; i < bus->device_count; i++) {
		struct bus_device *device = &bus->devices[i];
		struct bus_said *said = &device->said;

		bus_device_down(bus, device, said->reason ? said->reason : REASON_LINK_DOWN,
				said->what[0] ? said->what : what);
	}
	hush_all(bus);
}

static void end_outage(struct bus *bus)
{
	if (bus->outage)
		log_info("\"%s\" is back, after %.1f s", bus->conf->name,
			 (double)(clock_mono_ns() - bus->outage_ns) / (double)NS_PER_S);
	bus->outage = false;
}

/* Something came over the link, which is more than that it could be opened. */
static void fruit(struct bus *bus)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++)
		bus->devices[i].broke_link = false;
	bus->reopen_delay_ns = 0;
	end_outage(bus);
}

static void reopened(struct bus *bus)
{
	atomic_fetch_add(&bus->reopened, 1);
	if (bus->outage)
		schedule_link_up(&bus->schedule, clock_mono_ns());
	if (!bus->driver->blocking)
		end_outage(bus);
}

static void try_open(struct bus *bus)
{
	int err = open_link(bus);

	if (err < 0)
		begin_or_prolong_outage(bus, err);
	else if (bus->outage)
		reopened(bus);
}

static bool all_broke_it(const struct bus *bus)
{
	size_t i;

	for (i = 0; i < bus->device_count; i++)
		if (!bus->devices[i].broke_link && !bus->schedule.devices[i].silent)
			return false;
	return true;
}

/* After the driver lost the link. It is opened again at once, as it may be a single device
 * that makes a gateway hang up; but where every device that is not silent has broken it since
 * anything came over it, it is no link, however well it opens. Whether it is open again. */
static bool relink(struct bus *bus, int err)
{
	bool hopeless = all_broke_it(bus);

	bus->driver->close(bus->instance);
	atomic_store(&bus->open, false);
	if (!hopeless)
		err = open_link(bus);
	if (err < 0) {
		begin_or_prolong_outage(bus, err);
		return false;
	}
	reopened(bus);
	return true;
}

/* ---- the thread -------------------------------------------------------------------- */

/* Until the deadline, a wake-up, or input on fd (-1: none): whether it was the last. */
static bool wait_until(struct bus *bus, int64_t deadline_ns, int fd)
{
	struct pollfd fds[] = {
		{.fd = bus->wake_fd, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};
	struct timespec timeout, *limit = NULL;
	uint64_t wakes;

	if (deadline_ns != INT64_MAX) {
		int64_t wait_ns = deadline_ns - clock_mono_ns();

		if (wait_ns < 0)
			wait_ns = 0;
		timeout = clock_timespec(wait_ns);
		limit = &timeout;
	}
	if (ppoll(fds, 2, limit, NULL) <= 0)
		return false;
	if (fds[0].revents)
		(void)!read(bus->wake_fd, &wakes, sizeof(wakes));
	return fds[1].revents != 0;
}

static void ask(struct bus *bus, size_t index)
{
	struct bus_device *device = &bus->devices[index];
	int64_t began_ns = clock_mono_ns();
	int err = bus_device_ask(bus, index);
	struct bus_said said = device->said;

	if (err == 0) {
		fruit(bus);
		return;
	}
	if (err == -ENOTCONN) {
		bool open = relink(bus, err);

		device->broke_link = true;
		if (!open)
			return;
		device->said = said;
	}
	bus_device_failed(bus, index, began_ns, err);
}

static void go_round_blocking(struct bus *bus)
{
	int64_t now_ns = clock_mono_ns();
	int64_t due_ns = INT64_MAX;
	size_t next = schedule_next(&bus->schedule, now_ns, &due_ns);

	if (next == SCHEDULE_NONE || due_ns > now_ns)
		wait_until(bus, due_ns, -1);
	else
		ask(bus, next);
	atomic_store_explicit(&bus->skipped, bus->schedule.skipped, memory_order_relaxed);
}

static void go_round_by_fd(struct bus *bus)
{
	size_t i;
	int err;

	if (!wait_until(bus, INT64_MAX, bus->driver->fd(bus->instance)))
		return;
	hush_all(bus);
	atomic_fetch_add_explicit(&bus->polls, 1, memory_order_relaxed);
	err = bus->driver->read(bus->instance);
	if (err < 0) {
		atomic_fetch_add_explicit(&bus->failures, 1, memory_order_relaxed);
		relink(bus, err);
		for (i = 0; i < bus->device_count; i++)
			bus->devices[i].broke_link = true;
		return;
	}
	fruit(bus);
	for (i = 0; i < bus->device_count; i++)
		bus_device_settle(bus, &bus->devices[i]);
}

static void go_round(struct bus *bus)
{
	if (!atomic_load(&bus->open) && clock_mono_ns() < bus->reopen_ns)
		wait_until(bus, bus->reopen_ns, -1);
	else if (!atomic_load(&bus->open))
		try_open(bus);
	else if (bus->driver->blocking)
		go_round_blocking(bus);
	else
		go_round_by_fd(bus);
	output_flush(&bus->output);
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

static void *run(void *data)
{
	struct bus *bus = data;

	schedule_start(&bus->schedule, clock_mono_ns());
	while (!atomic_load(&bus->stop) && !bus->output.closed) {
		heartbeat_answer(&bus->beat);
		go_round(bus);
	}
	bus->driver->close(bus->instance);
	atomic_store(&bus->open, false);
	signal_fd(bus->end_fd);
	return NULL;
}

/* ---- the outside ------------------------------------------------------------------- */

static int create_thread(struct bus *bus)
{
	char name[16];
	pthread_attr_t attr;
	sigset_t all, before;
	int err;

	snprintf(name, sizeof(name), "bus/%s", bus->conf->name);
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&bus->thread, &attr, run, bus);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return -err;
	bus->running = true;
	pthread_setname_np(bus->thread, name);
	return 0;
}

int bus_start(struct bus *bus)
{
	return create_thread(bus);
}

void bus_stop(struct bus *bus)
{
	atomic_store(&bus->stop, true);
	signal_fd(bus->wake_fd);
}

bool bus_join(struct bus *bus, int64_t deadline_mono_ns)
{
	struct pollfd ended = {.fd = bus->end_fd, .events = POLLIN};
	int64_t wait_ns = deadline_mono_ns - clock_mono_ns();

	if (!bus->running)
		return true;
	if (poll(&ended, 1, wait_ns > 0 ? (int)(wait_ns / NS_PER_MS + 1) : 0) != 1)
		return false;
	pthread_join(bus->thread, NULL);
	bus->running = false;
	return true;
}

struct bus_counters bus_counters(struct bus *bus)
{
	return (struct bus_counters){
		.polls = atomic_load(&bus->polls),
		.failures = atomic_load(&bus->failures),
		.skipped = atomic_load(&bus->skipped),
		.reopened = atomic_load(&bus->reopened),
		.devices_down = atomic_load(&bus->devices_down),
		.open = atomic_load(&bus->open),
	};
}

void bus_ask(struct bus *bus)
{
	heartbeat_ask(&bus->beat, clock_mono_ns());
	signal_fd(bus->wake_fd);
}

/* Held up by a full queue it is not stuck: that is what back-pressure is meant to do. */
bool bus_stuck(struct bus *bus, int64_t now_mono_ns)
{
	return heartbeat_stuck(&bus->beat, now_mono_ns, STUCK_NS) && !output_waiting(&bus->output);
}

const char *bus_name(const struct bus *bus)
{
	return bus->conf->name;
}
