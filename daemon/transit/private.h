/* What transit.c (the flow), words.c (what is said to it), wiring.c (what is connected to what),
 * status.c, look.c and metrics.c share. */
#ifndef CORRIDORD_TRANSIT_PRIVATE_H
#define CORRIDORD_TRANSIT_PRIVATE_H

#include "transit/checkpoint/checkpoint.h"
#include "transit/registry/reseals.h"
#include "transit/sensor/input.h"
#include "transit/transit.h"
#include "transit/wake.h"

enum sensor_kind { SENSOR_BARRIER, SENSOR_SEAL, SENSOR_CONTACT, SENSOR_METER, SENSOR_LANE };

struct sensor_slot {
	enum sensor_kind kind;
	struct sensor *sensor; /* the first member of that kind's struct */
	struct lane *lane; /* that it is a sensor of, if that has passages; or NULL */
};

struct transit {
	void *data; /* of the caller, for: */
	void (*not_believed)(void *data, const char *point, const struct value *raw);
	void (*changed)(void *data, const char *point, const struct value *value,
			enum reason reason); /* or NULL */
	struct event_sink sink; /* of the caller; the teller's own is put() in transit.c */
	struct teller teller;
	struct point *points;
	struct input *inputs; /* by point */
	uint32_t input_count;
	struct device *devices;
	uint32_t device_count;
	uint32_t *device_points; /* points by device, see struct device */

	struct barrier *barriers;
	struct seal *seals;
	struct contact *contacts; /* those of lanes first */
	struct meter *meters;
	struct lane *lanes; /* those with passages */
	uint32_t lane_count;
	struct lane_reader *readers; /* of all lanes */
	struct sensor **lane_sensors;
	struct lane_site site;
	struct checkpoint *checkpoint; /* NULL: there is no book, study, nor legs */
	const char *checkpoint_id;
	struct seal_memory seal_memory;
	struct reseals reseals;
	struct sensor_slot *slots; /* all sensors */
	uint32_t slot_count;
	uint32_t *users; /* slots by input, see struct input */
	int64_t *rings; /* of all points' chatter detectors */

	struct wake wake; /* inputs, then slots, then the checkpoint */
	uint32_t *queue; /* slots to be judged */
	uint32_t queued;
	int64_t instant_mono_ns; /* of the readings that put them there */
};

/* The points of a sensor, NULL: not configured; returns how many. */
#define SLOT_INPUTS_MAX 9
size_t slot_inputs(const struct sensor_slot *slot, const struct point *ret_points[SLOT_INPUTS_MAX]);

/* Connects a transit that is all zeros but for the sinks. -ENOMEM; transit_free() in any case. */
int transit_wire(struct transit *transit, const struct transit_conf *conf);
void transit_unwire(struct transit *transit);

/* transit.c: what comes next is no reading. */
void transit_advance_to_now(struct transit *transit, const struct instant *now);
void transit_rearm_lane(struct transit *transit, const struct lane *lane);
void transit_rearm_checkpoint(struct transit *transit);

uint32_t transit_slot_of(const struct transit *transit, const struct lane *lane);

#endif
