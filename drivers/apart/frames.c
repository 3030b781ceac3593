#include "apart/frames.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"

#define MOST_BYTES (64 * 1024)
#define NAME_MOST  127
#define PATH_MOST  4095

#define AT(kind, member) offsetof(struct apart_##kind, member)

static const struct field setup_fields[] = {
	{FIELD_NEEDED, AT(setup, driver), NAME_MOST},
	{FIELD_NEEDED, AT(setup, bus), NAME_MOST},
	{FIELD_TEXT, AT(setup, credentials), PATH_MOST},
	{FIELD_BOOL, AT(setup, debug), 0},
	{FIELD_U32, AT(setup, devices), 0},
	{FIELD_BYTES, AT(setup, options), APART_BLOB_BYTES},
	{0},
};

static const struct field device_fields[] = {
	{FIELD_NEEDED, AT(device, name), NAME_MOST},
	{FIELD_U32, AT(device, points), 0},
	{FIELD_BYTES, AT(device, options), APART_BLOB_BYTES},
	{0},
};

static const struct field point_fields[] = {
	{FIELD_NEEDED, AT(point, name), NAME_MOST},
	{FIELD_BYTES, AT(point, options), APART_BLOB_BYTES},
	{FIELD_BYTES, AT(point, none), APART_NONE_MOST * sizeof(int64_t)},
	{0},
};

static const struct field reading_fields[] = {
	{FIELD_U32, AT(reading, device), 0},
	{FIELD_U32, AT(reading, point), 0},
	{FIELD_64, AT(reading, at_mono_ns), 0},
	{FIELD_U32, AT(reading, type), 0},
	{FIELD_64, AT(reading, bits), 0},
	{FIELD_TEXT, AT(reading, text), VALUE_TEXT_BYTES - 1},
	{FIELD_BOOL, AT(reading, has_confidence), 0},
	{FIELD_64, AT(reading, confidence), 0},
	{FIELD_BOOL, AT(reading, has_time), 0},
	{FIELD_64, AT(reading, utc_ns), 0},
	{FIELD_64, AT(reading, ahead_ns), 0},
	{FIELD_TEXT, AT(reading, picture), ORIGIN_PICTURE_BYTES - 1},
	{FIELD_BYTES, AT(reading, others), VALUE_TEXT_BYTES},
	{0},
};

static const struct field fault_fields[] = {
	{FIELD_U32, AT(fault, device), 0},
	{FIELD_U32, AT(fault, point), 0},
	{FIELD_U32, AT(fault, reason), 0},
	{FIELD_NEEDED, AT(fault, what), APART_WORDS_BYTES - 1},
	{FIELD_TEXT, AT(fault, raw), VALUE_TEXT_BYTES - 1},
	{0},
};

static const struct field moment_fields[] = {
	{FIELD_U32, AT(moment, device), 0},
	{FIELD_BOOL, AT(moment, begins), 0},
	{0},
};

static const struct field say_fields[] = {
	{FIELD_BOOL, AT(say, loud), 0},
	{FIELD_NEEDED, AT(say, what), APART_WORDS_BYTES - 1},
	{0},
};

static const struct field none[] = {{0}};

static const struct field *const forms[APART_KINDS] = {
	[APART_SETUP] = setup_fields,
	[APART_DEVICE] = device_fields,
	[APART_POINT] = point_fields,
	[APART_START] = none,
	[APART_READING] = reading_fields,
	[APART_FAULT] = fault_fields,
	[APART_MOMENT] = moment_fields,
	[APART_SAY] = say_fields,
	[APART_ALIVE] = none,
};

const struct protocol apart_protocol = {.forms = forms, .kinds = APART_KINDS, .most = MOST_BYTES};

/* ---- values ---------------------------------------------------------------------------- */

