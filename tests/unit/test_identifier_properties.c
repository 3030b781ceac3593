/* What holds for any number of any kind, and for any bytes. Wrong and swapped digits are
 * tried in test_identifier.c. */
#include "rig/unit.h"

#include "dice.h"
#include "transit/registry/identifier.h"

#define ROUNDS	  400 /* numbers of each kind */
#define RAW_BYTES 96
#define DIGITS	  "0123456789"
#define LETTERS	  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static struct dice *dice_of(void **state)
{
	return *state;
}

static char pick(struct dice *dice, const char *members)
{
	return members[roll(dice, (uint32_t)strlen(members))];
}

/* ---- numbers that are right ---------------------------------------------------------- */

/* Written anew from the sources that the rules name, not from the table of rules. */
struct recipe {
	enum identifier_kind kind;
	const char *form; /* see character(); ? is a check digit, * repeats what is before it */
	size_t longest;
};

static const struct recipe recipes[] = {
	{IDENTIFIER_CONTAINER, "aaacnnnnnn?", 11},
	{IDENTIFIER_ILU, "aaaennnnnn?", 11},
	{IDENTIFIER_WAGON, "nnnnnnnnnnn?", 12},
	{IDENTIFIER_WAGON_1520, "nnnnnnn?", 8},
	{IDENTIFIER_MRN, "nnaaxxxxxxxxxxxxx?", 18},
	{IDENTIFIER_MRN_TRANSIT, "yyaaxxxxxxxxxxxxp?", 18},
	{IDENTIFIER_GRN, "nnaaxxxxxxxxxxxx?", 17},
	{IDENTIFIER_UCR, "naar*", 35},
	{IDENTIFIER_UCR_LONG_YEAR, "nnaar*", 35},
	{IDENTIFIER_EORI, "aax*", 17},
	{IDENTIFIER_AEO_CHINA, "AEOCNnnnnnnnnnn", 15},
	{IDENTIFIER_AEO_EU, "aaAEOtd*", 35},
	{IDENTIFIER_AEO, "o*", 35},
	{IDENTIFIER_SSCC, "nnnnnnnnnnnnnnnnn?", 18},
	{IDENTIFIER_GLN, "nnnnnnnnnnnn?", 13},
	{IDENTIFIER_GSIN, "nnnnnnnnnnnnnnnn?", 17},
	{IDENTIFIER_GIAI, "nnnng*", 30},
	{IDENTIFIER_UNLOCODE, "aalll", 5},
	{IDENTIFIER_CUSTOMS_OFFICE, "aaxxxxxx", 8},
	{IDENTIFIER_SEAL, "x*", 35},
	{IDENTIFIER_PLATE, "x*", 35},
	{IDENTIFIER_GTRD, "o*", 35},
	{IDENTIFIER_CIM_SMGS, "o*", 35},
	{IDENTIFIER_NATIONAL, "o*", 35},
};

#define RECIPES (COUNT(recipes))

static char character(struct dice *dice, char class)
{
	switch (class) {
	case 'n':
		return pick(dice, DIGITS);
	case 'a':
		return pick(dice, LETTERS);
	case 'x':
		return pick(dice, DIGITS LETTERS);
	case 'c':
		return pick(dice, "UJZ");
	case 'e':
		return pick(dice, "ABDEK");
	case 'y': /* of a year from 2033 to 2099, see below */
		return pick(dice, "3456789");
	case 'p':
		return pick(dice, "JKLM");
	case 't':
		return pick(dice, "CSF");
	case 'r':
		return pick(dice, DIGITS LETTERS "-()");
	case 'd':
		return pick(dice, DIGITS LETTERS "/-");
	case 'l':
		return pick(dice, "23456789" LETTERS);
	case 'g':
		return pick(dice, DIGITS LETTERS "abcxyz!\"%&'()*+,-./_:;<=>?");
	case 'o':
		return pick(dice, DIGITS LETTERS "/.-:()");
	default:
		return class;
	}
}

static void find_check(enum identifier_kind kind, char *text, size_t at)
{
	text[at + 1] = '\0';
	for (text[at] = '0'; text[at] <= '9'; text[at]++)
		if (identifier_check(kind, text) == IDENTIFIER_GOOD)
			return;
	fail_msg("no check digit fits %s", text);
}

