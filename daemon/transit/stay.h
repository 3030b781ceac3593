/* Consignments that stand at this checkpoint: judged by their itinerary when they arrive and
 * while they stay, until they leave.
 *
 * One stay for each consignment, from its first binding at the checkpoint to the end of the
 * passage that takes it out, whichever lanes it uses. The alarms of the itinerary (route.*) are
 * raised once in a stay and cleared at its end; the book latches them. How long it stands is
 * measured by the monotonic clock; what was before a restart is added by the labels.
 *
 * A stay outlives the daemon by its memory ("stay/<ucr>"). STAYS_MAX at most, none longer than
 * STAY_LONGEST_NS: its end was not seen then, which is not told.
 */
#ifndef CORRIDORD_STAY_H
#define CORRIDORD_STAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alarm_book.h"
#include "itinerary.h"
#include "memo.h"
#include "passage.h"

#define STAYS_MAX	256
#define STAY_LONGEST_NS (INT64_C(30) * 86400 * 1000000000)

struct stay {
	char ucr[IDENTIFIER_BYTES]; /* empty: the place is free */
	char came_from[64]; /* empty: not announced */
	char passage[PASSAGE_ID_BYTES]; /* that it began with */
	int64_t stop, stops; /* as told; stop 0: not on the itinerary */
	int64_t dwell_ns; /* most it should stand here, INT64_MAX: not said */
	int64_t arrived_mono_ns; /* before a restart: as if it had been this boot's */
	int64_t arrived_utc_ns;
	uint32_t raised; /* 1 << route_finding; ROUTE_FINDINGS: dwell */
	bool changed;
};

struct stays {
	const char *checkpoint;
	struct alarm_book *book;
	struct stay places[STAYS_MAX];
	bool changed; /* one of them */
	uint64_t refused; /* found no room: not judged */
	int64_t started_mono_ns; /* nothing was noticed before */
};

/* Where a consignment was seen. */
struct stay_place {
	const char *lane;
	const char *passage; /* its id, or NULL */
	int64_t at_mono_ns;
};

void stays_init(struct stays *stays, const char *checkpoint, struct alarm_book *book);

/* Before stays_start(). What is no stay or not readable is ignored. */
void stays_recall(struct stays *stays, const char *key, const char *text);
void stays_start(struct stays *stays, const struct instant *now);

/* Bound to a passage: begins its stay, unless that has begun. place: where and when the vehicle
 * arrived, which may be some time ago. came_from: checkpoint that
 * announced it, or NULL. Without an itinerary there is nothing to judge. */
void stays_arrive(struct stays *stays, struct teller *teller, const struct stay_place *place,
		  const struct consignment *consignment, const char *came_from);
/* Gone. */
void stays_leave(struct stays *stays, struct teller *teller, const struct stay_place *place,
		 const char *ucr);

/* It was taken for another: the stay is over, if it began with this passage. */
void stays_retract(struct stays *stays, struct teller *teller, const struct stay_place *place,
		   const char *ucr);

/* Which stop of its itinerary this is, from 1; 0: none of them; -1: it does not stand here. */
int64_t stays_stop(struct stays *stays, const char *ucr);

/* An event of a consignment, up to its alarm. place NULL: nothing was seen of it just now. */
struct json *stay_tell_start(struct teller *teller, const struct stay_place *place, const char *ucr,
			     int64_t at_mono_ns);

int64_t stays_deadline(const struct stays *stays); /* INT64_MAX: none */
void stays_tick(struct stays *stays, struct teller *teller);

/* Hands out what changed. */
void stays_keep(struct stays *stays, const struct keeper *keeper);

#endif
