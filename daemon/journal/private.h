/* The journal's inside. Each part is written by the file of its name alone; the others
 * read it, and call it.
 *
 * From the top; each calls only what stands below it:
 * journal.c   opening, closing, the thread
 * round.c     one round: what is due, and what to do when it fails
 * commit.c    batches into transactions
 * choice.c    which file is used
 * retell.c    events whose numbers were taken, in a new epoch
 * past.c      whether a file is as it was left
 * evict.c     quota, expiry, tombstones
 * shortage.c  whether the disk has room
 * carry.c     events of another file into this one
 * question.c  what is asked of the journal
 * replay.c    events once more, to who asks for them; show.c: proofs of the tree
 * feed.c      watermarks; committed events to the outlet
 * history.c   events of the past, for people
 * report.c    the journal's own events
 * chain.c     drafts sealed into the chain
 * tiles.c     the tree over its hashes
 * memory.c    what is remembered over a restart
 * door.c      what is shared with other threads
 * files.c     names of files, ballast, setting aside
 * witness.c   how far a file had come, told from outside it
 * raw.c       a file read without SQLite; wal.c: its log
 * load.c, rows.c, db.c, sums.c: the file (db.h)
 *
 * All but the door belongs to whoever runs the journal: the opener until
 * journal_start(), then the thread, and at last the closer.
 */
#ifndef CORRIDORD_JOURNAL_PRIVATE_H
#define CORRIDORD_JOURNAL_PRIVATE_H

#include <string.h>

#include "base/clock.h"
#include "evidence/tree.h"
#include "journal/db.h"
#include "journal/door.h"
#include "journal/files.h"
#include "journal/memory.h"
#include "journal/raw.h"
#include "journal/witness.h"

/* ---- tiles.c ------------------------------------------------------------------------ */

#define TILE_BITS   8
#define TILE_LEAVES (1 << TILE_BITS)

struct tiles {
	bool kept; /* somebody asks for it: conf.tree */
	bool known; /* every event of the epoch is in it */
	struct tree tree;
	struct tree before; /* the leaves below */
	struct tree_hash leaves[TILE_LEAVES]; /* of the last tile that was begun */
};

void tiles_begin(struct tiles *tiles); /* of a new epoch */
/* There is no room: the events are worth more. It is not known until the next epoch. */
void tiles_give_up(struct tiles *tiles);
/* A file was opened that ends with this head: what is known of its newest epoch. */
void tiles_begin_file(struct tiles *tiles, struct db *db, uint64_t epoch_no,
		      const struct event_head *head);
/* Within a transaction: the event that was just put. */
int tiles_add(struct tiles *tiles, struct db *db, uint64_t epoch_no, const struct event_head *head);
/* Within a transaction that drops events up to this position. */
int tiles_keep(const struct tiles *tiles, struct db *db, uint64_t epoch_no, uint64_t high);

/* Where proofs find their nodes. -ENOENT: the tile is not kept any more. */
struct tiles_source {
	struct db *db;
	uint64_t epoch_no;
	const struct tiles *tiles; /* of this epoch if it is the newest; else NULL */
};

struct tree_source tiles_source(struct tiles_source *of);

/* ---- chain.c ------------------------------------------------------------------------ */

#define FOLLOWS_MAX   4
#define FOLLOWS_BYTES 1024

/* Why a chain ended and another epoch began. */
enum chain_end { END_SET_ASIDE, END_FALLBACK, END_RETURN, END_ROLLED_BACK, END_FOREIGN };

/* Chains that an epoch takes the place of. */
struct follows {
	struct event_head head[FOLLOWS_MAX];
	size_t count;
	enum chain_end why;
};

struct chain {
	struct event_head head; /* as last committed */
	uint64_t epoch_no;
	bool epoch_unwritten; /* the epoch's row goes with the first event */
	bool owner_unwritten; /* so does this machine's id */
	bool broken; /* the file's epoch must not go on */
	bool begun_here; /* the epoch began in this run: none of its numbers is older */
	struct follows follows; /* told by the epoch's first event */
	struct tiles tiles; /* as last committed */
	struct tiles growing; /* in the transaction under way */
	struct tiles
		ended; /* of the epoch before, that is not kept yet; tree.size 0: there is none */
	uint64_t ended_no;
	bool critical; /* a critical event is in the transaction under way */
	struct {
		int64_t at_ns;
		uint64_t position;
	} recent_heads[2]; /* where the chain ended when; the newer one first */
};

