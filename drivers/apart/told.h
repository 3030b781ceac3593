/* What corridord-readers says of its devices, believed as far as it can be: points there are, values of their
 * type, times of now. What belongs to one moment is handed over when that has ended: the process may die
 * within it.
 */
#ifndef CORRIDORD_APART_TOLD_H
#define CORRIDORD_APART_TOLD_H

#include <stddef.h>

#include "bus/driver.h"
#include "frames/channel.h"

struct held;

struct told {
	const struct driver_setup *setup;
	struct held *held; /* one a point, of the device that has most */
	size_t held_device; /* SIZE_MAX: no moment is under way */
};

/* The setup stays the caller's, and is told all. -ENOMEM. */
int told_init(struct told *told, const struct driver_setup *setup);
void told_fini(struct told *told);

/* Another process: the moment of the last one is forgotten. */
void told_begin(struct told *told);

/* -EBADMSG: this cannot be. */
int told_take(struct told *told, const struct channel_message *message);

#endif
