/* Rows of the journal's tables: what db.h says of events, alerts, epochs, states. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/sqlite.h"
#include "journal/db.h"
#include "journal/raw.h"

/* ---- writing ------------------------------------------------------------------------ */

static struct db_epoch *find_epoch(const struct db *db, uint64_t no)
{
	for (size_t i = db->epoch_count; i > 0; i--)
		if (db->epochs[i - 1].no == no)
			return &db->epochs[i - 1];
	return NULL;
}

static void note_event(struct db *db, const struct db_row *row)
{
	struct db_epoch *epoch = find_epoch(db, position_epoch(row->position));

	if (epoch && epoch->last < position_seq(row->position))
		epoch->last = position_seq(row->position);
	if (db->last[row->class] < row->position)
		db->last[row->class] = row->position;
	if (db->first[row->class] == 0 || db->first[row->class] > row->position)
		db->first[row->class] = row->position;
}

int db_put_event(struct db *db, const struct db_row *row)
{
	sqlite3_stmt *put = db->of_class[row->class][ROW_PUT];
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
	db->put_bytes += row->payload_bytes;
	note_event(db, row);
	return 0;
}

int db_put_alert(struct db *db, uint64_t position, enum event_class class)
{
	sqlite3_stmt *put = db->statement[DO_PUT_ALERT];
	int err;

	sqlite3_bind_int64(put, 1, (int64_t)db->next_alert);
	sqlite3_bind_int64(put, 2, (int64_t)position);
	sqlite3_bind_int(put, 3, (int)class);
	err = db_run(db, put);
	if (err == 0)
		db->next_alert++;
	return err;
}

/* Of a meter it is the same word with each event: that need not be asked of the file. */
int db_put_state(struct db *db, const char *key, const char *word)
{
	sqlite3_stmt *put = db->statement[DO_PUT_STATE];
	const uint64_t of_key = hash_text(hash_text(HASH_START, key), "\n");
	const uint64_t sum = hash_text(of_key, word);
	uint64_t *known = &db->states_known[of_key % DB_STATES_KNOWN];
	int err;

	if (*known == sum)
		return 0;
	sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 2, word, -1, SQLITE_STATIC);
	err = db_run(db, put);
	*known = err == 0 ? sum : 0;
	return err;
}

int db_put_memory(struct db *db, const char *key, const char *text, uint64_t version)
{
	sqlite3_stmt *put = db->statement[DO_PUT_MEMORY];

	sqlite3_bind_text(put, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 2, text, -1, SQLITE_STATIC); /* NULL too */
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
	sqlite3_bind_int64(put, 4, db_marks_sum(events, alerts));
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

int db_put_owner(struct db *db, const char *machine)
{
	sqlite3_stmt *put = db->statement[DO_PUT_OWNER];

	sqlite3_bind_text(put, 1, machine, -1, SQLITE_STATIC);
	return db_run(db, put);
}

static int ask_edge(struct db *db, enum event_class class, enum row_statement which, int64_t bound,
		    uint64_t *ret_position)
{
	sqlite3_stmt *find = db->of_class[class][which];
	int code;

	sqlite3_bind_int64(find, 1, bound);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW)
		*ret_position = (uint64_t)sqlite3_column_int64(find, 0);
	else if (code == SQLITE_DONE)
		*ret_position = 0;
	sqlite3_reset(find);
	return db_note(db, sqlite_errno(db->sqlite, code));
}

int db_below(struct db *db, unsigned classes, uint64_t position, uint64_t *ret_position)
{
	uint64_t newest = 0;

	for (enum event_class c = 0; c < CLASSES; c++) {
		uint64_t below = 0;
		int err;

		if (!(classes & 1U << c))
			continue;
		err = ask_edge(db, c, ROW_BELOW, (int64_t)position, &below);
		if (err < 0)
			return err;
		if (below > newest)
			newest = below;
	}
	*ret_position = newest;
	return 0;
}

int db_above(struct db *db, uint64_t position, uint64_t *ret_position)
{
	uint64_t oldest = 0;

	for (enum event_class c = 0; c < CLASSES; c++) {
		uint64_t above = 0;
		int err = ask_edge(db, c, ROW_AFTER, (int64_t)position, &above);

		if (err < 0)
			return err;
		if (above > 0 && (oldest == 0 || above < oldest))
			oldest = above;
	}
	*ret_position = oldest;
	return 0;
}

