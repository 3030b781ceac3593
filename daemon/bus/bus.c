#include "bus/private.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/random.h"
#include "config/difference.h"
#define LOG_TOKEN "bus"
#include "base/log.h"

#define TIMER_SLACK_NS 1000
#define STACK_BYTES    (256 * 1024) /* name resolution in a driver takes the most of it */

/* ---- the link ---------------------------------------------------------------------- */

static void clear_staged(struct bus *bus)
{
	for (size_t i = 0; i < bus->device_count; i++)
		bus_device_clear_staged(&bus->devices[i]);
}

/* A driver by fd polls nobody: once it is open all devices are up, but those with a fault. */
static void mark_open_devices_up(struct bus *bus)
{
	for (size_t i = 0; i < bus->device_count; i++) {
		struct bus_device *device = &bus->devices[i];

		if (bus_device_report_fault(bus, device))
			continue;
		bus_device_up(bus, device);
		bus_device_pass(bus, device);
	}
}

static int open_link(struct bus *bus)
{
	int err;

	clear_staged(bus);
	bus->opening = true;
	err = bus->driver->open(bus->instance);
	bus->opening = false;
	if (err < 0) {
		bus->driver->close(bus->instance);
		return err;
	}
	atomic_store(&bus->open, true);
	if (!bus->driver->blocking)
		mark_open_devices_up(bus);
	return 0;
}

static const char *cause(const struct bus *bus, int err)
{
	for (size_t i = 0; i < bus->device_count; i++)
		if (bus->devices[i].fault.message[0])
			return bus->devices[i].fault.message;
	return strerror(-err);
}

/* All devices are down with the link, each for the reason that the driver gave, if it did. */
static void begin_or_prolong_outage(struct bus *bus, int err)
{
	int64_t now_ns = clock_mono_ns();
	const struct backoff reopen = {.first_ns = bus->conf->reopen_min_ns,
				       .max_ns = bus->conf->reopen_max_ns,
				       .jitter = BUS_JITTER};
	int64_t wait_ns = backoff_ns(&reopen, bus->reopen_failures++, random_chance());
	const char *message = cause(bus, err);

	if (!bus->outage) {
		log_known_warnx(LOG_BUS_DOWN, "\"%s\" is not there: %s; trying again in %.1f s",
				bus->conf->name, message, in_seconds(wait_ns));
		bus->outage_ns = now_ns;
	}
	bus->outage = true;
	bus->reopen_ns = now_ns + wait_ns;
	for (size_t i = 0; i < bus->device_count; i++) {
		struct bus_device *device = &bus->devices[i];
		struct bus_fault *fault = &device->fault;

		bus_device_down(bus, device, fault->reason ? fault->reason : REASON_LINK_DOWN,
				fault->message[0] ? fault->message : message);
	}
	clear_staged(bus);
}

static void end_outage(struct bus *bus)
{
	if (bus->outage)
		log_known_info(LOG_BUS_UP, "\"%s\" is back, after %.1f s", bus->conf->name,
			       in_seconds(clock_mono_ns() - bus->outage_ns));
	bus->outage = false;
}

