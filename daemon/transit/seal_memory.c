#include "seal_memory.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct seal_record *seal_memory_take(struct seal_memory *memory, const char *id)
{
	struct seal_record *oldest = &memory->records[0];
	size_t i;

	memory->takings++;
	for (i = 0; i < SEAL_MEMORY_RECORDS; i++) {
		struct seal_record *record = &memory->records[i];

		if (strcmp(record->id, id) == 0) {
			record->used = memory->takings;
			return record;
		}
		if (record->used < oldest->used)
			oldest = record;
	}
	*oldest = (struct seal_record){.used = memory->takings};
	snprintf(oldest->id, sizeof(oldest->id), "%s", id);
	return oldest;
}
