/* A level of a topic out of any text, and back. */
#include "rig/unit.h"

#include "base/percent.h"

static void what_a_level_cannot_have_is_escaped_and_comes_back(void **state)
{
	static const char *const pairs[][2] = {
		{"INV.0001/7", "INV%2E0001%2F7"}, {"a b+c#d%e", "a%20b%2Bc%23d%25e"},
		{"\x01\x7F", "%01%7F"},		  {"6GE204567891", "6GE204567891"},
		{"\xD0\x90", "\xD0\x90"},
	};
	char level[64], text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(percent_write(level, sizeof(level), pairs[i][0]));
		assert_string_equal(level, pairs[i][1]);
		assert_int_equal(percent_read(level, text, sizeof(text)), strlen(pairs[i][0]));
		assert_string_equal(text, pairs[i][0]);
	}
	assert_int_equal(percent_read("%2f", text, sizeof(text)), 1);
	assert_string_equal(text, "/");
}

static void nonsense_and_what_is_too_long_is_refused(void **state)
{
	static const char *const bad[] = {"", "%", "%2", "%2g", "a%G0", "%00", "12345678"};
	char text[8];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(percent_read(bad[i], text, sizeof(text)), 0);
	assert_false(percent_write(text, sizeof(text), ""));
	assert_false(percent_write(text, sizeof(text), "12345678"));
	assert_false(percent_write(text, sizeof(text), "12345/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_level_cannot_have_is_escaped_and_comes_back),
		cmocka_unit_test(nonsense_and_what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
