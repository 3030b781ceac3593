/* The gateway's one promise to the pure part: what it was given reaches the journal. */
#include "rig/journal_rig.h"

#include "gateway/private.h"

struct gateway_rig {
	struct journal_rig *journal; /* open, not started */
	struct gateway *gateway; /* with that, and nothing else */
};

static int gateway_rig_new(void **state)
{
	struct gateway_rig *rig = calloc(1, sizeof(*rig));
	void *journal;

	journal_rig_new(&journal);
	rig->journal = journal;
	rig->gateway = calloc(1, sizeof(*rig->gateway));
	assert_int_equal(try_to_open_journal(rig->journal), 0);
	rig->gateway->journal = rig->journal->journal;
	rig->gateway->give_up_ns = INT64_MAX;
	*state = rig;
	return 0;
}

static int gateway_rig_free(void **state)
{
	struct gateway_rig *rig = *state;
	void *journal = rig->journal;

	free(rig->gateway);
	free(rig);
	return journal_rig_free(&journal);
}

#define gateway_test(test) cmocka_unit_test_setup_teardown(test, gateway_rig_new, gateway_rig_free)

static void fill_queue(struct journal_rig *rig)
{
	while (try_to_put_event(rig, EVENT_SEAL_INTACT, 2500) == 0)
		;
	while (try_to_put_event(rig, EVENT_SEAL_INTACT, 0) == 0)
		;
}

static void put_missing(struct gateway *gateway)
{
	struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct event_draft draft = {.type = event_type(EVENT_SEAL_MISSING), .body = body};
	struct jw json;

	event_body_start(&json, body, sizeof(body), "entry-1", "seal", now.mono_ns, &now);
	assert_true(jw_ok(&json));
	draft.body_bytes = json.bytes;
	gateway_put(gateway, &draft);
}

/* The journal begins to write when the gateway has found its queue full. */
static void *start_late(void *data)
{
	struct journal_rig *rig = data;
	uint64_t before = journal_counters(rig->journal).waits;
	int64_t until_ns = real_mono_ns() + PATIENCE_NS;

	while (journal_counters(rig->journal).waits == before && real_mono_ns() < until_ns)
		take_time(1 * MS);
	start_journal(rig);
	return NULL;
}

static void an_event_waits_for_room_in_a_full_journal(void **state)
{
	struct gateway_rig *rig = *state;
	pthread_t thread;

	fill_queue(rig->journal);
	assert_int_equal(pthread_create(&thread, NULL, start_late, rig->journal), 0);
	put_missing(rig->gateway);
	pthread_join(thread, NULL);
	wait_for_events(rig->journal, (size_t)rig->journal->made + 1);
	assert_non_null(find_seen(rig->journal, STREAM_EVENTS, "seal.missing"));
}

static void a_stop_gives_up_on_a_full_journal_and_counts_it(void **state)
{
	struct gateway_rig *rig = *state;

	rig->gateway->give_up_ns = clock_mono_ns();
	fill_queue(rig->journal);
	put_missing(rig->gateway);
	assert_int_equal(close_journal(rig->journal), 1);
	open_journal(rig->journal);
	wait_for_type(rig->journal, "journal.lost");
	assert_true(seen_has(find_seen(rig->journal, STREAM_EVENTS, "journal.lost"),
			     "{\"events\":1,\"telemetry\":0,\"health\":0,\"evidence\":1}"));
}

static void count_wake(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop, (void)events;
	++*(unsigned *)watcher->data;
}

/* The journal says it once, and not only to who waits for room. */
static void who_waits_for_the_journal_hears_what_an_event_waited_for(void **state)
{
	struct gateway_rig *rig = *state;
	struct gateway *gateway = rig->gateway;
	unsigned wakes = 0;
	pthread_t thread;

	gateway->loop = ev_loop_new(EVFLAG_AUTO);
	ev_io_init(&gateway->on_room, count_wake, journal_room_fd(gateway->journal), EV_READ);
	gateway->on_room.data = &wakes;
	fill_queue(rig->journal);
	assert_int_equal(pthread_create(&thread, NULL, start_late, rig->journal), 0);
	put_missing(gateway);
	pthread_join(thread, NULL);
	ev_run(gateway->loop, EVRUN_NOWAIT);
	assert_int_equal(wakes, 1);
	ev_loop_destroy(gateway->loop);
}

/* ---- with a pure part of one device and no points ------------------------------------ */

static const struct transit_device device = {.name = "reader-1"};
static const struct transit_conf conf = {.devices = &device, .device_count = 1};

