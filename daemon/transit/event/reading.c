#include "transit/event/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/utf8.h"

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

void jw_value(struct jw *json, const char *key, const struct value *value)
{
	switch (value->type) {
	case VALUE_NONE:
		jw_text(json, key, NULL);
		break;
	case VALUE_BOOL:
		jw_bool(json, key, value->boolean);
		break;
	case VALUE_INT:
		jw_int(json, key, value->integer);
		break;
	case VALUE_UINT:
		jw_uint(json, key, value->uinteger);
		break;
	case VALUE_REAL:
		jw_real(json, key, value->real);
		break;
	case VALUE_TEXT:
		jw_text(json, key, value->text);
		break;
	}
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

	utf8_print(value.text, sizeof(value.text), text);
	return value;
}

/* Where the last one ends: at the second NUL. */
static size_t others_end(const char *others)
{
	size_t end = 0;

	while (end < VALUE_TEXT_BYTES && others[end])
		end += strlen(others + end) + 1;
	return end;
}

bool others_add(char others[VALUE_TEXT_BYTES], const char *text)
{
	const size_t end = others_end(others), bytes = strlen(text) + 1;

	if (bytes == 1 || end + bytes + 1 > VALUE_TEXT_BYTES)
		return false;
	memcpy(others + end, text, bytes);
	others[end + bytes] = '\0';
	return true;
}

const char *others_next(const char *others, const char *other)
{
	const char *next = other ? other + strlen(other) + 1 : others;

	return *next ? next : NULL;
}
