#include "transit/registry/identifier.h"

#include <ctype.h>
#include <string.h>

#include "base/fold.h"
#include "base/utf8.h"

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
	for (unsigned kind = 0; kind < IDENTIFIER_KINDS; kind++)
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
	case 'e': /* kind of loading unit, EN 13044 */
		return "ABDEK";
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
	return strchr("cept", class) && strchr(LETTERS, c) ? IDENTIFIER_WRONG_LETTER
							   : IDENTIFIER_WRONG_CHARACTER;
}

static size_t count_characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80; /* a byte that begins one */
	return count;
}

/* A sign that has no place in such a number, wherever it stands. */
static bool has_strange_sign(const struct identifier_rule *rule, const char *text)
{
	bool strange = false;

	for (; *text && !strange; text++) {
		const char *class = rule->form;

		if (!ispunct((unsigned char)*text))
			continue;
		while (*class && check_place(*class, *text) != IDENTIFIER_GOOD)
			class ++;
		strange = !*class &&
			  (!rule->tail || check_place(rule->tail, *text) != IDENTIFIER_GOOD);
	}
	return strange;
}

static enum identifier_verdict check_form(const struct identifier_rule *rule, const char *text,
					  size_t bytes)
{
	const size_t head = strlen(rule->form), characters = count_characters(text);
	enum identifier_verdict verdict = IDENTIFIER_GOOD;

	if (characters > (rule->max_characters ? rule->max_characters : head))
		return has_strange_sign(rule, text) ? IDENTIFIER_WRONG_CHARACTER
						    : IDENTIFIER_TOO_LONG;
	if (characters < head)
		return IDENTIFIER_TOO_SHORT;
	for (size_t i = 0; i < bytes && verdict == IDENTIFIER_GOOD; i++)
		verdict = check_place(i < head ? rule->form[i] : rule->tail, text[i]);
	return verdict;
}

