/* A configuration that may take the place of the one in effect: read, judged and compared with that,
 * and the buses that it has anew, made but not started. Any thread. */
#ifndef CORRIDORD_GATEWAY_DRAFT_H
#define CORRIDORD_GATEWAY_DRAFT_H

#include <stdbool.h>
#include <stddef.h>

#include "bus/bus.h"
#include "bus/capture.h"
#include "config/config.h"
#include "config/difference.h"

/* All borrowed. */
struct draft_basis {
	const char *path; /* of the file */
	const struct config *old; /* in effect */
	const struct config *base; /* what of it takes a restart to change, as at the start */
	struct capture_queue *captures; /* for the buses */
};

struct draft {
	int err;
	char *told; /* what is wrong, a line each */
	size_t told_bytes;
	struct config *config;
	struct config_same same;
	bool connection; /* to the broker is another */
	struct bus **buses; /* those that are new; NULL in the places of others */
	char hash[CONFIG_HASH_BYTES];
};

/* draft is empty; err says whether it can be gone over to, told why not. */
void draft_read(const struct draft_basis *basis, struct draft *draft);
/* What was not taken out of it goes; it is empty again. */
void draft_drop(struct draft *draft);

#endif
