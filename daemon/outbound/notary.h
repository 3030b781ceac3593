/* The notary: heads of this gateway's log, signed and published.
 *
 * Owns corridord-signer, the process that has the key: starts it, asks it, starts it again. Has a
 * thread of its own, for signing takes a sync and the signer may hang; nobody waits for it. Due is a
 * head at the start, at the stop, when an epoch begins, soon after a critical event, every 256 events
 * and each minute with activity. */
#ifndef CORRIDORD_OUTBOUND_NOTARY_H
#define CORRIDORD_OUTBOUND_NOTARY_H

#include "config/config.h"
#include "journal/outlet.h"

struct notary;

/* What the notary asks for and tells, in its thread. */
struct notary_conf {
	const struct signer_conf *signer; /* borrowed, as all here */
	const struct event_origin *origin;
	void *data;
	void (*prove)(void *data, uint64_t old_size); /* notary_proved() follows */
	void (*changed)(void *data); /* what notary_why() says */
	/* JSON members of the retained head. */
	void (*signed_head)(void *data, const char *members, size_t bytes);
};

int notary_new(const struct notary_conf *conf, struct notary **ret_notary); /* negative errno */
int notary_start(struct notary *notary);

/* Any thread. */
void notary_grown(struct notary *notary, const struct event_head *head, bool critical);
void notary_proved(struct notary *notary, const struct outlet_proof *proof);
#define NOTARY_WHY_BYTES 128

/* Why nothing is signed, empty: it is. */
void notary_why(struct notary *notary, char why[NOTARY_WHY_BYTES]);

/* The last signed head of the epoch, and its size. false: none that is still at hand. */
bool notary_note(struct notary *notary, const char *epoch, char *out, size_t size,
		 uint64_t *ret_size);
/* All that there is now is to be signed at once. */
void notary_hurry(struct notary *notary);
bool notary_is_done(struct notary *notary); /* that was; or it cannot be */

/* false: its thread does not end by then; nothing is freed. Takes NULL. */
bool notary_free(struct notary *notary, int64_t deadline_mono_ns);

#endif
