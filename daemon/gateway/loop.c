#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/service.h"
#include "gateway/private.h"
#include "gateway/prometheus.h"

#define LOG_TOKEN "gateway"
#include "base/log.h"

#define RETIRED_S 0.02 /* between two looks at buses that are stopping */

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

static void set_deadline(struct gateway *gateway)
{
	int64_t due_ns = transit_next_deadline(gateway->transit);
	int64_t left_ns;

	due_ns = earlier_ns(due_ns, health_next_deadline(&gateway->health));
	due_ns = earlier_ns(due_ns, capture_look_ns(gateway->captures));
	ev_timer_stop(gateway->loop, &gateway->on_deadline);
	if (gateway->paused || due_ns == INT64_MAX)
		return;
	left_ns = due_ns - clock_mono_ns();
	ev_now_update(gateway->loop);
	ev_timer_set(&gateway->on_deadline, left_ns > 0 ? in_seconds(left_ns) : 0, 0);
	ev_timer_start(gateway->loop, &gateway->on_deadline);
}

void gateway_rearm(struct gateway *gateway)
{
	pause_or_resume(gateway);
	set_deadline(gateway);
}

static void on_capture(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_drain(gateway);
	gateway_rearm(gateway);
}

static void on_deadline(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct uplink_counters counters = uplink_counters(gateway->uplink);
	struct instant now;

	(void)loop, (void)events;
	gateway_drain(gateway); /* readings from before it may move it */
	gateway_look_at_link(gateway);
	now = clock_now();
	transit_tick(gateway->transit, &now);
	transit_judge_pending(gateway->transit, &now);
	health_tick(&gateway->health, &counters, &now);
	gateway_rearm(gateway);
}

static void tell_keys(struct gateway *gateway)
{
	const struct instant now = clock_now();
	char keys[SIGNER_KEYS_BYTES];

	if (journal_has_room(gateway->journal) && uplink_take_keys(gateway->uplink, keys))
		health_keys(&gateway->health, keys, &now);
}

/* What came in over the uplink: all of it, whichever of it was told. */
static void take_inbound(struct gateway *gateway)
{
	if (gateway->requests)
		gateway_take_requests(gateway);
	if (gateway->handovers)
		gateway_take_handovers(gateway);
	if (gateway->logs)
		gateway_take_witnesses(gateway);
	tell_keys(gateway);
}

static void on_inbound(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_drain_fd(watcher->fd);
	take_inbound(gateway);
	gateway_rearm(gateway);
}

/* All that may have waited for the room goes on. */
static void on_room(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_drain_fd(watcher->fd);
	if (gateway->control) {
		gateway_console_durable(gateway);
		gateway_take_page(gateway);
	}
	if (gateway->requests)
		requests_durable(gateway->requests, journal_durable(gateway->journal));
	gateway_drain(gateway);
	take_inbound(gateway);
	gateway_rearm(gateway);
}

static void on_uplink(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct uplink_counters counters;
	struct instant now = clock_now();

	(void)loop, (void)events;
	gateway_drain_fd(watcher->fd);
	counters = uplink_counters(gateway->uplink);
	health_uplink(&gateway->health, counters.connected, &now);
	health_signer(&gateway->health, counters.unsigned_why, &now);
	take_inbound(gateway);
	gateway_rearm(gateway);
}

void gateway_take_answers(struct gateway *gateway)
{
	struct instant now = clock_now();
	uint64_t changes = registry_counters(gateway->registry).changes;
	struct registry_answer *answer;

	while ((answer = registry_take_answer(gateway->registry)))
		transit_answer(gateway->transit, answer, &now);
	if (changes != gateway->registry_changes)
		transit_registry_changed(gateway->transit, &now);
	gateway->registry_changes = changes;
	transit_judge_pending(gateway->transit, &now);
	registry_put_events(gateway->registry, &gateway->sink);
}

static void on_registry(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_drain_fd(watcher->fd);
	gateway_drain(gateway); /* what was read before the answer came before it */
	gateway_take_answers(gateway);
	gateway_take_look(gateway);
	gateway_rearm(gateway);
}

static void on_step(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct instant now = clock_now();

	(void)loop, (void)events;
	clock_step_rearm(watcher->fd);
	health_clock(&gateway->health, &now);
	gateway_rearm(gateway);
}

static void on_control(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	control_serve(gateway->control, clock_mono_ns());
	gateway_rearm(gateway);
}

static void on_answers(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop, (void)events;
	gateway_drain_fd(watcher->fd);
	gateway_take_bus_answers(watcher->data);
}

static void on_stop(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)watcher, (void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
	(void)loop, (void)events;
	(void)gateway_begin_reload(watcher->data, "SIGHUP", 0);
}

