/* What the counters of a seal were when a reader of this gateway last saw it closed.
 *
 * Shared by all readers, so that a seal opened between the entry and the exit of
 * a checkpoint is found too. The least recently seen is forgotten first.
 */
#ifndef CORRIDORD_SEAL_MEMORY_H
#define CORRIDORD_SEAL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "reading.h"

#define SEAL_MEMORY_RECORDS 128

struct seal_counter {
	bool known;
	int64_t count;
};

enum { SEAL_OPENINGS, SEAL_TAMPERINGS, SEAL_COUNTERS };

struct seal_record {
	char id[VALUE_TEXT_BYTES]; /* empty: the record is free */
	bool closed; /* the counters are those of a closed seal */
	struct seal_counter counters[SEAL_COUNTERS];
	uint64_t used; /* when, in takings */
};

struct seal_memory {
	struct seal_record records[SEAL_MEMORY_RECORDS];
	uint64_t takings;
};

/* The record of this seal, a fresh one when it is not known. Valid until the next call. */
struct seal_record *seal_memory_take(struct seal_memory *memory, const char *id);

#endif
