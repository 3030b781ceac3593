#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/schema.h"
#include "config/value.h"

struct printer {
	FILE *out;
	const struct config *config;
	int depth; /* of the block that is being written */
	bool secrets; /* are written, too */
};

/* ---- values ---------------------------------------------------------------------------- */

static void print_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_text(FILE *out, const char *text)
{
	fputc('"', out);
	print_escaped(out, text);
	fputc('"', out);
}

static void print_list(FILE *out, const struct conf_list *list)
{

	fputc('{', out);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i > 0 ? ", " : "", out);
		print_text(out, list->item[i]);
	}
	fputc('}', out);
}

static void print_map(FILE *out, const struct conf_map *map)
{

	fputc('{', out);
	for (size_t i = 0; i < map->count; i++) {
		fprintf(out, "%s\"%" PRId64 "=", i > 0 ? ", " : "", map->item[i].raw);
		print_escaped(out, map->item[i].word);
		fputc('"', out);
	}
	fputc('}', out);
}

static void print_number(FILE *out, const struct conf_option *row, const void *field)
{
	char text[CONF_NUMBER_BYTES];

	if (row->type == CONF_REAL)
		conf_write_real(*(const double *)field, text);
	else if (row->type == CONF_SIZE)
		conf_write_size(*(const int64_t *)field, text);
	else if (row->type == CONF_DURATION)
		conf_write_duration(*(const int64_t *)field, text);
	else
		snprintf(text, sizeof(text), "%" PRId64, *(const int64_t *)field);
	fprintf(out, strchr(text, '+') ? "\"%s\"" : "%s", text);
}

static void print_numbers(FILE *out, const struct conf_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++)
		fprintf(out, "%s%" PRId64, i == 0 ? "{" : ", ", numbers->item[i]);
	fputc('}', out);
}

static void print_range(FILE *out, const struct conf_range *range)
{
	fprintf(out, "\"%" PRId64 "-%" PRId64 "\"", range->first, range->first + range->count - 1);
}

static const char *choice_word(const struct conf_option *row, int value)
{
	const struct conf_choice *choice = row->choices;

	while (choice->word && choice->value != value)
		choice++;
	return choice->word;
}

/* Whether the option was neither given nor has a default: it is left out. */
static bool is_unset(const struct conf_option *row, const void *field)
{
	int64_t value;

	switch (row->type) {
	case CONF_TEXT:
	case CONF_PATH:
	case CONF_NAME:
		return !*(char *const *)field;
	case CONF_LIST:
		return ((const struct conf_list *)field)->count == 0;
	case CONF_MAP:
		return ((const struct conf_map *)field)->count == 0;
	case CONF_NUMBERS:
		return ((const struct conf_numbers *)field)->count == 0;
	case CONF_RANGE:
		return ((const struct conf_range *)field)->count == 0;
	case CONF_REAL:
		return isnan(*(const double *)field);
	case CONF_POINT:
		return *(const int32_t *)field == POINT_NONE;
	case CONF_CHOICE:
		return !choice_word(row, *(const int *)field);
	case CONF_INT:
	case CONF_SIZE:
	case CONF_DURATION:
		value = *(const int64_t *)field;
		return !row->def && value == 0 && row->min > 0;
	case CONF_BOOL:
		break;
	}
	return false;
}

static void print_value(const struct printer *printer, const struct conf_option *row,
			const void *field)
{
	switch (row->type) {
	case CONF_TEXT:
	case CONF_PATH:
	case CONF_NAME:
		print_text(printer->out, *(char *const *)field);
		break;
	case CONF_LIST:
		print_list(printer->out, field);
		break;
	case CONF_MAP:
		print_map(printer->out, field);
		break;
	case CONF_NUMBERS:
		print_numbers(printer->out, field);
		break;
	case CONF_RANGE:
		print_range(printer->out, field);
		break;
	case CONF_POINT:
		print_text(printer->out, printer->config->points[*(const int32_t *)field].name);
		break;
	case CONF_CHOICE:
		print_text(printer->out, choice_word(row, *(const int *)field));
		break;
	case CONF_BOOL:
		fputs(*(const bool *)field ? "true" : "false", printer->out);
		break;
	case CONF_INT:
	case CONF_SIZE:
	case CONF_DURATION:
	case CONF_REAL:
		print_number(printer->out, row, field);
		break;
	}
}

/* ---- blocks ---------------------------------------------------------------------------- */

static void indent(const struct printer *printer)
{
	fprintf(printer->out, "%*s", 4 * printer->depth, "");
}

