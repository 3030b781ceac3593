/* What is allowed, and most of the time a mistake: told by -n. */
#ifndef CORRIDORD_GATEWAY_HINTS_H
#define CORRIDORD_GATEWAY_HINTS_H

#include <stdio.h>

#include "config/config.h"

/* A line each; nothing of it keeps the daemon from running. */
void hints_give(const struct config *config, FILE *notes);
/* Those of them that are of lanes. */
void hints_at_lanes(const struct config *config, FILE *notes);

#endif