static void make(struct dice *dice, const struct recipe *recipe, char *text)
{
	const size_t form = strlen(recipe->form);
	size_t bytes = form;

	if (recipe->form[form - 1] == '*')
		bytes = form - 1 + roll(dice, (uint32_t)(recipe->longest - form + 2));
	for (size_t i = 0; i < bytes; i++) {
		char class = recipe->form[i < form - 1 ? i : form - 1];

		if (class == '?') {
			find_check(recipe->kind, text, i);
			return;
		}
		text[i] = character(dice, class == '*' ? recipe->form[form - 2] : class);
	}
	text[bytes] = '\0';
}

static void make_tir(struct dice *dice, char *text)
{
	static const char letters[23][3] = {"RX", "UX", "XX", "AX", "DX", "GX", "JX", "MX",
					    "PX", "SX", "VX", "YX", "XB", "XE", "XH", "XK",
					    "XN", "XQ", "XT", "XW", "XZ", "XC", "XF"};
	unsigned number = 1 + roll(dice, flip(dice) ? 25000000 : 999999999);

	sprintf(text, "%s%u", number > 25000000 ? letters[number % 23] : "", number);
}

/* Small letters, blanks and hyphens where they mean nothing. */
static size_t write_loosely(struct dice *dice, enum identifier_kind kind, const char *text,
			    char *raw)
{
	const struct identifier_rule *rule = identifier_rule(kind);
	size_t used = 0;

	for (; *text; text++) {
		bool small = *text >= 'A' && *text <= 'Z' && !rule->keeps_case && flip(dice);

		while (used < RAW_BYTES - 40 && roll(dice, 5) == 0)
			raw[used++] = pick(dice, rule->drops_hyphens ? " \t\r\n-" : " \t\r\n");
		raw[used++] = (char)(small ? *text - 'A' + 'a' : *text);
	}
	return used;
}

static void expect_right(struct dice *dice, enum identifier_kind kind, const char *text)
{
	char raw[RAW_BYTES], read[IDENTIFIER_BYTES];
	const size_t bytes = write_loosely(dice, kind, text, raw);
	struct identifier_candidates candidates;
	enum identifier_verdict verdict = identifier_check(kind, text);

	if (verdict != IDENTIFIER_GOOD)
		fail_msg("%s %s: %s", identifier_rule(kind)->name, text,
			 identifier_verdict_name(verdict));
	assert_int_equal(identifier_read(kind, raw, bytes, read), IDENTIFIER_GOOD);
	assert_string_equal(read, text);
	candidates = identifier_classify(raw, bytes);
	if (!(candidates.good >> kind & 1) || candidates.good & candidates.miswritten)
		fail_msg("%s %s is not taken for one", identifier_rule(kind)->name, text);
}

static void a_number_made_by_the_rules_of_its_kind_is_good_in_every_writing(void **state)
{
	struct dice *dice = dice_of(state);
	uint32_t made = UINT32_C(1) << IDENTIFIER_TIR;
	char text[IDENTIFIER_BYTES];
	size_t round;

	for (size_t i = 0; i < RECIPES; i++) {
		made |= UINT32_C(1) << recipes[i].kind;
		for (round = 0; round < ROUNDS; round++) {
			make(dice, &recipes[i], text);
			if (identifier_rule(recipes[i].kind)->drops_hyphens && strchr(text, '-'))
				continue;
			expect_right(dice, recipes[i].kind, text);
		}
	}
	for (round = 0; round < ROUNDS; round++) {
		make_tir(dice, text);
		expect_right(dice, IDENTIFIER_TIR, text);
	}
	assert_int_equal(made, (UINT32_C(1) << IDENTIFIER_KINDS) - 1);
}

/* A number and the same with one place changed are never taken for each other. */
static void another_number_is_never_equal(void **state)
{
	struct dice *dice = dice_of(state);
	char text[IDENTIFIER_BYTES], other[IDENTIFIER_BYTES], changed[IDENTIFIER_BYTES];
	char raw[RAW_BYTES];
	size_t round;

	for (size_t i = 0; i < RECIPES; i++) {
		for (round = 0; round < ROUNDS; round++) {
			size_t at, bytes;
			char before;

			make(dice, &recipes[i], text);
			at = roll(dice, (uint32_t)strlen(text));
			before = text[at];
			bytes = write_loosely(dice, recipes[i].kind, text, raw);
			(void)identifier_read(recipes[i].kind, raw, bytes, other);
			text[at] = pick(dice, DIGITS LETTERS);
			bytes = write_loosely(dice, recipes[i].kind, text, raw);
			(void)identifier_read(recipes[i].kind, raw, bytes, changed);
			if (before != '-')
				assert_true((strcmp(other, changed) == 0) == (text[at] == before));
		}
	}
}

