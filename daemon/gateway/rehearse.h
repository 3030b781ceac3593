/* A recorded trace through a configuration, without devices, journal or network: what events would be
 * made of it. The same trace and configuration give the same events. */
#ifndef CORRIDORD_REHEARSE_H
#define CORRIDORD_REHEARSE_H

#include <stdio.h>

#include "config/config.h"

/* Each event is a line of JSON on out; its times count from midnight of a day. What the trace has and
 * the configuration lacks is told on errors and passed over. 0; -EINVAL: a line that is none, told;
 * other negative errno. */
int rehearse(const struct config *config, const char *path, FILE *out, FILE *errors);

#endif
