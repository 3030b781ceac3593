/* From the tree of the files to struct config, part by part. Private to config*.c.
 *
 * Every part goes on after an error, so that all are told; what it leaves in
 * struct config then may be incomplete (a bus without a driver) and is never
 * given to anyone.
 */
#ifndef CORRIDORD_CONFIG_BUILD_H
#define CORRIDORD_CONFIG_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/parse.h"

struct config_build {
	struct conf_reader reader;
	struct conf_parser parser;
	struct config *config;
	struct conf_node *blocks, *last_block; /* of all files, in their order */
	const struct conf_file *file; /* the main one */
	struct conf_index profiles; /* that were read; no node: it has no such block, told */
	const char *folder; /* of the main file: "" or with a "/" at its end */
};

/* build_site.c: checkpoint, gateway, journal, uplink. */
void config_build_site(struct config_build *build);

/* build_trust.c: the blocks trust of the registry. */
void config_build_trusts(struct config_build *build, const struct conf_node *registry);

/* build_bus.c. */
void config_build_buses(struct config_build *build);
void config_list_devices(struct config_build *build); /* of each bus, in their order */

/* NULL: no memory (noted). */
struct bus_conf *config_add_bus(struct config_build *build, const struct conf_node *node);

/* The options of a bus, which a device with a bus of its own has too. */
void config_fill_bus(struct config_build *build, const struct conf_source *source,
		     struct bus_conf *bus);

/* NULL: there is none of this name, told. */
const struct driver *config_find_driver(struct config_build *build, const struct conf_entry *entry,
					const char *name);

/* The struct a driver's options fill; NULL when it has none for this part. */
void *config_driver_block(struct config_build *build, const struct conf_source *source,
			  const struct driver *driver, enum driver_part part);

/* A device while it is read. */
struct config_making {
	struct conf_source source;
	struct device_block block;
	const struct driver *driver; /* NULL: not known, told */
	size_t index; /* of the device in the configuration */
};

/* build_device.c. */
void config_build_devices(struct config_build *build);

/* build_point.c: the profile's points, with what the device has of the same name; then the
 * device's own. */
void config_build_points(struct config_build *build, const struct config_making *making);

/* build_profile.c. NULL: there is none, or it has no block; told at the entry. */
const struct conf_node *config_profile(struct config_build *build, const struct conf_entry *entry,
				       const char *name);

/* foreign.c: tells options that do not belong to a block with this driver. */
struct config_place {
	const struct driver *driver;
	const struct conf_option *const *core; /* the core's tables that apply, ended by NULL */
	enum driver_part part;
	const char *bus; /* the bus of a device, NULL: it has one of its own */
};

void config_foreign_options(struct config_build *build, const struct conf_node *node,
			    const struct config_place *place);

/* roles.c: tells points whose values are of no kind that their role takes; base: what the table
 * has filled. What else a role makes impossible, the points then refuse. */
void config_check_roles(struct config_build *build, const struct conf_node *node,
			const struct conf_option *table, const void *base);

/* build_lane.c: lanes with their sensors, contacts of no lane, and meters. */
void config_build_lanes(struct config_build *build);
void config_build_contacts(struct config_build *build);
void config_build_meters(struct config_build *build);

/* Tells a block's name that is no name, or that another of its kind before it has. */
void config_check_title(struct config_build *build, const struct conf_node *node);

/* Tells when the first is longer than the second; two rows of one block. */
void config_check_order(struct config_build *build, const struct conf_node *node, const char *less,
			int64_t less_ns, const char *more, int64_t more_ns);

/* The array with room for one more, as many times its size as its count asks for; the store's. NULL:
 * no memory, the old one stays. */
void *config_grow(struct config_build *build, void *array, size_t count, size_t item_bytes);

#endif
