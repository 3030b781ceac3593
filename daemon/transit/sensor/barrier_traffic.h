/* Vehicles at a barrier: presence, how many went through one opening, and whether one
 * stands beyond a boom that is closed. Part of barrier.c, which calls it.
 *
 * Tailgating: a second vehicle leaves (or, where there is a sensor beyond the
 * boom, arrives beyond it) in one opening, from closed until closed again. An
 * opening whose beginning was not seen is not counted.
 *
 * Forced: a vehicle arrives beyond the boom while it is closed, has been for a
 * travel time (so that nobody is taken for it who slipped out while it came
 * down), and is known to be closed still. Presence alone never makes it: who
 * leaves a closed boom may have backed out.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_BARRIER_TRAFFIC_H
#define CORRIDORD_TRANSIT_SENSOR_BARRIER_TRAFFIC_H

#include "transit/sensor/barrier.h"

void traffic_init(struct traffic *traffic);

/* The barrier has entered a state; before: the one it was in. */
void traffic_boom(struct barrier *barrier, enum barrier_state before);
void traffic_judge(struct barrier *barrier, struct teller *teller);
void traffic_tick(struct barrier *barrier, struct teller *teller, int64_t at_mono_ns);
/* Whether a vehicle stands at the boom, by the inputs as they are, and since when. */
enum answer traffic_presence(const struct barrier *barrier);
int64_t traffic_presence_changed(const struct barrier *barrier);
int64_t traffic_deadline(const struct barrier *barrier); /* INT64_MAX: none */

#endif
