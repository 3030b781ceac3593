#include "transit/event/alarm_book.h"

#include <errno.h>

#include "rig/sensor_rig.h"

#define UCR	 "consignment/6GE204567891-INV0001"
#define KEPT_MAX (ALARM_BOOK_MAX + 44)

static const struct alarm_delay delay = {.critical_ns = 300 * S, .major_ns = 1800 * S};

struct site {
	struct sensor_rig rig;
	struct alarm_book book;
	char key[KEPT_MAX][MEMO_KEY_BYTES];
	char text[KEPT_MAX][MEMO_BYTES];
	size_t kept;
};

static struct instant at_s(int64_t seconds)
{
	return (struct instant){seconds * S, seconds * S, CLOCK_SYNCED};
}

static struct site *open_site(void)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	sensor_rig_init(&site->rig);
	alarm_book_init(&site->book, &delay);
	return site;
}

static void close_site(struct site *site)
{
	alarm_book_fini(&site->book);
	free(site);
}

static void keep(void *data, const char *key, const char *text)
{
	struct site *site = data;
	size_t i;

	for (i = 0; i < site->kept && strcmp(site->key[i], key) != 0;)
		i++;
	if (!text && i == site->kept)
		return;
	assert_true(i < KEPT_MAX);
	if (i == site->kept)
		site->kept++;
	snprintf(site->key[i], sizeof(site->key[i]), "%s", key);
	snprintf(site->text[i], sizeof(site->text[i]), "%s", text ? text : "");
}

static void restart(struct site *site)
{
	struct keeper keeper = {site, keep};

	alarm_book_keep(&site->book, &keeper);
	alarm_book_fini(&site->book);
	memset(&site->book, 0, sizeof(site->book));
	alarm_book_init(&site->book, &delay);
	for (size_t i = 0; i < site->kept; i++)
		if (site->text[i][0])
			alarm_book_recall(&site->book, site->key[i], site->text[i]);
}

static int acknowledge(struct site *site, const char *resource, const char *type)
{
	struct acknowledgement by = {resource, type, "Officer 17", "looked into it", NULL, NULL};

	return alarm_book_acknowledge(&site->book, &by, &site->rig.teller);
}

static bool raise_at(struct site *site, const char *resource, enum event_id type, int64_t seconds)
{
	struct instant at = at_s(seconds);

	return alarm_book_raise(&site->book, resource, event_type(type), &at);
}

static bool clear_at(struct site *site, const char *resource, enum event_id type, int64_t seconds,
		     int64_t *ret_lasted_ms)
{
	struct instant at = at_s(seconds);

	return alarm_book_clear(&site->book, resource, event_type(type), &at, ret_lasted_ms);
}

static void an_alarm_is_news_when_it_begins_and_when_it_ends(void **state)
{
	struct site *site = open_site();
	int64_t lasted_ms = 0;

	(void)state;
	assert_true(raise_at(site, UCR, EVENT_ROUTE_LATE, 1));
	assert_false(raise_at(site, UCR, EVENT_ROUTE_LATE, 2));
	assert_true(raise_at(site, UCR, EVENT_ROUTE_EARLY, 2));
	assert_true(raise_at(site, "consignment/other", EVENT_ROUTE_LATE, 2));
	assert_true(clear_at(site, UCR, EVENT_ROUTE_LATE, 4, &lasted_ms));
	assert_int_equal(lasted_ms, 3000);
	assert_false(clear_at(site, UCR, EVENT_ROUTE_LATE, 5, &lasted_ms));
	assert_null(find_alarm(&site->book, UCR, EVENT_ROUTE_LATE));
	assert_int_equal(site->book.count, 2);
	close_site(site);
}

static void a_latched_alarm_stays_until_it_is_cleared_and_acknowledged(void **state)
{
	struct site *site = open_site();

	(void)state;
	raise_at(site, UCR, EVENT_ROUTE_SKIPPED, 1);
	clear_at(site, UCR, EVENT_ROUTE_SKIPPED, 2, NULL);
	assert_non_null(find_alarm(&site->book, UCR, EVENT_ROUTE_SKIPPED));
	assert_int_equal(acknowledge(site, UCR, "route.skipped"), 0);
	assert_contains(site->rig.body, "\"resource\":\"" UCR "\",\"type\":\"route.skipped\"");
	assert_contains(site->rig.body, "\"active\":false,\"officer\":\"Officer 17\"");
	assert_null(find_alarm(&site->book, UCR, EVENT_ROUTE_SKIPPED));
	raise_at(site, UCR, EVENT_ROUTE_SKIPPED, 3);
	assert_int_equal(acknowledge(site, UCR, "route.skipped"), 0);
	assert_non_null(find_alarm(&site->book, UCR, EVENT_ROUTE_SKIPPED));
	assert_int_equal(acknowledge(site, UCR, "route.skipped"), -EALREADY);
	clear_at(site, UCR, EVENT_ROUTE_SKIPPED, 4, NULL);
	assert_int_equal(site->book.count, 0);
	close_site(site);
}

