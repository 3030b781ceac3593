/* What time is made of. CLOCK_MONOTONIC nanoseconds decide; UTC is only ever a label, carried by
 * struct instant, and the two are never compared or subtracted. */
#ifndef CORRIDORD_BASE_TIME_H
#define CORRIDORD_BASE_TIME_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

enum clock_state {
	CLOCK_UNSYNCED, /* never set since boot: utc_ns is not to be trusted */
	CLOCK_SYNCED, /* disciplined now */
	CLOCK_HOLDOVER, /* was synced in this boot, no longer is */
};

/* The two clocks read together. */
struct instant {
	int64_t mono_ns;
	int64_t utc_ns; /* nanoseconds since 1970, may step */
	enum clock_state clock;
};

static inline int64_t earlier_ns(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static inline int64_t later_ns(int64_t a_ns, int64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

static inline double in_seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

const char *clock_state_name(enum clock_state state); /* published */

#endif
