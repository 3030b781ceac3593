/* Writes JSON members into a buffer of the caller: no allocation, fixed order,
 * the same bytes for the same input on every machine.
 *
 * The prefix is jw_; json_ is libjansson's, which reads.
 * Overflow is remembered, not signalled call by call: ask jw_ok() at the end.
 * A NULL key writes an array element.
 */
#ifndef CORRIDORD_BASE_JSON_WRITER_H
#define CORRIDORD_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jw {
	char *out; /* always NUL-terminated */
	size_t size;
	size_t bytes; /* written, without the NUL */
	bool overflow;
	bool comma; /* the next member needs one before it */
};

void jw_start(struct jw *json, char *out, size_t size);
bool jw_ok(const struct jw *json);

void jw_open(struct jw *json, const char *key); /* { */
void jw_close(struct jw *json); /* } */
void jw_open_array(struct jw *json, const char *key);
void jw_close_array(struct jw *json);

void jw_text(struct jw *json, const char *key, const char *text); /* NULL text: null */
void jw_bool(struct jw *json, const char *key, bool boolean);
void jw_int(struct jw *json, const char *key, int64_t integer);
void jw_uint(struct jw *json, const char *key, uint64_t uinteger);
/* The shortest text that reads back equal. */
void jw_real(struct jw *json, const char *key, double real);

/* Nanoseconds since 1970 as RFC 3339 UTC with six decimals. */
void jw_utc(struct jw *json, const char *key, int64_t utc_ns);

/* Members (without braces) that another writer made. */
void jw_members(struct jw *json, const char *members, size_t bytes);

#endif
