/* GPIO edges and levels into readings. */
#include "rig/gpio_rig.h"

#include <poll.h>

#define glob	 fake_glob
#define globfree fake_globfree
#include "../../drivers/gpio/find.c"

enum { UP, DOWN }; /* the points */

static int edges_new(void **state)
{
	gpio_rig_new(state);
	add_point(*state, "lane1-up");
	add_point(*state, "lane1-down");
	return 0;
}

#define edges_test(test) cmocka_unit_test_setup_teardown(test, edges_new, gpio_rig_free)

/* The first levels are taken note of, time has passed. */
static void open_and_settle(struct gpio_rig *rig)
{
	assert_int_equal(open_lines(rig), 0);
	fake_gpio.now_ns += NS_PER_S;
	forget_notes(rig);
}

static void read_now(struct gpio_rig *rig)
{
	assert_int_equal(read_lines(rig), 0);
}

static void read_after(struct gpio_rig *rig, int64_t span_ns)
{
	fake_gpio.now_ns += span_ns;
	read_now(rig);
}

static void wait_until_readable(struct gpio_rig *rig)
{
	struct pollfd poll_fd = {.fd = gpio_driver.fd(rig->instance), .events = POLLIN};

	assert_int_equal(poll(&poll_fd, 1, PATIENCE_S * 1000), 1);
}

static void assert_reading_is(const struct gpio_rig *rig, size_t at,
			      const struct gpio_reading *expected)
{
	const struct gpio_reading *reading = &rig->reading[at];

	assert_true(at < rig->readings);
	assert_int_equal(reading->point, expected->point);
	assert_int_equal(reading->level, expected->level);
	assert_int_equal(reading->at_ns, expected->at_ns);
	assert_int_equal(reading->lost, expected->lost);
}

/* The reading at this place of the notes: .point, .level, .at_ns, .lost. */
#define assert_reading(rig, at, ...) \
	assert_reading_is((rig), (at), &(struct gpio_reading){__VA_ARGS__})

static void the_level_at_the_start_is_a_reading(void **state)
{
	struct gpio_rig *rig = *state;

	rig->down->high = true;
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 0, .point = UP, .level = false, .at_ns = fake_gpio.now_ns);
	assert_reading(rig, 1, .point = DOWN, .level = true, .at_ns = fake_gpio.now_ns);
}

static void an_active_low_line_is_true_while_it_is_low(void **state)
{
	struct gpio_rig *rig = *state;

	rig->point[UP].active_low = true;
	assert_int_equal(open_lines(rig), 0);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = fake_gpio.now_ns);
	forget_notes(rig);
	rising_edge(rig->up, fake_gpio.now_ns);
	read_after(rig, NS_PER_S);
	assert_int_equal(rig->readings, 1);
	assert_false(rig->reading[0].level);
}

static void an_edge_makes_the_file_descriptor_readable(void **state)
{
	struct gpio_rig *rig = *state;
	const uint64_t one = 1;

	open_and_settle(rig);
	assert_int_equal(write(fake_event_fd, &one, sizeof(one)), sizeof(one));
	wait_until_readable(rig);
}

static void edges_of_two_lines_come_in_the_order_of_their_time(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	rig->down->high = true;
	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t + 2);
	falling_edge(rig->up, t + 4);
	falling_edge(rig->down, t + 1);
	rising_edge(rig->down, t + 3);
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 4);
	assert_reading(rig, 0, .point = DOWN, .level = false, .at_ns = t + 1);
	assert_reading(rig, 1, .point = UP, .level = true, .at_ns = t + 2);
	assert_reading(rig, 2, .point = DOWN, .level = true, .at_ns = t + 3);
	assert_reading(rig, 3, .point = UP, .level = false, .at_ns = t + 4);
	assert_int_equal(rig->faults, 0);
}

static void more_edges_than_one_queue_holds_are_all_taken(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	alternating_edges(rig->up, 40, t, 2);
	rising_edge(rig->down, t + 41);
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 41);
	assert_reading(rig, 21, .point = DOWN, .level = true, .at_ns = t + 41);
	for (size_t i = 1; i < 41; i++)
		assert_true(rig->reading[i].at_ns >= rig->reading[i - 1].at_ns);
}

