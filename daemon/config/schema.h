/* The kinds of blocks there are, and the core's options in them.
 *
 * One tree: what may stand in a file, in which block, and which tables say so.
 * Drivers add to buses, devices and points; their tables come from drivers[].
 * The structs here are what a block's text is first read into; config_*.c make
 * the blocks of struct config from them.
 */
#ifndef CORRIDORD_CONFIG_SCHEMA_H
#define CORRIDORD_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum driver_part { DRIVER_NOTHING, DRIVER_BUS, DRIVER_DEVICE, DRIVER_POINT };

struct conf_kind {
	const char *name;
	bool titled; /* has a name of its own in the file */
	enum driver_part part; /* what drivers add to it */
	const struct conf_option *const *tables; /* ended by NULL */
	const struct conf_kind *const *children; /* ended by NULL */
	const char *help; /* one sentence */
};

extern const struct conf_kind conf_main_file, conf_profile_file;

struct bus_block {
	struct bus_conf conf;
	char *driver;
};

struct device_block {
	struct device_conf conf;
	char *bus, *driver;
};

struct point_block {
	struct point_conf conf;
	int64_t chatter_edges;
	double min, max; /* NAN: none */
	struct conf_map map;
	struct conf_numbers none, expect;
};

struct profile_block {
	char *driver; /* a driver's name, or what comes before its "-" */
	char *summary;
};

struct contact_block {
	struct contact_conf conf;
	int severity; /* where it is given */
	struct conf_list words;
};

struct lane_block {
	const char *direction;
	struct passage_conf passages;
};

extern const struct conf_option checkpoint_options[], gateway_options[], journal_options[],
	signer_options[], witness_options[], officers_options[], registry_options[],
	trust_options[], handover_options[], uplink_options[], tls_options[], bus_place_options[],
	bus_options[], bus_polled_options[], device_place_options[], device_options[],
	device_polled_options[], point_options[], profile_options[], lane_options[],
	barrier_options[], seal_options[], contact_options[], meter_options[];

/* The driver's table for a part; never NULL, may be empty. */
const struct conf_option *driver_options(const struct driver *driver, enum driver_part part);

/* NULL when the table has none of this name. */
const struct conf_option *conf_option_by_name(const struct conf_option *table, const char *name);

/* Calls for each option name that may stand in a block of this kind, whatever the driver. A
 * device may hold what its driver has for a bus. A name may come more than once. */
void conf_kind_names(const struct conf_kind *kind, void *data,
		     void (*call)(void *data, const char *name));

/* The name itself, as one that stays; NULL: no option of this name may stand in such a block. */
const char *conf_kind_option(const struct conf_kind *kind, const char *name);

/* The child of this name, NULL: none. */
const struct conf_kind *conf_kind_child(const struct conf_kind *kind, const char *name);

#endif
