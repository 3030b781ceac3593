#include "legs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "departure.h"
#include "expectation.h"
#include "sensor.h"
#include "visit.h"

/* The wall clock may be set between two looks at it. */
#define LOOK_NS (INT64_C(60) * 1000000000)

struct legs {
	const struct legs_conf *conf;
	const char *checkpoint;
	struct alarm_book *book;
	struct departures departures;
	struct expectations expectations;
	struct visits visits;
	int64_t looked_mono_ns; /* nothing is due before */
};

int legs_new(const struct legs_conf *conf, const char *checkpoint, struct alarm_book *book,
	     struct legs **ret_legs)
{
	struct legs *legs = calloc(1, sizeof(*legs));
	int rc;

	if (!legs)
		return -ENOMEM;
	legs->conf = conf;
	legs->checkpoint = checkpoint;
	legs->book = book;
	rc = departures_init(&legs->departures, conf->overdue_after_ns + conf->keep_ns);
	if (rc == 0)
		rc = expectations_init(&legs->expectations, book, conf->overdue_after_ns,
				       conf->overdue_after_ns + conf->keep_ns);
	if (rc == 0)
		rc = visits_init(&legs->visits, conf->overdue_after_ns + conf->keep_ns);
	if (rc < 0) {
		legs_free(legs);
		return rc;
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
	free(legs);
}

/* Nothing is to stay retained on the topic of its announcement. */
static void take_announcement_back(struct legs *legs, struct teller *teller, const char *ucr)
{
	char key[HANDOVER_KEY_BYTES];
	struct event_draft draft = {.state_key = key, .state_over = true};

	if (handover_key(legs->checkpoint, ucr, key))
		teller->sink.put(teller->sink.data, &draft);
}

void legs_recall(struct legs *legs, const char *key, const char *text)
{
	departures_recall(&legs->departures, key, text);
	expectations_recall(&legs->expectations, key, text);
	visits_recall(&legs->visits, key, text);
}

/* What arrived in the last moment before a stop may still be waited for. */
static void end_what_is_here(struct legs *legs, struct teller *teller)
{
	size_t i;

	for (i = legs->expectations.count; i-- > 0;) {
		struct expectation *expectation = &legs->expectations.items[i];
		const struct visit *visit = visits_find(&legs->visits, expectation->handover.ucr);

		if (visit && visit->from[0] && visit_is_of(visit, &expectation->handover))
			expectations_end(&legs->expectations, teller, expectation,
					 EXPECTATION_ARRIVED, teller->now.mono_ns);
	}
}

void legs_start(struct legs *legs, struct teller *teller)
{
	size_t i;

	legs->looked_mono_ns = teller->now.mono_ns;
	end_what_is_here(legs, teller);
	departures_start(&legs->departures, teller);
	for (i = 0; i < legs->visits.count; i++) {
		const struct visit *visit = &legs->visits.items[i];

		if (visit->from[0] && !visit->taken_back)
			take_announcement_back(legs, teller, visit->ucr);
	}
}

/* ---- arriving ------------------------------------------------------------------------ */

const struct handover *legs_announced(struct legs *legs, const char *ucr)
{
	const struct expectation *expectation = expectations_find(&legs->expectations, ucr);

	return expectation ? &expectation->handover : NULL;
}

const char *legs_came_from(struct legs *legs, const char *ucr)
{
	const struct handover *announced = legs_announced(legs, ucr);

	return announced ? announced->from : NULL;
}

void legs_here(struct legs *legs, const char *ucr, bool here)
{
	struct expectation *expectation = expectations_find(&legs->expectations, ucr);

	if (expectation)
		expectation->here = here;
}

static const struct leg_seal *find_seal(const struct legs_custody *custody, const char *number)
{
	size_t i;

	for (i = 0; i < custody->seal_count; i++)
		if (strcmp(custody->seals[i].number, number) == 0)
			return &custody->seals[i];
	return NULL;
}

/* All that was announced can be compared. */
static bool is_seen(const struct handover *announced, const struct legs_custody *custody)
{
	size_t i;

	for (i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *before = &announced->seals[i];
		const struct leg_seal *now = find_seal(custody, before->number);

		if (before->state == LEG_SEAL_MISSING)
			continue;
		if (!now || now->state == LEG_SEAL_UNKNOWN ||
		    (before->openings >= 0 && now->openings < 0) ||
		    (before->tamperings >= 0 && now->tamperings < 0))
			return false;
	}
	return announced->seals_more == 0;
}

static void book_broken(struct legs *legs, struct teller *teller, const char *ucr)
{
	char resource[STATE_KEY_BYTES];

	snprintf(resource, sizeof(resource), "consignment/%s", ucr);
	(void)alarm_book_raise(legs->book, resource, EVENT_LEG_BROKEN, &teller->now);
	(void)alarm_book_clear(legs->book, resource, EVENT_LEG_BROKEN, &teller->now, NULL);
}

struct arrived {
	struct stay_place place;
	const struct handover *announced;
	struct leg_verdict verdict;
	bool late; /* the announcement came after it */
};

static void tell_one(struct teller *teller, const struct arrived *arrived, enum event_id event)
{
	const struct stay_place *place = &arrived->place;
	struct json *json =
		stay_tell_start(teller, place, arrived->announced->ucr, place->at_mono_ns);

	if (arrived->late)
		json_bool(json, "late", true);
	leg_tell(arrived->announced, &arrived->verdict, json);
	tell_end(teller, event, NULL);
}

static void tell_arrived(struct legs *legs, struct teller *teller, const struct arrived *arrived)
{
	tell_one(teller, arrived, EVENT_LEG_ARRIVED);
	if (arrived->verdict.continuity != LEG_BROKEN)
		return;
	book_broken(legs, teller, arrived->announced->ucr); /* kept with the event */
	tell_one(teller, arrived, EVENT_LEG_BROKEN);
}

static struct visit *new_visit(struct legs *legs, struct teller *teller,
			       const struct legs_custody *custody)
{
	struct visit *visit = visits_add(&legs->visits, teller, custody->ucr);

	visit->arrived_utc_ns =
		teller->now.utc_ns - (teller->now.mono_ns - custody->place.at_mono_ns);
	snprintf(visit->lane, sizeof(visit->lane), "%s", custody->place.lane);
	snprintf(visit->passage, sizeof(visit->passage), "%s", custody->place.passage);
	return visit;
}

/* What is not among the seals is not there. */
static bool all_noted(const struct legs_custody *custody)
{
	return custody->complete && custody->seals_more == 0;
}

static void judge(struct legs *legs, struct teller *teller, struct expectation *expectation,
		  const struct legs_custody *custody)
{
	struct visit *visit = new_visit(legs, teller, custody);
	const struct handover announced = expectation->handover;
	struct arrived arrived = {.place = custody->place, .announced = &announced};
	struct leg_observed observed = {
		.seals = custody->seals,
		.seal_count = custody->seal_count,
		.complete = all_noted(custody),
		.arrived_utc_ns = visit->arrived_utc_ns,
		.clock = teller->now.clock,
	};

	leg_judge(&announced, &observed, legs->conf->shortest_ns, &arrived.verdict);
	memcpy(visit->from, announced.from, sizeof(visit->from));
	visit->departed_utc_ns = announced.departed_utc_ns;
	visits_remember(&legs->visits, visit, teller);
	tell_arrived(legs, teller, &arrived);
	take_announcement_back(legs, teller, announced.ucr);
	expectations_end(&legs->expectations, teller, expectation, EXPECTATION_ARRIVED,
			 custody->place.at_mono_ns);
}

/* Nobody announced it yet. */
static void note_visit(struct legs *legs, struct teller *teller, const struct legs_custody *custody)
{
	struct visit *arrived = visits_find(&legs->visits, custody->ucr);

	if (arrived && !arrived->left)
		return;
	arrived = new_visit(legs, teller, custody);
	memcpy(arrived->seals, custody->seals, sizeof(arrived->seals));
	arrived->seal_count = custody->seal_count;
	arrived->complete = all_noted(custody);
	visits_keep(&legs->visits, arrived, teller);
}

void legs_check(struct legs *legs, struct teller *teller, const struct legs_custody *custody,
		bool final)
{
	struct expectation *expectation = expectations_find(&legs->expectations, custody->ucr);

	if (expectation && (final || is_seen(&expectation->handover, custody)))
		judge(legs, teller, expectation, custody);
	else if (!expectation && final)
		note_visit(legs, teller, custody);
}

bool legs_too_fast(const struct legs *legs, const char *number, const struct instant *at)
{
	size_t i, k;

	for (i = 0; legs->conf->shortest_ns > 0 && i < legs->expectations.count; i++) {
		const struct handover *announced = &legs->expectations.items[i].handover;

		for (k = 0; k < announced->seal_count; k++)
			if (strcmp(announced->seals[k].number, number) == 0 &&
			    leg_is_too_short(announced->departed_utc_ns, announced->departed_clock,
					     at->utc_ns, at->clock, legs->conf->shortest_ns))
				return true;
	}
	return false;
}

/* ---- leaving ------------------------------------------------------------------------- */

static int64_t expiry(const struct legs *legs, const struct handover *handover)
{
	int64_t from_utc_ns = handover->expected_until_utc_ns;

	if (from_utc_ns == INT64_MAX && handover->departed_clock == CLOCK_UNSYNCED)
		return INT64_MIN;
	if (from_utc_ns == INT64_MAX)
		from_utc_ns = handover->departed_utc_ns;
	return from_utc_ns + legs->conf->overdue_after_ns + legs->conf->keep_ns;
}

static void announce(struct legs *legs, struct teller *teller, const struct legs_custody *custody,
		     const struct itinerary_stop *next)
{
	struct handover handover = {
		.departed_utc_ns =
			teller->now.utc_ns - (teller->now.mono_ns - custody->place.at_mono_ns),
		.departed_clock = teller->now.clock,
		.expected_from_utc_ns = next->from_utc_ns,
		.expected_until_utc_ns = next->until_utc_ns,
		.seal_count = custody->seal_count,
		.seals_more = custody->seals_more,
	};

	snprintf(handover.ucr, sizeof(handover.ucr), "%s", custody->ucr);
	snprintf(handover.from, sizeof(handover.from), "%s", legs->checkpoint);
	snprintf(handover.to, sizeof(handover.to), "%s", next->checkpoint);
	snprintf(handover.gateway, sizeof(handover.gateway), "%s", legs->conf->gateway);
	snprintf(handover.rule, sizeof(handover.rule), "%s", custody->rule);
	memcpy(handover.seals, custody->seals, sizeof(handover.seals));
	handover.expires_utc_ns = expiry(legs, &handover);
	handover_fit(&handover);
	if (handover_is_sound(&handover))
		departures_add(&legs->departures, teller, &custody->place, &handover);
}

void legs_depart(struct legs *legs, struct teller *teller, const struct legs_custody *custody,
		 const struct itinerary_stop *next)
{
	struct visit *here = visits_find(&legs->visits, custody->ucr);

	if (here && !here->left) {
		here->left = true;
		visits_keep(&legs->visits, here, teller);
	}
	if (next && strcmp(next->checkpoint, legs->checkpoint) != 0)
		announce(legs, teller, custody, next);
}

/* ---- what is heard ------------------------------------------------------------------- */

/* It was compared with nothing when it arrived. */
static void judge_late(struct legs *legs, struct teller *teller, struct visit *visit,
		       const struct handover *announced)
{
	struct leg_observed observed = {
		.seals = visit->seals,
		.seal_count = visit->seal_count,
		.complete = visit->complete,
		.arrived_utc_ns = visit->arrived_utc_ns,
		.clock = visit->clock,
	};
	struct arrived arrived = {
		.place = {visit->lane, visit->passage, teller->now.mono_ns},
		.announced = announced,
		.late = true,
	};

	leg_judge(announced, &observed, legs->conf->shortest_ns, &arrived.verdict);
	memcpy(visit->from, announced->from, sizeof(visit->from));
	visit->departed_utc_ns = announced->departed_utc_ns;
	visit->seal_count = 0;
	visit->taken_back = false;
	visits_remember(&legs->visits, visit, teller);
	tell_arrived(legs, teller, &arrived);
}

static enum legs_heard heard_of_arrived(struct legs *legs, struct teller *teller,
					struct visit *arrived, const struct handover *announced)
{
	if (!arrived->from[0]) {
		judge_late(legs, teller, arrived, announced);
	} else if (arrived->taken_back) {
		arrived->taken_back = false;
		visits_keep(&legs->visits, arrived, teller);
	}
	take_announcement_back(legs, teller, announced->ucr);
	return LEGS_ARRIVED;
}

enum legs_heard legs_announce(struct legs *legs, struct teller *teller,
			      const struct handover *handover, char ret_gave_way[IDENTIFIER_BYTES])
{
	struct visit *arrived = visits_find(&legs->visits, handover->ucr);
	const struct handover *known = legs_announced(legs, handover->ucr);
	bool again = known && handover_is_same(known, handover);

	ret_gave_way[0] = '\0';
	legs->looked_mono_ns = teller->now.mono_ns;
	if (strcmp(handover->to, legs->checkpoint) != 0)
		return LEGS_ELSEWHERE;
	if (strcmp(handover->from, legs->checkpoint) == 0)
		return LEGS_OURS;
	if (arrived && !again && visit_is_of(arrived, handover))
		return heard_of_arrived(legs, teller, arrived, handover);
	if (handover->expires_utc_ns != INT64_MIN && teller->now.clock != CLOCK_UNSYNCED &&
	    handover->expires_utc_ns <= teller->now.utc_ns)
		return LEGS_EXPIRED;
	expectations_add(&legs->expectations, teller, handover, ret_gave_way);
	return again ? LEGS_KNOWN : LEGS_EXPECTED;
}

/* By ourselves, which is how we know that the broker has it; or by another gateway of this
 * checkpoint that saw it arrive, or by who announced it: then it is not waited for even if it
 * is announced again. */
void legs_take_back(struct legs *legs, struct teller *teller, const char *ucr)
{
	struct expectation *expectation = expectations_find(&legs->expectations, ucr);
	struct visit *arrived = visits_find(&legs->visits, ucr);

	if (expectation && !expectation->here) {
		arrived = visits_add(&legs->visits, teller, ucr);
		memcpy(arrived->from, expectation->handover.from, sizeof(arrived->from));
		arrived->departed_utc_ns = expectation->handover.departed_utc_ns;
		expectations_end(&legs->expectations, teller, expectation, EXPECTATION_WITHDRAWN,
				 teller->now.mono_ns);
	}
	if (!arrived || !arrived->from[0] || arrived->taken_back)
		return;
	arrived->taken_back = true;
	visits_keep(&legs->visits, arrived, teller);
}

void legs_connected(struct legs *legs, struct teller *teller)
{
	expectations_connected(&legs->expectations, teller);
}

void legs_disconnected(struct legs *legs)
{
	expectations_disconnected(&legs->expectations);
}

/* ---- time ---------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t legs_deadline(const struct legs *legs, const struct teller *teller)
{
	int64_t due = earlier(departures_due(&legs->departures, teller),
			      earlier(expectations_due(&legs->expectations, teller),
				      visits_due(&legs->visits, teller)));

	if (due == INT64_MAX)
		return due;
	if (due < legs->looked_mono_ns)
		return legs->looked_mono_ns;
	return earlier(due, legs->looked_mono_ns + LOOK_NS);
}

void legs_tick(struct legs *legs, struct teller *teller)
{
	legs->looked_mono_ns = teller->now.mono_ns;
	departures_tick(&legs->departures, teller);
	expectations_tick(&legs->expectations, teller);
	visits_tick(&legs->visits, teller);
}
