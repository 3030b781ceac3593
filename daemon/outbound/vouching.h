/* The notary's other work: handovers of this gateway get the note by which its key vouches for them.
 *
 * A handover is published with it or not at all for a while: at the second failure of the signer in a
 * row what waits goes without, and is signed and published anew when that answers again. The thread of
 * the notary. */
#ifndef CORRIDORD_OUTBOUND_VOUCHING_H
#define CORRIDORD_OUTBOUND_VOUCHING_H

#include "outbound/signer.h"
#include "outbound/states.h"

/* Where the states are; calls of the notary's thread. */
struct vouching_host {
	void *data;
	bool (*take)(void *data, struct state_copy *ret_copy); /* the next one; false: none */
	void (*give)(void *data, const struct state_copy *copy, bool is_signed); /* back */
	void (*give_up)(void *data); /* all that wait go without */
	void (*again)(void *data); /* those are to be signed */
};

struct vouching {
	struct vouching_host host;
	const char *name; /* of the key; borrowed */
	bool lacking; /* some went without */
	struct state_copy copy;
};

/* Signs what waits. Negative errno: the signer failed, and says why. */
int vouching_step(struct vouching *vouching, struct signer *signer);
void vouching_give_up(struct vouching *vouching); /* it failed once more */
bool vouching_resume(struct vouching *vouching); /* it works. true: there is something to sign */

#endif
