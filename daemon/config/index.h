/* What has a name, found by it: blocks, points, profiles.
 *
 * Lives in a store and is freed with it; begins zeroed.
 */
#ifndef CORRIDORD_CONFIG_INDEX_H
#define CORRIDORD_CONFIG_INDEX_H

#include "config/store.h"

struct conf_node;

struct conf_slot {
	const char *name;
	struct conf_node *node; /* what the slot holds is the user's business: zeroed at first */
	size_t number;
};

struct conf_index {
	struct conf_slot *slots;
	size_t size, count; /* size: 0, or a power of two */
};

/* NULL: there is none. A name of NULL, for which there was no memory, is none. */
struct conf_slot *conf_index_find(const struct conf_index *index, const char *name);

/* Makes it if there is none; stays where it is until the next one is made. The name is borrowed
 * as long as the store lives. NULL: no memory. */
struct conf_slot *conf_index_slot(struct conf_store *store, struct conf_index *index,
				  const char *name);

#endif
