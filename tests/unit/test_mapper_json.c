/* JSON into a document of fixed size, held against another reader of it. */
#include "rig/unit.h"

#include <jansson.h>

#include "dice.h"
#include "mapper/json.h"

static struct doc doc, pieces;

static bool reads_into(struct doc *to, const char *text, size_t count, size_t piece,
		       const char **ret_error)
{
	struct json json;
	size_t at = 0;

	json_begin(&json, to);
	for (; at < count; at += piece)
		if (!json_take(&json, text + at, count - at < piece ? count - at : piece))
			break;
	*ret_error = json_end(&json) ? NULL : json.error;
	return !*ret_error;
}

static bool reads(const char *text)
{
	const char *error;

	return reads_into(&doc, text, strlen(text), 1 << 20, &error);
}

static const char *at(const char *pointer)
{
	const struct doc_node *node = doc_at(&doc, &doc.node[0], pointer);

	return node ? doc_text(&doc, node) : NULL;
}

static void a_pointer_finds_its_value(void **state)
{
	(void)state;
	/* RFC 6901, section 5 */
	assert_true(
		reads("{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3, "
		      "\"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8}"));
	assert_string_equal(at("/foo/0"), "bar");
	assert_string_equal(at("/foo/1"), "baz");
	assert_string_equal(at("/"), "0");
	assert_string_equal(at("/a~1b"), "1");
	assert_string_equal(at("/c%d"), "2");
	assert_string_equal(at("/i\\j"), "5");
	assert_string_equal(at("/k\"l"), "6");
	assert_string_equal(at("/ "), "7");
	assert_string_equal(at("/m~0n"), "8");
	assert_ptr_equal(doc_at(&doc, &doc.node[0], ""), &doc.node[0]);
}

static void a_pointer_to_nothing_finds_nothing(void **state)
{
	static const char *const nowhere[] = {"/foo/2", "/foo/-",   "/foo/01", "/foo/0x",     "/fo",
					      "/fooo",	"/foo/0/x", "/x/y",    "/foo/9999999"};

	(void)state;
	assert_true(reads("{\"foo\": [\"bar\", \"baz\"]}"));
	for (size_t i = 0; i < COUNT(nowhere); i++)
		assert_null(doc_at(&doc, &doc.node[0], nowhere[i]));
	assert_null(at("/foo")); /* no scalar */
}

static void what_is_no_json_is_refused_with_a_reason(void **state)
{
	static const char *const bad[][2] = {
		{"", "is empty"},
		{"{", "is cut"},
		{"[1", "is cut"},
		{"\"a", "is cut"},
		{"{\"a\":1,}", "is no JSON: lacks the name of a member"},
		{"[1,]", "is no JSON: lacks a value"},
		{"[1 2]", "is no JSON: lacks a comma"},
		{"{\"a\" 1}", "is no JSON: lacks a colon"},
		{"{\"a\":1}]", "has something behind its end"},
		{"{\"a\":1} {}", "has something behind its end"},
		{"[1}", "ends what was not begun"},
		{"01", "is no JSON: has a word that is neither value nor number"},
		{"NaN", "is no JSON: has a word that is neither value nor number"},
		{"+1", "is no JSON: has a word that is neither value nor number"},
		{"1.", "is no JSON: has a word that is neither value nor number"},
		{"True", "is no JSON: has a word that is neither value nor number"},
		{"'a'", "is no JSON: lacks a value"},
		{"\xEF\xBB\xBF{}", "is no JSON: lacks a value"},
		{"\"\xE4\"", "is no UTF-8"},
		{"\"\xC0\x80\"", "is no UTF-8"},
		{"\"\xED\xA0\x80\"", "is no UTF-8"},
		{"\"\xE2\x82\"", "is no UTF-8"},
		{"\"\t\"", "has a control character in a text"},
		{"\"\\x41\"", "has an escape that is none"},
		{"\"\\u00g0\"", "has an escape that is none"},
		{"\"\\u0000\"", "has U+0000 in a text"},
		{"\"\\ud83d\"", "has half of a surrogate pair"},
		{"\"\\ud83dx\"", "has half of a surrogate pair"},
		{"\"\\ude00\"", "has half of a surrogate pair"},
		{"{\"a\":1,\"a\":2}", "has a member twice"},
		{"{\"a\":1,\"\\u0061\":2}", "has a member twice"},
	};
	const char *error;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(reads_into(&doc, bad[i][0], strlen(bad[i][0]), 1 << 20, &error));
		assert_string_equal(error, bad[i][1]);
	}
}

