#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transit/private.h"

static size_t at_least_one(size_t count)
{
	return count ? count : 1;
}

/* ---- room ---------------------------------------------------------------------------- */

static size_t count_units(const struct transit_conf *conf)
{
	return conf->lane_count + conf->contact_count + conf->meter_count;
}

static size_t count_slots(const struct transit_conf *conf)
{
	size_t count = conf->contact_count + conf->meter_count;

	for (size_t i = 0; i < conf->lane_count; i++)
		count += conf->lanes[i].barrier_count + conf->lanes[i].seal_count +
			 conf->lanes[i].contact_count + (conf->lanes[i].passages ? 1 : 0);
	return count;
}

static int make_tables(struct transit *next, const struct transit_conf *conf)
{
	size_t slots = count_slots(conf);

	next->points = calloc(at_least_one(conf->point_count), sizeof(struct wired_point *));
	next->table = calloc(at_least_one(conf->point_count), sizeof(struct point *));
	next->devices = calloc(at_least_one(conf->device_count), sizeof(struct device *));
	next->device_points = calloc(at_least_one(conf->point_count), sizeof(*next->device_points));
	next->lanes = calloc(at_least_one(conf->lane_count), sizeof(struct lane *));
	next->slots = calloc(at_least_one(slots), sizeof(*next->slots));
	next->units = calloc(at_least_one(count_units(conf)), sizeof(*next->units));
	next->queue = calloc(at_least_one(slots), sizeof(*next->queue));
	if (!next->points || !next->table || !next->devices || !next->device_points ||
	    !next->lanes || !next->slots || !next->units || !next->queue)
		return -ENOMEM;
	return wake_init(&next->wake,
			 (uint32_t)(conf->point_count + slots + 1)); /* the checkpoint's */
}

static void free_slot(const struct sensor_slot *slot)
{
	struct lane *lane = (struct lane *)slot->sensor;

	if (lane && slot->kind == SENSOR_LANE) {
		lane_free(lane);
		free(lane->readers);
		free(lane->sensors);
	}
	free(slot->sensor);
}

/* With what is in them. */
static void free_tables(struct transit *transit)
{
	for (uint32_t i = 0; i < transit->slot_count; i++)
		free_slot(&transit->slots[i]);
	for (uint32_t i = 0; i < transit->device_count; i++)
		free(transit->devices[i]);
	for (uint32_t i = 0; i < transit->input_count; i++)
		free(transit->points[i]);
	wake_fini(&transit->wake);
	free(transit->queue);
	free(transit->users);
	free(transit->units);
	free(transit->slots);
	free(transit->lanes);
	free(transit->device_points);
	free(transit->devices);
	free(transit->table);
	free(transit->points);
}

/* ---- points and devices -------------------------------------------------------------- */

static uint32_t old_of(const uint32_t *kept, uint32_t i)
{
	return kept ? kept[i] : TRANSIT_NEW;
}

static int make_devices(struct transit *next, const struct transit *transit,
			const struct transit_conf *conf, const struct transit_kept *kept)
{
	for (uint32_t i = 0; i < conf->device_count; i++) {
		uint32_t old = old_of(kept->devices, i);
		struct device *device =
			old == TRANSIT_NEW ? malloc(sizeof(*device)) : transit->devices[old];

		if (!device)
			return -ENOMEM;
		if (old == TRANSIT_NEW)
			device_init(device, &conf->devices[i]);
		next->devices[next->device_count++] = device;
	}
	return 0;
}

static struct wired_point *make_point(const struct point_conf *conf, struct device *device)
{
	size_t edges = conf->chatter_edges;
	struct wired_point *point = calloc(1, sizeof(*point) + edges * sizeof(point->ring[0]));

	if (!point)
		return NULL;
	point_init(&point->point, conf, edges ? point->ring : NULL);
	input_init(&point->input, &point->point, device);
	return point;
}

