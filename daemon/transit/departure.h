/* Consignments that left this checkpoint for the next one: announced there until they arrive
 * or nobody waits for them any more.
 *
 * The announcement is a state (handover.h) and a memory, "sent/<ucr>", in the transaction of
 * leg.departed; after a restart it is put again. When it has expired it is taken back by an
 * empty state, which is put again after each restart for DEPARTURE_LINGER_NS more: a gateway
 * may be without a broker for long. Whether it has arrived is not heard here: the next
 * checkpoint takes what it has seen arrive back itself, whenever it is announced again.
 *
 * DEPARTURES_MAX at most: then the one that left first gives way, and the next leg.departed
 * says so. A second departure of the same consignment takes the place of the first.
 */
#ifndef CORRIDORD_DEPARTURE_H
#define CORRIDORD_DEPARTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handover.h"
#include "stay.h"

struct teller;

#define DEPARTURES_MAX	    512
#define DEPARTURE_LINGER_NS (INT64_C(7) * 86400 * 1000000000)

struct departure {
	struct handover handover;
	bool over; /* taken back */
};

struct departures {
	int64_t keep_ns; /* how long what says nothing of it is waited for */
	struct departure *items; /* room for DEPARTURES_MAX */
	size_t count;
};

int departures_init(struct departures *departures, int64_t keep_ns); /* -ENOMEM */
void departures_fini(struct departures *departures);

/* A memory of before the restart; what is none of its or not readable is ignored. */
void departures_recall(struct departures *departures, const char *key, const char *text);
void departures_start(struct departures *departures, struct teller *teller);

/* It left: tells leg.departed, announces it. */
void departures_add(struct departures *departures, struct teller *teller,
		    const struct stay_place *place, const struct handover *handover);

/* By the wall clock as the teller's clocks relate. INT64_MAX: none. */
int64_t departures_due(const struct departures *departures, const struct teller *teller);
void departures_tick(struct departures *departures, struct teller *teller);

#endif
