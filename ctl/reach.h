/* Whether a host can be spoken to: its name, and each of its addresses. */
#ifndef CORRIDORCTL_REACH_H
#define CORRIDORCTL_REACH_H

#include <stdbool.h>

/* Calls back for each address, with why it cannot be connected to, or NULL. Returns NULL, or why the
 * name has none. */
const char *reach_host(const char *name, int port, void *data,
		       void (*call)(void *data, const char *address, const char *why));

#endif
