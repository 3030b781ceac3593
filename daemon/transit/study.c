#include "study.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor.h"
#include "study_figures.h"

#define TEXT_VERSION 1
#define SHORTEST_NS  (60 * NS_PER_S) /* a remainder below this is added to the next window */

enum span { SPAN_HOUR, SPAN_DAY, SPANS };

struct span_type {
	const char *name;
	enum event_id event;
	int64_t length_ns;
	bool tells_nothing; /* also when nothing happened */
};

static const struct span_type spans[SPANS] = {
	[SPAN_HOUR] = {"hour", EVENT_STUDY_HOUR, 3600 * NS_PER_S, false},
	[SPAN_DAY] = {"day", EVENT_STUDY_DAY, 86400 * NS_PER_S, true},
};

static const char *const interval_names[STUDY_INTERVALS] = {
	[STUDY_IDENTIFIED] = "identified", [STUDY_SEAL_CHECKED] = "seal_checked",
	[STUDY_RELEASED] = "released",	   [STUDY_CLEARED] = "cleared",
	[STUDY_DWELL] = "dwell",
};

static const char *const group_names[STUDY_GROUPS] = {
	[STUDY_RECOGNISED] = "recognised",
	[STUDY_OTHERS] = "others",
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

struct series {
	struct study_figures figures;
	bool changed; /* since it was kept */
	bool kept; /* there is a memory of it */
};

struct study_lane {
	const char *name;
	int64_t open[STUDY_GROUPS];
	struct series series[SPANS][STUDY_GROUPS][STUDY_INTERVALS];
};

struct study {
	struct study_bounds bounds;
	struct window windows[SPANS];
	size_t lane_count;
	struct study_lane lanes[];
};

const char *study_interval_name(enum study_interval interval)
{
	return interval_names[interval];
}

const char *study_group_name(enum study_group group)
{
	return group_names[group];
}

int study_new(const char *const *lanes, size_t lane_count, struct study **ret_study)
{
	struct study *study = calloc(1, sizeof(*study) + lane_count * sizeof(study->lanes[0]));
	size_t i;

	if (!study)
		return -ENOMEM;
	study_bounds_init(&study->bounds);
	study->lane_count = lane_count;
	for (i = 0; i < lane_count; i++)
		study->lanes[i].name = lanes[i];
	for (i = 0; i < SPANS; i++)
		study->windows[i].until_mono_ns = INT64_MAX;
	*ret_study = study;
	return 0;
}

void study_free(struct study *study)
{
	free(study);
}

/* ---- memories ----------------------------------------------------------------------- */

static void window_key(enum span span, char key[MEMO_KEY_BYTES])
{
	snprintf(key, MEMO_KEY_BYTES, "study/%s", spans[span].name);
}

static void series_key(const struct study_lane *lane, enum span span, int group, int interval,
		       char key[MEMO_KEY_BYTES])
{
	snprintf(key, MEMO_KEY_BYTES, "study/%s/%s/%s/%s", spans[span].name, group_names[group],
		 interval_names[interval], lane->name);
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

static void recall_series(struct study_lane *lane, enum span span, const char *key,
			  const char *text)
{
	char mine[MEMO_KEY_BYTES];
	int group, interval;

	for (group = 0; group < STUDY_GROUPS; group++) {
		for (interval = 0; interval < STUDY_INTERVALS; interval++) {
			struct series *series = &lane->series[span][group][interval];

			series_key(lane, span, group, interval, mine);
			if (strcmp(key, mine) != 0)
				continue;
			series->kept = true;
			(void)study_figures_read(&series->figures, text);
			return;
		}
	}
}

void study_recall(struct study *study, const char *key, const char *text)
{
	char mine[MEMO_KEY_BYTES];
	enum span span;
	size_t i;

	for (span = 0; span < SPANS; span++) {
		window_key(span, mine);
		if (strcmp(key, mine) == 0)
			window_read(&study->windows[span], text);
		for (i = 0; i < study->lane_count; i++)
			recall_series(&study->lanes[i], span, key, text);
	}
}

static void keep_window(struct window *window, enum span span, const struct instant *now,
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

/* Empty figures are forgotten, and so are those that do not fit: they begin anew after a
 * restart. */
static void keep_series(struct study_lane *lane, enum span span, int group, int interval,
			const struct keeper *keeper)
{
	struct series *series = &lane->series[span][group][interval];
	bool empty = series->figures.n == 0 && series->figures.marked == 0;
	char key[MEMO_KEY_BYTES];
	char text[MEMO_BYTES];

	if (!series->changed)
		return;
	series->changed = false;
	series_key(lane, span, group, interval, key);
	if (!empty && study_figures_write(&series->figures, text, sizeof(text)) == 0) {
		keeper->keep(keeper->data, key, text);
		series->kept = true;
	} else if (series->kept) {
		keeper->keep(keeper->data, key, NULL);
		series->kept = false;
	}
}

void study_keep(struct study *study, const struct instant *now, const struct keeper *keeper)
{
	enum span span;
	int group, interval;
	size_t i;

	for (span = 0; span < SPANS; span++)
		if (study->windows[span].changed)
			keep_window(&study->windows[span], span, now, keeper);
	for (i = 0; i < study->lane_count; i++)
		for (span = 0; span < SPANS; span++)
			for (group = 0; group < STUDY_GROUPS; group++)
				for (interval = 0; interval < STUDY_INTERVALS; interval++)
					keep_series(&study->lanes[i], span, group, interval,
						    keeper);
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
	else
		window_cut(window, begun_ns + length_ns);
}

void study_start(struct study *study, const struct instant *now)
{
	enum span span;

	for (span = 0; span < SPANS; span++) {
		if (study->windows[span].known)
			window_resume(&study->windows[span], spans[span].length_ns, now);
		else
			window_begin(&study->windows[span], spans[span].length_ns, now);
	}
}

int64_t study_deadline(const struct study *study)
{
	int64_t hour = study->windows[SPAN_HOUR].until_mono_ns;
	int64_t day = study->windows[SPAN_DAY].until_mono_ns;

	return hour < day ? hour : day;
}

void study_add(struct study *study, size_t lane, enum study_group group,
	       enum study_interval interval, int64_t duration_ns, bool marked)
{
	enum span span;

	for (span = 0; span < SPANS; span++) {
		struct series *series = &study->lanes[lane].series[span][group][interval];

		if (marked)
			series->figures.marked++;
		else
			study_figures_add(&series->figures, &study->bounds, duration_ns);
		series->changed = true;
		study->windows[span].changed = true;
	}
}

void study_set_open(struct study *study, size_t lane, enum study_group group, int64_t open)
{
	study->lanes[lane].open[group] = open;
}

/* ---- telling ------------------------------------------------------------------------ */

static bool nothing_happened(const struct study_lane *lane, enum span span)
{
	int group, interval;

	for (group = 0; group < STUDY_GROUPS; group++) {
		if (lane->open[group] > 0)
			return false;
		for (interval = 0; interval < STUDY_INTERVALS; interval++) {
			const struct study_figures *figures =
				&lane->series[span][group][interval].figures;

			if (figures->n > 0 || figures->marked > 0)
				return false;
		}
	}
	return true;
}

static void tell_window(struct json *json, const struct window *window, const struct instant *now)
{
	json_open(json, "window");
	json_utc(json, "from", window->from_utc_ns);
	json_text(json, "from_clock", clock_state_name(window->clock));
	json_utc(json, "until", window->end_utc_ns);
	json_text(json, "until_clock", clock_state_name(now->clock));
	json_bool(json, "resumed", window->resumed);
	json_close(json);
}

static void tell_group(const struct study *study, const struct study_lane *lane, enum span span,
		       int group, struct json *json)
{
	int interval;

	json_open(json, group_names[group]);
	json_int(json, "open", lane->open[group]);
	for (interval = 0; interval < STUDY_INTERVALS; interval++)
		study_figures_tell(&lane->series[span][group][interval].figures, &study->bounds,
				   json, interval_names[interval]);
	json_close(json);
}

static void tell_lane(const struct study *study, const struct study_lane *lane, enum span span,
		      struct teller *teller)
{
	const struct window *window = &study->windows[span];
	struct json *json = &teller->body;
	int group;

	if (!spans[span].tells_nothing && nothing_happened(lane, span))
		return;
	event_body_start(json, teller->body_text, sizeof(teller->body_text), lane->name, NULL,
			 window->until_mono_ns, &teller->now);
	tell_window(json, window, &teller->now);
	for (group = 0; group < STUDY_GROUPS; group++)
		tell_group(study, lane, span, group, json);
	tell_end(teller, spans[span].event, NULL);
}

static void forget_series(struct study_lane *lane, enum span span)
{
	int group, interval;

	for (group = 0; group < STUDY_GROUPS; group++) {
		for (interval = 0; interval < STUDY_INTERVALS; interval++) {
			struct series *series = &lane->series[span][group][interval];

			series->changed = series->kept;
			series->figures = (struct study_figures){0};
		}
	}
}

static void window_end(struct study *study, enum span span, struct teller *teller)
{
	struct window *window = &study->windows[span];
	const struct instant *now = &teller->now;
	struct instant at = *now;
	size_t i;

	at.mono_ns = window->until_mono_ns;
	at.utc_ns -= now->mono_ns - at.mono_ns;
	if (!window->cut)
		window->end_utc_ns = at.utc_ns;
	for (i = 0; i < study->lane_count; i++) {
		tell_lane(study, &study->lanes[i], span, teller);
		forget_series(&study->lanes[i], span);
	}
	window_begin(window, spans[span].length_ns, &at);
}

void study_tick(struct study *study, struct teller *teller, const struct keeper *keeper)
{
	enum span span;

	for (span = 0; span < SPANS; span++)
		if (teller->now.mono_ns >= study->windows[span].until_mono_ns)
			window_end(study, span, teller);
	study_keep(study, &teller->now, keeper);
}

static void put_open(const struct study_lane *lane, struct json *json)
{
	int group;

	json_open(json, "open");
	for (group = 0; group < STUDY_GROUPS; group++)
		json_int(json, group_names[group], lane->open[group]);
	json_close(json);
}

void study_metrics(const struct study *study, size_t which, struct json *json)
{
	const struct study_lane *lane = &study->lanes[which];
	enum span span;
	int group;

	json_open(json, "study");
	put_open(lane, json);
	for (span = 0; span < SPANS; span++) {
		json_open(json, spans[span].name);
		json_utc(json, "from", study->windows[span].from_utc_ns);
		for (group = 0; group < STUDY_GROUPS; group++)
			study_figures_tell(&lane->series[span][group][STUDY_DWELL].figures,
					   &study->bounds, json, group_names[group]);
		json_close(json);
	}
	json_close(json);
}
