/* Which file the journal is in: the one at the path, or the fallback while that cannot be used. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define FALLBACK_LOWEST (256 * 1024)

/* Another gateway's file is nobody's damage: it is kept as it is, with its log and its head. */
static int put_foreign_away(struct journal *journal, const char *path,
			    const struct raw_owner *owner)
{
	char name[PATH_BYTES];
	int err;

	journal->chain.head = journal->db.head;
	db_close(&journal->db, false);
	err = files_set_foreign(path, name);
	log_warn(err, "%s is of gateway \"%s\" of \"%s\", setting it aside as %s", path,
		 owner->gateway, owner->checkpoint, name);
	if (err < 0)
		return err;
	journal->chain.follows.why = END_FOREIGN;
	report_foreign(journal, name, owner);
	return 0;
}

/* The folder below a disk that is not mounted looks like a new disk. */
static int look_for_disk(struct journal *journal)
{
	const char *marker = journal->conf->marker;

	if (!marker || access(marker, F_OK) == 0)
		return 0;
	snprintf(journal->db.last_error, DB_ERROR_BYTES,
		 "its disk is not mounted, as %s is not there", marker);
	return -ENODEV;
}

/* Opens it, or says why it has to go: -EUCLEAN. */
static int open_whole(struct journal *journal, const char *path, int64_t quota_bytes)
{
	struct db *db = &journal->db;
	struct raw_owner owner;
	int err = path == journal->choice.path ? look_for_disk(journal) : 0;

	if (err == 0)
		err = db_open(db, path, quota_bytes);
	if (err == 0 && journal_is_foreign(journal, &owner)) {
		err = put_foreign_away(journal, path, &owner);
		return err < 0 ? err : db_open(db, path, quota_bytes);
	}
	if (err == 0 && path == journal->choice.path && journal_check_past(journal) < 0) {
		db_close(db, false);
		return -EUCLEAN;
	}
	return err;
}

/* damage: why the file has to go, NULL: that is to be found out. */
static int open_file(struct journal *journal, const char *path, int64_t quota_bytes,
		     const char *damage)
{
	struct db *db = &journal->db;
	char why[DB_ERROR_BYTES], name[PATH_BYTES];
	int err = damage ? -EUCLEAN : open_whole(journal, path, quota_bytes);

	if (err != -EUCLEAN)
		return err;
	snprintf(why, sizeof(why), "%s", damage ? damage : db->last_error);
	err = files_set_aside(path, name);
	log_warn(err, "%s is damaged (%s), setting it aside as %s", path, why, name);
	if (err < 0)
		return err;
	journal->chain.follows.why = END_SET_ASIDE;
	report_set_aside(journal, name, why);
	return db_open(db, path, quota_bytes);
}

static int64_t fallback_quota(const struct journal *journal)
{
	int64_t quota_bytes = journal->conf->quota_bytes;
	int64_t half_bytes = files_free_bytes(journal->choice.fallback) / 2;

	if (half_bytes < quota_bytes)
		quota_bytes = half_bytes;
	return quota_bytes > FALLBACK_LOWEST ? quota_bytes : FALLBACK_LOWEST;
}

static int fall_back(struct journal *journal, const char *why)
{
	struct choice *choice = &journal->choice;
	int err;

	if (!choice->fallback) {
		if (!choice->unusable)
			log_error(0, "%s cannot be used (%s), and there is no fallback",
				  choice->path, why);
		choice->unusable = true;
		return -ENOENT;
	}
	err = files_make_folder(choice->fallback);
	if (err < 0)
		snprintf(journal->db.last_error, DB_ERROR_BYTES, "%s", strerror(-err));
	else
		err = open_file(journal, choice->fallback, fallback_quota(journal), NULL);
	if (err < 0) {
		if (!choice->unusable)
			log_error(0, "neither %s (%s) nor the fallback %s (%s) can be used",
				  choice->path, why, choice->fallback, journal->db.last_error);
		choice->unusable = true;
		return err;
	}
	log_warnx("%s cannot be used (%s); events are kept in %s until it can", choice->path, why,
		  choice->fallback);
	choice->fallen_back = true;
	snprintf(choice->why, sizeof(choice->why), "%s", why);
	journal->chain.follows.why = END_FALLBACK;
	choice->return_ns = clock_mono_ns() + journal->timeouts.return_ns;
	report_volatile(journal, why);
	return 0;
}

