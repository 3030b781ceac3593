/* Finding and holding GPIO lines. */
#include "rig/gpio_rig.h"

#include <poll.h>

#define glob	 fake_glob
#define globfree fake_globfree
#include "../../drivers/gpio/find.c"

#define gpio_test(test) cmocka_unit_test_setup_teardown(test, gpio_rig_new, gpio_rig_free)

static void lines_are_found_by_name_over_all_chips(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->high = true;
	add_point(rig, "lane1-up");
	add_point(rig, "power-ok");
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->readings, 2);
	assert_string_equal(rig->up->holder, "corridord");
	assert_string_equal(rig->power->holder, "corridord");
	assert_int_equal(rig->faults, 0);
}

/* "lane1-up" is the second point of it, after "lane1-down", which is new; "power-ok" is gone. Returns
 * the instance before. */
static void *make_heir(struct gpio_rig *rig)
{
	void *before = rig->instance;

	rig->device.point_count = 0;
	add_point(rig, "lane1-down");
	add_point(rig, "lane1-up");
	assert_int_equal(create_driver(rig), 0);
	return before;
}

static bool is_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

static void inherit_up(struct gpio_rig *rig, void *before)
{
	gpio_driver.inherit(rig->instance, 1, before, 0);
	gpio_driver.close(before);
	gpio_driver.destroy(before);
}

static void a_line_that_is_inherited_stays_requested_and_loses_no_edge(void **state)
{
	struct gpio_rig *rig = *state;
	void *before;

	add_point(rig, "lane1-up");
	add_point(rig, "power-ok");
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(fake_gpio.requests, 2);
	before = make_heir(rig);
	rising_edge(rig->up, fake_gpio.now_ns += NS_PER_S);
	inherit_up(rig, before);
	assert_string_equal(rig->up->holder, "corridord");
	assert_null(rig->power->holder);
	forget_notes(rig);
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(fake_gpio.requests, 3);
	assert_int_equal(rig->readings, 1);
	assert_int_equal(rig->reading[0].point, 0);
	assert_int_equal(read_lines(rig), 0);
	assert_int_equal(rig->readings, 2);
	assert_int_equal(rig->reading[1].point, 1);
	assert_true(rig->reading[1].level);
	assert_int_equal(rig->reading[1].at_ns, fake_gpio.now_ns);
	assert_int_equal(rig->reading[1].lost, 0);
}

/* Edges wake whoever waits for the heir, by the file descriptor that waited before. */
static void an_heir_is_woken_by_what_it_inherits(void **state)
{
	struct gpio_rig *rig = *state;
	int fd, event_fd;

	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), 0);
	fd = gpio_driver.fd(rig->instance);
	event_fd = fake_event_fd;
	inherit_up(rig, make_heir(rig));
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(gpio_driver.fd(rig->instance), fd);
	assert_int_equal(read_lines(rig), 0);
	assert_false(is_readable(fd));
	assert_int_equal(eventfd_write(event_fd, 1), 0);
	assert_true(is_readable(fd));
}

static void nothing_is_inherited_of_what_was_not_open(void **state)
{
	struct gpio_rig *rig = *state;

	add_point(rig, "lane1-up");
	assert_int_equal(create_driver(rig), 0);
	inherit_up(rig, make_heir(rig));
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->readings, 2);
}

static void a_line_name_on_two_chips_is_a_fault_that_names_both(void **state)
{
	struct gpio_rig *rig = *state;

	fake_gpio.chip[0].line[5].name = "lane1-up";
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_int_equal(rig->fault[0].point, 0);
	assert_int_equal(rig->fault[0].reason, REASON_LINE_GONE);
	assert_contains(rig->fault[0].message, "ambiguous");
	assert_contains(rig->fault[0].message, "gpiochip0 line 5");
	assert_contains(rig->fault[0].message, "gpiochip1 line 3");
	assert_int_equal(rig->fault[1].point, DRIVER_ALL);
}

static void a_line_name_twice_on_the_chip_is_told_apart_by_its_offset(void **state)
{
	struct gpio_rig *rig = *state;

	fake_gpio.chip[1].line[5].name = "lane1-up";
	rig->conf.chip = text("lane1-rig");
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_contains(rig->fault[0].message, "give its offset too");
	gpio_driver.close(rig->instance);

	rig->point[0].offset = 5;
	assert_int_equal(open_lines(rig), 0);
	assert_non_null(fake_gpio.chip[1].line[5].holder);
	assert_null(rig->up->holder);
}

