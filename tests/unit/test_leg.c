#include "rig/unit.h"

#include "base/json_writer.h"
#include "transit/event/event.h"
#include "transit/event/memo.h"
#include "transit/legs/leg.h"

static struct leg_seal seal(const char *number, enum leg_seal_state state, int64_t openings)
{
	struct leg_seal seal = {.state = state, .openings = openings, .tamperings = LEG_NO_COUNTER};

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
	struct leg_observed observed = {.seals = seals,
					.seal_count = count,
					.complete = complete,
					.arrived_utc_ns = 5000 * S,
					.clock = CLOCK_SYNCED};
	struct leg_verdict verdict;

	leg_judge(&announced, &observed, 60 * S, &verdict);
	return verdict;
}

static void the_same_seals_with_the_same_counters_are_kept(void **state)
{
	struct leg_seal seals[] = {seal("GE2", LEG_SEAL_INTACT, LEG_NO_COUNTER),
				   seal("GE1", LEG_SEAL_INTACT, 7)};
	struct leg_verdict verdict = judge(seals, 2, true);

	(void)state;
	assert_int_equal(verdict.continuity, LEG_KEPT);
	assert_int_equal(verdict.finding_count, 0);
	assert_true(verdict.timed);
	assert_int_equal(verdict.duration_ns, 4000 * S);
	assert_false(verdict.clock_fault);
}

/* One seal: as it left, as it came. */
static const struct {
	enum leg_seal_state before;
	int64_t openings_before;
	enum leg_seal_state now;
	int64_t openings_now;
	enum leg_result result;
	enum leg_continuity continuity;
} ways[] = {
	{LEG_SEAL_INTACT, 7, LEG_SEAL_INTACT, 7, LEG_SAME, LEG_KEPT},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_INTACT, 8, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_INTACT, 6, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_INTACT, -1, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_INTACT, LEG_NO_COUNTER, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_INTACT, -1, LEG_SEAL_INTACT, 7, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_INTACT, -1, LEG_SEAL_INTACT, -1, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_INTACT, -1, LEG_SEAL_INTACT, LEG_NO_COUNTER, LEG_SAME, LEG_KEPT},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_OPENED, 7, LEG_OPENED, LEG_BROKEN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_TAMPERED, 7, LEG_TAMPERED, LEG_BROKEN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_MISSING, -1, LEG_MISSING, LEG_BROKEN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_UNKNOWN, 7, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_INTACT, 7, LEG_SEAL_UNKNOWN, 8, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_OPENED, 7, LEG_SEAL_OPENED, 7, LEG_NOT_WHOLE, LEG_OPEN},
	{LEG_SEAL_OPENED, 7, LEG_SEAL_OPENED, 8, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_OPENED, 7, LEG_SEAL_INTACT, 7, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_OPENED, 7, LEG_SEAL_TAMPERED, 7, LEG_TAMPERED, LEG_BROKEN},
	{LEG_SEAL_TAMPERED, 7, LEG_SEAL_TAMPERED, 7, LEG_NOT_WHOLE, LEG_OPEN},
	{LEG_SEAL_TAMPERED, 7, LEG_SEAL_TAMPERED, 12, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_TAMPERED, -1, LEG_SEAL_TAMPERED, -1, LEG_NOT_WHOLE, LEG_OPEN},
	{LEG_SEAL_TAMPERED, 7, LEG_SEAL_UNKNOWN, 7, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_MISSING, -1, LEG_SEAL_MISSING, -1, LEG_ABSENT, LEG_OPEN},
	{LEG_SEAL_MISSING, -1, LEG_SEAL_INTACT, 7, LEG_RETURNED, LEG_BROKEN},
	{LEG_SEAL_MISSING, -1, LEG_SEAL_UNKNOWN, -1, LEG_RETURNED, LEG_BROKEN},
	{LEG_SEAL_UNKNOWN, 7, LEG_SEAL_INTACT, 7, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_UNKNOWN, 7, LEG_SEAL_INTACT, 8, LEG_REOPENED, LEG_BROKEN},
	{LEG_SEAL_UNKNOWN, -1, LEG_SEAL_INTACT, LEG_NO_COUNTER, LEG_UNKNOWN, LEG_NOT_KNOWN},
	{LEG_SEAL_UNKNOWN, -1, LEG_SEAL_OPENED, 7, LEG_OPENED, LEG_BROKEN},
	{LEG_SEAL_UNKNOWN, -1, LEG_SEAL_UNKNOWN, -1, LEG_UNKNOWN, LEG_NOT_KNOWN},
};