/* The file that was opened is in use from now on. */
static void begin(struct journal *journal)
{
	struct choice *choice = &journal->choice;
	struct chain *chain = &journal->chain;
	struct event_head ended = chain->head;
	struct db *db = &journal->db;

	choice->unusable = false;
	journal->retell = (struct retell){0};
	chain_begin_file(chain, db);
	feed_begin_file(&journal->feed, db);
	replay_begin_file(&journal->replay);
	memories_begin_file(&journal->memories, db, choice_in_use(choice), choice_other(choice));
	journal_face_past(journal);
	journal_begin_carry(journal);
	if (chain->head.seq == 0) {
		chain_follow(chain, &ended);
		journal_recall_past(journal);
	}
	journal_begin_witness(journal);
	trim_begin_file(&journal->trim);
	if (!choice->fallen_back)
		files_hold_ballast(choice->path, db->wal_pages_max);
	if (journal->outlet.head)
		journal->outlet.head(journal->outlet.data, &journal->chain.head);
}

int journal_establish(struct journal *journal)
{
	struct choice *choice = &journal->choice;
	char why[DB_ERROR_BYTES];
	int err;

	choice->fallen_back = false;
	journal->chain.follows.why = END_RETURN;
	err = open_file(journal, choice->path, journal->conf->quota_bytes, NULL);
	if (err == -EBUSY)
		log_error(0, "%s is in use by another process", choice->path);
	if (err < 0 && err != -EBUSY && err != -ENOMEM) {
		snprintf(why, sizeof(why), "%s", journal->db.last_error);
		err = fall_back(journal, why);
	}
	if (err == 0)
		begin(journal);
	return err;
}

/* It stays in use unless the fallback can be opened. */
static int leave_path(struct journal *journal)
{
	struct db path = journal->db;
	uint64_t page = carry_pause(&journal->carry);
	int err = fall_back(journal, path.last_error);

	if (err < 0) {
		journal->db = path;
		carry_resume(&journal->carry, page);
		return err;
	}
	db_close(&path, false);
	return 0;
}

static int set_damaged_aside(struct journal *journal)
{
	struct choice *choice = &journal->choice;
	bool on_fallback = choice->fallen_back;
	int64_t quota_bytes = on_fallback ? journal->db.quota_bytes : journal->conf->quota_bytes;
	char why[DB_ERROR_BYTES];
	int err;

	snprintf(why, sizeof(why), "%s", journal->db.last_error);
	carry_stop(&journal->carry, journal->feed.streams[STREAM_EVENTS].mark);
	db_close(&journal->db, false);
	err = open_file(journal, choice_in_use(choice), quota_bytes, why);
	return err < 0 && !on_fallback ? fall_back(journal, why) : err;
}

int journal_replace(struct journal *journal, bool damaged)
{
	bool leaves = !damaged && !journal->choice.fallen_back;
	int err = leaves ? leave_path(journal) : set_damaged_aside(journal);

	if (err == 0)
		begin(journal);
	return err;
}

static int probe(struct db *db)
{
	int err = db_begin(db);

	if (err == 0)
		err = db_put_marks(db, db->events_mark, db->alerts_mark);
	err = db_end(db, err);
	if (err < 0)
		db_close(db, false);
	return err;
}

/* The path's file may be the one that is being carried over: closing that descriptor after
 * SQLite has opened the file would drop SQLite's locks. */
void journal_return(struct journal *journal)
{
	struct choice *choice = &journal->choice;
	struct db fallback = journal->db;
	uint64_t page;
	int err;

	choice->return_ns = clock_mono_ns() + journal->timeouts.return_ns;
	if (files_disk_is_full(choice->path))
		return;
	page = carry_pause(&journal->carry);
	journal->chain.follows.why = END_RETURN;
	err = open_file(journal, choice->path, journal->conf->quota_bytes, NULL);
	if (err == 0)
		err = probe(&journal->db);
	if (err < 0) {
		journal->db = fallback;
		carry_resume(&journal->carry, page);
		return;
	}
	log_info("%s can be written again", choice->path);
	db_close(&fallback, true);
	choice->fallen_back = false;
	begin(journal);
}
