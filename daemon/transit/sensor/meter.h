/* A meter: a number reported when it has changed enough, or periodically.
 *
 * What cannot be measured is said at once, and the first value after that too.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_METER_H
#define CORRIDORD_TRANSIT_SENSOR_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "transit/sensor/sensor.h"

struct meter_conf {
	const char *name;
	const char *unit; /* for people, may be NULL */
	int32_t value; /* point */
	double report_on_change; /* at least this much since the last report; 0: any change */
	int64_t report_every_ns; /* 0: only on change */
	int64_t report_min_ns; /* not more often than this */
};

struct meter {
	struct sensor sensor; /* first: the one is cast to the other */
	const struct meter_conf *conf;
	const struct point *value; /* NULL: not configured */
	struct value unit; /* as text, or none */
	bool reported; /* since it was last unknown */
	double reported_number;
	int64_t reported_mono_ns;
	bool held_back; /* a change that came too soon after the last report */
};

/* points: borrowed, indexed by the reference of conf. */
void meter_init(struct meter *meter, const struct meter_conf *conf,
		const struct point *const *points);

void meter_judge(struct meter *meter, struct teller *teller);
void meter_tick(struct meter *meter, struct teller *teller, int64_t at_mono_ns);
int64_t meter_deadline(const struct meter *meter); /* INT64_MAX: none */

#endif