/* The machine stands still whenever a level is read, for longer than an edge may be on its way. */
static void stand_still(struct fake_line *line)
{
	(void)line;
	fake_gpio.now_ns += 20 * NS_PER_MS;
}

static void no_level_is_believed_while_edges_still_wait(void **state)
{
	struct gpio_rig *rig = *state;

	open_and_settle(rig);
	fake_gpio.at_level = stand_still;
	alternating_edges(rig->up, 79, fake_gpio.now_ns, 1);
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 79);
	read_after(rig, NS_PER_S);
	assert_int_equal(rig->readings, 79);
	for (size_t i = 0; i < 79; i++)
		assert_int_equal(rig->reading[i].lost, 0);
}

static void an_edge_on_its_way_to_a_machine_that_stands_still_is_not_lost(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	fake_gpio.at_level = stand_still;
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t);
	rig->up->high = false;
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 1);
	falling_edge(rig->up, t + 100);
	read_now(rig);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 1, .point = UP, .level = false, .at_ns = t + 100);
}

static void come_and_go(struct fake_line *line)
{
	fake_gpio.at_level = NULL;
	rising_edge(line, fake_gpio.now_ns += NS_PER_MS);
	falling_edge(line, fake_gpio.now_ns += NS_PER_MS);
}

/* The level is as it was, and two edges are older than its reading. */
static void a_pulse_while_levels_are_read_again_keeps_its_times(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	rig->conf.recheck_ns = NS_PER_S;
	open_and_settle(rig);
	t = fake_gpio.now_ns;
	fake_gpio.at_level = come_and_go;
	read_now(rig);
	assert_reading(rig, 0, .point = UP, .level = false, .at_ns = t);
	forget_notes(rig);
	read_after(rig, 5 * NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = t + NS_PER_MS);
	assert_reading(rig, 1, .point = UP, .level = false, .at_ns = t + 2 * NS_PER_MS);
}

static void a_lost_last_edge_is_found_by_reading_the_level(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t);
	rig->up->high = false;
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 1);

	read_after(rig, 11 * NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 1, .point = UP, .level = false, .at_ns = t + NS_PER_MS, .lost = 1);
}

static void an_edge_still_on_its_way_is_not_taken_for_lost(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t);
	rig->up->high = false;
	read_after(rig, NS_PER_MS);
	falling_edge(rig->up, t + 100);
	read_after(rig, 20 * NS_PER_MS);
	read_after(rig, 20 * NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 1, .point = UP, .level = false, .at_ns = t + 100);
}

static void an_edge_that_comes_after_its_level_was_told_is_not_told_again(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t);
	rig->up->high = false;
	read_after(rig, NS_PER_MS);
	read_after(rig, 11 * NS_PER_MS);
	falling_edge(rig->up, t + 100);
	read_now(rig);
	assert_int_equal(rig->readings, 2);
}

static void a_level_that_came_and_went_without_an_edge_is_two_lost(void **state)
{
	struct gpio_rig *rig = *state;

	open_and_settle(rig);
	rising_edge(rig->up, fake_gpio.now_ns);
	rig->up->high = false;
	read_now(rig);
	rig->up->high = true;
	read_after(rig, 11 * NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 1, .point = UP, .level = true, .at_ns = fake_gpio.now_ns, .lost = 2);
}

static void two_edges_to_the_same_level_have_one_lost_between_them(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t);
	rising_edge(rig->up, t + 5);
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = t);
	assert_reading(rig, 1, .point = UP, .level = true, .at_ns = t + 5, .lost = 1);
}

static void a_full_queue_counts_as_lost_edges_and_ends_with_the_right_level(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	fill_queue(rig->up, t);
	rig->up->high = true;
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 16);
	read_after(rig, 11 * NS_PER_MS);
	assert_int_equal(rig->readings, 17);
	assert_reading(rig, 16, .point = UP, .level = true, .at_ns = t + NS_PER_MS, .lost = 1);
	read_after(rig, NS_PER_S);
	assert_int_equal(rig->readings, 17);
}

static void a_full_queue_whose_level_agrees_has_lost_a_pair_at_least(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	fill_queue(rig->up, t - 15);
	read_now(rig);
	read_after(rig, 11 * NS_PER_MS);
	assert_int_equal(rig->readings, 17);
	assert_reading(rig, 16, .point = UP, .level = false, .at_ns = t, .lost = 2);
}

