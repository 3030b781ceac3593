/* The checkpoints that the traces are of: what a configuration would say, as data.
 * A trace names its setup in a line "#! setup <name>". */
#ifndef TESTS_TRACES_SETUPS_H
#define TESTS_TRACES_SETUPS_H

#include <stddef.h>

#include "transit/transit.h"

struct setup {
	const char *name;
	struct transit_conf conf;
};

extern const struct setup setups[];
extern const size_t setup_count;

/* NULL: there is none of that name. */
const struct setup *setup_by_name(const char *name);

#endif
