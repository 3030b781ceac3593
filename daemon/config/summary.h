/* What each lane has, a line for each part of it: for whoever has wired it. */
#ifndef CORRIDORD_CONFIG_SUMMARY_H
#define CORRIDORD_CONFIG_SUMMARY_H

#include <stdio.h>

#include "config/config.h"

void config_summarise(const struct config *config, FILE *out);

#endif
