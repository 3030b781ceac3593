/* Consignments that left this checkpoint for the next one: announced there until they arrive
 * or nobody waits for them any more.
 *
 * The announcement is a state (handover.h) and a memory, "sent/<ucr>", in the transaction of
 * leg.departed; after a restart it is put again. When it has expired it is withdrawn by an empty
 * state, which is put again after each restart for DEPARTURE_LINGER_NS more: a gateway may be
 * without a broker for long. Whether it has arrived is not heard here: the next
 * checkpoint withdraws what it has seen arrive itself, whenever it is announced again.
 *
 * What goes elsewhere is withdrawn where it was announced before, or would have been, by a word that says
 * where it goes: that one stays there until it has expired. Such a withdrawal is kept beside the
 * departure that it goes on as.
 *
 * DEPARTURES_MAX at most: then the one that left first is evicted, and the next leg.departed
 * names it. A second departure of the same consignment takes the place of the first.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_DEPARTURE_H
#define CORRIDORD_TRANSIT_LEGS_DEPARTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/drawer.h"
#include "transit/legs/handover.h"
#include "transit/legs/stay.h"

struct teller;

#define DEPARTURES_MAX	    4096
#define DEPARTURE_LINGER_NS (INT64_C(7) * 86400 * 1000000000)

struct departure {
	struct handover handover;
	bool withdrawn; /* nothing of it is retained */
	bool elsewhere; /* withdrawn, because it was announced elsewhere since */
	bool word; /* and what says so is retained */
	bool ordered; /* an officer sent it there, whatever its itinerary says */
};

struct departures {
	int64_t keep_ns; /* after the departure, where its arrival has no window */
	struct drawer drawer; /* by handover_id(); those that went elsewhere by "<to>/" and that */
	struct departure found; /* the one that was looked at last */
};

int departures_init(struct departures *departures, int64_t keep_ns); /* -ENOMEM */
void departures_fini(struct departures *departures);

/* A memory of before the restart; one of others, or not readable, is ignored. */
void departures_recall(struct departures *departures, const char *key, const char *text);
void departures_start(struct departures *departures, struct teller *teller);

/* Puts leg.departed and the announcement. */
void departures_add(struct departures *departures, struct teller *teller,
		    const struct stay_place *place, const struct departure *departure);
/* Says to another checkpoint, to which it would have gone, that it does not. */
void departures_tell_planned(struct departures *departures, struct teller *teller,
			     const struct departure *departure, const char *planned);

/* NULL: it is not announced any more. Valid until the next call. */
const struct departure *departures_at(struct departures *departures, size_t i);
/* It goes elsewhere now: puts leg.redirected, and the announcement at its new place. ordered: an
 * officer says so. */
void departures_redirect(struct departures *departures, struct teller *teller, const char *id,
			 const struct itinerary_stop *next, int64_t expires_utc_ns, bool ordered);

/* It goes on another vehicle now: puts its announcement anew. */
void departures_move(struct departures *departures, struct teller *teller, size_t i,
		     const struct move_list *moved);

/* The monotonic time, by the wall clock as it is now. INT64_MAX: none. */
int64_t departures_due(const struct departures *departures, const struct teller *teller);
void departures_tick(struct departures *departures, struct teller *teller);

#endif
