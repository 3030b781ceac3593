#include <errno.h>
#include <stdlib.h>

#include "transit/private.h"

static size_t at_least_one(size_t count)
{
	return count ? count : 1;
}

static int allocate(struct transit *transit, const struct transit_conf *conf)
{
	size_t barriers = 0, seals = 0, contacts = conf->contact_count, lanes = 0, edges = 0, slots;

	for (size_t i = 0; i < conf->lane_count; i++) {
		barriers += conf->lanes[i].barrier_count;
		seals += conf->lanes[i].seal_count;
		contacts += conf->lanes[i].contact_count;
		lanes += conf->lanes[i].passages != NULL;
	}
	for (size_t i = 0; i < conf->point_count; i++)
		edges += conf->points[i].chatter_edges;
	slots = barriers + seals + contacts + lanes + conf->meter_count;
	transit->points = calloc(at_least_one(conf->point_count), sizeof(*transit->points));
	transit->inputs = calloc(at_least_one(conf->point_count), sizeof(*transit->inputs));
	transit->devices = calloc(at_least_one(conf->device_count), sizeof(*transit->devices));
	transit->device_points =
		calloc(at_least_one(conf->point_count), sizeof(*transit->device_points));
	transit->rings = calloc(at_least_one(edges), sizeof(*transit->rings));
	transit->barriers = calloc(at_least_one(barriers), sizeof(*transit->barriers));
	transit->seals = calloc(at_least_one(seals), sizeof(*transit->seals));
	transit->contacts = calloc(at_least_one(contacts), sizeof(*transit->contacts));
	transit->meters = calloc(at_least_one(conf->meter_count), sizeof(*transit->meters));
	transit->lanes = calloc(at_least_one(lanes), sizeof(*transit->lanes));
	transit->readers = calloc(at_least_one(seals), sizeof(*transit->readers));
	transit->lane_sensors =
		calloc(at_least_one(barriers + seals + contacts), sizeof(struct sensor *));
	transit->slots = calloc(at_least_one(slots), sizeof(*transit->slots));
	transit->queue = calloc(at_least_one(slots), sizeof(*transit->queue));
	if (!transit->points || !transit->inputs || !transit->devices || !transit->device_points ||
	    !transit->rings || !transit->barriers || !transit->seals || !transit->contacts ||
	    !transit->meters || !transit->lanes || !transit->readers || !transit->lane_sensors ||
	    !transit->slots || !transit->queue)
		return -ENOMEM;
	return wake_init(&transit->wake,
			 (uint32_t)(conf->point_count + slots + 1)); /* the checkpoint's */
}

