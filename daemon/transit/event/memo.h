/* Texts of memories (event.h): what a module keeps over a restart, as one line of fields.
 *
 * Fields are divided by single blanks. A number is written as such; a text has its blanks,
 * percent signs, control characters and DEL as %XX, and is a lone % when it is empty. Each
 * module begins its texts with a version of its own.
 *
 * Overflow when writing and nonsense when reading are remembered, not signalled field by
 * field: ask memo_ok() and memo_end() at the end. Pure: no allocation.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_MEMO_H
#define CORRIDORD_TRANSIT_EVENT_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMO_BYTES     2001 /* the longest text that is kept (event.h), with the NUL */
#define MEMO_KEY_BYTES 128

/* Takes memories; text NULL: forget the key. Both live until it returns. */
struct keeper {
	void *data;
	void (*keep)(void *data, const char *key, const char *text);
};

struct memo {
	char *out; /* always NUL-terminated */
	size_t size;
	size_t bytes;
	bool overflow;
};

void memo_start(struct memo *memo, char *out, size_t size);
void memo_int(struct memo *memo, int64_t integer);
void memo_text(struct memo *memo, const char *text); /* NULL: as an empty one */
bool memo_ok(const struct memo *memo);

struct memo_reader {
	const char *at;
	bool bad;
};

void memo_read(struct memo_reader *reader, const char *text);
/* 0, and the reader is bad, where there is no number from least to most. */
int64_t memo_take(struct memo_reader *reader, int64_t least, int64_t most);
/* Empty, and the reader is bad, where there is no field or it does not fit. */
void memo_take_text(struct memo_reader *reader, char *out, size_t size);
bool memo_more(const struct memo_reader *reader); /* another field follows */
bool memo_end(const struct memo_reader *reader); /* all was read and made sense */

#endif
