/* Within the quota, and not older than asked for.
 *
 * What is acknowledged goes first, the oldest first. Then what is not: telemetry,
 * health, and at last evidence, each from its old end. A tombstone is written in
 * the transaction that removes what it names; it is evidence. When its turn comes
 * everything it names lies in the gap that the next tombstone tells of, so nothing
 * becomes nameless. The newest event always stays: it carries the end of the chain.
 */
#include <errno.h>
#include <string.h>

#include "journal/private.h"

#define CHECK_BYTES	(64 * 1024) /* written between two looks at the quota */
#define STEP_ROWS	512
#define TOMBSTONES_MAX	8 /* in one transaction */
#define EXPIRY_EVERY_NS (60 * NS_PER_S)
#define LOG_IDLE_NS	(60 * NS_PER_S) /* it is moved when nothing was added for so long */
#define LOG_MOST_NS	(600 * NS_PER_S) /* and when it has held something for so long */
#define LOGS_MAX	4 /* lengths that the log may grow to while it cannot be moved */

struct plan {
	struct db *db;
	uint64_t acked;
	enum event_class class;
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
	uint64_t mark = journal->feed.streams[STREAM_EVENTS].mark;
	uint64_t last = db_last(&journal->db);

	return mark < last ? mark : last > 0 ? last - 1 : 0;
}

/* ---- acknowledged events ------------------------------------------------------------ */

/* Of the events that go. */
static int keep_tree(struct journal *journal, const struct tiles *tiles, uint64_t high)
{
	const struct chain *chain = &journal->chain;
	return chain_spare_tree(journal, tiles_keep(tiles, &journal->db, chain->epoch_no, high));
}

/* The watermark goes with them: they are only gone because of it. */
static int drop_upto(struct journal *journal, enum event_class class, uint64_t high)
{
	struct db *db = &journal->db;
	int err;

	db_lend_pages(db, true);
	err = db_begin(db);
	if (err == 0)
		err = db_drop(db, class, db->first[class], high);
	if (err == 0)
		err = keep_tree(journal, &journal->chain.tiles, high);
	if (err == 0)
		err = feed_put_marks(&journal->feed, db);
	err = db_end(db, err);
	db_lend_pages(db, false);
	if (err == 0)
		feed_marks_written(&journal->feed);
	return err;
}

static int drop_acked(struct journal *journal)
{
	struct db *db = &journal->db;
	uint64_t end = acked(journal);
	uint64_t high;
	enum event_class oldest = CLASSES;
	int err;

	for (enum event_class c = 0; c < CLASSES; c++)
		if (db->first[c] > 0 && db->first[c] <= end &&
		    (oldest == CLASSES || db->first[c] < db->first[oldest]))
			oldest = c;
	if (oldest == CLASSES)
		return -ENOENT;
	err = db_nth(db, oldest, STEP_ROWS, end, &high);
	return err < 0 ? err : drop_upto(journal, oldest, high);
}

/* ---- events that are not ------------------------------------------------------------ */

