/* The keys that notes are checked with, and the checks (OpenSSL; for the signer and corridor-verify,
 * corridord links none). */
#ifndef CORRIDORD_EVIDENCE_KEYS_H
#define CORRIDORD_EVIDENCE_KEYS_H

#include <stdbool.h>

#include "evidence/note.h"

#define KEYS_MAX 64

struct keys {
	struct note_verifier verifier[KEYS_MAX];
	size_t count;
};

enum note_worth { NOTE_STRANGE, NOTE_FORGED, NOTE_GOOD };

/* A witness's word for a head: at that time it was the furthest one that it knew, and consistent. */
struct cosignature {
	const struct note_verifier *by;
	uint64_t time_s; /* since 1970, by the witness's clock */
};

/* Of a log or a witness. -EINVAL: it is none; -ENOSPC */
int keys_add(struct keys *keys, const char *text);
/* Of logs. FORGED: it has a signature of a known key that is wrong, even if there is a good one of
 * another. ret_by: of the good ones the first one's. */
enum note_worth keys_check(const struct keys *keys, const struct note *note, const char *text,
			   const struct note_verifier **ret_by);
/* A key of a log signs for its own gateway: the origin begins with its name and a slash. */
bool keys_signs_for(const struct note_verifier *by, const char *origin);

/* Of witnesses: the good ones, one of each key. ret_forged: how many of known keys are wrong. */
size_t keys_cosignatures(const struct keys *keys, const struct note *note, const char *text,
			 struct cosignature found[NOTE_SIGNATURES], size_t *ret_forged);

#endif
