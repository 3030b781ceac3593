#include "transit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit_private.h"

int transit_new(const struct transit_conf *conf, const struct event_sink *sink,
		struct transit **ret_transit)
{
	struct transit *transit = calloc(1, sizeof(*transit));
	int rc;

	if (!transit)
		return -ENOMEM;
	transit->teller.sink = *sink;
	transit->instant_mono_ns = INT64_MIN;
	rc = transit_wire(transit, conf);
	if (rc < 0) {
		transit_free(transit);
		return rc;
	}
	*ret_transit = transit;
	return 0;
}

void transit_free(struct transit *transit)
{
	if (!transit)
		return;
	transit_unwire(transit);
	free(transit);
}

void transit_set_desk(struct transit *transit, const struct registry_desk *desk)
{
	transit->site.desk = *desk;
}

void transit_recall(struct transit *transit, const char *key, const char *text)
{
	uint32_t i;

	if (seal_memory_recall(&transit->seal_memory, key, text))
		return;
	if (transit->ledger)
		ledger_recall(transit->ledger, key, text);
	for (i = 0; i < transit->lane_count; i++)
		if (lane_recall(&transit->lanes[i], key, text))
			return;
}

void transit_restore(struct transit *transit, const char *state_key, const char *state_word)
{
	uint32_t i;

	if (strspn(state_word, "abcdefghijklmnopqrstuvwxyz") != strlen(state_word))
		return;
	for (i = 0; i < transit->slot_count; i++) {
		struct sensor *sensor = transit->slots[i].sensor;

		if (strcmp(sensor->key, state_key) == 0)
			snprintf(sensor->before_restart, sizeof(sensor->before_restart), "%s",
				 state_word);
	}
}

static void judge(const struct sensor_slot *slot, struct teller *teller)
{
	switch (slot->kind) {
	case SENSOR_BARRIER:
		barrier_judge((struct barrier *)slot->sensor, teller);
		break;
	case SENSOR_SEAL:
		seal_judge((struct seal *)slot->sensor, teller);
		break;
	case SENSOR_METER:
		meter_judge((struct meter *)slot->sensor, teller);
		break;
	case SENSOR_LANE:
		lane_judge((struct lane *)slot->sensor);
		break;
	}
}

static void tick_slot(const struct sensor_slot *slot, struct teller *teller, int64_t at_mono_ns)
{
	switch (slot->kind) {
	case SENSOR_BARRIER:
		barrier_tick((struct barrier *)slot->sensor, teller, at_mono_ns);
		break;
	case SENSOR_SEAL: /* nothing of a seal happens by itself: its points grow stale */
		break;
	case SENSOR_METER:
		meter_tick((struct meter *)slot->sensor, teller, at_mono_ns);
		break;
	case SENSOR_LANE:
		lane_tick((struct lane *)slot->sensor, at_mono_ns);
		break;
	}
}

static int64_t slot_deadline(const struct sensor_slot *slot)
{
	switch (slot->kind) {
	case SENSOR_BARRIER:
		return barrier_deadline((const struct barrier *)slot->sensor);
	case SENSOR_SEAL:
		return INT64_MAX;
	case SENSOR_METER:
		return meter_deadline((const struct meter *)slot->sensor);
	case SENSOR_LANE:
		return lane_deadline((const struct lane *)slot->sensor);
	}
	return INT64_MAX;
}

static uint32_t ledger_slot(const struct transit *transit)
{
	return transit->input_count + transit->slot_count;
}

static void arm_slot(struct transit *transit, uint32_t i)
{
	wake_set(&transit->wake, transit->input_count + i, slot_deadline(&transit->slots[i]));
	if (transit->ledger && ledger_moved(transit->ledger))
		wake_set(&transit->wake, ledger_slot(transit), ledger_deadline(transit->ledger));
}

static void arm_lane(struct transit *transit, const struct lane *lane)
{
	arm_slot(transit, transit_slot_of(transit, lane));
}

/* What it becomes is told under the passage of its lane. */
static void judge_in_lane(struct transit *transit, const struct sensor_slot *slot)
{
	if (slot->lane)
		lane_before(slot->lane, slot->sensor);
	judge(slot, &transit->teller);
	if (slot->lane) {
		lane_after(slot->lane, slot->sensor);
		arm_lane(transit, slot->lane);
	}
	seal_memory_keep(&transit->seal_memory, &transit->teller);
}

/* A device of the sensor is in the middle of a poll: half of its inputs are from before. */
static bool held(const struct transit *transit, const struct sensor_slot *slot)
{
	const struct point *points[SLOT_INPUTS_MAX];
	size_t count = slot_inputs(slot, points), i;

	for (i = 0; i < count; i++)
		if (points[i] && transit->devices[points[i]->conf->device].mid_poll)
			return true;
	return false;
}

