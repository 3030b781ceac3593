#include "transit/legs/legs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/teller.h"
#include "transit/legs/departure.h"
#include "transit/legs/expectation.h"
#include "transit/legs/orders.h"
#include "transit/legs/visit.h"
#include "transit/registry/reseals.h"

/* Deadlines by UTC are looked at so often: the wall clock may be set. */
#define LOOK_NS	      (INT64_C(60) * 1000000000)
#define MINUTE_NS     (INT64_C(60) * 1000000000)
#define UNSIGNED_MOST 5 /* leg.unsigned in a minute */

struct legs {
	const struct legs_conf *conf;
	const char *checkpoint;
	struct alarm_book *book;
	struct departures departures;
	struct expectations expectations;
	struct visits visits;
	struct orders orders;
	int64_t looked_mono_ns; /* the last time; nothing is due before */
	int64_t unsigned_mono_ns; /* the minute that began then: */
	unsigned unsigned_told; /* leg.unsigned in it */
	int64_t unsigned_more; /* not told since the last that was */
};

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

/* It does not stay retained on its topic. */
static void withdraw_announcement(struct legs *legs, struct teller *teller,
				  const struct handover *announced)
{
	char key[HANDOVER_KEY_BYTES], id[HANDOVER_ID_BYTES], text[HANDOVER_WORD_BYTES];
	struct event_draft draft = {.state_key = key, .state_over = true};

	handover_id(announced, id);
	if (!handover_key(legs->checkpoint, id, key))
		return;
	if (legs->conf->signs)
		handover_take_back(announced, "arrived", text, &draft);
	teller->sink.put(teller->sink.data, &draft);
}

/* As far as it takes to withdraw it. */
static void withdraw_visited(struct legs *legs, struct teller *teller, const struct visit *visit)
{
	struct handover announced = {.departed_utc_ns = visit->departed_utc_ns};

	handover_set_id(&announced, visit->id);
	memcpy(announced.from, visit->from, sizeof(announced.from));
	snprintf(announced.to, sizeof(announced.to), "%s", legs->checkpoint);
	withdraw_announcement(legs, teller, &announced);
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
	legs->unsigned_mono_ns = teller->now.mono_ns - MINUTE_NS;
	end_what_is_here(legs, teller);
	departures_start(&legs->departures, teller);
	for (size_t i = 0; i < legs->visits.drawer.count; i++) {
		const struct visit *visit = visits_at(&legs->visits, i);

		if (visit && visit->from[0] && !visit->withdrawn)
			withdraw_visited(legs, teller, visit);
	}
}

/* ---- arriving ------------------------------------------------------------------------ */

const struct handover *legs_announced(struct legs *legs, const char *id)
{
	const struct expectation *expectation = expectations_find(&legs->expectations, id);

	return expectation ? &expectation->handover : NULL;
}

/* All of a consignment, or one of its parts. */
static bool is_of(const char *id, const char *ucr)
{
	size_t bytes = strlen(ucr);

	return strncmp(id, ucr, bytes) == 0 &&
	       (id[bytes] == '\0' || strrchr(id, '~') == id + bytes);
}

const char *legs_came_from(struct legs *legs, const char *ucr)
{
	const struct drawer *drawer = &legs->expectations.drawer;
	const struct expectation *expectation = NULL;

	for (size_t i = 0; i < drawer->count && !expectation; i++) {
		if (is_of(drawer_key(drawer, i), ucr))
			expectation = expectations_at(&legs->expectations, i);
		if (expectation && handover_is_doubtful(&expectation->handover))
			expectation = NULL;
	}
	return expectation ? expectation->handover.from : NULL;
}

/* Said of a vehicle that was to come here. */
static bool went_elsewhere(const struct visit *visit)
{
	return visit->instead[0] && !visit->lane[0];
}

const char *legs_sent_to(struct legs *legs, const char *ucr)
{
	const struct drawer *drawer = &legs->visits.drawer;

	for (size_t i = 0; i < drawer->count; i++) {
		const struct visit *visit = NULL;

		if (is_of(drawer_key(drawer, i), ucr))
			visit = visits_at(&legs->visits, i);
		if (visit && went_elsewhere(visit))
			return visit->instead;
	}
	return NULL;
}

