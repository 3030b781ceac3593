/* What becomes an event of the registry's: queued by its thread, made into events by the main
 * loop, which alone appends to the journal.
 *
 * Refusals are limited to a few a minute. Those beyond, and those that find no room in the queue,
 * are counted, and the last of them is reported with their number when the minute is over. Before
 * a list is taken its caller asks for room: notices_has_room().
 */
#ifndef CORRIDORD_REGISTRY_NOTICES_H
#define CORRIDORD_REGISTRY_NOTICES_H

#include <pthread.h>

#include "registry/record/record.h"
#include "transit/event/event.h"

#define NOTICES_MAX 64 /* of each list file one, the refusals and the changes of a minute */

struct refusal {
	char subject[160];
	int line; /* 0: not of a file */
	char message[160];
	uint64_t more; /* refused beside it, and not reported */
};

struct taken_list {
	char file[160];
	enum registry_kind kind;
	char version[64];
	int64_t as_of_utc_ns;
	int records;
	char signer[SIGNER_BYTES]; /* empty: nobody */
	unsigned char hash[EVENT_HASH_BYTES]; /* of the file, where it is signed */
};

/* A record of the stream that came or changed, or was removed. */
struct changed_record {
	char subject[160]; /* "aeo/GE:GE-AEO:12/34" */
	bool removed;
	char signer[SIGNER_BYTES]; /* empty: nobody */
	unsigned char hash[EVENT_HASH_BYTES]; /* SHA-256 of it as it came */
	unsigned char held_hash[EVENT_HASH_BYTES]; /* the same of it as it is held */
	uint64_t more; /* changed before it, and not reported */
};

struct notice {
	enum event_id id;
	struct instant at;
	union {
		struct refusal refusal;
		struct taken_list list;
		struct changed_record record;
	};
};

struct notices {
	int fd; /* borrowed: an eventfd, written to when there is something */

	pthread_mutex_t lock;
	struct notice *ring;
	size_t first, count;

	/* the registry's thread */
	int64_t minute_ns; /* began then */
	unsigned refusals; /* reported in it */
	struct refusal held; /* the last one that was not reported */
	bool holds; /* there is such a one */
	int64_t changes_minute_ns; /* the same of records that changed */
	unsigned changes;
	struct changed_record held_change;
	bool holds_change;
};

int notices_init(struct notices *notices, int fd);
void notices_fini(struct notices *notices);

/* The registry's thread. */
void notices_put_refusal(struct notices *notices, const char *subject,
			 const struct registry_complaint *complaint, uint64_t more);
void notices_put_change(struct notices *notices, const struct changed_record *record);
void notices_put_list(struct notices *notices, const struct taken_list *list);
bool notices_has_room(struct notices *notices);
int64_t notices_due_ns(
	const struct notices *notices); /* of what is held; INT64_MAX: there is nothing */
/* Puts what is held when its minute is over, or at the end of all. */
void notices_put_held(struct notices *notices, bool at_end);

/* The main loop: empties the queue. */
void notices_put_events(struct notices *notices, const struct event_sink *sink);

#endif
