/* Keys of others whose word for a message is taken, and whether a message has it.
 *
 * For corridord itself, which links no OpenSSL: Ed25519 and P-256 by nettle. Pure. */
#ifndef CORRIDORD_EVIDENCE_TRUSTED_H
#define CORRIDORD_EVIDENCE_TRUSTED_H

#include "evidence/vouch.h"

#define TRUSTED_MAX 64

struct trusted {
	struct note_verifier verifier[TRUSTED_MAX];
	size_t count;
};

enum trusted_worth {
	TRUSTED_GOOD,
	TRUSTED_NONE, /* there is no note */
	TRUSTED_WRONG, /* not of this message, not for this topic, no note, or forged */
	TRUSTED_UNKNOWN, /* by keys that are not known */
};

/* -EINVAL: it is no key that signs; -ENOSPC. One that is there already stays once. */
int trusted_add(struct trusted *trusted, const char *verifier_key);

/* What was found good, by which key and signature. */
struct trusted_word {
	struct vouch vouch;
	const struct note_verifier *by;
	struct note_signature signature;
};

/* The signatures alone of a note that vouch_read() took out of the text: GOOD, UNKNOWN, or WRONG, as soon
 * as that of a known key is. Sets by and signature. */
enum trusted_worth trusted_judge(const struct trusted *trusted, const struct note *note,
				 const char *text, struct trusted_word *ret_word);

/* kind and topic: what it has to be for. ret_word is set where it is GOOD: who vouches is for the
 * caller to judge. */
enum trusted_worth trusted_check(const struct trusted *trusted, const char *kind, const char *topic,
				 const char *payload, size_t bytes, struct trusted_word *ret_word);

#endif
