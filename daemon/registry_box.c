#include "registry_box.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BOX_BYTES (128 * 1024)

struct packed {
	uint32_t subject_bytes, payload_bytes; /* the subject with its NUL */
};

int box_init(struct box *box)
{
	*box = (struct box){.bytes = malloc(BOX_BYTES)};
	return box->bytes ? 0 : -ENOMEM;
}

void box_fini(struct box *box)
{
	free(box->bytes);
	box->bytes = NULL;
}

bool box_put(struct box *box, const struct heard *heard)
{
	size_t kept = heard->bytes < CONSIGNMENT_BYTES ? heard->bytes : CONSIGNMENT_BYTES;
	struct packed packed = {.subject_bytes = (uint32_t)strlen(heard->subject) + 1,
				.payload_bytes = (uint32_t)kept};
	unsigned char *at = box->bytes + box->used;

	if (sizeof(packed) + packed.subject_bytes + kept > BOX_BYTES - box->used)
		return false;
	memcpy(at, &packed, sizeof(packed));
	memcpy(at + sizeof(packed), heard->subject, packed.subject_bytes);
	if (kept > 0)
		memcpy(at + sizeof(packed) + packed.subject_bytes, heard->payload, kept);
	box->used += sizeof(packed) + packed.subject_bytes + kept;
	return true;
}

bool box_next(struct box *box, struct message *ret_message)
{
	const unsigned char *at = box->bytes + box->at;
	struct packed packed;

	if (box_is_done(box))
		return false;
	memcpy(&packed, at, sizeof(packed));
	ret_message->subject = (const char *)at + sizeof(packed);
	ret_message->payload = ret_message->subject + packed.subject_bytes;
	ret_message->bytes = packed.payload_bytes;
	box->at += sizeof(packed) + packed.subject_bytes + packed.payload_bytes;
	return true;
}

void box_empty(struct box *box)
{
	box->used = 0;
	box->at = 0;
}
