#include "bus_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#define LOG_TOKEN "bus"
#include "log.h"

#define PLACE_BYTES   160
#define TELL_AGAIN_NS (60 * NS_PER_S) /* a flapping point does not fill the log */

static bool own_bus(const struct bus *bus, const struct bus_device *device)
{
	return strcmp(bus->conf->name, device->conf->name) == 0;
}

/* `"boom-1" on "lane-bus"`, the latter only where there is a bus to name. */
static const char *place(const struct bus *bus, const struct bus_device *device,
			 char out[PLACE_BYTES])
{
	if (own_bus(bus, device))
		snprintf(out, PLACE_BYTES, "\"%s\"", device->conf->name);
	else
		snprintf(out, PLACE_BYTES, "\"%s\" on \"%s\"", device->conf->name, bus->conf->name);
	return out;
}

void bus_device_hush(struct bus_device *device)
{
	size_t i;

	device->said = (struct bus_said){.reason = REASON_NONE};
	for (i = 0; i < device->point_count; i++)
		device->points[i].staged.set = false;
}

/* The detail goes into events: printable ASCII, cut at the limit. */
static void set_detail(struct device_report *report, const char *what)
{
	size_t i;

	for (i = 0; what[i] && i < sizeof(report->detail) - 1; i++)
		report->detail[i] = (char)(what[i] < 0x20 || what[i] > 0x7E ? '?' : what[i]);
	report->detail[i] = '\0';
}

static void report(struct bus *bus, struct bus_device *device, const char *what)
{
	struct device_report report = {
		.device = device->index,
		.up = !device->down,
		.reason = device->reason,
		.at_mono_ns = device->since_ns,
	};

	set_detail(&report, what);
	output_device(&bus->output, &report);
}

bool bus_device_down(struct bus *bus, struct bus_device *device, enum reason reason,
		     const char *what)
{
	struct reading fault = {.quality = QUALITY_FAULT, .reason = reason};
	size_t i;

	if (device->down && device->reason == reason)
		return false;
	device->since_ns = clock_mono_ns();
	if (!device->down) {
		atomic_fetch_add(&bus->devices_down, 1);
		device->down_ns = device->since_ns;
	}
	device->known = true;
	device->down = true;
	device->reason = reason;
	report(bus, device, what);
	fault.at_mono_ns = device->since_ns;
	for (i = 0; i < device->point_count; i++) {
		device->points[i].told = false;
		if (output_is_news(&device->points[i].output, &fault))
			output_pass(&bus->output, &device->points[i].output, &fault);
	}
	return true;
}

void bus_device_up(struct bus *bus, struct bus_device *device)
{
	int64_t now_ns = clock_mono_ns();
	char name[PLACE_BYTES];

	if (device->known && !device->down)
		return;
	if (device->down) {
		atomic_fetch_sub(&bus->devices_down, 1);
		if (device->told)
			log_info("%s answers again, after %.0f s", place(bus, device, name),
				 (double)(now_ns - device->down_ns) / (double)NS_PER_S);
	}
	device->told = false;
	device->known = true;
	device->down = false;
	device->reason = REASON_NONE;
	device->since_ns = now_ns;
	report(bus, device, "");
}

/* ---- the driver's way up ----------------------------------------------------------- */

static void tell_fault(struct bus_point *point, const struct reading *reading, const char *what)
{
	const char *reason = reason_name(reading->reason);

	if (point->told_ns != 0 && reading->at_mono_ns - point->told_ns < TELL_AGAIN_NS) {
		log_debug("\"%s\" cannot be read (%s): %s", point->name, reason, what);
		return;
	}
	log_warnx("\"%s\" cannot be read (%s): %s", point->name, reason, what);
	point->told = true;
	point->told_ns = reading->at_mono_ns;
}

static void pass(struct bus *bus, struct bus_point *point, const struct reading *reading,
		 const char *what)
{
	if (reading->quality == QUALITY_GOOD) {
		if (point->told)
			log_info("\"%s\" can be read again", point->name);
		point->told = false;
	} else if (output_is_news(&point->output, reading)) {
		tell_fault(point, reading, what);
	} else {
		return;
	}
	output_pass(&bus->output, &point->output, reading);
}

/* A link is open, and a device was polled, only when the whole call has gone well: no half of
 * it is passed before. */
static bool is_staging(const struct bus *bus)
{
	return bus->opening || bus->driver->blocking;
}

bool bus_device_settle(struct bus *bus, struct bus_device *device)
{
	struct bus_said said = device->said;
	char name[PLACE_BYTES];

	if (said.reason == REASON_NONE)
		return false;
	device->said.reason = REASON_NONE;
	if (bus_device_down(bus, device, said.reason, said.what)) {
		log_warnx("%s cannot be read (%s): %s", place(bus, device, name),
			  reason_name(said.reason), said.what);
		device->told = true;
	}
	return true;
}

