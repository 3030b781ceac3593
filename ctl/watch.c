/* corridorctl watch: the status, or the points of a lane or a device, live. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/findings.h"
#include "ctl/screen.h"
#include "ctl/show.h"
#include "ctl/text.h"
#include "ctl/words.h"

#define STATUS_MS   1000
#define POINTS_MS   200
#define EVENTS	    5 /* the last ones, below the points */
#define EVENT_BYTES 256

struct watch {
	struct ctl *ctl;
	struct screen *screen;
	const char *of; /* NULL: the status */
	bool paused;
	char events[EVENTS][EVENT_BYTES]; /* the newest last */
};

static void note_event(struct watch *watch, const json_t *event)
{
	char *line = NULL;
	size_t bytes;
	FILE *out = open_memstream(&line, &bytes);

	if (!out)
		return;
	words_of_event(event, 0, out);
	fclose(out);
	memmove(watch->events[0], watch->events[1], (EVENTS - 1) * EVENT_BYTES);
	snprintf(watch->events[EVENTS - 1], EVENT_BYTES, "%s", line ? line : "");
	free(line);
}

static bool is_of(const json_t *event, const char *of)
{
	size_t bytes = strlen(of);
	const char *point = text_of(event, "point");

	return strcmp(text_of(event, "lane"), of) == 0 ||
	       strcmp(text_of(event, "device"), of) == 0 ||
	       (strncmp(point, of, bytes) == 0 && (point[bytes] == '.' || !point[bytes]));
}

static void take_events(struct watch *watch)
{
	json_t *event;

	while ((event = link_next_event(watch->ctl->link, false))) {
		if (watch->of && is_of(event, watch->of))
			note_event(watch, event);
		json_decref(event);
	}
}

static void put_sensors(const json_t *sensors, FILE *out)
{
	const json_t *sensor;
	char span[TEXT_SPAN_BYTES];
	size_t i;

	json_array_foreach(sensors, i, sensor)
	{
		text_column(out, text_of(sensor, "sensor"), 14);
		text_column(out, text_of(sensor, "state"), 12);
		fprintf(out, "%-12s %-8s%s %s\n", text_span(number_of(sensor, "since_s"), span),
			text_of(sensor, "quality"), text_of(sensor, "reason"),
			text_of(sensor, "input"));
	}
	if (json_array_size(sensors) > 0)
		fputc('\n', out);
}

static void put_last_events(const struct watch *watch, FILE *out)
{
	fputs("--- events ----------------------------------------------------------------------\n",
	      out);
	for (size_t i = 0; i < EVENTS; i++)
		fprintf(out, "%s%s", watch->events[i], watch->events[i][0] ? "" : "\n");
}

/* false: the daemon does not answer any more. */
static bool put_points_view(struct watch *watch, FILE *out)
{
	json_t *sensors = link_list(watch->ctl->link, "sensors", watch->of);
	json_t *points = sensors ? link_list(watch->ctl->link, "points", watch->of) : NULL;

	if (points) {
		fprintf(out, "%s   %s\n\n", watch->of,
			watch->paused ? "PAUSED" : "[p]ause  [q]uit");
		put_sensors(sensors, out);
		show_points(points, out);
		put_last_events(watch, out);
	}
	json_decref(sensors);
	json_decref(points);
	return points != NULL;
}

static bool put_status_view(struct watch *watch, FILE *out)
{
	struct view view;
	int err = view_fetch(watch->ctl->link, &view);

	if (err == 0) {
		json_t *findings = findings_of(&view);

		show_status(&view, findings, screen_rows(watch->screen), out);
		json_decref(findings);
	}
	view_free(&view);
	return err == 0;
}

static bool show(struct watch *watch)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	bool answered = false;

	if (!out)
		return false;
	take_events(watch);
	answered = watch->of ? put_points_view(watch, out) : put_status_view(watch, out);
	fclose(out);
	if (answered)
		screen_show(watch->screen, text);
	free(text);
	return answered;
}

static bool is_known(struct link *link, const char *of)
{
	json_t *points = link_list(link, "points", of);
	bool known = json_array_size(points) > 0;

	json_decref(points);
	return known;
}

static bool run(struct watch *watch)
{
	for (;;) {
		int key;

		if (!watch->paused && !show(watch))
			return false;
		key = screen_key(watch->screen, watch->of ? POINTS_MS : STATUS_MS);
		if (key == 'q')
			return true;
		if (key == 'p') {
			watch->paused = !watch->paused;
			(void)show(watch);
		}
	}
}

int ctl_watch(struct ctl *ctl)
{
	struct watch watch = {.ctl = ctl, .of = ctl_optional(ctl)};
	json_t *answer;
	int err;
	bool fine;

	if (ctl->json)
		return ctl_fail(
			"watch is for people; status --json and points --json are for programs");
	if (watch.of && !is_known(ctl->link, watch.of))
		return ctl_fail("there is no device, lane or point \"%s\"", watch.of);
	answer = link_ask(ctl->link, "follow", NULL);
	json_decref(answer);
	err = screen_open(&watch.screen);
	if (err < 0)
		return ctl_fail("watch needs a terminal");
	fine = run(&watch);
	screen_close(watch.screen);
	return fine ? CTL_FINE : ctl_fail("%s", link_error(ctl->link));
}
