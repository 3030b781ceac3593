/* What records are kept and found by. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "registry/record/record.h"
#include "registry/record/shape.h"

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

int registry_record_set_key(struct registry_record *record)
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

/* Who reads a number does not know of what kind it is declared, nor which separators are kept. */
static void call_bare(const char *text, void *data,
		      void (*call)(void *data, enum registry_key key, const char *text))
{
	char bare[IDENTIFIER_BYTES];

	identifier_bare(text, bare);
	if (bare[0] && strcmp(bare, text) != 0)
		call(data, KEY_DOCUMENT, bare);
}

static void call_for_document(const char *text, void *data,
			      void (*call)(void *data, enum registry_key key, const char *text))
{
	call(data, KEY_DOCUMENT, text);
	call_bare(text, data, call);
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
		call_for_document(consignment->documents[i].text, data, call);
	call_bare(consignment->ucr, data, call);
}
