#include "journal/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sqlite.h"
#include "journal/files.h"
#include "journal/wal.h"

#define WAL_PAGES_LOW 64
#define WAL_PAGES_TOP 1024
#define FORM_BITS     16 /* of user_version; above them, the additions */
#define LENT_PAGES    32 /* more than the tombstones of one step fill */

/* Free pages are used again rather than given back (no auto_vacuum): the journal runs in a
 * circle within its quota, and room once taken is room that nobody else can fill. */
static const char settings[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
	"PRAGMA secure_delete=OFF; PRAGMA cache_size=-128"; /* KiB */

static const char schema_begin[] =
	"BEGIN;"
	"CREATE TABLE journal(id INTEGER PRIMARY KEY, mark TEXT, events INTEGER, alerts INTEGER,"
	" sum INTEGER);"
	"CREATE TABLE epoch(no INTEGER PRIMARY KEY, id TEXT NOT NULL);"
	"CREATE TABLE alert(id INTEGER PRIMARY KEY, position INTEGER NOT NULL, shelf INTEGER NOT NULL);"
	"CREATE INDEX alert_position ON alert(position);"
	"CREATE TABLE state(key TEXT PRIMARY KEY, word TEXT NOT NULL) WITHOUT ROWID;";

/* Came later: added to a file that has none. The rows of memory have as many columns as an
 * event's, for raw.c; those of tile and evicted have fewer, so that it does not see them. */
static const char *const additions[] = {
	"CREATE TABLE IF NOT EXISTS memory(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
	" text TEXT, version INTEGER NOT NULL, sum INTEGER NOT NULL)",
	"CREATE TABLE IF NOT EXISTS owner(id INTEGER PRIMARY KEY, machine TEXT NOT NULL)",
	"CREATE TABLE IF NOT EXISTS tile(position INTEGER PRIMARY KEY, root BLOB NOT NULL,"
	" frontier BLOB NOT NULL, leaves BLOB NOT NULL)",
	"CREATE TABLE IF NOT EXISTS evicted(first INTEGER PRIMARY KEY, last INTEGER NOT NULL)",
};

static const char schema_class[] =
	"CREATE TABLE %s(position INTEGER PRIMARY KEY, sum INTEGER NOT NULL, recorded INTEGER,"
	" type TEXT NOT NULL, payload BLOB NOT NULL);";

static const char *const class_tables[CLASSES] = {"telemetry", "health", "evidence"};

static const char *const statements[DO_COUNT] = {
	[DO_BEGIN] = "BEGIN",
	[DO_COMMIT] = "COMMIT",
	[DO_ROLLBACK] = "ROLLBACK",
	[DO_PUT_MARKS] = "INSERT OR REPLACE INTO journal VALUES(1,?1,?2,?3,?4)",
	[DO_PUT_OWNER] = "INSERT OR REPLACE INTO owner VALUES(1,?1)",
	[DO_PUT_EPOCH] = "INSERT INTO epoch VALUES(?1,?2)",
	[DO_PUT_STATE] = ("INSERT INTO state VALUES(?1,?2)"
			  " ON CONFLICT(key) DO UPDATE SET word=?2 WHERE word<>?2"),
	[DO_PUT_ALERT] = "INSERT INTO alert VALUES(?1,?2,?3)",
	[DO_PUT_MEMORY] = ("INSERT INTO memory(key,text,version,sum) VALUES(?1,?2,?3,?4)"
			   " ON CONFLICT(key) DO UPDATE SET text=?2,version=?3,sum=?4"),
	[DO_DROP_FORGOTTEN] = "DELETE FROM memory WHERE text IS NULL",
	[DO_DROP_MEMORIES] = "DELETE FROM memory",
	[DO_FIND_ALERTS] = "SELECT id,position,shelf FROM alert WHERE id>?1 ORDER BY id LIMIT ?2",
	[DO_DROP_ALERTS] = "DELETE FROM alert WHERE id<=?1",
	[DO_PUT_TILE] = "INSERT OR REPLACE INTO tile VALUES(?1,?2,?3,?4)",
	[DO_FIND_TILE] = ("SELECT position,root,frontier,leaves FROM tile WHERE position<?1"
			  " ORDER BY position DESC LIMIT 1"),
	[DO_AT_TILE] = "SELECT position,root,frontier,leaves FROM tile WHERE position=?1",
	[DO_DROP_TILES] = ("DELETE FROM tile WHERE position<=(SELECT position FROM tile"
			   " ORDER BY position DESC LIMIT 1 OFFSET ?1)"),
	[DO_PUT_EVICTED] = "INSERT INTO evicted VALUES(?1,?2)",
	[DO_MERGE_EVICTED] = "DELETE FROM evicted WHERE first BETWEEN ?1 AND ?2",
	[DO_FIND_EVICTED] = ("SELECT first,last FROM evicted WHERE first<=?2 AND first>="
			     "(SELECT coalesce(max(first),0) FROM evicted WHERE first<=?1)"
			     " ORDER BY first"),
	[DO_DROP_EVICTED] = ("DELETE FROM evicted WHERE first<=(SELECT first FROM evicted"
			     " ORDER BY first DESC LIMIT 1 OFFSET ?1)"),
	[DO_DROP_ALERTS_OF] = "DELETE FROM alert WHERE position BETWEEN ?1 AND ?2 AND shelf=?3",
};

static const char *const row_statements[ROW_STATEMENTS] = {
	[ROW_PUT] = "INSERT INTO %s VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING",
	[ROW_AFTER] = ("SELECT position,sum,recorded,type,payload FROM %s WHERE position>?1"
		       " ORDER BY position"),
	[ROW_AT] = "SELECT position,sum,recorded,type,payload FROM %s WHERE position=?1",
	[ROW_BELOW] = "SELECT position FROM %s WHERE position<?1 ORDER BY position DESC LIMIT 1",
	[ROW_NTH] = ("SELECT max(position) FROM (SELECT position FROM %s WHERE position<=?1"
		     " ORDER BY position LIMIT ?2)"),
	[ROW_DROP] = "DELETE FROM %s WHERE position BETWEEN ?1 AND ?2",
};

int db_note(struct db *db, int err)
{
	if (err < 0)
		sqlite_explain(db->sqlite, sqlite3_extended_errcode(db->sqlite), db->last_error,
			       sizeof(db->last_error));
	return err;
}

int db_unclean(struct db *db, const char *text)
{
	snprintf(db->last_error, sizeof(db->last_error), "%s", text);
	return -EUCLEAN;
}

int db_run(struct db *db, struct sqlite3_stmt *statement)
{
	return db_note(db, sqlite_run(statement));
}

int db_ask(struct db *db, const char *sql, int64_t *ret_answer)
{
	return db_note(db, sqlite_ask(db->sqlite, sql, ret_answer));
}

int db_query(struct db *db, const char *sql, int (*call)(void *data, sqlite3_stmt *row), void *data)
{
	sqlite3_stmt *walk = NULL;
	int code = sqlite3_prepare_v2(db->sqlite, sql, -1, &walk, NULL);
	int err = 0;

	if (code == SQLITE_OK)
		while (err == 0 && (code = sqlite3_step(walk)) == SQLITE_ROW)
			err = call(data, walk);
	if (err == 0)
		err = db_note(db, sqlite_errno(db->sqlite, code));
	sqlite3_finalize(walk);
	return err;
}

static int execute(struct db *db, const char *sql)
{
	return db_note(db, sqlite_execute(db->sqlite, sql));
}

/* A whole file is at least as long as its header says. With a log beside it, it may not be
 * whole yet. Looked at before SQLite has it open: closing a second descriptor would drop
 * SQLite's locks. */
static int check_length(struct db *db, const char *path)
{
	unsigned char header[100];
	char log_path[4096];
	struct stat file, log;
	uint32_t pages;
	ssize_t n;
	int fd;

	snprintf(log_path, sizeof(log_path), "%s-wal", path);
	if (stat(path, &file) == 0 && !S_ISREG(file.st_mode)) {
		snprintf(db->last_error, sizeof(db->last_error), "it is not a file");
		return -EINVAL;
	}
	if (stat(path, &file) < 0 || file.st_size == 0)
		return stat(log_path, &log) == 0 && log.st_size > 0
			       ? db_unclean(db, "the file is gone, its log is still there")
			       : 0;
	if (stat(log_path, &log) == 0 && log.st_size > 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, header, sizeof(header), 0);
	close(fd);
	if (n < (ssize_t)sizeof(header) || memcmp(header, "SQLite format 3", 16) != 0)
		return db_unclean(db, "it is not a database");
	pages = (uint32_t)header[28] << 24 | (uint32_t)header[29] << 16 |
		(uint32_t)header[30] << 8 | header[31];
	if (memcmp(header + 24, header + 92, 4) == 0 &&
	    file.st_size / DB_PAGE_BYTES < (int64_t)pages)
		return db_unclean(db, "the file is shorter than it should be");
	return 0;
}

/* SQLite says nothing of what it drops. Before anything is written: it would be overwritten. */
static int check_log(struct db *db, const char *path)
{
	struct wal wal;
	bool damaged;
	int err = wal_open(path, &wal);

	if (err < 0)
		return err;
	damaged = wal_is_damaged(&wal);
	wal_close(&wal);
	return damaged ? db_unclean(db, "its log is damaged") : 0;
}

static int on_commit(void *data, sqlite3 *sqlite, const char *name, int pages)
{
	struct db *db = data;

	(void)sqlite, (void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

static int set_up(struct db *db)
{
	char sql[64];
	int err = db_note(db, sqlite_set_up(db->sqlite));

	snprintf(sql, sizeof(sql), "PRAGMA journal_size_limit=%d",
		 db->wal_pages_max * DB_PAGE_BYTES);
	if (err == 0)
		err = execute(db, settings);
	if (err == 0)
		err = execute(db, sql);
	if (err == 0 && sqlite3_db_readonly(db->sqlite, "main") == 1) {
		sqlite_explain(db->sqlite, SQLITE_READONLY, db->last_error, sizeof(db->last_error));
		return -EROFS;
	}
	sqlite3_wal_hook(db->sqlite, on_commit, db);
	return err;
}

static int create(struct db *db)
{
	char sql[256];
	int err;

	if ((err = execute(db, schema_begin)) < 0)
		return err;
	for (enum event_class c = 0; c < CLASSES; c++) {
		sqlite3_snprintf(sizeof(sql), sql, schema_class, class_tables[c]);
		if ((err = execute(db, sql)) < 0)
			return err;
	}
	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		 DB_APPLICATION, DB_FORM);
	return execute(db, sql);
}

/* What a newer version added stays, and so does its number. Nothing is written where all is there. */
static int bring_up(struct db *db)
{
	char sql[64];
	int64_t version = 0;
	int err = db_ask(db, "PRAGMA user_version", &version);

	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", DB_ADDITIONS << FORM_BITS | DB_FORM);
	if (err == 0)
		err = execute(db, "BEGIN");
	for (size_t i = 0; err == 0 && i < sizeof(additions) / sizeof(additions[0]); i++)
		err = execute(db, additions[i]);
	if (err == 0 && version >> FORM_BITS < DB_ADDITIONS)
		err = execute(db, sql);
	return err == 0 ? execute(db, "COMMIT") : err;
}

/* An empty database is one whose creation was cut off: it is made again. */
static int check_or_create(struct db *db)
{
	int64_t tables = 0, application = 0, version = 0;
	int err;

	if ((err = db_ask(db, "SELECT count(*) FROM sqlite_schema", &tables)) < 0)
		return err;
	if ((err = db_ask(db, "PRAGMA application_id", &application)) < 0)
		return err;
	if ((err = db_ask(db, "PRAGMA user_version", &version)) < 0)
		return err;
	if (tables == 0 && (application == 0 || application == DB_APPLICATION))
		return create(db);
	if (application != DB_APPLICATION)
		return db_unclean(db, "it is the database of another program");
	if ((version & ((1 << FORM_BITS) - 1)) != DB_FORM)
		return db_unclean(db, "it was written by another version");
	return 0;
}

/* A schema that does not fit its statements is no schema of ours. */
static int prepare(struct db *db, const char *sql, sqlite3_stmt **ret_statement)
{
	int err = db_note(db, sqlite_prepare(db->sqlite, sql, ret_statement));

	if (err == -EUCLEAN && sqlite3_errcode(db->sqlite) == SQLITE_ERROR)
		return db_unclean(db, "its tables are not as they should be");
	return err;
}

static int prepare_all(struct db *db)
{
	char sql[256];
	int err;

	for (int i = 0; i < DO_COUNT; i++)
		if ((err = prepare(db, statements[i], &db->statement[i])) < 0)
			return err;
	for (enum event_class c = 0; c < CLASSES; c++) {
		for (int i = 0; i < ROW_STATEMENTS; i++) {
			sqlite3_snprintf(sizeof(sql), sql, row_statements[i], class_tables[c]);
			if ((err = prepare(db, sql, &db->of_class[c][i])) < 0)
				return err;
		}
	}
	return 0;
}

/* Little of a small quota, and of a disk that is nearly full. */
static void size_limits(struct db *db, const char *path)
{
	int64_t pages = db->quota_bytes / DB_PAGE_BYTES / 32;
	int64_t free_pages = files_free_bytes(path) / DB_PAGE_BYTES;

	if (pages > free_pages / 64)
		pages = free_pages / 64;
	if (pages < WAL_PAGES_LOW)
		pages = WAL_PAGES_LOW;
	if (pages > WAL_PAGES_TOP)
		pages = WAL_PAGES_TOP;
	db->wal_pages_max = (int)pages;
}

static void limit_pages(struct db *db, int64_t pages)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)pages);
	(void)execute(db, sql);
}

