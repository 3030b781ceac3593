/* Rows of the journal's tables: what journal_db.h says of events, alerts, epochs, states. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_db.h"

int64_t db_sum(const unsigned char hash[EVENT_HASH_BYTES])
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < 8; i++)
		sum = sum << 8 | hash[i];
	return (int64_t)sum;
}

bool db_row_is_whole(const struct db_row *row)
{
	unsigned char hash[EVENT_HASH_BYTES];

	event_hash(row->payload, row->payload_bytes, hash);
	return db_sum(hash) == row->sum;
}

/* So that a watermark is only believed when it is one. */
static int64_t marks_sum(uint64_t events, uint64_t alerts)
{
	unsigned char hash[EVENT_HASH_BYTES];
	char text[64];
	int bytes = snprintf(text, sizeof(text), DB_MARK " %llu %llu", (unsigned long long)events,
			     (unsigned long long)alerts);

	event_hash(text, (size_t)bytes, hash);
	return db_sum(hash);
}

bool db_marks_are_whole(uint64_t events, uint64_t alerts, int64_t sum)
{
	return marks_sum(events, alerts) == sum;
}

/* ---- transactions -------------------------------------------------------------------- */

int db_begin(struct db *db)
{
	int err = db->stale ? db_load(db) : 0;

	return err < 0 ? err : db_run(db, db->statement[DO_BEGIN]);
}

int db_commit(struct db *db)
{
	return db_run(db, db->statement[DO_COMMIT]);
}

void db_rollback(struct db *db)
{
	char why[sizeof(db->why)];

	if (!db->sqlite)
		return;
	memcpy(why, db->why, sizeof(why));
	if (!sqlite3_get_autocommit(db->sqlite))
		(void)db_run(db, db->statement[DO_ROLLBACK]);
	db->stale = true;
	(void)db_load(db);
	memcpy(db->why, why, sizeof(why));
}

/* ---- writing ------------------------------------------------------------------------- */

static struct db_epoch *find_epoch(const struct db *db, uint64_t no)
{
	size_t i;

	for (i = db->epoch_count; i > 0; i--)
		if (db->epochs[i - 1].no == no)
			return &db->epochs[i - 1];
	return NULL;
}

static void note_event(struct db *db, const struct db_row *row)
{
	struct db_epoch *epoch = find_epoch(db, position_epoch(row->position));

	if (epoch && epoch->last < position_seq(row->position))
		epoch->last = position_seq(row->position);
	if (db->last[row->shelf] < row->position)
		db->last[row->shelf] = row->position;
	if (db->first[row->shelf] == 0 || db->first[row->shelf] > row->position)
		db->first[row->shelf] = row->position;
}

int db_put_event(struct db *db, const struct db_row *row)
{
	sqlite3_stmt *put = db->on_shelf[row->shelf][SHELF_PUT];
	int err;

	sqlite3_bind_int64(put, 1, (int64_t)row->position);
	sqlite3_bind_int64(put, 2, row->sum);
	if (row->recorded_s)
		sqlite3_bind_int64(put, 3, row->recorded_s);
	else
		sqlite3_bind_null(put, 3);
	sqlite3_bind_text(put, 4, row->type, -1, SQLITE_STATIC);
	sqlite3_bind_blob(put, 5, row->payload, (int)row->payload_bytes, SQLITE_STATIC);
	err = db_run(db, put);
	if (err < 0)
		return err;
	if (sqlite3_changes(db->sqlite) == 0)
		return -EEXIST;
	note_event(db, row);
	return 0;
}

int db_put_alert(struct db *db, uint64_t position, enum shelf shelf)
{
	sqlite3_stmt *put = db->statement[DO_PUT_ALERT];
	int err;

	sqlite3_bind_int64(put, 1, (int64_t)db->next_alert);
	sqlite3_bind_int64(put, 2, (int64_t)position);
	sqlite3_bind_int(put, 3, (int)shelf);
	err = db_run(db, put);
	if (err == 0)
		db->next_alert++;
	return err;
}

int db_put_state(struct db *db, const char *key, const char *word)
{
	sqlite3_stmt *put = db->statement[DO_PUT_STATE];

	sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 2, word, -1, SQLITE_STATIC);
	return db_run(db, put);
}

