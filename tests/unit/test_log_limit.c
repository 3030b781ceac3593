/* Lines of one kind: so many a minute, and the rest is counted. */
#include "rig/unit.h"

#include "base/log_limit.h"
#include "base/time.h"

static void ten_lines_a_minute_and_then_how_many_more(void **state)
{
	struct log_limit limit = {0};
	char words[LOG_LIMIT_WORDS_BYTES];

	(void)state;
	for (int line = 1; line < 10; line++) {
		assert_true(log_limit_allows(&limit, line, words));
		assert_string_equal(words, "");
	}
	assert_true(log_limit_allows(&limit, 10, words));
	assert_string_equal(words, " (more are not logged in this minute)");
	for (int line = 11; line <= 3000; line++)
		assert_false(log_limit_allows(&limit, line, words));
	assert_true(log_limit_allows(&limit, 61 * NS_PER_S, words));
	assert_string_equal(words, " (and 2990 more since the last line)");
	assert_true(log_limit_allows(&limit, 62 * NS_PER_S, words));
	assert_string_equal(words, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_lines_a_minute_and_then_how_many_more),
	};

	return cmocka_run_group_tests_name("log limit", tests, NULL, NULL);
}
