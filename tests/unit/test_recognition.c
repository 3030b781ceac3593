#include "rig/unit.h"

#include "arrangements.h"
#include "recognition_cases.h"

#define OWN_BENEFITS (BENEFIT_AGREED_PLACE | BENEFIT_PRIOR_NOTICE)

static const struct recognition_policy own_policy = {
	.own = {{.benefits = OWN_BENEFITS}},
	.own_count = 1,
};

struct setting {
	struct arrangement arrangements[COUNT(known_arrangements)];
	struct arrangement_table table;
	struct registry_list list, consignment, membership;
	struct group_member members[COUNT(known_members)];
	struct aeo_authorisation authorisations[2];
	struct recognition_query query;
};

static void add_holder(struct setting *setting, const struct holder *holder)
{
	static const struct aeo_status_change since_2020 = ACTIVE(2020, 1, 1);
	const size_t at = setting->query.authorisation_count;
	size_t changes = 0;

	if (!holder->state)
		return;
	while (changes < COUNT(holder->history) && holder->history[changes].from_utc_ns)
		changes++;
	setting->authorisations[at] = (struct aeo_authorisation){
		.scheme = "test",
		.number = at ? "second" : "first",
		.state = holder->state,
		.type = holder->type,
		.roles = holder->roles ? holder->roles : AEO_ANY_ROLE,
		.history = changes ? holder->history : &since_2020,
		.history_count = changes ? changes : 1,
		.valid = {holder->valid.from_utc_ns ? holder->valid.from_utc_ns : INT64_MIN,
			  holder->valid.until_utc_ns ? holder->valid.until_utc_ns : INT64_MAX},
		.consents = !holder->withholds,
		.list = &setting->list,
	};
	setting->query.authorisation_count++;
}

static void set_arrangements(struct setting *setting)
{

	memcpy(setting->arrangements, known_arrangements, sizeof(known_arrangements));
	for (size_t i = 0; i < COUNT(known_arrangements); i++) {
		struct arrangement *arrangement = &setting->arrangements[i];

		arrangement->list = &arrangement_list;
		if (!arrangement->direction)
			arrangement->direction = ARRANGEMENT_BOTH;
		if (!arrangement->flows)
			arrangement->flows = FLOW_ANY;
		if (!arrangement->roles)
			arrangement->roles = AEO_ANY_ROLE;
		arrangement->benefits |= COMMON_BENEFITS;
	}
	setting->table =
		(struct arrangement_table){setting->arrangements, COUNT(known_arrangements),
					   known_members, COUNT(known_members)};
}

static void set_members(struct setting *setting, int64_t as_of_utc_ns)
{
	memcpy(setting->members, known_members, sizeof(known_members));
	setting->membership.as_of_utc_ns = as_of_utc_ns;
	for (size_t i = 0; i < COUNT(known_members); i++)
		setting->members[i].list = &setting->membership;
	setting->table.members = setting->members;
}

static void set(struct setting *setting, const struct test_case *given)
{
	const int64_t on = given->on_utc_ns ? given->on_utc_ns : UTC(2026, 3, 10) + NOON;
	const int64_t as_of = given->list_utc_ns ? given->list_utc_ns : on - NS_PER_DAY;

	memset(setting, 0, sizeof(*setting));
	set_arrangements(setting);
	setting->list = (struct registry_list){.version = "aeo-42",
					       .as_of_utc_ns = as_of,
					       .received_utc_ns = as_of,
					       .max_age_ns = 7 * NS_PER_DAY};
	setting->consignment = setting->membership = setting->list;
	if (given->consignment_utc_ns)
		setting->consignment.as_of_utc_ns = given->consignment_utc_ns;
	if (given->members_utc_ns)
		set_members(setting, given->members_utc_ns);
	setting->query = (struct recognition_query){
		.consignment = given->consignment_utc_ns ? &setting->consignment : NULL,
		.only_state = given->only_state,
		.authorisations = setting->authorisations,
		.searched = given->no_list ? NULL : &setting->list,
		.role = given->role ? given->role : AEO_EXPORTER,
		.flow = given->flow ? given->flow : FLOW_IMPORT,
		.state = given->at,
		.policy = &own_policy,
		.at_utc_ns = on,
		.clock = given->unset_clock ? CLOCK_UNSYNCED : CLOCK_SYNCED,
	};
	add_holder(setting, &given->holder);
	add_holder(setting, &given->second);
}

static void judge(const struct test_case *given)
{
	struct setting setting;
	struct recognition got;
	const char *by;

	set(&setting, given);
	got = recognition_decide(&setting.query, &setting.table);
	by = got.arrangement ? got.arrangement->id : NULL;
	if (got.decision != given->decision || got.reason != given->reason ||
	    strcmp(by ? by : "none", given->by ? given->by : "none") != 0)
		fail_msg("%s: %s, %s, %s", given->that, recognition_decision_name(got.decision),
			 recognition_reason_name(got.reason), by ? by : "no arrangement");
	assert_true(got.list == (given->no_list ? NULL : &setting.list));
	assert_true((got.authorisation != NULL) == (given->holder.state && !given->only_state));
	if (got.decision != RECOGNISED)
		assert_int_equal(got.benefits, 0);
	else
		assert_int_equal(got.benefits,
				 got.arrangement ? got.arrangement->benefits : OWN_BENEFITS);
}

static void each_case_is_decided_as_told(void **state)
{

	(void)state;
	assert_true(COUNT(cases) >= 60);
	for (size_t i = 0; i < COUNT(cases); i++)
		judge(&cases[i]);
}

/* ---- what holds for every case ------------------------------------------------------- */

