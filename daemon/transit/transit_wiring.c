#include <errno.h>
#include <stdlib.h>

#include "transit_private.h"

static size_t at_least_one(size_t count)
{
	return count ? count : 1;
}

static int allocate(struct transit *transit, const struct transit_conf *conf)
{
	size_t barriers = 0, seals = 0, lanes = 0, edges = 0, slots, i;

	for (i = 0; i < conf->lane_count; i++) {
		barriers += conf->lanes[i].barrier_count;
		seals += conf->lanes[i].seal_count;
		lanes += conf->lanes[i].passages != NULL;
	}
	for (i = 0; i < conf->point_count; i++)
		edges += conf->points[i].chatter_edges;
	slots = barriers + seals + lanes + conf->meter_count;
	transit->points = calloc(at_least_one(conf->point_count), sizeof(*transit->points));
	transit->inputs = calloc(at_least_one(conf->point_count), sizeof(*transit->inputs));
	transit->devices = calloc(at_least_one(conf->device_count), sizeof(*transit->devices));
	transit->device_points =
		calloc(at_least_one(conf->point_count), sizeof(*transit->device_points));
	transit->rings = calloc(at_least_one(edges), sizeof(*transit->rings));
	transit->barriers = calloc(at_least_one(barriers), sizeof(*transit->barriers));
	transit->seals = calloc(at_least_one(seals), sizeof(*transit->seals));
	transit->meters = calloc(at_least_one(conf->meter_count), sizeof(*transit->meters));
	transit->lanes = calloc(at_least_one(lanes), sizeof(*transit->lanes));
	transit->readers = calloc(at_least_one(seals), sizeof(*transit->readers));
	transit->lane_sensors = calloc(at_least_one(barriers + seals), sizeof(struct sensor *));
	transit->slots = calloc(at_least_one(slots), sizeof(*transit->slots));
	transit->queue = calloc(at_least_one(slots), sizeof(*transit->queue));
	if (!transit->points || !transit->inputs || !transit->devices || !transit->device_points ||
	    !transit->rings || !transit->barriers || !transit->seals || !transit->meters ||
	    !transit->lanes || !transit->readers || !transit->lane_sensors || !transit->slots ||
	    !transit->queue)
		return -ENOMEM;
	return wake_init(&transit->wake,
			 (uint32_t)(conf->point_count + slots + 1)); /* the ledger's */
}

static void wire_points(struct transit *transit, const struct transit_conf *conf)
{
	int64_t *ring = transit->rings;
	uint32_t first = 0, i;

	transit->input_count = (uint32_t)conf->point_count;
	transit->device_count = (uint32_t)conf->device_count;
	for (i = 0; i < transit->device_count; i++)
		device_init(&transit->devices[i], &conf->devices[i]);
	for (i = 0; i < transit->input_count; i++) {
		const struct point_conf *point = &conf->points[i];
		struct device *device = &transit->devices[point->device];

		point_init(&transit->points[i], point, point->chatter_edges ? ring : NULL);
		input_init(&transit->inputs[i], &transit->points[i], device);
		ring += point->chatter_edges;
		device->point_count++;
	}
	for (i = 0; i < transit->device_count; i++) {
		transit->devices[i].first_point = first;
		first += transit->devices[i].point_count;
		transit->devices[i].point_count = 0;
	}
	for (i = 0; i < transit->input_count; i++) {
		struct device *device = transit->inputs[i].device;

		transit->device_points[device->first_point + device->point_count++] = i;
	}
}

static void add_slot(struct transit *transit, enum sensor_kind kind, struct sensor *sensor,
		     struct lane *lane)
{
	transit->slots[transit->slot_count++] =
		(struct sensor_slot){.kind = kind, .sensor = sensor, .lane = lane};
}

uint32_t transit_slot_of(const struct transit *transit, const struct lane *lane)
{
	uint32_t i = 0;

	while (transit->slots[i].sensor != &lane->sensor)
		i++;
	return i;
}

/* Whether it can tell one vehicle from the next. */
static bool has_passages(const struct lane_conf *conf)
{
	size_t i;

	if (!conf->passages)
		return false;
	if (conf->passages->presence != POINT_NONE)
		return true;
	for (i = 0; i < LANE_IDENTIFICATIONS; i++)
		if (conf->passages->identifications[i] != POINT_NONE)
			return true;
	for (i = 0; i < conf->barrier_count; i++)
		if (conf->barriers[i].presence != POINT_NONE)
			return true;
	for (i = 0; i < conf->seal_count; i++)
		if (conf->seals[i].id != POINT_NONE)
			return true;
	return false;
}

/* Its slot comes before those of its sensors. */
static struct lane *wire_passages(struct transit *transit, const struct lane_conf *conf,
				  size_t first_seal, size_t first_sensor)
{
	struct lane *lane = &transit->lanes[transit->lane_count++];

	lane->readers = &transit->readers[first_seal];
	lane->sensors = &transit->lane_sensors[first_sensor];
	lane_init(lane, conf, transit->points, &transit->site, &transit->teller);
	add_slot(transit, SENSOR_LANE, &lane->sensor, NULL);
	return lane;
}

static void wire_lane(struct transit *transit, const struct lane_conf *lane,
		      struct barrier **next_barrier, struct seal **next_seal)
{
	size_t first_seal = (size_t)(*next_seal - transit->seals);
	size_t first_sensor = first_seal + (size_t)(*next_barrier - transit->barriers);
	struct lane *passages =
		has_passages(lane) ? wire_passages(transit, lane, first_seal, first_sensor) : NULL;
	size_t i;

