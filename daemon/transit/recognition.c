#include "recognition.h"

#include <string.h>

static const struct {
	enum recognition_decision decision;
	const char *name;
	const char *words;
} reasons[RECOGNITION_REASONS] = {
	[BECAUSE_OWN_STATE] = {RECOGNISED, "own_state", "authorised by this state"},
	[BECAUSE_ARRANGED] = {RECOGNISED, "arranged",
			      "covered by a mutual recognition arrangement"},
	[BECAUSE_CLOCK_UNTRUSTED] = {RECOGNITION_UNKNOWN, "clock_untrusted",
				     "the clock is not set, so no date can be judged"},
	[BECAUSE_AUTHORISATIONS_STALE] = {RECOGNITION_LIST_STALE, "authorisations_stale",
					  "the list of authorisations is too old"},
	[BECAUSE_ARRANGEMENTS_STALE] = {RECOGNITION_LIST_STALE, "arrangements_stale",
					"the list of arrangements is too old"},
	[BECAUSE_NO_CONSENT] = {NOT_RECOGNISED, "no_consent",
				"the operator does not consent to the exchange of its data"},
	[BECAUSE_ROLE_NOT_COVERED] = {NOT_RECOGNISED, "role_not_covered",
				      "the arrangement does not cover operators in this role"},
	[BECAUSE_ROLE_NOT_HELD] = {NOT_RECOGNISED, "role_not_held",
				   "the operator is not authorised for this role"},
	[BECAUSE_SUSPENDED] = {RECOGNITION_SUSPENDED, "suspended",
			       "the authorisation is suspended"},
	[BECAUSE_TYPE_NOT_COVERED] = {NOT_RECOGNISED, "type_not_covered",
				      "the arrangement does not cover this type of authorisation"},
	[BECAUSE_OTHER_FLOW] = {NOT_RECOGNISED, "other_flow",
				"the arrangement does not cover this flow of goods"},
	[BECAUSE_ARRANGEMENT_ENDED] = {NOT_RECOGNISED, "arrangement_ended",
				       "the arrangement has ended"},
	[BECAUSE_ARRANGEMENT_SUSPENDED] = {NOT_RECOGNISED, "arrangement_suspended",
					   "the arrangement is suspended"},
	[BECAUSE_ARRANGEMENT_NOT_YET] = {NOT_RECOGNISED, "arrangement_not_yet",
					 "the arrangement is not yet in force"},
	[BECAUSE_OTHER_DIRECTION] = {NOT_RECOGNISED, "other_direction",
				     "the arrangement works in the other direction only"},
	[BECAUSE_NO_ARRANGEMENT] = {NOT_RECOGNISED, "no_arrangement",
				    "there is no arrangement with the state that authorised it"},
	[BECAUSE_NOT_YET_VALID] = {NOT_RECOGNISED, "not_yet_valid",
				   "the authorisation was not yet valid"},
	[BECAUSE_EXPIRED] = {RECOGNITION_EXPIRED, "expired", "the authorisation has expired"},
	[BECAUSE_REVOKED] = {NOT_RECOGNISED, "revoked", "the authorisation is revoked"},
	[BECAUSE_NOT_LISTED] = {RECOGNITION_UNKNOWN, "not_listed",
				"no authorisation of the operator is on the list"},
	[BECAUSE_NO_LIST] = {RECOGNITION_UNKNOWN, "no_list", "no list of authorisations is held"},
};

const char *recognition_decision_name(enum recognition_decision decision)
{
	static const char *const names[] = {"recognised", "not_recognised", "suspended",
					    "expired",	  "unknown",	    "list_stale"};

	return names[decision];
}

const char *recognition_reason_name(enum recognition_reason reason)
{
	return reasons[reason].name;
}

const char *recognition_reason_words(enum recognition_reason reason)
{
	return reasons[reason].words;
}

static bool dates_count(const struct recognition_query *query)
{
	return query->clock != CLOCK_UNSYNCED;
}

static bool is_before(const struct recognition_query *query, int64_t from_utc_ns)
{
	return dates_count(query) && query->at_utc_ns < from_utc_ns;
}

