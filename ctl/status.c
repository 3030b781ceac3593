/* corridorctl status: is this gateway all right, in one look? */
#include <string.h>

#include "ctl/show.h"
#include "ctl/text.h"

#define WIDTH	     80
#define WHAT_WIDTH   56 /* of the first line of a finding */
#define FINDINGS     20 /* shown; --json has all */
#define DIGEST_SHOWN 8 /* digits of a hash */

static void put_head(const struct view *view, const json_t *findings, FILE *out)
{
	const json_t *status = view->status;
	const char *version = text_of(status, "version");
	char left[128], up[TEXT_SPAN_BYTES];
	size_t count = json_array_size(findings);

	snprintf(left, sizeof(left), "%s/%s   corridord %.*s   up %s",
		 text_of(status, "checkpoint"), text_of(status, "gateway"),
		 (int)strcspn(version, " "), version, text_span(number_of(status, "uptime_s"), up));
	text_column(out, left, WIDTH - 22);
	fputc(' ', out);
	if (count == 0)
		fputs("ALL WELL\n\n", out);
	else
		fprintf(out, "%s: %zu thing%s\n\n",
			findings_exit(findings) == CTL_FAULTS ? "FAULT" : "WARNING", count,
			count == 1 ? "" : "s");
}

/* One that gives up what was sent to live within a full disk writes all the same. */
static const char *journal_word(const json_t *journal)
{
	const char *condition = text_of(journal, "condition");

	if (strcmp(condition, "ok") != 0)
		return condition;
	return json_object_get(journal, "disk_full") ? "DISK FULL" : "ok";
}

static void put_gateway(const json_t *status, FILE *out)
{
	const json_t *journal = json_object_get(status, "journal");
	const json_t *uplink = json_object_get(status, "uplink");
	char span[TEXT_SPAN_BYTES];
	const char *host = text_of(uplink, "host");

	fprintf(out, "CLOCK    %-13s%s\n", text_of(status, "clock"), text_of(status, "utc"));
	fprintf(out, "UPLINK   %-13s%s, since %s, backlog %lld\n",
		is_set(uplink, "connected") ? "connected" : "DOWN", *host ? host : "no host yet",
		text_span(number_of(uplink, "since_s"), span),
		(long long)number_of(journal, "backlog"));
	fprintf(out, "JOURNAL  %-13sseq %lld  head %.*s…\n", journal_word(journal),
		(long long)number_of(journal, "seq"), DIGEST_SHOWN, text_of(journal, "hash"));
}

static const json_t *sensor_of(const struct view *view, const char *lane, const char *kind)
{
	const json_t *sensor;
	size_t i;

	json_array_foreach(view->sensors, i,
			   sensor) if (strcmp(text_of(sensor, "lane"), lane) == 0 &&
				       strcmp(text_of(sensor, "kind"), kind) == 0) return sensor;
	return NULL;
}

static void put_sensor(const json_t *sensor, const char *more, size_t width, FILE *out)
{
	const char *state = text_of(sensor, "state");
	char cell[256], span[TEXT_SPAN_BYTES];
	bool unknown = strcmp(state, "unknown") == 0 || strcmp(state, "fault") == 0;

	if (!sensor)
		snprintf(cell, sizeof(cell), "-");
	else if (unknown)
		snprintf(cell, sizeof(cell), "%s%s %s", more,
			 strcmp(state, "fault") == 0 ? "FAULT" : "UNKNOWN",
			 text_span(number_of(sensor, "since_s"), span));
	else
		snprintf(cell, sizeof(cell), "%s%s", more, state);
	text_column(out, cell, width);
}

static const char *worst(const json_t *a, const json_t *b)
{
	const char *first = text_of(a, "quality"), *second = text_of(b, "quality");

	if (strcmp(first, "fault") == 0 || strcmp(second, "fault") == 0)
		return "FAULT";
	if (strcmp(first, "stale") == 0 || strcmp(second, "stale") == 0)
		return "stale";
	return a || b ? "good" : "-";
}

