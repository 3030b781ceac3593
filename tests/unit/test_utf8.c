/* Which characters a text from outside may have. */
#include "rig/unit.h"

#include "base/utf8.h"

static void letters_of_all_lengths_are_printable(void **state)
{
	(void)state;
	assert_int_equal(utf8_character(" "), 1);
	assert_int_equal(utf8_character("~"), 1);
	assert_int_equal(utf8_character("\u00a0"), 2);
	assert_int_equal(utf8_character("\u07ff"), 2);
	assert_int_equal(utf8_character("\u0800"), 3);
	assert_int_equal(utf8_character("\xed\x9f\xbf"), 3);
	assert_int_equal(utf8_character("\ue000"), 3);
	assert_int_equal(utf8_character("\U00010000"), 4);
	assert_int_equal(utf8_character("\U0010ffff"), 4);
	assert_true(utf8_is_printable("Tbilisi თბილისი"));
	assert_true(utf8_is_printable(""));
}

static void controls_are_not(void **state)
{
	static const char *const controls[] = {
		"\x01", "\t", "\n", "\r", "\x1f", "\x7f", "\xc2\x80", "\xc2\x85", "\xc2\x9f",
	};

	(void)state;
	assert_int_equal(utf8_character(""), 0);
	for (size_t i = 0; i < COUNT(controls); i++) {
		assert_int_equal(utf8_character(controls[i]), 0);
		assert_false(utf8_is_printable(controls[i]));
	}
	assert_false(utf8_is_printable("a\xc2\x85z"));
}

static void what_is_no_utf8_is_not(void **state)
{
	static const char *const wrong[] = {
		"\x80", /* a continuation without a beginning */
		"\xc0\xaf", /* over-long */
		"\xc1\xbf", /* the same */
		"\xe0\x9f\xbf", /* the same */
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc3", /* cut */
		"\xe2\x82", /* the same */
		"\xf0\x9f\x98", /* the same */
		"\xe2\x28\xa1",
		"\xf0\x9f\x98\x28",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(utf8_character(wrong[i]), 0);
}

static void a_text_is_printed_with_a_mark_for_each_byte_that_cannot_be(void **state)
{
	char out[16], text[] = "a\nb\xc2\x85";

	(void)state;
	assert_int_equal(utf8_print(out, sizeof(out), "\x1b[2J \xff\u00e9"), 8);
	assert_string_equal(out, "?[2J ?\u00e9");
	utf8_print(text, sizeof(text), text);
	assert_string_equal(text, "a?b??");
}

static void a_text_that_is_too_long_is_cut_between_two_characters(void **state)
{
	char out[6];

	(void)state;
	assert_int_equal(utf8_print(out, sizeof(out), "abcd\u00e9"), 4);
	assert_string_equal(out, "abcd");
	assert_int_equal(utf8_print(out, sizeof(out), "abc\u00e9z"), 5);
	assert_string_equal(out, "abc\u00e9");
	assert_int_equal(utf8_cut("abc\u00e9z", 4), 3);
	assert_int_equal(utf8_cut("abc\u00e9z", 5), 5);
	assert_int_equal(utf8_cut("abc\u00e9", 5), 5);
	assert_int_equal(utf8_cut("ab\xe2\x82", 4), 2);
	assert_int_equal(utf8_cut("\xe2\x82", 2), 0);
	assert_int_equal(utf8_cut("abc", 3), 3);
	assert_int_equal(utf8_cut("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_of_all_lengths_are_printable),
		cmocka_unit_test(controls_are_not),
		cmocka_unit_test(what_is_no_utf8_is_not),
		cmocka_unit_test(a_text_is_printed_with_a_mark_for_each_byte_that_cannot_be),
		cmocka_unit_test(a_text_that_is_too_long_is_cut_between_two_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
