#include "registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/registry/recognition_words.h"

void table_init(struct table *table)
{
	table->list = (struct registry_list){
		.version = "2026-03-01.1",
		.as_of_utc_ns = INT64_C(1772323200000000000),
		.received_utc_ns = INT64_C(1772323260000000000),
		.max_age_ns = INT64_MAX,
	};
}

struct table_answer {
	struct registry_answer answer;
	struct registry_list list;
	struct dossier dossiers[TABLE_CONSIGNMENTS];
	struct operator_record operators[TABLE_CONSIGNMENTS][TABLE_NUMBERS];
};

int table_ask(void *data, const struct registry_question *question)
{
	struct table *table = data;

	if (table->busy) {
		table->busy--;
		return -EAGAIN;
	}
	if (table->question_count == TABLE_QUESTIONS)
		return -EAGAIN;
	table->questions[table->question_count++] = *question;
	return 0;
}

const char *table_keep(struct table_consignment *row, const char *text)
{
	char *kept = row->texts[row->text_count++];

	snprintf(kept, sizeof(row->texts[0]), "%s", text);
	return kept;
}

static void table_number(struct table_consignment *row, enum identifier_kind kind, const char *raw,
			 struct declared_number *ret_number)
{
	char text[IDENTIFIER_BYTES];

	ret_number->kind = kind;
	ret_number->verdict = identifier_read(kind, raw, strlen(raw), text);
	ret_number->text = table_keep(row, text);
}

static void table_seal(struct table_consignment *row, char *value)
{
	struct declared_seal *seal =
		(struct declared_seal *)&row->seals[row->consignment.seal_count++];
	char *by = strchr(value, '/'), *at = by ? strchr(by + 1, '/') : NULL;

	if (by)
		*by = '\0';
	if (at)
		*at = '\0';
	seal->number = table_keep(row, value);
	seal->affixed_by = by ? table_keep(row, by + 1) : NULL;
	seal->affixed_utc_ns = at ? strtoll(at + 1, NULL, 10) * INT64_C(1000000000) : INT64_MIN;
	if (row->consignment.container_count)
		seal->container = row->containers[row->consignment.container_count - 1].text;
}

static void table_party(struct table_consignment *row, const char *value)
{
	char role[32], state[8], scheme[16], number[32];
	struct party *party = &row->parties[row->consignment.party_count++];
	unsigned i;

	if (sscanf(value, "%31[^:]:%7[^:]:%15[^:]:%31s", role, state, scheme, number) != 4)
		exit(2);
	for (i = 0; i < AEO_ROLES; i++)
		if (strcmp(aeo_role_name((enum aeo_role)(1u << i)), role) == 0)
			party->role = (enum aeo_role)(1u << i);
	party->state = table_keep(row, state);
	party->scheme = table_keep(row, scheme);
	party->number = table_keep(row, number);
}

static void table_stop(struct table_consignment *row, char *value)
{
	struct itinerary_stop *stop = &row->stops[row->consignment.stop_count++];
	int from_h, from_min, until_h, until_min;
	char *window = strchr(value, '@'), *dwell = strchr(value, '/');

	*stop = (struct itinerary_stop){
		.from_utc_ns = INT64_MIN, .until_utc_ns = INT64_MAX, .dwell_ns = INT64_MAX};
	if (window && sscanf(window, "@%d:%d-%d:%d", &from_h, &from_min, &until_h, &until_min) != 4)
		exit(2);
	if (window) {
		stop->from_utc_ns = TABLE_DAY_NS + (from_h * 60 + from_min) * TABLE_MINUTE_NS;
		stop->until_utc_ns = TABLE_DAY_NS + (until_h * 60 + until_min) * TABLE_MINUTE_NS;
	}
	if (dwell)
		stop->dwell_ns = atoi(dwell + 1) * TABLE_MINUTE_NS;
	value[strcspn(value, "@/")] = '\0';
	stop->checkpoint = table_keep(row, value);
}

static void table_part(struct table_consignment *row, char *part)
{
	struct consignment *consignment = &row->consignment;
	char *value = strchr(part, '=') + 1, *number;
	enum identifier_kind kind;

	if (strncmp(part, "document=", 9) == 0) {
		number = strchr(value, ':');
		*number++ = '\0';
		if (!identifier_kind_by_name(value, &kind))
			exit(2);
		table_number(row, kind, number, &row->documents[consignment->document_count++]);
	} else if (strncmp(part, "container=", 10) == 0) {
		table_number(row, IDENTIFIER_CONTAINER, value,
			     &row->containers[consignment->container_count++]);
	} else if (strncmp(part, "mass=", 5) == 0) {
		consignment->gross_mass_g = (int64_t)(strtod(part + 5, NULL) * 1000);
	} else if (strncmp(part, "tare=", 5) == 0) {
		consignment->tare_g = (int64_t)(strtod(part + 5, NULL) * 1000);
	} else if (strncmp(part, "plate=", 6) == 0) {
		row->vehicles[consignment->vehicle_count++] = table_keep(row, value);
	} else if (strncmp(part, "seal=", 5) == 0) {
		table_seal(row, value);
	} else if (strncmp(part, "stop=", 5) == 0) {
		table_stop(row, value);
	} else {
		table_party(row, value);
	}
}

