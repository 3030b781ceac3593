/* An answer of the registry: what was found, and all that recognition needs beside it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/store.h"

/* A consignment with its operators. Of each party one authorisation counts: the one that it claims, or
 * the nearest to recognition of those that its TIN has here. */
struct bundle {
	struct registry_record *record;
	struct store_source *source; /* only while the answer is made */
	int64_t as_of_utc_ns;
	struct operator_record operators[CONSIGNMENT_PARTIES];
	struct aeo_authorisation held[CONSIGNMENT_PARTIES];
	struct registry_record *held_records[CONSIGNMENT_PARTIES]; /* NULL: none */
	struct registry_list edition, held_editions[CONSIGNMENT_PARTIES];
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
	const char *state; /* who asks is of; only while the answer is made */
};

static void free_bundle(struct bundle *bundle)
{
	for (size_t i = 0; i < CONSIGNMENT_PARTIES; i++)
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
	struct store *store;
	struct store_source *source;
	struct bundle *bundle;
	size_t party; /* whose authorisation is looked for */
	int64_t held_as_of_utc_ns;
	enum recognition_reason held_reason;
	int err;
};

static int64_t as_of(const struct search *search, const struct records_row *row)
{
	return store_as_of(search->source, row, &search->full->now);
}

static int read_row(const struct records_row *row, struct registry_record **ret_record)
{
	struct registry_complaint complaint;

	return registry_record_read(row->kind, row->json, row->bytes, ret_record, &complaint) < 0
		       ? -EUCLEAN
		       : 0;
}

static void hold(struct search *search, struct registry_record *record,
		 const struct registry_list *edition)
{
	struct bundle *bundle = search->bundle;
	size_t i = search->party;

	registry_record_free(bundle->held_records[i]);
	bundle->held_records[i] = record;
	bundle->held_editions[i] = *edition;
	bundle->held[i] = record->aeo;
	bundle->held[i].list = &bundle->held_editions[i];
	(void)refer(search->full, search->source->stamps[REGISTRY_AEO]); /* has its version */
}

/* That of the claim: the newest. */
static bool found_claimed(void *data, const struct records_row *row)
{
	struct search *search = data;
	struct registry_record **held = &search->bundle->held_records[search->party];
	struct registry_list edition;
	struct registry_record *record;

	if (*held && search->held_as_of_utc_ns >= as_of(search, row))
		return true;
	search->err = read_row(row, &record);
	if (search->err < 0)
		return false;
	search->held_as_of_utc_ns = as_of(search, row);
	edition = store_edition(search->source, row, record);
	hold(search, record, &edition);
	return true;
}

static bool note_as_of(void *data, const struct records_row *row)
{
	struct search *search = data;

	search->held_as_of_utc_ns = as_of(search, row);
	return false;
}

/* No other source has a newer record of that key, which may have another TIN. */
static bool is_right(const struct search *search, const struct records_row *row)
{
	const int64_t as_of_utc_ns = as_of(search, row);
	struct search other = {.full = search->full};
	bool behind = false; /* the source of this one, which yields to those before it */

	for (size_t i = 0; (other.source = store_source(search->store, i)); i++) {
		if (other.source == search->source) {
			behind = true;
			continue;
		}
		if (!other.source->stamps[REGISTRY_AEO] ||
		    records_find(other.source->records, REGISTRY_AEO, row->key, note_as_of,
				 &other) < 0)
			continue;
		if (other.held_as_of_utc_ns > as_of_utc_ns ||
		    (!behind && other.held_as_of_utc_ns == as_of_utc_ns))
			return false;
	}
	return true;
}

/* As for the lane: NOT_LISTED where it is of another state. */
static enum recognition_reason judge(const struct search *search, struct aeo_authorisation *held,
				     const struct registry_list *edition)
{
	const struct consignment *consignment = &search->bundle->record->consignment;
	const struct arrangement_table none = {0};
	const struct recognition_query query = {
		.authorisations = held,
		.authorisation_count = 1,
		.searched = edition,
		.only_state = search->full->state,
		.role = consignment->parties[search->party].role,
		.flow = consignment->flow,
		.state = search->full->state,
		.at_utc_ns = search->full->now.utc_ns,
		.clock = search->full->now.clock,
	};

	held->list = edition;
	return recognition_decide(&query, &none).reason;
}

