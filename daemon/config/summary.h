/* What each lane has, part by part: for whoever has wired it. */
#ifndef CORRIDORD_CONFIG_SUMMARY_H
#define CORRIDORD_CONFIG_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

/* Behind what stands in the line; apart: each part in a line of its own, for people, else all in that one. */
void config_summarise(const struct config *config, bool apart, FILE *out);

#endif
