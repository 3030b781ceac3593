#include "ctl/status_tables.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

#define PLACE_LEAST 8 /* columns, whatever stands before it */

/* ---- lanes ------------------------------------------------------------------------------ */

static bool is_in(const json_t *sensor, const char *lane)
{
	return strcmp(text_of(sensor, "lane"), lane) == 0;
}

static int badness(const json_t *sensor)
{
	const char *quality = text_of(sensor, "quality");

	if (strcmp(quality, "good") == 0)
		return 0;
	return strcmp(quality, "stale") == 0 ? 1 : 2;
}

/* Of several the worst, so that it is seen; NULL: there is none. */
static const json_t *sensor_of(const struct view *view, const char *lane, const char *kind)
{
	const json_t *sensor, *worst = NULL;
	size_t i;

	json_array_foreach(view->sensors, i, sensor)
	{
		if (is_in(sensor, lane) && strcmp(text_of(sensor, "kind"), kind) == 0 &&
		    (!worst || badness(sensor) > badness(worst)))
			worst = sensor;
	}
	return worst;
}

/* " 87 %", or nothing. */
static void battery_of(const json_t *sensor, char out[16])
{
	const json_t *battery = json_object_get(json_object_get(sensor, "observed"), "battery");

	out[0] = '\0';
	if (json_is_number(battery))
		snprintf(out, 16, " %.0f %%", json_number_value(battery));
}

static void put_sensor(const json_t *sensor, const char *more, size_t width, FILE *out)
{
	const char *state = text_of(sensor, "state");
	char battery[16];
	char cell[256], span[TEXT_SPAN_BYTES];
	bool unknown = strcmp(state, "unknown") == 0 || strcmp(state, "fault") == 0;

	battery_of(sensor, battery);
	if (!sensor)
		snprintf(cell, sizeof(cell), "-");
	else if (unknown)
		snprintf(cell, sizeof(cell), "%s%s %s", more,
			 strcmp(state, "fault") == 0 ? "FAULT" : "UNKNOWN",
			 text_span(number_of(sensor, "since_s"), span));
	else
		snprintf(cell, sizeof(cell), "%s%s%s", more, state, battery);
	text_column(out, cell, width);
}

static const char *quality_of(const struct view *view, const char *lane, bool *ret_bad)
{
	static const char *const words[] = {"good", "stale", "FAULT"};
	const json_t *sensor;
	bool any = false;
	int worst = 0;
	size_t i;

	json_array_foreach(view->sensors, i, sensor)
	{
		if (!is_in(sensor, lane))
			continue;
		any = true;
		worst = badness(sensor) > worst ? badness(sensor) : worst;
	}
	*ret_bad = worst > 0;
	return any ? words[worst] : "-";
}

static void add_lane(const struct view *view, const char *name, const char *vehicle,
		     struct table *table)
{
	const json_t *seal = sensor_of(view, name, "seal");
	const json_t *id = json_object_get(json_object_get(seal, "observed"), "id");
	char number[TEXT_VALUE_BYTES + 1] = "", *row = NULL;
	size_t bytes;
	FILE *out = open_memstream(&row, &bytes);
	bool bad;

	if (!out)
		return;
	if (json_is_string(id) && *json_string_value(id))
		snprintf(number, sizeof(number), "%.128s ", json_string_value(id));
	text_column(out, name, 14);
	text_column(out, vehicle, 12);
	put_sensor(sensor_of(view, name, "barrier"), "", 18, out);
	put_sensor(seal, number, 28, out);
	fputs(quality_of(view, name, &bad), out);
	fclose(out);
	table_add(table, bad, row ? row : name);
	free(row);
}

static bool has_lane(const json_t *lanes, const char *name)
{
	const json_t *lane;
	size_t i;

	json_array_foreach(lanes, i,
			   lane) if (strcmp(text_of(lane, "name"), name) == 0) return true;
	return false;
}

/* Of those that have no passages, and are told by their sensors alone. */
static void add_other_lanes(const struct view *view, json_t *lanes, struct table *table)
{
	json_t *known = lanes ? json_copy(lanes) : json_array();
	const json_t *sensor;
	size_t i;

	json_array_foreach(view->sensors, i, sensor)
	{
		const char *name = text_of(sensor, "lane");

		if (!*name || !known || has_lane(known, name))
			continue;
		add_lane(view, name, "-", table);
		json_array_append_new(known, json_pack("{s:s}", "name", name));
	}
	json_decref(known);
}

void status_add_lanes(const struct view *view, struct table *table)
{
	json_t *lanes = json_object_get(view->status, "lanes"), *lane;
	size_t i;

	table_init(table, "LANE          VEHICLE     BARRIER           SEAL                     "
			  "   QUALITY");
	json_array_foreach(lanes, i, lane)
		add_lane(view, text_of(lane, "name"), text_of(lane, "state"), table);
	add_other_lanes(view, lanes, table);
}

/* ---- buses ------------------------------------------------------------------------------ */

/* What a path ends with tells it from others. */
static const char *end_of(const char *place, size_t width)
{
	size_t bytes = strlen(place);

	return bytes > width ? place + bytes - width + 1 : place;
}

static void add_bus(const json_t *bus, struct table *table)
{
	long long all = number_of(bus, "devices"), down = number_of(bus, "devices_down");
	const char *place = text_of(bus, "place"), *end;
	char devices[48], row[256];
	size_t used, left;

	snprintf(devices, sizeof(devices), "%lld of %lld", all - down, all);
	used = (size_t)snprintf(row, sizeof(row), "%-12.11s%-11.10s%-8s %-9lld %-8lld %-7lld ",
				text_of(bus, "name"), text_of(bus, "driver"), devices,
				(long long)number_of(bus, "polls"),
				(long long)number_of(bus, "failures"),
				(long long)number_of(bus, "skipped"));
	left = used + PLACE_LEAST < TEXT_WIDTH ? TEXT_WIDTH - used : PLACE_LEAST;
	end = end_of(place, left);
	snprintf(row + used, sizeof(row) - used, "%s%s", end > place ? "…" : "", end);
	table_add(table, down > 0 || !is_set(bus, "open"), row);
}

void status_add_buses(const struct view *view, struct table *table)
{
	const json_t *bus;
	size_t i;

	table_init(table, "BUS         DRIVER     DEVICES  POLLS     FAILED   SKIPPED PLACE");
	json_array_foreach(view->buses, i, bus) add_bus(bus, table);
}
