/* An arrival judged against the declared itinerary: the right checkpoint, in its turn, in its
 * window, and not for too long.
 *
 * A forced deviation from the prescribed itinerary is incident 1 of Common Transit (UCC-IA
 * art. 305), and code 03 of the EAEU's navigation seals; a time that cannot be kept is
 * incident 5. The vocabulary has these with the events.
 *
 * What is not known is not judged: the order only when another checkpoint announced the
 * consignment, the window only with a clock that was once set. A checkpoint may be on an
 * itinerary more than once (there and back).
 *
 * Pure data: strings are borrowed from the consignment, nothing is allocated.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_ITINERARY_H
#define CORRIDORD_TRANSIT_LEGS_ITINERARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/reading.h"
#include "transit/event/vocabulary.h"
#include "transit/registry/consignment.h"

struct jw;

enum route_finding {
	ROUTE_FOUND_WRONG_CHECKPOINT,
	ROUTE_FOUND_SKIPPED,
	ROUTE_FOUND_OUT_OF_ORDER,
	ROUTE_FOUND_EARLY,
	ROUTE_FOUND_LATE,
	ROUTE_FOUND_OFF_ITINERARY, /* it came from a checkpoint that is not on it */
	ROUTE_FINDINGS
};

struct arrival {
	const char *checkpoint;
	const char *came_from; /* checkpoint that announced it; NULL: nobody did */
	int64_t utc_ns;
	enum clock_state clock;
	const char *sent_to; /* where it was redirected to, instead of here; or NULL */
};

struct route_verdict {
	bool declared; /* there is an itinerary; else nothing was judged */
	bool order_judged, window_judged;
	uint32_t findings; /* bit 1 << route_finding */
	const struct itinerary_stop *stops; /* all of them */
	size_t stop_count;
	const struct itinerary_stop *stop; /* this one; NULL: not on the itinerary */
	const struct itinerary_stop *next; /* after it; NULL: none, or not known */
	const char *came_from;
	const char *expected; /* where it should have come next, NULL: here, or not known */
	const struct itinerary_stop *skipped; /* the first of them, NULL: none */
	size_t skipped_count;
	int64_t outside_ns; /* how early or late */
};

struct route_verdict itinerary_judge(const struct consignment *consignment,
				     const struct arrival *arrival);

enum event_id route_finding_event(enum route_finding finding);

/* "route": what was compared. dwell_ns: how long it stands there already, INT64_MIN: not
 * asked. limit_ns: INT64_MAX: none. */
void itinerary_tell(const struct route_verdict *verdict, struct jw *json, int64_t dwell_ns,
		    int64_t limit_ns);

#endif
