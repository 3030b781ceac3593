/* A message on trial: what a device would become by it, without the device. */
#ifndef CORRIDORD_BUS_TRIAL_H
#define CORRIDORD_BUS_TRIAL_H

#include <stdio.h>

#include "config/config.h"

/* Reads the file and prints readings, faults and what the driver says of it. Negative errno, told
 * in errors: no such device, one that is sent no messages, a file that cannot be read. */
int bus_try(const struct config *config, const char *device, const char *path, FILE *out,
	    FILE *errors);

#endif
