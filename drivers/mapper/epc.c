#include "mapper/epc.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES	   12
#define PARTITIONS 7
#define COMPANY_AT 14 /* bits: behind header, filter and partition */
#define KEY_DIGITS 30

/* What follows the company is as long as the company leaves it: both together are constant. */
struct scheme {
	uint8_t header;
	uint8_t both_bits; /* of company and reference */
	uint8_t both_digits; /* 0: the reference is a number of any length */
	uint8_t serial_bits;
	uint8_t check_digit; /* the key has one; 0: no */
	uint8_t first_goes_first; /* the reference's first digit stands before the company */
};

static const struct scheme schemes[] = {
	{EPC_SGTIN, 44, 13, 38, 1, 1},
	{EPC_SSCC, 58, 17, 0, 1, 1},
	{EPC_GRAI, 44, 12, 38, 1, 0},
	{EPC_GIAI, 82, 0, 0, 0, 0},
};

/* By partition, 0 to 6: the company has 12 to 6 digits. */
static const uint8_t company_bits[PARTITIONS] = {40, 37, 34, 30, 27, 24, 20};

static const struct scheme *scheme_of(unsigned header)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (schemes[i].header == header)
			return &schemes[i];
	return NULL;
}

static uint64_t bits(const uint8_t *epc, unsigned at, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = at; i < at + count; i++)
		value = value << 1 | (uint64_t)(epc[i / 8] >> (7 - i % 8) & 1);
	return value;
}

