/* The seam between the core and a driver. A driver turns hardware into readings
 * and nothing else: debounce, staleness, retry, back-off and logging live once,
 * above it (bus.c, transit/point.c). It never exits, never logs, has no globals.
 *
 * One driver instance serves one bus: a serial line, a connection, a GPIO chip,
 * a trace. A device configured without a bus gets an instance of its own.
 *
 * A driver is of one of two kinds:
 *   blocking  open() and poll() may block, each for a bounded time that follows
 *             from its options; the core calls poll() for one device when that
 *             device is due;
 *   by fd     the core waits for fd() and calls read() when it is readable. The
 *             driver may aggregate several sources (lines, timers) behind one
 *             epoll fd.
 * The core gives each bus a thread of its own.
 *
 * Adding a driver touches its file, one line of drivers.c and one test.
 */
#ifndef CORRIDORD_BUS_DRIVER_H
#define CORRIDORD_BUS_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h" /* a driver reads clock_mono_ns(); UTC only to judge a sender's own time */
#include "config/option.h"
#include "transit/event/reading.h"

#define DRIVER_ALL SIZE_MAX /* instead of a point: all points of the device */

/* The way up. The core fills it in; a test may too. All calls come from the
 * thread that called into the driver, during that call. */
struct driver_host {
	void *data;
	/* A good reading. point: index within the device. lost_edges: changes known
	 * to be missed since the last one of this point. */
	void (*reading)(void *data, size_t device, size_t point, const struct value *value,
			int64_t at_mono_ns, uint32_t lost_edges);
	/* The same of a device that sends messages, with what it said beside the value. */
	void (*said)(void *data, size_t device, size_t point, const struct value *value,
		     int64_t at_mono_ns, const struct origin *origin);
	/* Why a point (or DRIVER_ALL) cannot be read. what: one line for people, the cause
	 * and if possible the cure. */
	void (*fault)(void *data, size_t device, size_t point, enum reason reason,
		      const char *what);
	/* What came is no value of the point's type, or means none: a fault, out of range. raw: what
	 * came, as a number of its bits or a text. */
	void (*refuse)(void *data, size_t device, size_t point, const struct value *raw,
		       const char *what);
	/* by fd: readings and faults of points from when a moment begins until it ends, one a point,
	 * belong together: no sensor sees some of them without the others. */
	void (*moment)(void *data, size_t device, bool begins);
	void (*debug)(void *data, const char *what);
	/* The same, but to be seen by whoever looks at the log: what came and was refused, with its
	 * beginning. The core sees to it that it does not fill the log. */
	void (*tell)(void *data, const char *what);
	/* How long an answer should be waited for, if less than the device may take; INT64_MAX: as
	 * long as that. Asked once at the beginning of poll(). */
	int64_t (*patience_ns)(void *data);
	/* For how long a question that was vain may be repeated, within poll(): a retry is made of
	 * idle time. */
	int64_t (*spare_ns)(void *data);
};

struct driver_point {
	const char *name;
	const void *conf; /* the driver's point options, parsed */
	/* Of a truth value picked from a larger number: numbers as a whole that mean that there is
	 * none. Of other values the core looks at them. */
	const int64_t *none;
	size_t none_count;
};

struct driver_device {
	const char *name;
	const void *conf; /* the driver's device options, parsed */
	const struct driver_point *points;
	size_t point_count;
};

/* Borrowed, alive as long as the instance. */
struct driver_setup {
	const char *name; /* of the bus, or of the device when it has none */
	const void *conf; /* the driver's bus options, parsed; NULL when it has none */
	const struct driver_device *devices;
	size_t device_count;
	struct driver_host host;
};

#define DRIVER_PEEK_MAX 125

/* What somebody wants to see of a device, as it is: numbers of 16 bits, or bits. */
struct driver_peek {
	char table[16]; /* by its name, for those that have several; "": the usual one */
	uint32_t address, count; /* counted as the points of the device are */
	uint16_t values[DRIVER_PEEK_MAX];
	enum reason reason; /* why there are none, */
	unsigned code; /* the device's own number for that, as a Modbus exception; 0: none */
	char why[192]; /* for people */
};

#define DRIVER_DOUBT_BYTES 160

