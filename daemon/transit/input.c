#include "input.h"

#include "transit.h"

#define FAULT_HOLD_NS INT64_C(1000000000)

void device_init(struct device *device, const struct transit_device *conf)
{
	*device = (struct device){
		.conf = conf,
		.down = {.event = EVENT_DEVICE_DOWN},
		.good_mono_ns = INT64_MIN,
	};
}

void input_init(struct input *input, struct point *point, struct device *device)
{
	*input = (struct input){
		.point = point,
		.device = device,
		.chatter = {.event = EVENT_INPUT_CHATTER},
		.fault = {.event = EVENT_INPUT_FAULT},
		.fault_mono_ns = INT64_MAX,
		.fault_due_ns = INT64_MAX,
	};
}

static struct json *begin(const struct input *input, struct teller *teller, int64_t at_mono_ns)
{
	struct json *json = tell_begin(teller, NULL, at_mono_ns);

	json_text(json, "point", input->point->conf->name);
	json_text(json, "device", input->device->conf->name);
	return json;
}

static struct json *begin_alarm(struct input *input, struct teller *teller, struct alarm *alarm,
				bool raised, int64_t at_mono_ns)
{
	struct json *json = begin(input, teller, at_mono_ns);

	alarm->raised = raised;
	tell_alarm(json, alarm, at_mono_ns);
	alarm->since_mono_ns = at_mono_ns;
	return json;
}

static void tell_chatter(struct input *input, struct teller *teller, bool raised)
{
	const struct point *point = input->point;
	struct json *json;

	if (input->chatter.raised == raised)
		return;
	json = begin_alarm(input, teller, &input->chatter, raised, point->chatter_mono_ns);
	if (!raised) {
		json_open(json, "observed");
		json_uint(json, "edges", point_chatter_edges(point));
		json_close(json);
	}
	tell_end(teller, EVENT_INPUT_CHATTER, NULL);
}

static bool reason_is_its_own(enum reason reason)
{
	switch (reason) {
	case REASON_REFUSED:
	case REASON_DEVICE_ERROR:
	case REASON_OUT_OF_RANGE:
	case REASON_LINE_GONE:
	case REASON_LINE_BUSY:
		return true;
	default:
		return false;
	}
}

static void raise_fault(struct input *input, struct teller *teller, int64_t now_mono_ns)
{
	const struct device *device = input->device;
	struct json *json;

	if (input->fault.raised || now_mono_ns - input->fault_mono_ns < FAULT_HOLD_NS ||
	    device->down.raised)
		return;
	if (!reason_is_its_own(input->point->input_reason) &&
	    device->good_mono_ns < input->fault_mono_ns)
		return;
	json = begin_alarm(input, teller, &input->fault, true, input->fault_mono_ns);
	json_text(json, "reason", reason_name(input->point->input_reason));
	tell_end(teller, EVENT_INPUT_FAULT, NULL);
}

static void clear_fault(struct input *input, struct teller *teller, int64_t at_mono_ns)
{
	input->fault_mono_ns = INT64_MAX;
	input->fault_due_ns = INT64_MAX;
	if (!input->fault.raised)
		return;
	(void)begin_alarm(input, teller, &input->fault, false, at_mono_ns);
	tell_end(teller, EVENT_INPUT_FAULT, NULL);
}

void input_tell(struct input *input, struct teller *teller, unsigned effects, int64_t at_mono_ns)
{
	const struct point *point = input->point;

	if (at_mono_ns >= input->fault_due_ns)
		input->fault_due_ns = INT64_MAX;
	if (effects & POINT_CHATTER_RAISED)
		tell_chatter(input, teller, true);
	if (effects & POINT_CHATTER_CLEARED)
		tell_chatter(input, teller, false);
	if (point->input_quality == QUALITY_GOOD) {
		if (point->seen_mono_ns > input->device->good_mono_ns)
			input->device->good_mono_ns = point->seen_mono_ns;
		clear_fault(input, teller, point->seen_mono_ns);
	} else if (point->input_quality == QUALITY_FAULT) {
		if (input->fault_mono_ns == INT64_MAX) {
			input->fault_mono_ns = at_mono_ns;
			input->fault_due_ns = at_mono_ns + FAULT_HOLD_NS;
		}
		raise_fault(input, teller, at_mono_ns);
	} else {
		input->fault_mono_ns = INT64_MAX;
		input->fault_due_ns = INT64_MAX;
	}
}

void input_tell_lost_edges(struct input *input, struct teller *teller, uint32_t edges,
			   int64_t at_mono_ns)
{
	struct json *json = begin(input, teller, at_mono_ns);

	json_open(json, "observed");
	json_uint(json, "edges", edges);
	json_close(json);
	tell_end(teller, EVENT_INPUT_EDGES_LOST, NULL);
}

int64_t input_deadline(const struct input *input)
{
	int64_t point_mono_ns = point_deadline(input->point);

	return input->fault_due_ns < point_mono_ns ? input->fault_due_ns : point_mono_ns;
}

void device_tell(struct device *device, struct teller *teller, const struct device_report *report)
{
	struct json *json;

	if (device->down.raised == !report->up)
		return;
	device->down.raised = !report->up;
	json = tell_begin(teller, NULL, report->at_mono_ns);
	json_text(json, "device", device->conf->name);
	if (device->conf->bus)
		json_text(json, "bus", device->conf->bus);
	tell_alarm(json, &device->down, report->at_mono_ns);
	device->down.since_mono_ns = report->at_mono_ns;
	if (!report->up) {
		json_text(json, "reason", reason_name(report->reason));
		json_text(json, "detail", report->detail);
	}
	tell_end(teller, EVENT_DEVICE_DOWN, NULL);
}

void input_device_up(struct input *input, int64_t at_mono_ns)
{
	if (input->fault_mono_ns == INT64_MAX || input->fault.raised)
		return;
	input->fault_mono_ns = at_mono_ns;
	input->fault_due_ns = at_mono_ns + FAULT_HOLD_NS;
}
