/* Consignments that stand at this checkpoint: judged by their itinerary when they arrive and
 * while they stay, until they leave; and what officers do with them meanwhile.
 *
 * One stay for each consignment, from its first binding at the checkpoint to the end of the
 * passage that takes it out, whichever lanes it uses. The alarms of the itinerary (route.*) are
 * raised once in a stay and cleared at its end; the book latches them. How long it stands is
 * measured by the monotonic clock; what was in another boot is added by UTC.
 *
 * A stay survives a restart by its memory ("stay/<ucr>"). STAYS_MAX at most: then the oldest of those that
 * have nothing to wait for gives way, or the oldest of all, and memory.gave-way names it. None is
 * longer than STAY_LONGEST_NS: its end was not seen then, which is not told.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_STAY_H
#define CORRIDORD_TRANSIT_LEGS_STAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/alarm_book.h"
#include "transit/event/drawer.h"
#include "transit/event/event.h"
#include "transit/event/memo.h"
#include "transit/legs/itinerary.h"
#include "transit/registry/recognition.h"

#define STAYS_MAX	4096
#define STAY_LONGEST_NS (INT64_C(30) * 86400 * 1000000000)

struct stay {
	char ucr[IDENTIFIER_BYTES];
	char came_from[64]; /* empty: not announced */
	int64_t passage; /* a sum of the id of the one that it began with */
	int64_t stop, stops; /* the stop it is at, of so many; 0: not on the itinerary */
	int64_t dwell_ns; /* the longest it should stand here; INT64_MAX: not said */
	int64_t arrived_mono_ns; /* in another boot: converted to this one's time */
	int64_t arrived_utc_ns;
	bool by_no_clock; /* it was not set then */
	uint32_t raised; /* 1 << route_finding; ROUTE_FINDINGS: dwell */
	bool changed;
	bool over; /* its memory is to be forgotten, and it with it */
	bool unsure; /* how long it stands is not known: another boot without a clock, or it was
			seen first when it left */
	uint32_t parts; /* of one on several vehicles: 1 << the container, of those that are here */
	bool recognised; /* its operator, when it came */
	bool examined;
	enum customs_flow flow; /* 0: not known */
	int64_t control_after_ns; /* an examination began then; -1: none is under way */
	int64_t control_ns; /* those that have ended, together */
	int64_t released_after_ns; /* an officer released it; -1: none did */
};

/* How a stay went, for the study. */
struct stay_course {
	enum customs_flow flow; /* 0: not known */
	bool recognised, examined, unsure;
	int64_t stay_ns;
	int64_t control_ns;
	int64_t released_ns; /* from the arrival; -1: no officer released it */
};

struct stays {
	const char *checkpoint;
	struct alarm_book *book;
	const char *boot; /* the kernel's boot id, or NULL: borrowed */
	struct drawer drawer; /* by UCR */
	struct stay found; /* the one that was looked at last */
	bool changed; /* one of them */
	int64_t deadline_mono_ns; /* of all, as far as deadline_known */
	bool deadline_known;
	int64_t started_mono_ns; /* of the daemon: nothing was noticed before */
};

/* Where a consignment was seen. */
struct stay_place {
	const char *lane;
	const char *passage; /* its id, or NULL */
	int64_t at_mono_ns;
	bool way_out; /* the lane leads out, and others in: it may have come long before */
	const char *came_from; /* the checkpoint that announced it; or NULL */
	const char *sent_to; /* as in struct arrival */
};

int stays_init(struct stays *stays, const char *checkpoint, struct alarm_book *book); /* -ENOMEM */
void stays_fini(struct stays *stays); /* also of those that are all zeros */

/* A memory, before stays_start(). One of others, or not readable, is ignored. */
void stays_recall(struct stays *stays, const char *key, const char *text);
void stays_start(struct stays *stays, const struct instant *now);

/* Bound to a passage: begins its stay, unless that has begun. place: where and when the vehicle
 * arrived, which may be some time ago. Without an itinerary there is
 * nothing to judge but whether it was sent here. */
void stays_arrive(struct stays *stays, struct teller *teller, const struct stay_place *place,
		  const struct consignment *consignment, bool recognised);

/* Some of its containers came in, or left: 1 << each, in the order in which they are declared. true:
 * others are here still. */
void stays_part_came(struct stays *stays, const char *ucr, uint32_t parts);
bool stays_part_went(struct stays *stays, const char *ucr, uint32_t parts);

/* What officers do with it; false: it does not stand here, as far as is known. */
bool stays_begin_control(struct stays *stays, const char *ucr, int64_t at_mono_ns);
/* ret_lasted_ns, ret_after_ns: -1 where that is not known. */
bool stays_end_control(struct stays *stays, const char *ucr, int64_t at_mono_ns,
		       int64_t *ret_lasted_ns);
bool stays_release(struct stays *stays, const char *ucr, int64_t at_mono_ns, int64_t *ret_after_ns);
/* As of that moment. false: it does not stand here. */
bool stays_course(struct stays *stays, const char *ucr, int64_t at_mono_ns,
		  struct stay_course *ret_course);

/* It left the checkpoint. */
void stays_leave(struct stays *stays, struct teller *teller, const struct stay_place *place,
		 const char *ucr);

/* It was bound by mistake: a stay that began with this passage is over. */
void stays_retract(struct stays *stays, struct teller *teller, const struct stay_place *place,
		   const char *ucr);

/* Which stop of its itinerary this is, from 1; 0: none of them; -1: it does not stand here. */
int64_t stays_stop(struct stays *stays, const char *ucr);

/* The start of an event of a consignment; of one that is not known where ucr is empty. place NULL:
 * nothing was seen of it just now. */
struct jw *stay_tell_start(struct teller *teller, const struct stay_place *place, const char *ucr,
			   int64_t at_mono_ns);

int64_t stays_deadline(struct stays *stays); /* INT64_MAX: none */
void stays_tick(struct stays *stays, struct teller *teller);

/* Hands out what changed. */
void stays_keep(struct stays *stays, const struct keeper *keeper);

#endif
