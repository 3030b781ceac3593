/* Devices that do not answer, or not in time. */
#include "rig/scripted_bus.h"

static void a_device_is_down_after_some_failed_polls_and_all_its_points_with_it(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 3);
	size_t at;

	device_fails(bus, 0, -ETIMEDOUT, REASON_GARBLED);
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, device_is_down, 0);
	assert_int_equal(at, 0);
	assert_int_equal(rig->log[0].device.reason, REASON_GARBLED);
	assert_string_equal(rig->log[0].device.detail, "nothing came");
	assert_true(bus_counters(rig->bus).failures >= 3);
	for (size_t i = 0; i < 3; i++) {
		at = bus_rig_wait(rig, 0, point_is_at_fault, (int64_t)i);
		assert_int_equal(at, i + 1);
		assert_int_equal(rig->log[at].reading.reason, REASON_GARBLED);
	}
	assert_true(polls_of(bus, 0) >= 3);
	assert_int_equal(bus_counters(rig->bus).devices_down, 1);
	bus_rig_wait_polls(rig, 5);
	assert_int_equal(rig->count, 4);
}

static void a_device_that_misses_some_polls_is_not_down(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	rig->devices[0].fail_after = 1000;
	bus_rig_start(rig);
	for (int i = 0; i < 5; i++) {
		device_fails(bus, 0, -ETIMEDOUT, REASON_NO_ANSWER);
		bus_rig_wait_polls(rig, 3);
		device_answers(bus, 0);
		bus_rig_wait_polls(rig, 3);
	}
	assert_true(bus_counters(rig->bus).failures > 0);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 0), 0);
}

static void a_device_that_is_back_is_reported_up_before_its_readings(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 2);
	size_t down, at;

	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	device_fails(bus, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	down = bus_rig_wait(rig, 0, device_is_down, 0);
	bus_rig_wait_polls(rig, 3);
	device_answers(bus, 0);
	at = bus_rig_wait(rig, down, device_is_up, 0);
	assert_int_equal(bus_rig_count_between(rig, down, at, point_is_good, 0), 0);
	assert_int_equal(bus_rig_wait(rig, at, point_is_good, 0), at + 1);
	assert_int_equal(bus_rig_wait(rig, at, point_is_good, 1), at + 2);
	assert_int_equal(bus_counters(rig->bus).devices_down, 0);
}

static void half_an_answer_is_no_answer(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 2);

	bus->script.unit[0].half = true;
	device_fails(bus, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_down, 0);
	bus_rig_wait_polls(rig, 6);
	assert_int_equal(bus_rig_count(rig, point_is_good, 0), 0);
	assert_int_equal(bus_rig_count(rig, device_is_up, 0), 0);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 1);
}

static void a_silent_device_leaves_the_others_their_time(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);
	int64_t began_ns, span_ns;
	int before, asked;

	rig->bus_conf.down_share = 0.1;
	bus->script.unit[0].cost_ns = 40 * MS;
	device_fails(bus, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_down, 0);
	began_ns = clock_mono_ns();
	before = polls_of(bus, 0);
	bus_rig_wait_polls(rig, 200);
	span_ns = clock_mono_ns() - began_ns;
	asked = polls_of(bus, 0) - before;
	/* One when there is something left of its share, one that is under way. */
	assert_true(asked > 0 && (asked - 2) * 40 * MS <= span_ns / 10);
	assert_int_equal(bus_rig_count(rig, device_is_down, 1), 0);
}

static void cycles_that_cannot_be_kept_are_counted(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	bus->script.unit[0].cost_ns = 23 * MS;
	bus_rig_start(rig);
	bus_rig_wait_polls(rig, 5);
	assert_true(bus_counters(rig->bus).skipped >= 3 * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted_bus_test(
			a_device_is_down_after_some_failed_polls_and_all_its_points_with_it),
		scripted_bus_test(a_device_that_misses_some_polls_is_not_down),
		scripted_bus_test(a_device_that_is_back_is_reported_up_before_its_readings),
		scripted_bus_test(half_an_answer_is_no_answer),
		scripted_bus_test(a_silent_device_leaves_the_others_their_time),
		scripted_bus_test(cycles_that_cannot_be_kept_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
