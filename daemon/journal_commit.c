#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define BATCH_LIMIT 4096 /* drafts in a transaction, when all is well */
#define RELIEFS	    16 /* attempts on a full disk before it rests */
#define AGE_STEP_NS NS_PER_S

/* Where the batch stood in a transaction, for the states that are published after it. */
struct written {
	size_t end; /* of the part of the batch */
	size_t events;
	bool marks;
	uint64_t batch_seq; /* number before the batch's first event */
	struct instant now;
};

enum shelf journal_shelf(const char *name)
{
	const struct event_type *type = event_type_by_name(name);

	return type ? (enum shelf)type->class : SHELF_EVIDENCE;
}

static int put_event(struct journal *journal, struct event_head *head,
		     const struct event_draft *draft, const struct instant *now)
{
	char payload[EVENT_BYTES];
	struct db_row row = {.type = draft->type->name, .payload = payload};
	int bytes = event_seal(head, journal->origin, draft, now, payload);
	int err;

	if (bytes < 0) {
		log_error(bytes, "an event \"%s\" is lost", draft->type->name);
		return 0;
	}
	row.position = position_of(journal->epoch_no, head->seq);
	row.shelf = (enum shelf)draft->type->class;
	row.sum = db_sum(head->hash);
	row.recorded_s = now->clock == CLOCK_UNSYNCED ? 0 : now->utc_ns / NS_PER_S;
	row.payload_bytes = (size_t)bytes;
	journal->unchecked_bytes += row.payload_bytes;
	err = db_put_event(&journal->db, &row);
	if (err == 0 && draft->type->severity >= SEVERITY_MAJOR)
		err = db_put_alert(&journal->db, row.position, row.shelf);
	return err == -EEXIST ? -EUCLEAN : err;
}

int journal_put(struct journal *journal, struct event_head *head, const struct event_draft *draft,
		const struct instant *now)
{
	int err = draft->type ? put_event(journal, head, draft, now) : 0;

	if (err == 0 && draft->state_key && draft->state_word)
		err = db_put_state(&journal->db, draft->state_key, draft->state_word);
	return err < 0 ? err : journal_put_memories(journal, draft);
}

int journal_begin(struct journal *journal)
{
	int err = db_begin(&journal->db);

	if (err == 0 && journal->epoch_unwritten)
		err = db_put_epoch(&journal->db, journal->epoch_no, journal->head.epoch);
	if (err == 0 && journal->memories_unwritten)
		err = journal_rewrite_memories(journal);
	return err;
}

int journal_sync(struct journal *journal, int64_t *ret_sync_ns)
{
	int64_t start_ns = clock_mono_ns();
	int err = db_commit(&journal->db);

	*ret_sync_ns = clock_mono_ns() - start_ns;
	return err;
}

/* ---- when all is well ---------------------------------------------------------------- */

static void note_age(struct journal *journal, int64_t now_ns)
{
	if (now_ns - journal->age[0].at_ns < AGE_STEP_NS)
		return;
	journal->age[1] = journal->age[0];
	journal->age[0].at_ns = now_ns;
	journal->age[0].head = position_of(journal->epoch_no, journal->head.seq);
}

void journal_committed(struct journal *journal, const struct event_head *head, int64_t sync_ns)
{
	note_age(journal, clock_mono_ns());
	pthread_mutex_lock(&journal->lock);
	journal->counters.events += head->seq - journal->head.seq;
	journal->counters.commits++;
	if (journal->counters.sync_max_ns < sync_ns)
		journal->counters.sync_max_ns = sync_ns;
	pthread_mutex_unlock(&journal->lock);
	journal->head = *head;
	journal->epoch_unwritten = false;
	journal->memories_unwritten = false;
	if (journal->outlet.head)
		journal->outlet.head(journal->outlet.data, head);
}

