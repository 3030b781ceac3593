#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/store.h"

#define COUNT 500

static void what_is_allocated_is_zeroed_aligned_and_apart(void **state)
{
	struct conf_store *store = conf_store_new();
	unsigned char *taken[COUNT];
	size_t i, byte;

	(void)state;
	for (i = 0; i < COUNT; i++) {
		taken[i] = conf_alloc(store, i);
		assert_non_null(taken[i]);
		assert_int_equal((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
		for (byte = 0; byte < i; byte++)
			assert_int_equal(taken[i][byte], 0);
		memset(taken[i], (int)(i % 255) + 1, i);
	}
	for (i = 0; i < COUNT; i++)
		for (byte = 0; byte < i; byte++)
			assert_int_equal(taken[i][byte], i % 255 + 1);
	conf_store_free(store);
}

static void a_large_one_has_room_and_small_ones_go_on(void **state)
{
	struct conf_store *store = conf_store_new();
	char *before = conf_copy(store, "before");
	char *large = conf_alloc(store, 1000000);
	char *after = conf_join(store, "%s-%d", "after", 7);

	(void)state;
	assert_non_null(large);
	memset(large, 'x', 1000000);
	assert_string_equal(before, "before");
	assert_string_equal(after, "after-7");
	conf_store_free(store);
}

static void a_size_beyond_all_memory_is_refused(void **state)
{
	struct conf_store *store = conf_store_new();

	(void)state;
	assert_false(conf_store_failed(store));
	assert_null(conf_alloc(store, SIZE_MAX));
	assert_true(conf_store_failed(store));
	assert_null(conf_alloc(store, SIZE_MAX - 20));
	assert_string_equal(conf_copy(store, "still"), "still");
	conf_store_free(store);
	conf_store_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allocated_is_zeroed_aligned_and_apart),
		cmocka_unit_test(a_large_one_has_room_and_small_ones_go_on),
		cmocka_unit_test(a_size_beyond_all_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