void apart_from_value(const struct value *value, struct apart_reading *ret_reading)
{
	ret_reading->type = value->type;
	ret_reading->text = NULL;
	ret_reading->bits = 0;
	if (value->type == VALUE_TEXT)
		ret_reading->text = value->text;
	else if (value->type == VALUE_BOOL)
		ret_reading->bits = value->boolean;
	else if (value->type == VALUE_REAL)
		memcpy(&ret_reading->bits, &value->real, sizeof(value->real));
	else
		memcpy(&ret_reading->bits, &value->integer, sizeof(value->integer));
}

static bool to_real(uint64_t bits, struct value *ret_value)
{
	double real;

	memcpy(&real, &bits, sizeof(real));
	*ret_value = value_real(real);
	return isfinite(real);
}

bool apart_to_value(const struct apart_reading *reading, struct value *ret_value)
{
	int64_t integer;

	if ((reading->type == VALUE_TEXT) != (reading->text != NULL))
		return false;
	switch (reading->type) {
	case VALUE_TEXT:
		*ret_value = value_text(reading->text);
		return utf8_is_printable(reading->text);
	case VALUE_BOOL:
		*ret_value = value_bool(reading->bits == 1);
		return reading->bits <= 1;
	case VALUE_INT:
		memcpy(&integer, &reading->bits, sizeof(integer));
		*ret_value = value_int(integer);
		return true;
	case VALUE_UINT:
		*ret_value = value_uint(reading->bits);
		return ret_value->type == VALUE_UINT;
	case VALUE_REAL:
		return to_real(reading->bits, ret_value);
	default:
		return false;
	}
}

/* ---- origins --------------------------------------------------------------------------- */

void apart_from_origin(const struct origin *origin, struct apart_reading *ret_reading)
{
	ret_reading->has_confidence = origin->has_confidence;
	memcpy(&ret_reading->confidence, &origin->confidence, sizeof(origin->confidence));
	ret_reading->has_time = origin->has_time;
	ret_reading->utc_ns = origin->utc_ns;
	ret_reading->ahead_ns = origin->ahead_ns;
	ret_reading->picture = origin->picture[0] ? origin->picture : NULL;
	ret_reading->others = origin->others;
	ret_reading->others_bytes = origin->others[0] ? sizeof(origin->others) : 0;
}

/* Each printable, and the last one ended. */
static bool to_others(const struct apart_reading *reading, char ret_others[VALUE_TEXT_BYTES])
{
	const char *others = reading->others;
	size_t at = 0;

	memset(ret_others, 0, VALUE_TEXT_BYTES);
	if (reading->others_bytes == 0)
		return true;
	if (reading->others_bytes != VALUE_TEXT_BYTES || others[VALUE_TEXT_BYTES - 1] ||
	    others[VALUE_TEXT_BYTES - 2])
		return false;
	for (; others[at]; at += strlen(others + at) + 1)
		if (!utf8_is_printable(others + at))
			return false;
	memcpy(ret_others, others, at);
	return true;
}

static bool to_hash(const char *picture, char ret_hash[ORIGIN_PICTURE_BYTES])
{
	const size_t bytes = ORIGIN_PICTURE_BYTES - 1;

	if (strlen(picture) != bytes || strspn(picture, "0123456789abcdef") != bytes)
		return false;
	memcpy(ret_hash, picture, ORIGIN_PICTURE_BYTES);
	return true;
}

bool apart_to_origin(const struct apart_reading *reading, struct origin *ret_origin)
{
	struct origin origin = {.has_confidence = reading->has_confidence,
				.has_time = reading->has_time,
				.utc_ns = reading->utc_ns,
				.ahead_ns = reading->ahead_ns};

	if (reading->picture && !to_hash(reading->picture, origin.picture))
		return false;
	memcpy(&origin.confidence, &reading->confidence, sizeof(origin.confidence));
	if (!to_others(reading, origin.others) || !isfinite(origin.confidence) || origin.utc_ns < 0)
		return false;
	*ret_origin = origin;
	return true;
}