/* Sealed a second time rather than kept: the same head gives the same bytes. */
static void publish_states(struct journal *journal, const struct written *written)
{
	struct event_head head = journal->head;
	struct event_draft draft;
	char payload[EVENT_BYTES];
	size_t at = journal->batch_at;

	head.seq = written->batch_seq;
	while (at < written->end && drafts_next(&journal->batch, &at, &draft)) {
		int bytes;

		head.seq += draft.type != NULL;
		if (draft.state_key && draft.state_over)
			journal->outlet.state(journal->outlet.data, draft.state_key, NULL, 0);
		if (!draft.state_key || draft.state_over || draft.state_bytes == 0)
			continue;
		bytes = event_seal_state(&head, journal->origin, &draft, &written->now, payload);
		if (bytes > 0)
			journal->outlet.state(journal->outlet.data, draft.state_key, payload,
					      (size_t)bytes);
	}
}

static void remember(struct journal *journal, const struct written *written)
{
	struct event_draft draft;
	size_t at = journal->batch_at;

	while (at < written->end && drafts_next(&journal->batch, &at, &draft))
		journal_remember(journal, &draft);
}

static void recover(struct journal *journal)
{
	if (journal->stall_told)
		log_info("written again after %lld ms",
			 (long long)((clock_mono_ns() - journal->stalled_ns) / NS_PER_MS));
	journal->stalled = false;
	journal->stall_told = false;
}

static void finish(struct journal *journal, const struct written *written)
{
	if (journal->stalled)
		recover(journal);
	remember(journal, written);
	if (journal->outlet.state)
		publish_states(journal, written);
	drafts_clear(&journal->own);
	if (written->marks)
		journal->marks_dirty = false;
	journal->batch_at = written->end;
	if (journal->batch_at == journal->batch.used) {
		drafts_clear(&journal->batch);
		journal->batch_at = 0;
		journal_batch_written(journal);
	}
	if (journal->batch_limit < BATCH_LIMIT)
		journal->batch_limit *= 2;
}

static int put_own(struct journal *journal, struct event_head *head, const struct instant *now)
{
	struct event_draft draft;
	size_t at = 0;
	int err = 0;

	while (err == 0 && drafts_next(&journal->own, &at, &draft))
		err = journal_put(journal, head, &draft, now);
	return err;
}

static int put_batch(struct journal *journal, struct event_head *head, struct written *written)
{
	struct event_draft draft;
	size_t n = 0;
	int err = 0;

	written->batch_seq = head->seq;
	written->end = journal->batch_at;
	while (err == 0 && n++ < journal->batch_limit &&
	       drafts_next(&journal->batch, &written->end, &draft))
		err = journal_put(journal, head, &draft, &written->now);
	return err;
}

static int fill(struct journal *journal, struct event_head *head, struct written *written)
{
	const struct stream *streams = journal->streams;
	int err = 0;

	if (journal->stall_told)
		err = report_stalled(journal, head, true, &written->now);
	if (err == 0)
		err = put_own(journal, head, &written->now);
	if (err == 0)
		err = put_batch(journal, head, written);
	if (err == 0 && journal->stall_told)
		err = report_stalled(journal, head, false, &written->now);
	written->marks = journal->marks_dirty &&
			 written->now.mono_ns >= journal->marks_due_ns - MARKS_ALONG_NS;
	if (err == 0 && written->marks)
		err = db_put_marks(&journal->db, streams[STREAM_EVENTS].mark,
				   streams[STREAM_ALERTS].mark);
	return err;
}

static int write_once(struct journal *journal)
{
	struct event_head head = journal->head;
	struct written written = {.now = clock_now()};
	int64_t sync_ns = 0;
	int err = journal_begin(journal);

	if (err == 0)
		err = fill(journal, &head, &written);
	if (err == 0)
		err = journal_sync(journal, &sync_ns);
	if (err < 0)
		return err;
	journal_committed(journal, &head, sync_ns);
	finish(journal, &written);
	return 0;
}

/* ---- when it is not ------------------------------------------------------------------ */