static void numbers_stay_as_they_were_written(void **state)
{
	(void)state;
	assert_true(reads("[123456789012345678901234567890, 1e400, -0.10, 12]"));
	assert_string_equal(at("/0"), "123456789012345678901234567890");
	assert_string_equal(at("/1"), "1e400");
	assert_string_equal(at("/2"), "-0.10");
}

static void escapes_become_their_characters(void **state)
{
	(void)state;
	assert_true(reads("[\"\\u00e4\\n\\u20ac\\ud83d\\ude00\\/\\\"\"]"));
	assert_string_equal(at("/0"), "\xC3\xA4\n\xE2\x82\xAC\xF0\x9F\x98\x80/\"");
}

/* ---- bounds ---------------------------------------------------------------------------- */

static void a_picture_is_passed_over_and_costs_nothing(void **state)
{
	const size_t picture = 4 * 1024 * 1024;
	char *text = malloc(picture + 200);
	const char *error;
	int n = sprintf(text, "{\"img\":\"");

	(void)state;
	memset(text + n, 'A', picture);
	sprintf(text + n + picture, "\",\"plate\":\"AB123CD\"}");
	assert_true(reads_into(&doc, text, strlen(text), 1000, &error));
	assert_string_equal(at("/plate"), "AB123CD");
	assert_int_equal(doc_at(&doc, &doc.node[0], "/img")->kind, DOC_PASSED_OVER);
	assert_null(at("/img"));
	assert_true(doc.text_bytes < 100);
	assert_true(sizeof(doc) + sizeof(struct json) < 64 * 1024);
	free(text);
}

static void refuses_repeated(const char *open, size_t times, const char *why)
{
	char *text = malloc(strlen(open) * times + 1);
	const char *error;

	text[0] = '\0';
	for (size_t i = 0, n = 0; i < times; i++)
		n += (size_t)sprintf(text + n, "%s", open);
	assert_false(reads_into(&doc, text, strlen(text), 1 << 20, &error));
	assert_string_equal(error, why);
	free(text);
}

static void what_is_too_much_is_refused(void **state)
{
	char name[DOC_LONGEST + 10];
	const char *error;

	(void)state;
	refuses_repeated("[", DOC_DEPTH + 1, "is too deep");
	refuses_repeated("[{\"a\":", 100000, "is too deep");
	refuses_repeated("[[],[],", DOC_DEPTH + 2, "is too deep");
	memset(name, 'x', sizeof(name));
	memcpy(name, "{\"", 2);
	assert_false(reads_into(&doc, name, sizeof(name), 7, &error));
	assert_string_equal(error, "has a name that is too long");
	memset(name, '1', sizeof(name));
	assert_false(reads_into(&doc, name, 70, 7, &error));
	assert_string_equal(error, "has a number that is too long");
}

static void as_many_values_as_there_is_room_for_are_read(void **state)
{
	char text[DOC_NODES * 2 + 8];
	const char *error;

	(void)state;
	for (size_t i = 0; i < DOC_NODES; i++)
		memcpy(text + 2 * i, i == 0 ? " [" : "1,", 2);
	memcpy(text + 2 * (DOC_NODES - 1), "1]", 3);
	assert_true(reads_into(&doc, text, strlen(text), 64, &error));
	memcpy(text + 2 * (DOC_NODES - 1), "1,1]", 5);
	assert_false(reads_into(&doc, text, strlen(text), 64, &error));
	assert_string_equal(error, "has too many values");
}

/* ---- against another reader ------------------------------------------------------------ */

#define TEXT_MAX 400

struct writing {
	struct dice *dice;
	char text[TEXT_MAX + 64];
	size_t n;
};

static void add(struct writing *w, const char *piece)
{
	if (w->n < TEXT_MAX)
		w->n += (size_t)sprintf(w->text + w->n, "%s", piece);
}

static void write_scalar(struct writing *w)
{
	static const char *const scalars[] = {
		"0",
		"-1",
		"12.50",
		"1e3",
		"true",
		"false",
		"null",
		"\"\"",
		"\"AB12\"",
		"\"\\u00e4\"",
		"\"\xC3\xA4\"",
		"\"a\\nb\"",
		"-0",
		"\"\\ud83d\\ude00\"",
		"1E-2",
		"\"\\\\\"",
		"9007199254740993",
	};

	add(w, scalars[roll(w->dice, COUNT(scalars))]);
}

