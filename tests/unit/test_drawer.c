#include "rig/unit.h"

#include <errno.h>

#include "dice.h"
#include "transit/event/drawer.h"

static void put(struct drawer *drawer, const char *key, const char *value, int64_t rank)
{
	const struct drawer_note note = {.due_ns = 100 - rank, .rank = rank};

	assert_int_equal(drawer_put(drawer, key, value, &note), 0);
}

static void what_is_put_is_found_and_takes_the_place_of_what_was_there(void **state)
{
	struct drawer drawer;

	(void)state;
	assert_int_equal(drawer_init(&drawer, 4), 0);
	put(&drawer, "a", "1", 1);
	put(&drawer, "b", "", 2);
	put(&drawer, "a", "a longer one", 3);
	assert_int_equal(drawer.count, 2);
	assert_string_equal(drawer_value(&drawer, drawer_find(&drawer, "a")), "a longer one");
	assert_string_equal(drawer_value(&drawer, drawer_find(&drawer, "b")), "");
	assert_true(drawer_find(&drawer, "c") == DRAWER_NONE);
	assert_true(drawer_due(&drawer) == 97);
	drawer_drop(&drawer, drawer_find(&drawer, "a"));
	assert_true(drawer_find(&drawer, "a") == DRAWER_NONE);
	assert_string_equal(drawer_key(&drawer, drawer_find(&drawer, "b")), "b");
	drawer_fini(&drawer);
}

static void the_lowest_gives_way_and_nothing_is_put_where_there_is_no_room(void **state)
{
	const struct drawer_note note = {0};
	struct drawer drawer;
	char key[8];

	(void)state;
	assert_int_equal(drawer_init(&drawer, 100), 0);
	assert_true(drawer_lowest(&drawer) == DRAWER_NONE && drawer_due(&drawer) == INT64_MAX);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put(&drawer, key, "v", (i * 37 + 5) % 100);
	}
	assert_true(drawer_is_full(&drawer));
	assert_int_equal(drawer_put(&drawer, "other", "v", &note), -ENOSPC);
	assert_int_equal(drawer_note(&drawer, drawer_lowest(&drawer)).rank, 0);
	put(&drawer, "k0", "w", 500); /* there already */
	for (int i = 0; i < 100; i++)
		drawer_drop(&drawer, drawer_lowest(&drawer));
	assert_int_equal(drawer.count, 0);
	drawer_fini(&drawer);
}

#define KEYS 300

/* Values of one byte to half a block, put anew and dropped in any order. */
static void whatever_is_put_and_dropped_the_others_are_as_they_were(void **state)
{
	struct drawer drawer;
	struct dice dice;
	static char values[KEYS][2000];
	bool there[KEYS] = {false};
	size_t count = 0;
	char key[8];

	(void)state;
	dice_init(&dice);
	assert_int_equal(drawer_init(&drawer, KEYS), 0);
	for (int round = 0; round < 20000; round++) {
		size_t k = roll(&dice, KEYS), at;

		snprintf(key, sizeof(key), "K%zu", k);
		if (there[k] && flip(&dice)) {
			drawer_drop(&drawer, drawer_find(&drawer, key));
			there[k] = false;
			count--;
		} else {
			size_t bytes = roll(&dice, flip(&dice) ? 60 : sizeof(values[k]) - 1);

			memset(values[k], 'A' + (int)roll(&dice, 26), bytes);
			values[k][bytes] = '\0';
			put(&drawer, key, values[k], (int64_t)k);
			count += !there[k];
			there[k] = true;
		}
		assert_int_equal(drawer.count, count);
		k = roll(&dice, KEYS);
		snprintf(key, sizeof(key), "K%zu", k);
		at = drawer_find(&drawer, key);
		assert_true((at != DRAWER_NONE) == there[k]);
		if (!there[k])
			continue;
		assert_string_equal(drawer_key(&drawer, at), key);
		assert_string_equal(drawer_value(&drawer, at), values[k]);
		assert_int_equal(drawer_note(&drawer, at).rank, k);
	}
	drawer_fini(&drawer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_found_and_takes_the_place_of_what_was_there),
		cmocka_unit_test(the_lowest_gives_way_and_nothing_is_put_where_there_is_no_room),
		cmocka_unit_test(whatever_is_put_and_dropped_the_others_are_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