static struct leg_verdict judge_one(size_t i)
{
	struct handover announced = announcement();
	struct leg_seal now = seal("GE1", ways[i].now, ways[i].openings_now);
	struct leg_observed observed = {.seals = &now, .seal_count = 1, .complete = true};
	struct leg_verdict verdict;

	announced.seals[0] = seal("GE1", ways[i].before, ways[i].openings_before);
	announced.seals[0].tamperings = -1;
	announced.seal_count = 1;
	leg_judge(&announced, &observed, 0, &verdict);
	return verdict;
}

static void each_way_has_its_name_and_only_what_is_shown_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct leg_verdict verdict = judge_one(i);

		assert_int_equal(verdict.finding_count, ways[i].result != LEG_SAME);
		if (verdict.finding_count > 0)
			assert_int_equal(verdict.findings[0].result, ways[i].result);
		assert_int_equal(verdict.continuity, ways[i].continuity);
	}
}

static void a_seal_that_was_not_read_is_gone_only_where_readers_answer(void **state)
{
	struct leg_seal seals[] = {seal("GE2", LEG_SEAL_INTACT, LEG_NO_COUNTER)};

	(void)state;
	assert_int_equal(judge(seals, 1, true).findings[0].result, LEG_MISSING);
	assert_int_equal(judge(seals, 1, false).findings[0].result, LEG_UNKNOWN);
	assert_int_equal(judge(seals, 1, false).continuity, LEG_NOT_KNOWN);
}

static void a_declared_seal_that_nobody_saw_keeps_nothing(void **state)
{
	struct handover announced = announcement();
	struct leg_seal unread = seal("AZ7", LEG_SEAL_MISSING, -1);
	struct leg_observed observed = {.seals = &unread, .unread = 1, .complete = true};
	struct leg_verdict verdict;

	(void)state;
	announced.seal_count = 0;
	leg_judge(&announced, &observed, 0, &verdict);
	assert_int_equal(verdict.findings[0].result, LEG_UNKNOWN);
	assert_int_equal(verdict.continuity, LEG_NOT_KNOWN);
	observed.unread = 0;
	leg_judge(&announced, &observed, 0, &verdict);
	assert_int_equal(verdict.finding_count, 0);
	assert_int_equal(verdict.continuity, LEG_NOT_KNOWN);
}

static void a_counter_is_carried_on_with_where_it_was_read(void **state)
{
	struct leg_seal before = seal("GE1", LEG_SEAL_INTACT, 3), now, later;

	(void)state;
	before.seen_utc_ns = 500 * S;
	now = seal("GE1", LEG_SEAL_UNKNOWN, -1);
	leg_seal_carry(&now, &before, "batumi");
	assert_int_equal(now.openings, 3);
	assert_string_equal(now.counted_at, "batumi");
	assert_int_equal(now.counted_utc_ns, 500 * S);
	later = seal("GE1", LEG_SEAL_UNKNOWN, -1);
	leg_seal_carry(&later, &now, "red-bridge");
	assert_string_equal(later.counted_at, "batumi");
	later = seal("GE1", LEG_SEAL_INTACT, 4);
	leg_seal_carry(&later, &now, "red-bridge");
	assert_int_equal(later.openings, 4);
	assert_string_equal(later.counted_at, "");
}

static void a_seal_that_nobody_announced_is_told_but_breaks_nothing(void **state)
{
	struct leg_seal seals[] = {seal("GE1", LEG_SEAL_INTACT, 7),
				   seal("GE2", LEG_SEAL_INTACT, LEG_NO_COUNTER),
				   seal("AZ9", LEG_SEAL_INTACT, 0)};
	struct leg_verdict verdict = judge(seals, 3, true);

	(void)state;
	assert_int_equal(verdict.findings[0].result, LEG_EXTRA);
	assert_int_equal(verdict.continuity, LEG_NOT_KNOWN);
}

