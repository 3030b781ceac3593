/* Finding and holding GPIO lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../fake/gpio_lines.h"

#define glob	 fake_glob
#define globfree fake_globfree
#include "../../drivers/gpio_find.c"

#define assert_says(text, part) assert_non_null(strstr((text), (part)))

static struct fake_device device;
static struct fake_line *const up = &world.chip[1].line[3];
static struct fake_line *const down = &world.chip[1].line[4];
static struct fake_line *const power = &world.chip[0].line[0];

static char *text(const char *literal)
{
	return (char *)(uintptr_t)literal;
}

static int setup(void **state)
{
	(void)state;
	fake_start(&device);
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

static void lines_are_found_by_name_over_all_chips(void **state)
{
	(void)state;
	up->high = true;
	fake_point(&device, "lane1-up");
	fake_point(&device, "power-ok");
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.readings, 2);
	assert_string_equal(up->holder, "corridord");
	assert_string_equal(power->holder, "corridord");
	assert_int_equal(world.faults, 0);
}

static void lines_of_one_chip_are_requested_together(void **state)
{
	(void)state;
	fake_point(&device, "lane1-up");
	fake_point(&device, "lane1-down");
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.requests, 1);
}

static void a_line_name_on_two_chips_is_a_fault_that_names_both(void **state)
{
	(void)state;
	world.chip[0].line[5].name = "lane1-up";
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_int_equal(world.fault[0].point, 0);
	assert_int_equal(world.fault[0].reason, REASON_LINE_GONE);
	assert_says(world.fault[0].what, "ambiguous");
	assert_says(world.fault[0].what, "gpiochip0 line 5");
	assert_says(world.fault[0].what, "gpiochip1 line 3");
	assert_int_equal(world.fault[1].point, DRIVER_ALL);
}

static void a_line_name_twice_on_the_chip_is_told_apart_by_its_offset(void **state)
{
	(void)state;
	world.chip[1].line[5].name = "lane1-up";
	device.conf.chip = text("lane1-rig");
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_says(world.fault[0].what, "give its offset too");
	gpio_driver.close(device.instance);

	device.point[0].offset = 5;
	assert_int_equal(fake_open(&device), 0);
	assert_non_null(world.chip[1].line[5].holder);
	assert_null(up->holder);
}

static void a_chip_label_borne_by_two_chips_is_a_fault_that_names_both(void **state)
{
	(void)state;
	world.chip[0].label = "lane1-rig";
	device.conf.chip = text("lane1-rig");
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_says(world.fault[0].what, "both gpiochip0 and gpiochip1");
}

static void a_chip_is_found_by_its_label_its_name_or_its_path(void **state)
{
	static const char *const spec[] = {"lane1-rig", "gpiochip1", "/dev/gpiochip1"};

	(void)state;
	fake_point(&device, NULL)->offset = 3;
	for (size_t i = 0; i < 3; i++) {
		device.conf.chip = text(spec[i]);
		assert_int_equal(fake_open(&device), 0);
		assert_non_null(up->holder);
		gpio_driver.close(device.instance);
		assert_null(up->holder);
	}
}

static void a_link_beside_the_chip_is_not_a_second_chip(void **state)
{
	(void)state;
	world.path[2] = "/dev/gpiochip-link";
	device.conf.chip = text("soc");
	fake_point(&device, "power-ok");
	assert_int_equal(fake_open(&device), 0);
}

static void a_line_that_bears_another_name_than_configured_is_refused(void **state)
{
	(void)state;
	device.conf.chip = text("lane1-rig");
	fake_point(&device, "lane1-up")->offset = 4;
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_says(world.fault[0].what, "line 4 is called \"lane1-down\", not \"lane1-up\"");
}

static void an_offset_beyond_the_chip_is_a_fault(void **state)
{
	(void)state;
	device.conf.chip = text("lane1-rig");
	fake_point(&device, NULL)->offset = 8;
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_says(world.fault[0].what, "lines 0 to 7, not 8");
}

static void a_missing_chip_is_a_fault_of_the_whole_device(void **state)
{
	(void)state;
	device.conf.chip = text("lane2-rig");
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_int_equal(world.fault[world.faults - 1].point, DRIVER_ALL);
	assert_int_equal(world.fault[world.faults - 1].reason, REASON_LINE_GONE);
	assert_says(world.fault[world.faults - 1].what, "no GPIO chip \"lane2-rig\"");
}

static void no_chip_at_all_is_a_fault_too(void **state)
{
	(void)state;
	memset(world.path, 0, sizeof(world.path));
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_says(world.fault[0].what, "no GPIO line \"lane1-up\"");
}

static void a_chip_that_may_not_be_opened_is_named_and_does_not_hide_others(void **state)
{
	(void)state;
	world.chip[0].denied = -EACCES;
	fake_point(&device, "lane1-up");
	fake_point(&device, "power-ok");
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.readings, 1);
	assert_int_equal(world.faults, 1);
	assert_int_equal(world.fault[0].point, 1);
	assert_says(world.fault[0].what, "/dev/gpiochip0: Permission denied");
	assert_says(world.fault[0].what, "group");
}

static void a_busy_line_names_its_holder_and_leaves_the_others_working(void **state)
{
	(void)state;
	up->holder = "relayd";
	fake_point(&device, "lane1-up");
	fake_point(&device, "lane1-down");
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.faults, 1);
	assert_int_equal(world.fault[0].point, 0);
	assert_int_equal(world.fault[0].reason, REASON_LINE_BUSY);
	assert_says(world.fault[0].what, "gpiochip1 line 3 lane1-up is held by \"relayd\"");
	assert_int_equal(world.readings, 1);
	assert_int_equal(world.reading[0].point, 1);
}

static void a_device_of_busy_lines_only_does_not_open(void **state)
{
	(void)state;
	up->holder = "relayd";
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -EBUSY);
	assert_int_equal(world.fault[world.faults - 1].point, DRIVER_ALL);
	assert_int_equal(world.fault[world.faults - 1].reason, REASON_LINE_BUSY);
}

static void a_busy_line_is_said_once_and_taken_when_it_becomes_free(void **state)
{
	(void)state;
	up->holder = "relayd";
	fake_point(&device, "lane1-up");
	fake_point(&device, "lane1-down");
	assert_int_equal(fake_open(&device), 0);
	fake_forget();

	world.now_ns += 6 * NS_PER_S;
	assert_int_equal(fake_read(&device), 0);
	assert_int_equal(world.faults, 0);
	assert_int_equal(world.readings, 0);

	up->holder = NULL;
	up->high = true;
	world.now_ns += 6 * NS_PER_S;
	assert_int_equal(fake_read(&device), 0);
	assert_int_equal(world.readings, 1);
	assert_int_equal(world.reading[0].point, 0);
	assert_true(world.reading[0].level);
}

static void a_line_that_gives_no_edges_says_what_to_set(void **state)
{
	(void)state;
	up->refuses = -ENXIO;
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), -ENODEV);
	assert_int_equal(world.fault[0].reason, REASON_REFUSED);
	assert_says(world.fault[0].what, "edges = \"none\"");
}

static void a_line_that_cannot_be_read_is_given_back(void **state)
{
	(void)state;
	up->level_fails = -EIO;
	fake_point(&device, "lane1-up");
	fake_point(&device, "lane1-down");
	assert_int_equal(fake_open(&device), 0);
	assert_null(up->holder);
	assert_non_null(down->holder);
	assert_int_equal(world.fault[0].point, 0);
}

static void bias_edges_and_active_low_reach_the_line(void **state)
{
	struct gpio_point_conf *point = fake_point(&device, "lane1-up");

	(void)state;
	world.can_debounce = true;
	device.conf.consumer = text("lane-one");
	point->bias = GPIO_BIAS_PULL_UP;
	point->edges = GPIO_EDGES_FALLING;
	point->active_low = true;
	point->kernel_debounce_ns = 5 * NS_PER_MS;
	assert_int_equal(fake_open(&device), 0);
	assert_string_equal(world.consumer, "lane-one");
	assert_int_equal(up->want.bias, GPIO_BIAS_PULL_UP);
	assert_int_equal(up->want.edges, GPIO_EDGES_FALLING);
	assert_int_equal(up->want.debounce_ns, 5 * NS_PER_MS);
	assert_true(up->want.active_low);
}

static void a_vanished_chip_is_found_again_under_another_number(void **state)
{
	(void)state;
	device.conf.chip = text("lane1-rig");
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_open(&device), 0);
	fake_forget();

	world.chip[1].gone = true;
	world.path[1] = NULL;
	assert_int_equal(fake_read(&device), -ENODEV);
	assert_int_equal(world.fault[0].point, DRIVER_ALL);
	assert_int_equal(world.fault[0].reason, REASON_LINE_GONE);
	gpio_driver.close(device.instance);
	assert_int_equal(fake_open(&device), -ENODEV);
	gpio_driver.close(device.instance);

	world.chip[2] = (struct gpio_chip){
		.path = "/dev/gpiochip7", .name = "gpiochip7", .label = "lane1-rig"};
	world.chip[2].line[3] = (struct fake_line){.name = "lane1-up", .high = true};
	world.path[1] = "/dev/gpiochip7";
	fake_forget();
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.readings, 1);
	assert_true(world.reading[0].level);
}

static void a_chip_that_vanished_alone_leaves_the_lines_of_others(void **state)
{
	(void)state;
	fake_point(&device, "lane1-up");
	fake_point(&device, "power-ok");
	assert_int_equal(fake_open(&device), 0);
	world.chip[1].gone = true;
	world.path[1] = NULL;
	assert_int_equal(fake_read(&device), -ENODEV);
	gpio_driver.close(device.instance);
	fake_forget();
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.readings, 1);
	assert_int_equal(world.reading[0].point, 1);
	assert_int_equal(world.fault[0].point, 0);
}

struct bad_point {
	const char *line;
	int64_t offset;
	const char *chip;
	int edges;
	int64_t debounce_ns;
	const char *says;
};

static void what_no_table_can_check_is_refused_with_the_cure(void **state)
{
	static const struct bad_point bad[] = {
		{NULL, -1, NULL, 0, 0, "expected line"},
		{NULL, 3, NULL, 0, 0, "offset without a chip"},
		{"", -1, NULL, 0, 0, "line is empty"},
		{"a-name-of-more-than-31-characters", -1, NULL, 0, 0, "at most 31"},
		{"lane1-up", -1, NULL, GPIO_EDGES_NONE, 0, "expected a recheck"},
		{"lane1-up", -1, NULL, 0, NS_PER_MS, "needs libgpiod 2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gpio_point_conf *point;

		fake_start(&device);
		point = fake_point(&device, bad[i].line);
		point->offset = bad[i].offset;
		point->edges = bad[i].edges;
		point->kernel_debounce_ns = bad[i].debounce_ns;
		device.conf.chip = text(bad[i].chip);
		assert_int_equal(fake_new(&device), -EINVAL);
		assert_int_equal(device.complaint.point, 0);
		assert_says(device.complaint.what, bad[i].says);
	}
}

static void one_line_for_two_points_is_refused(void **state)
{
	(void)state;
	fake_point(&device, "lane1-up");
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_new(&device), -EINVAL);
	assert_int_equal(device.complaint.point, 1);
}

static void one_line_by_name_and_by_offset_is_a_fault_of_the_second_point(void **state)
{
	(void)state;
	device.conf.chip = text("lane1-rig");
	fake_point(&device, "lane1-up");
	fake_point(&device, NULL)->offset = 3;
	assert_int_equal(fake_open(&device), 0);
	assert_int_equal(world.faults, 1);
	assert_int_equal(world.fault[0].point, 1);
	assert_says(world.fault[0].what, "gpiochip1 line 3 is point \"lane1-up\" already");
}

static void a_bad_device_block_is_refused(void **state)
{
	(void)state;
	assert_int_equal(fake_new(&device), -EINVAL);
	assert_says(device.complaint.what, "no points");
	fake_point(&device, "lane1-up");
	device.conf.recheck_ns = NS_PER_MS;
	assert_int_equal(fake_new(&device), -EINVAL);
	assert_says(device.complaint.what, "10ms");
	device.conf.recheck_ns = 0;
	device.conf.consumer = text("a name of more than 31 characters");
	assert_int_equal(fake_new(&device), -EINVAL);
	assert_says(device.complaint.what, "consumer");
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
	(void)state;
	fake_point(&device, "lane1-up");
	assert_int_equal(fake_new(&device), 0);
	gpio_driver.close(device.instance);
	gpio_driver.close(device.instance);
	gpio_driver.free_(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_found_by_name_over_all_chips),
		TEST(lines_of_one_chip_are_requested_together),
		TEST(a_line_name_on_two_chips_is_a_fault_that_names_both),
		TEST(a_line_name_twice_on_the_chip_is_told_apart_by_its_offset),
		TEST(a_chip_label_borne_by_two_chips_is_a_fault_that_names_both),
		TEST(a_chip_is_found_by_its_label_its_name_or_its_path),
		TEST(a_link_beside_the_chip_is_not_a_second_chip),
		TEST(a_line_that_bears_another_name_than_configured_is_refused),
		TEST(an_offset_beyond_the_chip_is_a_fault),
		TEST(a_missing_chip_is_a_fault_of_the_whole_device),
		TEST(no_chip_at_all_is_a_fault_too),
		TEST(a_chip_that_may_not_be_opened_is_named_and_does_not_hide_others),
		TEST(a_busy_line_names_its_holder_and_leaves_the_others_working),
		TEST(a_device_of_busy_lines_only_does_not_open),
		TEST(a_busy_line_is_said_once_and_taken_when_it_becomes_free),
		TEST(a_line_that_gives_no_edges_says_what_to_set),
		TEST(a_line_that_cannot_be_read_is_given_back),
		TEST(bias_edges_and_active_low_reach_the_line),
		TEST(a_vanished_chip_is_found_again_under_another_number),
		TEST(a_chip_that_vanished_alone_leaves_the_lines_of_others),
		TEST(what_no_table_can_check_is_refused_with_the_cure),
		TEST(one_line_for_two_points_is_refused),
		TEST(one_line_by_name_and_by_offset_is_a_fault_of_the_second_point),
		TEST(a_bad_device_block_is_refused),
		TEST(bias_has_no_default),
		TEST(close_takes_what_was_never_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
