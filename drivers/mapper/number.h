/* A number that is read off a vehicle: an event at the reader, a level for the lane.
 *
 * From the first candidate on it waits for `settle`, then gives the best of what came: highest
 * confidence, or most often read. Misreadings of the one taken (two characters off at most) are
 * then part of its reading; a text that is another altogether is another vehicle's, and settles
 * next. So long after the last message with it (`hold`) it stands; then the point is empty. The
 * same text within `again_after` of its last sight is the same reading and is not given again.
 *
 * Pure: time comes in as a parameter, never backwards. Owns nothing.
 */
#ifndef CORRIDORD_MAPPER_NUMBER_H
#define CORRIDORD_MAPPER_NUMBER_H

#include "mapper/conf.h"
#include "transit/event/reading.h"

#define NUMBER_CANDIDATES 8
#define NUMBER_KNOWN	  16

struct number_candidate {
	char text[VALUE_TEXT_BYTES];
	uint32_t times;
	int64_t seen_mono_ns;
	struct origin origin; /* of the message that was surest of it */
};

struct number_known {
	char text[VALUE_TEXT_BYTES]; /* "": free */
	int64_t seen_mono_ns;
};

struct number {
	const struct map_point_conf *conf;
	char shown[VALUE_TEXT_BYTES]; /* "": empty */
	int64_t shown_until_ns;
	int64_t given_mono_ns; /* since when it is shown, INT64_MIN: nothing was */
	bool alone; /* nothing belongs to it: several of one moment are shown one after the other */
	struct number_candidate candidates[NUMBER_CANDIDATES];
	uint32_t candidate_count;
	int64_t settled_at_ns; /* while there are candidates */
	struct number_known known[NUMBER_KNOWN];
	uint64_t dropped; /* candidates for which there was no room */
	struct origin origin; /* of what it shows */
	/* What it shows now. */
	void (*give)(void *data, const char *text, int64_t at_mono_ns);
	void *data;
};

/* conf is borrowed; conf->hold_ns is above 0. */
void number_init(struct number *number, const struct map_point_conf *conf,
		 void (*give)(void *data, const char *text, int64_t at_mono_ns), void *data);

enum number_news { NUMBER_NEW, NUMBER_STANDS, NUMBER_SAME_READING };

/* What else the message says that it may be is looked up, and never shown. */
enum number_news number_heard(struct number *number, const char *text, const struct origin *origin,
			      int64_t now_mono_ns);

/* Which will be shown if nothing better comes; NULL: nothing settles. */
const struct number_candidate *number_best(const struct number *number);

/* The vehicle has left: what settles is taken at once, then it is empty. */
void number_gone(struct number *number, int64_t now_mono_ns);

/* All that is due; INT64_MAX: nothing will be. */
void number_tick(struct number *number, int64_t now_mono_ns);
int64_t number_deadline(const struct number *number);

#endif
