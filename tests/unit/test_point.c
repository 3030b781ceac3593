#include <math.h>

#include "point_readings.h"

static void a_point_that_was_never_read_has_no_value(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	assert_lost(&point, QUALITY_STALE, REASON_NOT_YET, 0);
	assert_int_equal(point_deadline(&point), INT64_MAX);
}

static void the_first_reading_is_taken_at_once(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	assert_int_equal(read_bool(&point, 5 * S, true), POINT_CHANGED);
	assert_bool(&point, true, 5 * S);
}

static void a_change_that_holds_is_seen_with_the_time_of_its_edge(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, false);
	assert_int_equal(read_bool(&point, S, true), 0);
	assert_bool(&point, false, 0);
	assert_int_equal(point_deadline(&point), S + 20 * MS);
	assert_int_equal(point_tick(&point, S + 20 * MS - 1), 0);
	assert_int_equal(point_tick(&point, S + 20 * MS), POINT_CHANGED);
	assert_bool(&point, true, S);
	assert_int_equal(point_deadline(&point), INT64_MAX);
}

static void a_later_reading_decides_what_no_tick_came_for(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, false);
	read_bool(&point, S, true);
	assert_int_equal(read_bool(&point, 2 * S, false), POINT_CHANGED);
	assert_bool(&point, true, S);
	point_tick(&point, 3 * S);
	assert_bool(&point, false, 2 * S);
}

static void each_bounce_begins_the_debounce_anew(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, false);
	read_bool(&point, 100 * MS, true);
	read_bool(&point, 110 * MS, false);
	read_bool(&point, 115 * MS, true);
	point_tick(&point, 134 * MS);
	assert_bool(&point, false, 0);
	point_tick(&point, 135 * MS);
	assert_bool(&point, true, 115 * MS);
}

static void a_word_of_the_map_replaces_the_number(void **state)
{
	static const struct point_map map[] = {{16, "open"}, {17, "closed"}, {-1, "lost"}};
	const struct point_conf conf = {.name = "b.s", .map = map, .map_count = 3, .scale = 1};
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_value(&point, 1, value_int(17));
	assert_string_equal(point.value.text, "closed");
	read_value(&point, 2, value_int(-1));
	assert_string_equal(point.value.text, "lost");
	read_value(&point, 3, value_int(18));
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 3);
	read_value(&point, 4, value_text("open"));
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 3);
	read_value(&point, 5, value_uint(UINT64_MAX));
	assert_false(point_good(&point));
	read_value(&point, 6, value_int(16));
	assert_string_equal(point.value.text, "open");
}

static void a_boolean_can_be_inverted_and_mapped(void **state)
{
	static const struct point_map map[] = {{0, "closed"}, {1, "open"}};
	const struct point_conf conf = {
		.name = "b.s", .invert = true, .map = map, .map_count = 2, .scale = 1};
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 1, true);
	assert_string_equal(point.value.text, "closed");
}

static void a_number_is_scaled_then_offset(void **state)
{
	const struct point_conf conf = {.name = "t.c", .scale = 0.1, .offset = -40};
	struct point point;
	double number;

	(void)state;
	point_init(&point, &conf, NULL);
	read_value(&point, 1, value_int(615));
	assert_true(point_number(&point, &number));
	assert_true(fabs(number - 21.5) < 1e-9);
	read_value(&point, 2, value_uint(UINT64_MAX));
	assert_true(point_number(&point, &number));
	read_value(&point, 3, value_text("615"));
	assert_int_equal(point.value.type, VALUE_TEXT);
}

static void what_is_not_finite_is_out_of_range(void **state)
{
	const struct point_conf big = {.name = "t.c", .scale = 1e10};
	const struct point_conf plain = {.name = "t.c", .scale = 1};
	struct point point;

	(void)state;
	point_init(&point, &big, NULL);
	read_value(&point, 1, value_real(1e300));
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 1);
	point_init(&point, &plain, NULL);
	read_value(&point, 1, value_real((double)NAN));
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 1);
	read_value(&point, 2, (struct value){.type = VALUE_NONE});
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 1);
}

static void a_scaled_number_is_as_short_as_it_is_exact(void **state)
{
	static const struct {
		double raw, scale, offset, expected;
	} cases[] = {
		{3, 0.1, 0, 0.3},
		{7, 0.1, -40, -39.3},
		{234, 0.1, 0.05, 23.45},
		{23.4, 0.1, 0, 2.34},
		{-1, 0.001, 0, -0.001},
		{1, 1.0 / 3, 0, 1.0 / 3},
		{65535, 1e-7, 0, 0.0065535},
		{12, 10, 0, 120},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct point_conf conf = {
			.name = "t.c", .scale = cases[i].scale, .offset = cases[i].offset};
		const struct value expected = value_real(cases[i].expected);
		struct point point;

		point_init(&point, &conf, NULL);
		read_value(&point, 1, value_real(cases[i].raw));
		if (!value_equal(&point.value, &expected))
			fail_msg("%.17g, expected %.17g", point.value.real, cases[i].expected);
	}
}

