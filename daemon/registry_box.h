/* Messages on their way to the registry, packed one behind the other. Two boxes take turns:
 * one is filled while the other is worked off. The caller locks. */
#ifndef CORRIDORD_REGISTRY_BOX_H
#define CORRIDORD_REGISTRY_BOX_H

#include "inlet.h"
#include "registry_intake.h"

struct box {
	unsigned char *bytes;
	size_t used, at; /* filled up to; read up to */
};

int box_init(struct box *box);
void box_fini(struct box *box);

/* false: there is no room. What is longer than a record may be is cut: it is refused anyway. */
bool box_put(struct box *box, const struct heard *heard);
/* Borrowed until the box is emptied. false: that was the last. */
bool box_next(struct box *box, struct message *ret_message);
void box_empty(struct box *box);

static inline bool box_is_done(const struct box *box)
{
	return box->at == box->used;
}

#endif
