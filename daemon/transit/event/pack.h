/* Texts of memories (memo.h) in few bytes, for those of which thousands are kept: any text can be
 * packed, and comes back as it was.
 *
 * Each field takes what it says: a number its bits, two small ones a byte together, a time what it
 * is after the one before it, the key that the text belongs to one, capitals and digits six bits
 * each. Names that return (checkpoints, lanes, gateways) are kept once in a list of their own, which
 * only grows: what finds no room there is written out.
 *
 * Pure: no clock, no file; a new name allocates.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_PACK_H
#define CORRIDORD_TRANSIT_EVENT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACK_NAMES	  128
#define PACK_BYTES(bytes) ((bytes) + (bytes) / 32 + 3) /* that a text of so many takes at most */

struct pack_names {
	char *names[PACK_NAMES];
	size_t count;
	int64_t since_ns; /* the first time that was packed: first times count from it; 0: none was */
};

void pack_names_fini(struct pack_names *names);

/* Bytes; 0: there is no room for so many. */
size_t pack_text(struct pack_names *names, const char *key, const char *text, unsigned char *out,
		 size_t size);

/* false: it does not fit, or no text was packed there. */
bool pack_read(const struct pack_names *names, const char *key, const unsigned char *packed,
	       size_t bytes, char *out, size_t size);

/* A field of that text may be among what was packed for that key; false: surely not. */
bool pack_may_have(const struct pack_names *names, const char *key, const unsigned char *packed,
		   size_t bytes, const char *field);

/* ---- piece by piece ------------------------------------------------------------------ */

struct packing {
	unsigned char *out;
	size_t size, bytes;
	bool overflow;
};

struct unpacking {
	const unsigned char *at, *end;
	bool bad;
};

/* One field, without a blank, in the same bytes wherever it is. names: or NULL. */
void pack_field(struct packing *packing, struct pack_names *names, const char *field);
void pack_bits(struct packing *packing, int64_t number);
/* Empty, and bad, where none was packed, or it does not fit. */
void unpack_field(struct unpacking *unpacking, const struct pack_names *names, char *out,
		  size_t size);
int64_t unpack_bits(struct unpacking *unpacking);

#endif
