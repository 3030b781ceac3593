#include "transit/legs/stay.h"

#include "rig/sensor_rig.h"

#define UCR "6GE204567891-INV0001"

static const struct itinerary_stop stops[] = {
	{"batumi", INT64_MIN, INT64_MAX, INT64_MAX},
	{"red-bridge", INT64_MIN, 2000 * S, 600 * S},
	{"alat", INT64_MIN, INT64_MAX, INT64_MAX},
};

static const struct consignment truck = {.ucr = UCR, .stops = stops, .stop_count = 3};

struct site {
	struct sensor_rig rig;
	struct alarm_book book;
	struct stays stays;
	char key[MEMO_KEY_BYTES];
	char text[MEMO_BYTES];
	size_t kept, forgotten;
};

static struct site *open_site(const char *checkpoint)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	sensor_rig_init(&site->rig);
	alarm_book_init(&site->book, &(struct alarm_delay){0});
	assert_int_equal(stays_init(&site->stays, checkpoint, &site->book), 0);
	return site;
}

static void close_site(struct site *site)
{
	stays_fini(&site->stays);
	alarm_book_fini(&site->book);
	free(site);
}

static void at(struct site *site, int64_t seconds)
{
	site->rig.teller.now.mono_ns = seconds * S;
	site->rig.teller.now.utc_ns = seconds * S;
}

static void arrive(struct site *site, int64_t seconds, const char *came_from)
{
	struct stay_place place = {"entry-1", "p1", seconds * S, false, came_from, NULL};

	at(site, seconds);
	stays_arrive(&site->stays, &site->rig.teller, &place, &truck, false);
}

static void leave(struct site *site, int64_t seconds)
{
	struct stay_place place = {"exit-1", "p2", seconds * S, false, NULL, NULL};

	at(site, seconds);
	stays_leave(&site->stays, &site->rig.teller, &place, UCR);
}

static void keep(void *data, const char *key, const char *text)
{
	struct site *site = data;

	snprintf(site->key, sizeof(site->key), "%s", key);
	if (text)
		snprintf(site->text, sizeof(site->text), "%s", text);
	site->kept += text != NULL;
	site->forgotten += text == NULL;
}

static void keep_all(struct site *site)
{
	struct keeper keeper = {site, keep};

	stays_keep(&site->stays, &keeper);
}

static void as_declared_there_is_nothing_to_tell(void **state)
{
	struct site *site = open_site("red-bridge");

	(void)state;
	arrive(site, 1000, "batumi");
	leave(site, 1500);
	assert_told(&site->rig, "");
	keep_all(site);
	assert_int_equal(stays_deadline(&site->stays), INT64_MAX);
	close_site(site);
}

static void a_finding_is_told_once_in_a_stay_and_cleared_when_it_leaves(void **state)
{
	struct site *site = open_site("alat");

	(void)state;
	arrive(site, 1000, "batumi");
	assert_contains(site->rig.body,
			"{\"ucr\":\"" UCR "\"},\"alarm\":\"raised\",\"route\":{\"stop\":3");
	assert_contains(site->rig.body, "\"lane\":\"entry-1\"");
	assert_contains(site->rig.body, "\"passage\":{\"id\":\"p1\"}");
	assert_contains(site->rig.body, "\"skipped\":[\"red-bridge\"]");
	arrive(site, 1100, "batumi"); /* the exit lane reads it too */
	leave(site, 1500);
	assert_contains(site->rig.body, "\"alarm\":\"cleared\",\"lasted_ms\":500000,\"route\":");
	leave(site, 1600);
	assert_told(&site->rig, "route.skipped@1000 route.skipped@1500 ");
	assert_non_null(
		find_alarm(&site->book, "consignment/" UCR, EVENT_ROUTE_SKIPPED)); /* latched */
	close_site(site);
}

