#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEPT_BYTES ((size_t)16 * 1024)

void pages_give_back(void *buffer, size_t used)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t begin = ((uintptr_t)buffer + KEPT_BYTES + page - 1) / page * page;
	const uintptr_t end = ((uintptr_t)buffer + used) / page * page;

	if (used > KEPT_BYTES && begin < end)
		(void)madvise((char *)buffer + (begin - (uintptr_t)buffer), end - begin,
			      MADV_DONTNEED);
}
