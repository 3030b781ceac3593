/* What transit.c (the flow) and transit_wiring.c (what is connected to what) share. */
#ifndef CORRIDORD_TRANSIT_PRIVATE_H
#define CORRIDORD_TRANSIT_PRIVATE_H

#include "input.h"
#include "ledger.h"
#include "transit.h"
#include "wake.h"

enum sensor_kind { SENSOR_BARRIER, SENSOR_SEAL, SENSOR_METER, SENSOR_LANE };

struct sensor_slot {
	enum sensor_kind kind;
	struct sensor *sensor; /* the first member of that kind's struct */
	struct lane *lane; /* whose passages it tells of, or NULL */
};

struct transit {
	struct teller teller;
	struct point *points;
	struct input *inputs; /* by point */
	uint32_t input_count;
	struct device *devices;
	uint32_t device_count;
	uint32_t *device_points; /* points by device, see struct device */

	struct barrier *barriers;
	struct seal *seals;
	struct meter *meters;
	struct lane *lanes; /* those with passages */
	uint32_t lane_count;
	struct lane_reader *readers; /* of all lanes */
	struct sensor **lane_sensors;
	struct lane_site site;
	struct ledger *ledger; /* NULL: none is kept */
	struct seal_memory seal_memory;
	struct sensor_slot *slots; /* all sensors */
	uint32_t slot_count;
	uint32_t *users; /* slots by input, see struct input */
	int64_t *rings; /* of all points' chatter detectors */

	struct wake wake; /* inputs, then slots, then the ledger */
	uint32_t *queue; /* slots to be judged */
	uint32_t queued;
	int64_t instant_mono_ns; /* of the readings that put them there */
};

/* The points of a sensor, NULL: not configured; returns how many. */
#define SLOT_INPUTS_MAX 9
size_t slot_inputs(const struct sensor_slot *slot, const struct point *ret_points[SLOT_INPUTS_MAX]);

/* Connects a transit that is all zeros but for the sink. -ENOMEM; transit_free() in any case. */
int transit_wire(struct transit *transit, const struct transit_conf *conf);
void transit_unwire(struct transit *transit);

uint32_t transit_slot_of(const struct transit *transit, const struct lane *lane);

#endif
