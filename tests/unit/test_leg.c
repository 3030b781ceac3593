#include "transit/leg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transit/event.h"
#include "transit/json.h"
#include "transit/memo.h"

#define S (INT64_C(1000000000))

static struct leg_seal seal(const char *number, enum leg_seal_state state, int64_t openings)
{
	struct leg_seal seal = {.state = state, .openings = openings, .tamperings = -1};

	snprintf(seal.number, sizeof(seal.number), "%s", number);
	return seal;
}

static struct handover announcement(void)
{
	struct handover handover = {
		.ucr = "6GE204567891-INV0001",
		.from = "batumi",
		.to = "red-bridge",
		.gateway = "gw1",
		.rule = "seal",
		.departed_utc_ns = 1000 * S,
		.departed_clock = CLOCK_SYNCED,
		.expected_from_utc_ns = INT64_MIN,
		.expected_until_utc_ns = 9000 * S,
		.expires_utc_ns = 99000 * S,
		.seals = {seal("GE1", LEG_SEAL_INTACT, 7), seal("GE2", LEG_SEAL_INTACT, -1)},
		.seal_count = 2,
	};

	return handover;
}

static struct leg_verdict judge(const struct leg_seal *seals, size_t count, bool complete)
{
	struct handover announced = announcement();
	struct leg_observed observed = {seals, count, complete, 5000 * S, CLOCK_SYNCED};
	struct leg_verdict verdict;

	leg_judge(&announced, &observed, 60 * S, &verdict);
	return verdict;
}

static void the_same_seals_with_the_same_counters_are_kept(void **state)
{
	struct leg_seal seals[] = {seal("GE2", LEG_SEAL_INTACT, 3),
				   seal("GE1", LEG_SEAL_INTACT, 7)};
	struct leg_verdict verdict = judge(seals, 2, true);

	(void)state;
	assert_int_equal(verdict.continuity, LEG_KEPT);
	assert_int_equal(verdict.finding_count, 0);
	assert_true(verdict.timed);
	assert_int_equal(verdict.duration_ns, 4000 * S);
	assert_false(verdict.early);
}

static void each_difference_has_its_name(void **state)
{
	static const struct {
		const char *number;
		enum leg_seal_state state;
		int64_t openings;
		bool complete;
		enum leg_result result;
		enum leg_continuity continuity;
	} cases[] = {
		{"GE1", LEG_SEAL_INTACT, 8, true, LEG_REOPENED, LEG_BROKEN},
		{"GE1", LEG_SEAL_INTACT, 6, true, LEG_REOPENED, LEG_BROKEN},
		{"GE1", LEG_SEAL_INTACT, -1, true, LEG_UNKNOWN, LEG_NOT_KNOWN},
		{"GE1", LEG_SEAL_OPENED, 7, true, LEG_OPENED, LEG_BROKEN},
		{"GE1", LEG_SEAL_TAMPERED, 7, true, LEG_TAMPERED, LEG_BROKEN},
		{"GE1", LEG_SEAL_MISSING, -1, false, LEG_MISSING, LEG_BROKEN},
		{"GE1", LEG_SEAL_UNKNOWN, 7, true, LEG_UNKNOWN, LEG_NOT_KNOWN},
		{"GE2", LEG_SEAL_INTACT, -1, true, LEG_MISSING, LEG_BROKEN},
		{"GE2", LEG_SEAL_INTACT, -1, false, LEG_UNKNOWN, LEG_NOT_KNOWN},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool first = strcmp(cases[i].number, "GE1") == 0;
		struct leg_seal seals[] = {
			seal(cases[i].number, cases[i].state, cases[i].openings),
			seal("GE2", LEG_SEAL_INTACT, -1),
		};
		struct leg_verdict verdict = judge(seals, first ? 2 : 1, cases[i].complete);

		assert_int_equal(verdict.finding_count, 1);
		assert_string_equal(verdict.findings[0].number, "GE1");
		assert_int_equal(verdict.findings[0].result, cases[i].result);
		assert_int_equal(verdict.continuity, cases[i].continuity);
	}
}

static void a_seal_that_nobody_announced_is_told_but_breaks_nothing(void **state)
{
	struct leg_seal seals[] = {seal("GE1", LEG_SEAL_INTACT, 7), seal("GE2", LEG_SEAL_INTACT, 3),
				   seal("AZ9", LEG_SEAL_INTACT, 0)};
	struct leg_verdict verdict = judge(seals, 3, true);

	(void)state;
	assert_int_equal(verdict.findings[0].result, LEG_EXTRA);
	assert_int_equal(verdict.continuity, LEG_NOT_KNOWN);
}

static void what_was_broken_before_is_not_broken_on_the_leg(void **state)
{
	struct handover announced = announcement();
	struct leg_seal seals[] = {seal("GE1", LEG_SEAL_OPENED, 8),
				   seal("GE2", LEG_SEAL_INTACT, -1)};
	struct leg_observed observed = {seals, 2, true, 5000 * S, CLOCK_SYNCED};
	struct leg_verdict verdict;

	(void)state;
	announced.seals[0].state = LEG_SEAL_OPENED;
	leg_judge(&announced, &observed, 60 * S, &verdict);
	assert_int_equal(verdict.continuity, LEG_KEPT);
	seals[0].state = LEG_SEAL_INTACT;
	leg_judge(&announced, &observed, 60 * S, &verdict);
	assert_int_equal(verdict.findings[0].result, LEG_REOPENED);
}

