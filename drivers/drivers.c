#include "drivers.h"

#include <string.h>

/* One line for a driver. */
/* clang-format off */
const struct driver *const drivers[] = {
	&modbus_rtu_driver,
	&modbus_tcp_driver,
	&modbus_rtu_tcp_driver,
	&gpio_driver,
	&line_driver,
	&mqtt_in_driver,
	&http_in_driver,
	&replay_driver,
	NULL,
};
/* clang-format on */

const struct driver *driver_by_name(const char *name)
{
	size_t i;

	for (i = 0; drivers[i]; i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}
