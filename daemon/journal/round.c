/* One round of the journal's thread: writes, tidies up, feeds. And what is done when that fails.
 *
 * The steps only return what they come upon, with their transaction taken back. Here
 * alone it is decided: to try again, to make room, to rest, or to take another file.
 */
#include <errno.h>
#include <stdio.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define REST_NS NS_PER_S
#define RELIEFS 16 /* attempts on a full disk before it rests */

/* ---- what is due -------------------------------------------------------------------- */

static int64_t write_due_ns(const struct journal *journal)
{
	if (journal->stall.active)
		return journal->stall.retry_ns;
	if (!journal->db.sqlite || journal->batch.drafts.count > 0 || journal->reports.count > 0)
		return 0;
	return journal->feed.marks_dirty ? journal->feed.marks_due_ns : INT64_MAX;
}

static int64_t return_due_ns(const struct journal *journal)
{
	const struct choice *choice = &journal->choice;

	return choice->fallen_back && !journal->stall.active ? choice->return_ns : INT64_MAX;
}

int64_t journal_due_ns(const struct journal *journal, bool more)
{
	int64_t due_ns = earlier_ns(write_due_ns(journal), return_due_ns(journal));

	due_ns = earlier_ns(due_ns, witness_due_ns(&journal->witness[0]));
	due_ns = earlier_ns(due_ns, shortage_due_ns(&journal->shortage));
	if (journal->db.sqlite)
		due_ns = earlier_ns(due_ns, later_ns(replay_due_ns(&journal->replay),
						     journal->trouble.rest_until_ns));
	if (!journal->stall.active && journal->trim.log_due_ns < due_ns)
		due_ns = earlier_ns(
			due_ns, later_ns(journal->trim.log_due_ns, journal->trouble.rest_until_ns));
	return more ? earlier_ns(due_ns, journal->trouble.rest_until_ns) : due_ns;
}

/* ---- trouble ------------------------------------------------------------------------ */

/* Trouble is with a file; another one begins without. */
static int replace(struct journal *journal, bool damaged)
{
	journal->trouble.active = false;
	return journal_replace(journal, damaged);
}

static void stall(struct journal *journal)
{
	struct stall *stall = &journal->stall;
	int64_t now_ns = clock_mono_ns();

	if (!stall->active) {
		stall->active = true;
		stall->since_ns = now_ns;
		stall->backoff_ns = RETRY_MIN_NS;
		snprintf(stall->error, sizeof(stall->error), "%s", journal->db.last_error);
	} else if (stall->backoff_ns < RETRY_MAX_NS) {
		stall->backoff_ns *= 2;
	}
	if (!stall->alarm && now_ns - stall->since_ns >= journal->timeouts.alarm_ns) {
		stall->alarm = true;
		log_known_warnx(LOG_JOURNAL_STALLED,
				"cannot be written: %s; retrying, events wait in memory",
				stall->error);
	}
	stall->retry_ns = now_ns + stall->backoff_ns;
}

static void recover(struct stall *stall)
{
	if (stall->alarm)
		log_known_info(LOG_JOURNAL_WRITTEN, "written again after %lld ms",
			       (long long)((clock_mono_ns() - stall->since_ns) / NS_PER_MS));
	stall->active = false;
	stall->alarm = false;
}

/* The fallback is volatile, so a disk is waited for; but no reading is to wait with it. */
static int64_t patience_ns(const struct journal *journal, int err)
{
	const struct timeouts *timeouts = &journal->timeouts;
	int64_t patience_ns = err == -ENOSPC ? timeouts->full_ns : timeouts->broken_ns;

	return door_is_pressed(&journal->door) ? earlier_ns(patience_ns, timeouts->press_ns)
					       : patience_ns;
}

/* A file that is damaged is replaced at once; one that cannot be written after a while, by the
 * fallback. If nothing can take its place it is tried further. */
