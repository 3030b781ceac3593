/* How fast a backlog may go: bytes per second, with a second's worth (or one message) at once.
 * Pure: times are given. */
#ifndef CORRIDORD_NET_BUCKET_H
#define CORRIDORD_NET_BUCKET_H

#include <stdint.h>

struct bucket {
	int64_t bytes_per_s; /* 0: no limit */
	int64_t spent_until_ns; /* the bytes sent so far are paid for then */
};

/* Monotonic time from which the next message may go; in the past: now. */
int64_t bucket_open_ns(const struct bucket *bucket);
void bucket_spend(struct bucket *bucket, int64_t bytes, int64_t now_ns);

#endif