/* A file was opened: goes on with its newest epoch, if it has any. */
void chain_begin_file(struct chain *chain, struct db *db);
void chain_begin_epoch(struct chain *chain, uint64_t no);
/* The epoch that begins takes the place of this chain too; of the present one: nothing. */
void chain_follow(struct chain *chain, const struct event_head *head);

/* The event was committed since at_ns, or not long before. */
bool chain_is_recent(const struct chain *chain, uint64_t position, int64_t at_ns);

/* What a tile met: if there is no room for it on the disk the tree is given up. Returns err. */
int chain_spare_tree(struct journal *journal, int err);

/* db_begin() for a transaction that may write events. */
int journal_begin(struct journal *journal);
/* Seals the draft behind *head and writes it, and its state and memories. */
int journal_put(struct journal *journal, struct event_head *head, const struct event_draft *draft,
		const struct instant *now);
/* Only the event, of another boot too. */
int journal_put_of(struct journal *journal, struct event_head *head,
		   const struct event_origin *origin, const struct event_draft *draft,
		   const struct instant *now);
/* db_end(); when it was committed, *head is the end of the chain. */
int journal_end(struct journal *journal, int err, const struct event_head *head);

/* ---- report.c ----------------------------------------------------------------------- */

#define REPORT_BYTES (16 * 1024)
#define GAPS_MAX     16 /* that a tombstone's body has room for */

struct gap {
	uint64_t epoch_no, first, last; /* the whole gap as it is now */
	uint64_t events; /* that went now */
	uint64_t last_position; /* of the last one that went */
	unsigned char hash[EVENT_HASH_BYTES]; /* of its payload */
};

enum gap_reason { GAP_QUOTA, GAP_DISK_FULL, GAP_DAMAGED };

/* Queued in journal->reports, which goes with the next commit. */
void report_set_aside(struct journal *journal, const char *file, const char *why);
void report_carried(struct journal *journal, const char *file);
void report_volatile(struct journal *journal, const char *why);
/* file: set aside as; NULL: it stays, and is this gateway's on another machine. */
void report_foreign(struct journal *journal, const char *file, const struct raw_owner *owner);
void report_lost(struct journal *journal, const uint64_t lost[CLASSES]);
/* by: which witness. */
void report_rolled_back(struct journal *journal, const char *by, const struct event_head *witness,
			const struct event_head *found);
void report_written(struct journal *journal); /* that commit was made */

/* Written at once, within a transaction, behind *head. */
int report_stalled(struct journal *journal, struct event_head *head, bool raised,
		   const struct instant *now);
int report_evicted(struct journal *journal, struct event_head *head, enum gap_reason reason,
		   enum event_class class, const struct gap *gaps, size_t count,
		   const struct instant *now);

/* ---- feed.c ------------------------------------------------------------------------- */

/* A lost watermark only means duplicates: it is written when nothing was acknowledged for a while,
 * or each minute, and up to MARKS_ALONG_NS earlier together with events. */
#define MARKS_IDLE_NS  (5 * NS_PER_S)
#define MARKS_MOST_NS  (60 * NS_PER_S)
#define MARKS_ALONG_NS (5 * NS_PER_S)

struct stream {
	uint64_t mark; /* the watermark: acknowledged up to here */
	uint64_t offered; /* up to here in this session */
	bool stopped; /* the outlet had no room */
};

struct feed {
	struct stream streams[STREAM_COUNT];
	uint32_t session;
	uint64_t alerts_before; /* positions of alerts in files that were in use before */
	uint64_t backlog_until; /* events up to here are a backlog */
	bool marks_dirty; /* there are watermarks to be written */
	int64_t marks_since_ns; /* since then */
	int64_t marks_due_ns;
};

/* A file was opened: its watermarks, and both streams begin again behind them. */
void feed_begin_file(struct feed *feed, const struct db *db);
/* All events up to the position were acknowledged in another file already. */
void feed_raise_mark(struct feed *feed, uint64_t position);

/* What the uplink says: a new session; there is room again. */
void feed_rewind(struct feed *feed, const struct db *db, uint32_t session);
void feed_pull(struct feed *feed);

