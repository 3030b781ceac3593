#include "gateway.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "bus.h"
#include "capture.h"
#include "clock.h"
#include "health.h"
#include "journal.h"
#include "transit/transit.h"
#include "uplink.h"

#define LOG_TOKEN "gateway"
#include "log.h"

#define CAPTURE_SLOTS	  4096
#define CAPTURE_BATCH	  64
#define METRICS_BYTES	  16384
#define TIMER_ACCURACY_US 1000
#define STOP_UPLINK_NS	  (NS_PER_S / 2)
#define STOP_JOURNAL_NS	  (NS_PER_S * 3 / 2)
#define STOP_BUSES_NS	  (NS_PER_S * 19 / 10)
#define FULL_WAIT_MS	  1000

struct gateway {
	const struct config *config;
	struct event_origin origin;
	struct transit_device *transit_devices;
	struct event_sink sink;
	struct health health;
	struct capture_queue *captures;
	struct transit *transit;
	struct journal *journal;
	struct uplink *uplink;
	struct bus **buses;
	size_t bus_count;

	sd_event *loop;
	sd_event_source *capture_source;
	sd_event_source **bus_sources;
	sd_event_source *room_source;
	sd_event_source *deadline_source;
	sd_event_source *metrics_source;
	sd_event_source *watchdog_source;
	uint64_t watchdog_us;
	int step_fd;
	bool paused; /* no readings are taken: the journal has no room */
	uint64_t lost; /* drafts given up, only ever while being told to stop */
	char metrics[METRICS_BYTES];
};

/* ---- the way of an event --------------------------------------------------------- */

