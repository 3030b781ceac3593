/* Many things of one kind, each as a line of text: what a crossing has under way for days.
 *
 * A thing is found by its key, and its value is the text of its memory (memo.h), which its owner
 * reads again when it is looked at. Both are packed (pack.h) and lie on a shelf, so each takes a
 * third of its text, half its key, and some twenty bytes more. Beside it stand what the owner wants
 * to know without reading it: when it is due, its rank (which gives way first where there is no
 * room), and flags that no restart keeps.
 *
 * Pure: no clock, no file; allocates.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_DRAWER_H
#define CORRIDORD_TRANSIT_EVENT_DRAWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/pack.h"
#include "transit/event/shelf.h"

#define DRAWER_NONE	 SIZE_MAX
#define DRAWER_KEY_BYTES 128 /* with the NUL */

#define DRAWER_RANK_NS (INT64_C(1000000000) / 16) /* a rank of so many: that of a time */

struct drawer_note {
	int64_t due_ns; /* by the clock of its owner; INT64_MAX: never */
	int64_t rank; /* the lowest gives way first; told apart where they are 1 << 31 at most from the
			 first that was put */
	uint8_t flags;
};

struct drawer {
	/* Of each thing, as many as there is room for: */
	uint16_t *hashes; /* of the keys */
	int64_t *dues; /* NULL: none is */
	int32_t *ranks; /* from first_rank */
	uint8_t *flags; /* the owner may change these */
	size_t count, most;
	int64_t first_rank;
	struct shelf shelf;
	struct pack_names names;
	char *key, *value; /* the last that were read */
};

int drawer_init(struct drawer *drawer, size_t most); /* most: 65535; -ENOMEM */
void drawer_fini(struct drawer *drawer); /* also of one that is all zeros */

/* DRAWER_NONE: there is none. Valid until one is put or dropped; a key and a value, until the next is
 * read. */
size_t drawer_find(const struct drawer *drawer, const char *key);
const char *drawer_key(const struct drawer *drawer, size_t at);
const char *drawer_value(const struct drawer *drawer, size_t at);
/* A field of the value may be that text; false: surely none is. Cheaper than to read it. */
bool drawer_may_have(const struct drawer *drawer, size_t at, const char *field);
struct drawer_note drawer_note(const struct drawer *drawer, size_t at);

/* Instead of the one of that key. -ENOSPC: there is no room, -EMSGSIZE, -ENOMEM; then all is as
 * before. */
int drawer_put(struct drawer *drawer, const char *key, const char *value,
	       const struct drawer_note *note);
void drawer_set_rank(struct drawer *drawer, size_t at, int64_t rank);
void drawer_set_due(struct drawer *drawer, size_t at, int64_t due_ns);
/* The last one takes its place. */
void drawer_drop(struct drawer *drawer, size_t at);

bool drawer_is_full(const struct drawer *drawer);
/* That gives way; DRAWER_NONE: it is empty. */
size_t drawer_lowest(const struct drawer *drawer);
/* The earliest of all; INT64_MAX: none. */
int64_t drawer_due(const struct drawer *drawer);

#endif
