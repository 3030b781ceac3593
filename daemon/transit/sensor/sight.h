/* Whether a seal that is seen no more has gone, or is at the edge of the reader's field.
 *
 * There a tag comes and goes several times a second, is read well and badly in turn, or
 * takes turns with another one. Nothing of that is an event: once what vanished has come
 * back at once, it has gone when it was not seen for a while; what could not be read and
 * can again, when that lasts; one of several numbers that come in turn, when it stays. Nor
 * is a seal missing, which an officer has to see to, before that has lasted a moment. What
 * tells of opening or tampering is never held back, nor that a seal cannot be read.
 *
 * Pure; used by seal.c.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_SIGHT_H
#define CORRIDORD_TRANSIT_SENSOR_SIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/reading.h"

#define SIGHT_PAST 8 /* numbers that take turns at one reader */

enum sight_seen { SIGHT_THERE, SIGHT_ABSENT, SIGHT_MISSING };

/* A number that gave way to another one. */
struct sight_past {
	char number[VALUE_TEXT_BYTES];
	int64_t left_mono_ns; /* INT64_MIN: none */
};

struct sight {
	char number[VALUE_TEXT_BYTES]; /* of the seal last there; empty: one without a number */
	bool was_there;
	int64_t gone_mono_ns; /* when it vanished; INT64_MAX: it is there */
	int64_t back_mono_ns; /* when it last came back at once; INT64_MIN: it did not */
	uint32_t returns; /* since it was last told */
	int64_t due_ns; /* when it is believed, if it stays so; INT64_MAX: nothing is waited for */

	char shown[VALUE_TEXT_BYTES]; /* the number seen last, believed or not */
	struct sight_past past[SIGHT_PAST]; /* a ring */
	size_t past_next;

	int64_t good_mono_ns; /* since when it is read, and nothing wrong with it; INT64_MIN: never */
	int64_t lost_mono_ns; /* since when it is not; INT64_MAX: it is */
	bool alarmed; /* by an alarm */
	uint32_t
		relapses; /* how often it was well for a moment only, since it was believed to be */
};

void sight_init(struct sight *sight);

/* How a seal looks that looked otherwise before. */
struct sight_look {
	enum sight_seen seen;
	const char *number;
	int64_t at_mono_ns; /* since when */
	int64_t unsettled_ns; /* what debounce may yet take to show it otherwise */
	bool urgent; /* opened or tampered with: not to be held back */
};

/* A number that is not believed, for it was seen once only. */
void sight_glimpse(struct sight *sight, const char *number, int64_t at_mono_ns);

/* It cannot be read, or is opened or tampered with, since then. */
void sight_lost(struct sight *sight, int64_t at_mono_ns);

/* true: it is not to be believed yet, but at due_ns, with over. */
bool sight_waits(struct sight *sight, const struct sight_look *look, bool over);

/* How often it came back, to be told once. */
uint32_t sight_take_returns(struct sight *sight);

#endif