static void a_whole_number_stays_one_when_nothing_is_scaled(void **state)
{
	const struct point_conf conf = {.name = "c.n", .scale = 1};
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_value(&point, 1, value_int(INT64_MAX));
	assert_int_equal(point.value.type, VALUE_INT);
	assert_int_equal(point.value.integer, INT64_MAX);
}

static void a_number_without_debounce_is_taken_as_it_comes(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	conf.debounce_ns = 0;
	point_init(&point, &conf, NULL);
	for (int i = 0; i < 50; i++) {
		read_value(&point, i * MS, value_int(i));
		assert_int_equal(point.value.integer, i);
	}
}

static void a_number_that_is_another_for_less_than_the_debounce_is_not_seen(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_value(&point, 0, value_int(1));
	assert_int_equal(read_value(&point, 100 * MS, value_int(2)), 0);
	assert_int_equal(read_value(&point, 119 * MS, value_int(1)), 0);
	assert_int_equal(point_tick(&point, S), 0);
	assert_int_equal(point.value.integer, 1);
}

/* A measured number may be another at each reading: it would never hold still. */
static void a_number_that_has_left_the_last_for_the_debounce_is_taken_as_it_is_then(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_value(&point, 0, value_real(20));
	for (int i = 0; i < 4; i++)
		assert_int_equal(read_value(&point, (100 + 5 * i) * MS, value_real(21 + i)), 0);
	assert_int_equal(point_tick(&point, 120 * MS), POINT_CHANGED);
	assert_true(point.value.real > 23.9 && point.value.real < 24.1);
	assert_int_equal(point.changed_mono_ns, 100 * MS);
}

static void a_text_is_debounced_and_may_be_chatter(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;
	int64_t ring[4];

	(void)state;
	point_init(&point, &conf, ring);
	read_value(&point, 0, value_text("GE-1"));
	assert_int_equal(read_value(&point, 10 * MS, value_text("")), 0);
	assert_int_equal(read_value(&point, 20 * MS, value_text("GE-1")), 0);
	assert_string_equal(point.value.text, "GE-1");
	read_value(&point, 100 * MS, value_text("GE-2"));
	assert_int_equal(point_tick(&point, 120 * MS), POINT_CHANGED);
	assert_string_equal(point.value.text, "GE-2");
	for (int i = 0; i < 6; i++)
		read_value(&point, (200 + 25 * i) * MS, value_text(i % 2 ? "" : "GE-2"));
	assert_true(point.chatter);
}

static void assert_refused(const struct point_conf *conf, struct value raw)
{
	struct point point;

	point_init(&point, conf, NULL);
	read_value(&point, 0, raw);
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 0);
	assert_true(value_equal(&point.refused, &raw));
}

static void assert_taken(const struct point_conf *conf, struct value raw)
{
	struct point point;

	point_init(&point, conf, NULL);
	read_value(&point, 0, raw);
	assert_true(point_good(&point));
	assert_int_equal(point.refused.type, VALUE_NONE);
}

static void a_number_that_means_none_is_out_of_range(void **state)
{
	static const int64_t none[] = {0xFFFF, -32768, -1};
	const struct point_conf conf = {.scale = 0.1, .none = none, .none_count = 3};

	(void)state;
	assert_refused(&conf, value_int(0xFFFF));
	assert_refused(&conf, value_int(-32768));
	assert_refused(&conf, value_real(-32768));
	assert_refused(&conf, value_uint(UINT64_MAX));
	assert_taken(&conf, value_uint(UINT64_MAX - 1));
	assert_taken(&conf, value_int(0xFFFE));
}

static void a_number_that_is_not_expected_is_out_of_range(void **state)
{
	static const int64_t expect[] = {1, 2};
	const struct point_conf conf = {.scale = 1, .expect = expect, .expect_count = 2};

	(void)state;
	assert_refused(&conf, value_int(0));
	assert_taken(&conf, value_int(2));
}

static void a_bit_is_held_against_what_is_expected_and_not_against_none(void **state)
{
	static const int64_t one[] = {1};
	const struct point_conf expects = {.scale = 1, .expect = one, .expect_count = 1};
	const struct point_conf none = {.scale = 1, .none = one, .none_count = 1};

	(void)state;
	assert_refused(&expects, value_bool(false));
	assert_taken(&expects, value_bool(true));
	assert_taken(&none, value_bool(true));
}

