#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transit/json.h"
#include "transit/reading.h"

static void members_come_in_the_order_of_the_calls(void **state)
{
	char out[256];
	struct json json;

	(void)state;
	json_start(&json, out, sizeof(out));
	json_open(&json, NULL);
	json_text(&json, "a", "x");
	json_open(&json, "b");
	json_close(&json);
	json_open_array(&json, "c");
	json_int(&json, NULL, -1);
	json_uint(&json, NULL, UINT64_MAX);
	json_close_array(&json);
	json_bool(&json, "d", true);
	json_text(&json, "e", NULL);
	json_close(&json);
	assert_true(json_ok(&json));
	assert_string_equal(
		out,
		"{\"a\":\"x\",\"b\":{},\"c\":[-1,18446744073709551615],\"d\":true,\"e\":null}");
	assert_int_equal(json.bytes, strlen(out));
}

static void text_is_escaped(void **state)
{
	char out[64];
	struct json json;

	(void)state;
	json_start(&json, out, sizeof(out));
	json_text(&json, NULL, "q\"b\\n\nt\tc\x01 \x7f é");
	assert_string_equal(out, "\"q\\\"b\\\\n\\nt\\tc\\u0001 \\u007f é\"");
}

static void overflow_is_remembered_and_never_writes_past_the_end(void **state)
{
	char out[9] = "........";
	struct json json;

	(void)state;
	json_start(&json, out, 8);
	json_text(&json, "abc", "defgh");
	json_int(&json, "x", 1);
	assert_false(json_ok(&json));
	assert_int_equal(out[8], '\0');
	assert_true(strlen(out) < 8);
}

static void an_exact_fit_is_no_overflow(void **state)
{
	char out[4];
	struct json json;

	(void)state;
	json_start(&json, out, sizeof(out));
	json_int(&json, NULL, 123);
	assert_true(json_ok(&json));
	assert_string_equal(out, "123");
}

static void a_real_reads_back_equal(void **state)
{
	static const double reals[] = {0,    0.1,     -2.5,    1e-7,   1.0 / 3,
				       1e22, DBL_MAX, DBL_MIN, 100000, 12345678.9};
	char out[64];
	struct json json;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
		json_start(&json, out, sizeof(out));
		json_double(&json, NULL, reals[i]);
		assert_true(strtod(out, NULL) <= reals[i] && strtod(out, NULL) >= reals[i]);
	}
	json_start(&json, out, sizeof(out));
	json_double(&json, NULL, 0.1);
	assert_string_equal(out, "0.1");
}

static void times_are_rfc_3339_in_utc(void **state)
{
	char out[64];
	struct json json;

	(void)state;
	json_start(&json, out, sizeof(out));
	json_utc(&json, NULL, INT64_C(1795458600123456789));
	assert_string_equal(out, "\"2026-11-23T18:30:00.123456Z\"");
	json_start(&json, out, sizeof(out));
	json_utc(&json, NULL, -1);
	assert_string_equal(out, "\"1969-12-31T23:59:59.999999Z\"");
}

static void a_value_is_written_by_its_type(void **state)
{
	char out[128];
	struct json json;
	struct value none = {.type = VALUE_NONE};
	struct value text = value_text("A\x01\xff");
	struct value real = value_real(1.5);
	struct value big = value_uint(UINT64_MAX);

	(void)state;
	json_start(&json, out, sizeof(out));
	json_open_array(&json, NULL);
	json_value(&json, NULL, &none);
	json_value(&json, NULL, &text);
	json_value(&json, NULL, &real);
	json_value(&json, NULL, &big);
	json_close_array(&json);
	assert_string_equal(out, "[null,\"A??\",1.5,18446744073709551615]");
}

static void foreign_text_becomes_printable_utf8(void **state)
{
	(void)state;
	assert_string_equal(value_text("Tbilisi თბილისი").text, "Tbilisi თბილისი");
	assert_string_equal(value_text("\xc0\xaf").text, "??"); /* over-long */
	assert_string_equal(value_text("\xed\xa0\x80").text, "???"); /* surrogate */
	assert_string_equal(value_text("\xf4\x90\x80\x80").text, "????"); /* beyond U+10FFFF */
	assert_string_equal(value_text("\xe2\x82").text, "??"); /* cut */
	assert_string_equal(value_text("\xc2\x85").text, "??"); /* C1 control */
}

static void long_text_is_cut_between_characters(void **state)
{
	char text[80];
	struct value value;

	(void)state;
	memset(text, 'a', sizeof(text));
	strcpy(text + VALUE_TEXT_BYTES - 2, "é and more");
	value = value_text(text);
	assert_int_equal(strlen(value.text), VALUE_TEXT_BYTES - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_in_the_order_of_the_calls),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(overflow_is_remembered_and_never_writes_past_the_end),
		cmocka_unit_test(an_exact_fit_is_no_overflow),
		cmocka_unit_test(a_real_reads_back_equal),
		cmocka_unit_test(times_are_rfc_3339_in_utc),
		cmocka_unit_test(a_value_is_written_by_its_type),
		cmocka_unit_test(foreign_text_becomes_printable_utf8),
		cmocka_unit_test(long_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
