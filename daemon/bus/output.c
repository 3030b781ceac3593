#include "bus/output.h"

#include "config/config.h"

#define REPEAT_NS	  INT64_C(10000000000) /* of a point that never grows stale */
#define REPEATS_PER_LIMIT 4

static void put(struct bus_output *output, const struct capture *item)
{
	worker_hold_up(output->worker, true);
	if (!capture_put(output->queue, item))
		output->closed = true;
	worker_hold_up(output->worker, false);
	output->unflushed = true;
}

void output_point_init(struct output_point *point, uint32_t index, const struct point_conf *conf)
{
	const int64_t limit_ns = conf->stale_after_ns;

	*point = (struct output_point){
		.repeat_ns = limit_ns > 0 ? limit_ns / REPEATS_PER_LIMIT : REPEAT_NS,
		.looked_at_twice = conf->looked_at_twice,
		.may_wait = !conf->is_prompt,
		.index = index,
	};
}

bool output_is_due(const struct output_point *point, const struct reading *reading)
{
	if (!point->passed || reading->quality != point->last.quality ||
	    reading->reason != point->last.reason || reading->lost_edges > 0)
		return true;
	if (reading->quality != QUALITY_GOOD)
		return false;
	return !value_equal(&reading->value, &point->last.value) ||
	       (point->looked_at_twice && !point->seen_again) ||
	       reading->at_mono_ns - point->last.at_mono_ns > point->repeat_ns;
}

void output_pass(struct bus_output *output, struct output_point *point,
		 const struct reading *reading)
{
	struct capture item = {.kind = CAPTURE_READING,
			       .source = output->source,
			       .may_wait = point->may_wait,
			       .reading = *reading};

	item.reading.point = point->index;
	if (point->passed && reading->at_mono_ns < point->last.at_mono_ns)
		item.reading.at_mono_ns = point->last.at_mono_ns;
	point->seen_again = point->passed && value_equal(&reading->value, &point->last.value);
	point->passed = true;
	point->last.quality = reading->quality;
	point->last.reason = reading->reason;
	point->last.at_mono_ns = item.reading.at_mono_ns;
	point->last.value = reading->value;
	put(output, &item);
}

void output_device(struct bus_output *output, const struct device_report *report)
{
	struct capture item = {.kind = CAPTURE_DEVICE, .source = output->source, .device = *report};

	put(output, &item);
}

void output_flush(struct bus_output *output)
{
	if (output->unflushed)
		capture_flush(output->queue);
	output->unflushed = false;
}
