#include "journal_records.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transit/event.h"

#define APPLICATION 0x636F7267 /* "corg" */
#define VERSION_NOW 1
#define PAGE_BYTES  4096

enum statement {
	DO_BEGIN,
	DO_COMMIT,
	DO_ROLLBACK,
	DO_FIND,
	DO_SEARCH,
	DO_EACH,
	DO_COUNT_KIND,
	DO_PUT,
	DO_PUT_KEY,
	DO_DROP,
	DO_DROP_KEY,
	DO_DROP_KEYS,
	DO_LIST,
	DO_PUT_LIST,
	DO_STATEMENTS
};

struct records {
	sqlite3 *sqlite;
	sqlite3_stmt *statement[DO_STATEMENTS];
	char json[CONSIGNMENT_BYTES];
	int err; /* of the present walk over keys */
	int64_t id; /* the same: of which record */
};

#define ROW "id,kind,key,sum,as_of,json"

static const char *const statements[DO_STATEMENTS] = {
	[DO_BEGIN] = "BEGIN",
	[DO_COMMIT] = "COMMIT",
	[DO_ROLLBACK] = "ROLLBACK",
	[DO_FIND] = ("SELECT " ROW " FROM record WHERE kind=?1 AND key=?2"),
	[DO_SEARCH] = ("SELECT " ROW " FROM lookup JOIN record ON record.id=lookup.record"
		       " WHERE lookup.by=?1 AND lookup.text=?2"),
	[DO_EACH] = ("SELECT " ROW " FROM record WHERE kind=?1 ORDER BY key"),
	[DO_COUNT_KIND] = "SELECT count(*) FROM record WHERE kind=?1",
	[DO_PUT] = "INSERT INTO record(kind,key,sum,as_of,json) VALUES(?1,?2,?3,?4,?5)",
	[DO_PUT_KEY] = "INSERT OR IGNORE INTO lookup VALUES(?1,?2,?3)",
	[DO_DROP] = "DELETE FROM record WHERE id=?1",
	[DO_DROP_KEY] = "DELETE FROM lookup WHERE by=?1 AND text=?2 AND record=?3",
	[DO_DROP_KEYS] = "DELETE FROM lookup WHERE record=?1",
	[DO_LIST] = "SELECT version,as_of,received,records,sum FROM list WHERE kind=?1",
	[DO_PUT_LIST] = "INSERT OR REPLACE INTO list VALUES(?1,?2,?3,?4,?5,?6)",
};

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE record(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,"
	" sum INTEGER NOT NULL, as_of INTEGER NOT NULL, json TEXT NOT NULL);"
	"CREATE UNIQUE INDEX record_key ON record(kind,key);"
	"CREATE TABLE lookup(by INTEGER NOT NULL, text TEXT NOT NULL, record INTEGER NOT NULL,"
	" PRIMARY KEY(by,text,record)) WITHOUT ROWID;"
	"CREATE TABLE list(kind INTEGER PRIMARY KEY, version TEXT NOT NULL, as_of INTEGER NOT NULL,"
	" received INTEGER NOT NULL, records INTEGER NOT NULL, sum INTEGER NOT NULL);";

static const char *const pragmas[][6] = {
	[RECORDS_STREAM] = {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL",
			    "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=256",
			    "PRAGMA journal_size_limit=1048576", "PRAGMA cache_size=-256"},
	[RECORDS_BUILD] = {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=OFF",
			   "PRAGMA synchronous=OFF", "PRAGMA cache_size=-2048"},
	[RECORDS_READ] = {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA cache_size=-512"},
};

static int failed(int code)
{
	switch (code & 0xFF) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_SCHEMA:
	case SQLITE_MISMATCH:
	case SQLITE_ERROR: /* its tables are not as they should be */
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
		return -EBUSY;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int execute(struct records *records, const char *sql)
{
	return failed(sqlite3_exec(records->sqlite, sql, NULL, NULL, NULL));
}

static int ask(struct records *records, const char *sql, int64_t *ret_answer)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(records->sqlite, sql, -1, &statement, NULL);

	if (code != SQLITE_OK)
		return failed(code);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret_answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -EUCLEAN : failed(code);
}

static int run(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return failed(code);
}

/* ---- opening ------------------------------------------------------------------------- */

static int create(struct records *records)
{
	char sql[128];
	int err = execute(records, schema);

	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		 APPLICATION, VERSION_NOW);
	return err < 0 ? err : execute(records, sql);
}

static int check_or_create(struct records *records, enum records_mode mode)
{
	int64_t tables = 0, application = 0, version = 0;
	int err = ask(records, "SELECT count(*) FROM sqlite_schema", &tables);

	if (err == 0 && tables == 0 && mode != RECORDS_READ)
		return create(records);
	if (err == 0)
		err = ask(records, "PRAGMA application_id", &application);
	if (err == 0)
		err = ask(records, "PRAGMA user_version", &version);
	if (err < 0)
		return err;
	return application == APPLICATION && version == VERSION_NOW ? 0 : -EUCLEAN;
}

static int set_up(struct records *records, enum records_mode mode, int64_t limit_bytes)
{
	int64_t pages = limit_bytes / PAGE_BYTES + 16;
	char sql[64];
	size_t i;
	int err = execute(records, "PRAGMA page_size=4096; PRAGMA cell_size_check=ON;"
				   "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
				   "PRAGMA trusted_schema=OFF");

	for (i = 0; err == 0 && i < sizeof(pragmas[0]) / sizeof(pragmas[0][0]); i++)
		if (pragmas[mode][i])
			err = execute(records, pragmas[mode][i]);
	if (err == 0 && limit_bytes > 0) {
		snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)pages);
		err = execute(records, sql);
	}
	return err;
}

