/* Which device of a bus is asked next, and when. Pure: times are given.
 *
 * A device that answers is polled on a grid of its own (origin + n * period);
 * a poll that comes too late for one or more grid points skips and counts
 * them. After fail_after failures in a row it is silent: asked again after a
 * back-off that doubles up to a cap, and no earlier than the bus's budget for
 * silent devices allows, so that all of them together never take more than
 * `share` of the time. Served is the earliest deadline; a question to a silent
 * device gives way to every poll that is due, for one round at most.
 */
#ifndef CORRIDORD_BUS_SCHEDULE_H
#define CORRIDORD_BUS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_NONE SIZE_MAX

struct schedule_device {
	/* Set by the caller, before schedule_start(). */
	int64_t period_ns;
	int64_t retry_min_ns, retry_max_ns;
	uint32_t fail_after;
	/* Private from here on. */
	int64_t origin_ns; /* a point of the grid */
	int64_t due_ns;
	int64_t delay_ns; /* back-off, while silent */
	uint32_t failures; /* in a row */
	bool silent;
};

struct schedule {
	struct schedule_device *devices; /* the caller's, count of them */
	size_t count;
	double share; /* of the time, for silent devices together: 0.001 to 1 */
	uint64_t random; /* seed of the jitter, not 0 */
	int64_t budget_ns; /* no question to a silent device before */
	int64_t round_ns; /* the longest period */
	uint64_t skipped; /* grid points missed, in all */
};

/* First polls are spread over a period (a second at most), in the order of the devices, in
 * steps: those within a step are asked one after the other. */
void schedule_start(struct schedule *schedule, int64_t now_ns);

/* The device to ask next and when (perhaps already past); SCHEDULE_NONE: there are none. */
size_t schedule_next(const struct schedule *schedule, int64_t now_ns, int64_t *ret_due_ns);

/* How the last question to a device went, and when it began and ended. schedule_failed()
 * returns how long until it is asked again when it is silent now, else 0. */
void schedule_answered(struct schedule *schedule, size_t device, int64_t ended_ns);
int64_t schedule_failed(struct schedule *schedule, size_t device, int64_t began_ns,
			int64_t ended_ns);

/* The link is back: every device is asked at once, and silent ones from the smallest back-off
 * on. One that answered before has one try, as its silence is known already. */
void schedule_link_up(struct schedule *schedule, int64_t now_ns);

/* A back-off of one thing: doubles from min to max, each time up to a quarter shorter than
 * that, so that gateways do not come in step. Begin with *delay_ns = 0. Returns the wait. */
int64_t backoff_next(int64_t *delay_ns, int64_t min_ns, int64_t max_ns, uint64_t *random);

#endif
