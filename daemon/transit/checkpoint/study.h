/* The Time Release Study of this checkpoint: how long its lanes take, hour by hour, day by day.
 *
 * After the WCO Guide to measure the time required for the release of goods (TRS: arrival to
 * physical release, each step between, mean and median and range, extremes kept apart), the
 * CAREC Corridor Performance Measurement and Monitoring (time at each border crossing point)
 * and FHWA-HOP-12-014 (reliability: the 95th percentile). Per lane, and for operators that are
 * recognised as AEO and all others: n, mean, p50, p90, p95, max of each interval, how many
 * passages are still open at the end of the window (censored: they have no duration yet), and
 * how many were marked and left out because a restart or a jump of the clock fell within.
 *
 * Windows run on monotonic time. One begins where the last one ended and ends on the full UTC
 * hour (UTC midnight for days) as the clock stood when it began. After a restart a window goes
 * on if its hour by UTC is still the same, else its event is put at once; "resumed" says either.
 *
 * Beside the lanes the consignments, from the lane they come in by to the one they leave by, with
 * more splits (study_goods.h).
 *
 * The passage calls study_add() when it closes; the flow calls study_tick() at
 * study_deadline(). All memory is taken by study_set_lanes(): 43 kB a lane, 130 for the
 * consignments; what nothing happened in is not touched.
 */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_STUDY_H
#define CORRIDORD_TRANSIT_CHECKPOINT_STUDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/memo.h"
#include "transit/event/reading.h"

struct jw;
struct stay_course;
struct study;
struct teller;

enum study_interval {
	STUDY_IDENTIFIED, /* presence to identified */
	STUDY_SEAL_CHECKED, /* identified to seals checked */
	STUDY_RELEASED, /* seals checked (or the last step before) to boom up */
	STUDY_CLEARED, /* boom up (or the last step before) to the vehicle gone */
	STUDY_DWELL, /* presence to gone */
	STUDY_QUEUE, /* beginning of the queue to presence */
	STUDY_INTERVALS
};

enum study_group { STUDY_RECOGNISED, STUDY_OTHERS, STUDY_GROUPS };

struct study_place {
	const char *name, *direction; /* of a lane */
};

/* -ENOMEM. */
int study_new(struct study **ret_study);
/* Those of the same name as before keep their figures. Names are borrowed. -ENOMEM: nothing is
 * changed. */
int study_set_lanes(struct study *study, const struct study_place *lanes, size_t lane_count);
void study_free(struct study *study); /* takes NULL */

/* A memory, before study_start(). One of others, or not readable, is ignored. */
void study_recall(struct study *study, const char *key, const char *text);
void study_start(struct study *study, const struct instant *now);

/* An interval of a passage that has closed. marked: only counted. */
void study_add(struct study *study, size_t lane, enum study_group group,
	       enum study_interval interval, int64_t duration_ns, bool marked);
/* A consignment has left the checkpoint. */
void study_add_goods(struct study *study, const struct stay_course *course);
/* Passages open now, for the windows that end until the next call. */
void study_set_open(struct study *study, size_t lane, enum study_group group, int64_t open);

/* Hands out the memories that changed: "study/…", texts below MEMO_BYTES. */
void study_keep(struct study *study, const struct instant *now, const struct keeper *keeper);

int64_t study_deadline(const struct study *study); /* INT64_MAX before study_start() */
/* Tells the windows that have ended (study.hour, study.day) and begins the next ones. An hour
 * in which nothing happened in a lane has no event; a day always has. */
void study_tick(struct study *study, struct teller *teller, const struct keeper *keeper);

/* "study" of a lane: passages open now, and the dwell of the hour and of the day so far. */
void study_metrics(const struct study *study, size_t lane, struct jw *json);

#endif
