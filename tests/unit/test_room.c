/* What is kept where there is no room for more, and what it costs. */
#include "rig/unit.h"

#include <malloc.h>

#include "rig/sensor_rig.h"
#include "transit/legs/expectation.h"
#include "transit/legs/stay.h"
#include "transit/sensor/seal_memory.h"

#define UTC INT64_C(1772431231000000000)

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
		const struct stay_place place = {
			.lane = "lane", .passage = "p1", .at_mono_ns = i * S};

		teller.now = (struct instant){.mono_ns = i * S, .clock = CLOCK_SYNCED};
		stop.dwell_ns = i == 7 ? INT64_MAX : 3600 * S * 24;
		snprintf(ucr, sizeof(ucr), "6GE1-%d", i);
		stays_arrive(stays, &teller, &place, &consignment, false);
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

/* ---- what it costs ------------------------------------------------------------------- */

struct room {
	struct alarm_book book;
	struct stays stays;
	struct seal_memory seals;
	struct expectations expectations;
	struct teller teller;
};

static void forget(void *data, const struct event_draft *draft)
{
	(void)data;
	(void)draft;
}

static struct room *open_room(void)
{
	const struct alarm_delay delay = {300 * S, 1800 * S};
	struct room *room = calloc(1, sizeof(*room));

	assert_non_null(room);
	room->teller.sink.put = forget;
	alarm_book_init(&room->book, &delay);
	assert_int_equal(stays_init(&room->stays, "ge-red-bridge", &room->book), 0);
	assert_int_equal(seal_memory_init(&room->seals), 0);
	assert_int_equal(expectations_init(&room->expectations, &room->book, S, S), 0);
	return room;
}

static void close_room(struct room *room)
{
	expectations_fini(&room->expectations);
	seal_memory_fini(&room->seals);
	stays_fini(&room->stays);
	alarm_book_fini(&room->book);
	free(room);
}

static void stand(struct room *room, const char *ucr)
{
	const struct itinerary_stop stop = {"ge-red-bridge", INT64_MIN, INT64_MAX, 86400 * S};
	const struct consignment consignment = {.ucr = ucr, .stops = &stop, .stop_count = 1};
	const struct stay_place place = {
		"entry-1", "entry-1-5b0f3a4e-1005000", room->teller.now.mono_ns, false, NULL, NULL};
	char resource[ALARM_RESOURCE_BYTES];

	stays_arrive(&room->stays, &room->teller, &place, &consignment, true);
	alarm_book_consignment(ucr, resource);
	(void)alarm_book_raise(&room->book, resource, event_type(EVENT_ROUTE_DWELL_EXCEEDED),
			       &room->teller.now);
}

static void expect(struct room *room, const char *ucr, const char *seal)
{
	struct handover handover = {
		.from = "az-ganja",
		.to = "ge-red-bridge",
		.gateway = "gw1",
		.rule = "seal",
		.departed_utc_ns = room->teller.now.utc_ns,
		.departed_clock = CLOCK_SYNCED,
		.expected_from_utc_ns = 1772442000 * S,
		.expected_until_utc_ns = 1772449200 * S,
		.expires_utc_ns = 1772537400 * S,
		.seals = {{.state = LEG_SEAL_INTACT, .openings = 3, .tamperings = LEG_NO_COUNTER}},
		.seal_count = 1,
	};
	char evicted[IDENTIFIER_BYTES];

	snprintf(handover.ucr, sizeof(handover.ucr), "%s", ucr);
	snprintf(handover.seals[0].number, sizeof(handover.seals[0].number), "%s", seal);
	handover.seals[0].seen_utc_ns = room->teller.now.utc_ns;
	expectations_add(&room->expectations, &room->teller, &handover, evicted);
}

static void fill(struct room *room)
{
	char ucr[IDENTIFIER_BYTES], seal[IDENTIFIER_BYTES];

	for (int i = 0; i < 4096; i++) {
		room->teller.now = (struct instant){(1000 + i) * S + 123456,
						    UTC + i * S + 123456000, CLOCK_SYNCED};
		snprintf(ucr, sizeof(ucr), "6GE204567891-INV%04d", i);
		snprintf(seal, sizeof(seal), "GE%06d", i);
		stand(room, ucr);
		expect(room, ucr, seal);
		seal_memory_seen(&room->seals, seal, "entry-1");
		seal_memory_left(&room->seals, seal, "entry-1", room->teller.now.mono_ns);
	}
}

static size_t heap_bytes(void)
{
	const struct mallinfo2 info = mallinfo2(); /* zeros where a sanitizer has the heap */

	return info.uordblks + info.hblkhd;
}

static void the_most_of_all_together_takes_less_than_a_mebibyte(void **state)
{
	size_t before = heap_bytes();
	struct room *room = open_room();

	(void)state;
	fill(room);
	assert_int_equal(room->book.count, 4096);
	assert_int_equal(room->stays.drawer.count, 4096);
	assert_int_equal(room->seals.drawer.count, 4096);
	assert_int_equal(room->expectations.drawer.count, 4096);
	assert_true(heap_bytes() - before < 1 << 20);
	close_room(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_stay_with_nothing_to_wait_for_gives_way),
		cmocka_unit_test(the_most_of_all_together_takes_less_than_a_mebibyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
