#include "mapper/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "mapper/source_private.h"

/* ---- making ---------------------------------------------------------------------------- */

static int complain(struct driver_complaint *complaint, size_t device, size_t point,
		    const char *what)
{
	complaint->device = device;
	complaint->point = point;
	snprintf(complaint->message, sizeof(complaint->message), "%s", what);
	return -EINVAL;
}

static int init_point(struct source *source, size_t index, struct driver_complaint *complaint)
{
	struct source_point *point = &source->points[index];
	const struct driver_point *driver_point =
		&source->setup->devices[source->device].points[index];
	const char *what = map_point_fault(source->conf, driver_point->conf);
	char fault[128] = "";
	int err;

	if (what)
		return complain(complaint, source->device, index, what);
	point->source = source;
	point->index = index;
	err = map_point_init(&point->map, driver_point->conf, fault, sizeof(fault));
	if (err == -EINVAL)
		return complain(complaint, source->device, index, fault);
	point->map.none = driver_point->none;
	point->map.none_count = driver_point->none_count;
	number_init(&point->number, driver_point->conf, source_give_number, point);
	point->number.alone = source->point_count == 1;
	return err;
}

int source_init(struct source *source, const struct driver_setup *setup, size_t device,
		const struct map_device_conf *conf, const struct source_tools *tools,
		int64_t silence_ns, struct driver_complaint *complaint)
{
	const size_t count = setup->devices[device].point_count;
	const char *what = map_device_fault(conf);
	int err = 0;

	*source = (struct source){.setup = setup,
				  .device = device,
				  .conf = conf,
				  .tools = *tools,
				  .silence_ns = silence_ns,
				  .state = SOURCE_SILENT};
	if (what)
		return complain(complaint, device, DRIVER_ALL, what);
	if (count == 0)
		return complain(complaint, device, DRIVER_ALL, "has no points");
	source->points = calloc(count, sizeof(*source->points));
	if (!source->points)
		return -ENOMEM;
	source->point_count = count;
	for (size_t i = 0; i < count && err == 0; i++)
		err = init_point(source, i, complaint);
	return err;
}

void source_fini(struct source *source)
{
	for (size_t i = 0; i < source->point_count; i++)
		map_point_fini(&source->points[i].map);
	free(source->points);
	source->points = NULL;
	source->point_count = 0;
}

/* ---- signs of life ------------------------------------------------------------------------- */

void source_alive(struct source *source, int64_t now_mono_ns)
{
	source->heard_mono_ns = now_mono_ns;
	source_tick(source, now_mono_ns);
	if (source->state == SOURCE_SILENT)
		source_come_up(source, now_mono_ns);
}

void source_available(struct source *source, bool available, const char *what, int64_t now_mono_ns)
{
	source->heard_mono_ns = now_mono_ns;
	source_tick(source, now_mono_ns);
	if (!available)
		source_go_down(source, SOURCE_AWAY, REASON_NO_ANSWER, what);
	else if (source->state == SOURCE_AWAY)
		source_come_up(source, now_mono_ns);
}

/* ---- time ------------------------------------------------------------------------------ */

void source_open(struct source *source, int64_t now_mono_ns)
{
	source->heard_mono_ns = now_mono_ns;
	source->state = SOURCE_UP;
	source->vain = 0;
	source_tick(source, now_mono_ns);
	source_give_numbers(source, now_mono_ns);
}

int64_t source_deadline(const struct source *source)
{
	int64_t due_ns = INT64_MAX;

	if (source->silence_ns > 0 && source->state != SOURCE_SILENT &&
	    source->state != SOURCE_AWAY)
		due_ns = source->heard_mono_ns + source->silence_ns;
	for (size_t i = 0; i < source->point_count; i++)
		due_ns = earlier_ns(due_ns, number_deadline(&source->points[i].number));
	return due_ns;
}

void source_tick(struct source *source, int64_t now_mono_ns)
{
	char what[64];

	for (size_t i = 0; i < source->point_count; i++)
		number_tick(&source->points[i].number, now_mono_ns);
	if (source->silence_ns == 0 || source->state == SOURCE_SILENT ||
	    source->state == SOURCE_AWAY ||
	    now_mono_ns - source->heard_mono_ns < source->silence_ns)
		return;
	snprintf(what, sizeof(what), "nothing was heard for %.1f s",
		 in_seconds(source->silence_ns));
	source_go_down(source, SOURCE_SILENT, REASON_NO_ANSWER, what);
}

void source_settle(struct source *source)
{
	for (size_t i = 0; i < source->point_count; i++) {
		struct number *number = &source->points[i].number;

		while (number->candidate_count > 0)
			number_tick(number, number->settled_at_ns);
	}
}
