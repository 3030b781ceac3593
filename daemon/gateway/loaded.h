/* A configuration that was loaded, kept as long as anything that was made from it goes on: a bus, a
 * lane. The one in effect numbers points and devices; buses number them as the one that they were
 * made from, and here is what that is now.
 */
#ifndef CORRIDORD_GATEWAY_LOADED_H
#define CORRIDORD_GATEWAY_LOADED_H

#include "config/difference.h"
#include "transit/transit.h"

#define LOADED_GONE UINT32_MAX

struct loaded {
	struct loaded *older;
	const struct config *config;
	struct config *owned; /* the same, to be freed with it; or NULL */
	struct transit_device *devices;
	uint32_t *points_now, *devices_now; /* LOADED_GONE: the one in effect has it not */
};

/* owned: config, or NULL. -ENOMEM: that is the caller's still. It is in effect. */
int loaded_new(const struct config *config, struct config *owned, struct loaded **ret_loaded);
void loaded_free(struct loaded *loaded); /* takes NULL */

/* The lists of its parts. */
void loaded_fill(const struct loaded *loaded, struct transit_conf *conf);

/* Another one is in effect now: what of this one, or of those before, it has. */
struct loaded_move {
	uint32_t *points, *devices; /* by the number in the one before */
};

int loaded_move_new(const struct config *old, const struct config *next,
		    const struct config_same *same, struct loaded_move *ret_move); /* -ENOMEM */
void loaded_move_free(struct loaded_move *move);
void loaded_move(struct loaded *loaded, const struct loaded_move *move);

#endif
