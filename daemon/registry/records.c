#include "registry/records.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sqlite.h"
#include "transit/event/event.h"

#define APPLICATION 0x636F7267 /* "corg" */
#define VERSION_NOW 3 /* 1 did not say when each record was heard, 2 who signed it */
#define PAGE_BYTES  4096

enum statement {
	DO_BEGIN,
	DO_COMMIT,
	DO_ROLLBACK,
	DO_FIND,
	DO_SEARCH,
	DO_EACH,
	DO_COUNT,
	DO_PUT,
	DO_HEAR,
	DO_DATE,
	DO_PUT_KEY,
	DO_DROP,
	DO_DROP_KEY,
	DO_DROP_KEYS,
	DO_LIST,
	DO_PUT_LIST,
	DO_FORGET_KEYS,
	DO_FORGET,
	DO_FORGET_LIST,
	DO_STREAM, /* these are of a stream's file alone */
	DO_REMOVAL = DO_STREAM,
	DO_PUT_REMOVAL,
	DO_TRIM_REMOVALS,
	DO_STATEMENTS
};

#define TEXT_OF(number) #number
#define DECIMAL(number) TEXT_OF(number)

struct records {
	sqlite3 *sqlite;
	sqlite3_stmt *statement[DO_STATEMENTS];
	char json[CONSIGNMENT_BYTES];
	bool rebuild; /* all keys are to be put anew, in a transaction that is open */
	int err; /* while the keys of a record are walked over */
	int64_t id; /* of that record */
};

#define ROW "id,kind,key,sum,as_of,heard,json,signer,signed"

static const char *const statements[DO_STATEMENTS] = {
	[DO_BEGIN] = "BEGIN",
	[DO_COMMIT] = "COMMIT",
	[DO_ROLLBACK] = "ROLLBACK",
	[DO_FIND] = ("SELECT " ROW " FROM record WHERE kind=?1 AND key=?2"),
	[DO_SEARCH] = ("SELECT " ROW " FROM lookup JOIN record ON record.id=lookup.record"
		       " WHERE lookup.by=?1 AND lookup.text=?2"),
	[DO_EACH] = ("SELECT " ROW " FROM record WHERE kind=?1 ORDER BY key"),
	[DO_COUNT] = "SELECT count(*) FROM record WHERE kind=?1",
	[DO_PUT] = ("INSERT INTO record(kind,key,sum,as_of,json,heard,signer,signed)"
		    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)"),
	[DO_HEAR] = "UPDATE record SET heard=?2 WHERE id=?1",
	[DO_DATE] = "UPDATE record SET heard=?1 WHERE heard=0",
	[DO_PUT_KEY] = "INSERT OR IGNORE INTO lookup VALUES(?1,?2,?3)",
	[DO_DROP] = "DELETE FROM record WHERE id=?1",
	[DO_DROP_KEY] = "DELETE FROM lookup WHERE by=?1 AND text=?2 AND record=?3",
	[DO_DROP_KEYS] = "DELETE FROM lookup WHERE record=?1",
	[DO_LIST] = ("SELECT version,as_of,received,records,sum,signer,signed,trust FROM list"
		     " WHERE kind=?1"),
	[DO_PUT_LIST] = "INSERT OR REPLACE INTO list VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
	[DO_FORGET_KEYS] = ("DELETE FROM lookup WHERE record IN"
			    " (SELECT id FROM record WHERE kind=?1)"),
	[DO_FORGET] = "DELETE FROM record WHERE kind=?1",
	[DO_FORGET_LIST] = "DELETE FROM list WHERE kind=?1",
	[DO_REMOVAL] = "SELECT signed FROM removal WHERE kind=?1 AND key=?2",
	[DO_PUT_REMOVAL] = "INSERT OR REPLACE INTO removal(kind,key,signed) VALUES(?1,?2,?3)",
	[DO_TRIM_REMOVALS] = ("DELETE FROM removal WHERE id<="
			      "(SELECT max(id) FROM removal)-" DECIMAL(RECORDS_REMOVALS)),
};

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE record(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key TEXT NOT NULL,"
	" sum INTEGER NOT NULL, as_of INTEGER NOT NULL, json TEXT NOT NULL,"
	" heard INTEGER NOT NULL DEFAULT 0, signer TEXT NOT NULL DEFAULT '',"
	" signed INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX record_undated ON record(heard) WHERE heard=0;"
	"CREATE UNIQUE INDEX record_key ON record(kind,key);"
	"CREATE TABLE lookup(by INTEGER NOT NULL, text TEXT NOT NULL, record INTEGER NOT NULL,"
	" PRIMARY KEY(by,text,record)) WITHOUT ROWID;"
	"CREATE TABLE list(kind INTEGER PRIMARY KEY, version TEXT NOT NULL, as_of INTEGER NOT NULL,"
	" received INTEGER NOT NULL, records INTEGER NOT NULL, sum INTEGER NOT NULL,"
	" signer TEXT NOT NULL DEFAULT '', signed INTEGER NOT NULL DEFAULT 0,"
	" trust INTEGER NOT NULL DEFAULT 0);";

/* Beside the tables of a version: one that does not know it passes it over. */
static const char removals[] =
	"CREATE TABLE IF NOT EXISTS removal(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
	" key TEXT NOT NULL, signed INTEGER NOT NULL);"
	"CREATE UNIQUE INDEX IF NOT EXISTS removal_key ON removal(kind,key);";

static const char *const settings[] = {
	[RECORDS_STREAM] = ("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			    "PRAGMA wal_autocheckpoint=256; PRAGMA journal_size_limit=1048576;"
			    "PRAGMA cache_size=-256"),
	[RECORDS_BUILD] = ("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
			   "PRAGMA cache_size=-2048"),
	[RECORDS_READ] = "PRAGMA cache_size=-512",
};

/* ---- preparing a file ------------------------------------------------------------------------- */

static int create(struct records *records)
{
	char sql[128];
	int err = sqlite_execute(records->sqlite, schema);

	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		 APPLICATION, VERSION_NOW);
	return err < 0 ? err : sqlite_execute(records->sqlite, sql);
}