static void one_that_comes_back_wants_a_new_acknowledgement(void **state)
{
	struct site *site = open_site();

	(void)state;
	raise_at(site, UCR, EVENT_LEG_OVERDUE, 1);
	clear_at(site, UCR, EVENT_LEG_OVERDUE, 2, NULL);
	assert_true(raise_at(site, UCR, EVENT_LEG_OVERDUE, 3));
	assert_int_equal(find_alarm(&site->book, UCR, EVENT_LEG_OVERDUE)->times, 2);
	assert_int_equal(acknowledge(site, UCR, "leg.overdue"), 0);
	assert_contains(site->rig.body, "\"active\":true");
	close_site(site);
}

static void only_an_officer_with_a_reason_acknowledges_what_there_is(void **state)
{
	static const struct acknowledgement wrong[] = {
		{UCR, "leg.overdue", NULL, "x", NULL, NULL},
		{UCR, "leg.overdue", "", "x", NULL, NULL},
		{UCR, "leg.overdue", "x", NULL, NULL, NULL},
		{UCR, "leg.overdue", "x", "", NULL, NULL},
		{UCR, "leg.overdue",
		 "an officer whose name is too long for the sixty-three characters there are", "x",
		 NULL, NULL},
	};
	struct site *site = open_site();
	struct acknowledgement nobody = {NULL, NULL, "x", "x", NULL, NULL};

	(void)state;
	raise_at(site, UCR, EVENT_LEG_OVERDUE, 1);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(alarm_book_acknowledge(&site->book, &wrong[i], &site->rig.teller),
				 -EINVAL);
	assert_int_equal(alarm_book_acknowledge(&site->book, &nobody, &site->rig.teller), -ENOENT);
	assert_int_equal(acknowledge(site, UCR, "no.such"), -ENOENT);
	assert_int_equal(acknowledge(site, UCR, "route.late"), -ENOENT);
	assert_told(&site->rig, "");
	close_site(site);
}

static void a_restart_keeps_what_an_officer_has_to_see(void **state)
{
	struct site *site = open_site();
	const struct booked_alarm *alarm;
	int64_t lasted_ms = 0;

	(void)state;
	raise_at(site, UCR, EVENT_LEG_OVERDUE, 10);
	raise_at(site, UCR, EVENT_ROUTE_LATE, 10);
	raise_at(site, "entry-1/boom", EVENT_BARRIER_ARM_BROKEN, 10);
	acknowledge(site, UCR, "leg.overdue");
	restart(site);
	alarm = find_alarm(&site->book, UCR, EVENT_LEG_OVERDUE);
	assert_true(alarm && alarm->active && alarm->acknowledged);
	alarm = find_alarm(&site->book, "entry-1/boom", EVENT_BARRIER_ARM_BROKEN);
	assert_true(alarm && !alarm->active && !alarm->acknowledged);
	assert_false(raise_at(site, UCR, EVENT_LEG_OVERDUE, 5));
	assert_true(clear_at(site, UCR, EVENT_ROUTE_LATE, 70, &lasted_ms));
	assert_int_equal(lasted_ms, 60000);
	clear_at(site, UCR, EVENT_LEG_OVERDUE, 70, NULL);
	acknowledge(site, "entry-1/boom", "barrier.arm-broken");
	restart(site);
	assert_int_equal(site->book.count, 0);
	close_site(site);
}

static void a_state_that_is_left_is_over_and_still_latched(void **state)
{
	struct site *site = open_site();
	struct instant at = at_s(1);

	(void)state;
	alarm_book_state(&site->book, "entry-1/seal", NULL, event_type(EVENT_SEAL_TAMPERED), &at);
	alarm_book_state(&site->book, "entry-1/seal", NULL, event_type(EVENT_SEAL_OPENED), &at);
	alarm_book_state(&site->book, "exit-1/seal", NULL, event_type(EVENT_SEAL_INTACT), &at);
	assert_false(find_alarm(&site->book, "entry-1/seal", EVENT_SEAL_TAMPERED)->active);
	assert_true(find_alarm(&site->book, "entry-1/seal", EVENT_SEAL_OPENED)->active);
	assert_int_equal(site->book.count, 2);
	restart(site); /* still open when it comes up again: no news, nor a new acknowledgement */
	acknowledge(site, "entry-1/seal", "seal.opened");
	alarm_book_state(&site->book, "entry-1/seal", NULL, event_type(EVENT_SEAL_OPENED), &at);
	assert_true(find_alarm(&site->book, "entry-1/seal", EVENT_SEAL_OPENED)->acknowledged);
	alarm_book_state(&site->book, "entry-1/seal", NULL, event_type(EVENT_SEAL_INTACT), &at);
	assert_null(find_alarm(&site->book, "entry-1/seal", EVENT_SEAL_OPENED));
	close_site(site);
}

