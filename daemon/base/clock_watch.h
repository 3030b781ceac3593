/* Whether the kernel's wall clock is disciplined, and how a process that may not ask knows.
 *
 * The call that asks is the call that would also set the clock (adjtimex), so the service's
 * unit forbids it. A process beside it, corridord-clock, asks every CLOCK_WATCH_EVERY_NS and
 * after each step, and writes the answer with its monotonic time to a file in /run. An answer
 * older than CLOCK_WATCH_VALID_NS is none, nor is one about a clock that has jumped since: then
 * the clock counts as not disciplined. A boot empties /run, so the file is always of this one.
 */
#ifndef CORRIDORD_BASE_CLOCK_WATCH_H
#define CORRIDORD_BASE_CLOCK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define CLOCK_WATCH_FILE     "/run/corridord-clock/state"
#define CLOCK_WATCH_EVERY_NS (10 * NS_PER_S)
#define CLOCK_WATCH_VALID_NS (25 * NS_PER_S)
#define CLOCK_WATCH_JUMP_NS  (2 * NS_PER_S) /* more than a clock is slewed between two answers */

struct clock_answer {
	bool disciplined;
	int64_t asked_mono_ns;
	int64_t ahead_ns; /* UTC less monotonic time, then */
};

/* Asks the kernel. -EPERM and the like: this process may not. */
int clock_watch_ask(bool *ret_disciplined);

/* Writes the file anew, whole. Negative errno. */
int clock_watch_write(const char *path, const struct clock_answer *answer);

/* true: the file says so, and was written a short time ago. */
bool clock_watch_read(const char *path, int64_t now_mono_ns, int64_t *ret_ahead_ns);

/* Whether UTC is still where it was then. */
bool clock_watch_same(int64_t ahead_then_ns, int64_t mono_ns, int64_t utc_ns);

#endif
