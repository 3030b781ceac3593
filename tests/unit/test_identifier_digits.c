/* Check digits: which mistakes each sort of them sees, and which it is blind to. */
#include "rig/unit.h"

#include "transit/registry/identifier.h"

#define ROUNDS 200

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

	for (size_t i = 0; i < last; i++)
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

	for (size_t i = 0; i < bytes; i++, weight = weight * 2 % 11) {
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

	make_valid(kind, form, right);
	for (size_t i = 0; i < strlen(form); i++) {
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

	(void)state;
	srandom(6346);
	for (int i = 0; i < ROUNDS; i++) {
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

	(void)state;
	for (size_t i = 0; i < 7; i++) {
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

	make_valid(kind, form, right);
	for (size_t i = 0; i < strlen(right); i++) {
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

	(void)state;
	srandom(8004);
	for (int i = 0; i < ROUNDS; i++) {
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

	snprintf(right, sizeof(right), "%s%u", letters[number % 23], number);
	assert_int_equal(identifier_check(IDENTIFIER_TIR, right), IDENTIFIER_GOOD);
	for (size_t i = 2; i < strlen(right); i++) {
		char c;

		for (c = '0'; c <= '9'; c++) {
			strcpy(wrong, right);
			wrong[i] = c;
			assert_true((c == right[i]) ==
				    (identifier_check(IDENTIFIER_TIR, wrong) == IDENTIFIER_GOOD));
		}
		for (size_t j = 2; j < i; j++) {
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

	(void)state;
	srandom(1975);
	for (unsigned i = 1; i <= 23; i++)
		try_tir(25000000 + i);
	for (unsigned i = 0; i < ROUNDS; i++)
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
		cmocka_unit_test(iso6346_digits_see_all_but_the_known_blind_spots),
		cmocka_unit_test(likely_misreadings_are_seen_and_unseen_as_documented),
		cmocka_unit_test(gs1_digits_see_all_but_neighbours_that_differ_by_five),
		cmocka_unit_test(tir_letters_see_every_wrong_or_swapped_digit),
		cmocka_unit_test(a_guarantee_of_vouchers_has_a_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