/* The newest event before position that stays: of another class, or acknowledged. */
static int survivor_before(struct plan *plan, uint64_t position, uint64_t *ret_survivor)
{
	unsigned others = ALL_CLASSES & ~(1U << plan->class);
	uint64_t below = 0;
	int err = db_below(plan->db, others, position, &below);

	*ret_survivor = below > plan->acked ? below : plan->acked;
	return err;
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

static int make_plan(struct journal *journal, enum event_class class, struct plan *plan)
{
	struct db *db = &journal->db;
	int err;

	*plan = (struct plan){
		.db = db, .acked = acked(journal), .class = class, .end = db_last(db)};
	err = db_each(db, 1U << class, plan->acked, plan_row, plan);
	if (err == 0)
		err = plan->err;
	for (size_t i = 0; err == 0 && i < plan->gap_count; i++)
		err = db_at(db, class, plan->gaps[i].last_position, hash_row, &plan->gaps[i]);
	if (err == 0 && plan->rows == 0)
		err = -ENOENT;
	return err;
}

static int evict_within(struct journal *journal, struct event_head *head, enum event_class class,
			enum gap_reason reason, uint64_t *evicted)
{
	struct instant now = clock_now();
	struct plan plan = {.full = true};

	for (int n = 0; n < TOMBSTONES_MAX && plan.full && *evicted < STEP_ROWS; n++) {
		int err = make_plan(journal, class, &plan);

		if (err == -ENOENT)
			return *evicted > 0 ? 0 : -ENOENT;
		if (err == 0)
			err = db_drop(&journal->db, class, plan.low, plan.high);
		if (err == 0)
			err = keep_tree(journal, &journal->chain.growing, plan.high);
		if (err == 0)
			err = report_evicted(journal, head, reason, class, plan.gaps,
					     plan.gap_count, &now);
		if (err < 0)
			return err;
		*evicted += plan.rows;
	}
	return 0;
}

static int evict(struct journal *journal, enum event_class class, enum gap_reason reason)
{
	struct event_head head = journal->chain.head;
	uint64_t evicted = 0;
	int err;

	db_lend_pages(&journal->db, true);
	err = journal_begin(journal);
	if (err == 0)
		err = evict_within(journal, &head, class, reason, &evicted);
	err = journal_end(journal, err, &head);
	db_lend_pages(&journal->db, false);
	if (err < 0)
		return err;
	door_count(&journal->door, &(struct journal_counters){.evicted = evicted});
	if (reason == GAP_DISK_FULL)
		journal->shortage.evicted += evicted;
	return 0;
}

/* -ENOENT: there is nothing. */
static int give_way(struct journal *journal, enum event_class upto, enum gap_reason reason)
{
	int err;

	journal_take_acks(journal);
	err = drop_acked(journal);
	for (enum event_class c = 0; err == -ENOENT && c <= upto; c++)
		if (journal->db.first[c] > 0)
			err = evict(journal, c, reason);
	return err;
}

bool journal_make_disk_room(struct journal *journal, bool hard)
{
	return (hard ? give_way(journal, CLASS_HEALTH, GAP_DISK_FULL) : drop_acked(journal)) == 0;
}

/* ---- the quota ---------------------------------------------------------------------- */

void trim_begin_file(struct trim *trim)
{
	*trim = (struct trim){
		.used_bytes = trim->used_bytes,
		.expiry_due_ns = trim->expiry_due_ns,
		.log_due_ns = INT64_MAX,
	};
}

static void check_quota(struct journal *journal)
{
	int64_t quota_bytes = journal->db.quota_bytes;
	struct trim *trim = &journal->trim;

	trim->used_bytes = db_used_bytes(&journal->db);
	trim->check_at_bytes = journal->db.put_bytes + CHECK_BYTES;
	if (trim->used_bytes > quota_bytes)
		trim->evicting = true;
	else if (trim->used_bytes <= quota_bytes - quota_bytes / 64)
		trim->evicting = false;
}

/* ---- age ---------------------------------------------------------------------------- */

struct expiry {
	uint64_t end; /* acknowledged */
	int64_t before_s;
	uint64_t high; /* the newest one that is too old */
	uint64_t seen;
	unsigned rows;
};

/* An event without a trusted time is as old as the next one that has one, at least. */
static bool expire_row(void *data, const struct db_row *row)
{
	struct expiry *expiry = data;

	if (row->position > expiry->end || (row->recorded_s && row->recorded_s >= expiry->before_s))
		return false;
	expiry->seen = row->position;
	if (row->recorded_s)
		expiry->high = row->position;
	return ++expiry->rows < STEP_ROWS;
}

/* One step in one class. 1: there may be more in it. */
static int expire_class(struct journal *journal, enum event_class class, int64_t before_s)
{
	struct expiry expiry = {.end = acked(journal), .before_s = before_s};
	uint64_t *from = &journal->trim.expiry_from[class];
	int err = db_each(&journal->db, 1U << class, *from, expire_row, &expiry);

	if (err == 0 && expiry.high > 0)
		err = drop_upto(journal, class, expiry.high);
	if (err < 0)
		return err;
	if (expiry.seen > 0)
		*from = expiry.seen;
	return expiry.rows == STEP_ROWS;
}

/* Only a clock that is right now may say that something is old. */
static int expire(struct journal *journal, int64_t now_ns)
{
	struct instant now = clock_now();
	int64_t before_s = (now.utc_ns - journal->conf->keep_ns) / NS_PER_S;
	struct trim *trim = &journal->trim;
	bool carrying = journal->carry.raw != NULL;
	int more = 0;

	if (trim->carrying && !carrying) /* what came may be older than what was looked at */
		memset(trim->expiry_from, 0, sizeof(trim->expiry_from));
	trim->carrying = carrying;
	if (now.clock == CLOCK_SYNCED && journal->conf->keep_ns > 0)
		for (enum event_class c = 0; more == 0 && c < CLASSES; c++)
			more = expire_class(journal, c, before_s);
	if (more == 0)
		trim->expiry_due_ns = now_ns + EXPIRY_EVERY_NS;
	return more;
}

/* ---- a step ------------------------------------------------------------------------- */

/* What nothing is added to soon lies in the file; what is added to for long too. */
static void watch_log(struct trim *trim, int pages, int64_t now_ns)
{
	if (pages == trim->log_pages)
		return;
	if (trim->log_pages == 0 || pages < trim->log_pages)
		trim->log_since_ns = now_ns;
	trim->log_pages = pages;
	trim->log_due_ns =
		pages == 0 ? INT64_MAX
			   : earlier_ns(trim->log_since_ns + LOG_MOST_NS, now_ns + LOG_IDLE_NS);
}

/* If the file itself cannot be written the log must not grow for ever. */
static int move_log(struct journal *journal)
{
	struct db *db = &journal->db;
	int err = db_checkpoint(db);

	if (err == 0 && !journal->choice.fallen_back)
		files_hold_ballast(journal->choice.path, db->wal_pages_max);
	if (err < 0 && err != -EUCLEAN && db->wal_pages < LOGS_MAX * db->wal_pages_max) {
		journal->trim.log_due_ns = clock_mono_ns() + LOG_MOST_NS;
		return 0;
	}
	return err;
}

int journal_trim(struct journal *journal)
{
	const struct db *db = &journal->db;
	struct trim *trim = &journal->trim;
	int64_t now_ns = clock_mono_ns();
	int err = 0;

	watch_log(trim, db->wal_pages, now_ns);
	if (db->wal_pages > db->wal_pages_max || now_ns >= trim->log_due_ns)
		err = move_log(journal);
	watch_log(trim, db->wal_pages, now_ns);
	if (trim->evicting || db->put_bytes >= trim->check_at_bytes)
		check_quota(journal);
	if (err == 0 && trim->evicting)
		err = give_way(journal, CLASS_EVIDENCE, GAP_QUOTA);
	else if (err == 0 && now_ns >= trim->expiry_due_ns)
		err = expire(journal, now_ns);
	if (err == -ENOENT) {
		trim->evicting = false;
		err = 0;
	}
	return err == 0 ? trim->evicting : err;
}

bool journal_make_quota_room(struct journal *journal)
{
	journal->trim.evicting = true;
	return journal_trim(journal) > 0;
}
