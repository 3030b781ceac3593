/* A barrier: the boom, the presence of a vehicle at it, and what they say together.
 *
 * States: closed, opening, open, closing, unknown, fault. Fed from limit
 * switches (two booleans) or a status point whose map gives these words.
 * A point reference is an index, or POINT_NONE.
 *
 * Which way the boom moves follows from the limit it left. A broken arm is a
 * fault, wherever its drive stands. With one limit switch alone the boom is taken to have
 * reached the other end (reason assumed) when the travel time is over.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_BARRIER_H
#define CORRIDORD_TRANSIT_SENSOR_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/sensor/sensor.h"

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
	int64_t present_mono_ns; /* since when it has been known and the same */
	enum answer passed;
	int64_t passed_mono_ns; /* when one came beyond the boom, to be judged; INT64_MAX: none */
	bool opening; /* the boom was seen to leave closed; of that opening: */
	int64_t opening_mono_ns; /* when it left closed */
	int64_t closed_mono_ns; /* when it was closed again; INT64_MAX: not yet */
	uint32_t vehicles; /* that went through since */
};

struct barrier {
	struct sensor sensor; /* first: the one is cast to the other */
	const struct barrier_conf *conf;
	const struct point *status, *closed_limit, *open_limit; /* NULL: not configured */
	const struct point *presence, *presence_fault, *passed, *arm_broken;
	struct alarm alarms[BARRIER_ALARM_COUNT];

	struct verdict boom; /* of status or limits, whatever the arm */
	enum barrier_state position; /* of boom */
	enum barrier_state heading; /* where it goes from the limit it reached last */
	int64_t moving_mono_ns; /* since when it is between the limits; INT64_MAX: it is not */
	int64_t timeout_mono_ns; /* when its travel time was over; INT64_MAX: it is not */
	enum barrier_state state; /* as last judged */
	struct traffic traffic;
};

/* points: borrowed, indexed by the references of conf. */
void barrier_init(struct barrier *barrier, const struct barrier_conf *conf, const char *lane,
		  const struct point *const *points);

/* Its inputs have changed, or were read again while it waits. */
void barrier_judge(struct barrier *barrier, struct teller *teller);

/* Its deadline has come. */
void barrier_tick(struct barrier *barrier, struct teller *teller, int64_t at_mono_ns);
int64_t barrier_deadline(const struct barrier *barrier); /* INT64_MAX: none */

#endif
