#include "rig/unit.h"

#include <float.h>
#include <time.h>

#include "base/json_writer.h"
#include "dice.h"
#include "transit/event/reading.h"

static void members_come_in_the_order_of_the_calls(void **state)
{
	char out[256];
	struct jw json;

	(void)state;
	jw_start(&json, out, sizeof(out));
	jw_open(&json, NULL);
	jw_text(&json, "a", "x");
	jw_open(&json, "b");
	jw_close(&json);
	jw_open_array(&json, "c");
	jw_int(&json, NULL, -1);
	jw_uint(&json, NULL, UINT64_MAX);
	jw_close_array(&json);
	jw_bool(&json, "d", true);
	jw_text(&json, "e", NULL);
	jw_close(&json);
	assert_true(jw_ok(&json));
	assert_string_equal(
		out,
		"{\"a\":\"x\",\"b\":{},\"c\":[-1,18446744073709551615],\"d\":true,\"e\":null}");
	assert_int_equal(json.bytes, strlen(out));
}

static void text_is_escaped(void **state)
{
	char out[64];
	struct jw json;

	(void)state;
	jw_start(&json, out, sizeof(out));
	jw_text(&json, NULL, "q\"b\\n\nt\tc\x01 \x7f é");
	assert_string_equal(out, "\"q\\\"b\\\\n\\nt\\tc\\u0001 \\u007f é\"");
}

static void overflow_is_remembered_and_never_writes_past_the_end(void **state)
{
	char out[9] = "........";
	struct jw json;

	(void)state;
	jw_start(&json, out, 8);
	jw_text(&json, "abc", "defgh");
	jw_int(&json, "x", 1);
	assert_false(jw_ok(&json));
	assert_int_equal(out[8], '\0');
	assert_true(strlen(out) < 8);
}

static void an_exact_fit_is_no_overflow(void **state)
{
	char out[4];
	struct jw json;

	(void)state;
	jw_start(&json, out, sizeof(out));
	jw_int(&json, NULL, 123);
	assert_true(jw_ok(&json));
	assert_string_equal(out, "123");
}

static void a_real_reads_back_equal(void **state)
{
	static const double reals[] = {0,    0.1,     -2.5,    1e-7,   1.0 / 3,
				       1e22, DBL_MAX, DBL_MIN, 100000, 12345678.9};
	char out[64];
	struct jw json;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(reals); i++) {
		jw_start(&json, out, sizeof(out));
		jw_real(&json, NULL, reals[i]);
		assert_true(strtod(out, NULL) <= reals[i] && strtod(out, NULL) >= reals[i]);
	}
	jw_start(&json, out, sizeof(out));
	jw_real(&json, NULL, 0.1);
	assert_string_equal(out, "0.1");
}

static void times_are_rfc_3339_in_utc(void **state)
{
	char out[64];
	struct jw json;

	(void)state;
	jw_start(&json, out, sizeof(out));
	jw_utc(&json, NULL, INT64_C(1795458600123456789));
	assert_string_equal(out, "\"2026-11-23T18:30:00.123456Z\"");
	jw_start(&json, out, sizeof(out));
	jw_utc(&json, NULL, -1);
	assert_string_equal(out, "\"1969-12-31T23:59:59.999999Z\"");
}

static void all_times_are_those_of_the_library(void **state)
{
	const int64_t edges[] = {INT64_MIN, INT64_MAX, 0, INT64_C(951782400) * NS_PER_S};
	struct dice dice;
	char out[64], expected[64];
	struct jw json;

	(void)state;
	if (sizeof(time_t) < 8)
		skip();
	dice_init(&dice);
	for (int i = 0; i < 20000; i++) {
		uint64_t chance = (uint64_t)roll(&dice, UINT32_MAX) << 32 | roll(&dice, UINT32_MAX);
		int64_t utc_ns = i < 4 ? edges[i] : (int64_t)(chance << 1);
		int64_t below = utc_ns % NS_PER_S;
		time_t seconds = (time_t)(utc_ns / NS_PER_S - (below < 0));
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected), "\"%Y-%m-%dT%H:%M:%S.", &tm);
		snprintf(expected + 21, 16, "%06dZ\"",
			 (int)((below < 0 ? below + NS_PER_S : below) / 1000));
		jw_start(&json, out, sizeof(out));
		jw_utc(&json, NULL, utc_ns);
		assert_string_equal(out, expected);
	}
}

/* Character by character, at each place of a word. */
static void each_character_is_escaped_wherever_it_stands(void **state)
{
	static const char specials[] = "\"\\\n\t";
	char out[128], text[24];
	struct jw json;

	(void)state;
	for (int c = 1; c < 256; c++) {
		for (size_t at = 0; at < 19; at++) {
			const char *special = strchr(specials, c);
			char one[8], expected[64];

			memset(text, 'a', 19);
			text[19] = '\0';
			text[at] = (char)c;
			if (special)
				snprintf(one, sizeof(one), "\\%c", "\"\\nt"[special - specials]);
			else
				snprintf(one, sizeof(one), c < 0x20 || c == 0x7F ? "\\u%04x" : "%c",
					 c);
			snprintf(expected, sizeof(expected), "\"%.*s%s%s\"", (int)at, text, one,
				 text + at + 1);
			jw_start(&json, out, sizeof(out));
			jw_text(&json, NULL, text);
			assert_string_equal(out, expected);
		}
	}
}

static void a_value_is_written_by_its_type(void **state)
{
	char out[128];
	struct jw json;
	struct value none = {.type = VALUE_NONE};
	struct value text = value_text("A\x01\xff");
	struct value real = value_real(1.5);
	struct value big = value_uint(UINT64_MAX);

	(void)state;
	jw_start(&json, out, sizeof(out));
	jw_open_array(&json, NULL);
	jw_value(&json, NULL, &none);
	jw_value(&json, NULL, &text);
	jw_value(&json, NULL, &real);
	jw_value(&json, NULL, &big);
	jw_close_array(&json);
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
	assert_string_equal(value_text("\u202e"
				       "1")
				    .text,
			    "???1"); /* turns the writing round */
	assert_string_equal(value_text("\u2066"
				       "1")
				    .text,
			    "???1");
	assert_string_equal(value_text("\u200b"
				       "1")
				    .text,
			    "???1"); /* has no ink */
	assert_string_equal(value_text("\ufeff"
				       "1")
				    .text,
			    "???1");
	assert_string_equal(value_text("\u00ad"
				       "1")
				    .text,
			    "??1");
	assert_string_equal(value_text("\U000e0041"
				       "1")
				    .text,
			    "????1");
	assert_string_equal(value_text("\u2013\u20ac\u00ae").text, "\u2013\u20ac\u00ae");
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
		cmocka_unit_test(all_times_are_those_of_the_library),
		cmocka_unit_test(each_character_is_escaped_wherever_it_stands),
		cmocka_unit_test(a_value_is_written_by_its_type),
		cmocka_unit_test(foreign_text_becomes_printable_utf8),
		cmocka_unit_test(long_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
