/* Within the quota, and not older than asked for.
 *
 * What is acknowledged goes first, the oldest first. Then what is not: telemetry,
 * health, and at last evidence, each from its old end. A tombstone is written in
 * the transaction that removes what it names; it is evidence. When its turn comes
 * everything it names lies in the gap that the next tombstone tells of, so nothing
 * becomes nameless. The newest event always stays: it carries the end of the chain.
 */
#include <errno.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define CHECK_BYTES	(64 * 1024) /* written between two looks at the quota */
#define STEP_ROWS	512
#define TOMBSTONES_MAX	8 /* in one transaction */
#define EXPIRY_EVERY_NS (60 * NS_PER_S)
#define LOGS_MAX	4 /* lengths that the log may grow to while it cannot be moved */

struct plan {
	struct journal *journal;
	enum shelf shelf;
	uint64_t low, high; /* to remove */
	uint64_t end; /* the newest event stays */
	struct gap gaps[GAPS_MAX];
	size_t gap_count;
	bool full; /* there are more gaps */
	unsigned rows;
	int err;
};

static uint64_t acked(const struct journal *journal)
{
	uint64_t mark = journal->streams[STREAM_EVENTS].mark;
	uint64_t last = db_last(&journal->db);

	return mark < last ? mark : last > 0 ? last - 1 : 0;
}

/* ---- acknowledged events ------------------------------------------------------------- */

static int put_marks(struct journal *journal)
{
	return db_put_marks(&journal->db, journal->streams[STREAM_EVENTS].mark,
			    journal->streams[STREAM_ALERTS].mark);
}

/* The watermark goes with them: they are only gone because of it. */
static int drop_upto(struct journal *journal, enum shelf shelf, uint64_t high)
{
	struct db *db = &journal->db;
	int err = db_begin(db);

	if (err == 0)
		err = db_drop(db, shelf, db->first[shelf], high);
	if (err == 0)
		err = put_marks(journal);
	if (err == 0)
		err = db_commit(db);
	if (err == 0)
		journal->marks_dirty = false;
	return err;
}

static int drop_acked(struct journal *journal)
{
	struct db *db = &journal->db;
	uint64_t end = acked(journal);
	uint64_t high;
	int oldest = -1;
	int shelf;
	int err;

	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		if (db->first[shelf] > 0 && db->first[shelf] <= end &&
		    (oldest < 0 || db->first[shelf] < db->first[oldest]))
			oldest = shelf;
	if (oldest < 0)
		return -ENOENT;
	err = db_nth(db, (enum shelf)oldest, STEP_ROWS, end, &high);
	return err < 0 ? err : drop_upto(journal, (enum shelf)oldest, high);
}

/* ---- events that are not --------------------------------------------------------------- */

/* The newest event before position that stays: on another shelf, or acknowledged. */
static int survivor_before(struct plan *plan, uint64_t position, uint64_t *ret_survivor)
{
	uint64_t survivor = acked(plan->journal);
	uint64_t below;
	int shelf;
	int err;

	for (shelf = 0; shelf < SHELF_COUNT; shelf++) {
		if (shelf == (int)plan->shelf)
			continue;
		err = db_below(&plan->journal->db, (enum shelf)shelf, position, &below);
		if (err < 0)
			return err;
		if (below > survivor)
			survivor = below;
	}
	*ret_survivor = survivor;
	return 0;
}

static struct gap *open_gap(struct plan *plan, uint64_t position, uint64_t survivor)
{
	struct gap *gap;

	plan->full = plan->gap_count == GAPS_MAX;
	if (plan->full)
		return NULL;
	gap = &plan->gaps[plan->gap_count++];
	*gap = (struct gap){.epoch_no = position_epoch(position), .first = 1};
	if (position_epoch(survivor) == gap->epoch_no)
		gap->first = position_seq(survivor) + 1;
	return gap;
}

/* The gap that this event belongs to: the last one, unless something stays in between. */
static struct gap *gap_of(struct plan *plan, uint64_t position)
{
	struct gap *last = plan->gap_count ? &plan->gaps[plan->gap_count - 1] : NULL;
	uint64_t survivor;

	if (last && position == last->last_position + 1)
		return last;
	plan->err = survivor_before(plan, position, &survivor);
	if (plan->err < 0)
		return NULL;
	if (last && position_epoch(position) == last->epoch_no && survivor < last->last_position)
		return last;
	return open_gap(plan, position, survivor);
}

