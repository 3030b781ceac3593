#include "registry_record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_record_shape.h"

#define STATUS_BYTES sizeof(struct aeo_status_change) /* of a history of one */

static const struct {
	const char *name;
	const struct shape *shape;
} kinds[REGISTRY_KINDS] = {
	[REGISTRY_CONSIGNMENT] = {"consignment", &consignment_shape},
	[REGISTRY_AEO] = {"aeo", &aeo_shape},
	[REGISTRY_ARRANGEMENT] = {"mra", &arrangement_shape},
	[REGISTRY_GROUP] = {"group", &group_shape},
};

const char *registry_kind_name(enum registry_kind kind)
{
	return kinds[kind].name;
}

const struct shape *registry_shape(enum registry_kind kind)
{
	return kinds[kind].shape;
}

bool registry_kind_by_name(const char *name, enum registry_kind *ret_kind)
{
	unsigned kind;

	for (kind = 0; kind < REGISTRY_KINDS; kind++)
		if (strcmp(kinds[kind].name, name) == 0) {
			*ret_kind = kind;
			return true;
		}
	return false;
}

/* ---- keys ---------------------------------------------------------------------------- */

static int join_key(char ret_key[REGISTRY_KEY_BYTES], const char *a, const char *b, const char *c)
{
	const int bytes = snprintf(ret_key, REGISTRY_KEY_BYTES, "%s%s%s%s%s", a, b ? ":" : "",
				   b ? b : "", c ? ":" : "", c ? c : "");

	return bytes < REGISTRY_KEY_BYTES ? 0 : -EINVAL;
}

int registry_party_key(const struct party *party, char ret_key[REGISTRY_KEY_BYTES])
{
	if (!party->state || !party->scheme || !party->number)
		return -EINVAL;
	return join_key(ret_key, party->state, party->scheme, party->number);
}

static int key_of(struct registry_record *record)
{
	switch (record->kind) {
	case REGISTRY_CONSIGNMENT:
		return join_key(record->key, record->consignment.ucr, NULL, NULL);
	case REGISTRY_AEO:
		return join_key(record->key, record->aeo.state, record->aeo.scheme,
				record->aeo.number);
	case REGISTRY_ARRANGEMENT:
		return join_key(record->key, record->arrangement.id, NULL, NULL);
	default:
		return join_key(record->key, record->member.group, record->member.state, NULL);
	}
}

static bool is_word(const char *text, size_t bytes, const char *characters, size_t most)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		if (!text[i] || !strchr(characters, text[i]))
			return false;
	return bytes > 0 && bytes <= most;
}

static bool is_state(const char *text, size_t bytes)
{
	return bytes == 2 && is_word(text, bytes, CAPITALS, 2);
}

static int aeo_key(const char *text, size_t bytes, char ret_key[REGISTRY_KEY_BYTES])
{
	const char *scheme = text + 3, *colon;
	char number[IDENTIFIER_BYTES];
	int length;

	if (bytes < 4 || !is_state(text, 2) || text[2] != ':')
		return -EINVAL;
	colon = memchr(scheme, ':', bytes - 3);
	if (!colon || !is_word(scheme, (size_t)(colon - scheme), SHAPE_WORD_CHARACTERS, 24))
		return -EINVAL;
	(void)shape_normalise_aeo(colon + 1, bytes - (size_t)(colon + 1 - text), number);
	if (!*number)
		return -EINVAL;
	length = snprintf(ret_key, REGISTRY_KEY_BYTES, "%.*s%s", (int)(colon + 1 - text), text,
			  number);
	return length < REGISTRY_KEY_BYTES ? 0 : -EINVAL;
}

static int group_key(const char *text, size_t bytes, char ret_key[REGISTRY_KEY_BYTES])
{
	const char *colon = memchr(text, ':', bytes);
	const size_t group = colon ? (size_t)(colon - text) : 0;

	if (!colon || !is_word(text, group, SHAPE_WORD_CHARACTERS, 24) ||
	    !is_state(colon + 1, bytes - group - 1))
		return -EINVAL;
	snprintf(ret_key, REGISTRY_KEY_BYTES, "%.*s", (int)bytes, text);
	return 0;
}

