/* The notary: heads of this gateway's log, signed and published.
 *
 * Owns corridord-signer, the process that has the key: starts it, asks it, starts it again. Has a
 * thread of its own, for signing takes a sync and the signer may hang; nobody waits for it. It asks the same
 * process to cosign heads of others, and offers its own to witnesses (peers.h); and to vouch for
 * handovers (vouching.h). Due is a
 * head at the start, at the stop, when an epoch begins, soon after a critical event, every 256 events
 * and each minute with activity. */
#ifndef CORRIDORD_OUTBOUND_NOTARY_H
#define CORRIDORD_OUTBOUND_NOTARY_H

#include "config/config.h"
#include "evidence/note.h"
#include "journal/outlet.h"
#include "outbound/peers.h"
#include "outbound/vouching.h"

struct notary;

/* What the notary asks for and tells, in its thread. */
struct notary_conf {
	const struct signer_conf *signer; /* borrowed, as all here */
	const struct witness_conf *witness; /* may not be enabled */
	const struct event_origin *origin;
	void *data;
	/* notary_proved() follows; new_size 0: up to the end. */
	void (*prove)(void *data, uint64_t old_size, uint64_t new_size);
	void (*changed)(void *data); /* what notary_why() says, or there are news of witnesses */
	void (*state)(void *data, const struct outlet_state *state); /* is to be retained */
	/* JSON members of the retained head. */
	void (*signed_head)(void *data, const char *members, size_t bytes);
	struct vouching_host handovers; /* that are to be signed */
};

int notary_new(const struct notary_conf *conf, struct notary **ret_notary); /* negative errno */
int notary_start(struct notary *notary);

/* Any thread. */
void notary_grown(struct notary *notary, const struct event_head *head, bool critical);
void notary_proved(struct notary *notary, const struct outlet_proof *proof);
void notary_handover(struct notary *notary); /* there is one to sign */
#define NOTARY_WHY_BYTES 128

/* Why nothing is signed, empty: it is. */
void notary_why(struct notary *notary, char why[NOTARY_WHY_BYTES]);

/* With which keys heads are signed, as in signer.h. true: others than when it was asked last. */
bool notary_take_keys(struct notary *notary, char keys[SIGNER_KEYS_BYTES]);

/* A signed head of the epoch, and its size: one that has event seq and is cosigned if there is one,
 * else the last one. false: none that is still at hand. */
bool notary_note(struct notary *notary, const char *epoch, uint64_t seq, char out[NOTE_BYTES],
		 uint64_t *ret_size);
struct peers *notary_peers(const struct notary *notary); /* NULL: there are none */
/* All that there is now is to be signed at once. */
void notary_hurry(struct notary *notary);
bool notary_is_done(struct notary *notary); /* that was; or it cannot be */

/* false: its thread does not end by then; nothing is freed. Takes NULL. */
bool notary_free(struct notary *notary, int64_t deadline_mono_ns);

#endif