/* Returns whether there was any that could be judged. */
static bool judge_queued(struct transit *transit)
{
	uint32_t count = transit->queued, i;

	transit->queued = 0;
	for (i = 0; i < count; i++) {
		uint32_t index = transit->queue[i];
		const struct sensor_slot *slot = &transit->slots[index];

		if (held(transit, slot)) {
			transit->queue[transit->queued++] = index;
			continue;
		}
		slot->sensor->queued = false;
		judge_in_lane(transit, slot);
		arm_slot(transit, index);
	}
	return transit->queued < count;
}

/* The sensors of an input have to be judged: all when it changed, else those that wait for
 * it to be read again. */
static void queue_users(struct transit *transit, const struct input *input, bool changed)
{
	uint32_t i;

	for (i = 0; i < input->user_count; i++) {
		uint32_t slot = transit->users[input->first_user + i];
		struct sensor *sensor = transit->slots[slot].sensor;

		sensor->touched |= changed;
		if (sensor->queued || !(changed || sensor->waiting))
			continue;
		sensor->queued = true;
		transit->queue[transit->queued++] = slot;
	}
}

static void take_effects(struct transit *transit, struct input *input, unsigned effects,
			 int64_t at_mono_ns)
{
	input_tell(input, &transit->teller, effects, at_mono_ns);
	queue_users(transit, input, effects & POINT_CHANGED);
	wake_set(&transit->wake, (uint32_t)(input - transit->inputs), input_deadline(input));
}

static void fire_input(struct transit *transit, uint32_t i, int64_t at_mono_ns)
{
	struct input *input = &transit->inputs[i];
	unsigned effects = point_tick(input->point, at_mono_ns);

	if (input->point->quality == QUALITY_STALE)
		input->device->mid_poll = false; /* what has not followed will not */
	take_effects(transit, input, effects, at_mono_ns);
}

static void fire_slot(struct transit *transit, uint32_t i, int64_t at_mono_ns)
{
	const struct sensor_slot *slot = &transit->slots[i];

	if (slot->sensor->queued) { /* to be judged when the poll is complete */
		wake_set(&transit->wake, transit->input_count + i, INT64_MAX);
		return;
	}
	tick_slot(slot, &transit->teller, at_mono_ns);
	if (slot->lane) {
		lane_after(slot->lane, slot->sensor);
		arm_lane(transit, slot->lane);
	}
	seal_memory_keep(&transit->seal_memory, &transit->teller);
	arm_slot(transit, i);
}

static void fire_ledger(struct transit *transit, int64_t at_mono_ns)
{
	uint32_t i;

	for (i = 0; i < transit->lane_count; i++)
		ledger_count_open(transit->ledger, &transit->lanes[i]);
	ledger_tick(transit->ledger, at_mono_ns);
	wake_set(&transit->wake, ledger_slot(transit), ledger_deadline(transit->ledger));
}

/* All that happens by itself until then, in the order of its time: the points of an instant,
 * then what the sensors make of them, then the sensors' own deadlines, then the ledger's. */
static void advance(struct transit *transit, int64_t until_mono_ns)
{
	for (;;) {
		int64_t next_mono_ns = wake_next(&transit->wake);
		uint32_t first;

		if ((next_mono_ns > transit->instant_mono_ns ||
		     wake_first(&transit->wake) >= transit->input_count) &&
		    judge_queued(transit))
			continue;
		if (next_mono_ns > until_mono_ns || next_mono_ns == INT64_MAX)
			return;
		first = wake_first(&transit->wake);
		transit->instant_mono_ns = next_mono_ns;
		if (first < transit->input_count)
			fire_input(transit, first, next_mono_ns);
		else if (first < ledger_slot(transit))
			fire_slot(transit, first - transit->input_count, next_mono_ns);
		else
			fire_ledger(transit, next_mono_ns);
	}
}

/* What comes is of this moment. What was before it is over, but for what the clock has not
 * reached yet. */
static void move_to(struct transit *transit, int64_t at_mono_ns, const struct instant *now)
{
	int64_t before_mono_ns = (at_mono_ns < now->mono_ns ? at_mono_ns : now->mono_ns) - 1;

	transit->teller.now = *now;
	if (at_mono_ns == transit->instant_mono_ns)
		return;
	(void)judge_queued(transit);
	advance(transit, before_mono_ns);
	transit->instant_mono_ns = at_mono_ns;
}

void transit_start(struct transit *transit, const struct instant *now)
{
	uint32_t i;

	transit->teller.now = *now;
	if (transit->ledger) {
		ledger_start(transit->ledger);
		wake_set(&transit->wake, ledger_slot(transit), ledger_deadline(transit->ledger));
	}
	for (i = 0; i < transit->input_count; i++) {
		point_start(&transit->points[i], now->mono_ns);
		wake_set(&transit->wake, i, input_deadline(&transit->inputs[i]));
	}
	for (i = 0; i < transit->slot_count; i++) {
		const struct sensor_slot *slot = &transit->slots[i];

		if (slot->kind == SENSOR_LANE)
			lane_start((struct lane *)slot->sensor);
		else
			sensor_start(slot->sensor, &transit->teller);
		arm_slot(transit, i);
	}
}

