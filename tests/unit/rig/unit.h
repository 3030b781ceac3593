/* What every unit test begins with: cmocka and what it wants before it, and waiting.
 *
 * A test waits for something to become true, never for time to pass. */
#ifndef CORRIDORD_TESTS_UNIT_H
#define CORRIDORD_TESTS_UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../numbers.h"

#include "base/clock.h"

/* Far more than anything takes, with thirty busy processes beside it too. */
#define PATIENCE_S  120
#define PATIENCE_NS (PATIENCE_S * NS_PER_S)

/* Looks again and again: for what wakes nobody when it becomes true. */
#define WAIT_FOR(condition)                                       \
	do {                                                      \
		int64_t until_ns_ = real_mono_ns() + PATIENCE_NS; \
		while (!(condition))                              \
			look_again(until_ns_, #condition);        \
	} while (0)

/* The kernel's monotonic clock, also in a test with a clock_mono_ns() of its own. */
int64_t real_mono_ns(void);

/* A moment's rest; fails the test when the time is over. */
void look_again(int64_t until_ns, const char *condition);

/* Lasts as long as it says: for a device that is slow, not for waiting. */
void take_time(int64_t span_ns);

/* With sh; fails the test when it fails. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Skips the test, with the reason; fails it where everything must run (CI=true). */
void cannot(const char *reason);

void assert_contains(const char *text, const char *part);

#endif
