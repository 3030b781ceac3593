#include "transit/sensor/barrier.h"

#include "rig/sensor_rig.h"

enum { STATUS, CLOSED, OPEN, PRESENCE, PASSED, ARM };

struct site {
	struct sensor_rig rig;
	struct barrier_conf conf;
	struct barrier barrier;
};

static const struct barrier_conf none = {
	.name = "boom",
	.status = POINT_NONE,
	.closed_limit = POINT_NONE,
	.open_limit = POINT_NONE,
	.presence = POINT_NONE,
	.presence_fault = POINT_NONE,
	.passed = POINT_NONE,
	.arm_broken = POINT_NONE,
	.travel_time_ns = 8 * S,
};

static void open_site(struct site *site, const struct barrier_conf *conf)
{
	sensor_rig_init(&site->rig);
	site->conf = *conf;
	barrier_init(&site->barrier, &site->conf, "entry-1", site->rig.table);
}

static void open_with_limits(struct site *site)
{
	struct barrier_conf conf = none;

	conf.closed_limit = CLOSED;
	conf.open_limit = OPEN;
	conf.presence = PRESENCE;
	conf.passed = PASSED;
	conf.arm_broken = ARM;
	open_site(site, &conf);
}

static void open_with_status(struct site *site)
{
	struct barrier_conf conf = none;

	conf.status = STATUS;
	conf.passed = PASSED;
	open_site(site, &conf);
}

static void judge(struct site *site)
{
	barrier_judge(&site->barrier, &site->rig.teller);
}

static void set(struct site *site, size_t point, double at_s, bool value)
{
	sensor_rig_set(&site->rig, point, at_s, value_bool(value));
	site->barrier.sensor.touched = true;
	judge(site);
}

static void say(struct site *site, double at_s, const char *word)
{
	sensor_rig_set(&site->rig, STATUS, at_s, value_text(word));
	judge(site);
}

static void lose(struct site *site, size_t point, double at_s)
{
	sensor_rig_lose(&site->rig, point, at_s, REASON_NO_ANSWER);
	judge(site);
}

static void tick(struct site *site, double at_s)
{
	site->rig.teller.now.mono_ns = seconds_ns(at_s);
	barrier_tick(&site->barrier, &site->rig.teller, seconds_ns(at_s));
}

/* Closed, nobody there. */
static void begin(struct site *site)
{
	size_t point;

	open_with_limits(site);
	for (point = OPEN; point <= ARM; point++)
		sensor_rig_set(&site->rig, point, 0, value_bool(false));
	set(site, CLOSED, 0, true);
	assert_told(&site->rig, "barrier.closed@0 ");
}

static void each_word_of_a_status_is_a_state(void **state)
{
	static const char *const words[] = {"closed", "opening", "open",  "closing",
					    "closed", "unknown", "fault", "open"};
	struct site site;

	(void)state;
	open_with_status(&site);
	for (size_t i = 0; i < COUNT(words); i++) {
		say(&site, (double)i, words[i]);
		assert_string_equal(site.rig.word, words[i]);
	}
	assert_told(&site.rig,
		    "barrier.closed@0 barrier.opening@1 barrier.open@2 barrier.closing@3 "
		    "barrier.closed@4 barrier.unknown@5 barrier.fault@6 barrier.open@7 ");
}

static void a_status_that_is_no_word_is_unknown_and_out_of_range(void **state)
{
	struct site site;

	(void)state;
	open_with_status(&site);
	say(&site, 0, "closed");
	say(&site, 1, "Closed");
	assert_told(&site.rig, "barrier.closed@0 barrier.unknown@1 ");
	assert_contains(site.rig.state,
			"\"quality\":\"fault\",\"reason\":\"out_of_range\",\"input\":\"d.a\"");
	sensor_rig_set(&site.rig, STATUS, 2, value_int(17));
	judge(&site);
	assert_told(&site.rig, "");
}

static void the_way_of_the_boom_follows_from_the_limit_it_left(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, CLOSED, 1, false);
	set(&site, OPEN, 4, true);
	set(&site, OPEN, 9, false);
	set(&site, CLOSED, 12, true);
	assert_told(&site.rig,
		    "barrier.opening@1 barrier.open@4 barrier.closing@9 barrier.closed@12 ");
}

