/* The memories (event.h) as they are after the last commit, beside the table that holds them.
 *
 * They are few and small, and another file may have to take the journal's place at any time:
 * then they are written into it whole. Of two files the one with the newer version has the
 * right ones, all of them.
 */
#ifndef CORRIDORD_JOURNAL_MEMORY_H
#define CORRIDORD_JOURNAL_MEMORY_H

#include "journal/db.h"

struct memory {
	char *key;
	char *text; /* NULL: forgotten, in a set that is being read from a damaged file */
	uint64_t version;
};

struct memory_set {
	struct memory *item; /* by key */
	size_t count, size;
	uint64_t version; /* of the newest change, forgotten ones too */
};

struct memories {
	struct memory_set set;
	bool known; /* they were looked for */
	bool unwritten; /* all of them go with the next transaction */
	uint64_t forgotten; /* in this file */
};

void memories_fini(struct memories *memories);

/* A file was opened: finds what is remembered there, beside it (files.h) or in other (NULL: there
 * is none), or has it written into this one. */
void memories_begin_file(struct memories *memories, struct db *db, const char *path,
			 const char *other);

/* Within a transaction: those of the draft, or all if they are unwritten. */
int memories_put(struct memories *memories, struct db *db, const struct event_draft *draft);
int memories_put_unwritten(struct memories *memories, struct db *db);
/* The transaction was committed; and with it the draft. */
void memories_written(struct memories *memories);
void memories_take(struct memories *memories, const struct event_draft *draft);

#endif