static void write_value(struct writing *w, int depth)
{
	const uint32_t count = roll(w->dice, 4);
	const bool object = flip(w->dice);
	char name[32];

	if (depth == 0 || roll(w->dice, 3) == 0) {
		write_scalar(w);
		return;
	}
	add(w, object ? "{" : "[");
	for (uint32_t i = 0; i < count; i++) {
		sprintf(name, "%s\"%c%u\": ", i ? ", " : "", 'a' + (int)roll(w->dice, 3),
			roll(w->dice, 20));
		add(w, object ? name : i ? " ," : "");
		write_value(w, depth - 1);
	}
	add(w, object ? "}" : "]");
}

/* A few bytes changed, doubled or dropped. */
static void damage(struct writing *w)
{
	static const char bytes[] = "{}[]\",:\\u0e-+.\x80\xC3 tfn1";

	for (uint32_t i = roll(w->dice, 3); i > 0 && w->n > 1; i--) {
		const uint32_t where = roll(w->dice, (uint32_t)w->n);

		if (flip(w->dice))
			w->text[where] = bytes[roll(w->dice, sizeof(bytes) - 1)];
		else
			memmove(w->text + where, w->text + where + 1, w->n-- - where);
	}
}

static void assert_same(const struct doc_node *node, const json_t *value)
{
	const struct doc_node *child = doc_child(&doc, node);
	const char *text = doc_text(&doc, node);
	size_t count = 0;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		assert_int_equal(node->kind, DOC_OBJECT);
		for (; child; child = doc_next(&doc, child), count++)
			assert_same(child, json_object_get(value, doc.text + child->name));
		assert_int_equal(count, json_object_size(value));
		break;
	case JSON_ARRAY:
		assert_int_equal(node->kind, DOC_ARRAY);
		for (; child; child = doc_next(&doc, child), count++)
			assert_same(child, json_array_get(value, count));
		assert_int_equal(count, json_array_size(value));
		break;
	case JSON_STRING:
		assert_int_equal(node->kind, DOC_TEXT);
		assert_string_equal(text, json_string_value(value));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		assert_int_equal(node->kind, DOC_NUMBER);
		assert_true(strtod(text, NULL) == json_number_value(value));
		break;
	case JSON_NULL:
		assert_int_equal(node->kind, DOC_NULL);
		break;
	default:
		assert_int_equal(node->kind, DOC_BOOL);
		assert_string_equal(text, json_is_true(value) ? "true" : "false");
	}
}

/* What jansson cannot hold, and the document can. */
static bool is_out_of_its_range(const json_error_t *error)
{
	return json_error_code(error) == json_error_numeric_overflow;
}

static void any_text_is_read_or_refused_as_by_jansson(void **state)
{
	struct writing w = {.dice = *state};
	int good = 0, bad = 0;

	for (int i = 0; i < 60000; i++) {
		const char *error, *other;
		json_error_t theirs;
		json_t *value;
		bool reads_it;

		w.n = 0;
		write_value(&w, 4);
		damage(&w);
		value = json_loadb(w.text, w.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &theirs);
		reads_it = reads_into(&doc, w.text, w.n, 1 << 20, &error);
		if (reads_it != !!value && !is_out_of_its_range(&theirs))
			fail_msg("%.*s: %s, jansson: %s", (int)w.n, w.text, error ? error : "good",
				 value ? "good" : theirs.text);
		if (value && reads_it)
			assert_same(&doc.node[0], value);
		good += reads_it;
		bad += !reads_it;
		json_decref(value);
		/* In pieces it is the same. */
		assert_int_equal(reads_into(&pieces, w.text, w.n, 1 + roll(w.dice, 5), &other),
				 reads_it);
		assert_true(error == other || strcmp(error, other) == 0);
		assert_int_equal(pieces.count, doc.count);
	}
	assert_true(good > 5000 && bad > 5000);
}

int main(void)
{
	struct dice dice;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pointer_finds_its_value),
		cmocka_unit_test(a_pointer_to_nothing_finds_nothing),
		cmocka_unit_test(what_is_no_json_is_refused_with_a_reason),
		cmocka_unit_test(numbers_stay_as_they_were_written),
		cmocka_unit_test(escapes_become_their_characters),
		cmocka_unit_test(a_picture_is_passed_over_and_costs_nothing),
		cmocka_unit_test(what_is_too_much_is_refused),
		cmocka_unit_test(as_many_values_as_there_is_room_for_are_read),
		cmocka_unit_test_prestate(any_text_is_read_or_refused_as_by_jansson, &dice),
	};

	dice_init(&dice);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
