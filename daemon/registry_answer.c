/* An answer of the registry: what was found, and all that recognition needs beside it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_store.h"

#define HELD_MAX 4 /* authorisations of one operator */

/* A consignment with its operators. */
struct folder {
	struct registry_record *record;
	struct store_source *source; /* only while the answer is made */
	int64_t as_of_utc_ns;
	struct operator_record operators[CONSIGNMENT_PARTIES];
	struct aeo_authorisation held[CONSIGNMENT_PARTIES * HELD_MAX];
	struct registry_record *held_records[CONSIGNMENT_PARTIES * HELD_MAX];
	size_t held_count;
};

struct full_answer {
	struct registry_answer answer; /* first: the one is cast to the other */
	struct dossier dossiers[REGISTRY_ANSWERS_MAX];
	struct folder *folders[REGISTRY_ANSWERS_MAX];
	size_t folder_count;
	struct stamp *stamps[2 * REGISTRY_KINDS * (1 + STORE_LISTS_MAX)];
	size_t stamp_count;
	struct store_table *table;
};

static void free_folder(struct folder *folder)
{
	size_t i;

	for (i = 0; i < folder->held_count; i++)
		registry_record_free(folder->held_records[i]);
	registry_record_free(folder->record);
	free(folder);
}

static void free_full(struct registry_answer *answer)
{
	struct full_answer *full = (struct full_answer *)(void *)answer;
	size_t i;

	for (i = 0; i < full->folder_count; i++)
		free_folder(full->folders[i]);
	for (i = 0; i < full->stamp_count; i++)
		stamp_release(full->stamps[i]);
	store_table_release(full->table);
	free(full);
}

static const struct registry_list *refer(struct full_answer *full, struct stamp *stamp)
{
	size_t i;

	if (!stamp)
		return NULL;
	for (i = 0; i < full->stamp_count; i++)
		if (full->stamps[i] == stamp)
			return &stamp->list;
	full->stamps[full->stamp_count++] = stamp_hold(stamp);
	return &stamp->list;
}

static int64_t as_of(const struct store_source *source, const struct records_row *row)
{
	const struct stamp *stamp = source->stamps[row->kind];

	if (row->as_of_utc_ns != INT64_MIN || !stamp)
		return row->as_of_utc_ns;
	return stamp->list.as_of_utc_ns;
}

/* ---- operators ----------------------------------------------------------------------- */

struct search {
	struct full_answer *full;
	struct store_source *source;
	struct folder *folder;
	struct operator_record *operator; /* being filled */
	size_t first; /* of it in folder->held */
	int64_t held_as_of[HELD_MAX];
	int err;
};

static void put_held(struct search *search, size_t at, struct registry_record *record, int64_t when)
{
	struct folder *folder = search->folder;
	size_t i = search->first + at;

	if (i == folder->held_count)
		folder->held_count++;
	else
		registry_record_free(folder->held_records[i]);
	folder->held_records[i] = record;
	folder->held[i] = record->aeo;
	folder->held[i].list = refer(search->full, search->source->stamps[REGISTRY_AEO]);
	search->held_as_of[at] = when;
}

static bool found_held(void *data, const struct records_row *row)
{
	struct search *search = data;
	size_t count = search->folder->held_count - search->first;
	struct registry_complaint complaint;
	struct registry_record *record;
	size_t i;

	if (row->kind != REGISTRY_AEO)
		return true;
	for (i = 0; i < count; i++)
		if (strcmp(search->folder->held_records[search->first + i]->key, row->key) == 0)
			break;
	if (i == HELD_MAX || (i < count && search->held_as_of[i] >= as_of(search->source, row)))
		return true;
	if (registry_record_read(row->kind, row->json, row->bytes, &record, &complaint) < 0)
		search->err = -EUCLEAN;
	else
		put_held(search, i, record, as_of(search->source, row));
	return true;
}

static int search_operator(struct store *store, struct search *search, const struct party *party)
{
	char key[REGISTRY_KEY_BYTES];
	bool claims = registry_party_key(party, key) == 0;
	int err = 0;
	size_t i;

	for (i = 0; err == 0 && (search->source = store_source(store, i)); i++) {
		struct records *records =
			search->source->stamps[REGISTRY_AEO] ? search->source->records : NULL;

		if (records && claims)
			err = records_find(records, REGISTRY_AEO, key, found_held, search);
		if (err == -ENOENT)
			err = 0;
		if (err == 0 && records && party->tin)
			err = records_search(records, RECORDS_BY_TIN, party->tin, found_held,
					     search);
	}
	return err < 0 ? err : search->err;
}