static void a_lost_limit_is_unknown_at_once_and_the_way_forgotten(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	lose(&site, OPEN, 5);
	assert_told(&site.rig, "barrier.unknown@5 ");
	assert_contains(site.rig.body, "\"reason\":\"no_answer\",\"input\":\"d.c\"");
	assert_contains(site.rig.body, "\"closed_limit\":true,\"open_limit\":null");
	set(&site, CLOSED, 6, false);
	assert_told(&site.rig, "");
	set(&site, OPEN, 7, false); /* between the limits, who knows whereto */
	assert_told(&site.rig, "");
	assert_contains(site.rig.state, "\"reason\":\"between_limits\"");
	set(&site, OPEN, 9, true);
	assert_told(&site.rig, "barrier.open@9 ");
}

static void another_reason_for_being_unknown_is_a_state_but_no_event(void **state)
{
	struct site site;
	size_t before;

	(void)state;
	begin(&site);
	lose(&site, OPEN, 5);
	assert_told(&site.rig, "barrier.unknown@5 ");
	before = site.rig.drafts;
	sensor_rig_lose(&site.rig, OPEN, 6, REASON_LINK_DOWN);
	site.barrier.sensor.touched = true;
	judge(&site);
	assert_told(&site.rig, "");
	assert_int_equal(site.rig.drafts, before + 1);
	assert_contains(site.rig.state, "\"reason\":\"link_down\"");
	assert_contains(site.rig.state, "\"mono_ns\":5000000000}"); /* still since then */
}

static void a_conflict_ends_only_when_both_limits_are_known_again(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, OPEN, 3, true);
	assert_told(&site.rig, "barrier.limit-conflict@3 barrier.fault@3 ");
	lose(&site, OPEN, 5);
	assert_told(&site.rig, "barrier.unknown@5 ");
	assert_contains(site.rig.state, "\"alarms\":[\"barrier.limit-conflict\"]");
	set(&site, OPEN, 8, false);
	assert_told(&site.rig, "barrier.limit-conflict@8 barrier.closed@8 ");
	assert_contains(site.rig.state, "\"alarms\":[]");
}

static void travel_is_timed_from_the_limit_that_was_left(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	assert_int_equal(barrier_deadline(&site.barrier), INT64_MAX);
	set(&site, CLOSED, 1, false);
	assert_int_equal(barrier_deadline(&site.barrier), 9 * S);
	tick(&site, 8.9);
	assert_told(&site.rig, "barrier.opening@1 ");
	tick(&site, 9.5); /* late: told with the time it was due */
	assert_told(&site.rig, "barrier.travel-timeout@9 barrier.fault@9 ");
	assert_int_equal(barrier_deadline(&site.barrier), INT64_MAX);
}

static void a_boom_that_timed_out_has_not_arrived_because_nobody_looks(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, CLOSED, 1, false);
	tick(&site, 9);
	site.rig.told[0] = '\0';
	lose(&site, CLOSED, 10);
	assert_told(&site.rig, "barrier.unknown@10 ");
	set(&site, CLOSED, 20, false);
	assert_told(&site.rig, "barrier.fault@20 ");
	assert_contains(site.rig.body, "\"reason\":\"travel_timeout\"");
	set(&site, OPEN, 30, true);
	assert_told(&site.rig, "barrier.travel-timeout@30 barrier.open@30 ");
	assert_contains(site.rig.state, "\"alarms\":[]");
}

static void travel_time_zero_means_never(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	site.conf.travel_time_ns = 0;
	set(&site, CLOSED, 1, false);
	assert_int_equal(barrier_deadline(&site.barrier), INT64_MAX);
}

static void an_arm_once_broken_is_not_whole_because_its_contact_is_lost(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, ARM, 1, true);
	assert_told(&site.rig, "barrier.arm-broken@1 barrier.fault@1 ");
	lose(&site, ARM, 2);
	assert_told(&site.rig, "");
	assert_string_equal(site.rig.word, "fault");
	set(&site, ARM, 3, false);
	assert_told(&site.rig, "barrier.arm-broken@3 barrier.closed@3 ");
}

static void an_arm_whose_contact_is_lost_leaves_the_state_of_the_boom(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	site.barrier.sensor.touched = true;
	lose(&site, ARM, 2);
	assert_told(&site.rig, "");
	assert_string_equal(site.rig.word, "closed");
	assert_contains(site.rig.state, "\"arm_broken\":null");
}

