/* What a configuration names and only a look at this machine can tell: files that are not there, are
 * empty, or cannot be read by the account of the service. For people, before a start. */
#ifndef CORRIDORD_GATEWAY_FILES_H
#define CORRIDORD_GATEWAY_FILES_H

#include <stdio.h>

#include "config/config.h"

/* path: of the configuration. A line each; nothing of it keeps the daemon from running. */
void files_advise(const struct config *config, const char *path, FILE *notes);

/* The files of the block tls, in a line. */
void files_name_tls(const struct config *config, FILE *out);

#endif
