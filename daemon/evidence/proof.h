/* That one event is in a log, as C2SP's tlog-proof has it: a text that can be checked offline by whoever
 * has the event and the keys.
 *
 *	c2sp.org/tlog-proof@v1
 *	index 4710
 *	<hash in base64>, a line for each of the path
 *
 *	<the signed head>
 *
 * Makes and reads these texts; the checks are tree.h's and whoever knows keys. Nothing here allocates. */
#ifndef CORRIDORD_EVIDENCE_PROOF_H
#define CORRIDORD_EVIDENCE_PROOF_H

#include "evidence/note.h"

#define PROOF_BYTES 4096 /* with a signed head */

struct proof {
	uint64_t index; /* of the leaf, from 0 */
	struct tree_path path;
	const char *note; /* within the text */
	size_t note_bytes;
};

/* Characters, or -E2BIG. note: with its NUL. */
int proof_write(uint64_t index, const struct tree_path *path, const char *note, char *out,
		size_t size);

/* -EINVAL: it is none. The text is borrowed. */
int proof_read(const char *text, size_t bytes, struct proof *ret_proof);

#endif
