/* A name that may not stand where it stands: told with the nearest one, or where it belongs. */
#ifndef CORRIDORD_CONF_UNKNOWN_H
#define CORRIDORD_CONF_UNKNOWN_H

#include "conf_text.h"
#include "conf_tree.h"

void conf_tell_unknown(struct conf_reader *reader, const struct conf_node *node, const char *name,
		       enum conf_shape shape, int line);

#endif
