/* Who is asked next on a bus, and when: exact, with times of our own. */
#include "rig/unit.h"

#include "bus/schedule.h"
#include "dice.h"

#define START	(500 * S)
#define DEVICES 200

/* A bus with a clock of its own. */
struct bench {
	struct schedule schedule;
	struct dice dice;
	struct schedule_device devices[DEVICES];
	int64_t now_ns;
	int64_t cost_ns[DEVICES]; /* of a question */
	bool is_line; /* silent behind what was vain for a quarter of the wait, or 50 ms */
	bool dead[DEVICES];
	int64_t asked[DEVICES]; /* how often */
	int64_t last_ns[DEVICES]; /* began */
	int64_t longest_ns[DEVICES]; /* between two beginnings */
	int64_t silent_ns; /* spent on silent devices */
	int64_t waited_ns; /* what schedule_failed() said last */
};

static void set_up(struct bench *bench, size_t count, int64_t period_ns)
{

	*bench = (struct bench){.now_ns = START};
	bench->schedule = (struct schedule){
		.devices = bench->devices,
		.count = count,
		.share = 0.05,
	};
	for (size_t i = 0; i < count; i++) {
		bench->devices[i] = (struct schedule_device){
			.period_ns = period_ns,
			.retry = {.first_ns = 1 * S, .max_ns = 30 * S, .jitter = 0.25},
			.fail_after = 3,
		};
		bench->cost_ns[i] = 2 * MS;
	}
	schedule_start(&bench->schedule, bench->now_ns);
}

static size_t next(struct bench *bench)
{
	int64_t due_ns = 0;
	size_t device = schedule_next(&bench->schedule, bench->now_ns, &due_ns);

	if (due_ns > bench->now_ns)
		bench->now_ns = due_ns;
	return device;
}

static void note(struct bench *bench, size_t device)
{
	int64_t gap_ns = bench->now_ns - bench->last_ns[device];

	if (bench->asked[device]++ > 0 && gap_ns > bench->longest_ns[device])
		bench->longest_ns[device] = gap_ns;
	bench->last_ns[device] = bench->now_ns;
}

static size_t ask(struct bench *bench)
{
	size_t device = next(bench);
	int64_t began_ns = bench->now_ns, patience_ns;

	note(bench, device);
	if (bench->devices[device].silent && bench->dead[device])
		bench->silent_ns += bench->cost_ns[device];
	patience_ns = schedule_patience_ns(&bench->schedule, device);
	if (!bench->dead[device] || patience_ns > bench->cost_ns[device])
		patience_ns = bench->cost_ns[device];
	bench->now_ns += patience_ns;
	if (bench->is_line && bench->dead[device])
		bench->now_ns += patience_ns / 4 < 50 * MS ? patience_ns / 4 : 50 * MS;
	if (bench->dead[device])
		bench->waited_ns = schedule_failed(&bench->schedule, device, began_ns,
						   bench->now_ns, roll(&bench->dice, UINT32_MAX));
	else
		schedule_answered(&bench->schedule, device, began_ns, bench->now_ns);
	return device;
}

static void run_for(struct bench *bench, int64_t span_ns)
{
	int64_t end_ns = bench->now_ns + span_ns;

	while (bench->now_ns < end_ns)
		ask(bench);
}

static void first_polls_are_spread_over_a_period_in_order(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 10, 100 * MS);
	for (int64_t i = 0; i < 10; i++) {
		assert_int_equal(next(&bench), i);
		assert_int_equal(bench.now_ns, START + i * 10 * MS);
		schedule_answered(&bench.schedule, (size_t)i, bench.now_ns, bench.now_ns + 1);
	}
}

static void devices_within_a_step_are_asked_one_after_the_other(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 20, 100 * MS);
	for (int64_t i = 0; i < 20; i++) {
		assert_int_equal(next(&bench), i);
		assert_int_equal(bench.now_ns, START + i / 2 * 10 * MS + i % 2);
		schedule_answered(&bench.schedule, (size_t)i, bench.now_ns, bench.now_ns + 1);
		bench.now_ns++;
	}
}

