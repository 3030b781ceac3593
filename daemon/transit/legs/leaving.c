/* What leaves, and what is announced of it. */
#include "transit/legs/private.h"

#include <stdio.h>
#include <string.h>

#include "transit/event/teller.h"
#include "transit/registry/reseals.h"

static int64_t expiry(const struct legs *legs, const struct handover *handover,
		      int64_t until_utc_ns)
{
	int64_t from_utc_ns = until_utc_ns;

	if (from_utc_ns == INT64_MAX && handover->departed_clock == CLOCK_UNSYNCED)
		return INT64_MIN;
	if (from_utc_ns == INT64_MAX)
		from_utc_ns = handover->departed_utc_ns;
	return from_utc_ns + legs->conf->overdue_after_ns + legs->conf->keep_ns;
}

static void name_replaced(const struct reseals *reseals, struct handover *handover)
{
	for (size_t i = 0; i < handover->seal_count; i++) {
		struct leg_seal *seal = &handover->seals[i];
		const char *declared = reseals_declared(reseals, seal->number);

		if (strcmp(declared, seal->number) != 0)
			snprintf(seal->instead_of, sizeof(seal->instead_of), "%s", declared);
	}
}

static void announce(struct legs *legs, struct teller *teller, const struct legs_custody *custody,
		     const struct itinerary_stop *next)
{
	struct departure departure = {.ordered = custody->ordered};
	struct handover *handover = &departure.handover;

	*handover = (struct handover){
		.departed_utc_ns =
			teller->now.utc_ns - (teller->now.mono_ns - custody->place.at_mono_ns),
		.departed_clock = teller->now.clock,
		.expected_from_utc_ns = next->from_utc_ns,
		.expected_until_utc_ns = next->until_utc_ns,
		.seal_count = custody->seal_count + custody->unread,
		.seals_more = custody->seals_more + custody->unread_more,
		.parts = custody->parts,
	};
	snprintf(handover->ucr, sizeof(handover->ucr), "%s", custody->ucr);
	snprintf(handover->part, sizeof(handover->part), "%s", custody->part);
	snprintf(handover->from, sizeof(handover->from), "%s", legs->checkpoint);
	snprintf(handover->to, sizeof(handover->to), "%s", next->checkpoint);
	snprintf(handover->gateway, sizeof(handover->gateway), "%s", legs->conf->gateway);
	snprintf(handover->rule, sizeof(handover->rule), "%s", custody->rule);
	memcpy(handover->seals, custody->seals, sizeof(handover->seals));
	if (custody->moved)
		handover->moved = *custody->moved;
	name_replaced(custody->reseals, handover);
	handover->expires_utc_ns = expiry(legs, handover, handover->expected_until_utc_ns);
	handover_fit(handover);
	if (!handover_is_sound(handover))
		return;
	departures_add(&legs->departures, teller, &custody->place, &departure);
	if (custody->planned && strcmp(custody->planned, next->checkpoint) != 0)
		departures_tell_planned(&legs->departures, teller, &departure, custody->planned);
}

/* Counters that cannot be read where it leaves are those of its arrival, or of before. */
static void carry_known(const struct legs *legs, struct legs_custody *custody,
			const struct visit *arrived)
{
	for (size_t i = 0; i < arrived->seal_count + arrived->unread; i++) {
		const struct leg_seal *before = &arrived->seals[i];
		size_t count = custody->seal_count + custody->unread;
		struct leg_seal *seal = leg_seal_find(custody->seals, count, before->number);

		if (reseals_is_removed(custody->reseals, before->number))
			continue;
		if (seal)
			leg_seal_carry(seal, before, legs->checkpoint);
		else if (i >= arrived->seal_count && before->counted_at[0] &&
			 count < HANDOVER_SEALS)
			custody->seals[custody->seal_count + custody->unread++] = *before;
	}
}

void legs_depart(struct legs *legs, struct teller *teller, struct legs_custody *custody,
		 const struct itinerary_stop *next)
{
	struct visit *here = visits_find(&legs->visits, custody->id);

	if (here)
		carry_known(legs, custody, here);
	if (here && !here->left) {
		here->left = true;
		visits_keep(&legs->visits, here, teller);
	}
	if (next && strcmp(next->checkpoint, legs->checkpoint) != 0)
		announce(legs, teller, custody, next);
}

size_t legs_departures(const struct legs *legs)
{
	return legs->departures.drawer.count;
}

const struct handover *legs_departure(struct legs *legs, size_t i)
{
	const struct departure *departure = departures_at(&legs->departures, i);

	return departure ? &departure->handover : NULL;
}

const struct handover *legs_departed(struct legs *legs, const char *id)
{
	return legs_departure(legs, drawer_find(&legs->departures.drawer, id));
}

bool legs_is_ordered(struct legs *legs, const char *id)
{
	const struct departure *departure =
		departures_at(&legs->departures, drawer_find(&legs->departures.drawer, id));

	return departure && departure->ordered;
}

void legs_redirect(struct legs *legs, struct teller *teller, const char *id,
		   const struct itinerary_stop *next, bool ordered)
{
	const struct handover *handover = legs_departed(legs, id);

	if (handover)
		departures_redirect(&legs->departures, teller, id, next,
				    expiry(legs, handover, next->until_utc_ns), ordered);
}

void legs_order(struct legs *legs, struct teller *teller, const char *ucr, const char *to)
{
	orders_add(&legs->orders, teller, ucr, to);
}

const char *legs_ordered_to(struct legs *legs, const char *ucr)
{
	return orders_find(&legs->orders, ucr);
}

void legs_end_order(struct legs *legs, struct teller *teller, const char *ucr)
{
	orders_end(&legs->orders, teller, ucr);
}

void legs_send(struct legs *legs, struct teller *teller, const char *ucr,
	       const struct itinerary_stop *next)
{
	for (size_t i = legs->departures.drawer.count; i-- > 0;) {
		const struct handover *handover = legs_departure(legs, i);
		char id[HANDOVER_ID_BYTES];

		if (!handover || strcmp(handover->ucr, ucr) != 0 ||
		    strcmp(handover->to, next->checkpoint) == 0)
			continue;
		handover_id(handover, id);
		legs_redirect(legs, teller, id, next, true);
	}
}

void legs_move(struct legs *legs, struct teller *teller, const char *ucr,
	       const struct move_list *moved)
{
	for (size_t i = legs->departures.drawer.count; i-- > 0;)
		if (handover_id_is_of(drawer_key(&legs->departures.drawer, i), ucr))
			departures_move(&legs->departures, teller, i, moved);
}
