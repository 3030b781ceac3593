/* The vehicles between a sensor at the beginning of the queue and the boom: how long each waited.
 *
 * In the order of their coming. When the place at the boom has been free for longer than a vehicle
 * takes to it, nobody is left in the queue: then what turned away meanwhile, or was missed while
 * the sensor was not known, is forgotten. Until that was so once after such a miss, or after the
 * start, nothing is told. Pure; used by lane.c.
 */
#ifndef CORRIDORD_TRANSIT_LANE_QUEUE_H
#define CORRIDORD_TRANSIT_LANE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/sensor/sensor.h"

#define QUEUE_VEHICLES 128 /* more are a miss */

struct queue {
	int64_t came_mono_ns[QUEUE_VEHICLES]; /* a ring, the longest there first */
	size_t first, count;
	int64_t free_mono_ns; /* since when nobody is at the boom; INT64_MIN: somebody is, or not known */
	enum answer sensor; /* as last known */
	bool unsure; /* there may be others than these... */
	int64_t missed_mono_ns; /* ...that came before then */
};

void queue_init(struct queue *queue);
void queue_look(struct queue *queue, enum answer sensor, int64_t at_mono_ns);
void queue_free(struct queue *queue, int64_t at_mono_ns); /* nobody is at the boom from then on */

/* The next one is at the boom. gap_ns: the longest that a vehicle takes there. How long it took
 * from the sensor, -1: not known. */
int64_t queue_take(struct queue *queue, int64_t gap_ns, int64_t at_mono_ns);

#endif
