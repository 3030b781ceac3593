/* The way between checkpoints by itself; in lanes and by the clock it is shown by the traces. */
#include "rig/legs_rig.h"

/* The reader is down at the arrival and at the departure. */
static void a_counter_that_nobody_could_read_here_is_handed_on_as_it_was_known(void **state)
{
	const struct itinerary_stop next = {"beyond", INT64_MIN, UTC + 9000 * S, INT64_MAX};
	struct legs_rig *site = legs_rig_open();
	struct legs_custody blind = legs_rig_custody(site, "A", -1);

	(void)state;
	assert_int_equal(legs_rig_hear(site, "A", -100), LEGS_EXPECTED);
	blind.seals[0].state = LEG_SEAL_UNKNOWN;
	blind.seal_count = 0;
	blind.unread = 1;
	blind.complete = false;
	legs_check(site->legs, &site->teller, &blind, true);
	legs_rig_expect(site, "leg.arrived leg.unknown -A ");
	legs_rig_restart(site);
	legs_rig_expect(site, "-A ");
	blind.seals[0].openings = -1;
	legs_depart(site->legs, &site->teller, &blind, &next);
	legs_rig_expect(site, "leg.departed +A ");
	assert_non_null(strstr(site->body, "\"state\":\"unknown\",\"open\":3,"));
	assert_non_null(strstr(site->body, "\"counted\":{\"checkpoint\":\"there\","));
	legs_rig_close(site);
}

static void what_left_is_announced_once_more_by_each_restart_until_it_expires(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	legs_rig_leave(site, "A", UTC + 100 * S);
	legs_rig_expect(site, "leg.departed +A ");
	legs_rig_restart(site);
	legs_rig_expect(site, "+A ");
	legs_rig_tick_at(site, 100 + 60 + 3600 - 1);
	legs_rig_expect(site, "");
	legs_rig_tick_at(site, 100 + 60 + 3600);
	legs_rig_expect(site, "-A ");
	legs_rig_restart(site);
	legs_rig_expect(site, "-A ");
	legs_rig_tick_at(site, 100 + 60 + 3600 + 7 * 86400);
	legs_rig_restart(site);
	legs_rig_expect(site, "");
	assert_int_equal(site->kept_count, 0);
	assert_true(legs_deadline(site->legs, &site->teller) == INT64_MAX);
	legs_rig_close(site);
}

static void without_a_clock_what_left_expires_after_it_was_set(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	site->teller.now.clock = CLOCK_UNSYNCED;
	legs_rig_leave(site, "A", INT64_MAX);
	legs_rig_expect(site, "leg.departed +A ");
	legs_rig_tick_at(site, 100 * 86400);
	legs_rig_expect(site, "");
	site->teller.now.clock = CLOCK_SYNCED;
	legs_rig_tick_at(site, 100 * 86400);
	legs_rig_expect(site, "+A "); /* with the time of its expiry */
	legs_rig_tick_at(site, 100 * 86400 + 3660);
	legs_rig_expect(site, "-A ");
	legs_rig_close(site);
}

static void a_second_departure_takes_the_place_of_the_first(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	legs_rig_leave(site, "A", INT64_MAX);
	legs_rig_leave(site, "A", INT64_MAX); /* the same one */
	legs_rig_expect(site, "leg.departed +A ");
	legs_rig_at(site, 50);
	legs_rig_leave(site, "A", INT64_MAX);
	legs_rig_expect(site, "-A leg.departed +A ");
	assert_int_equal(site->kept_count, 1);
	legs_rig_close(site);
}

static void the_one_that_left_first_gives_way_when_there_is_no_room(void **state)
{
	struct legs_rig *site = legs_rig_open();
	char ucr[32];

	(void)state;
	for (int i = 0; i < DEPARTURES_MAX; i++) {
		legs_rig_at(site, i);
		snprintf(ucr, sizeof(ucr), "A%d", i);
		legs_rig_leave(site, ucr, INT64_MAX);
		assert_null(strstr(site->body, "gave_way"));
		site->told[0] = '\0';
	}
	legs_rig_leave(site, "B", INT64_MAX);
	legs_rig_expect(site, "-A0 leg.departed +B ");
	assert_non_null(strstr(site->body, "\"gave_way\":\"A0\""));
	assert_int_equal(site->kept_count, DEPARTURES_MAX);
	legs_rig_close(site);
}

