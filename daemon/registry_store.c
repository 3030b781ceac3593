#include "registry_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define TABLE_MAX     4096 /* arrangements and members together */
#define STAMP_STEP_NS (60 * NS_PER_S) /* a stream is not stamped anew more often */

/* ---- stamps -------------------------------------------------------------------------- */

struct stamp *stamp_new(const struct records_list *list, int64_t max_age_ns)
{
	struct stamp *stamp = calloc(1, sizeof(*stamp));

	if (!stamp)
		return NULL;
	atomic_init(&stamp->users, 1);
	snprintf(stamp->version, sizeof(stamp->version), "%s", list->version);
	stamp->list = (struct registry_list){
		.version = stamp->version,
		.as_of_utc_ns = list->as_of_utc_ns,
		.received_utc_ns = list->received_utc_ns,
		.max_age_ns = max_age_ns > 0 ? max_age_ns : INT64_MAX,
	};
	return stamp;
}

struct stamp *stamp_hold(struct stamp *stamp)
{
	if (stamp)
		atomic_fetch_add(&stamp->users, 1);
	return stamp;
}

void stamp_release(struct stamp *stamp)
{
	if (stamp && atomic_fetch_sub(&stamp->users, 1) == 1)
		free(stamp);
}

/* ---- sources ------------------------------------------------------------------------- */

static void forget_table(struct store *store)
{
	store_table_release(store->table);
	store->table = NULL;
}

static void close_source(struct store_source *source)
{
	size_t kind;

	records_close(source->records);
	for (kind = 0; kind < REGISTRY_KINDS; kind++)
		stamp_release(source->stamps[kind]);
	*source = (struct store_source){0};
}

static int open_source(struct store *store, struct store_source *source, const char *path,
		       enum records_mode mode)
{
	int64_t limit_bytes = mode == RECORDS_STREAM ? store->limit_bytes : 0;
	struct records_list list;
	int kind;
	int err = records_open(path, mode, limit_bytes, &source->records);

	snprintf(source->path, sizeof(source->path), "%s", path);
	for (kind = 0; err == 0 && kind < REGISTRY_KINDS; kind++) {
		err = records_list(source->records, (enum registry_kind)kind, &list);
		if (err == 0 && !(source->stamps[kind] = stamp_new(&list, store->max_age_ns)))
			err = -ENOMEM;
		if (err == -ENOENT)
			err = 0;
	}
	if (err < 0)
		close_source(source);
	return err;
}

struct store_source *store_source(struct store *store, size_t i)
{
	if (i == 0)
		return &store->stream;
	return i <= STORE_LISTS_MAX ? &store->lists[i - 1] : NULL;
}

struct stamp *store_stamp(struct store *store, enum registry_kind kind)
{
	const struct store_source *source;
	struct stamp *newest = NULL;
	size_t i;

	for (i = 0; (source = store_source(store, i)); i++) {
		struct stamp *stamp = source->stamps[kind];

		if (stamp && (!newest || stamp->list.as_of_utc_ns > newest->list.as_of_utc_ns))
			newest = stamp;
	}
	return newest;
}

/* ---- opening ------------------------------------------------------------------------- */

static void set_aside(const char *path)
{
	char from[STORE_PATH_BYTES + 8], to[STORE_PATH_BYTES + 16];

	snprintf(to, sizeof(to), "%s.damaged", path);
	(void)rename(path, to);
	snprintf(from, sizeof(from), "%s-wal", path);
	snprintf(to, sizeof(to), "%s.damaged-wal", path);
	(void)unlink(to);
	(void)rename(from, to);
}

int store_open(struct store *store, const char *path, int64_t limit_bytes, int64_t max_age_ns,
	       bool *ret_anew)
{
	int err;

	store->limit_bytes = limit_bytes;
	store->max_age_ns = max_age_ns;
	*ret_anew = false;
	close_source(&store->stream);
	forget_table(store);
	store->writing = false;
	err = open_source(store, &store->stream, path, RECORDS_STREAM);
	if (err != -EUCLEAN)
		return err;
	set_aside(path);
	*ret_anew = true;
	return open_source(store, &store->stream, path, RECORDS_STREAM);
}

void store_close(struct store *store)
{
	size_t i;

	close_source(&store->stream);
	for (i = 0; i < STORE_LISTS_MAX; i++)
		close_source(&store->lists[i]);
	forget_table(store);
}

int store_take_list(struct store *store, size_t place, const char *path,
		    struct registry_list *ret_list, enum registry_kind *ret_kind)
{
	struct store_source source = {0};
	int kind;
	int err = path ? open_source(store, &source, path, RECORDS_READ) : 0;