static int prepare_all(struct records *records)
{
	int i, code;

	for (i = 0; i < DO_STATEMENTS; i++) {
		code = sqlite3_prepare_v3(records->sqlite, statements[i], -1,
					  SQLITE_PREPARE_PERSISTENT, &records->statement[i], NULL);
		if (code != SQLITE_OK)
			return failed(code);
	}
	return 0;
}

int records_open(const char *path, enum records_mode mode, int64_t limit_bytes,
		 struct records **ret_records)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (mode == RECORDS_READ ? SQLITE_OPEN_READONLY
					  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	struct records *records = calloc(1, sizeof(*records));
	int err;

	if (!records)
		return -ENOMEM;
	if (mode == RECORDS_BUILD)
		(void)unlink(path);
	err = failed(sqlite3_open_v2(path, &records->sqlite, flags, NULL));
	if (records->sqlite) /* two hundred small blocks are not worth their memory here */
		sqlite3_db_config(records->sqlite, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	if (err == 0)
		err = set_up(records, mode, limit_bytes);
	if (err == 0)
		err = check_or_create(records, mode);
	if (err == 0)
		err = prepare_all(records);
	if (err == 0 && mode != RECORDS_READ && sqlite3_db_readonly(records->sqlite, "main") == 1)
		err = -EROFS;
	if (err < 0) {
		records_close(records);
		return err;
	}
	*ret_records = records;
	return 0;
}

void records_close(struct records *records)
{
	int i;

	if (!records)
		return;
	for (i = 0; i < DO_STATEMENTS; i++)
		sqlite3_finalize(records->statement[i]);
	sqlite3_close(records->sqlite);
	free(records);
}

int64_t records_bytes(struct records *records)
{
	int64_t pages = 0;

	(void)ask(records, "PRAGMA page_count", &pages);
	return pages * PAGE_BYTES;
}

int64_t records_sum(const void *bytes, size_t count)
{
	unsigned char hash[EVENT_HASH_BYTES];
	int64_t sum;

	event_hash(bytes, count, hash);
	memcpy(&sum, hash, sizeof(sum));
	return sum;
}

int records_begin(struct records *records)
{
	return run(records->statement[DO_BEGIN]);
}

int records_commit(struct records *records)
{
	return run(records->statement[DO_COMMIT]);
}

void records_rollback(struct records *records)
{
	if (!sqlite3_get_autocommit(records->sqlite))
		(void)run(records->statement[DO_ROLLBACK]);
}

int records_finish(struct records *records)
{
	sqlite3_file *file = NULL;
	int code = sqlite3_db_cacheflush(records->sqlite);

	if (code == SQLITE_OK)
		code = sqlite3_file_control(records->sqlite, "main", SQLITE_FCNTL_FILE_POINTER,
					    &file);
	if (code == SQLITE_OK && file && file->pMethods)
		code = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
	return failed(code);
}

/* ---- reading ------------------------------------------------------------------------- */

static const char *text_at(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text ? (const char *)text : "";
}

static int walk(sqlite3_stmt *statement, records_call call, void *data, int *ret_rows)
{
	bool more = true;
	int code = SQLITE_DONE;

	while (more && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct records_row row = {
			.id = sqlite3_column_int64(statement, 0),
			.kind = (enum registry_kind)sqlite3_column_int(statement, 1),
			.key = text_at(statement, 2),
			.sum = sqlite3_column_int64(statement, 3),
			.as_of_utc_ns = sqlite3_column_int64(statement, 4),
			.json = text_at(statement, 5),
			.bytes = (size_t)sqlite3_column_bytes(statement, 5),
		};

		++*ret_rows;
		more = call(data, &row);
	}
	sqlite3_reset(statement);
	return failed(code);
}

int records_find(struct records *records, enum registry_kind kind, const char *key,
		 records_call call, void *data)
{
	sqlite3_stmt *find = records->statement[DO_FIND];
	int rows = 0;
	int err;

	sqlite3_bind_int(find, 1, (int)kind);
	sqlite3_bind_text(find, 2, key, -1, SQLITE_STATIC);
	err = walk(find, call, data, &rows);
	return err < 0 ? err : rows > 0 ? 0 : -ENOENT;
}

int records_search(struct records *records, int by, const char *text, records_call call, void *data)
{
	sqlite3_stmt *search = records->statement[DO_SEARCH];
	int rows = 0;

	sqlite3_bind_int(search, 1, by);
	sqlite3_bind_text(search, 2, text, -1, SQLITE_STATIC);
	return walk(search, call, data, &rows);
}

int records_each(struct records *records, enum registry_kind kind, records_call call, void *data)
{
	int rows = 0;

	sqlite3_bind_int(records->statement[DO_EACH], 1, (int)kind);
	return walk(records->statement[DO_EACH], call, data, &rows);
}

int records_count(struct records *records, enum registry_kind kind, int64_t *ret_count)
{
	sqlite3_stmt *count = records->statement[DO_COUNT_KIND];
	int code;

	sqlite3_bind_int(count, 1, (int)kind);
	code = sqlite3_step(count);
	if (code == SQLITE_ROW)
		*ret_count = sqlite3_column_int64(count, 0);
	sqlite3_reset(count);
	return failed(code);
}

/* ---- writing ------------------------------------------------------------------------- */

static void change_key(struct records *records, enum statement which, int by, const char *text)
{
	sqlite3_stmt *change = records->statement[which];

	if (records->err < 0)
		return;
	sqlite3_bind_int(change, 1, by);
	sqlite3_bind_text(change, 2, text, -1, SQLITE_STATIC);
	sqlite3_bind_int64(change, 3, records->id);
	records->err = run(change);
}

static void put_key(void *data, enum registry_key key, const char *text)
{
	change_key(data, DO_PUT_KEY, (int)key, text);
}

static void drop_key(void *data, enum registry_key key, const char *text)
{
	change_key(data, DO_DROP_KEY, (int)key, text);
}

static int change_keys(struct records *records, enum statement which, int64_t id,
		       const struct registry_record *record)
{
	records->err = 0;
	records->id = id;
	registry_record_keys(record, records, which == DO_PUT_KEY ? put_key : drop_key);
	if (record->kind == REGISTRY_AEO && record->aeo.tin)
		change_key(records, which, RECORDS_BY_TIN, record->aeo.tin);
	return records->err;
}

static int drop(struct records *records, sqlite3_stmt *by_id, int64_t id)
{
	sqlite3_bind_int64(by_id, 1, id);
	(void)records;
	return run(by_id);
}

struct found {
	int64_t id;
	struct registry_record *record; /* NULL: it cannot be read */
};

static bool keep_found(void *data, const struct records_row *row)
{
	struct found *found = data;
	struct registry_complaint complaint;

	found->id = row->id;
	if (registry_record_read(row->kind, row->json, row->bytes, &found->record, &complaint) < 0)
		found->record = NULL;
	return false;
}

int records_remove(struct records *records, enum registry_kind kind, const char *key)
{
	struct found found = {0};
	int err = records_find(records, kind, key, keep_found, &found);

	if (err < 0)
		return err;
	if (found.record)
		err = change_keys(records, DO_DROP_KEY, found.id, found.record);
	else
		err = drop(records, records->statement[DO_DROP_KEYS], found.id);
	registry_record_free(found.record);
	return err < 0 ? err : drop(records, records->statement[DO_DROP], found.id);
}

int records_put(struct records *records, const struct registry_record *record, int64_t sum)
{
	sqlite3_stmt *put = records->statement[DO_PUT];
	int bytes = registry_record_write(record, records->json, sizeof(records->json));
	int err = bytes < 0 ? bytes : records_remove(records, record->kind, record->key);

	if (err < 0 && err != -ENOENT)
		return err;
	sqlite3_bind_int(put, 1, (int)record->kind);
	sqlite3_bind_text(put, 2, record->key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 3, sum);
	sqlite3_bind_int64(put, 4, record->as_of_utc_ns);
	sqlite3_bind_text(put, 5, records->json, bytes, SQLITE_STATIC);
	err = run(put);
	if (err < 0)
		return err;
	return change_keys(records, DO_PUT_KEY, sqlite3_last_insert_rowid(records->sqlite), record);
}

/* ---- lists --------------------------------------------------------------------------- */

int records_list(struct records *records, enum registry_kind kind, struct records_list *ret_list)
{
	sqlite3_stmt *find = records->statement[DO_LIST];
	int code;

	sqlite3_bind_int(find, 1, (int)kind);
	code = sqlite3_step(find);
	if (code == SQLITE_ROW) {
		*ret_list = (struct records_list){
			.as_of_utc_ns = sqlite3_column_int64(find, 1),
			.received_utc_ns = sqlite3_column_int64(find, 2),
			.records = sqlite3_column_int64(find, 3),
			.sum = sqlite3_column_int64(find, 4),
		};
		snprintf(ret_list->version, sizeof(ret_list->version), "%s", text_at(find, 0));
	}
	sqlite3_reset(find);
	return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -ENOENT : failed(code);
}

int records_put_list(struct records *records, enum registry_kind kind,
		     const struct records_list *list)
{
	sqlite3_stmt *put = records->statement[DO_PUT_LIST];

	sqlite3_bind_int(put, 1, (int)kind);
	sqlite3_bind_text(put, 2, list->version, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 3, list->as_of_utc_ns);
	sqlite3_bind_int64(put, 4, list->received_utc_ns);
	sqlite3_bind_int64(put, 5, list->records);
	sqlite3_bind_int64(put, 6, list->sum);
	return run(put);
}
