/* What comes, and what was announced of it. */
#include "transit/legs/private.h"

#include <stdio.h>
#include <string.h>

#include "transit/event/teller.h"

void legs_end_announcement(struct legs *legs, struct teller *teller,
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

const struct handover *legs_announced(struct legs *legs, const char *id)
{
	const struct expectation *expectation = expectations_find(&legs->expectations, id);

	return expectation ? &expectation->handover : NULL;
}

const char *legs_came_from(struct legs *legs, const char *ucr)
{
	const struct drawer *drawer = &legs->expectations.drawer;
	const struct expectation *expectation = NULL;

	for (size_t i = 0; i < drawer->count && !expectation; i++) {
		if (handover_id_is_of(drawer_key(drawer, i), ucr))
			expectation = expectations_at(&legs->expectations, i);
		if (expectation && handover_is_doubtful(&expectation->handover))
			expectation = NULL;
	}
	return expectation ? expectation->handover.from : NULL;
}

const char *legs_sent_to(struct legs *legs, const char *ucr)
{
	const struct drawer *drawer = &legs->visits.drawer;

	for (size_t i = 0; i < drawer->count; i++) {
		const struct visit *visit = NULL;

		if (handover_id_is_of(drawer_key(drawer, i), ucr))
			visit = visits_at(&legs->visits, i);
		if (visit && visit_went_elsewhere(visit))
			return visit->instead;
	}
	return NULL;
}

void legs_set_here(struct legs *legs, const char *ucr, bool here)
{
	const struct drawer *drawer = &legs->expectations.drawer;

	for (size_t i = 0; i < drawer->count; i++) {
		struct expectation *expectation;

		if (!handover_id_is_of(drawer_key(drawer, i), ucr))
			continue;
		expectation = expectations_at(&legs->expectations, i);
		if (!expectation || expectation->here == here)
			continue;
		expectation->here = here;
		expectations_note(&legs->expectations, expectation);
	}
}

/* All announced and declared seals can be compared. */
static bool is_seen(const struct handover *announced, struct legs_custody *custody)
{
	if (announced->seals_more > 0 || custody->unread > 0 || custody->unread_more > 0)
		return false;
	for (size_t i = 0; i < announced->seal_count; i++) {
		const struct leg_seal *before = &announced->seals[i];
		const struct leg_seal *now =
			leg_seal_find(custody->seals, custody->seal_count, before->number);

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

		if (!handover_id_is_of(id, announced->ucr) ||
		    strlen(id) <= strlen(announced->ucr) + 1)
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
		struct leg_seal *seal = leg_seal_find(visit->seals, count, before->number);

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
		if (leg_seal_find(custody->seals, custody->seal_count + custody->unread,
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
	legs_end_announcement(legs, teller, &expectation->handover);
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
	legs_end_announcement(legs, teller, &announced);
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

void legs_judge_late(struct legs *legs, struct teller *teller, struct visit *visit,
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
