/* What can be said about the buses of a configuration before anything is opened: lines that two
 * want, units that are there twice, polls that do not fit a line. */
#ifndef CORRIDORD_BUS_ADVICE_H
#define CORRIDORD_BUS_ADVICE_H

#include <stdio.h>

#include "config/config.h"

struct bus;

/* false: two buses have one line, told. */
bool advice_on_lines(const struct config *config, FILE *out);

/* What may be meant so; nothing is wrong with it. */
void advice_on_places(const struct config *config, FILE *out);
void advice_on_bus(const struct config *config, const struct bus *bus, FILE *out);

#endif
