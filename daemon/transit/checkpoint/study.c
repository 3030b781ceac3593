#include "transit/checkpoint/study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/checkpoint/study_goods.h"
#include "transit/event/teller.h"

#define TEXT_VERSION 1
#define KEY	     "study/"
#define SHORTEST_NS  (60 * NS_PER_S) /* a remainder below this is added to the next window */

struct span_type {
	const char *name;
	enum event_id event, goods_event;
	int64_t length_ns;
	bool tells_empty; /* also when nothing happened */
};

static const struct span_type spans[STUDY_SPANS] = {
	[STUDY_HOUR] = {"hour", EVENT_STUDY_HOUR, EVENT_STUDY_GOODS_HOUR, 3600 * NS_PER_S, false},
	[STUDY_DAY] = {"day", EVENT_STUDY_DAY, EVENT_STUDY_GOODS_DAY, 86400 * NS_PER_S, true},
};

static const char *const interval_names[STUDY_INTERVALS] = {
	[STUDY_IDENTIFIED] = "identified", [STUDY_SEAL_CHECKED] = "seal_checked",
	[STUDY_RELEASED] = "released",	   [STUDY_CLEARED] = "cleared",
	[STUDY_DWELL] = "dwell",	   [STUDY_QUEUE] = "queue",
};

struct window {
	bool known; /* begun, now or before the restart */
	bool resumed;
	bool changed; /* since it was kept */
	bool kept; /* there is a memory of it */
	int64_t from_utc_ns;
	int64_t last_utc_ns; /* when it was kept last */
	bool cut; /* by a restart, and over when it came up again: it ended at end_utc_ns */
	int64_t end_utc_ns;
	enum clock_state clock; /* when it began */
	int64_t until_mono_ns;
};

struct study_lane {
	struct study_place place;
	int64_t open[STUDY_GROUPS];
	struct study_series series[STUDY_SPANS][STUDY_GROUPS][STUDY_INTERVALS];
};

struct study {
	struct study_bounds bounds;
	struct window windows[STUDY_SPANS];
	struct study_goods goods;
	size_t lane_count;
	struct study_lane *lanes;
};

int study_new(struct study **ret_study)
{
	struct study *study = calloc(1, sizeof(*study));

	if (!study)
		return -ENOMEM;
	study_bounds_init(&study->bounds);
	for (size_t i = 0; i < STUDY_SPANS; i++)
		study->windows[i].until_mono_ns = INT64_MAX;
	*ret_study = study;
	return 0;
}

int study_set_lanes(struct study *study, const struct study_place *places, size_t lane_count)
{
	struct study_lane *lanes = calloc(lane_count + 1, sizeof(*lanes));

	if (!lanes)
		return -ENOMEM;
	for (size_t i = 0; i < lane_count; i++) {
		for (size_t k = 0; k < study->lane_count; k++)
			if (strcmp(study->lanes[k].place.name, places[i].name) == 0)
				lanes[i] = study->lanes[k];
		lanes[i].place = places[i];
	}
	free(study->lanes);
	study->lanes = lanes;
	study->lane_count = lane_count;
	return 0;
}

void study_free(struct study *study)
{
	if (study)
		free(study->lanes);
	free(study);
}

/* ---- memories ----------------------------------------------------------------------- */

static void window_key(enum study_span span, char key[MEMO_KEY_BYTES])
{
	snprintf(key, MEMO_KEY_BYTES, KEY "%s", spans[span].name);
}

static void series_key(const struct study_lane *lane, enum study_span span, int group, int interval,
		       char key[MEMO_KEY_BYTES])
{
	snprintf(key, MEMO_KEY_BYTES, KEY "%s/%s/%s/%s", spans[span].name,
		 study_group_name((enum study_group)group), interval_names[interval],
		 lane->place.name);
}

static void window_read(struct window *window, const char *text)
{
	struct window read = {
		.known = true, .resumed = true, .kept = true, .until_mono_ns = INT64_MAX};
	struct memo_reader reader;

	memo_read(&reader, text);
	(void)memo_take(&reader, TEXT_VERSION, TEXT_VERSION);
	read.from_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	read.last_utc_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	read.clock = (enum clock_state)memo_take(&reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	if (memo_end(&reader))
		*window = read;
}

static void recall_series(struct study_lane *lane, enum study_span span, const char *key,
			  const char *text)
{
	char mine[MEMO_KEY_BYTES];

	for (int group = 0; group < STUDY_GROUPS; group++) {
		for (int interval = 0; interval < STUDY_INTERVALS; interval++) {
			struct study_series *series = &lane->series[span][group][interval];

			series_key(lane, span, group, interval, mine);
			if (strcmp(key, mine) != 0)
				continue;
			study_series_recall(series, text);
			return;
		}
	}
}

void study_recall(struct study *study, const char *key, const char *text)
{
	char mine[MEMO_KEY_BYTES];

	if (strncmp(key, KEY, strlen(KEY)) != 0)
		return;
	for (enum study_span span = 0; span < STUDY_SPANS; span++) {
		goods_recall(&study->goods, span, spans[span].name, key, text);
		window_key(span, mine);
		if (strcmp(key, mine) == 0)
			window_read(&study->windows[span], text);
		for (size_t i = 0; i < study->lane_count; i++)
			recall_series(&study->lanes[i], span, key, text);
	}
}

static void keep_window(struct window *window, enum study_span span, const struct instant *now,
			const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES];
	char text[MEMO_BYTES];
	struct memo memo;

	window->last_utc_ns = now->utc_ns;
	window_key(span, key);
	memo_start(&memo, text, sizeof(text));
	memo_int(&memo, TEXT_VERSION);
	memo_int(&memo, window->from_utc_ns);
	memo_int(&memo, window->last_utc_ns);
	memo_int(&memo, (int64_t)window->clock);
	keeper->keep(keeper->data, key, text);
	window->changed = false;
	window->kept = true;
}

