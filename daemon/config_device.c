#include "config_build.h"

#include <string.h>

#include "clock.h"

/* What points at this device's points is not to blame for what is missing. */
static void note_gap(struct config_build *build, const char *device)
{
	struct conf_gap *gap = conf_alloc(build->reader.store, sizeof(*gap));

	if (gap == NULL) {
		build->parser.no_memory = true;
		return;
	}
	gap->device = device;
	gap->next = build->parser.gaps;
	build->parser.gaps = gap;
}

static void find_profile(struct config_build *build, struct config_making *making)
{
	const struct conf_node *own = making->source.own;
	const char *name = making->block.conf.profile;
	const struct conf_entry *entry = conf_node_entry(own, "profile");

	if (name != NULL)
		making->source.profile = config_profile(build, entry, name);
	if (entry == NULL)
		return;
	making->source.incomplete =
		making->source.profile == NULL || making->source.profile->place.file->cut;
	if (making->source.incomplete)
		note_gap(build, own->title);
}

/* A profile for "modbus" serves every driver whose name begins with "modbus-". */
static void check_family(struct config_build *build, const struct config_making *making)
{
	const struct conf_entry *of_profile, *of_device;
	const char *family;
	size_t bytes;

	if (making->source.profile == NULL || making->driver == NULL)
		return;
	of_profile = conf_node_entry(making->source.profile, "driver");
	of_device = conf_node_entry(making->source.own, "profile");
	if (of_profile == NULL || of_profile->words == NULL)
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
	const struct conf_entry *entry = conf_node_entry(making->source.own, "bus");
	struct conf_nearest nearest = {.word = making->block.bus};
	size_t i;

	for (i = 0; i < config->bus_count; i++) {
		if (strcmp(config->buses[i].name, making->block.bus) == 0) {
			making->block.conf.bus = i;
			making->driver = config->buses[i].driver;
			return;
		}
		conf_nearest_offer(&nearest, config->buses[i].name);
	}
	if (!build->reader.cut)
		conf_complain_entry(&build->parser, entry, making->block.bus,
				    "there is no such bus%s", conf_nearest_hint(&nearest));
}

static void make_own_bus(struct config_build *build, struct config_making *making)
{
	const struct conf_node *own = making->source.own;
	const struct conf_entry *entry = conf_node_entry(own, "driver");
	struct conf_node *bus;

	making->driver = config_find_driver(build, entry, making->block.driver);
	for (bus = build->blocks; (bus = conf_node_of(bus, "bus")) != NULL; bus = bus->next)
		if (strcmp(bus->title, own->title) == 0) {
			conf_complain_node(&build->reader, own, own->place.line,
					   "a bus has this name, in %s:%d", bus->place.file->path,
					   bus->place.line);
			return;
		}
	making->block.conf.own_bus = true;
}

static void find_place(struct config_build *build, struct config_making *making)
{
	const struct conf_node *own = making->source.own;

	if (making->block.bus != NULL && making->block.driver != NULL)
		conf_complain_node(&build->reader, own, own->place.line,
				   "has both \"bus\" and \"driver\", expected one of them");
	else if (making->block.bus != NULL)
		hang_on_bus(build, making);
	else if (making->block.driver != NULL)
		make_own_bus(build, making);
	else if (conf_node_entry(own, "bus") == NULL && conf_node_entry(own, "driver") == NULL)
		conf_complain_node(&build->reader, own, own->place.line,
				   "has neither \"bus\" nor \"driver\", expected one of them");
}

static void check_options(struct config_build *build, const struct config_making *making)
{
	static const struct conf_option empty[] = {{0}};
	bool polled = making->driver->blocking, own_bus = making->block.bus == NULL;
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
	if (making->source.profile != NULL)
		config_foreign_options(build, making->source.profile, &place);
}

static void fill_device(struct config_build *build, struct config_making *making)
{
	struct device_conf *conf = &making->block.conf;

	conf_fill(&build->parser, &making->source, device_options, NULL, conf);
	if (making->driver == NULL)
		return;
	check_options(build, making);
	if (making->driver->blocking) {
		conf_fill(&build->parser, &making->source, device_polled_options, NULL, conf);
		config_check_order(build, making->source.own, "retry_min", conf->retry_min_ns,
				   "retry_max", conf->retry_max_ns);
		if (conf_source_entry(&making->source, "stale_after") == NULL)
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

	if (bus == NULL)
		return;
	making->block.conf.bus = build->config->bus_count - 1;
	bus->driver = making->driver;
	if (bus->driver != NULL)
		config_fill_bus(build, &making->source, bus);
}

static void build_device(struct config_build *build, const struct conf_node *node)
{
	struct config_making making = {.source = {.own = node},
				       .index = build->config->device_count};
	struct config *config = build->config;
	struct device_conf *devices =
		config_grow(build, config->devices, config->device_count, sizeof(*devices));

	if (devices == NULL)
		return;
	config->devices = devices;
	config_check_title(build, node);
	conf_fill(&build->parser, &(struct conf_source){.own = node}, device_place_options, NULL,
		  &making.block);
	find_profile(build, &making);
	find_place(build, &making);
	check_family(build, &making);
	if (making.block.conf.own_bus)
		add_own_bus(build, &making);
	fill_device(build, &making);
	making.block.conf.name = conf_copy(build->parser.store, node->title);
	making.block.conf.file = conf_copy(build->parser.store, node->place.file->path);
	making.block.conf.line = node->place.line;
	making.block.conf.first_point = config->point_count;
	build->parser.no_memory |= making.block.conf.name == NULL || making.block.conf.file == NULL;
	devices[config->device_count++] = making.block.conf;
	if (!build->parser.no_memory)
		config_build_points(build, &making);
}

void config_build_devices(struct config_build *build)
{
	struct conf_node *node;

	for (node = build->blocks; (node = conf_node_of(node, "device")) != NULL; node = node->next)
		build_device(build, node);
}
