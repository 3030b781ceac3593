/* Reads the events out of a journal's file page by page, without SQLite.
 *
 * For a file that SQLite refuses (its first page or its inner pages are gone) or
 * that may not be written to. Leaf pages are found by their form, in the file
 * and in its log (wal.h); an event counts only if its payload still has the hash
 * that was stored with it. Events come in no certain order,
 * some more than once, and some that were removed long ago.
 */
#ifndef CORRIDORD_JOURNAL_RAW_H
#define CORRIDORD_JOURNAL_RAW_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/db.h"

struct raw;

/* Each call may be NULL. */
struct raw_sink {
	void *data;
	/* row's type is read from the payload; its class is not set. */
	void (*event)(void *data, const char *epoch, const struct db_row *row);
	void (*marks)(void *data, uint64_t events, uint64_t alerts);
	/* text NULL: forgotten. Older versions come too, in any order. */
	void (*memory)(void *data, const char *key, const char *text, uint64_t version);
};

enum raw_extent {
	RAW_COMMITTED, /* of the log what SQLite would take */
	RAW_ALL, /* what lies behind a damaged place too */
};

/* Reads the log's index. -ENOENT: neither the file nor a log is there. */
int raw_open(const char *path, enum raw_extent extent, struct raw **ret_raw);
void raw_close(struct raw *raw);

/* Reads further pages. false: that was all. */
bool raw_read(struct raw *raw, unsigned pages, const struct raw_sink *sink);

/* Where it goes on reading: pages of the file, then of the log. */
uint64_t raw_tell(const struct raw *raw);
void raw_seek(struct raw *raw, uint64_t page);

/* Whether this page of the file holds rows, or leads to them. The first one does not count, nor
 * does one with the rest of a long row, which may be read anywhere. */
bool raw_is_tree(struct raw *raw, uint64_t page);

/* Reads where the watermarks and the ends of the journal usually are; does not move. */
void raw_peek(struct raw *raw, const struct raw_sink *sink);

/* Calls memory only: from the log and as much of the file as is read in a moment, where the
 * table lies unless the file was long in use before it was needed. Does not move. */
void raw_memories(struct raw *raw, const struct raw_sink *sink);

struct raw_owner {
	char checkpoint[128], gateway[128];
};

/* Whose event it is, for people. */
void raw_whose(const char *payload, size_t bytes, struct raw_owner *ret_owner);

#define RAW_BOOT_BYTES 40

/* When it was recorded, and in which boot. false: it does not say. */
bool raw_recorded(const char *payload, size_t bytes, char ret_boot[RAW_BOOT_BYTES],
		  struct instant *ret_at);

/* From a payload; false: it has none. */
bool raw_identity(const char *payload, size_t bytes, char ret_epoch[EVENT_EPOCH_BYTES],
		  uint64_t *ret_seq, char *ret_type, size_t type_size);

/* What the row, and the table of epochs, say of an event is what the event says of itself. */
bool raw_agrees(const struct db_row *row, const char *epoch);

#endif
