#include "transit/sensor/input.h"

#define FAULT_HOLD_NS  NS_PER_S
#define FLAP_OUTAGES   3 /* so many within FLAP_WINDOW_NS are flapping */
#define FLAP_WINDOW_NS (60 * NS_PER_S)
#define FLAP_QUIET_NS  (30 * NS_PER_S)

void device_init(struct device *device, const struct transit_device *conf)
{
	*device = (struct device){
		.conf = conf,
		.down = {.event = EVENT_DEVICE_DOWN},
		.good_mono_ns = INT64_MIN,
		.flaps_mono_ns = INT64_MIN,
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
		.refused_mono_ns = INT64_MIN,
	};
}

static struct jw *begin(const struct input *input, struct teller *teller, int64_t at_mono_ns)
{
	struct jw *json = tell_begin(teller, NULL, at_mono_ns);

	jw_text(json, "point", input->point->conf->name);
	jw_text(json, "device", input->device->conf->name);
	return json;
}

static struct jw *begin_alarm(struct input *input, struct teller *teller, struct alarm *alarm,
			      bool raised, int64_t at_mono_ns)
{
	struct jw *json = begin(input, teller, at_mono_ns);

	alarm->raised = raised;
	alarm_tell(alarm, teller, at_mono_ns);
	alarm->since_mono_ns = at_mono_ns;
	return json;
}

static void tell_chatter(struct input *input, struct teller *teller, bool raised)
{
	const struct point *point = input->point;
	struct jw *json;

	if (input->chatter.raised == raised)
		return;
	json = begin_alarm(input, teller, &input->chatter, raised, point->chatter_mono_ns);
	if (!raised) {
		jw_open(json, "observed");
		jw_uint(json, "edges", point_chatter_edges(point));
		jw_close(json);
	}
	tell_end(teller, EVENT_INPUT_CHATTER);
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
	struct jw *json;

	if (input->fault.raised || input->point->chatter ||
	    now_mono_ns - input->fault_mono_ns < FAULT_HOLD_NS || device->down.raised ||
	    (device->misfit && device->misfit != input->point))
		return;
	if (!reason_is_its_own(input->point->input_reason) &&
	    device->good_mono_ns < input->fault_mono_ns)
		return;
	json = begin_alarm(input, teller, &input->fault, true, input->fault_mono_ns);
	jw_text(json, "reason", reason_name(input->point->input_reason));
	if (input->point->refused.type != VALUE_NONE)
		jw_value(json, "raw", &input->point->refused);
	tell_end(teller, EVENT_INPUT_FAULT);
}

static void clear_fault(struct input *input, struct teller *teller, int64_t at_mono_ns)
{
	input->fault_mono_ns = INT64_MAX;
	input->fault_due_ns = INT64_MAX;
	if (!input->fault.raised)
		return;
	(void)begin_alarm(input, teller, &input->fault, false, at_mono_ns);
	tell_end(teller, EVENT_INPUT_FAULT);
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
		if (!point->chatter) /* else it comes and goes */
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
	struct jw *json = begin(input, teller, at_mono_ns);

	jw_open(json, "observed");
	jw_uint(json, "edges", edges);
	jw_close(json);
	tell_end(teller, EVENT_INPUT_EDGES_LOST);
}

int64_t input_deadline(const struct input *input)
{
	return earlier_ns(input->fault_due_ns, point_deadline(input->point));
}

static void count_outage(struct device *device, int64_t at_mono_ns)
{
	bool recent = device->flaps_mono_ns != INT64_MIN &&
		      at_mono_ns - device->flaps_mono_ns <= FLAP_WINDOW_NS;

	if (!device->flaps && !recent) {
		device->flaps_mono_ns = at_mono_ns;
		device->outages = 0;
	}
	device->outages++;
	device->flaps |= device->outages >= FLAP_OUTAGES;
}

static struct jw *begin_down(struct device *device, struct teller *teller, bool raised,
			     int64_t at_mono_ns)
{
	struct jw *json = tell_begin(teller, NULL, at_mono_ns);

	device->down.raised = raised;
	jw_text(json, "device", device->conf->name);
	if (device->conf->bus)
		jw_text(json, "bus", device->conf->bus);
	alarm_tell(&device->down, teller, at_mono_ns);
	device->down.since_mono_ns = at_mono_ns;
	return json;
}

static void tell_down(struct device *device, struct teller *teller,
		      const struct device_report *report)
{
	struct jw *json = begin_down(device, teller, true, report->at_mono_ns);

	jw_text(json, "reason", reason_name(report->reason));
	jw_text(json, "detail", report->detail);
	if (device->flaps)
		jw_bool(json, "flapping", true);
	tell_end(teller, EVENT_DEVICE_DOWN);
}

static void tell_up(struct device *device, struct teller *teller, int64_t at_mono_ns)
{
	struct jw *json = begin_down(device, teller, false, at_mono_ns);

	if (device->flaps) {
		jw_open(json, "observed");
		jw_uint(json, "outages", device->outages);
		jw_close(json);
	}
	tell_end(teller, EVENT_DEVICE_DOWN);
}

void device_tell(struct device *device, struct teller *teller, const struct device_report *report)
{
	bool was_down = device->known && !device->last.up;

	device->known = true;
	device->last = *report;
	if (report->up) {
		device->up_mono_ns = report->at_mono_ns;
		if (device->down.raised && !device->flaps)
			tell_up(device, teller, report->at_mono_ns);
		return;
	}
	device->up_mono_ns = INT64_MAX;
	if (!was_down) /* else for another reason, or by another bus */
		count_outage(device, report->at_mono_ns);
	if (!device->down.raised)
		tell_down(device, teller, report);
}

void device_read(struct device *device, struct teller *teller, int64_t at_mono_ns)
{
	if (!device->flaps || device->up_mono_ns == INT64_MAX ||
	    at_mono_ns - device->up_mono_ns < FLAP_QUIET_NS)
		return;
	tell_up(device, teller, at_mono_ns);
	device->flaps = false;
	device->flaps_mono_ns = INT64_MIN;
}

void input_end(struct input *input, struct teller *teller, int64_t at_mono_ns)
{
	clear_fault(input, teller, at_mono_ns);
	if (!input->chatter.raised)
		return;
	(void)begin_alarm(input, teller, &input->chatter, false, at_mono_ns);
	tell_end(teller, EVENT_INPUT_CHATTER);
}

void device_end(struct device *device, struct teller *teller, int64_t at_mono_ns)
{
	if (device->down.raised)
		tell_up(device, teller, at_mono_ns);
}

void input_device_up(struct input *input, int64_t at_mono_ns)
{
	if (input->fault_mono_ns == INT64_MAX || input->fault.raised)
		return;
	input->fault_mono_ns = at_mono_ns;
	input->fault_due_ns = at_mono_ns + FAULT_HOLD_NS;
}
