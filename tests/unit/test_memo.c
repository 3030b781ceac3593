#include "rig/unit.h"

#include "transit/event/memo.h"

static void fields_come_back_as_they_were(void **state)
{
	char text[256], word[64], empty[64] = "x", odd[64];
	struct memo_reader reader;
	struct memo memo;

	(void)state;
	memo_start(&memo, text, sizeof(text));
	memo_int(&memo, INT64_MIN);
	memo_text(&memo, "entry-1");
	memo_text(&memo, NULL);
	memo_text(&memo, "a b%\n\x7F \xC3\xA9");
	memo_int(&memo, 7);
	assert_true(memo_ok(&memo));
	assert_string_equal(text, "-9223372036854775808 entry-1 % a%20b%25%0A%7F%20\xC3\xA9 7");
	memo_read(&reader, text);
	assert_int_equal(memo_take(&reader, INT64_MIN, 0), INT64_MIN);
	memo_take_text(&reader, word, sizeof(word));
	memo_take_text(&reader, empty, sizeof(empty));
	memo_take_text(&reader, odd, sizeof(odd));
	assert_true(memo_more(&reader));
	assert_int_equal(memo_take(&reader, 0, 7), 7);
	assert_true(memo_end(&reader));
	assert_false(memo_more(&reader));
	assert_string_equal(word, "entry-1");
	assert_string_equal(empty, "");
	assert_string_equal(odd, "a b%\n\x7F \xC3\xA9");
}

static void what_does_not_fit_is_remembered_and_the_text_stays_whole(void **state)
{
	char text[8];
	struct memo memo;

	(void)state;
	memo_start(&memo, text, sizeof(text));
	memo_text(&memo, "abc");
	memo_int(&memo, 123456);
	memo_text(&memo, "d");
	assert_false(memo_ok(&memo));
	assert_int_equal(strlen(text), memo.bytes);
}

static void nothing_is_written_beyond_its_end(void **state)
{
	char text[8];
	struct memo memo;

	(void)state;
	memset(text, '#', sizeof(text));
	memo_start(&memo, text, 4);
	memo_text(&memo, "abcd");
	assert_false(memo_ok(&memo));
	assert_memory_equal(text + 4, "####", 4);
}

static void nonsense_is_bad_and_never_read_beyond(void **state)
{
	static const char *const numbers[] = {"",  "x", "1x", "8", "-1", "99999999999999999999",
					      " 1"};
	static const char *const texts[] = {"", "%2", "%GG", "%00", "abcdefgh", "a%", " "};
	struct memo_reader reader;
	char out[8];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(numbers); i++) {
		memo_read(&reader, numbers[i]);
		assert_int_equal(memo_take(&reader, 0, 7), 0);
		assert_false(memo_end(&reader));
	}
	for (i = 0; i < COUNT(texts); i++) {
		memo_read(&reader, texts[i]);
		memo_take_text(&reader, out, sizeof(out));
		assert_string_equal(out, "");
		assert_false(memo_end(&reader));
	}
	memo_read(&reader, "1 2");
	assert_int_equal(memo_take(&reader, 0, 7), 1);
	assert_false(memo_end(&reader));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_back_as_they_were),
		cmocka_unit_test(what_does_not_fit_is_remembered_and_the_text_stays_whole),
		cmocka_unit_test(nothing_is_written_beyond_its_end),
		cmocka_unit_test(nonsense_is_bad_and_never_read_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