static void a_leg_is_timed_by_clocks_that_were_set_and_only_by_them(void **state)
{
	struct handover announced = announcement();
	struct leg_observed observed = {NULL, 0, false, 1030 * S, CLOCK_HOLDOVER};
	struct leg_verdict verdict;

	(void)state;
	leg_judge(&announced, &observed, 60 * S, &verdict);
	assert_true(verdict.early);
	observed.clock = CLOCK_UNSYNCED;
	leg_judge(&announced, &observed, 60 * S, &verdict);
	assert_false(verdict.timed || verdict.early);
	assert_true(leg_is_too_short(0, CLOCK_SYNCED, 59 * S, CLOCK_SYNCED, 60 * S));
	assert_true(leg_is_too_short(59 * S, CLOCK_SYNCED, 0, CLOCK_SYNCED, 60 * S));
	assert_false(leg_is_too_short(60 * S, CLOCK_SYNCED, 0, CLOCK_SYNCED, 60 * S));
	assert_false(leg_is_too_short(0, CLOCK_UNSYNCED, 59 * S, CLOCK_SYNCED, 60 * S));
}

static void the_most_findings_fit_an_event(void **state)
{
	struct handover announced = announcement();
	struct leg_seal seals[HANDOVER_SEALS];
	struct leg_observed observed = {seals, HANDOVER_SEALS, true, INT64_MAX / 2, CLOCK_SYNCED};
	struct leg_verdict verdict;
	char text[EVENT_BODY_BYTES - 512];
	struct json json;
	size_t i;

	(void)state;
	announced.seal_count = HANDOVER_SEALS;
	for (i = 0; i < HANDOVER_SEALS; i++) {
		seals[i] =
			seal("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"",
			     LEG_SEAL_INTACT, INT64_MAX);
		seals[i].number[30] = (char)('a' + i);
		seals[i].tamperings = INT64_MAX - 1;
		announced.seals[i] = seals[i];
		announced.seals[i].openings = INT64_MAX - 1;
	}
	leg_judge(&announced, &observed, 0, &verdict);
	assert_int_equal(verdict.finding_count, LEG_FINDINGS);
	assert_int_equal(verdict.findings_more, HANDOVER_SEALS - LEG_FINDINGS);
	json_start(&json, text, sizeof(text));
	leg_tell(&announced, &verdict, &json);
	assert_true(json_ok(&json));
}

static void a_handover_is_remembered_as_it_was_even_at_its_largest(void **state)
{
	static const char longest[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXY";
	struct handover handover = announcement(), again;
	struct memo_reader reader;
	char text[MEMO_BYTES], payload[EVENT_BODY_BYTES];
	struct memo memo;
	struct json json;
	size_t i;

	(void)state;
	handover.seal_count = HANDOVER_SEALS;
	memset(handover.from, 'f', sizeof(handover.from) - 1);
	memset(handover.to, 't', sizeof(handover.to) - 1);
	memset(handover.gateway, 'g', sizeof(handover.gateway) - 1);
	for (i = 0; i < HANDOVER_SEALS; i++) {
		handover.seals[i] = seal(longest, LEG_SEAL_UNKNOWN, 4294967295);
		handover.seals[i].seen_utc_ns = 1772445000 * S;
	}
	memo_start(&memo, text, sizeof(text));
	handover_remember(&handover, &memo);
	assert_true(memo_ok(&memo));
	memo_read(&reader, text);
	handover_recall(&again, &reader);
	assert_true(memo_end(&reader));
	assert_memory_equal(&again, &handover, sizeof(handover));
	json_start(&json, payload, sizeof(payload));
	handover_members(&handover, &json);
	assert_true(json_ok(&json));
}

static void a_key_has_no_level_too_many(void **state)
{
	char key[HANDOVER_KEY_BYTES];

	(void)state;
	assert_true(handover_key("red-bridge", "6GE204567891-INV0001", key));
	assert_string_equal(key, "@handover/red-bridge/6GE204567891-INV0001");
	assert_true(handover_key("a", "6GE/+# %", key));
	assert_string_equal(key, "@handover/a/6GE%2F%2B%23%20%25");
	assert_false(handover_key("", "6GE", key));
	assert_false(handover_key("a", "", key));
	assert_false(handover_key(
		"a", "////////////////////////////////////////////////////////////", key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seals_with_the_same_counters_are_kept),
		cmocka_unit_test(each_difference_has_its_name),
		cmocka_unit_test(a_seal_that_nobody_announced_is_told_but_breaks_nothing),
		cmocka_unit_test(what_was_broken_before_is_not_broken_on_the_leg),
		cmocka_unit_test(a_leg_is_timed_by_clocks_that_were_set_and_only_by_them),
		cmocka_unit_test(the_most_findings_fit_an_event),
		cmocka_unit_test(a_handover_is_remembered_as_it_was_even_at_its_largest),
		cmocka_unit_test(a_key_has_no_level_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
