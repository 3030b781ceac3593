/* How long to wait after a failure: longer after each one in a row. Pure. */
#ifndef CORRIDORD_BASE_BACKOFF_H
#define CORRIDORD_BASE_BACKOFF_H

#include <stdint.h>

/* Waits double from first to max. Each may be shorter by a part of it, so that those who failed
 * together do not come again together. */
struct backoff {
	int64_t first_ns, max_ns;
	double jitter; /* that part, 0 to 1 */
	int64_t least_ns; /* never shorter than this */
};

/* failures: in a row, before this one. chance: of all numbers, as random_chance() gives them. */
int64_t backoff_ns(const struct backoff *backoff, unsigned failures, uint32_t chance);

#endif
