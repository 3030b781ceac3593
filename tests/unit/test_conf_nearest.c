#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/nearest.h"

/* Words by blanks; NULL: none is near. */
static void check(const char *said, const char *right, bool few, const char *meant)
{
	struct conf_nearest nearest = {.word = said, .patience = &(size_t){1000000}, .few = few};
	char words[200], *rest = words, *word;

	strcpy(words, right);
	while ((word = strsep(&rest, " ")) != NULL)
		assert_true(conf_nearest_offer(&nearest, word));
	if (meant == NULL) {
		assert_null(conf_nearest_word(&nearest));
		assert_string_equal(conf_nearest_hint(&nearest), "");
		return;
	}
	assert_non_null(conf_nearest_word(&nearest));
	assert_string_equal(conf_nearest_word(&nearest), meant);
	assert_non_null(strstr(conf_nearest_hint(&nearest), meant));
}

static void a_typing_error_is_seen_through(void **state)
{
	(void)state;
	check("qouta", "path quota keep", false, "quota");
	check("QUOTA", "path quota keep", false, "quota");
	check("quoat", "path quota keep", false, "quota");
	check("qta", "path quota keep", false, NULL);
	check("idd", "id name", false, "id");
	check("x", "a b c", false, NULL);
	check("", "a b c", false, NULL);
}

static void the_nearest_of_several_is_taken(void **state)
{
	(void)state;
	check("retry_mix", "retry_max retry_min", false, "retry_max");
	check("retry_minn", "retry_max retry_min", false, "retry_min");
	check("point_1", "point-1 point-11", false, "point-1");
}

static void a_word_may_be_cut_or_have_something_hung_on(void **state)
{
	(void)state;
	check("chatter", "map chatter_window", false, "chatter_window");
	check("baudrate", "port baud parity", false, "baud");
	check("ma", "port map", false, "map");
	check("m", "port map", false, NULL);
}

static void among_few_an_initial_will_do_if_only_one_has_it(void **state)
{
	(void)state;
	check("E", "none even odd", true, "even");
	check("ho", "holding input coil", true, "holding");
	check("u", "u16 u32 s16", true, NULL);
	check("E", "none even odd", false, NULL);
}

static void what_others_say_for_it_is_known(void **state)
{
	(void)state;
	check("in", "entry exit both", true, "entry");
	check("нет", "none even odd", true, "none");
	check("нет", "false true no yes off on", true, "no");
	check("Float32", "u16 f32 f64", true, "f32");
}

static void the_patience_ends(void **state)
{
	size_t patience = 10000, offers = 0;
	struct conf_nearest nearest = {.word = "bus-7", .patience = &patience};

	(void)state;
	while (conf_nearest_offer(&nearest, "bus-8"))
		offers++;
	assert_true(offers > 10 && offers < 1000);
	assert_string_equal(conf_nearest_word(&nearest), "bus-8");
}

static void words_beyond_all_measure_are_not_compared(void **state)
{
	char said[200];

	(void)state;
	memset(said, 'a', sizeof(said) - 1);
	said[sizeof(said) - 1] = '\0';
	check(said, said, false, NULL);
	said[64] = '\0';
	check(said, said, false, said);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_typing_error_is_seen_through),
		cmocka_unit_test(the_nearest_of_several_is_taken),
		cmocka_unit_test(a_word_may_be_cut_or_have_something_hung_on),
		cmocka_unit_test(among_few_an_initial_will_do_if_only_one_has_it),
		cmocka_unit_test(what_others_say_for_it_is_known),
		cmocka_unit_test(the_patience_ends),
		cmocka_unit_test(words_beyond_all_measure_are_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