/* Watermarks into a transaction; it was committed; they are not to wait any longer. */
int feed_put_marks(const struct feed *feed, struct db *db);
void feed_marks_written(struct feed *feed);
void feed_hurry_marks(struct feed *feed);

uint64_t feed_backlog(const struct feed *feed, const struct db *db);

/* Takes what was acknowledged meanwhile: also before anything is given up. */
void journal_take_acks(struct journal *journal);
/* Offers a bounded number. 1: there is more to do at once; 0; a negative errno. If alerts cannot be
 * read the events wait for the next round: the file may be another one by then, and what had been
 * offered from this one would be offered again from that. */
int journal_feed(struct journal *journal);

/* ---- replay.c ----------------------------------------------------------------------- */

#define REPLAY_SCHEMA	 "corridord.replay/1"
#define REPLAY_END_BYTES 1024 /* of the message that says that all has gone */
#define REPLAY_TASKS	 4
#define REPLAY_FLIGHT	 128 /* offered and not acknowledged */

/* Rows, both ends included. */
struct replay_span {
	uint64_t low, high;
};

/* What one asker lacks. */
struct replay_task {
	char asker[ASKER_BYTES]; /* empty: none */
	char id[ASKED_ID_BYTES]; /* of the request */
	uint32_t serial; /* of this task */
	struct replay_span spans[EVENT_RANGES]; /* in order, each within an epoch */
	size_t span_count;
	uint64_t offered, acked, kept; /* rows up to here are; so it is remembered */
	uint64_t events, acked_events; /* offered, acknowledged */
	bool end_offered;
	bool dirty; /* nothing of it is remembered yet */
	int64_t kept_ns;
};

struct replay_sent {
	uint64_t count; /* its position in the stream */
	unsigned task;
	uint32_t serial;
	uint64_t position; /* of the row, 0: the end of the task */
};

struct replay {
	struct replay_task tasks[REPLAY_TASKS];
	uint32_t serials;
	size_t turn; /* whose it was last */
	bool recalled; /* what was asked for before this file was opened */
	bool stopped; /* the outlet has no room */
	uint64_t counted; /* records offered, ever */
	struct replay_sent flight[REPLAY_FLIGHT];
	size_t flight_count;
};

void replay_begin_file(struct replay *replay); /* a file was opened */
/* What the uplink says: a new session; there is room again; all up to there was taken. */
void replay_rewind(struct replay *replay);
void replay_pull(struct replay *replay);
void journal_ack_replay(struct journal *journal, uint64_t count);

/* Negative errno: the file cannot be read. */
int journal_ask_replay(struct journal *journal, const struct journal_question *question,
		       struct journal_answer *answer);
/* Offers a bounded number. 1: there is more to do at once; 0; a negative errno. */
int journal_replay_step(struct journal *journal);
int64_t replay_due_ns(const struct replay *replay); /* something is to be remembered */

/* ---- show.c ------------------------------------------------------------------------- */

/* Negative errno: the file cannot be read. */
int journal_show_growth(struct journal *journal, const struct journal_question *question,
			struct journal_answer *answer);
int journal_show_event(struct journal *journal, const struct journal_question *question,
		       struct journal_answer *answer);

/* ---- question.c --------------------------------------------------------------------- */

/* Answers one question, if there is one and the answer before was taken. */
void journal_answer_question(struct journal *journal);

/* ---- carry.c ------------------------------------------------------------------------ */

#define CARRY_SPANS 32

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
	/* since the file in use was opened */
	unsigned asides_done; /* set-aside files up to this number were looked at */
	bool other_done; /* so was the path's file, or the fallback */
	uint64_t mark_hint; /* the watermark, as it was in memory, of the file just set aside */

	/* of the file that is being carried over */
	struct raw *raw; /* NULL: none is */
	enum carry_kind kind;
	char path[PATH_BYTES];
	unsigned number; /* of the set-aside file */
	uint64_t after; /* only events behind this position (CARRY_READ_ONLY) */
	uint64_t floor; /* epochs up to this number are acknowledged */
	uint64_t released; /* pages of a damaged file before this one are given back */
	uint64_t events; /* carried over */
	uint64_t foreign; /* passed over: of another gateway */
	struct raw_owner owner; /* of the first one of these */
	bool found; /* there are events in it */
	bool partial; /* for lack of room not all were carried over */
	struct span spans[CARRY_SPANS];
	size_t span_count;
	int err; /* of the present chunk */
};

