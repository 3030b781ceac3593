#include "registry/record/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/record/shape.h"

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
	int err = shape_read(reader, kinds[record->kind].shape, value, record);

	if (err == 0 && registry_record_set_key(record) < 0)
		err = shape_complain(reader, "its key has more than %d bytes",
				     REGISTRY_KEY_BYTES - 1);
	if (err == 0 && bytes > CONSIGNMENT_BYTES / 2)
		err = check_size(reader, record);
	if (err == 0 && record->kind == REGISTRY_CONSIGNMENT) {
		record->consignment.version = record->version;
		record->consignment.as_of_utc_ns = record->as_of_utc_ns;
	}
	return err;
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
	int err;

	*ret_complaint = (struct registry_complaint){0};
	err = shape_parse(&reader, json, bytes, &value);
	if (err < 0)
		goto out;
	list_bytes = shape_list_bytes(kinds[kind].shape, value) + STATUS_BYTES;
	record = calloc(1, sizeof(*record) + list_bytes + bytes);
	if (!record) {
		err = -ENOMEM;
		goto out;
	}
	record->kind = kind;
	reader.lists = (char *)(record + 1);
	reader.strings = reader.lists + list_bytes;
	err = fill(&reader, value, bytes, record);
	if (err == 0) {
		*ret_record = record;
		record = NULL;
	}
out:
	registry_record_free(record);
	json_decref(value);
	return err;
}

void registry_record_free(struct registry_record *record)
{
	free(record);
}

int registry_record_write(const struct registry_record *record, char *out, size_t size)
{
	struct jw json;

	jw_start(&json, out, size);
	jw_open(&json, NULL);
	shape_write(kinds[record->kind].shape, record, &json);
	jw_close(&json);
	return jw_ok(&json) ? (int)json.bytes : -E2BIG;
}