static void each_seal_wants_its_own_acknowledgement(void **state)
{
	struct site *site = open_site();
	struct instant at = at_s(1);

	(void)state;
	alarm_book_state(&site->book, "entry-1/seal", "GE-1", event_type(EVENT_SEAL_TAMPERED), &at);
	assert_int_equal(acknowledge(site, "entry-1/seal/GE-1", "seal.tampered"), 0);
	alarm_book_state(&site->book, "entry-1/seal", "GE-2", event_type(EVENT_SEAL_TAMPERED), &at);
	assert_null(find_alarm(&site->book, "entry-1/seal/GE-1", EVENT_SEAL_TAMPERED));
	assert_false(
		find_alarm(&site->book, "entry-1/seal/GE-2", EVENT_SEAL_TAMPERED)->acknowledged);
	alarm_book_state(&site->book, "entry-1/seal-2", NULL, event_type(EVENT_SEAL_INTACT), &at);
	assert_true(find_alarm(&site->book, "entry-1/seal/GE-2", EVENT_SEAL_TAMPERED)->active);
	restart(site);
	alarm_book_state(&site->book, "entry-1/seal", NULL, event_type(EVENT_SEAL_ABSENT), &at);
	assert_false(find_alarm(&site->book, "entry-1/seal/GE-2", EVENT_SEAL_TAMPERED)->active);
	assert_int_equal(acknowledge(site, "entry-1/seal", "seal.tampered"), -ENOENT);
	assert_int_equal(acknowledge(site, "entry-1/seal/GE-2", "seal.tampered"), 0);
	assert_int_equal(site->book.count, 0);
	close_site(site);
}

static void a_full_book_says_so_and_keeps_the_worst(void **state)
{
	struct site *site = open_site();
	char resource[64];

	(void)state;
	for (int i = 0; i < ALARM_BOOK_MAX; i++) {
		snprintf(resource, sizeof(resource), "consignment/%d", i);
		assert_true(raise_at(site, resource, EVENT_LEG_OVERDUE, 1 + i));
	}
	alarm_book_tell_overflow(&site->book, &site->rig.teller);
	assert_told(&site->rig, "");
	assert_true(raise_at(site, UCR, EVENT_ROUTE_LATE, 300)); /* told, not kept */
	assert_null(find_alarm(&site->book, UCR, EVENT_ROUTE_LATE));
	assert_true(raise_at(site, UCR, EVENT_LEG_BROKEN, 300));
	assert_non_null(find_alarm(&site->book, UCR, EVENT_LEG_BROKEN));
	assert_null(find_alarm(&site->book, "consignment/0", EVENT_LEG_OVERDUE));
	alarm_book_tell_overflow(&site->book, &site->rig.teller);
	alarm_book_tell_overflow(&site->book, &site->rig.teller);
	assert_told(&site->rig, "memory.gave-way@0 alarm.overflow@0 "); /* names the last */
	assert_contains(site->rig.body, "\"alarm\":\"raised\",\"observed\":{\"kept\":4096}");
	restart(site);
	assert_int_equal(site->book.count, ALARM_BOOK_MAX);
	close_site(site);
}

static void an_alarm_gives_way_to_none_that_is_as_severe(void **state)
{
	struct site *site = open_site();
	char resource[64];

	(void)state;
	for (int i = 0; i < ALARM_BOOK_MAX; i++) {
		snprintf(resource, sizeof(resource), "consignment/%d", i);
		assert_true(raise_at(site, resource, EVENT_LEG_OVERDUE, 1 + i));
	}
	assert_true(raise_at(site, UCR, EVENT_LEG_OVERDUE, 300)); /* told, not kept */
	assert_null(find_alarm(&site->book, UCR, EVENT_LEG_OVERDUE));
	assert_non_null(find_alarm(&site->book, "consignment/0", EVENT_LEG_OVERDUE));
	close_site(site);
}

static void nonsense_is_not_recalled(void **state)
{
	static const char *const keys[] = {"alarm/", "alarm/4096", "alarm/1x", "alarm/-1",
					   "study/1"};
	static const char good[] = "1 leg.overdue a 1 0 1 0 1 % %";
	static const char *const texts[] = {"",
					    "1",
					    "2 leg.overdue a 1 0 1 0 1 % %",
					    "1 no.such a 1 0 1 0 1 % %",
					    "1 leg.overdue % 1 0 1 0 1 % %",
					    "1 leg.overdue a 1 0 1 0 3 % %"};
	struct site *site = open_site();

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++)
		alarm_book_recall(&site->book, keys[i], good);
	for (size_t i = 0; i < COUNT(texts); i++)
		alarm_book_recall(&site->book, "alarm/1", texts[i]);
	assert_int_equal(site->book.count, 0);
	alarm_book_recall(&site->book, "alarm/1", good);
	assert_int_equal(site->book.count, 1);
	close_site(site);
}

