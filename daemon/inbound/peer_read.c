#include "inbound/peer_read.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

int peer_read(const char *payload, size_t bytes, const char *schema, const char *member,
	      char out[PEER_TEXT_BYTES])
{
	json_t *root = json_loadb(payload, bytes, JSON_REJECT_DUPLICATES, NULL);
	const char *of = json_string_value(json_object_get(root, "schema"));
	const char *text = json_string_value(json_object_get(root, member));
	int err = -EINVAL;

	if (of && strcmp(of, schema) == 0 && text && strlen(text) < PEER_TEXT_BYTES) {
		memcpy(out, text, strlen(text) + 1);
		err = 0;
	}
	json_decref(root);
	return err;
}
