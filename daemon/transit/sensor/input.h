/* What is said of inputs and devices themselves, whatever sensor uses them:
 * chatter, lost edges, faults, a device that does not answer.
 *
 * A point is at fault by itself (input.fault) when that has lasted a second and
 * its device is not down: when the reason is the point's own (its address is
 * refused), or when another point of the device has been read since. Of a device that is not
 * what it is expected to be only the point that says so is at fault.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_INPUT_H
#define CORRIDORD_TRANSIT_SENSOR_INPUT_H

#include <stdint.h>

#include "transit/sensor/point.h"
#include "transit/sensor/sensor.h"

struct transit_device {
	const char *name;
	const char *bus; /* for people; NULL when the device has none */
};

struct device {
	const struct transit_device *conf;
	uint32_t first_point, point_count; /* into transit.device_points */
	struct alarm down;
	bool known; /* something was reported of it: */
	struct device_report last;
	const struct point
		*misfit; /* not as expected: the device is not ready, or another; or NULL */
	bool flaps; /* told; it is not believed until it has answered for a while */
	uint32_t outages; /* since flaps_mono_ns, those that were not told too */
	int64_t flaps_mono_ns; /* when the first of them began; INT64_MIN: there was none */
	int64_t up_mono_ns; /* when it answered again */
	bool mid_poll; /* the rest of its readings is to follow */
	int64_t good_mono_ns; /* when a point of it was last read well; INT64_MIN: never */
};

struct input {
	uint32_t index; /* as the configuration numbers it */
	struct point *point;
	struct device *device;
	uint32_t first_user, user_count; /* into transit.users: the sensors it belongs to */
	struct alarm chatter, fault;
	int64_t fault_mono_ns; /* at fault since; INT64_MAX: it is not */
	int64_t refused_mono_ns; /* when a number of it was last named as not believed */
	int64_t fault_due_ns; /* when that may become an alarm by time alone; INT64_MAX: never */
};

/* point, device: borrowed. */
void input_init(struct input *input, struct point *point, struct device *device);
void device_init(struct device *device, const struct transit_device *conf);

/* After the point took a reading or a tick that had these effects. */
void input_tell(struct input *input, struct teller *teller, unsigned effects, int64_t at_mono_ns);
void input_tell_lost_edges(struct input *input, struct teller *teller, uint32_t edges,
			   int64_t at_mono_ns);
int64_t input_deadline(const struct input *input); /* of the point and of its alarms */

/* They are read no more: what is raised is cleared. */
void input_end(struct input *input, struct teller *teller, int64_t at_mono_ns);
void device_end(struct device *device, struct teller *teller, int64_t at_mono_ns);

/* A device that is down again and again within a minute flaps: it stays down until it has answered
 * for half a minute. */
void device_tell(struct device *device, struct teller *teller, const struct device_report *report);
/* A reading of it has come. */
void device_read(struct device *device, struct teller *teller, int64_t at_mono_ns);
/* Its device answers again: the time of a fault counts from now. */
void input_device_up(struct input *input, int64_t at_mono_ns);

#endif
