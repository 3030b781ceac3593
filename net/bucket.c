#include "net/bucket.h"

#include "base/time.h"

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
