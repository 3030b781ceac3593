/* What the signer does for the logs of others, and what it checks of theirs. */
#ifndef CORRIDORD_SIGNER_WITNESS_H
#define CORRIDORD_SIGNER_WITNESS_H

#include "evidence/keys.h"
#include "signer/cosigned.h"
#include "signer/key.h"

#define WITNESS_ANSWER_BYTES (2 * (NOTE_BYTES / 3 * 4 + 8) + 32)

struct witness {
	struct key *key; /* NULL: it is nobody's */
	struct cosigned cosigned;
	struct keys logs; /* that it cosigns */
	struct keys others; /* whose cosignatures of our own log are looked for, and our own key */
};

/* Of a request to cosign, in base64, the answer's words:
 *	cosigned NOTE		the head, and the cosignature
 *	again NOTE		the same, of the head that was cosigned last
 *	conflict NOTE		the proof begins elsewhere: this is what was cosigned last
 *	behind NOTE		the same; and the head is smaller than that
 *	forked NOTE NOTE	signed heads of one log of which one does not continue the other
 *	unproven NOTE		no proof that the head continues this one, which was cosigned last
 *	refused WHY */
void witness_cosign(struct witness *witness, const char *request, char out[WITNESS_ANSWER_BYTES]);

/* Of a note of ours, in base64: "good NAME..." whose cosignatures are in it, or "refused WHY". */
void witness_check(const struct witness *witness, const char *note, char out[WITNESS_ANSWER_BYTES]);

#endif
