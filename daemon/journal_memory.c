#include "journal_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal_private.h"

#define LOG_TOKEN "journal"
#include "log.h"

#define FORGOTTEN_MAX 1024 /* rows that only say so */

/* ---- a set --------------------------------------------------------------------------- */

static void drop_item(struct memory *item)
{
	free(item->key);
	free(item->text);
}

void memories_fini(struct memories *memories)
{
	while (memories->count > 0)
		drop_item(&memories->item[--memories->count]);
	free(memories->item);
	*memories = (struct memories){0};
}

/* Where the key is, or belongs. */
static size_t find(const struct memories *memories, const char *key)
{
	size_t low = 0;
	size_t high = memories->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(memories->item[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct memories *memories, size_t at, const char *key)
{
	struct memory *item = memories->item;

	if (memories->count == memories->size) {
		size_t size = memories->size ? 2 * memories->size : 16;

		item = realloc(item, size * sizeof(*item));
		if (!item)
			return -ENOMEM;
		memories->item = item;
		memories->size = size;
	}
	memmove(&item[at + 1], &item[at], (memories->count - at) * sizeof(*item));
	item[at] = (struct memory){.key = strdup(key)};
	memories->count++;
	if (item[at].key)
		return 0;
	memmove(&item[at], &item[at + 1], (--memories->count - at) * sizeof(*item));
	return -ENOMEM;
}

int memories_put(struct memories *memories, const char *key, const char *text, uint64_t version)
{
	size_t at = find(memories, key);
	char *copy = NULL;
	int err;

	if (version > memories->version)
		memories->version = version;
	if (text && !(copy = strdup(text)))
		return -ENOMEM;
	if (at == memories->count || strcmp(memories->item[at].key, key) != 0) {
		err = insert(memories, at, key);
		if (err < 0) {
			free(copy);
			return err;
		}
	} else if (version < memories->item[at].version) {
		free(copy);
		return 0;
	}
	free(memories->item[at].text);
	memories->item[at].text = copy;
	memories->item[at].version = version;
	return 0;
}

void memories_tidy(struct memories *memories)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < memories->count; i++) {
		if (memories->item[i].text)
			memories->item[kept++] = memories->item[i];
		else
			drop_item(&memories->item[i]);
	}
	memories->count = kept;
}

static void forget(struct memories *memories, const char *key)
{
	size_t at = find(memories, key);

	if (at == memories->count || strcmp(memories->item[at].key, key) != 0)
		return;
	drop_item(&memories->item[at]);
	memories->count--;
	memmove(&memories->item[at], &memories->item[at + 1],
		(memories->count - at) * sizeof(memories->item[0]));
}

/* ---- writing ------------------------------------------------------------------------- */

/* Of another file's memories the newer ones are right, even after a clock was set back. */
static uint64_t next_version(const struct journal *journal)
{
	int64_t utc_ns = clock_now().utc_ns;
	uint64_t version = journal->memories.version + 1;

	return utc_ns > 0 && (uint64_t)utc_ns > version ? (uint64_t)utc_ns : version;
}

int journal_put_memories(struct journal *journal, const struct event_draft *draft)
{
	uint64_t version = draft->memory_count > 0 ? next_version(journal) : 0;
	size_t i;
	int err = 0;

	for (i = 0; err == 0 && i < draft->memory_count; i++) {
		const struct event_memory *memory = &draft->memories[i];

		if (!memory->text && journal->forgotten++ % FORGOTTEN_MAX == 0)
			err = db_drop_memories(&journal->db, false);
		if (err == 0)
			err = db_put_memory(&journal->db, memory->key, memory->text, version);
	}
	if (version > journal->memories.version)
		journal->memories.version = version;
	return err;
}

int journal_rewrite_memories(struct journal *journal)
{
	struct memories *memories = &journal->memories;
	size_t i;
	int err = db_drop_memories(&journal->db, true);

	memories->version = next_version(journal);
	for (i = 0; err == 0 && i < memories->count; i++)
		err = db_put_memory(&journal->db, memories->item[i].key, memories->item[i].text,
				    memories->version);
	return err;
}

void journal_remember(struct journal *journal, const struct event_draft *draft)
{
	size_t i;

	for (i = 0; i < draft->memory_count; i++) {
		const struct event_memory *memory = &draft->memories[i];

		if (!memory->text)
			forget(&journal->memories, memory->key);
		else if (memories_put(&journal->memories, memory->key, memory->text,
				      journal->memories.version) < 0)
			log_error(0, "no memory left to remember \"%s\"", memory->key);
	}
}

/* ---- at the start -------------------------------------------------------------------- */

static void learn(void *data, const char *key, const char *text, uint64_t version)
{
	(void)memories_put(data, key, text, version);
}

/* Those of a file that is not in use. */
static void learn_from(const char *path, struct memories *memories)
{
	struct raw_sink sink = {.data = memories, .memory = learn};
	struct raw *raw;

	if (raw_open(path, &raw) < 0)
		return;
	raw_memories(raw, &sink);
	raw_close(raw);
}

static bool take_newer(struct memories *memories, struct memories *others)
{
	bool newer = others->version > memories->version;

	if (newer) {
		struct memories older = *memories;

		*memories = *others;
		*others = older;
	}
	memories_fini(others);
	return newer;
}

/* The file in use has them, unless another one was written to last: the fallback, the path's
 * file that can now only be read, one that was just set aside. */
static void learn_all(struct journal *journal)
{
	struct memories *memories = &journal->memories;
	struct memories others = {0};
	char path[PATH_BYTES];
	unsigned which;

	if (db_memories(&journal->db, memories, learn) < 0)
		log_warnx("what was remembered cannot be read: %s", journal->db.why);
	for (which = 0; files_other(journal, which, path); which++) {
		learn_from(path, &others);
		if (take_newer(memories, &others))
			journal->memories_unwritten = true;
	}
	memories_tidy(memories);
}

void journal_begin_memories(struct journal *journal)
{
	journal->forgotten = 0;
	journal->memories_unwritten = journal->memories_known;
	if (!journal->memories_known)
		learn_all(journal);
	journal->memories_known = true;
}

void journal_memories(struct journal *journal, void *data,
		      void (*call)(void *data, const char *key, const char *text))
{
	size_t i;

	for (i = 0; i < journal->memories.count; i++)
		call(data, journal->memories.item[i].key, journal->memories.item[i].text);
}