int64_t db_memory_sum(const char *key, const char *text, uint64_t version)
{
	unsigned char hash[EVENT_HASH_BYTES];
	char all[MEMORY_KEY_BYTES + MEMORY_TEXT_BYTES + 32];
	int bytes = snprintf(all, sizeof(all), "%llu %c %s %s", (unsigned long long)version,
			     text ? '+' : '-', key, text ? text : "");

	event_hash(all, (size_t)bytes < sizeof(all) ? (size_t)bytes : sizeof(all), hash);
	return db_sum(hash);
}

int db_put_memory(struct db *db, const char *key, const char *text, uint64_t version)
{
	sqlite3_stmt *put = db->statement[DO_PUT_MEMORY];

	sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
	if (text)
		sqlite3_bind_text(put, 2, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(put, 2);
	sqlite3_bind_int64(put, 3, (int64_t)version);
	sqlite3_bind_int64(put, 4, db_memory_sum(key, text, version));
	return db_run(db, put);
}

int db_drop_memories(struct db *db, bool all)
{
	return db_run(db, db->statement[all ? DO_DROP_MEMORIES : DO_DROP_FORGOTTEN]);
}

int db_add_epoch(struct db *db, uint64_t no, const char *id)
{
	struct db_epoch *epochs;
	size_t at = db->epoch_count;

	epochs = realloc(db->epochs, (db->epoch_count + 1) * sizeof(*epochs));
	if (!epochs)
		return -ENOMEM;
	db->epochs = epochs;
	for (; at > 0 && epochs[at - 1].no > no; at--)
		epochs[at] = epochs[at - 1];
	epochs[at] = (struct db_epoch){.no = no};
	snprintf(epochs[at].id, sizeof(epochs[at].id), "%s", id);
	db->epoch_count++;
	return 0;
}

int db_put_epoch(struct db *db, uint64_t no, const char *id)
{
	sqlite3_stmt *put = db->statement[DO_PUT_EPOCH];
	int err;

	sqlite3_bind_int64(put, 1, (int64_t)no);
	sqlite3_bind_text(put, 2, id, -1, SQLITE_STATIC);
	err = db_run(db, put);
	return err < 0 ? err : db_add_epoch(db, no, id);
}

int db_put_marks(struct db *db, uint64_t events, uint64_t alerts)
{
	sqlite3_stmt *put = db->statement[DO_PUT_MARKS];
	sqlite3_stmt *drop = db->statement[DO_DROP_ALERTS];
	int err;

	sqlite3_bind_text(put, 1, DB_MARK, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, (int64_t)events);
	sqlite3_bind_int64(put, 3, (int64_t)alerts);
	sqlite3_bind_int64(put, 4, marks_sum(events, alerts));
	err = db_run(db, put);
	if (err < 0)
		return err;
	sqlite3_bind_int64(drop, 1, (int64_t)alerts);
	err = alerts == db->alerts_mark ? 0 : db_run(db, drop);
	if (err < 0)
		return err;
	db->events_mark = events;
	db->alerts_mark = alerts;
	return 0;
}

static int ask_edge(struct db *db, enum shelf shelf, enum shelf_statement which, int64_t bound,
		    uint64_t *ret_position)
{
	sqlite3_stmt *find = db->on_shelf[shelf][which];
	int code;

	sqlite3_bind_int64(find, 1, bound);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*ret_position = (uint64_t)sqlite3_column_int64(find, 0);
	else if (code == SQLITE_DONE)
		*ret_position = 0;
	sqlite3_reset(find);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : db_fail(db, code);
}

int db_below(struct db *db, enum shelf shelf, uint64_t position, uint64_t *ret_position)
{
	return ask_edge(db, shelf, SHELF_BELOW, (int64_t)position, ret_position);
}

int db_nth(struct db *db, enum shelf shelf, unsigned count, uint64_t upto, uint64_t *ret_position)
{
	sqlite3_bind_int64(db->on_shelf[shelf][SHELF_NTH], 2, count);
	return ask_edge(db, shelf, SHELF_NTH, (int64_t)upto, ret_position);
}

int db_find_ends(struct db *db, enum shelf shelf)
{
	int err = ask_edge(db, shelf, SHELF_AFTER, 0, &db->first[shelf]);

	return err < 0 ? err : db_below(db, shelf, INT64_MAX, &db->last[shelf]);
}

int db_drop(struct db *db, enum shelf shelf, uint64_t low, uint64_t high)
{
	sqlite3_stmt *drop = db->on_shelf[shelf][SHELF_DROP];
	sqlite3_stmt *alerts = db->statement[DO_DROP_ALERTS_OF];
	int err;

	sqlite3_bind_int64(drop, 1, (int64_t)low);
	sqlite3_bind_int64(drop, 2, (int64_t)high);
	err = db_run(db, drop);
	if (err < 0)
		return err;
	sqlite3_bind_int64(alerts, 1, (int64_t)low);
	sqlite3_bind_int64(alerts, 2, (int64_t)high);
	sqlite3_bind_int(alerts, 3, (int)shelf);
	err = db_run(db, alerts);
	return err < 0 ? err : db_find_ends(db, shelf);
}

/* ---- reading ------------------------------------------------------------------------- */

static void read_row(sqlite3_stmt *statement, enum shelf shelf, struct db_row *row)
{
	const unsigned char *type = sqlite3_column_text(statement, 3);
	const void *payload = sqlite3_column_blob(statement, 4);

	*row = (struct db_row){
		.position = (uint64_t)sqlite3_column_int64(statement, 0),
		.shelf = shelf,
		.sum = sqlite3_column_int64(statement, 1),
		.recorded_s = sqlite3_column_int64(statement, 2),
		.type = type ? (const char *)type : "",
		.payload = payload ? payload : "",
		.payload_bytes = (size_t)sqlite3_column_bytes(statement, 4),
	};
}

int db_at(struct db *db, enum shelf shelf, uint64_t position, db_row_call call, void *data)
{
	sqlite3_stmt *find = db->on_shelf[shelf][SHELF_AT];
	struct db_row row;
	int code;

	sqlite3_bind_int64(find, 1, (int64_t)position);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW) {
		read_row(find, shelf, &row);
		call(data, &row);
	}
	sqlite3_reset(find);
	if (code == SQLITE_DONE)
		return -ENOENT;
	return code == SQLITE_ROW ? 0 : db_fail(db, code);
}