static void face_failed_write(struct journal *journal, int err)
{
	if (err == -EUCLEAN && replace(journal, true) == 0)
		return;
	stall(journal);
	if (!journal->choice.fallen_back && journal->choice.fallback &&
	    clock_mono_ns() - journal->stall.since_ns >= patience_ns(journal, err))
		(void)replace(journal, false);
}

/* A file that is damaged is replaced at once; one that cannot be read after a while. */
static void face_trouble(struct journal *journal, int err)
{
	struct trouble *trouble = &journal->trouble;
	int64_t now_ns = clock_mono_ns();

	if (err == -EUCLEAN) {
		(void)replace(journal, true);
		return;
	}
	trouble->rest_until_ns = now_ns + REST_NS;
	if (!trouble->active) {
		trouble->active = true;
		trouble->since_ns = now_ns;
		log_warn(err, "cannot be read or tidied up: %s", journal->db.last_error);
	} else if (err != -ENOSPC && now_ns - trouble->since_ns > journal->timeouts.broken_ns) {
		(void)replace(journal, true);
	}
}

/* On a full disk the journal lives within the room that its file has: what it writes next
 * goes where acknowledged events were. true: it is worth another attempt. */
static bool relieve(struct journal *journal)
{
	const struct stall *stall = &journal->stall;
	bool hard = stall->active && clock_mono_ns() - stall->since_ns > journal->timeouts.hard_ns;
	bool smaller = batch_halve(&journal->batch);
	const char *path = choice_in_use(&journal->choice);
	struct db *db = &journal->db;

	if (files_disk_has_room(path, db->wal_pages_max)) {
		db_freeze(db, false);
		return journal_make_quota_room(journal) || smaller;
	}
	if (!journal->choice.fallen_back)
		files_drop_ballast(path);
	(void)db_checkpoint(db);
	db_freeze(db, true);
	return journal_make_disk_room(journal, hard) || smaller;
}

void round_hurry(struct journal *journal)
{
	journal->timeouts.hard_ns = 0;
	journal->timeouts.full_ns = 0;
	journal->timeouts.broken_ns = 0;
	journal->stall.retry_ns = 0;
}

/* ---- the steps ---------------------------------------------------------------------- */

void journal_write(struct journal *journal)
{
	int err = 0;

	if (clock_mono_ns() < write_due_ns(journal))
		return;
	if (!journal->db.sqlite && (!journal->stall.active || journal_establish(journal) < 0)) {
		stall(journal);
		return;
	}
	err = journal_commit(journal);
	for (int tries = 0; err == -ENOSPC && tries < RELIEFS && relieve(journal); tries++)
		err = journal_commit(journal);
	if (err < 0)
		face_failed_write(journal, err);
	else if (journal->stall.active)
		recover(&journal->stall);
}

static void try_path(struct journal *journal)
{
	journal_return(journal);
	if (!journal->choice.fallen_back)
		journal->trouble.active = false;
}

/* true: there is more to do. */
static bool take_step(struct journal *journal, int (*step)(struct journal *journal))
{
	int err = journal->db.sqlite ? step(journal) : 0;

	if (err < 0)
		face_trouble(journal, err);
	return err != 0;
}

bool journal_tidy(struct journal *journal)
{
	int64_t now_ns = clock_mono_ns();
	int64_t rest_until_ns = journal->trouble.rest_until_ns;
	bool more = false;

	more = journal_read_history(journal);
	if (now_ns >= return_due_ns(journal))
		try_path(journal);
	witness_sync(&journal->witness[0], now_ns);
	journal_look_at_disk(journal, now_ns);
	if (!journal->db.sqlite)
		return more;
	if (now_ns < rest_until_ns)
		return true;
	if (!journal->stall.active) {
		more |= take_step(journal, journal_trim);
		more |= take_step(journal, journal_carry);
		more |= take_step(journal, journal_retell_step);
	}
	more |= take_step(journal, journal_feed);
	more |= take_step(journal, journal_replay_step);
	if (journal->outlet.flush)
		journal->outlet.flush(journal->outlet.data);
	if (journal->trouble.rest_until_ns == rest_until_ns)
		journal->trouble.active = false;
	return more || journal->trouble.active;
}