void legs_set_here(struct legs *legs, const char *ucr, bool here)
{
	const struct drawer *drawer = &legs->expectations.drawer;

	for (size_t i = 0; i < drawer->count; i++) {
		struct expectation *expectation;

		if (!is_of(drawer_key(drawer, i), ucr))
			continue;
		expectation = expectations_at(&legs->expectations, i);
		if (!expectation || expectation->here == here)
			continue;
		expectation->here = here;
		expectations_note(&legs->expectations, expectation);
	}
}

static struct leg_seal *find_seal(struct leg_seal *seals, size_t count, const char *number)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(seals[i].number, number) == 0)
			return &seals[i];
	return NULL;
}

/* All announced and declared seals can be compared. */
static bool is_seen(const struct handover *announced, struct legs_custody *custody)
{
	if (announced->seals_more > 0 || custody->unread > 0 || custody->unread_more > 0)
		return false;
	for (size_t i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *before = &announced->seals[i];
		const struct leg_seal *now =
			find_seal(custody->seals, custody->seal_count, before->number);

		if (before->state == LEG_SEAL_MISSING)
			continue;
		if (!now || now->state == LEG_SEAL_UNKNOWN ||
		    (before->openings >= 0 && now->openings < 0) ||
		    (before->tamperings >= 0 && now->tamperings < 0))
			return false;
	}
	return true;
}

/* It is there to be acknowledged; nothing ends it. */
static void book(struct legs *legs, struct teller *teller, const char *ucr, enum event_id event)
{
	const struct event_type *type = event_type(event);
	char resource[ALARM_RESOURCE_BYTES];

	if (!type->latched)
		return;
	alarm_book_consignment(ucr, resource);
	(void)alarm_book_raise(legs->book, resource, type, &teller->now);
	(void)alarm_book_clear(legs->book, resource, type, &teller->now, NULL);
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
	struct jw *json =
		stay_tell_start(teller, place, arrived->announced->ucr, place->at_mono_ns);

	if (arrived->late)
		jw_bool(json, "late", true);
	leg_tell(arrived->announced, &arrived->verdict, json);
	tell_end(teller, event);
}

/* The parts of that consignment that this gateway saw come from there, and that were not all. */
static const struct visit *next_part(struct legs *legs, const struct handover *announced,
				     size_t *at)
{
	const struct drawer *drawer = &legs->visits.drawer;

	for (; *at < drawer->count; ++*at) {
		const char *id = drawer_key(drawer, *at);
		const struct visit *visit;

		if (!is_of(id, announced->ucr) || strlen(id) <= strlen(announced->ucr) + 1)
			continue;
		visit = visits_at(&legs->visits, *at);
		if (visit && visit->lane[0] && !visit->whole &&
		    strcmp(visit->from, announced->from) == 0)
			return visit;
	}
	return NULL;
}

static void note_whole(struct legs *legs, struct teller *teller, const struct handover *announced)
{
	const struct visit *part;

	for (size_t at = 0; (part = next_part(legs, announced, &at)); at++) {
		struct visit whole = *part;

		whole.whole = true;
		visits_keep(&legs->visits, &whole, teller);
	}
}

/* The last of its parts has come. */
static bool tell_whole(struct legs *legs, struct teller *teller, const struct arrived *arrived)
{
	const struct handover *announced = arrived->announced;
	int64_t parts = 0;
	struct jw *json;

	if (!announced->part[0] || announced->parts == 0)
		return false;
	for (size_t at = 0; next_part(legs, announced, &at); at++)
		parts++;
	if (parts < announced->parts)
		return false;
	note_whole(legs, teller, announced);
	json = stay_tell_start(teller, &arrived->place, announced->ucr, arrived->place.at_mono_ns);
	jw_open(json, "leg");
	jw_text(json, "from", announced->from);
	jw_text(json, "to", announced->to);
	jw_int(json, "parts", announced->parts);
	jw_close(json);
	tell_end(teller, EVENT_LEG_WHOLE);
	return true;
}

