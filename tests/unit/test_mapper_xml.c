/* XML into a document of fixed size. */
#include "rig/unit.h"

#include "dice.h"
#include "mapper/xml.h"

static struct doc doc;

static int set_up(void **state)
{
	struct xml *xml = NULL;

	assert_int_equal(xml_new(&doc, &xml), 0);
	*state = xml;
	return 0;
}

static int tear_down(void **state)
{
	xml_free(*state);
	return 0;
}

static bool reads(struct xml *xml, const char *text, size_t count, size_t piece)
{
	xml_begin(xml);
	for (size_t at = 0; at < count; at += piece)
		if (!xml_take(xml, text + at, count - at < piece ? count - at : piece))
			return false;
	return xml_end(xml);
}

static void refuses(struct xml *xml, const char *text, const char *why)
{
	assert_false(reads(xml, text, strlen(text), 7));
	assert_string_equal(xml_error(xml), why);
}

static const char *at(const char *pointer)
{
	const struct doc_node *node = doc_at(&doc, &doc.node[0], pointer);

	return node ? doc_text(&doc, node) : NULL;
}

static void elements_and_attributes_are_members(void **state)
{
	static const char text[] = "<?xml version=\"1.0\"?><!-- c --><n:a v=\"1\" n:w=\"&lt;2\" "
				   "xmlns:n=\"x\" xmlns=\"y\">\n <b> AB&amp;12&#x20;</b> lost "
				   "<n:c><d/>e<![CDATA[<]]></n:c><f g=\"h\">i</f></n:a>";

	(void)state;
	for (size_t piece = 1; piece < sizeof(text); piece++) {
		assert_true(reads(*state, text, strlen(text), piece));
		assert_string_equal(at("/@v"), "1");
		assert_string_equal(at("/@w"), "<2");
		assert_null(at("/@xmlns"));
		assert_string_equal(at("/b"), "AB&12");
		assert_string_equal(at("/c/d"), "");
		assert_null(at("/c"));
		assert_string_equal(at("/f"), "i");
		assert_string_equal(at("/f/@g"), "h");
		assert_null(at(""));
	}
	assert_true(reads(*state, "<a>7</a>", 8, 8));
	assert_string_equal(at(""), "7");
}

static void what_is_no_xml_is_refused_with_a_reason(void **state)
{
	refuses(*state, "", "is empty");
	refuses(*state, "  ", "is empty");
	refuses(*state, "<a>", "is cut");
	refuses(*state, "<a></b>", "mismatched tag");
	refuses(*state, "<a/><b/>", "junk after document element");
	refuses(*state, "<a b=\"1\" b=\"2\"/>", "duplicate attribute");
	refuses(*state, "<a>&x;</a>", "undefined entity");
	refuses(*state, "<!DOCTYPE a><a/>", "has a document type");
	refuses(*state, "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "has a document type");
	refuses(*state, "<!DOCTYPE l [<!ENTITY l \"l\"><!ENTITY m \"&l;&l;\">]><a>&m;</a>",
		"has a document type");
	/* It can be read again. */
	assert_true(reads(*state, "<a>7</a>", 8, 8));
}

static void a_picture_is_passed_over(void **state)
{
	const size_t picture = 1024 * 1024;
	char *text = malloc(picture + 64);
	const int n = sprintf(text, "<a><img>");

	memset(text + n, 'A', picture);
	sprintf(text + n + picture, "</img><plate>AB123CD</plate></a>");
	assert_true(reads(*state, text, strlen(text), 1000));
	assert_string_equal(at("/plate"), "AB123CD");
	assert_int_equal(doc_at(&doc, &doc.node[0], "/img")->kind, DOC_PASSED_OVER);
	assert_true(doc.text_bytes < 100);
	free(text);
}

static void what_is_too_much_is_refused(void **state)
{
	char text[DOC_NODES * 4 + 16], *end = text;

	for (size_t i = 0; i < DOC_DEPTH + 1; i++)
		end += sprintf(end, "<a>");
	refuses(*state, text, "is too deep");
	end = text + sprintf(text, "<a>");
	for (size_t i = 0; i < DOC_NODES; i++)
		end += sprintf(end, "<b/>");
	refuses(*state, text, "has too many values");
	memset(text, 'x', sizeof(text));
	text[0] = '<';
	sprintf(text + DOC_LONGEST + 2, "/>");
	refuses(*state, text, "has a name that is too long");
}

static void any_bytes_are_read_or_refused(void **state)
{
	static const char *const parts[] = {"<a>",  "</a>", "<b c=\"d\">", "</b>", "x",
					    " ",    "&lt;", "&#0;",	   "<",	   "\xC3",
					    "<!--", "-->",  "]]>"};
	struct dice dice;
	int good = 0;

	dice_init(&dice);
	for (int i = 0; i < 20000; i++) {
		char text[128] = "<a>";
		uint32_t count = roll(&dice, 8);
		bool whole;

		while (count-- > 0)
			strcat(text, parts[roll(&dice, COUNT(parts))]);
		strcat(text, "</a>");
		whole = reads(*state, text, strlen(text), sizeof(text));
		assert_int_equal(reads(*state, text, strlen(text), 1 + roll(&dice, 4)), whole);
		good += whole;
		assert_true(whole || *xml_error(*state));
	}
	assert_true(good > 500);
}

#define xml_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		xml_test(elements_and_attributes_are_members),
		xml_test(what_is_no_xml_is_refused_with_a_reason),
		xml_test(a_picture_is_passed_over),
		xml_test(what_is_too_much_is_refused),
		xml_test(any_bytes_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
