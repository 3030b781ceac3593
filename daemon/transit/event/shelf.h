/* A few bytes of each of many things, which are known by their numbers: laid into blocks of a page,
 * one behind the other, so that each takes seven more than it has.
 *
 * Pure: no clock, no file; allocates.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_SHELF_H
#define CORRIDORD_TRANSIT_EVENT_SHELF_H

#include <stddef.h>
#include <stdint.h>

#define SHELF_BYTES 4000 /* of one thing, at most */

struct shelf {
	struct shelf_place *places; /* of each thing; NULL: nothing was put yet */
	size_t most; /* things: 65535 */
	struct shelf_block **blocks;
	size_t block_count;
};

void shelf_init(struct shelf *shelf, size_t most);
void shelf_fini(struct shelf *shelf); /* also of one that is all zeros */

/* Instead of what it had. -ENOMEM, and then it has that still. */
int shelf_put(struct shelf *shelf, size_t thing, const unsigned char *bytes, size_t count);
/* Of one that has any. Valid until something is put or dropped. */
const unsigned char *shelf_get(const struct shelf *shelf, size_t thing, size_t *ret_count);
void shelf_drop(struct shelf *shelf, size_t thing);
/* What it has is another's, which has none. */
void shelf_renumber(struct shelf *shelf, size_t thing, size_t other);

/* By which its owner finds a thing that has a name; others may have the same. */
uint16_t shelf_hash(const char *name);

#endif