static void a_slow_device_is_first_asked_within_a_second(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 4, 3600 * S);
	for (size_t i = 0; i < 4; i++)
		ask(&bench);
	assert_in_range(bench.now_ns, START, START + 1 * S);
}

static void a_bus_without_devices_has_nothing_to_do(void **state)
{
	struct bench bench;
	int64_t due_ns = 77;

	(void)state;
	set_up(&bench, 0, 100 * MS);
	assert_int_equal(schedule_next(&bench.schedule, START, &due_ns), SCHEDULE_NONE);
	assert_int_equal(due_ns, 77);
}

static void polls_stay_on_the_grid_whatever_they_take(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	for (int i = 0; i < 50; i++) {
		bench.cost_ns[0] = (1 + i % 7) * 13 * MS;
		ask(&bench);
		assert_int_equal((bench.last_ns[0] - START) % (100 * MS), 0);
	}
	assert_int_equal(bench.schedule.skipped, 0);
	assert_int_equal(bench.last_ns[0], START + 49 * 100 * MS);
}

static void missed_cycles_are_skipped_and_counted(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	bench.cost_ns[0] = 350 * MS; /* the grid points at 100, 200 and 300 are missed */
	ask(&bench);
	assert_int_equal(bench.schedule.skipped, 3);
	bench.cost_ns[0] = 1 * MS;
	ask(&bench);
	assert_int_equal(bench.last_ns[0], START + 400 * MS);
	ask(&bench);
	assert_int_equal(bench.last_ns[0], START + 500 * MS);
	assert_int_equal(bench.schedule.skipped, 3);
}

static void on_an_overloaded_bus_all_are_served_alike(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 10, 100 * MS);
	for (size_t i = 0; i < 10; i++)
		bench.cost_ns[i] = 25 * MS; /* 250 ms of work each 100 ms */
	run_for(&bench, 100 * S);
	for (size_t i = 0; i < 10; i++) {
		assert_in_range(bench.asked[i], 390, 410);
		assert_true(bench.longest_ns[i] <= 400 * MS);
	}
	assert_true(bench.schedule.skipped > 0);
}

static void a_device_is_silent_after_as_many_failures_as_it_is_allowed(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	bench.dead[0] = true;
	ask(&bench);
	ask(&bench);
	assert_false(bench.devices[0].silent);
	assert_int_equal(bench.waited_ns, 0);
	ask(&bench);
	assert_true(bench.devices[0].silent);
	assert_in_range(bench.waited_ns, 750 * MS, 1000 * MS);
}

static void one_answer_ends_a_run_of_failures(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	for (int i = 0; i < 30; i++) {
		bench.dead[0] = i % 3 != 2;
		ask(&bench);
		assert_false(bench.devices[0].silent);
	}
}

static void the_back_off_doubles_up_to_its_cap_and_jitters_below_it(void **state)
{
	static const int64_t delays_s[] = {1, 2, 4, 8, 16, 30, 30, 30};
	struct bench bench;
	int64_t sum_ns = 0;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	bench.dead[0] = true;
	run_for(&bench, 202 * MS);
	for (size_t i = 0; i < COUNT(delays_s); i++) {
		int64_t delay_ns = delays_s[i] * S;

		assert_in_range(bench.waited_ns, delay_ns - delay_ns / 4, delay_ns);
		sum_ns += delay_ns - bench.waited_ns;
		ask(&bench);
	}
	assert_true(sum_ns > 0);
}

static void an_answer_resets_the_back_off(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	bench.dead[0] = true;
	run_for(&bench, 100 * S);
	bench.dead[0] = false;
	ask(&bench);
	assert_false(bench.devices[0].silent);
	bench.dead[0] = true;
	ask(&bench);
	assert_true((bench.last_ns[0] - START) % (100 * MS) == 0);
	ask(&bench);
	ask(&bench);
	assert_in_range(bench.waited_ns, 750 * MS, 1000 * MS);
}

