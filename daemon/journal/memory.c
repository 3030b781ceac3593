#include "journal/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "journal/files.h"
#include "journal/raw.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define FORGOTTEN_MAX 1024 /* rows that only say so */

/* ---- a set -------------------------------------------------------------------------- */

static void drop_item(struct memory *item)
{
	free(item->key);
	free(item->text);
}

static void fini(struct memory_set *set)
{
	while (set->count > 0)
		drop_item(&set->item[--set->count]);
	free(set->item);
	*set = (struct memory_set){0};
}

/* Where the key is, or belongs. */
static size_t find(const struct memory_set *set, const char *key)
{
	size_t low = 0;
	size_t high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(set->item[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct memory_set *set, size_t at, const char *key)
{
	return at < set->count && strcmp(set->item[at].key, key) == 0;
}

static void remove_at(struct memory_set *set, size_t at)
{
	drop_item(&set->item[at]);
	set->count--;
	memmove(&set->item[at], &set->item[at + 1], (set->count - at) * sizeof(set->item[0]));
}

static int insert(struct memory_set *set, size_t at, const char *key)
{
	struct memory *item = set->item;

	if (set->count == set->size) {
		size_t size = set->size ? 2 * set->size : 16;

		item = realloc(item, size * sizeof(*item));
		if (!item)
			return -ENOMEM;
		set->item = item;
		set->size = size;
	}
	memmove(&item[at + 1], &item[at], (set->count - at) * sizeof(*item));
	item[at] = (struct memory){.key = strdup(key)};
	set->count++;
	if (item[at].key)
		return 0;
	remove_at(set, at);
	return -ENOMEM;
}

/* Takes it if it is newer than what is there of the key. */
static int put(struct memory_set *set, const char *key, const char *text, uint64_t version)
{
	size_t at = find(set, key);
	char *copy = NULL;
	int err;

	if (version > set->version)
		set->version = version;
	if (is_at(set, at, key) && version < set->item[at].version)
		return 0;
	if (text && !(copy = strdup(text)))
		return -ENOMEM;
	err = is_at(set, at, key) ? 0 : insert(set, at, key);
	if (err < 0) {
		free(copy);
		return err;
	}
	free(set->item[at].text);
	set->item[at].text = copy;
	set->item[at].version = version;
	return 0;
}

static void drop_forgotten(struct memory_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (set->item[i].text)
			set->item[kept++] = set->item[i];
		else
			drop_item(&set->item[i]);
	}
	set->count = kept;
}

void memories_fini(struct memories *memories)
{
	fini(&memories->set);
}

/* ---- writing ------------------------------------------------------------------------ */

/* Of another file's memories the newer ones are right, even after a clock was set back. */
static uint64_t next_version(const struct memory_set *set)
{
	int64_t utc_ns = clock_now().utc_ns;
	uint64_t version = set->version + 1;

	return utc_ns > 0 && (uint64_t)utc_ns > version ? (uint64_t)utc_ns : version;
}

int memories_put(struct memories *memories, struct db *db, const struct event_draft *draft)
{
	uint64_t version = draft->memory_count > 0 ? next_version(&memories->set) : 0;
	int err = 0;

	for (size_t i = 0; err == 0 && i < draft->memory_count; i++) {
		const struct event_memory *memory = &draft->memories[i];

		if (!memory->text && memories->forgotten++ % FORGOTTEN_MAX == 0)
			err = db_drop_memories(db, false);
		if (err == 0)
			err = db_put_memory(db, memory->key, memory->text, version);
	}
	if (version > memories->set.version)
		memories->set.version = version;
	return err;
}

int memories_put_unwritten(struct memories *memories, struct db *db)
{
	struct memory_set *set = &memories->set;
	int err;

	if (!memories->unwritten)
		return 0;
	err = db_drop_memories(db, true);
	set->version = next_version(set);
	for (size_t i = 0; err == 0 && i < set->count; i++)
		err = db_put_memory(db, set->item[i].key, set->item[i].text, set->version);
	return err;
}

void memories_written(struct memories *memories)
{
	memories->unwritten = false;
}

void memories_take(struct memories *memories, const struct event_draft *draft)
{
	struct memory_set *set = &memories->set;

	for (size_t i = 0; i < draft->memory_count; i++) {
		const struct event_memory *memory = &draft->memories[i];
		size_t at = find(set, memory->key);

		if (!memory->text && is_at(set, at, memory->key))
			remove_at(set, at);
		else if (memory->text && put(set, memory->key, memory->text, set->version) < 0)
			log_error(0, "no memory left to remember \"%s\"", memory->key);
	}
}

/* ---- when a file was opened --------------------------------------------------------- */

static void learn(void *data, const char *key, const char *text, uint64_t version)
{
	(void)put(data, key, text, version);
}

/* From a file that is not in use, unless what is known is newer. */
static void learn_from(const char *path, struct memories *memories)
{
	struct memory_set set = {0}, older = memories->set;
	struct raw_sink sink = {.data = &set, .memory = learn};
	struct raw *raw;

	if (raw_open(path, RAW_ALL, &raw) < 0)
		return;
	raw_memories(raw, &sink);
	raw_close(raw);
	if (set.version > older.version) {
		memories->set = set;
		memories->unwritten = true;
	}
	fini(set.version > older.version ? &older : &set);
}

/* The file in use has them, unless another one was written to last: the fallback, the path's
 * file that can now only be read, one that was just set aside. */
static void learn_all(struct memories *memories, struct db *db, const char *path, const char *other)
{
	struct raw_sink sink = {.data = &memories->set, .memory = learn};
	char aside[PATH_BYTES];

	if (db_memories(db, &sink) < 0)
		log_warnx("what was remembered cannot be read: %s", db->last_error);
	if (files_find_aside(path, true, 0, aside) > 0)
		learn_from(aside, memories);
	if (other)
		learn_from(other, memories);
	drop_forgotten(&memories->set);
}

void memories_begin_file(struct memories *memories, struct db *db, const char *path,
			 const char *other)
{
	memories->forgotten = 0;
	memories->unwritten = memories->known;
	if (!memories->known)
		learn_all(memories, db, path, other);
	memories->known = true;
}
