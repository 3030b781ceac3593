/* GPIO edges and levels into readings. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../fake/gpio_lines.h"

#define glob	 fake_glob
#define globfree fake_globfree
#include "../../drivers/gpio_find.c"

#define UP   0 /* the points */
#define DOWN 1

#define DEADLINE_MS 20000

static struct fake_device device;
static struct fake_line *const up = &world.chip[1].line[3];
static struct fake_line *const down = &world.chip[1].line[4];

static int setup(void **state)
{
	(void)state;
	fake_start(&device);
	fake_point(&device, "lane1-up");
	fake_point(&device, "lane1-down");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_stop(&device);
	for (size_t i = 0; i < FAKE_CHIPS; i++)
		assert_int_equal(world.chip[i].opened, 0);
	return 0;
}

/* Opened, the first levels taken note of, time has passed. */
static void opened(void)
{
	assert_int_equal(fake_open(&device), 0);
	world.now_ns += NS_PER_S;
	fake_forget();
}

static void take(void)
{
	assert_int_equal(fake_read(&device), 0);
}

static void wait_until_readable(void)
{
	struct pollfd poll_fd = {.fd = gpio_driver.fd(device.instance), .events = POLLIN};

	assert_int_equal(poll(&poll_fd, 1, DEADLINE_MS), 1);
}

static void check(size_t at, size_t point, bool level, int64_t at_ns, uint32_t lost)
{
	assert_true(at < world.readings);
	assert_int_equal(world.reading[at].point, point);
	assert_int_equal(world.reading[at].level, level);
	assert_int_equal(world.reading[at].at_ns, at_ns);
	assert_int_equal(world.reading[at].lost, lost);
}

static void the_level_at_the_start_is_a_reading(void **state)
{
	(void)state;
	down->high = true;
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.readings, 2);
	check(0, UP, false, world.now_ns, 0);
	check(1, DOWN, true, world.now_ns, 0);
}

static void an_active_low_line_is_true_while_it_is_low(void **state)
{
	(void)state;
	device.point[UP].active_low = true;
	assert_int_equal(fake_open(&device), 0);
	check(0, UP, true, world.now_ns, 0);
	fake_forget();
	edge(up, true, world.now_ns);
	world.now_ns += NS_PER_S;
	take();
	assert_int_equal(world.readings, 1);
	assert_false(world.reading[0].level);
}

static void an_edge_makes_the_file_descriptor_readable(void **state)
{
	const uint64_t one = 1;

	(void)state;
	opened();
	assert_int_equal(write(fake_event_fd, &one, sizeof(one)), sizeof(one));
	wait_until_readable();
}

static void edges_of_two_lines_come_in_the_order_of_their_time(void **state)
{
	int64_t t;

	(void)state;
	down->high = true;
	opened();
	t = world.now_ns;
	edge(up, true, t + 2);
	edge(up, false, t + 4);
	edge(down, false, t + 1);
	edge(down, true, t + 3);
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 4);
	check(0, DOWN, false, t + 1, 0);
	check(1, UP, true, t + 2, 0);
	check(2, DOWN, true, t + 3, 0);
	check(3, UP, false, t + 4, 0);
	assert_int_equal(world.faults, 0);
}

static void more_edges_than_one_queue_holds_are_all_taken(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	for (int i = 0; i < 40; i++)
		edge(up, i % 2 == 0, t + 2 * i);
	edge(down, true, t + 41);
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 41);
	check(21, DOWN, true, t + 41, 0);
	for (size_t i = 1; i < 41; i++)
		assert_true(world.reading[i].at_ns >= world.reading[i - 1].at_ns);
}

static void what_has_no_room_in_one_round_comes_in_the_next(void **state)
{
	(void)state;
	opened();
	for (int i = 0; i < 80; i++)
		edge(up, i % 2 == 0, world.now_ns + i);
	world.now_ns += NS_PER_MS;
	take();
	assert_true(world.readings < 80);
	take();
	assert_int_equal(world.readings, 80);
	for (size_t i = 0; i < 80; i++)
		assert_int_equal(world.reading[i].lost, 0);
}

static void a_lost_last_edge_is_found_by_reading_the_level(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	edge(up, true, t);
	up->high = false;
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 1);

	world.now_ns += 11 * NS_PER_MS;
	take();
	assert_int_equal(world.readings, 2);
	check(1, UP, false, t + NS_PER_MS, 1);
}

static void an_edge_still_on_its_way_is_not_taken_for_lost(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	edge(up, true, t);
	up->high = false;
	world.now_ns += NS_PER_MS;
	take();
	edge(up, false, t + 100);
	world.now_ns += 20 * NS_PER_MS;
	take();
	world.now_ns += 20 * NS_PER_MS;
	take();
	assert_int_equal(world.readings, 2);
	check(1, UP, false, t + 100, 0);
}