/* true: and nothing of it is still to come. */
static bool tell_arrived(struct legs *legs, struct teller *teller, const struct arrived *arrived)
{
	static const enum event_id events[] = {
		[LEG_NOT_KNOWN] = EVENT_LEG_UNKNOWN,
		[LEG_OPEN] = EVENT_LEG_OPEN,
		[LEG_BROKEN] = EVENT_LEG_BROKEN,
	};
	const struct leg_verdict *verdict = &arrived->verdict;
	enum event_id event = events[verdict->continuity];
	const bool doubtful = handover_is_doubtful(arrived->announced);
	bool nothing_sealed = verdict->finding_count == 0 && arrived->announced->seals_more == 0 &&
			      !(doubtful && arrived->announced->seal_count > 0);

	tell_one(teller, arrived, EVENT_LEG_ARRIVED);
	if (verdict->clock_fault)
		tell_one(teller, arrived, EVENT_LEG_CLOCK_FAULT);
	if (verdict->continuity != LEG_KEPT && !nothing_sealed) {
		book(legs, teller, arrived->announced->ucr, event); /* kept with the event */
		tell_one(teller, arrived, event);
	}
	return !doubtful && tell_whole(legs, teller, arrived);
}

static struct visit *new_visit(struct legs *legs, struct teller *teller,
			       const struct legs_custody *custody)
{
	struct visit *visit = visits_add(&legs->visits, teller, custody->id);

	visit->arrived_utc_ns =
		teller->now.utc_ns - (teller->now.mono_ns - custody->place.at_mono_ns);
	snprintf(visit->lane, sizeof(visit->lane), "%s", custody->place.lane);
	snprintf(visit->passage, sizeof(visit->passage), "%s", custody->place.passage);
	return visit;
}

/* A seal that is not among these is not there. */
static bool all_noted(const struct legs_custody *custody)
{
	return custody->complete && custody->seals_more == 0;
}

static void note_seals(struct visit *visit, const struct legs_custody *custody)
{
	memcpy(visit->seals, custody->seals, sizeof(visit->seals));
	visit->seal_count = custody->seal_count;
	visit->unread = custody->unread;
	visit->complete = all_noted(custody);
}

/* What was announced and cannot be seen here is handed on as it was known; a seal that is not
 * there, and is not declared, is told here and not again. */
static void carry_announced(struct visit *visit, const struct handover *announced)
{
	for (size_t i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *before = &announced->seals[i];
		size_t count = visit->seal_count + visit->unread;
		struct leg_seal *seal = find_seal(visit->seals, count, before->number);

		if (!seal && !visit->complete && count < HANDOVER_SEALS) {
			seal = &visit->seals[count];
			*seal = *before;
			seal->state = LEG_SEAL_UNKNOWN;
			seal->openings = seal->tamperings = -1;
			visit->unread++;
		}
		if (seal)
			leg_seal_carry(seal, before, announced->from);
	}
}

static void note_origin(struct visit *visit, const struct handover *announced)
{
	memcpy(visit->from, announced->from, sizeof(visit->from));
	visit->owed_by[0] = '\0';
	visit->departed_utc_ns = announced->departed_utc_ns;
	carry_announced(visit, announced);
}

static struct leg_observed observed_of(const struct legs_custody *custody,
				       const struct visit *visit, const struct teller *teller)
{
	return (struct leg_observed){
		.seals = custody->seals,
		.seal_count = custody->seal_count,
		.unread = custody->unread,
		.complete = all_noted(custody),
		.arrived_utc_ns = visit->arrived_utc_ns,
		.clock = teller->now.clock,
	};
}

/* Of what was announced as a whole and comes on several vehicles: as far as it is on this one. */
static struct handover part_of(const struct handover *announced, struct legs_custody *custody)
{
	struct handover part = *announced;

	snprintf(part.part, sizeof(part.part), "%s", custody->part);
	part.parts = custody->parts;
	part.seal_count = 0;
	part.seals_more = 0;
	for (size_t i = 0; i < announced->seal_count; i++)
		if (find_seal(custody->seals, custody->seal_count + custody->unread,
			      announced->seals[i].number))
			part.seals[part.seal_count++] = announced->seals[i];
	return part;
}

