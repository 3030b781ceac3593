/* The cards of the drivers, for the table in drivers.c: one line each. */
#ifndef CORRIDORD_DRIVERS_H
#define CORRIDORD_DRIVERS_H

#include "bus/driver.h"

extern const struct driver gpio_driver;
extern const struct driver http_in_driver;
extern const struct driver line_driver;
extern const struct driver modbus_rtu_driver;
extern const struct driver modbus_tcp_driver;
extern const struct driver modbus_rtu_tcp_driver;
extern const struct driver mqtt_in_driver;
extern const struct driver replay_driver;

#endif