static bool is_after(const struct recognition_query *query, int64_t until_utc_ns)
{
	return dates_count(query) && query->at_utc_ns >= until_utc_ns;
}

static bool is_stale(const struct recognition_query *query, const struct registry_list *list)
{
	int64_t since, age;

	if (!list)
		return true;
	since = list->as_of_utc_ns < list->received_utc_ns ? list->as_of_utc_ns
							   : list->received_utc_ns;
	if (!dates_count(query) || query->at_utc_ns <= since)
		return false;
	return __builtin_sub_overflow(query->at_utc_ns, since, &age) || age > list->max_age_ns;
}

static bool same(const char *a, const char *b)
{
	return a && b && *a && strcmp(a, b) == 0;
}

static bool is_party(const struct recognition_query *query, const struct arrangement_table *table,
		     const char *party, const char *state)
{
	size_t i;

	if (same(party, state))
		return true;
	for (i = 0; i < table->member_count; i++) {
		const struct group_member *member = &table->members[i];

		if (same(member->group, party) && same(member->state, state) &&
		    !is_before(query, member->valid.from_utc_ns) &&
		    !is_after(query, member->valid.until_utc_ns))
			return true;
	}
	return false;
}

static bool has_word(const char *words, const char *word)
{
	static const char separators[] = ", \t";
	size_t bytes;

	for (; words && word && *word; words += bytes) {
		words += strspn(words, separators);
		bytes = strcspn(words, separators);
		if (bytes == 0)
			return false;
		if ((bytes == 1 && *words == '*') ||
		    (bytes == strlen(word) && memcmp(words, word, bytes) == 0))
			return true;
	}
	return false;
}

/* One way of an arrangement: operators of one party at checkpoints of the other. */
struct way {
	const char *home, *host;
	bool open;
	const char *types;
};

static struct way way_of(const struct arrangement *arrangement,
			 enum arrangement_direction direction)
{
	const bool a_in_b = direction == ARRANGEMENT_A_IN_B;

	if (arrangement->group)
		return (struct way){arrangement->group, arrangement->group, true,
				    arrangement->types_a};
	return (struct way){
		.home = a_in_b ? arrangement->party_a : arrangement->party_b,
		.host = a_in_b ? arrangement->party_b : arrangement->party_a,
		.open = arrangement->direction & direction,
		.types = a_in_b ? arrangement->types_a : arrangement->types_b,
	};
}

static enum recognition_reason judge_force(const struct recognition_query *query,
					   const struct arrangement *arrangement)
{
	switch (arrangement->status) {
	case ARRANGEMENT_IN_FORCE:
		break;
	case ARRANGEMENT_SUSPENDED:
		return BECAUSE_ARRANGEMENT_SUSPENDED;
	case ARRANGEMENT_TERMINATED:
		return BECAUSE_ARRANGEMENT_ENDED;
	default:
		return BECAUSE_ARRANGEMENT_NOT_YET;
	}
	if (is_before(query, arrangement->in_force.from_utc_ns))
		return BECAUSE_ARRANGEMENT_NOT_YET;
	if (is_after(query, arrangement->in_force.until_utc_ns))
		return BECAUSE_ARRANGEMENT_ENDED;
	return BECAUSE_ARRANGED;
}

/* The questions in the order of the reasons, furthest first. */
static enum recognition_reason judge_way(const struct recognition_query *query,
					 const struct arrangement_table *table,
					 const struct aeo_authorisation *authorisation,
					 const struct arrangement *arrangement,
					 enum arrangement_direction direction)
{
	const struct way way = way_of(arrangement, direction);
	enum recognition_reason force;

	if (!is_party(query, table, way.home, authorisation->state) ||
	    !is_party(query, table, way.host, query->state))
		return BECAUSE_NO_ARRANGEMENT;
	if (!way.open)
		return BECAUSE_OTHER_DIRECTION;
	force = judge_force(query, arrangement);
	if (force != BECAUSE_ARRANGED)
		return force;
	if (!(arrangement->flows & query->flow))
		return BECAUSE_OTHER_FLOW;
	if (!has_word(way.types, authorisation->type))
		return BECAUSE_TYPE_NOT_COVERED;
	if (!(arrangement->roles & query->role))
		return BECAUSE_ROLE_NOT_COVERED;
	if (!authorisation->consents)
		return BECAUSE_NO_CONSENT;
	return is_stale(query, arrangement->list) ? BECAUSE_ARRANGEMENTS_STALE : BECAUSE_ARRANGED;
}

