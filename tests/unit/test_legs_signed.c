/* Announcements that are not rightly signed. */
#include "rig/legs_rig.h"

static void what_is_not_rightly_signed_raises_nothing(void **state)
{
	static const enum handover_signature doubtful[] = {
		HANDOVER_UNSIGNED, HANDOVER_WRONGLY_SIGNED, HANDOVER_STRANGELY_SIGNED};

	(void)state;
	for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
		struct legs_rig *site = legs_rig_open();

		assert_int_equal(legs_rig_hear_signed(site, "A", -5, doubtful[i]), LEGS_EXPECTED);
		legs_rig_expect(site, "leg.unsigned ");
		assert_int_equal(legs_rig_hear_signed(site, "A", -5, doubtful[i]), LEGS_KNOWN);
		legs_rig_restart(site);
		legs_rig_expect(site, ""); /* it is known as what it is */
		assert_false(legs_too_fast(site->legs, "S1", &site->teller.now));
		assert_null(legs_came_from(site->legs, "A"));
		legs_rig_tick_at(site, 3000);
		legs_rig_expect(site, ""); /* not overdue */
		legs_rig_arrive(site, "A", 5, false); /* the counter has moved */
		legs_rig_expect(site, "leg.arrived leg.unknown -A ");
		assert_non_null(strstr(site->body, "\"continuity\":\"unknown\""));
		assert_non_null(strstr(site->body, "\"result\":\"reopened\""));
		assert_non_null(strstr(site->body, "\"duration_ms\":null"));
		assert_int_equal(site->book.count, 0);
		legs_rig_close(site);
	}
}

static void the_signed_one_counts_whichever_comes_first(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	assert_int_equal(legs_rig_hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_EXPECTED);
	legs_rig_hear_signed(site, "A", -400, HANDOVER_WRONGLY_SIGNED); /* newer */
	legs_rig_hear_signed(site, "A", -300, HANDOVER_NOT_JUDGED);
	legs_rig_hear_signed(site, "B", -400, HANDOVER_WRONGLY_SIGNED);
	legs_rig_hear_signed(site, "B", -500, HANDOVER_SIGNED); /* older */
	legs_rig_hear_signed(site, "C", -500, HANDOVER_WRONGLY_SIGNED);
	legs_rig_hear_signed(site, "C", -500, HANDOVER_SIGNED); /* of the same departure */
	legs_rig_expect(site, "leg.unsigned leg.unsigned leg.unsigned ");
	legs_rig_restart(site);
	for (const char *ucr = "A\0B\0C\0"; *ucr; ucr += 2) {
		legs_rig_arrive(site, ucr, 5, false);
		assert_non_null(strstr(site->body, "\"signature\":\"good\""));
		assert_non_null(strstr(site->body, "\"duration_ms\":500000"));
	}
	legs_rig_expect(
		site,
		"leg.arrived leg.broken -A leg.arrived leg.broken -B leg.arrived leg.broken -C ");
	legs_rig_close(site);
}

static void a_signed_one_is_compared_late_though_another_was_there_at_the_arrival(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	legs_rig_hear_signed(site, "A", -500, HANDOVER_UNSIGNED);
	legs_rig_arrive(site, "A", 5, false);
	legs_rig_expect(site, "leg.unsigned leg.arrived leg.unknown -A ");
	legs_rig_hear_signed(site, "A", -400, HANDOVER_UNSIGNED);
	legs_rig_expect(site, "leg.unsigned -A ");
	assert_int_equal(legs_rig_hear_signed(site, "A", -500, HANDOVER_SIGNED), LEGS_ARRIVED);
	legs_rig_expect(site, "leg.arrived leg.broken -A ");
	assert_non_null(strstr(site->body, "\"late\":true"));
	legs_rig_hear_signed(site, "A", -500, HANDOVER_SIGNED);
	legs_rig_expect(site, "-A ");
	legs_rig_close(site);
}

static void many_that_are_not_signed_are_told_by_five_in_a_minute_and_make_none_give_way(
	void **state)
{
	struct legs_rig *site = legs_rig_open();
	char ucr[32];

	(void)state;
	legs_rig_hear_signed(site, "A", -1000, HANDOVER_SIGNED);
	for (int i = 0; i < EXPECTATIONS_MAX + 7; i++) {
		snprintf(ucr, sizeof(ucr), "X%d", i);
		legs_rig_hear_signed(site, ucr, -900, HANDOVER_UNSIGNED);
	}
	assert_string_equal(legs_came_from(site->legs, "A"), "there");
	legs_rig_at(site, 60);
	legs_rig_hear_signed(site, "Y", -900, HANDOVER_UNSIGNED);
	assert_non_null(strstr(site->body, "\"more\":4098"));
	legs_rig_hear_signed(site, "B", -1000, HANDOVER_SIGNED);
	assert_string_equal(legs_came_from(site->legs, "B"), "there");
	legs_rig_close(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_rightly_signed_raises_nothing),
		cmocka_unit_test(the_signed_one_counts_whichever_comes_first),
		cmocka_unit_test(
			a_signed_one_is_compared_late_though_another_was_there_at_the_arrival),
		cmocka_unit_test(
			many_that_are_not_signed_are_told_by_five_in_a_minute_and_make_none_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
