/* What two configurations have in common, and what can only be set up once. */
#include "config_good.h"

#include "config/difference.h"

#define BUS(name) "bus \"" name "\" { driver = modbus-tcp host = \"" name "\" }\n"
#define ON(name, bus, at)                                                                  \
	"device \"" name "\" { bus = \"" bus "\" unit = 1 address_base = 0\n"              \
	"    point \"id\" { table = holding address = " at " type = string length = 4 }\n" \
	"    point \"n\" { table = holding address = 9 } }\n"
#define METER(name, point) "meter \"" name "\" { value = \"" point "\" }\n"
#define LANE(name, seal)   "lane \"" name "\" { direction = entry seal \"reader\" { " seal " } }\n"

struct pair {
	struct folder folder;
	struct config *old, *next;
	struct config_same same;
};

static void compare(struct pair *pair, const char *old, const char *next)
{
	folder_open(&pair->folder);
	folder_write(&pair->folder, "old.conf", old);
	folder_write(&pair->folder, "next.conf", next);
	pair->old = load_good(&pair->folder, "old.conf");
	pair->next = load_good(&pair->folder, "next.conf");
	assert_int_equal(config_compare(pair->old, pair->next, &pair->same), 0);
}

static void end(struct pair *pair)
{
	config_same_free(&pair->same);
	config_free(pair->old);
	config_free(pair->next);
	folder_close(&pair->folder);
}

static void what_says_the_same_is_the_same_wherever_it_stands(void **state)
{
	struct pair pair;

	(void)state;
	compare(&pair,
		SITE BUS("a") ON("x", "a", "1") BUS("b") ON("y", "b", "1") METER("m", "y.n")
			METER("k", "x.n"),
		SITE METER("k", "x.n") "# moved\n" BUS("b") BUS("a") ON("y", "b", "1")
			ON("x", "a", "1") METER("m", "y.n"));
	assert_int_equal(pair.same.buses[0], 1);
	assert_int_equal(pair.same.buses[1], 0);
	assert_int_equal(pair.same.devices[0], 1);
	assert_int_equal(pair.same.points[0], 2);
	assert_int_equal(pair.same.points[3], 1);
	assert_int_equal(pair.same.units[0], 1);
	assert_int_equal(pair.same.units[1], 0);
	end(&pair);
}

static void a_bus_is_new_with_any_of_its_devices_and_what_hangs_on_them_too(void **state)
{
	struct pair pair;

	(void)state;
	compare(&pair,
		SITE BUS("a") ON("x", "a", "1") BUS("b") ON("y", "b", "1") METER("k", "x.n")
			METER("m", "y.n"),
		SITE BUS("a") ON("x", "a", "2") BUS("b") ON("y", "b", "1") METER("k", "x.n")
			METER("m", "y.n"));
	assert_int_equal(pair.same.buses[0], CONFIG_NEW);
	assert_int_equal(pair.same.devices[0], CONFIG_NEW);
	assert_int_equal(pair.same.points[1], CONFIG_NEW);
	assert_int_equal(pair.same.units[0], CONFIG_NEW);
	assert_int_equal(pair.same.buses[1], 1);
	assert_int_equal(pair.same.units[1], 1);
	end(&pair);
}

/* A number that is looked at twice is passed on once more by its bus. */
static void what_a_point_is_used_as_counts_as_its_own(void **state)
{
	struct pair pair;

	(void)state;
	compare(&pair, SITE BUS("a") ON("x", "a", "1"),
		SITE BUS("a") ON("x", "a", "1") LANE("l", "id = \"x.id\""));
	assert_int_equal(pair.same.buses[0], CONFIG_NEW);
	end(&pair);
	compare(&pair, SITE BUS("a") ON("x", "a", "1") LANE("l", "id = \"x.id\""),
		SITE BUS("a") ON("x", "a", "1") LANE("l", "id = \"x.id\"") METER("k", "x.n"));
	assert_int_equal(pair.same.buses[0], 0);
	assert_int_equal(pair.same.units[0], 0);
	assert_int_equal(pair.same.units[1], CONFIG_NEW);
	end(&pair);
}

#define IO_OF(chip, points) "device \"io\" { driver = gpio chip = \"" chip "\"\n" points "}\n"
#define IO(points)	    IO_OF("c", points)
#define LINE(name, more)    "    point \"" name "\" { line = \"" name "\" bias = disabled " more " }\n"
#define CONTACT(name)	    "contact \"" name "\" { input = \"io." name "\" }\n"

