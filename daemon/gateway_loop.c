#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "gateway_private.h"
#include "service.h"

#define LOG_TOKEN "gateway"
#include "log.h"

#define CAPTURE_BATCH 64
#define ROOM_WAIT_MS  100

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
	if (pause) {
		ev_io_stop(gateway->loop, &gateway->on_capture);
		log_warnx("the journal takes no more for now, capture waits");
	} else {
		ev_io_start(gateway->loop, &gateway->on_capture);
		log_info("the journal has room again");
	}
}

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

static void set_deadline(struct gateway *gateway)
{
	int64_t due_ns = transit_next_deadline(gateway->transit);
	int64_t health_ns = health_next_deadline(&gateway->health);
	int64_t left_ns;

	if (health_ns < due_ns)
		due_ns = health_ns;
	ev_timer_stop(gateway->loop, &gateway->on_deadline);
	if (gateway->paused || due_ns == INT64_MAX)
		return;
	left_ns = due_ns - clock_mono_ns();
	ev_now_update(gateway->loop);
	ev_timer_set(&gateway->on_deadline, left_ns > 0 ? seconds(left_ns) : 0, 0);
	ev_timer_start(gateway->loop, &gateway->on_deadline);
}

void gateway_settle(struct gateway *gateway)
{
	if (gateway->requests)
		requests_settle(gateway->requests);
	pause_or_resume(gateway);
	set_deadline(gateway);
}

static void on_capture(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_drain(gateway);
	gateway_settle(gateway);
}

static void on_deadline(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct uplink_counters counters = uplink_counters(gateway->uplink);
	struct instant now;

	(void)loop, (void)events;
	gateway_drain(gateway); /* what was read before the deadline decides it */
	gateway_look_at_link(gateway);
	now = clock_now();
	transit_tick(gateway->transit, &now);
	transit_settle(gateway->transit, &now);
	health_tick(&gateway->health, &counters, &now);
	gateway_settle(gateway);
}

static void on_room(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	drain_fd(watcher->fd);
	if (gateway->requests) /* some may have waited for the room */
		gateway_take_requests(gateway);
	else
		gateway_drain(gateway);
	if (gateway->handovers)
		gateway_take_handovers(gateway);
	gateway_settle(gateway);
}

static void on_handovers(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	drain_fd(watcher->fd);
	gateway_take_handovers(gateway);
	gateway_settle(gateway);
}

static void on_requests(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	drain_fd(watcher->fd);
	gateway_take_requests(gateway);
	gateway_settle(gateway);
}

static void on_uplink(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct instant now = clock_now();

	(void)loop, (void)events;
	drain_fd(watcher->fd);
	health_uplink(&gateway->health, uplink_counters(gateway->uplink).connected, &now);
	if (gateway->handovers)
		gateway_take_handovers(gateway);
	gateway_settle(gateway);
}

void gateway_heed_desk(struct gateway *gateway)
{
	struct instant now = clock_now();
	struct registry_answer *answer;

	while ((answer = desk_take(gateway->desk)))
		transit_answer(gateway->transit, answer, &now);
	transit_settle(gateway->transit, &now);
	desk_tell(gateway->desk, &gateway->sink);
}

static void on_desk(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	drain_fd(watcher->fd);
	gateway_drain(gateway); /* what was read before the answer came before it */
	gateway_heed_desk(gateway);
	gateway_settle(gateway);
}

static void on_step(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct instant now = clock_now();

	(void)loop, (void)events;
	clock_step_rearm(watcher->fd);
	health_clock(&gateway->health, &now);
	gateway_settle(gateway);
}

static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)watcher, (void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop, (void)watcher, (void)events;
	log_warnx("SIGHUP: a changed configuration is read by a restart, which loses nothing");
}