static void an_edge_that_comes_after_its_level_was_told_is_not_told_again(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	edge(up, true, t);
	up->high = false;
	world.now_ns += NS_PER_MS;
	take();
	world.now_ns += 11 * NS_PER_MS;
	take();
	edge(up, false, t + 100);
	take();
	assert_int_equal(world.readings, 2);
}

static void a_level_that_came_and_went_without_an_edge_is_two_lost(void **state)
{
	(void)state;
	opened();
	edge(up, true, world.now_ns);
	up->high = false;
	take();
	up->high = true;
	world.now_ns += 11 * NS_PER_MS;
	take();
	assert_int_equal(world.readings, 2);
	check(1, UP, true, world.now_ns, 2);
}

static void two_edges_to_the_same_level_have_one_lost_between_them(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	edge(up, true, t);
	edge(up, true, t + 5);
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 2);
	check(0, UP, true, t, 0);
	check(1, UP, true, t + 5, 1);
}

static void a_full_queue_counts_as_lost_edges_and_ends_with_the_right_level(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	for (int i = 0; i < 16; i++)
		edge(up, i % 2 == 0, t + i)->queue_was_full = i == 15;
	up->high = true;
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 16);
	world.now_ns += 11 * NS_PER_MS;
	take();
	assert_int_equal(world.readings, 17);
	check(16, UP, true, t + NS_PER_MS, 1);
	world.now_ns += NS_PER_S;
	take();
	assert_int_equal(world.readings, 17);
}

static void a_full_queue_whose_level_agrees_has_lost_a_pair_at_least(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	for (int i = 0; i < 16; i++)
		edge(up, i % 2 == 0, t + i)->queue_was_full = i == 15;
	take();
	world.now_ns += 11 * NS_PER_MS;
	take();
	assert_int_equal(world.readings, 17);
	check(16, UP, false, t, 2);
}

static void the_edge_after_a_full_queue_carries_the_loss(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	for (int i = 0; i < 16; i++)
		edge(up, i % 2 == 0, t + i)->queue_was_full = i == 15;
	edge(up, false, t + 30);
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 17);
	check(16, UP, false, t + 30, 1);
	world.now_ns += NS_PER_S;
	take();
	assert_int_equal(world.readings, 17);
}

static void an_edge_that_fits_after_a_full_queue_has_lost_a_pair_at_least(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	for (int i = 0; i < 16; i++)
		edge(up, i % 2 == 0, t + i)->queue_was_full = i == 15;
	edge(up, true, t + 30);
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 17);
	check(16, UP, true, t + 30, 2);
	world.now_ns += NS_PER_S;
	take();
	assert_int_equal(world.readings, 17);
}

static void a_gap_in_the_sequence_is_counted_exactly(void **state)
{
	int64_t t;

	(void)state;
	opened();
	t = world.now_ns;
	edge(up, true, t)->lost = 4;
	edge(up, true, t + 1)->lost = 3;
	world.now_ns += NS_PER_MS;
	take();
	check(0, UP, true, t, 4);
	check(1, UP, true, t + 1, 3);
}

static void an_edge_that_the_first_level_shows_already_is_not_told_again(void **state)
{
	(void)state;
	up->high = true;
	assert_int_equal(fake_open(&device), 0);
	edge(up, true, world.now_ns);
	take();
	assert_int_equal(world.readings, 2);
}

