/* What this process may still do once it is set up: speak to the network, read the few files
 * that this takes. Nothing that comes from a broker can reach further. */
#ifndef CORRIDORD_UPLINK_SANDBOX_H
#define CORRIDORD_UPLINK_SANDBOX_H

#include "uplink/private.h"

/* 0, or negative errno: better not to go on. What the kernel does not know is left out. */
int sandbox_enter(const struct uplink *uplink);

#endif
