#include "bus_rig.h"

#include <inttypes.h>
#include <poll.h>

#define QUEUE_SLOTS 1024

/* ---- the configuration ----------------------------------------------------------------- */

static void plan_device(struct bus_rig *rig, size_t i, size_t points_each)
{
	snprintf(rig->device_names[i], sizeof(rig->device_names[i]), "unit-%zu", i);
	rig->device_indices[i] = i;
	rig->devices[i] = (struct device_conf){
		.name = rig->device_names[i],
		.driver_conf = rig->bus_conf.driver_conf,
		.poll_ns = 5 * MS,
		.fail_after = 3,
		.retry_min_ns = 20 * MS,
		.retry_max_ns = 100 * MS,
		.first_point = i * points_each,
		.point_count = points_each,
		.file = "test.conf",
		.line = (int)(10 + i),
	};
}

static void plan_point(struct bus_rig *rig, size_t i, size_t points_each)
{
	snprintf(rig->point_names[i], sizeof(rig->point_names[i]), "unit-%zu.p%zu", i / points_each,
		 i % points_each);
	rig->points[i] = (struct point_conf){
		.name = rig->point_names[i],
		.device = (uint32_t)(i / points_each),
		.stale_after_ns = 1000 * MS,
	};
	rig->driver_points[i].name = strchr(rig->point_names[i], '.') + 1;
}

void bus_rig_init(struct bus_rig *rig, const struct driver *driver, void *driver_conf,
		  size_t devices, size_t points_each)
{
	static char name[] = "bench";

	memset(rig, 0, sizeof(*rig));
	rig->bus_conf = (struct bus_conf){
		.name = name,
		.driver = driver,
		.driver_conf = driver_conf,
		.devices = rig->device_indices,
		.device_count = devices,
		.reopen_min_ns = 20 * MS,
		.reopen_max_ns = 100 * MS,
		.down_share = 0.5,
		.file = "test.conf",
		.line = 3,
	};
	for (size_t i = 0; i < devices; i++)
		plan_device(rig, i, points_each);
	for (size_t i = 0; i < devices * points_each; i++)
		plan_point(rig, i, points_each);
	rig->config = (struct config){
		.buses = &rig->bus_conf,
		.bus_count = 1,
		.devices = rig->devices,
		.device_count = devices,
		.points = rig->points,
		.point_drivers = rig->driver_points,
		.point_count = devices * points_each,
	};
	assert_int_equal(capture_new(QUEUE_SLOTS, 0, &rig->queue), 0);
}

void bus_rig_fini(struct bus_rig *rig)
{
	if (!rig->queue)
		return;
	capture_close(rig->queue);
	if (rig->bus)
		assert_true(bus_stop(rig->bus, clock_mono_ns() + PATIENCE_NS));
	bus_free(rig->bus);
	rig->bus = NULL;
	capture_free(rig->queue);
	rig->queue = NULL;
}

void bus_rig_shorten_queue(struct bus_rig *rig, size_t slots)
{
	capture_free(rig->queue);
	assert_int_equal(capture_new(slots, 0, &rig->queue), 0);
}

void bus_rig_start(struct bus_rig *rig)
{
	assert_int_equal(bus_new(&rig->config, &rig->bus_conf, rig->queue, stderr, &rig->bus), 0);
	assert_int_equal(bus_start(rig->bus), 0);
}

/* ---- what came ------------------------------------------------------------------------- */

void bus_rig_take(struct bus_rig *rig, int64_t deadline_ns)
{
	struct pollfd fd = {.fd = capture_fd(rig->queue), .events = POLLIN};
	int64_t wait_ns = deadline_ns - real_mono_ns();

	if (wait_ns > 0)
		poll(&fd, 1, (int)(wait_ns / MS) + 1);
	assert_true(rig->count < BUS_RIG_LOG);
	rig->count += capture_take(rig->queue, rig->log + rig->count, BUS_RIG_LOG - rig->count);
}

size_t bus_rig_wait_named(struct bus_rig *rig, size_t from, bus_rig_question *question,
			  int64_t given, const char *name)
{
	int64_t until_ns = real_mono_ns() + PATIENCE_NS;

	for (;; from++) {
		while (from >= rig->count) {
			if (real_mono_ns() > until_ns)
				fail_msg("waited in vain for: %s, %" PRId64, name, given);
			bus_rig_take(rig, until_ns);
		}
		if (question(&rig->log[from], given))
			return from;
	}
}

size_t bus_rig_count_between(const struct bus_rig *rig, size_t from, size_t to,
			     bus_rig_question *question, int64_t given)
{
	size_t n = 0;

	for (; from < to; from++)
		n += question(&rig->log[from], given);
	return n;
}

size_t bus_rig_count(const struct bus_rig *rig, bus_rig_question *question, int64_t given)
{
	return bus_rig_count_between(rig, 0, rig->count, question, given);
}

void bus_rig_wait_polls(struct bus_rig *rig, uint64_t more)
{
	uint64_t goal = bus_counters(rig->bus).polls + more;

	BUS_RIG_WAIT(rig, bus_counters(rig->bus).polls >= goal);
	bus_rig_take(rig, 0);
}

/* ---- questions ------------------------------------------------------------------------- */

bool point_is_read(const struct capture *item, int64_t point)
{
	return item->kind == CAPTURE_READING && item->reading.point == point;
}

bool point_is_good(const struct capture *item, int64_t point)
{
	return point_is_read(item, point) && item->reading.quality == QUALITY_GOOD;
}

bool point_is_at_fault(const struct capture *item, int64_t point)
{
	return point_is_read(item, point) && item->reading.quality == QUALITY_FAULT;
}

bool device_is_down(const struct capture *item, int64_t device)
{
	return item->kind == CAPTURE_DEVICE && item->device.device == device && !item->device.up;
}

bool device_is_up(const struct capture *item, int64_t device)
{
	return item->kind == CAPTURE_DEVICE && item->device.device == device && item->device.up;
}

bool value_is(const struct capture *item, int64_t value)
{
	return item->kind == CAPTURE_READING && item->reading.quality == QUALITY_GOOD &&
	       item->reading.value.integer == value;
}