static void a_chip_label_borne_by_two_chips_is_a_fault_that_names_both(void **state)
{
	struct gpio_rig *rig = *state;

	fake_gpio.chip[0].label = "lane1-rig";
	rig->conf.chip = text("lane1-rig");
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_contains(rig->fault[0].message, "both gpiochip0 and gpiochip1");
}

static void a_chip_is_found_by_its_label_its_name_or_its_path(void **state)
{
	struct gpio_rig *rig = *state;
	static const char *const spec[] = {"lane1-rig", "gpiochip1", "/dev/gpiochip1"};

	add_point(rig, NULL)->offset = 3;
	for (size_t i = 0; i < 3; i++) {
		rig->conf.chip = text(spec[i]);
		assert_int_equal(open_lines(rig), 0);
		assert_non_null(rig->up->holder);
		gpio_driver.close(rig->instance);
		assert_null(rig->up->holder);
	}
}

static void a_link_beside_the_chip_is_not_a_second_chip(void **state)
{
	struct gpio_rig *rig = *state;

	fake_gpio.path[2] = "/dev/gpiochip-link";
	rig->conf.chip = text("soc");
	add_point(rig, "power-ok");
	assert_int_equal(open_lines(rig), 0);
}

static void a_line_that_bears_another_name_than_configured_is_refused(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.chip = text("lane1-rig");
	add_point(rig, "lane1-up")->offset = 4;
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_contains(rig->fault[0].message, "line 4 is called \"lane1-down\", not \"lane1-up\"");
}

static void an_offset_beyond_the_chip_is_a_fault(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.chip = text("lane1-rig");
	add_point(rig, NULL)->offset = 8;
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_contains(rig->fault[0].message, "lines 0 to 7, not 8");
}

static void a_missing_chip_is_a_fault_of_the_whole_device(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.chip = text("lane2-rig");
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_int_equal(rig->fault[rig->faults - 1].point, DRIVER_ALL);
	assert_int_equal(rig->fault[rig->faults - 1].reason, REASON_LINE_GONE);
	assert_contains(rig->fault[rig->faults - 1].message, "no GPIO chip \"lane2-rig\"");
}

static void no_chip_at_all_is_a_fault_too(void **state)
{
	struct gpio_rig *rig = *state;

	memset(fake_gpio.path, 0, sizeof(fake_gpio.path));
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_contains(rig->fault[0].message, "no GPIO line \"lane1-up\"");
}

static void a_chip_that_may_not_be_opened_is_named_and_does_not_hide_others(void **state)
{
	struct gpio_rig *rig = *state;

	fake_gpio.chip[0].denied = -EACCES;
	add_point(rig, "lane1-up");
	add_point(rig, "power-ok");
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->readings, 1);
	assert_int_equal(rig->faults, 1);
	assert_int_equal(rig->fault[0].point, 1);
	assert_contains(rig->fault[0].message, "/dev/gpiochip0: Permission denied");
	assert_contains(rig->fault[0].message, "group");
}

static void a_busy_line_names_its_holder_and_leaves_the_others_working(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->holder = "relayd";
	add_point(rig, "lane1-up");
	add_point(rig, "lane1-down");
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->faults, 1);
	assert_int_equal(rig->fault[0].point, 0);
	assert_int_equal(rig->fault[0].reason, REASON_LINE_BUSY);
	assert_contains(rig->fault[0].message, "gpiochip1 line 3 lane1-up is held by \"relayd\"");
	assert_int_equal(rig->readings, 1);
	assert_int_equal(rig->reading[0].point, 1);
}

static void a_device_of_busy_lines_only_does_not_open(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->holder = "relayd";
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -EBUSY);
	assert_int_equal(rig->fault[rig->faults - 1].point, DRIVER_ALL);
	assert_int_equal(rig->fault[rig->faults - 1].reason, REASON_LINE_BUSY);
}

static void a_busy_line_is_said_once_and_taken_when_it_becomes_free(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->holder = "relayd";
	add_point(rig, "lane1-up");
	add_point(rig, "lane1-down");
	assert_int_equal(open_lines(rig), 0);
	forget_notes(rig);

	fake_gpio.now_ns += 6 * NS_PER_S;
	assert_int_equal(read_lines(rig), 0);
	assert_int_equal(rig->faults, 0);
	assert_int_equal(rig->readings, 0);

	rig->up->holder = NULL;
	rig->up->high = true;
	fake_gpio.now_ns += 6 * NS_PER_S;
	assert_int_equal(read_lines(rig), 0);
	assert_int_equal(rig->readings, 1);
	assert_int_equal(rig->reading[0].point, 0);
	assert_true(rig->reading[0].level);
}

