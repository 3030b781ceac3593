/* Batches into transactions. */
#include "journal/private.h"

#define BATCH_LIMIT 4096 /* drafts in a transaction, when all is well */

struct transaction {
	struct event_head head; /* behind what it holds */
	struct instant now;
	uint64_t batch_seq; /* number before the batch's first event */
	size_t batch_end; /* of the part of the batch in it */
	bool marks;
};

int batch_init(struct batch *batch, size_t size)
{
	batch->limit = BATCH_LIMIT;
	return drafts_init(&batch->drafts, size);
}

bool batch_halve(struct batch *batch)
{
	if (batch->limit == 1)
		return false;
	batch->limit /= 2;
	return true;
}

/* ---- into the transaction ----------------------------------------------------------- */

static int put_reports(struct journal *journal, struct transaction *to)
{
	struct event_draft draft;
	size_t at = 0;
	int err = 0;

	while (err == 0 && drafts_next(&journal->reports, &at, &draft))
		err = journal_put(journal, &to->head, &draft, &to->now);
	return err;
}

/* A log at its full length and one more transaction are shorter than the ballast, in whose place
 * they go when the disk is full. */
static uint64_t bytes_at_once(const struct db *db)
{
	return (uint64_t)db->wal_pages_max * DB_PAGE_BYTES / 2;
}

static int put_batch(struct journal *journal, struct transaction *to)
{
	const struct batch *batch = &journal->batch;
	const struct db *db = &journal->db;
	uint64_t end_bytes = db->put_bytes + bytes_at_once(db);
	size_t limit = batch->limit;
	struct event_draft draft;
	int err = 0;

	to->batch_seq = to->head.seq;
	to->batch_end = batch->at;
	while (err == 0 && limit-- > 0 && db->put_bytes < end_bytes &&
	       drafts_next(&batch->drafts, &to->batch_end, &draft))
		err = journal_put(journal, &to->head, &draft, &to->now);
	return err;
}

static int put_marks(struct journal *journal, struct transaction *to)
{
	const struct feed *feed = &journal->feed;

	int64_t along_ns = feed->marks_since_ns + MARKS_MOST_NS - MARKS_ALONG_NS;

	to->marks =
		feed->marks_dirty && to->now.mono_ns >= earlier_ns(along_ns, feed->marks_due_ns);
	return to->marks ? feed_put_marks(feed, &journal->db) : 0;
}

static int put_all(struct journal *journal, struct transaction *to)
{
	bool alarm = journal->stall.alarm;
	int err = 0;

	if (alarm)
		err = report_stalled(journal, &to->head, true, &to->now);
	if (err == 0)
		err = put_reports(journal, to);
	if (err == 0)
		err = put_batch(journal, to);
	if (err == 0 && alarm)
		err = report_stalled(journal, &to->head, false, &to->now);
	return err < 0 ? err : put_marks(journal, to);
}

/* ---- after the commit --------------------------------------------------------------- */

/* Sealed a second time rather than kept: the same head gives the same bytes. */
static void publish_state(struct journal *journal, const struct event_head *head,
			  const struct event_draft *draft, const struct instant *now)
{
	const struct outlet *outlet = &journal->outlet;
	struct outlet_state state = {.key = draft->state_key,
				     .over = draft->state_over,
				     .patient = draft->state_patient};
	char payload[EVENT_BYTES];
	int bytes = 0;

	if (!outlet->state || !draft->state_key)
		return;
	if (draft->state_bytes > 0)
		bytes = event_seal_state(head, journal->origin, draft, now, payload);
	if (bytes > 0) {
		state.payload = payload;
		state.bytes = (size_t)bytes;
	}
	if (bytes > 0 || draft->state_over)
		outlet->state(outlet->data, &state);
}

static void finish_batch(struct journal *journal, struct transaction *of)
{
	struct batch *batch = &journal->batch;
	struct event_draft draft;

	if (batch->drafts.count > 0)
		door_pace(&journal->door, of->now.mono_ns + journal->conf->commit_every_ns);
	of->head.seq = of->batch_seq;
	while (batch->at < of->batch_end && drafts_next(&batch->drafts, &batch->at, &draft)) {
		of->head.seq += draft.type != NULL;
		memories_take(&journal->memories, &draft);
		publish_state(journal, &of->head, &draft, &of->now);
	}
	if (batch->at == batch->drafts.used) {
		drafts_clear(&batch->drafts);
		batch->at = 0;
		door_batch_written(&journal->door);
	}
	if (batch->limit < BATCH_LIMIT)
		batch->limit *= 2;
}

int journal_commit(struct journal *journal)
{
	struct transaction transaction = {.head = journal->chain.head, .now = clock_now()};
	int err = journal_begin(journal);

	if (err == 0)
		err = put_all(journal, &transaction);
	err = journal_end(journal, err, &transaction.head);
	if (err < 0)
		return err;
	report_written(journal);
	journal_forget_lost(journal);
	if (transaction.marks)
		feed_marks_written(&journal->feed);
	finish_batch(journal, &transaction);
	return 0;
}
