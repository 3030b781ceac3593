#include "journal_db.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CACHE_KIB     256
#define WAL_PAGES_LOW 64
#define WAL_PAGES_TOP 1024

/* Free pages are used again rather than given back (no auto_vacuum): the journal runs in a
 * circle within its quota, and room once taken is room that nobody else can fill. */
static const char *const pragmas[] = {
	"PRAGMA page_size=4096",     "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL",
	"PRAGMA synchronous=FULL",   "PRAGMA wal_autocheckpoint=0",   "PRAGMA secure_delete=OFF",
	"PRAGMA cell_size_check=ON", "PRAGMA temp_store=MEMORY",      "PRAGMA mmap_size=0",
	"PRAGMA trusted_schema=OFF",
};

static const char schema_begin[] =
	"BEGIN;"
	"CREATE TABLE journal(id INTEGER PRIMARY KEY, mark TEXT, events INTEGER, alerts INTEGER,"
	" sum INTEGER);"
	"CREATE TABLE epoch(no INTEGER PRIMARY KEY, id TEXT NOT NULL);"
	"CREATE TABLE alert(id INTEGER PRIMARY KEY, position INTEGER NOT NULL, shelf INTEGER NOT NULL);"
	"CREATE INDEX alert_position ON alert(position);"
	"CREATE TABLE state(key TEXT PRIMARY KEY, word TEXT NOT NULL) WITHOUT ROWID;";

/* Came later: added to a file that has none. Its rows have as many columns as an event's, for
 * journal_raw.c. */
static const char schema_memory[] =
	"CREATE TABLE IF NOT EXISTS memory(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
	" text TEXT, version INTEGER NOT NULL, sum INTEGER NOT NULL)";

static const char schema_shelf[] =
	"CREATE TABLE %s(position INTEGER PRIMARY KEY, sum INTEGER NOT NULL, recorded INTEGER,"
	" type TEXT NOT NULL, payload BLOB NOT NULL);";

static const char *const shelf_names[SHELF_COUNT] = {"telemetry", "health", "evidence"};

static const char *const statements[DO_COUNT] = {
	[DO_BEGIN] = "BEGIN",
	[DO_COMMIT] = "COMMIT",
	[DO_ROLLBACK] = "ROLLBACK",
	[DO_PUT_MARKS] = "INSERT OR REPLACE INTO journal VALUES(1,?1,?2,?3,?4)",
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
	[DO_DROP_ALERTS_OF] = "DELETE FROM alert WHERE position BETWEEN ?1 AND ?2 AND shelf=?3",
	[DO_COUNT_PAGES] = "PRAGMA page_count",
	[DO_COUNT_FREE] = "PRAGMA freelist_count",
};

static const char *const shelf_statements[SHELF_STATEMENTS] = {
	[SHELF_PUT] = "INSERT INTO %s VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING",
	[SHELF_AFTER] = ("SELECT position,sum,recorded,type,payload FROM %s WHERE position>?1"
			 " ORDER BY position"),
	[SHELF_AT] = "SELECT position,sum,recorded,type,payload FROM %s WHERE position=?1",
	[SHELF_BELOW] = "SELECT position FROM %s WHERE position<?1 ORDER BY position DESC LIMIT 1",
	[SHELF_NTH] = ("SELECT max(position) FROM (SELECT position FROM %s WHERE position<=?1"
		       " ORDER BY position LIMIT ?2)"),
	[SHELF_DROP] = "DELETE FROM %s WHERE position BETWEEN ?1 AND ?2",
};

static int to_errno(int code)
{
	switch (code & 0xFF) {
	case SQLITE_OK:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_SCHEMA:
	case SQLITE_MISMATCH:
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	default:
		return -EIO;
	}
}

