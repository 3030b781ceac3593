/* Characters that a configuration cannot hold, by their names: "STX", "CR LF", "0x1D". Pure. */
#ifndef CORRIDORD_LINE_MARKS_H
#define CORRIDORD_LINE_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_BYTES 4

struct mark {
	uint8_t bytes[MARK_BYTES];
	size_t count; /* 0: there is none */
};

/* Names of ASCII's control characters, hex with 0x, or single characters, with blanks between.
 * false: it is none, or too long. NULL and "" are an empty one. */
bool mark_read(const char *text, struct mark *ret_mark);

/* A text with such names in angle brackets: "W<CR>". *ret_count: of bytes; *ret_named: it ends with
 * a named one. false: as above, or no room. */
bool mark_text(const char *text, uint8_t *ret_bytes, size_t size, size_t *ret_count,
	       bool *ret_named);

#endif