static void silent_devices_together_take_at_most_their_share(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 15, 100 * MS);
	for (size_t i = 5; i < 15; i++) {
		bench.dead[i] = true;
		bench.cost_ns[i] = 500 * MS;
	}
	run_for(&bench, 400 * S); /* until all of the dead are known */
	bench.silent_ns = 0;
	memset(bench.asked, 0, sizeof(bench.asked));
	memset(bench.longest_ns, 0, sizeof(bench.longest_ns));
	run_for(&bench, 3600 * S);
	assert_in_range(bench.silent_ns, 36 * S, 3600 * S / 20 + 1 * S);
	for (size_t i = 0; i < 5; i++) {
		assert_true(bench.asked[i] >= 3600 * 10 * 94 / 100);
		assert_true(bench.longest_ns[i] <= 700 * MS);
	}
	for (size_t i = 5; i < 15; i++)
		assert_in_range(bench.asked[i], 10, 3600 / 30 * 4 / 3 + 1);
}

/* From now on these are dead, all at once. */
static void die(struct bench *bench, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		bench->dead[i] = true;
		bench->cost_ns[i] = 500 * MS;
	}
	memset(bench->asked, 0, sizeof(bench->asked));
	memset(bench->longest_ns, 0, sizeof(bench->longest_ns));
}

static void assert_rates(const struct bench *bench, size_t first, size_t count, int64_t least)
{
	for (size_t i = first; i < first + count; i++)
		assert_in_range(bench->asked[i], least, INT64_MAX);
}

static void when_half_of_a_line_dies_at_once_the_other_half_keeps_its_rate(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 32, 1 * S);
	for (size_t i = 0; i < 32; i++)
		bench.cost_ns[i] = 10 * MS;
	run_for(&bench, 10 * S);
	die(&bench, 8, 16);
	run_for(&bench, 30 * S);
	assert_rates(&bench, 0, 8, 27);
	assert_rates(&bench, 24, 8, 27);
	run_for(&bench, 60 * S);
	for (size_t i = 8; i < 24; i++)
		assert_true(bench.devices[i].silent);
}

static void when_150_of_200_die_at_once_the_others_keep_their_rate(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 200, 1 * S);
	run_for(&bench, 10 * S);
	die(&bench, 25, 150);
	run_for(&bench, 60 * S);
	assert_rates(&bench, 0, 25, 54);
	assert_rates(&bench, 175, 25, 54);
}

static void on_a_line_that_owes_silence_they_keep_it_too(void **state)
{
	static const size_t firsts[] = {0, 25, 50};

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		const size_t first = firsts[i];
		struct bench bench;

		set_up(&bench, 200, 2 * S);
		bench.is_line = true;
		for (size_t k = 0; k < 200; k++)
			bench.cost_ns[k] = 5 * MS;
		run_for(&bench, 20 * S);
		die(&bench, first, 150);
		run_for(&bench, 60 * S);
		assert_rates(&bench, 0, first, 28);
		assert_rates(&bench, first + 150, 50 - first, 28);
	}
}

static void a_quick_boom_beside_some_that_die_is_never_left_alone_for_long(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 4, 500 * MS);
	bench.devices[0].period_ns = 100 * MS;
	run_for(&bench, 10 * S);
	die(&bench, 1, 3);
	run_for(&bench, 60 * S);
	assert_true(bench.longest_ns[0] <= 700 * MS);
	assert_rates(&bench, 0, 1, 540);
}

static void in_idle_time_the_back_off_is_kept_however_many_are_dead(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 12, 1 * S);
	for (size_t i = 0; i < 12; i++)
		bench.devices[i].retry.max_ns = 5 * S;
	die(&bench, 4, 8);
	run_for(&bench, 60 * S);
	die(&bench, 4, 8);
	run_for(&bench, 60 * S);
	assert_rates(&bench, 0, 4, 59);
	for (size_t i = 4; i < 12; i++)
		assert_true(bench.longest_ns[i] <= 6 * S);
}