int db_nth(struct db *db, enum event_class class, unsigned count, uint64_t upto,
	   uint64_t *ret_position)
{
	sqlite3_bind_int64(db->of_class[class][ROW_NTH], 2, count);
	return ask_edge(db, class, ROW_NTH, (int64_t)upto, ret_position);
}

int db_find_ends(struct db *db, enum event_class class)
{
	int err = ask_edge(db, class, ROW_AFTER, 0, &db->first[class]);

	return err < 0 ? err : db_below(db, 1U << class, INT64_MAX, &db->last[class]);
}

int db_drop(struct db *db, enum event_class class, uint64_t low, uint64_t high)
{
	sqlite3_stmt *drop = db->of_class[class][ROW_DROP];
	sqlite3_stmt *alerts = db->statement[DO_DROP_ALERTS_OF];
	int err;

	sqlite3_bind_int64(drop, 1, (int64_t)low);
	sqlite3_bind_int64(drop, 2, (int64_t)high);
	err = db_run(db, drop);
	if (err < 0)
		return err;
	sqlite3_bind_int64(alerts, 1, (int64_t)low);
	sqlite3_bind_int64(alerts, 2, (int64_t)high);
	sqlite3_bind_int(alerts, 3, (int)class);
	err = db_run(db, alerts);
	return err < 0 ? err : db_find_ends(db, class);
}

/* ---- what was evicted --------------------------------------------------------------- */

#define EVICTED_MOST 4096

int db_put_evicted(struct db *db, uint64_t low, uint64_t high)
{
	sqlite3_stmt *merge = db->statement[DO_MERGE_EVICTED], *put = db->statement[DO_PUT_EVICTED];
	int err;

	sqlite3_bind_int64(merge, 1, (int64_t)low);
	sqlite3_bind_int64(merge, 2, (int64_t)high);
	err = db_run(db, merge);
	if (err < 0)
		return err;
	sqlite3_bind_int64(put, 1, (int64_t)low);
	sqlite3_bind_int64(put, 2, (int64_t)high);
	err = db_run(db, put);
	if (err < 0 || ++db->evicted_put % EVICTED_MOST != 0)
		return err;
	sqlite3_bind_int64(db->statement[DO_DROP_EVICTED], 1, EVICTED_MOST);
	return db_run(db, db->statement[DO_DROP_EVICTED]);
}

int db_evicted(struct db *db, uint64_t low, uint64_t high, db_evicted_call call, void *data)
{
	sqlite3_stmt *find = db->statement[DO_FIND_EVICTED];
	int code;

	sqlite3_bind_int64(find, 1, (int64_t)low);
	sqlite3_bind_int64(find, 2, (int64_t)high);
	while ((code = sqlite3_step(find)) == SQLITE_ROW) {
		uint64_t first = (uint64_t)sqlite3_column_int64(find, 0);
		uint64_t last = (uint64_t)sqlite3_column_int64(find, 1);

		if (last >= low && first <= high)
			call(data, first > low ? first : low, last < high ? last : high);
	}
	sqlite3_reset(find);
	return db_note(db, sqlite_errno(db->sqlite, code));
}

/* ---- tiles -------------------------------------------------------------------------- */

#define TILE_BYTES    9216 /* a row, with what lies around it */
#define TILES_QUOTA   16 /* that part of it */
#define TILES_LEAST   16
#define TILES_AT_ONCE 64

static int drop_old_tiles(struct db *db)
{
	int64_t most = db->quota_bytes / TILES_QUOTA / TILE_BYTES;

	if (++db->tiles_put < TILES_AT_ONCE)
		return 0;
	db->tiles_put = 0;
	sqlite3_bind_int64(db->statement[DO_DROP_TILES], 1,
			   most > TILES_LEAST ? most : TILES_LEAST);
	return db_run(db, db->statement[DO_DROP_TILES]);
}

