/* What is kept where there is no room for more, and what it costs. */
#include "rig/unit.h"

#include "rig/sensor_rig.h"
#include "transit/legs/legs.h"
#include "transit/legs/stay.h"
#include "transit/sensor/seal_memory.h"

/* A process that holds the most of each should grow by no more than a mebibyte by each. */
static void the_most_of_each_takes_no_more_than_a_mebibyte(void **state)
{
	(void)state;
	assert_true(sizeof(struct booked_alarm) * ALARM_BOOK_MAX <= 1 << 20);
	assert_true(sizeof(struct stay) * STAYS_MAX <= 1 << 20);
}

static void put(void *data, const struct event_draft *draft)
{
	char *told = data;

	if (draft->type)
		snprintf(told, EVENT_BODY_BYTES, "%s %s", draft->type->name, draft->body);
}

static void the_oldest_stay_with_nothing_to_wait_for_gives_way(void **state)
{
	struct itinerary_stop stop = {"here", INT64_MIN, INT64_MAX, 3600 * S};
	struct consignment consignment = {.stops = &stop, .stop_count = 1};
	struct alarm_book *book = calloc(1, sizeof(*book));
	struct stays *stays = calloc(1, sizeof(*stays));
	char told[EVENT_BODY_BYTES] = "", ucr[32];
	struct teller teller = {.sink = {.data = told, .put = put}};

	(void)state;
	assert_true(book && stays);
	alarm_book_init(book, &(struct alarm_delay){0});
	assert_int_equal(stays_init(stays, "here", book), 0);
	consignment.ucr = ucr;
	for (int i = 0; i <= STAYS_MAX; i++) {
		const struct stay_place place = {"lane", "p1", i * S};

		teller.now = (struct instant){.mono_ns = i * S, .clock = CLOCK_SYNCED};
		stop.dwell_ns = i == 7 ? INT64_MAX : 3600 * S * 24;
		snprintf(ucr, sizeof(ucr), "6GE1-%d", i);
		stays_arrive(stays, &teller, &place, &consignment, NULL, false);
		assert_string_equal(i < STAYS_MAX ? told : "", "");
	}
	assert_contains(told, "memory.gave-way");
	assert_contains(told, "\"kind\":\"stay\",\"what\":\"6GE1-7\",\"most\":4096");
	assert_int_equal(stays_stop(stays, "6GE1-7"), -1);
	assert_int_equal(stays_stop(stays, "6GE1-0"), 1);
	stays_fini(stays);
	alarm_book_fini(book);
	free(stays);
	free(book);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_of_each_takes_no_more_than_a_mebibyte),
		cmocka_unit_test(the_oldest_stay_with_nothing_to_wait_for_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