static void the_first_expectation_gives_way_when_there_is_no_room(void **state)
{
	char ucr[32], evicted_ucr[IDENTIFIER_BYTES];
	struct legs_rig *site = legs_rig_open();

	(void)state;
	for (int i = 0; i < EXPECTATIONS_MAX; i++) {
		snprintf(ucr, sizeof(ucr), "A%d", i);
		assert_int_equal(legs_rig_announce(site, ucr, -1000 + i, evicted_ucr),
				 LEGS_EXPECTED);
		assert_string_equal(evicted_ucr, "");
	}
	assert_int_equal(legs_rig_announce(site, "B", 0, evicted_ucr), LEGS_EXPECTED);
	assert_string_equal(evicted_ucr, "A0");
	assert_null(legs_came_from(site->legs, "A0"));
	assert_string_equal(legs_came_from(site->legs, "B"), "there");
	assert_int_equal(site->kept_count, EXPECTATIONS_MAX);
	legs_rig_restart(site);
	assert_string_equal(legs_came_from(site->legs, "A1"), "there");
	legs_rig_close(site);
}

static void the_oldest_visit_gives_way_when_there_is_no_room(void **state)
{
	struct legs_rig *site = legs_rig_open();
	char ucr[32];

	(void)state;
	for (int i = 0; i <= VISITS_MAX; i++) {
		site->teller.now.mono_ns = i * (S / 8);
		site->teller.now.utc_ns = UTC + site->teller.now.mono_ns;
		snprintf(ucr, sizeof(ucr), "A%d", i);
		legs_rig_arrive(site, ucr, 3, true);
	}
	legs_rig_expect(site, "memory.gave-way ");
	assert_non_null(strstr(site->body, "\"kind\":\"arrival\",\"what\":\"A0\""));
	assert_int_equal(site->kept_count, VISITS_MAX);
	assert_int_equal(legs_rig_hear(site, "A0", -100), LEGS_EXPECTED); /* no longer known */
	assert_int_equal(legs_rig_hear(site, "A1", -100), LEGS_ARRIVED);
	legs_rig_expect(site, "leg.arrived -A1 ");
	legs_rig_close(site);
}

static void an_arrival_is_judged_when_all_is_seen_and_only_once(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	assert_int_equal(legs_rig_hear(site, "A", -500), LEGS_EXPECTED);
	assert_int_equal(legs_rig_hear(site, "A", -500), LEGS_KNOWN);
	legs_rig_arrive(site, "A", -1, false); /* its counter is still to come */
	legs_rig_expect(site, "");
	legs_rig_arrive(site, "A", 4, false);
	legs_rig_expect(site, "leg.arrived leg.broken -A ");
	legs_rig_arrive(site, "A", 5, true);
	legs_rig_restart(site);
	legs_rig_expect(site, "-A "); /* nobody said that it was heard */
	legs_rig_arrive(site, "A", 5, true);
	assert_int_equal(legs_rig_hear(site, "A", -500), LEGS_ARRIVED);
	legs_rig_expect(site, "-A ");
	legs_withdraw(site->legs, &site->teller, "A", NULL);
	legs_rig_restart(site);
	legs_rig_expect(site, "");
	assert_int_equal(legs_rig_hear(site, "A", -500), LEGS_ARRIVED);
	legs_rig_expect(site, "-A ");
	legs_rig_close(site);
}

static void what_returns_is_a_new_arrival(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	(void)legs_rig_hear(site, "A", -500);
	legs_rig_arrive(site, "A", 3, true);
	legs_rig_expect(site, "leg.arrived -A ");
	legs_rig_at(site, 10);
	legs_rig_leave(site, "A", INT64_MAX);
	legs_rig_expect(site, "leg.departed +A ");
	legs_rig_at(site, 1000);
	assert_int_equal(legs_rig_hear(site, "A", 900), LEGS_EXPECTED);
	legs_rig_arrive(site, "A", 3, true);
	legs_rig_expect(site, "leg.arrived -A ");
	legs_rig_close(site);
}

static void what_arrived_before_the_clock_was_set_is_remembered_from_then(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	assert_int_equal(legs_rig_hear(site, "A", -500), LEGS_EXPECTED);
	site->teller.now.clock = CLOCK_UNSYNCED;
	legs_rig_arrive(site, "A", 3, true);
	legs_rig_expect(site, "leg.arrived -A ");
	site->teller.now.clock = CLOCK_SYNCED;
	legs_rig_tick_at(site, 100 * 86400);
	assert_int_equal(legs_rig_hear(site, "A", -500), LEGS_ARRIVED);
	legs_rig_tick_at(site, 101 * 86400);
	legs_rig_tick_at(site, 101 * 86400 + 1);
	assert_int_not_equal(legs_rig_hear(site, "A", -500), LEGS_ARRIVED);
	legs_rig_close(site);
}

/* Of a vehicle with more seals than are compared. */
static void arrive_with_more(struct legs_rig *site, const char *ucr)
{
	struct legs_custody arriving = legs_rig_custody(site, ucr, 3);

	snprintf(arriving.seals[0].number, sizeof(arriving.seals[0].number), "S2");
	arriving.seals_more = 1;
	legs_check(site->legs, &site->teller, &arriving, true);
}

