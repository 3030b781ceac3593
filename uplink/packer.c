#include "uplink/packer.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "transit/event/event.h"

#define LEVEL 15 /* the last that gains more than a byte per event */

/* Part of the program, so that the sandbox needs no file for it. */
__asm__(".section .rodata\n"
	".global packer_dictionary, packer_dictionary_end\n"
	".hidden packer_dictionary\n"
	".hidden packer_dictionary_end\n"
	"packer_dictionary:\n"
	".incbin \"schema/corridord-40001.zdict\"\n"
	"packer_dictionary_end:\n"
	".byte 0\n"
	".previous\n");

extern const char packer_dictionary[], packer_dictionary_end[];

struct packer {
	ZSTD_CCtx *context;
	ZSTD_CDict *dictionary;
	char packed[EVENT_BYTES]; /* what is no smaller than this is no gain */
};

int packer_new(struct packer **ret_packer)
{
	const size_t bytes = (size_t)(packer_dictionary_end - packer_dictionary);
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return -ENOMEM;
	packer->context = ZSTD_createCCtx();
	packer->dictionary = ZSTD_createCDict(packer_dictionary, bytes, LEVEL);
	if (!packer->context || !packer->dictionary) {
		packer_free(packer);
		return -ENOMEM;
	}
	*ret_packer = packer;
	return 0;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	ZSTD_freeCDict(packer->dictionary);
	ZSTD_freeCCtx(packer->context);
	free(packer);
}

const void *packer_pack(struct packer *packer, const void *payload, size_t bytes, size_t *ret_bytes)
{
	const size_t most = bytes < sizeof(packer->packed) ? bytes : sizeof(packer->packed);
	const size_t packed = ZSTD_compress_usingCDict(packer->context, packer->packed, most,
						       payload, bytes, packer->dictionary);

	if (ZSTD_isError(packed) || packed >= bytes)
		return NULL;
	*ret_bytes = packed;
	return packer->packed;
}
