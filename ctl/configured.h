/* The units of a serial line that the configuration has, beside those that were found there. */
#ifndef CORRIDORCTL_CONFIGURED_H
#define CORRIDORCTL_CONFIGURED_H

#include <stddef.h>

struct configured_unit {
	char device[64];
	int unit;
};

struct configured {
	struct configured_unit *units; /* NULL: none, or the configuration cannot be read */
	size_t count;
};

/* Of the bus whose port this is. */
struct configured configured_on(const char *conf, const char *port);
void configured_free(struct configured *configured);

/* The device of that unit; NULL: none. */
const char *configured_device(const struct configured *configured, int unit);

#endif