static void stall(struct journal *journal)
{
	int64_t now_ns = clock_mono_ns();

	if (!journal->stalled) {
		journal->stalled = true;
		journal->stalled_ns = now_ns;
		journal->retry_after_ns = RETRY_MIN_NS;
		snprintf(journal->stall_why, sizeof(journal->stall_why), "%s", journal->db.why);
	} else if (journal->retry_after_ns < RETRY_MAX_NS) {
		journal->retry_after_ns *= 2;
	}
	if (!journal->stall_told && now_ns - journal->stalled_ns >= journal->patience.tell_ns) {
		journal->stall_told = true;
		log_warnx("cannot be written: %s; retrying, events wait in memory",
			  journal->stall_why);
	}
	journal->retry_ns = now_ns + journal->retry_after_ns;
}

/* Out of patience another file takes its place; if none can, this one is tried further. */
static void lose_patience(struct journal *journal, int err)
{
	int64_t patience_ns =
		err == -ENOSPC ? journal->patience.full_ns : journal->patience.broken_ns;

	if (!journal->fallen_back && journal->conf->fallback &&
	    clock_mono_ns() - journal->stalled_ns > patience_ns)
		(void)journal_replace(journal, false);
}

static void write_failed(struct journal *journal, int err)
{
	db_rollback(&journal->db);
	if (err == -EUCLEAN && journal_replace(journal, true) == 0)
		return;
	stall(journal);
	lose_patience(journal, err);
}

void journal_troubled(struct journal *journal, int err)
{
	int64_t now_ns = clock_mono_ns();

	db_rollback(&journal->db);
	if (err == -EUCLEAN) {
		(void)journal_replace(journal, true);
		return;
	}
	if (!journal->troubled) {
		journal->troubled = true;
		journal->troubled_ns = now_ns;
		log_warn(err, "cannot be read or tidied up: %s", journal->db.why);
	} else if (err != -ENOSPC && now_ns - journal->troubled_ns > journal->patience.broken_ns) {
		(void)journal_replace(journal, true);
	}
	journal->rest_until_ns = now_ns + REST_NS;
}

/* On a full disk the journal lives within the room that its file has: what it writes next
 * goes where acknowledged events were. Smaller transactions need less of the log. true: it is
 * worth another attempt. */
static bool relieve(struct journal *journal)
{
	bool hard = journal->stalled &&
		    clock_mono_ns() - journal->stalled_ns > journal->patience.hard_ns;
	bool smaller = journal->batch_limit > 1;

	db_rollback(&journal->db);
	if (smaller)
		journal->batch_limit /= 2;
	if (files_disk_has_room(journal)) {
		db_freeze(&journal->db, false);
		journal->evicting = true;
		return journal_trim(journal) || smaller;
	}
	files_drop_ballast(journal);
	(void)db_checkpoint(&journal->db);
	db_freeze(&journal->db, true);
	return journal_make_room(journal, hard) == 0 || smaller;
}

size_t journal_unwritten(const struct journal *journal)
{
	struct event_draft draft;
	size_t at = journal->batch_at;
	size_t count = 0;

	while (drafts_next(&journal->batch, &at, &draft))
		count++;
	return count;
}

static bool anything(const struct journal *journal)
{
	if (journal->stalled)
		return clock_mono_ns() >= journal->retry_ns;
	return journal->batch.used > 0 || journal->own.used > 0 ||
	       (journal->marks_dirty && clock_mono_ns() >= journal->marks_due_ns);
}

void journal_write(struct journal *journal)
{
	int tries, err;

	if (!journal->db.sqlite && !journal->stalled)
		stall(journal);
	if (!anything(journal))
		return;
	if (!journal->db.sqlite && journal_establish(journal) < 0) {
		stall(journal);
		return;
	}
	err = write_once(journal);
	for (tries = 0; err == -ENOSPC && tries < RELIEFS && relieve(journal); tries++)
		err = write_once(journal);
	if (err < 0)
		write_failed(journal, err);
}
