/* corridorctl registry check, import: without the daemon, with the reader of its lists. */
#ifndef CORRIDORCTL_REGISTRY_CHECK_H
#define CORRIDORCTL_REGISTRY_CHECK_H

#include "ctl/ctl.h"

/* Each file; without any those of the configuration. An exit code. */
int registry_check(struct ctl *ctl, char **files, int count);

/* The list takes the place of that file, if it is good, of the same kind, and not older. place: NULL:
 * the file of that name in the configuration. */
int registry_import(struct ctl *ctl, const char *file, const char *place);

#endif
