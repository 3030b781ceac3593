/* A bus: one driver instance, its devices, and when each is polled.
 *
 * Owns retry, back-off, the share of silent devices, re-opening. Every bus runs
 * a thread of its own, one by fd too: its driver must not find the capture
 * queue full in the thread that empties it, and a GPIO expander on a slow wire
 * must not hold up the main loop. Readings and device reports leave through the
 * capture queue. No queue of polls: a device whose time has passed is polled
 * once, what was missed is counted as skipped.
 */
#ifndef CORRIDORD_BUS_H
#define CORRIDORD_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/worker.h"
#include "bus/capture.h"
#include "bus/driver.h"
#include "config/config.h"

struct bus;

struct bus_counters {
	uint64_t polls, failures, skipped, reopened;
	uint32_t devices_down;
	int64_t retry_ns; /* within which those are asked again; 0: there are none */
	bool open;
};

/* conf and config are borrowed. -EINVAL (driver refused the plan: errors has the
 * line), -ENOMEM. Free with bus_free(). */
int bus_new(const struct config *config, const struct bus_conf *conf, struct capture_queue *queue,
	    FILE *errors, struct bus **ret_bus);
void bus_free(struct bus *bus); /* stopped, or never started; takes NULL */

/* What goes with all that it puts into the queue, for who takes that: points and devices are
 * numbered as in its configuration. Before bus_start(). */
void bus_set_source(struct bus *bus, const void *source);
const void *bus_source(const struct bus *bus);

/* heir is to take the place of a bus that differs from it in some points of its only device: what is
 * held of the others stays held meanwhile. points: of each of the heir's configuration which it is in
 * the one before, or CONFIG_NEW; first: the device's first in that. Before bus_stop() of the one and
 * bus_start() of the other. */
void bus_bequeath(struct bus *bus, struct bus *heir, const uint32_t *points, size_t first);
/* Of a bus that has stopped: its heir has it now, if there is one. */
void bus_be_inherited(struct bus *bus);
/* Whether it can only start when the other has ended, as both may want one line. */
bool bus_waits_for(const struct bus *bus, const struct bus *ending);

/* Starts the thread, which opens the driver (a failure is reported and retried). */
int bus_start(struct bus *bus);
bool bus_has_started(const struct bus *bus);
/* As worker_stop(): it ends after one call of the driver, and not while the capture queue is
 * full and not closed. */
bool bus_stop(struct bus *bus, int64_t deadline_mono_ns);

struct bus_counters bus_counters(struct bus *bus); /* any thread */

/* A question of a person to a device, and what came of it. */
struct bus_question {
	uint64_t number; /* the caller's */
	size_t device; /* within the bus */
	int wake_fd; /* an eventfd, written when it is answered */
	struct driver_peek peek;
	int err; /* as driver.peek() returned it */
	int64_t took_ns;
};

/* It is put between two polls, by the thread of the bus. Any thread. -EBUSY: another is under way;
 * -EOPNOTSUPP: of this driver nothing can be asked. */
int bus_ask(struct bus *bus, const struct bus_question *question);
/* false: none has been answered. */
bool bus_answered(struct bus *bus, struct bus_question *ret_question);

/* Somebody else has the line until then, or until this is called with 0: it is closed, and its devices
 * are down. Any thread. Only of a bus that asks its devices. */
void bus_lend(struct bus *bus, int64_t until_mono_ns);
bool bus_can_be_lent(const struct bus *bus);

/* Of a bus that has stopped: a question that it was asked and whose answer nobody took. */
bool bus_left_question(struct bus *bus, struct bus_question *ret_question);

struct worker *bus_worker(struct bus *bus); /* for the watchdog */
const char *bus_name(const struct bus *bus);

#endif
