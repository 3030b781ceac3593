/* Drafts on their way to the journal, packed one behind the other in a buffer.
 *
 * Allocates once. Not locked: the journal has two, one being filled by the
 * producer while the other is written, and swaps them.
 */
#ifndef CORRIDORD_JOURNAL_DRAFTS_H
#define CORRIDORD_JOURNAL_DRAFTS_H

#include <stdbool.h>
#include <stddef.h>

#include "transit/event/event.h"

struct drafts {
	unsigned char *bytes; /* 8-byte aligned */
	size_t size, used;
	size_t count;
};

int drafts_init(struct drafts *drafts, size_t size); /* -ENOMEM */
void drafts_fini(struct drafts *drafts);

/* Copies the draft. false: no room. */
bool drafts_put(struct drafts *drafts, const struct event_draft *draft);
void drafts_clear(struct drafts *drafts);

/* The draft at *offset, which moves on to the next; false: that was the last. The strings
 * are in the buffer. */
bool drafts_next(const struct drafts *drafts, size_t *offset, struct event_draft *ret_draft);

/* Adds the events from the offset on to those of their class. */
void drafts_count(const struct drafts *drafts, size_t offset, uint64_t count[]);

#endif