int registry_record_key(enum registry_kind kind, const char *text, size_t bytes,
			char ret_key[REGISTRY_KEY_BYTES])
{
	char ucr[IDENTIFIER_BYTES];

	switch (kind) {
	case REGISTRY_CONSIGNMENT:
		if (identifier_normalise(IDENTIFIER_UCR, text, bytes, ucr) != IDENTIFIER_GOOD)
			return -EINVAL;
		return join_key(ret_key, ucr, NULL, NULL);
	case REGISTRY_AEO:
		return aeo_key(text, bytes, ret_key);
	case REGISTRY_ARRANGEMENT:
		if (!is_word(text, bytes, SHAPE_NAME_CHARACTERS, 63))
			return -EINVAL;
		snprintf(ret_key, REGISTRY_KEY_BYTES, "%.*s", (int)bytes, text);
		return 0;
	default:
		return group_key(text, bytes, ret_key);
	}
}

void registry_record_keys(const struct registry_record *record, void *data,
			  void (*call)(void *data, enum registry_key key, const char *text))
{
	const struct consignment *consignment = &record->consignment;
	size_t i;

	if (record->kind != REGISTRY_CONSIGNMENT)
		return;
	call(data, KEY_UCR, consignment->ucr);
	for (i = 0; i < consignment->seal_count; i++)
		call(data, KEY_SEAL, consignment->seals[i].number);
	for (i = 0; i < consignment->container_count; i++)
		call(data, KEY_CONTAINER, consignment->containers[i].text);
	for (i = 0; i < consignment->vehicle_count; i++)
		call(data, KEY_PLATE, consignment->vehicles[i]);
	for (i = 0; i < consignment->document_count; i++)
		call(data, KEY_DOCUMENT, consignment->documents[i].text);
}

/* ---- reading --------------------------------------------------------------------------- */

/* Dates grow when they are written in full. */
static int check_size(struct shape_reader *reader, const struct registry_record *record)
{
	char *out = malloc(CONSIGNMENT_BYTES);
	int bytes;

	if (!out)
		return -ENOMEM;
	bytes = registry_record_write(record, out, CONSIGNMENT_BYTES);
	free(out);
	return bytes < 0 ? shape_complain(reader, "is too large") : 0;
}

static int fill(struct shape_reader *reader, json_t *value, size_t bytes,
		struct registry_record *record)
{
	int result = shape_read(reader, kinds[record->kind].shape, value, record);

	if (result == 0 && key_of(record) < 0)
		result = shape_complain(reader, "its key has more than %d bytes",
					REGISTRY_KEY_BYTES - 1);
	if (result == 0 && bytes > CONSIGNMENT_BYTES / 2)
		result = check_size(reader, record);
	if (result == 0 && record->kind == REGISTRY_CONSIGNMENT) {
		record->consignment.version = record->version;
		record->consignment.as_of_utc_ns = record->as_of_utc_ns;
	}
	return result;
}

/* A string takes no more room in the block than in the text, where it has quotes. */
int registry_record_read(enum registry_kind kind, const char *json, size_t bytes,
			 struct registry_record **ret_record,
			 struct registry_complaint *ret_complaint)
{
	struct shape_reader reader = {.complaint = ret_complaint};
	struct registry_record *record = NULL;
	json_t *value = NULL;
	size_t list_bytes;
	int result;

	*ret_complaint = (struct registry_complaint){0};
	result = shape_parse(&reader, json, bytes, &value);
	if (result < 0)
		goto out;
	list_bytes = shape_list_bytes(kinds[kind].shape, value) + STATUS_BYTES;
	record = calloc(1, sizeof(*record) + list_bytes + bytes);
	if (!record) {
		result = -ENOMEM;
		goto out;
	}
	record->kind = kind;
	reader.lists = (char *)(record + 1);
	reader.strings = reader.lists + list_bytes;
	result = fill(&reader, value, bytes, record);
	if (result == 0) {
		*ret_record = record;
		record = NULL;
	}
out:
	registry_record_free(record);
	json_decref(value);
	return result;
}

void registry_record_free(struct registry_record *record)
{
	free(record);
}

int registry_record_write(const struct registry_record *record, char *out, size_t size)
{
	struct json json;

	json_start(&json, out, size);
	json_open(&json, NULL);
	shape_write(kinds[record->kind].shape, record, &json);
	json_close(&json);
	return json_ok(&json) ? (int)json.bytes : -E2BIG;
}
