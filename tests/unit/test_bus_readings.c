/* What a driver that is polled reads, as it leaves the bus. */
#include "rig/scripted_bus.h"

static void what_a_device_gives_reaches_the_queue(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 2);
	size_t at;

	bus->script.unit[0].value = 17;
	bus->script.unit[1].value = 18;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, point_is_good, 1);
	assert_int_equal(rig->log[at].reading.value.integer, 17);
	at = bus_rig_wait(rig, 0, point_is_good, 3);
	assert_int_equal(rig->log[at].reading.value.integer, 18);
	assert_true(bus_counters(rig->bus).open);
	assert_int_equal(bus_counters(rig->bus).devices_down, 0);
}

static void a_device_is_reported_up_before_its_first_reading(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);

	bus_rig_start(rig);
	assert_int_equal(bus_rig_wait(rig, 0, device_is_up, 0), 0);
	assert_int_equal(bus_rig_wait(rig, 0, point_is_good, 0), 1);
	bus_rig_wait_polls(rig, 20);
	assert_int_equal(bus_rig_count(rig, device_is_up, 0), 1);
}

static void what_does_not_change_is_passed_only_to_show_that_it_is_fresh(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	size_t at = 0;
	int64_t last_ns;

	rig->points[0].stale_after_ns = 200 * MS;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, at, point_is_good, 0);
	for (int i = 0; i < 5; i++) {
		last_ns = rig->log[at].reading.at_mono_ns;
		at = bus_rig_wait(rig, at + 1, point_is_good, 0);
		assert_true(rig->log[at].reading.at_mono_ns - last_ns > 50 * MS);
	}
}

static void a_number_that_is_looked_at_twice_is_passed_by_two_polls(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	size_t at;

	rig->points[0].stale_after_ns = 1000 * 1000 * MS;
	rig->points[0].looked_at_twice = true;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, point_is_good, 0);
	at = bus_rig_wait(rig, at + 1, point_is_good, 0);
	assert_true(value_equal(&rig->log[at].reading.value, &rig->log[at - 1].reading.value));
	bus_rig_wait_polls(rig, 20);
	assert_int_equal(bus_rig_count(rig, point_is_good, 0), 2);
}

static void each_change_is_passed(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	size_t at = 0;

	bus->script.unit[0].counting = true;
	bus_rig_start(rig);
	for (int64_t i = 0; i < 50; i++) {
		at = bus_rig_wait(rig, at, point_is_good, 0);
		assert_int_equal(rig->log[at++].reading.value.integer, i);
	}
}

static void a_poll_that_brings_anything_new_is_passed_whole(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 3);
	size_t at;

	rig->points[0].is_prompt = rig->points[1].is_prompt = true;
	bus->script.unit[0].last_point_reason = REASON_REFUSED;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, point_is_at_fault, 2);
	last_point_answers(bus, 0);
	at = bus_rig_wait(rig, at + 1, point_is_good, 2);
	assert_true(point_is_good(&rig->log[at - 1], 1));
	assert_true(point_is_good(&rig->log[at - 2], 0));
	assert_true(rig->log[at - 2].reading.more);
	assert_true(rig->log[at - 1].reading.more);
	assert_false(rig->log[at].reading.more);
}

static void what_meters_have_seen_before_does_not_go_along(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 3);
	size_t at;

	for (size_t i = 0; i < 3; i++)
		rig->points[i].stale_after_ns = 1000 * 1000 * MS;
	rig->points[0].is_prompt = true;
	bus->script.unit[0].last_point_reason = REASON_REFUSED;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, point_is_at_fault, 2);
	last_point_answers(bus, 0);
	at = bus_rig_wait(rig, at + 1, point_is_good, 2);
	assert_true(point_is_good(&rig->log[at - 1], 0));
	assert_true(rig->log[at - 1].reading.more);
	assert_false(rig->log[at].reading.more);
	assert_int_equal(bus_rig_count(rig, point_is_good, 1), 1);
}

static void a_fault_of_a_point_is_passed_once_for_each_reason(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 2);
	size_t at;

	bus->script.unit[0].last_point_reason = REASON_REFUSED;
	bus->script.unit[0].counting = true;
	bus_rig_start(rig);
	bus_rig_wait_polls(rig, 20);
	last_point_fails(bus, 0, REASON_OUT_OF_RANGE);
	bus_rig_wait_polls(rig, 20);
	last_point_answers(bus, 0);
	at = bus_rig_wait(rig, 0, point_is_good, 1);
	assert_int_equal(bus_rig_count_between(rig, 0, at, point_is_at_fault, 1), 2);
	assert_int_equal(bus_rig_count_between(rig, 0, at, device_is_down, 0), 0);
	assert_true(bus_rig_count_between(rig, 0, at, point_is_good, 0) >= 40);
	at = bus_rig_wait(rig, 0, point_is_at_fault, 1);
	assert_int_equal(rig->log[at].reading.reason, REASON_REFUSED);
	assert_int_equal(rig->log[at].reading.value.type, VALUE_NONE);
	at = bus_rig_wait(rig, at + 1, point_is_at_fault, 1);
	assert_int_equal(rig->log[at].reading.reason, REASON_OUT_OF_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted_bus_test(what_a_device_gives_reaches_the_queue),
		scripted_bus_test(a_device_is_reported_up_before_its_first_reading),
		scripted_bus_test(what_does_not_change_is_passed_only_to_show_that_it_is_fresh),
		scripted_bus_test(a_number_that_is_looked_at_twice_is_passed_by_two_polls),
		scripted_bus_test(each_change_is_passed),
		scripted_bus_test(a_poll_that_brings_anything_new_is_passed_whole),
		scripted_bus_test(what_meters_have_seen_before_does_not_go_along),
		scripted_bus_test(a_fault_of_a_point_is_passed_once_for_each_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
