/* A parsed block of the configuration as bytes and back, by its table of options. */
#ifndef CORRIDORD_APART_PACK_H
#define CORRIDORD_APART_PACK_H

#include "config/option.h"

/* Where what is unpacked lies: texts and lists, until the arena goes. */
struct pack_arena {
	char *bytes;
	size_t used, size;
};

/* Bytes; -E2BIG. Texts, lists, choices and numbers alone: a table that has others is a mistake. */
int pack_options(const struct conf_option *options, const void *conf, unsigned char *out,
		 size_t size);

/* conf: the block's struct, zeroed. 0; -EBADMSG; -ENOMEM: the arena is full. */
int unpack_options(const struct conf_option *options, const unsigned char *in, size_t bytes,
		   void *conf, struct pack_arena *arena);

/* Of the arena, aligned for anything; NULL: there is no room. */
void *pack_room(struct pack_arena *arena, size_t bytes);

#endif