static void what_the_driver_refused_is_kept_for_people(void **state)
{
	const struct point_conf conf = contact_conf();
	const struct reading nan = {.at_mono_ns = 1,
				    .quality = QUALITY_FAULT,
				    .reason = REASON_OUT_OF_RANGE,
				    .value = value_int(0x7fc00000)};
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	(void)point_reading(&point, &nan);
	assert_lost(&point, QUALITY_FAULT, REASON_OUT_OF_RANGE, 1);
	assert_int_equal(point.refused.integer, 0x7fc00000);
	(void)read_fault(&point, 2, REASON_NO_ANSWER);
	assert_int_equal(point.refused.type, VALUE_NONE);
}

static void the_range_is_of_the_scaled_value(void **state)
{
	const struct point_conf conf = {.scale = 0.1, .range = {.min = -40, .max = 85}};
	const struct point_conf role = {.scale = 1,
					.plausible = {.min = 100, .max = 200, .or_zero = true}};

	(void)state;
	assert_refused(&conf, value_int(851));
	assert_refused(&conf, value_int(-401));
	assert_taken(&conf, value_int(850));
	assert_taken(&role, value_int(0));
	assert_refused(&role, value_int(1));
	assert_refused(&role, value_uint(UINT64_MAX));
}

static void what_was_not_believed_is_forgotten_with_the_next_that_is(void **state)
{
	const struct point_conf conf = {.scale = 1, .range = {.min = 0, .max = 100}};
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_value(&point, 0, value_int(65535));
	assert_int_equal(read_value(&point, 1, value_int(65534)), 0);
	assert_int_equal(point.refused.integer, 65534);
	assert_int_equal(read_value(&point, 2, value_int(80)), POINT_CHANGED);
	assert_int_equal(point.refused.type, VALUE_NONE);
	read_value(&point, 3, value_int(101));
	read_fault(&point, 4, REASON_NO_ANSWER);
	assert_int_equal(point.refused.type, VALUE_NONE);
}

static void a_fault_takes_the_value_and_good_news_bring_it_back_at_once(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, true);
	assert_int_equal(read_fault(&point, S, REASON_LINE_GONE), POINT_CHANGED);
	assert_lost(&point, QUALITY_FAULT, REASON_LINE_GONE, S);
	assert_int_equal(read_fault(&point, 2 * S, REASON_LINE_GONE), 0);
	assert_int_equal(read_fault(&point, 3 * S, REASON_LINE_BUSY), POINT_CHANGED);
	assert_int_equal(read_bool(&point, 4 * S, true), POINT_CHANGED);
	assert_bool(&point, true, 4 * S);
}

static void a_fault_in_the_middle_of_a_bounce_ends_it(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, true);
	read_bool(&point, S, false);
	read_fault(&point, S + MS, REASON_LINE_GONE);
	assert_int_equal(point_deadline(&point), INT64_MAX);
	assert_int_equal(point_tick(&point, 2 * S), 0);
	assert_lost(&point, QUALITY_FAULT, REASON_LINE_GONE, S + MS);
}

static void a_point_not_read_for_its_limit_is_stale(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	conf.stale_after_ns = S;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, true);
	assert_int_equal(read_bool(&point, S, true), 0); /* just in time */
	assert_int_equal(point_deadline(&point), 2 * S);
	assert_int_equal(point_tick(&point, 2 * S), POINT_CHANGED);
	assert_lost(&point, QUALITY_STALE, REASON_TOO_OLD, 2 * S);
	assert_int_equal(point_deadline(&point), INT64_MAX);
	read_bool(&point, 9 * S, true);
	assert_bool(&point, true, 9 * S);
}

static void a_point_that_is_never_read_is_stale_after_its_limit_from_the_start(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	conf.stale_after_ns = S;
	point_init(&point, &conf, NULL);
	point_start(&point, 7 * S);
	assert_int_equal(point_tick(&point, 8 * S), POINT_CHANGED);
	assert_lost(&point, QUALITY_STALE, REASON_TOO_OLD, 8 * S);
}

static void a_late_tick_takes_what_is_due_in_its_order(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	conf.stale_after_ns = S;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, true);
	read_bool(&point, 500 * MS, false);
	point_tick(&point, 100 * S);
	assert_int_equal(point.level_mono_ns, 500 * MS);
	assert_lost(&point, QUALITY_STALE, REASON_TOO_OLD, 1500 * MS);
}

static void a_reading_that_comes_too_late_does_not_hide_that_the_point_was_stale(void **state)
{
	struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	conf.stale_after_ns = S;
	point_init(&point, &conf, NULL);
	read_bool(&point, 0, true);
	assert_true(read_bool(&point, 5 * S, true) & POINT_CHANGED);
	assert_bool(&point, true, 5 * S);
}