static void stamps_of_another_clock_give_way_to_the_time_of_reading(void **state)
{
	(void)state;
	opened();
	edge(up, true, INT64_C(1700000000) * NS_PER_S);
	edge(up, false, INT64_C(1700000000) * NS_PER_S + 1);
	edge(down, true, 5);
	take();
	assert_int_equal(world.readings, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(world.reading[i].at_ns, world.now_ns);
	assert_true(world.reading[0].level);
	assert_false(world.reading[1].level);
	assert_int_equal(world.debugs, 1);
}

static void readings_of_a_point_never_go_back_in_time(void **state)
{
	int64_t t;

	(void)state;
	device.conf.recheck_ns = NS_PER_S;
	opened();
	t = world.now_ns;
	take();
	check(0, UP, false, t, 0);
	edge(up, true, t - 50);
	edge(up, false, t - 40);
	take();
	check(2, UP, true, t, 0);
	check(3, UP, false, t, 0);
}

static void a_recheck_tells_all_levels_again(void **state)
{
	(void)state;
	device.conf.recheck_ns = 5 * NS_PER_S;
	down->high = true;
	opened();
	take();
	assert_int_equal(world.readings, 0);
	world.now_ns += 4 * NS_PER_S;
	take();
	assert_int_equal(world.readings, 2);
	check(0, UP, false, world.now_ns, 0);
	check(1, DOWN, true, world.now_ns, 0);
	take();
	assert_int_equal(world.readings, 2);
}

static void without_recheck_nothing_is_read_again(void **state)
{
	(void)state;
	opened();
	world.now_ns += 3600 * NS_PER_S;
	take();
	assert_int_equal(world.readings, 0);
}

static void a_recheck_finds_an_edge_that_was_missed(void **state)
{
	int64_t t;

	(void)state;
	device.conf.recheck_ns = 5 * NS_PER_S;
	opened();
	up->high = true;
	world.now_ns += 4 * NS_PER_S;
	t = world.now_ns;
	take();
	assert_int_equal(world.readings, 1);
	check(0, DOWN, false, t, 0);
	world.now_ns += 11 * NS_PER_MS;
	take();
	assert_int_equal(world.readings, 2);
	check(1, UP, true, t, 1);
}

static void the_timer_wakes_for_the_recheck_and_the_second_look(void **state)
{
	(void)state;
	world.real_clock = true;
	device.conf.recheck_ns = 20 * NS_PER_MS;
	assert_int_equal(fake_open(&device), 0);
	fake_forget();
	up->high = true;
	while (world.readings == 0 || world.reading[world.readings - 1].point != UP) {
		assert_true(world.readings < FAKE_NOTES);
		wait_until_readable();
		take();
	}
	assert_true(world.reading[world.readings - 1].level);
	assert_int_equal(world.reading[world.readings - 1].lost, 1);
}

static void a_line_of_one_edge_only_is_read_again_after_it(void **state)
{
	int64_t t;

	(void)state;
	device.point[UP].edges = GPIO_EDGES_RISING;
	opened();
	t = world.now_ns;
	edge(up, true, t);
	up->high = false;
	world.now_ns += NS_PER_MS;
	take();
	assert_int_equal(world.readings, 2);
	check(0, UP, true, t, 0);
	check(1, UP, false, world.now_ns, 0);
}

static void a_line_without_edges_is_read_at_each_recheck(void **state)
{
	(void)state;
	device.conf.recheck_ns = 50 * NS_PER_MS;
	device.point[UP].edges = GPIO_EDGES_NONE;
	opened();
	up->high = true;
	take();
	check(0, UP, true, world.now_ns, 0);
}

static void a_chip_that_fails_while_a_level_is_read_is_an_error(void **state)
{
	(void)state;
	device.conf.recheck_ns = NS_PER_S;
	opened();
	up->level_fails = -EIO;
	assert_int_equal(fake_read(&device), -EIO);
	assert_int_equal(world.fault[0].point, DRIVER_ALL);
	assert_int_equal(world.fault[0].reason, REASON_DEVICE_ERROR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_level_at_the_start_is_a_reading),
		TEST(an_active_low_line_is_true_while_it_is_low),
		TEST(an_edge_makes_the_file_descriptor_readable),
		TEST(edges_of_two_lines_come_in_the_order_of_their_time),
		TEST(more_edges_than_one_queue_holds_are_all_taken),
		TEST(what_has_no_room_in_one_round_comes_in_the_next),
		TEST(a_lost_last_edge_is_found_by_reading_the_level),
		TEST(an_edge_still_on_its_way_is_not_taken_for_lost),
		TEST(an_edge_that_comes_after_its_level_was_told_is_not_told_again),
		TEST(a_level_that_came_and_went_without_an_edge_is_two_lost),
		TEST(two_edges_to_the_same_level_have_one_lost_between_them),
		TEST(a_full_queue_counts_as_lost_edges_and_ends_with_the_right_level),
		TEST(a_full_queue_whose_level_agrees_has_lost_a_pair_at_least),
		TEST(the_edge_after_a_full_queue_carries_the_loss),
		TEST(an_edge_that_fits_after_a_full_queue_has_lost_a_pair_at_least),
		TEST(a_gap_in_the_sequence_is_counted_exactly),
		TEST(an_edge_that_the_first_level_shows_already_is_not_told_again),
		TEST(stamps_of_another_clock_give_way_to_the_time_of_reading),
		TEST(readings_of_a_point_never_go_back_in_time),
		TEST(a_recheck_tells_all_levels_again),
		TEST(without_recheck_nothing_is_read_again),
		TEST(a_recheck_finds_an_edge_that_was_missed),
		TEST(the_timer_wakes_for_the_recheck_and_the_second_look),
		TEST(a_line_of_one_edge_only_is_read_again_after_it),
		TEST(a_line_without_edges_is_read_at_each_recheck),
		TEST(a_chip_that_fails_while_a_level_is_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