static void set_bits(uint8_t *epc, unsigned at, unsigned count, uint64_t value)
{
	for (unsigned i = 0; i < count; i++)
		if (value >> (count - 1 - i) & 1)
			epc[(at + i) / 8] |= (uint8_t)(0x80 >> (at + i) % 8);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *hex, uint8_t epc[BYTES])
{
	if (strlen(hex) != EPC_HEX_BYTES - 1)
		return false;
	for (size_t i = 0; i < BYTES; i++) {
		const int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		epc[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static char check_digit(const char *digits)
{
	const size_t count = strlen(digits);
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (unsigned)(digits[i] - '0') * ((count - i) % 2 == 1 ? 3 : 1);
	return (char)('0' + (10 - sum % 10) % 10);
}

static unsigned reference_digits(const struct scheme *scheme, unsigned partition)
{
	return scheme->both_digits - (12 - partition);
}

/* "company, reference, check digit", in the key's order. false: a number has too many digits. */
static bool write_digits(const struct scheme *scheme, unsigned partition, uint64_t company,
			 uint64_t reference, char key[EPC_KEY_BYTES])
{
	const unsigned wanted = reference_digits(scheme, partition);
	char front[24], back[24] = "";
	const char *rest = back;
	int n = 0;

	if (snprintf(front, sizeof(front), "%0*" PRIu64, (int)(12 - partition), company) !=
	    (int)(12 - partition))
		return false;
	if (wanted > 0 &&
	    snprintf(back, sizeof(back), "%0*" PRIu64, (int)wanted, reference) != (int)wanted)
		return false;
	if (wanted == 0 && reference > 0)
		return false;
	if (scheme->first_goes_first)
		key[n++] = *rest++;
	snprintf(key + n, (size_t)(EPC_KEY_BYTES - n), "%s%s", front, rest);
	n = (int)strlen(key);
	key[n] = check_digit(key);
	key[n + 1] = '\0';
	return true;
}

bool epc_key(const char *hex, char ret_key[EPC_KEY_BYTES])
{
	const struct scheme *scheme;
	char key[EPC_KEY_BYTES] = "";
	unsigned partition, rest_bits;
	uint64_t company, reference;
	uint8_t epc[BYTES];
	size_t n;

	if (!read_hex(hex, epc))
		return false;
	scheme = scheme_of(epc[0]);
	partition = (unsigned)bits(epc, 11, 3);
	if (!scheme || partition >= PARTITIONS)
		return false;
	company = bits(epc, COMPANY_AT, company_bits[partition]);
	rest_bits = scheme->both_bits - company_bits[partition];
	reference = bits(epc, COMPANY_AT + company_bits[partition], rest_bits);
	if (scheme->both_digits == 0) {
		n = (size_t)snprintf(key, sizeof(key), "%0*" PRIu64, (int)(12 - partition),
				     company);
		if (n != 12 - partition)
			return false;
		snprintf(key + n, sizeof(key) - n, "%" PRIu64, reference);
	} else if (!write_digits(scheme, partition, company, reference, key)) {
		return false;
	}
	n = strlen(key);
	if (scheme->serial_bits > 0)
		snprintf(key + n, sizeof(key) - n, "%" PRIu64,
			 bits(epc, COMPANY_AT + scheme->both_bits, scheme->serial_bits));
	memcpy(ret_key, key, sizeof(key));
	return true;
}

/* ---- the way back ---------------------------------------------------------------------- */

/* false: no such number, or it takes more bits. */
static bool number(const char *digits, size_t count, unsigned bit_count, uint64_t *ret_number)
{
	uint64_t value = 0;

	if (count > 19)
		return false;
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (uint64_t)(digits[i] - '0');
	*ret_number = value;
	return bit_count >= 64 || value >> bit_count == 0;
}

/* Into company and reference, as the tag has them. */
static bool split(const struct scheme *scheme, unsigned partition, const char *key,
		  char company[16], char reference[32], const char **ret_serial)
{
	const size_t company_digits = 12 - partition;
	const size_t body = scheme->both_digits ? scheme->both_digits : strlen(key);
	size_t n = 0;

	if (strlen(key) < body + scheme->check_digit || body < company_digits)
		return false;
	if (scheme->first_goes_first)
		reference[n++] = *key;
	memcpy(company, key + n, company_digits);
	company[company_digits] = '\0';
	memcpy(reference + n, key + n + company_digits, body - company_digits - n);
	reference[body - company_digits] = '\0';
	*ret_serial = key + body + scheme->check_digit;
	if (scheme->check_digit) {
		char digits[EPC_KEY_BYTES];

		snprintf(digits, sizeof(digits), "%.*s", (int)body, key);
		return check_digit(digits) == key[body];
	}
	return true;
}

/* Leading zeros would be lost: a tag holds a number. */
static bool is_number(const char *text)
{
	return *text && (*text != '0' || !text[1]);
}

bool epc_of_key(enum epc_scheme which, unsigned filter, unsigned company_digits, const char *key,
		char ret_hex[EPC_HEX_BYTES])
{
	const struct scheme *scheme = scheme_of(which);
	const unsigned partition = 12 - company_digits;
	const char *serial = "";
	char company[16], reference[32];
	uint64_t value;
	uint8_t epc[BYTES] = {(uint8_t)which};

	if (!scheme || filter > 7 || partition >= PARTITIONS || strlen(key) > KEY_DIGITS ||
	    key[strspn(key, "0123456789")] ||
	    !split(scheme, partition, key, company, reference, &serial))
		return false;
	if ((scheme->both_digits == 0 && !is_number(reference)) ||
	    (scheme->serial_bits > 0 ? !is_number(serial) : *serial != '\0'))
		return false;
	set_bits(epc, 8, 3, filter);
	set_bits(epc, 11, 3, partition);
	if (!number(company, strlen(company), company_bits[partition], &value))
		return false;
	set_bits(epc, COMPANY_AT, company_bits[partition], value);
	if (!number(reference, strlen(reference), scheme->both_bits - company_bits[partition],
		    &value))
		return false;
	set_bits(epc, COMPANY_AT + company_bits[partition],
		 scheme->both_bits - company_bits[partition], value);
	if (scheme->serial_bits > 0) {
		if (!number(serial, strlen(serial), scheme->serial_bits, &value))
			return false;
		set_bits(epc, COMPANY_AT + scheme->both_bits, scheme->serial_bits, value);
	}
	for (size_t i = 0; i < BYTES; i++)
		snprintf(ret_hex + 2 * i, 3, "%02X", epc[i]);
	return true;
}