static void a_line_that_gives_no_edges_says_what_to_set(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->refuses = -ENXIO;
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), -ENODEV);
	assert_int_equal(rig->fault[0].reason, REASON_REFUSED);
	assert_contains(rig->fault[0].message, "edges = \"none\"");
}

static void a_line_that_cannot_be_read_is_given_back(void **state)
{
	struct gpio_rig *rig = *state;

	rig->up->level_fails = -EIO;
	add_point(rig, "lane1-up");
	add_point(rig, "lane1-down");
	assert_int_equal(open_lines(rig), 0);
	assert_null(rig->up->holder);
	assert_non_null(rig->down->holder);
	assert_int_equal(rig->fault[0].point, 0);
}

static void bias_edges_and_active_low_reach_the_line(void **state)
{
	struct gpio_rig *rig = *state;
	struct gpio_point_conf *point = add_point(rig, "lane1-up");

	fake_gpio.can_debounce = true;
	rig->conf.consumer = text("lane-one");
	point->bias = GPIO_BIAS_PULL_UP;
	point->edges = GPIO_EDGES_FALLING;
	point->active_low = true;
	point->kernel_debounce_ns = 5 * NS_PER_MS;
	assert_int_equal(open_lines(rig), 0);
	assert_string_equal(fake_gpio.consumer, "lane-one");
	assert_int_equal(rig->up->want.bias, GPIO_BIAS_PULL_UP);
	assert_int_equal(rig->up->want.edges, GPIO_EDGES_FALLING);
	assert_int_equal(rig->up->want.debounce_ns, 5 * NS_PER_MS);
	assert_true(rig->up->want.active_low);
}

static void a_vanished_chip_is_found_again_under_another_number(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.chip = text("lane1-rig");
	add_point(rig, "lane1-up");
	assert_int_equal(open_lines(rig), 0);
	forget_notes(rig);

	fake_gpio.chip[1].gone = true;
	fake_gpio.path[1] = NULL;
	assert_int_equal(read_lines(rig), -ENODEV);
	assert_int_equal(rig->fault[0].point, DRIVER_ALL);
	assert_int_equal(rig->fault[0].reason, REASON_LINE_GONE);
	gpio_driver.close(rig->instance);
	assert_int_equal(open_lines(rig), -ENODEV);
	gpio_driver.close(rig->instance);

	fake_gpio.chip[2] = (struct gpio_chip){
		.path = "/dev/gpiochip7", .name = "gpiochip7", .label = "lane1-rig"};
	fake_gpio.chip[2].line[3] = (struct fake_line){.name = "lane1-up", .high = true};
	fake_gpio.path[1] = "/dev/gpiochip7";
	forget_notes(rig);
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->readings, 1);
	assert_true(rig->reading[0].level);
}

static void a_chip_that_vanished_alone_leaves_the_lines_of_others(void **state)
{
	struct gpio_rig *rig = *state;

	add_point(rig, "lane1-up");
	add_point(rig, "power-ok");
	assert_int_equal(open_lines(rig), 0);
	fake_gpio.chip[1].gone = true;
	fake_gpio.path[1] = NULL;
	assert_int_equal(read_lines(rig), -ENODEV);
	gpio_driver.close(rig->instance);
	forget_notes(rig);
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->readings, 1);
	assert_int_equal(rig->reading[0].point, 1);
	assert_int_equal(rig->fault[0].point, 0);
}

struct bad_point {
	const char *line;
	int64_t offset; /* 0: none */
	int edges;
	int64_t debounce_ns;
	const char *message;
};

static void what_no_table_can_check_is_refused_with_the_cure(void **state)
{
	static const struct bad_point bad[] = {
		{.line = NULL, .message = "expected line"},
		{.line = NULL, .offset = 3, .message = "offset without a chip"},
		{.line = "", .message = "line is empty"},
		{.line = "a-name-of-more-than-31-characters", .message = "at most 31"},
		{.line = "lane1-up", .edges = GPIO_EDGES_NONE, .message = "expected a recheck"},
		{.line = "lane1-up", .debounce_ns = 1 * MS, .message = "needs libgpiod 2"},
	};
	struct gpio_rig *rig = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct gpio_point_conf *point;

		gpio_rig_init(rig);
		point = add_point(rig, bad[i].line);
		point->offset = bad[i].offset ? bad[i].offset : -1;
		point->edges = bad[i].edges;
		point->kernel_debounce_ns = bad[i].debounce_ns;
		assert_int_equal(create_driver(rig), -EINVAL);
		assert_int_equal(rig->complaint.point, 0);
		assert_contains(rig->complaint.message, bad[i].message);
	}
}