static void a_binding_that_is_corrected_ends_only_the_stay_that_it_began(void **state)
{
	struct site *site = open_site("red-bridge");
	struct stay_place other = {"exit-1", "p2", 1200 * S, false, NULL, NULL},
			  own = {"entry-1", "p1", 1300 * S, false, NULL, NULL};

	(void)state;
	arrive(site, 1000, "batumi");
	stays_retract(&site->stays, &site->rig.teller, &other, UCR);
	assert_int_equal(stays_stop(&site->stays, UCR), 2);
	stays_retract(&site->stays, &site->rig.teller, &own, UCR);
	assert_int_equal(stays_stop(&site->stays, UCR), -1);
	close_site(site);
}

static void several_findings_are_several_alarms(void **state)
{
	struct site *site = open_site("red-bridge");

	(void)state;
	arrive(site, 3000, "alat");
	assert_told(&site->rig, "route.out-of-order@3000 route.late@3000 ");
	leave(site, 3001);
	assert_null(find_alarm(&site->book, "consignment/" UCR, EVENT_ROUTE_LATE));
	close_site(site);
}

static void standing_too_long_is_told_when_it_is_and_by_how_much_at_the_end(void **state)
{
	struct site *site = open_site("red-bridge");

	(void)state;
	arrive(site, 1000, "batumi");
	assert_int_equal(stays_deadline(&site->stays), 1600 * S);
	at(site, 1605);
	stays_tick(&site->stays, &site->rig.teller);
	assert_contains(site->rig.body, "\"dwell_ms\":600000,\"dwell_limit_ms\":600000");
	stays_tick(&site->stays, &site->rig.teller);
	leave(site, 2000);
	assert_contains(site->rig.body, "\"dwell_ms\":1000000");
	assert_told(&site->rig, "route.dwell-exceeded@1600 route.dwell-exceeded@2000 ");
	close_site(site);
}

static void a_stay_goes_on_after_a_restart(void **state)
{
	struct site *site = open_site("red-bridge");

	(void)state;
	arrive(site, 3000, "batumi");
	keep_all(site);
	assert_string_equal(site->key, "stay/" UCR);
	assert_int_equal(site->kept, 1);
	keep_all(site);
	assert_int_equal(site->kept, 1);

	stays_fini(&site->stays);
	assert_int_equal(stays_init(&site->stays, "red-bridge", &site->book), 0);
	stays_recall(&site->stays, "alarm/1", site->text);
	stays_recall(&site->stays, site->key, "1 x");
	stays_recall(&site->stays, site->key, site->text);
	site->rig.teller.now = (struct instant){5 * S, 3100 * S, CLOCK_SYNCED};
	stays_start(&site->stays, &site->rig.teller.now);
	assert_int_equal(stays_deadline(&site->stays), 505 * S);
	site->rig.told[0] = '\0';
	site->rig.teller.now.mono_ns = 500 * S;
	{
		struct stay_place place = {"exit-1", "p2", 500 * S, false, "batumi", NULL};

		stays_arrive(&site->stays, &site->rig.teller, &place, &truck, false);
		assert_told(&site->rig, "");
		stays_leave(&site->stays, &site->rig.teller, &place, UCR);
	}
	assert_told(&site->rig, "route.late@500 ");
	keep_all(site);
	assert_int_equal(site->forgotten, 1);
	close_site(site);
}

static void an_end_that_nobody_saw_frees_the_place(void **state)
{
	struct site *site = open_site("red-bridge");

	(void)state;
	arrive(site, 1000, "batumi");
	at(site, 1600);
	stays_tick(&site->stays, &site->rig.teller);
	site->rig.teller.now.mono_ns = stays_deadline(&site->stays);
	stays_tick(&site->stays, &site->rig.teller);
	keep_all(site);
	assert_int_equal(stays_deadline(&site->stays), INT64_MAX);
	assert_int_equal(site->forgotten, 1);
	close_site(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_declared_there_is_nothing_to_tell),
		cmocka_unit_test(a_finding_is_told_once_in_a_stay_and_cleared_when_it_leaves),
		cmocka_unit_test(a_binding_that_is_corrected_ends_only_the_stay_that_it_began),
		cmocka_unit_test(several_findings_are_several_alarms),
		cmocka_unit_test(standing_too_long_is_told_when_it_is_and_by_how_much_at_the_end),
		cmocka_unit_test(a_stay_goes_on_after_a_restart),
		cmocka_unit_test(an_end_that_nobody_saw_frees_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
