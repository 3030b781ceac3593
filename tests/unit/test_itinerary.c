#include "rig/unit.h"

#include "base/json_writer.h"
#include "transit/legs/itinerary.h"

#define BIT(x) (UINT32_C(1) << (x))

static const struct itinerary_stop there_and_back[] = {
	{"batumi", INT64_MIN, INT64_MAX, INT64_MAX}, {"red-bridge", 1000 * S, 2000 * S, 600 * S},
	{"alat", INT64_MIN, 3000 * S, INT64_MAX},    {"red-bridge", 4000 * S, INT64_MAX, INT64_MAX},
	{"batumi", INT64_MIN, INT64_MAX, INT64_MAX},
};

static const struct consignment truck = {.stops = there_and_back, .stop_count = 5};

static struct route_verdict judge(const char *checkpoint, const char *came_from, int64_t seconds)
{
	struct arrival arrival = {checkpoint, came_from, seconds * S, CLOCK_SYNCED, NULL};

	return itinerary_judge(&truck, &arrival);
}

static void without_an_itinerary_nothing_is_judged(void **state)
{
	struct consignment none = {0};
	struct arrival arrival = {"alat", "batumi", 0, CLOCK_SYNCED, NULL};
	struct route_verdict verdict = itinerary_judge(&none, &arrival);

	(void)state;
	assert_false(verdict.declared);
	assert_int_equal(verdict.findings, 0);
}

static void the_next_stop_in_its_window_is_as_declared(void **state)
{
	struct route_verdict verdict = judge("red-bridge", "batumi", 1500);

	(void)state;
	assert_int_equal(verdict.findings, 0);
	assert_true(verdict.order_judged && verdict.window_judged);
	assert_ptr_equal(verdict.stop, &there_and_back[1]);
	assert_string_equal(verdict.next->checkpoint, "alat");
}

static void the_way_back_is_another_stop_at_the_same_checkpoint(void **state)
{
	struct route_verdict verdict = judge("red-bridge", "alat", 4500);

	(void)state;
	assert_int_equal(verdict.findings, 0);
	assert_ptr_equal(verdict.stop, &there_and_back[3]);
	verdict = judge("batumi", "red-bridge", 9000);
	assert_int_equal(verdict.findings, 0);
	assert_ptr_equal(verdict.stop, &there_and_back[4]);
	assert_null(verdict.next);
}

static void a_checkpoint_that_is_not_on_it_is_wrong(void **state)
{
	struct route_verdict verdict = judge("sarpi", "batumi", 1500);

	(void)state;
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_WRONG_CHECKPOINT));
	assert_string_equal(verdict.expected, "red-bridge");
	assert_null(verdict.stop);
	assert_null(verdict.next);
	verdict = judge("sarpi", NULL, 1500);
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_WRONG_CHECKPOINT));
	assert_null(verdict.expected);
}

/* Whether it is wrong to come to "alat" when it was sent there. */
static bool is_wrong(const struct consignment *consignment, const char *came_from,
		     const char *sent_to)
{
	const struct arrival arrival = {"alat", came_from, 2500 * S, CLOCK_SYNCED, sent_to};
	const struct route_verdict verdict = itinerary_judge(consignment, &arrival);

	if (!(verdict.findings & BIT(ROUTE_FOUND_WRONG_CHECKPOINT)))
		return false;
	assert_string_equal(verdict.expected, sent_to);
	assert_null(verdict.next);
	return true;
}

static void what_was_sent_elsewhere_is_wrong_here_unless_it_comes_by_there(void **state)
{
	const struct consignment none = {0};

	(void)state;
	assert_true(is_wrong(&truck, NULL, "sarpi"));
	assert_true(is_wrong(&none, NULL, "sarpi"));
	assert_false(is_wrong(&truck, NULL, NULL));
	assert_false(is_wrong(&truck, "red-bridge", "sarpi")); /* announced since */
	assert_false(is_wrong(&truck, NULL, "red-bridge")); /* its itinerary goes on from there */
}

static void stops_passed_by_are_named(void **state)
{
	struct route_verdict verdict = judge("alat", "batumi", 2500);

	(void)state;
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_SKIPPED));
	assert_int_equal(verdict.skipped_count, 1);
	assert_string_equal(verdict.skipped->checkpoint, "red-bridge");
	assert_string_equal(verdict.expected, "red-bridge");
	assert_ptr_equal(verdict.stop, &there_and_back[2]);
}

