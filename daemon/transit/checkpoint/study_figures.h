/* Running figures of one kind of duration: n, mean, percentiles, max. Part of study.c.
 *
 * A histogram with fixed bounds, each 4 % above the one before, from 0.1 s to a month: a
 * percentile is told as the middle of its bucket, so at most 2 % from the true one (50 ms
 * below 0.1 s), however many vehicles pass. Mean and max are exact to the millisecond. Keeping
 * every duration would be exact, but grow with the traffic and not fit a memory.
 *
 * The bounds are whole milliseconds made by integer arithmetic: the same on every machine.
 */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_STUDY_FIGURES_H
#define CORRIDORD_TRANSIT_CHECKPOINT_STUDY_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jw;

#define STUDY_BUCKETS 440 /* the last one is open to the top */

struct study_bounds {
	int64_t from_ms[STUDY_BUCKETS];
};

struct study_figures {
	int64_t n; /* those that count */
	int64_t marked; /* not counted among them: a restart or a jump of the clock fell within */
	int64_t sum_ms;
	int64_t min_ms, max_ms; /* 0 while n is 0 */
	uint32_t bucket[STUDY_BUCKETS];
};

void study_bounds_init(struct study_bounds *bounds);

void study_figures_add(struct study_figures *figures, const struct study_bounds *bounds,
		       int64_t duration_ns);

/* The smallest duration that as many per cent do not exceed; n must not be 0. */
int64_t study_figures_percentile(const struct study_figures *figures,
				 const struct study_bounds *bounds, int percent);

/* An object: n and marked; with n > 0 also mean_ms, p50_ms, p90_ms, p95_ms, max_ms. */
void study_figures_tell(const struct study_figures *figures, const struct study_bounds *bounds,
			struct jw *json, const char *key);

/* As a memory (memo.h), and back. -E2BIG: tens of thousands of durations, spread over nearly
 * all buckets. -EINVAL: not a memory of these, the figures are empty then. */
int study_figures_write(const struct study_figures *figures, char *out, size_t size);
int study_figures_read(struct study_figures *figures, const char *text);

#endif
