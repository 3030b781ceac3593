/* An answer of the registry: what was found, and all that recognition needs beside it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/store.h"

#define HELD_MAX 4 /* authorisations that are looked at of an operator that claims none */

/* A consignment with its operators. */
struct bundle {
	struct registry_record *record;
	struct store_source *source; /* only while the answer is made */
	int64_t as_of_utc_ns;
	struct operator_record operators[CONSIGNMENT_PARTIES];
	struct aeo_authorisation held[CONSIGNMENT_PARTIES * HELD_MAX];
	struct registry_record *held_records[CONSIGNMENT_PARTIES * HELD_MAX];
	struct registry_list edition, held_editions[CONSIGNMENT_PARTIES * HELD_MAX];
	size_t held_count;
};

struct full_answer {
	struct registry_answer answer; /* first: the one is cast to the other */
	struct dossier dossiers[REGISTRY_ANSWERS_MAX];
	struct bundle *bundles[REGISTRY_ANSWERS_MAX];
	size_t bundle_count;
	struct stamp *stamps[2 * REGISTRY_KINDS * (1 + STORE_LISTS_MAX)];
	size_t stamp_count;
	struct store_table *table;
	struct instant now;
};

static void free_bundle(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->held_count; i++)
		registry_record_free(bundle->held_records[i]);
	registry_record_free(bundle->record);
	free(bundle);
}

static void free_full(struct registry_answer *answer)
{
	struct full_answer *full = (struct full_answer *)(void *)answer;

	for (size_t i = 0; i < full->bundle_count; i++)
		free_bundle(full->bundles[i]);
	for (size_t i = 0; i < full->stamp_count; i++)
		stamp_release(full->stamps[i]);
	store_table_release(full->table);
	free(full);
}

static const struct registry_list *refer(struct full_answer *full, struct stamp *stamp)
{
	if (!stamp)
		return NULL;
	for (size_t i = 0; i < full->stamp_count; i++)
		if (full->stamps[i] == stamp)
			return &stamp->list;
	full->stamps[full->stamp_count++] = stamp_hold(stamp);
	return &stamp->list;
}

/* ---- operators ----------------------------------------------------------------------- */

struct search {
	struct full_answer *full;
	struct instant now;
	struct store_source *source;
	struct bundle *bundle;
	struct operator_record *operator; /* being filled */
	size_t first; /* authorisation of this operator in bundle->held */
	int64_t held_as_of[HELD_MAX];
	int err;
};

static void put_held(struct search *search, size_t at, struct registry_record *record,
		     const struct records_row *row)
{
	struct bundle *bundle = search->bundle;
	size_t i = search->first + at;

	if (i == bundle->held_count)
		bundle->held_count++;
	else
		registry_record_free(bundle->held_records[i]);
	bundle->held_records[i] = record;
	bundle->held[i] = record->aeo;
	bundle->held_editions[i] = store_edition(search->source, row, record);
	bundle->held[i].list = &bundle->held_editions[i];
	(void)refer(search->full, search->source->stamps[REGISTRY_AEO]); /* has its version */
	search->held_as_of[at] = store_as_of(search->source, row, &search->now);
}

static bool found_held(void *data, const struct records_row *row)
{
	struct search *search = data;
	size_t count = search->bundle->held_count - search->first;
	struct registry_complaint complaint;
	struct registry_record *record;
	size_t i;

	if (row->kind != REGISTRY_AEO)
		return true;
	for (i = 0; i < count; i++)
		if (strcmp(search->bundle->held_records[search->first + i]->key, row->key) == 0)
			break;
	if (i == HELD_MAX ||
	    (i < count && search->held_as_of[i] >= store_as_of(search->source, row, &search->now)))
		return true;
	if (registry_record_read(row->kind, row->json, row->bytes, &record, &complaint) < 0)
		search->err = -EUCLEAN;
	else
		put_held(search, i, record, row);
	return true;
}

/* A claim stands or falls by the number that is claimed, whatever else its TIN has. */
static int search_operator(struct store *store, struct search *search, const struct party *party)
{
	char key[REGISTRY_KEY_BYTES];
	bool claims = registry_party_key(party, key) == 0;
	int err = 0;

	for (size_t i = 0; err == 0 && (search->source = store_source(store, i)); i++) {
		struct records *records =
			search->source->stamps[REGISTRY_AEO] ? search->source->records : NULL;

		if (records && claims)
			err = records_find(records, REGISTRY_AEO, key, found_held, search);
		if (err == -ENOENT)
			err = 0;
		if (err == 0 && records && !claims && party->tin)
			err = records_search(records, RECORDS_BY_TIN, party->tin, found_held,
					     search);
	}
	return err < 0 ? err : search->err;
}

