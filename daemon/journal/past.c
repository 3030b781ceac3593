/* Whether the path's file is as it was left: what the witnesses say of it. */
#include <errno.h>
#include <stdio.h>

#include "journal/private.h"
#include "journal/wal.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

enum place { BESIDE_PATH, BESIDE_FALLBACK, FALLBACKS_OWN, PLACE_COUNT };

static const char *const place_names[PLACE_COUNT] = {"head-file", "runtime", "fallback"};

/* false: there is no such place. */
static bool name_place(const struct choice *choice, enum place place, char ret_path[PATH_BYTES])
{
	bool apart = choice->fallback && strcmp(choice->fallback, choice->path) != 0;

	if (place != BESIDE_PATH && !apart)
		return false;
	files_beside(place == BESIDE_PATH ? choice->path : choice->fallback,
		     place == BESIDE_FALLBACK ? FILES_WITNESS : FILES_HEAD, ret_path);
	return true;
}

/* What is not synced is only believed as long as no power cut can have come between. */
static bool hear(const struct journal *journal, enum place place, struct testimony *ret_testimony)
{
	char path[PATH_BYTES];

	return name_place(&journal->choice, place, path) && witness_read(path, ret_testimony) &&
	       ret_testimony->head.seq > 0 &&
	       (place == BESIDE_PATH || strcmp(ret_testimony->boot, journal->origin->boot) == 0);
}

/* An event that was removed since cannot contradict. */
static bool has_come_so_far(struct db *db, const struct event_head *witness)
{
	const struct db_epoch *epoch = db_epoch_by_id(db, witness->epoch);
	struct event_head head;

	if (!epoch || epoch->last < witness->seq)
		return false;
	return db_head_at(db, epoch, witness->seq, &head) < 0 ||
	       memcmp(head.hash, witness->hash, sizeof(head.hash)) == 0;
}

static bool log_goes_on(const char *path)
{
	struct wal wal;
	bool goes_on;

	if (wal_open(path, &wal) < 0)
		return false;
	goes_on = wal.commits_behind > 0;
	wal_close(&wal);
	return goes_on;
}

int journal_check_past(struct journal *journal)
{
	const char *path = journal->choice.path;
	struct past *past = &journal->past;
	struct db *db = &journal->db;
	char aside[PATH_BYTES];
	struct testimony told;

	past->by = NULL;
	if (files_find_aside(path, true, 0, aside) > 0) /* its setting aside was cut off */
		return 0;
	for (enum place place = BESIDE_PATH; place <= BESIDE_FALLBACK; place++) {
		if (!hear(journal, place, &told) || has_come_so_far(db, &told.head))
			continue;
		if (log_goes_on(path))
			return db_unclean(db, "its log is damaged");
		past->by = place_names[place];
		past->witness = told.head;
	}
	return 0;
}

/* ---- whose it is -------------------------------------------------------------------- */

struct origin_reading {
	const struct event_origin *origin;
	struct raw_owner *owner;
	bool foreign;
};

static bool read_owner(void *data, const struct db_row *row)
{
	struct origin_reading *reading = data;

	reading->foreign = !event_is_of(reading->origin, row->payload, row->payload_bytes);
	raw_whose(row->payload, row->payload_bytes, reading->owner);
	return false;
}

bool journal_is_foreign(struct journal *journal, struct raw_owner *ret_owner)
{
	struct origin_reading reading = {.origin = journal->origin, .owner = ret_owner};
	struct db *db = &journal->db;
	uint64_t last = db_last(db);

	return last > 0 && db_each(db, ALL_CLASSES, last - 1, read_owner, &reading) == 0 &&
	       reading.foreign;
}

/* A card that was put into another machine may live on in the first one as well. */
static void face_machine(struct journal *journal)
{
	const struct raw_owner owner = {0};
	struct chain *chain = &journal->chain;
	const char *machine = journal->conf->machine;
	struct db *db = &journal->db;

	if (!machine || strcmp(db->machine, machine) == 0)
		return;
	chain->owner_unwritten = true;
	if (!db->machine[0] || chain->head.seq == 0)
		return;
	log_warnx("%s comes from another machine; a new epoch begins",
		  choice_in_use(&journal->choice));
	chain->broken = true;
	chain->follows.why = END_FOREIGN;
	report_foreign(journal, NULL, &owner);
}

/* ---- in use ------------------------------------------------------------------------- */

static void face_witness(struct journal *journal)
{
	const struct event_head *found = &journal->db.head;
	struct past *past = &journal->past;

	if (!past->by || journal->choice.fallen_back)
		return;
	log_warnx("%s was turned back: it ends with event %llu of epoch %s, and was at %llu of %s; "
		  "a new epoch begins",
		  journal->choice.path, (unsigned long long)found->seq, found->epoch,
		  (unsigned long long)past->witness.seq, past->witness.epoch);
	journal->chain.broken = true;
	journal->chain.follows.why = END_ROLLED_BACK;
	report_rolled_back(journal, past->by, &past->witness, found);
	past->by = NULL;
}