static const struct aeo_status_change *status_at(const struct recognition_query *query,
						 const struct aeo_authorisation *authorisation)
{
	const struct aeo_status_change *last = NULL;
	size_t i;

	for (i = 0; i < authorisation->history_count; i++) {
		const struct aeo_status_change *change = &authorisation->history[i];

		if (!is_before(query, change->from_utc_ns) &&
		    (!last || change->from_utc_ns >= last->from_utc_ns))
			last = change;
	}
	return last;
}

/* What the authorisation is worth at home. */
static enum recognition_reason judge_authorisation(const struct recognition_query *query,
						   const struct aeo_authorisation *authorisation)
{
	const struct aeo_status_change *change = status_at(query, authorisation);

	if (!change)
		return BECAUSE_NOT_YET_VALID;
	if (change->status == AEO_REVOKED)
		return BECAUSE_REVOKED;
	if (is_before(query, authorisation->valid.from_utc_ns))
		return BECAUSE_NOT_YET_VALID;
	if (is_after(query, authorisation->valid.until_utc_ns))
		return BECAUSE_EXPIRED;
	if (change->status != AEO_ACTIVE)
		return BECAUSE_SUSPENDED;
	return authorisation->roles & query->role ? BECAUSE_OWN_STATE : BECAUSE_ROLE_NOT_HELD;
}

static void take_nearer(struct recognition *best, enum recognition_reason reason,
			const struct aeo_authorisation *authorisation,
			const struct arrangement *arrangement)
{
	if (reason >= best->reason)
		return;
	best->reason = reason;
	best->authorisation = authorisation;
	best->arrangement = arrangement;
}

static void judge_abroad(const struct recognition_query *query,
			 const struct arrangement_table *table,
			 const struct aeo_authorisation *authorisation, struct recognition *best)
{
	size_t i;

	take_nearer(best, BECAUSE_NO_ARRANGEMENT, authorisation, NULL);
	for (i = 0; i < 2 * table->arrangement_count; i++) {
		const struct arrangement *arrangement = &table->arrangements[i / 2];
		const enum arrangement_direction direction =
			i % 2 ? ARRANGEMENT_B_IN_A : ARRANGEMENT_A_IN_B;
		enum recognition_reason reason =
			judge_way(query, table, authorisation, arrangement, direction);

		if (reason == BECAUSE_ARRANGED && is_stale(query, authorisation->list))
			reason = BECAUSE_AUTHORISATIONS_STALE;
		take_nearer(best, reason, authorisation, arrangement);
	}
}

struct recognition recognition_decide(const struct recognition_query *query,
				      const struct arrangement_table *table)
{
	struct recognition best = {.reason = RECOGNITION_REASONS};
	size_t i;

	take_nearer(&best, query->searched ? BECAUSE_NOT_LISTED : BECAUSE_NO_LIST, NULL, NULL);
	for (i = 0; i < query->authorisation_count; i++) {
		const struct aeo_authorisation *authorisation = &query->authorisations[i];
		enum recognition_reason reason = judge_authorisation(query, authorisation);

		if (reason == BECAUSE_OWN_STATE && !same(authorisation->state, query->state)) {
			judge_abroad(query, table, authorisation, &best);
			continue;
		}
		if (reason == BECAUSE_OWN_STATE && is_stale(query, authorisation->list))
			reason = BECAUSE_AUTHORISATIONS_STALE;
		take_nearer(&best, reason, authorisation, NULL);
	}
	if (reasons[best.reason].decision == RECOGNISED && !dates_count(query))
		best.reason = BECAUSE_CLOCK_UNTRUSTED;
	best.decision = reasons[best.reason].decision;
	best.list = best.authorisation ? best.authorisation->list : query->searched;
	if (best.decision == RECOGNISED)
		best.benefits = best.arrangement ? best.arrangement->benefits : query->own_benefits;
	return best;
}
