/* What is read of the journal's file when it is opened, or after a rollback. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "journal_db.h"
#include "journal_raw.h"

static int contradiction(struct db *db, const char *why)
{
	snprintf(db->why, sizeof(db->why), "%s", why);
	return -EUCLEAN;
}

static int load_marks(struct db *db)
{
	sqlite3_stmt *walk;
	int code = sqlite3_prepare_v2(db->sqlite, "SELECT events,alerts,sum FROM journal", -1,
				      &walk, NULL);
	bool whole = true;

	if (code != SQLITE_OK)
		return db_fail(db, code);
	code = sqlite3_step(walk);
	if (code == SQLITE_ROW) {
		db->events_mark = (uint64_t)sqlite3_column_int64(walk, 0);
		db->alerts_mark = (uint64_t)sqlite3_column_int64(walk, 1);
		whole = db_marks_are_whole(db->events_mark, db->alerts_mark,
					   sqlite3_column_int64(walk, 2));
	}
	sqlite3_finalize(walk);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return db_fail(db, code);
	return whole ? 0 : contradiction(db, "its watermark was altered");
}

static int load_epochs(struct db *db)
{
	sqlite3_stmt *walk;
	int code = sqlite3_prepare_v2(db->sqlite, "SELECT no,id FROM epoch ORDER BY no", -1, &walk,
				      NULL);
	int err = 0;

	if (code != SQLITE_OK)
		return db_fail(db, code);
	db->epoch_count = 0;
	while (err == 0 && (code = sqlite3_step(walk)) == SQLITE_ROW) {
		const char *id = (const char *)sqlite3_column_text(walk, 1);
		int64_t no = sqlite3_column_int64(walk, 0);

		err = id && no > 0 && no < EPOCH_NO_END
			      ? db_add_epoch(db, (uint64_t)no, id)
			      : contradiction(db, "its epochs were altered");
	}
	sqlite3_finalize(walk);
	if (err < 0)
		return err;
	return code == SQLITE_DONE ? 0 : db_fail(db, code);
}

/* The last number of each epoch: the newest event before the next epoch begins. */
static int load_epoch_ends(struct db *db)
{
	size_t i;
	int shelf;
	int err;

	for (i = 0; i < db->epoch_count; i++) {
		struct db_epoch *epoch = &db->epochs[i];

		for (shelf = 0; shelf < SHELF_COUNT; shelf++) {
			uint64_t below = 0;

			err = db_below(db, (enum shelf)shelf, position_of(epoch->no + 1, 0),
				       &below);
			if (err < 0)
				return err;
			if (position_epoch(below) == epoch->no && position_seq(below) > epoch->last)
				epoch->last = position_seq(below);
		}
	}
	return 0;
}

static int load_alerts(struct db *db)
{
	sqlite3_stmt *walk;
	int code = sqlite3_prepare_v2(db->sqlite, "SELECT max(id) FROM alert", -1, &walk, NULL);
	uint64_t last = 0;

	if (code != SQLITE_OK)
		return db_fail(db, code);
	code = sqlite3_step(walk);
	if (code == SQLITE_ROW)
		last = (uint64_t)sqlite3_column_int64(walk, 0);
	sqlite3_finalize(walk);
	if (code != SQLITE_ROW)
		return db_fail(db, code);
	db->next_alert = 1 + (last > db->alerts_mark ? last : db->alerts_mark);
	return 0;
}

int db_load(struct db *db)
{
	int shelf;
	int err;

	if ((err = load_marks(db)) < 0)
		return err;
	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		if ((err = db_find_ends(db, (enum shelf)shelf)) < 0)
			return err;
	if ((err = load_epochs(db)) < 0)
		return err;
	if ((err = load_epoch_ends(db)) < 0)
		return err;
	if ((err = load_alerts(db)) < 0)
		return err;
	if (db_last(db) && !db_epoch(db, db_last(db)))
		return contradiction(db, "its events have no epoch");
	db->stale = false;
	return 0;
}

struct head_reading {
	struct event_head head;
	bool whole;
};

static bool read_head(void *data, const struct db_row *row)
{
	struct head_reading *reading = data;

	event_hash(row->payload, row->payload_bytes, reading->head.hash);
	reading->whole =
		db_sum(reading->head.hash) == row->sum && raw_agrees(row, reading->head.epoch);
	return false;
}

int db_head(struct db *db, struct event_head *ret_head)
{
	struct head_reading reading = {.whole = true};
	const struct db_epoch *epoch;
	uint64_t last = db_last(db);
	int err;

	if (db->epoch_count == 0) {
		*ret_head = reading.head;
		return 0;
	}
	epoch = &db->epochs[db->epoch_count - 1];
	memcpy(reading.head.epoch, epoch->id, sizeof(epoch->id));
	if (last && position_epoch(last) == epoch->no) {
		reading.head.seq = position_seq(last);
		err = db_each(db, ALL_SHELVES, last - 1, read_head, &reading);
		if (err < 0)
			return err;
	}
	if (!reading.whole)
		return contradiction(db, "its newest event was altered");
	*ret_head = reading.head;
	return 0;
}
