/* A point: one observed value with what every input needs, whatever drives it.
 *
 * It maps and scales the raw value, debounces it, notices when it grows stale
 * and when it chatters. Sensors see only what comes out of a point. A point
 * that is not good has no value: its last one is never given again.
 */
#ifndef CORRIDORD_POINT_H
#define CORRIDORD_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reading.h"

struct event_sink;

#define POINT_NONE (-1) /* an optional reference that is not set */

struct point_map {
	int64_t raw;
	const char *word;
};

struct point_conf {
	const char *name; /* "device.point" */
	uint32_t device; /* index of its device */
	int64_t debounce_ns; /* a change shorter than this is not seen; 0: none */
	int64_t stale_after_ns; /* no reading for this long: stale; 0: never */
	uint32_t chatter_edges; /* this many changes within the window: chatter; 0: off */
	int64_t chatter_window_ns;
	bool invert; /* of a boolean */
	bool counted; /* a counter: chatter does not apply */
	double scale; /* 1 and 0: value passes unchanged */
	double offset;
	const struct point_map *map; /* raw integer to word; what it does not list is a fault */
	size_t map_count;
};

#endif
