/* What was signed last: size and root of each origin, in a file of the signer's own.
 *
 * It is on the disk before a signature leaves, so that no two heads are ever signed of which one does
 * not continue the other. A file that cannot be read is a reason to sign nothing. */
#ifndef CORRIDORD_SIGNER_LEDGER_H
#define CORRIDORD_SIGNER_LEDGER_H

#include "evidence/note.h"

#define LEDGER_ORIGINS 64 /* the one that was signed for longest ago gives way */

struct ledger {
	const char *path;
	size_t count;
	struct note_head heads[LEDGER_ORIGINS]; /* the newest last */
};

/* -EINVAL: it is no such file; or another negative errno. One that is not there is empty. */
int ledger_open(struct ledger *ledger, const char *path);

/* NULL: nothing was signed. */
const struct note_head *ledger_last(const struct ledger *ledger, const char *origin);

/* NULL: this head may be signed; else why not. path: from the last head to this one. */
const char *ledger_objects(const struct ledger *ledger, const struct note_head *head,
			   const struct tree_path *path);
int ledger_note(struct ledger *ledger, const struct note_head *head); /* negative errno */

#endif
