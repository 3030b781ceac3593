/* Readings in, drafts out: who waits when a queue is full. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "gateway/private.h"

#define LOG_TOKEN "gateway"
#include "base/log.h"

#define CAPTURE_BATCH 64
#define ROOM_WAIT_MS  100

static uint64_t dropped(struct gateway *gateway)
{
	uint64_t count = 0;

	if (gateway->requests)
		count += requests_dropped(gateway->requests);
	if (gateway->logs)
		count += inbox_dropped(gateway->logs) + inbox_dropped(gateway->witnesses);
	if (gateway->handovers)
		count += inbox_dropped(gateway->handovers);
	if (gateway->registry)
		count += registry_counters(gateway->registry).dropped;
	return count;
}

struct health_view gateway_view(struct gateway *gateway)
{
	return (struct health_view){
		.buses = gateway->buses,
		.bus_count = gateway->bus_count,
		.captures = gateway->captures,
		.journal = gateway->journal,
		.uplink = gateway->uplink,
		.transit = gateway->transit,
		.registry = gateway->registry,
		.dropped = dropped(gateway),
	};
}

void gateway_drain_fd(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

static bool stop_is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static void wait_for_room(struct gateway *gateway)
{
	struct pollfd room = {.fd = journal_room_fd(gateway->journal), .events = POLLIN};

	gateway_feed_watchdog(gateway);
	poll(&room, 1, ROOM_WAIT_MS);
	gateway_drain_fd(room.fd);
	if (gateway->loop) /* the loop waits for it, too */
		ev_feed_event(gateway->loop, &gateway->on_room, EV_READ);
}

/* It is of what somebody works on. */
static bool is_test(const struct gateway *gateway, const struct event_draft *draft)
{
	const struct maintenance *maintenance = &gateway->maintenance;
	const struct scan_loan *loan = &gateway->loan;
	const char *body = draft->type ? draft->body : draft->state;
	size_t bytes = draft->type ? draft->body_bytes : draft->state_bytes;

	if (loan->active && body && memmem(body, bytes, loan->member, loan->member_bytes))
		return true;
	if (!maintenance->active)
		return false;
	return !maintenance->lane[0] ||
	       (body && bytes >= maintenance->prefix_bytes &&
		memcmp(body, maintenance->prefix, maintenance->prefix_bytes) == 0);
}

/* Half of the journal's queue is kept free for what one batch may cause, so this hardly ever
 * waits; when it must, anything else would lose the event. */
void gateway_put(void *data, const struct event_draft *given)
{
	struct gateway *gateway = data;
	struct event_draft draft = *given;
	int err;

	draft.test = is_test(gateway, given);
	while ((err = journal_append(gateway->journal, &draft)) == -EAGAIN) {
		if (clock_mono_ns() >= gateway->give_up_ns) {
			journal_give_up(gateway->journal, &draft);
			return;
		}
		if (stop_is_pending() && gateway->give_up_ns == INT64_MAX)
			gateway->give_up_ns = clock_mono_ns() + NS_PER_S;
		wait_for_room(gateway);
	}
	if (err < 0)
		log_error(err, "event \"%s\" could not be taken into the journal",
			  draft.type ? draft.type->name : draft.state_key);
	else if (gateway->control && control_is_followed(gateway->control))
		control_tell(gateway->control, &draft, clock_mono_ns());
}

/* What a bus tells is of the configuration that it was made from. */
static void take(struct gateway *gateway, const struct capture *item, const struct instant *now)
{
	const struct loaded *loaded = item->source;

	if (item->kind == CAPTURE_READING) {
		struct reading reading = item->reading;

		reading.point = loaded->points_now[reading.point];
		if (reading.point == LOADED_GONE)
			return;
		gateway_record_reading(gateway, &reading);
		transit_reading(gateway->transit, &reading, now);
	} else {
		struct device_report report = item->device;

		report.device = loaded->devices_now[report.device];
		if (report.device == LOADED_GONE)
			return;
		gateway_record_device(gateway, &report);
		transit_device(gateway->transit, &report, now);
	}
}

/* All that is in the queue, as long as the journal has room for what it may cause. */
void gateway_drain(struct gateway *gateway)
{
	struct capture items[CAPTURE_BATCH];
	size_t count = CAPTURE_BATCH;

	while (count == CAPTURE_BATCH && journal_has_room(gateway->journal)) {
		count = capture_take(gateway->captures, items, CAPTURE_BATCH);
		const struct instant now = clock_now();
		health_clock(&gateway->health, &now);
		for (size_t i = 0; i < count; i++)
			take(gateway, &items[i], &now);
		transit_judge_pending(gateway->transit, &now);
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
