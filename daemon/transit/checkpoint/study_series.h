/* The durations of one kind in one window, kept over a restart. Part of study.c. */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_STUDY_SERIES_H
#define CORRIDORD_TRANSIT_CHECKPOINT_STUDY_SERIES_H

#include "transit/checkpoint/study.h"
#include "transit/checkpoint/study_figures.h"
#include "transit/event/memo.h"

enum study_span { STUDY_HOUR, STUDY_DAY, STUDY_SPANS };

struct study_series {
	struct study_figures figures;
	bool changed; /* since it was kept */
	bool kept; /* there is a memory of it */
};

/* marked: only counted. */
void study_series_add(struct study_series *series, const struct study_bounds *bounds,
		      int64_t duration_ns, bool marked);
bool study_series_has_any(const struct study_series *series);
void study_series_forget(struct study_series *series);
void study_series_recall(struct study_series *series, const char *text);
/* If it changed. Empty figures are forgotten, and so are those that do not fit: they begin anew
 * after a restart. */
void study_series_keep(struct study_series *series, const char *key, const struct keeper *keeper);

const char *study_group_name(enum study_group group);

#endif
