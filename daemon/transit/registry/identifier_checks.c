#include "transit/registry/identifier_checks.h"

#define GRN_BYTES      17 /* without the part of a voucher */
#define GRN_FULL_BYTES 24
#define TIR_PLAIN_MAX  25000000 /* the last number without letters */
#define TIR_DIGITS     9

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

static unsigned iso6346_value(char c)
{
	const unsigned n = (unsigned)c - 'A';

	if (is_digit(c))
		return (unsigned)c - '0';
	return 10 + n + (n >= 1) + (n >= 11) + (n >= 21); /* 11, 22 and 33 are left out */
}

enum identifier_verdict identifier_check_iso6346(const char *text, size_t bytes)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < bytes - 1; i++)
		sum += iso6346_value(text[i]) << i;
	return sum % 11 % 10 == iso6346_value(text[i]) ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHECK;
}

enum identifier_verdict identifier_check_mrn_transit(const char *text, size_t bytes)
{
	const bool before_2024 = text[0] < '2' || (text[0] == '2' && text[1] < '4');

	return before_2024 ? IDENTIFIER_WRONG_YEAR : identifier_check_iso6346(text, bytes);
}

/* A voucher's number may follow: a letter and six digits. */
enum identifier_verdict identifier_check_grn(const char *text, size_t bytes)
{
	if (bytes != GRN_BYTES && bytes != GRN_FULL_BYTES)
		return IDENTIFIER_TOO_SHORT;
	for (size_t i = GRN_BYTES; i < bytes; i++)
		if (i == GRN_BYTES ? !is_letter(text[i]) : !is_digit(text[i]))
			return IDENTIFIER_WRONG_CHARACTER;
	return identifier_check_iso6346(text, GRN_BYTES);
}

/* 0 unless it is a number without leading zero. */
static uint32_t tir_number(const char *digits)
{
	uint32_t number = 0;

	if (*digits == '0')
		return 0;
	for (; is_digit(*digits); digits++)
		number = number * 10 + (uint32_t)(*digits - '0');
	return *digits ? 0 : number;
}

enum identifier_verdict identifier_check_tir(const char *text, size_t bytes)
{
	const size_t letters = is_letter(text[0]) && is_letter(text[1]) ? 2 : 0;
	uint32_t number;
	char letter;

	if (bytes - letters > TIR_DIGITS)
		return IDENTIFIER_TOO_LONG;
	number = tir_number(text + letters);
	if (!number)
		return IDENTIFIER_WRONG_CHARACTER;
	if (number <= TIR_PLAIN_MAX)
		return letters ? IDENTIFIER_CHECK_UNCALLED : IDENTIFIER_GOOD;
	if (!letters)
		return IDENTIFIER_CHECK_MISSING;
	letter = (char)('A' + (3 * (number % 23) + 17) % 26);
	if (number % 23 < 12) /* the other one is always X */
		return text[0] == letter && text[1] == 'X' ? IDENTIFIER_GOOD
							   : IDENTIFIER_WRONG_CHECK;
	return text[0] == 'X' && text[1] == letter ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHECK;
}

enum identifier_verdict identifier_check_gs1(const char *text, size_t bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += (unsigned)(text[i] - '0') * ((bytes - i) % 2 ? 1 : 3);
	return sum % 10 == 0 ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHECK;
}

enum identifier_verdict identifier_check_wagon(const char *text, size_t bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes; i++) {
		unsigned value = (unsigned)(text[i] - '0') * (i % 2 ? 1 : 2);

		sum += value / 10 + value % 10;
	}
	return sum % 10 == 0 ? IDENTIFIER_GOOD : IDENTIFIER_WRONG_CHECK;
}
