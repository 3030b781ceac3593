/* The legs that begin and end at this checkpoint: what leaves is announced to the next one
 * (departure.h), what others announced is waited for (expectation.h) and compared when it is
 * here (leg.h), what came before its announcement is remembered (visit.h).
 *
 * An arrival is judged as soon as all seals that were announced are seen, at the latest when
 * the boom goes up: leg.arrived, and leg.broken where the seals are not as they left. In the
 * same transaction the announcement is taken back, by the empty state of its topic.
 */
#ifndef CORRIDORD_LEGS_H
#define CORRIDORD_LEGS_H

#include <stdbool.h>
#include <stdint.h>

#include "alarm_book.h"
#include "handover.h"
#include "leg.h"
#include "stay.h"

struct legs;
struct teller;

/* doc/mqtt.md and the options of the block "handover" explain them. */
struct legs_conf {
	const char *gateway; /* its id */
	int64_t overdue_after_ns; /* beyond the window of arrival */
	int64_t keep_ns; /* beyond that, what has not arrived is waited for */
	int64_t shortest_ns; /* a leg that is faster is no leg; 0: not judged */
};

enum legs_heard {
	LEGS_EXPECTED, /* waited for */
	LEGS_KNOWN, /* heard again */
	LEGS_ARRIVED, /* was here already */
	LEGS_OURS, /* announced by this checkpoint */
	LEGS_ELSEWHERE, /* to another one */
	LEGS_EXPIRED,
};

/* A consignment in a lane. */
struct legs_custody {
	struct stay_place place;
	const char *ucr;
	const char *rule; /* that it was bound by */
	struct leg_seal seals[HANDOVER_SEALS]; /* as observed */
	size_t seal_count;
	int64_t seals_more;
	bool complete; /* the readers answer: what was not seen is not there */
};

/* All borrowed. -ENOMEM. */
int legs_new(const struct legs_conf *conf, const char *checkpoint, struct alarm_book *book,
	     struct legs **ret_legs);
void legs_free(struct legs *legs); /* takes NULL */

void legs_recall(struct legs *legs, const char *key, const char *text);
void legs_start(struct legs *legs, struct teller *teller);

/* Who announced it, NULL: nobody. */
const char *legs_came_from(struct legs *legs, const char *ucr);
/* What was announced of it, NULL: nothing. */
const struct handover *legs_announced(struct legs *legs, const char *ucr);
/* Whether a vehicle with it is in a lane. */
void legs_here(struct legs *legs, const char *ucr, bool here);
/* A vehicle with it is in a lane, its seals were looked at. final: what was not seen by now
 * will not be. */
void legs_check(struct legs *legs, struct teller *teller, const struct legs_custody *custody,
		bool final);
/* It left the checkpoint. next: where its itinerary leads, NULL: nowhere. */
void legs_depart(struct legs *legs, struct teller *teller, const struct legs_custody *custody,
		 const struct itinerary_stop *next);

/* The seal was announced from another checkpoint, which it left too short a time before. */
bool legs_too_fast(const struct legs *legs, const char *number, const struct instant *at);

/* Heard. ret_gave_way: UCR of an expectation for which there is no room any more, or empty. */
enum legs_heard legs_announce(struct legs *legs, struct teller *teller,
			      const struct handover *handover, char ret_gave_way[IDENTIFIER_BYTES]);
void legs_take_back(struct legs *legs, struct teller *teller, const char *ucr);
void legs_connected(struct legs *legs, struct teller *teller);
/* Before all of it was heard: nothing is taken back until it is connected again. */
void legs_disconnected(struct legs *legs);

int64_t legs_deadline(const struct legs *legs, const struct teller *teller);
void legs_tick(struct legs *legs, struct teller *teller);

#endif
