/* Writes JSON members into a buffer of the caller: no allocation, fixed order,
 * the same bytes for the same input on every machine.
 *
 * Overflow is remembered, not signalled call by call: ask json_ok() at the end.
 * A NULL key writes an array element.
 */
#ifndef CORRIDORD_JSON_H
#define CORRIDORD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value;

struct json {
	char *out; /* always NUL-terminated */
	size_t size;
	size_t bytes; /* written, without the NUL */
	bool overflow;
	bool comma; /* the next member needs one before it */
};

void json_start(struct json *json, char *out, size_t size);
bool json_ok(const struct json *json);

void json_open(struct json *json, const char *key); /* { */
void json_close(struct json *json); /* } */
void json_open_array(struct json *json, const char *key);
void json_close_array(struct json *json);

void json_text(struct json *json, const char *key, const char *text); /* NULL text: null */
void json_bool(struct json *json, const char *key, bool boolean);
void json_int(struct json *json, const char *key, int64_t integer);
void json_uint(struct json *json, const char *key, uint64_t uinteger);
/* The shortest text that reads back equal. (json_real is a name of libjansson.) */
void json_double(struct json *json, const char *key, double real);
void json_value(struct json *json, const char *key, const struct value *value);

/* Nanoseconds since 1970 as RFC 3339 UTC with six decimals. */
void json_utc(struct json *json, const char *key, int64_t utc_ns);

/* Members (without braces) that another writer made. */
void json_members(struct json *json, const char *members, size_t bytes);

#endif