static void tick_at(struct site *site, int64_t seconds)
{
	site->rig.teller.now = at_s(seconds);
	alarm_book_tick(&site->book, &site->rig.teller);
}

static void what_nobody_acknowledges_in_time_is_told_once(void **state)
{
	struct site *site = open_site();

	(void)state;
	assert_true(alarm_book_deadline(&site->book) == INT64_MAX);
	raise_at(site, UCR, EVENT_ROUTE_LATE, 1); /* is not latched */
	assert_true(alarm_book_deadline(&site->book) == INT64_MAX);
	raise_at(site, UCR, EVENT_LEG_OVERDUE, 10);
	assert_int_equal(alarm_book_deadline(&site->book), 1810 * S);
	raise_at(site, UCR, EVENT_LEG_BROKEN, 20);
	assert_int_equal(alarm_book_deadline(&site->book), 320 * S);
	clear_at(site, UCR, EVENT_LEG_BROKEN, 21, NULL);
	raise_at(site, UCR, EVENT_LEG_BROKEN, 200); /* waits since the first time */
	tick_at(site, 319);
	assert_told(&site->rig, "");
	tick_at(site, 330);
	assert_told(&site->rig, "alarm.unacknowledged@320 ");
	assert_contains(site->rig.body, "\"resource\":\"" UCR "\",\"type\":\"leg.broken\"");
	assert_contains(site->rig.body, "\"severity\":\"critical\"");
	assert_contains(site->rig.body, "\"times\":2,\"active\":true");
	tick_at(site, 1000);
	assert_told(&site->rig, "");
	assert_int_equal(alarm_book_deadline(&site->book), 1810 * S);
	assert_int_equal(acknowledge(site, UCR, "leg.overdue"), 0);
	assert_int_equal(acknowledge(site, UCR, "leg.broken"), 0);
	assert_true(alarm_book_deadline(&site->book) == INT64_MAX);
	clear_at(site, UCR, EVENT_LEG_BROKEN, 1100, NULL);
	raise_at(site, UCR, EVENT_LEG_BROKEN, 1200); /* anew */
	assert_int_equal(alarm_book_deadline(&site->book), 1500 * S);
	close_site(site);
}

static void patience_goes_on_over_a_restart(void **state)
{
	struct site *site = open_site();
	struct instant now = {.mono_ns = 2 * S, .utc_ns = 100 * S, .clock = CLOCK_SYNCED};

	(void)state;
	raise_at(site, UCR, EVENT_LEG_BROKEN, 40);
	raise_at(site, "consignment/other", EVENT_LEG_OVERDUE, 40);
	restart(site);
	alarm_book_start(&site->book, &now); /* by the labels 60 s later */
	assert_int_equal(alarm_book_deadline(&site->book), (2 + 300 - 60) * S);
	now.clock = CLOCK_UNSYNCED;
	alarm_book_start(&site->book, &now);
	assert_int_equal(alarm_book_deadline(&site->book), (2 + 300) * S);
	now.clock = CLOCK_SYNCED;
	now.utc_ns = 1000 * S; /* it was due while the machine was off */
	alarm_book_start(&site->book, &now);
	assert_int_equal(alarm_book_deadline(&site->book), 2 * S);
	site->rig.teller.now = now;
	alarm_book_tick(&site->book, &site->rig.teller);
	assert_told(&site->rig, "alarm.unacknowledged@2 ");
	restart(site);
	alarm_book_start(&site->book, &now); /* it was told; the other one waits on */
	assert_int_equal(alarm_book_deadline(&site->book), (2 + 1800 - 960) * S);
	close_site(site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alarm_is_news_when_it_begins_and_when_it_ends),
		cmocka_unit_test(a_latched_alarm_stays_until_it_is_cleared_and_acknowledged),
		cmocka_unit_test(one_that_comes_back_wants_a_new_acknowledgement),
		cmocka_unit_test(only_an_officer_with_a_reason_acknowledges_what_there_is),
		cmocka_unit_test(a_restart_keeps_what_an_officer_has_to_see),
		cmocka_unit_test(a_state_that_is_left_is_over_and_still_latched),
		cmocka_unit_test(each_seal_wants_its_own_acknowledgement),
		cmocka_unit_test(a_full_book_says_so_and_keeps_the_worst),
		cmocka_unit_test(an_alarm_gives_way_to_none_that_is_as_severe),
		cmocka_unit_test(nonsense_is_not_recalled),
		cmocka_unit_test(what_nobody_acknowledges_in_time_is_told_once),
		cmocka_unit_test(patience_goes_on_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
