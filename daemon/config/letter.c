#include "config/letter.h"

#include <stdio.h>
#include <string.h>

struct range {
	uint32_t first, last;
	enum conf_alike alike;
	char meant[4];
};

static const struct range ranges[] = {
	{0x00a0, 0x00a0, CONF_BLANK, " "},	{0x00ab, 0x00ab, CONF_QUOTE, "\""},
	{0x00ad, 0x00ad, CONF_HIDDEN, ""},	{0x00bb, 0x00bb, CONF_QUOTE, "\""},
	{0x1680, 0x1680, CONF_BLANK, " "},	{0x2000, 0x200a, CONF_BLANK, " "},
	{0x200b, 0x200f, CONF_HIDDEN, ""},	{0x2010, 0x2015, CONF_DASH, "-"},
	{0x2018, 0x201b, CONF_QUOTE, "'"},	{0x201c, 0x201f, CONF_QUOTE, "\""},
	{0x2028, 0x2029, CONF_BLANK, " "},	{0x202a, 0x202e, CONF_HIDDEN, ""},
	{0x202f, 0x202f, CONF_BLANK, " "},	{0x2032, 0x2032, CONF_QUOTE, "'"},
	{0x2033, 0x2033, CONF_QUOTE, "\""},	{0x2039, 0x203a, CONF_QUOTE, "'"},
	{0x205f, 0x205f, CONF_BLANK, " "},	{0x2060, 0x206f, CONF_HIDDEN, ""},
	{0x2212, 0x2212, CONF_DASH, "-"},	{0x3000, 0x3000, CONF_BLANK, " "},
	{0x301d, 0x301f, CONF_QUOTE, "\""},	{0xfb00, 0xfb00, CONF_LIGATURE, "ff"},
	{0xfb01, 0xfb01, CONF_LIGATURE, "fi"},	{0xfb02, 0xfb02, CONF_LIGATURE, "fl"},
	{0xfb03, 0xfb03, CONF_LIGATURE, "ffi"}, {0xfb04, 0xfb04, CONF_LIGATURE, "ffl"},
	{0xfeff, 0xfeff, CONF_HIDDEN, ""},	{0xff02, 0xff02, CONF_QUOTE, "\""},
	{0xff07, 0xff07, CONF_QUOTE, "'"},
};

/* Letters in pairs: one of another alphabet, and the one of ASCII that it looks like. */
static const char pairs[] = "аaеeоoрpсcуyхxіiјjѕsһhԁdкkАAВBЕEКKМMНHОOРPСCТTУYХXЅSІIЈJ"
			    "οoαaνvιiκkρpυuΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX"
			    "օoհhսuոnıiɑaɡg";

static size_t bytes_of(unsigned char first)
{
	if (first < 0xc0)
		return 1;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static uint32_t code_of(const char *text, size_t bytes)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)text[0] & masks[bytes];

	for (size_t i = 1; i < bytes; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

static enum conf_alike alphabet(uint32_t code)
{
	if (code < 0x370 || code > 0x52f)
		return CONF_STRANGE;
	return code < 0x400 ? CONF_GREEK : CONF_CYRILLIC;
}

static void look_alike(struct conf_letter *letter, const char *text)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (letter->code >= ranges[i].first && letter->code <= ranges[i].last) {
			letter->alike = ranges[i].alike;
			memcpy(letter->meant, ranges[i].meant, sizeof(letter->meant));
			return;
		}
	if (letter->code > 0xff00 && letter->code < 0xff5f) { /* as wide as a Chinese one */
		letter->alike = CONF_WIDE;
		letter->meant[0] = (char)(letter->code - 0xfee0);
	}
	for (const char *pair = pairs; letter->bytes == 2 && *pair; pair += 3)
		if (pair[0] == text[0] && pair[1] == text[1]) {
			letter->alike = alphabet(letter->code);
			letter->meant[0] = pair[2];
		}
}

struct conf_letter conf_letter_at(const char *text)
{
	struct conf_letter letter = {.bytes = bytes_of((unsigned char)*text)};

	letter.code = code_of(text, letter.bytes);
	if (letter.bytes == 1)
		letter.meant[0] = *text;
	else
		look_alike(&letter, text);
	return letter;
}

void conf_letter_tell(const struct conf_letter *letter, char out[CONF_TELL_BYTES])
{
	static const char *const names[CONF_ALIKES] = {
		[CONF_DASH] = "long dash",
		[CONF_LIGATURE] = "ligature",
		[CONF_WIDE] = "full-width character",
		[CONF_GREEK] = "Greek letter",
		[CONF_CYRILLIC] = "Cyrillic letter",
		[CONF_STRANGE] = "letter of another alphabet",
	};
	unsigned int code = letter->code;

	if (letter->alike == CONF_QUOTE)
		snprintf(out, CONF_TELL_BYTES, "these are curly quotes, write %s", letter->meant);
	else if (letter->alike == CONF_BLANK)
		snprintf(out, CONF_TELL_BYTES,
			 "this is a no-break blank (U+%04X), write a plain one", code);
	else if (letter->alike == CONF_HIDDEN)
		snprintf(out, CONF_TELL_BYTES,
			 "there is a character that cannot be seen (U+%04X), remove it", code);
	else
		snprintf(out, CONF_TELL_BYTES, "this \"%s\" is a %s (U+%04X), write a plain one",
			 letter->meant, names[letter->alike], code);
}

const char *conf_letter_hint(const char *text, char out[CONF_HINT_BYTES])
{
	struct conf_letter letter;

	out[0] = '\0';
	for (; *text != '\0'; text += letter.bytes) {
		letter = conf_letter_at(text);
		if (letter.alike != CONF_ITSELF && out[0] == '\0') {
			memcpy(out, "; ", 3);
			conf_letter_tell(&letter, out + 2);
		}
		if (letter.alike == CONF_ITSELF && letter.bytes > 1) {
			out[0] = '\0'; /* a word in another alphabet */
			break;
		}
	}
	return out;
}