static void how_soon_the_silent_are_asked_again_is_computed(void **state)
{
	static const struct {
		size_t count, dead;
		int64_t period_ns, within_ns;
	} lines[] = {
		{20, 0, 1 * S, 0},
		{20, 5, 1 * S, 30 * S}, /* in idle time */
		{40, 30, 100 * MS, 300 * S},
		{4, 3, 100 * MS, 30 * S}, /* their share */
		{200, 150, 1 * S, 1500 * S / 18},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct schedule_silence silence;
		struct bench bench;
		int64_t within_ns;

		set_up(&bench, lines[i].count, lines[i].period_ns);
		run_for(&bench, 10 * S);
		for (size_t k = 0; k < lines[i].dead; k++) {
			bench.dead[k] = true;
			bench.cost_ns[k] = 500 * MS;
		}
		run_for(&bench, 2000 * S);
		silence = schedule_silence(&bench.schedule);
		within_ns = schedule_silence_ns(&silence, bench.schedule.share);
		assert_in_range(within_ns, lines[i].within_ns, lines[i].within_ns * 11 / 10);
		for (size_t k = 0; k < lines[i].dead; k++)
			bench.longest_ns[k] = 0;
		run_for(&bench, 2000 * S);
		for (size_t k = 0; k < lines[i].dead; k++)
			assert_true(bench.longest_ns[k] < within_ns * 5 / 4 + 2 * S);
	}
}

static void slow_answers_take_no_more_than_a_share_from_quick_ones(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 3, 1 * S);
	bench.devices[0].period_ns = 100 * MS;
	bench.cost_ns[1] = bench.cost_ns[2] = 450 * MS;
	run_for(&bench, 2 * S);
	die(&bench, 3, 0);
	run_for(&bench, 60 * S);
	assert_rates(&bench, 0, 1, 430); /* three quarters, less a little */
	assert_rates(&bench, 1, 2, 14);
}

static void what_nobody_answers_says_nothing_of_the_others_for_a_while(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 4, 200 * MS);
	run_for(&bench, 2 * S);
	die(&bench, 0, 4);
	run_for(&bench, 4 * S);
	for (size_t i = 0; i < 4; i++)
		assert_false(bench.devices[i].silent);
	run_for(&bench, 20 * S);
	for (size_t i = 0; i < 4; i++)
		assert_true(bench.devices[i].silent);
}

static void ask_until_failed(struct bench *bench, size_t device)
{
	size_t asked;

	do
		asked = ask(bench);
	while (asked != device || !bench->devices[device].suspect || bench->devices[device].looked);
}

/* A gateway that waits for a dead unit holds up others: they are not to wait as long as it. */
static void who_was_held_up_is_asked_before_who_is_dead(void **state)
{
	struct bench bench;
	size_t asked;

	(void)state;
	set_up(&bench, 3, 200 * MS);
	run_for(&bench, 1 * S);
	bench.dead[2] = true;
	bench.cost_ns[2] = 3 * S;
	ask_until_failed(&bench, 2);
	bench.dead[1] = true;
	bench.cost_ns[1] = 500 * MS;
	ask_until_failed(&bench, 1);
	bench.dead[1] = false;
	bench.cost_ns[1] = 2 * MS;
	do
		asked = ask(&bench);
	while (asked == 0);
	assert_int_equal(asked, 1);
}

static void retries_are_made_of_idle_time(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 2, 1 * S);
	bench.devices[1].period_ns = 100 * MS;
	run_for(&bench, 2 * S);
	assert_true(schedule_spare_ns(&bench.schedule, 1, bench.now_ns) > 500 * MS);
	assert_true(schedule_spare_ns(&bench.schedule, 0, bench.now_ns) < 200 * MS);
	set_up(&bench, 1, 1 * S);
	assert_true(schedule_spare_ns(&bench.schedule, 0, bench.now_ns) == INT64_MAX);
}

static void a_poll_that_is_due_goes_before_a_silent_device(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 2, 100 * MS);
	bench.devices[1].suspect = true;
	bench.devices[1].due_ns = START + 90 * MS;
	schedule_answered(&bench.schedule, 0, START, START + 1);
	bench.now_ns = START + 100 * MS;
	assert_int_equal(next(&bench), 0);
	bench.now_ns = START + 95 * MS;
	assert_int_equal(next(&bench), 1);
}