static void a_leg_is_timed_by_clocks_that_were_set_and_only_by_them(void **state)
{
	struct handover announced = announcement();
	struct leg_observed observed = {.seals = NULL,
					.seal_count = 0,
					.complete = false,
					.arrived_utc_ns = 1030 * S,
					.clock = CLOCK_HOLDOVER};
	struct leg_verdict verdict;

	(void)state;
	leg_judge(&announced, &observed, 60 * S, &verdict);
	assert_true(verdict.clock_fault && !verdict.timed); /* 30 s */
	observed.arrived_utc_ns = 900 * S;
	leg_judge(&announced, &observed, 0, &verdict);
	assert_true(verdict.clock_fault && !verdict.timed); /* before it left */
	observed.clock = CLOCK_UNSYNCED;
	leg_judge(&announced, &observed, 60 * S, &verdict);
	assert_false(verdict.timed || verdict.clock_fault);
	assert_true(leg_is_too_short(0, CLOCK_SYNCED, 59 * S, CLOCK_SYNCED, 60 * S));
	assert_true(leg_is_too_short(59 * S, CLOCK_SYNCED, 0, CLOCK_SYNCED, 60 * S));
	assert_false(leg_is_too_short(60 * S, CLOCK_SYNCED, 0, CLOCK_SYNCED, 60 * S));
	assert_false(leg_is_too_short(0, CLOCK_UNSYNCED, 59 * S, CLOCK_SYNCED, 60 * S));
}

static void the_most_findings_fit_an_event(void **state)
{
	struct handover announced = announcement();
	struct leg_seal seals[HANDOVER_SEALS];
	struct leg_observed observed = {.seals = seals,
					.seal_count = HANDOVER_SEALS,
					.complete = true,
					.arrived_utc_ns = INT64_MAX / 2,
					.clock = CLOCK_SYNCED};
	struct leg_verdict verdict;
	char text[EVENT_BODY_BYTES - 512];
	struct jw json;

	(void)state;
	announced.seal_count = HANDOVER_SEALS;
	for (size_t i = 0; i < HANDOVER_SEALS; i++) {
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
	jw_start(&json, text, sizeof(text));
	leg_tell(&announced, &verdict, &json);
	assert_true(jw_ok(&json));
}

static void a_handover_is_remembered_as_it_was_even_at_its_largest(void **state)
{
	static const char longest[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXY";
	struct handover handover = announcement(), again;
	struct memo_reader reader;
	char text[MEMO_BYTES], payload[EVENT_BODY_BYTES];
	struct memo memo;
	struct jw json;

	(void)state;
	handover.seal_count = HANDOVER_SEALS;
	memset(handover.from, 'f', sizeof(handover.from) - 1);
	memset(handover.to, 't', sizeof(handover.to) - 1);
	memset(handover.gateway, 'g', sizeof(handover.gateway) - 1);
	for (size_t i = 0; i < HANDOVER_SEALS; i++) {
		handover.seals[i] = seal(longest, LEG_SEAL_UNKNOWN, 4294967295);
		handover.seals[i].seen_utc_ns = 1772445000 * S;
	}
	memo_start(&memo, text, sizeof(text));
	handover_remember(&handover, &memo);
	assert_true(memo_ok(&memo));
	memo_read(&reader, text);
	handover_recall(&again, HANDOVER_MEMORY, &reader);
	assert_true(memo_end(&reader));
	assert_memory_equal(&again, &handover, sizeof(handover));
	jw_start(&json, payload, sizeof(payload));
	handover_members(&handover, &json);
	assert_true(jw_ok(&json));
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
		cmocka_unit_test(each_way_has_its_name_and_only_what_is_shown_is_kept),
		cmocka_unit_test(a_seal_that_was_not_read_is_gone_only_where_readers_answer),
		cmocka_unit_test(a_declared_seal_that_nobody_saw_keeps_nothing),
		cmocka_unit_test(a_counter_is_carried_on_with_where_it_was_read),
		cmocka_unit_test(a_seal_that_nobody_announced_is_told_but_breaks_nothing),
		cmocka_unit_test(a_leg_is_timed_by_clocks_that_were_set_and_only_by_them),
		cmocka_unit_test(the_most_findings_fit_an_event),
		cmocka_unit_test(a_handover_is_remembered_as_it_was_even_at_its_largest),
		cmocka_unit_test(a_key_has_no_level_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
