/* The legs that begin and end at this checkpoint: what leaves is announced to the next one
 * (departure.h), what others announced is waited for (expectation.h) and compared when it is
 * here (leg.h), what came before its announcement is remembered (visit.h).
 *
 * An arrival is judged as soon as all seals that were announced are seen, at the latest when
 * the boom goes up: leg.arrived, and leg.broken, leg.open or leg.unknown where it is not shown that
 * they were kept. What is announced by a checkpoint whose key is known, and not rightly signed, is told as
 * such (leg.unsigned) and waited for, but it neither accuses nor excuses: nothing is overdue, broken, cloned
 * or replaced for it, and it does not take the place of one that is signed. In the same transaction the announcement is withdrawn, by the empty state of its topic;
 * by a gateway that signs, with a word that takes it back. Where signatures are required that word alone counts: the
 * empty message can come from anybody, and silence, too.
 *
 * What came as its itinerary leads, and was announced by nobody in good time, is told (leg.unannounced): the
 * announcement was held back, or never made. Nothing else follows from it.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_H
#define CORRIDORD_TRANSIT_LEGS_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/alarm_book.h"
#include "transit/legs/handover.h"
#include "transit/legs/leg.h"
#include "transit/legs/stay.h"

struct legs;
struct move_list;
struct reseals;
struct teller;

/* Checkpoints of which leg.unannounced is told. */
enum legs_unannounced { LEGS_OF_NONE, LEGS_OF_KEYS, LEGS_OF_ALL };

#define LEGS_KEY_LISTS 2

/* doc/mqtt.md and the options of the block "handover" explain them. */
struct legs_conf {
	const char *gateway; /* its id */
	int64_t overdue_after_ns; /* beyond the window of arrival */
	int64_t keep_ns; /* waited for so much longer */
	int64_t shortest_ns; /* what was faster is not genuine; 0: not judged */
	bool require; /* announcements that are rightly signed, and takes no others */
	int unannounced; /* enum legs_unannounced */
	int unannounced_severity; /* enum severity */
	int64_t unannounced_after_ns; /* the arrival */
	struct legs_keys {
		char *const *key; /* corridor/<checkpoint>/... */
		size_t count;
	} keys[LEGS_KEY_LISTS]; /* of gateways that announce: borrowed */
	bool signs; /* what this gateway says of handovers: so it can take one back in words */
};

enum legs_heard {
	LEGS_EXPECTED, /* waited for */
	LEGS_KNOWN, /* heard again */
	LEGS_ARRIVED, /* was here already */
	LEGS_OURS, /* announced by this checkpoint */
	LEGS_ELSEWHERE, /* to another one */
	LEGS_EXPIRED,
	LEGS_REFUSED, /* not rightly signed */
	LEGS_WITHDRAWN,
};

/* A consignment in a lane, and its seals. */
struct legs_custody {
	struct stay_place place;
	const char *ucr;
	const char *part; /* of it, as in handover.h */
	const char *id; /* handover_id() of both */
	int64_t parts; /* how many there are, where this is one */
	const char *rule; /* that it was bound by */
	struct leg_seal
		seals[HANDOVER_SEALS]; /* as observed; then the declared that were not read */
	size_t seal_count, unread; /* of either; HANDOVER_SEALS at most together */
	int64_t seals_more, unread_more; /* that found no room */
	bool complete; /* the readers answer: what was not seen is not there */
	bool ordered; /* where it goes next is an officer's word */
	const char *planned; /* and its itinerary says this checkpoint; or NULL */
	const char *stop_before; /* of its itinerary, as it comes; NULL: none, or not known */
	bool leaving; /* without the seals that officers removed */
	const struct reseals *reseals; /* what was replaced is not handed on; or NULL */
	const struct move_list *moved; /* is handed on; or NULL */
};

/* All borrowed. -ENOMEM. */
int legs_new(const struct legs_conf *conf, const char *checkpoint, struct alarm_book *book,
	     struct legs **ret_legs);
void legs_free(struct legs *legs); /* takes NULL */

void legs_recall(struct legs *legs, const char *key, const char *text);
void legs_start(struct legs *legs, struct teller *teller);

/* Who announced it, NULL: nobody. */
const char *legs_came_from(struct legs *legs, const char *ucr);
/* Where it was redirected to, instead of here; NULL: it was not. Both valid until the next call. */
const char *legs_sent_to(struct legs *legs, const char *ucr);
/* What was announced of it, NULL: nothing. Valid until the next call. */
const struct handover *legs_announced(struct legs *legs, const char *id);
/* A vehicle with it is in a lane, or is not any more. */
void legs_set_here(struct legs *legs, const char *ucr, bool here); /* with all its parts */
/* The seals of one in a lane have been looked at. final: those that were not seen will not be. */
void legs_check(struct legs *legs, struct teller *teller, struct legs_custody *custody, bool final);
/* It left the checkpoint. next: where its itinerary leads, NULL: nowhere. Counters that custody
 * does not have are taken from what was known of its seals before. */
void legs_depart(struct legs *legs, struct teller *teller, struct legs_custody *custody,
		 const struct itinerary_stop *next);

/* How many are announced, or were; of one, NULL: it is not announced any more. Valid until the next call. */
size_t legs_departures(const struct legs *legs);
const struct handover *legs_departure(struct legs *legs, size_t i);
const struct handover *legs_departed(struct legs *legs, const char *id);
bool legs_is_ordered(struct legs *legs, const char *id); /* an officer sent it where it goes */
/* What left is to go there now: it is announced there and nowhere else. ordered: as an officer
 * says, else as its itinerary. */
void legs_redirect(struct legs *legs, struct teller *teller, const char *id,
		   const struct itinerary_stop *next, bool ordered);
/* What has not left is to go there, as an officer says; its memory goes with what the teller puts
 * next. */
void legs_order(struct legs *legs, struct teller *teller, const char *ucr, const char *to);
/* Where an officer sent what has not left; NULL: as its itinerary leads. */
const char *legs_ordered_to(struct legs *legs, const char *ucr);
void legs_end_order(struct legs *legs, struct teller *teller, const char *ucr); /* it has left */
/* What has left, with all its parts. */
void legs_send(struct legs *legs, struct teller *teller, const char *ucr,
	       const struct itinerary_stop *next);

/* What has left, with all its parts, goes on another vehicle: so it is announced. */
void legs_move(struct legs *legs, struct teller *teller, const char *ucr,
	       const struct move_list *moved);

/* The seal was announced by another checkpoint, which it left too short a time before. */
bool legs_too_fast(struct legs *legs, const char *number, const struct instant *at);

/* It was announced. ret_evicted_ucr: which one had to go for it, or empty. */
enum legs_heard legs_announce(struct legs *legs, struct teller *teller,
			      const struct handover *handover,
			      char ret_evicted_ucr[IDENTIFIER_BYTES]);
/* word: that it is taken back; NULL: the empty message. REFUSED: it is waited for all the same; else
 * WITHDRAWN, or KNOWN: it was not waited for. */
enum legs_heard legs_withdraw(struct legs *legs, struct teller *teller, const char *id,
			      const struct handover *word);
void legs_connected(struct legs *legs, struct teller *teller);
/* Something retained came then, or waits: what is announced again may still come. */
void legs_heard(struct legs *legs, int64_t mono_ns);
/* Perhaps not all of it was: none is withdrawn until there is a connection again. */
void legs_disconnected(struct legs *legs);

int64_t legs_deadline(const struct legs *legs, const struct teller *teller);
void legs_tick(struct legs *legs, struct teller *teller);

#endif
