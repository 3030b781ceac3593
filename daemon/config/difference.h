/* What two configurations have in common, block by block, and what cannot differ between that of a
 * daemon and the next one that it is given.
 *
 * Blocks are compared in the text that config_print() has of them, defaults filled in: how a file is
 * divided, ordered or commented is no difference. What a point has of the sensor that it is used by
 * counts as part of its device.
 */
#ifndef CORRIDORD_CONFIG_DIFFERENCE_H
#define CORRIDORD_CONFIG_DIFFERENCE_H

#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

#define CONFIG_NEW UINT32_MAX

/* Of each part of the new configuration which of the old it is, or CONFIG_NEW. A bus is the same with
 * all its devices, and these with all their points; a lane, contact or meter with all its points.
 * Where a driver can go on with some points of its only device (driver.inherit), the bus is new, an
 * heir, and its device and those points are the same. */
struct config_same {
	uint32_t *buses, *devices, *points;
	uint32_t *heirs; /* of each bus the one whose heir it is */
	uint32_t *units; /* lanes, then contacts, then meters */
};

/* -ENOMEM. Free with config_same_free(), also after that. */
int config_compare(const struct config *old, const struct config *next,
		   struct config_same *ret_same);
void config_same_free(struct config_same *same);

/* Whether the daemon would have to be started anew. Each option that differs and is set up once gets
 * a line of out: "journal: path needs a restart". */
bool config_needs_restart(const struct config *old, const struct config *next, FILE *out);

/* Whether the connection to the broker would be another one: 1 or 0; -ENOMEM. */
int config_connection_differs(const struct config *old, const struct config *next);

/* The hash of the text of config_print(), in hex: that of corridord --print-config | sha256sum. */
#define CONFIG_HASH_BYTES EVENT_HEX_BYTES
int config_hash(const struct config *config, char ret_hex[CONFIG_HASH_BYTES]); /* -ENOMEM */

#endif
