/* corridorctl points, devices, alarms: one line each. */
#include <string.h>

#include "ctl/show.h"
#include "ctl/text.h"

#define NUMBER_WIDTH 32
#define WHY_COLUMN   54 /* of a device that is down */
#define WHY_INDENT   8 /* of what has no room there */
#define ALARM_COLUMN 35

static void put_point(const json_t *point, FILE *out)
{
	char value[TEXT_VALUE_BYTES], age[TEXT_SPAN_BYTES] = "-", raw[TEXT_VALUE_BYTES];
	const json_t *refused = json_object_get(point, "raw");
	bool good = strcmp(text_of(point, "quality"), "good") == 0;

	if (json_object_get(point, "seen_ms"))
		text_age(number_of(point, "seen_ms"), age);
	text_value(json_object_get(point, "value"), value);
	if (refused)
		snprintf(value, sizeof(value), "(%.*s)", NUMBER_WIDTH, text_value(refused, raw));
	text_column(out, text_of(point, "name"), 26);
	fputc(' ', out);
	text_column(out, value, 18);
	fputc(' ', out);
	text_column(out, age, 9);
	fprintf(out, "%-6lld ", (long long)number_of(point, "edges"));
	if (good)
		fputs("good", out);
	else
		fprintf(out, "%s %s", text_of(point, "quality"), text_of(point, "reason"));
	fputc('\n', out);
}

void show_points(const json_t *points, FILE *out)
{
	const json_t *point;
	size_t i;

	fputs("POINT                      VALUE              SEEN     EDGES  QUALITY\n", out);
	json_array_foreach(points, i, point) put_point(point, out);
}

static int exit_of_points(const json_t *points)
{
	const json_t *point;
	int status = CTL_FINE;
	size_t i;

	json_array_foreach(points, i, point)
	{
		if (strcmp(text_of(point, "quality"), "fault") == 0)
			return CTL_FAULTS;
		if (strcmp(text_of(point, "quality"), "stale") == 0)
			status = CTL_WARNINGS;
	}
	return status;
}

int ctl_points(struct ctl *ctl)
{
	const char *of = ctl_optional(ctl);
	json_t *points = link_list(ctl->link, "points", of);

	if (points && of && json_array_size(points) == 0) {
		json_decref(points);
		return ctl_fail("there is no device, lane or point \"%s\"", of);
	}
	return ctl_show(ctl, points, show_points, exit_of_points);
}

static void put_device(const json_t *device, FILE *out)
{
	char span[TEXT_SPAN_BYTES] = "", why[512] = "";
	const char *state = text_of(device, "state");

	if (json_object_get(device, "since_s"))
		text_span(number_of(device, "since_s"), span);
	text_column(out, text_of(device, "name"), 20);
	text_column(out, text_of(device, "bus"), 14);
	text_column(out, is_set(device, "flaps") ? "flaps" : state, 8);
	text_column(out, span, 12);
	if (strcmp(state, "down") == 0)
		snprintf(why, sizeof(why), "%s: %s", text_of(device, "reason"),
			 text_of(device, "detail"));
	else if (*text_of(device, "misfit"))
		snprintf(why, sizeof(why), "another device, says \"%s\"",
			 text_of(device, "misfit"));
	text_put(out, why, WHY_COLUMN, WHY_INDENT);
}

static void put_devices(const json_t *devices, FILE *out)
{
	const json_t *device;
	size_t i;

	fputs("DEVICE              BUS           STATE   SINCE       WHY\n", out);
	json_array_foreach(devices, i, device) put_device(device, out);
}

static int exit_of_devices(const json_t *devices)
{
	const json_t *device;
	size_t i;

	json_array_foreach(devices, i, device) if (strcmp(text_of(device, "state"), "down") ==
						   0) return CTL_FAULTS;
	return CTL_FINE;
}

int ctl_devices(struct ctl *ctl)
{
	if (ctl->argc > 0)
		return ctl_fail("devices takes no \"%s\"", ctl->argv[0]);
	return ctl_show(ctl, link_list(ctl->link, "devices", NULL), put_devices, exit_of_devices);
}

static void put_alarm(const json_t *alarm, size_t number, FILE *out)
{
	char what[512];

	fprintf(out, "%3zu  %.19s  ", number, text_of(alarm, "raised"));
	text_column(out, text_of(alarm, "severity"), 9);
	snprintf(what, sizeof(what), "%s of %s: %s, %s", text_of(alarm, "type"),
		 text_of(alarm, "resource"), is_set(alarm, "active") ? "active" : "cleared",
		 is_set(alarm, "acknowledged") ? "acknowledged" : "not acknowledged");
	text_put(out, what, ALARM_COLUMN, ALARM_COLUMN);
}

static void put_alarms(const json_t *alarms, FILE *out)
{
	const json_t *alarm;
	size_t i;

	json_array_foreach(alarms, i, alarm) put_alarm(alarm, i + 1, out);
	if (json_array_size(alarms) == 0)
		fputs("no alarms\n", out);
}

static int exit_of_alarms(const json_t *alarms)
{
	const json_t *alarm;
	size_t i;

	json_array_foreach(alarms, i,
			   alarm) if (!is_set(alarm, "acknowledged")) return CTL_WARNINGS;
	return CTL_FINE;
}

int ctl_alarms(struct ctl *ctl)
{
	long long more;
	json_t *status;
	int code;

	if (ctl->argc > 0)
		return ctl_fail("alarms takes no \"%s\"", ctl->argv[0]);
	status = link_ask(ctl->link, "status", NULL);
	more = number_of(status, "alarms_more");
	code = ctl_show(ctl, json_incref(json_object_get(status, "alarms")), put_alarms,
			exit_of_alarms);
	if (more > 0 && !ctl->json)
		fprintf(ctl->out, "… and %lld more\n", more);
	json_decref(status);
	return code;
}