int db_fail(struct db *db, int code)
{
	int err = to_errno(code);
	int system = db->sqlite ? sqlite3_system_errno(db->sqlite) : 0;

	snprintf(db->why, sizeof(db->why), "%s", sqlite3_errstr(code));
	if (err == -EIO && system == EDQUOT)
		return -ENOSPC;
	if ((err != -EIO && err != -ENOENT) || system <= 0 || system == EUCLEAN || system == EBUSY)
		return err;
	err = -system;
	snprintf(db->why, sizeof(db->why), "%s: %s", sqlite3_errstr(code), strerror(system));
	return err;
}

static int not_ours(struct db *db, const char *why)
{
	snprintf(db->why, sizeof(db->why), "%s", why);
	return -EUCLEAN;
}

int db_run(struct db *db, struct sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? 0 : db_fail(db, code);
}

static int execute(struct db *db, const char *sql)
{
	int code = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_fail(db, code);
}

/* The one integer that a statement yields. */
static int ask(struct db *db, const char *sql, int64_t *ret_answer)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL);

	if (code != SQLITE_OK)
		return db_fail(db, code);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret_answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : db_fail(db, code);
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
		snprintf(db->why, sizeof(db->why), "it is not a file");
		return -EINVAL;
	}
	if (stat(path, &file) < 0 || file.st_size == 0)
		return stat(log_path, &log) == 0 && log.st_size > 0
			       ? not_ours(db, "the file is gone, its log is still there")
			       : 0;
	if (stat(log_path, &log) == 0 && log.st_size > 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, header, sizeof(header), 0);
	close(fd);
	if (n < (ssize_t)sizeof(header) || memcmp(header, "SQLite format 3", 16) != 0)
		return not_ours(db, "it is not a database");
	pages = (uint32_t)header[28] << 24 | (uint32_t)header[29] << 16 |
		(uint32_t)header[30] << 8 | header[31];
	if (memcmp(header + 24, header + 92, 4) == 0 &&
	    file.st_size / DB_PAGE_BYTES < (int64_t)pages)
		return not_ours(db, "the file is shorter than it should be");
	return 0;
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
	size_t i;
	int err;

	for (i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++)
		if ((err = execute(db, pragmas[i])) < 0)
			return err;
	snprintf(sql, sizeof(sql), "PRAGMA cache_size=-%d", CACHE_KIB);
	if ((err = execute(db, sql)) < 0)
		return err;
	snprintf(sql, sizeof(sql), "PRAGMA journal_size_limit=%d",
		 db->wal_pages_max * DB_PAGE_BYTES);
	if ((err = execute(db, sql)) < 0)
		return err;
	if (sqlite3_db_readonly(db->sqlite, "main") == 1)
		return db_fail(db, SQLITE_READONLY);
	sqlite3_wal_hook(db->sqlite, on_commit, db);
	return 0;
}

static int create(struct db *db)
{
	char sql[256];
	int shelf;
	int err;

	if ((err = execute(db, schema_begin)) < 0)
		return err;
	for (shelf = 0; shelf < SHELF_COUNT; shelf++) {
		sqlite3_snprintf(sizeof(sql), sql, schema_shelf, shelf_names[shelf]);
		if ((err = execute(db, sql)) < 0)
			return err;
	}
	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		 DB_APPLICATION, DB_VERSION);
	return execute(db, sql);
}

/* An empty database is one whose creation was cut off: it is made again. */
static int check_or_create(struct db *db)
{
	int64_t tables = 0, application = 0, version = 0;
	int err;

	if ((err = ask(db, "SELECT count(*) FROM sqlite_schema", &tables)) < 0)
		return err;
	if ((err = ask(db, "PRAGMA application_id", &application)) < 0)
		return err;
	if ((err = ask(db, "PRAGMA user_version", &version)) < 0)
		return err;
	if (tables == 0 && (application == 0 || application == DB_APPLICATION))
		return create(db);
	if (application != DB_APPLICATION)
		return not_ours(db, "it is the database of another program");
	if (version != DB_VERSION)
		return not_ours(db, "it was written by another version");
	return 0;
}

