/* The gateway: puts the parts together and runs them.
 *
 * Owns the main loop and everything in it: the buses, the pure part, the
 * journal, the uplink, the health reports. What flows is one way: readings from
 * the buses, through transit, as drafts into the journal. When the journal has
 * no room the loop stops taking readings until it has: nothing is dropped.
 */
#ifndef CORRIDORD_GATEWAY_H
#define CORRIDORD_GATEWAY_H

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "config/config.h"

struct gateway;

/* What only the drivers can check: their plans, and that each line is one bus's. 0, or -EINVAL with
 * lines on errors. notes: what may be meant so, or NULL. */
int gateway_check(const struct config *config, FILE *errors, FILE *notes);

/* What log_level says. */
enum log_level gateway_log_level(const struct config *config);

/* config is borrowed, and was read from path: what is read from there later takes its place. Opens the journal, starts journal, uplink and buses: capturing when
 * it returns. Negative errno with a log line. Free with gateway_free(). */
int gateway_new(const struct config *config, const char *path, struct gateway **ret_gateway);

/* Until SIGTERM or SIGINT. */
void gateway_run(struct gateway *gateway);

/* Everything captured so far is journalled, then all is stopped, within about 2 s. Takes
 * NULL. false: a worker hangs in a call of the system; what is durable is safe, but memory
 * is still in use and the process has to exit. ret_lost: events that could not be written; the next
 * start tells of them. */
bool gateway_free(struct gateway *gateway, size_t *ret_lost);

#endif
