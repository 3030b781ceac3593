/* From one configuration to another, while readings come. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/private.h"

/* ---- what ends ------------------------------------------------------------------------- */

/* Whether the other transit has it, too. */
static bool goes_on(const struct sensor *sensor, const struct transit *next)
{
	for (uint32_t i = 0; i < next->slot_count; i++)
		if (next->slots[i].sensor == sensor)
			return true;
	return false;
}

static void end_sensor(struct transit *transit, struct sensor *sensor, int64_t now_mono_ns)
{
	for (size_t i = 0; i < sensor->alarm_count; i++)
		sensor_set_alarm(sensor, &transit->teller, i, false, NULL, now_mono_ns);
}

static void end_sensors(struct transit *transit, const struct transit *next, int64_t now_mono_ns)
{
	for (uint32_t i = 0; i < transit->slot_count; i++)
		if (!goes_on(transit->slots[i].sensor, next))
			end_sensor(transit, transit->slots[i].sensor, now_mono_ns);
}

static bool is_kept(const uint32_t *kept, size_t count, uint32_t old)
{
	for (size_t i = 0; i < count; i++)
		if (kept[i] == old)
			return true;
	return false;
}

static void end_inputs(struct transit *transit, const struct transit *next,
		       const struct transit_kept *kept, int64_t now_mono_ns)
{
	for (uint32_t i = 0; i < transit->input_count; i++)
		if (!is_kept(kept->points, next->input_count, i))
			input_end(input_at(transit, i), &transit->teller, now_mono_ns);
	for (uint32_t i = 0; i < transit->device_count; i++)
		if (!is_kept(kept->devices, next->device_count, i))
			device_end(transit->devices[i], &transit->teller, now_mono_ns);
}

/* ---- what goes on from the one before -------------------------------------------------- */

static void remember_word(struct sensor *sensor, const struct sensor *before)
{
	const char *word = before->judged ? before->verdict.word : before->before_restart;

	snprintf(sensor->before_restart, sizeof(sensor->before_restart), "%s", word);
}

static void remember_words(const struct transit *transit, struct transit *next,
			   const struct sensor_unit *unit)
{
	for (uint32_t i = 0; i < unit->count; i++) {
		struct sensor *sensor = next->slots[unit->first + i].sensor;

		for (uint32_t k = 0; k < transit->slot_count; k++)
			if (strcmp(transit->slots[k].sensor->key, sensor->key) == 0)
				remember_word(sensor, transit->slots[k].sensor);
	}
}

static void move_passages(const struct lane *before, struct lane *lane)
{
	char key[MEMORY_KEY_BYTES], text[MEMORY_TEXT_BYTES];

	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		if (before->passages[i].stage == STAGE_FREE)
			continue;
		lane_remember(before, i, key, text);
		(void)lane_recall(lane, key, text);
	}
}

static void remember_passages(const struct transit *transit, struct lane *lane)
{
	for (uint32_t i = 0; i < transit->lane_count; i++)
		if (strcmp(transit->lanes[i]->conf->name, lane->conf->name) == 0)
			move_passages(transit->lanes[i], lane);
}

static void remember(const struct transit *transit, struct transit *next,
		     const struct transit_kept *kept)
{
	for (uint32_t i = 0; i < next->unit_count; i++) {
		const struct sensor_unit *unit = &next->units[i];
		const struct sensor_slot *first = &next->slots[unit->first];

		if (kept->units[i] != TRANSIT_NEW)
			continue;
		remember_words(transit, next, unit);
		if (unit->count > 0 && first->kind == SENSOR_LANE)
			remember_passages(transit, (struct lane *)first->sensor);
	}
}

/* ---- what begins ----------------------------------------------------------------------- */

static void begin_inputs(struct transit *transit, const struct transit_kept *kept,
			 int64_t now_mono_ns)
{
	for (uint32_t i = 0; i < transit->input_count; i++) {
		struct input *input = input_at(transit, i);

		if (kept->points[i] == TRANSIT_NEW)
			point_start(input->point, now_mono_ns);
		wake_set(&transit->wake, i, input_deadline(input));
	}
}

/* Its inputs may be known already, and not be read again for long. */
static void begin_unit(struct transit *transit, const struct sensor_unit *unit)
{
	for (uint32_t i = unit->first; i < unit->first + unit->count; i++) {
		const struct sensor_slot *slot = &transit->slots[i];

		if (slot->kind == SENSOR_LANE)
			lane_start((struct lane *)slot->sensor);
		else
			sensor_start(slot->sensor, &transit->teller);
		slot->sensor->touched = true;
		transit_queue_slot(transit, i);
	}
}

static void begin(struct transit *transit, const struct transit_kept *kept, int64_t now_mono_ns)
{
	begin_inputs(transit, kept, now_mono_ns);
	for (uint32_t i = 0; i < transit->slot_count; i++) {
		bool queued = transit->slots[i].sensor->queued;

		transit->slots[i].sensor->queued = false;
		if (queued) /* its device is in the middle of a poll */
			transit_queue_slot(transit, i);
		transit_rearm_slot(transit, i);
	}
	for (uint32_t i = 0; i < transit->unit_count; i++)
		if (kept->units[i] == TRANSIT_NEW)
			begin_unit(transit, &transit->units[i]);
	if (transit->checkpoint)
		transit_rearm_checkpoint(transit);
}

int transit_rewire(struct transit *transit, const struct transit_conf *conf,
		   const struct transit_kept *kept, const struct instant *now)
{
	struct transit *next;
	int err;

	transit_advance_to_now(transit, now);
	err = transit_wire(transit, conf, kept, &next);
	if (err < 0)
		return err;
	if (transit->checkpoint)
		err = checkpoint_set_lanes(transit->checkpoint, conf->lanes, conf->lane_count);
	if (err < 0) {
		transit_abandon(next, kept);
		return err;
	}
	end_sensors(transit, next, now->mono_ns);
	end_inputs(transit, next, kept, now->mono_ns);
	remember(transit, next, kept);
	transit_replace(transit, kept, next);
	begin(transit, kept, now->mono_ns);
	return 0;
}

/* ---- what the old one is still needed for ---------------------------------------------- */

static bool is_in(const void *item, const void *items, size_t bytes)
{
	return (const char *)item >= (const char *)items &&
	       (const char *)item < (const char *)items + bytes;
}

bool transit_refers_to(const struct transit *transit, const struct transit_conf *conf)
{
	for (uint32_t i = 0; i < transit->device_count; i++)
		if (is_in(transit->devices[i]->conf, conf->devices,
			  conf->device_count * sizeof(conf->devices[0])))
			return true;
	for (uint32_t i = 0; i < transit->input_count; i++)
		if (is_in(transit->table[i]->conf, conf->points,
			  conf->point_count * sizeof(conf->points[0])))
			return true;
	for (uint32_t i = 0; i < transit->unit_count; i++) {
		const void *unit = transit->units[i].conf;

		if (is_in(unit, conf->lanes, conf->lane_count * sizeof(conf->lanes[0])) ||
		    is_in(unit, conf->contacts, conf->contact_count * sizeof(conf->contacts[0])) ||
		    is_in(unit, conf->meters, conf->meter_count * sizeof(conf->meters[0])))
			return true;
	}
	return false;
}
