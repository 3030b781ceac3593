#include "seal_memory.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "identifier.h"
#include "memo.h"
#include "sensor.h"

#define MEMORY_VERSION 1
#define KEY_PREFIX     "seal/"
#define BOOT_BYTES     64

static void normalise(const char *id, char ret_number[VALUE_TEXT_BYTES])
{
	if (identifier_read(IDENTIFIER_SEAL, id, strlen(id), ret_number) != IDENTIFIER_GOOD)
		snprintf(ret_number, VALUE_TEXT_BYTES, "%s", id);
}

struct seal_record *seal_memory_take(struct seal_memory *memory, const char *id)
{
	struct seal_record *oldest = &memory->records[0];
	char number[VALUE_TEXT_BYTES];
	size_t i;

	normalise(id, number);
	memory->takings++;
	for (i = 0; i < SEAL_MEMORY_RECORDS; i++) {
		struct seal_record *record = &memory->records[i];

		if (strcmp(record->id, number) == 0) {
			record->used = memory->takings;
			return record;
		}
		if (record->used < oldest->used)
			oldest = record;
	}
	if (oldest->id[0])
		memcpy(memory->forgotten, oldest->id, sizeof(memory->forgotten));
	*oldest = (struct seal_record){.used = memory->takings, .seen_mono_ns = INT64_MIN};
	memcpy(oldest->id, number, sizeof(oldest->id));
	return oldest;
}

const struct seal_record *seal_memory_find(const struct seal_memory *memory, const char *number)
{
	size_t i;

	for (i = 0; i < SEAL_MEMORY_RECORDS; i++)
		if (number[0] && strcmp(memory->records[i].id, number) == 0)
			return &memory->records[i];
	return NULL;
}

void seal_memory_seen(struct seal_memory *memory, const char *number, const char *lane)
{
	struct seal_record *record = seal_memory_take(memory, number);

	snprintf(record->lane, sizeof(record->lane), "%s", lane);
	record->seen_mono_ns = INT64_MAX;
	record->changed = true;
}

void seal_memory_left(struct seal_memory *memory, const char *number, const char *lane,
		      int64_t at_mono_ns)
{
	struct seal_record *record = seal_memory_take(memory, number);

	if (strcmp(record->lane, lane) != 0)
		return; /* another has seen it since */
	record->seen_mono_ns = at_mono_ns;
	record->changed = true;
}

bool seal_memory_elsewhere(const struct seal_memory *memory, const char *number, const char *lane,
			   int64_t at_mono_ns, int64_t within_ns)
{
	size_t i;

	for (i = 0; i < SEAL_MEMORY_RECORDS; i++) {
		const struct seal_record *record = &memory->records[i];

		if (strcmp(record->id, number) != 0)
			continue;
		if (!within_ns || !record->lane[0] || strcmp(record->lane, lane) == 0 ||
		    record->seen_mono_ns == INT64_MIN)
			return false;
		return record->seen_mono_ns == INT64_MAX ||
		       at_mono_ns - record->seen_mono_ns < within_ns;
	}
	return false;
}

/* ---- over a restart -------------------------------------------------------------------- */

static void put_counter(struct memo *memo, const struct seal_counter *counter)
{
	memo_int(memo, counter->known);
	memo_int(memo, counter->count);
}

void seal_memory_remember(struct seal_memory *memory, struct seal_record *record,
			  struct teller *teller)
{
	struct memo memo;

	if (!record->changed)
		return;
	record->changed = false;
	snprintf(memory->key, sizeof(memory->key), KEY_PREFIX "%s", record->id);
	memo_start(&memo, memory->text, sizeof(memory->text));
	memo_int(&memo, MEMORY_VERSION);
	memo_int(&memo, record->closed);
	put_counter(&memo, &record->counters[SEAL_OPENINGS]);
	put_counter(&memo, &record->counters[SEAL_TAMPERINGS]);
	memo_text(&memo, record->lane);
	memo_text(&memo, memory->boot);
	memo_int(&memo, record->seen_mono_ns);
	memo_int(&memo, (int64_t)record->used);
	if (memo_ok(&memo))
		teller_remember(teller, memory->key, memory->text);
	if (!memory->forgotten[0])
		return;
	snprintf(memory->forgotten_key, sizeof(memory->forgotten_key), KEY_PREFIX "%s",
		 memory->forgotten);
	memory->forgotten[0] = '\0';
	teller_remember(teller, memory->forgotten_key, NULL);
}

void seal_memory_keep(struct seal_memory *memory, struct teller *teller)
{
	size_t i;

	if (memory->kept == memory->takings)
		return;
	memory->kept = memory->takings;
	for (i = 0; i < SEAL_MEMORY_RECORDS; i++) {
		if (!memory->records[i].changed)
			continue;
		teller_flush(teller);
		seal_memory_remember(memory, &memory->records[i], teller);
	}
	teller_flush(teller);
}

static void take_counter(struct memo_reader *reader, struct seal_counter *counter)
{
	counter->known = memo_take(reader, 0, 1);
	counter->count = memo_take(reader, INT64_MIN, INT64_MAX);
}

bool seal_memory_recall(struct seal_memory *memory, const char *key, const char *text)
{
	struct seal_record record = {0}, *kept;
	struct memo_reader reader;
	char boot[BOOT_BYTES];

	if (strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0)
		return false;
	memo_read(&reader, text);
	(void)memo_take(&reader, MEMORY_VERSION, MEMORY_VERSION);
	record.closed = memo_take(&reader, 0, 1);
	take_counter(&reader, &record.counters[SEAL_OPENINGS]);
	take_counter(&reader, &record.counters[SEAL_TAMPERINGS]);
	memo_take_text(&reader, record.lane, sizeof(record.lane));
	memo_take_text(&reader, boot, sizeof(boot));
	record.seen_mono_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	record.used = (uint64_t)memo_take(&reader, 0, INT64_MAX);
	if (!memo_end(&reader))
		return true;
	if (!memory->boot || strcmp(boot, memory->boot) != 0 || record.seen_mono_ns == INT64_MAX)
		record.seen_mono_ns = INT64_MIN;
	kept = seal_memory_take(memory, key + strlen(KEY_PREFIX));
	memcpy(record.id, kept->id, sizeof(record.id));
	*kept = record;
	if (record.used > memory->takings)
		memory->takings = record.used;
	return true;
}
