/* The journal: events made durable, in order, before anyone hears of them.
 *
 * Owns the only SQLite connection (WAL, synchronous=FULL), used by one thread
 * of its own, and the chain: epoch, number, hash. Group commit: while one
 * commit is being synced the next batch gathers. It feeds the uplink (outlet.h)
 * from the commit just made or from disk, and keeps the watermarks.
 *
 * A damaged file is set aside, what can be read is carried over, a new epoch
 * starts. An unwritable path falls back to conf.fallback. A full disk stalls
 * the journal, not the daemon: the batch waits and is retried. All of these
 * are themselves events. Start-up cost does not depend on the number of events.
 */
#ifndef CORRIDORD_JOURNAL_H
#define CORRIDORD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "evidence/note.h"
#include "journal/outlet.h"
#include "transit/event/event.h"

struct journal;
struct worker;

enum journal_condition {
	JOURNAL_OK,
	JOURNAL_STALLED, /* commits fail (disk full, I/O error); retried */
	JOURNAL_VOLATILE, /* on the fallback: lost with the power */
};

struct journal_counters {
	enum journal_condition condition;
	char error[96]; /* why it is not ok; empty: it is */
	uint64_t events; /* journalled since start */
	uint64_t commits; /* transactions, each one sync */
	uint64_t backlog; /* numbers not acknowledged on STREAM_EVENTS, evicted ones too */
	uint64_t evicted; /* unacknowledged ones given up since start */
	uint64_t waits; /* times the queue was found full */
	int64_t used_bytes; /* of the quota */
	const char *full_path; /* as configured, whose disk has no room; NULL: it has */
	int64_t full_since_ns; /* monotonic */
	uint64_t full_evicted; /* of evicted: since then, for want of that room */
	int64_t sync_max_ns; /* longest commit since journal_forget_sync_max() */
	struct event_head head;
};

#define ASKED_ID_BYTES	     65 /* with the NUL */
#define ANSWER_ERROR_BYTES   128
#define ANSWER_MEMBERS_BYTES 12288

enum journal_question_kind {
	ASK_REPLAY, /* events once more */
	ASK_GROWTH, /* that the tree of ranges[0].last leaves continues that of .first */
	ASK_EVENT, /* that event .first is in that of .last, whose signed head is note */
};

/* What somebody lacks of what is in the journal, or wants shown. */
struct journal_question {
	enum journal_question_kind kind;
	uint64_t number; /* the asker's; comes back with the answer */
	char asker[ASKER_BYTES]; /* a level of a topic */
	char id[ASKED_ID_BYTES]; /* the same id: the same request */
	struct event_range ranges[EVENT_RANGES]; /* first >= 1, last >= first */
	size_t range_count;
	bool since; /* all from the first of ranges[0] on, and later epochs */
	char note[NOTE_BYTES];
};

struct journal_answer {
	uint64_t number;
	const char *code; /* a constant: why not; NULL: it is done */
	char error[ANSWER_ERROR_BYTES]; /* the same in words */
	char members[ANSWER_MEMBERS_BYTES]; /* JSON members without braces */
	size_t bytes;
};

/* Opens (or sets aside and begins anew). conf and origin are borrowed. Fails only when
 * neither path nor fallback can be written: negative errno; -EBUSY: another process has
 * the path's file; -EPERM: this is root, and the path's folder another's; -ENAMETOOLONG: there is no room behind path or fallback for the names of
 * what is set aside (960 bytes suffice). No thread yet. */
int journal_open(const struct journal_conf *conf, const struct event_origin *origin,
		 struct journal **ret_journal);

/* The states as last journalled: call(data, key, word) for each. Before journal_start(). */
void journal_states(struct journal *journal, void *data,
		    void (*call)(void *data, const char *key, const char *word));

/* The memories (event.h) as last journalled, in the order of their keys. Before journal_start(). */
void journal_memories(struct journal *journal, void *data,
		      void (*call)(void *data, const char *key, const char *text));

