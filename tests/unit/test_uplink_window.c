/* What is in flight: positions, in order, until the broker acknowledged them. */
#include "rig/unit.h"

#include "base/time.h"
#include "uplink/window.h"

static void push(struct window *window, int mid, int kind, uint64_t position)
{
	const struct window_entry entry = {
		.mid = mid, .kind = kind, .position = position, .bytes = 100};

	window_push(window, &entry, "a/b", 0);
}

static void acknowledged(struct window *window, int mid)
{
	assert_true(window_answer(window, mid, NULL, 1));
}

static void the_window_frees_only_what_is_done_from_its_old_end(void **state)
{
	struct window window;
	struct window_entry entry;

	(void)state;
	assert_int_equal(window_init(&window, 3, NS_PER_S), 0);
	push(&window, 11, 0, 101);
	push(&window, 12, 1, 102);
	push(&window, 13, 0, 103);
	assert_false(window_has_room(&window));
	acknowledged(&window, 12);
	assert_false(window_pop(&window, &entry));
	acknowledged(&window, 11);
	assert_true(window_pop(&window, &entry));
	assert_int_equal(entry.position, 101);
	assert_true(window_pop(&window, &entry));
	assert_int_equal(entry.position, 102);
	assert_false(window_pop(&window, &entry));
	window_fini(&window);
}

static void the_window_goes_round_and_knows_only_what_is_in_flight(void **state)
{
	struct window window;
	struct window_entry entry;
	int mid;

	(void)state;
	assert_int_equal(window_init(&window, 4, NS_PER_S), 0);
	window_reset(&window, 3);
	for (mid = 1; mid < 100; mid++) {
		push(&window, mid, 0, (uint64_t)mid);
		assert_false(window_answer(&window, mid - 1, NULL, 1));
		acknowledged(&window, mid);
		assert_false(window_answer(&window, mid, NULL, 1));
		assert_true(window_pop(&window, &entry));
		assert_int_equal(entry.mid, mid);
	}
	window_fini(&window);
}

static void the_window_is_never_larger_than_the_broker_or_memory_allows(void **state)
{
	struct window window;

	(void)state;
	assert_int_equal(window_init(&window, 8, NS_PER_S), 0);
	window_reset(&window, 65535);
	assert_int_equal(window.limit, 8);
	window_reset(&window, 1);
	push(&window, 1, 0, 1);
	assert_false(window_has_room(&window));
	window_reset(&window, 0);
	assert_true(window_has_room(&window));
	window_fini(&window);
}

static void what_is_forgotten_still_takes_room_until_it_is_done(void **state)
{
	struct window window;
	struct window_entry entry;

	(void)state;
	assert_int_equal(window_init(&window, 2, NS_PER_S), 0);
	push(&window, 1, 0, 1);
	push(&window, 2, 1, 2);
	window_forget(&window, 0);
	assert_false(window_has_room(&window));
	acknowledged(&window, 1);
	assert_true(window_pop(&window, &entry));
	assert_int_equal(entry.kind, WINDOW_FORGOTTEN);
	window_fini(&window);
}

/* ---- the link: so many bytes a second, so far away ------------------------------------- */

#define PACKET_BYTES 700

/* As much is sent as the window lets, for so long; what is in flight at most from then on. */
static size_t settled_flight(struct window *window, int64_t bytes_per_s, int64_t rtt_ns)
{
	struct window_entry entry = {.bytes = PACKET_BYTES};
	int64_t arrives_ns[WINDOW_MAX];
	int64_t now_ns = 0, line_ns = 0;
	size_t most = 0;
	int sent = 0, answered = 0;

	while (now_ns < 100 * NS_PER_S) {
		while (window_has_room(window)) {
			line_ns = (line_ns > now_ns ? line_ns : now_ns) +
				  PACKET_BYTES * NS_PER_S / bytes_per_s;
			arrives_ns[sent % WINDOW_MAX] = line_ns + rtt_ns;
			entry.mid = sent++;
			window_push(window, &entry, "a/b", now_ns);
		}
		if (now_ns > 20 * NS_PER_S && window->bytes > most)
			most = window->bytes;
		now_ns = arrives_ns[answered % WINDOW_MAX];
		assert_true(window_answer(window, answered++, NULL, now_ns));
		assert_true(window_pop(window, &entry));
	}
	return most;
}

static void the_window_follows_the_link(void **state)
{
	static const struct {
		int64_t bytes_per_s, rtt_ms;
		size_t least, most; /* in flight */
	} links[] = {
		{1200, 200, 1, 1200 * 2}, /* 9.6 kbit/s: an alert waits two seconds at most */
		{40000, 200, 8000, 40000}, /* the way holds 8 kB */
		{1000000, 600, 500000, 1400000},
		{100000000, 100, 600000, 16000000}, /* all slots */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct window window;
		size_t flight;

		assert_int_equal(window_init(&window, WINDOW_MAX, NS_PER_S), 0);
		flight = settled_flight(&window, links[i].bytes_per_s, links[i].rtt_ms * NS_PER_MS);
		assert_in_range(flight, links[i].least, links[i].most);
		window_fini(&window);
	}
}

static void the_window_begins_small(void **state)
{
	struct window window;
	int sent = 0;

	(void)state;
	assert_int_equal(window_init(&window, 100, NS_PER_S), 0);
	while (window_has_room(&window))
		push(&window, sent++, 0, 1);
	assert_in_range(sent * 100, 2000, 4000);
	window_fini(&window);
}

static void of_a_long_topic_the_end_is_kept(void **state)
{
	const struct window_entry entry = {.mid = 1, .bytes = 1};
	char topic[WINDOW_TOPIC_BYTES + 10];
	struct window window;

	(void)state;
	memset(topic, 'a', sizeof(topic));
	memcpy(topic + sizeof(topic) - 4, "end", 4);
	assert_int_equal(window_init(&window, 2, NS_PER_S), 0);
	window_push(&window, &entry, topic, 0);
	assert_string_equal(window_unanswered(&window)->topic, topic + 10);
	window_fini(&window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_frees_only_what_is_done_from_its_old_end),
		cmocka_unit_test(the_window_goes_round_and_knows_only_what_is_in_flight),
		cmocka_unit_test(the_window_is_never_larger_than_the_broker_or_memory_allows),
		cmocka_unit_test(the_window_follows_the_link),
		cmocka_unit_test(the_window_begins_small),
		cmocka_unit_test(of_a_long_topic_the_end_is_kept),
		cmocka_unit_test(what_is_forgotten_still_takes_room_until_it_is_done),
	};

	return cmocka_run_group_tests_name("uplink window", tests, NULL, NULL);
}
