/* The journal's file as SQLite sees it: schema, statements, one connection.
 *
 * Knows rows and transactions, not when they are due. Used by one thread at a
 * time. An event's position is its epoch's number and its own: (no << 40) | seq;
 * positions therefore grow in the order in which events were journalled. Each
 * class of events has a table of its own, so that what is given up first can be
 * removed as one range from the old end and leaves whole pages free.
 *
 * Functions return 0 or a negative errno, with the text in db->last_error. Worth
 * telling apart: -ENOSPC (disk or quota full), -EUCLEAN (the file is damaged or
 * not ours), -EBUSY (another process has it).
 */
#ifndef CORRIDORD_JOURNAL_DB_H
#define CORRIDORD_JOURNAL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/tree.h"
#include "transit/event/event.h"

struct sqlite3;
struct sqlite3_stmt;
struct raw_sink;

#define DB_APPLICATION	  0x636F7272 /* "corr" */
#define DB_FORM		  1 /* of the tables (doc/journal.md): a file of another is set aside */
#define DB_ADDITIONS	  2 /* how often tables were added to it; more of them do not matter */
#define DB_PAGE_BYTES	  4096
#define DB_MARK		  "corridord" /* begins the row that holds the watermarks */
#define DB_ERROR_BYTES	  96
#define DB_MACHINE_BYTES  40
#define DB_STATES_KNOWN	  512
#define DB_BOOT_BYTES	  40
#define POSITION_SEQ_BITS 40
#define EPOCH_NO_END	  (1 << 22)
#define POSITION_SEQ_MAX  ((UINT64_C(1) << POSITION_SEQ_BITS) - 1)

/* enum event_class is in the order of sacrifice. */
#define CLASSES	    (CLASS_EVIDENCE + 1)
#define ALL_CLASSES ((1U << CLASSES) - 1)

enum statement {
	DO_BEGIN,
	DO_COMMIT,
	DO_ROLLBACK,
	DO_PUT_MARKS,
	DO_PUT_OWNER,
	DO_PUT_EPOCH,
	DO_PUT_STATE,
	DO_PUT_ALERT,
	DO_PUT_MEMORY,
	DO_DROP_FORGOTTEN,
	DO_DROP_MEMORIES,
	DO_FIND_ALERTS,
	DO_DROP_ALERTS,
	DO_DROP_ALERTS_OF,
	DO_PUT_TILE,
	DO_FIND_TILE,
	DO_AT_TILE,
	DO_DROP_TILES,
	DO_PUT_EVICTED,
	DO_MERGE_EVICTED,
	DO_FIND_EVICTED,
	DO_DROP_EVICTED,
	DO_COUNT
};

/* On the table of a class. */
enum row_statement { ROW_PUT, ROW_AFTER, ROW_AT, ROW_BELOW, ROW_NTH, ROW_DROP, ROW_STATEMENTS };

struct db_epoch {
	uint64_t no;
	uint64_t last; /* number of its newest event, 0: none */
	char id[EVENT_EPOCH_BYTES];
};

struct db_row {
	uint64_t position;
	enum event_class class;
	int64_t sum; /* db_sum() of the payload's hash */
	int64_t recorded_s; /* UTC when it was written, 0: the clock was not set */
	const char *type;
	const char *payload;
	size_t payload_bytes;
};

/* Leaves of an epoch's tree. */
struct db_tile {
	uint64_t position; /* of the event of the first one */
	const struct tree_hash *frontier; /* before it */
	size_t frontier_count;
	const struct tree_hash *leaves;
	size_t leaf_count;
	struct tree_hash root; /* behind the last one */
};

struct db_alert {
	uint64_t id; /* grows in the order of writing */
	uint64_t position;
	enum event_class class;
};

struct db {
	struct sqlite3 *sqlite; /* NULL: closed */
	struct sqlite3_stmt *statement[DO_COUNT];
	struct sqlite3_stmt *of_class[CLASSES][ROW_STATEMENTS];
	struct db_epoch *epochs; /* by number; never empty once there is an event */
	size_t epoch_count;
	uint64_t first[CLASSES], last[CLASSES]; /* positions, 0: the class has no events */
	uint64_t events_mark, alerts_mark; /* watermarks as last committed */
	uint64_t next_alert;
	struct event_head head; /* of the chain, as it was when the file was opened */
	struct instant recorded; /* when the newest event was; utc_ns 0: not known */
	char boot[DB_BOOT_BYTES]; /* and in which boot */
	char machine[DB_MACHINE_BYTES]; /* that it was last used on, empty: not known */
	uint64_t
		states_known[DB_STATES_KNOWN]; /* sums of rows that are there; see db_put_state() */
	uint64_t put_bytes; /* payloads put since then */
	unsigned tiles_put; /* since the oldest were dropped last */
	unsigned evicted_put; /* the same of what was evicted */
	int64_t quota_bytes;
	int64_t pages_max; /* that the file may grow to */
	bool frozen; /* which is its present size */
	int wal_pages; /* in the write-ahead log now */
	int wal_pages_max; /* checkpoint when there are more */
	bool stale; /* what is known of the file has to be read again */
	char last_error[DB_ERROR_BYTES];
};

/* Opens, or creates an empty journal; recomputes the end of the chain from the newest event.
 * -EUCLEAN: it has to be set aside. On failure db is closed, last_error remains. */
int db_open(struct db *db, const char *path, int64_t quota_bytes);

/* checkpoint: move the log into the file first (takes a moment). A closed db is fine. */
void db_close(struct db *db, bool checkpoint);