void transit_reading(struct transit *transit, const struct reading *reading,
		     const struct instant *now)
{
	struct input *input = &transit->inputs[reading->point];
	unsigned effects;

	move_to(transit, reading->at_mono_ns, now);
	input->device->mid_poll = reading->more;
	if (reading->lost_edges)
		input_tell_lost_edges(input, &transit->teller, reading->lost_edges,
				      reading->at_mono_ns);
	effects = point_reading(input->point, reading);
	take_effects(transit, input, effects, reading->at_mono_ns);
}

void transit_device(struct transit *transit, const struct device_report *report,
		    const struct instant *now)
{
	struct device *device = &transit->devices[report->device];
	uint32_t i;

	move_to(transit, report->at_mono_ns, now);
	device->mid_poll = false;
	device_tell(device, &transit->teller, report);
	for (i = 0; i < device->point_count; i++) {
		struct input *input =
			&transit->inputs[transit->device_points[device->first_point + i]];
		unsigned effects = 0;

		if (report->up)
			input_device_up(input, report->at_mono_ns);
		else
			effects = point_fail(input->point, report->reason, report->at_mono_ns);
		take_effects(transit, input, effects, report->at_mono_ns);
	}
}

void transit_settle(struct transit *transit, const struct instant *now)
{
	transit->teller.now = *now;
	(void)judge_queued(transit);
	if (transit->ledger)
		ledger_keep(transit->ledger);
}

void transit_answer(struct transit *transit, struct registry_answer *answer,
		    const struct instant *now)
{
	uint32_t i;

	move_to(transit, now->mono_ns, now);
	(void)judge_queued(transit);
	for (i = 0; i < transit->lane_count; i++)
		if (lane_answer(&transit->lanes[i], answer)) {
			arm_lane(transit, &transit->lanes[i]);
			return;
		}
	registry_answer_free(answer); /* to a passage that is no more */
}

int transit_present(struct transit *transit, const char *lane, const struct officer_word *word,
		    const struct instant *now)
{
	uint32_t i;
	int rc = -ENOENT;

	move_to(transit, now->mono_ns, now);
	(void)judge_queued(transit);
	for (i = 0; i < transit->lane_count; i++)
		if (strcmp(transit->lanes[i].conf->name, lane) == 0) {
			rc = lane_present(&transit->lanes[i], word);
			arm_lane(transit, &transit->lanes[i]);
		}
	return rc;
}

bool transit_word_open(const struct transit *transit, const char *lane)
{
	uint32_t i;

	for (i = 0; i < transit->lane_count; i++)
		if (strcmp(transit->lanes[i].conf->name, lane) == 0)
			return lane_word_open(&transit->lanes[i]);
	return false;
}

int transit_acknowledge(struct transit *transit, const struct acknowledgement *by,
			const struct instant *now)
{
	int rc;

	if (!transit->ledger)
		return -ENOENT;
	move_to(transit, now->mono_ns, now);
	(void)judge_queued(transit);
	rc = ledger_acknowledge(transit->ledger, by);
	ledger_keep(transit->ledger);
	return rc;
}

static void arm_ledger(struct transit *transit)
{
	wake_set(&transit->wake, ledger_slot(transit), ledger_deadline(transit->ledger));
	ledger_keep(transit->ledger);
}

static bool has_legs(struct transit *transit, const struct instant *now)
{
	if (!transit->ledger || !ledger_has_legs(transit->ledger))
		return false;
	move_to(transit, now->mono_ns, now);
	(void)judge_queued(transit);
	return true;
}

enum legs_heard transit_announce(struct transit *transit, const struct handover *handover,
				 char ret_gave_way[IDENTIFIER_BYTES], const struct instant *now)
{
	enum legs_heard heard;

	ret_gave_way[0] = '\0';
	if (!has_legs(transit, now))
		return LEGS_ELSEWHERE;
	heard = ledger_announce(transit->ledger, handover, ret_gave_way);
	arm_ledger(transit);
	return heard;
}

void transit_take_back(struct transit *transit, const char *ucr, const struct instant *now)
{
	if (!has_legs(transit, now))
		return;
	ledger_take_back(transit->ledger, ucr);
	arm_ledger(transit);
}

void transit_connected(struct transit *transit, const struct instant *now)
{
	if (!has_legs(transit, now))
		return;
	ledger_connected(transit->ledger);
	arm_ledger(transit);
}

void transit_disconnected(struct transit *transit, const struct instant *now)
{
	if (!has_legs(transit, now))
		return;
	ledger_disconnected(transit->ledger);
	arm_ledger(transit);
}

int64_t transit_next_deadline(const struct transit *transit)
{
	return wake_next(&transit->wake);
}

void transit_tick(struct transit *transit, const struct instant *now)
{
	transit->teller.now = *now;
	(void)judge_queued(transit);
	advance(transit, now->mono_ns);
	if (transit->ledger)
		ledger_keep(transit->ledger);
}