	if (err < 0)
		return err;
	close_source(&store->lists[place]);
	store->lists[place] = source;
	forget_table(store);
	for (kind = 0; path && kind < REGISTRY_KINDS; kind++) {
		if (source.stamps[kind]) {
			*ret_list = source.stamps[kind]->list;
			*ret_kind = (enum registry_kind)kind;
		}
	}
	return 0;
}

/* ---- the stream ---------------------------------------------------------------------- */

static int begin(struct store *store)
{
	int err = store->writing ? 0 : records_begin(store->stream.records);

	store->writing = err == 0;
	return err;
}

/* The stream of this kind is as of now: that is when it was last heard. */
static int stamp_stream(struct store *store, enum registry_kind kind, const char *version,
			int64_t now_utc_ns)
{
	struct stamp *old = store->stream.stamps[kind];
	struct records_list list = {.as_of_utc_ns = now_utc_ns, .received_utc_ns = now_utc_ns};
	struct stamp *stamp;
	int err;

	snprintf(list.version, sizeof(list.version), "%s",
		 version ? version
		 : old	 ? old->version
			 : "stream");
	if (old && strcmp(old->version, list.version) == 0 &&
	    now_utc_ns - old->list.received_utc_ns < STAMP_STEP_NS &&
	    now_utc_ns >= old->list.received_utc_ns)
		return 0;
	err = begin(store);
	if (err == 0)
		err = records_put_list(store->stream.records, kind, &list);
	if (err < 0)
		return err;
	stamp = stamp_new(&list, store->max_age_ns);
	if (!stamp)
		return -ENOMEM;
	stamp_release(old);
	store->stream.stamps[kind] = stamp;
	if (kind == REGISTRY_ARRANGEMENT)
		forget_table(store);
	return 0;
}

static bool note_sum(void *data, const struct records_row *row)
{
	*(int64_t *)data = row->sum;
	return false;
}

static int read_record(enum registry_kind kind, const char *key, const char *json, size_t bytes,
		       struct registry_record **ret_record,
		       struct registry_complaint *ret_complaint)
{
	struct registry_record *record;
	int err = registry_record_read(kind, json, bytes, &record, ret_complaint);

	if (err < 0)
		return err;
	if (strcmp(record->key, key) != 0) {
		snprintf(ret_complaint->text, sizeof(ret_complaint->text),
			 "the record is of \"%s\", expected the key of its topic", record->key);
		registry_record_free(record);
		return -EINVAL;
	}
	*ret_record = record;
	return 0;
}

static void changed(struct store *store, enum registry_kind kind)
{
	if (kind == REGISTRY_ARRANGEMENT || kind == REGISTRY_GROUP)
		forget_table(store);
}

int store_put(struct store *store, enum registry_kind kind, const char *key, const char *json,
	      size_t bytes, int64_t now_utc_ns, struct registry_complaint *ret_complaint)
{
	int64_t sum = records_sum(json, bytes);
	struct registry_record *record = NULL;
	int64_t held;
	int err;

	if (!store->stream.records)
		return -EIO;
	err = records_find(store->stream.records, kind, key, note_sum, &held);
	if (err == 0 && held == sum) {
		err = stamp_stream(store, kind, NULL, now_utc_ns);
		return err < 0 ? err : 1;
	}
	if (err == 0 || err == -ENOENT)
		err = read_record(kind, key, json, bytes, &record, ret_complaint);
	if (err < 0 || !record)
		return err;
	err = begin(store);
	if (err == 0)
		err = records_put(store->stream.records, record, sum);
	if (err == 0)
		err = stamp_stream(store, kind, record->version, now_utc_ns);
	changed(store, kind);
	registry_record_free(record);
	return err;
}

int store_remove(struct store *store, enum registry_kind kind, const char *key, int64_t now_utc_ns)
{
	int err;

	if (!store->stream.records)
		return -EIO;
	err = begin(store);
	if (err == 0)
		err = records_remove(store->stream.records, kind, key);
	if (err == 0 || err == -ENOENT)
		changed(store, kind);
	if (err == 0)
		err = stamp_stream(store, kind, NULL, now_utc_ns);
	return err;
}

int store_commit(struct store *store)
{
	int err = store->writing ? records_commit(store->stream.records) : 0;

	if (err == 0)
		store->writing = false;
	return err;
}

void store_rollback(struct store *store)
{
	if (store->stream.records)
		records_rollback(store->stream.records);
	store->writing = false;
	forget_table(store);
}

int64_t store_stream_bytes(struct store *store)
{
	return store->stream.records ? records_bytes(store->stream.records) : 0;
}

/* ---- arrangements -------------------------------------------------------------------- */

struct collection {
	struct store_table *table;
	struct store_source *source;
	int64_t *as_of; /* by record */
	struct stamp **stamps; /* the same */
	int err;
};