static void a_broken_arm_counts_even_when_the_limits_are_lost(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	lose(&site, CLOSED, 1);
	set(&site, ARM, 2, true);
	assert_told(&site.rig, "barrier.unknown@1 barrier.arm-broken@2 barrier.fault@2 ");
}

static void presence_alone_makes_events_though_no_boom_is_configured(void **state)
{
	struct barrier_conf conf = none;
	struct site site;

	(void)state;
	conf.presence = PRESENCE;
	open_site(&site, &conf);
	set(&site, PRESENCE, 1, false);
	set(&site, PRESENCE, 2, true);
	set(&site, PRESENCE, 3, false);
	assert_told(&site.rig, "presence.detected@2 presence.left@3 ");
	assert_string_equal(site.rig.word, "unknown");
}

static void passing_a_closed_boom_is_forced_only_from_known_to_known(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	lose(&site, PASSED, 20);
	set(&site, PASSED, 21, true); /* may have stood there before */
	assert_told(&site.rig, "");
	set(&site, PASSED, 22, false);
	set(&site, PASSED, 23, true);
	assert_told(&site.rig, "barrier.forced@23 ");
	set(&site, PASSED, 24, false);
	lose(&site, CLOSED, 25);
	set(&site, PASSED, 26, true); /* of a boom that is unknown nothing is said */
	assert_told(&site.rig, "barrier.unknown@25 ");
}

static void passing_while_the_boom_moves_is_not_forced(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, CLOSED, 20, false);
	set(&site, PASSED, 21, true);
	assert_told(&site.rig, "barrier.opening@20 ");
}

static void a_boom_closed_for_less_than_a_travel_time_may_have_let_somebody_out(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, PASSED, 7.9, true);
	assert_told(&site.rig, "");
	set(&site, PASSED, 7.95, false);
	set(&site, PASSED, 8, true);
	assert_told(&site.rig, "barrier.forced@8 ");
}

static void the_second_one_beyond_the_boom_in_one_opening_is_tailgating(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, CLOSED, 1, false);
	set(&site, OPEN, 4, true);
	set(&site, PRESENCE, 5, true);
	set(&site, PRESENCE, 6, false);
	set(&site, PRESENCE, 7, true);
	set(&site, PRESENCE, 8,
	    false); /* backed out: where passing is seen, leaving is not counted */
	set(&site, PASSED, 9, true);
	set(&site, PASSED, 10, false);
	site.rig.told[0] = '\0';
	set(&site, PASSED, 11, true);
	assert_told(&site.rig, "barrier.tailgate@11 ");
	assert_contains(site.rig.body, "\"vehicles\":2");
}

static void vehicles_at_a_boom_found_open_are_not_counted(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	open_with_limits(&site);
	site.conf.passed = POINT_NONE;
	sensor_rig_set(&site.rig, CLOSED, 0, value_bool(false));
	sensor_rig_set(&site.rig, PRESENCE, 0, value_bool(false));
	set(&site, OPEN, 0, true);
	site.rig.told[0] = '\0';
	for (int i = 1; i < 5; i++)
		set(&site, PRESENCE, i, i % 2);
	assert_told(&site.rig,
		    "presence.detected@1 presence.left@2 presence.detected@3 presence.left@4 ");
}

static void stuck_presence_is_timed_anew_after_it_was_lost(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	site.conf.presence_stuck_ns = 100 * S;
	set(&site, PRESENCE, 10, true);
	assert_int_equal(barrier_deadline(&site.barrier), 110 * S);
	lose(&site, PRESENCE, 50);
	assert_int_equal(barrier_deadline(&site.barrier), INT64_MAX);
	set(&site, PRESENCE, 60, true);
	assert_int_equal(barrier_deadline(&site.barrier), 160 * S);
	site.rig.told[0] = '\0';
	tick(&site, 160);
	assert_told(&site.rig, "presence.stuck@160 ");
	assert_int_equal(barrier_deadline(&site.barrier), INT64_MAX);
}

static void an_alarm_cleared_says_how_long_it_lasted(void **state)
{
	struct site site;

	(void)state;
	begin(&site);
	set(&site, OPEN, 3, true);
	assert_contains(site.rig.body, "\"previous\":\"closed\",\"reason\":\"limit_conflict\"");
	sensor_rig_set(&site.rig, OPEN, 4.5, value_bool(false));
	sensor_rig_set(&site.rig, CLOSED, 4.5, value_bool(true));
	barrier_judge(&site.barrier, &site.rig.teller);
	assert_told(&site.rig, "barrier.limit-conflict@3 barrier.fault@3 "
			       "barrier.limit-conflict@4.5 barrier.closed@4.5 ");
}

