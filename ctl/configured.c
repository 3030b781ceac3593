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

/* The next block of that kind, such as "device", from this line on, and its name; NULL: there are no more. */
static const char *find_block(const char *line, const char *kind, char name[NAME_BYTES])
{
	const size_t length = strlen(kind);

	for (; line; line = strchr(line, '\n')) {
		const char *value;

		line += *line == '\n';
		value = line + length;
		if (strncmp(line, kind, length) == 0 && *value == ' ' &&
		    program_next_text(&value, name, NAME_BYTES))
			return line;
	}
	return NULL;
}

/* Of the block that begins there. */
static bool read_value(const char *line, const char *option, char value[VALUE_BYTES])
{
	char block[VALUE_BYTES];

	snprintf(block, sizeof(block), "%.*s", (int)strcspn(line, "{"), line);
	block[strlen(block) - 1] = '\0';
	return program_value(line, block, option, value, VALUE_BYTES);
}

static bool read_text(const char *line, const char *option, char text[VALUE_BYTES])
{
	char value[VALUE_BYTES];
	const char *rest = value;

	return read_value(line, option, value) && program_next_text(&rest, text, VALUE_BYTES);
}

static bool find_bus(const char *printed, const char *port, char bus[NAME_BYTES])
{
	char its_port[VALUE_BYTES];

	for (const char *line = printed; (line = find_block(line, "bus", bus)); line++)
		if (read_text(line, "port", its_port) && loan_is_same_port(its_port, port))
			return true;
	return false;
}

static void take_units(struct configured *configured, const char *printed, const char *bus)
{
	char device[NAME_BYTES], its_bus[VALUE_BYTES], unit[VALUE_BYTES];

	configured->units = calloc(UNITS_MOST, sizeof(*configured->units));
	for (const char *line = printed; configured->units && configured->count < UNITS_MOST &&
					 (line = find_block(line, "device", device));
	     line++) {
		struct configured_unit *one = &configured->units[configured->count];

		if (!read_text(line, "bus", its_bus) || strcmp(its_bus, bus) != 0 ||
		    !read_value(line, "unit", unit))
			continue;
		memcpy(one->device, device, sizeof(one->device));
		one->unit = (int)strtol(unit, NULL, 10);
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