/* A file was opened: finds what is to be carried over into it, and whether a new epoch begins. */
void journal_begin_carry(struct journal *journal);
/* Carries over a bounded number. 1: there is more to do at once; 0; a negative errno. */
int journal_carry(struct journal *journal);

/* Closes the other file. mark_hint: the watermark of the file in use if that is to be set aside. */
void carry_stop(struct carry *carry, uint64_t mark_hint);
/* Closes the other file; returns where it stood, for going on there. */
uint64_t carry_pause(struct carry *carry);
void carry_resume(struct carry *carry, uint64_t page);

/* ---- retell.c ----------------------------------------------------------------------- */

/* Events whose numbers were taken by others at the broker, before these were sent. */
struct retell {
	uint64_t epoch_no; /* theirs, 0: there are none */
	uint64_t events; /* told anew so far */
};

/* What of the epoch is not acknowledged is told anew, in the epoch that begins. */
void journal_retell(struct journal *journal, uint64_t epoch_no);
/* A bounded number. 1: there is more to do at once; 0; a negative errno. */
int journal_retell_step(struct journal *journal);

/* ---- evict.c ------------------------------------------------------------------------ */

struct trim {
	int64_t used_bytes; /* of the quota */
	bool evicting; /* beyond it */
	uint64_t check_at_bytes; /* look at the quota when so many were put */
	int64_t expiry_due_ns;
	int log_pages; /* as seen last */
	int64_t log_since_ns, log_due_ns; /* when to move them into the file; INT64_MAX: none */
	uint64_t expiry_from[CLASSES]; /* nothing to expire up to here */
	bool carrying; /* when expiry_from was found, events were being carried over */
};

void trim_begin_file(struct trim *trim); /* a file was opened */

/* One bounded step towards quota and age limit. 1: there is more to do at once; 0; a negative
 * errno. */
int journal_trim(struct journal *journal);

/* Frees pages in a file that may not grow any more. true: a commit is worth another attempt.
 * Because of the quota: one step of journal_trim(). Because of the disk: acknowledged events,
 * then (hard) telemetry and health reports that are not. */
bool journal_make_quota_room(struct journal *journal);
bool journal_make_disk_room(struct journal *journal, bool hard);

/* ---- past.c ------------------------------------------------------------------------- */

#define WITNESSES 2

struct past {
	const char *by; /* which witness says that the file was turned back, NULL: none does */
	struct event_head witness; /* how far it had come */
	bool lost_told; /* by a report that is not written yet */
};

/* The path's file was just opened: holds it against what the witnesses say. 0; -EUCLEAN: part of
 * its log was dropped. */
int journal_check_past(struct journal *journal);
/* Its newest event is of another checkpoint or gateway. */
bool journal_is_foreign(struct journal *journal, struct raw_owner *ret_owner);
/* It is in use: if it was turned back, or comes from another machine, its epoch ends here, and that
 * is reported. */
void journal_face_past(struct journal *journal);
/* What the witnesses know of files that are not in use, for an epoch that begins. */
void journal_recall_past(struct journal *journal);
/* The broker has heard of this end of the chain. If the journal does not know it, it was turned back:
 * a new epoch begins. */
void journal_hear_broker(struct journal *journal, const struct event_head *told);
/* Events that a stop could not write: kept with the witnesses, all of them or the one in memory;
 * told at the next start, and then forgotten. */
void journal_note_lost(struct journal *journal, const uint64_t lost[CLASSES], bool everywhere);
void journal_recall_lost(struct journal *journal);
void journal_forget_lost(struct journal *journal);
/* Those of the file in use from now on. */
void journal_begin_witness(struct journal *journal);
void journal_end_witness(struct journal *journal);

/* ---- choice.c ----------------------------------------------------------------------- */

struct choice {
	const char *path, *fallback; /* as configured; fallback NULL: there is none */
	bool fallen_back; /* the fallback is in use */
	char why[DB_ERROR_BYTES]; /* it is */
	bool unusable; /* neither could be opened, and that was logged */
	int64_t return_ns; /* when to try the path again */
};

static inline const char *choice_in_use(const struct choice *choice)
{
	return choice->fallen_back ? choice->fallback : choice->path;
}

/* The other one of the two, NULL: there is none. */
static inline const char *choice_other(const struct choice *choice)
{
	if (!choice->fallback || strcmp(choice->fallback, choice->path) == 0)
		return NULL;
	return choice->fallen_back ? choice->path : choice->fallback;
}

