/* What a seal was when a reader of this gateway last saw it: its counters while it was closed,
 * and where that was.
 *
 * Shared by all readers, so that a seal opened between the entry and the exit of a checkpoint
 * is found too, and one that is in two lanes at once. It survives a restart by memories
 * "seal/<number>". The least recently seen is forgotten first, and memory.gave-way names it.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_SEAL_MEMORY_H
#define CORRIDORD_TRANSIT_SENSOR_SEAL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/drawer.h"
#include "transit/event/event.h"
#include "transit/event/reading.h"

#define SEAL_MEMORY_RECORDS 4096
#define SEAL_LANE_BYTES	    64
#define SEAL_MEMO_BYTES	    320
#define SEAL_FORGOTTEN	    16 /* between two seal_memory_keep(); more are not to be expected */

struct reseals;
struct teller;

struct seal_counter {
	bool known;
	int64_t count;
};

enum { SEAL_OPENINGS, SEAL_TAMPERINGS, SEAL_COUNTERS };

struct seal_record {
	char id[VALUE_TEXT_BYTES]; /* normalised, else as read */
	bool closed; /* the counters are those of a closed seal */
	struct seal_counter counters[SEAL_COUNTERS];
	char lane[SEAL_LANE_BYTES]; /* that saw it last; empty: one without passages */
	int64_t seen_mono_ns; /* INT64_MAX: it is there now; INT64_MIN: before this boot */
	uint64_t last_lookup; /* value of lookups then */
	bool changed; /* its memory is not as it is */
};

struct seal_memory {
	struct drawer drawer; /* by their ids */
	struct seal_record found; /* the one that was looked at last */
	uint64_t lookups;
	uint64_t kept; /* value of lookups when all changes had been put */
	const char *boot; /* the kernel's boot id, or NULL */
	const struct reseals *reseals; /* those that officers replaced; or NULL */
	char gave_way[VALUE_TEXT_BYTES]; /* the last record that was evicted, to be told */
	char forgotten[SEAL_FORGOTTEN][VALUE_TEXT_BYTES]; /* their memories are to go, too */
	size_t forgotten_count;

	/* What the teller is given to remember; lives until the next call. */
	char key[MEMORY_KEY_BYTES], text[SEAL_MEMO_BYTES];
};

int seal_memory_init(struct seal_memory *memory); /* -ENOMEM */
void seal_memory_fini(struct seal_memory *memory); /* also of one that is all zeros */

/* The record of this seal, a fresh one when it is not known. Valid until the next call of any of
 * these; what is changed of it is kept by seal_memory_remember(), if .changed says so. */
struct seal_record *seal_memory_take(struct seal_memory *memory, const char *id);

/* NULL: not known. number: normalised. Valid as long. */
const struct seal_record *seal_memory_find(struct seal_memory *memory, const char *number);

/* An officer had it opened and replaced. id: as read. */
bool seal_memory_is_removed(const struct seal_memory *memory, const char *id);

/* A lane sees it, or no longer does. number: normalised. */
void seal_memory_seen(struct seal_memory *memory, const char *number, const char *lane);
void seal_memory_left(struct seal_memory *memory, const char *number, const char *lane,
		      int64_t at_mono_ns);
/* Another lane saw it less than that before, or sees it still. */
bool seal_memory_elsewhere(struct seal_memory *memory, const char *number, const char *lane,
			   int64_t at_mono_ns, int64_t within_ns);

/* The record is kept, and goes with the next thing the teller puts. */
void seal_memory_remember(struct seal_memory *memory, struct seal_record *record,
			  struct teller *teller);
/* Puts all records that changed and were not put, one by one. */
void seal_memory_keep(struct seal_memory *memory, struct teller *teller);
/* true: the memory was a seal's. */
bool seal_memory_recall(struct seal_memory *memory, const char *key, const char *text);

#endif