static void put_lane(const struct view *view, const json_t *lane, FILE *out)
{
	const char *name = text_of(lane, "name");
	const json_t *barrier = sensor_of(view, name, "barrier");
	const json_t *seal = sensor_of(view, name, "seal");
	const json_t *id = json_object_get(json_object_get(seal, "observed"), "id");
	char number[TEXT_VALUE_BYTES + 1] = "";

	if (json_is_string(id) && *json_string_value(id))
		snprintf(number, sizeof(number), "%.128s ", json_string_value(id));
	text_column(out, name, 14);
	text_column(out, text_of(lane, "state"), 12);
	put_sensor(barrier, "", 18, out);
	put_sensor(seal, number, 28, out);
	fprintf(out, "%s\n", worst(barrier, seal));
}

static void put_lanes(const struct view *view, FILE *out)
{
	const json_t *lanes = json_object_get(view->status, "lanes"), *lane;
	size_t i;

	if (json_array_size(lanes) == 0)
		return;
	fputs("\nLANE          VEHICLE     BARRIER           SEAL                        QUALITY\n",
	      out);
	json_array_foreach(lanes, i, lane) put_lane(view, lane, out);
}

static void put_buses(const struct view *view, FILE *out)
{
	const json_t *bus;
	char devices[32];
	size_t i;

	fputs("\nBUS           DRIVER        DEVICES  POLLS     FAILED   SKIPPED  PLACE\n", out);
	json_array_foreach(view->buses, i, bus)
	{
		long long all = number_of(bus, "devices"), down = number_of(bus, "devices_down");

		snprintf(devices, sizeof(devices), "%lld of %lld", all - down, all);
		text_column(out, text_of(bus, "name"), 14);
		text_column(out, text_of(bus, "driver"), 14);
		fprintf(out, "%-8s %-9lld %-8lld %-8lld %s\n", devices,
			(long long)number_of(bus, "polls"), (long long)number_of(bus, "failures"),
			(long long)number_of(bus, "skipped"), text_of(bus, "place"));
	}
}

static void put_finding(const json_t *finding, size_t number, FILE *out)
{
	const char *what = text_of(finding, "what");
	bool fault = strcmp(text_of(finding, "severity"), "fault") == 0;
	char span[TEXT_SPAN_BYTES];

	fprintf(out, "%3zu %c ", number, fault ? '!' : ' ');
	what = text_line(out, what, WHAT_WIDTH);
	if (json_object_get(finding, "since_s"))
		fprintf(out, "  since %s", text_span(number_of(finding, "since_s"), span));
	fputc('\n', out);
	while (what) {
		fputs("      ", out);
		what = text_line(out, what, WIDTH - 6);
		fputc('\n', out);
	}
}

static void put_findings(const json_t *findings, FILE *out)
{
	const json_t *finding;
	size_t i;

	if (json_array_size(findings) > 0)
		fputs("\nFAULTS AND WARNINGS\n", out);
	json_array_foreach(findings, i, finding)
	{
		if (i == FINDINGS) {
			fprintf(out, "… and %zu more\n", json_array_size(findings) - i);
			return;
		}
		put_finding(finding, i + 1, out);
	}
}

static void put_json(const struct ctl *ctl, const struct view *view, json_t *findings)
{
	json_t *all =
		json_pack("{s:O, s:O, s:O, s:O, s:O}", "status", view->status, "buses", view->buses,
			  "devices", view->devices, "sensors", view->sensors, "findings", findings);

	ctl_print_json(ctl, all);
	json_decref(all);
}

void show_status(const struct view *view, const json_t *findings, FILE *out)
{
	put_head(view, findings, out);
	put_gateway(view->status, out);
	put_lanes(view, out);
	put_buses(view, out);
	put_findings(findings, out);
}

int ctl_status(struct ctl *ctl)
{
	struct view view;
	json_t *findings;
	int status;

	if (ctl->argc > 0)
		return ctl_fail("status takes no \"%s\"", ctl->argv[0]);
	if (view_fetch(ctl->link, &view) < 0) {
		view_free(&view);
		return ctl_fail("%s", link_error(ctl->link));
	}
	findings = findings_of(&view);
	status = findings_exit(findings);
	if (ctl->json)
		put_json(ctl, &view, findings);
	else
		show_status(&view, findings, ctl->out);
	json_decref(findings);
	view_free(&view);
	return status;
}
