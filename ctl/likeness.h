/* Which profile a device may be of: the one all of whose points it answers, and where the profile says which
 * numbers alone there can be (expect: a version, a type), with such a one. */
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

enum likeness_verdict {
	LIKENESS_NONE,
	LIKENESS_ANSWERS,
	LIKENESS_FINGERPRINT, /* and what is expected of a number is so */
};

/* ask: 0, or negative: the device has no such registers. ret_points: how many the profile has. It stops at
 * the first that speaks against it. */
enum likeness_verdict likeness_ask(const struct likeness *likeness, size_t profile,
				   int (*ask)(void *data, struct driver_peek *peek), void *data,
				   size_t *ret_points);

#endif