void db_freeze(struct db *db, bool frozen)
{
	int64_t pages = db->quota_bytes / DB_PAGE_BYTES;
	int64_t now = 0;

	pages += pages / 16 + WAL_PAGES_LOW;
	if (frozen && db_ask(db, "PRAGMA page_count", &now) == 0)
		pages = now;
	db->frozen = frozen;
	db->pages_max = pages;
	limit_pages(db, pages);
}

void db_lend_pages(struct db *db, bool lent)
{
	limit_pages(db, db->pages_max + (lent ? LENT_PAGES : 0));
}

void db_close(struct db *db, bool checkpoint)
{
	if (!db->sqlite)
		return;
	for (int i = 0; i < DO_COUNT; i++)
		sqlite3_finalize(db->statement[i]);
	for (enum event_class c = 0; c < CLASSES; c++)
		for (int i = 0; i < ROW_STATEMENTS; i++)
			sqlite3_finalize(db->of_class[c][i]);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, checkpoint ? 0 : 1, NULL);
	sqlite3_close(db->sqlite);
	free(db->epochs);
	db->sqlite = NULL;
	db->epochs = NULL;
	db->epoch_count = 0;
}

int db_checkpoint(struct db *db)
{
	int code = sqlite3_wal_checkpoint_v2(db->sqlite, "main", SQLITE_CHECKPOINT_PASSIVE, NULL,
					     NULL);

	if (code == SQLITE_OK)
		db->wal_pages = 0;
	return db_note(db, sqlite_errno(db->sqlite, code));
}

int db_connect(struct db *db, const char *path, int64_t quota_bytes)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_EXRESCODE;
	int code, err;

	*db = (struct db){.quota_bytes = quota_bytes};
	size_limits(db, path);
	if ((err = check_length(db, path)) < 0)
		return err;
	files_make_private(path);
	code = sqlite3_open_v2(path, &db->sqlite, flags, NULL);
	err = db_note(db, sqlite_errno(db->sqlite, code));
	if (err == 0)
		err = set_up(db);
	if (err == 0)
		err = check_log(db, path);
	if (err == 0)
		err = check_or_create(db);
	if (err == 0)
		err = bring_up(db);
	return err == 0 ? prepare_all(db) : err;
}
