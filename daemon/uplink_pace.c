#include "uplink_pace.h"

#include "clock.h"

void backoff_reset(struct backoff *backoff)
{
	backoff->step_ns = 0;
}

int64_t backoff_next_ns(struct backoff *backoff, uint32_t chance)
{
	int64_t step_ns = backoff->step_ns ? backoff->step_ns : backoff->min_ns;
	int64_t delay_ns;

	step_ns = step_ns > backoff->max_ns / 2 ? backoff->max_ns : step_ns * 2;
	backoff->step_ns = step_ns;
	delay_ns = step_ns / 2 + (int64_t)((double)step_ns / 2 * chance / UINT32_MAX);
	return delay_ns > backoff->min_ns ? delay_ns : backoff->min_ns;
}

/* A second ahead of what is paid for. */
int64_t bucket_open_ns(const struct bucket *bucket)
{
	return bucket->bytes_per_s > 0 ? bucket->spent_until_ns - NS_PER_S : INT64_MIN;
}

void bucket_spend(struct bucket *bucket, int64_t bytes, int64_t now_ns)
{
	if (bucket->bytes_per_s <= 0)
		return;
	if (bucket->spent_until_ns < now_ns)
		bucket->spent_until_ns = now_ns;
	bucket->spent_until_ns +=
		(int64_t)((double)bytes / (double)bucket->bytes_per_s * (double)NS_PER_S);
}