#define ADD_SIGNERS                                                        \
	"ALTER TABLE record ADD COLUMN signer TEXT NOT NULL DEFAULT '';"   \
	"ALTER TABLE record ADD COLUMN signed INTEGER NOT NULL DEFAULT 0;" \
	"ALTER TABLE list ADD COLUMN signer TEXT NOT NULL DEFAULT '';"     \
	"ALTER TABLE list ADD COLUMN signed INTEGER NOT NULL DEFAULT 0;"   \
	"ALTER TABLE list ADD COLUMN trust INTEGER NOT NULL DEFAULT 0;"

/* A record of version 1 is as old as the last that was heard of its kind can tell. What it is
 * found by is put anew: numbers were written in another way. */
static int bring_up(struct records *records)
{
	records->rebuild = true;
	return sqlite_execute(
		records->sqlite,
		"BEGIN; DELETE FROM lookup; ALTER TABLE record ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;"
		"CREATE INDEX record_undated ON record(heard) WHERE heard=0;"
		"UPDATE record SET heard=coalesce((SELECT received FROM list"
		" WHERE list.kind=record.kind),0);" ADD_SIGNERS "PRAGMA user_version=3");
}

static int bring_up_to_signers(struct records *records)
{
	return sqlite_execute(records->sqlite,
			      "BEGIN;" ADD_SIGNERS "PRAGMA user_version=3; COMMIT");
}

static int check_or_create(struct records *records, enum records_mode mode)
{
	int64_t tables = 0, application = 0, version = 0;
	int err = sqlite_ask(records->sqlite, "SELECT count(*) FROM sqlite_schema", &tables);

	if (err == 0 && tables == 0 && mode != RECORDS_READ)
		return create(records);
	if (err == 0)
		err = sqlite_ask(records->sqlite, "PRAGMA application_id", &application);
	if (err == 0)
		err = sqlite_ask(records->sqlite, "PRAGMA user_version", &version);
	if (err == 0 && application != APPLICATION)
		err = -EUCLEAN;
	if (err == 0 && version == 1 && mode == RECORDS_STREAM)
		return bring_up(records);
	if (err == 0 && version == 2 && mode == RECORDS_STREAM)
		return bring_up_to_signers(records);
	return err == 0 && version != VERSION_NOW ? -EUCLEAN : err;
}