	for (i = 0; i < lane->barrier_count; i++) {
		struct barrier *barrier = (*next_barrier)++;

		barrier_init(barrier, &lane->barriers[i], lane->name, transit->points);
		add_slot(transit, SENSOR_BARRIER, &barrier->sensor, passages);
		if (passages)
			lane_add_barrier(passages, barrier);
	}
	for (i = 0; i < lane->seal_count; i++) {
		struct seal *seal = (*next_seal)++;

		seal_init(seal, &lane->seals[i], lane->name, transit->points,
			  &transit->seal_memory);
		add_slot(transit, SENSOR_SEAL, &seal->sensor, passages);
		if (passages)
			lane_add_seal(passages, seal);
	}
}

static void wire_sensors(struct transit *transit, const struct transit_conf *conf)
{
	struct barrier *barrier = transit->barriers;
	struct seal *seal = transit->seals;
	size_t i;

	for (i = 0; i < conf->lane_count; i++)
		wire_lane(transit, &conf->lanes[i], &barrier, &seal);
	for (i = 0; i < conf->meter_count; i++) {
		struct meter *meter = &transit->meters[i];

		meter_init(meter, &conf->meters[i], transit->points);
		add_slot(transit, SENSOR_METER, &meter->sensor, NULL);
	}
}

size_t slot_inputs(const struct sensor_slot *slot, const struct point *ret_points[SLOT_INPUTS_MAX])
{
	const struct barrier *barrier = (const struct barrier *)slot->sensor;
	const struct seal *seal = (const struct seal *)slot->sensor;
	const struct lane *lane = (const struct lane *)slot->sensor;
	size_t i;

	switch (slot->kind) {
	case SENSOR_BARRIER:
		ret_points[0] = barrier->status;
		ret_points[1] = barrier->closed_limit;
		ret_points[2] = barrier->open_limit;
		ret_points[3] = barrier->presence;
		ret_points[4] = barrier->passed;
		ret_points[5] = barrier->arm_broken;
		ret_points[6] = barrier->presence_fault;
		return 7;
	case SENSOR_SEAL:
		for (i = 0; i < SEAL_INPUT_COUNT; i++)
			ret_points[i] = seal->inputs[i];
		return SEAL_INPUT_COUNT;
	case SENSOR_LANE:
		ret_points[0] = lane->presence;
		for (i = 0; i < LANE_IDENTIFICATIONS; i++)
			ret_points[1 + i] = lane->identifications[i];
		return 1 + LANE_IDENTIFICATIONS;
	case SENSOR_METER:
		break;
	}
	ret_points[0] = ((const struct meter *)slot->sensor)->value;
	return 1;
}

/* call for each pair of a sensor and a point of it. */
static void for_each_use(struct transit *transit,
			 void (*call)(struct transit *, struct input *, uint32_t slot))
{
	const struct point *points[SLOT_INPUTS_MAX];
	size_t count, k;
	uint32_t i;

	for (i = 0; i < transit->slot_count; i++) {
		count = slot_inputs(&transit->slots[i], points);
		for (k = 0; k < count; k++)
			if (points[k])
				call(transit, &transit->inputs[points[k] - transit->points], i);
	}
}

static void count_use(struct transit *transit, struct input *input, uint32_t slot)
{
	(void)transit;
	(void)slot;
	input->user_count++;
}

static void add_use(struct transit *transit, struct input *input, uint32_t slot)
{
	transit->users[input->first_user + input->user_count++] = slot;
}

static int wire_users(struct transit *transit)
{
	uint32_t total = 0, i;

	for_each_use(transit, count_use);
	for (i = 0; i < transit->input_count; i++) {
		transit->inputs[i].first_user = total;
		total += transit->inputs[i].user_count;
		transit->inputs[i].user_count = 0;
	}
	transit->users = calloc(at_least_one(total), sizeof(*transit->users));
	if (!transit->users)
		return -ENOMEM;
	for_each_use(transit, add_use);
	return 0;
}

int transit_wire(struct transit *transit, const struct transit_conf *conf)
{
	int rc = allocate(transit, conf);

	if (rc < 0)
		return rc;
	transit->site = (struct lane_site){
		.boot = conf->boot,
		.country = conf->country,
		.own_benefits = conf->own_benefits,
		.desk = conf->desk,
		.memory = &transit->seal_memory,
		.data = conf->closed_data,
		.closed = conf->passage_closed,
	};
	if (conf->checkpoint) {
		rc = ledger_new(conf, &transit->teller, &transit->ledger);
		if (rc < 0)
			return rc;
	}
	transit->site.ledger = transit->ledger;
	transit->seal_memory.boot = conf->boot;
	wire_points(transit, conf);
	wire_sensors(transit, conf);
	return wire_users(transit);
}

void transit_unwire(struct transit *transit)
{
	uint32_t i;

	for (i = 0; i < transit->lane_count; i++)
		lane_free(&transit->lanes[i]);
	ledger_free(transit->ledger);
	wake_fini(&transit->wake);
	free(transit->queue);
	free(transit->rings);
	free(transit->users);
	free(transit->slots);
	free(transit->lanes);
	free(transit->readers);
	free(transit->lane_sensors);
	free(transit->meters);
	free(transit->seals);
	free(transit->barriers);
	free(transit->device_points);
	free(transit->devices);
	free(transit->inputs);
	free(transit->points);
}
