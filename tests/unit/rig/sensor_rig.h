/* Points and a teller for a single sensor: what it tells is written down shortly, as
 * "barrier.closed@0 barrier.open@5 ", type and second; the last body and state are kept. */
#ifndef CORRIDORD_TESTS_SENSOR_RIG_H
#define CORRIDORD_TESTS_SENSOR_RIG_H

#include "unit.h"

#include "transit/event/alarm_book.h"
#include "transit/sensor/sensor.h"

#define SENSOR_RIG_POINTS 9

struct sensor_rig {
	struct teller teller;
	struct point_conf confs[SENSOR_RIG_POINTS];
	struct point points[SENSOR_RIG_POINTS];
	const struct point *table[SENSOR_RIG_POINTS]; /* of those */
	int64_t rings[SENSOR_RIG_POINTS][16];
	char told[4096]; /* since the last assert_told() */
	char body[EVENT_BODY_BYTES];
	char state[EVENT_BODY_BYTES];
	char word[STATE_WORD_BYTES];
	size_t drafts;
	char forgotten[512]; /* keys of memories, each with a blank behind it */
};

/* Points without debounce that never grow stale; a test changes confs[] afterwards. */
void sensor_rig_init(struct sensor_rig *rig);

/* Readings of a point at a second. */
void sensor_rig_set(struct sensor_rig *rig, size_t point, double at_s, struct value value);
void sensor_rig_lose(struct sensor_rig *rig, size_t point, double at_s, enum reason reason);

/* What its teller's sink does; data is the rig. */
void sensor_rig_put(void *data, const struct event_draft *draft);

/* The events since the last time. */
void assert_told(struct sensor_rig *rig, const char *events);

/* NULL: not in the book. */
const struct booked_alarm *find_alarm(struct alarm_book *book, const char *resource,
				      enum event_id type);

int64_t seconds_ns(double at_s);

#endif