static void a_seal_among_those_left_out_is_unknown_and_not_missing(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	(void)legs_rig_hear(site, "A", -500);
	arrive_with_more(site, "A");
	legs_rig_expect(site, "leg.arrived leg.unknown -A ");
	assert_non_null(strstr(site->body, "{\"number\":\"S1\",\"result\":\"unknown\""));
	arrive_with_more(site, "B");
	legs_rig_restart(site);
	site->told[0] = '\0';
	assert_int_equal(legs_rig_hear(site, "B", -500), LEGS_ARRIVED);
	legs_rig_expect(site, "leg.arrived leg.unknown -B ");
	assert_non_null(strstr(site->body, "{\"number\":\"S1\",\"result\":\"unknown\""));
	legs_rig_close(site);
}

static void an_older_announcement_does_not_take_the_place_of_a_newer_one(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	(void)legs_rig_hear(site, "A", -100);
	(void)legs_rig_hear(site, "A", -200);
	assert_true(legs_announced(site->legs, "A")->departed_utc_ns == UTC - 100 * S);
	(void)legs_rig_hear(site, "A", -50);
	assert_true(legs_announced(site->legs, "A")->departed_utc_ns == UTC - 50 * S);
	legs_rig_close(site);
}

static void what_is_here_is_not_overdue_while_its_seals_are_looked_at(void **state)
{
	struct legs_rig *site = legs_rig_open();

	(void)state;
	(void)legs_rig_hear(site, "A", -100);
	legs_set_here(site->legs, "A", true);
	legs_rig_tick_at(site, 700);
	legs_rig_expect(site, "");
	legs_set_here(site->legs, "A", false); /* it backed out */
	legs_rig_tick_at(site, 710);
	legs_rig_expect(site, "leg.overdue ");
	legs_rig_restart(site);
	legs_rig_tick_at(site, 720);
	legs_rig_expect(site, "");
	legs_rig_tick_at(site, 4000);
	assert_null(legs_announced(site->legs, "A"));
	assert_int_equal(site->kept_count, 0);
	legs_rig_close(site);
}

static void a_seal_is_too_fast_only_by_clocks_that_were_set(void **state)
{
	struct legs_rig *site = legs_rig_open();
	struct instant at = {.utc_ns = UTC - 1 * S, .clock = CLOCK_SYNCED};

	(void)state;
	(void)legs_rig_hear(site, "A", -10);
	assert_true(legs_too_fast(site->legs, "S1", &at));
	assert_false(legs_too_fast(site->legs, "S2", &at));
	at.utc_ns = UTC;
	assert_false(legs_too_fast(site->legs, "S1", &at));
	at = (struct instant){.utc_ns = UTC - 1 * S, .clock = CLOCK_UNSYNCED};
	assert_false(legs_too_fast(site->legs, "S1", &at));
	legs_rig_close(site);
}

static void memories_that_make_no_sense_are_passed_over(void **state)
{
	static const char *const texts[] = {"", "1", "2 0 a b c", "1 0 A there here gw7 seal x"};
	static const char *const keys[] = {"sent/A", "expect/A", "visit/A", "stay/A"};
	struct legs_rig *site = legs_rig_open();
	size_t k;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (k = 0; k < 4; k++)
			legs_recall(site->legs, keys[i], texts[k]);
	legs_start(site->legs, &site->teller);
	legs_rig_expect(site, "");
	assert_true(legs_deadline(site->legs, &site->teller) == INT64_MAX);
	legs_rig_close(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_counter_that_nobody_could_read_here_is_handed_on_as_it_was_known),
		cmocka_unit_test(what_left_is_announced_once_more_by_each_restart_until_it_expires),
		cmocka_unit_test(without_a_clock_what_left_expires_after_it_was_set),
		cmocka_unit_test(a_second_departure_takes_the_place_of_the_first),
		cmocka_unit_test(the_one_that_left_first_gives_way_when_there_is_no_room),
		cmocka_unit_test(the_first_expectation_gives_way_when_there_is_no_room),
		cmocka_unit_test(the_oldest_visit_gives_way_when_there_is_no_room),
		cmocka_unit_test(an_arrival_is_judged_when_all_is_seen_and_only_once),
		cmocka_unit_test(what_returns_is_a_new_arrival),
		cmocka_unit_test(what_arrived_before_the_clock_was_set_is_remembered_from_then),
		cmocka_unit_test(a_seal_among_those_left_out_is_unknown_and_not_missing),
		cmocka_unit_test(an_older_announcement_does_not_take_the_place_of_a_newer_one),
		cmocka_unit_test(what_is_here_is_not_overdue_while_its_seals_are_looked_at),
		cmocka_unit_test(a_seal_is_too_fast_only_by_clocks_that_were_set),
		cmocka_unit_test(memories_that_make_no_sense_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
