/* The line format of traces: what people write, what the recorder writes back. */
#include "rig/unit.h"

#include "transit/event/trace.h"

static struct trace_entry parsed(struct trace *trace, const char *line)
{
	struct trace_entry entry;
	int err = trace_parse(trace, line, strlen(line), &entry);

	if (err != 1)
		print_error("%s: %s\n", line, trace->error);
	assert_int_equal(err, 1);
	return entry;
}

static struct trace_entry parsed_alone(const char *line)
{
	struct trace trace = {0};

	return parsed(&trace, line);
}

static void assert_wrong(const char *line, const char *what)
{
	struct trace trace = {0};
	struct trace_entry entry;

	assert_int_equal(trace_parse(&trace, line, strlen(line), &entry), -EINVAL);
	if (!strstr(trace.error, what))
		fail_msg("%s: says \"%s\", expected \"%s\"", line, trace.error, what);
}

static void blank_lines_and_comments_are_nothing(void **state)
{
	static const char *const lines[] = {"", "\n", "   \t\r\n", "# 1 a.b 2", "  # later"};
	struct trace trace = {0};
	struct trace_entry entry;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(trace_parse(&trace, lines[i], strlen(lines[i]), &entry), 0);
}

static void time_is_absolute_or_since_the_line_before(void **state)
{
	struct trace trace = {0};

	(void)state;
	assert_int_equal(parsed(&trace, "12.5 a.b 1").at_ns, 12500 * MS);
	assert_int_equal(parsed(&trace, "+0.25 a.b 1").at_ns, 12750 * MS);
	assert_int_equal(parsed(&trace, "+0 a.b 1").at_ns, 12750 * MS);
	assert_int_equal(parsed(&trace, "@13 a.b 1").at_ns, 13000 * MS);
	assert_int_equal(parsed(&trace, "13.000000001 a.b 1").at_ns, 13000 * MS + 1);
}

static void time_never_goes_back(void **state)
{
	struct trace trace = {0};
	struct trace_entry entry;

	(void)state;
	parsed(&trace, "5 a.b 1");
	assert_int_equal(trace_parse(&trace, "4.9 a.b 1", 9, &entry), -EINVAL);
	assert_non_null(strstr(trace.error, "earlier than the line before"));
	assert_int_equal(parsed(&trace, "+1 a.b 1").at_ns, 6000 * MS);
}

static void each_type_of_value_is_told_by_its_form(void **state)
{
	(void)state;
	assert_true(parsed_alone("0 a.b true").reading.value.boolean);
	assert_int_equal(parsed_alone("0 a.b false").reading.value.type, VALUE_BOOL);
	assert_int_equal(parsed_alone("0 a.b -17").reading.value.integer, -17);
	assert_int_equal(parsed_alone("0 a.b 0x1F").reading.value.integer, 31);
	assert_int_equal(parsed_alone("0 a.b -9223372036854775808").reading.value.integer,
			 INT64_MIN);
	assert_int_equal(parsed_alone("0 a.b 18446744073709551615").reading.value.uinteger,
			 UINT64_MAX);
	assert_int_equal(parsed_alone("0 a.b 17.0").reading.value.type, VALUE_REAL);
	assert_true(parsed_alone("0 a.b -2.5e3").reading.value.real < -2499.0);
	assert_string_equal(parsed_alone("0 a.b closed").reading.value.text, "closed");
	assert_string_equal(parsed_alone("0 a.b \"17\" # text").reading.value.text, "17");
	assert_string_equal(parsed_alone("0 a.b \"\"").reading.value.text, "");
}

static void a_text_may_have_escapes_and_any_script(void **state)
{
	(void)state;
	assert_string_equal(parsed_alone("0 a.b \"a \\\"b\\\" \\\\ #1\"").reading.value.text,
			    "a \"b\" \\ #1");
	assert_string_equal(parsed_alone("0 a.b \"\\u0041\\u00e9\\u10d0\"").reading.value.text,
			    "A\xc3\xa9\xe1\x83\x90");
	assert_string_equal(parsed_alone("0 a.b \"\xe1\x83\x90\"").reading.value.text,
			    "\xe1\x83\x90");
}

