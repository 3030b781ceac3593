/* How soon to try again, and how fast a backlog may go. Pure: time and chance are given. */
#ifndef CORRIDORD_UPLINK_PACE_H
#define CORRIDORD_UPLINK_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Doubles from min to max; each delay is drawn from the upper half of its step, so that a
 * broker that comes back is not met by all gateways at once. Never shorter than min. */
struct backoff {
	int64_t min_ns, max_ns;
	int64_t step_ns; /* 0: nothing failed yet */
};

void backoff_reset(struct backoff *backoff);
int64_t backoff_next_ns(struct backoff *backoff, uint32_t chance);

/* Bytes per second, with a second's worth (or one message) at once. */
struct bucket {
	int64_t bytes_per_s; /* 0: no limit */
	int64_t spent_until_ns; /* the bytes sent so far are paid for then */
};

/* Monotonic time from which the next message may go; in the past: now. */
int64_t bucket_open_ns(const struct bucket *bucket);
void bucket_spend(struct bucket *bucket, int64_t bytes, int64_t now_ns);

#endif
