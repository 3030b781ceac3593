/* Any bytes as a record of the registry, its kind by the first: what is taken is written, read
 * back and written the same, and its key is a key as a topic may have it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/record/record.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void check_key(void *data, enum registry_key key, const char *text)
{
	(void)data;
	if (key >= REGISTRY_KEYS || !*text || strlen(text) >= IDENTIFIER_BYTES)
		abort();
}

static void check_record(const struct registry_record *record)
{
	char written[CONSIGNMENT_BYTES], again[CONSIGNMENT_BYTES], key[REGISTRY_KEY_BYTES];
	struct registry_complaint complaint;
	struct registry_record *back;
	const int bytes = registry_record_write(record, written, sizeof(written));

	if (bytes < 0 ||
	    registry_record_read(record->kind, written, (size_t)bytes, &back, &complaint) < 0)
		abort();
	if (registry_record_write(back, again, sizeof(again)) != bytes ||
	    strcmp(written, again) != 0 || strcmp(record->key, back->key) != 0)
		abort();
	if (registry_record_key(record->kind, record->key, strlen(record->key), key) < 0 ||
	    strcmp(key, record->key) != 0)
		abort();
	registry_record_keys(record, NULL, check_key);
	registry_record_free(back);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct registry_complaint complaint;
	struct registry_record *record;
	char *json;
	int result;

	if (size < 1)
		return 0;
	json = malloc(size); /* so that reading past its end is seen */
	if (!json)
		return 0;
	memcpy(json, data + 1, size - 1);
	result =
		registry_record_read(data[0] % REGISTRY_KINDS, json, size - 1, &record, &complaint);
	free(json);
	if (result < 0 && (result != -EINVAL || !complaint.text[0] ||
			   !memchr(complaint.text, '\0', sizeof(complaint.text))))
		abort();
	if (result == 0) {
		check_record(record);
		registry_record_free(record);
	}
	return 0;
}
