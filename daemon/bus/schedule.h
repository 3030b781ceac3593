/* Which device of a bus is polled next, and when. Pure: times are given.
 *
 * A device that answers is polled on a grid of its own (origin + n * period);
 * a poll that comes too late for one or more grid points skips and counts
 * them. The earliest deadline is served first.
 *
 * A device whose last question was vain is suspect, and after fail_after vain polls in a
 * row silent: asked again after a back-off that doubles up to a cap. Dead devices harm only
 * themselves:
 *  - Suspects are asked in idle time: when nothing else is due, and no device that answers
 *    will miss a grid point though the question is vain again. So the back-off holds
 *    wherever there is idle time. Where there is none, all vain questions together take no
 *    more than `share` of the time: the first ones are charged, too.
 *  - While devices fall silent, those that have answered since that began go first, and the
 *    others get no more than a look: a question with little patience. Who does not answer
 *    it is suspect, no more.
 *  - A device whose answers take long is asked as suspects are, with a share of its own.
 *  - While nobody answers at all, for some seconds, a vain poll says nothing of its device:
 *    a gateway may be waiting for the first of them, which is left alone meanwhile.
 */
#ifndef CORRIDORD_BUS_SCHEDULE_H
#define CORRIDORD_BUS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/backoff.h"

#define SCHEDULE_NONE SIZE_MAX

struct schedule_device {
	/* Set by the caller, before schedule_start(). */
	int64_t period_ns;
	struct backoff retry; /* while silent */
	uint32_t fail_after; /* 1 or more */
	/* Private from here on. */
	int64_t origin_ns; /* a point of the grid */
	int64_t due_ns;
	uint32_t failures; /* in a row */
	bool suspect, silent;
	bool looked; /* suspect because of a look, and not asked in full since */
	int64_t cost_ns; /* of its last question that was answered */
	int64_t vain_ns; /* of its last one that was not, a look aside; 0: there was none */
	int64_t asked_ns; /* when that one began */
	int64_t answered_ns; /* when it last answered */
};

struct schedule {
	struct schedule_device *devices; /* the caller's, count of them */
	size_t count;
	double share; /* of the time, for silent devices together: 0.001 to 1 */
	int64_t budget_ns; /* where there is no idle time, no suspect is asked before, */
	int64_t slow_budget_ns; /* nor one that takes long, */
	int64_t look_budget_ns; /* nor one that did not answer a look: sooner, it may well live */
	int64_t trouble_ns; /* since when devices fall silent; INT64_MIN: they do not */
	int64_t newest_ns; /* when the last one did */
	size_t first; /* who did so first */
	size_t fallen; /* how many have */
	size_t last_vain; /* whose question was the last, and vain; or SCHEDULE_NONE */
	int64_t answered_ns; /* when anybody last answered */
	int64_t vain_ns; /* the longest that a vain question has taken */
	int64_t round_ns; /* the longest period */
	uint64_t skipped; /* grid points missed, in all */
};

/* First polls are spread over a period (a second at most), in the order of the devices, in
 * steps: those within a step are polled one after the other. */
void schedule_start(struct schedule *schedule, int64_t now_ns);

/* The device to poll next and when (perhaps already past); SCHEDULE_NONE: there are none. */
size_t schedule_next(const struct schedule *schedule, int64_t now_ns, int64_t *ret_due_ns);

/* How the last poll of a device went, and when it began and ended. schedule_failed() returns how
 * long until it is polled again, if there is time, when it is silent now, else 0; chance: of the
 * back-off. */
void schedule_answered(struct schedule *schedule, size_t device, int64_t began_ns,
		       int64_t ended_ns);
int64_t schedule_failed(struct schedule *schedule, size_t device, int64_t began_ns,
			int64_t ended_ns, uint32_t chance);

/* How long an answer of this device should be waited for; INT64_MAX: as long as it may take. */
int64_t schedule_patience_ns(const struct schedule *schedule, size_t device);

/* For how long a vain question to this device may be asked again at once: no other that answers
 * misses a grid point for that. */
int64_t schedule_spare_ns(const struct schedule *schedule, size_t device, int64_t now_ns);

/* What silent devices ask for, and what the others leave. */
struct schedule_silence {
	int64_t vain_ns; /* of a question to each of the silent ones */
	int64_t longest_ns; /* of the longest of these */
	int64_t retry_max_ns; /* their longest back-off */
	double load; /* part of the time that the others take */
	int64_t shortest_ns; /* period of the others; INT64_MAX: there are none */
};

/* Within which each of them is asked again: its back-off, or what the idle time and the share
 * make of it. 0: none is silent. */
int64_t schedule_silence_ns(const struct schedule_silence *silence, double share);
struct schedule_silence schedule_silence(const struct schedule *schedule); /* as it is now */

/* The link is back: every device is polled at once, and the back-off of silent ones begins anew.
 * One that was not silent is so with its first poll that fails. */
void schedule_link_up(struct schedule *schedule, int64_t now_ns);

#endif
