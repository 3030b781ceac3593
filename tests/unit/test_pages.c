#include "rig/unit.h"

#include "base/pages.h"

#define SIZE ((size_t)256 * 1024)

static bool is_all(const unsigned char *bytes, size_t from, size_t to, unsigned char byte)
{
	while (from < to && bytes[from] == byte)
		from++;
	return from == to;
}

static void what_a_burst_needed_is_given_back(void **state)
{
	const size_t used = SIZE / 2 + 1;
	unsigned char *buffer = malloc(SIZE);

	(void)state;
	assert_non_null(buffer);
	memset(buffer, 'x', SIZE);
	pages_give_back(buffer, used);
	assert_true(is_all(buffer, 0, SIZE / 16, 'x'));
	assert_true(is_all(buffer, SIZE / 4, SIZE / 4 + 64, 0));
	assert_true(is_all(buffer, used, SIZE, 'x')); /* nothing that was not used */
	free(buffer);
}

static void what_serves_the_next_few_stays(void **state)
{
	unsigned char *buffer = malloc(SIZE);

	(void)state;
	assert_non_null(buffer);
	memset(buffer, 'x', SIZE);
	pages_give_back(buffer, 0);
	pages_give_back(buffer, SIZE / 16);
	assert_true(is_all(buffer, 0, SIZE, 'x'));
	free(buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_burst_needed_is_given_back),
		cmocka_unit_test(what_serves_the_next_few_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