/* When the newest event was recorded, and whether in this boot. Before journal_start(). false:
 * there is none. */
bool journal_last_recorded(const struct journal *journal, struct instant *ret_at,
			   bool *ret_this_boot);

/* Starts the thread. The outlet is copied and must outlive the journal. */
int journal_start(struct journal *journal, const struct outlet *outlet);

/* The calls an uplink makes into this journal. */
struct outlet_source journal_source(struct journal *journal);

/* Takes a copy for the next commit. One producer thread (the main loop). 0;
 * -EAGAIN: full, nothing taken, wait for journal_room_fd(); -E2BIG: body or state is longer
 * than EVENT_BODY_BYTES, or a memory or their number beyond event.h's limits. Half of the queue
 * is kept for callers that cannot wait: ask journal_has_room() before taking new readings. */
int journal_append(struct journal *journal, const struct event_draft *draft);
bool journal_has_room(const struct journal *journal);

/* What was appended so far; when it is durable, journal_room_fd() becomes readable. One producer
 * thread, as above. */
uint64_t journal_mark(struct journal *journal);
uint64_t journal_durable(const struct journal *journal); /* all up to this mark is */

/* The answer is there when journal_room_fd() has become readable; they come in the order of the
 * questions. Producer thread. ask: -EAGAIN: too many wait; what is asked is copied. answered: false:
 * there is none; ret_answer is written for an answer alone. */
int journal_ask(struct journal *journal, const struct journal_question *question);
bool journal_answered(struct journal *journal, struct journal_answer *ret_answer);

/* Readable (an eventfd, owned by the journal) when there is room again after it was full,
 * what was marked is durable, or an answer is there. */
int journal_room_fd(const struct journal *journal);

struct journal_counters journal_counters(struct journal *journal);
void journal_forget_sync_max(struct journal *journal);

/* Events of the past, for people: read by the journal's thread between its rounds. */
#define JOURNAL_PAGE_BYTES (40 * 1024)
#define JOURNAL_TYPE_BYTES 64

struct journal_query {
	uint64_t number; /* the asker's */
	/* Where it begins: behind the event of that position; or so many numbers before the newest
	 * event (last), or with what was recorded then (since_s, UTC), if they are not 0. */
	uint64_t after;
	uint32_t last, since_s;
	/* Which: of these classes (bits; 0: all), of a type or of those that begin so; so many at
	 * most. */
	unsigned classes;
	char type[JOURNAL_TYPE_BYTES];
	uint32_t most;
};

struct journal_page {
	struct journal_query query;
	int err; /* negative errno: it cannot be read */
	uint32_t count;
	uint64_t next; /* position to go on behind; 0: that was all */
	size_t bytes;
	char text[JOURNAL_PAGE_BYTES]; /* payloads as published, a comma between them */
};

/* Any thread. -EBUSY: another is being read. -ENOMEM. */
int journal_ask_page(struct journal *journal, const struct journal_query *query);
/* NULL: none has been read. Else the caller frees it; journal_room_fd() has become readable. */
struct journal_page *journal_take_page(struct journal *journal);

/* The daemon is about to stop: what cannot be written to the path goes to the fallback at once. */
void journal_hurry(struct journal *journal);

/* This draft found no room and is given up: the next start tells of it. */
void journal_give_up(struct journal *journal, const struct event_draft *draft);

struct worker *journal_worker(struct journal *journal); /* for the watchdog */

/* Commits what was appended (until the deadline, monotonic), stops, closes, frees.
 * NULL is fine. ret_lost: how many events could not be written, those given up included; their
 * number is kept for the next start to tell. false: its thread hangs in a
 * system call and may come back at any time, so that neither the journal nor what was handed
 * to it (configuration, origin, outlet) may be freed. */
bool journal_close(struct journal *journal, int64_t deadline_mono_ns, size_t *ret_lost);

#endif
