#include "journal/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define CLOSE_GRACE_NS (300 * NS_PER_MS) /* a sync that was begun before the deadline */

static void show(struct journal *journal)
{
	const struct shortage *shortage = &journal->shortage;
	const struct stall *stall = &journal->stall;
	struct journal_counters now = {
		.condition = journal->choice.fallen_back ? JOURNAL_VOLATILE : JOURNAL_OK,
		.backlog = feed_backlog(&journal->feed, &journal->db),
		.used_bytes = journal->trim.used_bytes,
		.head = journal->chain.head,
	};

	if (shortage->since_ns > 0) {
		now.full_path = journal->choice.path;
		now.full_since_ns = shortage->since_ns;
		now.full_evicted = shortage->evicted;
	}
	if (stall->alarm) {
		now.condition = JOURNAL_STALLED;
		snprintf(now.error, sizeof(now.error), "%s", stall->error);
	} else if (now.condition == JOURNAL_VOLATILE) {
		snprintf(now.error, sizeof(now.error), "%s", journal->choice.why);
	}
	door_show(&journal->door, &now);
}

/* ---- the thread --------------------------------------------------------------------- */

/* Once the watermark is going to be written anyway, no acknowledgement is worth waking up. */
static bool wait_for_work(struct journal *journal, bool more)
{
	bool ack_wakes = !journal->feed.marks_dirty || journal->stall.active;

	show(journal);
	return door_wait(&journal->door, journal_due_ns(journal, more), ack_wakes,
			 &journal->batch.drafts);
}

static void prove(struct journal *journal, uint64_t old_size, uint64_t new_size)
{
	const struct chain *chain = &journal->chain;
	struct tiles_source of = {&journal->db, chain->epoch_no, &chain->tiles};
	struct tree_source source = tiles_source(&of);
	struct outlet_proof proof = {
		.head = chain->head, .known = chain->tiles.known, .old_size = old_size};

	if (!journal->outlet.proved)
		return;
	if (proof.known)
		proof.root = tree_root(&chain->tiles.tree);
	if (proof.known && new_size > proof.head.seq)
		proof.err = -EINVAL;
	else if (proof.known && old_size > 0)
		proof.err = tree_prove_growth(&source, old_size,
					      new_size ? new_size : proof.head.seq, &proof.path);
	journal->outlet.proved(journal->outlet.data, &proof);
}

static void take_work(struct journal *journal)
{
	struct work work = door_take(&journal->door, &journal->batch.drafts, false);

	journal_take_acks(journal);
	if (work.told.seq > 0)
		journal_hear_broker(journal, &work.told);
	if (work.rewind) {
		feed_rewind(&journal->feed, &journal->db, work.session);
		replay_rewind(&journal->replay);
		journal->outlet.head(journal->outlet.data, &journal->chain.head);
	}
	if (work.prove)
		prove(journal, work.old_size, work.new_size);
	if (work.hurry)
		round_hurry(journal);
	if (work.pull)
		feed_pull(&journal->feed);
	if (work.pull)
		replay_pull(&journal->replay);
	journal_answer_question(journal);
}

static void run(void *data)
{
	struct journal *journal = data;
	bool goes_on = true;
	bool more = true;

	journal->outlet.head(journal->outlet.data, &journal->chain.head);
	if (journal->outlet.grown)
		journal->outlet.grown(journal->outlet.data, &journal->chain.head, false);
	while (goes_on) {
		goes_on = wait_for_work(journal, more);
		take_work(journal);
		journal_write(journal);
		more = goes_on && journal_tidy(journal);
	}
}

int journal_start(struct journal *journal, const struct outlet *outlet)
{
	const struct worker_job job = {.name = "journal", .run = run, .data = journal};

	journal->outlet = *outlet;
	return worker_start(journal->door.worker, &job);
}

struct worker *journal_worker(struct journal *journal)
{
	return journal->door.worker;
}

/* ---- open and close ----------------------------------------------------------------- */

static void free_all(struct journal *journal)
{
	carry_stop(&journal->carry, 0);
	journal_end_witness(journal);
	memories_fini(&journal->memories);
	drafts_fini(&journal->batch.drafts);
	drafts_fini(&journal->reports);
	history_fini(&journal->history);
	door_fini(&journal->door);
	free(journal);
}

static int init(struct journal *journal)
{
	int err = door_init(&journal->door);

	if (err == 0)
		err = batch_init(&journal->batch, QUEUE_BYTES);
	if (err == 0)
		err = drafts_init(&journal->reports, REPORT_BYTES);
	return err < 0 ? err : journal_establish(journal);
}

