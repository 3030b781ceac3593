/* Bytes as lines: what is whole is given once, what is half never. */
#include "rig/unit.h"

#include "dice.h"
#include "line/split.h"

static struct split *split_of(const char *begin, const char *end, size_t longest)
{
	static struct split split;

	split = (struct split){.longest = longest};
	assert_true(mark_read(begin, &split.begin));
	assert_true(mark_read(end, &split.end));
	split_begin(&split, false);
	return &split;
}

/* The lines that come of these bytes, each in brackets; in pieces of so many. */
static void feed_in_pieces(struct split *split, const char *bytes, size_t count, size_t piece,
			   int64_t now_ns, char *out)
{
	const char *line;
	size_t taken, length, done = 0;

	for (; done < count; done += taken) {
		const size_t n = count - done < piece ? count - done : piece;

		if (split_take(split, (const uint8_t *)bytes + done, n, now_ns, &taken, &line,
			       &length)) {
			assert_int_equal(strlen(line), length);
			out += sprintf(out, "[%s]", line);
		}
	}
	*out = '\0';
}

static const char *feed(struct split *split, const char *bytes, int64_t now_ns)
{
	static char out[4096];

	feed_in_pieces(split, bytes, strlen(bytes), 4096, now_ns, out);
	return out;
}

static void lines_come_one_by_one(void **state)
{
	(void)state;
	assert_string_equal(feed(split_of("", "CR LF", 20), "AB\r\nCD\r\n\r\nEF", 1), "[AB][CD]");
	assert_string_equal(feed(split_of("STX", "ETX", 20), "x\002AB\003yz\002CD\003", 1),
			    "[AB][CD]");
	assert_string_equal(feed(split_of(NULL, "#", 20), "AB#CD#", 1), "[AB][CD]");
	assert_string_equal(feed(split_of("0x02", "0x0d", 20), "\002AB\r", 1), "[AB]");
}

static void ends_the_other_way_round_begin_no_line(void **state)
{
	(void)state;
	assert_string_equal(feed(split_of("", "LF", 20), "\nAB\n\rCD\n", 1), "[AB][CD]");
	assert_string_equal(feed(split_of("", "CR", 20), "AB\r\nCD\r\n", 1), "[AB][CD]");
	assert_string_equal(feed(split_of("", "CR", 20),
				 "\xFF\xFF"
				 "AB\r",
				 1),
			    "[AB]");
}

static void a_half_line_at_the_beginning_is_dropped(void **state)
{
	struct split *split = split_of("", "CR LF", 20);

	(void)state;
	split_begin(split, true);
	assert_string_equal(feed(split, "345 kg\r\n  12345 kg\r\n", 1), "[  12345 kg]");
	assert_int_equal(split->counts.half, 1);
}

static void a_line_that_is_not_gone_on_with_is_dropped(void **state)
{
	struct split *split = split_of("", "CR LF", 20);

	(void)state;
	assert_string_equal(feed(split, "  12", NS_PER_S), "");
	assert_string_equal(feed(split, "  12345 kg\r\n", 3 * NS_PER_S), "[  12345 kg]");
	assert_int_equal(split->counts.half, 1);
	assert_string_equal(feed(split, "  12", 4 * NS_PER_S), "");
	assert_string_equal(feed(split, "345 kg\r\n", 4 * NS_PER_S + 100), "[  12345 kg]");
	split = split_of("STX", "ETX", 20);
	assert_string_equal(feed(split, "\002 12\002 345\003", 1), "[ 345]");
	assert_int_equal(split->counts.half, 1);
}

static void a_line_that_is_too_long_is_dropped_to_its_end(void **state)
{
	struct split *split = split_of("", "CR LF", 4);

	(void)state;
	assert_string_equal(feed(split, "ABCD\r\nABCDE\r\nABCDEFGHIJKLMN\r\nEF\r\n", 1),
			    "[ABCD][EF]");
	assert_int_equal(split->counts.too_long, 2);
	assert_int_equal(split->counts.lines, 2);
}

static void a_line_is_refused_with_its_beginning(void **state)
{
	static const uint8_t bytes[] = "ABCDE\rFG\r";
	struct split *split = split_of("", "CR", 4);
	size_t taken, length;
	const char *line;

	(void)state;
	assert_false(split_take(split, bytes, 9, 1, &taken, &line, &length));
	assert_string_equal(split->refused, "is longer than longest");
	assert_int_equal(split->refused_bytes, 4);
	assert_memory_equal(split->line, "ABCD", 4);
	assert_true(split_take(split, bytes + taken, 9 - taken, 1, &taken, &line, &length));
	assert_string_equal(line, "FG");
	assert_null(split->refused);
	split->checksum = LINE_XOR;
	assert_false(split_take(split, bytes + 6, 3, 1, &taken, &line, &length));
	assert_string_equal(split->refused, "has a wrong checksum");
	assert_int_equal(split->refused_bytes, 2);
	assert_false(split_take(split, bytes + 8, 1, 1, &taken, &line, &length));
	assert_null(split->refused); /* an empty line is a sign of life */
}