struct driver_complaint {
	char message[160]; /* for people: what is wrong, what was expected */
	size_t device;
	size_t point; /* or DRIVER_ALL */
};

struct driver {
	const char *name; /* as in the configuration: "modbus-tcp" */
	const char *summary;
	bool blocking;
	struct conf_block bus; /* options of a bus block; .options NULL: has no bus block */
	struct conf_block device; /* options of a device block (beside the core's) */
	struct conf_block point; /* options of a point block (beside the core's) */

	/* What the values of a point can be, by its options; NULL: anything. */
	struct value_shape (*shape)(const void *point_conf);

	/* Checks what the tables cannot (points that overlap or lie outside), makes the plan.
	 * No I/O. -EINVAL with *complaint filled, -ENOMEM. What create() makes is freed with destroy(). */
	int (*create)(const struct driver_setup *setup, void **ret_instance,
		      struct driver_complaint *complaint);
	void (*destroy)(void *instance); /* takes NULL */

	/* Opens the hardware; after a failure the core calls close() and tries again later,
	 * with back-off. Negative errno, having said why by host->fault(DRIVER_ALL) per
	 * device. Reports the present state of lines as readings. */
	int (*open)(void *instance);
	void (*close)(void *instance); /* accepts half-opened and closed */
	/* by fd, may be NULL: takes over what another instance holds of a point that says the same, before
	 * open(), which opens the rest: no edge of it is lost. The other has options of which heir() says
	 * that this can be, is open or closed, and is called with nothing more but close(). */
	bool (*heir)(const void *device_conf, const void *before_conf);
	void (*inherit)(void *instance, size_t point, void *before, size_t point_before);

	/* blocking: reads all points of one device once. 0, also when single points are
	 * faulty (told by fault()); -ENOTCONN: the link is lost, close and open again; any
	 * other negative errno: this device failed (told by fault(DRIVER_ALL)). */
	int (*poll)(void *instance, size_t device);

	/* blocking, may be NULL: one question, between two polls. 0; -EINVAL: it cannot be asked so;
	 * -ENOTCONN as for poll(); other negative errno: no answer. peek->why says it. */
	int (*peek)(void *instance, size_t device, struct driver_peek *peek);

	/* blocking, may be NULL: what may go by, at most, in a call without one to the host. */
	int64_t (*longest_ns)(const void *instance);

	/* For what is said about a configuration. Each may be NULL.
	 * doubt: whether a point is allowed and mostly a mistake, and what is meant instead.
	 * overlap: whether two points of a device have a part of a number in common.
	 * lacks: what is not there now of what a point names, or the device itself (no point); whole
	 * sentences of why.
	 * holds: what of the hardware a point has for itself alone ("line \"lane1-up\"").
	 * place: what only one bus can have ("/dev/ttyS1": exclusive) or should ("host:port").
	 * unit: the number of a device on its bus. wire_ns: what one poll takes of the line; 0: it is
	 * no line. */
	bool (*doubt)(const void *point_conf, char ret_words[DRIVER_DOUBT_BYTES]);
	bool (*overlap)(const void *point_conf, const void *other_conf);
	bool (*lacks)(const void *device_conf, const void *point_conf,
		      char ret_words[DRIVER_DOUBT_BYTES]);
	bool (*holds)(const void *device_conf, const void *point_conf,
		      char ret_words[DRIVER_DOUBT_BYTES]);
	bool (*place)(const void *bus_conf, char *ret_place, size_t place_bytes); /* exclusive */
	int64_t (*unit)(const void *device_conf);
	int64_t (*wire_ns)(const void *instance, size_t device);
	int64_t (*vain_ns)(const void *instance, size_t device); /* of a question not answered */

	/* by fd: valid from open() to close(). */
	int (*fd)(void *instance);
	/* by fd: takes all that is there; 0, or negative errno: close and open again. */
	int (*read)(void *instance);

	/* Of senders of messages, else NULL: hears these bytes, of an instance that is not open, as if
	 * they came now and all that it waits for came to pass. What it makes of them, and why, it
	 * tells the host by reading(), fault() and debug(). */
	void (*hear)(void *instance, size_t device, const char *bytes, size_t count);
};

/* The table of drivers.c, ended by NULL. */
extern const struct driver *const drivers[];

/* NULL when there is none of this name. */
const struct driver *driver_by_name(const char *name);

#endif