static int add_operators(struct store *store, struct full_answer *full, struct bundle *bundle)
{
	const struct consignment *consignment = &bundle->record->consignment;
	struct stamp *searched = store_stamp(store, REGISTRY_AEO);
	int err = 0;

	for (size_t i = 0; err == 0 && i < consignment->party_count; i++) {
		struct search search = {
			.full = full,
			.now = full->now,
			.bundle = bundle,
			.first = bundle->held_count,
		};

		err = search_operator(store, &search, &consignment->parties[i]);
		bundle->operators[i] = (struct operator_record){
			.authorisations = &bundle->held[search.first],
			.authorisation_count = bundle->held_count - search.first,
			.searched = refer(full, searched),
		};
	}
	return err;
}

/* ---- consignments -------------------------------------------------------------------- */

static struct bundle **same_key(struct full_answer *full, const char *key)
{
	for (size_t i = 0; i < full->bundle_count; i++)
		if (strcmp(full->bundles[i]->record->key, key) == 0)
			return &full->bundles[i];
	return NULL;
}

static bool found_consignment(void *data, const struct records_row *row)
{
	struct search *search = data;
	struct full_answer *full = search->full;
	struct bundle **slot = same_key(full, row->key);
	struct registry_complaint complaint;
	struct bundle *bundle;

	if (slot && (*slot)->source == search->source)
		return true; /* by another of its numbers */
	if (!slot)
		full->answer.found++;
	if (slot ? (*slot)->as_of_utc_ns >= store_as_of(search->source, row, &search->now)
		 : full->bundle_count == REGISTRY_ANSWERS_MAX)
		return true;
	bundle = malloc(sizeof(*bundle));
	if (!bundle || registry_record_read(row->kind, row->json, row->bytes, &bundle->record,
					    &complaint) < 0) {
		search->err = bundle ? -EUCLEAN : -ENOMEM;
		free(bundle);
		return false;
	}
	bundle->held_count = 0;
	bundle->source = search->source;
	bundle->as_of_utc_ns = store_as_of(search->source, row, &search->now);
	bundle->edition = store_edition(search->source, row, bundle->record);
	if (slot) {
		free_bundle(*slot);
		*slot = bundle;
	} else {
		full->bundles[full->bundle_count++] = bundle;
	}
	return true;
}

static int search_source(struct search *search, enum registry_key key, const char *text)
{
	return records_search(search->source->records, (int)key, text, found_consignment, search);
}

/* A document may be declared as any kind, a UCR too, and be written with hyphens or without. */
static int search_document(struct search *search, const char *text)
{
	char bare[IDENTIFIER_BYTES];
	int err = search_source(search, KEY_DOCUMENT, text);

	identifier_bare(text, bare);
	if (err == 0)
		err = search_source(search, KEY_UCR, text);
	if (err == 0 && bare[0] && strcmp(bare, text) != 0)
		err = search_source(search, KEY_DOCUMENT, bare);
	return err;
}

static int search_consignments(struct store *store, struct full_answer *full)
{
	struct search search = {.full = full, .now = full->now};
	int err = store->stream.records ? 0 : -EIO;

	for (size_t i = 0; err == 0 && (search.source = store_source(store, i)); i++) {
		if (!search.source->stamps[REGISTRY_CONSIGNMENT])
			continue;
		err = full->answer.key == KEY_DOCUMENT
			      ? search_document(&search, full->answer.text)
			      : search_source(&search, full->answer.key, full->answer.text);
	}
	return err < 0 ? err : search.err;
}

static int fill_dossier(struct store *store, struct full_answer *full, size_t i)
{
	struct bundle *bundle = full->bundles[i];
	int err = add_operators(store, full, bundle);

	(void)refer(full, bundle->source->stamps[REGISTRY_CONSIGNMENT]); /* has its version */
	bundle->record->consignment.version = bundle->edition.version;
	bundle->record->consignment.as_of_utc_ns = bundle->edition.as_of_utc_ns;
	if (i == 0)
		full->answer.consignments = &bundle->edition;
	full->dossiers[i] = (struct dossier){
		.consignment = &bundle->record->consignment,
		.list = &bundle->edition,
		.operators = bundle->operators,
	};
	return err;
}

static int fill_answer(struct store *store, struct full_answer *full)
{
	int err = search_consignments(store, full);

	for (size_t i = 0; err == 0 && i < full->bundle_count; i++)
		err = fill_dossier(store, full, i);
	if (err == 0 && full->bundle_count == 0)
		full->answer.consignments = refer(full, store_stamp(store, REGISTRY_CONSIGNMENT));
	if (err == 0)
		err = store_table(store, &full->table);
	if (err < 0) {
		full->table = NULL;
		return err;
	}
	atomic_fetch_add(&full->table->users, 1);
	full->answer.dossier_count = full->bundle_count;
	full->answer.arrangements = full->table->table;
	return 0;
}

struct registry_answer *store_answer(struct store *store, const struct registry_question *question,
				     const struct instant *now, int *ret_err)
{
	struct full_answer *full = malloc(sizeof(*full));

	*ret_err = 0;
	if (!full)
		return NULL;
	full->bundle_count = full->stamp_count = 0;
	full->table = NULL;
	full->now = *now;
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
