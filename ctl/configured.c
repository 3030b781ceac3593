/* Read from what corridord prints, as in likeness.c. */
#include "ctl/configured.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/loan.h"
#include "ctl/program.h"

#define UNITS_MOST  247
#define NAME_BYTES  sizeof(((struct configured_unit *)0)->device)
#define VALUE_BYTES 512

/* A block of one kind, "device", and the value of one of its options, one after the other. */
struct search {
	const char *kind, *option, *line;
	char name[NAME_BYTES], value[VALUE_BYTES];
};

static bool begins_with(const char *line, const char *words)
{
	return strncmp(line, words, strlen(words)) == 0;
}

/* "device "boom" {" */
static bool take_name(struct search *search)
{
	const char *value = search->line + strlen(search->kind);

	return begins_with(search->line, search->kind) && *value == ' ' &&
	       program_next_text(&value, search->name, sizeof(search->name));
}

/* "    option = value" */
static bool take_value(struct search *search)
{
	const char *line = search->line + strspn(search->line, " ");
	size_t length = strlen(search->option);

	if (!begins_with(line, search->option) || !begins_with(line + length, " = "))
		return false;
	line += length + 3;
	snprintf(search->value, sizeof(search->value), "%.*s", (int)strcspn(line, "\n"), line);
	return true;
}

static bool next(struct search *search)
{
	bool inside = search->name[0] != '\0';

	for (; search->line; search->line = strchr(search->line, '\n')) {
		search->line += *search->line == '\n';
		if (search->line[0] != ' ' && search->line[0] != '\0' && search->line[0] != '\n')
			inside = take_name(search);
		else if (inside && take_value(search))
			return (search->line = strchr(search->line, '\n')) != NULL;
	}
	return false;
}

/* "text" without its quotes. */
static void unquote(struct search *search, char *out, size_t size)
{
	const char *value = search->value;

	if (!program_next_text(&value, out, size))
		out[0] = '\0';
}

static bool find_bus(const char *printed, const char *port, char bus[NAME_BYTES])
{
	struct search search = {.kind = "bus", .option = "port", .line = printed};

	while (next(&search)) {
		char its_port[VALUE_BYTES];

		unquote(&search, its_port, sizeof(its_port));
		snprintf(bus, NAME_BYTES, "%s", search.name);
		if (loan_is_same_port(its_port, port))
			return true;
	}
	return false;
}

static bool is_on(const char *printed, const char *device, const char *bus)
{
	struct search search = {.kind = "device", .option = "bus", .line = printed};
	char its_bus[NAME_BYTES];

	while (next(&search)) {
		unquote(&search, its_bus, sizeof(its_bus));
		if (strcmp(search.name, device) == 0)
			return strcmp(its_bus, bus) == 0;
	}
	return false;
}

static void take_units(struct configured *configured, const char *printed, const char *bus)
{
	struct search search = {.kind = "device", .option = "unit", .line = printed};

	configured->units = calloc(UNITS_MOST, sizeof(*configured->units));
	while (configured->units && configured->count < UNITS_MOST && next(&search)) {
		struct configured_unit *unit = &configured->units[configured->count];

		if (!is_on(printed, search.name, bus))
			continue;
		memcpy(unit->device, search.name, sizeof(unit->device));
		unit->unit = (int)strtol(search.value, NULL, 10);
		configured->count++;
	}
}

struct configured configured_on(const char *conf, const char *port)
{
	struct configured configured = {0};
	char bus[NAME_BYTES], *printed;
	int code = -1;

	printed = program_says("--print-config", conf, &code);
	if (printed && code == 0 && find_bus(printed, port, bus))
		take_units(&configured, printed, bus);
	free(printed);
	return configured;
}

void configured_free(struct configured *configured)
{
	free(configured->units);
	*configured = (struct configured){0};
}

const char *configured_device(const struct configured *configured, int unit)
{
	for (size_t i = 0; i < configured->count; i++)
		if (configured->units[i].unit == unit)
			return configured->units[i].device;
	return NULL;
}
