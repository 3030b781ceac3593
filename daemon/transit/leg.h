/* The way from one checkpoint to the next: what was announced compared with what arrived.
 *
 * Seal continuity: the same seals, closed, whole, and with counters that did not move. A
 * counter that moved means opened and closed again between the two checkpoints. What could
 * not be compared makes the continuity unknown, never kept.
 */
#ifndef CORRIDORD_LEG_H
#define CORRIDORD_LEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handover.h"

#define LEG_FINDINGS 8 /* in one event; more are counted */

enum leg_result {
	LEG_SAME,
	LEG_UNKNOWN, /* not read, or without the counters it had */
	LEG_EXTRA, /* was not announced */
	LEG_MISSING, /* was announced, and readers that answer do not see it */
	LEG_OPENED,
	LEG_TAMPERED,
	LEG_REOPENED,
};

enum leg_continuity { LEG_KEPT, LEG_NOT_KNOWN, LEG_BROKEN };

struct leg_finding {
	char number[IDENTIFIER_BYTES];
	enum leg_result result;
	bool counted; /* the counters tell */
	int64_t openings_before, openings_now; /* -1: not known */
	int64_t tamperings_before, tamperings_now;
};

struct leg_observed {
	const struct leg_seal *seals;
	size_t seal_count;
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
	bool timed; /* both clocks were once set */
	int64_t duration_ns;
	bool early; /* faster than least_ns: an announcement or a seal that is not genuine */
};

void leg_judge(const struct handover *announced, const struct leg_observed *observed,
	       int64_t least_ns, struct leg_verdict *ret_verdict);

/* Whether a seal was at two places too short a time apart to be one seal: a clone of it. */
bool leg_is_too_short(int64_t one_utc_ns, enum clock_state one, int64_t other_utc_ns,
		      enum clock_state other, int64_t least_ns);

/* "leg". verdict NULL: not arrived. */
void leg_tell(const struct handover *announced, const struct leg_verdict *verdict,
	      struct json *json);

const char *leg_result_name(enum leg_result result);
const char *leg_continuity_name(enum leg_continuity continuity);

#endif