static void coming_back_to_where_it_was_is_out_of_order(void **state)
{
	struct route_verdict verdict = judge("alat", "alat", 2500);

	(void)state;
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_OUT_OF_ORDER));
	assert_string_equal(verdict.expected, "red-bridge");
}

static void who_was_not_announced_is_judged_by_window_only(void **state)
{
	struct route_verdict verdict = judge("alat", NULL, 2500);

	(void)state;
	assert_false(verdict.order_judged);
	assert_int_equal(verdict.findings, 0);
	verdict = judge("alat", "poti", 2500); /* from where nobody declared it to be */
	assert_false(verdict.order_judged);
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_OFF_ITINERARY));
}

static void outside_its_window_is_early_or_late_by_so_much(void **state)
{
	struct route_verdict verdict = judge("red-bridge", "batumi", 999);

	(void)state;
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_EARLY));
	assert_int_equal(verdict.outside_ns, S);
	verdict = judge("red-bridge", "batumi", 2000);
	assert_int_equal(verdict.findings, 0);
	verdict = judge("red-bridge", "batumi", 2060);
	assert_int_equal(verdict.findings, BIT(ROUTE_FOUND_LATE));
	assert_int_equal(verdict.outside_ns, 60 * S);
}

static void a_clock_that_was_never_set_judges_no_window(void **state)
{
	struct arrival arrival = {"red-bridge", "batumi", 0, CLOCK_UNSYNCED, NULL};
	struct route_verdict verdict = itinerary_judge(&truck, &arrival);

	(void)state;
	assert_false(verdict.window_judged);
	assert_int_equal(verdict.findings, 0);
}

static void what_was_compared_is_told(void **state)
{
	struct route_verdict verdict = judge("red-bridge", "batumi", 2060);
	char text[512];
	struct jw json;

	(void)state;
	jw_start(&json, text, sizeof(text));
	itinerary_tell(&verdict, &json, 700 * S, verdict.stop->dwell_ns);
	assert_true(jw_ok(&json));
	assert_string_equal(text, "\"route\":{\"stop\":2,\"stops\":5,\"came_from\":\"batumi\","
				  "\"from\":\"1970-01-01T00:16:40.000000Z\","
				  "\"until\":\"1970-01-01T00:33:20.000000Z\",\"late_ms\":60000,"
				  "\"dwell_ms\":700000,\"dwell_limit_ms\":600000}");
	verdict = judge("alat", "batumi", 2500);
	jw_start(&json, text, sizeof(text));
	itinerary_tell(&verdict, &json, INT64_MIN, INT64_MAX);
	assert_non_null(strstr(text, "\"expected\":\"red-bridge\",\"skipped\":[\"red-bridge\"]"));
}

static void findings_map_to_the_codes_of_eaeu_and_ncts(void **state)
{
	const struct event_type *wrong =
		event_type(route_finding_event(ROUTE_FOUND_WRONG_CHECKPOINT));

	(void)state;
	assert_string_equal(wrong->eaeu, "03");
	assert_string_equal(wrong->ncts, "1");
	assert_true(wrong->latched);
	assert_string_equal(event_type(route_finding_event(ROUTE_FOUND_LATE))->ncts, "5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_an_itinerary_nothing_is_judged),
		cmocka_unit_test(the_next_stop_in_its_window_is_as_declared),
		cmocka_unit_test(the_way_back_is_another_stop_at_the_same_checkpoint),
		cmocka_unit_test(a_checkpoint_that_is_not_on_it_is_wrong),
		cmocka_unit_test(what_was_sent_elsewhere_is_wrong_here_unless_it_comes_by_there),
		cmocka_unit_test(stops_passed_by_are_named),
		cmocka_unit_test(coming_back_to_where_it_was_is_out_of_order),
		cmocka_unit_test(who_was_not_announced_is_judged_by_window_only),
		cmocka_unit_test(outside_its_window_is_early_or_late_by_so_much),
		cmocka_unit_test(a_clock_that_was_never_set_judges_no_window),
		cmocka_unit_test(what_was_compared_is_told),
		cmocka_unit_test(findings_map_to_the_codes_of_eaeu_and_ncts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
