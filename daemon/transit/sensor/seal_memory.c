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
#define CHANGED	       1u /* a flag: its memory is not as it is */

static void normalise(const char *id, char ret_number[VALUE_TEXT_BYTES])
{
	if (identifier_read(IDENTIFIER_SEAL, id, strlen(id), ret_number) != IDENTIFIER_GOOD)
		snprintf(ret_number, VALUE_TEXT_BYTES, "%s", id);
}

/* ---- as text -------------------------------------------------------------------------- */

static void put_counter(struct memo *memo, const struct seal_counter *counter)
{
	memo_int(memo, counter->known);
	memo_int(memo, counter->count);
}

static bool write_record(const struct seal_record *record, const char *boot,
			 char text[SEAL_MEMO_BYTES])
{
	struct memo memo;

	memo_start(&memo, text, SEAL_MEMO_BYTES);
	memo_int(&memo, MEMORY_VERSION);
	memo_int(&memo, record->closed);
	put_counter(&memo, &record->counters[SEAL_OPENINGS]);
	put_counter(&memo, &record->counters[SEAL_TAMPERINGS]);
	memo_text(&memo, record->lane);
	memo_text(&memo, boot);
	memo_int(&memo, record->seen_mono_ns);
	memo_int(&memo, (int64_t)record->last_lookup);
	return memo_ok(&memo);
}

static void take_counter(struct memo_reader *reader, struct seal_counter *counter)
{
	counter->known = memo_take(reader, 0, 1);
	counter->count = memo_take(reader, INT64_MIN, INT64_MAX);
}

static bool read_record(const char *text, struct seal_record *ret_record, char boot[BOOT_BYTES])
{
	struct memo_reader reader;

	*ret_record = (struct seal_record){0};
	memo_read(&reader, text);
	(void)memo_take(&reader, MEMORY_VERSION, MEMORY_VERSION);
	ret_record->closed = memo_take(&reader, 0, 1);
	take_counter(&reader, &ret_record->counters[SEAL_OPENINGS]);
	take_counter(&reader, &ret_record->counters[SEAL_TAMPERINGS]);
	memo_take_text(&reader, ret_record->lane, sizeof(ret_record->lane));
	memo_take_text(&reader, boot, BOOT_BYTES);
	ret_record->seen_mono_ns = memo_take(&reader, INT64_MIN, INT64_MAX);
	ret_record->last_lookup = (uint64_t)memo_take(&reader, 0, INT64_MAX);
	return memo_end(&reader);
}

/* ---- keeping -------------------------------------------------------------------------- */

int seal_memory_init(struct seal_memory *memory)
{
	*memory = (struct seal_memory){0};
	return drawer_init(&memory->drawer, SEAL_MEMORY_RECORDS);
}

void seal_memory_fini(struct seal_memory *memory)
{
	drawer_fini(&memory->drawer);
}

static struct seal_record *record_at(struct seal_memory *memory, size_t at)
{
	const struct drawer_note note = drawer_note(&memory->drawer, at);
	struct seal_record *record = &memory->found;
	char boot[BOOT_BYTES];

	(void)read_record(drawer_value(&memory->drawer, at), record, boot);
	snprintf(record->id, sizeof(record->id), "%s", drawer_key(&memory->drawer, at));
	record->last_lookup = (uint64_t)note.rank;
	record->changed = note.flags & CHANGED;
	return record;
}

/* The least recently seen gives way. */
static void make_room(struct seal_memory *memory)
{
	size_t oldest = drawer_lowest(&memory->drawer);

	snprintf(memory->gave_way, sizeof(memory->gave_way), "%s",
		 drawer_key(&memory->drawer, oldest));
	if (memory->forgotten_count < SEAL_FORGOTTEN)
		memcpy(memory->forgotten[memory->forgotten_count++], memory->gave_way,
		       sizeof(memory->gave_way));
	drawer_drop(&memory->drawer, oldest);
}

static void keep(struct seal_memory *memory, const struct seal_record *record)
{
	const struct drawer_note note = {
		.due_ns = INT64_MAX,
		.rank = (int64_t)record->last_lookup,
		.flags = record->changed ? CHANGED : 0,
	};
	char text[SEAL_MEMO_BYTES];

	if (drawer_is_full(&memory->drawer) &&
	    drawer_find(&memory->drawer, record->id) == DRAWER_NONE)
		make_room(memory);
	if (write_record(record, NULL, text))
		(void)drawer_put(&memory->drawer, record->id, text, &note);
}

