#include "transit/sensor/seal_memory.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "transit/event/memo.h"
#include "transit/registry/identifier.h"
#include "transit/registry/reseals.h"
#include "transit/sensor/sensor.h"

#define MEMORY_VERSION 1
#define KEY_PREFIX     "seal/"
#define BOOT_BYTES     64

static void normalise(const char *id, char ret_number[VALUE_TEXT_BYTES])
{
	if (identifier_read(IDENTIFIER_SEAL, id, strlen(id), ret_number) != IDENTIFIER_GOOD)
		snprintf(ret_number, VALUE_TEXT_BYTES, "%s", id);
}

/* FNV-1a. */
static uint32_t sum_of(const char *text)
{
	uint32_t sum = 2166136261;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619;
	return sum;
}

/* SEAL_MEMORY_RECORDS: not known. */
static size_t find(const struct seal_memory *memory, const char *number)
{
	uint32_t sum = sum_of(number);

	for (size_t i = 0; i < memory->count; i++)
		if (memory->sums[i] == sum && strcmp(memory->records[i].id, number) == 0)
			return i;
	return SEAL_MEMORY_RECORDS;
}

/* A place for another: the least recently seen gives way. */
static size_t make_room(struct seal_memory *memory)
{
	size_t oldest = 0;

	if (memory->count < SEAL_MEMORY_RECORDS)
		return memory->count++;
	for (size_t i = 1; i < memory->count; i++)
		if (memory->records[i].last_lookup < memory->records[oldest].last_lookup)
			oldest = i;
	memcpy(memory->forgotten, memory->records[oldest].id, sizeof(memory->forgotten));
	memcpy(memory->gave_way, memory->forgotten, sizeof(memory->gave_way));
	return oldest;
}

struct seal_record *seal_memory_take(struct seal_memory *memory, const char *id)
{
	struct seal_record *record;
	char number[VALUE_TEXT_BYTES];
	size_t at;

	normalise(id, number);
	memory->lookups++;
	at = find(memory, number);
	if (at < SEAL_MEMORY_RECORDS) {
		memory->records[at].last_lookup = memory->lookups;
		return &memory->records[at];
	}
	at = make_room(memory);
	record = &memory->records[at];
	*record = (struct seal_record){.last_lookup = memory->lookups, .seen_mono_ns = INT64_MIN};
	snprintf(record->id, sizeof(record->id), "%s", number);
	memory->sums[at] = sum_of(number);
	return record;
}

const struct seal_record *seal_memory_find(const struct seal_memory *memory, const char *number)
{
	size_t at = number[0] ? find(memory, number) : SEAL_MEMORY_RECORDS;

	return at < SEAL_MEMORY_RECORDS ? &memory->records[at] : NULL;
}

bool seal_memory_is_removed(const struct seal_memory *memory, const char *id)
{
	char number[VALUE_TEXT_BYTES];

	if (!memory->reseals || memory->reseals->drawer.count == 0 || !id[0])
		return false;
	normalise(id, number);
	return reseals_is_removed(memory->reseals, number);
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
	const struct seal_record *record = seal_memory_find(memory, number);

	if (!record || !within_ns || !record->lane[0] || strcmp(record->lane, lane) == 0 ||
	    record->seen_mono_ns == INT64_MIN)
		return false;
	return record->seen_mono_ns == INT64_MAX || at_mono_ns - record->seen_mono_ns < within_ns;
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
	memo_int(&memo, (int64_t)record->last_lookup);
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
	if (memory->kept == memory->lookups)
		return;
	memory->kept = memory->lookups;
	for (size_t i = 0; i < memory->count; i++) {
		if (!memory->records[i].changed)
			continue;
		teller_flush(teller);
		seal_memory_remember(memory, &memory->records[i], teller);
	}
	teller_flush(teller);
	if (memory->gave_way[0])
		tell_gave_way(teller, "seal", memory->gave_way, SEAL_MEMORY_RECORDS);
	memory->gave_way[0] = '\0';
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
	record.last_lookup = (uint64_t)memo_take(&reader, 0, INT64_MAX);
	if (!memo_end(&reader))
		return true;
	if (!memory->boot || strcmp(boot, memory->boot) != 0 || record.seen_mono_ns == INT64_MAX)
		record.seen_mono_ns = INT64_MIN;
	kept = seal_memory_take(memory, key + strlen(KEY_PREFIX));
	memcpy(record.id, kept->id, sizeof(record.id));
	*kept = record;
	if (record.last_lookup > memory->lookups)
		memory->lookups = record.last_lookup;
	return true;
}
