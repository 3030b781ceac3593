/* Reads the points of one device, and says why where it cannot.
 *
 * Works through the device's plan, retries, learns what the device refuses.
 * Used by the cards in modbus.c, by one thread.
 */
#ifndef CORRIDORD_MODBUS_POLL_H
#define CORRIDORD_MODBUS_POLL_H

#include <stddef.h>

#include "driver.h"
#include "modbus_link.h"
#include "modbus_plan.h"

struct modbus_device {
	const struct driver_device *setup;
	const struct modbus_device_conf *conf;
	struct modbus_plan plan;
};

/* One driver instance. */
struct modbus_bus {
	const struct driver_setup *setup;
	struct modbus_link link;
	struct modbus_device *devices; /* as many as in the setup */
};

/* As in struct driver; instance is a struct modbus_bus. A device that is silent costs one
 * request: (1 + retries) timeouts, over RTU framing with 50 ms of silence after each. One
 * that answers costs an exchange per request of its plan, and once as many again where it
 * refuses points. */
int modbus_poll(void *instance, size_t device);
int modbus_probe(void *instance, size_t device);

#endif
