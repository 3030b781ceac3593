#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transit/identifier.h"

#define VECTORS "tests/unit/vectors/identifiers.json"
#define ROUNDS	200

#define KIND(kind) (UINT32_C(1) << IDENTIFIER_##kind)
#define OPAQUE	   (KIND(AEO) | KIND(SEAL) | KIND(PLATE) | KIND(GTRD) | KIND(CIM_SMGS) | KIND(NATIONAL))

static enum identifier_verdict read_text(enum identifier_kind kind, const char *raw, char *text)
{
	return identifier_read(kind, raw, strlen(raw), text);
}

/* ---- vectors ------------------------------------------------------------------------- */

struct group {
	const char *name;
	enum identifier_kind kind;
	unsigned valid, invalid; /* how many the file holds */
};

static const struct group groups[] = {
	{"iso6346", IDENTIFIER_CONTAINER, 6, 5},
	{"mrn_any", IDENTIFIER_MRN, 7, 5},
	{"mrn_ncts_p5", IDENTIFIER_MRN_TRANSIT, 5, 3},
	{"tir_carnet", IDENTIFIER_TIR, 7, 5},
	{"ucr", IDENTIFIER_UCR, 4, 4},
	{"sscc", IDENTIFIER_SSCC, 4, 3},
	{"gln", IDENTIFIER_GLN, 4, 3},
	{"gsin", IDENTIFIER_GSIN, 4, 3},
	{"unlocode_form", IDENTIFIER_UNLOCODE, 5, 4},
	{"eori_form", IDENTIFIER_EORI, 4, 3},
	{"aeo_cn", IDENTIFIER_AEO_CHINA, 4, 3},
	{"customs_office", IDENTIFIER_CUSTOMS_OFFICE, 4, 3},
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static const struct group *group_named(const char *name)
{
	size_t i;

	for (i = 0; i < GROUPS; i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	fail_msg("%s: no kind for group \"%s\"", VECTORS, name);
	return NULL;
}

/* Why each invalid one is none; as it stands, and (where it differs) once it is normalised. */
static const struct {
	const char *group, *text;
	enum identifier_verdict as_it_stands, normalised;
} reasons[] = {
	{"iso6346", "CSQU3054384", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"iso6346", "CSQU3054838", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"iso6346", "CSQA3054383", IDENTIFIER_WRONG_LETTER, IDENTIFIER_WRONG_LETTER},
	{"iso6346", "CSQU305438", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"iso6346", "csqu3054383", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_GOOD},
	{"mrn_any", "21DE27364916384835", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"mrn_any", "26GE7A01B2C3D4E5J2", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"mrn_any", "26GE7A01B2C3D45EJ1", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"mrn_any", "26G17A01B2C3D4E5J1", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"mrn_any", "26GE7A01B2C3D4E5J", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"mrn_ncts_p5", "18GB0000601001EB15", IDENTIFIER_WRONG_CHARACTER,
	 IDENTIFIER_WRONG_CHARACTER},
	{"mrn_ncts_p5", "26GE7A01B2C3D4E5A1", IDENTIFIER_WRONG_LETTER, IDENTIFIER_WRONG_LETTER},
	{"mrn_ncts_p5", "26GE7A01B2C3D4E5J0", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"tir_carnet", "25000001", IDENTIFIER_CHECK_MISSING, IDENTIFIER_CHECK_MISSING},
	{"tir_carnet", "XX25000000", IDENTIFIER_CHECK_UNCALLED, IDENTIFIER_CHECK_UNCALLED},
	{"tir_carnet", "XX72581267", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"tir_carnet", "JX72581276", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"tir_carnet", "JX 72581267", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_GOOD},
	{"ucr", "26GE204567891-INV1", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"ucr", "6ge204567891-INV1", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_GOOD},
	{"ucr", "6GE204567891-A/B", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"ucr", "6GEXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", IDENTIFIER_TOO_LONG, IDENTIFIER_TOO_LONG},
	{"sscc", "095211410000000015", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"sscc", "95211410000000014", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"sscc", "0952114100000000A4", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"gln", "9521141111117", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"gln", "952114111111", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"gln", "0614141073476", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"gsin", "95211410000000015", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"gsin", "9521141000000001", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"gsin", "95211410000000041", IDENTIFIER_WRONG_CHECK, IDENTIFIER_WRONG_CHECK},
	{"unlocode_form", "GEPT", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"unlocode_form", "GEP0I", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"unlocode_form", "GE PTI", IDENTIFIER_TOO_LONG, IDENTIFIER_GOOD},
	{"unlocode_form", "ge123", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"eori_form", "D1234567890", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"eori_form", "DE", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"eori_form", "DE1234567890123456", IDENTIFIER_TOO_LONG, IDENTIFIER_TOO_LONG},
	{"aeo_cn", "CN0123456789", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"aeo_cn", "AEOCN123456789", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"aeo_cn", "AEOCN12345678901", IDENTIFIER_TOO_LONG, IDENTIFIER_TOO_LONG},
	{"customs_office", "GB00246", IDENTIFIER_TOO_SHORT, IDENTIFIER_TOO_SHORT},
	{"customs_office", "G1000246", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_WRONG_CHARACTER},
	{"customs_office", "gb000246", IDENTIFIER_WRONG_CHARACTER, IDENTIFIER_GOOD},
};

static void expect_reason(const struct group *group, const char *text)
{
	char normalised[IDENTIFIER_BYTES];
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcmp(reasons[i].group, group->name) != 0 ||
		    strcmp(reasons[i].text, text) != 0)
			continue;
		if (identifier_check(group->kind, text) != reasons[i].as_it_stands ||
		    read_text(group->kind, text, normalised) != reasons[i].normalised)
			fail_msg("%s \"%s\": %s", group->name, text,
				 identifier_verdict_name(identifier_check(group->kind, text)));
		return;
	}
	fail_msg("%s \"%s\": no reason is given here", group->name, text);
}

