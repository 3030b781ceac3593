#include "transit/legs/private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/teller.h"

/* Deadlines by UTC are looked at so often: the wall clock may be set. */
#define LOOK_NS (INT64_C(60) * 1000000000)

int legs_new(const struct legs_conf *conf, const char *checkpoint, struct alarm_book *book,
	     struct legs **ret_legs)
{
	struct legs *legs = calloc(1, sizeof(*legs));
	int err;

	if (!legs)
		return -ENOMEM;
	legs->conf = conf;
	legs->checkpoint = checkpoint;
	legs->book = book;
	err = departures_init(&legs->departures, conf->overdue_after_ns + conf->keep_ns);
	if (err == 0)
		err = expectations_init(&legs->expectations, book, conf->overdue_after_ns,
					conf->overdue_after_ns + conf->keep_ns);
	if (err == 0)
		err = visits_init(&legs->visits, conf->overdue_after_ns + conf->keep_ns,
				  conf->unannounced_after_ns);
	if (err == 0)
		err = orders_init(&legs->orders);
	if (err < 0) {
		legs_free(legs);
		return err;
	}
	*ret_legs = legs;
	return 0;
}

void legs_free(struct legs *legs)
{
	if (!legs)
		return;
	departures_fini(&legs->departures);
	expectations_fini(&legs->expectations);
	visits_fini(&legs->visits);
	orders_fini(&legs->orders);
	free(legs);
}

/* As far as it takes to withdraw it. */
static void withdraw_visited(struct legs *legs, struct teller *teller, const struct visit *visit)
{
	struct handover announced = {.departed_utc_ns = visit->departed_utc_ns};

	handover_set_id(&announced, visit->id);
	memcpy(announced.from, visit->from, sizeof(announced.from));
	snprintf(announced.to, sizeof(announced.to), "%s", legs->checkpoint);
	legs_end_announcement(legs, teller, &announced);
}

void legs_recall(struct legs *legs, const char *key, const char *text)
{
	departures_recall(&legs->departures, key, text);
	expectations_recall(&legs->expectations, key, text);
	visits_recall(&legs->visits, key, text);
	orders_recall(&legs->orders, key, text);
}

/* A stop may have come between an arrival and the end of its expectation. */
static void end_what_is_here(struct legs *legs, struct teller *teller)
{
	for (size_t i = legs->expectations.drawer.count; i-- > 0;) {
		struct expectation *expectation = expectations_at(&legs->expectations, i);
		char id[HANDOVER_ID_BYTES];
		const struct visit *visit;

		if (!expectation)
			continue;
		handover_id(&expectation->handover, id);
		visit = visits_find(&legs->visits, id);
		if (visit && visit->from[0] && visit_is_of(visit, &expectation->handover))
			expectations_end(&legs->expectations, teller, expectation,
					 EXPECTATION_ARRIVED, teller->now.mono_ns);
	}
}

void legs_start(struct legs *legs, struct teller *teller)
{
	legs->looked_mono_ns = teller->now.mono_ns;
	legs->unsigned_mono_ns = teller->now.mono_ns - LEGS_MINUTE_NS;
	end_what_is_here(legs, teller);
	departures_start(&legs->departures, teller);
	for (size_t i = 0; i < legs->visits.drawer.count; i++) {
		const struct visit *visit = visits_at(&legs->visits, i);

		if (visit && visit->from[0] && !visit->withdrawn)
			withdraw_visited(legs, teller, visit);
	}
}

/* ---- time ---------------------------------------------------------------------------- */

int64_t legs_deadline(const struct legs *legs, const struct teller *teller)
{
	int64_t due = earlier_ns(departures_due(&legs->departures, teller),
				 earlier_ns(expectations_due(&legs->expectations, teller),
					    visits_due(&legs->visits, teller)));

	if (due == INT64_MAX)
		return due;
	if (due < legs->looked_mono_ns)
		return legs->looked_mono_ns;
	return earlier_ns(due, legs->looked_mono_ns + LOOK_NS);
}

static void tell_unannounced(struct legs *legs, struct teller *teller, const struct visit *visit,
			     const struct handover *missed)
{
	struct stay_place place = {
		.lane = visit->lane, .passage = visit->passage, .at_mono_ns = teller->now.mono_ns};
	struct jw *json = stay_tell_start(teller, &place, missed->ucr, place.at_mono_ns);

	jw_open(json, "leg");
	jw_text(json, "from", missed->from);
	jw_text(json, "to", legs->checkpoint);
	if (missed->part[0])
		jw_text(json, "part", missed->part);
	jw_utc(json, "arrived", visit->arrived_utc_ns);
	jw_close(json);
	tell_end_as(teller, event_type_with(event_type(EVENT_LEG_UNANNOUNCED),
					    (enum severity)legs->conf->unannounced_severity));
}

/* All of it, or another part, may have been announced instead: then it is waited for. */
static void miss(struct legs *legs, struct teller *teller, const struct visit *owed)
{
	struct visit visit = *owed;
	struct handover missed = {0};

	handover_set_id(&missed, visit.id);
	memcpy(missed.from, visit.owed_by, sizeof(missed.from));
	visit.owed_by[0] = '\0';
	teller_flush(teller);
	visits_remember(&legs->visits, &visit, teller);
	if (legs_came_from(legs, missed.ucr))
		teller_flush(teller);
	else
		tell_unannounced(legs, teller, &visit, &missed);
}

static void tell_missed(struct legs *legs, struct teller *teller)
{
	const struct visit *owed;

	while ((owed = visits_owed(&legs->visits, teller)))
		miss(legs, teller, owed);
}

void legs_tick(struct legs *legs, struct teller *teller)
{
	legs->looked_mono_ns = teller->now.mono_ns;
	departures_tick(&legs->departures, teller);
	expectations_tick(&legs->expectations, teller);
	tell_missed(legs, teller);
	visits_tick(&legs->visits, teller);
}
