/* The Time Release Study of goods: how long consignments are at the checkpoint, from the lane that
 * they come in by to the one that they leave by. Part of study.c.
 *
 * By flow (import, export, transit), by whether their operator is recognised as AEO, and by whether
 * officers examined them: the splits of the WCO Guide.
 */
#ifndef CORRIDORD_TRANSIT_CHECKPOINT_STUDY_GOODS_H
#define CORRIDORD_TRANSIT_CHECKPOINT_STUDY_GOODS_H

#include "transit/checkpoint/study.h"
#include "transit/checkpoint/study_series.h"

struct jw;

#define STUDY_FLOWS 3

enum goods_interval {
	GOODS_STAY, /* arrival to gone */
	GOODS_RELEASED, /* arrival to an officer's release */
	GOODS_CONTROL, /* examinations, together */
	GOODS_INTERVALS
};

enum goods_examined { GOODS_EXAMINED, GOODS_NOT_EXAMINED, GOODS_SPLITS };

struct study_goods {
	struct study_series series[STUDY_SPANS][STUDY_FLOWS][STUDY_GROUPS][GOODS_SPLITS]
				  [GOODS_INTERVALS];
};

void goods_add(struct study_goods *goods, enum study_span span, const struct study_bounds *bounds,
	       const struct stay_course *course);
bool goods_have_any(const struct study_goods *goods, enum study_span span, int flow);
/* "flow", and both groups of it. */
void goods_tell(const struct study_goods *goods, enum study_span span, int flow,
		const struct study_bounds *bounds, struct jw *json);
void goods_forget(struct study_goods *goods, enum study_span span);

/* Memories: "study/<span>/<flow>/…". */
void goods_recall(struct study_goods *goods, enum study_span span, const char *span_name,
		  const char *key, const char *text);
void goods_keep(struct study_goods *goods, enum study_span span, const char *span_name,
		const struct keeper *keeper);

#endif