static void try_vector(const struct group *group, int valid, const char *text)
{
	const enum identifier_verdict verdict = identifier_check(group->kind, text);
	char normalised[IDENTIFIER_BYTES];

	if ((verdict == IDENTIFIER_GOOD) != valid)
		fail_msg("%s \"%s\": %s", group->name, text, identifier_verdict_words(verdict));
	if (!valid) {
		expect_reason(group, text);
		return;
	}
	assert_int_equal(read_text(group->kind, text, normalised), IDENTIFIER_GOOD);
	assert_string_equal(normalised, text);
}

/* The file holds objects, lists and strings without escapes: each string is the name of a
 * group, "valid", "invalid", or a vector. */
static void every_vector_is_judged_as_published(void **state)
{
	unsigned counts[GROUPS][2] = {{0}};
	char json[8192] = "", *at = json, *text;
	const struct group *group = NULL;
	FILE *file = fopen(VECTORS, "re");
	int valid = 0;
	size_t i;

	(void)state;
	assert_non_null(file);
	json[fread(json, 1, sizeof(json) - 1, file)] = '\0';
	fclose(file);
	while ((at = strchr(at, '"'))) {
		text = ++at;
		at = strchr(at, '"');
		assert_non_null(at);
		*at++ = '\0';
		if (*at != ':') {
			assert_non_null(group);
			counts[group - groups][valid]++;
			try_vector(group, valid, text);
		} else if (strcmp(text, "valid") == 0 || strcmp(text, "invalid") == 0) {
			valid = text[0] == 'v';
		} else {
			group = group_named(text);
		}
	}
	for (i = 0; i < GROUPS; i++) {
		assert_int_equal(counts[i][1], groups[i].valid);
		assert_int_equal(counts[i][0], groups[i].invalid);
	}
}