static void the_edge_after_a_full_queue_carries_the_loss(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	fill_queue(rig->up, t);
	falling_edge(rig->up, t + 30);
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 17);
	assert_reading(rig, 16, .point = UP, .level = false, .at_ns = t + 30, .lost = 1);
	read_after(rig, NS_PER_S);
	assert_int_equal(rig->readings, 17);
}

static void an_edge_that_fits_after_a_full_queue_has_lost_a_pair_at_least(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	fill_queue(rig->up, t);
	rising_edge(rig->up, t + 30);
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 17);
	assert_reading(rig, 16, .point = UP, .level = true, .at_ns = t + 30, .lost = 2);
	read_after(rig, NS_PER_S);
	assert_int_equal(rig->readings, 17);
}

static void a_gap_in_the_sequence_is_counted_exactly(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t)->lost = 4;
	rising_edge(rig->up, t + 1)->lost = 3;
	read_after(rig, NS_PER_MS);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = t, .lost = 4);
	assert_reading(rig, 1, .point = UP, .level = true, .at_ns = t + 1, .lost = 3);
}

static void an_edge_that_the_first_level_shows_already_is_not_told_again(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->high = true;
	assert_int_equal(open_lines(rig), 0);
	rising_edge(rig->up, fake_gpio.now_ns);
	read_now(rig);
	assert_int_equal(rig->readings, 2);
}

static void stamps_of_another_clock_give_way_to_the_time_of_reading(void **state)
{
	struct gpio_rig *rig = *state;

	open_and_settle(rig);
	rising_edge(rig->up, INT64_C(1700000000) * NS_PER_S);
	falling_edge(rig->up, INT64_C(1700000000) * NS_PER_S + 1);
	rising_edge(rig->down, 5);
	read_now(rig);
	assert_int_equal(rig->readings, 3);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = fake_gpio.now_ns);
	assert_reading(rig, 1, .point = UP, .level = false, .at_ns = fake_gpio.now_ns + 1);
	assert_reading(rig, 2, .point = DOWN, .level = true, .at_ns = fake_gpio.now_ns);
	assert_int_equal(rig->debugs, 1);
}

/* And no two levels have one time: of one moment only the last would be judged. */
static void readings_of_a_point_never_go_back_in_time(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	rig->conf.recheck_ns = NS_PER_S;
	open_and_settle(rig);
	t = fake_gpio.now_ns;
	read_now(rig);
	assert_reading(rig, 0, .point = UP, .level = false, .at_ns = t);
	rising_edge(rig->up, t - 50);
	falling_edge(rig->up, t - 40);
	read_now(rig);
	assert_reading(rig, 2, .point = UP, .level = true, .at_ns = t + 1);
	assert_reading(rig, 3, .point = UP, .level = false, .at_ns = t + 2);
}

static void a_recheck_tells_all_levels_again(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.recheck_ns = 5 * NS_PER_S;
	rig->down->high = true;
	open_and_settle(rig);
	read_now(rig);
	assert_int_equal(rig->readings, 0);
	read_after(rig, 4 * NS_PER_S);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 0, .point = UP, .level = false, .at_ns = fake_gpio.now_ns);
	assert_reading(rig, 1, .point = DOWN, .level = true, .at_ns = fake_gpio.now_ns);
	read_now(rig);
	assert_int_equal(rig->readings, 2);
}

static void without_recheck_nothing_is_read_again(void **state)
{
	struct gpio_rig *rig = *state;

	open_and_settle(rig);
	read_after(rig, 3600 * NS_PER_S);
	assert_int_equal(rig->readings, 0);
}

static void a_recheck_finds_an_edge_that_was_missed(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	rig->conf.recheck_ns = 5 * NS_PER_S;
	open_and_settle(rig);
	rig->up->high = true;
	fake_gpio.now_ns += 4 * NS_PER_S;
	t = fake_gpio.now_ns;
	read_now(rig);
	assert_int_equal(rig->readings, 1);
	assert_reading(rig, 0, .point = DOWN, .level = false, .at_ns = t);
	read_after(rig, 11 * NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 1, .point = UP, .level = true, .at_ns = t, .lost = 1);
}