static void a_reason_instead_of_a_value_is_a_fault(void **state)
{
	struct trace_entry entry = parsed_alone("1 reader.seal-id !no_answer");

	(void)state;
	assert_int_equal(entry.reading.quality, QUALITY_FAULT);
	assert_int_equal(entry.reading.reason, REASON_NO_ANSWER);
	assert_int_equal(entry.reading.value.type, VALUE_NONE);
	assert_wrong("1 a.b !too_old", "expected a reason");
	assert_wrong("1 a.b !none", "expected a reason");
	assert_wrong("1 a.b !dead", "expected a reason");
	assert_wrong("1 a.b !no_answer 7", "expected lost=NUMBER or the end");
	assert_wrong("1 a.b !out_of_range 7 8", "expected lost=NUMBER or the end");
	assert_wrong("1 a.b !out_of_range !no_answer", "expected lost=NUMBER or the end");
}

static void lost_edges_follow_the_value(void **state)
{
	(void)state;
	assert_int_equal(parsed_alone("0 a.b true lost=3").reading.lost_edges, 3);
	assert_wrong("0 a.b true lost=", "expected lost=NUMBER");
	assert_wrong("0 a.b true lost=99999999999", "number of lost edges");
	assert_wrong("0 a.b true 17", "expected lost=NUMBER or the end");
	assert_wrong("0 a.b true lost=1 lost=2", "more than one value");
	assert_wrong("0 a.b A confidence=x", "expected a confidence");
	assert_wrong("0 a.b A read=-1", "expected nanoseconds");
	assert_wrong("0 a.b A read=1 ahead=0.5", "expected nanoseconds");
	assert_wrong("0 a.b A other=", "a text");
	assert_wrong("0 a.b A picture=9f86", "expected a SHA-256 in hex");
	assert_wrong("0 a.b !garbled confidence=1.0", "expected lost=NUMBER or the end");
}

static void a_point_may_stand_alone(void **state)
{
	struct trace_entry entry = parsed_alone("0 beam true");

	(void)state;
	assert_string_equal(entry.device, "");
	assert_string_equal(entry.point, "beam");
}

static void a_device_goes_down_and_comes_up(void **state)
{
	struct trace_entry entry = parsed_alone("0 reader down !link_down \"cable out\"");

	(void)state;
	assert_int_equal(entry.kind, TRACE_DEVICE);
	assert_string_equal(entry.device, "reader");
	assert_string_equal(entry.point, "");
	assert_false(entry.report.up);
	assert_int_equal(entry.report.reason, REASON_LINK_DOWN);
	assert_string_equal(entry.report.detail, "cable out");
	assert_int_equal(parsed_alone("0 reader down").report.reason, REASON_NO_ANSWER);
	assert_true(parsed_alone("0 reader up").report.up);
	assert_string_equal(parsed_alone("0 reader.x up").reading.value.text, "up");
	assert_string_equal(parsed_alone("0 x \"up\"").reading.value.text, "up");
	assert_wrong("0 reader up down", "more than one value");
	assert_wrong("0 reader down \"\xc3\xa9\"", "beyond ASCII");
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	assert_wrong("x a.b 1", "is no time");
	assert_wrong("1.", "one to nine decimals");
	assert_wrong("1.0000000001 a.b 1", "one to nine decimals");
	assert_wrong("1s a.b 1", "is no time");
	assert_wrong("-1 a.b 1", "is no time");
	assert_wrong("99999999999999999999 a.b 1", "over 999999999 s");
	assert_wrong("1", "ends where a point was expected");
	assert_wrong("1 a.b", "ends where a value was expected");
	assert_wrong("1 a.b # 5", "ends where a value was expected");
	assert_wrong("1 A.b 5", "of a-z, 0-9 and -");
	assert_wrong("1 .b 5", "of a-z, 0-9 and -");
	assert_wrong("1 a. 5", "of a-z, 0-9 and -");
	assert_wrong("1 a.b.c 5", "of a-z, 0-9 and -");
	assert_wrong("1 a.b 12ab", "is no number");
	assert_wrong("1 a.b 18446744073709551616", "at most 64 bits");
	assert_wrong("1 a.b 1e999", "no finite number");
	assert_wrong("1 a.b \"x", "closing quote");
	assert_wrong("1 a.b \"\\n\"", "after the backslash");
	assert_wrong("1 a.b \"\\u12\"", "four hex digits");
	assert_wrong("1 a.b \"\\u0000\"", "control character");
	assert_wrong("1 a.b \"\\ud83d\"", "no UTF-8");
	assert_wrong("1 a.b \"\xff\"", "no UTF-8");
	assert_wrong("1 a.b caf\xc3\xa9", "in double quotes");
	assert_wrong("1 a.b\x01 5", "control character");
	assert_wrong("1 a.b \"1234567890123456789012345678901234567890123456789012345678901234\"",
		     "longer than 63 bytes");
}

