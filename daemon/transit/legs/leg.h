/* The way from one checkpoint to the next: what was announced compared with what arrived.
 *
 * Seal continuity is kept only where that is shown: each seal that was announced or is declared
 * was closed and whole when it left, is so now, and its counters did not move. A counter that
 * moved means opened and closed again between the two checkpoints. What was not whole before and
 * is no worse now is open; what could not be compared makes it unknown, and so does an announcement
 * that is doubtful.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_LEG_H
#define CORRIDORD_TRANSIT_LEGS_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/legs/handover.h"

#define LEG_FINDINGS 8 /* in one event; more are counted */

enum leg_result {
	LEG_SAME,
	LEG_UNKNOWN, /* not read at one end, or without a counter that the other end has */
	LEG_EXTRA, /* was not announced */
	LEG_ABSENT, /* was missing when it left, and still is */
	LEG_NOT_WHOLE, /* was open or tampered with when it left, and is no worse */
	LEG_MISSING, /* was announced, and readers that answer do not see it */
	LEG_RETURNED, /* was missing when it left, and is there again */
	LEG_OPENED,
	LEG_TAMPERED,
	LEG_REOPENED,
};

enum leg_continuity { LEG_KEPT, LEG_NOT_KNOWN, LEG_OPEN, LEG_BROKEN };

struct leg_finding {
	char number[IDENTIFIER_BYTES];
	enum leg_result result;
	bool counted; /* there are counters to compare */
	int64_t openings_before, openings_now; /* -1: not known */
	int64_t tamperings_before, tamperings_now;
	char counted_at[HANDOVER_NAME_BYTES]; /* those before; empty: where it was announced */
	int64_t counted_utc_ns;
};

struct leg_observed {
	const struct leg_seal *seals;
	size_t seal_count;
	size_t unread; /* behind these in seals: declared ones that were not read */
	bool complete; /* all readers answered: what was not seen is not there */
	int64_t arrived_utc_ns;
	enum clock_state clock;
};

struct leg_verdict {
	enum leg_continuity continuity;
	size_t observed;
	struct leg_finding findings[LEG_FINDINGS];
	size_t finding_count;
	size_t findings_more;
	bool timed; /* both clocks were once set, and no clock is at fault */
	int64_t duration_ns;
	bool clock_fault; /* negative, or faster than any vehicle: one of the clocks is wrong */
	enum clock_state clock; /* of the arrival */
};

void leg_judge(const struct handover *announced, const struct leg_observed *observed,
	       int64_t least_ns, struct leg_verdict *ret_verdict);

/* Seen at two places within less: two seals, of which one is a clone. */
bool leg_is_too_short(int64_t one_utc_ns, enum clock_state one, int64_t other_utc_ns,
		      enum clock_state other, int64_t least_ns);

/* "leg". verdict NULL: not arrived. */
void leg_tell(const struct handover *announced, const struct leg_verdict *verdict, struct jw *json);

const char *leg_result_name(enum leg_result result);
const char *leg_continuity_name(enum leg_continuity continuity);

#endif