static int make_points(struct transit *next, const struct transit *transit,
		       const struct transit_conf *conf, const struct transit_kept *kept)
{
	for (uint32_t i = 0; i < conf->point_count; i++) {
		uint32_t old = old_of(kept->points, i);
		struct wired_point *point =
			old == TRANSIT_NEW ? make_point(&conf->points[i],
							next->devices[conf->points[i].device])
					   : transit->points[old];

		if (!point)
			return -ENOMEM;
		next->points[next->input_count++] = point;
		next->table[i] = &point->point;
	}
	return 0;
}

/* ---- sensors ------------------------------------------------------------------------- */

/* NULL: no memory. */
static void *add_slot(struct transit *next, enum sensor_kind kind, size_t bytes, struct lane *lane)
{
	struct sensor *sensor = calloc(1, bytes);

	if (sensor)
		next->slots[next->slot_count++] =
			(struct sensor_slot){.kind = kind, .sensor = sensor, .lane = lane};
	return sensor;
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
static int make_passages(struct transit *next, struct transit *home, const struct lane_conf *conf,
			 struct lane **ret_lane)
{
	size_t sensors = conf->barrier_count + conf->seal_count + conf->contact_count;
	struct lane *lane = add_slot(next, SENSOR_LANE, sizeof(*lane), NULL);

	if (!lane)
		return -ENOMEM;
	lane->readers = calloc(at_least_one(conf->seal_count), sizeof(*lane->readers));
	lane->sensors = calloc(at_least_one(sensors), sizeof(struct sensor *));
	if (!lane->readers || !lane->sensors)
		return -ENOMEM;
	lane_init(lane, conf, next->table, &home->site, &home->teller);
	*ret_lane = lane;
	return 0;
}

static int make_contact(struct transit *next, const struct contact_conf *conf, const char *name,
			struct lane *lane)
{
	struct contact *contact = add_slot(next, SENSOR_CONTACT, sizeof(*contact), NULL);

	if (!contact)
		return -ENOMEM;
	contact_init(contact, conf, name, next->table);
	if (lane)
		lane_add_contact(lane, contact);
	return 0;
}

static int make_barrier(struct transit *next, const struct barrier_conf *conf, const char *name,
			struct lane *lane)
{
	struct barrier *barrier = add_slot(next, SENSOR_BARRIER, sizeof(*barrier), lane);

	if (!barrier)
		return -ENOMEM;
	barrier_init(barrier, conf, name, next->table);
	if (lane)
		lane_add_barrier(lane, barrier);
	return 0;
}

static int make_seal(struct transit *next, struct transit *home, const struct seal_conf *conf,
		     const char *name, struct lane *lane)
{
	struct seal *seal = add_slot(next, SENSOR_SEAL, sizeof(*seal), lane);

	if (!seal)
		return -ENOMEM;
	seal_init(seal, conf, name, next->table, &home->seal_memory);
	if (lane)
		lane_add_seal(lane, seal);
	return 0;
}

static int make_lane(struct transit *next, struct transit *home, const struct lane_conf *conf)
{
	struct lane *lane = NULL;
	int err = has_passages(conf) ? make_passages(next, home, conf, &lane) : 0;

	for (size_t i = 0; err == 0 && i < conf->barrier_count; i++)
		err = make_barrier(next, &conf->barriers[i], conf->name, lane);
	for (size_t i = 0; err == 0 && i < conf->seal_count; i++)
		err = make_seal(next, home, &conf->seals[i], conf->name, lane);
	for (size_t i = 0; err == 0 && i < conf->contact_count; i++)
		err = make_contact(next, &conf->contacts[i], conf->name, lane);
	return err;
}

static int make_meter(struct transit *next, const struct meter_conf *conf)
{
	struct meter *meter = add_slot(next, SENSOR_METER, sizeof(*meter), NULL);

	if (!meter)
		return -ENOMEM;
	meter_init(meter, conf, next->table);
	return 0;
}

static int make_unit(struct transit *next, struct transit *home, const struct transit_conf *conf,
		     size_t i, const void **ret_conf)
{
	size_t contact = i - conf->lane_count, meter = contact - conf->contact_count;

	if (i < conf->lane_count) {
		*ret_conf = &conf->lanes[i];
		return make_lane(next, home, &conf->lanes[i]);
	}
	if (contact < conf->contact_count) {
		*ret_conf = &conf->contacts[contact];
		return make_contact(next, &conf->contacts[contact], NULL, NULL);
	}
	*ret_conf = &conf->meters[meter];
	return make_meter(next, &conf->meters[meter]);
}

static void take_unit(struct transit *next, const struct transit *transit, uint32_t old,
		      const void **ret_conf)
{
	const struct sensor_unit *unit = &transit->units[old];

	*ret_conf = unit->conf;
	memcpy(&next->slots[next->slot_count], &transit->slots[unit->first],
	       unit->count * sizeof(next->slots[0]));
	next->slot_count += unit->count;
}

static int make_units(struct transit *next, struct transit *home, const struct transit_conf *conf,
		      const struct transit_kept *kept)
{
	size_t count = count_units(conf);
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < count; i++) {
		struct sensor_unit *unit = &next->units[next->unit_count++];

		unit->first = next->slot_count;
		if (old_of(kept->units, i) == TRANSIT_NEW)
			err = make_unit(next, home, conf, i, &unit->conf);
		else
			take_unit(next, home, kept->units[i], &unit->conf);
		unit->count = next->slot_count - unit->first;
	}
	for (uint32_t i = 0; i < next->slot_count; i++)
		if (next->slots[i].kind == SENSOR_LANE)
			next->lanes[next->lane_count++] = (struct lane *)next->slots[i].sensor;
	return err;
}

