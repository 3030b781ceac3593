/* A bus whose link cannot be opened, or breaks. */
#include "rig/scripted_bus.h"

static void a_link_that_cannot_be_opened_marks_all_points_once(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 2);

	bus->script.open_err = -ENOENT;
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_at_fault, 3);
	BUS_RIG_WAIT(rig, opens_of(bus) >= 4);
	assert_int_equal(rig->count, 2 + 4);
	for (size_t i = 0; i < rig->count; i++)
		assert_int_equal(rig->log[i].kind == CAPTURE_DEVICE ? rig->log[i].device.reason
								    : rig->log[i].reading.reason,
				 REASON_LINK_DOWN);
	assert_false(bus_counters(rig->bus).open);
	assert_int_equal(bus_counters(rig->bus).devices_down, 2);
	link_opens(bus);
	bus_rig_wait(rig, 0, device_is_up, 0);
	bus_rig_wait(rig, 0, device_is_up, 1);
	assert_int_equal(bus_counters(rig->bus).reopened, 1);
}

static void why_a_link_cannot_be_opened_is_the_drivers_to_say(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);
	size_t at;

	bus->script.open_err = -EBUSY;
	bus->script.open_reason = REASON_LINE_BUSY;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, device_is_down, 1);
	assert_int_equal(rig->log[at].device.reason, REASON_LINE_BUSY);
	assert_string_equal(rig->log[at].device.detail, "the port is gone");
}

static void a_lost_link_marks_all_points_and_all_come_back_with_it(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 3, 1);
	size_t down, up;

	bus_rig_start(rig);
	for (int i = 0; i < 3; i++)
		bus_rig_wait(rig, 0, point_is_good, i);
	link_fails_to_open(bus, -EHOSTUNREACH);
	device_fails(bus, 1, -ENOTCONN, REASON_NONE);
	for (int i = 0; i < 3; i++) {
		down = bus_rig_wait(rig, 0, device_is_down, i);
		assert_int_equal(rig->log[down].device.reason, REASON_LINK_DOWN);
		bus_rig_wait(rig, down, point_is_at_fault, i);
	}
	device_answers(bus, 1);
	link_opens(bus);
	for (int i = 0; i < 3; i++) {
		down = bus_rig_wait(rig, 0, device_is_down, i);
		up = bus_rig_wait(rig, down, device_is_up, i);
		bus_rig_wait(rig, up, point_is_good, i);
	}
	assert_int_equal(bus_counters(rig->bus).devices_down, 0);
}

static void a_link_that_opens_again_at_once_troubles_nobody(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);

	rig->devices[0].fail_after = 1000;
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	device_fails(bus, 0, -ENOTCONN, REASON_NONE);
	BUS_RIG_WAIT(rig, bus_counters(rig->bus).reopened > 0);
	device_answers(bus, 0);
	bus_rig_wait_polls(rig, 10);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 0), 0);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 1), 0);
}

static void a_link_that_opens_only_to_break_is_down(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);
	int64_t began_ns;
	int before;

	rig->devices[0].fail_after = rig->devices[1].fail_after = 1000;
	rig->bus_conf.reopen_min_ns = 50 * MS;
	device_fails(bus, 0, -ENOTCONN, REASON_NONE);
	device_fails(bus, 1, -ENOTCONN, REASON_NONE);
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, device_is_down, 0);
	bus_rig_wait(rig, 0, device_is_down, 1);
	began_ns = clock_mono_ns();
	before = opens_of(bus);
	BUS_RIG_WAIT(rig, opens_of(bus) >= before + 5);
	assert_true(clock_mono_ns() - began_ns > 4 * 37 * MS);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 1);
}

static void a_device_that_breaks_the_link_does_not_take_the_others_with_it(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 3, 1);
	size_t at;

	rig->devices[0].poll_ns = 50 * MS; /* the others break it more often than it answers */
	rig->devices[1].fail_after = rig->devices[2].fail_after = 40;
	device_fails(bus, 1, -ENOTCONN, REASON_NONE);
	device_fails(bus, 2, -ENOTCONN, REASON_NONE);
	bus_rig_start(rig);
	bus_rig_wait(rig, 0, point_is_good, 0);
	at = bus_rig_wait(rig, 0, device_is_down, 1);
	assert_int_equal(rig->log[at].device.reason, REASON_LINK_DOWN);
	bus_rig_wait(rig, 0, device_is_down, 2);
	bus_rig_wait_polls(rig, 50);
	assert_int_equal(bus_rig_count(rig, device_is_down, 0), 0);
	assert_int_equal(bus_rig_count(rig, point_is_at_fault, 0), 0);
}

static void a_link_that_is_back_wins_back_a_device_long_silent(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 2, 1);
	size_t down;

	rig->devices[0].retry_min_ns = rig->devices[0].retry_max_ns = 3600 * NS_PER_S;
	device_fails(bus, 0, -ETIMEDOUT, REASON_NO_ANSWER);
	bus_rig_start(rig);
	down = bus_rig_wait(rig, 0, device_is_down, 0);
	device_answers(bus, 0);
	link_fails_to_open(bus, -ENODEV);
	device_fails(bus, 1, -ENOTCONN, REASON_NONE);
	bus_rig_wait(rig, 0, device_is_down, 1);
	device_answers(bus, 1);
	link_opens(bus);
	bus_rig_wait(rig, down, device_is_up, 0);
}

static void wait_for_vain_opens(struct scripted_bus *bus, int count)
{
	int goal = opens_of(bus) + count;

	BUS_RIG_WAIT(&bus->rig, opens_of(bus) >= goal);
}

static void each_outage_begins_with_the_shortest_back_off(void **state)
{
	struct scripted_bus *bus = *state;
	struct bus_rig *rig = scripted_bus_plan(bus, 1, 1);
	size_t at;

	/* Not begun anew, the third would take longer than anybody waits. */
	rig->bus_conf.reopen_min_ns = 10 * MS;
	rig->bus_conf.reopen_max_ns = 3600 * NS_PER_S;
	bus_rig_start(rig);
	at = bus_rig_wait(rig, 0, device_is_up, 0);
	for (int i = 0; i < 3; i++) {
		link_fails_to_open(bus, -ENODEV);
		device_fails(bus, 0, -ENOTCONN, REASON_NONE);
		wait_for_vain_opens(bus, 6);
		device_answers(bus, 0);
		link_opens(bus);
		at = bus_rig_wait(rig, at + 1, device_is_up, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scripted_bus_test(a_link_that_cannot_be_opened_marks_all_points_once),
		scripted_bus_test(why_a_link_cannot_be_opened_is_the_drivers_to_say),
		scripted_bus_test(a_lost_link_marks_all_points_and_all_come_back_with_it),
		scripted_bus_test(a_link_that_opens_again_at_once_troubles_nobody),
		scripted_bus_test(a_link_that_opens_only_to_break_is_down),
		scripted_bus_test(a_device_that_breaks_the_link_does_not_take_the_others_with_it),
		scripted_bus_test(a_link_that_is_back_wins_back_a_device_long_silent),
		scripted_bus_test(each_outage_begins_with_the_shortest_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