static enum identifier_verdict check_opaque(const char *text)
{
	if (!utf8_is_printable(text))
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

static void drop_front(char *text, size_t bytes)
{
	memmove(text, text + bytes, strlen(text + bytes) + 1);
}

/* "]C1(00)…", "(00)…", or the bare digits of the identifier before a number of known length. */
static void drop_prefix(const struct identifier_rule *rule, char *text)
{
	const size_t form = rule->tail ? 0 : strlen(rule->form);
	bool scanned = text[0] == ']' && strlen(text) > 3;

	if (scanned)
		drop_front(text, 3);
	for (const char *prefix = rule->prefixes; *prefix; prefix += strcspn(prefix, " ")) {
		size_t bytes;

		prefix += strspn(prefix, " ");
		bytes = strcspn(prefix, " ");
		if (text[0] == '(' && strncmp(text + 1, prefix, bytes) == 0 &&
		    text[bytes + 1] == ')') {
			drop_front(text, bytes + 2);
			return;
		}
		if (strncmp(text, prefix, bytes) == 0 &&
		    (form ? strlen(text) == form + bytes : scanned)) {
			drop_front(text, bytes);
			return;
		}
	}
}

/* What is written so far. */
struct writing {
	const struct identifier_rule *rule;
	char *text; /* IDENTIFIER_BYTES */
	size_t bytes, last_bytes; /* of all, and of the last character */
	uint32_t last;
};

static bool put(struct writing *writing, const char *text, uint32_t last)
{
	size_t bytes = strlen(text);

	if (writing->bytes + bytes >= IDENTIFIER_BYTES)
		return false;
	memcpy(writing->text + writing->bytes, text, bytes + 1);
	writing->bytes += bytes;
	writing->last = last;
	writing->last_bytes = last < 0x80 ? 1 : bytes;
	return true;
}

static bool put_composed(struct writing *writing, uint32_t composed)
{
	char text[UTF8_BYTES];

	writing->bytes -= writing->last_bytes;
	utf8_write(composed, text);
	return put(writing, text, composed);
}

static bool is_dropped(const struct identifier_rule *rule, uint32_t character)
{
	if (character == 0x1D) /* divides the elements of a GS1 symbol */
		return rule->prefixes;
	switch (fold_class_of(character)) {
	case FOLD_BLANK:
		return true;
	case FOLD_DASH:
		return rule->drops_hyphens;
	case FOLD_DOT:
		return rule->drops_dots;
	case FOLD_LETTER:
		break;
	}
	return false;
}

/* What numbers are made of, nearly always: compared as it is, and no mark. */
static bool is_plain(uint32_t character)
{
	return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z');
}

static bool put_character(struct writing *writing, uint32_t character)
{
	char text[FOLD_BYTES] = {(char)character};
	uint32_t last = character, composed;

	if (is_plain(character))
		return put(writing, text, character);
	if (is_dropped(writing->rule, character))
		return true;
	if (fold_class_of(character) == FOLD_DASH)
		return put(writing, "-", '-');
	composed = writing->bytes > 0 ? fold_compose(writing->last, character) : 0;
	if (composed)
		return put_composed(writing, composed);
	if (writing->rule->keeps_case && character < 0xFF00)
		utf8_write(character, text);
	else
		fold_character(character, text, &last);
	return put(writing, text, last);
}

/* The character there, bytes of it; 0: it is none that can be printed. */
static size_t take_character(const char *in, size_t bytes, uint32_t *ret_character)
{
	char one[UTF8_BYTES] = {0};
	size_t length;

	if ((unsigned char)in[0] < 0x80) {
		*ret_character = (unsigned char)in[0];
		return in[0] ? 1 : 0;
	}
	memcpy(one, in, bytes < sizeof(one) - 1 ? bytes : sizeof(one) - 1);
	length = utf8_sequence(one);
	*ret_character = length > 0 ? utf8_code(one, length) : 0;
	return length;
}

enum identifier_verdict identifier_normalise(enum identifier_kind kind, const void *raw,
					     size_t bytes, char ret_text[IDENTIFIER_BYTES])
{
	struct writing writing = {.rule = identifier_rule(kind), .text = ret_text};
	enum identifier_verdict verdict = IDENTIFIER_GOOD;
	const char *in = raw;
	uint32_t character;
	size_t taken;

	memset(ret_text, 0, IDENTIFIER_BYTES);
	for (size_t i = 0; i < bytes && verdict == IDENTIFIER_GOOD; i += taken) {
		taken = take_character(in + i, bytes - i, &character);
		if (taken == 0)
			verdict = IDENTIFIER_UNPRINTABLE;
		else if (!put_character(&writing, character))
			verdict = IDENTIFIER_TOO_LONG;
	}
	if (verdict == IDENTIFIER_GOOD && writing.rule->prefixes)
		drop_prefix(writing.rule, ret_text);
	if (verdict == IDENTIFIER_GOOD)
		verdict = ret_text[0] ? check_opaque(ret_text) : IDENTIFIER_EMPTY;
	if (verdict != IDENTIFIER_GOOD)
		memset(ret_text, 0, IDENTIFIER_BYTES);
	return verdict;
}

void identifier_bare(const char *text, char ret_bare[IDENTIFIER_BYTES])
{
	size_t used = 0;

	for (; *text && used < IDENTIFIER_BYTES - 1; text++)
		if (!ispunct((unsigned char)*text))
			ret_bare[used++] = *text;
	memset(ret_bare + used, 0, IDENTIFIER_BYTES - used);
}

enum identifier_kind identifier_equipment(const void *raw, size_t bytes)
{
	static const enum identifier_kind kinds[] = {IDENTIFIER_ILU, IDENTIFIER_WAGON,
						     IDENTIFIER_WAGON_1520};
	char text[IDENTIFIER_BYTES];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		enum identifier_verdict verdict = identifier_read(kinds[i], raw, bytes, text);

		if (verdict == IDENTIFIER_GOOD || verdict == IDENTIFIER_WRONG_CHECK)
			return kinds[i];
	}
	return IDENTIFIER_CONTAINER;
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

	for (unsigned kind = 0; kind < IDENTIFIER_KINDS; kind++) {
		const enum identifier_verdict verdict = identifier_read(kind, raw, bytes, text);

		if (verdict == IDENTIFIER_GOOD)
			candidates.good |= UINT32_C(1) << kind;
		else if (verdict == IDENTIFIER_WRONG_CHECK)
			candidates.miswritten |= UINT32_C(1) << kind;
	}
	return candidates;
}
