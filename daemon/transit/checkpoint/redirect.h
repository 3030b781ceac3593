/* Consignments that left and were redirected on their way: when the registry changes, each that is
 * announced is asked about again, a few at a time. Where its itinerary leads elsewhere now, the
 * announcement follows it.
 *
 * Part of the checkpoint, which asks and is answered like a lane. Pure.
 */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_REDIRECT_H
#define CORRIDORD_TRANSIT_CHECKPOINT_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/legs/legs.h"
#include "transit/registry/question.h"

#define REDIRECT_OPEN 4 /* questions at a time */
#define REDIRECT_REST_NS \
	(INT64_C(10) * 1000000000) /* between two rounds: a list may come as many records */

struct redirect {
	size_t left; /* departures that are still to be asked about, the last first */
	bool again; /* the registry changed meanwhile */
	int64_t begun_mono_ns; /* 0: never */
	struct {
		uint64_t tag; /* 0: none */
		char id[HANDOVER_ID_BYTES];
	} open[REDIRECT_OPEN];
};

/* The registry has changed. */
void redirect_begin(struct redirect *redirect, struct legs *legs, int64_t now_mono_ns);
/* When it is to be asked for again by itself; INT64_MAX: not. */
int64_t redirect_deadline(const struct redirect *redirect);
/* Asks about as many as may be open. tags: as in struct lane_site. */
void redirect_ask(struct redirect *redirect, struct legs *legs,
		  const struct registry_questions *questions, uint64_t *tags, int64_t now_mono_ns);
/* true: the answer was to one of these questions; it remains the caller's. */
bool redirect_answer(struct redirect *redirect, struct legs *legs, struct teller *teller,
		     const char *checkpoint, const struct registry_answer *answer);

#endif
