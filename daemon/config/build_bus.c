#include "config/build.h"

#include <string.h>

/* ---- drivers --------------------------------------------------------------------------- */

const struct driver *config_find_driver(struct config_build *build, const struct conf_entry *entry,
					const char *name)
{
	const struct driver *driver = driver_by_name(name);
	struct conf_nearest nearest = {.word = name, .patience = &build->reader.patience};
	char names[256] = "";
	size_t i, bytes = 0;

	for (i = 0; !driver && drivers[i]; i++) {
		conf_nearest_offer(&nearest, drivers[i]->name);
		if (bytes < sizeof(names))
			bytes += (size_t)snprintf(names + bytes, sizeof(names) - bytes, "%s%s",
						  i > 0 ? ", " : "", drivers[i]->name);
	}
	if (!driver)
		conf_complain_entry(&build->parser, entry, name,
				    "there is no such driver, expected one of %s%s", names,
				    conf_nearest_hint(&nearest));
	return driver;
}

void *config_driver_block(struct config_build *build, const struct conf_source *source,
			  const struct driver *driver, enum driver_part part)
{
	const struct conf_block *block = part == DRIVER_BUS	 ? &driver->bus
					 : part == DRIVER_DEVICE ? &driver->device
								 : &driver->point;
	void *base;

	if (!block->options)
		return NULL;
	base = conf_alloc(build->parser.store, block->bytes);
	if (base)
		conf_fill(&build->parser, source, block->options, NULL, base);
	return base;
}

/* ---- buses ----------------------------------------------------------------------------- */

struct bus_conf *config_add_bus(struct config_build *build, const struct conf_node *node)
{
	struct config *config = build->config;
	struct bus_conf *buses = config_grow(build, config->buses, config->bus_count,
					     sizeof(*buses)),
			*bus;

	if (!buses)
		return NULL;
	config->buses = buses;
	bus = &buses[config->bus_count];
	*bus = (struct bus_conf){.name = conf_copy(build->parser.store, node->title),
				 .file = conf_copy(build->parser.store, node->place.file->path),
				 .line = node->place.line};
	if (conf_store_failed(build->parser.store))
		return NULL;
	config->bus_count++;
	return bus;
}

void config_fill_bus(struct config_build *build, const struct conf_source *source,
		     struct bus_conf *bus)
{
	conf_fill(&build->parser, source, bus_options, NULL, bus);
	config_check_order(build, source->own, "reopen_min", bus->reopen_min_ns, "reopen_max",
			   bus->reopen_max_ns);
	if (bus->driver->blocking)
		conf_fill(&build->parser, source, bus_polled_options, NULL, bus);
	bus->driver_conf = config_driver_block(build, source, bus->driver, DRIVER_BUS);
}

static void build_bus(struct config_build *build, struct conf_node *node)
{
	const struct conf_option *const tables[] = {bus_place_options, bus_options,
						    bus_polled_options, NULL};
	const struct conf_option *const unpolled[] = {bus_place_options, bus_options, NULL};
	struct conf_source source = {.own = node};
	struct bus_block block = {0};
	struct bus_conf *bus = config_add_bus(build, node);
	const struct conf_entry *entry = conf_node_entry(node, "driver");

	if (!bus)
		return;
	node->index = build->config->bus_count - 1;
	config_check_title(build, node);
	conf_fill(&build->parser, &source, bus_place_options, NULL, &block);
	if (block.driver)
		bus->driver = config_find_driver(build, entry, block.driver);
	if (!bus->driver)
		return;
	if (!bus->driver->bus.options) {
		conf_complain_entry(&build->parser, entry, block.driver,
				    "has no buses, name this driver in each device instead");
		return;
	}
	config_foreign_options(
		build, node,
		&(struct config_place){.driver = bus->driver,
				       .core = bus->driver->blocking ? tables : unpolled,
				       .part = DRIVER_BUS});
	config_fill_bus(build, &source, bus);
}

/* false: it has none, told. */
static bool has_bus(const struct config *config, size_t device)
{
	return config->devices[device].bus < config->bus_count;
}

void config_list_devices(struct config_build *build)
{
	struct config *config = build->config;

	for (size_t i = 0; i < config->device_count; i++)
		if (has_bus(config, i))
			config->buses[config->devices[i].bus].device_count++;
	for (size_t i = 0; i < config->bus_count; i++) {
		struct bus_conf *bus = &config->buses[i];

		bus->devices =
			conf_alloc(build->parser.store, bus->device_count * sizeof(*bus->devices));
		bus->device_count = 0;
		if (!bus->devices)
			return;
	}
	for (size_t i = 0; i < config->device_count; i++) {
		struct bus_conf *bus;

		if (!has_bus(config, i))
			continue;
		bus = &config->buses[config->devices[i].bus];
		bus->devices[bus->device_count++] = i;
	}
}

void config_build_buses(struct config_build *build)
{
	for (struct conf_node *node = conf_node_of(build->blocks, "bus"); node;
	     node = conf_node_of(node->next, "bus"))
		build_bus(build, node);
}