/* The shelves' walks that stand on a row. */
struct merge {
	struct db *db;
	unsigned open;
	uint64_t position[SHELF_COUNT];
};

static int advance(struct merge *merge, int shelf)
{
	sqlite3_stmt *walk = merge->db->on_shelf[shelf][SHELF_AFTER];
	int code = sqlite3_step(walk);

	if (code == SQLITE_ROW) {
		merge->open |= 1U << shelf;
		merge->position[shelf] = (uint64_t)sqlite3_column_int64(walk, 0);
		return 0;
	}
	merge->open &= ~(1U << shelf);
	sqlite3_reset(walk);
	return code == SQLITE_DONE ? 0 : db_fail(merge->db, code);
}

static int lowest(const struct merge *merge)
{
	int best = -1;
	int shelf;

	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		if (merge->open & 1U << shelf &&
		    (best < 0 || merge->position[shelf] < merge->position[best]))
			best = shelf;
	return best;
}

static int start(struct merge *merge, unsigned shelves, uint64_t after)
{
	struct db *db = merge->db;
	int shelf;
	int err;

	for (shelf = 0; shelf < SHELF_COUNT; shelf++) {
		if (!(shelves & 1U << shelf) || db->last[shelf] <= after)
			continue;
		sqlite3_bind_int64(db->on_shelf[shelf][SHELF_AFTER], 1, (int64_t)after);
		if ((err = advance(merge, shelf)) < 0)
			return err;
	}
	return 0;
}

int db_each(struct db *db, unsigned shelves, uint64_t after, db_row_call call, void *data)
{
	struct merge merge = {.db = db};
	struct db_row row;
	int shelf;
	int err = start(&merge, shelves, after);

	while (err == 0 && (shelf = lowest(&merge)) >= 0) {
		read_row(db->on_shelf[shelf][SHELF_AFTER], (enum shelf)shelf, &row);
		if (!call(data, &row))
			break;
		err = advance(&merge, shelf);
	}
	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		if (merge.open & 1U << shelf)
			sqlite3_reset(db->on_shelf[shelf][SHELF_AFTER]);
	return err;
}

