/* Numbers of all kinds: which are right, what is wrong with the others, and all their writings. */
#include "rig/unit.h"

#include "base/fold.h"
#include "base/utf8.h"

#include "transit/identifier.h"

#define VECTORS "tests/unit/vectors/identifiers.json"

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

#define GROUPS (COUNT(groups))

static const struct group *group_named(const char *name)
{

	for (size_t i = 0; i < GROUPS; i++)
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

	for (size_t i = 0; i < COUNT(reasons); i++) {
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
	for (size_t i = 0; i < GROUPS; i++) {
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
		{IDENTIFIER_CONTAINER, "CSQU/3054383", IDENTIFIER_WRONG_CHARACTER},
		{IDENTIFIER_MRN, "26GE7A01B2C3D4E5J1/1", IDENTIFIER_WRONG_CHARACTER},
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

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
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

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
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

	(void)state;
	for (size_t i = 0; i < sizeof(raw); i += 2)
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

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
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

	(void)state;
	for (unsigned i = 0; i < IDENTIFIER_KINDS; i++) {
		const struct identifier_rule *rule = identifier_rule(i);

		assert_true(identifier_kind_by_name(rule->name, &found));
		assert_int_equal(found, i);
		assert_true(rule->summary && rule->source);
		assert_true(rule->max_characters <= IDENTIFIER_CHARACTERS);
	}
	assert_false(identifier_kind_by_name("crate", &found));
	for (unsigned i = 0; i < IDENTIFIER_VERDICTS; i++) {
		assert_true(strlen(identifier_verdict_words(i)) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(identifier_verdict_name(i),
						identifier_verdict_name(j));
	}
}

/* As cameras, clerks and office programs write them. */
static void the_same_number_in_other_characters_is_the_same(void **state)
{
	static const struct {
		enum identifier_kind kind;
		const char *raw, *text;
	} writings[] = {
		{IDENTIFIER_CONTAINER, "CSQU 305438\u20113", "CSQU3054383"}, /* hyphen */
		{IDENTIFIER_CONTAINER, "CSQU\u00a03054383", "CSQU3054383"}, /* blank */
		{IDENTIFIER_CONTAINER, "\ufeffCSQU3054383", "CSQU3054383"}, /* mark */
		{IDENTIFIER_CONTAINER, "\u0421SQU3054383", "CSQU3054383"}, /* Cyrillic */
		{IDENTIFIER_CONTAINER,
		 "\uff23\uff33\uff31\uff35\uff13\uff10\uff15\uff14\uff13\uff18\uff13",
		 "CSQU3054383"}, /* full width */
		{IDENTIFIER_PLATE, "\u0410\u04101234\u0412\u0412", "AA1234BB"},
		{IDENTIFIER_PLATE, "\u0430123\u0432\u044177", "A123BC77"}, /* small */
		{IDENTIFIER_PLATE, "\u03a7\u039d\u0391 1234", "XNA1234"}, /* Greek */
		{IDENTIFIER_PLATE, "\u4eacA\u00b712345", "\u4eacA12345"}, /* middle dot */
		{IDENTIFIER_PLATE, "\u4eacA.12345", "\u4eacA12345"},
		{IDENTIFIER_PLATE, "AA\u2013123\u2014BB", "AA123BB"},
		{IDENTIFIER_PLATE, "\u202a34 ABC 123\u202c\u200e", "34ABC123"}, /* direction */
		{IDENTIFIER_PLATE, "MU\u0308 ab 123", "M\u00dcAB123"}, /* composed */
		{IDENTIFIER_PLATE, "mu\u0308ab123", "M\u00dcAB123"},
		{IDENTIFIER_PLATE, "\u0660\u0661\u0662", "012"}, /* digits of Arabic */
		{IDENTIFIER_PLATE, "\u10d0\u10d1 12", "\u10d0\u10d112"}, /* Georgian */
		{IDENTIFIER_PLATE, "\u0585\u057f 12", "OS12"}, /* Armenian */
		{IDENTIFIER_PLATE, "12 \u04af\u04cf", "12YI"}, /* Kazakh, Avar */
		{IDENTIFIER_PLATE, "\u0386 1", "\u00c11"}, /* with its mark or before it */
		{IDENTIFIER_PLATE, "\u0391\u0301 1", "\u00c11"},
		{IDENTIFIER_PLATE, "\u04ee\u04ef 1", "\u0232\u02321"}, /* Tajik */
		{IDENTIFIER_PLATE, "\u045e\u0443\u0306y\u0306 1", "\u040e\u040e\u040e1"},
		{IDENTIFIER_PLATE, "\u045c\u043a\u0301k\u0301 1", "\u040c\u040c\u040c1"},
		{IDENTIFIER_PLATE, "\u1e9e\u00df 1", "SSSS1"},
		{IDENTIFIER_PLATE, "\U0001d400\U0001d68b\U0001d7d8", "AB0"}, /* formulas */
		{IDENTIFIER_NATIONAL, "\u2116 12\u201134", "NO12-34"},
		{IDENTIFIER_UCR, "6GE\u20111", "6GE-1"},
	};
	char text[IDENTIFIER_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(writings); i++) {
		(void)identifier_read(writings[i].kind, writings[i].raw, strlen(writings[i].raw),
				      text);
		assert_string_equal(text, writings[i].text);
	}
}

/* Records are folded in place. */
static void no_character_grows(void **state)
{
	char text[UTF8_BYTES], folded[FOLD_BYTES];
	uint32_t last;

	(void)state;
	for (uint32_t character = 0x20; character < 0x20000; character++) {
		utf8_write(character, text);
		fold_character(character, folded, &last);
		assert_true(strlen(folded) <= strlen(text));
	}
}

static void what_cannot_be_seen_is_still_no_number(void **state)
{
	char text[IDENTIFIER_BYTES];

	(void)state;
	assert_int_equal(identifier_read(IDENTIFIER_PLATE, "A\u202eB", 5, text),
			 IDENTIFIER_UNPRINTABLE);
	assert_int_equal(identifier_read(IDENTIFIER_PLATE, "\u200b", 3, text), IDENTIFIER_EMPTY);
	assert_int_equal(identifier_read(IDENTIFIER_PLATE, "\u4eac", 2, text),
			 IDENTIFIER_UNPRINTABLE); /* cut */
}

static void equipment_is_told_by_its_form(void **state)
{
	static const struct {
		const char *raw;
		enum identifier_kind kind;
		enum identifier_verdict verdict;
	} equipment[] = {
		{"CSQU3054383", IDENTIFIER_CONTAINER, IDENTIFIER_GOOD},
		{"ABCA1234560", IDENTIFIER_ILU, IDENTIFIER_GOOD},
		{"ABCA1234561", IDENTIFIER_ILU, IDENTIFIER_WRONG_CHECK},
		{"21 81 2471 217-3", IDENTIFIER_WAGON, IDENTIFIER_GOOD},
		{"21 81 2471 217-4", IDENTIFIER_WAGON, IDENTIFIER_WRONG_CHECK},
		{"12345674", IDENTIFIER_WAGON_1520, IDENTIFIER_GOOD},
		{"CSQX3054383", IDENTIFIER_CONTAINER, IDENTIFIER_WRONG_LETTER},
	};
	char text[IDENTIFIER_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(equipment); i++) {
		const char *raw = equipment[i].raw;

		assert_int_equal(identifier_equipment(raw, strlen(raw)), equipment[i].kind);
		assert_int_equal(identifier_read(equipment[i].kind, raw, strlen(raw), text),
				 equipment[i].verdict);
	}
}

static void what_a_scanner_puts_before_a_number_is_dropped(void **state)
{
	static const struct {
		enum identifier_kind kind;
		const char *raw, *text;
	} scans[] = {
		{IDENTIFIER_SSCC, "(00)395211410000000013", "395211410000000013"},
		{IDENTIFIER_SSCC, "]C100395211410000000013", "395211410000000013"},
		{IDENTIFIER_SSCC, "00395211410000000013", "395211410000000013"},
		{IDENTIFIER_SSCC, "395211410000000013\x1d", "395211410000000013"},
		{IDENTIFIER_GLN, "(414)9521141111116", "9521141111116"},
		{IDENTIFIER_GLN, "4109521141111116", "9521141111116"},
		{IDENTIFIER_GIAI, "(8004)9521141abc", "9521141abc"},
		{IDENTIFIER_GIAI, "80049521141abc", "80049521141abc"}, /* may be a company */
	};
	char text[IDENTIFIER_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(scans); i++) {
		(void)identifier_read(scans[i].kind, scans[i].raw, strlen(scans[i].raw), text);
		assert_string_equal(text, scans[i].text);
	}
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
		cmocka_unit_test(the_same_number_in_other_characters_is_the_same),
		cmocka_unit_test(no_character_grows),
		cmocka_unit_test(what_cannot_be_seen_is_still_no_number),
		cmocka_unit_test(equipment_is_told_by_its_form),
		cmocka_unit_test(what_a_scanner_puts_before_a_number_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