/* Opens the path, or the fallback; sets aside what is damaged. */
int journal_establish(struct journal *journal);
/* The file in use is damaged, or cannot be written: another one takes its place. On failure one that
 * cannot be written stays in use; in place of a damaged one there is none until the journal is
 * established again. */
int journal_replace(struct journal *journal, bool damaged);
/* From the fallback to the path, if that can be written again; otherwise nothing changes. */
void journal_return(struct journal *journal);

/* ---- commit.c ----------------------------------------------------------------------- */

/* Drafts that are being written. */
struct batch {
	struct drafts drafts;
	size_t at; /* written up to here */
	size_t limit; /* drafts in one transaction */
};

int batch_init(struct batch *batch, size_t size); /* -ENOMEM */
/* Smaller transactions need less room on a full disk. false: they are as small as can be. */
bool batch_halve(struct batch *batch);

/* One transaction: the journal's own reports, drafts of the batch, watermarks if they are nearly
 * due. On failure nothing of it was written. */
int journal_commit(struct journal *journal);

/* ---- round.c ------------------------------------------------------------------------ */

#define RETRY_MIN_NS (100 * NS_PER_MS)
#define RETRY_MAX_NS (500 * NS_PER_MS)

/* How long a disk may fail; tests wait less. */
struct timeouts {
	int64_t alarm_ns; /* before a stall is an alarm */
	int64_t hard_ns; /* with a full disk, before telemetry is given up */
	int64_t press_ns; /* while readings wait for room, before the fallback is used */
	int64_t full_ns; /* with a full disk, before the fallback is used */
	int64_t broken_ns; /* with a broken disk, before another file is used */
	int64_t return_ns; /* between two attempts to return to the path */
};

/* Commits fail. */
struct stall {
	bool active;
	bool alarm; /* it has lasted long enough to be logged, and told by an event */
	char error[DB_ERROR_BYTES]; /* of the first one */
	int64_t since_ns, retry_ns, backoff_ns;
};

/* Reading or tidying up fails. */
struct trouble {
	bool active;
	int64_t since_ns;
	int64_t rest_until_ns;
};

/* It is to end: a failing disk is waited for no longer. */
void round_hurry(struct journal *journal);
/* When there is something to do without being called. more: what journal_tidy() said. */
int64_t journal_due_ns(const struct journal *journal, bool more);
/* Writes what there is to write, if it is time. */
void journal_write(struct journal *journal);
/* Returns to the path, trims, carries over and feeds, if it is time. true: there is more to do at
 * once, or as soon as it has rested. */
bool journal_tidy(struct journal *journal);

/* ---- shortage.c --------------------------------------------------------------------- */

/* No room on the disk at the path. */
struct shortage {
	int64_t since_ns; /* 0: there is room */
	int64_t looked_ns;
	uint64_t evicted; /* since then, of those that nobody had acknowledged */
};

/* From time to time; says in the log when it begins and ends. */
void journal_look_at_disk(struct journal *journal, int64_t now_ns);
int64_t shortage_due_ns(const struct shortage *shortage);

/* ---- the journal -------------------------------------------------------------------- */

/* Functions named journal_x() take the journal, others the part they are named after. */
struct history {
	pthread_mutex_t lock;
	struct journal_page *page; /* NULL: nobody asks */
	bool begun; /* its beginning has been found */
	bool read; /* it waits for who asked */
};

void history_init(struct history *history);
void history_fini(struct history *history);
/* Reads some of what is asked for. true: there is more. */
bool journal_read_history(struct journal *journal);

struct journal {
	const struct journal_conf *conf;
	const struct event_origin *origin;
	struct timeouts timeouts;
	struct outlet outlet; /* .offer NULL: none yet */
	struct door door;
	struct db db; /* the file in use; opened and closed by choice.c */
	struct choice choice;
	struct chain chain;
	struct past past;
	struct witness witness[WITNESSES]; /* of the file in use */
	struct memories memories; /* as last committed */
	struct drafts reports; /* the journal's own events, before the batch */
	struct batch batch;
	struct feed feed;
	struct replay replay;
	struct history history;
	struct carry carry;
	struct retell retell;
	struct trim trim;
	struct stall stall;
	struct trouble trouble;
	struct shortage shortage;
};

#endif
