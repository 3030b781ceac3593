/* The journal's inside, shared by journal*.c.
 *
 * journal.c           the calls from outside, the queue, the thread
 * journal_commit.c    batches into transactions, and what to do when they fail
 * journal_feed.c      committed events to the outlet
 * journal_evict.c     quota, expiry, tombstones
 * journal_files.c     which file is used, setting aside
 * journal_carry.c     events of another file into this one
 * journal_memory.c    what is remembered over a restart
 * journal_report.c    the journal's own events
 *
 * All but the part marked as shared belongs to whoever runs the journal: the
 * opener until journal_start(), then the thread.
 */
#ifndef CORRIDORD_JOURNAL_PRIVATE_H
#define CORRIDORD_JOURNAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "clock.h"
#include "heartbeat.h"
#include "journal.h"
#include "journal_db.h"
#include "journal_drafts.h"
#include "journal_memory.h"
#include "journal_raw.h"

#define QUEUE_BYTES (256 * 1024)
#define OWN_BYTES   (16 * 1024)
#define PATH_BYTES  1024
#define PATH_MOST   (PATH_BYTES - 64) /* of a configured one: endings are added */
#define CARRY_SPANS 32
/* A lost watermark only means duplicates: it is written this long after an acknowledgement,
 * or up to MARKS_ALONG_NS earlier together with events. */
#define MARKS_DELAY_NS	 (5 * NS_PER_S)
#define MARKS_ALONG_NS	 (4 * NS_PER_S)
#define RETRY_MIN_NS	 (100 * NS_PER_MS)
#define RETRY_MAX_NS	 (2 * NS_PER_S)
#define PATIENCE_NS	 (10 * NS_PER_S) /* with a broken disk */
#define PATIENCE_FULL_NS (60 * NS_PER_S) /* with a full one */
#define REST_NS		 NS_PER_S
#define RETURN_EVERY_NS	 (60 * NS_PER_S) /* from the fallback to the path */

/* How long is waited for what; tests wait less. */
struct patience {
	int64_t tell_ns; /* before a stall is worth an alarm */
	int64_t hard_ns; /* with a full disk, before telemetry is given up */
	int64_t full_ns; /* with a full disk, before the fallback is used */
	int64_t broken_ns; /* with a disk that fails, before another file is used */
	int64_t return_ns; /* between two attempts to return to the path */
};

struct stream {
	uint64_t mark; /* acknowledged up to here */
	uint64_t offered; /* up to here in this session */
	bool stopped; /* the outlet had no room */
};

enum carry_kind {
	CARRY_DAMAGED, /* a file set aside; renamed when done */
	CARRY_FALLBACK, /* back on the path; the fallback's file is removed when done */
	CARRY_READ_ONLY, /* on the fallback; what the path's file has not delivered */
};

/* Numbers of one epoch that were carried over, without a hole. */
struct span {
	uint64_t epoch_no, first, last;
};

struct carry {
	struct raw *raw; /* NULL: nothing is being carried over */
	enum carry_kind kind;
	char path[PATH_BYTES];
	unsigned number; /* of the set-aside file */
	uint64_t mark_hint; /* the watermark as it was in memory */
	uint64_t after; /* only events behind this position (CARRY_READ_ONLY) */
	uint64_t floor; /* epochs up to this number are acknowledged */
	uint64_t events; /* carried over */
	bool found; /* there are events in it */
	bool partial; /* for lack of room not all were carried over */
	struct span spans[CARRY_SPANS];
	size_t span_count;
	int err; /* of the present chunk */
};

/* What is to be done, taken from the shared part in one go. */
struct work {
	uint64_t acked[STREAM_COUNT];
	bool ack, rewind, pull, closing;
	uint32_t session;
};

struct journal {
	const struct journal_conf *conf;
	const struct event_origin *origin;
	struct outlet outlet; /* .offer NULL: none yet */
	pthread_t thread;
	bool started;
	int room_fd;

	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct drafts gather;
	bool room_wanted;
	uint64_t swaps; /* times the gathered became the batch */
	bool marked; /* somebody waits for what is gathered, or for the batch */
	bool asked;
	bool ack_wakes;
	bool ended; /* the thread will do nothing more */
	struct work work;
	int64_t close_by_ns;
	struct journal_counters counters;

	/* shared, without it */
	_Atomic size_t gathered; /* bytes in gather */
	_Atomic uint64_t durable; /* batches written, of swaps */
	struct heartbeat beat;

	struct patience patience;
	struct db db;
	bool fallen_back; /* db is the fallback */
	bool ballast; /* there is some */
	bool unusable; /* neither file could be opened, and that was said */
	struct event_head head;
	uint64_t epoch_no;
	bool epoch_unwritten; /* the epoch's row goes with the first event */

	struct drafts own; /* the journal's own events, before the batch */
	struct drafts batch; /* being written */
	size_t batch_at; /* written up to here */
	size_t batch_limit; /* drafts in one transaction */

	struct stream streams[STREAM_COUNT];
	uint32_t session;
	uint64_t alerts_before; /* positions of alerts in files that were in use before */
	uint64_t rewound; /* events up to here are a backlog */
	struct {
		int64_t at_ns;
		uint64_t head;
	} age[2]; /* where the chain ended when; the newer one first */
	bool marks_dirty;
	int64_t marks_due_ns;

	bool stalled;
	bool stall_told;
	char stall_why[96];
	int64_t stalled_ns, retry_ns, retry_after_ns;
	int64_t return_ns; /* when to try the path again */

	bool troubled; /* reading or tidying up fails */
	int64_t troubled_ns, rest_until_ns;

	bool evicting;
	size_t unchecked_bytes; /* written since the quota was looked at */
	int64_t expiry_due_ns;
	uint64_t expiry_from[SHELF_COUNT]; /* nothing to expire up to here */