/* All of it is here: it is not waited for any more. */
static void end_whole(struct legs *legs, struct teller *teller, const struct legs_custody *custody)
{
	struct expectation *expectation = expectations_find(&legs->expectations, custody->ucr);
	struct legs_custody whole = {.id = custody->ucr, .place = custody->place};
	struct visit *visit;

	if (!expectation)
		return;
	visit = new_visit(legs, teller, &whole);
	memcpy(visit->from, expectation->handover.from, sizeof(visit->from));
	visit->departed_utc_ns = expectation->handover.departed_utc_ns;
	visits_keep(&legs->visits, visit, teller);
	withdraw_announcement(legs, teller, &expectation->handover);
	expectations_end(&legs->expectations, teller, expectation, EXPECTATION_ARRIVED,
			 custody->place.at_mono_ns);
}

/* announced: that of the whole, in the words of this part. */
static void judge_part(struct legs *legs, struct teller *teller, const struct handover *announced,
		       const struct legs_custody *custody)
{
	struct visit *visit = new_visit(legs, teller, custody);
	struct arrived arrived = {.place = custody->place, .announced = announced};
	const struct leg_observed observed = observed_of(custody, visit, teller);

	leg_judge(announced, &observed, legs->conf->shortest_ns, &arrived.verdict);
	note_seals(visit, custody);
	note_origin(visit, announced);
	visits_remember(&legs->visits, visit, teller);
	if (tell_arrived(legs, teller, &arrived))
		end_whole(legs, teller, custody);
}

static void judge(struct legs *legs, struct teller *teller, struct expectation *expectation,
		  const struct legs_custody *custody)
{
	struct visit *visit = new_visit(legs, teller, custody);
	const struct handover announced = expectation->handover;
	struct arrived arrived = {.place = custody->place, .announced = &announced};
	const struct leg_observed observed = observed_of(custody, visit, teller);

	leg_judge(&announced, &observed, legs->conf->shortest_ns, &arrived.verdict);
	note_seals(visit, custody);
	if (!handover_is_doubtful(&announced)) /* else one that is signed may come late */
		note_origin(visit, &announced);
	visits_remember(&legs->visits, visit, teller);
	(void)tell_arrived(legs, teller, &arrived);
	withdraw_announcement(legs, teller, &announced);
	expectations_end(&legs->expectations, teller, expectation, EXPECTATION_ARRIVED,
			 custody->place.at_mono_ns);
}

static bool has_key_of(const struct legs_keys *keys, const char *checkpoint)
{
	static const char begin[] = "corridor/";
	size_t bytes = strlen(checkpoint);

	for (size_t i = 0; i < keys->count; i++) {
		const char *name = keys->key[i];

		if (strncmp(name, begin, strlen(begin)) == 0 &&
		    strncmp(name + strlen(begin), checkpoint, bytes) == 0 &&
		    name[strlen(begin) + bytes] == '/')
			return true;
	}
	return false;
}

/* That checkpoint announces what leaves it for here. */
static bool announces(const struct legs_conf *conf, const char *checkpoint)
{
	bool known = false;

	for (size_t i = 0; i < LEGS_KEY_LISTS; i++)
		known |= has_key_of(&conf->keys[i], checkpoint);
	return conf->unannounced == LEGS_OF_ALL || (conf->unannounced == LEGS_OF_KEYS && known);
}

/* Nobody announced it yet. */
static void note_visit(struct legs *legs, struct teller *teller, const struct legs_custody *custody)
{
	struct visit *arrived = visits_find(&legs->visits, custody->id);
	const bool came_back = arrived != NULL;

	if (arrived && !arrived->left)
		return;
	arrived = new_visit(legs, teller, custody);
	if (!came_back && custody->stop_before && teller->now.clock != CLOCK_UNSYNCED &&
	    announces(legs->conf, custody->stop_before))
		snprintf(arrived->owed_by, sizeof(arrived->owed_by), "%s", custody->stop_before);
	note_seals(arrived, custody);
	visits_keep(&legs->visits, arrived, teller);
}

