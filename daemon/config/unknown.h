/* A name that may not stand where it stands: told with the nearest one, or where it belongs. */
#ifndef CORRIDORD_CONFIG_UNKNOWN_H
#define CORRIDORD_CONFIG_UNKNOWN_H

#include "config/tree.h"

/* The name of a block, or else of an option. The right one that was probably meant; NULL: none. */
const char *conf_tell_unknown(struct conf_reader *reader, const struct conf_node *node,
			      const char *name, bool is_block, int line);

#endif
