/* What holds for recognition in any world of operators, arrangements, groups and dates. */
#include "rig/unit.h"

#include "dice.h"
#include "transit/registry/recognition.h"

#define WORLDS	     4000
#define HOLDINGS     2
#define CHANGES	     3
#define ARRANGEMENTS 4
#define MEMBERS	     4
#define DAY	     INT64_C(86400000000000)
#define FIRST_DAY    (INT64_C(20000) * DAY)
#define DAYS	     20 /* of the calendar of these worlds */
#define MOMENTS	     100

struct world {
	struct registry_list lists[3]; /* authorisations, arrangements, of both */
	struct aeo_status_change history[HOLDINGS][CHANGES + 1];
	struct aeo_authorisation holdings[HOLDINGS];
	struct arrangement arrangements[ARRANGEMENTS + 1];
	struct group_member members[MEMBERS];
	struct arrangement_table table;
	struct recognition_query query;
};

static const struct recognition_policy own_policy = {
	.own = {{.benefits = BENEFIT_PRIORITY_LANE}},
	.own_count = 1,
};

static struct dice *dice_of(void **state)
{
	return *state;
}

/* ---- a world ------------------------------------------------------------------------- */

static int64_t any_day(struct dice *dice)
{
	return FIRST_DAY + roll(dice, DAYS) * DAY;
}

static struct utc_span any_span(struct dice *dice)
{
	struct utc_span span = {INT64_MIN, INT64_MAX};

	if (roll(dice, 3) == 0)
		span.from_utc_ns = any_day(dice);
	if (roll(dice, 3) == 0)
		span.until_utc_ns = any_day(dice);
	return span;
}

static const char *any_state(struct dice *dice)
{
	static const char *const states[] = {"GE", "MD", "BG", "TR"};

	return states[roll(dice, 4)];
}

static const char *any_party(struct dice *dice)
{
	return roll(dice, 3) == 0 ? "EU" : any_state(dice);
}

static const char *any_types(struct dice *dice)
{
	static const char *const types[] = {"*", "AEOS", "AEOC AEOS", "AEOF,AEOS", ""};

	return types[roll(dice, 5)];
}

static struct registry_list any_list(struct dice *dice)
{
	return (struct registry_list){
		.version = "1",
		.as_of_utc_ns = any_day(dice),
		.received_utc_ns = any_day(dice),
		.max_age_ns = flip(dice) ? INT64_MAX : roll(dice, 2 * DAYS) * DAY,
	};
}

static void make_holding(struct dice *dice, struct world *world, size_t which)
{
	static const char *const types[] = {"AEOC", "AEOS", "AEOF"};
	struct aeo_authorisation *holding = &world->holdings[which];
	int64_t day = FIRST_DAY - DAY;

	*holding = (struct aeo_authorisation){
		.scheme = "AEO",
		.number = which ? "2" : "1",
		.state = any_state(dice),
		.type = types[roll(dice, 3)],
		.roles = flip(dice) ? AEO_ANY_ROLE : 1u << roll(dice, 3),
		.history = world->history[which],
		.history_count = 1 + roll(dice, CHANGES),
		.valid = any_span(dice),
		.consents = roll(dice, 4) != 0,
		.list = &world->lists[roll(dice, 3)],
	};
	for (size_t i = 0; i < holding->history_count; i++, day += (1 + roll(dice, DAYS / 2)) * DAY)
		world->history[which][i] = (struct aeo_status_change){
			i && flip(dice) ? (enum aeo_status)roll(dice, 3) : AEO_ACTIVE, day};
}

static struct arrangement any_arrangement(struct dice *dice, struct world *world)
{
	return (struct arrangement){
		.id = "any",
		.party_a = any_party(dice),
		.party_b = any_party(dice),
		.group = roll(dice, 4) ? NULL : "EU",
		.direction = 1 + roll(dice, 3),
		.flows = flip(dice) ? FLOW_ANY : 1 + roll(dice, 7),
		.types_a = any_types(dice),
		.types_b = any_types(dice),
		.roles = flip(dice) ? AEO_ANY_ROLE : 1 + roll(dice, 255),
		.benefits = 1 + roll(dice, 1023),
		.status = roll(dice, 3) ? ARRANGEMENT_IN_FORCE
					: (enum arrangement_status)roll(dice, 5),
		.in_force = any_span(dice),
		.list = &world->lists[roll(dice, 3)],
	};
}

