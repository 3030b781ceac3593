#include "base/sqlite.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

static int to_errno(int code)
{
	switch (code & 0xFF) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
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

/* What the system said of a file or disk that fails, 0: nothing. SQLite keeps it for longer, so
 * it is of no other error; and it never says that the file is damaged, or another's. */
static int system_errno(struct sqlite3 *sqlite, int code)
{
	int system = sqlite ? sqlite3_system_errno(sqlite) : 0;

	code &= 0xFF;
	if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN)
		return 0;
	return system == EUCLEAN || system == EBUSY ? 0 : system;
}

int sqlite_errno(struct sqlite3 *sqlite, int code)
{
	int system = system_errno(sqlite, code);

	if (system == EDQUOT)
		return -ENOSPC;
	return system > 0 && system != ENOENT ? -system : to_errno(code);
}

void sqlite_explain(struct sqlite3 *sqlite, int code, char *text, size_t size)
{
	int system = system_errno(sqlite, code);

	snprintf(text, size, "%s%s%s", sqlite3_errstr(code), system > 0 ? ": " : "",
		 system > 0 ? strerror(system) : "");
}

int sqlite_set_up(struct sqlite3 *sqlite)
{
	/* Its small change is for the parser: what is prepared once hardly needs any. */
	(void)sqlite3_db_config(sqlite, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
	return sqlite_execute(sqlite, "PRAGMA page_size=4096; PRAGMA locking_mode=EXCLUSIVE;"
				      "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
				      "PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF");
}

int sqlite_execute(struct sqlite3 *sqlite, const char *sql)
{
	return sqlite_errno(sqlite, sqlite3_exec(sqlite, sql, NULL, NULL, NULL));
}

int sqlite_ask(struct sqlite3 *sqlite, const char *sql, int64_t *ret_answer)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL);

	if (code != SQLITE_OK)
		return sqlite_errno(sqlite, code);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret_answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE ? -EIO : sqlite_errno(sqlite, code);
}

int sqlite_prepare(struct sqlite3 *sqlite, const char *sql, struct sqlite3_stmt **ret_statement)
{
	int code =
		sqlite3_prepare_v3(sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL);

	return code == SQLITE_ERROR ? -EUCLEAN : sqlite_errno(sqlite, code);
}

int sqlite_run(struct sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return sqlite_errno(sqlite3_db_handle(statement), code);
}