static bool is_recognised(const struct setting *setting)
{
	return recognition_decide(&setting->query, &setting->table).decision == RECOGNISED;
}

static void an_unset_clock_recognises_nobody(void **state)
{
	struct setting setting;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		set(&setting, &cases[i]);
		setting.query.clock = CLOCK_UNSYNCED;
		assert_false(is_recognised(&setting));
		setting.query.at_utc_ns = 0;
		assert_false(is_recognised(&setting));
		setting.query.at_utc_ns = INT64_MAX;
		assert_false(is_recognised(&setting));
	}
}

static void a_list_only_loses_with_age(void **state)
{
	struct setting setting;
	struct recognition fresh, stale;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		set(&setting, &cases[i]);
		fresh = recognition_decide(&setting.query, &setting.table);
		setting.list.max_age_ns = -1;
		stale = recognition_decide(&setting.query, &setting.table);
		assert_int_not_equal(stale.decision, RECOGNISED);
		if (fresh.decision != RECOGNISED && fresh.reason != BECAUSE_CLOCK_UNTRUSTED)
			assert_int_equal(stale.decision, fresh.decision);
	}
}

static void what_is_taken_away_never_helps(void **state)
{
	struct setting setting;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		set(&setting, &cases[i]);
		if (is_recognised(&setting))
			continue;
		setting.authorisations[0].consents = setting.authorisations[1].consents = false;
		assert_false(is_recognised(&setting));
		setting.table.member_count = 0;
		assert_false(is_recognised(&setting));
		setting.table.arrangement_count = 0;
		assert_false(is_recognised(&setting));
		setting.query.authorisation_count = 0;
		assert_false(is_recognised(&setting));
	}
}

static void the_age_counts_from_the_receipt_when_the_author_is_ahead(void **state)
{
	static const struct test_case own = {.at = "GE", .holder = {.state = "GE", .type = "AEOC"}};
	struct setting setting;

	(void)state;
	set(&setting, &own);
	setting.list.as_of_utc_ns = setting.query.at_utc_ns + 365 * NS_PER_DAY;
	assert_true(is_recognised(&setting));
	setting.list.received_utc_ns = setting.query.at_utc_ns - 7 * NS_PER_DAY;
	assert_true(is_recognised(&setting));
	setting.list.received_utc_ns--;
	assert_int_equal(recognition_decide(&setting.query, &setting.table).reason,
			 BECAUSE_AUTHORISATIONS_STALE);
	setting.list.received_utc_ns = INT64_MIN;
	setting.query.at_utc_ns = INT64_MAX - 1;
	assert_int_equal(recognition_decide(&setting.query, &setting.table).reason,
			 BECAUSE_AUTHORISATIONS_STALE);
}

static void a_record_without_a_list_is_stale(void **state)
{
	static const struct test_case covered = {.at = "BG",
						 .holder = {.state = "MD", .type = "AEOS"}};
	struct setting setting;

	(void)state;
	set(&setting, &covered);
	assert_true(is_recognised(&setting));
	setting.authorisations[0].list = NULL;
	assert_int_equal(recognition_decide(&setting.query, &setting.table).reason,
			 BECAUSE_AUTHORISATIONS_STALE);
	set(&setting, &covered);
	for (size_t i = 0; i < COUNT(known_arrangements); i++)
		setting.arrangements[i].list = NULL;
	assert_int_equal(recognition_decide(&setting.query, &setting.table).reason,
			 BECAUSE_ARRANGEMENTS_STALE);
}

static void missing_words_match_nothing(void **state)
{
	static const struct test_case covered = {.at = "BG",
						 .holder = {.state = "MD", .type = "AEOS"}};
	struct setting setting;

	(void)state;
	set(&setting, &covered);
	assert_true(is_recognised(&setting));
	setting.authorisations[0].type = "";
	assert_false(is_recognised(&setting));
	setting.authorisations[0].type = NULL;
	assert_false(is_recognised(&setting));
	setting.authorisations[0].type = "AEO";
	assert_false(is_recognised(&setting));
	setting.authorisations[0].type = "AEOS,AEOF";
	assert_false(is_recognised(&setting));
	set(&setting, &covered);
	setting.authorisations[0].state = setting.query.state = "";
	assert_false(is_recognised(&setting));
	setting.authorisations[0].state = setting.query.state = NULL;
	assert_false(is_recognised(&setting));
	set(&setting, &covered);
	setting.query.role = 0;
	assert_false(is_recognised(&setting));
	set(&setting, &covered);
	setting.query.flow = 0;
	assert_false(is_recognised(&setting));
	set(&setting, &covered);
	setting.authorisations[0].history_count = 0;
	assert_false(is_recognised(&setting));
}

static void every_reason_has_a_case_and_a_name_of_its_own(void **state)
{
	bool seen[RECOGNITION_REASONS] = {false};

	(void)state;
	for (unsigned i = 0; i < COUNT(cases); i++)
		seen[cases[i].reason] = true;
	for (unsigned i = 0; i < RECOGNITION_REASONS; i++) {
		if (!seen[i])
			fail_msg("no case ends with %s", recognition_reason_name(i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(recognition_reason_name(i),
						recognition_reason_name(j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_is_decided_as_told),
		cmocka_unit_test(an_unset_clock_recognises_nobody),
		cmocka_unit_test(a_list_only_loses_with_age),
		cmocka_unit_test(what_is_taken_away_never_helps),
		cmocka_unit_test(the_age_counts_from_the_receipt_when_the_author_is_ahead),
		cmocka_unit_test(a_record_without_a_list_is_stale),
		cmocka_unit_test(missing_words_match_nothing),
		cmocka_unit_test(every_reason_has_a_case_and_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
