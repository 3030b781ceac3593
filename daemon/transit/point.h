/* A point: one observed value with what every input needs, whatever drives it.
 *
 * It maps and scales the raw value, debounces it, notices when it grows stale
 * and when it chatters. Sensors see only what comes out of a point. A point
 * that is not good has no value: its last one is never given again.
 *
 * Debounce and chatter concern what has states: booleans and mapped words.
 * A number may differ at each reading and is taken as it comes.
 */
#ifndef CORRIDORD_POINT_H
#define CORRIDORD_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reading.h"

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

struct point {
	const struct point_conf *conf;

	/* What a sensor may know. */
	struct value value; /* VALUE_NONE unless the quality is good */
	enum quality quality;
	enum reason reason;
	int64_t changed_mono_ns; /* since when it is as it is */
	int64_t seen_mono_ns; /* of the last reading, good or not */

	/* Before debounce: the value as last read. */
	struct value raw;
	int64_t edge_mono_ns; /* when raw became what it is */
	int64_t unrest_mono_ns; /* first of a run of edges that never held for debounce_ns */
	uint64_t edges; /* changes of raw, ever */

	/* After debounce, before the chatter detector. */
	struct value level;
	int64_t level_mono_ns;
	enum quality input_quality;
	enum reason input_reason;

	bool chatter;
	int64_t chatter_mono_ns; /* since when, or since when it no longer is */
	int64_t window_mono_ns; /* start of the window that is watched for quiet */
	uint32_t window_changes;
	uint64_t chatter_from_edges; /* edges when chatter was raised */
	int64_t *changes; /* times of the last changes, a ring of conf->chatter_edges */
	uint32_t change_count, change_next;
};

/* What a reading, or time, did to a point. */
enum point_effect {
	POINT_CHANGED = 1, /* value, quality or reason: the sensors have to look */
	POINT_CHATTER_RAISED = 2,
	POINT_CHATTER_CLEARED = 4,
};

/* ring: room for conf->chatter_edges times, NULL when there are none; borrowed. */
void point_init(struct point *point, const struct point_conf *conf, int64_t *ring);

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

/* Whether what is known of it holds for this moment: a polled point is known up to its
 * last reading, one that reports edges (never stale) up to now. What is not good is known
 * to be not good. */
bool point_known_at(const struct point *point, int64_t at_mono_ns);

/* The value as a truth value: a boolean, or a number 0 or 1. false: it is neither. */
bool point_truth(const struct point *point, bool *ret_truth);

/* false: not a number. */
bool point_number(const struct point *point, double *ret_number);

#endif