/* Rows that the table `hidden` (or NULL) has too are left out. */
static void print_options(const struct printer *printer, const struct conf_option *table,
			  const struct conf_option *hidden, const void *base)
{
	for (; table->name && base; table++) {
		const void *field = (const char *)base + table->offset;

		if (is_unset(table, field) || (hidden && conf_option_by_name(hidden, table->name)))
			continue;
		indent(printer);
		if (table->secret && !printer->secrets) {
			fprintf(printer->out, "# %s is set, and secret\n", table->name);
			continue;
		}
		fprintf(printer->out, "%s = ", table->name);
		print_value(printer, table, field);
		fputc('\n', printer->out);
	}
}

static void begin(struct printer *printer, const char *kind, const char *title)
{
	if (printer->depth == 0)
		fputc('\n', printer->out);
	indent(printer);
	fputs(kind, printer->out);
	if (title)
		fprintf(printer->out, " \"%s\"", title);
	fputs(" {\n", printer->out);
	printer->depth++;
}

static void end(struct printer *printer)
{
	printer->depth--;
	indent(printer);
	fputs("}\n", printer->out);
}

static void print_block(struct printer *printer, const char *kind, const char *title,
			const struct conf_option *table, const void *base)
{
	begin(printer, kind, title);
	print_options(printer, table, NULL, base);
	end(printer);
}

static void print_uplink(struct printer *printer, const struct uplink_conf *uplink)
{
	begin(printer, "uplink", NULL);
	print_options(printer, uplink_options, NULL, uplink);
	if (uplink->tls)
		print_block(printer, "tls", NULL, tls_options, uplink);
	end(printer);
}

static void print_registry(struct printer *printer, const struct registry_conf *registry)
{
	begin(printer, "registry", NULL);
	print_options(printer, registry_options, NULL, registry);
	for (size_t i = 0; i < registry->trust_count; i++)
		print_block(printer, "trust", registry->trusts[i].name, trust_options,
			    &registry->trusts[i]);
	end(printer);
}

/* ---- buses and devices ----------------------------------------------------------------- */

static void print_bus_options(const struct printer *printer, const struct bus_conf *bus)
{
	print_options(printer, bus_options, NULL, bus);
	if (bus->driver->blocking)
		print_options(printer, bus_polled_options, NULL, bus);
	print_options(printer, driver_options(bus->driver, DRIVER_BUS), NULL, bus->driver_conf);
}

static void print_bus(struct printer *printer, const struct bus_conf *bus)
{
	const struct device_conf *devices = printer->config->devices;

	if (bus->device_count > 0 && devices[bus->devices[0]].own_bus)
		return; /* written with its device */
	begin(printer, "bus", bus->name);
	indent(printer);
	fprintf(printer->out, "driver = \"%s\"\n", bus->driver->name);
	print_bus_options(printer, bus);
	end(printer);
}

static void print_point(struct printer *printer, size_t index)
{
	const struct config *config = printer->config;
	const struct point_conf *conf = &config->points[index];
	const struct driver_point *point = &config->point_drivers[index];
	const struct bus_conf *bus = &config->buses[config->devices[conf->device].bus];
	const struct conf_option *options = driver_options(bus->driver, DRIVER_POINT);
	const struct point_range *range = &conf->range;
	bool limited = point_range_is_set(range);
	struct point_block block = {
		.conf = *conf,
		.chatter_edges = conf->chatter_edges,
		.min = limited && isfinite(range->min) ? range->min : NAN,
		.max = limited && isfinite(range->max) ? range->max : NAN,
	};

	memcpy(&block.map.item, &conf->map, sizeof(conf->map));
	block.map.count = conf->map_count;
	memcpy(&block.none.item, &conf->none, sizeof(conf->none));
	block.none.count = conf->none_count;
	memcpy(&block.expect.item, &conf->expect, sizeof(conf->expect));
	block.expect.count = conf->expect_count;
	begin(printer, "point", point->name);
	print_options(printer, options, NULL, point->conf);
	print_options(printer, point_options, options, &block);
	end(printer);
}

static void print_device_options(struct printer *printer, const struct device_conf *device)
{
	const struct bus_conf *bus = &printer->config->buses[device->bus];
	const struct driver *driver = bus->driver;

	indent(printer);
	fprintf(printer->out, "%s = \"%s\"\n", device->own_bus ? "driver" : "bus",
		device->own_bus ? driver->name : bus->name);
	if (device->profile) {
		indent(printer);
		fprintf(printer->out, "# profile \"%s\", whose options and points follow\n",
			device->profile);
	}
	if (device->own_bus)
		print_bus_options(printer, bus);
	print_options(printer, device_options, NULL, device);
	if (driver->blocking)
		print_options(printer, device_polled_options, NULL, device);
	print_options(printer, driver_options(driver, DRIVER_DEVICE), NULL, device->driver_conf);
}

