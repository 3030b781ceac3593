/* What other checkpoints announce, and take back. */
#include "transit/legs/private.h"

#include <string.h>

#include "transit/event/teller.h"

#define UNSIGNED_MOST 5 /* leg.unsigned in a minute */

static enum legs_heard heard_of_arrived(struct legs *legs, struct teller *teller,
					struct visit *arrived, const struct handover *announced)
{
	if (!arrived->from[0] && !handover_is_doubtful(announced)) {
		legs_judge_late(legs, teller, arrived, announced);
	} else if (arrived->from[0] && arrived->withdrawn) {
		arrived->withdrawn = false;
		visits_keep(&legs->visits, arrived, teller);
	}
	legs_end_announcement(legs, teller, announced);
	return LEGS_ARRIVED;
}

static bool may_tell_unsigned(struct legs *legs, const struct teller *teller)
{
	if (teller->now.mono_ns - legs->unsigned_mono_ns >= LEGS_MINUTE_NS) {
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
	if (arrived && visit_went_elsewhere(arrived)) { /* it comes here after all */
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