int db_begin(struct db *db);
/* Ends the transaction; err: what went wrong in it, or at its beginning. 0: commits, with one
 * sync. Otherwise, or when that fails, nothing of it was written. Returns err, or the commit's. */
int db_end(struct db *db, int err);

/* Within a transaction. db_put_event: -EEXIST when the position is taken. */
int db_put_event(struct db *db, const struct db_row *row);
int db_put_alert(struct db *db, uint64_t position, enum event_class class);
int db_put_state(struct db *db, const char *key, const char *word);
/* text NULL: a row that says it was forgotten. */
int db_put_memory(struct db *db, const char *key, const char *text, uint64_t version);
int db_drop_memories(struct db *db, bool all); /* or only the forgotten ones */
int db_put_epoch(struct db *db, uint64_t no, const char *id);
int db_put_marks(struct db *db, uint64_t events, uint64_t alerts);
int db_put_owner(struct db *db, const char *machine);

/* Replaces one of the same position; now and then the oldest go that are beyond their share of the
 * quota. */
int db_put_tile(struct db *db, const struct db_tile *tile);

/* What a tombstone names: all from low to high is gone, and what was noted of it before is in it. */
int db_put_evicted(struct db *db, uint64_t low, uint64_t high);

/* Removes low to high, both included, and the alerts among them. */
int db_drop(struct db *db, enum event_class class, uint64_t low, uint64_t high);

typedef bool (*db_row_call)(void *data, const struct db_row *row);

/* Calls for each event behind position of the classes in the mask, in order, until the
 * call says false or there are no more. What row points to lives during the call. */
int db_each(struct db *db, unsigned classes, uint64_t after, db_row_call call, void *data);

/* One event; -ENOENT. */
int db_at(struct db *db, enum event_class class, uint64_t position, db_row_call call, void *data);

/* The newest event of the classes before position, 0: none. */
int db_below(struct db *db, unsigned classes, uint64_t position, uint64_t *ret_position);

/* The oldest event behind position, of any class, 0: none. */
int db_above(struct db *db, uint64_t position, uint64_t *ret_position);

typedef void (*db_evicted_call)(void *data, uint64_t low, uint64_t high);

/* Calls for each range that a tombstone names and that reaches into low to high, in order. The oldest
 * of very many are forgotten. */
int db_evicted(struct db *db, uint64_t low, uint64_t high, db_evicted_call call, void *data);

/* The count-th event of the class from its old end, at most upto; 0: none. */
int db_nth(struct db *db, enum event_class class, unsigned count, uint64_t upto,
	   uint64_t *ret_position);

/* Up to count alerts behind id, in order. */
int db_alerts(struct db *db, uint64_t after, struct db_alert *alerts, size_t count,
	      size_t *ret_count);

typedef void (*db_tile_call)(void *data, const struct db_tile *tile);

/* Calls for the newest tile before the position, if there is one; for the one at it. What tile points
 * to lives during the call. */
int db_last_tile(struct db *db, uint64_t before, db_tile_call call, void *data);
int db_tile_at(struct db *db, uint64_t position, db_tile_call call, void *data);

int db_states(struct db *db, void *data,
	      void (*call)(void *data, const char *key, const char *word));

/* Calls sink->memory (raw.h) for each. */
int db_memories(struct db *db, struct raw_sink *sink);

int64_t db_used_bytes(struct db *db); /* free pages are not counted; negative errno */

/* Moves the log into the file. */
int db_checkpoint(struct db *db);

/* The file does not grow beyond its present size until it is released again. */
void db_freeze(struct db *db, bool frozen);

/* A few pages beyond that, while room is made: what a tombstone needs may come before what the
 * events leave that it names. */
void db_lend_pages(struct db *db, bool lent);

/* The chain's end as it was behind that number of an epoch. -ENOENT: the event is not there;
 * -EUCLEAN: it was altered. */
int db_head_at(struct db *db, const struct db_epoch *epoch, uint64_t seq,
	       struct event_head *ret_head);

const struct db_epoch *db_epoch(const struct db *db, uint64_t position); /* NULL: unknown */
const struct db_epoch *db_epoch_by_id(const struct db *db, const char *id);
bool db_has_epoch(struct db *db, uint64_t no); /* an event of it is here */
uint64_t db_last(const struct db *db); /* the newest event's position, 0: none */

/* ---- between db.c, rows.c and load.c ------------------------------------------------ */

/* err of a call on db->sqlite that was just made: SQLite's text becomes last_error. Returns err. */
int db_note(struct db *db, int err);
/* The file is damaged or not ours: -EUCLEAN. */
int db_unclean(struct db *db, const char *text);
/* Calls for each row that sql yields; an error of the call ends it. */
int db_query(struct db *db, const char *sql, int (*call)(void *data, struct sqlite3_stmt *row),
	     void *data);
/* The one integer that sql yields. */
int db_ask(struct db *db, const char *sql, int64_t *ret_answer);
/* Runs a statement that yields no rows. */
int db_run(struct db *db, struct sqlite3_stmt *statement);
/* Reads first and last of a class. */
int db_find_ends(struct db *db, enum event_class class);
/* To the list in memory. */
int db_add_epoch(struct db *db, uint64_t no, const char *id);
/* db_open() without what is in the file: connection, schema, statements. */
int db_connect(struct db *db, const char *path, int64_t quota_bytes);

/* ---- sums.c: what bytes vouch for --------------------------------------------------- */

int64_t db_sum(const unsigned char hash[EVENT_HASH_BYTES]);
int64_t db_marks_sum(uint64_t events, uint64_t alerts);
int64_t db_memory_sum(const char *key, const char *text, uint64_t version);
bool db_row_is_whole(const struct db_row *row); /* its payload still has its hash */

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
