#include "config/schema.h"

#include <string.h>

/* ---- kinds ----------------------------------------------------------------------------- */

#define TABLES(...)                         \
	(const struct conf_option *const[]) \
	{                                   \
		__VA_ARGS__, NULL           \
	}
#define KINDS(...)                        \
	(const struct conf_kind *const[]) \
	{                                 \
		__VA_ARGS__, NULL         \
	}
#define NO_TABLES                           \
	(const struct conf_option *const[]) \
	{                                   \
		NULL                        \
	}
#define NO_KINDS                          \
	(const struct conf_kind *const[]) \
	{                                 \
		NULL                      \
	}

static const struct conf_kind checkpoint_kind = {
	.name = "checkpoint",
	.tables = TABLES(checkpoint_options),
	.children = NO_KINDS,
	.help = "Where this gateway stands. Required.",
};

static const struct conf_kind gateway_kind = {
	.name = "gateway",
	.tables = TABLES(gateway_options),
	.children = NO_KINDS,
	.help = "This gateway. Required.",
};

static const struct conf_kind journal_kind = {
	.name = "journal",
	.tables = TABLES(journal_options),
	.children = NO_KINDS,
	.help = "Where events are kept until, and after, they are delivered.",
};

static const struct conf_kind signer_kind = {
	.name = "signer",
	.tables = TABLES(signer_options),
	.children = NO_KINDS,
	.help = "Signed heads of the log of events, for others to hold this gateway to. Its presence "
		"turns it on.",
};

static const struct conf_kind witness_kind = {
	.name = "witness",
	.tables = TABLES(witness_options),
	.children = NO_KINDS,
	.help = "Gateways that hold one another to their signed heads, so that none can rewrite its past "
		"alone. Needs a signer block.",
};

static const struct conf_kind trust_kind = {
	.name = "trust",
	.titled = true,
	.tables = TABLES(trust_options),
	.children = NO_KINDS,
	.help = "Whose signature lists and records of a kind need; without it they are not taken. Where "
		"several name a kind and state, one of them is enough. What none names needs no signature.",
};

static const struct conf_kind officers_kind = {
	.name = "officers",
	.tables = TABLES(officers_options),
	.children = NO_KINDS,
	.help = "Officers whose requests over MQTT are signed. Needs requests = true in the uplink block.",
};

static const struct conf_kind registry_kind = {
	.name = "registry",
	.tables = TABLES(registry_options),
	.children = KINDS(&trust_kind),
	.help = "What is known of consignments and operators, from MQTT and from list files; kept "
		"beside the journal. Its presence, even empty, turns it on.",
};

static const struct conf_kind handover_kind = {
	.name = "handover",
	.tables = TABLES(handover_options),
	.children = NO_KINDS,
	.help = "Consignments on their way between checkpoints: announced to the next one of their "
		"itinerary, and awaited from others. Its presence, even empty, turns it on.",
};

static const struct conf_kind tls_kind = {
	.name = "tls",
	.tables = TABLES(tls_options),
	.children = NO_KINDS,
	.help = "Its presence, even empty, turns TLS on.",
};

static const struct conf_kind uplink_kind = {
	.name = "uplink",
	.tables = TABLES(uplink_options),
	.children = KINDS(&tls_kind),
	.help = "The MQTT broker that gets the events. Required.",
};

static const struct conf_kind bus_kind = {
	.name = "bus",
	.titled = true,
	.part = DRIVER_BUS,
	.tables = TABLES(bus_place_options, bus_options, bus_polled_options),
	.children = NO_KINDS,
	.help = "A line or connection that several devices share. Further options: see its driver.",
};

static const struct conf_kind point_kind = {
	.name = "point",
	.titled = true,
	.part = DRIVER_POINT,
	.tables = TABLES(point_options),
	.children = NO_KINDS,
	.help = "One value of a device. Further options: see the device's driver.",
};

static const struct conf_kind device_kind = {
	.name = "device",
	.titled = true,
	.part = DRIVER_DEVICE,
	.tables = TABLES(device_place_options, device_options, device_polled_options, bus_options,
			 bus_polled_options),
	.children = KINDS(&point_kind),
	.help = "Something that is read. Further options: see its driver.",
};