static int add_operators(struct store *store, struct full_answer *full, struct folder *folder)
{
	const struct consignment *consignment = &folder->record->consignment;
	struct stamp *searched = store_stamp(store, REGISTRY_AEO);
	size_t i;
	int err = 0;

	for (i = 0; err == 0 && i < consignment->party_count; i++) {
		struct search search = {
			.full = full, .folder = folder, .first = folder->held_count};

		err = search_operator(store, &search, &consignment->parties[i]);
		folder->operators[i] = (struct operator_record){
			.authorisations = &folder->held[search.first],
			.authorisation_count = folder->held_count - search.first,
			.searched = refer(full, searched),
		};
	}
	return err;
}

/* ---- consignments -------------------------------------------------------------------- */

static struct folder **same_key(struct full_answer *full, const char *key)
{
	size_t i;

	for (i = 0; i < full->folder_count; i++)
		if (strcmp(full->folders[i]->record->key, key) == 0)
			return &full->folders[i];
	return NULL;
}

static bool found_consignment(void *data, const struct records_row *row)
{
	struct search *search = data;
	struct full_answer *full = search->full;
	struct folder **slot = same_key(full, row->key);
	struct registry_complaint complaint;
	struct folder *folder;

	if (!slot)
		full->answer.found++;
	if (slot ? (*slot)->as_of_utc_ns >= as_of(search->source, row)
		 : full->folder_count == REGISTRY_ANSWERS_MAX)
		return true;
	folder = calloc(1, sizeof(*folder));
	if (!folder || registry_record_read(row->kind, row->json, row->bytes, &folder->record,
					    &complaint) < 0) {
		search->err = folder ? -EUCLEAN : -ENOMEM;
		free(folder);
		return false;
	}
	folder->source = search->source;
	folder->as_of_utc_ns = as_of(search->source, row);
	if (slot) {
		free_folder(*slot);
		*slot = folder;
	} else {
		full->folders[full->folder_count++] = folder;
	}
	return true;
}

static int search_consignments(struct store *store, struct full_answer *full)
{
	struct search search = {.full = full};
	int err = store->stream.records ? 0 : -EIO;
	size_t i;

	for (i = 0; err == 0 && (search.source = store_source(store, i)); i++)
		if (search.source->stamps[REGISTRY_CONSIGNMENT])
			err = records_search(search.source->records, (int)full->answer.key,
					     full->answer.text, found_consignment, &search);
	return err < 0 ? err : search.err;
}

static int fill_dossier(struct store *store, struct full_answer *full, size_t i)
{
	struct folder *folder = full->folders[i];
	struct stamp *stamp = folder->source->stamps[REGISTRY_CONSIGNMENT];
	const struct registry_list *list = refer(full, stamp);
	int err = add_operators(store, full, folder);

	if (!folder->record->consignment.version && list)
		folder->record->consignment.version = list->version;
	if (folder->record->consignment.as_of_utc_ns == INT64_MIN)
		folder->record->consignment.as_of_utc_ns = folder->as_of_utc_ns;
	if (i == 0)
		full->answer.consignments = list;
	full->dossiers[i] = (struct dossier){
		.consignment = &folder->record->consignment,
		.operators = folder->operators,
	};
	return err;
}

static int fill_answer(struct store *store, struct full_answer *full)
{
	int err = search_consignments(store, full);
	size_t i;

	for (i = 0; err == 0 && i < full->folder_count; i++)
		err = fill_dossier(store, full, i);
	if (err == 0 && full->folder_count == 0)
		full->answer.consignments = refer(full, store_stamp(store, REGISTRY_CONSIGNMENT));
	if (err == 0)
		err = store_table(store, &full->table);
	if (err < 0) {
		full->table = NULL;
		return err;
	}
	atomic_fetch_add(&full->table->users, 1);
	full->answer.dossier_count = full->folder_count;
	full->answer.arrangements = full->table->table;
	return 0;
}

struct registry_answer *store_answer(struct store *store, const struct registry_question *question,
				     int *ret_err)
{
	struct full_answer *full = calloc(1, sizeof(*full));

	*ret_err = 0;
	if (!full)
		return NULL;
	full->answer = (struct registry_answer){
		.tag = question->tag,
		.key = question->key,
		.dossiers = full->dossiers,
		.free = free_full,
	};
	memcpy(full->answer.text, question->text, sizeof(full->answer.text));
	*ret_err = fill_answer(store, full);
	if (*ret_err < 0) {
		full->answer.outcome = REGISTRY_FAILED;
		full->answer.found = 0;
		full->answer.consignments = NULL;
	}
	return &full->answer;
}