/* true: the whole was announced, of which this is a part: judged at the end, for the vehicle may show that it
 * has the others, too. */
static bool check_part(struct legs *legs, struct teller *teller, struct legs_custody *custody,
		       bool final)
{
	const struct expectation *whole =
		custody->part[0] ? expectations_find(&legs->expectations, custody->ucr) : NULL;
	const struct visit *arrived = visits_find(&legs->visits, custody->id);
	struct handover part;

	if (!whole)
		return false;
	if (arrived && visit_is_of(arrived, &whole->handover))
		return true;
	if (!final)
		return true;
	part = part_of(&whole->handover, custody);
	judge_part(legs, teller, &part, custody);
	return true;
}

void legs_check(struct legs *legs, struct teller *teller, struct legs_custody *custody, bool final)
{
	struct expectation *expectation = expectations_find(&legs->expectations, custody->id);

	if (!expectation && check_part(legs, teller, custody, final))
		return;
	if (expectation && (final || is_seen(&expectation->handover, custody)))
		judge(legs, teller, expectation, custody);
	else if (!expectation && final)
		note_visit(legs, teller, custody);
}

static bool left_too_late(const struct legs *legs, const struct handover *announced,
			  const char *number, const struct instant *at)
{
	for (size_t k = 0; k < announced->seal_count; k++)
		if (strcmp(announced->seals[k].number, number) == 0 &&
		    leg_is_too_short(announced->departed_utc_ns, announced->departed_clock,
				     at->utc_ns, at->clock, legs->conf->shortest_ns))
			return true;
	return false;
}

bool legs_too_fast(struct legs *legs, const char *number, const struct instant *at)
{
	struct expectations *expectations = &legs->expectations;

	for (size_t i = 0; legs->conf->shortest_ns > 0 && i < expectations->drawer.count; i++) {
		const struct expectation *expectation;

		if (!expectations_may_have_seal(expectations, i, number))
			continue;
		expectation = expectations_at(expectations, i);
		if (expectation && !handover_is_doubtful(&expectation->handover) &&
		    left_too_late(legs, &expectation->handover, number, at))
			return true;
	}
	return false;
}

/* ---- leaving ------------------------------------------------------------------------- */

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
		struct leg_seal *seal = find_seal(custody->seals, count, before->number);

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
		if (is_of(drawer_key(&legs->departures.drawer, i), ucr))
			departures_move(&legs->departures, teller, i, moved);
}

/* ---- what is heard ------------------------------------------------------------------- */

/* There was nothing to compare it with when it arrived. */
static void judge_late(struct legs *legs, struct teller *teller, struct visit *visit,
		       const struct handover *announced)
{
	struct leg_observed observed = {
		.seals = visit->seals,
		.seal_count = visit->seal_count,
		.unread = visit->unread,
		.complete = visit->complete,
		.arrived_utc_ns = visit->arrived_utc_ns,
		.clock = visit->clock,
	};
	struct arrived arrived = {
		.place = {.lane = visit->lane,
			  .passage = visit->passage,
			  .at_mono_ns = teller->now.mono_ns},
		.announced = announced,
		.late = true,
	};

	leg_judge(announced, &observed, legs->conf->shortest_ns, &arrived.verdict);
	note_origin(visit, announced);
	visit->withdrawn = false;
	visits_remember(&legs->visits, visit, teller);
	(void)tell_arrived(legs, teller, &arrived);
}

static enum legs_heard heard_of_arrived(struct legs *legs, struct teller *teller,
					struct visit *arrived, const struct handover *announced)
{
	if (!arrived->from[0] && !handover_is_doubtful(announced)) {
		judge_late(legs, teller, arrived, announced);
	} else if (arrived->from[0] && arrived->withdrawn) {
		arrived->withdrawn = false;
		visits_keep(&legs->visits, arrived, teller);
	}
	withdraw_announcement(legs, teller, announced);
	return LEGS_ARRIVED;
}

