/* How long to wait after a failure. */
#include "rig/unit.h"

#include "base/backoff.h"
#include "base/random.h"
#include "base/time.h"

static void a_wait_doubles_up_to_its_cap(void **state)
{
	static const int64_t waits_s[] = {1, 2, 4, 8, 16, 30, 30};
	const struct backoff backoff = {.first_ns = NS_PER_S, .max_ns = 30 * NS_PER_S};

	(void)state;
	for (unsigned i = 0; i < COUNT(waits_s); i++)
		assert_int_equal(backoff_ns(&backoff, i, random_chance()), waits_s[i] * NS_PER_S);
	assert_int_equal(backoff_ns(&backoff, UINT32_MAX, 0), 30 * NS_PER_S);
}

static void jitter_makes_it_shorter_by_a_part_at_most(void **state)
{
	const struct backoff backoff = {.first_ns = 100, .max_ns = INT64_MAX, .jitter = 0.25};

	(void)state;
	assert_int_equal(backoff_ns(&backoff, 0, 0), 75);
	assert_int_equal(backoff_ns(&backoff, 0, UINT32_MAX), 100);
	assert_int_equal(backoff_ns(&backoff, 3, 0), 600);
	for (unsigned i = 0; i < 100; i++)
		assert_in_range(backoff_ns(&backoff, 5, random_chance()), 2400, 3200);
}

/* As the uplink waits for a broker. */
static void the_delay_doubles_up_to_its_cap_and_is_never_shorter_than_the_least(void **state)
{
	static const int64_t ends_s[][2] = {{1, 2}, {2, 4}, {4, 8}, {8, 16}, {15, 30}, {15, 30}};
	const struct backoff backoff = {.first_ns = 2 * NS_PER_S,
					.max_ns = 30 * NS_PER_S,
					.jitter = 0.5,
					.least_ns = NS_PER_S};

	(void)state;
	for (unsigned i = 0; i < COUNT(ends_s); i++) {
		assert_int_equal(backoff_ns(&backoff, i, 0), ends_s[i][0] * NS_PER_S);
		assert_int_equal(backoff_ns(&backoff, i, UINT32_MAX), ends_s[i][1] * NS_PER_S);
	}
}

static void a_cap_below_twice_the_least_is_kept(void **state)
{
	const struct backoff backoff = {.first_ns = 20 * NS_PER_S,
					.max_ns = 12 * NS_PER_S,
					.jitter = 0.5,
					.least_ns = 10 * NS_PER_S};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(backoff_ns(&backoff, i, 0), 10 * NS_PER_S);
		assert_int_equal(backoff_ns(&backoff, i, UINT32_MAX), 12 * NS_PER_S);
	}
}

static void no_wait_stays_none(void **state)
{
	const struct backoff backoff = {.max_ns = NS_PER_S};

	(void)state;
	assert_int_equal(backoff_ns(&backoff, UINT32_MAX, 0), 0);
}

static void names_of_chance_differ_and_are_as_long_as_they_should_be(void **state)
{
	char a[RANDOM_ID_BYTES], b[RANDOM_ID_BYTES];

	(void)state;
	random_id(a);
	random_id(b);
	assert_int_equal(strspn(a, "0123456789abcdef"), RANDOM_ID_BYTES - 1);
	assert_int_equal(strlen(a), RANDOM_ID_BYTES - 1);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wait_doubles_up_to_its_cap),
		cmocka_unit_test(jitter_makes_it_shorter_by_a_part_at_most),
		cmocka_unit_test(
			the_delay_doubles_up_to_its_cap_and_is_never_shorter_than_the_least),
		cmocka_unit_test(a_cap_below_twice_the_least_is_kept),
		cmocka_unit_test(no_wait_stays_none),
		cmocka_unit_test(names_of_chance_differ_and_are_as_long_as_they_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
