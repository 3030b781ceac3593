/* What the uplink hears and hands on, so that it need not know who takes it. */
#ifndef CORRIDORD_INLET_H
#define CORRIDORD_INLET_H

#include <stdbool.h>
#include <stddef.h>

/* Calls of the uplink's thread. */
struct inlet {
	void *data;
	/* Copies. subject: the topic's levels behind "registry/". bytes 0: it was removed.
	 * false: no room now, nothing was taken. Does not block. */
	bool (*take)(void *data, const char *subject, const void *payload, size_t bytes);
	/* Whether all that is retained is needed once more since the last call. */
	bool (*wants_all)(void *data);
};

#endif