static void keep_lane(struct study_lane *lane, enum study_span span, const struct keeper *keeper)
{
	char key[MEMO_KEY_BYTES];

	for (int group = 0; group < STUDY_GROUPS; group++)
		for (int interval = 0; interval < STUDY_INTERVALS; interval++) {
			series_key(lane, span, group, interval, key);
			study_series_keep(&lane->series[span][group][interval], key, keeper);
		}
}

void study_keep(struct study *study, const struct instant *now, const struct keeper *keeper)
{
	for (enum study_span span = 0; span < STUDY_SPANS; span++)
		if (study->windows[span].changed)
			keep_window(&study->windows[span], span, now, keeper);
	for (enum study_span span = 0; span < STUDY_SPANS; span++) {
		for (size_t i = 0; i < study->lane_count; i++)
			keep_lane(&study->lanes[i], span, keeper);
		goods_keep(&study->goods, span, spans[span].name, keeper);
	}
}

/* ---- windows ------------------------------------------------------------------------ */

/* How far a label is into its hour or day. */
static int64_t into(int64_t utc_ns, int64_t length_ns)
{
	int64_t rest = utc_ns % length_ns;

	return rest < 0 ? rest + length_ns : rest;
}

static void window_begin(struct window *window, int64_t length_ns, const struct instant *at)
{
	int64_t left_ns = length_ns - into(at->utc_ns, length_ns);

	if (left_ns < SHORTEST_NS)
		left_ns += length_ns;
	*window = (struct window){
		.known = true,
		.changed = window->kept,
		.kept = window->kept,
		.from_utc_ns = at->utc_ns,
		.last_utc_ns = at->utc_ns,
		.clock = at->clock,
		.until_mono_ns = at->mono_ns + left_ns,
	};
}

static void window_cut(struct window *window, int64_t end_utc_ns)
{
	window->cut = true;
	window->end_utc_ns = end_utc_ns;
}

static void window_resume(struct window *window, int64_t length_ns, const struct instant *now)
{
	int64_t begun_ns = window->last_utc_ns - into(window->last_utc_ns, length_ns);
	int64_t now_begun_ns = now->utc_ns - into(now->utc_ns, length_ns);

	window->until_mono_ns = now->mono_ns;
	if (begun_ns == now_begun_ns)
		window->until_mono_ns += length_ns - into(now->utc_ns, length_ns);
	else if (now->utc_ns < window->last_utc_ns) /* the clock went back: what was left is left */
		window->until_mono_ns += length_ns - into(window->last_utc_ns, length_ns);
	else
		window_cut(window, begun_ns + length_ns);
}

void study_start(struct study *study, const struct instant *now)
{
	for (enum study_span span = 0; span < STUDY_SPANS; span++) {
		if (study->windows[span].known)
			window_resume(&study->windows[span], spans[span].length_ns, now);
		else
			window_begin(&study->windows[span], spans[span].length_ns, now);
	}
}

int64_t study_deadline(const struct study *study)
{
	return earlier_ns(study->windows[STUDY_HOUR].until_mono_ns,
			  study->windows[STUDY_DAY].until_mono_ns);
}

void study_add(struct study *study, size_t lane, enum study_group group,
	       enum study_interval interval, int64_t duration_ns, bool marked)
{
	for (enum study_span span = 0; span < STUDY_SPANS; span++) {
		struct study_series *series = &study->lanes[lane].series[span][group][interval];

		study_series_add(series, &study->bounds, duration_ns, marked);
		study->windows[span].changed = true;
	}
}

void study_add_goods(struct study *study, const struct stay_course *course)
{
	for (enum study_span span = 0; span < STUDY_SPANS; span++) {
		goods_add(&study->goods, span, &study->bounds, course);
		study->windows[span].changed = true;
	}
}

