#include "mapper/decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mapper/epc.h"

#define HEX_DIGITS_MOST 15

static int digit_of(const char *alphabet, char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Digits of so many bits each; what is left over at the end must be zero. */
static const char *digits(const char *alphabet, int bits, const char *text, size_t count,
			  char ret_text[VALUE_TEXT_BYTES])
{
	unsigned pending = 0;
	int have = 0;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const int digit = digit_of(alphabet, bits == 4 ? upper(text[i]) : text[i]);

		if (digit < 0)
			return "has a character that is no digit of it";
		pending = (pending << bits | (unsigned)digit) & 0xFFFF;
		have += bits;
		if (have < 8)
			continue;
		have -= 8;
		if (n == VALUE_TEXT_BYTES - 1)
			return "holds more than 63 bytes";
		ret_text[n] = (char)(pending >> have & 0xFF);
		if (!ret_text[n++])
			return "holds a NUL";
	}
	if (have >= bits || (pending & ((1u << have) - 1)) != 0)
		return "is cut";
	ret_text[n] = '\0';
	return NULL;
}

static const char *base64(const char *text, char ret_text[VALUE_TEXT_BYTES])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t count = strlen(text);

	while (count > 0 && text[count - 1] == '=')
		count--;
	return digits(alphabet, 6, text, count, ret_text);
}

static const char *epc(const char *text, char ret_text[VALUE_TEXT_BYTES])
{
	const size_t count = strlen(text);
	char key[EPC_KEY_BYTES];

	if (count == 0 || count >= VALUE_TEXT_BYTES || count % 4 != 0)
		return "is no EPC: expected 16-bit words in hex, 62 digits at most";
	for (size_t i = 0; i <= count; i++) {
		ret_text[i] = upper(text[i]);
		if (ret_text[i] && digit_of("0123456789ABCDEF", ret_text[i]) < 0)
			return "is no EPC: has a character that is no hex digit";
	}
	if (epc_key(text, key))
		memcpy(ret_text, key, strlen(key) + 1);
	return NULL;
}

static const char *hex_number(const char *text, char ret_text[VALUE_TEXT_BYTES])
{
	const size_t count = strlen(text);
	uint64_t number = 0;

	if (count == 0 || count > HEX_DIGITS_MOST)
		return "is no number in hex: expected 1 to 15 digits";
	for (size_t i = 0; i < count; i++) {
		const int digit = digit_of("0123456789ABCDEF", upper(text[i]));

		if (digit < 0)
			return "is no number in hex: has a character that is no digit of it";
		number = number << 4 | (unsigned)digit;
	}
	snprintf(ret_text, VALUE_TEXT_BYTES, "%" PRIu64, number);
	return NULL;
}

const char *map_decode(enum map_decode decode, const char *text, char ret_text[VALUE_TEXT_BYTES])
{
	switch (decode) {
	case MAP_HEX:
		return digits("0123456789ABCDEF", 4, text, strlen(text), ret_text);
	case MAP_BASE64:
		return base64(text, ret_text);
	case MAP_EPC:
		return epc(text, ret_text);
	case MAP_HEX_NUMBER:
		return hex_number(text, ret_text);
	default:
		return NULL;
	}
}
