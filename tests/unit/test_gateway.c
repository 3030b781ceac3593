/* The gateway's one promise to the pure part: what it was given reaches the journal. */
#include "journal_rig.h"

#include "gateway_private.h"

static void fill_queue(struct rig *rig)
{
	while (rig_put_sized(rig, EVENT_SEAL_INTACT, 2500) == 0)
		;
	while (rig_put_sized(rig, EVENT_SEAL_INTACT, 0) == 0)
		;
}

static void put_missing(struct gateway *gateway)
{
	struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct event_draft draft = {.type = event_type(EVENT_SEAL_MISSING), .body = body};
	struct json json;

	event_body_start(&json, body, sizeof(body), "entry-1", "seal", now.mono_ns, &now);
	assert_true(json_ok(&json));
	draft.body_bytes = json.bytes;
	gateway_put(gateway, &draft);
}

/* The journal begins to write when the gateway has found its queue full. */
static void *start_late(void *data)
{
	struct rig *rig = data;
	uint64_t before = journal_counters(rig->journal).waits;

	while (journal_counters(rig->journal).waits == before)
		usleep(1000);
	usleep(1000);
	rig_start(rig);
	return NULL;
}

static void an_event_waits_for_room_in_a_full_journal(void **state)
{
	struct gateway gateway = {.give_up_ns = INT64_MAX};
	pthread_t thread;
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	gateway.journal = rig.journal;
	fill_queue(&rig);
	assert_int_equal(pthread_create(&thread, NULL, start_late, &rig), 0);
	put_missing(&gateway);
	pthread_join(thread, NULL);
	assert_int_equal(gateway.lost, 0);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == rig.made + 1);
	assert_non_null(rig_find(&rig, STREAM_EVENTS, "seal.missing"));
	rig_close(&rig);
	rig_remove(&rig);
}

static void a_stop_gives_up_on_a_full_journal_and_counts_it(void **state)
{
	struct gateway gateway = {.give_up_ns = clock_mono_ns()};
	struct rig rig;

	(void)state;
	rig_make(&rig);
	assert_int_equal(rig_try_open(&rig), 0);
	gateway.journal = rig.journal;
	fill_queue(&rig);
	put_missing(&gateway);
	assert_int_equal(gateway.lost, 1);
	rig_close(&rig);
	rig_remove(&rig);
}

/* ---- with a pure part of one device and no points ------------------------------------ */

static const struct transit_device device = {.name = "reader-1"};
static const struct transit_conf conf = {.devices = &device, .device_count = 1};

static struct gateway *new_gateway(struct rig *rig)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	struct instant now = clock_now();

	assert_non_null(gateway);
	rig_make(rig);
	assert_int_equal(rig_try_open(rig), 0);
	gateway->journal = rig->journal;
	gateway->sink = (struct event_sink){.data = gateway, .put = gateway_put};
	gateway->step_fd = -1;
	gateway->give_up_ns = INT64_MAX;
	assert_int_equal(capture_new(8, &gateway->captures), 0);
	assert_int_equal(transit_new(&conf, &gateway->sink, &gateway->transit), 0);
	health_start(&gateway->health, &gateway->sink, NS_PER_S, &now);
	transit_start(gateway->transit, &now);
	return gateway;
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
	struct gateway *gateway;
	struct rig rig;

	(void)state;
	gateway = new_gateway(&rig);
	gateway->loop = ev_loop_new(EVFLAG_AUTO);
	ev_io_init(&gateway->on_capture, on_fd, capture_fd(gateway->captures), EV_READ);
	ev_io_start(gateway->loop, &gateway->on_capture);
	ev_timer_init(&gateway->on_deadline, on_time, 0, 0);
	fill_queue(&rig);
	gateway_settle(gateway);
	assert_false(ev_is_active(&gateway->on_capture));
	rig_start(&rig);
	RIG_POLL(journal_has_room(rig.journal));
	gateway_settle(gateway);
	assert_true(ev_is_active(&gateway->on_capture));
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] >= rig.made);
	ev_io_stop(gateway->loop, &gateway->on_capture);
	assert_true(gateway_free(gateway));
	rig_remove(&rig);
}

static void what_was_captured_before_a_stop_is_journalled(void **state)
{
	const struct capture down = {.kind = CAPTURE_DEVICE,
				     .device = {.device = 0,
						.reason = REASON_NO_ANSWER,
						.at_mono_ns = clock_mono_ns(),
						.detail = "no reply"}};
	struct gateway *gateway;
	struct rig rig;

	(void)state;
	gateway = new_gateway(&rig);
	gateway->running = true;
	rig_start(&rig);
	assert_true(capture_put(gateway->captures, &down));
	assert_true(gateway_free(gateway));
	rig_open(&rig);
	RIG_WAIT(&rig, rig_find(&rig, STREAM_EVENTS, "gateway.stopped"));
	assert_non_null(rig_find(&rig, STREAM_EVENTS, "device.down"));
	rig_close(&rig);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_waits_for_room_in_a_full_journal),
		cmocka_unit_test(a_stop_gives_up_on_a_full_journal_and_counts_it),
		cmocka_unit_test(capture_rests_while_the_journal_is_full_and_goes_on_after),
		cmocka_unit_test(what_was_captured_before_a_stop_is_journalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
