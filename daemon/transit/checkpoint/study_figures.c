#include "transit/checkpoint/study_figures.h"

#include <errno.h>
#include <string.h>

#include "base/json_writer.h"
#include "transit/event/memo.h"
#include "transit/event/reading.h"

#define FIRST_BOUND_MS 100
#define GROWTH_PERCENT 4
#define TEXT_VERSION   1
#define LONGEST_MS     (INT64_C(1) << 40) /* 34 years: more is nonsense in a memory */
#define MOST_DURATIONS UINT32_MAX

void study_bounds_init(struct study_bounds *bounds)
{
	bounds->from_ms[0] = 0;
	bounds->from_ms[1] = FIRST_BOUND_MS;
	for (size_t i = 2; i < STUDY_BUCKETS; i++)
		bounds->from_ms[i] =
			bounds->from_ms[i - 1] + bounds->from_ms[i - 1] * GROWTH_PERCENT / 100;
}

static size_t bucket_of(const struct study_bounds *bounds, int64_t ms)
{
	size_t low = 0, high = STUDY_BUCKETS;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (ms < bounds->from_ms[middle])
			high = middle;
		else
			low = middle;
	}
	return low;
}

void study_figures_add(struct study_figures *figures, const struct study_bounds *bounds,
		       int64_t duration_ns)
{
	int64_t ms = duration_ns > 0 ? duration_ns / NS_PER_MS : 0;

	if (ms > LONGEST_MS)
		ms = LONGEST_MS;
	if (figures->n == MOST_DURATIONS)
		return;
	if (figures->n == 0 || ms < figures->min_ms)
		figures->min_ms = ms;
	if (figures->n == 0 || ms > figures->max_ms)
		figures->max_ms = ms;
	figures->n++;
	figures->sum_ms += ms;
	figures->bucket[bucket_of(bounds, ms)]++;
}

static int64_t middle_of(const struct study_figures *figures, const struct study_bounds *bounds,
			 size_t bucket)
{
	int64_t ms = figures->max_ms;

	if (bucket + 1 < STUDY_BUCKETS)
		ms = (bounds->from_ms[bucket] + bounds->from_ms[bucket + 1]) / 2;
	if (ms < figures->min_ms)
		return figures->min_ms;
	return ms > figures->max_ms ? figures->max_ms : ms;
}

int64_t study_figures_percentile(const struct study_figures *figures,
				 const struct study_bounds *bounds, int percent)
{
	int64_t rank = (figures->n * percent + 99) / 100;
	size_t i;

	for (i = 0; i + 1 < STUDY_BUCKETS; i++) {
		rank -= figures->bucket[i];
		if (rank <= 0)
			break;
	}
	return middle_of(figures, bounds, i);
}

void study_figures_tell(const struct study_figures *figures, const struct study_bounds *bounds,
			struct jw *json, const char *key)
{
	jw_open(json, key);
	jw_int(json, "n", figures->n);
	jw_int(json, "marked", figures->marked);
	if (figures->n > 0) {
		jw_int(json, "mean_ms", figures->sum_ms / figures->n);
		jw_int(json, "p50_ms", study_figures_percentile(figures, bounds, 50));
		jw_int(json, "p90_ms", study_figures_percentile(figures, bounds, 90));
		jw_int(json, "p95_ms", study_figures_percentile(figures, bounds, 95));
		jw_int(json, "max_ms", figures->max_ms);
	}
	jw_close(json);
}

/* After the header: counts of the buckets in their order, a run of n empty ones as -n. */
int study_figures_write(const struct study_figures *figures, char *out, size_t size)
{
	struct memo memo;
	int64_t empty = 0;

	memo_start(&memo, out, size);
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, figures->marked);
	memo_int(&memo, figures->sum_ms);
	memo_int(&memo, figures->min_ms);
	memo_int(&memo, figures->max_ms);
	for (size_t i = 0; i < STUDY_BUCKETS; i++) {
		if (figures->bucket[i] == 0) {
			empty++;
			continue;
		}
		if (empty > 0)
			memo_int(&memo, -empty);
		memo_int(&memo, figures->bucket[i]);
		empty = 0;
	}
	return memo_ok(&memo) ? 0 : -E2BIG;
}

static void read_buckets(struct study_figures *figures, struct memo_reader *reader)
{
	int64_t bucket = 0;

	while (memo_more(reader)) {
		int64_t field = memo_take(reader, -STUDY_BUCKETS, MOST_DURATIONS - figures->n);

		if (field < 0) {
			bucket -= field;
			continue;
		}
		if (bucket >= STUDY_BUCKETS || field == 0) {
			reader->bad = true;
			return;
		}
		figures->bucket[bucket++] = (uint32_t)field;
		figures->n += field;
	}
}

int study_figures_read(struct study_figures *figures, const char *text)
{
	struct memo_reader reader;

	*figures = (struct study_figures){0};
	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	figures->marked = memo_take(&reader, 0, INT64_MAX);
	figures->sum_ms = memo_take(&reader, 0, INT64_MAX);
	figures->min_ms = memo_take(&reader, 0, LONGEST_MS);
	figures->max_ms = memo_take(&reader, figures->min_ms, LONGEST_MS);
	read_buckets(figures, &reader);
	if (memo_end(&reader))
		return 0;
	*figures = (struct study_figures){0};
	return -EINVAL;
}
