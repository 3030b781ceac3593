/* All that came of the logs (an epoch of a gateway each), by number, and what it is worth.
 *
 * Of an event only its number and where it stands are kept; its bytes are read again to be judged. */
#ifndef CORRIDORD_VERIFY_LOGS_H
#define CORRIDORD_VERIFY_LOGS_H

#include "evidence/keys.h"
#include "verify/lines.h"
#include "verify/message.h"

#define SEQ_BITS   40 /* a larger number is no event's */
#define PLACE_BITS 56 /* of lines_each(): a file among FILES_MAX, and where in it */

/* There may be millions: twelve bytes each. */
struct __attribute__((packed)) entry {
	uint64_t seq : SEQ_BITS;
	uint64_t place : PLACE_BITS;
};

struct span {
	uint64_t first, last;
};

struct spans {
	struct span *span;
	size_t count;
};

struct evicted {
	struct range range;
	uint64_t by_log, by_seq; /* the tombstone */
	struct tree_hash by_hash; /* SHA-256 of its payload */
};

/* What a status says is the newest event. */
struct said_end {
	uint64_t seq;
	struct tree_hash hash;
	uint64_t boot; /* a sum of it; 0: it does not say when */
	int64_t mono_ns; /* the last time */
};

/* A signed note of the log. */
struct seal {
	struct note_head head;
	char by[NOTE_NAME_BYTES];
	bool checked; /* its root was held against the events, and is theirs */
	bool differs; /* or is not */
	uint64_t witnesses; /* that cosigned it: a bit for each of the keys */
	uint64_t witnessed_s; /* the last of them, since 1970 by its clock */
};

struct log {
	char checkpoint[NAME_BYTES], gateway[NAME_BYTES];
	char epoch[EVENT_EPOCH_BYTES];
	struct entry *entries;
	size_t entry_count, entry_size;
	bool unsorted;
	bool came; /* anything of it; else only what somebody says of it */
	struct event_head status; /* the furthest that a status names */
	struct said_end *ends; /* of all of them, as far as they differ */
	size_t end_count, end_size;
	struct evicted *evicted;
	size_t evicted_count;
	struct seal *seals;
	size_t seal_count;
	size_t forged_notes; /* of a known key, with a wrong signature */
	size_t strange_notes; /* of keys that are not known */

	/* the verdict */
	uint64_t last; /* there ought to be events up to here */
	uint64_t events; /* that are there, and right */
	struct spans missing, gone, altered; /* gone: given up by the gateway, which says so */
	struct spans warnings; /* right events in which the gateway tells of what was forged */
	struct spans
		ahead; /* came before those before them, as alerts do: not known to be right yet */
	uint64_t copies; /* numbers of which there are several versions */
	bool forked; /* two heads of it are signed that contradict each other */
	bool forged_tombstone;
	struct spans clock_back; /* written earlier than the one before, by the gateway's clock */
	struct spans clock_ahead; /* or later than a witness had seen it */
	uint64_t wrong_end; /* an event that is not what a status names, 0: there is none */
	const char *wrong_link; /* why its beginning is not right, NULL: it is */
	bool follows_some;
	struct seal *sealed; /* the furthest one that is that of the events, NULL: none */
	uint64_t witnessed; /* the events up to here, by as many as are wanted; 0: none */
	uint64_t witnesses; /* by whom: a bit for each of the keys */
	uint64_t witnessed_s; /* since when, by the clock of the last of them */
	struct tree_hash right_end; /* hash of the newest right one */
	uint64_t right_end_seq;
};

/* A handover of which nothing was heard where the consignment came to. */
struct missed {
	uint64_t by_log, seq, place; /* the event that says so */
	struct leg_said leg; /* departed: as announced */
	const struct log
		*announced_by; /* the log that has the announcement, NULL: none that came */
	uint64_t announced_seq;
};

struct logs {
	struct lines *lines;
	const struct keys *keys;
	size_t witnesses; /* that are wanted of each log */
	struct log *log;
	size_t count, size;
	struct missed *missed;
	size_t missed_count, missed_size;
	uint64_t garbled; /* lines */
	uint64_t too_many; /* no memory for these */
};

int logs_read(struct logs *logs); /* negative errno */
int logs_judge(struct logs *logs);
int clocks_judge(struct logs *logs, struct log *log); /* when that is judged */
/* With room for one more of what the array holds. NULL: no memory, and it is as it was. */
void *logs_grown(void *array, size_t count, size_t *size, size_t each);

int handovers_judge(struct logs *logs); /* when all of them are judged */
void logs_free(struct logs *logs);

bool logs_same_gateway(const struct log *a, const struct log *b);
/* Of the same gateway; NULL: there is none. */
const struct log *logs_find(const struct logs *logs, const struct log *beside, const char *epoch);
const struct entry *log_entry(const struct log *log, uint64_t seq); /* or NULL */
uint64_t boot_sum(const struct moment *moment); /* 0: it does not say when */
struct entry entry_of(uint64_t seq, uint64_t place);
int spans_add(struct spans *spans, uint64_t first, uint64_t last); /* -ENOMEM */

#endif
