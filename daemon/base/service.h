/* What a service tells its manager: the notification protocol of sd_notify(3).
 *
 * The protocol is one datagram to a socket named in the environment; the manual
 * page says that it is stable and may be spoken without the library. We do,
 * because linking libsystemd costs a megabyte of memory for its compression and
 * encryption libraries, an eighth of what the daemon may take.
 */
#ifndef CORRIDORD_BASE_SERVICE_H
#define CORRIDORD_BASE_SERVICE_H

#include <stdint.h>

/* state: "READY=1", "STOPPING=1", "WATCHDOG=1". Nothing happens without a manager. */
void service_notify(const char *state);

/* How long the manager waits for a sign of life before it restarts us; 0: for ever. */
int64_t service_watchdog_ns(void);

#endif
