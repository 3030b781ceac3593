#include "registry/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "transit/event/event.h"

#define TABLE_MAX     4096 /* arrangements and members together */
#define STAMP_STEP_NS (60 * NS_PER_S) /* the stream gets a new stamp no more often */

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
	snprintf(stamp->list.signer, sizeof(stamp->list.signer), "%s", list->signer);
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
	records_close(source->records);
	for (size_t kind = 0; kind < REGISTRY_KINDS; kind++)
		stamp_release(source->stamps[kind]);
	*source = (struct store_source){0};
}

static int open_source(struct store *store, struct store_source *source, const char *path,
		       enum records_mode mode)
{
	int64_t limit_bytes = mode == RECORDS_STREAM ? store->limit_bytes : 0;
	struct records_list list;
	int err = records_open(path, mode, limit_bytes, &source->records);

	snprintf(source->path, sizeof(source->path), "%s", path);
	source->stream = mode == RECORDS_STREAM;
	for (int kind = 0; err == 0 && kind < REGISTRY_KINDS; kind++) {
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

	for (size_t i = 0; (source = store_source(store, i)); i++) {
		struct stamp *stamp = source->stamps[kind];

		if (stamp && (!newest || stamp->list.as_of_utc_ns > newest->list.as_of_utc_ns))
			newest = stamp;
	}
	return newest;
}

/* When it was heard, as far as that is known. */
static int64_t heard(const struct stamp *stamp, const struct records_row *row)
{
	if (row->heard_utc_ns != RECORDS_UNDATED || !stamp)
		return row->heard_utc_ns;
	return stamp->list.received_utc_ns;
}

static bool is_stream(const struct store_source *source)
{
	return source->stream;
}

struct registry_list store_edition(const struct store_source *source, const struct records_row *row,
				   const struct registry_record *record)
{
	const struct stamp *stamp = source->stamps[row->kind];
	struct registry_list edition = {
		.version = record->version ? record->version : stamp->list.version,
		.as_of_utc_ns = row->as_of_utc_ns,
		.received_utc_ns = heard(stamp, row),
		.max_age_ns = stamp->list.max_age_ns,
		.hashed = true,
	};

	if (edition.as_of_utc_ns == INT64_MIN)
		edition.as_of_utc_ns =
			is_stream(source) ? edition.received_utc_ns : stamp->list.as_of_utc_ns;
	event_hash(row->json, row->bytes, edition.hash);
	snprintf(edition.signer, sizeof(edition.signer), "%s",
		 is_stream(source) ? row->signer : stamp->list.signer);
	return edition;
}

int64_t store_as_of(const struct store_source *source, const struct records_row *row,
		    const struct instant *now)
{
	const struct stamp *stamp = source->stamps[row->kind];
	int64_t as_of_utc_ns = row->as_of_utc_ns;

	if (as_of_utc_ns == INT64_MIN)
		as_of_utc_ns = is_stream(source) ? heard(stamp, row)
			       : stamp		 ? stamp->list.as_of_utc_ns
						 : INT64_MIN;
	return registry_is_ahead(as_of_utc_ns, registry_latest(now)) ? INT64_MIN : as_of_utc_ns;
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

/* What was taken by other rules may lack a signature that it needs now. */
static int forget_unsigned(struct store *store, enum registry_kind kind)
{
	struct records_list list;
	int err = records_list(store->stream.records, kind, &list);

	if (err < 0 || list.trust == trust_sum(store->trust))
		return err == -ENOENT ? 0 : err;
	err = records_begin(store->stream.records);
	if (err == 0 && trust_names(store->trust, kind)) {
		err = records_forget(store->stream.records, kind);
		store->forgot = true;
	} else if (err == 0) {
		list.trust = trust_sum(store->trust);
		err = records_put_list(store->stream.records, kind, &list);
	}
	if (err == 0)
		err = records_commit(store->stream.records);
	return err;
}

/* The stream. */
static int open_stream(struct store *store, const char *path)
{
	int err = open_source(store, &store->stream, path, RECORDS_STREAM);
	bool forgot = store->forgot;

	for (int kind = 0; err == 0 && kind < REGISTRY_KINDS; kind++)
		err = forget_unsigned(store, (enum registry_kind)kind);
	if (err == 0 && store->forgot && !forgot) { /* without their stamps */
		close_source(&store->stream);
		err = open_source(store, &store->stream, path, RECORDS_STREAM);
	}
	if (err < 0)
		close_source(&store->stream);
	return err;
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
	store->undated = true;
	err = open_stream(store, path);
	if (err != -EUCLEAN)
		return err;
	set_aside(path);
	*ret_anew = true;
	return open_stream(store, path);
}

void store_close(struct store *store)
{
	close_source(&store->stream);
	for (size_t i = 0; i < STORE_LISTS_MAX; i++)
		close_source(&store->lists[i]);
	forget_table(store);
}

int store_take_list(struct store *store, size_t place, const char *path,
		    struct registry_list *ret_list, enum registry_kind *ret_kind)
{
	struct store_source source = {0};
	int err = path ? open_source(store, &source, path, RECORDS_READ) : 0;

	if (err < 0)
		return err;
	close_source(&store->lists[place]);
	store->lists[place] = source;
	forget_table(store);
	for (int kind = 0; path && kind < REGISTRY_KINDS; kind++) {
		if (source.stamps[kind]) {
			*ret_list = source.stamps[kind]->list;
			*ret_kind = (enum registry_kind)kind;
		}
	}
	return 0;
}

void store_arrange(struct store *store, const size_t places[STORE_LISTS_MAX])
{
	struct store_source lists[STORE_LISTS_MAX] = {0};

	for (size_t i = 0; i < STORE_LISTS_MAX; i++) {
		if (places[i] >= STORE_LISTS_MAX)
			continue;
		lists[i] = store->lists[places[i]];
		store->lists[places[i]] = (struct store_source){0};
	}
	for (size_t i = 0; i < STORE_LISTS_MAX; i++)
		close_source(&store->lists[i]);
	memcpy(store->lists, lists, sizeof(lists));
	forget_table(store);
}

static int stamp_anew(struct store_source *source, int64_t max_age_ns)
{
	int err = 0;

	for (size_t kind = 0; kind < REGISTRY_KINDS; kind++) {
		struct stamp *old = source->stamps[kind], *stamp;
		struct records_list list = {0};

		if (!old)
			continue;
		list.as_of_utc_ns = old->list.as_of_utc_ns;
		list.received_utc_ns = old->list.received_utc_ns;
		snprintf(list.version, sizeof(list.version), "%s", old->version);
		stamp = stamp_new(&list, max_age_ns);
		if (stamp)
			source->stamps[kind] = stamp;
		if (stamp)
			stamp_release(old);
		else
			err = -ENOMEM;
	}
	return err;
}

int store_limit(struct store *store, int64_t limit_bytes, int64_t max_age_ns)
{
	struct store_source *source;
	int err = 0;

	store->limit_bytes = limit_bytes;
	if (store->stream.records)
		err = records_limit(store->stream.records, limit_bytes);
	if (max_age_ns == store->max_age_ns)
		return err;
	store->max_age_ns = max_age_ns;
	for (size_t i = 0; (source = store_source(store, i)); i++)
		err = stamp_anew(source, max_age_ns) < 0 ? -ENOMEM : err;
	forget_table(store);
	return err;
}

/* ---- the stream ---------------------------------------------------------------------- */

static int begin(struct store *store)
{
	int err = store->writing ? 0 : records_begin(store->stream.records);

	store->writing = err == 0;
	return err;
}

static void changed(struct store *store, enum registry_kind kind)
{
	if (kind == REGISTRY_ARRANGEMENT || kind == REGISTRY_GROUP)
		forget_table(store);
}

/* The stream's records of this kind are as of now, when the last of them came. */
static int stamp_stream(struct store *store, enum registry_kind kind, const char *version,
			int64_t now_utc_ns)
{
	struct stamp *old = store->stream.stamps[kind];
	struct records_list list = {.as_of_utc_ns = now_utc_ns,
				    .received_utc_ns = now_utc_ns,
				    .trust = trust_sum(store->trust)};
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
	changed(store, kind);
	return 0;
}

struct held {
	int64_t id, sum, signed_s;
	bool is_signed;
};

static bool note_held(void *data, const struct records_row *row)
{
	*(struct held *)data = (struct held){.id = row->id,
					     .sum = row->sum,
					     .signed_s = row->signed_s,
					     .is_signed = row->signer[0] != '\0'};
	return false;
}

/* What was signed is said when it was signed, however often it is repeated. */
static bool follows(const struct held *held, const struct store_arrival *arrival,
		    struct registry_complaint *ret_complaint)
{
	if (!arrival->word || arrival->word->signed_s >= held->signed_s)
		return true;
	snprintf(ret_complaint->text, sizeof(ret_complaint->text),
		 "was signed before the one that is held: an older one cannot follow it");
	return false;
}

/* The keeper's own word, or one of before its removal that somebody kept. 0, -EINVAL: the complaint says why. */
static int outlives_removal(struct store *store, enum registry_kind kind, const char *key,
			    const struct store_arrival *arrival,
			    struct registry_complaint *ret_complaint)
{
	int64_t removed_s;
	int err = records_removal(store->stream.records, kind, key, &removed_s);

	if (err < 0)
		return err == -ENOENT ? 0 : err;
	if (arrival->word->signed_s > removed_s)
		return 0;
	snprintf(ret_complaint->text, sizeof(ret_complaint->text),
		 "was signed before its removal was: an older one cannot follow it");
	return -EINVAL;
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

static bool is_signed(const struct store_arrival *arrival)
{
	return arrival->word && arrival->word->rules;
}

static int64_t heard_at(struct store *store, const struct store_arrival *arrival)
{
	if (is_signed(arrival))
		return arrival->word->signed_s * NS_PER_S;
	if (arrival->at.clock != CLOCK_UNSYNCED)
		return arrival->at.utc_ns;
	store->undated = true;
	return RECORDS_UNDATED;
}

/* The same as it is held. Only who says it anew makes it younger. */
static int hear_again(struct store *store, enum registry_kind kind, const struct held *held,
		      const struct store_arrival *arrival)
{
	int err = stamp_stream(store, kind, NULL, arrival->at.utc_ns);

	if (err < 0 || arrival->retained || held->is_signed)
		return err < 0 ? err : 1;
	err = begin(store);
	if (err == 0) {
		err = records_hear(store->stream.records, held->id, heard_at(store, arrival));
		changed(store, kind);
	}
	return err < 0 ? err : 1;
}

static int put_record(struct store *store, const struct registry_record *record, int64_t sum,
		      const struct store_arrival *arrival)
{
	const struct records_signature signature = {
		.signer = is_signed(arrival) ? arrival->word->signer : "",
		.signed_s = is_signed(arrival) ? arrival->word->signed_s : 0};
	int err = begin(store);

	if (err == 0)
		err = records_put(store->stream.records, record, sum, heard_at(store, arrival),
				  &signature);
	if (err == 0)
		err = stamp_stream(store, record->kind, record->version, arrival->at.utc_ns);
	changed(store, record->kind);
	return err;
}

int store_hear(struct store *store, enum registry_kind kind, const char *key,
	       const struct store_arrival *arrival)
{
	struct held held = {0};
	int err;

	if (!store->stream.records)
		return -EIO;
	err = records_find(store->stream.records, kind, key, note_held, &held);
	if (err < 0)
		return err == -ENOENT ? 0 : err;
	return held.sum == arrival->sum ? hear_again(store, kind, &held, arrival) : 0;
}

int store_put(struct store *store, enum registry_kind kind, const char *key, const char *json,
	      size_t bytes, const struct store_arrival *arrival,
	      struct registry_complaint *ret_complaint)
{
	const struct trust_word none = {0}, *word = arrival->word ? arrival->word : &none;
	int64_t sum = arrival->sum ? arrival->sum : records_sum(json, bytes);
	struct registry_record *record = NULL;
	struct held held = {0};
	int err;

	if (!store->stream.records)
		return -EIO;
	err = records_find(store->stream.records, kind, key, note_held, &held);
	if (err == 0 && held.sum == sum)
		return hear_again(store, kind, &held, arrival);
	if (err == 0 || err == -ENOENT)
		err = read_record(kind, key, json, bytes, &record, ret_complaint);
	if (err < 0 || !record)
		return err;
	if (registry_is_ahead(record->as_of_utc_ns, registry_latest(&arrival->at))) {
		snprintf(ret_complaint->text, sizeof(ret_complaint->text), "%s", REGISTRY_AHEAD);
		err = -EINVAL;
	} else if (!trust_allows(store->trust, record, true, word, ret_complaint) ||
		   (is_signed(arrival) && !follows(&held, arrival, ret_complaint))) {
		err = -EINVAL;
	} else {
		err = is_signed(arrival)
			      ? outlives_removal(store, kind, key, arrival, ret_complaint)
			      : 0;
		if (err == 0)
			err = put_record(store, record, sum, arrival);
	}
	registry_record_free(record);
	return err;
}

int store_date(struct store *store, int64_t now_utc_ns)
{
	int err;

	if (!store->undated || !store->stream.records)
		return 0;
	err = begin(store);
	if (err == 0)
		err = records_date(store->stream.records, now_utc_ns);
	store->undated = err < 0;
	if (err == 0)
		forget_table(store);
	return err;
}

static int may_remove(struct store *store, enum registry_kind kind, const char *key,
		      const struct store_arrival *arrival, struct registry_complaint *ret_complaint)
{
	const struct trust_word none = {.lack = "nobody signed its removal"};
	struct held held = {0};
	int err;

	if (!trust_allows_removal(store->trust, kind, key, arrival->word ? arrival->word : &none,
				  ret_complaint))
		return -EINVAL;
	err = records_find(store->stream.records, kind, key, note_held, &held);
	if (err == 0 && is_signed(arrival) && !follows(&held, arrival, ret_complaint))
		return -EINVAL;
	return err == -ENOENT ? 0 : err;
}

int store_remove(struct store *store, enum registry_kind kind, const char *key,
		 const struct store_arrival *arrival, struct registry_complaint *ret_complaint)
{
	int err;

	if (!store->stream.records)
		return -EIO;
	err = may_remove(store, kind, key, arrival, ret_complaint);
	if (err < 0)
		return err;
	err = begin(store);
	if (err == 0 && is_signed(arrival))
		err = records_put_removal(store->stream.records, kind, key,
					  arrival->word->signed_s);
	if (err == 0)
		err = records_remove(store->stream.records, kind, key);
	if (err == 0 || err == -ENOENT)
		changed(store, kind);
	if (err == 0)
		err = stamp_stream(store, kind, NULL, arrival->at.utc_ns);
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
	struct instant now;
	int64_t *as_of; /* by record */
};

static struct registry_record **same_key(struct store_table *table,
					 const struct registry_record *record)
{
	for (size_t i = 0; i < table->record_count; i++)
		if (table->records[i]->kind == record->kind &&
		    strcmp(table->records[i]->key, record->key) == 0)
			return &table->records[i];
	return NULL;
}

static bool collect(void *data, const struct records_row *row)
{
	struct collection *collection = data;
	struct store_table *table = collection->table;
	struct registry_complaint complaint;
	struct registry_record *record;
	struct registry_record **slot;
	int64_t as_of_ns = store_as_of(collection->source, row, &collection->now);
	size_t i;

	if (!collection->source->stamps[row->kind])
		return true; /* its transaction was not finished */
	if (registry_record_read(row->kind, row->json, row->bytes, &record, &complaint) < 0)
		return true;
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
	table->lists[i] = store_edition(collection->source, row, record);
	return true;
}

static void fill_table(struct store_table *table)
{
	for (size_t i = 0; i < table->record_count; i++) {
		struct registry_record *record = table->records[i];

		if (record->kind == REGISTRY_ARRANGEMENT) {
			struct arrangement *arrangement =
				&table->arrangements[table->table.arrangement_count++];

			*arrangement = record->arrangement;
			arrangement->list = &table->lists[i];
		} else {
			struct group_member *member = &table->members[table->table.member_count++];

			*member = record->member;
			member->list = &table->lists[i];
		}
	}
	table->table.arrangements = table->arrangements;
	table->table.members = table->members;
}

/* Versions of lists are texts of theirs. */
static void hold_stamps(struct store_table *table, const struct store_source *source)
{
	static const enum registry_kind kinds[] = {REGISTRY_ARRANGEMENT, REGISTRY_GROUP};

	for (size_t i = 0; i < 2; i++)
		if (source->stamps[kinds[i]])
			table->stamps[table->stamp_count++] = stamp_hold(source->stamps[kinds[i]]);
}

static int read_all(struct store *store, struct collection *collection)
{
	int err = 0;

	for (size_t i = 0; err == 0 && (collection->source = store_source(store, i)); i++) {
		if (!collection->source->records)
			continue;
		err = records_each(collection->source->records, REGISTRY_ARRANGEMENT, collect,
				   collection);
		if (err == 0)
			err = records_each(collection->source->records, REGISTRY_GROUP, collect,
					   collection);
		hold_stamps(collection->table, collection->source);
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
	if (!table || !collection->as_of)
		return -ENOMEM;
	table->records = calloc(TABLE_MAX, sizeof(struct registry_record *));
	table->lists = calloc(TABLE_MAX, sizeof(table->lists[0]));
	return table->records && table->lists ? 0 : -ENOMEM;
}

static int make_arrays(struct store_table *table)
{
	size_t count = table->record_count + 1;
	struct registry_record **records =
		realloc(table->records, count * sizeof(struct registry_record *));

	struct registry_list *lists = realloc(table->lists, count * sizeof(lists[0]));

	if (records)
		table->records = records;
	if (lists)
		table->lists = lists;
	table->arrangements = calloc(count, sizeof(table->arrangements[0]));
	table->members = calloc(count, sizeof(table->members[0]));
	return table->arrangements && table->members ? 0 : -ENOMEM;
}

int store_table(struct store *store, struct store_table **ret_table)
{
	struct collection collection = {.now = clock_now()};
	int err = store->table ? 0 : allocate(&collection);

	if (!store->table) {
		if (err == 0)
			err = read_all(store, &collection);
		if (err == 0)
			err = make_arrays(collection.table);
		if (err == 0) {
			fill_table(collection.table);
			store->table = collection.table;
		} else {
			store_table_release(collection.table);
		}
	}
	free(collection.as_of);
	if (err == 0)
		*ret_table = store->table;
	return err;
}

void store_table_release(struct store_table *table)
{
	if (!table || atomic_fetch_sub(&table->users, 1) != 1)
		return;
	for (size_t i = 0; i < table->record_count; i++)
		registry_record_free(table->records[i]);
	for (size_t i = 0; i < table->stamp_count; i++)
		stamp_release(table->stamps[i]);
	free(table->records);
	free(table->arrangements);
	free(table->members);
	free(table->lists);
	free(table);
}
