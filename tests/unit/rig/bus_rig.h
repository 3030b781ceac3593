/* A bus with a configuration made by hand, and a consumer that remembers what came.
 *
 * The devices are "unit-0", "unit-1" ..., each with as many points "p0", "p1" ...; points are
 * numbered through. A test may change the configuration until the bus is started. */
#ifndef CORRIDORD_TESTS_BUS_RIG_H
#define CORRIDORD_TESTS_BUS_RIG_H

#include "unit.h"

#include "bus/bus.h"

#define BUS_RIG_POINTS	64
#define BUS_RIG_DEVICES 16
#define BUS_RIG_LOG	4096

struct bus_rig {
	struct config config;
	struct bus_conf bus_conf;
	struct device_conf devices[BUS_RIG_DEVICES];
	size_t device_indices[BUS_RIG_DEVICES];
	struct point_conf points[BUS_RIG_POINTS];
	struct driver_point driver_points[BUS_RIG_POINTS];
	char point_names[BUS_RIG_POINTS][64];
	char device_names[BUS_RIG_DEVICES][32];
	struct capture_queue *queue;
	struct bus *bus;
	struct capture log[BUS_RIG_LOG]; /* all that came, in order */
	size_t count;
};

/* driver_conf: of the bus and of each device. */
void bus_rig_init(struct bus_rig *rig, const struct driver *driver, void *driver_conf,
		  size_t devices, size_t points_each);
/* Stops the bus, started or not. Does nothing to a rig of zeroes, or a second time. */
void bus_rig_fini(struct bus_rig *rig);

void bus_rig_shorten_queue(struct bus_rig *rig, size_t slots); /* before the start */
void bus_rig_start(struct bus_rig *rig);

/* ---- what came ------------------------------------------------------------------------- */

/* A question about an item, of the point, device or value given. */
typedef bool bus_rig_question(const struct capture *item, int64_t given);

bus_rig_question point_is_read; /* whatever its quality */
bus_rig_question point_is_good;
bus_rig_question point_is_at_fault;
bus_rig_question device_is_down;
bus_rig_question device_is_up;
bus_rig_question value_is;

/* Waits for the first item in the log, from a place on, of which it is true: its place. */
#define bus_rig_wait(rig, from, question, given) \
	bus_rig_wait_named((rig), (from), (question), (given), #question)
size_t bus_rig_wait_named(struct bus_rig *rig, size_t from, bus_rig_question *question,
			  int64_t given, const char *name);

/* How many there are in the log, as yet; between: up to a place. */
size_t bus_rig_count(const struct bus_rig *rig, bus_rig_question *question, int64_t given);
size_t bus_rig_count_between(const struct bus_rig *rig, size_t from, size_t to,
			     bus_rig_question *question, int64_t given);

/* Takes what there is; when there is nothing, what comes first until the deadline (monotonic). */
void bus_rig_take(struct bus_rig *rig, int64_t deadline_ns);

/* Takes what comes until the bus has polled as many times more. */
void bus_rig_wait_polls(struct bus_rig *rig, uint64_t more);

/* Takes what comes until the condition is true. */
#define BUS_RIG_WAIT(rig, condition) WAIT_FOR((bus_rig_take((rig), 0), (condition)))

#endif
