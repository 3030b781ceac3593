#include "bus/private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

#define STUCK_NS      (60 * NS_PER_S)
#define SHARE_MIN     0.001
#define PERIOD_MIN_NS NS_PER_MS

static size_t count_points(const struct config *config, const struct bus_conf *conf)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->device_count; i++)
		count += config->devices[conf->devices[i]].point_count;
	return count;
}

static int allocate(struct bus *bus, size_t points)
{
	size_t devices = bus->device_count;

	bus->devices = calloc(devices + 1, sizeof(bus->devices[0]));
	bus->driver_devices = calloc(devices + 1, sizeof(bus->driver_devices[0]));
	bus->schedule.devices = calloc(devices + 1, sizeof(bus->schedule.devices[0]));
	bus->points = calloc(points + 1, sizeof(bus->points[0]));
	if (!bus->devices || !bus->driver_devices || !bus->schedule.devices || !bus->points)
		return -ENOMEM;
	return 0;
}

static void set_point(struct bus_point *point, const struct config *config, size_t index)
{
	point->name = config->points[index].name;
	output_point_init(&point->output, (uint32_t)index, &config->points[index]);
}

static int64_t at_least(int64_t value, int64_t least)
{
	return value > least ? value : least;
}

static void set_device(struct bus *bus, const struct config *config, size_t index,
		       struct bus_point *points)
{
	size_t number = bus->conf->devices[index];
	const struct device_conf *conf = &config->devices[number];

	bus->devices[index] = (struct bus_device){
		.conf = conf,
		.index = (uint32_t)number,
		.points = points,
		.point_count = conf->point_count,
	};
	for (size_t i = 0; i < conf->point_count; i++)
		set_point(&points[i], config, conf->first_point + i);
	bus->driver_devices[index] = (struct driver_device){
		.name = conf->name,
		.conf = conf->driver_conf,
		.points = config->point_drivers + conf->first_point,
		.point_count = conf->point_count,
	};
	bus->schedule.devices[index] = (struct schedule_device){
		.period_ns = at_least(conf->poll_ns, PERIOD_MIN_NS),
		.retry = {.first_ns = at_least(conf->retry_min_ns, PERIOD_MIN_NS),
			  .max_ns = at_least(conf->retry_max_ns, PERIOD_MIN_NS),
			  .jitter = BUS_JITTER},
		.fail_after = (uint32_t)at_least(conf->fail_after, 1),
	};
}

static void set_devices(struct bus *bus, const struct config *config)
{
	struct bus_point *points = bus->points;

	for (size_t i = 0; i < bus->device_count; i++) {
		set_device(bus, config, i, points);
		points += bus->devices[i].point_count;
	}
}

static double clamp_share(double share)
{
	if (!(share > SHARE_MIN))
		return SHARE_MIN;
	return share < 1.0 ? share : 1.0;
}

static void complain(const struct bus *bus, const struct driver_complaint *complaint, FILE *errors)
{
	const struct bus_device *device;
	const char *point = "";

	if (complaint->device >= bus->device_count) {
		fprintf(errors, "%s:%d: bus \"%s\": %s\n", bus->conf->file, bus->conf->line,
			bus->conf->name, complaint->message);
		return;
	}
	device = &bus->devices[complaint->device];
	if (complaint->point < device->point_count)
		point = bus->driver_devices[complaint->device].points[complaint->point].name;
	fprintf(errors, "%s:%d: device \"%s\": %s%s%s%s\n", device->conf->file, device->conf->line,
		device->conf->name, *point ? "point \"" : "", point, *point ? "\": " : "",
		complaint->message);
}

static int new_instance(struct bus *bus, FILE *errors)
{
	struct driver_complaint complaint = {.point = DRIVER_ALL};
	int err;

	bus->setup = (struct driver_setup){
		.name = bus->conf->name,
		.conf = bus->conf->driver_conf,
		.devices = bus->driver_devices,
		.device_count = bus->device_count,
		.host = bus_host(bus),
	};
	err = bus->driver->create(&bus->setup, &bus->instance, &complaint);
	if (err == -EINVAL)
		complain(bus, &complaint, errors);
	return err;
}

/* An answer that may take minutes is waited for. */
static int64_t stuck_after_ns(const struct bus *bus)
{
	int64_t longest_ns = 0;

	if (bus->driver->longest_ns)
		longest_ns = bus->driver->longest_ns(bus->instance);
	return at_least(2 * longest_ns, STUCK_NS);
}

int bus_new(const struct config *config, const struct bus_conf *conf, struct capture_queue *queue,
	    FILE *errors, struct bus **ret_bus)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	int err;

	if (!bus)
		return -ENOMEM;
	bus->conf = conf;
	bus->driver = conf->driver;
	bus->device_count = conf->device_count;
	pthread_mutex_init(&bus->ask.lock, NULL);
	bus->schedule.count = conf->device_count;
	bus->schedule.share = clamp_share(conf->down_share);
	err = allocate(bus, count_points(config, conf));
	if (err == 0) {
		set_devices(bus, config);
		err = new_instance(bus, errors);
	}
	if (err == 0)
		err = worker_new(stuck_after_ns(bus), &bus->worker);
	bus->output = (struct bus_output){.queue = queue, .worker = bus->worker};
	if (err < 0) {
		bus_free(bus);
		return err;
	}
	*ret_bus = bus;
	return 0;
}

void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	if (bus->heir)
		bus->driver->close(bus->instance);
	bus->driver->destroy(bus->instance);
	worker_free(bus->worker);
	pthread_mutex_destroy(&bus->ask.lock);
	free(bus->points);
	free(bus->schedule.devices);
	free(bus->driver_devices);
	free(bus->devices);
	free(bus);
}
