#include "transit/registry/recognition.h"

#include <string.h>

static const struct {
	enum recognition_decision decision;
	const char *name;
} reasons[RECOGNITION_REASONS] = {
	[BECAUSE_OWN_STATE] = {RECOGNISED, "own_state"},
	[BECAUSE_ARRANGED] = {RECOGNISED, "arranged"},
	[BECAUSE_CLOCK_UNTRUSTED] = {RECOGNITION_UNKNOWN, "clock_untrusted"},
	[BECAUSE_AUTHORISATIONS_STALE] = {RECOGNITION_LIST_STALE, "authorisations_stale"},
	[BECAUSE_ARRANGEMENTS_STALE] = {RECOGNITION_LIST_STALE, "arrangements_stale"},
	[BECAUSE_CONSIGNMENT_STALE] = {RECOGNITION_LIST_STALE, "consignment_stale"},
	[BECAUSE_NO_CONSENT] = {NOT_RECOGNISED, "no_consent"},
	[BECAUSE_ROLE_NOT_COVERED] = {NOT_RECOGNISED, "role_not_covered"},
	[BECAUSE_ROLE_NOT_HELD] = {NOT_RECOGNISED, "role_not_held"},
	[BECAUSE_SUSPENDED] = {RECOGNITION_SUSPENDED, "suspended"},
	[BECAUSE_TYPE_NOT_COVERED] = {NOT_RECOGNISED, "type_not_covered"},
	[BECAUSE_OTHER_FLOW] = {NOT_RECOGNISED, "other_flow"},
	[BECAUSE_ARRANGEMENT_ENDED] = {NOT_RECOGNISED, "arrangement_ended"},
	[BECAUSE_ARRANGEMENT_SUSPENDED] = {NOT_RECOGNISED, "arrangement_suspended"},
	[BECAUSE_ARRANGEMENT_NOT_YET] = {NOT_RECOGNISED, "arrangement_not_yet"},
	[BECAUSE_OTHER_DIRECTION] = {NOT_RECOGNISED, "other_direction"},
	[BECAUSE_NO_ARRANGEMENT] = {NOT_RECOGNISED, "no_arrangement"},
	[BECAUSE_NOT_YET_VALID] = {NOT_RECOGNISED, "not_yet_valid"},
	[BECAUSE_EXPIRED] = {RECOGNITION_EXPIRED, "expired"},
	[BECAUSE_REVOKED] = {NOT_RECOGNISED, "revoked"},
	[BECAUSE_NOT_LISTED] = {RECOGNITION_UNKNOWN, "not_listed"},
	[BECAUSE_NO_LIST] = {RECOGNITION_UNKNOWN, "no_list"},
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

enum membership { IS_NO_PARTY, IS_PARTY_BY_A_STALE_LIST, IS_PARTY };

/* by_law: only where the group's law makes a status hold in all of it. */
static enum membership membership_in(const struct recognition_query *query,
				     const struct arrangement_table *table, const char *group,
				     const char *state, bool by_law)
{
	enum membership best = IS_NO_PARTY;

	for (size_t i = 0; i < table->member_count && best != IS_PARTY; i++) {
		const struct group_member *member = &table->members[i];

		if (!same(member->group, group) || !same(member->state, state) ||
		    (by_law && !member->by_law) || is_before(query, member->valid.from_utc_ns) ||
		    is_after(query, member->valid.until_utc_ns))
			continue;
		best = member->list && is_stale(query, member->list) ? IS_PARTY_BY_A_STALE_LIST
								     : IS_PARTY;
	}
	return best;
}

static enum membership membership_of(const struct recognition_query *query,
				     const struct arrangement_table *table, const char *party,
				     const char *state)
{
	return same(party, state) ? IS_PARTY : membership_in(query, table, party, state, false);
}

static enum membership weaker(enum membership a, enum membership b)
{
	return a < b ? a : b;
}

/* Whether both states are in a group whose law makes a status hold in all of it. */
static enum membership same_law(const struct recognition_query *query,
				const struct arrangement_table *table, const char *state)
{
	enum membership best = IS_NO_PARTY;

	for (size_t i = 0; i < table->member_count && best != IS_PARTY; i++) {
		const struct group_member *member = &table->members[i];
		enum membership both;

		if (!member->by_law || !same(member->state, state))
			continue;
		both = weaker(membership_in(query, table, member->group, state, true),
			      membership_in(query, table, member->group, query->state, true));
		if (both > best)
			best = both;
	}
	return best;
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
	const enum membership home = membership_of(query, table, way.home, authorisation->state);
	const enum membership host = membership_of(query, table, way.host, query->state);
	enum membership law = IS_PARTY; /* or its consent */
	enum recognition_reason force;

	if (home == IS_NO_PARTY || host == IS_NO_PARTY)
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
		law = same_law(query, table, authorisation->state);
	if (law == IS_NO_PARTY)
		return BECAUSE_NO_CONSENT;
	if (is_stale(query, arrangement->list) || home != IS_PARTY || host != IS_PARTY ||
	    law != IS_PARTY)
		return BECAUSE_ARRANGEMENTS_STALE;
	return BECAUSE_ARRANGED;
}

static const struct aeo_status_change *status_at(const struct recognition_query *query,
						 const struct aeo_authorisation *authorisation)
{
	const struct aeo_status_change *last = NULL;

	for (size_t i = 0; i < authorisation->history_count; i++) {
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
	take_nearer(best, BECAUSE_NO_ARRANGEMENT, authorisation, NULL);
	for (size_t i = 0; i < 2 * table->arrangement_count; i++) {
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

static uint32_t own_benefits(const struct recognition_policy *policy, const char *type)
{
	uint32_t benefits = 0;

	for (size_t i = 0; policy && i < policy->own_count; i++)
		if (!policy->own[i].type[0] || same(policy->own[i].type, type))
			benefits |= policy->own[i].benefits;
	return benefits;
}

struct recognition recognition_decide(const struct recognition_query *query,
				      const struct arrangement_table *table)
{
	struct recognition best = {.reason = RECOGNITION_REASONS};

	take_nearer(&best, query->searched ? BECAUSE_NOT_LISTED : BECAUSE_NO_LIST, NULL, NULL);
	for (size_t i = 0; i < query->authorisation_count; i++) {
		const struct aeo_authorisation *authorisation = &query->authorisations[i];
		enum recognition_reason reason;

		if (query->only_state && !same(query->only_state, authorisation->state))
			continue;
		reason = judge_authorisation(query, authorisation);
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
	if (reasons[best.reason].decision == RECOGNISED && query->consignment &&
	    is_stale(query, query->consignment))
		best.reason = BECAUSE_CONSIGNMENT_STALE;
	best.decision = reasons[best.reason].decision;
	best.list = best.authorisation ? best.authorisation->list : query->searched;
	if (best.decision == RECOGNISED && best.arrangement)
		best.benefits = best.arrangement->benefits;
	else if (best.decision == RECOGNISED && best.authorisation)
		best.benefits = own_benefits(query->policy, best.authorisation->type);
	return best;
}