static bool may_tell_unsigned(struct legs *legs, const struct teller *teller)
{
	if (teller->now.mono_ns - legs->unsigned_mono_ns >= MINUTE_NS) {
		legs->unsigned_mono_ns = teller->now.mono_ns;
		legs->unsigned_told = 0;
	}
	if (legs->unsigned_told < UNSIGNED_MOST) {
		legs->unsigned_told++;
		return true;
	}
	legs->unsigned_more++;
	return false;
}

static void tell_unsigned(struct legs *legs, struct teller *teller, const struct handover *handover)
{
	struct jw *json;

	if (!may_tell_unsigned(legs, teller))
		return;
	teller_flush(teller);
	json = stay_tell_start(teller, NULL, handover->ucr, teller->now.mono_ns);
	leg_tell(handover, NULL, json);
	jw_bool(json, "refused", legs->conf->require);
	if (legs->unsigned_more > 0)
		jw_int(json, "more", legs->unsigned_more);
	legs->unsigned_more = 0;
	tell_end(teller, EVENT_LEG_UNSIGNED);
}

/* The same one again, as it is heard with each connection. */
static bool is_known(struct legs *legs, const struct handover *handover)
{
	const struct handover *known;
	char id[HANDOVER_ID_BYTES];

	handover_id(handover, id);
	known = legs_announced(legs, id);
	return known && handover_is_same(known, handover) &&
	       known->signature == handover->signature;
}

static bool is_expired(const struct teller *teller, const struct handover *handover)
{
	return handover->expires_utc_ns != INT64_MIN && teller->now.clock != CLOCK_UNSYNCED &&
	       handover->expires_utc_ns <= teller->now.utc_ns;
}

/* What was announced of it before is still waited for, or there is nothing yet. */
static enum legs_heard hear(struct legs *legs, struct teller *teller,
			    const struct handover *handover, char ret_evicted_ucr[IDENTIFIER_BYTES])
{
	const struct handover *known;
	char id[HANDOVER_ID_BYTES];
	struct visit *arrived;
	bool again;

	handover_id(handover, id);
	arrived = visits_find(&legs->visits, id);
	known = legs_announced(legs, id);
	again = known && handover_is_same(known, handover);
	if (arrived && went_elsewhere(arrived)) { /* it comes here after all */
		visits_forget(&legs->visits, teller, id);
		arrived = NULL;
	}
	if (arrived && !again && visit_is_of(arrived, handover))
		return heard_of_arrived(legs, teller, arrived, handover);
	if (is_expired(teller, handover))
		return LEGS_EXPIRED;
	expectations_add(&legs->expectations, teller, handover, ret_evicted_ucr);
	return again ? LEGS_KNOWN : LEGS_EXPECTED;
}

enum legs_heard legs_announce(struct legs *legs, struct teller *teller,
			      const struct handover *handover,
			      char ret_evicted_ucr[IDENTIFIER_BYTES])
{
	ret_evicted_ucr[0] = '\0';
	legs->looked_mono_ns = teller->now.mono_ns;
	if (strcmp(handover->to, legs->checkpoint) != 0)
		return LEGS_ELSEWHERE;
	if (strcmp(handover->from, legs->checkpoint) == 0)
		return LEGS_OURS;
	if (handover_is_doubtful(handover) && !is_expired(teller, handover) &&
	    !is_known(legs, handover))
		tell_unsigned(legs, teller, handover);
	if (legs->conf->require && handover->signature != HANDOVER_SIGNED)
		return LEGS_REFUSED;
	return hear(legs, teller, handover, ret_evicted_ucr);
}

/* It need not be said again, and whatever announces that departure is not waited for. */
static void note_withdrawn(struct legs *legs, struct teller *teller, struct visit *visit,
			   const struct handover *announced)
{
	if (announced) {
		memcpy(visit->from, announced->from, sizeof(visit->from));
		visit->owed_by[0] = '\0';
		visit->departed_utc_ns = announced->departed_utc_ns;
	}
	if (!visit->from[0] || visit->withdrawn)
		return;
	visit->withdrawn = true;
	visits_keep(&legs->visits, visit, teller);
}

