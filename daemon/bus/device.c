#include "bus/private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#define LOG_TOKEN "bus"
#include "base/log.h"

#define PLACE_BYTES  160
#define LOG_AGAIN_NS (60 * NS_PER_S) /* a flapping point does not fill the log */

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

void bus_device_clear_staged(struct bus_device *device)
{
	device->fault = (struct bus_fault){.reason = REASON_NONE};
	for (size_t i = 0; i < device->point_count; i++)
		device->points[i].staged.set = false;
}

/* The detail goes into events and traces: printable ASCII, cut at the limit. */
static void set_detail(struct device_report *report, const char *message)
{
	size_t i;

	for (i = 0; message[i] && i < sizeof(report->detail) - 1; i++)
		report->detail[i] =
			(char)(message[i] < 0x20 || message[i] > 0x7E ? '?' : message[i]);
	report->detail[i] = '\0';
}

static void report(struct bus *bus, struct bus_device *device, const char *message)
{
	struct device_report report = {
		.device = device->index,
		.up = !device->down,
		.reason = device->reason,
		.at_mono_ns = device->since_ns,
	};

	set_detail(&report, message);
	output_device(&bus->output, &report);
}

bool bus_device_down(struct bus *bus, struct bus_device *device, enum reason reason,
		     const char *message)
{
	struct reading fault = {.quality = QUALITY_FAULT, .reason = reason};

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
	report(bus, device, message);
	fault.at_mono_ns = device->since_ns;
	for (size_t i = 0; i < device->point_count; i++) {
		device->points[i].logged = false;
		if (output_is_due(&device->points[i].output, &fault))
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
		if (device->logged)
			log_known_info(LOG_DEVICE_UP, "%s answers again, after %.0f s",
				       place(bus, device, name),
				       in_seconds(now_ns - device->down_ns));
	}
	device->logged = false;
	device->known = true;
	device->down = false;
	device->reason = REASON_NONE;
	device->since_ns = now_ns;
	report(bus, device, "");
}

/* ---- the driver's way up ----------------------------------------------------------- */

static void log_fault(struct bus_point *point, const struct reading *reading, const char *message)
{
	const char *reason = reason_name(reading->reason);

	if (point->logged_ns != 0 && reading->at_mono_ns - point->logged_ns < LOG_AGAIN_NS) {
		log_debug("\"%s\" cannot be read (%s): %s", point->name, reason, message);
		return;
	}
	log_known_warnx(LOG_DEVICE_UNREADABLE, "\"%s\" cannot be read (%s): %s", point->name,
			reason, message);
	point->logged = true;
	point->logged_ns = reading->at_mono_ns;
}

static void pass(struct bus *bus, struct bus_point *point, const struct reading *reading,
		 const char *message)
{
	if (reading->quality == QUALITY_GOOD) {
		if (point->logged)
			log_info("\"%s\" can be read again", point->name);
		point->logged = false;
	} else if (output_is_due(&point->output, reading)) {
		log_fault(point, reading, message);
	} else {
		return;
	}
	output_pass(&bus->output, &point->output, reading);
}

/* Of open() and poll() nothing is passed before the whole call has gone well, of what belongs
 * together nothing before the last. */
static bool is_staging(const struct bus *bus)
{
	return bus->opening || bus->driver->blocking || bus->in_moment;
}

bool bus_device_report_fault(struct bus *bus, struct bus_device *device)
{
	struct bus_fault fault = device->fault;
	char name[PLACE_BYTES];

	if (fault.reason == REASON_NONE)
		return false;
	device->fault.reason = REASON_NONE;
	if (bus_device_down(bus, device, fault.reason, fault.message)) {
		log_known_warnx(LOG_DEVICE_UNREADABLE, "%s cannot be read (%s): %s",
				place(bus, device, name), reason_name(fault.reason), fault.message);
		device->logged = true;
	}
	return true;
}

