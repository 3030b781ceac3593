#include "identifier.h"

#include <string.h>

#define DIGITS	"0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *const verdicts[IDENTIFIER_VERDICTS][2] = {
	[IDENTIFIER_GOOD] = {"good", "good"},
	[IDENTIFIER_EMPTY] = {"empty", "nothing was read"},
	[IDENTIFIER_UNPRINTABLE] = {"unprintable", "has control characters or is no UTF-8"},
	[IDENTIFIER_TOO_LONG] = {"too_long", "is longer than its kind allows"},
	[IDENTIFIER_TOO_SHORT] = {"too_short", "characters are missing"},
	[IDENTIFIER_WRONG_CHARACTER] = {"wrong_character", "has a character where it cannot stand"},
	[IDENTIFIER_WRONG_LETTER] = {"wrong_letter", "its type letter is none of those defined"},
	[IDENTIFIER_WRONG_YEAR] = {"wrong_year", "this form was not issued in that year"},
	[IDENTIFIER_CHECK_MISSING] = {"check_missing", "numbers above 25000000 need check letters"},
	[IDENTIFIER_CHECK_UNCALLED] = {"check_uncalled",
				       "numbers up to 25000000 have no check letters"},
	[IDENTIFIER_WRONG_CHECK] = {"wrong_check", "the check digit does not fit"},
};

const char *identifier_verdict_name(enum identifier_verdict verdict)
{
	return verdicts[verdict][0];
}

const char *identifier_verdict_words(enum identifier_verdict verdict)
{
	return verdicts[verdict][1];
}

bool identifier_kind_by_name(const char *name, enum identifier_kind *ret_kind)
{
	unsigned kind;

	for (kind = 0; kind < IDENTIFIER_KINDS; kind++)
		if (strcmp(identifier_rule(kind)->name, name) == 0) {
			*ret_kind = kind;
			return true;
		}
	return false;
}

/* The classes that forms are written with; a capital letter stands for itself. */
static const char *class_members(char class)
{
	switch (class) {
	case 'n':
		return DIGITS;
	case 'a':
		return LETTERS;
	case 'x':
		return DIGITS LETTERS;
	case 'l': /* UN/LOCODE: no 0 and 1, they look like O and I */
		return "23456789" LETTERS;
	case 'r': /* reference of a UCR */
		return DIGITS LETTERS "-()";
	case 'd': /* decision number of an EU AEO */
		return DIGITS LETTERS "/-";
	case 'g': /* GS1 character set 82 */
		return DIGITS LETTERS "abcdefghijklmnopqrstuvwxyz!\"%&'()*+,-./_:;<=>?";
	case 'c': /* category of ISO 6346: container, detachable equipment, trailer */
		return "UJZ";
	case 'p': /* procedure of a transit MRN, by the security data it holds */
		return "JKLM";
	case 't': /* type of an EU AEO: customs, security, both ("full") */
		return "CSF";
	default:
		return NULL;
	}
}

static enum identifier_verdict check_place(char class, char c)
{
	const char *members = class_members(class);

	if (!members)
		return c == class ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHARACTER;
	if (strchr(members, c))
		return IDENTIFIER_GOOD;
	return strchr("cpt", class) && strchr(LETTERS, c) ? IDENTIFIER_WRONG_LETTER
							  : IDENTIFIER_WRONG_CHARACTER;
}

static enum identifier_verdict check_form(const struct identifier_rule *rule, const char *text,
					  size_t bytes)
{
	const size_t head = strlen(rule->form);
	enum identifier_verdict verdict = IDENTIFIER_GOOD;
	size_t i;

	if (bytes > (rule->max_characters ? rule->max_characters : head))
		return IDENTIFIER_TOO_LONG;
	if (bytes < head)
		return IDENTIFIER_TOO_SHORT;
	for (i = 0; i < bytes && verdict == IDENTIFIER_GOOD; i++)
		verdict = check_place(i < head ? rule->form[i] : rule->tail, text[i]);
	return verdict;
}

static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80; /* a byte that begins one */
	return count;
}

static enum identifier_verdict check_opaque(const char *text)
{
	const struct value printable = value_text(text);

	if (strcmp(printable.text, text) != 0)
		return IDENTIFIER_UNPRINTABLE;
	return count_characters(text) > IDENTIFIER_CHARACTERS ? IDENTIFIER_TOO_LONG
							      : IDENTIFIER_GOOD;
}

enum identifier_verdict identifier_check(enum identifier_kind kind, const char *text)
{
	const struct identifier_rule *rule = identifier_rule(kind);
	const size_t bytes = strnlen(text, IDENTIFIER_BYTES);
	enum identifier_verdict verdict;

	if (bytes == 0)
		return IDENTIFIER_EMPTY;
	if (bytes == IDENTIFIER_BYTES)
		return IDENTIFIER_TOO_LONG;
	if (!rule->form)
		return check_opaque(text);
	verdict = check_form(rule, text, bytes);
	if (verdict == IDENTIFIER_GOOD && rule->check)
		verdict = rule->check(text, bytes);
	return verdict;
}

static bool is_dropped(const struct identifier_rule *rule, char c)
{
	return c && strchr(rule->drops_hyphens ? " \t\r\n-" : " \t\r\n", c);
}

enum identifier_verdict identifier_normalise(enum identifier_kind kind, const void *raw,
					     size_t bytes, char ret_text[IDENTIFIER_BYTES])
{
	const struct identifier_rule *rule = identifier_rule(kind);
	enum identifier_verdict verdict = IDENTIFIER_GOOD;
	const char *in = raw;
	size_t used = 0, i;

	memset(ret_text, 0, IDENTIFIER_BYTES);
	for (i = 0; i < bytes && verdict == IDENTIFIER_GOOD; i++) {
		const bool small = in[i] >= 'a' && in[i] <= 'z' && !rule->keeps_case;

		if (is_dropped(rule, in[i]))
			continue;
		if (!in[i])
			verdict = IDENTIFIER_UNPRINTABLE;
		else if (used == IDENTIFIER_BYTES - 1)
			verdict = IDENTIFIER_TOO_LONG;
		else
			ret_text[used++] = (char)(small ? in[i] - 'a' + 'A' : in[i]);
	}
	if (verdict == IDENTIFIER_GOOD)
		verdict = used ? check_opaque(ret_text) : IDENTIFIER_EMPTY;
	if (verdict != IDENTIFIER_GOOD)
		ret_text[0] = '\0';
	return verdict;
}

enum identifier_verdict identifier_read(enum identifier_kind kind, const void *raw, size_t bytes,
					char ret_text[IDENTIFIER_BYTES])
{
	const enum identifier_verdict verdict = identifier_normalise(kind, raw, bytes, ret_text);

	return verdict == IDENTIFIER_GOOD ? identifier_check(kind, ret_text) : verdict;
}

struct identifier_candidates identifier_classify(const void *raw, size_t bytes)
{
	struct identifier_candidates candidates = {0};
	char text[IDENTIFIER_BYTES];
	unsigned kind;

	for (kind = 0; kind < IDENTIFIER_KINDS; kind++) {
		const enum identifier_verdict verdict = identifier_read(kind, raw, bytes, text);

		if (verdict == IDENTIFIER_GOOD)
			candidates.good |= UINT32_C(1) << kind;
		else if (verdict == IDENTIFIER_WRONG_CHECK)
			candidates.miswritten |= UINT32_C(1) << kind;
	}
	return candidates;
}