static void time_that_goes_back_is_held(void **state)
{
	const struct point_conf conf = {.name = "io.x", .scale = 1};
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, 5 * S, true);
	read_bool(&point, 3 * S, false);
	assert_bool(&point, false, 5 * S);
}

static void a_device_that_is_down_takes_a_good_value_but_no_better_reason(void **state)
{
	const struct point_conf conf = contact_conf();
	struct point point;

	(void)state;
	point_init(&point, &conf, NULL);
	read_bool(&point, S, true);
	assert_int_equal(point_fail(&point, REASON_LINK_DOWN, 2 * S), POINT_CHANGED);
	assert_lost(&point, QUALITY_FAULT, REASON_LINK_DOWN, 2 * S);
	read_fault(&point, 3 * S, REASON_REFUSED);
	assert_int_equal(point_fail(&point, REASON_LINK_DOWN, 4 * S), 0);
	assert_lost(&point, QUALITY_FAULT, REASON_REFUSED, 3 * S);
}

static void a_polled_point_is_known_up_to_its_last_reading(void **state)
{
	struct point_conf polled = contact_conf();
	const struct point_conf edges = contact_conf();
	struct point point;

	(void)state;
	polled.stale_after_ns = 10 * S;
	point_init(&point, &polled, NULL);
	read_bool(&point, S, true);
	assert_true(point_known_at(&point, S));
	assert_false(point_known_at(&point, S + 1));
	point_init(&point, &edges, NULL);
	read_bool(&point, S, true);
	assert_true(point_known_at(&point, 99 * S));
}

static void only_booleans_and_zero_and_one_are_truths(void **state)
{
	const struct point_conf conf = {.name = "x.y", .scale = 1};
	struct point point;
	bool truth = false;

	(void)state;
	point_init(&point, &conf, NULL);
	assert_false(point_truth(&point, &truth));
	read_value(&point, 1, value_int(1));
	assert_true(point_truth(&point, &truth) && truth);
	read_value(&point, 2, value_int(0));
	assert_true(point_truth(&point, &truth) && !truth);
	read_value(&point, 3, value_int(2));
	assert_false(point_truth(&point, &truth));
	read_value(&point, 4, value_text("true"));
	assert_false(point_truth(&point, &truth));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_point_that_was_never_read_has_no_value),
		cmocka_unit_test(the_first_reading_is_taken_at_once),
		cmocka_unit_test(a_change_that_holds_is_seen_with_the_time_of_its_edge),
		cmocka_unit_test(a_later_reading_decides_what_no_tick_came_for),
		cmocka_unit_test(each_bounce_begins_the_debounce_anew),
		cmocka_unit_test(a_word_of_the_map_replaces_the_number),
		cmocka_unit_test(a_boolean_can_be_inverted_and_mapped),
		cmocka_unit_test(a_number_is_scaled_then_offset),
		cmocka_unit_test(what_is_not_finite_is_out_of_range),
		cmocka_unit_test(a_scaled_number_is_as_short_as_it_is_exact),
		cmocka_unit_test(a_whole_number_stays_one_when_nothing_is_scaled),
		cmocka_unit_test(a_number_without_debounce_is_taken_as_it_comes),
		cmocka_unit_test(a_number_that_is_another_for_less_than_the_debounce_is_not_seen),
		cmocka_unit_test(
			a_number_that_has_left_the_last_for_the_debounce_is_taken_as_it_is_then),
		cmocka_unit_test(a_text_is_debounced_and_may_be_chatter),
		cmocka_unit_test(a_number_that_means_none_is_out_of_range),
		cmocka_unit_test(a_number_that_is_not_expected_is_out_of_range),
		cmocka_unit_test(a_bit_is_held_against_what_is_expected_and_not_against_none),
		cmocka_unit_test(what_the_driver_refused_is_kept_for_people),
		cmocka_unit_test(the_range_is_of_the_scaled_value),
		cmocka_unit_test(what_was_not_believed_is_forgotten_with_the_next_that_is),
		cmocka_unit_test(a_fault_takes_the_value_and_good_news_bring_it_back_at_once),
		cmocka_unit_test(a_fault_in_the_middle_of_a_bounce_ends_it),
		cmocka_unit_test(a_point_not_read_for_its_limit_is_stale),
		cmocka_unit_test(
			a_point_that_is_never_read_is_stale_after_its_limit_from_the_start),
		cmocka_unit_test(a_late_tick_takes_what_is_due_in_its_order),
		cmocka_unit_test(
			a_reading_that_comes_too_late_does_not_hide_that_the_point_was_stale),
		cmocka_unit_test(time_that_goes_back_is_held),
		cmocka_unit_test(a_device_that_is_down_takes_a_good_value_but_no_better_reason),
		cmocka_unit_test(a_polled_point_is_known_up_to_its_last_reading),
		cmocka_unit_test(only_booleans_and_zero_and_one_are_truths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