	struct memories memories; /* as last committed */
	bool memories_known; /* they were looked for */
	bool memories_unwritten; /* all of them go with the first event */
	uint64_t forgotten; /* in this file */

	struct carry carry;
	unsigned asides_done; /* set-aside files up to this number were looked at */
	bool other_done; /* so was the path's file, or the fallback */
	uint64_t mark_hint; /* for the file just set aside */
};

/* ---- journal.c ----------------------------------------------------------------------- */

void journal_heed_acks(struct journal *journal);

/* ---- journal_commit.c ---------------------------------------------------------------- */

/* Writes what there is to write, if it is time. */
void journal_write(struct journal *journal);
/* Seals the draft behind *head and writes it, within a transaction. */
int journal_put(struct journal *journal, struct event_head *head, const struct event_draft *draft,
		const struct instant *now);
/* Reading or tidying up failed: rests a while; a file that stays so is replaced. */
void journal_troubled(struct journal *journal, int err);
/* db_begin() for a transaction that may write events. */
int journal_begin(struct journal *journal);
/* A transaction of events was committed; *head is the end of the chain now. */
void journal_committed(struct journal *journal, const struct event_head *head, int64_t sync_ns);
/* db_commit(), measured. */
int journal_sync(struct journal *journal, int64_t *ret_sync_ns);
size_t journal_unwritten(const struct journal *journal); /* drafts taken and not committed */

/* ---- journal_feed.c ------------------------------------------------------------------ */

void journal_acked(struct journal *journal, enum outlet_stream stream, uint64_t position);
void journal_rewind(struct journal *journal, uint32_t session);
/* Offers a bounded number. true: there is more to do at once. */
bool journal_feed(struct journal *journal);
void journal_streams_reset(struct journal *journal);
uint64_t journal_backlog(const struct journal *journal);

/* ---- journal_evict.c ----------------------------------------------------------------- */

/* One bounded step towards quota and age limit. true: there is more to do at once. */
bool journal_trim(struct journal *journal);
/* Frees pages because the disk is full: acknowledged events, then (hard) telemetry and
 * health reports that are not. 0: something went; -ENOSPC: nothing left to give up. */
int journal_make_room(struct journal *journal, bool hard);
/* Takes a row whose payload is no longer what was written out of the way, by name. */
int journal_give_up(struct journal *journal, const struct db_row *row);
enum shelf journal_shelf(const char *type);

/* ---- journal_carry.c ----------------------------------------------------------------- */

/* A file was opened: its watermarks, its epoch or a new one, what is to be carried over. */
void journal_begin_file(struct journal *journal);
/* Carries over a bounded number. true: there is more to do at once. */
bool journal_carry(struct journal *journal);
void journal_carry_stop(struct journal *journal);
/* Lets go of the other file; where it stood. And takes it up there again. */
uint64_t journal_carry_pause(struct journal *journal);
void journal_carry_resume(struct journal *journal, uint64_t page);

/* ---- journal_memory.c ---------------------------------------------------------------- */

/* A file was opened: finds what is remembered, or has it written into this one. */
void journal_begin_memories(struct journal *journal);
/* Within a transaction: those of the draft, or all. */
int journal_put_memories(struct journal *journal, const struct event_draft *draft);
int journal_rewrite_memories(struct journal *journal);
/* Its transaction was committed. */
void journal_remember(struct journal *journal, const struct event_draft *draft);

/* ---- journal_files.c ----------------------------------------------------------------- */

/* Opens the path, or the fallback; sets aside what is damaged. */
int journal_establish(struct journal *journal);
/* The file in use is damaged, or cannot be written: another one takes its place. */
int journal_replace(struct journal *journal, bool damaged);
/* From the fallback to the path, if that can be written again. */
void journal_return(struct journal *journal);
/* Fills in path and kind; false: there is nothing (more) to carry over. */
bool files_next_to_carry(struct journal *journal, struct carry *carry);
/* That file was dealt with. done: all of it that can be read is here. */
void files_carried(struct journal *journal, const struct carry *carry, bool done);
/* The name under which a set-aside file stays. */
void files_final_name(const struct journal *journal, const struct carry *carry,
		      char ret_name[PATH_BYTES]);
/* The which-th file beside the one in use that may hold newer memories; false: no more. */
bool files_other(const struct journal *journal, unsigned which, char ret_path[PATH_BYTES]);
/* Room on the disk that is given up when there is no other. */
void files_hold_ballast(struct journal *journal);
void files_drop_ballast(struct journal *journal);
bool files_disk_has_room(const struct journal *journal);
void files_random_id(char id[EVENT_EPOCH_BYTES]);

/* ---- journal_report.c ---------------------------------------------------------------- */

struct gap {
	uint64_t epoch_no, first, last; /* the whole gap as it is now */
	uint64_t events; /* that went now */
	uint64_t last_position; /* of the last one that went */
	unsigned char hash[EVENT_HASH_BYTES]; /* of its payload */
};

#define GAPS_MAX 16 /* that a tombstone's body has room for */

enum gap_reason { GAP_QUOTA, GAP_DISK_FULL, GAP_DAMAGED };

void report_set_aside(struct journal *journal, const char *file, const char *why);
void report_carried(struct journal *journal, const char *file);
void report_volatile(struct journal *journal, const char *why);
int report_stalled(struct journal *journal, struct event_head *head, bool raised,
		   const struct instant *now);
int report_evicted(struct journal *journal, struct event_head *head, enum gap_reason reason,
		   enum shelf shelf, const struct gap *gaps, size_t count,
		   const struct instant *now);

/* journal.c: all of the batch is durable. */
void journal_batch_written(struct journal *journal);

#endif
