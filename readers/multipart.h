/* The parts of a multipart body (RFC 2046), as it comes: what each holds, and where one ends.
 *
 * Lenient, as devices are not: boundaries in quotes or brackets, lines that end with LF alone or with
 * LF CR, no preamble. The line end before a boundary is handed over as part of what stands before
 * it. The headers of a part are passed over. Pure; allocates nothing.
 */
#ifndef CORRIDORD_READERS_MULTIPART_H
#define CORRIDORD_READERS_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#define MULTIPART_BOUNDARY_BYTES 80 /* 70 characters, by the RFC */

enum multipart_state {
	MULTIPART_BEFORE, /* the first boundary */
	MULTIPART_DELIMITER, /* the rest of its line */
	MULTIPART_HEADERS,
	MULTIPART_BODY,
	MULTIPART_OVER,
};

struct multipart {
	char delimiter[MULTIPART_BOUNDARY_BYTES + 2]; /* with its dashes */
	size_t delimiter_bytes;
	enum multipart_state state;
	size_t matched; /* of the delimiter, at the beginning of a line */
	bool at_line; /* nothing but CR stands in it so far */
	bool empty_line; /* the same, of a header */
	char held[2]; /* a line end, which is the delimiter's if one follows */
	size_t held_count;
	unsigned dashes; /* behind a delimiter: two say that it is the last */
	void *data;
	void (*begin)(void *data);
	void (*take)(void *data, const char *bytes, size_t count);
	void (*end)(void *data);
};

/* By a Content-Type. false: it is no multipart, or has no boundary that can be. The calls are to be set
 * by the caller then. */
bool multipart_begin(struct multipart *multipart, const char *content_type);
void multipart_take(struct multipart *multipart, const char *bytes, size_t count);
/* After the last piece: a part that was not ended is ended. */
void multipart_end(struct multipart *multipart);

#endif
