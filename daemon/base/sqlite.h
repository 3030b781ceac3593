/* The door to SQLite: how each of our files is opened, and what an error means as errno.
 *
 * Worth telling apart: -ENOSPC (no room: disk, quota or limit), -EUCLEAN (damaged, or not ours),
 * -EBUSY (another process has it), -EROFS, -ENOMEM, -ENOENT (only from opening); any other is
 * what the system said, or -EIO. A statement that cannot be prepared does not fit its tables:
 * they are not ours. Of one that was prepared the same code, SQLITE_ERROR, is -EIO: that SQLite
 * has taken back a transaction by itself is no reason to give up the file.
 */
#ifndef CORRIDORD_BASE_SQLITE_H
#define CORRIDORD_BASE_SQLITE_H

#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

/* Of a code that a call on this connection has just returned; 0: it is no error. */
int sqlite_errno(struct sqlite3 *sqlite, int code);
/* The same in words. */
void sqlite_explain(struct sqlite3 *sqlite, int code, char *text, size_t size);

/* Right after opening: pages of 4 KiB, one process, nothing in the file is trusted. */
int sqlite_set_up(struct sqlite3 *sqlite);

int sqlite_execute(struct sqlite3 *sqlite, const char *sql);
/* The one integer that a statement yields. */
int sqlite_ask(struct sqlite3 *sqlite, const char *sql, int64_t *ret_answer);
/* To be kept for long; the caller finalizes it. */
int sqlite_prepare(struct sqlite3 *sqlite, const char *sql, struct sqlite3_stmt **ret_statement);
/* Runs a prepared statement whose rows, if any, do not matter. */
int sqlite_run(struct sqlite3_stmt *statement);

#endif
