/* Which requests read which points of one device.
 *
 * Points that lie close together are read by one request, up to the device's
 * maximum and across holes up to a limit; a value is never split. Where the
 * device refuses a merged request the request is split in two, again and again,
 * until the refused point stands alone; the plan remembers that until it is
 * reset. All storage is made once: no allocation while polling. No I/O.
 */
#ifndef CORRIDORD_MODBUS_PLAN_H
#define CORRIDORD_MODBUS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver.h"
#include "modbus_conf.h"
#include "modbus_wire.h"

struct modbus_item {
	size_t point; /* index within the device */
	uint8_t function;
	uint16_t address; /* from 0 */
	uint16_t width; /* registers or bits */
};

struct modbus_read {
	struct modbus_request request;
	const struct modbus_item *items;
	size_t item_count;
	bool refused; /* the device does not have it; asked again at retry_at */
	uint8_t exception; /* its word for that */
	int64_t retry_at_mono_ns;
};

struct modbus_plan {
	const struct modbus_device_conf *conf;
	struct modbus_item *items; /* by function, address, width */
	size_t item_count;
	struct modbus_read *reads; /* room for item_count */
	size_t read_count;
	bool mended; /* what was refused has been read since */
};

/* Points are known to be in range. -ENOMEM. Free with modbus_plan_fini(). */
int modbus_plan_init(struct modbus_plan *plan, const struct driver_device *device);
void modbus_plan_fini(struct modbus_plan *plan);

/* Forgets every split and refusal. */
void modbus_plan_reset(struct modbus_plan *plan);

/* Merges again what was split when the device has come to give all of it. */
void modbus_plan_mend(struct modbus_plan *plan);

/* Replaces a read by two; false when its items cannot be told apart by address. */
bool modbus_plan_split(struct modbus_plan *plan, size_t read);

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