void study_set_open(struct study *study, size_t lane, enum study_group group, int64_t open)
{
	study->lanes[lane].open[group] = open;
}

/* ---- telling ------------------------------------------------------------------------ */

static bool nothing_happened(const struct study_lane *lane, enum study_span span)
{
	for (int group = 0; group < STUDY_GROUPS; group++) {
		if (lane->open[group] > 0)
			return false;
		for (int interval = 0; interval < STUDY_INTERVALS; interval++) {
			if (study_series_has_any(&lane->series[span][group][interval]))
				return false;
		}
	}
	return true;
}

static void tell_window(struct jw *json, const struct window *window, const struct instant *now)
{
	jw_open(json, "window");
	jw_utc(json, "from", window->from_utc_ns);
	jw_text(json, "from_clock", clock_state_name(window->clock));
	jw_utc(json, "until", window->end_utc_ns);
	jw_text(json, "until_clock", clock_state_name(now->clock));
	jw_bool(json, "resumed", window->resumed);
	jw_close(json);
}

static void tell_group(const struct study *study, const struct study_lane *lane,
		       enum study_span span, int group, struct jw *json)
{
	jw_open(json, study_group_name((enum study_group)group));
	jw_int(json, "open", lane->open[group]);
	for (int interval = 0; interval < STUDY_INTERVALS; interval++) {
		const struct study_series *series = &lane->series[span][group][interval];

		if (interval == STUDY_QUEUE && !study_series_has_any(series))
			continue; /* few lanes have a sensor for it */
		study_figures_tell(&series->figures, &study->bounds, json,
				   interval_names[interval]);
	}
	jw_close(json);
}

static void tell_lane(const struct study *study, const struct study_lane *lane,
		      enum study_span span, struct teller *teller)
{
	const struct window *window = &study->windows[span];
	struct jw *json;

	if (!spans[span].tells_empty && nothing_happened(lane, span))
		return;
	json = tell_begin(teller, lane->place.name, window->until_mono_ns);
	jw_text(json, "direction", lane->place.direction);
	tell_window(json, window, &teller->now);
	for (int group = 0; group < STUDY_GROUPS; group++)
		tell_group(study, lane, span, group, json);
	tell_end(teller, spans[span].event);
}

static void forget_lane(struct study_lane *lane, enum study_span span)
{
	for (int group = 0; group < STUDY_GROUPS; group++)
		for (int interval = 0; interval < STUDY_INTERVALS; interval++)
			study_series_forget(&lane->series[span][group][interval]);
}

/* Those of each flow by themselves: all together are too much for an event. */
static void tell_goods(const struct study *study, enum study_span span, struct teller *teller)
{
	const struct window *window = &study->windows[span];

	for (int flow = 0; flow < STUDY_FLOWS; flow++) {
		struct jw *json;

		if (!goods_have_any(&study->goods, span, flow))
			continue;
		json = tell_begin(teller, NULL, window->until_mono_ns);
		tell_window(json, window, &teller->now);
		goods_tell(&study->goods, span, flow, &study->bounds, json);
		tell_end(teller, spans[span].goods_event);
	}
}

static void window_end(struct study *study, enum study_span span, struct teller *teller)
{
	struct window *window = &study->windows[span];
	const struct instant at = teller_moment(teller, window->until_mono_ns);

	if (!window->cut)
		window->end_utc_ns = at.utc_ns;
	for (size_t i = 0; i < study->lane_count; i++) {
		tell_lane(study, &study->lanes[i], span, teller);
		forget_lane(&study->lanes[i], span);
	}
	tell_goods(study, span, teller);
	goods_forget(&study->goods, span);
	window_begin(window, spans[span].length_ns, &at);
}

void study_tick(struct study *study, struct teller *teller, const struct keeper *keeper)
{
	for (enum study_span span = 0; span < STUDY_SPANS; span++)
		if (teller->now.mono_ns >= study->windows[span].until_mono_ns)
			window_end(study, span, teller);
	study_keep(study, &teller->now, keeper);
}

static void put_open(const struct study_lane *lane, struct jw *json)
{
	jw_open(json, "open");
	for (int group = 0; group < STUDY_GROUPS; group++)
		jw_int(json, study_group_name((enum study_group)group), lane->open[group]);
	jw_close(json);
}

void study_metrics(const struct study *study, size_t which, struct jw *json)
{
	const struct study_lane *lane = &study->lanes[which];

	jw_open(json, "study");
	put_open(lane, json);
	for (enum study_span span = 0; span < STUDY_SPANS; span++) {
		jw_open(json, spans[span].name);
		jw_utc(json, "from", study->windows[span].from_utc_ns);
		for (int group = 0; group < STUDY_GROUPS; group++)
			study_figures_tell(&lane->series[span][group][STUDY_DWELL].figures,
					   &study->bounds, json,
					   study_group_name((enum study_group)group));
		jw_close(json);
	}
	jw_close(json);
}
