/* A barrier: the boom, the presence of a vehicle at it, and what they say together.
 *
 * States: closed, opening, open, closing, unknown, fault. Fed from limit
 * switches (two booleans) or a status point whose map gives these words.
 * A point reference is an index, or POINT_NONE.
 *
 * Which way the boom moves follows from the limit it left. A broken arm is a
 * fault, wherever its drive stands.
 */
#ifndef CORRIDORD_BARRIER_H
#define CORRIDORD_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "sensor.h"

struct barrier_conf {
	const char *name;
	int32_t status; /* words closed, opening, open, closing, fault, unknown */
	int32_t closed_limit; /* true: boom is down */
	int32_t open_limit; /* true: boom is up */
	int32_t presence; /* true: a vehicle stands at the boom (loop or beam) */
	int32_t presence_fault; /* true: that sensor is broken, whatever it says */
	int32_t passed; /* true: a vehicle stands beyond the boom (second loop or beam) */
	int32_t arm_broken; /* true: boom broken or dislodged */
	int64_t travel_time_ns; /* neither limit for longer: travel timeout; 0: off */
	int64_t presence_stuck_ns; /* presence for longer: stuck; 0: off */
	int64_t absence_long_ns; /* no presence for longer: suspicious; 0: off */
};

enum barrier_state {
	BARRIER_CLOSED,
	BARRIER_OPENING,
	BARRIER_OPEN,
	BARRIER_CLOSING,
	BARRIER_UNKNOWN,
	BARRIER_FAULT,
};

enum barrier_alarm {
	BARRIER_ARM_BROKEN,
	BARRIER_LIMIT_CONFLICT,
	BARRIER_TRAVEL_TIMEOUT,
	BARRIER_PRESENCE_UNKNOWN,
	BARRIER_PRESENCE_STUCK,
	BARRIER_PRESENCE_ABSENT,
	BARRIER_ALARM_COUNT
};

/* Vehicles at the boom and beyond it. See barrier_traffic.h. */
struct traffic {
	enum answer present; /* as last known */
	bool blind; /* not known now */
	int64_t present_mono_ns; /* known as such, without a gap, since */
	enum answer passed;
	int64_t passed_mono_ns; /* when a vehicle came beyond a closed boom; INT64_MAX: none to judge */
	bool opening; /* an opening was seen to begin: the next three say which */
	int64_t opening_mono_ns; /* the boom left closed */
	int64_t closed_mono_ns; /* and came back; INT64_MAX: not yet */
	uint32_t vehicles; /* that left during it */
};

struct barrier {
	struct sensor sensor; /* first: the one is cast to the other */
	const struct barrier_conf *conf;
	const struct point *status, *closed_limit, *open_limit; /* NULL: not configured */
	const struct point *presence, *presence_fault, *passed, *arm_broken;
	struct alarm alarms[BARRIER_ALARM_COUNT];

	struct verdict boom; /* without the arm */
	enum barrier_state position; /* of boom */
	enum barrier_state heading; /* where it goes from the limit it reached last */
	int64_t moving_mono_ns; /* between the limits since; INT64_MAX: it is not */
	int64_t timeout_mono_ns; /* when that was too long; INT64_MAX: it was not */
	enum barrier_state state; /* as last told */
	struct traffic traffic;
};

/* points: borrowed, indexed by the references of conf. */
void barrier_init(struct barrier *barrier, const struct barrier_conf *conf, const char *lane,
		  const struct point *points);

/* Its inputs have changed, or were read again while it waits. */
void barrier_judge(struct barrier *barrier, struct teller *teller);

/* A deadline of it has come. */
void barrier_tick(struct barrier *barrier, struct teller *teller, int64_t at_mono_ns);
int64_t barrier_deadline(const struct barrier *barrier); /* INT64_MAX: none */

#endif