static void make_world(struct dice *dice, struct world *world)
{

	memset(world, 0, sizeof(*world));
	for (size_t i = 0; i < 3; i++)
		world->lists[i] = any_list(dice);
	for (size_t i = 0; i < HOLDINGS; i++)
		make_holding(dice, world, i);
	for (size_t i = 0; i < ARRANGEMENTS; i++)
		world->arrangements[i] = any_arrangement(dice, world);
	for (size_t i = 0; i < MEMBERS; i++)
		world->members[i] = (struct group_member){
			.group = "EU", .state = any_state(dice), .valid = any_span(dice)};
	world->table = (struct arrangement_table){world->arrangements, roll(dice, ARRANGEMENTS + 1),
						  world->members, roll(dice, MEMBERS + 1)};
	world->query = (struct recognition_query){
		.authorisations = world->holdings,
		.authorisation_count = 1 + roll(dice, HOLDINGS),
		.searched = &world->lists[0],
		.role = 1u << roll(dice, 3),
		.flow = 1u << roll(dice, 3),
		.state = any_state(dice),
		.policy = &own_policy,
		.at_utc_ns = any_day(dice) + roll(dice, 3) - 1,
		.clock = roll(dice, 8) ? CLOCK_SYNCED : CLOCK_HOLDOVER,
	};
}

static struct recognition decide(const struct world *world)
{
	return recognition_decide(&world->query, &world->table);
}

/* ---- what is taken away, what is added ------------------------------------------------ */

static void a_list_that_grows_old_only_takes_away(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;
	size_t k, recognised = 0;

	for (size_t i = 0; i < WORLDS; i++) {
		struct recognition before, after;

		make_world(dice, &world);
		before = decide(&world);
		for (k = 0; k < 3; k++)
			if (flip(dice))
				world.lists[k].max_age_ns /= 2;
		after = decide(&world);
		recognised += before.decision == RECOGNISED;
		if (before.decision != RECOGNISED)
			assert_int_not_equal(after.decision, RECOGNISED);
		else if (after.decision != RECOGNISED)
			assert_int_equal(after.decision, RECOGNITION_LIST_STALE);
		if (after.decision != RECOGNISED)
			assert_int_equal(after.benefits, 0);
	}
	assert_true(recognised > WORLDS / 100);
}

static void an_arrangement_more_takes_nothing_away(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;
	size_t won = 0;

	for (size_t i = 0; i < WORLDS; i++) {
		struct recognition before, after;
		size_t at;

		make_world(dice, &world);
		before = decide(&world);
		at = roll(dice, (uint32_t)world.table.arrangement_count + 1);
		memmove(&world.arrangements[at + 1], &world.arrangements[at],
			(world.table.arrangement_count - at) * sizeof(world.arrangements[0]));
		world.arrangements[at] = any_arrangement(dice, &world);
		world.table.arrangement_count++;
		after = decide(&world);
		assert_true(after.reason <= before.reason); /* no further from recognised */
		if (before.decision == RECOGNISED)
			assert_int_equal(after.decision, RECOGNISED);
		won += before.decision != RECOGNISED && after.decision == RECOGNISED;
	}
	assert_true(won > 0);
}

static void a_suspended_or_ended_arrangement_recognises_nobody(void **state)
{
	static const enum arrangement_status statuses[] = {
		ARRANGEMENT_NEGOTIATED, ARRANGEMENT_SIGNED, ARRANGEMENT_SUSPENDED,
		ARRANGEMENT_TERMINATED};
	struct dice *dice = dice_of(state);
	struct world world;
	size_t k;

	for (size_t i = 0; i < WORLDS; i++) {
		struct recognition after;

		make_world(dice, &world);
		for (k = 0; k < ARRANGEMENTS; k++)
			world.arrangements[k].status = statuses[roll(dice, 4)];
		after = decide(&world);
		assert_true(after.decision != RECOGNISED || after.reason == BECAUSE_OWN_STATE);
	}
}