static void on_reload(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_drain_fd(watcher->fd);
	gateway_go_over(gateway);
	gateway_look_at_retired(gateway);
	gateway_rearm(gateway);
}

static void on_retired(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	gateway_look_at_retired(gateway);
	gateway_rearm(gateway);
}

/* A file that cannot be written is told once, until it can. */
static void write_prometheus(struct gateway *gateway, const struct health_view *view,
			     const struct instant *now)
{
	int err = prometheus_write(gateway->config, &gateway->health, view, now);

	if (err < 0 && err != gateway->prometheus_err)
		log_warn(err, "cannot write %s", gateway->config->gateway.prometheus);
	gateway->prometheus_err = err;
}

static void on_metrics(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;
	struct health_view view = gateway_view(gateway);
	struct instant now = clock_now();
	size_t bytes;

	(void)loop, (void)events;
	health_clock(&gateway->health, &now);
	bytes = health_metrics(&gateway->health, &view, &now, gateway->metrics,
			       gateway->metrics_bytes);
	write_prometheus(gateway, &view, &now);
	journal_forget_sync_max(gateway->journal);
	if (bytes > 0)
		uplink_metrics(gateway->uplink, gateway->metrics, bytes);
	gateway_rearm(gateway);
}

/* For systemctl status, when it has changed. */
static void tell_status(struct gateway *gateway)
{
	const struct health_view view = gateway_view(gateway);
	char line[HEALTH_LINE_BYTES] = "", state[sizeof("STATUS=") + HEALTH_LINE_BYTES];

	health_line(&view, gateway->config->device_count, line);
	if (strcmp(line, gateway->status_line) == 0)
		return;
	memcpy(gateway->status_line, line, sizeof(line));
	snprintf(state, sizeof(state), "STATUS=%s", line);
	service_notify(state);
}

static void on_watchdog(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)events;
	gateway_feed_watchdog(watcher->data);
	tell_status(watcher->data);
}

static void on_maintenance(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	(void)maintenance_end(gateway, gateway->maintenance.officer, "its time is over");
	gateway_rearm(gateway);
}

static void on_loan(struct ev_loop *loop, ev_timer *watcher, int events)
{
	struct gateway *gateway = watcher->data;

	(void)loop, (void)events;
	(void)scan_end(gateway, "nobody said any more that he goes on");
	gateway_rearm(gateway);
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
	watcher->data = gateway;
	ev_signal_start(gateway->loop, watcher);
}

static void start_timers(struct gateway *gateway)
{
	double metrics_s = in_seconds(gateway->config->uplink.metrics_every_ns);

	gateway->watchdog_ns = service_watchdog_ns();
	ev_timer_init(&gateway->on_deadline, on_deadline, 0, 0);
	ev_timer_init(&gateway->on_metrics, on_metrics, metrics_s, metrics_s);
	ev_timer_init(&gateway->on_watchdog, on_watchdog, 0, in_seconds(gateway->watchdog_ns) / 2);
	gateway->on_deadline.data = gateway;
	gateway->on_metrics.data = gateway;
	gateway->on_watchdog.data = gateway;
	ev_timer_init(&gateway->on_retired, on_retired, RETIRED_S, RETIRED_S);
	gateway->on_retired.data = gateway;
	ev_timer_init(&gateway->on_maintenance, on_maintenance, 0, 0);
	gateway->on_maintenance.data = gateway;
	ev_timer_init(&gateway->on_loan, on_loan, 0, 0);
	gateway->on_loan.data = gateway;
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
	watch_fd(gateway, &gateway->on_reload, gateway_reload_fd(gateway), on_reload);
	watch_fd(gateway, &gateway->on_step, gateway->step_fd, on_step);
	if (gateway->registry)
		watch_fd(gateway, &gateway->on_registry, registry_fd(gateway->registry),
			 on_registry);
	if (gateway->requests)
		watch_fd(gateway, &gateway->on_requests, requests_fd(gateway->requests),
			 on_inbound);
	if (gateway->handovers)
		watch_fd(gateway, &gateway->on_handovers, inbox_fd(gateway->handovers), on_inbound);
	if (gateway->logs) {
		watch_fd(gateway, &gateway->on_logs, inbox_fd(gateway->logs), on_inbound);
		watch_fd(gateway, &gateway->on_witnesses, inbox_fd(gateway->witnesses), on_inbound);
	}
	if (gateway->control) {
		watch_fd(gateway, &gateway->on_control, control_fd(gateway->control), on_control);
		watch_fd(gateway, &gateway->on_answers, gateway->answers_fd, on_answers);
	}
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
