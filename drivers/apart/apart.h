/* A driver whose work is done in a process of its own, corridord-readers: what comes over a network is
 * parsed there. For the core it is a driver by fd, one process a bus, that runs while the bus is open.
 *
 * What comes up is believed as far as it can be: points there are, values of their type, times of
 * now, and no more than so many. A process that says anything else is killed. One that ends, hangs or is
 * killed takes its devices with it, which are told to be down with the cause; it is started
 * again with back-off.
 *
 * The driver's device options begin with struct map_device_conf, its points have map_point_conf.
 */
#ifndef CORRIDORD_APART_APART_H
#define CORRIDORD_APART_APART_H

#include "bus/driver.h"

/* A row of drivers, and what is its own: what is wrong with its options, for people; NULL: nothing. */
struct apart_driver {
	const struct driver *driver;
	const char *(*bus_fault)(const void *bus_conf);
	const char *(*device_fault)(const struct driver_setup *setup, size_t device);
};

/* For the row's create(). */
int apart_new(const struct apart_driver *rules, const struct driver_setup *setup,
	      void **ret_instance, struct driver_complaint *complaint);

/* The row's members of the same names. */
#define APART_CALLS                                                                      \
	.destroy = apart_free, .open = apart_open, .close = apart_close, .fd = apart_fd, \
	.read = apart_read, .hear = apart_hear

void apart_free(void *instance);
int apart_open(void *instance);
void apart_close(void *instance);
int apart_fd(void *instance);
int apart_read(void *instance);
void apart_hear(void *instance, size_t device, const char *bytes, size_t count);

#endif