static void a_nul_in_a_line_is_an_error_and_is_not_read_past(void **state)
{
	static const char line[] = "1 a.b 5\0 6";
	struct trace trace = {0};
	struct trace_entry entry;

	(void)state;
	assert_int_equal(trace_parse(&trace, line, sizeof(line) - 1, &entry), -EINVAL);
	assert_int_equal(trace_parse(&trace, line, 7, &entry), 1);
	assert_int_equal(trace_parse(&trace, line, 6, &entry), -EINVAL);
}

static void after_an_error_the_entry_and_the_time_are_untouched(void **state)
{
	struct trace trace = {.at_ns = 5};
	struct trace_entry entry = {.at_ns = 77};

	(void)state;
	assert_int_equal(trace_parse(&trace, "9 a.b ?", 7, &entry), -EINVAL);
	assert_int_equal(trace.at_ns, 5);
	assert_int_equal(entry.at_ns, 77);
}

static void a_written_line_reads_back_as_the_same_entry(void **state)
{
	static const char *const lines[] = {
		"0.000 a.b true",
		"12.500 lane1-io.beam false lost=3",
		"13.000 camera.plate \"AB123CQ\" confidence=0.61 read=1764310502100000000 "
		"ahead=-250000000 "
		"picture=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 other=\"AB123CD\" other=\"A B\"",
		"13.000 camera.plate \"AB123CQ\" other=\"AB123CD\"",
		"12.000000001 a.b -9223372036854775808",
		"1.000 a.b 18446744073709551615",
		"1.000 a.b 0.1",
		"1.000 a.b 17.0",
		"1.000 a.b -1e+22",
		"1.000 a.b \"GE \\\"4711\\\" \\\\ \xe1\x83\x90\"",
		"1.000 a.b !garbled lost=4294967295",
		"1.000 a.b !out_of_range",
		"1.000 a.b !out_of_range lost=2",
		"1.000 a.b !out_of_range 2143289344",
		"1.000 a.b !out_of_range 18446744073709551615 lost=2",
		"1.000 a.b !out_of_range \"NO READ\"",
		"1.000 beam \"up\"",
		"999999999.999999 reader down !no_answer \"unit 4 \\\"silent\\\"\"",
		"2.000 reader up",
	};
	char out[TRACE_LINE_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct trace_entry entry = parsed_alone(lines[i]);

		assert_int_equal(trace_format(&entry, out, sizeof(out)), strlen(lines[i]));
		assert_string_equal(out, lines[i]);
	}
}

static void the_longest_line_fits_and_a_short_buffer_is_refused(void **state)
{
	struct trace_entry entry = parsed_alone("999999999.123456789 a down");
	char out[TRACE_LINE_BYTES];
	int bytes;

	(void)state;
	memset(entry.device, 'd', sizeof(entry.device) - 1);
	memset(entry.report.detail, '"', sizeof(entry.report.detail) - 1);
	entry.report.reason = REASON_OUT_OF_RANGE;
	bytes = trace_format(&entry, out, sizeof(out));
	assert_in_range(bytes, 64, TRACE_LINE_BYTES - 1);
	assert_int_equal(trace_format(&entry, out, (size_t)bytes), -E2BIG);
	assert_int_equal(trace_format(&entry, out, (size_t)bytes + 1), bytes);
	assert_int_equal(trace_format(&entry, out, 0), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blank_lines_and_comments_are_nothing),
		cmocka_unit_test(time_is_absolute_or_since_the_line_before),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(each_type_of_value_is_told_by_its_form),
		cmocka_unit_test(a_text_may_have_escapes_and_any_script),
		cmocka_unit_test(a_reason_instead_of_a_value_is_a_fault),
		cmocka_unit_test(lost_edges_follow_the_value),
		cmocka_unit_test(a_point_may_stand_alone),
		cmocka_unit_test(a_device_goes_down_and_comes_up),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_nul_in_a_line_is_an_error_and_is_not_read_past),
		cmocka_unit_test(after_an_error_the_entry_and_the_time_are_untouched),
		cmocka_unit_test(a_written_line_reads_back_as_the_same_entry),
		cmocka_unit_test(the_longest_line_fits_and_a_short_buffer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
