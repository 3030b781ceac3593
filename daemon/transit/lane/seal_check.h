/* A seal compared with what was declared of it: the check of a custody change.
 *
 * After the SAFE Framework's seal integrity programme: look for tampering, compare the number
 * with the document, note the check. Worst first; "intact" needs a seal that was read, closed
 * and whole. No answer is never "missing", it is "unknown". What an operator is has no
 * influence here.
 */
#ifndef CORRIDORD_TRANSIT_LANE_SEAL_CHECK_H
#define CORRIDORD_TRANSIT_LANE_SEAL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/event/vocabulary.h"
#include "transit/registry/consignment.h"
#include "transit/sensor/seal.h"

/* A seal's own clock: 5 s a day, for a trip of 60 days. */
#define SEAL_CLOCK_TOLERANCE_NS (INT64_C(300) * 1000000000)

enum seal_result {
	CHECK_NONE, /* not compared */
	CHECK_INTACT,
	CHECK_UNKNOWN,
	CHECK_EXTRA, /* read, not declared, and all that are declared were read too */
	CHECK_MISSING, /* declared, not read by the time the boom went up */
	CHECK_MISMATCH, /* read instead of a declared one */
	CHECK_CLONE, /* was at another place too short a time ago */
	CHECK_REOPENED, /* opened and closed again since it was affixed or last seen */
	CHECK_OPENED,
	CHECK_TAMPERED,
};

enum seal_because {
	SEAL_BECAUSE_NOTHING,
	SEAL_BECAUSE_STATE, /* what the reader says of it */
	SEAL_BECAUSE_COUNTER,
	SEAL_BECAUSE_TIME, /* closed later than declared */
	SEAL_BECAUSE_ELSEWHERE,
	SEAL_BECAUSE_NOT_READ,
	SEAL_BECAUSE_READER, /* it cannot see */
	SEAL_BECAUSE_NOT_DECLARED,
	SEAL_BECAUSE_CONTAINER, /* its container was not shown, others of the consignment were */
	SEAL_BECAUSE_TOO_MANY, /* numbers were read to note them all */
};

/* How a seal shows itself in a lane. */
struct seal_sighting {
	enum seal_state state;
	int64_t state_mono_ns;
	bool reopened; /* its counters moved while it was not seen */
	bool elsewhere; /* another lane saw it too short a time ago */
	bool sealed_known;
	int64_t sealed_utc_ns; /* when it was closed, by its own clock */
	struct seal_counter counters[SEAL_COUNTERS];
};

struct seal_finding {
	enum seal_result result;
	enum seal_because because;
};

/* declared: NULL for one that no consignment declares and that stands for no missing one. */
struct seal_finding seal_check(const struct declared_seal *declared,
			       const struct seal_sighting *sighting);

enum event_id seal_result_event(enum seal_result result);
const char *seal_result_name(enum seal_result result); /* "mismatch" */
const char *seal_because_name(enum seal_because because); /* "counter", NULL: nothing */

#endif
