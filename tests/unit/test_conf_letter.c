#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "config/letter.h"

static void a_character_is_itself_or_passes_for_another(void **state)
{
	static const struct {
		const char *text;
		enum conf_alike alike;
		const char *meant;
		uint32_t code;
	} cases[] = {{"a", CONF_ITSELF, "a", 'a'},	  {"", CONF_ITSELF, "", 0},
		     {"\n", CONF_ITSELF, "\n", '\n'},	  {"ж", CONF_ITSELF, "", 0x436},
		     {"წ", CONF_ITSELF, "", 0x10ec},	  {"😀", CONF_ITSELF, "", 0x1f600},
		     {"é", CONF_ITSELF, "", 0xe9},	  {"“", CONF_QUOTE, "\"", 0x201c},
		     {"’", CONF_QUOTE, "'", 0x2019},	  {"»", CONF_QUOTE, "\"", 0xbb},
		     {"\u00a0", CONF_BLANK, " ", 0xa0},	  {"\u3000", CONF_BLANK, " ", 0x3000},
		     {"\ufeff", CONF_HIDDEN, "", 0xfeff}, {"\u200d", CONF_HIDDEN, "", 0x200d},
		     {"–", CONF_DASH, "-", 0x2013},	  {"−", CONF_DASH, "-", 0x2212},
		     {"ﬃ", CONF_LIGATURE, "ffi", 0xfb03}, {"～", CONF_WIDE, "~", 0xff5e},
		     {"！", CONF_WIDE, "!", 0xff01},	  {"｀", CONF_WIDE, "`", 0xff40},
		     {"Ο", CONF_GREEK, "O", 0x39f},	  {"с", CONF_CYRILLIC, "c", 0x441},
		     {"Х", CONF_CYRILLIC, "X", 0x425},	  {"ı", CONF_STRANGE, "i", 0x131}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_letter letter = conf_letter_at(cases[i].text);

		assert_int_equal(letter.alike, cases[i].alike);
		assert_string_equal(letter.meant, cases[i].meant);
		assert_int_equal(letter.code, cases[i].code);
		if (cases[i].text[0] != '\0')
			assert_int_equal(letter.bytes, strlen(cases[i].text));
	}
}

/* What is told has room, and no character of ASCII passes for another. */
static void every_character_has_a_meaning_that_fits(void **state)
{
	char text[5] = "", told[CONF_TELL_BYTES];
	size_t alike = 0;

	(void)state;
	for (uint32_t code = 1; code < 0x20000; code++) {
		struct conf_letter letter;

		if (code < 0x80)
			memcpy(text, (char[]){(char)code, 0}, 2);
		else if (code < 0x800)
			memcpy(text,
			       (char[]){(char)(0xc0 | code >> 6), (char)(0x80 | (code & 63)), 0},
			       3);
		else if (code < 0x10000)
			memcpy(text,
			       (char[]){(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 63)),
					(char)(0x80 | (code & 63)), 0},
			       4);
		else
			memcpy(text,
			       (char[]){(char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 63)),
					(char)(0x80 | (code >> 6 & 63)), (char)(0x80 | (code & 63)),
					0},
			       5);
		if (utf8_sequence(text) == 0)
			continue;
		letter = conf_letter_at(text);
		assert_int_equal(letter.code, code);
		assert_int_equal(letter.bytes, strlen(text));
		assert_true(strlen(letter.meant) <= letter.bytes); /* it takes its place */
		assert_true(code >= 0x80 || letter.alike == CONF_ITSELF);
		if (letter.alike == CONF_ITSELF)
			continue;
		alike++;
		conf_letter_tell(&letter, told);
		assert_true(strlen(told) > 10 && strlen(told) < CONF_TELL_BYTES - 1);
	}
	assert_true(alike > 200 && alike < 400);
}

static void a_hint_names_the_first_that_passes_for_another(void **state)
{
	char hint[CONF_HINT_BYTES];

	(void)state;
	assert_string_equal(conf_letter_hint("plain-1.2", hint), "");
	assert_string_equal(conf_letter_hint("", hint), "");
	assert_string_equal(conf_letter_hint("wаtt–1", hint),
			    "; this \"a\" is a Cyrillic letter (U+0430), write a plain one");
	assert_string_equal(conf_letter_hint("x\u00a0", hint),
			    "; this is a no-break blank (U+00A0), write a plain one");
	assert_string_equal(conf_letter_hint("ворота", hint), ""); /* a word of that alphabet */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_character_is_itself_or_passes_for_another),
		cmocka_unit_test(every_character_has_a_meaning_that_fits),
		cmocka_unit_test(a_hint_names_the_first_that_passes_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