/* ---- any bytes ----------------------------------------------------------------------- */

static size_t any_bytes(struct dice *dice, unsigned char *raw)
{
	static const char likely[] = "AZaz09 -\t\n/().#\x7f\xd0\x96\xc2\x80\xff";
	const size_t bytes = roll(dice, RAW_BYTES + 1);

	for (size_t i = 0; i < bytes; i++)
		raw[i] = roll(dice, 4) ? (unsigned char)likely[roll(dice, sizeof(likely))]
				       : (unsigned char)roll(dice, 256);
	return bytes;
}

static void try_bytes(enum identifier_kind kind, const unsigned char *raw, size_t bytes)
{
	char text[IDENTIFIER_BYTES], again[IDENTIFIER_BYTES];
	enum identifier_verdict verdict = identifier_normalise(kind, raw, bytes, text);

	assert_non_null(memchr(text, '\0', sizeof(text)));
	assert_true((verdict == IDENTIFIER_GOOD) == (text[0] != '\0'));
	assert_int_equal(identifier_normalise(kind, text, strlen(text), again),
			 verdict == IDENTIFIER_GOOD ? IDENTIFIER_GOOD : IDENTIFIER_EMPTY);
	assert_string_equal(again, text);
	assert_int_equal(identifier_read(kind, raw, bytes, again),
			 verdict == IDENTIFIER_GOOD ? identifier_check(kind, text) : verdict);
	assert_string_equal(again, text);
}

static void any_bytes_are_normalised_once_and_for_all(void **state)
{
	struct dice *dice = dice_of(state);
	unsigned char raw[RAW_BYTES];
	unsigned kind;
	size_t round;

	for (round = 0; round < 4000; round++) {
		const size_t bytes = any_bytes(dice, raw);

		for (kind = 0; kind < IDENTIFIER_KINDS; kind++)
			try_bytes(kind, raw, bytes);
	}
}

/* What a person would strike out before comparing two writings. */
static void strike_out(enum identifier_kind kind, const char *raw, char *text)
{
	const struct identifier_rule *rule = identifier_rule(kind);

	for (; *raw; raw++) {
		if (*raw == ' ' || *raw == '\t' || *raw == '\r' || *raw == '\n')
			continue;
		if (*raw == '-' && rule->drops_hyphens)
			continue;
		*text++ =
			*raw >= 'a' && *raw <= 'z' && !rule->keeps_case ? (char)(*raw - 32) : *raw;
	}
	*text = '\0';
}

static void any_writing(struct dice *dice, char *raw)
{
	const size_t bytes = 1 + roll(dice, 5);

	for (size_t i = 0; i < bytes; i++)
		raw[i] = pick(dice, "aAbB1 -/");
	raw[bytes] = '\0';
}

static void two_writings_are_equal_when_a_person_would_say_so(void **state)
{
	struct dice *dice = dice_of(state);
	char raw[2][8], struck[2][8], text[2][IDENTIFIER_BYTES];
	size_t round, equal = 0;
	unsigned kind;

	for (round = 0; round < 4000; round++) {
		for (kind = 0; kind < IDENTIFIER_KINDS; kind++) {
			for (size_t i = 0; i < 2; i++) {
				any_writing(dice, raw[i]);
				strike_out(kind, raw[i], struck[i]);
				(void)identifier_normalise(kind, raw[i], strlen(raw[i]), text[i]);
			}
			assert_true((strcmp(text[0], text[1]) == 0) ==
				    (strcmp(struck[0], struck[1]) == 0));
			equal += strcmp(text[0], text[1]) == 0;
		}
	}
	assert_true(equal > 1000); /* both happened */
}

int main(void)
{
	struct dice dice;
	struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(
			a_number_made_by_the_rules_of_its_kind_is_good_in_every_writing, &dice),
		cmocka_unit_test_prestate(another_number_is_never_equal, &dice),
		cmocka_unit_test_prestate(any_bytes_are_normalised_once_and_for_all, &dice),
		cmocka_unit_test_prestate(two_writings_are_equal_when_a_person_would_say_so, &dice),
	};

	dice_init(&dice);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