int db_put_tile(struct db *db, const struct db_tile *tile)
{
	sqlite3_stmt *put = db->statement[DO_PUT_TILE];
	const int hash_bytes = (int)sizeof(tile->root);
	int err;

	sqlite3_bind_int64(put, 1, (int64_t)tile->position);
	sqlite3_bind_blob(put, 2, &tile->root, hash_bytes, SQLITE_STATIC);
	sqlite3_bind_blob(put, 3, tile->frontier, (int)tile->frontier_count * hash_bytes,
			  SQLITE_STATIC);
	sqlite3_bind_blob(put, 4, tile->leaves, (int)tile->leaf_count * hash_bytes, SQLITE_STATIC);
	err = db_run(db, put);
	return err < 0 ? err : drop_old_tiles(db);
}

/* Whole hashes, as aligned as bytes are. */
static const struct tree_hash *read_hashes(sqlite3_stmt *row, int column, size_t *ret_count)
{
	*ret_count = (size_t)sqlite3_column_bytes(row, column) / sizeof(struct tree_hash);
	return sqlite3_column_blob(row, column);
}

static int read_tile(struct db *db, enum statement which, uint64_t position, db_tile_call call,
		     void *data)
{
	sqlite3_stmt *find = db->statement[which];
	const struct tree_hash *root;
	struct db_tile tile;
	size_t roots;
	int code;

	sqlite3_bind_int64(find, 1, (int64_t)position);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW) {
		tile.position = (uint64_t)sqlite3_column_int64(find, 0);
		root = read_hashes(find, 1, &roots);
		tile.frontier = read_hashes(find, 2, &tile.frontier_count);
		tile.leaves = read_hashes(find, 3, &tile.leaf_count);
		if (roots == 1) {
			tile.root = *root;
			call(data, &tile);
		}
	}
	sqlite3_reset(find);
	return db_note(db, sqlite_errno(db->sqlite, code));
}

int db_last_tile(struct db *db, uint64_t before, db_tile_call call, void *data)
{
	return read_tile(db, DO_FIND_TILE, before, call, data);
}

int db_tile_at(struct db *db, uint64_t position, db_tile_call call, void *data)
{
	return read_tile(db, DO_AT_TILE, position, call, data);
}

/* ---- reading ------------------------------------------------------------------------ */

static void read_row(sqlite3_stmt *statement, enum event_class class, struct db_row *row)
{
	const unsigned char *type = sqlite3_column_text(statement, 3);
	const void *payload = sqlite3_column_blob(statement, 4);

	*row = (struct db_row){
		.position = (uint64_t)sqlite3_column_int64(statement, 0),
		.class = class,
		.sum = sqlite3_column_int64(statement, 1),
		.recorded_s = sqlite3_column_int64(statement, 2),
		.type = type ? (const char *)type : "",
		.payload = payload ? payload : "",
		.payload_bytes = (size_t)sqlite3_column_bytes(statement, 4),
	};
}

int db_at(struct db *db, enum event_class class, uint64_t position, db_row_call call, void *data)
{
	sqlite3_stmt *find = db->of_class[class][ROW_AT];
	struct db_row row;
	int code;

	sqlite3_bind_int64(find, 1, (int64_t)position);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW) {
		read_row(find, class, &row);
		call(data, &row);
	}
	sqlite3_reset(find);
	return code == SQLITE_DONE ? -ENOENT : db_note(db, sqlite_errno(db->sqlite, code));
}

/* The rows at which walks over the tables of several classes stand. */
struct merge {
	struct db *db;
	uint64_t position[CLASSES]; /* UINT64_MAX: no row */
};

static int advance(struct merge *merge, enum event_class class)
{
	sqlite3_stmt *walk = merge->db->of_class[class][ROW_AFTER];
	int code = sqlite3_step(walk);

	merge->position[class] = UINT64_MAX;
	if (code == SQLITE_ROW) {
		merge->position[class] = (uint64_t)sqlite3_column_int64(walk, 0);
		return 0;
	}
	sqlite3_reset(walk);
	return db_note(merge->db, sqlite_errno(merge->db->sqlite, code));
}

static int start(struct merge *merge, unsigned classes, uint64_t after)
{
	struct db *db = merge->db;
	int err = 0;

	for (enum event_class c = 0; c < CLASSES; c++) {
		merge->position[c] = UINT64_MAX;
		if (err < 0 || !(classes & 1U << c) || db->last[c] <= after)
			continue;
		sqlite3_bind_int64(db->of_class[c][ROW_AFTER], 1, (int64_t)after);
		err = advance(merge, c);
	}
	return err;
}

