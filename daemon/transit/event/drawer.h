/* Many things of one kind, each as a line of text: what a crossing has under way for days.
 *
 * A thing is found by its key, and its value is the text of its memory (memo.h), which its owner
 * reads again when it is looked at. So each takes the bytes of its text and forty more. Beside it
 * stand what the owner wants to know without reading it: when it is due, its rank (which gives
 * way first where there is no room), and flags that no restart keeps.
 *
 * Pure: no clock, no file; allocates.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_DRAWER_H
#define CORRIDORD_TRANSIT_EVENT_DRAWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DRAWER_NONE SIZE_MAX

struct drawer_note {
	int64_t due_utc_ns; /* INT64_MAX: never */
	int64_t rank; /* the lowest gives way first */
	uint32_t flags;
};

struct drawer {
	uint32_t *hashes; /* of the keys, as many as there is room for */
	struct drawer_thing *things;
	size_t count, most;
};

int drawer_init(struct drawer *drawer, size_t most); /* -ENOMEM */
void drawer_fini(struct drawer *drawer); /* also of one that is all zeros */

/* DRAWER_NONE: there is none. Valid until one is put or dropped. */
size_t drawer_find(const struct drawer *drawer, const char *key);
const char *drawer_key(const struct drawer *drawer, size_t at);
const char *drawer_value(const struct drawer *drawer, size_t at);
struct drawer_note *drawer_note(const struct drawer *drawer, size_t at);

/* Instead of the one of that key. -ENOSPC: there is no room, -ENOMEM; then all is as before. */
int drawer_put(struct drawer *drawer, const char *key, const char *value,
	       const struct drawer_note *note);
/* The last one takes its place. */
void drawer_drop(struct drawer *drawer, size_t at);

bool drawer_is_full(const struct drawer *drawer);
/* That gives way; DRAWER_NONE: it is empty. */
size_t drawer_lowest(const struct drawer *drawer);
/* The earliest of all; INT64_MAX: none. */
int64_t drawer_due(const struct drawer *drawer);

#endif
