#include "reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *quality_name(enum quality quality)
{
	static const char *const names[] = {"good", "stale", "fault"};

	return names[quality];
}

const char *reason_name(enum reason reason)
{
	static const char *const names[REASON_COUNT] = {
		[REASON_NONE] = "none",
		[REASON_NOT_YET] = "not_yet",
		[REASON_NO_ANSWER] = "no_answer",
		[REASON_LINK_DOWN] = "link_down",
		[REASON_GARBLED] = "garbled",
		[REASON_WRONG_UNIT] = "wrong_unit",
		[REASON_REFUSED] = "refused",
		[REASON_DEVICE_ERROR] = "device_error",
		[REASON_OUT_OF_RANGE] = "out_of_range",
		[REASON_LINE_GONE] = "line_gone",
		[REASON_LINE_BUSY] = "line_busy",
		[REASON_TOO_OLD] = "too_old",
		[REASON_CHATTER] = "chatter",
	};

	return names[reason];
}

const char *clock_state_name(enum clock_state state)
{
	static const char *const names[] = {"unsynced", "synced", "holdover"};

	return names[state];
}

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NONE:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
		return a->integer == b->integer;
	case VALUE_UINT:
		return a->uinteger == b->uinteger;
	case VALUE_REAL:
		return !(a->real < b->real) && !(a->real > b->real);
	case VALUE_TEXT:
		return strcmp(a->text, b->text) == 0;
	}
	return false;
}

struct value value_bool(bool boolean)
{
	return (struct value){.type = VALUE_BOOL, .boolean = boolean};
}

struct value value_int(int64_t integer)
{
	return (struct value){.type = VALUE_INT, .integer = integer};
}

struct value value_uint(uint64_t uinteger)
{
	if (uinteger <= INT64_MAX)
		return value_int((int64_t)uinteger);
	return (struct value){.type = VALUE_UINT, .uinteger = uinteger};
}

struct value value_real(double real)
{
	return (struct value){.type = VALUE_REAL, .real = real};
}

/* Bytes of the well-formed, printable UTF-8 character at text (Unicode table 3-7), 0: none. */
static size_t utf8_character(const unsigned char *text)
{
	unsigned char a = text[0];
	unsigned char low = 0x80, high = 0xBF;
	size_t bytes, i;

	if (a < 0x80)
		return a >= 0x20 && a != 0x7F;
	if (a >= 0xC2 && a <= 0xDF)
		bytes = 2;
	else if (a >= 0xE0 && a <= 0xEF)
		bytes = 3;
	else if (a >= 0xF0 && a <= 0xF4)
		bytes = 4;
	else
		return 0;
	if (a == 0xC2 || a == 0xE0)
		low = 0xA0; /* C1 controls; over-long forms */
	else if (a == 0xF0)
		low = 0x90;
	else if (a == 0xED)
		high = 0x9F; /* surrogates */
	else if (a == 0xF4)
		high = 0x8F;
	if (text[1] < low || text[1] > high)
		return 0;
	for (i = 2; i < bytes; i++)
		if (text[i] < 0x80 || text[i] > 0xBF)
			return 0;
	return bytes;
}

void value_number_text(const struct value *value, char ret_text[VALUE_TEXT_BYTES])
{
	if (value->type == VALUE_TEXT && strspn(value->text, " ") < strlen(value->text))
		memcpy(ret_text, value->text, VALUE_TEXT_BYTES);
	else if (value->type == VALUE_INT && value->integer)
		snprintf(ret_text, VALUE_TEXT_BYTES, "%" PRId64, value->integer);
	else if (value->type == VALUE_UINT)
		snprintf(ret_text, VALUE_TEXT_BYTES, "%" PRIu64, value->uinteger);
}

struct value value_text(const char *text)
{
	struct value value = {.type = VALUE_TEXT};
	const unsigned char *in = (const unsigned char *)text;
	size_t used = 0;

	while (*in) {
		size_t bytes = utf8_character(in);

		if (used + (bytes ? bytes : 1) >= VALUE_TEXT_BYTES)
			break;
		if (bytes == 0) {
			value.text[used++] = '?';
			in++;
			continue;
		}
		memcpy(value.text + used, in, bytes);
		used += bytes;
		in += bytes;
	}
	value.text[used] = '\0';
	return value;
}
