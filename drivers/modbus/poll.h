/* Reads the points of one device.
 *
 * A poll asks each request of the device's plan. How good a point is goes by its
 * request; the device has failed only when nothing of it answers. A request that fails
 * beside others that do not is told from its second poll in a row on, and then
 * asked less and less often. Used by the cards in modbus.c, by one thread.
 */
#ifndef CORRIDORD_MODBUS_POLL_H
#define CORRIDORD_MODBUS_POLL_H

#include <stddef.h>

#include "bus/driver.h"
#include "modbus/link.h"
#include "modbus/plan.h"

struct modbus_device {
	const struct driver_device *setup;
	const struct modbus_device_conf *conf;
	struct modbus_plan plan;
	uint32_t vain_polls; /* in a row: nothing of it answered */
	struct modbus_trouble odd; /* the last that came and was no answer, since it answered */
};

/* One driver instance. */
struct modbus_bus {
	const struct driver_setup *setup;
	struct modbus_link link;
	struct modbus_device *devices; /* as many as in the setup */
};

/* As in struct driver; instance is a struct modbus_bus. A device that is silent costs
 * 1 + retries timeouts twice, then one a poll; over RTU framing with 50 ms of silence after each.
 * One that answers costs an exchange per request of its plan, (1 + retries) timeouts
 * for each that has newly fallen silent, and once as many exchanges again where it
 * refuses points. */
int modbus_poll(void *instance, size_t device);
int64_t modbus_longest_ns(const void *instance);

#endif