static void a_silent_device_gets_its_turn_on_a_bus_that_is_never_idle(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 5, 100 * MS);
	memset(bench.cost_ns, 0, sizeof(bench.cost_ns));
	bench.cost_ns[0] = bench.cost_ns[1] = bench.cost_ns[2] = bench.cost_ns[3] = 60 * MS;
	bench.cost_ns[4] = 20 * MS;
	bench.dead[4] = true;
	run_for(&bench, 600 * S);
	assert_in_range(bench.asked[4], 15, 40);
}

static void when_the_link_is_back_all_are_asked_at_once(void **state)
{
	struct bench bench;
	int64_t back_ns;

	(void)state;
	set_up(&bench, 5, 1 * S);
	bench.dead[4] = true;
	run_for(&bench, 300 * S);
	bench.dead[4] = false;
	back_ns = bench.now_ns;
	schedule_link_up(&bench.schedule, back_ns);
	for (size_t i = 0; i < 5; i++)
		ask(&bench);
	for (size_t i = 0; i < 5; i++)
		assert_in_range(bench.last_ns[i], back_ns, back_ns + 10 * MS);
	assert_false(bench.devices[4].silent);
}

static void after_the_link_is_back_a_device_has_one_try(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	run_for(&bench, 1 * S);
	schedule_link_up(&bench.schedule, bench.now_ns);
	bench.dead[0] = true;
	ask(&bench);
	assert_true(bench.devices[0].silent);
}

static void asking_out_of_turn_does_not_count_as_skipped(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	ask(&bench);
	bench.now_ns += 10 * S;
	schedule_link_up(&bench.schedule, bench.now_ns);
	ask(&bench);
	assert_int_equal(bench.schedule.skipped, 0);
	ask(&bench);
	assert_int_equal((bench.last_ns[0] - START) % (100 * MS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_polls_are_spread_over_a_period_in_order),
		cmocka_unit_test(devices_within_a_step_are_asked_one_after_the_other),
		cmocka_unit_test(a_slow_device_is_first_asked_within_a_second),
		cmocka_unit_test(a_bus_without_devices_has_nothing_to_do),
		cmocka_unit_test(polls_stay_on_the_grid_whatever_they_take),
		cmocka_unit_test(missed_cycles_are_skipped_and_counted),
		cmocka_unit_test(on_an_overloaded_bus_all_are_served_alike),
		cmocka_unit_test(a_device_is_silent_after_as_many_failures_as_it_is_allowed),
		cmocka_unit_test(one_answer_ends_a_run_of_failures),
		cmocka_unit_test(the_back_off_doubles_up_to_its_cap_and_jitters_below_it),
		cmocka_unit_test(an_answer_resets_the_back_off),
		cmocka_unit_test(silent_devices_together_take_at_most_their_share),
		cmocka_unit_test(when_half_of_a_line_dies_at_once_the_other_half_keeps_its_rate),
		cmocka_unit_test(when_150_of_200_die_at_once_the_others_keep_their_rate),
		cmocka_unit_test(on_a_line_that_owes_silence_they_keep_it_too),
		cmocka_unit_test(a_quick_boom_beside_some_that_die_is_never_left_alone_for_long),
		cmocka_unit_test(in_idle_time_the_back_off_is_kept_however_many_are_dead),
		cmocka_unit_test(how_soon_the_silent_are_asked_again_is_computed),
		cmocka_unit_test(slow_answers_take_no_more_than_a_share_from_quick_ones),
		cmocka_unit_test(what_nobody_answers_says_nothing_of_the_others_for_a_while),
		cmocka_unit_test(who_was_held_up_is_asked_before_who_is_dead),
		cmocka_unit_test(retries_are_made_of_idle_time),
		cmocka_unit_test(a_poll_that_is_due_goes_before_a_silent_device),
		cmocka_unit_test(a_silent_device_gets_its_turn_on_a_bus_that_is_never_idle),
		cmocka_unit_test(when_the_link_is_back_all_are_asked_at_once),
		cmocka_unit_test(after_the_link_is_back_a_device_has_one_try),
		cmocka_unit_test(asking_out_of_turn_does_not_count_as_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
