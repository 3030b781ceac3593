/* The write-ahead log of a SQLite file, read without SQLite.
 *
 * SQLite takes frames up to the last commit before the first one that does not fit, and drops
 * what lies behind without a word. Here it is seen: frames of the log's own generation (its
 * salt) behind that place.
 *
 * A power cut leaves of them what it likes, but only of the transaction that was being written:
 * nothing is written behind a commit before that is synced. So a frame whose running sum goes on
 * from a commit says that the commit was on the disk: what is in its way was damaged. What lies
 * there unlinked was left by a transaction that was cut off or failed, now or before.
 */
#ifndef CORRIDORD_JOURNAL_WAL_H
#define CORRIDORD_JOURNAL_WAL_H

#include <stdbool.h>
#include <stdint.h>

struct wal {
	int fd; /* -1: there is none */
	uint64_t committed; /* frames that SQLite takes */
	uint64_t frames; /* with those behind */
	uint64_t commits_behind;
	bool went_on; /* behind one of them */
	bool headless; /* its first bytes are no header: SQLite takes nothing */
	uint32_t *page; /* which page each frame holds, 0: none */
};

/* path: of the file that it belongs to. -ENOMEM; there may be no log. */
int wal_open(const char *path, struct wal *ret_wal);
void wal_close(struct wal *wal);

/* More was committed to it than SQLite would take. */
bool wal_is_damaged(const struct wal *wal);

/* The content of a frame's page, DB_PAGE_BYTES. */
bool wal_read(const struct wal *wal, uint64_t frame, unsigned char *out);

#endif