/* ---- reasons, writings, kinds -------------------------------------------------------- */

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		enum identifier_kind kind;
		const char *raw;
		enum identifier_verdict verdict;
	} cases[] = {
		{IDENTIFIER_CONTAINER, "", IDENTIFIER_EMPTY},
		{IDENTIFIER_CONTAINER, " - \r\n", IDENTIFIER_EMPTY},
		{IDENTIFIER_CONTAINER, "CSQU3054384", IDENTIFIER_WRONG_CHECK},
		{IDENTIFIER_CONTAINER, "CSQU3054838", IDENTIFIER_WRONG_CHECK},
		{IDENTIFIER_CONTAINER, "CSQA3054383", IDENTIFIER_WRONG_LETTER},
		{IDENTIFIER_CONTAINER, "CSQ73054383", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_CONTAINER, "C5QU3054383", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_CONTAINER, "CSQU305438", IDENTIFIER_TOO_SHORT},
		{IDENTIFIER_CONTAINER, "CSQU30543833", IDENTIFIER_TOO_LONG},
		{IDENTIFIER_CONTAINER,
		 "CSQU\x01"
		 "054383",
		 IDENTIFIER_UNPRINTABLE},
		{IDENTIFIER_CONTAINER,
		 "CSQU\xff"
		 "054383",
		 IDENTIFIER_UNPRINTABLE},
		{IDENTIFIER_MRN, "20DE16137020157570", IDENTIFIER_WRONG_CHECK},
		{IDENTIFIER_MRN_TRANSIT, "26GE7A01B2C3D4E5A1", IDENTIFIER_WRONG_LETTER},
		{IDENTIFIER_MRN_TRANSIT, "23GB000246T9DW2SJ9", IDENTIFIER_WRONG_YEAR},
		{IDENTIFIER_MRN_TRANSIT, "27WF9X1FQ9RCKN0TM3", IDENTIFIER_WRONG_CHECK},
		{IDENTIFIER_MRN_TRANSIT, "18GB0000601001EB15", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_TIR, "25000001", IDENTIFIER_CHECK_MISSING},
		{IDENTIFIER_TIR, "XX25000000", IDENTIFIER_CHECK_UNCALLED},
		{IDENTIFIER_TIR, "XX72581267", IDENTIFIER_WRONG_CHECK},
		{IDENTIFIER_TIR, "XJ72581267", IDENTIFIER_WRONG_CHECK},
		{IDENTIFIER_TIR, "J72581267", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_TIR, "JX", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_TIR, "0", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_TIR, "JX072581267", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_TIR, "1234567890", IDENTIFIER_TOO_LONG},
		{IDENTIFIER_TIR, "JX1234567890", IDENTIFIER_TOO_LONG},
		{IDENTIFIER_UCR, "6GE204567891-A/B", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_UCR, "6GE", IDENTIFIER_TOO_SHORT},
		{IDENTIFIER_UCR, "26GE204567891-INV1", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_UCR_LONG_YEAR, "26GE204567891-INV1", IDENTIFIER_GOOD},
		{IDENTIFIER_UCR_LONG_YEAR, "6GE204567891-INV0001", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_AEO_EU, "DEAEOF123456", IDENTIFIER_GOOD},
		{IDENTIFIER_AEO_EU, "DEAEOX123456", IDENTIFIER_WRONG_LETTER},
		{IDENTIFIER_AEO_EU, "DEAEOF", IDENTIFIER_TOO_SHORT},
		{IDENTIFIER_AEO,
		 "RU/0001/\xd0\xa2\xd0\xb8\xd0\xbf"
		 "3",
		 IDENTIFIER_GOOD},
		{IDENTIFIER_UNLOCODE, "GEP1I", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_UNLOCODE, "GEP2I", IDENTIFIER_GOOD},
		{IDENTIFIER_GIAI, "9521141SEAL0012345", IDENTIFIER_GOOD},
		{IDENTIFIER_GIAI, "952SEAL0012345", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_GIAI, "9521141SEAL#1", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_GIAI, "9521", IDENTIFIER_TOO_SHORT},
		{IDENTIFIER_GIAI, "9521141234567890123456789012345", IDENTIFIER_TOO_LONG},
		{IDENTIFIER_SSCC, "0952114100000000A4", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_SEAL, "a", IDENTIFIER_GOOD},
		{IDENTIFIER_SEAL, "12345678901234567890123456789012345", IDENTIFIER_GOOD},
		{IDENTIFIER_SEAL, "123456789012345678901234567890123456", IDENTIFIER_TOO_LONG},
		{IDENTIFIER_SEAL, "\xc2\x80", IDENTIFIER_UNPRINTABLE},
	};
	char text[IDENTIFIER_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum identifier_verdict verdict = read_text(cases[i].kind, cases[i].raw, text);

		if (verdict != cases[i].verdict)
			fail_msg("%s \"%s\": %s", identifier_rule(cases[i].kind)->name,
				 cases[i].raw, identifier_verdict_name(verdict));
	}
}

