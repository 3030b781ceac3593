/* All that the journal's thread shares with other threads; only door.c touches the lock.
 *
 * The producer's drafts gather here while those before them are written, the uplink
 * leaves here what it wants, and the counters are read here. What is declared below
 * is the thread's side (before it starts, the opener's; after it has ended, the
 * closer's); the others' side is in journal.h.
 */
#ifndef CORRIDORD_JOURNAL_DOOR_H
#define CORRIDORD_JOURNAL_DOOR_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/worker.h"
#include "journal/db.h"
#include "journal/drafts.h"
#include "journal/journal.h"

#define QUEUE_BYTES   (256 * 1024)
#define QUESTIONS_MAX 4

/* What the thread has to do for others. */
struct work {
	bool ack, rewind, pull, hurry;
	uint32_t session; /* of the rewind */
	struct event_head told; /* by the broker; seq 0: nothing */
	bool prove;
	uint64_t old_size, new_size; /* of the proof */
};

struct door {
	struct worker *worker; /* the journal's thread */
	int room_fd;
	_Atomic size_t gathered_bytes;
	_Atomic uint64_t durable; /* the batches up to this one are written */

	pthread_mutex_t lock; /* of all below */
	struct drafts gathered;
	bool urgent; /* among them is what must not wait */
	int64_t paced_until_ns; /* else they wait until then */
	uint64_t batches; /* taken so far: the number of the newest one */
	bool room_wanted; /* the producer found no room */
	bool durable_wanted; /* the producer waits for the gathered drafts, or for the batch */
	bool ack_wakes; /* an acknowledgement is worth waking the thread */
	struct work work;
	uint64_t acked[STREAM_COUNT]; /* newest position acknowledged, 0: none is new */
	struct journal_counters counters;
	uint64_t given_up[CLASSES]; /* events that found no room */
	struct journal_question questions[QUESTIONS_MAX];
	size_t question_count;
	struct journal_answer *answer; /* not taken yet; NULL: none */
};

int door_init(struct door *door); /* 0 or a negative errno; fini in any case */
void door_fini(struct door *door);

/* Waits for work, for gathered drafts if batch is empty, or until due_ns. false: it is time to
 * stop. */
bool door_wait(struct door *door, int64_t due_ns, bool ack_wakes, const struct drafts *batch);
/* Takes the work, and the gathered drafts if batch is empty; not_paced: also before their time. */
struct work door_take(struct door *door, struct drafts *batch, bool not_paced);
void door_pace(struct door *door, int64_t until_ns); /* the next ones are to wait until then */
void door_take_acks(struct door *door, uint64_t ret_acked[STREAM_COUNT]);

void door_batch_written(struct door *door); /* all of the batch is durable */
/* Adds events, commits and evicted; keeps the greatest sync_max_ns. */
void door_count(struct door *door, const struct journal_counters *more);
/* Sets what door_count() does not; waits is counted by the door itself. */
void door_show(struct door *door, const struct journal_counters *now);

/* The oldest question, if the answer before was taken. */
bool door_question(struct door *door, struct journal_question *ret_question);
void door_answer(struct door *door, struct journal_answer *answer); /* of malloc(), taken over */

void door_wake_producer(struct door *door); /* something else is there for it */
bool door_is_pressed(const struct door *door); /* readings wait for room */
size_t door_gathered(struct door *door); /* drafts not taken */
/* Adds the events among these, and those given up. */
void door_count_lost(struct door *door, uint64_t lost[CLASSES]);

#endif
