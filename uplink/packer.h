/* Payloads made small, each by itself: zstd with a dictionary that both ends have
 * (schema/corridord-40001.zdict, made by schema/train.py). The frame of what is packed names the
 * dictionary, by zstd's own means.
 */
#ifndef CORRIDORD_UPLINK_PACKER_H
#define CORRIDORD_UPLINK_PACKER_H

#include <stddef.h>

struct packer;

int packer_new(struct packer **ret_packer); /* -ENOMEM */
void packer_free(struct packer *packer); /* takes NULL */

/* Borrowed until the next call. NULL: it would be no smaller. */
const void *packer_pack(struct packer *packer, const void *payload, size_t bytes,
			size_t *ret_bytes);

#endif
