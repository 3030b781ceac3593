/* Whether a seal that is seen no more has gone, or is at the edge of the reader's field.
 *
 * There a tag comes and goes several times a second. Nothing of that is an event: once
 * what vanished has come back at once, it has gone when it was not seen for a while. Nor
 * is a seal missing, which an officer has to see to, before that has lasted a moment. What
 * tells of opening or tampering is never held back.
 *
 * Pure; used by seal.c.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_SIGHT_H
#define CORRIDORD_TRANSIT_SENSOR_SIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/reading.h"

enum sight_seen { SIGHT_THERE, SIGHT_ABSENT, SIGHT_MISSING };

struct sight {
	char number[VALUE_TEXT_BYTES]; /* of the seal last there; empty: one without a number */
	bool was_there;
	int64_t gone_mono_ns; /* when it vanished; INT64_MAX: it is there */
	int64_t back_mono_ns; /* when it last came back at once; INT64_MIN: it did not */
	uint32_t returns; /* since it was last told */
	int64_t due_ns; /* when it has gone, if it stays away; INT64_MAX: nothing is waited for */
};

void sight_init(struct sight *sight);

/* How a seal looks that looked otherwise before. */
struct sight_look {
	enum sight_seen seen;
	const char *number;
	int64_t at_mono_ns; /* since when */
	int64_t unsettled_ns; /* what debounce may yet take to show it otherwise */
};

/* true: it is not to be believed yet, but at due_ns, with over. */
bool sight_waits(struct sight *sight, const struct sight_look *look, bool over);

/* How often it came back, to be told once. */
uint32_t sight_take_returns(struct sight *sight);

#endif
