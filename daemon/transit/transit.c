#include "transit/transit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/private.h"

#define NAME_AGAIN_NS (60 * NS_PER_S)

/* The way of each draft: teller, book of the checkpoint, sink. */
static void put(void *data, const struct event_draft *draft)
{
	struct transit *transit = data;
	struct event_draft booked = *draft;

	if (transit->checkpoint)
		checkpoint_book(transit->checkpoint, &booked);
	transit->sink.put(transit->sink.data, &booked);
}

int transit_new(const struct transit_conf *conf, const struct event_sink *sink,
		struct transit **ret_transit)
{
	struct transit *transit = calloc(1, sizeof(*transit));
	int err;

	if (!transit)
		return -ENOMEM;
	transit->sink = *sink;
	transit->teller.sink = (struct event_sink){.data = transit, .put = put};
	transit->instant_mono_ns = INT64_MIN;
	err = transit_set_up(transit, conf);
	if (err < 0) {
		transit_free(transit);
		return err;
	}
	*ret_transit = transit;
	return 0;
}

void transit_free(struct transit *transit)
{
	if (!transit)
		return;
	transit_tear_down(transit);
	free(transit);
}

void transit_set_questions(struct transit *transit, const struct registry_questions *questions)
{
	transit->site.questions = *questions;
}

void transit_recall(struct transit *transit, const char *key, const char *text)
{
	if (seal_memory_recall(&transit->seal_memory, key, text) ||
	    reseals_recall(&transit->reseals, key, text) ||
	    moves_recall(&transit->moves, key, text))
		return;
	if (transit->checkpoint)
		checkpoint_recall(transit->checkpoint, key, text);
	for (uint32_t i = 0; i < transit->lane_count; i++)
		if (lane_recall(transit->lanes[i], key, text))
			return;
}

void transit_restore(struct transit *transit, const char *state_key, const char *state_word)
{
	if (strspn(state_word, "abcdefghijklmnopqrstuvwxyz") != strlen(state_word))
		return;
	for (uint32_t i = 0; i < transit->slot_count; i++) {
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
	case SENSOR_CONTACT:
		contact_judge((struct contact *)slot->sensor, teller);
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
	case SENSOR_SEAL: /* judged with its lane */
	case SENSOR_CONTACT: /* waits for nothing */
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
		return seal_deadline((const struct seal *)slot->sensor);
	case SENSOR_CONTACT:
		break;
	case SENSOR_METER:
		return meter_deadline((const struct meter *)slot->sensor);
	case SENSOR_LANE:
		return lane_deadline((const struct lane *)slot->sensor);
	}
	return INT64_MAX;
}

static uint32_t checkpoint_slot(const struct transit *transit)
{
	return transit->input_count + transit->slot_count;
}

void transit_rearm_checkpoint(struct transit *transit)
{
	wake_set(&transit->wake, checkpoint_slot(transit),
		 checkpoint_deadline(transit->checkpoint));
}

void transit_rearm_slot(struct transit *transit, uint32_t i)
{
	wake_set(&transit->wake, transit->input_count + i, slot_deadline(&transit->slots[i]));
	if (transit->checkpoint && checkpoint_deadline_is_dirty(transit->checkpoint))
		transit_rearm_checkpoint(transit);
}

void transit_rearm_lane(struct transit *transit, const struct lane *lane)
{
	transit_rearm_slot(transit, transit_slot_of(transit, lane));
}

/* Its events are of the passage in its lane, which its inputs may open or close. */
static void judge_in_lane(struct transit *transit, const struct sensor_slot *slot, bool over)
{
	if (slot->kind == SENSOR_SEAL && seal_waits((struct seal *)slot->sensor, over))
		return;
	if (slot->lane)
		lane_sensor_will_judge(slot->lane, slot->sensor);
	judge(slot, &transit->teller);
	if (slot->lane) {
		lane_sensor_judged(slot->lane, slot->sensor);
		transit_rearm_lane(transit, slot->lane);
	}
	seal_memory_keep(&transit->seal_memory, &transit->teller);
}

/* A device of the sensor is in the middle of a poll: some of its inputs are from before. */
static bool is_mid_poll(const struct sensor_slot *slot)
{
	const struct point *points[SLOT_INPUTS_MAX];
	size_t count = slot_inputs(slot, points);

	for (size_t i = 0; i < count; i++)
		if (points[i] && input_of(points[i])->device->mid_poll)
			return true;
	return false;
}

/* false: there was none that could be judged. */
static bool judge_queued(struct transit *transit)
{
	uint32_t count = transit->queued;

	transit->queued = 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = transit->queue[i];
		const struct sensor_slot *slot = &transit->slots[index];

		if (is_mid_poll(slot)) {
			transit->queue[transit->queued++] = index;
			continue;
		}
		slot->sensor->queued = false;
		judge_in_lane(transit, slot, false);
		transit_rearm_slot(transit, index);
	}
	return transit->queued < count;
}

