/* The only place that reads a clock. Safe from any thread.
 *
 * Monotonic time (CLOCK_MONOTONIC, what the kernel stamps GPIO edges with)
 * decides; UTC only labels. Tests link a clock of their own in its place.
 */
#ifndef CORRIDORD_BASE_CLOCK_H
#define CORRIDORD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "base/time.h"

int64_t clock_mono_ns(void);

/* As the calls that wait take it; time_t has 32 bits on some machines. */
static inline struct timespec clock_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
				 .tv_nsec = (long)(ns % NS_PER_S)};
}

/* Both clocks as close together as the machine allows, and whether UTC is
 * disciplined now (clock_watch.h). Holdover once it was and no longer is. */
struct instant clock_now(void);

/* The kernel's boot id, 36 characters, read once; "unknown" when there is none. */
const char *clock_boot_id(void);

/* A file descriptor that becomes readable when the wall clock is stepped
 * (timerfd, TFD_TIMER_CANCEL_ON_SET); negative errno. The caller closes it,
 * and calls clock_step_rearm() each time it was readable. */
int clock_step_fd(void);
void clock_step_rearm(int fd);

#endif