static void wire_points(struct transit *transit, const struct transit_conf *conf)
{
	int64_t *ring = transit->rings;
	uint32_t first = 0;

	transit->input_count = (uint32_t)conf->point_count;
	transit->device_count = (uint32_t)conf->device_count;
	for (uint32_t i = 0; i < transit->device_count; i++)
		device_init(&transit->devices[i], &conf->devices[i]);
	for (uint32_t i = 0; i < transit->input_count; i++) {
		const struct point_conf *point = &conf->points[i];
		struct device *device = &transit->devices[point->device];

		point_init(&transit->points[i], point, point->chatter_edges ? ring : NULL);
		input_init(&transit->inputs[i], &transit->points[i], device);
		ring += point->chatter_edges;
		device->point_count++;
	}
	for (uint32_t i = 0; i < transit->device_count; i++) {
		transit->devices[i].first_point = first;
		first += transit->devices[i].point_count;
		transit->devices[i].point_count = 0;
	}
	for (uint32_t i = 0; i < transit->input_count; i++) {
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
	if (!conf->passages)
		return false;
	if (conf->passages->presence != POINT_NONE)
		return true;
	for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
		if (conf->passages->identifications[i] != POINT_NONE)
			return true;
	for (size_t i = 0; i < conf->barrier_count; i++)
		if (conf->barriers[i].presence != POINT_NONE)
			return true;
	for (size_t i = 0; i < conf->seal_count; i++)
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

/* How many of each were wired. */
struct wired {
	size_t barriers, seals, contacts;
};

static struct contact *wire_contact(struct transit *transit, const struct contact_conf *conf,
				    const char *lane, struct wired *wired)
{
	struct contact *contact = &transit->contacts[wired->contacts++];

	contact_init(contact, conf, lane, transit->points);
	add_slot(transit, SENSOR_CONTACT, &contact->sensor, NULL);
	return contact;
}

static void wire_lane(struct transit *transit, const struct lane_conf *lane, struct wired *wired)
{
	size_t first_seal = wired->seals;
	size_t first_sensor = wired->barriers + wired->seals + wired->contacts;
	struct lane *passages =
		has_passages(lane) ? wire_passages(transit, lane, first_seal, first_sensor) : NULL;

	for (size_t i = 0; i < lane->barrier_count; i++) {
		struct barrier *barrier = &transit->barriers[wired->barriers++];

		barrier_init(barrier, &lane->barriers[i], lane->name, transit->points);
		add_slot(transit, SENSOR_BARRIER, &barrier->sensor, passages);
		if (passages)
			lane_add_barrier(passages, barrier);
	}
	for (size_t i = 0; i < lane->seal_count; i++) {
		struct seal *seal = &transit->seals[wired->seals++];

		seal_init(seal, &lane->seals[i], lane->name, transit->points,
			  &transit->seal_memory);
		add_slot(transit, SENSOR_SEAL, &seal->sensor, passages);
		if (passages)
			lane_add_seal(passages, seal);
	}
	for (size_t i = 0; i < lane->contact_count; i++) {
		struct contact *contact =
			wire_contact(transit, &lane->contacts[i], lane->name, wired);

		if (passages)
			lane_add_contact(passages, contact);
	}
}

static void wire_sensors(struct transit *transit, const struct transit_conf *conf)
{
	struct wired wired = {0};

	for (size_t i = 0; i < conf->lane_count; i++)
		wire_lane(transit, &conf->lanes[i], &wired);
	for (size_t i = 0; i < conf->contact_count; i++)
		(void)wire_contact(transit, &conf->contacts[i], NULL, &wired);
	for (size_t i = 0; i < conf->meter_count; i++) {
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
		for (size_t i = 0; i < SEAL_INPUT_COUNT; i++)
			ret_points[i] = seal->inputs[i];
		return SEAL_INPUT_COUNT;
	case SENSOR_LANE:
		ret_points[0] = lane->presence;
		ret_points[1] = lane->queue_sensor;
		ret_points[2] = lane->scale;
		for (size_t i = 0; i < LANE_IDENTIFICATIONS; i++)
			ret_points[3 + i] = lane->identifications[i];
		return 3 + LANE_IDENTIFICATIONS;
	case SENSOR_CONTACT:
		ret_points[0] = ((const struct contact *)slot->sensor)->input;
		return 1;
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
	size_t count;

	for (uint32_t i = 0; i < transit->slot_count; i++) {
		count = slot_inputs(&transit->slots[i], points);
		for (size_t k = 0; k < count; k++)
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
	uint32_t total = 0;

	for_each_use(transit, count_use);
	for (uint32_t i = 0; i < transit->input_count; i++) {
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
	const struct checkpoint_setup checkpoint = {
		.id = conf->checkpoint,
		.lanes = conf->lanes,
		.lane_count = conf->lane_count,
		.alarm_delay = conf->alarm_delay,
		.legs = conf->legs,
	};
	int err = allocate(transit, conf);

	if (err == 0)
		err = reseals_init(&transit->reseals);
	if (err < 0)
		return err;
	transit->site = (struct lane_site){
		.boot = conf->boot,
		.country = conf->country,
		.policy = conf->policy,
		.questions = conf->questions,
		.memory = &transit->seal_memory,
		.reseals = &transit->reseals,
		.data = conf->data,
		.word_told = conf->word_told,
	};
	if (conf->checkpoint) {
		err = checkpoint_new(&checkpoint, &transit->teller, &transit->checkpoint);
		if (err < 0)
			return err;
		transit->site.listener = checkpoint_listener(transit->checkpoint);
	}
	transit->checkpoint_id = conf->checkpoint;
	transit->data = conf->data;
	transit->not_believed = conf->not_believed;
	transit->changed = conf->changed;
	transit->seal_memory.boot = conf->boot;
	transit->seal_memory.reseals = &transit->reseals;
	wire_points(transit, conf);
	wire_sensors(transit, conf);
	return wire_users(transit);
}

void transit_unwire(struct transit *transit)
{
	for (uint32_t i = 0; i < transit->lane_count; i++)
		lane_free(&transit->lanes[i]);
	checkpoint_free(transit->checkpoint);
	wake_fini(&transit->wake);
	reseals_fini(&transit->reseals);
	free(transit->queue);
	free(transit->rings);
	free(transit->users);
	free(transit->slots);
	free(transit->lanes);
	free(transit->readers);
	free(transit->lane_sensors);
	free(transit->meters);
	free(transit->contacts);
	free(transit->seals);
	free(transit->barriers);
	free(transit->device_points);
	free(transit->devices);
	free(transit->inputs);
	free(transit->points);
}
