/* The bounded way from the bus threads to the main loop.
 *
 * Many producers, one consumer. A full queue makes the producer wait (counted):
 * nothing is dropped. The consumer waits for capture_fd(), and no longer than until
 * capture_look_ns(). What may wait does not wake it each time: it is taken together, in its
 * order, with what comes soon after.
 */
#ifndef CORRIDORD_BUS_CAPTURE_H
#define CORRIDORD_BUS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/reading.h"

enum capture_kind { CAPTURE_READING, CAPTURE_DEVICE };

struct capture {
	enum capture_kind kind;
	const void *source; /* of its bus: bus_set_source() */
	bool may_wait; /* as long as two wakes are apart */
	union {
		struct reading reading;
		struct device_report device;
	};
};

struct capture_queue;

/* slots: capacity. pace_ns: after a take what may wait wakes nobody for so long; 0: it always does.
 * -ENOMEM or another negative errno. Free with capture_free(), after the producers have stopped. */
int capture_new(size_t slots, int64_t pace_ns, struct capture_queue **ret_queue);
void capture_free(struct capture_queue *queue);

/* Waits while the queue is full. false: the queue was closed, the item is not in it. */
bool capture_put(struct capture_queue *queue, const struct capture *item);

/* Wakes the consumer for what was put since the last call: once per poll, not per reading. */
void capture_flush(struct capture_queue *queue);

/* Up to count items, in order; 0: empty. Consumer only. */
size_t capture_take(struct capture_queue *queue, struct capture *items, size_t count);

/* Readable when there is something to take at once. Owned by the queue. */
int capture_fd(const struct capture_queue *queue);

/* When to look for what wakes nobody; INT64_MAX: all does. Consumer only. */
int64_t capture_look_ns(const struct capture_queue *queue);

/* Producers no longer wait and put nothing more. */
void capture_close(struct capture_queue *queue);

uint64_t capture_waits(struct capture_queue *queue); /* how often a producer had to wait */

#endif