int db_alerts(struct db *db, uint64_t after, struct db_alert *alerts, size_t count,
	      size_t *ret_count)
{
	sqlite3_stmt *find = db->statement[DO_FIND_ALERTS];
	size_t n = 0;
	int code;

	sqlite3_bind_int64(find, 1, (int64_t)after);
	sqlite3_bind_int64(find, 2, (int64_t)count);
	while ((code = sqlite3_step(find)) == SQLITE_ROW && n < count) {
		int shelf = sqlite3_column_int(find, 2);

		alerts[n++] = (struct db_alert){
			.id = (uint64_t)sqlite3_column_int64(find, 0),
			.position = (uint64_t)sqlite3_column_int64(find, 1),
			.shelf = shelf == SHELF_TELEMETRY || shelf == SHELF_HEALTH
					 ? (enum shelf)shelf
					 : SHELF_EVIDENCE,
		};
	}
	sqlite3_reset(find);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return db_fail(db, code);
	*ret_count = n;
	return 0;
}

int db_states(struct db *db, void *data,
	      void (*call)(void *data, const char *key, const char *word))
{
	sqlite3_stmt *walk;
	int code = sqlite3_prepare_v2(db->sqlite, "SELECT key,word FROM state", -1, &walk, NULL);

	if (code != SQLITE_OK)
		return db_fail(db, code);
	while ((code = sqlite3_step(walk)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(walk, 0);
		const char *word = (const char *)sqlite3_column_text(walk, 1);

		if (key && word)
			call(data, key, word);
	}
	sqlite3_finalize(walk);
	return code == SQLITE_DONE ? 0 : db_fail(db, code);
}

int db_memories(struct db *db, void *data,
		void (*call)(void *data, const char *key, const char *text, uint64_t version))
{
	sqlite3_stmt *walk;
	int code = sqlite3_prepare_v2(db->sqlite, "SELECT key,text,version,sum FROM memory", -1,
				      &walk, NULL);

	if (code != SQLITE_OK)
		return db_fail(db, code);
	while ((code = sqlite3_step(walk)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(walk, 0);
		const char *text = (const char *)sqlite3_column_text(walk, 1);
		uint64_t version = (uint64_t)sqlite3_column_int64(walk, 2);

		if (key && db_memory_sum(key, text, version) == sqlite3_column_int64(walk, 3))
			call(data, key, text, version);
	}
	sqlite3_finalize(walk);
	return code == SQLITE_DONE ? 0 : db_fail(db, code);
}

static int64_t count(struct db *db, enum statement which)
{
	sqlite3_stmt *ask = db->statement[which];
	int code = sqlite3_step(ask);
	int64_t answer = code == SQLITE_ROW ? sqlite3_column_int64(ask, 0) : -EIO;

	sqlite3_reset(ask);
	return answer;
}

int64_t db_used_bytes(struct db *db)
{
	int64_t pages = count(db, DO_COUNT_PAGES);
	int64_t free_pages = count(db, DO_COUNT_FREE);

	return pages < 0 || free_pages < 0 ? -EIO : (pages - free_pages) * DB_PAGE_BYTES;
}

const struct db_epoch *db_epoch(const struct db *db, uint64_t position)
{
	return find_epoch(db, position_epoch(position));
}

const struct db_epoch *db_epoch_by_id(const struct db *db, const char *id)
{
	size_t i;

	for (i = 0; i < db->epoch_count; i++)
		if (strcmp(db->epochs[i].id, id) == 0)
			return &db->epochs[i];
	return NULL;
}

bool db_has_epoch(struct db *db, uint64_t no)
{
	uint64_t below = 0;
	int shelf;

	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		if (db_below(db, (enum shelf)shelf, position_of(no + 1, 0), &below) < 0 ||
		    position_epoch(below) == no)
			return true;
	return false;
}

uint64_t db_last(const struct db *db)
{
	uint64_t last = 0;
	int shelf;

	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		if (db->last[shelf] > last)
			last = db->last[shelf];
	return last;
}