static void on_metrics(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct health_view view = {
		.buses = gateway->buses,
		.bus_count = gateway->bus_count,
		.captures = gateway->captures,
		.journal = gateway->journal,
		.uplink = gateway->uplink,
		.transit = gateway->transit,
		.desk = gateway->desk,
	};
	struct instant now = clock_now();
	size_t bytes;

	(void)loop, (void)events;
	health_clock(&gateway->health, &now);
	bytes = health_metrics(&gateway->health, &view, &now, gateway->metrics,
			       gateway->metrics_bytes);
	if (bytes > 0)
		uplink_metrics(gateway->uplink, gateway->metrics, bytes);
	gateway_settle(gateway);
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
	if (gateway->desk && desk_stuck(gateway->desk, now_ns))
		stuck = "registry";
	if (stuck && !gateway->stuck)
		log_warnx("\"%s\" makes no progress: the watchdog is no longer fed", stuck);
	gateway->stuck = stuck;
	return !stuck;
}

static void feed_watchdog(struct gateway *gateway)
{
	size_t i;

	if (!gateway->watchdog_ns || !workers_go_round(gateway))
		return;
	service_notify("WATCHDOG=1");
	for (i = 0; i < gateway->bus_count; i++)
		bus_ask(gateway->buses[i]);
	journal_ask(gateway->journal);
	uplink_ask(gateway->uplink);
	if (gateway->desk)
		desk_ask(gateway->desk);
}

static void on_watchdog(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)events;
	feed_watchdog(watcher->data);
}

static void watch_fd(struct gateway *gateway, ev_io *watcher, int fd,
		     void (*call)(struct ev_loop *, ev_io *, int))
{
	ev_io_init(watcher, call, fd, EV_READ);
	watcher->data = gateway;
	ev_io_start(gateway->loop, watcher);
}

static void watch_signal(struct gateway *gateway, ev_signal *watcher, int signum,
			 void (*call)(struct ev_loop *, ev_signal *, int))
{
	ev_signal_init(watcher, call, signum);
	ev_signal_start(gateway->loop, watcher);
}

static void start_timers(struct gateway *gateway)
{
	double metrics_s = seconds(gateway->config->uplink.metrics_every_ns);

	gateway->watchdog_ns = service_watchdog_ns();
	ev_timer_init(&gateway->on_deadline, on_deadline, 0, 0);
	ev_timer_init(&gateway->on_metrics, on_metrics, metrics_s, metrics_s);
	ev_timer_init(&gateway->on_watchdog, on_watchdog, 0, seconds(gateway->watchdog_ns) / 2);
	gateway->on_deadline.data = gateway;
	gateway->on_metrics.data = gateway;
	gateway->on_watchdog.data = gateway;
	ev_timer_start(gateway->loop, &gateway->on_metrics);
	if (gateway->watchdog_ns > 0)
		ev_timer_again(gateway->loop, &gateway->on_watchdog);
}

/* Signals are taken by signalfd, which blocks them for the threads that are started later. */
int gateway_open_loop(struct gateway *gateway)
{
	gateway->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_SIGNALFD | EVFLAG_NOENV);
	if (!gateway->loop)
		return -ENOMEM;
	gateway->step_fd = clock_step_fd();
	if (gateway->step_fd < 0)
		return gateway->step_fd;
	watch_signal(gateway, &gateway->on_term, SIGTERM, on_stop);
	watch_signal(gateway, &gateway->on_int, SIGINT, on_stop);
	watch_signal(gateway, &gateway->on_hangup, SIGHUP, on_hangup);
	watch_fd(gateway, &gateway->on_capture, capture_fd(gateway->captures), on_capture);
	watch_fd(gateway, &gateway->on_room, journal_room_fd(gateway->journal), on_room);
	watch_fd(gateway, &gateway->on_uplink, uplink_event_fd(gateway->uplink), on_uplink);
	watch_fd(gateway, &gateway->on_step, gateway->step_fd, on_step);
	if (gateway->desk)
		watch_fd(gateway, &gateway->on_desk, desk_fd(gateway->desk), on_desk);
	if (gateway->requests)
		watch_fd(gateway, &gateway->on_requests, requests_fd(gateway->requests),
			 on_requests);
	if (gateway->handovers)
		watch_fd(gateway, &gateway->on_handovers, inbox_fd(gateway->handovers),
			 on_handovers);
	start_timers(gateway);
	return 0;
}

void gateway_close_loop(struct gateway *gateway)
{
	if (gateway->loop)
		ev_loop_destroy(gateway->loop);
	gateway->loop = NULL;
	if (gateway->step_fd >= 0)
		close(gateway->step_fd);
	gateway->step_fd = -1;
}
