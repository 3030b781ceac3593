/* Opening the journal's file, and transactions: when what is known of it is read. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "journal/db.h"
#include "journal/files.h"
#include "journal/raw.h"

static int load_marks(void *data, sqlite3_stmt *row)
{
	struct db *db = data;

	db->events_mark = (uint64_t)sqlite3_column_int64(row, 0);
	db->alerts_mark = (uint64_t)sqlite3_column_int64(row, 1);
	if (db_marks_sum(db->events_mark, db->alerts_mark) != sqlite3_column_int64(row, 2))
		return db_unclean(db, "its watermark was altered");
	return 0;
}

/* The last number of an epoch: the newest event before the next epoch begins. */
static int load_epoch(void *data, sqlite3_stmt *row)
{
	const char *id = (const char *)sqlite3_column_text(row, 1);
	int64_t no = sqlite3_column_int64(row, 0);
	struct db *db = data;
	uint64_t below = 0;
	int err;

	if (!id || no <= 0 || no >= EPOCH_NO_END)
		return db_unclean(db, "its epochs were altered");
	err = db_add_epoch(db, (uint64_t)no, id);
	if (err == 0)
		err = db_below(db, ALL_CLASSES, position_of((uint64_t)no + 1, 0), &below);
	if (err == 0 && position_epoch(below) == (uint64_t)no)
		db->epochs[db->epoch_count - 1].last = position_seq(below);
	return err;
}

static int load_owner(void *data, sqlite3_stmt *row)
{
	const char *machine = (const char *)sqlite3_column_text(row, 0);
	struct db *db = data;

	snprintf(db->machine, sizeof(db->machine), "%s", machine ? machine : "");
	return 0;
}

/* -EUCLEAN: they contradict each other. */
static int load(struct db *db)
{
	int64_t last_alert = 0;
	int err;

	if ((err = db_query(db, "SELECT events,alerts,sum FROM journal", load_marks, db)) < 0)
		return err;
	if ((err = db_query(db, "SELECT machine FROM owner", load_owner, db)) < 0)
		return err;
	for (enum event_class c = 0; c < CLASSES; c++)
		if ((err = db_find_ends(db, c)) < 0)
			return err;
	db->epoch_count = 0;
	if ((err = db_query(db, "SELECT no,id FROM epoch ORDER BY no", load_epoch, db)) < 0)
		return err;
	if ((err = db_ask(db, "SELECT max(id) FROM alert", &last_alert)) < 0)
		return err;
	db->next_alert = 1 + db->alerts_mark;
	if ((uint64_t)last_alert >= db->next_alert)
		db->next_alert = 1 + (uint64_t)last_alert;
	if (db_last(db) && !db_epoch(db, db_last(db)))
		return db_unclean(db, "its events have no epoch");
	db->stale = false;
	return 0;
}

struct head_reading {
	struct event_head head;
	uint64_t position;
	bool found, whole;
	char boot[RAW_BOOT_BYTES];
	struct instant recorded;
};

static bool read_head(void *data, const struct db_row *row)
{
	struct head_reading *reading = data;

	if (row->position != reading->position)
		return false;
	reading->found = true;
	event_hash(row->payload, row->payload_bytes, reading->head.hash);
	reading->whole =
		db_sum(reading->head.hash) == row->sum && raw_agrees(row, reading->head.epoch);
	if (!raw_recorded(row->payload, row->payload_bytes, reading->boot, &reading->recorded))
		reading->recorded = (struct instant){0};
	return false;
}

static int read_at_head(struct db *db, const struct db_epoch *epoch, uint64_t seq,
			struct head_reading *reading)
{
	int err;

	*reading = (struct head_reading){
		.head.seq = seq, .position = position_of(epoch->no, seq), .whole = true};
	memcpy(reading->head.epoch, epoch->id, sizeof(epoch->id));
	if (seq == 0)
		return 0;
	err = db_each(db, ALL_CLASSES, reading->position - 1, read_head, reading);
	if (err == 0 && !reading->found)
		err = -ENOENT;
	return err == 0 && !reading->whole ? db_unclean(db, "an event was altered") : err;
}

int db_head_at(struct db *db, const struct db_epoch *epoch, uint64_t seq,
	       struct event_head *ret_head)
{
	struct head_reading reading;
	int err = read_at_head(db, epoch, seq, &reading);

	if (err == 0)
		*ret_head = reading.head;
	return err;
}

/* -EUCLEAN: the newest event does not match. */
static int load_head(struct db *db)
{
	const struct db_epoch *epoch;
	struct head_reading reading;
	int err;

	if (db->epoch_count == 0)
		return 0;
	epoch = &db->epochs[db->epoch_count - 1];
	err = read_at_head(db, epoch, epoch->last, &reading);
	if (err == -EUCLEAN)
		return db_unclean(db, "its newest event was altered");
	if (err < 0)
		return err;
	db->head = reading.head;
	db->recorded = reading.recorded;
	memcpy(db->boot, reading.boot, sizeof(db->boot));
	return 0;
}

int db_begin(struct db *db)
{
	int err = db->stale ? load(db) : 0;

	return err < 0 ? err : db_run(db, db->statement[DO_BEGIN]);
}

static void roll_back(struct db *db)
{
	char last_error[DB_ERROR_BYTES];

	memcpy(last_error, db->last_error, sizeof(last_error));
	if (!sqlite3_get_autocommit(db->sqlite))
		(void)db_run(db, db->statement[DO_ROLLBACK]);
	db->stale = true;
	memset(db->states_known, 0, sizeof(db->states_known));
	(void)load(db);
	memcpy(db->last_error, last_error, sizeof(last_error));
}

int db_end(struct db *db, int err)
{
	if (err == 0)
		err = db_run(db, db->statement[DO_COMMIT]);
	if (err < 0)
		roll_back(db);
	return err;
}

/* SQLite's word for a file that may not be written to is not always the clearest. */
static int explain(struct db *db, const char *path, int err)
{
	int obstacle = files_obstacle(path);

	if (err == -EUCLEAN || err == -EBUSY || err == -ENOMEM || err == -EINVAL || obstacle == 0)
		return err;
	snprintf(db->last_error, sizeof(db->last_error), "%s", strerror(-obstacle));
	return obstacle;
}

int db_open(struct db *db, const char *path, int64_t quota_bytes)
{
	int err = db_connect(db, path, quota_bytes);

	if (err == 0)
		err = load(db);
	if (err == 0)
		err = load_head(db);
	if (err < 0) {
		db_close(db, false);
		return explain(db, path, err);
	}
	db_freeze(db, false);
	return 0;
}
