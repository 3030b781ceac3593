#include "ctl/scan_say.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/interrupt.h"
#include "ctl/text.h"
#include "frames/host.h"

#define LIKE_COLUMN 51 /* of the table of those that were found */
#define BY_PATH	    "/dev/serial/by-path"

/* The name of a port that stays when adapters change places; path itself when there is none. */
static void lasting_name(const char *path, char out[PATH_MAX])
{
	char real[PATH_MAX], other[PATH_MAX], name[PATH_MAX];
	DIR *folder = opendir(BY_PATH);
	const struct dirent *entry;

	snprintf(out, PATH_MAX, "%s", path);
	while (folder && realpath(path, real) && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' ||
		    snprintf(name, sizeof(name), BY_PATH "/%s", entry->d_name) >= PATH_MAX)
			continue;
		if (realpath(name, other) && strcmp(other, real) == 0)
			snprintf(out, PATH_MAX, "%s", name);
	}
	if (folder)
		closedir(folder);
}

static const char *best_profile(const json_t *one)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(one, "like"), 0), "profile"));
}

static void put_table(const struct scan_result *result)
{
	FILE *out = result->ctl->out;
	json_t *one, *like;
	size_t i, k;

	fputs("UNIT  SPEED        ANSWERS                     LOOKS LIKE\n", out);
	json_array_foreach(result->found, i, one)
	{
		int unit = (int)json_integer_value(json_object_get(one, "unit"));
		char speed[32] = "-";

		if (json_object_get(one, "baud"))
			snprintf(speed, sizeof(speed), "%d %s",
				 (int)json_integer_value(json_object_get(one, "baud")),
				 json_string_value(json_object_get(one, "parity")));
		fprintf(out, "%4d  %-13s%-28s", unit, speed,
			json_string_value(json_object_get(one, "answers")));
		json_array_foreach(json_object_get(one, "like"), k, like)
			fprintf(out, "%s%*s%s (%d points)", k ? ",\n" : "", k ? LIKE_COLUMN : 0, "",
				json_string_value(json_object_get(like, "profile")),
				(int)json_integer_value(json_object_get(like, "points")));
		fputs(k ? "\n" : "nothing known\n", out);
		if (json_object_get(one, "every_unit"))
			fputs("      as every unit: one device that does not look at the number\n",
			      out);
	}
}

static void put_device(const struct scan_result *result, const json_t *one, const char *bus)
{
	const char *profile = best_profile(one);
	const int unit = (int)json_integer_value(json_object_get(one, "unit"));
	FILE *out = result->ctl->out;

	fprintf(out, "device \"unit-%d\" { %s  unit = %d\n", unit, bus, unit);
	if (profile)
		fprintf(out, "    profile = \"%s\" }\n", profile);
	else
		fputs("    point \"first\" { table = \"holding\"  address = 0 } }\n", out);
}

/* host: "name" or "name:port". */
static void name_host(const char *host, char *out, size_t bytes)
{
	struct uplink_host parsed = {.port = 0};
	int used;

	(void)uplink_host_parse(host, ALONE_PORT, &parsed); /* it was, when it was asked */
	used = snprintf(out, bytes, "driver = \"modbus-tcp\"  host = \"%s\"", parsed.name);
	if (parsed.port != ALONE_PORT)
		snprintf(out + used, bytes - (size_t)used, "  port = %d", parsed.port);
}

/* The one that the line has already, or a new one. */
static const char *name_bus(const struct scan_result *result, int number, char out[64])
{
	if (result->bus && number == 1)
		snprintf(out, 64, "%.63s", result->bus);
	else
		snprintf(out, 64, "line-%d", number);
	return out;
}

static void put_blocks(const struct scan_result *result)
{
	const struct alone *alone = &result->ctl->alone;
	FILE *out = result->ctl->out;
	char bus[PATH_MAX + 64], name[64];
	int baud = 0, number = 0;
	const char *parity = "";
	json_t *one;
	size_t i;

	fputs("\nTo paste, with a name for each:\n", out);
	json_array_foreach(result->found, i, one)
	{
		const char *its_parity = json_string_value(json_object_get(one, "parity"));
		int its_baud = (int)json_integer_value(json_object_get(one, "baud"));

		if (alone->port && (its_baud != baud || strcmp(its_parity, parity) != 0)) {
			char port[PATH_MAX];

			baud = its_baud;
			parity = its_parity;
			lasting_name(alone->port, port);
			fprintf(out,
				"bus \"%s\" { driver = \"modbus-rtu\"  baud = %d  parity = \"%s\"\n"
				"    port = \"%s\" }\n",
				name_bus(result, ++number, name), baud, parity, port);
		}
		if (alone->port)
			snprintf(bus, sizeof(bus), "bus = \"%s\"", name_bus(result, number, name));
		else
			name_host(alone->host, bus, sizeof(bus));
		put_device(result, one, bus);
	}
}

static bool was_found(const json_t *found, int unit)
{
	const json_t *one;
	size_t i;

	json_array_foreach(found, i, one) if (json_integer_value(json_object_get(one, "unit")) ==
					      unit) return true;
	return false;
}

static void put_strangers(const struct scan_result *result)
{
	const char *before = "Not in the configuration: unit ";
	const json_t *one;
	size_t i;

	json_array_foreach(result->found, i, one)
	{
		if (json_object_get(one, "configured"))
			continue;
		fprintf(result->ctl->out, "%s%d", before,
			(int)json_integer_value(json_object_get(one, "unit")));
		before = ", ";
	}
	if (before[0] == ',')
		fputs(".\n", result->ctl->out);
}

static void put_silent(const struct scan_result *result)
{
	for (size_t i = 0; i < result->configured->count; i++) {
		const struct configured_unit *unit = &result->configured->units[i];

		if (unit->unit >= result->first_unit && unit->unit <= result->last_unit &&
		    !was_found(result->found, unit->unit))
			fprintf(result->ctl->out,
				"In the configuration, and silent: %s (unit %d).\n", unit->device,
				unit->unit);
	}
}

/* Beside a line that the configuration does not have, nothing is a stranger. */
static void put_differences(const struct scan_result *result)
{
	if (result->configured->count == 0 || interrupted())
		return;
	fputs("\n", result->ctl->out);
	put_strangers(result);
	put_silent(result);
}

void scan_say(const struct scan_result *result)
{
	if (interrupted())
		fprintf(result->ctl->out, "Broken off: %d of %d questions were asked.\n",
			result->asked, result->planned);
	if (json_array_size(result->found) == 0) {
		fputs("Nobody answers: is there power, are A and B the right way round, is the line\n"
		      "terminated, another speed (--baud) or parity (--parity)? A few units are asked\n"
		      "more thoroughly: --unit 1-16\n",
		      result->ctl->out);
		return;
	}
	put_table(result);
	put_differences(result);
	put_blocks(result);
}