static void a_line_with_a_wrong_sum_is_dropped(void **state)
{
	struct split *split = split_of("", "CR LF", 80);

	(void)state;
	split->checksum = LINE_NMEA;
	/* NMEA 0183's own example */
	assert_string_equal(feed(split,
				 "$GPGLL,5300.97914,N,00259.98174,E,125926,A*28\r\n"
				 "$GPGLL,5300.97914,N,00259.98174,E,125926,A*29\r\nx\r\n*\r\n",
				 1),
			    "[GPGLL,5300.97914,N,00259.98174,E,125926,A]");
	assert_int_equal(split->counts.wrong_sum, 3);
	split->checksum = LINE_SUM;
	assert_string_equal(feed(split, "AB83\r\nAB84\r\n", 1), "[AB]");
	split->checksum = LINE_XOR;
	assert_string_equal(feed(split, "AB03\r\nAB83\r\n", 1), "[AB]");
}

static void the_checksum_of_toledo_stands_behind_the_end(void **state)
{
	struct split *split = split_of("STX", "CR", 80);

	(void)state;
	split->checksum = LINE_TOLEDO;
	assert_string_equal(feed(split,
				 "\x02"
				 "41 012345000000\r\x1d"
				 "\x02"
				 "41 012345000000\r\x11" /* wrong */
				 "\x02"
				 "41 012350000000\r\x21",
				 1),
			    "[41 012345000000][41 012350000000]");
	assert_int_equal(split->counts.wrong_sum, 1);
	/* a device that sends none: nothing is given, and the next whole line is */
	assert_string_equal(feed(split,
				 "\x02"
				 "41 012345000000\r"
				 "\x02"
				 "41 012345000000\r"
				 "\x02"
				 "41 012345000000\r\x1d",
				 1),
			    "[41 012345000000]");
}

static void names_of_characters_are_read(void **state)
{
	uint8_t bytes[8];
	struct mark mark;
	size_t count;
	bool named;

	(void)state;
	assert_true(mark_read("CR LF", &mark));
	assert_int_equal(mark.count, 2);
	assert_memory_equal(mark.bytes, "\r\n", 2);
	assert_false(mark_read("cr", &mark));
	assert_false(mark_read("CRLF", &mark));
	assert_false(mark_read("0xG1", &mark));
	assert_false(mark_read("CR LF CR LF CR", &mark));
	assert_true(mark_text("W<CR>", bytes, sizeof(bytes), &count, &named));
	assert_true(named && count == 2 && memcmp(bytes, "W\r", 2) == 0);
	assert_true(mark_text("SI", bytes, sizeof(bytes), &count, &named));
	assert_true(!named && count == 2 && memcmp(bytes, "SI", 2) == 0);
	assert_false(mark_text("<CR", bytes, sizeof(bytes), &count, &named));
	assert_false(mark_text("123456789", bytes, sizeof(bytes), &count, &named));
}

/* Whatever lies between them, and in whatever pieces they come. */
static void lines_are_the_same_in_any_pieces(void **state)
{
	static const char alphabet[] = "AB\r\n\002\003\xFF 1";
	struct dice *dice = *state;
	char bytes[200], whole[1024], pieces[1024];

	for (int i = 0; i < 20000; i++) {
		const char *begin = flip(dice) ? "STX" : "";
		const char *end = flip(dice) ? "CR LF" : "ETX";
		const size_t longest = 1 + roll(dice, 20);

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = alphabet[roll(dice, sizeof(alphabet) - 1)];
		feed_in_pieces(split_of(begin, end, longest), bytes, sizeof(bytes), sizeof(bytes),
			       1, whole);
		feed_in_pieces(split_of(begin, end, longest), bytes, sizeof(bytes),
			       1 + roll(dice, 5), 1, pieces);
		assert_string_equal(whole, pieces);
	}
}

int main(void)
{
	struct dice dice;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_one_by_one),
		cmocka_unit_test(ends_the_other_way_round_begin_no_line),
		cmocka_unit_test(a_half_line_at_the_beginning_is_dropped),
		cmocka_unit_test(a_line_that_is_not_gone_on_with_is_dropped),
		cmocka_unit_test(a_line_that_is_too_long_is_dropped_to_its_end),
		cmocka_unit_test(a_line_is_refused_with_its_beginning),
		cmocka_unit_test(a_line_with_a_wrong_sum_is_dropped),
		cmocka_unit_test(the_checksum_of_toledo_stands_behind_the_end),
		cmocka_unit_test(names_of_characters_are_read),
		cmocka_unit_test_prestate(lines_are_the_same_in_any_pieces, &dice),
	};

	dice_init(&dice);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