static const struct conf_kind profile_kind = {
	.name = "profile",
	.titled = true,
	.part = DRIVER_DEVICE,
	.tables = TABLES(profile_options, device_options, device_polled_options),
	.children = KINDS(&point_kind),
	.help = "Options and points of a device model; alone in a file profiles/NAME.conf.",
};

static const struct conf_kind barrier_kind = {
	.name = "barrier",
	.titled = true,
	.tables = TABLES(barrier_options),
	.children = NO_KINDS,
	.help = "A boom. Needs status or a limit; a point is written \"device.point\".",
};

static const struct conf_kind seal_kind = {
	.name = "seal",
	.titled = true,
	.tables = TABLES(seal_options),
	.children = NO_KINDS,
	.help = "A seal reader or a wired seal. Needs status, opened, loop or id.",
};

static const struct conf_kind contact_kind = {
	.name = "contact",
	.titled = true,
	.tables = TABLES(contact_options),
	.children = NO_KINDS,
	.help = "A contact that says one thing, of a lane or of the gateway: mains, a door, a panic button, "
		"intrusion.",
};

static const struct conf_kind lane_kind = {
	.name = "lane",
	.titled = true,
	.tables = TABLES(lane_options),
	.children = KINDS(&barrier_kind, &seal_kind, &contact_kind),
	.help = "A lane, with its sensors.",
};

static const struct conf_kind meter_kind = {
	.name = "meter",
	.titled = true,
	.tables = TABLES(meter_options),
	.children = NO_KINDS,
	.help = "A number of the gateway's surroundings that is reported.",
};

const struct conf_kind conf_main_file = {
	.name = "file",
	.tables = NO_TABLES,
	.children =
		KINDS(&checkpoint_kind, &gateway_kind, &journal_kind, &signer_kind, &witness_kind,
		      &officers_kind, &registry_kind, &handover_kind, &uplink_kind, &bus_kind,
		      &device_kind, &lane_kind, &contact_kind, &meter_kind),
};

const struct conf_kind conf_profile_file = {
	.name = "file",
	.tables = NO_TABLES,
	.children = KINDS(&profile_kind),
};

/* ---- walking --------------------------------------------------------------------------- */

const struct conf_option *driver_options(const struct driver *driver, enum driver_part part)
{
	static const struct conf_option none[] = {{0}};
	const struct conf_option *options = NULL;

	if (part == DRIVER_BUS)
		options = driver->bus.options;
	else if (part == DRIVER_DEVICE)
		options = driver->device.options;
	else if (part == DRIVER_POINT)
		options = driver->point.options;
	return options ? options : none;
}

const struct conf_option *conf_option_by_name(const struct conf_option *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static void table_names(const struct conf_option *table, void *data,
			void (*call)(void *data, const char *name))
{
	for (; table->name; table++)
		call(data, table->name);
}

void conf_kind_names(const struct conf_kind *kind, void *data,
		     void (*call)(void *data, const char *name))
{

	for (size_t i = 0; kind->tables[i]; i++)
		table_names(kind->tables[i], data, call);
	for (size_t i = 0; kind->part != DRIVER_NOTHING && drivers[i]; i++) {
		table_names(driver_options(drivers[i], kind->part), data, call);
		if (kind == &device_kind)
			table_names(driver_options(drivers[i], DRIVER_BUS), data, call);
	}
}

struct wanted {
	const char *name, *found;
};

static void compare_name(void *data, const char *name)
{
	struct wanted *wanted = data;

	if (!wanted->found && *wanted->name == *name && strcmp(wanted->name, name) == 0)
		wanted->found = name;
}

const char *conf_kind_option(const struct conf_kind *kind, const char *name)
{
	struct wanted wanted = {.name = name};

	conf_kind_names(kind, &wanted, compare_name);
	return wanted.found;
}

const struct conf_kind *conf_kind_child(const struct conf_kind *kind, const char *name)
{

	for (size_t i = 0; kind->children[i]; i++)
		if (strcmp(kind->children[i]->name, name) == 0)
			return kind->children[i];
	return NULL;
}