int records_limit(struct records *records, int64_t limit_bytes)
{
	int64_t pages = limit_bytes / PAGE_BYTES + 16;
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)pages);
	return sqlite_execute(records->sqlite, sql);
}

static int set_up(struct records *records, enum records_mode mode, int64_t limit_bytes)
{
	int err = sqlite_set_up(records->sqlite);

	if (err == 0)
		err = sqlite_execute(records->sqlite, settings[mode]);
	if (err == 0 && limit_bytes > 0)
		err = records_limit(records, limit_bytes);
	return err;
}

static int prepare_all(struct records *records, enum records_mode mode)
{
	const int count = mode == RECORDS_STREAM ? DO_STATEMENTS : DO_STREAM;
	int err = 0;

	for (int i = 0; err == 0 && i < count; i++)
		err = sqlite_prepare(records->sqlite, statements[i], &records->statement[i]);
	return err;
}

void records_close(struct records *records)
{
	if (!records)
		return;
	for (int i = 0; i < DO_STATEMENTS; i++)
		sqlite3_finalize(records->statement[i]);
	sqlite3_close(records->sqlite);
	free(records);
}

int64_t records_bytes(struct records *records)
{
	int64_t pages = 0;

	(void)sqlite_ask(records->sqlite, "PRAGMA page_count", &pages);
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
	return sqlite_run(records->statement[DO_BEGIN]);
}

int records_commit(struct records *records)
{
	return sqlite_run(records->statement[DO_COMMIT]);
}

void records_rollback(struct records *records)
{
	if (!sqlite3_get_autocommit(records->sqlite))
		(void)sqlite_run(records->statement[DO_ROLLBACK]);
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
	return sqlite_errno(records->sqlite, code);
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
			.heard_utc_ns = sqlite3_column_int64(statement, 5),
			.json = text_at(statement, 6),
			.bytes = (size_t)sqlite3_column_bytes(statement, 6),
			.signer = text_at(statement, 7),
			.signed_s = sqlite3_column_int64(statement, 8),
		};

		++*ret_rows;
		more = call(data, &row);
	}
	sqlite3_reset(statement);
	return sqlite_errno(sqlite3_db_handle(statement), code);
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
	sqlite3_stmt *count = records->statement[DO_COUNT];
	int code;

	sqlite3_bind_int(count, 1, (int)kind);
	code = sqlite3_step(count);
	if (code == SQLITE_ROW)
		*ret_count = sqlite3_column_int64(count, 0);
	sqlite3_reset(count);
	return sqlite_errno(records->sqlite, code == SQLITE_ROW ? SQLITE_OK : code);
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
	records->err = sqlite_run(change);
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

static int drop(sqlite3_stmt *by_id, int64_t id)
{
	sqlite3_bind_int64(by_id, 1, id);
	return sqlite_run(by_id);
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
		err = drop(records->statement[DO_DROP_KEYS], found.id);
	registry_record_free(found.record);
	return err < 0 ? err : drop(records->statement[DO_DROP], found.id);
}

int records_removal(struct records *records, enum registry_kind kind, const char *key,
		    int64_t *ret_signed_s)
{
	sqlite3_stmt *find = records->statement[DO_REMOVAL];
	int code;

	sqlite3_bind_int(find, 1, (int)kind);
	sqlite3_bind_text(find, 2, key, -1, SQLITE_STATIC);
	code = sqlite3_step(find);
	*ret_signed_s = code == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
	sqlite3_reset(find);
	if (code == SQLITE_DONE)
		return -ENOENT;
	return sqlite_errno(records->sqlite, code == SQLITE_ROW ? SQLITE_OK : code);
}

int records_put_removal(struct records *records, enum registry_kind kind, const char *key,
			int64_t signed_s)
{
	sqlite3_stmt *put = records->statement[DO_PUT_REMOVAL];
	int64_t known_s;
	int err = records_removal(records, kind, key, &known_s);

	if (err == 0 && known_s >= signed_s)
		return 0;
	if (err < 0 && err != -ENOENT)
		return err;
	sqlite3_bind_int(put, 1, (int)kind);
	sqlite3_bind_text(put, 2, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 3, signed_s);
	err = sqlite_run(put);
	return err < 0 ? err : sqlite_run(records->statement[DO_TRIM_REMOVALS]);
}

