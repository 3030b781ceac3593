/* The earliest of many deadlines: a heap of slots, each with one time.
 *
 * Slots are numbered from 0 and exist for ever; INT64_MAX means none. Among
 * equal times the lowest slot comes first, so that the order is always the same.
 */
#ifndef CORRIDORD_TRANSIT_WAKE_H
#define CORRIDORD_TRANSIT_WAKE_H

#include <stdint.h>

struct wake {
	int64_t *at; /* by slot */
	uint32_t *heap; /* slots */
	uint32_t *place; /* of a slot in the heap */
	uint32_t count;
};

int wake_init(struct wake *wake, uint32_t slots); /* -ENOMEM */
void wake_fini(struct wake *wake);

void wake_set(struct wake *wake, uint32_t slot, int64_t at_mono_ns);
int64_t wake_next(const struct wake *wake); /* INT64_MAX: none */
uint32_t wake_first(const struct wake *wake); /* whose time wake_next() is */

#endif
