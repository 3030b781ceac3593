/* The memories (event.h) as they are after the last commit, beside the table that holds them.
 *
 * They are few and small, and another file may have to take the journal's place at any time:
 * then they are written into it whole. Of two files the one with the newer version has the
 * right ones, all of them.
 */
#ifndef CORRIDORD_JOURNAL_MEMORY_H
#define CORRIDORD_JOURNAL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event.h"

struct memory {
	char *key;
	char *text; /* NULL: forgotten, in a set that is being read from a damaged file */
	uint64_t version;
};

struct memories {
	struct memory *item; /* by key */
	size_t count, size;
	uint64_t version; /* of the newest change, forgotten ones too */
};

void memories_fini(struct memories *memories);

/* Newer than what is there of the key: takes it. -ENOMEM. */
int memories_put(struct memories *memories, const char *key, const char *text, uint64_t version);
/* Without those that are forgotten. */
void memories_tidy(struct memories *memories);

#endif
