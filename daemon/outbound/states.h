/* The latest retained state of each sensor, and which of them are still to be published.
 *
 * A newer state replaces one that was not yet sent. The entry of a sensor stays for
 * ever; one that is over goes when the broker has acknowledged its last word, signed if it is to be. Buffers grow
 * to the largest state seen.
 *
 * Patient ones go in bursts: all that wait, then none for a while in which newer ones replace
 * them. A meter's event says the same, and its retained state doubles what is sent.
 *
 * Those that are to be signed first wait in a line of their own until that is done, or is given up:
 * then they go without, and are signed and published anew when it can be.
 * Not locked: the uplink holds its lock around each call.
 */
#ifndef CORRIDORD_UPLINK_STATES_H
#define CORRIDORD_UPLINK_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "journal/outlet.h"

#define STATES_MAX	   4096
#define STATES_PATIENCE_NS (5 * NS_PER_S) /* between two bursts */

struct states;

struct state_copy {
	char key[STATE_KEY_BYTES];
	char payload[STATE_BYTES];
	size_t bytes; /* 0: the empty message removes what is retained */
	uint64_t over; /* its last word: for states_removed(); else 0 */
	bool patient;
	uint64_t put; /* which one of all that were put */
};

int states_new(struct states **ret_states); /* -ENOMEM */
void states_free(struct states *states); /* takes NULL */

/* -ENOSPC: STATES_MAX keys are known already; -E2BIG; -ENOMEM. The old one stays then. */
int states_put(struct states *states, const struct outlet_state *news);

/* The same, of one that is to be signed before it is published. */
int states_put_to_sign(struct states *states, const struct outlet_state *news);
/* The next one to sign; false: none. It waits for one of these two. */
bool states_take_to_sign(struct states *states, struct state_copy *ret_copy);
void states_signed(struct states *states, const struct state_copy *copy); /* with its signature */
void states_not_signed(struct states *states, const struct state_copy *copy); /* waits again */
void states_give_up_signing(struct states *states); /* what waits for it goes without */
void states_sign_again(struct states *states); /* what went without is to be signed */

/* The one that has waited longest to be published, a patient one only when no other waits and
 * their time has come (INT64_MAX: it has); false: none. */
bool states_take(struct states *states, int64_t now_ns, struct state_copy *ret_copy);
int64_t states_due_ns(const struct states *states); /* when there may be one to take */

/* That one could not be sent: it waits again. */
void states_untake(struct states *states, const char *key);

/* That was acknowledged: forgets it, if it was not put anew since. */
void states_removed(struct states *states, uint64_t over);

/* Each is to be published again, those of sensors first; how many these are. */
size_t states_all_again(struct states *states);

#endif