static struct registry_record **same_key(struct store_table *table,
					 const struct registry_record *record)
{
	size_t i;

	for (i = 0; i < table->record_count; i++)
		if (table->records[i]->kind == record->kind &&
		    strcmp(table->records[i]->key, record->key) == 0)
			return &table->records[i];
	return NULL;
}

static bool collect(void *data, const struct records_row *row)
{
	struct collection *collection = data;
	struct store_table *table = collection->table;
	struct stamp *stamp = collection->source->stamps[row->kind];
	struct registry_complaint complaint;
	struct registry_record *record;
	struct registry_record **slot;
	int64_t as_of_ns = row->as_of_utc_ns;
	size_t i;

	if (registry_record_read(row->kind, row->json, row->bytes, &record, &complaint) < 0)
		return true;
	if (as_of_ns == INT64_MIN && stamp)
		as_of_ns = stamp->list.as_of_utc_ns;
	slot = same_key(table, record);
	i = slot ? (size_t)(slot - table->records) : table->record_count;
	if (i == TABLE_MAX || (slot && collection->as_of[i] >= as_of_ns)) {
		registry_record_free(record);
		return i < TABLE_MAX;
	}
	if (slot)
		registry_record_free(*slot);
	else
		table->record_count++;
	table->records[i] = record;
	collection->as_of[i] = as_of_ns;
	collection->stamps[i] = stamp;
	return true;
}

static void fill_table(struct store_table *table, struct stamp *const *stamps)
{
	size_t i;

	for (i = 0; i < table->record_count; i++) {
		struct registry_record *record = table->records[i];

		if (record->kind == REGISTRY_ARRANGEMENT) {
			struct arrangement *arrangement =
				&table->arrangements[table->table.arrangement_count++];

			*arrangement = record->arrangement;
			arrangement->list = stamps[i] ? &stamps[i]->list : NULL;
		} else {
			table->members[table->table.member_count++] = record->member;
		}
	}
	table->table.arrangements = table->arrangements;
	table->table.members = table->members;
}

static int read_all(struct store *store, struct collection *collection)
{
	struct store_table *table = collection->table;
	int err = 0;
	size_t i;

	for (i = 0; err == 0 && (collection->source = store_source(store, i)); i++) {
		if (!collection->source->records)
			continue;
		err = records_each(collection->source->records, REGISTRY_ARRANGEMENT, collect,
				   collection);
		if (err == 0)
			err = records_each(collection->source->records, REGISTRY_GROUP, collect,
					   collection);
		if (collection->source->stamps[REGISTRY_ARRANGEMENT])
			table->stamps[table->stamp_count++] =
				stamp_hold(collection->source->stamps[REGISTRY_ARRANGEMENT]);
	}
	return err;
}

static int allocate(struct collection *collection)
{
	struct store_table *table = calloc(1, sizeof(*table));

	if (table)
		atomic_init(&table->users, 1);
	collection->table = table;
	collection->as_of = calloc(TABLE_MAX, sizeof(collection->as_of[0]));
	collection->stamps = calloc(TABLE_MAX, sizeof(struct stamp *));
	if (!table || !collection->as_of || !collection->stamps)
		return -ENOMEM;
	table->records = calloc(TABLE_MAX, sizeof(struct registry_record *));
	return table->records ? 0 : -ENOMEM;
}

static int make_arrays(struct store_table *table)
{
	size_t count = table->record_count + 1;
	struct registry_record **records =
		realloc(table->records, count * sizeof(struct registry_record *));

	if (records)
		table->records = records;
	table->arrangements = calloc(count, sizeof(table->arrangements[0]));
	table->members = calloc(count, sizeof(table->members[0]));
	return table->arrangements && table->members ? 0 : -ENOMEM;
}

int store_table(struct store *store, struct store_table **ret_table)
{
	struct collection collection = {0};
	int err = store->table ? 0 : allocate(&collection);

	if (!store->table) {
		if (err == 0)
			err = read_all(store, &collection);
		if (err == 0)
			err = make_arrays(collection.table);
		if (err == 0) {
			fill_table(collection.table, collection.stamps);
			store->table = collection.table;
		} else {
			store_table_release(collection.table);
		}
	}
	free(collection.as_of);
	free(collection.stamps);
	if (err == 0)
		*ret_table = store->table;
	return err;
}

void store_table_release(struct store_table *table)
{
	size_t i;

	if (!table || atomic_fetch_sub(&table->users, 1) != 1)
		return;
	for (i = 0; i < table->record_count; i++)
		registry_record_free(table->records[i]);
	for (i = 0; i < table->stamp_count; i++)
		stamp_release(table->stamps[i]);
	free(table->records);
	free(table->arrangements);
	free(table->members);
	free(table);
}
