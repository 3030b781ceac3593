/* The journal's file as SQLite sees it: schema, statements, one connection.
 *
 * Knows rows and transactions, not when they are due. Used by one thread at a
 * time. An event's position is its epoch's number and its own: (no << 40) | seq;
 * positions therefore grow in the order in which events were journalled. Events
 * lie on a shelf per class, a table each, so that what is given up first can be
 * removed as one range from the old end and leaves whole pages free.
 *
 * Functions return 0 or a negative errno, with the reason in db->why. Worth
 * telling apart: -ENOSPC (disk or quota full), -EUCLEAN (the file is damaged or
 * not ours), -EBUSY (another process has it).
 */
#ifndef CORRIDORD_JOURNAL_DB_H
#define CORRIDORD_JOURNAL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event.h"

struct sqlite3;
struct sqlite3_stmt;

#define DB_APPLICATION	  0x636F7272 /* "corr" */
#define DB_VERSION	  1
#define DB_PAGE_BYTES	  4096
#define DB_MARK		  "corridord" /* begins the row that holds the watermarks */
#define POSITION_SEQ_BITS 40
#define EPOCH_NO_END	  (1 << 22)
#define POSITION_SEQ_MAX  ((UINT64_C(1) << POSITION_SEQ_BITS) - 1)

/* In the order of sacrifice. */
enum shelf {
	SHELF_TELEMETRY = CLASS_TELEMETRY,
	SHELF_HEALTH = CLASS_HEALTH,
	SHELF_EVIDENCE = CLASS_EVIDENCE,
	SHELF_COUNT
};

#define ALL_SHELVES ((1U << SHELF_COUNT) - 1)

enum statement {
	DO_BEGIN,
	DO_COMMIT,
	DO_ROLLBACK,
	DO_PUT_MARKS,
	DO_PUT_EPOCH,
	DO_PUT_STATE,
	DO_PUT_ALERT,
	DO_PUT_MEMORY,
	DO_DROP_FORGOTTEN,
	DO_DROP_MEMORIES,
	DO_FIND_ALERTS,
	DO_DROP_ALERTS,
	DO_DROP_ALERTS_OF,
	DO_COUNT_PAGES,
	DO_COUNT_FREE,
	DO_COUNT
};

enum shelf_statement {
	SHELF_PUT,
	SHELF_AFTER,
	SHELF_AT,
	SHELF_BELOW,
	SHELF_NTH,
	SHELF_DROP,
	SHELF_STATEMENTS
};

struct db_epoch {
	uint64_t no;
	uint64_t last; /* number of its newest event, 0: none */
	char id[EVENT_EPOCH_BYTES];
};

struct db_row {
	uint64_t position;
	enum shelf shelf;
	int64_t sum; /* db_sum() of the payload's hash */
	int64_t recorded_s; /* UTC when it was written, 0: the clock was not set */
	const char *type;
	const char *payload;
	size_t payload_bytes;
};

struct db_alert {
	uint64_t id; /* grows in the order of writing */
	uint64_t position;
	enum shelf shelf;
};

struct db {
	struct sqlite3 *sqlite; /* NULL: closed */
	struct sqlite3_stmt *statement[DO_COUNT];
	struct sqlite3_stmt *on_shelf[SHELF_COUNT][SHELF_STATEMENTS];
	struct db_epoch *epochs; /* by number; never empty once there is an event */
	size_t epoch_count;
	uint64_t first[SHELF_COUNT], last[SHELF_COUNT]; /* positions, 0: the shelf is empty */
	uint64_t events_mark, alerts_mark; /* as last committed */
	uint64_t next_alert;
	int64_t quota_bytes;
	int wal_pages; /* in the write-ahead log now */
	int wal_pages_max; /* checkpoint when there are more */
	bool stale; /* what is known of the file has to be read again */
	char why[96];
};

/* Opens, or creates an empty journal. -EUCLEAN: it has to be set aside. On failure db is
 * closed, why remains. */
int db_open(struct db *db, const char *path, int64_t quota_bytes);

/* checkpoint: move the log into the file first (takes a moment). Takes a closed one. */
void db_close(struct db *db, bool checkpoint);

