#include "transit/checkpoint/study_goods.h"

#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "transit/legs/stay.h"
#include "transit/registry/recognition_words.h"

#define SERIES (STUDY_FLOWS * STUDY_GROUPS * GOODS_SPLITS * GOODS_INTERVALS)

static const char *const interval_names[GOODS_INTERVALS] = {
	[GOODS_STAY] = "stay",
	[GOODS_RELEASED] = "released",
	[GOODS_CONTROL] = "control",
};

static const char *const split_names[GOODS_SPLITS] = {
	[GOODS_EXAMINED] = "examined",
	[GOODS_NOT_EXAMINED] = "not_examined",
};

static const char *flow_name(int flow)
{
	return customs_flow_name((enum customs_flow)(1u << flow));
}

/* All series of a window, one after the other. */
static struct study_series *series_at(struct study_goods *goods, enum study_span span, int at)
{
	return &goods->series[span][0][0][0][0] + at;
}

static void series_key(const char *span_name, int at, char ret_key[MEMO_KEY_BYTES])
{
	int interval = at % GOODS_INTERVALS;
	int split = at / GOODS_INTERVALS % GOODS_SPLITS;
	int group = at / (GOODS_INTERVALS * GOODS_SPLITS) % STUDY_GROUPS;
	int flow = at / (GOODS_INTERVALS * GOODS_SPLITS * STUDY_GROUPS);

	snprintf(ret_key, MEMO_KEY_BYTES, "study/%s/%s/%s/%s/%s", span_name, flow_name(flow),
		 study_group_name((enum study_group)group), split_names[split],
		 interval_names[interval]);
}

void goods_add(struct study_goods *goods, enum study_span span, const struct study_bounds *bounds,
	       const struct stay_course *course)
{
	enum study_group group = course->recognised ? STUDY_RECOGNISED : STUDY_OTHERS;
	enum goods_examined split = course->examined ? GOODS_EXAMINED : GOODS_NOT_EXAMINED;

	for (int flow = 0; flow < STUDY_FLOWS; flow++) {
		struct study_series *series = goods->series[span][flow][group][split];

		if (course->flow != (enum customs_flow)(1u << flow))
			continue;
		study_series_add(&series[GOODS_STAY], bounds, course->stay_ns, course->unsure);
		if (course->released_ns >= 0)
			study_series_add(&series[GOODS_RELEASED], bounds, course->released_ns,
					 course->unsure);
		if (course->examined)
			study_series_add(&series[GOODS_CONTROL], bounds, course->control_ns,
					 course->unsure);
	}
}

bool goods_have_any(const struct study_goods *goods, enum study_span span, int flow)
{
	for (int group = 0; group < STUDY_GROUPS; group++)
		for (int split = 0; split < GOODS_SPLITS; split++)
			if (study_series_has_any(
				    &goods->series[span][flow][group][split][GOODS_STAY]))
				return true;
	return false;
}

static void tell_split(const struct study_series *series, const struct study_bounds *bounds,
		       int split, struct jw *json)
{
	jw_open(json, split_names[split]);
	for (int interval = 0; interval < GOODS_INTERVALS; interval++)
		if (interval != GOODS_CONTROL || split == GOODS_EXAMINED)
			study_figures_tell(&series[interval].figures, bounds, json,
					   interval_names[interval]);
	jw_close(json);
}

void goods_tell(const struct study_goods *goods, enum study_span span, int flow,
		const struct study_bounds *bounds, struct jw *json)
{
	jw_text(json, "flow", flow_name(flow));
	for (int group = 0; group < STUDY_GROUPS; group++) {
		jw_open(json, study_group_name((enum study_group)group));
		for (int split = 0; split < GOODS_SPLITS; split++)
			tell_split(goods->series[span][flow][group][split], bounds, split, json);
		jw_close(json);
	}
}

void goods_forget(struct study_goods *goods, enum study_span span)
{
	for (int at = 0; at < SERIES; at++)
		study_series_forget(series_at(goods, span, at));
}

void goods_recall(struct study_goods *goods, enum study_span span, const char *span_name,
		  const char *key, const char *text)
{
	char mine[MEMO_KEY_BYTES];

	for (int at = 0; at < SERIES; at++) {
		series_key(span_name, at, mine);
		if (strcmp(key, mine) == 0)
			study_series_recall(series_at(goods, span, at), text);
	}
}

void goods_keep(struct study_goods *goods, enum study_span span, const char *span_name,
		const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES];

	for (int at = 0; at < SERIES; at++) {
		if (!series_at(goods, span, at)->changed)
			continue;
		series_key(span_name, at, key);
		study_series_keep(series_at(goods, span, at), key, keeper);
	}
}