struct seal_record *seal_memory_take(struct seal_memory *memory, const char *id)
{
	struct seal_record *record = &memory->found;
	char number[VALUE_TEXT_BYTES];
	size_t at;

	normalise(id, number);
	memory->lookups++;
	at = drawer_find(&memory->drawer, number);
	if (at != DRAWER_NONE) {
		drawer_set_rank(&memory->drawer, at, (int64_t)memory->lookups);
		return record_at(memory, at);
	}
	*record = (struct seal_record){.last_lookup = memory->lookups, .seen_mono_ns = INT64_MIN};
	snprintf(record->id, sizeof(record->id), "%s", number);
	return record;
}

const struct seal_record *seal_memory_find(struct seal_memory *memory, const char *number)
{
	size_t at = number[0] ? drawer_find(&memory->drawer, number) : DRAWER_NONE;

	return at != DRAWER_NONE ? record_at(memory, at) : NULL;
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
	keep(memory, record);
}

void seal_memory_left(struct seal_memory *memory, const char *number, const char *lane,
		      int64_t at_mono_ns)
{
	struct seal_record *record = seal_memory_take(memory, number);

	if (strcmp(record->lane, lane) != 0)
		return; /* another has seen it since */
	record->seen_mono_ns = at_mono_ns;
	record->changed = true;
	keep(memory, record);
}

bool seal_memory_elsewhere(struct seal_memory *memory, const char *number, const char *lane,
			   int64_t at_mono_ns, int64_t within_ns)
{
	const struct seal_record *record = seal_memory_find(memory, number);

	if (!record || !within_ns || !record->lane[0] || strcmp(record->lane, lane) == 0 ||
	    record->seen_mono_ns == INT64_MIN)
		return false;
	return record->seen_mono_ns == INT64_MAX || at_mono_ns - record->seen_mono_ns < within_ns;
}

/* ---- over a restart -------------------------------------------------------------------- */

void seal_memory_remember(struct seal_memory *memory, struct seal_record *record,
			  struct teller *teller)
{
	if (!record->changed)
		return;
	record->changed = false;
	keep(memory, record);
	snprintf(memory->key, sizeof(memory->key), KEY_PREFIX "%s", record->id);
	if (write_record(record, memory->boot, memory->text))
		teller_remember(teller, memory->key, memory->text);
}

/* Those that did not come again meanwhile. */
static void forget(struct seal_memory *memory, struct teller *teller)
{
	for (size_t i = 0; i < memory->forgotten_count; i++) {
		if (drawer_find(&memory->drawer, memory->forgotten[i]) != DRAWER_NONE)
			continue;
		snprintf(memory->key, sizeof(memory->key), KEY_PREFIX "%s", memory->forgotten[i]);
		teller_remember(teller, memory->key, NULL);
		teller_flush(teller);
	}
	memory->forgotten_count = 0;
}

void seal_memory_keep(struct seal_memory *memory, struct teller *teller)
{
	if (memory->kept == memory->lookups)
		return;
	memory->kept = memory->lookups;
	for (size_t i = 0; i < memory->drawer.count; i++) {
		if (!(drawer_note(&memory->drawer, i).flags & CHANGED))
			continue;
		teller_flush(teller);
		seal_memory_remember(memory, record_at(memory, i), teller);
	}
	teller_flush(teller);
	forget(memory, teller);
	if (memory->gave_way[0])
		tell_gave_way(teller, "seal", memory->gave_way, SEAL_MEMORY_RECORDS);
	memory->gave_way[0] = '\0';
}

bool seal_memory_recall(struct seal_memory *memory, const char *key, const char *text)
{
	struct seal_record *record = &memory->found;
	char boot[BOOT_BYTES];

	if (strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0)
		return false;
	if (!read_record(text, record, boot))
		return true;
	if (!memory->boot || strcmp(boot, memory->boot) != 0 || record->seen_mono_ns == INT64_MAX)
		record->seen_mono_ns = INT64_MIN;
	normalise(key + strlen(KEY_PREFIX), record->id);
	keep(memory, record);
	if (record->last_lookup > memory->lookups)
		memory->lookups = record->last_lookup;
	return true;
}
