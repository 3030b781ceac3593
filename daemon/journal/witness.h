/* Witnesses: what lies outside a journal's file and says how far it had come.
 *
 * A file that was turned back (an old image, a clone, a disk that lied about its flush) is whole
 * and says nothing of it. So the end of the chain is also written beside the file, and once
 * more in the fallback's folder, which is not on the same disk:
 *
 *   <path>.head          of the file at the path, synced every few seconds and at the end
 *   <fallback>.witness   the same; believed within the boot that wrote it
 *   <fallback>.head      of the fallback's file
 *
 * A record is written behind the commit that it tells of. So whatever a power cut leaves of it,
 * the file has at least as much, unless its disk lied. Two places take turns, each with a sum: one
 * that is torn costs no more than itself.
 *
 * What was lost at a stop is told here too: a record needs no room on a full disk.
 */
#ifndef CORRIDORD_JOURNAL_WITNESS_H
#define CORRIDORD_JOURNAL_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/db.h"

#define WITNESS_BOOT_BYTES 40

struct testimony {
	struct event_head head; /* seq 0: nothing is known */
	char boot[WITNESS_BOOT_BYTES]; /* that wrote it */
	uint64_t lost[CLASSES]; /* events that the stop before could not write */
};

struct witness {
	int fd; /* -1: closed, or it could not be opened */
	uint64_t serial; /* of the newest record */
	int place; /* of the next ones, until they are synced: the other one is on the disk */
	bool dirty; /* not synced */
	int64_t synced_ns;
};

/* The newest record of a file that is not in use. false: there is none. */
bool witness_read(const char *path, struct testimony *ret_testimony);

/* Opens, or creates it. What cannot be opened is silently none: it only tells of other faults. */
void witness_open(struct witness *witness, const char *path);
void witness_close(struct witness *witness); /* syncs it; a closed one is fine */

/* Behind a commit. Does not sync. */
void witness_write(struct witness *witness, const struct testimony *testimony);
int64_t witness_due_ns(const struct witness *witness); /* when to sync; INT64_MAX: it need not */
void witness_sync(struct witness *witness, int64_t now_ns);

#endif
