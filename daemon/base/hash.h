/* Where to look for a text in a table, or whether it is another one. No proof of anything: who chooses the
 * texts can make two of one sum. */
#ifndef CORRIDORD_BASE_HASH_H
#define CORRIDORD_BASE_HASH_H

#include <stdint.h>

#define HASH_START UINT64_C(14695981039346656037)

/* FNV-1a: goes on from a sum, or from HASH_START. */
static inline uint64_t hash_text(uint64_t sum, const char *text)
{
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return sum;
}

#endif
