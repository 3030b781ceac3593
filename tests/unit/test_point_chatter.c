/* Inputs that never hold still. */
#include "point_readings.h"

static void as_many_changes_as_allowed_within_the_window_are_chatter(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];
	unsigned effects;

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, ring);
	read_bool(&point, 0, false);
	read_bool(&point, S, true);
	read_bool(&point, S + 300 * MS, false);
	read_bool(&point, S + 600 * MS, true);
	effects =
		read_bool(&point, 2 * S, false); /* the fourth, exactly a window after the first */
	assert_int_equal(effects, POINT_CHANGED | POINT_CHATTER_RAISED);
	assert_lost(&point, QUALITY_FAULT, REASON_CHATTER, 2 * S);
}

static void fewer_changes_or_slower_ones_are_none(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, ring);
	read_bool(&point, 0, false);
	for (int i = 1; i < 100; i++)
		assert_int_equal(read_bool(&point, i * 334 * MS, i % 2), POINT_CHANGED);
	assert_false(point.chatter);
}

static void chatter_ends_after_a_quiet_window_and_the_present_value_is_taken(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];
	int i;

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, ring);
	for (i = 0; i < 5; i++)
		read_bool(&point, i * 10 * MS, i % 2);
	assert_true(point.chatter);
	assert_int_equal(point.chatter_mono_ns, 40 * MS);
	for (; i < 12; i++) /* 7 more within the first window */
		assert_int_equal(read_bool(&point, i * 10 * MS, i % 2), 0);
	assert_int_equal(point_tick(&point, 40 * MS + S), 0);
	assert_true(point.chatter);
	assert_int_equal(point_tick(&point, 40 * MS + 2 * S),
			 POINT_CHANGED | POINT_CHATTER_CLEARED);
	assert_bool(&point, true, 40 * MS + 2 * S);
	assert_int_equal(point_chatter_edges(&point), 7);
	assert_int_equal(read_bool(&point, 3 * S, false), POINT_CHANGED); /* begins at nothing */
}

static void a_value_that_comes_and_goes_is_chatter(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, ring);
	read_bool(&point, 0, true);
	read_fault(&point, 100 * MS, REASON_DEVICE_ERROR);
	read_bool(&point, 200 * MS, true);
	read_fault(&point, 300 * MS, REASON_DEVICE_ERROR);
	assert_int_equal(read_bool(&point, 400 * MS, true), POINT_CHANGED | POINT_CHATTER_RAISED);
	assert_lost(&point, QUALITY_FAULT, REASON_CHATTER, 400 * MS);
	read_fault(&point, 500 * MS, REASON_DEVICE_ERROR);
	read_bool(&point, 600 * MS, true);
	assert_int_equal(point_chatter_edges(&point), 2);
	assert_int_equal(point_tick(&point, 1400 * MS), POINT_CHANGED | POINT_CHATTER_CLEARED);
	assert_bool(&point, true, 1400 * MS);
}

static void what_goes_with_its_device_does_not_flicker(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, ring);
	read_bool(&point, 0, true);
	for (int64_t i = 1; i < 9; i++) {
		point_fail(&point, REASON_NO_ANSWER, i * 100 * MS);
		read_fault(&point, i * 100 * MS, REASON_NO_ANSWER);
		read_bool(&point, i * 100 * MS + 50 * MS, true);
	}
	assert_bool(&point, true, 850 * MS);
}

/* A boom that goes all its way, again and again, does not flicker. */
static void only_what_is_taken_back_counts_where_it_is_configured_so(void **state)
{
	static const char *const way[] = {"closed", "opening", "open", "closing"};
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4], i;

	(void)state;
	conf.debounce_ns = 0;
	conf.chatter_returns = true;
	point_init(&point, &conf, ring);
	for (i = 0; i < 20; i++)
		read_value(&point, i * 10 * MS, value_text(way[i % 4]));
	assert_false(point.chatter);
	for (; i < 26; i++)
		read_value(&point, i * 10 * MS, value_text(i % 2 ? "open" : "closed"));
	assert_true(point.chatter);
}

static void a_fault_during_chatter_is_the_better_reason(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, ring);
	for (int i = 0; i < 5; i++)
		read_bool(&point, i * 10 * MS, i % 2);
	assert_int_equal(read_fault(&point, 500 * MS, REASON_LINE_GONE), POINT_CHANGED);
	assert_lost(&point, QUALITY_FAULT, REASON_LINE_GONE, 500 * MS);
	assert_int_equal(point_tick(&point, 10 * S), POINT_CHATTER_CLEARED);
	assert_lost(&point, QUALITY_FAULT, REASON_LINE_GONE, 500 * MS);
}

static void chatter_can_be_off_and_does_not_apply_to_counters(void **state)
{
	static const struct point_map map[] = {{0, "zero"}, {1, "one"}};
	struct point_conf confs[3];
	struct point point;
	int64_t ring[4];
	int k;

	(void)state;
	for (k = 0; k < 3; k++) {
		confs[k] = contact_conf();
		confs[k].debounce_ns = 0;
	}
	confs[0].chatter_edges = 0;
	confs[1].chatter_window_ns = 0;
	confs[2].counted = true;
	confs[2].map = map;
	confs[2].map_count = 2;
	for (k = 0; k < 3; k++) {
		point_init(&point, &confs[k], k == 0 ? NULL : ring);
		for (int i = 0; i < 50; i++)
			read_value(&point, i * MS, value_int(i % 2));
		for (int i = 50; i < 99 && k < 2; i++)
			read_bool(&point, i * MS, i % 2);
		assert_true(point_good(&point));
		assert_int_equal(point_deadline(&point), INT64_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_changes_as_allowed_within_the_window_are_chatter),
		cmocka_unit_test(fewer_changes_or_slower_ones_are_none),
		cmocka_unit_test(chatter_ends_after_a_quiet_window_and_the_present_value_is_taken),
		cmocka_unit_test(a_value_that_comes_and_goes_is_chatter),
		cmocka_unit_test(what_goes_with_its_device_does_not_flicker),
		cmocka_unit_test(only_what_is_taken_back_counts_where_it_is_configured_so),
		cmocka_unit_test(a_fault_during_chatter_is_the_better_reason),
		cmocka_unit_test(chatter_can_be_off_and_does_not_apply_to_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