void transit_queue_slot(struct transit *transit, uint32_t slot)
{
	struct sensor *sensor = transit->slots[slot].sensor;

	if (sensor->queued)
		return;
	sensor->queued = true;
	transit->queue[transit->queued++] = slot;
}

/* The sensors of an input have to be judged: all when it changed, else those that wait for
 * it to be read again. */
static void queue_users(struct transit *transit, const struct input *input, bool changed)
{
	for (uint32_t i = 0; i < input->user_count; i++) {
		uint32_t slot = transit->users[input->first_user + i];
		struct sensor *sensor = transit->slots[slot].sensor;

		sensor->touched |= changed;
		if (changed || sensor->waiting)
			transit_queue_slot(transit, slot);
	}
}

static void take_effects(struct transit *transit, struct input *input, unsigned effects,
			 int64_t at_mono_ns)
{
	const struct point *point = input->point;

	if ((effects & POINT_CHANGED) && transit->changed)
		transit->changed(transit->data, point->conf->name, &point->value, point->reason);
	input_tell(input, &transit->teller, effects, at_mono_ns);
	queue_users(transit, input, effects & POINT_CHANGED);
	wake_set(&transit->wake, input->index, input_deadline(input));
}

static void fire_input(struct transit *transit, uint32_t i, int64_t at_mono_ns)
{
	struct input *input = input_at(transit, i);
	unsigned effects = point_tick(input->point, at_mono_ns);

	if (input->point->quality == QUALITY_STALE)
		input->device->mid_poll = false; /* the rest of the poll will not come */
	take_effects(transit, input, effects, at_mono_ns);
}

static void fire_slot(struct transit *transit, uint32_t i, int64_t at_mono_ns)
{
	const struct sensor_slot *slot = &transit->slots[i];

	if (slot->sensor->queued) { /* to be judged when the poll is complete */
		wake_set(&transit->wake, transit->input_count + i, INT64_MAX);
		return;
	}
	if (slot->kind == SENSOR_SEAL) {
		judge_in_lane(transit, slot, true);
		transit_rearm_slot(transit, i);
		return;
	}
	tick_slot(slot, &transit->teller, at_mono_ns);
	if (slot->lane) {
		lane_sensor_judged(slot->lane, slot->sensor);
		transit_rearm_lane(transit, slot->lane);
	}
	seal_memory_keep(&transit->seal_memory, &transit->teller);
	transit_rearm_slot(transit, i);
}

static void fire_checkpoint(struct transit *transit, int64_t at_mono_ns)
{
	for (uint32_t i = 0; i < transit->lane_count; i++)
		checkpoint_count_open(transit->checkpoint, transit->lanes[i]);
	checkpoint_tick(transit->checkpoint, at_mono_ns);
	checkpoint_ask(transit->checkpoint, &transit->site);
	transit_rearm_checkpoint(transit);
}

/* All that happens by itself until then, in the order of its time: the points of an instant,
 * then what the sensors make of them, then the sensors' own deadlines, then the checkpoint's. */
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
		else if (first < checkpoint_slot(transit))
			fire_slot(transit, first - transit->input_count, next_mono_ns);
		else
			fire_checkpoint(transit, next_mono_ns);
	}
}

/* What comes next is of this moment: all that was due before it is done, but for what the clock
 * has not reached yet. */
static void advance_to(struct transit *transit, int64_t at_mono_ns, const struct instant *now)
{
	int64_t before_mono_ns = (at_mono_ns < now->mono_ns ? at_mono_ns : now->mono_ns) - 1;

	transit->teller.now = *now;
	if (at_mono_ns == transit->instant_mono_ns)
		return;
	(void)judge_queued(transit);
	advance(transit, before_mono_ns);
	transit->instant_mono_ns = at_mono_ns;
}

/* What comes next is no reading: all that was read is judged, too. */
void transit_advance_to_now(struct transit *transit, const struct instant *now)
{
	advance_to(transit, now->mono_ns, now);
	(void)judge_queued(transit);
}

void transit_start(struct transit *transit, const struct instant *now)
{
	transit->teller.now = *now;
	if (transit->checkpoint) {
		checkpoint_start(transit->checkpoint);
		transit_rearm_checkpoint(transit);
	}
	for (uint32_t i = 0; i < transit->input_count; i++) {
		point_start(&transit->points[i]->point, now->mono_ns);
		wake_set(&transit->wake, i, input_deadline(input_at(transit, i)));
	}
	for (uint32_t i = 0; i < transit->slot_count; i++) {
		const struct sensor_slot *slot = &transit->slots[i];

		if (slot->kind == SENSOR_LANE)
			lane_start((struct lane *)slot->sensor);
		else
			sensor_start(slot->sensor, &transit->teller);
		transit_rearm_slot(transit, i);
	}
}