static void stage(struct bus_point *point, const struct reading *reading, const char *message)
{
	point->staged.set = true;
	point->staged.reading = *reading;
	snprintf(point->staged.message, sizeof(point->staged.message), "%s", message);
}

static bool any_is_due(const struct bus_device *device)
{
	for (size_t i = 0; i < device->point_count; i++) {
		const struct bus_point *point = &device->points[i];

		if (point->staged.set && output_is_due(&point->output, &point->staged.reading))
			return true;
	}
	return false;
}

/* When anything is due. What a point says again goes along where others are judged together with it. */
static bool goes_along(const struct bus_point *point)
{
	const struct reading *reading = &point->staged.reading;

	return point->staged.set && (output_is_due(&point->output, reading) ||
				     (reading->quality == QUALITY_GOOD && !point->output.may_wait));
}

static size_t last_passed(const struct bus_device *device)
{
	size_t i, last = 0;

	for (i = 0; i < device->point_count; i++)
		if (goes_along(&device->points[i]))
			last = i;
	return last;
}

void bus_device_pass(struct bus *bus, struct bus_device *device)
{
	bool due = any_is_due(device);
	size_t last = due ? last_passed(device) : 0;

	for (size_t i = 0; i < device->point_count; i++) {
		struct bus_point *point = &device->points[i];

		point->staged.reading.more = i < last;
		if (due && goes_along(point))
			pass(bus, point, &point->staged.reading, point->staged.message);
		point->staged.set = false;
	}
}

static void take_good(struct bus *bus, size_t index, size_t point, const struct reading *reading)
{
	struct bus_device *device = &bus->devices[index];

	assert(index < bus->device_count && point < device->point_count);
	if (is_staging(bus)) {
		stage(&device->points[point], reading, "");
		return;
	}
	bus_device_report_fault(bus, device);
	bus_device_up(bus, device);
	pass(bus, &device->points[point], reading, "");
}

static void host_reading(void *data, size_t index, size_t point, const struct value *value,
			 int64_t at_mono_ns, uint32_t lost_edges)
{
	const struct reading reading = {
		.lost_edges = lost_edges,
		.at_mono_ns = at_mono_ns,
		.value = *value,
	};

	take_good(data, index, point, &reading);
}

static void host_said(void *data, size_t index, size_t point, const struct value *value,
		      int64_t at_mono_ns, const struct origin *origin)
{
	const struct reading reading = {
		.at_mono_ns = at_mono_ns, .value = *value, .origin = *origin};

	take_good(data, index, point, &reading);
}

static void point_fault(struct bus *bus, struct bus_device *device, size_t point,
			enum reason reason, const struct value *raw, const char *message)
{
	struct reading reading = {
		.quality = QUALITY_FAULT,
		.reason = reason,
		.at_mono_ns = clock_mono_ns(),
		.value = *raw,
	};

	if (is_staging(bus)) {
		stage(&device->points[point], &reading, message);
		return;
	}
	bus_device_report_fault(bus, device);
	pass(bus, &device->points[point], &reading, message);
}

static void host_fault(void *data, size_t index, size_t point, enum reason reason,
		       const char *message)
{
	struct bus *bus = data;
	struct bus_device *device = &bus->devices[index];
	const struct value nothing = {.type = VALUE_NONE};

	assert(index < bus->device_count);
	assert(point == DRIVER_ALL || point < device->point_count);
	if (point != DRIVER_ALL) {
		point_fault(bus, device, point, reason, &nothing, message);
		return;
	}
	device->fault.reason = reason;
	snprintf(device->fault.message, sizeof(device->fault.message), "%s", message);
}

static void host_refuse(void *data, size_t index, size_t point, const struct value *raw,
			const char *message)
{
	struct bus *bus = data;
	struct bus_device *device = &bus->devices[index];

	assert(index < bus->device_count && point < device->point_count);
	point_fault(bus, device, point, REASON_OUT_OF_RANGE, raw, message);
}

