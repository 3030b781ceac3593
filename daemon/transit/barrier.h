/* A barrier: the boom, the presence of a vehicle at it, and what they say together.
 *
 * States: closed, opening, open, closing, unknown, fault. Fed from limit
 * switches (two booleans) or a status point whose map gives these words.
 * A point reference is an index, or POINT_NONE.
 */
#ifndef CORRIDORD_BARRIER_H
#define CORRIDORD_BARRIER_H

#include <stdint.h>

struct barrier_conf {
	const char *name;
	int32_t status; /* words closed, opening, open, closing, fault, unknown */
	int32_t closed_limit; /* true: boom is down */
	int32_t open_limit; /* true: boom is up */
	int32_t presence; /* true: a vehicle stands at the boom (loop or beam) */
	int32_t passed; /* true: a vehicle stands beyond the boom (second loop or beam) */
	int32_t arm_broken; /* true: boom broken or dislodged */
	int64_t travel_time_ns; /* neither limit for longer: travel timeout */
	int64_t presence_stuck_ns; /* presence for longer: stuck; 0: off */
	int64_t absence_long_ns; /* no presence for longer: suspicious; 0: off */
};

#endif
