/* The thread of a bus: made, held up by a full queue, asked by the watchdog, stopped. */
#include "rig/scripted_bus.h"

static void a_plan_that_the_driver_refuses_is_told_with_file_and_line(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);
	char *text = NULL;
	size_t bytes = 0;
	FILE *errors = open_memstream(&text, &bytes);

	bus->script.refuse_plan = true;
	assert_int_equal(bus_new(&rig->config, &rig->bus_conf, rig->queue, errors, &rig->bus),
			 -EINVAL);
	fclose(errors);
	assert_string_equal(text, "test.conf:11: device \"unit-1\": point \"p0\": lies outside\n");
	free(text);
}

static void a_consumer_that_stalls_slows_the_bus_and_nothing_is_lost(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	uint64_t polls;
	size_t at = 0;

	bus_rig_shorten_queue(rig, 8);
	bus->script.unit[0].counting = true;
	bus_rig_start(rig);
	WAIT_FOR(capture_waits(rig->queue) > 0);
	polls = bus_counters(rig->bus).polls;
	take_time(50 * MS); /* in which a bus that goes on would show */
	assert_int_equal(bus_counters(rig->bus).polls, polls);
	worker_ping(bus_worker(rig->bus), clock_mono_ns());
	assert_false(worker_is_stuck(bus_worker(rig->bus), clock_mono_ns() + 3600 * NS_PER_S));
	for (int64_t i = 0; i < 100; i++) {
		at = bus_rig_wait(rig, at, point_is_good, 0);
		assert_int_equal(rig->log[at++].reading.value.integer, i);
	}
	assert_true(bus_counters(rig->bus).polls > polls);
}

static void a_bus_held_up_by_a_full_queue_stops_when_that_is_closed(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	bus_rig_shorten_queue(rig, 1);
	bus->script.unit[0].counting = true;
	bus_rig_start(rig);
	WAIT_FOR(capture_waits(rig->queue) > 0);
	assert_false(bus_stop(rig->bus, clock_mono_ns() + 20 * MS));
	capture_close(rig->queue);
	assert_true(bus_stop(rig->bus, clock_mono_ns() + PATIENCE_NS));
}

static void a_bus_that_waits_stops_at_once(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	rig->devices[0].poll_ns = 3600 * NS_PER_S;
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	assert_true(bus_stop(rig->bus, clock_mono_ns() + PATIENCE_NS));
	assert_true(bus_stop(rig->bus, 0));
	assert_false(bus_counters(rig->bus).open);
}

static void a_bus_that_was_never_started_is_freed(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	assert_int_equal(bus_new(&rig->config, &rig->bus_conf, rig->queue, stderr, &rig->bus), 0);
	assert_string_equal(bus_name(rig->bus), "bench");
	assert_true(bus_stop(rig->bus, 0));
}

static void a_bus_that_waits_answers_the_watchdog(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	rig->devices[0].poll_ns = 3600 * NS_PER_S;
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	worker_ping(bus_worker(rig->bus), clock_mono_ns());
	WAIT_FOR(!worker_is_stuck(bus_worker(rig->bus), clock_mono_ns() + 3600 * NS_PER_S));
}

static void a_driver_that_hangs_is_stuck_after_a_minute(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	bus->script.hangs = true;
	bus_rig_start(rig);
	WAIT_FOR(bus_counters(rig->bus).polls > 0);
	worker_ping(bus_worker(rig->bus), clock_mono_ns());
	assert_false(worker_is_stuck(bus_worker(rig->bus), clock_mono_ns() + 30 * NS_PER_S));
	assert_true(worker_is_stuck(bus_worker(rig->bus), clock_mono_ns() + 61 * NS_PER_S));
	assert_false(bus_stop(rig->bus, clock_mono_ns() + 20 * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted_bus_test(a_plan_that_the_driver_refuses_is_told_with_file_and_line),
		scripted_bus_test(a_consumer_that_stalls_slows_the_bus_and_nothing_is_lost),
		scripted_bus_test(a_bus_held_up_by_a_full_queue_stops_when_that_is_closed),
		scripted_bus_test(a_bus_that_waits_stops_at_once),
		scripted_bus_test(a_bus_that_was_never_started_is_freed),
		scripted_bus_test(a_bus_that_waits_answers_the_watchdog),
		scripted_bus_test(a_driver_that_hangs_is_stuck_after_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