/* A schema that does not fit its statements is no schema of ours. */
static int prepare(struct db *db, const char *sql, sqlite3_stmt **ret_statement)
{
	int code = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement,
				      NULL);

	if (code == SQLITE_ERROR)
		return not_ours(db, "its tables are not as they should be");
	return code == SQLITE_OK ? 0 : db_fail(db, code);
}

static int prepare_all(struct db *db)
{
	char sql[256];
	int shelf, i;
	int err;

	for (i = 0; i < DO_COUNT; i++)
		if ((err = prepare(db, statements[i], &db->statement[i])) < 0)
			return err;
	for (shelf = 0; shelf < SHELF_COUNT; shelf++) {
		for (i = 0; i < SHELF_STATEMENTS; i++) {
			sqlite3_snprintf(sizeof(sql), sql, shelf_statements[i], shelf_names[shelf]);
			if ((err = prepare(db, sql, &db->on_shelf[shelf][i])) < 0)
				return err;
		}
	}
	return 0;
}

/* Little of a small quota, and of a disk that is nearly full. */
static void size_limits(struct db *db, const char *path)
{
	int64_t pages = db->quota_bytes / DB_PAGE_BYTES / 32;
	char copy[PATH_MAX];
	struct statvfs fs;

	snprintf(copy, sizeof(copy), "%s", path);
	if (statvfs(dirname(copy), &fs) == 0) {
		int64_t free_pages = (int64_t)(fs.f_bavail * fs.f_frsize) / DB_PAGE_BYTES;

		if (pages > free_pages / 64)
			pages = free_pages / 64;
	}
	if (pages < WAL_PAGES_LOW)
		pages = WAL_PAGES_LOW;
	if (pages > WAL_PAGES_TOP)
		pages = WAL_PAGES_TOP;
	db->wal_pages_max = (int)pages;
}

void db_freeze(struct db *db, bool frozen)
{
	int64_t pages = db->quota_bytes / DB_PAGE_BYTES;
	int64_t now = 0;
	char sql[64];

	pages += pages / 16 + WAL_PAGES_LOW;
	if (frozen && ask(db, "PRAGMA page_count", &now) == 0)
		pages = now;
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%lld", (long long)pages);
	(void)execute(db, sql);
}

/* SQLite's word for a file that may not be written to is not always the clearest. */
static int explain(struct db *db, const char *path, int err)
{
	if (err == -EUCLEAN || err == -EBUSY || err == -ENOMEM || access(path, W_OK) == 0 ||
	    errno == ENOENT)
		return err;
	err = -errno;
	snprintf(db->why, sizeof(db->why), "%s", strerror(-err));
	return err;
}

int db_open(struct db *db, const char *path, int64_t quota_bytes)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_EXRESCODE;
	int err;
	int code;

	*db = (struct db){.quota_bytes = quota_bytes};
	size_limits(db, path);
	if ((err = check_length(db, path)) < 0)
		return err;
	code = sqlite3_open_v2(path, &db->sqlite, flags, NULL);
	err = code == SQLITE_OK ? 0 : db_fail(db, code);
	if (err == 0)
		err = set_up(db);
	if (err == 0)
		err = check_or_create(db);
	if (err == 0)
		err = execute(db, schema_memory);
	if (err == 0)
		err = prepare_all(db);
	if (err == 0)
		err = db_load(db);
	if (err < 0) {
		db_close(db, false);
		return explain(db, path, err);
	}
	db_freeze(db, false);
	return 0;
}

void db_close(struct db *db, bool checkpoint)
{
	int shelf, i;

	if (!db->sqlite)
		return;
	for (i = 0; i < DO_COUNT; i++)
		sqlite3_finalize(db->statement[i]);
	for (shelf = 0; shelf < SHELF_COUNT; shelf++)
		for (i = 0; i < SHELF_STATEMENTS; i++)
			sqlite3_finalize(db->on_shelf[shelf][i]);
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

	if (code != SQLITE_OK)
		return db_fail(db, code);
	db->wal_pages = 0;
	return 0;
}