static void one_line_for_two_points_is_refused(void **state)
{
	struct gpio_rig *rig = *state;

	add_point(rig, "lane1-up");
	add_point(rig, "lane1-up");
	assert_int_equal(create_driver(rig), -EINVAL);
	assert_int_equal(rig->complaint.point, 1);
}

static void one_line_by_name_and_by_offset_is_a_fault_of_the_second_point(void **state)
{
	struct gpio_rig *rig = *state;

	rig->conf.chip = text("lane1-rig");
	add_point(rig, "lane1-up");
	add_point(rig, NULL)->offset = 3;
	assert_int_equal(open_lines(rig), 0);
	assert_int_equal(rig->faults, 1);
	assert_int_equal(rig->fault[0].point, 1);
	assert_contains(rig->fault[0].message, "gpiochip1 line 3 is point \"lane1-up\" already");
}

static void a_bad_device_block_is_refused(void **state)
{
	struct gpio_rig *rig = *state;

	assert_int_equal(create_driver(rig), -EINVAL);
	assert_contains(rig->complaint.message, "no points");
	add_point(rig, "lane1-up");
	rig->conf.recheck_ns = NS_PER_MS;
	assert_int_equal(create_driver(rig), -EINVAL);
	assert_contains(rig->complaint.message, "10ms");
	rig->conf.recheck_ns = 0;
	rig->conf.consumer = text("a name of more than 31 characters");
	assert_int_equal(create_driver(rig), -EINVAL);
	assert_contains(rig->complaint.message, "consumer");
}

static void bias_has_no_default(void **state)
{
	const struct conf_option *option = gpio_driver.point.options;

	(void)state;
	while (strcmp(option->name, "bias") != 0)
		option++;
	assert_true(option->required);
	assert_null(option->def);
}

static void close_takes_what_was_never_opened(void **state)
{
	struct gpio_rig *rig = *state;

	add_point(rig, "lane1-up");
	assert_int_equal(create_driver(rig), 0);
	gpio_driver.close(rig->instance);
	gpio_driver.close(rig->instance);
	gpio_driver.destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		gpio_test(lines_are_found_by_name_over_all_chips),
		gpio_test(a_line_that_is_inherited_stays_requested_and_loses_no_edge),
		gpio_test(an_heir_is_woken_by_what_it_inherits),
		gpio_test(nothing_is_inherited_of_what_was_not_open),
		gpio_test(a_line_name_on_two_chips_is_a_fault_that_names_both),
		gpio_test(a_line_name_twice_on_the_chip_is_told_apart_by_its_offset),
		gpio_test(a_chip_label_borne_by_two_chips_is_a_fault_that_names_both),
		gpio_test(a_chip_is_found_by_its_label_its_name_or_its_path),
		gpio_test(a_link_beside_the_chip_is_not_a_second_chip),
		gpio_test(a_line_that_bears_another_name_than_configured_is_refused),
		gpio_test(an_offset_beyond_the_chip_is_a_fault),
		gpio_test(a_missing_chip_is_a_fault_of_the_whole_device),
		gpio_test(no_chip_at_all_is_a_fault_too),
		gpio_test(a_chip_that_may_not_be_opened_is_named_and_does_not_hide_others),
		gpio_test(a_busy_line_names_its_holder_and_leaves_the_others_working),
		gpio_test(a_device_of_busy_lines_only_does_not_open),
		gpio_test(a_busy_line_is_said_once_and_taken_when_it_becomes_free),
		gpio_test(a_line_that_gives_no_edges_says_what_to_set),
		gpio_test(a_line_that_cannot_be_read_is_given_back),
		gpio_test(bias_edges_and_active_low_reach_the_line),
		gpio_test(a_vanished_chip_is_found_again_under_another_number),
		gpio_test(a_chip_that_vanished_alone_leaves_the_lines_of_others),
		gpio_test(what_no_table_can_check_is_refused_with_the_cure),
		gpio_test(one_line_for_two_points_is_refused),
		gpio_test(one_line_by_name_and_by_offset_is_a_fault_of_the_second_point),
		gpio_test(a_bad_device_block_is_refused),
		gpio_test(bias_has_no_default),
		gpio_test(close_takes_what_was_never_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
