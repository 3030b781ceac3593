/* A point: one observed value with what every input needs, whatever drives it.
 *
 * It maps and scales the raw value, debounces it, notices when it grows stale
 * and when it chatters. Sensors see only what comes out of a point. A point
 * that is not good has no value: its last one is never given again. Nor has one
 * whose number cannot be true; that number is kept apart, for people.
 *
 * Debounce and chatter concern every type. A truth value, a word or a text is
 * taken when it has held still for the debounce time; a number, which may differ at each
 * reading, when it has been away from the last one for so long.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_POINT_H
#define CORRIDORD_TRANSIT_SENSOR_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/reading.h"

#define POINT_NONE (-1) /* an optional reference that is not set */

struct point_map {
	int64_t raw;
	const char *word;
};

/* Of values, after scale and offset. Both 0: any. */
struct point_range {
	double min, max;
	bool or_zero; /* 0 may be, though outside */
};

struct point_conf {
	const char *name; /* "device.point" */
	uint32_t device; /* index of its device */
	int64_t debounce_ns; /* a change shorter than this is not seen; 0: none */
	int64_t stale_after_ns; /* no reading for this long: stale; 0: never */
	uint32_t chatter_edges; /* this many changes within the window: chatter; 0: off */
	int64_t chatter_window_ns;
	bool chatter_set; /* as configured, whatever role it has */
	bool chatter_returns; /* only changes count that take back the one before */
	bool invert; /* of a boolean */
	bool counted; /* a counter: chatter does not apply */
	bool looked_at_twice; /* polled: a change is passed once more by the next poll */
	bool is_prompt; /* of more than meters: its readings are taken at once */
	double scale; /* 1 and 0: value passes unchanged */
	double offset;
	const struct point_map *map; /* raw integer to word; what it does not list is a fault */
	size_t map_count;

	/* What is believed. Raw numbers: before map, scale and offset. */
	const int64_t *none; /* by which the device says that it has no value */
	size_t none_count;
	const int64_t *expect; /* the only ones there can be; none: any */
	size_t expect_count;
	struct point_range range; /* as configured */
	struct point_range plausible; /* for the role that it has in a sensor */
	struct value_shape raw; /* before map, scale and offset */
};

struct point {
	const struct point_conf *conf;

	/* What a sensor may know. */
	struct value value; /* VALUE_NONE unless the quality is good */
	enum quality quality;
	enum reason reason;
	int64_t changed_mono_ns; /* when value, quality or reason last changed */
	int64_t seen_mono_ns; /* of the last reading, good or not */

	struct origin origin; /* of the last good reading */

	/* Read, and not believed: VALUE_NONE unless the reason is REASON_OUT_OF_RANGE. */
	struct value refused;

	struct value given; /* read last and good, before map, scale and invert; or VALUE_NONE */

	/* Before debounce: the value as last read. */
	struct value raw;
	int64_t edge_mono_ns; /* when raw became what it is */
	int64_t unrest_mono_ns; /* start of a run of edges, none of which held for debounce_ns */
	uint64_t edges; /* changes of raw, ever */

	/* After debounce, before the chatter detector. */
	struct value level;
	int64_t level_mono_ns;
	enum quality input_quality;
	enum reason input_reason;

	struct value before; /* the last change; VALUE_NONE: it was lost */
	bool flickers; /* the last reading took its value away */
	bool chatter;
	int64_t chatter_mono_ns; /* when it was raised or cleared last */
	int64_t window_mono_ns; /* start of the window that is watched for quiet */
	uint32_t window_changes;
	uint64_t chatter_from_edges; /* edges when chatter was raised */
	int64_t *changes; /* times of the last changes, a ring of conf->chatter_edges */
	uint32_t change_count, change_next;
};

/* What a reading, or time, did to a point. */
enum point_effect {
	POINT_CHANGED = 1, /* value, quality or reason: its sensors are to be judged */
	POINT_CHATTER_RAISED = 2,
	POINT_CHATTER_CLEARED = 4,
};

/* ring: room for conf->chatter_edges times, NULL when there are none; borrowed. */
void point_init(struct point *point, const struct point_conf *conf, int64_t *ring);

/* NULL: the reference is POINT_NONE. */
static inline const struct point *point_ref(const struct point *const *points, int32_t index)
{
	return index == POINT_NONE ? NULL : points[index];
}

/* From here on it can grow stale. */
void point_start(struct point *point, int64_t now_mono_ns);

/* A set of enum point_effect. Deadlines that lie before the reading take effect first. */
unsigned point_reading(struct point *point, const struct reading *reading);

/* Its device is down: what is still good no longer is. */
unsigned point_fail(struct point *point, enum reason reason, int64_t at_mono_ns);

/* All that is due until at_mono_ns (included), in the order of its deadlines. */
unsigned point_tick(struct point *point, int64_t at_mono_ns);
int64_t point_deadline(const struct point *point); /* INT64_MAX: none */

/* Changes of the raw value since chatter was raised. */
uint64_t point_chatter_edges(const struct point *point);

bool point_good(const struct point *point);

/* Whether it passes numbers on as they come off the wire. */
static inline bool point_is_plain(const struct point_conf *conf)
{
	return !(conf->scale < 1 || conf->scale > 1 || conf->offset < 0 || conf->offset > 0);
}

static inline bool point_range_is_set(const struct point_range *range)
{
	return range->min < 0 || range->min > 0 || range->max < 0 || range->max > 0;
}

/* Debounce has nothing left to wait for. */
bool point_settled(const struct point *point);

/* A whole number, be it the outcome of a scale. false: none. */
bool point_whole(const struct point *point, int64_t *ret_number);

/* Whether what is known of it holds for this moment: a polled point is known up to its
 * last reading, one that reports edges (never stale) up to now. What is not good is known
 * to be not good. */
bool point_known_at(const struct point *point, int64_t at_mono_ns);

/* The value as a truth value: a boolean, or a number 0 or 1. false: it is neither. */
bool point_truth(const struct point *point, bool *ret_truth);

/* false: not a number. */
bool point_number(const struct point *point, double *ret_number);

#endif