static void lines_of_a_chip_that_say_the_same_are_the_same_beside_others(void **state)
{
	struct pair pair;

	(void)state;
	compare(&pair, SITE IO(LINE("a", "") LINE("b", "") LINE("c", "")) CONTACT("a") CONTACT("c"),
		SITE IO(LINE("new", "") LINE("a", "") LINE("c", "debounce = 9ms")) CONTACT("a")
			CONTACT("c"));
	assert_int_equal(pair.same.buses[0], CONFIG_NEW);
	assert_int_equal(pair.same.heirs[0], 0);
	assert_int_equal(pair.same.devices[0], 0);
	assert_int_equal(pair.same.points[0], CONFIG_NEW);
	assert_int_equal(pair.same.points[1], 0);
	assert_int_equal(pair.same.points[2], CONFIG_NEW);
	assert_int_equal(pair.same.units[0], 0);
	assert_int_equal(pair.same.units[1], CONFIG_NEW);
	end(&pair);
}

static void a_device_whose_own_options_differ_keeps_lines_of_the_same_chip(void **state)
{
	struct pair pair;

	(void)state;
	compare(&pair, SITE IO(LINE("a", "")), SITE IO("recheck = 1s\n" LINE("a", "")));
	assert_int_equal(pair.same.buses[0], CONFIG_NEW);
	assert_int_equal(pair.same.heirs[0], 0);
	assert_int_equal(pair.same.devices[0], 0);
	assert_int_equal(pair.same.points[0], 0);
	end(&pair);
	compare(&pair, SITE IO(LINE("a", "")), SITE IO(LINE("a", "")));
	assert_int_equal(pair.same.buses[0], 0);
	assert_int_equal(pair.same.heirs[0], CONFIG_NEW);
	end(&pair);
}

static void lines_of_another_chip_or_consumer_have_no_heir(void **state)
{
	struct pair pair;

	(void)state;
	compare(&pair, SITE IO(LINE("a", "")), SITE IO("consumer = \"me\"\n" LINE("a", "")));
	assert_int_equal(pair.same.heirs[0], CONFIG_NEW);
	assert_int_equal(pair.same.points[0], CONFIG_NEW);
	end(&pair);
	compare(&pair, SITE IO(LINE("a", "")), SITE IO_OF("d", LINE("a", "")));
	assert_int_equal(pair.same.heirs[0], CONFIG_NEW);
	assert_int_equal(pair.same.devices[0], CONFIG_NEW);
	end(&pair);
}

static bool needs_restart(struct pair *pair, char **ret_told)
{
	size_t bytes;
	FILE *out = open_memstream(ret_told, &bytes);
	bool needs = config_needs_restart(pair->old, pair->next, out);

	fclose(out);
	return needs;
}

static void what_is_set_up_once_is_named_and_nothing_else(void **state)
{
	struct pair pair;
	char *told;

	(void)state;
	compare(&pair, SITE "registry { }\n", SITE "journal { keep = 9d }\n");
	assert_true(needs_restart(&pair, &told));
	assert_non_null(strstr(told, "journal: keep is another"));
	assert_non_null(strstr(told, "registry: "));
	assert_null(strstr(told, "checkpoint"));
	assert_null(strstr(told, "journal: quota"));
	free(told);
	end(&pair);
	compare(&pair, SITE, SITE BUS("a") ON("x", "a", "1"));
	assert_false(needs_restart(&pair, &told));
	assert_string_equal(told, "");
	free(told);
	end(&pair);
}

static void the_hash_is_of_what_is_said_and_not_of_how(void **state)
{
	char old[CONFIG_HASH_BYTES], next[CONFIG_HASH_BYTES];
	struct pair pair;

	(void)state;
	compare(&pair, SITE BUS("a") ON("x", "a", "1"),
		"# the same\n" SITE BUS("a") ON("x", "a", "1"));
	assert_int_equal(config_hash(pair.old, old), 0);
	assert_int_equal(config_hash(pair.next, next), 0);
	assert_string_equal(old, next);
	end(&pair);
	compare(&pair, SITE BUS("a") ON("x", "a", "1"), SITE BUS("a") ON("x", "a", "2"));
	assert_int_equal(config_hash(pair.next, next), 0);
	assert_string_not_equal(old, next);
	end(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_says_the_same_is_the_same_wherever_it_stands),
		cmocka_unit_test(a_bus_is_new_with_any_of_its_devices_and_what_hangs_on_them_too),
		cmocka_unit_test(what_a_point_is_used_as_counts_as_its_own),
		cmocka_unit_test(lines_of_a_chip_that_say_the_same_are_the_same_beside_others),
		cmocka_unit_test(a_device_whose_own_options_differ_keeps_lines_of_the_same_chip),
		cmocka_unit_test(lines_of_another_chip_or_consumer_have_no_heir),
		cmocka_unit_test(what_is_set_up_once_is_named_and_nothing_else),
		cmocka_unit_test(the_hash_is_of_what_is_said_and_not_of_how),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