void table_consignment(struct table *table, char *line)
{
	struct table_consignment *row = &table->consignments[table->consignment_count++];
	char *save = NULL, *part = strtok_r(line, " \n", &save);
	unsigned i;

	*row = (struct table_consignment){.consignment = {.documents = row->documents,
							  .containers = row->containers,
							  .vehicles = row->vehicles,
							  .seals = row->seals,
							  .parties = row->parties,
							  .stops = row->stops,
							  .as_of_utc_ns = table->list.as_of_utc_ns,
							  .version = "1"}};
	row->consignment.ucr = table_keep(row, part);
	part = strtok_r(NULL, " \n", &save);
	for (i = 0; i < 3; i++)
		if (strcmp(customs_flow_name((enum customs_flow)(1u << i)), part) == 0)
			row->consignment.flow = (enum customs_flow)(1u << i);
	while ((part = strtok_r(NULL, " \n", &save)))
		table_part(row, part);
}

void table_aeo(struct table *table, const char *line)
{
	struct table_aeo *row = &table->aeos[table->aeo_count++];
	char role[32], status[16];

	if (sscanf(line, "%31s %31s %31s %31s %31s %15s", row->texts[0], row->texts[1],
		   row->texts[2], row->texts[3], role, status) != 6)
		exit(2);
	row->history[0].from_utc_ns = INT64_C(1700000000000000000);
	row->history[0].status = AEO_ACTIVE;
	if (strcmp(status, "suspended") == 0)
		row->history[0].status = AEO_SUSPENDED;
	if (strcmp(status, "revoked") == 0)
		row->history[0].status = AEO_REVOKED;
	row->authorisation = (struct aeo_authorisation){
		.state = row->texts[0],
		.scheme = row->texts[1],
		.number = row->texts[2],
		.type = row->texts[3],
		.roles = AEO_ANY_ROLE,
		.history = row->history,
		.history_count = 1,
		.valid = {INT64_MIN, strcmp(status, "expired") == 0 ? TABLE_DAY_NS : INT64_MAX},
		.consents = strcmp(status, "withholds") != 0,
		.list = &table->list,
	};
}

void table_arrangement(struct table *table, const char *line)
{
	char(*texts)[32] = table->arrangement_texts[table->arrangement_count];
	struct arrangement *row = &table->arrangements[table->arrangement_count++];
	char status[16];

	if (sscanf(line, "%31s %31s %31s %15s", texts[0], texts[1], texts[2], status) != 4)
		exit(2);
	*row = (struct arrangement){
		.id = texts[0],
		.party_a = texts[1],
		.party_b = texts[2],
		.direction = ARRANGEMENT_BOTH,
		.flows = FLOW_ANY,
		.types_a = "*",
		.types_b = "*",
		.roles = AEO_ANY_ROLE,
		.benefits = BENEFIT_PRIORITY_LANE | BENEFIT_FEWER_INSPECTIONS,
		.status =
			strcmp(status, "in_force") == 0 ? ARRANGEMENT_IN_FORCE : ARRANGEMENT_SIGNED,
		.in_force = {INT64_MIN, INT64_MAX},
		.list = &table->list,
	};
}

static bool table_is_document(const char *declared, const char *read)
{
	char one[IDENTIFIER_BYTES], other[IDENTIFIER_BYTES];

	identifier_bare(declared, one);
	identifier_bare(read, other);
	return strcmp(one, other) == 0;
}

static bool table_has(const struct consignment *consignment, enum registry_key key,
		      const char *text)
{
	size_t i;

	for (i = 0; key == KEY_SEAL && i < consignment->seal_count; i++)
		if (strcmp(consignment->seals[i].number, text) == 0)
			return true;
	for (i = 0; key == KEY_CONTAINER && i < consignment->container_count; i++)
		if (strcmp(consignment->containers[i].text, text) == 0)
			return true;
	for (i = 0; key == KEY_PLATE && i < consignment->vehicle_count; i++)
		if (strcmp(consignment->vehicles[i], text) == 0)
			return true;
	for (i = 0; key == KEY_DOCUMENT && i < consignment->document_count; i++)
		if (table_is_document(consignment->documents[i].text, text))
			return true;
	if (key == KEY_DOCUMENT && table_is_document(consignment->ucr, text))
		return true;
	return key == KEY_UCR && strcmp(consignment->ucr, text) == 0;
}

static void table_free(struct registry_answer *answer)
{
	free(answer);
}

static void table_operators(const struct table *table, const struct consignment *consignment,
			    struct operator_record *operators)
{
	size_t i, k;

	for (i = 0; i < consignment->party_count; i++) {
		operators[i].searched = &table->list;
		for (k = 0; k < table->aeo_count; k++)
			if (strcmp(table->aeos[k].texts[2], consignment->parties[i].number) == 0) {
				operators[i].authorisations = &table->aeos[k].authorisation;
				operators[i].authorisation_count = 1;
			}
	}
}

struct registry_answer *table_answer(const struct table *table,
				     const struct registry_question *question, bool failed)
{
	struct table_answer *block = calloc(1, sizeof(*block));
	struct registry_answer *answer = &block->answer;
	size_t i;

	answer->tag = question->tag;
	answer->key = question->key;
	memcpy(answer->text, question->text, sizeof(answer->text));
	answer->free = table_free;
	answer->dossiers = block->dossiers;
	block->list = table->list; /* goes with the answer, as a list may that was replaced */
	answer->consignments = &block->list;
	answer->arrangements = (struct arrangement_table){
		.arrangements = table->arrangements, .arrangement_count = table->arrangement_count};
	if (failed) {
		answer->outcome = REGISTRY_FAILED;
		return answer;
	}
	for (i = 0; i < table->consignment_count; i++) {
		const struct consignment *consignment = &table->consignments[i].consignment;
		size_t n = answer->dossier_count;

		if (!table_has(consignment, question->key, question->text))
			continue;
		answer->found++;
		if (table->most && n == table->most)
			continue;
		table_operators(table, consignment, block->operators[n]);
		block->dossiers[n] = (struct dossier){.consignment = consignment,
						      .operators = block->operators[n]};
		answer->dossier_count++;
	}
	return answer;
}
