/* Which profile a device may be of: the one all of whose points it answers. */
#ifndef CORRIDORCTL_LIKENESS_H
#define CORRIDORCTL_LIKENESS_H

#include <stdbool.h>
#include <stddef.h>

#include "bus/driver.h"

struct likeness;

/* The profiles of Modbus devices: those in own, the technician's folder, and those that came along.
 * One that has a mistake is passed over: -n tells it. NULL: no memory, or no folder to write to. */
struct likeness *likeness_new(const char *own);
void likeness_free(struct likeness *likeness);

size_t likeness_count(const struct likeness *likeness);
const char *likeness_name(const struct likeness *likeness, size_t profile);

/* ask: 0, or negative: the device has no such registers. ret_points: how many the profile has.
 * Returns how many of them were answered; it stops at the first that is not. */
size_t likeness_ask(const struct likeness *likeness, size_t profile,
		    int (*ask)(void *data, struct driver_peek *peek), void *data,
		    size_t *ret_points);

#endif