static void stage(struct bus_point *point, const struct reading *reading, const char *what)
{
	point->staged.set = true;
	point->staged.reading = *reading;
	snprintf(point->staged.what, sizeof(point->staged.what), "%s", what);
}

static void host_reading(void *data, size_t index, size_t point, const struct value *value,
			 int64_t at_mono_ns, uint32_t lost_edges)
{
	struct bus *bus = data;
	struct bus_device *device = &bus->devices[index];
	struct reading reading = {
		.lost_edges = lost_edges,
		.at_mono_ns = at_mono_ns,
		.value = *value,
	};

	assert(index < bus->device_count && point < device->point_count);
	if (is_staging(bus)) {
		stage(&device->points[point], &reading, "");
		return;
	}
	bus_device_settle(bus, device);
	bus_device_up(bus, device);
	pass(bus, &device->points[point], &reading, "");
}

static void point_fault(struct bus *bus, struct bus_device *device, size_t point,
			enum reason reason, const char *what)
{
	struct reading reading = {
		.quality = QUALITY_FAULT,
		.reason = reason,
		.at_mono_ns = clock_mono_ns(),
	};

	if (is_staging(bus)) {
		stage(&device->points[point], &reading, what);
		return;
	}
	bus_device_settle(bus, device);
	pass(bus, &device->points[point], &reading, what);
}

static void host_fault(void *data, size_t index, size_t point, enum reason reason, const char *what)
{
	struct bus *bus = data;
	struct bus_device *device = &bus->devices[index];

	assert(index < bus->device_count);
	assert(point == DRIVER_ALL || point < device->point_count);
	if (point != DRIVER_ALL) {
		point_fault(bus, device, point, reason, what);
		return;
	}
	device->said.reason = reason;
	snprintf(device->said.what, sizeof(device->said.what), "%s", what);
}

static void host_debug(void *data, const char *what)
{
	struct bus *bus = data;

	log_debug("\"%s\": %s", bus->conf->name, what);
}

struct driver_host bus_host(struct bus *bus)
{
	return (struct driver_host){
		.data = bus,
		.reading = host_reading,
		.fault = host_fault,
		.debug = host_debug,
	};
}

/* ---- asking ------------------------------------------------------------------------ */

static bool any_news(const struct bus_device *device)
{
	size_t i;

	for (i = 0; i < device->point_count; i++) {
		const struct bus_point *point = &device->points[i];

		if (point->staged.set && output_is_news(&point->output, &point->staged.reading))
			return true;
	}
	return false;
}

/* The last point that pass() will not hold back. */
static size_t last_passed(const struct bus_device *device)
{
	size_t i, last = 0;

	for (i = 0; i < device->point_count; i++) {
		const struct bus_point *point = &device->points[i];

		if (point->staged.set && (point->staged.reading.quality == QUALITY_GOOD ||
					  output_is_news(&point->output, &point->staged.reading)))
			last = i;
	}
	return last;
}

void bus_device_pass(struct bus *bus, struct bus_device *device)
{
	bool news = any_news(device);
	size_t last = news ? last_passed(device) : 0;
	size_t i;

	for (i = 0; i < device->point_count; i++) {
		struct bus_point *point = &device->points[i];

		point->staged.reading.more = i < last;
		if (point->staged.set && news)
			pass(bus, point, &point->staged.reading, point->staged.what);
		point->staged.set = false;
	}
}

int bus_device_ask(struct bus *bus, size_t index)
{
	const struct driver *driver = bus->driver;
	struct bus_device *device = &bus->devices[index];
	int err = 0;

	bus_device_hush(device);
	atomic_fetch_add_explicit(&bus->polls, 1, memory_order_relaxed);
	if (bus->schedule.devices[index].silent && driver->probe)
		err = driver->probe(bus->instance, index);
	if (err == 0)
		err = driver->poll(bus->instance, index);
	if (err < 0)
		return err;
	schedule_answered(&bus->schedule, index, clock_mono_ns());
	bus_device_up(bus, device);
	bus_device_pass(bus, device);
	return 0;
}

void bus_device_failed(struct bus *bus, size_t index, int64_t began_ns, int err)
{
	struct bus_device *device = &bus->devices[index];
	int64_t wait_ns = schedule_failed(&bus->schedule, index, began_ns, clock_mono_ns());
	struct bus_said said = device->said;
	char name[PLACE_BYTES];

	atomic_fetch_add_explicit(&bus->failures, 1, memory_order_relaxed);
	if (said.reason == REASON_NONE)
		said.reason = err == -ENOTCONN ? REASON_LINK_DOWN : REASON_NO_ANSWER;
	if (!said.what[0])
		snprintf(said.what, sizeof(said.what), "%s", strerror(-err));
	if (wait_ns > 0 && bus_device_down(bus, device, said.reason, said.what)) {
		log_warnx("%s is down (%s): %s; asking again in %.1f s", place(bus, device, name),
			  reason_name(said.reason), said.what, (double)wait_ns / (double)NS_PER_S);
		device->told = true;
	}
	bus_device_hush(device);
}
