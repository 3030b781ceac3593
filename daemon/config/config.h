/* The configuration: read whole, checked whole, then never changed.
 *
 * A struct config owns everything it points to and is freed in one call. All
 * errors of all files are collected in one run, each "file:line: block "name":
 * what is wrong, what was expected". A bad configuration yields no struct
 * config. Two configurations can be compared block by block (for a reload that
 * keeps unchanged buses and lanes): blocks are plain data made from text.
 */
#ifndef CORRIDORD_CONFIG_H
#define CORRIDORD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bus/driver.h"
#include "config/option.h"
#include "frames/uplink_conf.h"
#include "transit/transit.h"

struct checkpoint_conf {
	char *id, *country, *name, *office;
	struct conf_list aeo_benefits, aeo_parties; /* words of recognition_words.h */
	char *aeo_decided_by;
	struct recognition_policy recognition; /* what these three say */
	struct alarm_delay alarm_delay;
};

struct gateway_conf {
	char *id;
	char *log_level;
	char *prometheus; /* the file of metrics, or NULL */
	char *control; /* path of the control socket */
	char *control_group; /* may change something there, besides root; NULL: none */
};

struct journal_conf {
	char *path;
	char *fallback; /* used while path cannot be written; on a RAM disk */
	bool tree; /* over the events, for signed heads; not an option */
	char *marker; /* a file of path's disk: not there, the disk is not mounted; or NULL */
	int64_t quota_bytes;
	int64_t keep_ns; /* acknowledged events older than this are expired */
	int64_t commit_every_ns; /* least time between two commits of events that nobody waits for */
	const char *machine; /* its id, NULL: unknown; no option, the gateway sets it */
};

struct signer_conf {
	bool enabled; /* there is a signer block */
	char *key; /* path of the PEM file */
	char *old_key; /* that signs beside it, or NULL */
	char *ledger; /* path: what was signed last */
};

#define WITNESS_KEYS_MAX 8 /* in either list */

struct witness_conf {
	bool enabled; /* there is a witness block */
	struct conf_list of; /* verifier keys: logs whose heads are cosigned here */
	struct conf_list by; /* the same: witnesses that cosign this gateway's */
	char *key; /* path of the PEM file, NULL: nothing is cosigned here */
	char *cosigned; /* path: what was cosigned last */
	int64_t every_ns; /* a head is offered to the witnesses */
};

#define HANDOVER_KEYS_MAX   32
#define REGISTRY_FILES_MAX  32
#define REGISTRY_TRUSTS_MAX 16
#define TRUST_KEYS_MAX	    4

/* Whose signature lists and records need. */
struct trust_conf {
	char *name;
	struct conf_list keys; /* verifier keys: one of them is enough */
	struct conf_list kinds; /* words of registry/record/record.h */
	struct conf_list states; /* empty: whatever the state */
	bool mqtt; /* records from MQTT need it, too */
};

#define OFFICERS_MAX 64

struct officers_conf {
	bool enabled; /* there is an officers block */
	struct conf_list keys; /* verifier keys, named officer/NAME */
	struct conf_list must_sign; /* methods of requests */
};

struct registry_conf {
	bool enabled; /* there is a registry block */
	struct conf_list files; /* lists, .jsonl or .csv */
	int64_t check_every_ns; /* whether they have changed */
	int64_t max_age_ns; /* of a list or the stream, before it is stale */
	int64_t quota_bytes; /* of what comes by MQTT */
	bool mqtt;
	struct trust_conf *trusts;
	size_t trust_count;
	const char *checkpoint; /* its id, of the block checkpoint */
};

struct handover_conf {
	bool enabled; /* there is a handover block */
	struct conf_list keys; /* verifier keys of gateways that announce; those of witness too */
	struct legs_conf legs;
};

struct bus_conf {
	char *name; /* of the bus, or of the device that has one of its own */
	const struct driver *driver;
	void *driver_conf; /* the driver's bus options, NULL when it has none */
	size_t *devices; /* indices into config.devices */
	size_t device_count;
	int64_t reopen_min_ns, reopen_max_ns; /* back-off after a failed open() */
	double down_share; /* part of the bus's time that silent devices may take */
	const char *file;
	int line;
};

struct device_conf {
	char *name;
	size_t bus; /* index into config.buses; every device has one */
	bool own_bus;
	char *profile;
	void *driver_conf;
	int64_t poll_ns; /* blocking drivers */
	int64_t stale_after_ns; /* default of its points; 0 for drivers by fd */
	int64_t fail_after; /* polls failed in a row before the device is down */
	int64_t retry_min_ns, retry_max_ns; /* back-off while it is down */
	size_t first_point, point_count; /* into config.points and config.point_drivers */
	const char *file;
	int line;
};

struct config {
	struct checkpoint_conf checkpoint;
	struct gateway_conf gateway;
	struct journal_conf journal;
	struct uplink_conf uplink;
	struct registry_conf registry;
	struct handover_conf handover;
	struct signer_conf signer;
	struct witness_conf witness;
	struct officers_conf officers;
	struct bus_conf *buses;
	size_t bus_count;
	struct device_conf *devices;
	size_t device_count;
	struct point_conf *points; /* what the core needs of a point */
	struct driver_point *point_drivers; /* same index: what its driver needs */
	size_t point_count;
	struct lane_conf *lanes;
	size_t lane_count;
	struct contact_conf *contacts; /* of no lane */
	size_t contact_count;
	struct meter_conf *meters;
	size_t meter_count;
	void *store; /* private: what the parser has to free */
};

/* Reads path, then conf.d/<any>.conf beside it in name order, and the profiles they name
 * (from profiles/ beside path, then from the installed ones). Every error goes to errors,
 * a line each. 0; -EINVAL: there were errors, all told; -ENOMEM. The caller frees with
 * config_free(). */
int config_load(const char *path, FILE *errors, struct config **ret_config);
void config_free(struct config *config);

/* The effective configuration, defaults filled in, secrets hidden; itself valid input. */
void config_print(const struct config *config, FILE *out);

/* Its blocks that there are several of, in the order of their text. */
enum config_part {
	CONFIG_BUSES,
	CONFIG_DEVICES,
	CONFIG_LANES,
	CONFIG_CONTACTS,
	CONFIG_METERS,
	CONFIG_PARTS
};

size_t config_count(const struct config *config, enum config_part part);

/* One of them, and all other blocks, as config_print() has them, but with secrets: to compare. */
void config_write_part(const struct config *config, enum config_part part, size_t i, FILE *out);
void config_write_point(const struct config *config, size_t i, FILE *out);
void config_write_site(const struct config *config, FILE *out);

/* The reference of all blocks and options, as a manual page's OPTIONS section (roff). */
void config_print_manual(FILE *out);

#endif
