/* Inside of a bus, shared by bus.c (thread, link) and device.c (what one device does). */
#ifndef CORRIDORD_BUS_PRIVATE_H
#define CORRIDORD_BUS_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log_limit.h"
#include "bus/bus.h"
#include "bus/driver.h"
#include "bus/output.h"
#include "bus/schedule.h"

#define BUS_JITTER	  0.25 /* of a back-off */
#define BUS_MESSAGE_BYTES 192 /* of a driver, for the log */

/* What a driver gives before it is known that the whole call goes well. */
struct bus_staged {
	bool set;
	struct reading reading;
	char message[BUS_MESSAGE_BYTES]; /* of a fault */
};

struct bus_point {
	struct output_point output;
	const char *name; /* "device.point" */
	uint32_t before; /* which it is of the bus whose heir this is; CONFIG_NEW: none */
	bool logged; /* its present fault */
	int64_t logged_ns; /* the last one */
	struct bus_staged staged;
};

/* What the driver reported of a whole device during a call. */
struct bus_fault {
	enum reason reason; /* REASON_NONE: no fault */
	char message[BUS_MESSAGE_BYTES];
};

struct bus_device {
	const struct device_conf *conf;
	uint32_t index; /* as config numbers them */
	struct bus_point *points;
	size_t point_count;
	bool known; /* a report of it was made */
	bool down; /* as reported */
	bool logged; /* that it is down, by itself and not with its link */
	int64_t logged_ns; /* the last time */
	enum reason reason; /* why, as reported */
	int64_t since_ns; /* when it was last reported up or down */
	int64_t down_ns; /* since when it is down */
	bool broke_link; /* with its last poll, and no device has given data since */
	struct bus_fault fault;
};

enum bus_ask_stage { ASK_NONE, ASK_PUT, ASK_ANSWERED };

struct bus_ask {
	pthread_mutex_t lock;
	enum bus_ask_stage stage;
	struct bus_question question;
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
	size_t asked; /* the device that is being polled */

	struct worker *worker;
	bool started;
	struct bus *heir; /* has not inherited yet; NULL: what is held is given back in the end */
	bool is_heir;
	struct bus_ask ask;

	struct log_limit told; /* what the driver tells of what it refuses */
	bool opening; /* open() is under way */
	bool in_moment; /* readings come that belong together */
	bool outage; /* the link is down and that was reported */
	int64_t outage_ns; /* since when */
	int64_t reopen_ns; /* not opened again before */
	unsigned reopen_failures; /* in a row */

	_Atomic uint64_t polls, failures, skipped, reopened;
	_Atomic uint32_t devices_down;
	_Atomic int64_t retry_ns; /* within which those are asked again */
	_Atomic int64_t lent_until_ns; /* somebody else has the line; 0: nobody */
	bool lent; /* that was seen */
	atomic_bool open;
};

/* The driver's way up, for setup.host. */
struct driver_host bus_host(struct bus *bus);

/* Drops the readings and the fault of a call that failed, or of the one before the next. */
void bus_device_clear_staged(struct bus_device *device);

/* Reports it down and all its points faulty. false: it was so for the same reason already. */
bool bus_device_down(struct bus *bus, struct bus_device *device, enum reason reason,
		     const char *message);
void bus_device_up(struct bus *bus, struct bus_device *device);

/* Of a driver by fd: a device with a fault is down. false: it has none. */
bool bus_device_report_fault(struct bus *bus, struct bus_device *device);

/* After a call that went well: passes the readings that it gave. */
void bus_device_pass(struct bus *bus, struct bus_device *device);

/* Puts a question of bus_ask(), if there is one. false: the link was lost with it. */
bool bus_put_question(struct bus *bus);

/* Polls a device of a blocking driver and passes its readings. Negative errno of the driver: the
 * caller calls bus_device_failed(), unless it was the link that failed. */
int bus_device_poll(struct bus *bus, size_t device);
void bus_device_failed(struct bus *bus, size_t device, int64_t began_ns, int err);

#endif
