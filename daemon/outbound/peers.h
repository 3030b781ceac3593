/* Gateways that are one another's witnesses: this gateway's part of it.
 *
 * As a log it offers a head to each of its witnesses, from time to time, with the proof that it
 * continues what that one cosigned last, and gathers the cosignatures. As a witness it has the
 * signer cosign what others offer, answers them, and says what they have done: an event each. What
 * is heard waits here until the notary's thread, which has the signer, takes it. */
#ifndef CORRIDORD_OUTBOUND_PEERS_H
#define CORRIDORD_OUTBOUND_PEERS_H

#include "journal/outlet.h"
#include "outbound/signer.h"

#define COSIGN_SCHEMA  "corridord.cosign/1"
#define WITNESS_SCHEMA "corridord.witness/1"

struct peers;

enum peers_word {
	PEERS_COSIGNED, /* a head was, that goes further than the one before */
	PEERS_FORKED, /* two signed heads, first and second, contradict each other */
	PEERS_UNPROVEN, /* its head does not continue what was cosigned, as far as is shown */
	PEERS_BEHIND, /* its head is smaller than what was cosigned */
};

struct peers_news {
	enum peers_word word;
	struct note_head head;
	uint64_t cosigned; /* size, before */
	char first[NOTE_BYTES], second[NOTE_BYTES];
	struct tree_path path; /* FORKED: from the first one's size to the second head */
};

struct peers_host {
	void *data;
	void (*wake)(void *data); /* the notary's thread: there is something to do */
	void (*publish)(void *data, const struct outlet_state *state);
	void (*changed)(void *data); /* peers_take_news() has something */
};

/* All borrowed. name: of this gateway's key. -ENOMEM */
int peers_new(const struct witness_conf *conf, const char *name, const struct peers_host *host,
	      struct peers **ret_peers);
void peers_free(struct peers *peers); /* takes NULL */

/* Any thread. place: "<checkpoint>/<gateway>" of who sent it; one that is not configured is passed
 * over. The newest of each replaces one that waits. */
void peers_hear_request(struct peers *peers, const char *place, const char *text, bool retained);
void peers_hear_note(struct peers *peers, const char *place, const char *note);
/* The log has a critical event up to there: a head with it is offered sooner. */
void peers_press(struct peers *peers, const struct event_head *head);
bool peers_take_news(struct peers *peers, struct peers_news *ret_news);
/* The furthest head of the epoch that some have cosigned, with all their lines and those of each key of
 * this log that they know. Its size, 0: none. */
uint64_t peers_gathered(struct peers *peers, const char *epoch, char out[NOTE_BYTES]);

/* The notary's thread. */
int64_t peers_due_ns(struct peers *peers, const struct event_head *signed_to);
/* Cosigns what others offer, takes what was cosigned. 1: more is gathered; 0; negative errno: the
 * signer failed. */
int peers_step(struct peers *peers, struct signer *signer);
/* The next one to offer this head to, and from what size it has to be proven; false: none. */
bool peers_next_offer(struct peers *peers, const struct event_head *signed_to, size_t *ret_to,
		      uint64_t *ret_old_size);
void peers_offer_again(struct peers *peers, size_t to); /* soon: it could not be proven now */
void peers_offer(struct peers *peers, size_t to, uint64_t old_size, const struct tree_path *path,
		 const char *note);

#endif
