/* A look at registers as they are, for people: one question beside the polls. */
#ifndef CORRIDORD_MODBUS_PEEK_H
#define CORRIDORD_MODBUS_PEEK_H

#include <stddef.h>

#include "bus/driver.h"

/* As in struct driver; instance is a struct modbus_bus. Costs a timeout of the device at most, and what
 * the line owes. It is a read like others: what is late of it is taken for no other's answer. */
int modbus_peek(void *instance, size_t device, struct driver_peek *peek);

#endif