/* ---- connections --------------------------------------------------------------------- */

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

static int make_users(struct transit *next)
{
	const struct point *points[SLOT_INPUTS_MAX];
	size_t total = 0;

	for (uint32_t i = 0; i < next->slot_count; i++) {
		size_t count = slot_inputs(&next->slots[i], points);

		for (size_t k = 0; k < count; k++)
			total += points[k] != NULL;
	}
	next->users = calloc(at_least_one(total), sizeof(*next->users));
	return next->users ? 0 : -ENOMEM;
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
				call(transit, input_at(transit, input_of(points[k])->index), i);
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

static void connect_users(struct transit *transit)
{
	uint32_t total = 0;

	for_each_use(transit, count_use);
	for (uint32_t i = 0; i < transit->input_count; i++) {
		input_at(transit, i)->first_user = total;
		total += input_at(transit, i)->user_count;
		input_at(transit, i)->user_count = 0;
	}
	for_each_use(transit, add_use);
}

static void connect_devices(struct transit *transit)
{
	uint32_t first = 0;

	for (uint32_t i = 0; i < transit->device_count; i++) {
		transit->devices[i]->first_point = first;
		first += transit->devices[i]->point_count;
		transit->devices[i]->point_count = 0;
	}
	for (uint32_t i = 0; i < transit->input_count; i++) {
		struct device *device = input_at(transit, i)->device;

		transit->device_points[device->first_point + device->point_count++] = i;
	}
}

/* Nothing of it fails. */
static void connect_all(struct transit *transit)
{
	for (uint32_t i = 0; i < transit->device_count; i++)
		transit->devices[i]->point_count = 0;
	for (uint32_t i = 0; i < transit->input_count; i++) {
		struct input *input = input_at(transit, i);

		input->index = i;
		input->user_count = 0;
		input->device->point_count++;
	}
	connect_devices(transit);
	connect_users(transit);
}

/* ---- whole --------------------------------------------------------------------------- */

/* What was taken over belongs to the other one. */
void transit_abandon(struct transit *next, const struct transit_kept *kept)
{
	for (uint32_t i = 0; i < next->input_count; i++)
		if (old_of(kept->points, i) != TRANSIT_NEW)
			next->points[i] = NULL;
	for (uint32_t i = 0; i < next->device_count; i++)
		if (old_of(kept->devices, i) != TRANSIT_NEW)
			next->devices[i] = NULL;
	for (uint32_t i = 0; i < next->unit_count; i++)
		if (old_of(kept->units, i) != TRANSIT_NEW)
			for (uint32_t k = 0; k < next->units[i].count; k++)
				next->slots[next->units[i].first + k].sensor = NULL;
	free_tables(next);
	free(next);
}

/* The rest of a transit is large, and stays where it is. */
static void move_tables(struct transit *to, const struct transit *from)
{
	to->points = from->points;
	to->table = from->table;
	to->input_count = from->input_count;
	to->devices = from->devices;
	to->device_count = from->device_count;
	to->device_points = from->device_points;
	to->lanes = from->lanes;
	to->lane_count = from->lane_count;
	to->slots = from->slots;
	to->slot_count = from->slot_count;
	to->units = from->units;
	to->unit_count = from->unit_count;
	to->users = from->users;
	to->wake = from->wake;
	to->queue = from->queue;
	to->queued = from->queued;
}

int transit_wire(struct transit *transit, const struct transit_conf *conf,
		 const struct transit_kept *kept, struct transit **ret_next)
{
	struct transit *next = calloc(1, sizeof(*next));
	int err;

	if (!next)
		return -ENOMEM;
	err = make_tables(next, conf);
	if (err == 0)
		err = make_devices(next, transit, conf, kept);
	if (err == 0)
		err = make_points(next, transit, conf, kept);
	if (err == 0)
		err = make_units(next, transit, conf, kept);
	if (err == 0)
		err = make_users(next);
	if (err < 0)
		transit_abandon(next, kept);
	else
		*ret_next = next;
	return err;
}

void transit_replace(struct transit *transit, const struct transit_kept *kept, struct transit *next)
{
	for (uint32_t i = 0; i < next->input_count; i++)
		if (old_of(kept->points, i) != TRANSIT_NEW)
			transit->points[kept->points[i]] = NULL;
	for (uint32_t i = 0; i < next->device_count; i++)
		if (old_of(kept->devices, i) != TRANSIT_NEW)
			transit->devices[kept->devices[i]] = NULL;
	for (uint32_t i = 0; i < next->unit_count; i++) {
		const struct sensor_unit *unit;

		if (old_of(kept->units, i) == TRANSIT_NEW)
			continue;
		unit = &transit->units[kept->units[i]];
		for (uint32_t k = 0; k < unit->count; k++)
			transit->slots[unit->first + k].sensor = NULL;
	}
	free_tables(transit);
	move_tables(transit, next);
	free(next);
	connect_all(transit);
}

int transit_set_up(struct transit *transit, const struct transit_conf *conf)
{
	static const struct transit_kept nothing = {.units = NULL};
	const struct checkpoint_setup checkpoint = {
		.id = conf->checkpoint,
		.boot = conf->boot,
		.lanes = conf->lanes,
		.lane_count = conf->lane_count,
		.alarm_delay = conf->alarm_delay,
		.legs = conf->legs,
	};
	struct transit *wired;
	int err = reseals_init(&transit->reseals);

	if (err == 0)
		err = moves_init(&transit->moves);
	if (err == 0)
		err = seal_memory_init(&transit->seal_memory);
	if (err < 0)
		return err;
	transit->site = (struct lane_site){
		.boot = conf->boot,
		.country = conf->country,
		.policy = conf->policy,
		.questions = conf->questions,
		.memory = &transit->seal_memory,
		.reseals = &transit->reseals,
		.moves = &transit->moves,
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
	err = transit_wire(transit, conf, &nothing, &wired);
	if (err == 0)
		transit_replace(transit, &nothing, wired);
	return err;
}

void transit_tear_down(struct transit *transit)
{
	free_tables(transit);
	checkpoint_free(transit->checkpoint);
	seal_memory_fini(&transit->seal_memory);
	reseals_fini(&transit->reseals);
	moves_fini(&transit->moves);
}
