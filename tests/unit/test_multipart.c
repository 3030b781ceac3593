/* Parts of a body that comes in pieces of any length, as devices write them. */
#include "rig/unit.h"

#include "readers/multipart.h"

#define HEARD 512

struct ear {
	char heard[HEARD]; /* "[first][second]", without the blanks around them */
	size_t used;
	bool exact; /* line ends are seen, as R and N */
};

static void on_begin(void *data)
{
	struct ear *ear = data;

	ear->heard[ear->used++] = '[';
}

static void on_bytes(void *data, const char *bytes, size_t count)
{
	struct ear *ear = data;

	assert_true(ear->used + count < HEARD - 2);
	for (size_t i = 0; i < count; i++)
		if (ear->exact && bytes[i] == '\r')
			ear->heard[ear->used++] = 'R';
		else if (ear->exact && bytes[i] == '\n')
			ear->heard[ear->used++] = 'N';
		else if (bytes[i] != '\r' && bytes[i] != '\n')
			ear->heard[ear->used++] = bytes[i];
}

static void on_end(void *data)
{
	struct ear *ear = data;

	ear->heard[ear->used++] = ']';
}

static void assert_ear(const char *type, const char *body, bool exact, const char *expected)
{
	const size_t bytes = strlen(body);

	for (size_t piece = 1; piece <= bytes; piece++) {
		struct multipart multipart;
		struct ear ear = {.exact = exact};

		assert_true(multipart_begin(&multipart, type));
		multipart.data = &ear;
		multipart.begin = on_begin;
		multipart.take = on_bytes;
		multipart.end = on_end;
		for (size_t at = 0; at < bytes; at += piece)
			multipart_take(&multipart, body + at,
				       bytes - at < piece ? bytes - at : piece);
		multipart_end(&multipart);
		assert_string_equal(ear.heard, expected);
	}
}

static void assert_parts(const char *type, const char *body, const char *expected)
{
	assert_ear(type, body, false, expected);
}

static void a_part_is_whole_without_the_line_end_of_the_delimiter(void **state)
{
	(void)state;
	assert_ear(
		"multipart/mixed; boundary=x",
		"--x\r\n\r\na\r\nb\r\n\r\n\r\n--x\r\n\r\nc\n\n--x\r\n\r\n\r\n--x\r\n\r\nd\n\r--x\r\n\r\n"
		"e\r\n--y\r\r\n--x--\r\n",
		true, "[aRNbRNRN][cN][][d][eRN--yR]");
	assert_ear("multipart/mixed; boundary=x", "--x\r\n\r\ncut\r\n", true, "[cutRN]");
}

static void parts_are_what_stands_between_boundaries(void **state)
{
	(void)state;
	assert_parts("multipart/form-data; boundary=xYz",
		     "--xYz\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n"
		     "--xYz\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8--xY\r\n--xYy\r\n"
		     "--xYz--\r\nafter it",
		     "[{\"a\":1}][\xff\xd8--xY--xYy]");
}

static void boundaries_are_quoted_bracketed_and_dashed(void **state)
{
	(void)state;
	assert_parts("multipart/mixed; charset=x; boundary=\"a b\"", "--a b\n\n1\n--a b--\n",
		     "[1]");
	assert_parts("multipart/form-data;boundary=<frontier>",
		     "preamble\r\n--<frontier>\r\nA: b\r\n\r\n1\r\n--<frontier>--", "[1]");
	assert_parts("Multipart/Form-Data; Boundary=--x", "----x\r\nA: b\r\n\r\n1\r\n----x--\r\n",
		     "[1]");
}

static void line_ends_are_of_any_kind(void **state)
{
	(void)state;
	assert_parts(
		"multipart/mixed; boundary=b",
		"--b\n\rContent-Type: text/xml\n\rContent-Length: 1\n\r\n\r1\n\r--b\n\n2\n--b--",
		"[1][2]");
}

static void a_body_that_is_cut_ends_its_part(void **state)
{
	(void)state;
	assert_parts("multipart/mixed; boundary=b", "--b\r\n\r\n{\"a\":1}\r\n--", "[{\"a\":1}--]");
	assert_parts("multipart/mixed; boundary=b", "--b\r\nA: b\r\n", "");
}

static void what_is_no_multipart_is_none(void **state)
{
	struct multipart multipart;
	char lengthy[200] = "multipart/mixed; boundary=";

	(void)state;
	memset(lengthy + strlen(lengthy), 'x', 120);
	assert_false(multipart_begin(&multipart, NULL));
	assert_false(multipart_begin(&multipart, "application/json; boundary=x"));
	assert_false(multipart_begin(&multipart, "multipart/mixed"));
	assert_false(multipart_begin(&multipart, "multipart/mixed; boundary="));
	assert_false(multipart_begin(&multipart, lengthy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_part_is_whole_without_the_line_end_of_the_delimiter),
		cmocka_unit_test(parts_are_what_stands_between_boundaries),
		cmocka_unit_test(boundaries_are_quoted_bracketed_and_dashed),
		cmocka_unit_test(line_ends_are_of_any_kind),
		cmocka_unit_test(a_body_that_is_cut_ends_its_part),
		cmocka_unit_test(what_is_no_multipart_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