/* A number that flickers does not fill the log. */
static void name_refused(struct transit *transit, struct input *input)
{
	const struct point *point = input->point;

	if (point->refused.type == VALUE_NONE || !transit->not_believed ||
	    (input->refused_mono_ns != INT64_MIN &&
	     point->seen_mono_ns - input->refused_mono_ns < NAME_AGAIN_NS))
		return;
	input->refused_mono_ns = point->seen_mono_ns;
	transit->not_believed(transit->data, point->conf->name, &point->refused);
}

/* What is read of a device that flaps is no value, nor what else is read of one that is not as
 * expected, as one that has yet to boot. */
static struct reading believed(const struct input *input, const struct reading *reading)
{
	struct reading refused = *reading;

	/* What reports edges only would not be read again. */
	if (input->device->flaps && input->point->conf->stale_after_ns > 0 &&
	    reading->quality == QUALITY_GOOD) {
		refused.quality = QUALITY_FAULT;
		refused.reason = REASON_CHATTER;
	} else if (input->device->misfit && input->point->conf->expect_count == 0 &&
		   reading->quality == QUALITY_GOOD) {
		refused.quality = QUALITY_FAULT;
		refused.reason = REASON_OUT_OF_RANGE;
	}
	if (refused.quality != reading->quality)
		refused.value.type = VALUE_NONE; /* it is not the value that is wrong */
	return refused;
}

static void note_misfit(struct transit *transit, struct input *input, int64_t at_mono_ns)
{
	struct device *device = input->device;
	bool fits = input->point->input_reason != REASON_OUT_OF_RANGE;

	if (fits && device->misfit == input->point)
		device->misfit = NULL;
	if (fits || device->misfit)
		return;
	device->misfit = input->point;
	for (uint32_t i = 0; i < device->point_count; i++) {
		struct input *other =
			input_at(transit, transit->device_points[device->first_point + i]);

		take_effects(transit, other,
			     point_fail(other->point, REASON_OUT_OF_RANGE, at_mono_ns), at_mono_ns);
	}
}

void transit_reading(struct transit *transit, const struct reading *reading,
		     const struct instant *now)
{
	struct input *input = input_at(transit, reading->point);
	struct reading given;
	unsigned effects;

	advance_to(transit, reading->at_mono_ns, now);
	device_read(input->device, &transit->teller, reading->at_mono_ns);
	given = believed(input, reading);
	input->device->mid_poll = reading->more;
	if (reading->lost_edges)
		input_tell_lost_edges(input, &transit->teller, reading->lost_edges,
				      reading->at_mono_ns);
	effects = point_reading(input->point, &given);
	if ((effects & POINT_CHANGED) &&
	    reading->quality == QUALITY_GOOD) /* else the bus has said it */
		name_refused(transit, input);
	take_effects(transit, input, effects, reading->at_mono_ns);
	if (input->point->conf->expect_count > 0)
		note_misfit(transit, input, reading->at_mono_ns);
}

void transit_device(struct transit *transit, const struct device_report *report,
		    const struct instant *now)
{
	struct device *device = transit->devices[report->device];

	advance_to(transit, report->at_mono_ns, now);
	device->mid_poll = false;
	device_tell(device, &transit->teller, report);
	for (uint32_t i = 0; i < device->point_count; i++) {
		struct input *input =
			input_at(transit, transit->device_points[device->first_point + i]);
		unsigned effects = 0;

		if (report->up)
			input_device_up(input, report->at_mono_ns);
		else
			effects = point_fail(input->point, report->reason, report->at_mono_ns);
		take_effects(transit, input, effects, report->at_mono_ns);
	}
}

void transit_judge_pending(struct transit *transit, const struct instant *now)
{
	transit->teller.now = *now;
	(void)judge_queued(transit);
	if (transit->checkpoint)
		checkpoint_put_memories(transit->checkpoint);
}

void transit_answer(struct transit *transit, struct registry_answer *answer,
		    const struct instant *now)
{
	transit_advance_to_now(transit, now);
	for (uint32_t i = 0; i < transit->lane_count; i++)
		if (lane_answer(transit->lanes[i], answer)) {
			transit_rearm_lane(transit, transit->lanes[i]);
			return;
		}
	if (transit->checkpoint && checkpoint_answer(transit->checkpoint, answer)) {
		checkpoint_ask(transit->checkpoint, &transit->site);
		transit_rearm_checkpoint(transit);
		checkpoint_put_memories(transit->checkpoint);
	}
	registry_answer_free(answer); /* else its passage has been dropped */
}

void transit_registry_changed(struct transit *transit, const struct instant *now)
{
	if (!transit->checkpoint)
		return;
	transit_advance_to_now(transit, now);
	checkpoint_registry_changed(transit->checkpoint);
	checkpoint_ask(transit->checkpoint, &transit->site);
	transit_rearm_checkpoint(transit);
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
	if (!transit->checkpoint)
		return;
	checkpoint_ask(transit->checkpoint, &transit->site);
	checkpoint_put_memories(transit->checkpoint);
}
