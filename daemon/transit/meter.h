/* A meter: a number reported when it has changed enough, or periodically. */
#ifndef CORRIDORD_METER_H
#define CORRIDORD_METER_H

#include <stdint.h>

struct meter_conf {
	const char *name;
	const char *unit; /* for people, may be NULL */
	int32_t value; /* point */
	double report_on_change; /* at least this much since the last report; 0: any change */
	int64_t report_every_ns; /* 0: only on change */
	int64_t report_min_ns; /* not more often than this */
};

#endif
