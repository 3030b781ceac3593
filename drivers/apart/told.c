#include "apart/told.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apart/frames.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "mapper/conf.h"

#define LATE_NS (10 * NS_PER_S) /* a reading is older at most */

/* Of a point, in a moment that has not ended. */
struct held {
	enum { HELD_NOTHING, HELD_VALUE, HELD_FAULT, HELD_REFUSAL } what;
	struct value value;
	struct origin origin;
	int64_t at_mono_ns;
	enum reason reason;
	char words[APART_WORDS_BYTES];
};

int told_init(struct told *told, const struct driver_setup *setup)
{
	size_t most = 0;

	for (size_t i = 0; i < setup->device_count; i++)
		if (setup->devices[i].point_count > most)
			most = setup->devices[i].point_count;
	told->setup = setup;
	told->held_device = SIZE_MAX;
	told->held = calloc(most + 1, sizeof(*told->held));
	return told->held ? 0 : -ENOMEM;
}

void told_fini(struct told *told)
{
	free(told->held);
}

void told_begin(struct told *told)
{
	told->held_device = SIZE_MAX;
}

static bool is_point(const struct told *told, uint32_t device, uint32_t point)
{
	return device < told->setup->device_count &&
	       point < told->setup->devices[device].point_count;
}

/* The type that the configuration says, if it does. */
static bool has_type(const struct told *told, const struct apart_reading *frame,
		     const struct value *value)
{
	const struct driver_point *point =
		&told->setup->devices[frame->device].points[frame->point];
	const enum value_type type = map_shape(point->conf).type;

	return type == VALUE_NONE || type == value->type ||
	       (type == VALUE_INT && value->type == VALUE_UINT);
}

static int64_t time_of(int64_t at_mono_ns)
{
	const int64_t now_ns = clock_mono_ns();

	if (at_mono_ns > now_ns)
		return now_ns;
	return at_mono_ns < now_ns - LATE_NS ? now_ns - LATE_NS : at_mono_ns;
}

static int take_reading(struct told *told, const struct apart_reading *frame)
{
	const struct driver_host *host = &told->setup->host;
	const int64_t at_ns = time_of(frame->at_mono_ns);
	struct origin origin;
	struct value value;

	if (!is_point(told, frame->device, frame->point) || !apart_to_value(frame, &value) ||
	    !has_type(told, frame, &value) || !apart_to_origin(frame, &origin))
		return -EBADMSG;
	if (told->held_device == SIZE_MAX) {
		host->said(host->data, frame->device, frame->point, &value, at_ns, &origin);
		return 0;
	}
	if (told->held_device != frame->device)
		return -EBADMSG;
	told->held[frame->point] = (struct held){
		.what = HELD_VALUE, .value = value, .origin = origin, .at_mono_ns = at_ns};
	return 0;
}

/* Of one point. */
static void hand_over_fault(const struct told *told, size_t device, size_t point,
			    const struct held *held)
{
	const struct driver_host *host = &told->setup->host;

	if (held->what == HELD_REFUSAL)
		host->refuse(host->data, device, point, &held->value, held->words);
	else
		host->fault(host->data, device, point, held->reason, held->words);
}

static int take_point_fault(struct told *told, const struct apart_fault *frame)
{
	struct held held = {.what = HELD_FAULT, .reason = (enum reason)frame->reason};

	if (frame->raw) {
		held.what = HELD_REFUSAL;
		held.value = value_text(frame->raw);
	}
	snprintf(held.words, APART_WORDS_BYTES, "%s", frame->what);
	if (told->held_device == SIZE_MAX)
		hand_over_fault(told, frame->device, frame->point, &held);
	else if (told->held_device != frame->device)
		return -EBADMSG;
	else
		told->held[frame->point] = held;
	return 0;
}

static int take_fault(struct told *told, const struct apart_fault *frame)
{
	const struct driver_host *host = &told->setup->host;
	const bool all = frame->point == APART_ALL;

	if (!is_point(told, frame->device, all ? 0 : frame->point) ||
	    frame->reason == REASON_NONE || frame->reason >= REASON_COUNT)
		return -EBADMSG;
	if (frame->raw &&
	    (all || frame->reason != REASON_OUT_OF_RANGE || !utf8_is_printable(frame->raw)))
		return -EBADMSG;
	if (!all)
		return take_point_fault(told, frame);
	host->fault(host->data, frame->device, DRIVER_ALL, (enum reason)frame->reason, frame->what);
	return 0;
}

static void hand_over(struct told *told, size_t device, size_t point)
{
	const struct driver_host *host = &told->setup->host;
	struct held *held = &told->held[point];

	if (held->what == HELD_VALUE)
		host->said(host->data, device, point, &held->value, held->at_mono_ns,
			   &held->origin);
	else if (held->what != HELD_NOTHING)
		hand_over_fault(told, device, point, held);
	held->what = HELD_NOTHING;
}

/* What belongs to a moment is handed over when it has ended: a process may die within one. */
static int take_moment(struct told *told, const struct apart_moment *frame)
{
	const struct driver_host *host = &told->setup->host;
	const size_t device = frame->device;

	if (device >= told->setup->device_count)
		return -EBADMSG;
	if (frame->begins) {
		if (told->held_device != SIZE_MAX)
			return -EBADMSG;
		told->held_device = device;
		for (size_t i = 0; i < told->setup->devices[device].point_count; i++)
			told->held[i].what = HELD_NOTHING;
		return 0;
	}
	if (told->held_device != device)
		return -EBADMSG;
	told->held_device = SIZE_MAX;
	host->moment(host->data, device, true);
	for (size_t i = 0; i < told->setup->devices[device].point_count; i++)
		hand_over(told, device, i);
	host->moment(host->data, device, false);
	return 0;
}

static int take_say(const struct told *told, const struct apart_say *frame)
{
	const struct driver_host *host = &told->setup->host;

	(frame->loud ? host->tell : host->debug)(host->data, frame->what);
	return 0;
}

int told_take(struct told *told, const struct channel_message *message)
{
	union {
		struct apart_reading reading;
		struct apart_fault fault;
		struct apart_moment moment;
		struct apart_say say;
	} any;

	if (message->kind < APART_READING || form_read(apart_protocol.forms[message->kind],
						       message->bytes, message->count, &any) < 0)
		return -EBADMSG;
	switch (message->kind) {
	case APART_READING:
		return take_reading(told, &any.reading);
	case APART_FAULT:
		return take_fault(told, &any.fault);
	case APART_MOMENT:
		return take_moment(told, &any.moment);
	case APART_SAY:
		return take_say(told, &any.say);
	default:
		return 0; /* it lives */
	}
}
