/* The clock's state: how often the kernel is asked for it, and what follows what. */
#include "rig/unit.h"

#include <stdatomic.h>
#include <sys/timex.h>

#include "base/clock.h"

#define CALLS 10000

static atomic_int asked;
static atomic_int status = STA_UNSYNC;

/* In place of the C library's. */
int adjtimex(struct timex *timex)
{
	atomic_fetch_add(&asked, 1);
	timex->status = atomic_load(&status);
	return 0;
}

static void wait_for(enum clock_state state)
{
	const int64_t until_ns = clock_mono_ns() + PATIENCE_NS;

	while (clock_now().clock != state)
		assert_true(clock_mono_ns() < until_ns);
}

static void the_kernel_is_asked_once_a_second(void **state)
{
	const int64_t begun_ns = clock_mono_ns();

	(void)state;
	atomic_store(&asked, 0);
	for (int i = 0; i < CALLS; i++)
		(void)clock_now();
	assert_true(atomic_load(&asked) <= 1 + (clock_mono_ns() - begun_ns) / NS_PER_S);
}

static void what_was_synchronised_once_is_held_over(void **state)
{
	(void)state;
	assert_int_equal(clock_now().clock, CLOCK_UNSYNCED);
	atomic_store(&status, 0);
	wait_for(CLOCK_SYNCED);
	atomic_store(&status, STA_UNSYNC);
	wait_for(CLOCK_HOLDOVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_is_asked_once_a_second),
		cmocka_unit_test(what_was_synchronised_once_is_held_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