static void print_device(struct printer *printer, const struct device_conf *device)
{
	begin(printer, "device", device->name);
	print_device_options(printer, device);
	for (size_t i = 0; i < device->point_count; i++)
		print_point(printer, device->first_point + i);
	end(printer);
}

/* ---- lanes ----------------------------------------------------------------------------- */

static void print_contact(struct printer *printer, const struct contact_conf *contact)
{
	char *words[CONTACT_WORDS];
	const struct contact_block block = {.conf = *contact,
					    .severity = contact->severity,
					    .words = {.item = words, .count = CONTACT_WORDS}};

	memcpy(words, contact->words, sizeof(words));
	print_block(printer, "contact", contact->name, contact_options, &block);
}

static void print_lane(struct printer *printer, const struct lane_conf *lane)
{
	struct lane_block block = {.direction = lane->direction};

	if (lane->passages)
		block.passages = *lane->passages;
	begin(printer, "lane", lane->name);
	print_options(printer, lane_options, NULL, &block);
	for (size_t i = 0; i < lane->barrier_count; i++)
		print_block(printer, "barrier", lane->barriers[i].name, barrier_options,
			    &lane->barriers[i]);
	for (size_t i = 0; i < lane->seal_count; i++)
		print_block(printer, "seal", lane->seals[i].name, seal_options, &lane->seals[i]);
	for (size_t i = 0; i < lane->contact_count; i++)
		print_contact(printer, &lane->contacts[i]);
	end(printer);
}

static void print_contact_at(struct printer *printer, size_t i)
{
	print_contact(printer, &printer->config->contacts[i]);
}

static void print_meter(struct printer *printer, size_t i)
{
	const struct meter_conf *meter = &printer->config->meters[i];

	print_block(printer, "meter", meter->name, meter_options, meter);
}

static void print_device_at(struct printer *printer, size_t i)
{
	print_device(printer, &printer->config->devices[i]);
}

static void print_bus_at(struct printer *printer, size_t i)
{
	print_bus(printer, &printer->config->buses[i]);
}

static void print_lane_at(struct printer *printer, size_t i)
{
	print_lane(printer, &printer->config->lanes[i]);
}

static void print_site(struct printer *printer)
{
	const struct config *config = printer->config;

	print_block(printer, "checkpoint", NULL, checkpoint_options, &config->checkpoint);
	print_block(printer, "gateway", NULL, gateway_options, &config->gateway);
	print_block(printer, "journal", NULL, journal_options, &config->journal);
	if (config->signer.enabled)
		print_block(printer, "signer", NULL, signer_options, &config->signer);
	if (config->witness.enabled)
		print_block(printer, "witness", NULL, witness_options, &config->witness);
	if (config->officers.enabled)
		print_block(printer, "officers", NULL, officers_options, &config->officers);
	if (config->registry.enabled)
		print_registry(printer, &config->registry);
	if (config->handover.enabled)
		print_block(printer, "handover", NULL, handover_options, &config->handover);
	print_uplink(printer, &config->uplink);
}

static const struct {
	void (*print)(struct printer *printer, size_t i);
	size_t count; /* where struct config has how many there are */
} parts[CONFIG_PARTS] = {
	[CONFIG_BUSES] = {print_bus_at, offsetof(struct config, bus_count)},
	[CONFIG_DEVICES] = {print_device_at, offsetof(struct config, device_count)},
	[CONFIG_LANES] = {print_lane_at, offsetof(struct config, lane_count)},
	[CONFIG_CONTACTS] = {print_contact_at, offsetof(struct config, contact_count)},
	[CONFIG_METERS] = {print_meter, offsetof(struct config, meter_count)},
};

size_t config_count(const struct config *config, enum config_part part)
{
	return *(const size_t *)((const char *)config + parts[part].count);
}

void config_print(const struct config *config, FILE *out)
{
	struct printer printer = {.out = out, .config = config};

	fputs("# In effect, with all defaults.\n", out);
	print_site(&printer);
	for (enum config_part part = 0; part < CONFIG_PARTS; part++)
		for (size_t i = 0; i < config_count(config, part); i++)
			parts[part].print(&printer, i);
}

void config_write_part(const struct config *config, enum config_part part, size_t i, FILE *out)
{
	struct printer printer = {.out = out, .config = config, .secrets = true};

	parts[part].print(&printer, i);
}

void config_write_point(const struct config *config, size_t i, FILE *out)
{
	struct printer printer = {.out = out, .config = config, .secrets = true};

	print_point(&printer, i);
}

void config_write_site(const struct config *config, FILE *out)
{
	struct printer printer = {.out = out, .config = config, .secrets = true};

	print_site(&printer);
}