static bool is_nearer(const struct search *search, enum recognition_reason reason, const char *key)
{
	const struct registry_record *held = search->bundle->held_records[search->party];

	if (!held || reason != search->held_reason)
		return !held || reason < search->held_reason;
	return strcmp(key, held->key) < 0;
}

/* One of those that a TIN has: the nearest to recognition, however many there are. */
static bool found_by_tin(void *data, const struct records_row *row)
{
	struct search *search = data;
	enum recognition_reason reason;
	struct registry_record *record;
	struct registry_list edition;

	if (row->kind != REGISTRY_AEO || !is_right(search, row))
		return true;
	search->err = read_row(row, &record);
	if (search->err < 0)
		return false;
	edition = store_edition(search->source, row, record);
	reason = judge(search, &record->aeo, &edition);
	if (reason >= BECAUSE_NOT_LISTED || !is_nearer(search, reason, record->key)) {
		registry_record_free(record);
		return true;
	}
	search->held_reason = reason;
	hold(search, record, &edition);
	return true;
}

/* A claim stands or falls by the number that is claimed, whatever else its TIN has. */
static int search_operator(struct search *search)
{
	const struct party *party = &search->bundle->record->consignment.parties[search->party];
	char key[REGISTRY_KEY_BYTES];
	bool claims = registry_party_key(party, key) == 0;
	int err = 0;

	for (size_t i = 0; err == 0 && (search->source = store_source(search->store, i)); i++) {
		struct records *records =
			search->source->stamps[REGISTRY_AEO] ? search->source->records : NULL;

		if (records && claims)
			err = records_find(records, REGISTRY_AEO, key, found_claimed, search);
		if (err == -ENOENT)
			err = 0;
		if (err == 0 && records && !claims && party->tin)
			err = records_search(records, RECORDS_BY_TIN, party->tin, found_by_tin,
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
		struct search search = {.full = full, .store = store, .bundle = bundle, .party = i};

		err = search_operator(&search);
		bundle->operators[i] = (struct operator_record){
			.authorisations = &bundle->held[i],
			.authorisation_count = bundle->held_records[i] ? 1 : 0,
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
	struct bundle *bundle;

	if (slot && (*slot)->source == search->source)
		return true; /* by another of its numbers */
	if (!slot)
		full->answer.found++;
	if (slot ? (*slot)->as_of_utc_ns >= as_of(search, row)
		 : full->bundle_count == REGISTRY_ANSWERS_MAX)
		return true;
	bundle = malloc(sizeof(*bundle));
	search->err = bundle ? read_row(row, &bundle->record) : -ENOMEM;
	if (search->err < 0) {
		free(bundle);
		return false;
	}
	memset(bundle->held_records, 0, sizeof(bundle->held_records));
	bundle->source = search->source;
	bundle->as_of_utc_ns = as_of(search, row);
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
	struct search search = {.full = full, .store = store};
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

static bool has_document(const struct consignment *consignment, const char *text)
{
	for (size_t i = 0; i < consignment->document_count; i++)
		if (strcmp(consignment->documents[i].text, text) == 0)
			return true;
	return strcmp(consignment->ucr, text) == 0;
}

/* What is declared as it was read is meant, and not what is written otherwise. */
static void prefer_as_read(struct full_answer *full)
{
	struct bundle *bundles[REGISTRY_ANSWERS_MAX];
	size_t same = 0, other = REGISTRY_ANSWERS_MAX;

	for (size_t i = 0; i < full->bundle_count; i++) {
		struct bundle *bundle = full->bundles[i];

		if (has_document(&bundle->record->consignment, full->answer.text))
			bundles[same++] = bundle;
		else
			bundles[--other] = bundle;
	}
	if (same == 0)
		return;
	for (size_t i = other; i < REGISTRY_ANSWERS_MAX; i++)
		free_bundle(bundles[i]);
	memcpy(full->bundles, bundles, same * sizeof(struct bundle *));
	full->answer.found -= REGISTRY_ANSWERS_MAX - other;
	full->bundle_count = same;
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

	if (err == 0 && full->answer.key == KEY_DOCUMENT)
		prefer_as_read(full);
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
	full->state = question->state;
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