/* CLASSES: all walks are at their end. */
static enum event_class lowest(const struct merge *merge)
{
	enum event_class best = 0;

	for (enum event_class c = 1; c < CLASSES; c++)
		if (merge->position[c] < merge->position[best])
			best = c;
	return merge->position[best] < UINT64_MAX ? best : CLASSES;
}

int db_each(struct db *db, unsigned classes, uint64_t after, db_row_call call, void *data)
{
	struct merge merge = {.db = db};
	enum event_class class;
	struct db_row row;
	int err = start(&merge, classes, after);

	while (err == 0 && (class = lowest(&merge)) < CLASSES) {
		read_row(db->of_class[class][ROW_AFTER], class, &row);
		if (!call(data, &row))
			break;
		err = advance(&merge, class);
	}
	for (enum event_class c = 0; c < CLASSES; c++)
		if (merge.position[c] < UINT64_MAX)
			sqlite3_reset(db->of_class[c][ROW_AFTER]);
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
		enum event_class class = (enum event_class)sqlite3_column_int(find, 2);

		alerts[n++] = (struct db_alert){
			.id = (uint64_t)sqlite3_column_int64(find, 0),
			.position = (uint64_t)sqlite3_column_int64(find, 1),
			.class = class < CLASSES ? class : CLASS_EVIDENCE,
		};
	}
	sqlite3_reset(find);
	*ret_count = n;
	return db_note(db, sqlite_errno(db->sqlite, code));
}

struct state_reader {
	void *data;
	void (*call)(void *data, const char *key, const char *word);
};

static int read_state(void *data, sqlite3_stmt *row)
{
	const struct state_reader *reader = data;
	const char *key = (const char *)sqlite3_column_text(row, 0);
	const char *word = (const char *)sqlite3_column_text(row, 1);

	if (key && word)
		reader->call(reader->data, key, word);
	return 0;
}

int db_states(struct db *db, void *data,
	      void (*call)(void *data, const char *key, const char *word))
{
	struct state_reader reader = {data, call};

	return db_query(db, "SELECT key,word FROM state", read_state, &reader);
}

static int read_memory(void *data, sqlite3_stmt *row)
{
	const struct raw_sink *sink = data;
	const char *key = (const char *)sqlite3_column_text(row, 0);
	const char *text = (const char *)sqlite3_column_text(row, 1);
	uint64_t version = (uint64_t)sqlite3_column_int64(row, 2);

	if (key && db_memory_sum(key, text, version) == sqlite3_column_int64(row, 3))
		sink->memory(sink->data, key, text, version);
	return 0;
}

int db_memories(struct db *db, struct raw_sink *sink)
{
	return db_query(db, "SELECT key,text,version,sum FROM memory", read_memory, sink);
}

int64_t db_used_bytes(struct db *db)
{
	int64_t pages = 0, free_pages = 0;
	int err = db_ask(db, "PRAGMA page_count", &pages);

	if (err == 0)
		err = db_ask(db, "PRAGMA freelist_count", &free_pages);
	return err < 0 ? err : (pages - free_pages) * DB_PAGE_BYTES;
}

const struct db_epoch *db_epoch(const struct db *db, uint64_t position)
{
	return find_epoch(db, position_epoch(position));
}

const struct db_epoch *db_epoch_by_id(const struct db *db, const char *id)
{
	for (size_t i = 0; i < db->epoch_count; i++)
		if (strcmp(db->epochs[i].id, id) == 0)
			return &db->epochs[i];
	return NULL;
}

bool db_has_epoch(struct db *db, uint64_t no)
{
	uint64_t below = 0;
	int err = db_below(db, ALL_CLASSES, position_of(no + 1, 0), &below);

	return err < 0 || position_epoch(below) == no;
}

uint64_t db_last(const struct db *db)
{
	uint64_t last = 0;

	for (enum event_class c = 0; c < CLASSES; c++)
		if (db->last[c] > last)
			last = db->last[c];
	return last;
}