static bool told_to_stop(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static void feed_watchdog(struct gateway *gateway);

/* Half of the journal's queue is kept for what one reading may cause, so this hardly ever
 * waits; when it does, waiting is the only thing that does not lose the event. */
static void put_draft(void *data, const struct event_draft *draft)
{
	struct gateway *gateway = data;

	while (journal_append(gateway->journal, draft) == -EAGAIN) {
		struct pollfd room = {.fd = journal_room_fd(gateway->journal), .events = POLLIN};

		if (told_to_stop()) {
			gateway->lost++;
			return;
		}
		feed_watchdog(gateway);
		poll(&room, 1, FULL_WAIT_MS);
	}
}

static void take(struct gateway *gateway, const struct capture *item, const struct instant *now)
{
	if (item->kind == CAPTURE_READING)
		transit_reading(gateway->transit, &item->reading, now);
	else
		transit_device(gateway->transit, &item->device, now);
}

/* All that is in the queue, as long as the journal has room for what it may cause. */
static void drain_captures(struct gateway *gateway)
{
	struct capture items[CAPTURE_BATCH];
	struct instant now = clock_now();
	size_t count = 1;
	size_t i;

	health_clock(&gateway->health, &now);
	while (count > 0 && journal_has_room(gateway->journal)) {
		count = capture_take(gateway->captures, items, CAPTURE_BATCH);
		now = clock_now();
		for (i = 0; i < count; i++)
			take(gateway, &items[i], &now);
		transit_settle(gateway->transit, &now);
	}
}

static void set_enabled(sd_event_source *source, bool enabled)
{
	if (source)
		sd_event_source_set_enabled(source, enabled ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* While the journal is full the sources rest: readings wait in the queue, then the buses. */
static void pause_or_resume(struct gateway *gateway)
{
	bool pause = !journal_has_room(gateway->journal);
	size_t i;

	if (pause == gateway->paused)
		return;
	gateway->paused = pause;
	set_enabled(gateway->capture_source, !pause);
	for (i = 0; i < gateway->bus_count; i++)
		set_enabled(gateway->bus_sources[i], !pause);
	if (pause)
		log_warnx("the journal takes no more for now, capture waits");
	else
		log_info("the journal has room again");
}

static void set_deadline(struct gateway *gateway)
{
	int64_t due_ns = transit_next_deadline(gateway->transit);
	int64_t health_ns = health_next_deadline(&gateway->health);

	if (health_ns < due_ns)
		due_ns = health_ns;
	if (gateway->paused || due_ns == INT64_MAX) {
		sd_event_source_set_enabled(gateway->deadline_source, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(gateway->deadline_source, (uint64_t)((due_ns + 999) / NS_PER_US));
	sd_event_source_set_enabled(gateway->deadline_source, SD_EVENT_ONESHOT);
}

static void settle(struct gateway *gateway)
{
	pause_or_resume(gateway);
	set_deadline(gateway);
}

/* ---- sources of the loop ------------------------------------------------------------ */

static int on_capture(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;

	(void)source, (void)fd, (void)events;
	drain_captures(gateway);
	settle(gateway);
	return 0;
}

/* The queue is emptied first: a driver in this thread must never find it full. */
static void dispatch_bus(struct gateway *gateway, size_t index)
{
	drain_captures(gateway);
	if (!journal_has_room(gateway->journal))
		return;
	bus_dispatch(gateway->buses[index]);
	drain_captures(gateway);
}

static int on_bus(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;
	size_t i;

	(void)fd, (void)events;
	for (i = 0; i < gateway->bus_count; i++)
		if (gateway->bus_sources[i] == source)
			dispatch_bus(gateway, i);
	settle(gateway);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *data)
{
	struct gateway *gateway = data;
	struct uplink_counters counters = uplink_counters(gateway->uplink);
	struct instant now;

	(void)source, (void)usec;
	drain_captures(gateway); /* what was read before the deadline decides it */
	now = clock_now();
	transit_tick(gateway->transit, &now);
	transit_settle(gateway->transit, &now);
	health_tick(&gateway->health, &counters, &now);
	settle(gateway);
	return 0;
}

static void drain_fd(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

static int on_room(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;

	(void)source, (void)events;
	drain_fd(fd);
	drain_captures(gateway);
	settle(gateway);
	return 0;
}

static int on_uplink(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;
	struct instant now = clock_now();

	(void)source, (void)events;
	drain_fd(fd);
	health_uplink(&gateway->health, uplink_counters(gateway->uplink).connected, &now);
	settle(gateway);
	return 0;
}

static int on_step(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;
	struct instant now = clock_now();

	(void)source, (void)events;
	clock_step_rearm(fd);
	health_clock(&gateway->health, &now);
	settle(gateway);
	return 0;
}

static int again(sd_event_source *source, uint64_t after_us)
{
	sd_event_source_set_time_relative(source, after_us);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	(void)source, (void)info, (void)data;
	log_warnx("SIGHUP: a changed configuration is read by a restart, which loses nothing");
	return 0;
}

static int on_metrics(sd_event_source *source, uint64_t usec, void *data)
{
	struct gateway *gateway = data;
	struct health_view view = {
		.buses = gateway->buses,
		.bus_count = gateway->bus_count,
		.captures = gateway->captures,
		.journal = gateway->journal,
		.uplink = gateway->uplink,
	};
	struct instant now = clock_now();
	size_t bytes;

	(void)usec;
	health_clock(&gateway->health, &now);
	bytes = health_metrics(&gateway->health, &view, &now, gateway->metrics, METRICS_BYTES);
	if (bytes > 0)
		uplink_metrics(gateway->uplink, gateway->metrics, bytes);
	settle(gateway);
	return again(source, (uint64_t)(gateway->config->uplink.metrics_every_ns / NS_PER_US));
}

static bool workers_go_round(struct gateway *gateway)
{
	int64_t now_ns = clock_mono_ns();
	const char *stuck = NULL;
	size_t i;

	for (i = 0; i < gateway->bus_count; i++)
		if (bus_stuck(gateway->buses[i], now_ns))
			stuck = bus_name(gateway->buses[i]);
	if (journal_stuck(gateway->journal, now_ns))
		stuck = "journal";
	if (uplink_stuck(gateway->uplink, now_ns))
		stuck = "uplink";
	if (stuck)
		log_warnx("\"%s\" makes no progress: the watchdog is no longer fed", stuck);
	return !stuck;
}

static void feed_watchdog(struct gateway *gateway)
{
	size_t i;

	if (!gateway->watchdog_us || !workers_go_round(gateway))
		return;
	sd_notify(0, "WATCHDOG=1");
	for (i = 0; i < gateway->bus_count; i++)
		bus_ask(gateway->buses[i]);
	journal_ask(gateway->journal);
	uplink_ask(gateway->uplink);
}

static int on_watchdog(sd_event_source *source, uint64_t usec, void *data)
{
	struct gateway *gateway = data;

	(void)usec;
	feed_watchdog(gateway);
	return again(source, gateway->watchdog_us / 2);
}

/* ---- assembly ----------------------------------------------------------------------- */

int gateway_check(const struct config *config, FILE *errors)
{
	struct capture_queue *captures;
	int result;
	size_t i;

	result = capture_new(1, &captures);
	if (result < 0)
		return result;
	for (i = 0; i < config->bus_count; i++) {
		struct bus *bus = NULL;
		int err = bus_new(config, &config->buses[i], captures, errors, &bus);

		if (err < 0)
			result = err;
		bus_free(bus);
	}
	capture_free(captures);
	return result;
}

static void restore_state(void *data, const char *key, const char *word)
{
	struct gateway *gateway = data;

	health_restore(&gateway->health, key, word);
	transit_restore(gateway->transit, key, word);
}

static int new_transit(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct transit_conf conf = {
		.device_count = config->device_count,
		.points = config->points,
		.point_count = config->point_count,
		.lanes = config->lanes,
		.lane_count = config->lane_count,
		.meters = config->meters,
		.meter_count = config->meter_count,
	};
	size_t i;

	gateway->transit_devices =
		calloc(config->device_count + 1, sizeof(gateway->transit_devices[0]));
	if (!gateway->transit_devices)
		return -ENOMEM;
	for (i = 0; i < config->device_count; i++) {
		const struct device_conf *device = &config->devices[i];

		gateway->transit_devices[i].name = device->name;
		if (!device->own_bus)
			gateway->transit_devices[i].bus = config->buses[device->bus].name;
	}
	conf.devices = gateway->transit_devices;
	return transit_new(&conf, &gateway->sink, &gateway->transit);
}

static int new_buses(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	size_t i;
	int err;

	gateway->buses = calloc(config->bus_count + 1, sizeof(gateway->buses[0]));
	gateway->bus_sources = calloc(config->bus_count + 1, sizeof(gateway->bus_sources[0]));
	if (!gateway->buses || !gateway->bus_sources)
		return -ENOMEM;
	for (i = 0; i < config->bus_count; i++) {
		err = bus_new(config, &config->buses[i], gateway->captures, stderr,
			      &gateway->buses[i]);
		if (err < 0)
			return err;
		gateway->bus_count++;
	}
	return 0;
}

static int new_parts(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct instant now = clock_now();
	int err;

	if ((err = capture_new(CAPTURE_SLOTS, &gateway->captures)) < 0)
		return err;
	if ((err = new_transit(gateway)) < 0)
		return err;
	if ((err = new_buses(gateway)) < 0)
		return err;
	if ((err = uplink_new(&config->uplink, &gateway->origin, &gateway->uplink)) < 0)
		return err;
	health_start(&gateway->health, &gateway->sink, config->uplink.alarm_after_ns, &now);
	if ((err = journal_open(&config->journal, &gateway->origin, &gateway->journal)) < 0)
		return err;
	journal_states(gateway->journal, gateway, restore_state);
	return 0;
}

static int watch_fd(struct gateway *gateway, int fd, sd_event_io_handler_t call,
		    sd_event_source **ret_source)
{
	return sd_event_add_io(gateway->loop, ret_source, fd, EPOLLIN, call, gateway);
}

static int add_timer(struct gateway *gateway, uint64_t after_us, sd_event_time_handler_t call,
		     sd_event_source **ret_source)
{
	return sd_event_add_time_relative(gateway->loop, ret_source, CLOCK_MONOTONIC, after_us,
					  TIMER_ACCURACY_US, call, gateway);
}

static int new_timers(struct gateway *gateway)
{
	uint64_t metrics_us = (uint64_t)(gateway->config->uplink.metrics_every_ns / NS_PER_US);
	int err;

	if ((err = add_timer(gateway, UINT32_MAX, on_deadline, &gateway->deadline_source)) < 0)
		return err;
	if ((err = add_timer(gateway, metrics_us, on_metrics, &gateway->metrics_source)) < 0)
		return err;
	if (sd_watchdog_enabled(0, &gateway->watchdog_us) <= 0)
		return 0;
	return add_timer(gateway, gateway->watchdog_us / 2, on_watchdog, &gateway->watchdog_source);
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return pthread_sigmask(SIG_BLOCK, &set, NULL) ? -EINVAL : 0;
}

static int new_loop(struct gateway *gateway)
{
	int err;

	if ((err = sd_event_new(&gateway->loop)) < 0)
		return err;
	if ((err = block_signals()) < 0)
		return err;
	if ((err = sd_event_add_signal(gateway->loop, NULL, SIGTERM, NULL, NULL)) < 0)
		return err;
	if ((err = sd_event_add_signal(gateway->loop, NULL, SIGINT, NULL, NULL)) < 0)
		return err;
	if ((err = sd_event_add_signal(gateway->loop, NULL, SIGHUP, on_hangup, NULL)) < 0)
		return err;
	if ((err = watch_fd(gateway, capture_fd(gateway->captures), on_capture,
			    &gateway->capture_source)) < 0)
		return err;
	if ((err = watch_fd(gateway, journal_room_fd(gateway->journal), on_room,
			    &gateway->room_source)) < 0)
		return err;
	if ((err = watch_fd(gateway, uplink_event_fd(gateway->uplink), on_uplink, NULL)) < 0)
		return err;
	if ((gateway->step_fd = clock_step_fd()) < 0)
		return gateway->step_fd;
	if ((err = watch_fd(gateway, gateway->step_fd, on_step, NULL)) < 0)
		return err;
	return new_timers(gateway);
}

static int start_bus(struct gateway *gateway, size_t index)
{
	struct bus *bus = gateway->buses[index];
	int err = bus_start(bus);

	if (err < 0)
		return err;
	if (bus_fd(bus) < 0)
		return 0;
	return watch_fd(gateway, bus_fd(bus), on_bus, &gateway->bus_sources[index]);
}

/* What hears comes before what speaks: journal, pure part, buses, and only then the uplink. */
static int start_parts(struct gateway *gateway)
{
	struct outlet outlet = uplink_outlet(gateway->uplink);
	struct outlet_source source = journal_source(gateway->journal);
	struct instant now = clock_now();
	size_t i;
	int err;

	if ((err = journal_start(gateway->journal, &outlet)) < 0)
		return err;
	health_started(&gateway->health, gateway->config, &now);
	transit_start(gateway->transit, &now);
	for (i = 0; i < gateway->bus_count; i++)
		if ((err = start_bus(gateway, i)) < 0)
			return err;
	if ((err = uplink_start(gateway->uplink, &source)) < 0)
		return err;
	settle(gateway);
	return 0;
}

int gateway_new(const struct config *config, struct gateway **ret_gateway)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	int err;

	if (!gateway)
		return -ENOMEM;
	gateway->step_fd = -1;
	gateway->config = config;
	gateway->sink = (struct event_sink){.data = gateway, .put = put_draft};
	gateway->origin = (struct event_origin){
		.checkpoint = config->checkpoint.id,
		.gateway = config->gateway.id,
		.boot = clock_boot_id(),
	};
	err = new_parts(gateway);
	if (err == 0)
		err = new_loop(gateway);
	if (err == 0)
		err = start_parts(gateway);
	if (err < 0) {
		log_error(err, "cannot start");
		gateway_free(gateway);
		return err;
	}
	*ret_gateway = gateway;
	return 0;
}

int gateway_run(struct gateway *gateway)
{
	int err;

	sd_notify(0, "READY=1");
	err = sd_event_loop(gateway->loop);
	sd_notify(0, "STOPPING=1");
	return err < 0 ? err : 0;
}

/* ---- the end -------------------------------------------------------------------------- */

static void finish_capture(struct gateway *gateway)
{
	struct instant now;
	size_t i;

	for (i = 0; i < gateway->bus_count; i++)
		bus_stop(gateway->buses[i]);
	drain_captures(gateway);
	capture_close(gateway->captures);
	drain_captures(gateway);
	now = clock_now();
	health_stopped(&gateway->health, &now);
}

static bool free_buses(struct gateway *gateway, int64_t deadline_ns)
{
	bool all = true;
	size_t i;

	for (i = 0; i < gateway->bus_count; i++) {
		sd_event_source_unref(gateway->bus_sources[i]);
		if (!bus_join(gateway->buses[i], deadline_ns)) {
			all = false;
			continue;
		}
		bus_free(gateway->buses[i]);
	}
	return all;
}

static void free_loop(struct gateway *gateway)
{
	sd_event_source_unref(gateway->capture_source);
	sd_event_source_unref(gateway->room_source);
	sd_event_source_unref(gateway->deadline_source);
	sd_event_source_unref(gateway->metrics_source);
	sd_event_source_unref(gateway->watchdog_source);
	sd_event_unref(gateway->loop);
	if (gateway->step_fd >= 0)
		close(gateway->step_fd);
}

bool gateway_free(struct gateway *gateway)
{
	int64_t now_ns = clock_mono_ns();
	bool all;

	if (!gateway)
		return true;
	if (gateway->journal && gateway->captures && gateway->loop)
		finish_capture(gateway);
	all = uplink_free(gateway->uplink, now_ns + STOP_UPLINK_NS);
	gateway->lost += journal_close(gateway->journal, now_ns + STOP_JOURNAL_NS);
	if (gateway->lost > 0)
		log_error(0, "%llu events could not be journalled before the stop",
			  (unsigned long long)gateway->lost);
	if (!free_buses(gateway, now_ns + STOP_BUSES_NS) || !all)
		return false;
	free_loop(gateway);
	transit_free(gateway->transit);
	capture_free(gateway->captures);
	free(gateway->transit_devices);
	free(gateway->bus_sources);
	free(gateway->buses);
	free(gateway);
	return true;
}
