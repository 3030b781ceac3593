/* What a bus passes upward, and what it need not pass again.
 *
 * The pure part wants each change, and enough repeats to see that a point is
 * fresh; debounce there goes by time, not by the number of readings. So a poll
 * that brought nothing new is passed only when more than a quarter of a point's
 * staleness limit (without one: ten seconds) has gone since the last: what is
 * read never looks stale, what is not looks stale a quarter early at most, and
 * a bus polled ten times a second wakes the rest of the daemon for its changes
 * only. Of a poll that brought anything new all is passed but what meters alone have
 * seen before: points that are judged together (two limit switches) are then known for
 * the same moment. The number
 * of a seal that changed is passed by the next poll, too: it is looked at twice before
 * it is believed. A fault is passed once per reason. What a driver by fd reports has happened: all of it is
 * passed.
 *
 * Times of one point never go back, though edges are stamped by the kernel and
 * faults here. One thread, the bus's; held up by a full queue it is not stuck.
 */
#ifndef CORRIDORD_BUS_OUTPUT_H
#define CORRIDORD_BUS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/worker.h"
#include "bus/capture.h"

struct point_conf;

struct output_point {
	int64_t repeat_ns; /* set by output_point_init(), as: */
	uint32_t index;
	bool looked_at_twice, may_wait;
	bool passed; /* anything yet */
	bool seen_again; /* the last reading was like the one before */
	struct { /* as it was passed */
		enum quality quality;
		enum reason reason;
		int64_t at_mono_ns;
		struct value value;
	} last;
};

struct bus_output {
	struct capture_queue *queue;
	const void *source; /* goes with each item */
	bool closed; /* the queue takes nothing more: the bus is to stop */
	bool unflushed;
	struct worker *worker; /* whose thread it is, borrowed */
};

void output_point_init(struct output_point *point, uint32_t index, const struct point_conf *conf);

/* Whether the reading (its .point aside) is a change, or a repeat that is due. */
bool output_is_due(const struct output_point *point, const struct reading *reading);
void output_pass(struct bus_output *output, struct output_point *point,
		 const struct reading *reading);

void output_device(struct bus_output *output, const struct device_report *report);

/* Wakes the consumer if anything was passed since the last call. */
void output_flush(struct bus_output *output);

#endif