static void with_the_lower_limit_alone_the_boom_is_up_when_the_travel_time_is_over(void **state)
{
	struct barrier_conf conf = none;
	struct site site;

	(void)state;
	conf.closed_limit = CLOSED;
	open_site(&site, &conf);
	set(&site, CLOSED, 0, true);
	set(&site, CLOSED, 10, false);
	tick(&site, 18);
	assert_told(&site.rig, "barrier.closed@0 barrier.opening@10 barrier.open@18 ");
	assert_contains(site.rig.state, "\"reason\":\"assumed\"");
	assert_int_equal(barrier_deadline(&site.barrier), INT64_MAX);
	site.rig.told[0] = '\0';
	set(&site, CLOSED, 30, true);
	set(&site, CLOSED, 40, false);
	tick(&site, 48);
	assert_told(&site.rig, "barrier.closed@30 barrier.opening@40 barrier.open@48 ");
}

static void with_the_upper_limit_alone_it_is_down_when_the_travel_time_is_over(void **state)
{
	struct barrier_conf conf = none;
	struct site site;

	(void)state;
	conf.open_limit = OPEN;
	open_site(&site, &conf);
	set(&site, OPEN, 0, false);
	tick(&site, 8);
	set(&site, OPEN, 20, true);
	set(&site, OPEN, 30, false);
	tick(&site, 38);
	assert_told(&site.rig, "barrier.unknown@0 barrier.closed@8 barrier.open@20 "
			       "barrier.closing@30 barrier.closed@38 ");
}

static void what_is_assumed_ends_with_the_limit_that_would_contradict(void **state)
{
	struct barrier_conf conf = none;
	struct site site;

	(void)state;
	conf.closed_limit = CLOSED;
	open_site(&site, &conf);
	set(&site, CLOSED, 0, false);
	tick(&site, 8);
	lose(&site, CLOSED, 10);
	assert_told(&site.rig, "barrier.unknown@0 barrier.open@8 barrier.unknown@10 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			with_the_lower_limit_alone_the_boom_is_up_when_the_travel_time_is_over),
		cmocka_unit_test(
			with_the_upper_limit_alone_it_is_down_when_the_travel_time_is_over),
		cmocka_unit_test(what_is_assumed_ends_with_the_limit_that_would_contradict),
		cmocka_unit_test(each_word_of_a_status_is_a_state),
		cmocka_unit_test(a_status_that_is_no_word_is_unknown_and_out_of_range),
		cmocka_unit_test(the_way_of_the_boom_follows_from_the_limit_it_left),
		cmocka_unit_test(a_lost_limit_is_unknown_at_once_and_the_way_forgotten),
		cmocka_unit_test(another_reason_for_being_unknown_is_a_state_but_no_event),
		cmocka_unit_test(a_conflict_ends_only_when_both_limits_are_known_again),
		cmocka_unit_test(travel_is_timed_from_the_limit_that_was_left),
		cmocka_unit_test(a_boom_that_timed_out_has_not_arrived_because_nobody_looks),
		cmocka_unit_test(travel_time_zero_means_never),
		cmocka_unit_test(an_arm_once_broken_is_not_whole_because_its_contact_is_lost),
		cmocka_unit_test(an_arm_whose_contact_is_lost_leaves_the_state_of_the_boom),
		cmocka_unit_test(a_broken_arm_counts_even_when_the_limits_are_lost),
		cmocka_unit_test(presence_alone_makes_events_though_no_boom_is_configured),
		cmocka_unit_test(passing_a_closed_boom_is_forced_only_from_known_to_known),
		cmocka_unit_test(passing_while_the_boom_moves_is_not_forced),
		cmocka_unit_test(
			a_boom_closed_for_less_than_a_travel_time_may_have_let_somebody_out),
		cmocka_unit_test(the_second_one_beyond_the_boom_in_one_opening_is_tailgating),
		cmocka_unit_test(vehicles_at_a_boom_found_open_are_not_counted),
		cmocka_unit_test(stuck_presence_is_timed_anew_after_it_was_lost),
		cmocka_unit_test(an_alarm_cleared_says_how_long_it_lasted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
