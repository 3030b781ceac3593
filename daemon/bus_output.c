#include "bus_output.h"

#define REPEAT_NS	  INT64_C(10000000000) /* of a point that never grows stale */
#define REPEATS_PER_LIMIT 4

static void put(struct bus_output *output, const struct capture *item)
{
	atomic_store_explicit(&output->waiting, true, memory_order_relaxed);
	if (!capture_put(output->queue, item))
		output->closed = true;
	atomic_store_explicit(&output->waiting, false, memory_order_relaxed);
	output->unflushed = true;
}

bool output_waiting(struct bus_output *output)
{
	return atomic_load_explicit(&output->waiting, memory_order_relaxed);
}

void output_point_init(struct output_point *point, uint32_t index, int64_t stale_after_ns)
{
	*point = (struct output_point){
		.repeat_ns = stale_after_ns > 0 ? stale_after_ns / REPEATS_PER_LIMIT : REPEAT_NS,
		.last = {.point = index},
	};
}

bool output_is_news(const struct output_point *point, const struct reading *reading)
{
	const struct reading *last = &point->last;

	if (!point->passed || reading->quality != last->quality ||
	    reading->reason != last->reason || reading->lost_edges > 0)
		return true;
	if (reading->quality != QUALITY_GOOD)
		return false;
	return !value_equal(&reading->value, &last->value) ||
	       reading->at_mono_ns - last->at_mono_ns > point->repeat_ns;
}

void output_pass(struct bus_output *output, struct output_point *point,
		 const struct reading *reading)
{
	struct capture item = {.kind = CAPTURE_READING, .reading = *reading};

	item.reading.point = point->last.point;
	if (point->passed && reading->at_mono_ns < point->last.at_mono_ns)
		item.reading.at_mono_ns = point->last.at_mono_ns;
	point->passed = true;
	point->last = item.reading;
	put(output, &item);
}

void output_device(struct bus_output *output, const struct device_report *report)
{
	struct capture item = {.kind = CAPTURE_DEVICE, .device = *report};

	put(output, &item);
}

void output_flush(struct bus_output *output)
{
	if (output->unflushed)
		capture_flush(output->queue);
	output->unflushed = false;
}
