/* Who is asked next on a bus, and when: exact, with times of our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus_schedule.h"

#define MS	INT64_C(1000000)
#define S	(1000 * MS)
#define START	(500 * S)
#define DEVICES 20

/* A bus with a clock of its own. */
struct bench {
	struct schedule schedule;
	struct schedule_device devices[DEVICES];
	int64_t now_ns;
	int64_t cost_ns[DEVICES]; /* of a question */
	bool dead[DEVICES];
	int64_t asked[DEVICES]; /* how often */
	int64_t last_ns[DEVICES]; /* began */
	int64_t longest_ns[DEVICES]; /* between two beginnings */
	int64_t silent_ns; /* spent on silent devices */
	int64_t waited_ns; /* what schedule_failed() said last */
};

static void set_up(struct bench *bench, size_t count, int64_t period_ns)
{
	size_t i;

	*bench = (struct bench){.now_ns = START};
	bench->schedule = (struct schedule){
		.devices = bench->devices,
		.count = count,
		.share = 0.05,
		.random = 1,
	};
	for (i = 0; i < count; i++) {
		bench->devices[i] = (struct schedule_device){
			.period_ns = period_ns,
			.retry_min_ns = 1 * S,
			.retry_max_ns = 30 * S,
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
	int64_t began_ns = bench->now_ns;

	note(bench, device);
	if (bench->devices[device].silent && bench->dead[device])
		bench->silent_ns += bench->cost_ns[device];
	bench->now_ns += bench->cost_ns[device];
	if (bench->dead[device])
		bench->waited_ns =
			schedule_failed(&bench->schedule, device, began_ns, bench->now_ns);
	else
		schedule_answered(&bench->schedule, device, bench->now_ns);
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
	int64_t i;

	(void)state;
	set_up(&bench, 10, 100 * MS);
	for (i = 0; i < 10; i++) {
		assert_int_equal(next(&bench), i);
		assert_int_equal(bench.now_ns, START + i * 10 * MS);
		schedule_answered(&bench.schedule, (size_t)i, bench.now_ns + 1);
	}
}

static void devices_within_a_step_are_asked_one_after_the_other(void **state)
{
	struct bench bench;
	int64_t i;

	(void)state;
	set_up(&bench, 20, 100 * MS);
	for (i = 0; i < 20; i++) {
		assert_int_equal(next(&bench), i);
		assert_int_equal(bench.now_ns, START + i / 2 * 10 * MS + i % 2);
		schedule_answered(&bench.schedule, (size_t)i, bench.now_ns + 1);
		bench.now_ns++;
	}
}

static void a_slow_device_is_first_asked_within_a_second(void **state)
{
	struct bench bench;
	size_t i;

	(void)state;
	set_up(&bench, 4, 3600 * S);
	for (i = 0; i < 4; i++)
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
	int i;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	for (i = 0; i < 50; i++) {
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
	size_t i;

	(void)state;
	set_up(&bench, 10, 100 * MS);
	for (i = 0; i < 10; i++)
		bench.cost_ns[i] = 25 * MS; /* 250 ms of work each 100 ms */
	run_for(&bench, 100 * S);
	for (i = 0; i < 10; i++) {
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
	int i;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	for (i = 0; i < 30; i++) {
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
	size_t i;

	(void)state;
	set_up(&bench, 1, 100 * MS);
	bench.dead[0] = true;
	run_for(&bench, 202 * MS);
	for (i = 0; i < sizeof(delays_s) / sizeof(delays_s[0]); i++) {
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
	size_t i;

	(void)state;
	set_up(&bench, 15, 100 * MS);
	for (i = 5; i < 15; i++) {
		bench.dead[i] = true;
		bench.cost_ns[i] = 500 * MS;
	}
	run_for(&bench, 60 * S); /* until all of the dead are known */
	bench.silent_ns = 0;
	memset(bench.asked, 0, sizeof(bench.asked));
	memset(bench.longest_ns, 0, sizeof(bench.longest_ns));
	run_for(&bench, 3600 * S);
	assert_in_range(bench.silent_ns, 36 * S, 3600 * S / 20 + 1 * S);
	for (i = 0; i < 5; i++) {
		assert_true(bench.asked[i] >= 3600 * 10 * 94 / 100);
		assert_true(bench.longest_ns[i] <= 700 * MS);
	}
	for (i = 5; i < 15; i++)
		assert_in_range(bench.asked[i], 10, 3600 / 30 * 4 / 3 + 1);
}

static void a_poll_that_is_due_goes_before_a_silent_device(void **state)
{
	struct bench bench;

	(void)state;
	set_up(&bench, 2, 100 * MS);
	bench.devices[1].silent = true;
	bench.devices[1].due_ns = START + 90 * MS;
	schedule_answered(&bench.schedule, 0, START + 1);
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
	size_t i;

	(void)state;
	set_up(&bench, 5, 1 * S);
	bench.dead[4] = true;
	run_for(&bench, 300 * S);
	bench.dead[4] = false;
	back_ns = bench.now_ns;
	schedule_link_up(&bench.schedule, back_ns);
	for (i = 0; i < 5; i++)
		ask(&bench);
	for (i = 0; i < 5; i++)
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

static void the_same_seed_gives_the_same_jitter(void **state)
{
	uint64_t a = 5, b = 5, c = 6;
	int64_t delay_a = 0, delay_b = 0, delay_c = 0;
	bool differs = false;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		int64_t wait_a = backoff_next(&delay_a, 1 * S, 60 * S, &a);

		assert_int_equal(wait_a, backoff_next(&delay_b, 1 * S, 60 * S, &b));
		differs |= wait_a != backoff_next(&delay_c, 1 * S, 60 * S, &c);
	}
	assert_true(differs);
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
		cmocka_unit_test(a_poll_that_is_due_goes_before_a_silent_device),
		cmocka_unit_test(a_silent_device_gets_its_turn_on_a_bus_that_is_never_idle),
		cmocka_unit_test(when_the_link_is_back_all_are_asked_at_once),
		cmocka_unit_test(after_the_link_is_back_a_device_has_one_try),
		cmocka_unit_test(asking_out_of_turn_does_not_count_as_skipped),
		cmocka_unit_test(the_same_seed_gives_the_same_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
