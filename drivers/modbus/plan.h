/* Which requests read which points of one device.
 *
 * Points that lie close together are read by one request, up to the device's
 * maximum and across holes up to a limit; a value is never split. Where the
 * device refuses a merged request, or is silent to it, the request is split in two,
 * again and again, until the point at fault stands alone; the plan remembers that
 * until it is reset. All storage is made once: no allocation while polling. No I/O.
 */
#ifndef CORRIDORD_MODBUS_PLAN_H
#define CORRIDORD_MODBUS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/driver.h"
#include "modbus/conf.h"
#include "modbus/seen.h"
#include "modbus/wire.h"

struct modbus_item {
	size_t point; /* index within the device */
	uint8_t function;
	uint16_t address; /* from 0 */
	uint16_t width; /* registers or bits */
	bool known; /* was read once: the device has it */
};

/* Why a request brings no values. */
struct modbus_trouble {
	enum reason reason; /* REASON_NONE: it does */
	uint8_t outcome; /* enum modbus_outcome */
	uint8_t exception; /* 0: none */
	uint8_t unit; /* that answered instead */
	struct modbus_seen seen;
};

struct modbus_read {
	struct modbus_request request;
	struct modbus_item *items;
	size_t item_count;
	bool answered; /* once, as it stands */
	struct modbus_trouble trouble;
	uint32_t failures; /* polls in a row */
	bool failing; /* told, and asked less often */
	int64_t delay_ns, retry_at_mono_ns; /* of its back-off; not asked before */
	int64_t asked_mono_ns;
	/* within a poll */
	bool pending;
	uint32_t vain;
};

struct modbus_plan {
	const struct modbus_device_conf *conf;
	struct modbus_item *items; /* by function, address, width */
	size_t item_count;
	struct modbus_read *reads; /* room for item_count */
	size_t read_count;
	size_t merged_count; /* of reads, before any is split */
	bool mended; /* what failed has been read since */
	bool merged_again; /* so the whole was asked again... */
	bool split_for_good; /* ...and failed again */
};

/* Points are known to be in range. -ENOMEM. Free with modbus_plan_fini(). */
int modbus_plan_init(struct modbus_plan *plan, const struct driver_device *device);
void modbus_plan_fini(struct modbus_plan *plan);

/* Forgets every split and failure, not what the device is known to have. */
void modbus_plan_reset(struct modbus_plan *plan);

/* Merges again what was split when the device has come to give all of it. */
void modbus_plan_mend(struct modbus_plan *plan);

/* Replaces a read by two; false when its items cannot be told apart by address. */
bool modbus_plan_split(struct modbus_plan *plan, size_t read);

bool modbus_read_is_known(const struct modbus_read *read); /* all of its items */
bool modbus_read_has_hole(const struct modbus_read *read); /* registers that no item wants */

/* The read of one of its items alone. */
struct modbus_read modbus_read_part(const struct modbus_plan *plan, const struct modbus_read *read,
				    size_t item);

/* By function and bytes of data: what the replies to a unit may look like. */
struct modbus_shapes {
	bool taken[MODBUS_READ_INPUT + 1][256];
};

/* Adds what the plan's requests may ask for, however they are split. */
void modbus_plan_shapes(const struct modbus_plan *plan, struct modbus_shapes *shapes);

/* A small request whose reply cannot be taken for any of the shapes. */
struct modbus_request modbus_plan_probe(const struct modbus_plan *plan,
					const struct modbus_shapes *shapes);

#endif
