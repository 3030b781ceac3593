#include "transit/sensor/meter.h"

#include "rig/sensor_rig.h"

struct site {
	struct sensor_rig rig;
	struct meter_conf conf;
	struct meter meter;
};

static void open_site(struct site *site, double on_change, int64_t every_ns, int64_t min_ns)
{
	sensor_rig_init(&site->rig);
	site->conf = (struct meter_conf){
		.name = "ups",
		.unit = "%",
		.report_on_change = on_change,
		.report_every_ns = every_ns,
		.report_min_ns = min_ns,
	};
	meter_init(&site->meter, &site->conf, site->rig.table);
}

static void set(struct site *site, double at_s, struct value value)
{
	sensor_rig_set(&site->rig, 0, at_s, value);
	meter_judge(&site->meter, &site->rig.teller);
}

static void tick(struct site *site, double at_s)
{
	site->rig.teller.now.mono_ns = seconds_ns(at_s);
	meter_tick(&site->meter, &site->rig.teller, seconds_ns(at_s));
}

static void the_first_value_is_reported_and_says_so(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 5, 0, 0);
	set(&site, 1, value_int(80));
	assert_told(&site.rig, "meter.value@1 ");
	assert_contains(site.rig.body,
			"\"initial\":true,\"observed\":{\"value\":80,\"unit\":\"%\"}");
	assert_string_equal(site.rig.word, "measured");
	assert_contains(site.rig.state, "\"sensor\":\"ups\",\"kind\":\"meter\"");
	assert_int_equal(meter_deadline(&site.meter), INT64_MAX);
}

static void a_change_is_measured_from_the_last_report(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 5, 0, 0);
	set(&site, 0, value_int(80));
	set(&site, 1, value_int(76));
	set(&site, 2, value_int(84));
	set(&site, 3, value_int(75));
	set(&site, 4, value_real(79.99));
	set(&site, 5, value_real(80));
	assert_told(&site.rig, "meter.value@0 meter.value@3 meter.value@5 ");
}

static void zero_means_any_change_but_a_change_it_must_be(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 0, 0, 0);
	set(&site, 0, value_int(80));
	set(&site, 1, value_int(80));
	set(&site, 2, value_real(80));
	set(&site, 3, value_real(80.001));
	assert_told(&site.rig, "meter.value@0 meter.value@3 ");
}

static void the_period_runs_from_the_last_report(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 5, 60 * S, 0);
	set(&site, 0, value_int(80));
	set(&site, 30, value_int(70));
	assert_int_equal(meter_deadline(&site.meter), 90 * S);
	tick(&site, 60);
	tick(&site, 91);
	assert_told(&site.rig, "meter.value@0 meter.value@30 meter.value@90 ");
	assert_int_equal(meter_deadline(&site.meter), 150 * S);
}

static void what_comes_too_soon_is_held_back_and_the_latest_is_told(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 1, 0, 10 * S);
	set(&site, 0, value_int(80));
	set(&site, 3, value_int(70));
	assert_int_equal(meter_deadline(&site.meter), 10 * S);
	set(&site, 6, value_int(60));
	tick(&site, 10);
	assert_told(&site.rig, "meter.value@0 meter.value@10 ");
	assert_contains(site.rig.body, "\"value\":60");
}

static void a_change_that_is_taken_back_in_time_is_not_told(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 5, 0, 10 * S);
	set(&site, 0, value_int(80));
	set(&site, 3, value_int(70));
	set(&site, 6, value_int(80));
	assert_int_equal(meter_deadline(&site.meter), INT64_MAX);
	assert_told(&site.rig, "meter.value@0 ");
}

static void what_cannot_be_measured_is_said_once_and_so_is_the_value_after_it(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 50, 60 * S, 100 * S);
	set(&site, 0, value_int(80));
	sensor_rig_lose(&site.rig, 0, 1, REASON_NO_ANSWER);
	meter_judge(&site.meter, &site.rig.teller);
	assert_told(&site.rig, "meter.value@0 meter.unknown@1 ");
	assert_contains(site.rig.body, "\"previous\":\"measured\",\"reason\":\"no_answer\","
				       "\"input\":\"d.a\",\"observed\":{\"value\":null");
	sensor_rig_lose(&site.rig, 0, 2, REASON_LINK_DOWN);
	meter_judge(&site.meter, &site.rig.teller);
	assert_int_equal(meter_deadline(&site.meter), INT64_MAX);
	set(&site, 3, value_int(80));
	assert_told(&site.rig, "meter.value@3 ");
}

static void what_is_no_number_is_out_of_range(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 0, 0, 0);
	set(&site, 0, value_text("full"));
	assert_told(&site.rig, "meter.unknown@0 ");
	assert_contains(site.rig.body, "\"initial\":true,\"reason\":\"out_of_range\"");
	set(&site, 1, value_bool(true));
	assert_told(&site.rig, "");
	set(&site, 2, value_uint(UINT64_MAX));
	assert_told(&site.rig, "meter.value@2 ");
}

static void a_meter_without_a_unit_shows_none(void **state)
{
	struct site site;

	(void)state;
	open_site(&site, 0, 0, 0);
	site.conf.unit = NULL;
	meter_init(&site.meter, &site.conf, site.rig.table);
	set(&site, 0, value_int(1));
	assert_contains(site.rig.body, "\"observed\":{\"value\":1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_value_is_reported_and_says_so),
		cmocka_unit_test(a_change_is_measured_from_the_last_report),
		cmocka_unit_test(zero_means_any_change_but_a_change_it_must_be),
		cmocka_unit_test(the_period_runs_from_the_last_report),
		cmocka_unit_test(what_comes_too_soon_is_held_back_and_the_latest_is_told),
		cmocka_unit_test(a_change_that_is_taken_back_in_time_is_not_told),
		cmocka_unit_test(what_cannot_be_measured_is_said_once_and_so_is_the_value_after_it),
		cmocka_unit_test(what_is_no_number_is_out_of_range),
		cmocka_unit_test(a_meter_without_a_unit_shows_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