static void a_number_is_the_same_in_every_writing(void **state)
{
	static const struct {
		enum identifier_kind kind;
		const char *raw, *text;
	} cases[] = {
		{IDENTIFIER_CONTAINER, "csqu 305438 3", "CSQU3054383"},
		{IDENTIFIER_CONTAINER, "CSQU-305438-3\r\n", "CSQU3054383"},
		{IDENTIFIER_MRN, "26ge 7a01 b2c3 d4e5 j1", "26GE7A01B2C3D4E5J1"},
		{IDENTIFIER_TIR, "JX 72581267", "JX72581267"},
		{IDENTIFIER_UCR, "6ge204567891-inv 0001", "6GE204567891-INV0001"},
		{IDENTIFIER_UNLOCODE, "ge pti", "GEPTI"},
		{IDENTIFIER_CUSTOMS_OFFICE, "gb000246", "GB000246"},
		{IDENTIFIER_SSCC, "0 9521141 000000001 4", "095211410000000014"},
		{IDENTIFIER_GIAI, "9521141 Seal-a", "9521141Seal-a"},
		{IDENTIFIER_SEAL, "ge-00 123-45\t", "GE0012345"},
		{IDENTIFIER_PLATE, "tb-123-ab", "TB123AB"},
		{IDENTIFIER_NATIONAL, "10005020/010126/0001234-a", "10005020/010126/0001234-A"},
	};
	char text[IDENTIFIER_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(cases[i].kind, cases[i].raw, text), IDENTIFIER_GOOD);
		assert_string_equal(text, cases[i].text);
	}
}

static void a_wrong_check_digit_leaves_the_number(void **state)
{
	char text[IDENTIFIER_BYTES];

	(void)state;
	assert_int_equal(read_text(IDENTIFIER_CONTAINER, "csqu 305438 4", text),
			 IDENTIFIER_WRONG_CHECK);
	assert_string_equal(text, "CSQU3054384");
}

static void long_numbers_never_become_equal_by_being_cut(void **state)
{
	char raw[200], text[IDENTIFIER_BYTES] = "before";

	(void)state;
	memset(raw, 'A', sizeof(raw));
	assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, sizeof(raw), text),
			 IDENTIFIER_TOO_LONG);
	assert_string_equal(text, "");
	raw[3] = '\0';
	assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, 8, text), IDENTIFIER_UNPRINTABLE);
	assert_string_equal(text, "");
	memset(raw, ' ', sizeof(raw));
	raw[150] = 'A';
	assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, sizeof(raw), text), IDENTIFIER_GOOD);
	assert_string_equal(text, "A");
}

static void no_length_is_too_much(void **state)
{
	char raw[2 * IDENTIFIER_BYTES + 1];
	char *text = malloc(IDENTIFIER_BYTES); /* so that writing past its end is seen */
	size_t bytes;

	(void)state;
	assert_non_null(text);
	memset(raw, 'A', sizeof(raw));
	for (bytes = 1; bytes < sizeof(raw); bytes++)
		assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, bytes, text),
				 bytes <= 35 ? IDENTIFIER_GOOD : IDENTIFIER_TOO_LONG);
	raw[sizeof(raw) - 1] = '\0';
	assert_int_equal(identifier_check(IDENTIFIER_SEAL, raw), IDENTIFIER_TOO_LONG);
	assert_int_equal(identifier_check(IDENTIFIER_SSCC, raw), IDENTIFIER_TOO_LONG);
	free(text);
}

