#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "gateway_private.h"

#define LOG_TOKEN "gateway"
#include "log.h"

#define CAPTURE_BATCH	  64
#define TIMER_ACCURACY_US 1000
#define ROOM_WAIT_MS	  100

static void drain_fd(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

static void feed_watchdog(struct gateway *gateway);

static bool told_to_stop(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static void wait_for_room(struct gateway *gateway)
{
	struct pollfd room = {.fd = journal_room_fd(gateway->journal), .events = POLLIN};

	feed_watchdog(gateway);
	poll(&room, 1, ROOM_WAIT_MS);
	drain_fd(room.fd);
}

/* Half of the journal's queue is kept for what one batch may cause, so this hardly ever waits;
 * when it does, waiting is the only thing that does not lose the event. */
void gateway_put(void *data, const struct event_draft *draft)
{
	struct gateway *gateway = data;
	int err;

	while ((err = journal_append(gateway->journal, draft)) == -EAGAIN) {
		if (clock_mono_ns() >= gateway->give_up_ns) {
			gateway->lost++;
			return;
		}
		if (told_to_stop() && gateway->give_up_ns == INT64_MAX)
			gateway->give_up_ns = clock_mono_ns() + NS_PER_S;
		wait_for_room(gateway);
	}
	if (err < 0)
		log_error(err, "event \"%s\" could not be taken into the journal",
			  draft->type ? draft->type->name : draft->state_key);
}

static void take(struct gateway *gateway, const struct capture *item, const struct instant *now)
{
	if (item->kind == CAPTURE_READING)
		transit_reading(gateway->transit, &item->reading, now);
	else
		transit_device(gateway->transit, &item->device, now);
}

/* All that is in the queue, as long as the journal has room for what it may cause. */
void gateway_drain(struct gateway *gateway)
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

void gateway_drain_until(struct gateway *gateway, int64_t deadline_ns)
{
	gateway_drain(gateway);
	while (!journal_has_room(gateway->journal) && clock_mono_ns() < deadline_ns) {
		wait_for_room(gateway);
		gateway_drain(gateway);
	}
}

/* While the journal is full readings wait in the queue, then the buses do. */
static void pause_or_resume(struct gateway *gateway)
{
	bool pause = !journal_has_room(gateway->journal);

	if (pause == gateway->paused)
		return;
	gateway->paused = pause;
	sd_event_source_set_enabled(gateway->capture_source, pause ? SD_EVENT_OFF : SD_EVENT_ON);
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

void gateway_settle(struct gateway *gateway)
{
	pause_or_resume(gateway);
	set_deadline(gateway);
}

static int on_capture(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;

	(void)source, (void)fd, (void)events;
	gateway_drain(gateway);
	gateway_settle(gateway);
	return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *data)
{
	struct gateway *gateway = data;
	struct uplink_counters counters = uplink_counters(gateway->uplink);
	struct instant now;

	(void)source, (void)usec;
	gateway_drain(gateway); /* what was read before the deadline decides it */
	now = clock_now();
	transit_tick(gateway->transit, &now);
	transit_settle(gateway->transit, &now);
	health_tick(&gateway->health, &counters, &now);
	gateway_settle(gateway);
	return 0;
}

static int on_room(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;

	(void)source, (void)events;
	drain_fd(fd);
	gateway_drain(gateway);
	gateway_settle(gateway);
	return 0;
}

static int on_uplink(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;
	struct instant now = clock_now();

	(void)source, (void)events;
	drain_fd(fd);
	health_uplink(&gateway->health, uplink_counters(gateway->uplink).connected, &now);
	gateway_settle(gateway);
	return 0;
}

static int on_step(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct gateway *gateway = data;
	struct instant now = clock_now();

	(void)source, (void)events;
	clock_step_rearm(fd);
	health_clock(&gateway->health, &now);
	gateway_settle(gateway);
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
	bytes = health_metrics(&gateway->health, &view, &now, gateway->metrics,
			       GATEWAY_METRICS_BYTES);
	if (bytes > 0)
		uplink_metrics(gateway->uplink, gateway->metrics, bytes);
	gateway_settle(gateway);
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
	if (stuck && !gateway->stuck)
		log_warnx("\"%s\" makes no progress: the watchdog is no longer fed", stuck);
	gateway->stuck = stuck;
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

int gateway_open_loop(struct gateway *gateway)
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

void gateway_close_loop(struct gateway *gateway)
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