static void consent_withdrawn_takes_all_away_abroad(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;
	size_t k;

	for (size_t i = 0; i < WORLDS; i++) {
		struct recognition before, after;

		make_world(dice, &world);
		before = decide(&world);
		for (k = 0; k < HOLDINGS; k++)
			world.holdings[k].consents = false;
		after = decide(&world);
		assert_true(after.decision != RECOGNISED || after.reason == BECAUSE_OWN_STATE);
		assert_true(after.reason >= before.reason);
		if (before.reason == BECAUSE_OWN_STATE)
			assert_int_equal(after.reason, BECAUSE_OWN_STATE);
	}
}

static void a_suspension_or_revocation_ends_recognition_at_once(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;
	size_t k;

	for (size_t i = 0; i < WORLDS; i++) {
		make_world(dice, &world);
		for (k = 0; k < HOLDINGS; k++)
			world.history[k][world.holdings[k].history_count++] =
				(struct aeo_status_change){flip(dice) ? AEO_SUSPENDED : AEO_REVOKED,
							   world.query.at_utc_ns};
		assert_int_not_equal(decide(&world).decision, RECOGNISED);
		world.query.at_utc_ns--; /* not before */
		{
			struct recognition before = decide(&world);

			for (k = 0; k < HOLDINGS; k++)
				world.holdings[k].history_count--;
			assert_int_equal(decide(&world).reason, before.reason);
		}
	}
}

static void a_clock_never_set_recognises_nobody(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;

	for (size_t i = 0; i < WORLDS; i++) {
		make_world(dice, &world);
		world.query.clock = CLOCK_UNSYNCED;
		assert_int_not_equal(decide(&world).decision, RECOGNISED);
	}
}

/* ---- what makes no difference ---------------------------------------------------------- */

static void the_order_of_what_is_known_makes_no_difference(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;
	size_t k;

	for (size_t i = 0; i < WORLDS; i++) {
		struct recognition before, after;

		make_world(dice, &world);
		before = decide(&world);
		for (k = 0; k + 1 < world.table.arrangement_count; k++) {
			struct arrangement first = world.arrangements[k];

			world.arrangements[k] = world.arrangements[k + 1];
			world.arrangements[k + 1] = first;
		}
		for (k = 0; k + 1 < world.holdings[0].history_count; k++) {
			struct aeo_status_change first = world.history[0][k];

			world.history[0][k] = world.history[0][k + 1];
			world.history[0][k + 1] = first;
		}
		if (world.query.authorisation_count == 2) {
			struct aeo_authorisation first = world.holdings[0];

			world.holdings[0] = world.holdings[1];
			world.holdings[1] = first;
		}
		after = decide(&world);
		assert_int_equal(after.decision, before.decision);
		assert_int_equal(after.reason, before.reason);
	}
}

static void who_is_no_party_makes_no_difference(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;

	for (size_t i = 0; i < WORLDS; i++) {
		struct recognition before, after;
		struct arrangement *more;

		make_world(dice, &world);
		before = decide(&world);
		more = &world.arrangements[world.table.arrangement_count++];
		*more = any_arrangement(dice, &world);
		more->group = NULL;
		more->party_a = "KZ";
		after = decide(&world);
		assert_int_equal(after.reason, before.reason);
		assert_int_equal(after.benefits, before.benefits);
		assert_ptr_equal(after.arrangement, before.arrangement);
	}
}

/* ---- time ------------------------------------------------------------------------------ */

static size_t add_moment(int64_t moments[MOMENTS], size_t count, int64_t at_utc_ns)
{
	assert_true(count < MOMENTS);
	if (at_utc_ns != INT64_MIN && at_utc_ns != INT64_MAX)
		moments[count++] = at_utc_ns;
	return count;
}