/* A tombstone tells of one epoch. */
static bool plan_row(void *data, const struct db_row *row)
{
	struct plan *plan = data;
	struct gap *gap;

	if (row->position >= plan->end || plan->rows == STEP_ROWS ||
	    (plan->rows > 0 && position_epoch(row->position) != position_epoch(plan->low)))
		return false;
	gap = gap_of(plan, row->position);
	if (!gap)
		return false;
	gap->last = position_seq(row->position);
	gap->last_position = row->position;
	gap->events++;
	if (plan->rows++ == 0)
		plan->low = row->position;
	plan->high = row->position;
	return true;
}

static bool hash_row(void *data, const struct db_row *row)
{
	struct gap *gap = data;

	event_hash(row->payload, row->payload_bytes, gap->hash);
	return false;
}

static int make_plan(struct journal *journal, enum shelf shelf, struct plan *plan)
{
	struct db *db = &journal->db;
	size_t i;
	int err;

	*plan = (struct plan){.journal = journal, .shelf = shelf, .end = db_last(db)};
	err = db_each(db, 1U << shelf, acked(journal), plan_row, plan);
	if (err == 0)
		err = plan->err;
	for (i = 0; err == 0 && i < plan->gap_count; i++)
		err = db_at(db, shelf, plan->gaps[i].last_position, hash_row, &plan->gaps[i]);
	if (err == 0 && plan->rows == 0)
		err = -ENOENT;
	return err;
}

static int evict_within(struct journal *journal, struct event_head *head, enum shelf shelf,
			enum gap_reason reason, uint64_t *evicted)
{
	struct instant now = clock_now();
	struct plan plan = {.full = true};
	int n, err;

	for (n = 0; n < TOMBSTONES_MAX && plan.full && *evicted < STEP_ROWS; n++) {
		err = make_plan(journal, shelf, &plan);
		if (err == -ENOENT)
			return *evicted > 0 ? 0 : -ENOENT;
		if (err == 0)
			err = db_drop(&journal->db, shelf, plan.low, plan.high);
		if (err == 0)
			err = report_evicted(journal, head, reason, shelf, plan.gaps,
					     plan.gap_count, &now);
		if (err < 0)
			return err;
		*evicted += plan.rows;
	}
	return 0;
}

static void count_evicted(struct journal *journal, uint64_t events)
{
	pthread_mutex_lock(&journal->lock);
	journal->counters.evicted += events;
	pthread_mutex_unlock(&journal->lock);
}

static int evict(struct journal *journal, enum shelf shelf, enum gap_reason reason)
{
	struct event_head head = journal->head;
	uint64_t evicted = 0;
	int64_t sync_ns = 0;
	int err = journal_begin(journal);

	if (err == 0)
		err = evict_within(journal, &head, shelf, reason, &evicted);
	if (err == -ENOENT) {
		db_rollback(&journal->db);
		return err;
	}
	if (err == 0)
		err = journal_sync(journal, &sync_ns);
	if (err < 0)
		return err;
	journal_committed(journal, &head, sync_ns);
	count_evicted(journal, evicted);
	return 0;
}

static int give_way(struct journal *journal, enum shelf upto, enum gap_reason reason)
{
	int shelf;
	int err;

	journal_heed_acks(journal);
	err = drop_acked(journal);
	for (shelf = 0; err == -ENOENT && shelf <= (int)upto; shelf++)
		if (journal->db.first[shelf] > 0)
			err = evict(journal, (enum shelf)shelf, reason);
	return err;
}

int journal_make_room(struct journal *journal, bool hard)
{
	int err = hard ? give_way(journal, SHELF_HEALTH, GAP_DISK_FULL) : drop_acked(journal);

	if (err < 0 && err != -ENOENT)
		db_rollback(&journal->db);
	return err < 0 ? -ENOSPC : 0;
}

