#include "config/build.h"

#include <string.h>

#include "config/nearest.h"

static bool in_tables(const struct conf_option *const *tables, const char *name)
{
	for (; *tables; tables++)
		if (conf_option_by_name(*tables, name))
			return true;
	return false;
}

static bool driver_has(const struct driver *driver, enum driver_part part, const char *name)
{
	return conf_option_by_name(driver_options(driver, part), name) != NULL;
}

/* Which driver would take it here, NULL: none. */
static const struct driver *owner_of(const struct config_place *place, const char *name)
{

	for (size_t i = 0; drivers[i]; i++)
		if (driver_has(drivers[i], place->part, name) ||
		    (place->part == DRIVER_DEVICE && driver_has(drivers[i], DRIVER_BUS, name)))
			return drivers[i];
	return NULL;
}

static void offer(struct conf_nearest *nearest, const struct conf_option *options)
{
	for (; options && options->name; options++)
		(void)conf_nearest_offer(nearest, options->name);
}

/* What the driver calls so in other words; NULL: nothing. */
static const char *meant_here(struct config_build *build, const struct config_place *place,
			      const char *name)
{
	struct conf_nearest nearest = {.word = name, .patience = &build->reader.patience};

	for (const struct conf_option *const *tables = place->core; *tables; tables++)
		offer(&nearest, *tables);
	offer(&nearest, driver_options(place->driver, place->part));
	return conf_nearest_is_meant(&nearest) ? conf_nearest_word(&nearest) : NULL;
}

static void tell(struct config_build *build, const struct conf_entry *entry,
		 const struct config_place *place)
{
	const char *name = entry->name, *driver = place->driver->name;
	const struct driver *owner = owner_of(place, name);
	const char *meant = meant_here(build, place, name);
	bool of_bus = driver_has(place->driver, DRIVER_BUS, name) ||
		      conf_option_by_name(bus_options, name) ||
		      conf_option_by_name(bus_polled_options, name);
	bool of_polled = conf_option_by_name(device_polled_options, name) ||
			 conf_option_by_name(bus_polled_options, name);

	if (of_polled && !place->driver->blocking)
		conf_complain_entry(&build->parser, entry, NULL,
				    "has no meaning for driver \"%s\", which reports by itself",
				    driver);
	else if (place->part == DRIVER_DEVICE && of_bus && place->bus)
		conf_complain_entry(&build->parser, entry, NULL,
				    "belongs in the block of the bus, \"%s\"", place->bus);
	else if (meant)
		conf_complain_entry(&build->parser, entry, NULL,
				    "is not one of driver \"%s\", did you mean \"%s\"?", driver,
				    meant);
	else if (owner)
		conf_complain_entry(&build->parser, entry, NULL,
				    "is not one of driver \"%s\", it is one of \"%s\"", driver,
				    owner->name);
	else
		conf_complain_entry(&build->parser, entry, NULL, "is not one of driver \"%s\"",
				    driver);
}

void config_foreign_options(struct config_build *build, const struct conf_node *node,
			    const struct config_place *place)
{
	const struct conf_entry *entry;

	for (entry = node->entries; entry; entry = entry->next) {
		if ((entry->told && !entry->words) || in_tables(place->core, entry->name) ||
		    driver_has(place->driver, place->part, entry->name))
			continue;
		if (place->part == DRIVER_DEVICE && !place->bus &&
		    driver_has(place->driver, DRIVER_BUS, entry->name))
			continue;
		tell(build, entry, place);
	}
}
