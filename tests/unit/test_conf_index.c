#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/index.h"

#define COUNT 5000

static void what_has_a_name_is_found_by_it(void **state)
{
	struct conf_store *store = conf_store_new();
	struct conf_index index = {0};
	struct conf_slot *slot;

	(void)state;
	assert_null(conf_index_find(&index, "n1"));
	for (size_t i = 1; i <= COUNT; i++) {
		slot = conf_index_slot(store, &index, conf_join(store, "n%zu", i));
		assert_non_null(slot);
		assert_null(slot->node);
		assert_int_equal(slot->number, 0);
		slot->number = i;
	}
	assert_int_equal(index.count, COUNT);
	for (size_t i = 1; i <= COUNT; i++) {
		const char *name = conf_join(store, "n%zu", i);

		assert_int_equal(conf_index_find(&index, name)->number, i);
		assert_ptr_equal(conf_index_slot(store, &index, name),
				 conf_index_find(&index, name));
	}
	assert_int_equal(index.count, COUNT);
	assert_null(conf_index_find(&index, "n0"));
	assert_null(conf_index_find(&index, ""));
	conf_store_free(store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_a_name_is_found_by_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