/* All at which something may change: the first moment of a span, and the first after it. */
static size_t moments_of(const struct world *world, int64_t moments[MOMENTS])
{
	size_t count = 0, k;

	for (size_t i = 0; i < HOLDINGS; i++) {
		count = add_moment(moments, count, world->holdings[i].valid.from_utc_ns);
		count = add_moment(moments, count, world->holdings[i].valid.until_utc_ns);
		for (k = 0; k < world->holdings[i].history_count; k++)
			count = add_moment(moments, count, world->history[i][k].from_utc_ns);
	}
	for (size_t i = 0; i < ARRANGEMENTS; i++) {
		count = add_moment(moments, count, world->arrangements[i].in_force.from_utc_ns);
		count = add_moment(moments, count, world->arrangements[i].in_force.until_utc_ns);
	}
	for (size_t i = 0; i < MEMBERS; i++) {
		count = add_moment(moments, count, world->members[i].valid.from_utc_ns);
		count = add_moment(moments, count, world->members[i].valid.until_utc_ns);
	}
	for (size_t i = 0; i < 3; i++) {
		const struct registry_list *list = &world->lists[i];
		int64_t since_utc_ns = list->as_of_utc_ns < list->received_utc_ns
					       ? list->as_of_utc_ns
					       : list->received_utc_ns;

		if (list->max_age_ns != INT64_MAX)
			count = add_moment(moments, count, since_utc_ns + list->max_age_ns + 1);
	}
	return count;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static enum recognition_reason reason_at(struct world *world, int64_t at_utc_ns)
{
	world->query.at_utc_ns = at_utc_ns;
	return decide(world).reason;
}

static void nothing_changes_but_on_a_date(void **state)
{
	struct dice *dice = dice_of(state);
	int64_t moments[MOMENTS];
	struct world world;
	size_t k, count, changes = 0;

	for (size_t i = 0; i < WORLDS / 4; i++) {
		make_world(dice, &world);
		count = moments_of(&world, moments);
		qsort(moments, count, sizeof(moments[0]), by_time);
		for (k = 0; k + 1 < count; k++) {
			int64_t from = moments[k], until = moments[k + 1];
			enum recognition_reason reason = reason_at(&world, from);

			if (until == from)
				continue;
			assert_int_equal(reason_at(&world, until - 1), reason);
			assert_int_equal(reason_at(&world, from + (until - from) / 2), reason);
			changes += reason_at(&world, until) != reason;
		}
	}
	assert_true(changes > WORLDS / 10);
}

/* Of one authorisation that is only dated: not yet, then recognised, then expired. */
static void a_span_is_entered_once_and_left_once(void **state)
{
	struct dice *dice = dice_of(state);
	struct world world;

	for (size_t i = 0; i < WORLDS / 4; i++) {
		enum recognition_reason before = BECAUSE_NOT_YET_VALID, now;
		int64_t day;

		make_world(dice, &world);
		world.query.authorisation_count = 1;
		world.holdings[0].history_count = 1;
		world.holdings[0].roles = AEO_ANY_ROLE;
		world.holdings[0].state = world.query.state;
		for (day = FIRST_DAY - DAY; day < FIRST_DAY + 3 * DAYS * DAY; day += DAY) {
			now = reason_at(&world, day);
			if (before == BECAUSE_EXPIRED)
				assert_int_equal(now, BECAUSE_EXPIRED);
			if (before == BECAUSE_OWN_STATE)
				assert_true(now != BECAUSE_NOT_YET_VALID);
			if (before == BECAUSE_AUTHORISATIONS_STALE)
				assert_true(now == before || now == BECAUSE_EXPIRED);
			before = now;
		}
	}
}

int main(void)
{
	struct dice dice;
	struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(a_list_that_grows_old_only_takes_away, &dice),
		cmocka_unit_test_prestate(an_arrangement_more_takes_nothing_away, &dice),
		cmocka_unit_test_prestate(a_suspended_or_ended_arrangement_recognises_nobody,
					  &dice),
		cmocka_unit_test_prestate(consent_withdrawn_takes_all_away_abroad, &dice),
		cmocka_unit_test_prestate(a_suspension_or_revocation_ends_recognition_at_once,
					  &dice),
		cmocka_unit_test_prestate(a_clock_never_set_recognises_nobody, &dice),
		cmocka_unit_test_prestate(the_order_of_what_is_known_makes_no_difference, &dice),
		cmocka_unit_test_prestate(who_is_no_party_makes_no_difference, &dice),
		cmocka_unit_test_prestate(nothing_changes_but_on_a_date, &dice),
		cmocka_unit_test_prestate(a_span_is_entered_once_and_left_once, &dice),
	};

	dice_init(&dice);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
