/* What devices, points and sensors are like now: for people, in pieces of bounded size. */
#include <string.h>

#include "transit/private.h"

/* Of one, at most. */
#define DEVICE_BYTES 512
#define POINT_BYTES  640
#define SENSOR_BYTES (EVENT_BODY_BYTES + 128)

static void put_device(const struct device *device, struct jw *json, const struct instant *now)
{
	const struct device_report *last = &device->last;

	jw_open(json, NULL);
	jw_text(json, "name", device->conf->name);
	if (device->conf->bus)
		jw_text(json, "bus", device->conf->bus);
	jw_text(json, "state", !device->known ? "unknown" : last->up ? "up" : "down");
	if (device->known)
		jw_int(json, "since_s", (now->mono_ns - last->at_mono_ns) / NS_PER_S);
	if (device->known && !last->up) {
		jw_text(json, "reason", reason_name(last->reason));
		jw_text(json, "detail", last->detail);
	}
	if (device->flaps)
		jw_bool(json, "flaps", true);
	if (device->misfit)
		jw_text(json, "misfit", device->misfit->conf->name);
	jw_close(json);
}

static void put_point(const struct input *input, struct jw *json, const struct instant *now)
{
	const struct point *point = input->point;

	jw_open(json, NULL);
	jw_text(json, "name", point->conf->name);
	jw_value(json, "value", &point->value);
	jw_text(json, "quality", quality_name(point->quality));
	if (point->quality != QUALITY_GOOD)
		jw_text(json, "reason", reason_name(point->reason));
	if (point->refused.type != VALUE_NONE)
		jw_value(json, "raw", &point->refused);
	if (point->reason != REASON_NOT_YET)
		jw_int(json, "seen_ms", (now->mono_ns - point->seen_mono_ns) / NS_PER_MS);
	jw_int(json, "since_ms", (now->mono_ns - point->changed_mono_ns) / NS_PER_MS);
	jw_uint(json, "edges", point->edges);
	jw_close(json);
}

static void put_sensor(const struct sensor *sensor, struct jw *json, const struct instant *now)
{
	jw_open(json, NULL);
	sensor_put_members(sensor, json);
	if (sensor->judged)
		jw_int(json, "since_s", (now->mono_ns - sensor->since_mono_ns) / NS_PER_S);
	jw_close(json);
}

static bool is_of_lane(const struct transit *transit, const struct input *input, const char *lane)
{
	for (uint32_t i = 0; i < input->user_count; i++) {
		uint32_t slot = transit->users[input->first_user + i];
		const char *of = transit->slots[slot].sensor->lane;

		if (of && strcmp(of, lane) == 0)
			return true;
	}
	return false;
}

static bool point_is_of(const struct transit *transit, const struct input *input, const char *name)
{
	return !name || strcmp(input->device->conf->name, name) == 0 ||
	       strcmp(input->point->conf->name, name) == 0 || is_of_lane(transit, input, name);
}

static bool sensor_is_of(const struct sensor *sensor, const char *name)
{
	return !name || strcmp(sensor->lane ? sensor->lane : sensor->name, name) == 0;
}

size_t transit_look_at_devices(const struct transit *transit, size_t from, struct jw *json,
			       size_t most, const struct instant *now)
{
	jw_open_array(json, "devices");
	for (; from < transit->device_count && json->bytes + DEVICE_BYTES <= most; from++)
		put_device(transit->devices[from], json, now);
	jw_close_array(json);
	return from < transit->device_count ? from : 0;
}

size_t transit_look_at_points(const struct transit *transit, const char *name, size_t from,
			      struct jw *json, size_t most, const struct instant *now)
{
	jw_open_array(json, "points");
	for (; from < transit->input_count && json->bytes + POINT_BYTES <= most; from++)
		if (point_is_of(transit, input_at(transit, from), name))
			put_point(input_at(transit, from), json, now);
	jw_close_array(json);
	return from < transit->input_count ? from : 0;
}

size_t transit_look_at_sensors(const struct transit *transit, const char *name, size_t from,
			       struct jw *json, size_t most, const struct instant *now)
{
	jw_open_array(json, "sensors");
	for (; from < transit->slot_count && json->bytes + SENSOR_BYTES <= most; from++)
		if (transit->slots[from].kind != SENSOR_LANE &&
		    sensor_is_of(transit->slots[from].sensor, name))
			put_sensor(transit->slots[from].sensor, json, now);
	jw_close_array(json);
	return from < transit->slot_count ? from : 0;
}

/* Why there is no value is the driver's to say, but for what time alone has made so. */
static bool is_of_driver(enum reason reason)
{
	return reason != REASON_NOT_YET && reason != REASON_TOO_OLD && reason != REASON_CHATTER;
}

bool transit_last_reading(const struct transit *transit, size_t point, struct reading *ret_reading)
{
	const struct point *is = input_at(transit, point)->point;
	struct reading reading = {.point = (uint32_t)point, .quality = is->quality};

	if (is->quality == QUALITY_FAULT && is_of_driver(is->reason)) {
		reading.reason = is->reason;
		reading.value = is->refused;
	} else if (is->given.type != VALUE_NONE && is->reason != REASON_TOO_OLD) {
		reading.quality = QUALITY_GOOD;
		reading.value = is->given;
	} else {
		return false;
	}
	*ret_reading = reading;
	return true;
}