int records_put(struct records *records, const struct registry_record *record, int64_t sum,
		int64_t heard_utc_ns, const struct records_signature *signature)
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
	sqlite3_bind_int64(put, 6, heard_utc_ns);
	sqlite3_bind_text(put, 7, signature->signer, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 8, signature->signed_s);
	err = sqlite_run(put);
	if (err < 0)
		return err;
	return change_keys(records, DO_PUT_KEY, sqlite3_last_insert_rowid(records->sqlite), record);
}

int records_hear(struct records *records, int64_t id, int64_t heard_utc_ns)
{
	sqlite3_bind_int64(records->statement[DO_HEAR], 1, id);
	sqlite3_bind_int64(records->statement[DO_HEAR], 2, heard_utc_ns);
	return sqlite_run(records->statement[DO_HEAR]);
}

int records_date(struct records *records, int64_t now_utc_ns)
{
	sqlite3_bind_int64(records->statement[DO_DATE], 1, now_utc_ns);
	return sqlite_run(records->statement[DO_DATE]);
}

/* ---- opening a file ------------------------------------------------------------------ */

static bool put_keys(void *data, const struct records_row *row)
{
	struct records *records = data;
	struct registry_complaint complaint;
	struct registry_record *record;

	if (registry_record_read(row->kind, row->json, row->bytes, &record, &complaint) < 0)
		return true;
	records->err = change_keys(records, DO_PUT_KEY, row->id, record);
	registry_record_free(record);
	return records->err == 0;
}

static int rebuild(struct records *records)
{
	int err = records_each(records, REGISTRY_CONSIGNMENT, put_keys, records);

	if (err == 0 && records->err == 0)
		err = records_each(records, REGISTRY_AEO, put_keys, records);
	if (err == 0)
		err = records->err;
	return err < 0 ? err : records_commit(records);
}

int records_open(const char *path, enum records_mode mode, int64_t limit_bytes,
		 struct records **ret_records)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (mode == RECORDS_READ ? SQLITE_OPEN_READONLY
					  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	struct records *records = calloc(1, sizeof(*records));
	int code, err;

	if (!records)
		return -ENOMEM;
	if (mode == RECORDS_BUILD)
		(void)unlink(path);
	code = sqlite3_open_v2(path, &records->sqlite, flags, NULL);
	err = sqlite_errno(records->sqlite, code);
	if (records->sqlite) /* two hundred small blocks are not worth their memory here */
		sqlite3_db_config(records->sqlite, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	if (err == 0)
		err = set_up(records, mode, limit_bytes);
	if (err == 0)
		err = check_or_create(records, mode);
	if (err == 0)
		err = mode == RECORDS_STREAM ? sqlite_execute(records->sqlite, removals) : 0;
	if (err == 0)
		err = prepare_all(records, mode);
	if (err == 0 && records->rebuild)
		err = rebuild(records);
	if (err == 0 && mode != RECORDS_READ && sqlite3_db_readonly(records->sqlite, "main") == 1)
		err = -EROFS;
	if (err < 0) {
		records_close(records);
		return err;
	}
	*ret_records = records;
	return 0;
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
			.signed_s = sqlite3_column_int64(find, 6),
			.trust = sqlite3_column_int64(find, 7),
		};
		snprintf(ret_list->version, sizeof(ret_list->version), "%s", text_at(find, 0));
		snprintf(ret_list->signer, sizeof(ret_list->signer), "%s", text_at(find, 5));
	}
	sqlite3_reset(find);
	return code == SQLITE_ROW    ? 0
	       : code == SQLITE_DONE ? -ENOENT
				     : sqlite_errno(records->sqlite, code);
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
	sqlite3_bind_text(put, 7, list->signer, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 8, list->signed_s);
	sqlite3_bind_int64(put, 9, list->trust);
	return sqlite_run(put);
}

int records_forget(struct records *records, enum registry_kind kind)
{
	int err = 0;

	for (int i = DO_FORGET_KEYS; err == 0 && i <= DO_FORGET_LIST; i++) {
		sqlite3_bind_int(records->statement[i], 1, (int)kind);
		err = sqlite_run(records->statement[i]);
	}
	return err;
}
