/* What was cosigned last: the signed head of each log of others, in a file of the signer's own.
 *
 * It is on the disk before a cosignature leaves. Nothing in it is ever forgotten: a log that begins
 * more epochs than there is room for is cosigned no more, and an operator looks why. */
#ifndef CORRIDORD_SIGNER_COSIGNED_H
#define CORRIDORD_SIGNER_COSIGNED_H

#include "evidence/note.h"

#define COSIGNED_HEADS	  64 /* of all logs */
#define COSIGNED_OF_ONE	  16 /* epochs of one log, whose key has this name */
#define COSIGNED_NOTE_MAX 768 /* a head with one signature, and a NUL */

struct cosigned_head {
	struct note_head head;
	char note[COSIGNED_NOTE_MAX]; /* with the log's signature alone */
};

struct cosigned {
	const char *path;
	size_t count;
	struct cosigned_head heads[COSIGNED_HEADS];
};

/* -EINVAL: it is no such file; or another negative errno. One that is not there is empty. */
int cosigned_open(struct cosigned *cosigned, const char *path);

/* NULL: nothing of this log was cosigned. */
const struct cosigned_head *cosigned_last(const struct cosigned *cosigned, const char *origin);

/* log: the name of its key. -ENOSPC: there is no room for another epoch; another negative errno. */
int cosigned_note(struct cosigned *cosigned, const char *log, const struct note_head *head,
		  const char *note);

#endif