/* The first one, NULL: none. */
static const struct gpio_reading *reading_of(const struct gpio_rig *rig, size_t point)
{
	for (size_t i = 0; i < rig->readings; i++)
		if (rig->reading[i].point == point)
			return &rig->reading[i];
	return NULL;
}

static void the_timer_wakes_for_the_recheck_and_the_second_look(void **state)
{
	struct gpio_rig *rig = *state;

	fake_gpio.real_clock = true;
	rig->conf.recheck_ns = 20 * MS;
	assert_int_equal(open_lines(rig), 0);
	forget_notes(rig);
	rig->up->high = true;
	while (!reading_of(rig, UP)) {
		assert_true(rig->readings < GPIO_RIG_NOTES);
		wait_until_readable(rig);
		read_now(rig);
	}
	assert_true(reading_of(rig, UP)->level);
	assert_int_equal(reading_of(rig, UP)->lost, 1);
}

static void a_line_of_one_edge_only_is_read_again_after_it(void **state)
{
	struct gpio_rig *rig = *state;
	int64_t t;

	rig->point[UP].edges = GPIO_EDGES_RISING;
	open_and_settle(rig);
	t = fake_gpio.now_ns;
	rising_edge(rig->up, t);
	rig->up->high = false;
	read_after(rig, NS_PER_MS);
	assert_int_equal(rig->readings, 2);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = t);
	assert_reading(rig, 1, .point = UP, .level = false, .at_ns = fake_gpio.now_ns);
}

static void a_line_without_edges_is_read_at_each_recheck(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.recheck_ns = 50 * NS_PER_MS;
	rig->point[UP].edges = GPIO_EDGES_NONE;
	open_and_settle(rig);
	rig->up->high = true;
	read_now(rig);
	assert_reading(rig, 0, .point = UP, .level = true, .at_ns = fake_gpio.now_ns);
}

static void a_chip_that_fails_while_a_level_is_read_is_an_error(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.recheck_ns = NS_PER_S;
	open_and_settle(rig);
	rig->up->level_fails = -EIO;
	assert_int_equal(read_lines(rig), -EIO);
	assert_int_equal(rig->fault[0].point, DRIVER_ALL);
	assert_int_equal(rig->fault[0].reason, REASON_DEVICE_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		edges_test(the_level_at_the_start_is_a_reading),
		edges_test(an_active_low_line_is_true_while_it_is_low),
		edges_test(an_edge_makes_the_file_descriptor_readable),
		edges_test(edges_of_two_lines_come_in_the_order_of_their_time),
		edges_test(more_edges_than_one_queue_holds_are_all_taken),
		edges_test(no_level_is_believed_while_edges_still_wait),
		edges_test(a_pulse_while_levels_are_read_again_keeps_its_times),
		edges_test(an_edge_on_its_way_to_a_machine_that_stands_still_is_not_lost),
		edges_test(a_lost_last_edge_is_found_by_reading_the_level),
		edges_test(an_edge_still_on_its_way_is_not_taken_for_lost),
		edges_test(an_edge_that_comes_after_its_level_was_told_is_not_told_again),
		edges_test(a_level_that_came_and_went_without_an_edge_is_two_lost),
		edges_test(two_edges_to_the_same_level_have_one_lost_between_them),
		edges_test(a_full_queue_counts_as_lost_edges_and_ends_with_the_right_level),
		edges_test(a_full_queue_whose_level_agrees_has_lost_a_pair_at_least),
		edges_test(the_edge_after_a_full_queue_carries_the_loss),
		edges_test(an_edge_that_fits_after_a_full_queue_has_lost_a_pair_at_least),
		edges_test(a_gap_in_the_sequence_is_counted_exactly),
		edges_test(an_edge_that_the_first_level_shows_already_is_not_told_again),
		edges_test(stamps_of_another_clock_give_way_to_the_time_of_reading),
		edges_test(readings_of_a_point_never_go_back_in_time),
		edges_test(a_recheck_tells_all_levels_again),
		edges_test(without_recheck_nothing_is_read_again),
		edges_test(a_recheck_finds_an_edge_that_was_missed),
		edges_test(the_timer_wakes_for_the_recheck_and_the_second_look),
		edges_test(a_line_of_one_edge_only_is_read_again_after_it),
		edges_test(a_line_without_edges_is_read_at_each_recheck),
		edges_test(a_chip_that_fails_while_a_level_is_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
