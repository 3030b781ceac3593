/* A bus: one driver instance, its devices, and when each is asked.
 *
 * Owns retry, back-off, the share of silent devices, re-opening. Every bus runs
 * a thread of its own, one by fd too: its driver must not find the capture
 * queue full in the thread that empties it, and a GPIO expander on a slow wire
 * must not hold up the main loop. Readings and device reports leave through the
 * capture queue. No queue of polls: a device whose time has passed is asked
 * once, what was missed is counted as skipped.
 */
#ifndef CORRIDORD_BUS_H
#define CORRIDORD_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture.h"
#include "config.h"

struct bus;

struct bus_counters {
	uint64_t polls, failures, skipped, reopened;
	uint32_t devices_down;
	bool open;
};

/* conf and config are borrowed. -EINVAL (driver refused the plan: errors has the
 * line), -ENOMEM. Free with bus_free(), which stops it first. */
int bus_new(const struct config *config, const struct bus_conf *conf, struct capture_queue *queue,
	    FILE *errors, struct bus **ret_bus);
void bus_free(struct bus *bus);

/* Starts the thread, which opens the driver (a failure is reported and retried). */
int bus_start(struct bus *bus);
/* Asks the thread to stop; bus_free() waits for it: for one call of the driver, and while
 * the capture queue is full and not closed. */
void bus_stop(struct bus *bus);
/* After bus_stop(): whether the thread has ended by the deadline (monotonic); true when it
 * has none. bus_free() does not wait after true. */
bool bus_join(struct bus *bus, int64_t deadline_mono_ns);

struct bus_counters bus_counters(struct bus *bus); /* any thread */

/* The watchdog's question: heartbeat_ask() for its thread, waking it. */
void bus_ask(struct bus *bus);
bool bus_stuck(struct bus *bus, int64_t now_mono_ns);
const char *bus_name(const struct bus *bus);

#endif