static void characters_are_counted_not_bytes(void **state)
{
	char raw[IDENTIFIER_BYTES], text[IDENTIFIER_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(raw); i += 2)
		memcpy(raw + i, "\xd0\x96", 2); /* Cyrillic */
	assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, 62, text), IDENTIFIER_GOOD);
	assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, 63, text), IDENTIFIER_UNPRINTABLE);
	assert_int_equal(identifier_read(IDENTIFIER_SEAL, raw, 64, text), IDENTIFIER_TOO_LONG);
}

static void a_text_is_told_which_kinds_it_can_be(void **state)
{
	static const struct {
		const char *raw;
		uint32_t good, miswritten;
	} cases[] = {
		{"CSQU 305438 3", OPAQUE | KIND(CONTAINER) | KIND(EORI), 0},
		{"CSQU3054384", OPAQUE | KIND(EORI), KIND(CONTAINER)},
		{"26GE7A01B2C3D4E5J1", OPAQUE | KIND(MRN) | KIND(MRN_TRANSIT) | KIND(UCR_LONG_YEAR),
		 0},
		{"18GB0000601001EB15", OPAQUE | KIND(MRN) | KIND(UCR_LONG_YEAR), 0},
		{"JX95000448", OPAQUE | KIND(TIR) | KIND(EORI), 0},
		{"AEOCN0123456789", OPAQUE | KIND(AEO_CHINA) | KIND(EORI), 0},
		{"GEPTI", OPAQUE | KIND(UNLOCODE) | KIND(EORI), 0},
		{"095211410000000014", OPAQUE | KIND(SSCC) | KIND(GIAI), 0},
		{"9521141111117", OPAQUE | KIND(GIAI), KIND(GLN)},
		{"05DE3300BE0001067A001017", OPAQUE | KIND(GRN) | KIND(UCR_LONG_YEAR), 0},
		{"\x01", 0, 0},
		{"", 0, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct identifier_candidates candidates =
			identifier_classify(cases[i].raw, strlen(cases[i].raw));

		if (candidates.good != cases[i].good ||
		    candidates.miswritten != cases[i].miswritten)
			fail_msg("\"%s\": good %08x, miswritten %08x", cases[i].raw,
				 candidates.good, candidates.miswritten);
	}
}

static void every_kind_and_verdict_has_a_name_of_its_own(void **state)
{
	enum identifier_kind found = IDENTIFIER_KINDS;
	unsigned i, j;

	(void)state;
	for (i = 0; i < IDENTIFIER_KINDS; i++) {
		const struct identifier_rule *rule = identifier_rule(i);

		assert_true(identifier_kind_by_name(rule->name, &found));
		assert_int_equal(found, i);
		assert_true(rule->summary && rule->source);
		assert_true(rule->max_characters <= IDENTIFIER_CHARACTERS);
	}
	assert_false(identifier_kind_by_name("crate", &found));
	for (i = 0; i < IDENTIFIER_VERDICTS; i++) {
		assert_true(strlen(identifier_verdict_words(i)) > 0);
		for (j = 0; j < i; j++)
			assert_string_not_equal(identifier_verdict_name(i),
						identifier_verdict_name(j));
	}
}

/* ---- check digits -------------------------------------------------------------------- */

static unsigned next_random(unsigned limit)
{
	return (unsigned)random() % limit;
}

static char random_member(const char *members)
{
	return members[next_random((unsigned)strlen(members))];
}

/* Fills places of `form` (n digit, a letter, x either, else itself), then finds the check
 * digit by trying. */
static void make_valid(enum identifier_kind kind, const char *form, char *text)
{
	static const char members[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const size_t last = strlen(form);
	size_t i;

	for (i = 0; i < last; i++)
		text[i] = form[i] == 'n'   ? members[next_random(10)]
			  : form[i] == 'a' ? members[10 + next_random(26)]
			  : form[i] == 'x' ? random_member(members)
					   : form[i];
	text[last + 1] = '\0';
	for (text[last] = '0'; text[last] <= '9'; text[last]++)
		if (identifier_check(kind, text) == IDENTIFIER_GOOD)
			return;
	fail_msg("no check digit fits %s", text);
}

/* Value modulo 11 by the published classes: another way than the code's. */
static int remainder_of(const char *text, size_t bytes)
{
	static const char *const classes[] = {"0",   "1BLV", "2CMW", "3DNX", "4EOY", "5FPZ",
					      "6GQ", "7HR",  "8IS",  "9JT",  "AKU"};
	int sum = 0, weight = 1, value;
	size_t i;

	for (i = 0; i < bytes; i++, weight = weight * 2 % 11) {
		for (value = 0; !strchr(classes[value], text[i]); value++)
			;
		sum = (sum + value * weight) % 11;
	}
	return sum;
}

/* An error passes only where the remainder is the same or goes between 0 and 10. */
static void expect_iso6346(enum identifier_kind kind, const char *right, const char *wrong)
{
	const size_t body = strlen(right) - 1;
	const int before = remainder_of(right, body) % 10, after = remainder_of(wrong, body) % 10;
	const enum identifier_verdict verdict = identifier_check(kind, wrong);

	if (verdict != IDENTIFIER_GOOD && verdict != IDENTIFIER_WRONG_CHECK)
		return; /* seen by the form already */
	if ((before == after) != (verdict == IDENTIFIER_GOOD))
		fail_msg("%s for %s: %s", wrong, right, identifier_verdict_words(verdict));
}

static void try_iso6346(enum identifier_kind kind, const char *form)
{
	static const char members[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char right[32], wrong[32];
	const char *c;
	size_t i;

	make_valid(kind, form, right);
	for (i = 0; i < strlen(form); i++) {
		for (c = members; *c; c++) {
			strcpy(wrong, right);
			wrong[i] = *c;
			expect_iso6346(kind, right, wrong);
		}
		if (i + 1 == strlen(form))
			break;
		strcpy(wrong, right);
		wrong[i] = right[i + 1];
		wrong[i + 1] = right[i];
		expect_iso6346(kind, right, wrong);
	}
}

static void iso6346_digits_see_all_but_the_known_blind_spots(void **state)
{
	int i;

	(void)state;
	srandom(6346);
	for (i = 0; i < ROUNDS; i++) {
		try_iso6346(IDENTIFIER_CONTAINER, "aaaUnnnnnn");
		try_iso6346(IDENTIFIER_MRN, "nnaaxxxxxxxxxxxxx");
		try_iso6346(IDENTIFIER_MRN_TRANSIT, "24aaxxxxxxxxxxxxK");
		try_iso6346(IDENTIFIER_GRN, "nnaaxxxxxxxxxxxx");
	}
}

static void likely_misreadings_are_seen_and_unseen_as_documented(void **state)
{
	static const char seen[][2] = {{'0', 'O'}, {'8', 'B'}, {'5', 'S'}, {'1', 'I'}, {'2', 'Z'}};
	static const char unseen[][2] = {{'1', 'L'}, {'8', 'S'}};
	char right[32], wrong[32];
	size_t i;

	(void)state;
	for (i = 0; i < 7; i++) {
		const char *pair = i < 5 ? seen[i] : unseen[i - 5];

		make_valid(IDENTIFIER_MRN, "26GE7A01B2C3D4E5J", right);
		right[9] = pair[0];
		for (right[17] = '0'; identifier_check(IDENTIFIER_MRN, right);)
			right[17]++;
		strcpy(wrong, right);
		wrong[9] = pair[1];
		assert_int_equal(identifier_check(IDENTIFIER_MRN, wrong),
				 i < 5 ? IDENTIFIER_WRONG_CHECK : IDENTIFIER_GOOD);
	}
}

static void try_gs1(enum identifier_kind kind, const char *form)
{
	char right[32], wrong[32];
	size_t i;

	make_valid(kind, form, right);
	for (i = 0; i < strlen(right); i++) {
		const int step = i + 1 < strlen(right) ? abs(right[i] - right[i + 1]) : 0;
		char c;

		for (c = '0'; c <= '9'; c++) {
			strcpy(wrong, right);
			wrong[i] = c;
			assert_int_equal(identifier_check(kind, wrong),
					 c == right[i] ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHECK);
		}
		if (step == 0)
			continue;
		strcpy(wrong, right);
		wrong[i] = right[i + 1];
		wrong[i + 1] = right[i];
		assert_int_equal(identifier_check(kind, wrong),
				 step == 5 ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHECK);
	}
}

static void gs1_digits_see_all_but_neighbours_that_differ_by_five(void **state)
{
	int i;

	(void)state;
	srandom(8004);
	for (i = 0; i < ROUNDS; i++) {
		try_gs1(IDENTIFIER_SSCC, "nnnnnnnnnnnnnnnnn");
		try_gs1(IDENTIFIER_GLN, "nnnnnnnnnnnn");
		try_gs1(IDENTIFIER_GSIN, "nnnnnnnnnnnnnnnn");
	}
}

static void try_tir(unsigned number)
{
	static const char letters[23][3] = {"RX", "UX", "XX", "AX", "DX", "GX", "JX", "MX",
					    "PX", "SX", "VX", "YX", "XB", "XE", "XH", "XK",
					    "XN", "XQ", "XT", "XW", "XZ", "XC", "XF"};
	char right[32], wrong[32];
	size_t i, j;

	snprintf(right, sizeof(right), "%s%u", letters[number % 23], number);
	assert_int_equal(identifier_check(IDENTIFIER_TIR, right), IDENTIFIER_GOOD);
	for (i = 2; i < strlen(right); i++) {
		char c;

		for (c = '0'; c <= '9'; c++) {
			strcpy(wrong, right);
			wrong[i] = c;
			assert_true((c == right[i]) ==
				    (identifier_check(IDENTIFIER_TIR, wrong) == IDENTIFIER_GOOD));
		}
		for (j = 2; j < i; j++) {
			strcpy(wrong, right);
			wrong[i] = right[j];
			wrong[j] = right[i];
			assert_true((right[i] == right[j]) ==
				    (identifier_check(IDENTIFIER_TIR, wrong) == IDENTIFIER_GOOD));
		}
	}
}

static void tir_letters_see_every_wrong_or_swapped_digit(void **state)
{
	unsigned i;

	(void)state;
	srandom(1975);
	for (i = 1; i <= 23; i++)
		try_tir(25000000 + i);
	for (i = 0; i < ROUNDS; i++)
		try_tir(25000001 + next_random(974999999));
}

static void a_guarantee_of_vouchers_has_a_tail(void **state)
{
	char text[IDENTIFIER_BYTES + 8];

	(void)state;
	make_valid(IDENTIFIER_GRN, "05DE3300BE000106", text);
	strcat(text, "A001017");
	assert_int_equal(identifier_check(IDENTIFIER_GRN, text), IDENTIFIER_GOOD);
	text[17] = '1';
	assert_int_equal(identifier_check(IDENTIFIER_GRN, text), IDENTIFIER_WRONG_CHARACTER);
	text[17] = 'A';
	text[23] = '\0';
	assert_int_equal(identifier_check(IDENTIFIER_GRN, text), IDENTIFIER_TOO_SHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_judged_as_published),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_number_is_the_same_in_every_writing),
		cmocka_unit_test(a_wrong_check_digit_leaves_the_number),
		cmocka_unit_test(long_numbers_never_become_equal_by_being_cut),
		cmocka_unit_test(no_length_is_too_much),
		cmocka_unit_test(characters_are_counted_not_bytes),
		cmocka_unit_test(a_text_is_told_which_kinds_it_can_be),
		cmocka_unit_test(every_kind_and_verdict_has_a_name_of_its_own),
		cmocka_unit_test(iso6346_digits_see_all_but_the_known_blind_spots),
		cmocka_unit_test(likely_misreadings_are_seen_and_unseen_as_documented),
		cmocka_unit_test(gs1_digits_see_all_but_neighbours_that_differ_by_five),
		cmocka_unit_test(tir_letters_see_every_wrong_or_swapped_digit),
		cmocka_unit_test(a_guarantee_of_vouchers_has_a_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