static void complete_gateway(struct gateway *gateway)
{
	struct instant now = clock_now();

	gateway->sink = (struct event_sink){.data = gateway, .put = gateway_put};
	gateway->step_fd = -1;
	assert_int_equal(capture_new(8, 0, &gateway->captures), 0);
	assert_int_equal(transit_new(&conf, &gateway->sink, &gateway->transit), 0);
	health_start(&gateway->health, &gateway->sink, NS_PER_S, &now);
	transit_start(gateway->transit, &now);
}

/* With its journal. */
static void end_gateway(struct gateway_rig *rig)
{
	size_t lost;
	struct gateway *gateway = rig->gateway;

	rig->gateway = NULL;
	rig->journal->journal = NULL;
	assert_true(gateway_free(gateway, &lost));
}

static void on_fd(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop, (void)watcher, (void)events;
}

static void on_time(struct ev_loop *loop, ev_timer *watcher, int events)
{
	(void)loop, (void)watcher, (void)events;
}

static void capture_rests_while_the_journal_is_full_and_goes_on_after(void **state)
{
	struct gateway_rig *rig = *state;
	struct gateway *gateway = rig->gateway;

	complete_gateway(gateway);
	gateway->loop = ev_loop_new(EVFLAG_AUTO);
	ev_io_init(&gateway->on_capture, on_fd, capture_fd(gateway->captures), EV_READ);
	ev_io_start(gateway->loop, &gateway->on_capture);
	ev_timer_init(&gateway->on_deadline, on_time, 0, 0);
	fill_queue(rig->journal);
	gateway_rearm(gateway);
	assert_false(ev_is_active(&gateway->on_capture));
	start_journal(rig->journal);
	WAIT_FOR(journal_has_room(gateway->journal));
	gateway_rearm(gateway);
	assert_true(ev_is_active(&gateway->on_capture));
	JOURNAL_WAIT(rig->journal, rig->journal->count[STREAM_EVENTS] >= rig->journal->made);
	ev_io_stop(gateway->loop, &gateway->on_capture);
	end_gateway(rig);
}

static int carry_out(void *data, const struct request *request, uint64_t number, uint64_t *ret_mark,
		     const char **ret_what)
{
	(void)request, (void)number, (void)ret_mark, (void)ret_what;
	++*(unsigned *)data;
	return -EINPROGRESS;
}

static void requests_wait_for_the_journal_to_have_room(void **state)
{
	static const char payload[] = "{\"id\":\"1\",\"officer\":\"O\",\"reason\":\"r\","
				      "\"resource\":\"r\",\"type\":\"t\"}";
	const struct inlet_message heard = {
		.subject = "ack", .payload = payload, .bytes = sizeof(payload) - 1};
	struct gateway_rig *rig = *state;
	struct gateway *gateway = rig->gateway;
	unsigned carried_out = 0;
	const struct requests_host host = {.data = &carried_out, .carry_out = carry_out};
	struct inlet inlet;

	complete_gateway(gateway);
	assert_int_equal(requests_new("p/", &gateway->origin, &host, &gateway->requests), 0);
	inlet = requests_inlet(gateway->requests);
	assert_true(inlet.take(inlet.data, &heard));
	fill_queue(rig->journal);
	gateway_take_requests(gateway);
	assert_int_equal(carried_out, 0);
	start_journal(rig->journal);
	WAIT_FOR(journal_has_room(gateway->journal));
	gateway_take_requests(gateway);
	assert_int_equal(carried_out, 1);
	JOURNAL_WAIT(rig->journal, rig->journal->count[STREAM_EVENTS] >= rig->journal->made);
	end_gateway(rig);
}

static void what_was_captured_before_a_stop_is_journalled(void **state)
{
	uint32_t number = 0;
	const struct loaded loaded = {.devices_now = &number};
	const struct capture down = {.kind = CAPTURE_DEVICE,
				     .source = &loaded,
				     .device = {.device = 0,
						.reason = REASON_NO_ANSWER,
						.at_mono_ns = clock_mono_ns(),
						.detail = "no reply"}};
	struct gateway_rig *rig = *state;
	struct gateway *gateway = rig->gateway;

	complete_gateway(gateway);
	gateway->running = true;
	start_journal(rig->journal);
	assert_true(capture_put(gateway->captures, &down));
	end_gateway(rig);
	open_journal(rig->journal);
	wait_for_type(rig->journal, "gateway.stopped");
	assert_non_null(find_seen(rig->journal, STREAM_EVENTS, "device.down"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		gateway_test(an_event_waits_for_room_in_a_full_journal),
		gateway_test(who_waits_for_the_journal_hears_what_an_event_waited_for),
		gateway_test(requests_wait_for_the_journal_to_have_room),
		gateway_test(a_stop_gives_up_on_a_full_journal_and_counts_it),
		gateway_test(capture_rests_while_the_journal_is_full_and_goes_on_after),
		gateway_test(what_was_captured_before_a_stop_is_journalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