/* The end of the chain, recomputed from the newest event. -EUCLEAN: it does not match. */
int db_head(struct db *db, struct event_head *ret_head);

int db_begin(struct db *db);
int db_commit(struct db *db); /* one sync; on failure nothing was written */
void db_rollback(struct db *db);

/* Within a transaction. db_put_event: -EEXIST when the position is taken. */
int db_put_event(struct db *db, const struct db_row *row);
int db_put_alert(struct db *db, uint64_t position, enum shelf shelf);
int db_put_state(struct db *db, const char *key, const char *word);
/* text NULL: a row that says it was forgotten. */
int db_put_memory(struct db *db, const char *key, const char *text, uint64_t version);
int db_drop_memories(struct db *db, bool all); /* or only the forgotten ones */
int db_put_epoch(struct db *db, uint64_t no, const char *id);
int db_put_marks(struct db *db, uint64_t events, uint64_t alerts);

/* Removes low to high, both included, and the alerts among them. */
int db_drop(struct db *db, enum shelf shelf, uint64_t low, uint64_t high);

typedef bool (*db_row_call)(void *data, const struct db_row *row);

/* Calls for each event behind position on the shelves of the mask, in order, until the
 * call says false or there are no more. What row points to lives during the call. */
int db_each(struct db *db, unsigned shelves, uint64_t after, db_row_call call, void *data);

/* One event; -ENOENT. */
int db_at(struct db *db, enum shelf shelf, uint64_t position, db_row_call call, void *data);

/* The newest event of the shelf before position, 0: none. */
int db_below(struct db *db, enum shelf shelf, uint64_t position, uint64_t *ret_position);

/* The count-th event of the shelf from its old end, at most upto; 0: none. */
int db_nth(struct db *db, enum shelf shelf, unsigned count, uint64_t upto, uint64_t *ret_position);

/* Up to count alerts behind id, in order. */
int db_alerts(struct db *db, uint64_t after, struct db_alert *alerts, size_t count,
	      size_t *ret_count);

int db_states(struct db *db, void *data,
	      void (*call)(void *data, const char *key, const char *word));

/* Forgotten ones too, text NULL. */
int db_memories(struct db *db, void *data,
		void (*call)(void *data, const char *key, const char *text, uint64_t version));
int64_t db_memory_sum(const char *key, const char *text, uint64_t version);

int64_t db_used_bytes(struct db *db); /* free pages are not counted; negative errno */

/* Moves the log into the file. */
int db_checkpoint(struct db *db);

/* The file does not grow beyond its present size until it is released again. */
void db_freeze(struct db *db, bool frozen);

const struct db_epoch *db_epoch(const struct db *db, uint64_t position); /* NULL: unknown */
const struct db_epoch *db_epoch_by_id(const struct db *db, const char *id);
bool db_has_epoch(struct db *db, uint64_t no); /* an event of it is here */
uint64_t db_last(const struct db *db); /* the newest event's position, 0: none */

/* Notes why; the errno that stands for SQLite's code. */
int db_fail(struct db *db, int code);
/* Runs a statement that yields no rows. */
int db_run(struct db *db, struct sqlite3_stmt *statement);
/* Reads first and last of a shelf. */
int db_find_ends(struct db *db, enum shelf shelf);
/* To the list in memory. */
int db_add_epoch(struct db *db, uint64_t no, const char *id);
/* Reads first, last, epochs and marks. -EUCLEAN: they contradict each other. */
int db_load(struct db *db);

int64_t db_sum(const unsigned char hash[EVENT_HASH_BYTES]);
bool db_row_is_whole(const struct db_row *row); /* its payload still has its hash */
bool db_marks_are_whole(uint64_t events, uint64_t alerts, int64_t sum);

static inline uint64_t position_of(uint64_t epoch_no, uint64_t seq)
{
	return epoch_no << POSITION_SEQ_BITS | seq;
}

static inline uint64_t position_epoch(uint64_t position)
{
	return position >> POSITION_SEQ_BITS;
}

static inline uint64_t position_seq(uint64_t position)
{
	return position & POSITION_SEQ_MAX;
}

#endif