/* The service could not write what root made in its folder. */
static bool is_in_the_way(const char *path)
{
	uid_t owner = files_other_owner(path);

	if (owner != 0)
		log_error(0,
			  "the folder of %s belongs to user %u: run this as that user, not as root",
			  path, owner);
	return owner != 0;
}

int journal_open(const struct journal_conf *conf, const struct event_origin *origin,
		 struct journal **ret_journal)
{
	static const struct timeouts timeouts = {
		.alarm_ns = NS_PER_S,
		.hard_ns = 5 * NS_PER_S,
		.press_ns = NS_PER_S,
		.full_ns = 60 * NS_PER_S,
		.broken_ns = 10 * NS_PER_S,
		.return_ns = 60 * NS_PER_S,
	};
	struct journal *journal;
	int err;

	if (strlen(conf->path) > PATH_MOST ||
	    (conf->fallback && strlen(conf->fallback) > PATH_MOST))
		return -ENAMETOOLONG;
	if (is_in_the_way(conf->path))
		return -EPERM;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	journal->chain.tiles.kept = conf->tree;
	journal->conf = conf;
	journal->origin = origin;
	journal->timeouts = timeouts;
	for (int i = 0; i < WITNESSES; i++)
		journal->witness[i].fd = -1;
	history_init(&journal->history);
	journal->choice = (struct choice){.path = conf->path, .fallback = conf->fallback};
	err = init(journal);
	if (err < 0) {
		free_all(journal);
		return err;
	}
	journal_recall_lost(journal);
	show(journal);
	*ret_journal = journal;
	return 0;
}

void journal_states(struct journal *journal, void *data,
		    void (*call)(void *data, const char *key, const char *word))
{
	int err = db_states(&journal->db, data, call);

	if (err < 0)
		log_warn(err, "the last states cannot be read: %s", journal->db.last_error);
}

bool journal_last_recorded(const struct journal *journal, struct instant *ret_at,
			   bool *ret_this_boot)
{
	const struct db *db = &journal->db;

	*ret_at = db->recorded;
	*ret_this_boot = strcmp(db->boot, journal->origin->boot) == 0;
	return db->recorded.utc_ns != 0;
}

void journal_memories(struct journal *journal, void *data,
		      void (*call)(void *data, const char *key, const char *text))
{
	const struct memory_set *set = &journal->memories.set;

	for (size_t i = 0; i < set->count; i++)
		call(data, set->item[i].key, set->item[i].text);
}

static void write_rest(struct journal *journal, int64_t deadline_ns)
{
	const struct timespec pause = {.tv_nsec = RETRY_MIN_NS / 10};
	struct drafts *drafts = &journal->batch.drafts;

	journal->outlet = (struct outlet){0};
	round_hurry(journal);
	feed_hurry_marks(&journal->feed);
	for (;;) {
		(void)door_take(&journal->door, drafts, true);
		if (drafts->count == 0 && journal->reports.count == 0 && !journal->feed.marks_dirty)
			break;
		if (clock_mono_ns() >= deadline_ns)
			break;
		if (journal->stall.active)
			nanosleep(&pause, NULL);
		journal->stall.retry_ns = 0;
		journal_write(journal);
	}
}

/* What is still not written, for the next start. */
static size_t tell_lost(struct journal *journal, bool hangs)
{
	uint64_t lost[CLASSES] = {0};
	size_t sum = 0;

	door_count_lost(&journal->door, lost);
	if (!hangs) {
		drafts_count(&journal->batch.drafts, journal->batch.at, lost);
		drafts_count(&journal->reports, 0, lost);
	}
	for (enum event_class c = 0; c < CLASSES; c++)
		sum += (size_t)lost[c];
	if (sum > 0)
		journal_note_lost(journal, lost, !hangs);
	return sum;
}

bool journal_close(struct journal *journal, int64_t deadline_mono_ns, size_t *ret_lost)
{
	*ret_lost = 0;
	if (!journal)
		return true;
	if (!worker_stop(journal->door.worker, deadline_mono_ns + CLOSE_GRACE_NS)) {
		log_error(0, "the disk does not answer, giving up");
		*ret_lost = tell_lost(journal, true);
		return false;
	}
	write_rest(journal, deadline_mono_ns);
	journal_end_witness(journal);
	*ret_lost = tell_lost(journal, false);
	db_close(&journal->db, clock_mono_ns() < deadline_mono_ns);
	free_all(journal);
	return true;
}
