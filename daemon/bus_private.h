/* Inside of a bus, shared by bus.c (thread, link) and bus_device.c (what one device does). */
#ifndef CORRIDORD_BUS_PRIVATE_H
#define CORRIDORD_BUS_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"
#include "bus_output.h"
#include "bus_schedule.h"
#include "driver.h"
#include "heartbeat.h"

#define BUS_WHAT_BYTES 192 /* of what a driver says, for the log */

/* What a driver gives before it is known that the whole call goes well. */
struct bus_staged {
	bool set;
	struct reading reading;
	char what[BUS_WHAT_BYTES]; /* of a fault */
};

struct bus_point {
	struct output_point output;
	const char *name; /* "device.point" */
	bool told; /* its fault was logged */
	int64_t told_ns; /* when, last */
	struct bus_staged staged;
};

/* What the driver said of a whole device during a call. */
struct bus_said {
	enum reason reason; /* REASON_NONE: nothing */
	char what[BUS_WHAT_BYTES];
};

struct bus_device {
	const struct device_conf *conf;
	uint32_t index; /* as config numbers them */
	struct bus_point *points;
	size_t point_count;
	bool known; /* a report of it was made */
	bool down; /* as reported */
	bool told; /* it was logged for itself, not with its link */
	enum reason reason; /* why, as reported */
	int64_t since_ns; /* of the last report */
	int64_t down_ns; /* since when it is down */
	bool broke_link; /* when last asked, and nothing came over it from any since */
	struct bus_said said;
};

struct bus {
	const struct bus_conf *conf;
	const struct driver *driver;
	void *instance;
	struct driver_setup setup;
	struct driver_device *driver_devices;
	struct bus_device *devices;
	size_t device_count;
	struct bus_point *points; /* of all devices */
	struct bus_output output;
	struct schedule schedule;

	pthread_t thread;
	bool running; /* there is a thread to join */
	int wake_fd; /* eventfd: stop, or the watchdog's question */
	int end_fd; /* eventfd: the thread has ended */
	atomic_bool stop;
	struct heartbeat beat;

	bool opening; /* open() is under way */
	bool outage; /* the link is down and that was reported */
	int64_t outage_ns; /* since when */
	int64_t reopen_ns; /* not opened again before */
	int64_t reopen_delay_ns;

	_Atomic uint64_t polls, failures, skipped, reopened;
	_Atomic uint32_t devices_down;
	atomic_bool open;
};

/* The driver's way up, for setup.host. */
struct driver_host bus_host(struct bus *bus);

/* Forgets what the driver gave and said; before each call into it, and after a vain one. */
void bus_device_hush(struct bus_device *device);

/* Reports it and marks all its points, unless that is known already. True: it was news. */
bool bus_device_down(struct bus *bus, struct bus_device *device, enum reason reason,
		     const char *what);
void bus_device_up(struct bus *bus, struct bus_device *device);

/* By fd: what the driver said of all of it holds, the device is down; false: it said nothing. */
bool bus_device_settle(struct bus *bus, struct bus_device *device);

/* The call went well: passes what it gave. */
void bus_device_pass(struct bus *bus, struct bus_device *device);

/* Asks a device of a blocking driver and passes what it gives. Negative errno as from the
 * driver; then either bus_device_failed(), or it was the link's fault. */
int bus_device_ask(struct bus *bus, size_t device);
void bus_device_failed(struct bus *bus, size_t device, int64_t began_ns, int err);

#endif
