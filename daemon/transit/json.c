#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reading.h"

void json_start(struct json *json, char *out, size_t size)
{
	*json = (struct json){.out = out, .size = size};
	out[0] = '\0';
}

bool json_ok(const struct json *json)
{
	return !json->overflow;
}

static void put(struct json *json, const char *bytes, size_t count)
{
	if (json->overflow || count >= json->size - json->bytes) {
		json->overflow = true;
		return;
	}
	memcpy(json->out + json->bytes, bytes, count);
	json->bytes += count;
	json->out[json->bytes] = '\0';
}

static void put_escape(struct json *json, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '"':
		put(json, "\\\"", 2);
		break;
	case '\\':
		put(json, "\\\\", 2);
		break;
	case '\n':
		put(json, "\\n", 2);
		break;
	case '\t':
		put(json, "\\t", 2);
		break;
	default:
		put(json, escape, sizeof(escape));
	}
}

static void put_string(struct json *json, const char *text)
{
	const char *run = text;

	put(json, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
			continue;
		put(json, run, (size_t)(text - run));
		put_escape(json, c);
		run = text + 1;
	}
	put(json, run, (size_t)(text - run));
	put(json, "\"", 1);
}

static void put_key(struct json *json, const char *key)
{
	if (json->comma)
		put(json, ",", 1);
	json->comma = true;
	if (!key)
		return;
	put_string(json, key);
	put(json, ":", 1);
}

static void put_plain(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	put(json, text, strlen(text));
}

static void open_with(struct json *json, const char *key, const char *bracket)
{
	put_key(json, key);
	put(json, bracket, 1);
	json->comma = false;
}

static void close_with(struct json *json, const char *bracket)
{
	put(json, bracket, 1);
	json->comma = true;
}

/* The outermost object has no key and no comma before it. */
void json_open(struct json *json, const char *key)
{
	open_with(json, key, "{");
}

void json_close(struct json *json)
{
	close_with(json, "}");
}

void json_open_array(struct json *json, const char *key)
{
	open_with(json, key, "[");
}

void json_close_array(struct json *json)
{
	close_with(json, "]");
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (!text) {
		put_plain(json, key, "null");
		return;
	}
	put_key(json, key);
	put_string(json, text);
}

void json_bool(struct json *json, const char *key, bool boolean)
{
	put_plain(json, key, boolean ? "true" : "false");
}

void json_int(struct json *json, const char *key, int64_t integer)
{
	char text[24];

	if (integer >= 0) {
		json_uint(json, key, (uint64_t)integer);
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)integer);
	put_plain(json, key, text);
}

void json_uint(struct json *json, const char *key, uint64_t uinteger)
{
	char text[24];
	char *end = text + sizeof(text) - 1;

	*end = '\0';
	do {
		*--end = (char)('0' + uinteger % 10);
		uinteger /= 10;
	} while (uinteger);
	put_plain(json, key, end);
}

void json_double(struct json *json, const char *key, double real)
{
	char text[32];
	int digits;

	if (!isfinite(real)) {
		put_plain(json, key, "null");
		return;
	}
	for (digits = 6; digits < 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, real);
		double back = strtod(text, NULL);

		if (!(back < real) && !(back > real))
			break;
	}
	if (digits == 17)
		snprintf(text, sizeof(text), "%.17g", real);
	put_plain(json, key, text);
}

void json_value(struct json *json, const char *key, const struct value *value)
{
	switch (value->type) {
	case VALUE_NONE:
		json_text(json, key, NULL);
		break;
	case VALUE_BOOL:
		json_bool(json, key, value->boolean);
		break;
	case VALUE_INT:
		json_int(json, key, value->integer);
		break;
	case VALUE_UINT:
		json_uint(json, key, value->uinteger);
		break;
	case VALUE_REAL:
		json_double(json, key, value->real);
		break;
	case VALUE_TEXT:
		json_text(json, key, value->text);
		break;
	}
}

void json_utc(struct json *json, const char *key, int64_t utc_ns)
{
	int64_t below = utc_ns % NS_PER_S;
	time_t seconds;
	struct tm tm;
	char text[64];

	if (below < 0)
		below += NS_PER_S;
	seconds = (time_t)((utc_ns - below) / NS_PER_S);
	gmtime_r(&seconds, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(below / 1000));
	json_text(json, key, text);
}

void json_members(struct json *json, const char *members, size_t bytes)
{
	if (bytes == 0)
		return;
	put_key(json, NULL);
	put(json, members, bytes);
}