int journal_give_up(struct journal *journal, const struct db_row *row)
{
	struct event_head head = journal->head;
	struct instant now = clock_now();
	struct gap gap = {
		.epoch_no = position_epoch(row->position),
		.first = position_seq(row->position),
		.last = position_seq(row->position),
		.events = 1,
	};
	int64_t sync_ns = 0;
	int err = journal_begin(journal);

	log_warnx("event %llu was altered on the disk and is given up",
		  (unsigned long long)gap.first);
	if (err == 0)
		err = db_drop(&journal->db, row->shelf, row->position, row->position);
	if (err == 0)
		err = report_evicted(journal, &head, GAP_DAMAGED, row->shelf, &gap, 1, &now);
	if (err == 0)
		err = journal_sync(journal, &sync_ns);
	if (err < 0)
		return err;
	journal_committed(journal, &head, sync_ns);
	count_evicted(journal, 1);
	return 0;
}

/* ---- the quota ----------------------------------------------------------------------- */

static void check_quota(struct journal *journal)
{
	int64_t used_bytes = db_used_bytes(&journal->db);
	int64_t quota_bytes = journal->db.quota_bytes;

	journal->unchecked_bytes = 0;
	if (used_bytes > quota_bytes)
		journal->evicting = true;
	else if (used_bytes <= quota_bytes - quota_bytes / 64)
		journal->evicting = false;
	pthread_mutex_lock(&journal->lock);
	journal->counters.used_bytes = used_bytes;
	pthread_mutex_unlock(&journal->lock);
}

/* ---- age ----------------------------------------------------------------------------- */

struct expiry {
	uint64_t end; /* acknowledged */
	int64_t before_s;
	uint64_t high; /* the newest one that is too old */
	uint64_t seen;
	unsigned rows;
	bool done; /* what follows is not too old */
};

/* An event without a trusted time is as old as the next one that has one, at least. */
static bool expire_row(void *data, const struct db_row *row)
{
	struct expiry *expiry = data;

	if (row->position > expiry->end ||
	    (row->recorded_s && row->recorded_s >= expiry->before_s)) {
		expiry->done = true;
		return false;
	}
	expiry->seen = row->position;
	if (row->recorded_s)
		expiry->high = row->position;
	return ++expiry->rows < STEP_ROWS;
}

/* One step on one shelf. 1: there may be more on it. */
static int expire_shelf(struct journal *journal, enum shelf shelf, int64_t before_s)
{
	struct expiry expiry = {.end = acked(journal), .before_s = before_s};
	int err = db_each(&journal->db, 1U << shelf, journal->expiry_from[shelf], expire_row,
			  &expiry);

	if (err == 0 && expiry.high > 0)
		err = drop_upto(journal, shelf, expiry.high);
	if (err < 0)
		return err;
	if (expiry.seen > 0)
		journal->expiry_from[shelf] = expiry.seen;
	return !expiry.done && expiry.rows == STEP_ROWS;
}

/* Only a clock that is right now may say that something is old. */
static int expire(struct journal *journal, int64_t now_ns)
{
	struct instant now = clock_now();
	int64_t before_s = (now.utc_ns - journal->conf->keep_ns) / NS_PER_S;
	int more = 0;
	int shelf;

	if (now.clock == CLOCK_SYNCED && journal->conf->keep_ns > 0)
		for (shelf = 0; more == 0 && shelf < SHELF_COUNT; shelf++)
			more = expire_shelf(journal, (enum shelf)shelf, before_s);
	if (more == 0)
		journal->expiry_due_ns = now_ns + EXPIRY_EVERY_NS;
	return more;
}

/* If the file itself cannot be written the log must not grow for ever. */
static int move_log(struct journal *journal)
{
	struct db *db = &journal->db;
	int err = db_checkpoint(db);

	if (err == 0)
		files_hold_ballast(journal);
	if (err < 0 && err != -EUCLEAN && db->wal_pages < LOGS_MAX * db->wal_pages_max)
		return 0;
	return err;
}

bool journal_trim(struct journal *journal)
{
	int64_t now_ns = clock_mono_ns();
	int err = 0;

	if (journal->db.wal_pages > journal->db.wal_pages_max)
		err = move_log(journal);
	if (journal->evicting || journal->unchecked_bytes >= CHECK_BYTES)
		check_quota(journal);
	if (err == 0 && journal->evicting)
		err = give_way(journal, SHELF_EVIDENCE, GAP_QUOTA);
	else if (err == 0 && now_ns >= journal->expiry_due_ns)
		err = expire(journal, now_ns);
	if (err == -ENOENT)
		journal->evicting = false;
	else if (err < 0)
		journal_troubled(journal, err);
	return err == 0 ? journal->evicting : err > 0;
}
