/* What transit.c (the flow), words.c (what is said to it), wiring.c (what is connected to what),
 * status.c, look.c and metrics.c share. */
#ifndef CORRIDORD_TRANSIT_PRIVATE_H
#define CORRIDORD_TRANSIT_PRIVATE_H

#include "transit/checkpoint/checkpoint.h"
#include "transit/registry/moves.h"
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

/* A block of the configuration: a lane with its sensors, a contact, a meter. */
struct sensor_unit {
	const void *conf; /* that block */
	uint32_t first, count; /* into transit.slots */
};

struct wired_point {
	struct point point; /* first: the one is cast to the other */
	struct input input;
	int64_t ring[]; /* of its chatter detector */
};

struct transit {
	void *data; /* of the caller, for: */
	void (*not_believed)(void *data, const char *point, const struct value *raw);
	void (*changed)(void *data, const char *point, const struct value *value,
			enum reason reason); /* or NULL */
	struct event_sink sink; /* of the caller; the teller's own is put() in transit.c */
	struct teller teller;
	struct lane_site site;
	struct checkpoint *checkpoint; /* NULL: there is no book, study, nor legs */
	const char *checkpoint_id;
	struct seal_memory seal_memory;
	struct reseals reseals;
	struct moves moves;

	/* What transit_wire() makes, and replaces. */
	struct wired_point **points;
	const struct point **table; /* the same, for those that refer to them */
	uint32_t input_count; /* of points */
	struct device **devices;
	uint32_t device_count;
	uint32_t *device_points; /* points by device, see struct device */
	struct lane **lanes; /* those with passages */
	uint32_t lane_count;
	struct sensor_slot *slots; /* all sensors */
	uint32_t slot_count;
	struct sensor_unit *units; /* lanes, then contacts of none, then meters */
	uint32_t unit_count;
	uint32_t *users; /* slots by input, see struct input */
	struct wake wake; /* inputs, then slots, then the checkpoint */
	uint32_t *queue; /* slots to be judged */
	uint32_t queued;

	int64_t instant_mono_ns; /* of the readings that put them there */
};

static inline struct input *input_at(const struct transit *transit, size_t point)
{
	return &transit->points[point]->input;
}

static inline const struct input *input_of(const struct point *point)
{
	return &((const struct wired_point *)point)->input;
}

/* The points of a sensor, NULL: not configured; returns how many. */
#define SLOT_INPUTS_MAX 9
size_t slot_inputs(const struct sensor_slot *slot, const struct point *ret_points[SLOT_INPUTS_MAX]);

/* Sets up a transit that is all zeros but for the sinks, and wires it. -ENOMEM;
 * transit_tear_down() in any case. */
int transit_set_up(struct transit *transit, const struct transit_conf *conf);
void transit_tear_down(struct transit *transit);

/* Makes points, devices and sensors of a configuration, but for those of transit that are kept.
 * -ENOMEM: nothing is changed. Else transit_replace() makes it the transit, and frees what is not
 * kept; or transit_abandon() gives it up. Of it only these tables are set. */
int transit_wire(struct transit *transit, const struct transit_conf *conf,
		 const struct transit_kept *kept, struct transit **ret_next);
void transit_replace(struct transit *transit, const struct transit_kept *kept,
		     struct transit *next);
void transit_abandon(struct transit *next, const struct transit_kept *kept);

/* transit.c: what comes next is no reading. */
void transit_advance_to_now(struct transit *transit, const struct instant *now);
void transit_rearm_lane(struct transit *transit, const struct lane *lane);
void transit_rearm_checkpoint(struct transit *transit);

/* Its slot, after its deadline may have changed. */
void transit_rearm_slot(struct transit *transit, uint32_t slot);
/* It is to be judged. */
void transit_queue_slot(struct transit *transit, uint32_t slot);

uint32_t transit_slot_of(const struct transit *transit, const struct lane *lane);

#endif