/* Data came over the link, which is more than that it could be opened. */
static void link_gave_data(struct bus *bus)
{
	for (size_t i = 0; i < bus->device_count; i++)
		bus->devices[i].broke_link = false;
	bus->reopen_failures = 0;
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

static bool all_devices_broke_it(const struct bus *bus)
{
	for (size_t i = 0; i < bus->device_count; i++)
		if (!bus->devices[i].broke_link && !bus->schedule.devices[i].silent)
			return false;
	return true;
}

/* After the driver lost the link. It is opened again at once, as a single device may make a
 * serial gateway hang up. But where every device that is not silent has broken it since the last
 * data came, opening it again does not help: then it waits for its back-off. true: it is open. */
static bool relink(struct bus *bus, int err)
{
	bool hopeless = all_devices_broke_it(bus);

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

/* ---- lent -------------------------------------------------------------------------- */

static void let_go(struct bus *bus)
{
	if (atomic_load(&bus->open))
		bus->driver->close(bus->instance);
	atomic_store(&bus->open, false);
	if (!bus->outage)
		bus->outage_ns = clock_mono_ns();
	bus->outage = true;
	for (size_t i = 0; i < bus->device_count; i++)
		bus_device_down(bus, &bus->devices[i], REASON_LINK_DOWN,
				"the line is lent to a scan");
	clear_staged(bus);
	log_info("\"%s\" is lent to a scan: nothing is read of it until that ends",
		 bus->conf->name);
}

/* true: the line is another's. */
static bool is_lent(struct bus *bus)
{
	int64_t until_ns = atomic_load(&bus->lent_until_ns);
	bool lent = clock_mono_ns() < until_ns;

	if (lent && !bus->lent)
		let_go(bus);
	if (lent)
		bus->reopen_ns = until_ns;
	else if (bus->lent)
		bus->reopen_ns = 0;
	bus->lent = lent;
	return lent;
}

/* ---- the thread -------------------------------------------------------------------- */

static void poll_device(struct bus *bus, size_t index)
{
	struct bus_device *device = &bus->devices[index];
	int64_t began_ns = clock_mono_ns();
	int err = bus_device_poll(bus, index);
	struct bus_fault fault = device->fault;

	if (err == 0) {
		link_gave_data(bus);
		return;
	}
	if (err == -ENOTCONN) {
		bool open = relink(bus, err);

		device->broke_link = true;
		if (!open)
			return;
		device->fault = fault;
	}
	bus_device_failed(bus, index, began_ns, err);
}

static void note_silence(struct bus *bus)
{
	const struct schedule_silence silence = schedule_silence(&bus->schedule);

	atomic_store_explicit(&bus->retry_ns, schedule_silence_ns(&silence, bus->schedule.share),
			      memory_order_relaxed);
}

static void poll_next(struct bus *bus)
{
	int64_t now_ns = clock_mono_ns();
	int64_t due_ns = INT64_MAX;
	size_t next = schedule_next(&bus->schedule, now_ns, &due_ns);

	if (next != SCHEDULE_NONE && due_ns <= now_ns) {
		poll_device(bus, next);
		note_silence(bus);
	}
	atomic_store_explicit(&bus->skipped, bus->schedule.skipped, memory_order_relaxed);
}

static void read_fd(struct bus *bus)
{
	int err;

	clear_staged(bus);
	atomic_fetch_add_explicit(&bus->polls, 1, memory_order_relaxed);
	err = bus->driver->read(bus->instance);
	if (err < 0) {
		atomic_fetch_add_explicit(&bus->failures, 1, memory_order_relaxed);
		relink(bus, err);
		for (size_t i = 0; i < bus->device_count; i++)
			bus->devices[i].broke_link = true;
		return;
	}
	link_gave_data(bus);
	for (size_t i = 0; i < bus->device_count; i++)
		bus_device_report_fault(bus, &bus->devices[i]);
}

static void go_round(struct bus *bus, bool readable)
{
	if (!bus_put_question(bus))
		(void)relink(bus, -ENOTCONN);
	if (is_lent(bus))
		; /* not now */
	else if (!atomic_load(&bus->open) && clock_mono_ns() >= bus->reopen_ns)
		try_open(bus);
	else if (atomic_load(&bus->open) && bus->driver->blocking)
		poll_next(bus);
	else if (readable)
		read_fd(bus);
	output_flush(&bus->output);
}

/* false: it is time to stop. */
static bool wait_for_work(struct bus *bus, bool *ret_readable)
{
	struct pollfd fd = {.fd = -1, .events = POLLIN};
	int64_t due_ns = INT64_MAX;
	bool goes_on;

	if (!atomic_load(&bus->open))
		due_ns = bus->reopen_ns;
	else if (bus->driver->blocking)
		(void)schedule_next(&bus->schedule, clock_mono_ns(), &due_ns);
	else
		fd.fd = bus->driver->fd(bus->instance);
	goes_on = worker_wait(bus->worker, due_ns, &fd);
	*ret_readable = fd.revents != 0;
	return goes_on && !bus->output.closed;
}

static void run(void *data)
{
	struct bus *bus = data;
	bool readable;

	/* Nothing fails without it. A line is silent only as long as it has to be. */
	if (bus->driver->blocking)
		(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
	schedule_start(&bus->schedule, clock_mono_ns());
	while (wait_for_work(bus, &readable))
		go_round(bus, readable);
	if (!bus->heir)
		bus->driver->close(bus->instance);
	atomic_store(&bus->open, false);
}

/* ---- one after the other ------------------------------------------------------------ */

void bus_bequeath(struct bus *bus, struct bus *heir, const uint32_t *points, size_t first)
{
	const struct bus_device *device = &heir->devices[0];

	for (size_t i = 0; i < device->point_count; i++) {
		uint32_t before = points[device->conf->first_point + i];

		device->points[i].before =
			before == CONFIG_NEW ? CONFIG_NEW : (uint32_t)(before - first);
	}
	heir->is_heir = true;
	bus->heir = heir;
}

void bus_be_inherited(struct bus *bus)
{
	struct bus *heir = bus->heir;

	if (!heir)
		return;
	for (size_t i = 0; i < heir->devices[0].point_count; i++)
		if (heir->points[i].before != CONFIG_NEW)
			bus->driver->inherit(heir->instance, i, bus->instance,
					     heir->points[i].before);
	bus->driver->close(bus->instance);
	bus->heir = NULL;
}

/* Edges wait for an heir, and the kernel has room for few. */
bool bus_waits_for(const struct bus *bus, const struct bus *ending)
{
	return !bus->is_heir || bus->driver == ending->driver;
}

/* ---- the outside ------------------------------------------------------------------- */

int bus_start(struct bus *bus)
{
	char name[32];
	const struct worker_job job = {
		.name = name, .stack_bytes = STACK_BYTES, .run = run, .data = bus};

	snprintf(name, sizeof(name), "bus/%s", bus->conf->name);
	bus->started = true;
	return worker_start(bus->worker, &job);
}

bool bus_has_started(const struct bus *bus)
{
	return bus->started;
}

void bus_set_source(struct bus *bus, const void *source)
{
	bus->output.source = source;
}

const void *bus_source(const struct bus *bus)
{
	return bus->output.source;
}

bool bus_stop(struct bus *bus, int64_t deadline_mono_ns)
{
	return worker_stop(bus->worker, deadline_mono_ns);
}

struct worker *bus_worker(struct bus *bus)
{
	return bus->worker;
}

struct bus_counters bus_counters(struct bus *bus)
{
	return (struct bus_counters){
		.polls = atomic_load(&bus->polls),
		.failures = atomic_load(&bus->failures),
		.skipped = atomic_load(&bus->skipped),
		.reopened = atomic_load(&bus->reopened),
		.devices_down = atomic_load(&bus->devices_down),
		.retry_ns = atomic_load(&bus->retry_ns),
		.open = atomic_load(&bus->open),
	};
}

void bus_lend(struct bus *bus, int64_t until_mono_ns)
{
	atomic_store(&bus->lent_until_ns, until_mono_ns);
	worker_wake(bus->worker);
}

bool bus_can_be_lent(const struct bus *bus)
{
	return bus->driver->blocking && bus->driver->peek;
}

const char *bus_name(const struct bus *bus)
{
	return bus->conf->name;
}