void journal_face_past(struct journal *journal)
{
	face_machine(journal);
	face_witness(journal);
}

void journal_recall_past(struct journal *journal)
{
	struct testimony told;

	for (enum place place = BESIDE_PATH; place < PLACE_COUNT; place++)
		if (hear(journal, place, &told))
			chain_follow(&journal->chain, &told.head);
}

/* ---- what the broker says ----------------------------------------------------------- */

static void turn_back(struct journal *journal, const struct event_head *told)
{
	struct chain *chain = &journal->chain;
	const struct event_head found = chain->head;

	log_warnx("%s was turned back: it is at event %llu of epoch %s, and the broker has %llu "
		  "of %s; a new epoch begins",
		  choice_in_use(&journal->choice), (unsigned long long)found.seq, found.epoch,
		  (unsigned long long)told->seq, told->epoch);
	report_rolled_back(journal, "broker", told, &found);
	chain->follows.count = 0;
	chain->follows.why = END_ROLLED_BACK;
	chain_begin_epoch(chain, chain->epoch_no + 1);
	chain_follow(chain, told);
}

void journal_hear_broker(struct journal *journal, const struct event_head *told)
{
	struct chain *chain = &journal->chain;
	const struct db_epoch *epoch = db_epoch_by_id(&journal->db, told->epoch);
	bool is_present = strcmp(told->epoch, chain->head.epoch) == 0;
	uint64_t contradicted = epoch ? epoch->no : chain->epoch_no;

	if (!journal->db.sqlite || (epoch && has_come_so_far(&journal->db, told)) ||
	    (!epoch && (chain->begun_here || is_present)))
		return;
	journal_retell(journal, contradicted);
	if (!epoch || is_present)
		turn_back(journal, told);
}

/* ---- what a stop could not write ---------------------------------------------------- */

static void note_lost(const char *path, const char *boot, const uint64_t lost[CLASSES])
{
	struct testimony told = {0};
	struct witness witness;

	if (!witness_read(path, &told))
		snprintf(told.boot, sizeof(told.boot), "%s", boot);
	memcpy(told.lost, lost, sizeof(told.lost));
	witness_open(&witness, path);
	witness_write(&witness, &told);
	witness_close(&witness);
}

void journal_note_lost(struct journal *journal, const uint64_t lost[CLASSES], bool everywhere)
{
	char path[PATH_BYTES];

	for (enum place place = BESIDE_PATH; place < PLACE_COUNT; place++)
		if ((everywhere || place == BESIDE_FALLBACK) &&
		    name_place(&journal->choice, place, path))
			note_lost(path, journal->origin->boot, lost);
}

void journal_recall_lost(struct journal *journal)
{
	static const uint64_t none[CLASSES];
	char path[PATH_BYTES];
	struct testimony told;

	for (enum place place = BESIDE_PATH; place < PLACE_COUNT; place++) {
		if (!name_place(&journal->choice, place, path) || !witness_read(path, &told) ||
		    memcmp(told.lost, none, sizeof(none)) == 0)
			continue;
		report_lost(journal, told.lost);
		journal->past.lost_told = true;
		return;
	}
}

void journal_forget_lost(struct journal *journal)
{
	static const uint64_t none[CLASSES];
	char path[PATH_BYTES];
	struct testimony told;

	if (!journal->past.lost_told)
		return;
	journal->past.lost_told = false;
	for (enum place place = BESIDE_PATH; place < PLACE_COUNT; place++)
		if (name_place(&journal->choice, place, path) && witness_read(path, &told) &&
		    memcmp(told.lost, none, sizeof(none)) != 0)
			note_lost(path, journal->origin->boot, none);
	journal_begin_witness(journal);
}

/* ---- of the file in use ------------------------------------------------------------- */

void journal_end_witness(struct journal *journal)
{
	for (int i = 0; i < WITNESSES; i++)
		witness_close(&journal->witness[i]);
}

void journal_begin_witness(struct journal *journal)
{
	const struct choice *choice = &journal->choice;
	char path[PATH_BYTES];

	journal_end_witness(journal);
	if (name_place(choice, choice->fallen_back ? FALLBACKS_OWN : BESIDE_PATH, path))
		witness_open(&journal->witness[0], path);
	if (choice->fallen_back || !name_place(choice, BESIDE_FALLBACK, path))
		return;
	(void)files_make_folder(choice->fallback);
	witness_open(&journal->witness[1], path);
}
