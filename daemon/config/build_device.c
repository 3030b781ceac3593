#include "config/build.h"

#include <string.h>

#include "base/clock.h"

static void find_profile(struct config_build *build, struct config_making *making)
{
	const struct conf_node *own = making->source.own, *profile = NULL;
	const char *name = making->block.conf.profile;
	const struct conf_entry *entry = conf_node_entry(own, "profile");

	if (name)
		profile = config_profile(build, entry, name);
	making->source.profile = profile;
	making->source.incomplete =
		entry && (!profile || profile->place.file->cut || profile->incomplete);
}

/* A profile for "modbus" serves every driver whose name begins with "modbus-". */
static void check_family(struct config_build *build, const struct config_making *making)
{
	const struct conf_entry *of_profile, *of_device;
	const char *family;
	size_t bytes;

	if (!making->source.profile || !making->driver)
		return;
	of_profile = conf_node_entry(making->source.profile, "driver");
	of_device = conf_node_entry(making->source.own, "profile");
	if (!of_profile || !of_profile->words)
		return;
	family = of_profile->words->text;
	bytes = strlen(family);
	if (strncmp(making->driver->name, family, bytes) != 0 ||
	    (making->driver->name[bytes] != '\0' && making->driver->name[bytes] != '-'))
		conf_complain_entry(&build->parser, of_device, making->block.conf.profile,
				    "is for driver \"%s\", and this device has \"%s\"", family,
				    making->driver->name);
}

static void hang_on_bus(struct config_build *build, struct config_making *making)
{
	const struct config *config = build->config;
	const char *name = making->block.bus;
	const struct conf_node *bus = conf_node_find(&build->reader, NULL, "bus", name);
	struct conf_nearest nearest = {.word = name, .patience = &build->reader.patience};

	if (bus) {
		making->block.conf.bus = bus->index;
		making->driver = config->buses[bus->index].driver;
		return;
	}
	for (size_t i = 0; i < config->bus_count; i++)
		if (!conf_nearest_offer(&nearest, config->buses[i].name))
			break;
	if (!conf_is_lost(&build->reader, "bus", name))
		conf_complain_entry(&build->parser, conf_node_entry(making->source.own, "bus"),
				    name, "there is no such bus%s", conf_nearest_hint(&nearest));
}

static void make_own_bus(struct config_build *build, struct config_making *making)
{
	const struct conf_node *own = making->source.own;
	const struct conf_node *bus = conf_node_find(&build->reader, NULL, "bus", own->title);

	making->driver =
		config_find_driver(build, conf_node_entry(own, "driver"), making->block.driver);
	if (bus)
		conf_complain_node(&build->reader, own, own->place.line,
				   "a bus has this name, in %s:%d", bus->place.file->path,
				   bus->place.line);
	making->block.conf.own_bus = !bus;
}

static void find_place(struct config_build *build, struct config_making *making)
{
	const struct conf_node *own = making->source.own;

	if (making->block.bus && making->block.driver)
		conf_complain_node(&build->reader, own, own->place.line,
				   "has both \"bus\" and \"driver\", expected one of them");
	else if (making->block.bus)
		hang_on_bus(build, making);
	else if (making->block.driver)
		make_own_bus(build, making);
	else if (!conf_node_entry(own, "bus") && !conf_node_entry(own, "driver"))
		conf_complain_node(&build->reader, own, own->place.line,
				   "has neither \"bus\" nor \"driver\", expected one of them");
}

static void check_options(struct config_build *build, const struct config_making *making)
{
	static const struct conf_option empty[] = {{0}};
	bool polled = making->driver->blocking, own_bus = !making->block.bus;
	const struct conf_option *const own[] = {device_place_options,
						 device_options,
						 polled ? device_polled_options : empty,
						 own_bus ? bus_options : empty,
						 own_bus && polled ? bus_polled_options : empty,
						 NULL};
	const struct conf_option *const profile[] = {profile_options, device_options,
						     polled ? device_polled_options : empty, NULL};
	struct config_place place = {.driver = making->driver,
				     .core = own,
				     .part = DRIVER_DEVICE,
				     .bus = own_bus ? NULL : making->block.bus};

	config_foreign_options(build, making->source.own, &place);
	place.core = profile;
	if (making->source.profile)
		config_foreign_options(build, making->source.profile, &place);
}

static void fill_device(struct config_build *build, struct config_making *making)
{
	struct device_conf *conf = &making->block.conf;

	conf_fill(&build->parser, &making->source, device_options, NULL, conf);
	if (!making->driver)
		return;
	check_options(build, making);
	if (making->driver->blocking) {
		conf_fill(&build->parser, &making->source, device_polled_options, NULL, conf);
		config_check_order(build, making->source.own, "retry_min", conf->retry_min_ns,
				   "retry_max", conf->retry_max_ns);
		if (!conf_source_entry(&making->source, "stale_after"))
			conf->stale_after_ns = 3 * conf->poll_ns + NS_PER_S;
		else if (conf->stale_after_ns != 0)
			config_check_order(build, making->source.own, "poll", conf->poll_ns,
					   "stale_after", conf->stale_after_ns);
	}
	conf->driver_conf =
		config_driver_block(build, &making->source, making->driver, DRIVER_DEVICE);
}

static void add_own_bus(struct config_build *build, struct config_making *making)
{
	struct bus_conf *bus = config_add_bus(build, making->source.own);

	if (!bus)
		return;
	making->block.conf.bus = build->config->bus_count - 1;
	bus->driver = making->driver;
	if (bus->driver)
		config_fill_bus(build, &making->source, bus);
}

static void build_device(struct config_build *build, struct conf_node *node)
{
	struct config_making making = {.source = {.own = node},
				       .index = build->config->device_count};
	struct config *config = build->config;
	struct device_conf *devices =
		config_grow(build, config->devices, config->device_count, sizeof(*devices));

	if (!devices)
		return;
	config->devices = devices;
	config_check_title(build, node);
	conf_fill(&build->parser, &(struct conf_source){.own = node}, device_place_options, NULL,
		  &making.block);
	find_profile(build, &making);
	node->incomplete |=
		making.source.incomplete; /* what points at its points is not to blame */
	find_place(build, &making);
	check_family(build, &making);
	if (making.block.conf.own_bus)
		add_own_bus(build, &making);
	fill_device(build, &making);
	making.block.conf.name = conf_copy(build->parser.store, node->title);
	making.block.conf.file = conf_copy(build->parser.store, node->place.file->path);
	making.block.conf.line = node->place.line;
	making.block.conf.first_point = config->point_count;
	if (conf_store_failed(build->parser.store))
		return;
	devices[config->device_count++] = making.block.conf;
	config_build_points(build, &making);
}

void config_build_devices(struct config_build *build)
{
	for (struct conf_node *node = conf_node_of(build->blocks, "device"); node;
	     node = conf_node_of(node->next, "device"))
		build_device(build, node);
}