static bool is_staged(const struct bus_device *device)
{
	for (size_t i = 0; i < device->point_count; i++)
		if (device->points[i].staged.set)
			return true;
	return false;
}

static void end_moment(struct bus *bus, struct bus_device *device)
{
	(void)bus_device_report_fault(bus, device);
	if (!is_staged(device))
		return;
	bus_device_up(bus, device);
	bus_device_pass(bus, device);
}

static void host_moment(void *data, size_t index, bool begins)
{
	struct bus *bus = data;

	assert(index < bus->device_count && !bus->driver->blocking);
	if (bus->opening)
		return;
	bus->in_moment = begins;
	if (!begins)
		end_moment(bus, &bus->devices[index]);
}

static void host_debug(void *data, const char *message)
{
	struct bus *bus = data;

	log_debug("\"%s\": %s", bus->conf->name, message);
}

static void host_tell(void *data, const char *message)
{
	struct bus *bus = data;
	char more[LOG_LIMIT_WORDS_BYTES];

	if (log_limit_allows(&bus->told, clock_mono_ns(), more))
		log_info("\"%s\": %s%s", bus->conf->name, message, more);
	else
		log_debug("\"%s\": %s", bus->conf->name, message);
}

static int64_t host_patience_ns(void *data)
{
	const struct bus *bus = data;

	(void)worker_goes_on(bus->worker);
	return schedule_patience_ns(&bus->schedule, bus->asked);
}

static int64_t host_spare_ns(void *data)
{
	const struct bus *bus = data;

	if (!worker_goes_on(bus->worker))
		return 0;
	return schedule_spare_ns(&bus->schedule, bus->asked, clock_mono_ns());
}

struct driver_host bus_host(struct bus *bus)
{
	return (struct driver_host){
		.data = bus,
		.reading = host_reading,
		.said = host_said,
		.fault = host_fault,
		.refuse = host_refuse,
		.moment = host_moment,
		.debug = host_debug,
		.tell = host_tell,
		.patience_ns = host_patience_ns,
		.spare_ns = host_spare_ns,
	};
}

/* ---- polling ----------------------------------------------------------------------- */

int bus_device_poll(struct bus *bus, size_t index)
{
	const struct driver *driver = bus->driver;
	struct bus_device *device = &bus->devices[index];
	int64_t began_ns = clock_mono_ns();
	int err;

	bus_device_clear_staged(device);
	bus->asked = index;
	atomic_fetch_add_explicit(&bus->polls, 1, memory_order_relaxed);
	err = driver->poll(bus->instance, index);
	if (err < 0)
		return err;
	schedule_answered(&bus->schedule, index, began_ns, clock_mono_ns());
	bus_device_up(bus, device);
	bus_device_pass(bus, device);
	return 0;
}

void bus_device_failed(struct bus *bus, size_t index, int64_t began_ns, int err)
{
	struct bus_device *device = &bus->devices[index];
	int64_t wait_ns =
		schedule_failed(&bus->schedule, index, began_ns, clock_mono_ns(), random_chance());
	struct bus_fault fault = device->fault;
	char name[PLACE_BYTES];

	atomic_fetch_add_explicit(&bus->failures, 1, memory_order_relaxed);
	if (fault.reason == REASON_NONE)
		fault.reason = err == -ENOTCONN ? REASON_LINK_DOWN : REASON_NO_ANSWER;
	if (!fault.message[0])
		snprintf(fault.message, sizeof(fault.message), "%s", strerror(-err));
	if (wait_ns > 0 && bus_device_down(bus, device, fault.reason, fault.message) &&
	    (device->logged_ns == 0 || device->since_ns - device->logged_ns >= LOG_AGAIN_NS)) {
		device->logged_ns = device->since_ns;
		log_known_warnx(LOG_DEVICE_DOWN, "%s is down (%s): %s; asking again in %.1f s",
				place(bus, device, name), reason_name(fault.reason), fault.message,
				in_seconds(wait_ns));
		device->logged = true;
	}
	bus_device_clear_staged(device);
}