/* By the checkpoint that it left. */
static bool sends_elsewhere(const struct legs *legs, const struct handover *word)
{
	return word && word->instead[0] && strcmp(word->instead, legs->checkpoint) != 0 &&
	       strcmp(word->taken_back_by, word->from) == 0 &&
	       (word->signature == HANDOVER_SIGNED ||
		(word->signature == HANDOVER_NOT_JUDGED && !legs->conf->require));
}

/* Told once. */
static void note_elsewhere(struct legs *legs, struct teller *teller, struct visit *visit,
			   const struct handover *word)
{
	struct handover gone = *word;
	struct jw *json;

	if (strcmp(visit->instead, word->instead) == 0)
		return;
	memcpy(visit->instead, word->instead, sizeof(visit->instead));
	visits_remember(&legs->visits, visit, teller);
	memcpy(gone.to, word->instead, sizeof(gone.to));
	json = stay_tell_start(teller, NULL, gone.ucr, teller->now.mono_ns);
	jw_text(json, "instead_of", legs->checkpoint);
	leg_tell(&gone, NULL, json);
	tell_end(teller, EVENT_LEG_REDIRECTED);
}

/* By a gateway of either checkpoint: where it left, or where it arrived. */
static bool is_good_word(const struct legs *legs, const struct handover *word)
{
	return word->signature == HANDOVER_SIGNED &&
	       (strcmp(word->taken_back_by, word->from) == 0 ||
		strcmp(word->taken_back_by, legs->checkpoint) == 0);
}

static bool takes_back(const struct legs *legs, const struct handover *word,
		       const struct handover *announced)
{
	if (legs->conf->require && (!word || !is_good_word(legs, word)))
		return false;
	return !word || handover_is_same(word, announced);
}

/* It is our own message, and so the broker has it; or that of another gateway of this checkpoint that saw it
 * arrive, or of who announced it: then it is not waited for, even if it is announced again. */
enum legs_heard legs_withdraw(struct legs *legs, struct teller *teller, const char *id,
			      const struct handover *word)
{
	struct expectation *expectation = expectations_find(&legs->expectations, id);
	struct visit *arrived = visits_find(&legs->visits, id);
	const bool elsewhere = sends_elsewhere(legs, word);

	if (expectation && !expectation->here) {
		if (!takes_back(legs, word, &expectation->handover))
			return LEGS_REFUSED;
		arrived = visits_add(&legs->visits, teller, id);
		note_withdrawn(legs, teller, arrived, &expectation->handover);
		expectations_end(&legs->expectations, teller, expectation, EXPECTATION_WITHDRAWN,
				 teller->now.mono_ns);
		if (elsewhere)
			note_elsewhere(legs, teller, arrived, word);
		return LEGS_WITHDRAWN;
	}
	if (arrived && elsewhere && !visit_is_of(arrived, word))
		arrived = NULL; /* of another time */
	if (!arrived && !expectation && word && (elsewhere || is_good_word(legs, word))) {
		arrived = visits_add(&legs->visits, teller, id);
		note_withdrawn(legs, teller, arrived, word);
	} else if (arrived) {
		note_withdrawn(legs, teller, arrived, NULL);
	}
	if (arrived && elsewhere)
		note_elsewhere(legs, teller, arrived, word);
	return LEGS_KNOWN;
}

void legs_connected(struct legs *legs, struct teller *teller)
{
	visits_will_hear(&legs->visits, teller->now.mono_ns + EXPECTATION_HEARING_NS);
	if (!legs->conf->require)
		expectations_connected(&legs->expectations, teller);
}

void legs_heard(struct legs *legs, int64_t mono_ns)
{
	expectations_heard(&legs->expectations, mono_ns);
	if (legs->visits.all_heard_mono_ns != INT64_MAX &&
	    legs->visits.all_heard_mono_ns < mono_ns + EXPECTATION_HEARING_NS)
		visits_will_hear(&legs->visits, mono_ns + EXPECTATION_HEARING_NS);
}

void legs_disconnected(struct legs *legs)
{
	expectations_disconnected(&legs->expectations);
	visits_will_hear(&legs->visits, INT64_MAX);
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
