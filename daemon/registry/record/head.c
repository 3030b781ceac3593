#include "registry/record/head.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "registry/record/shape.h"

static const struct shape_word kinds[] = {{"consignment", REGISTRY_CONSIGNMENT},
					  {"aeo", REGISTRY_AEO},
					  {"mra", REGISTRY_ARRANGEMENT},
					  {"group", REGISTRY_GROUP},
					  {NULL, 0}};

struct head {
	enum registry_kind kind;
	const char *version;
	int64_t as_of_utc_ns;
	int64_t records;
};

static const struct shape list_shape = {.members = (const struct shape_member[]){
						{.name = "kind",
						 .type = &shape_choice,
						 .required = true,
						 .at = offsetof(struct head, kind),
						 .words = kinds},
						{.name = "version",
						 .type = &shape_text,
						 .required = true,
						 .at = offsetof(struct head, version),
						 .most = REGISTRY_VERSION_BYTES - 1},
						{.name = "as_of",
						 .type = &shape_from,
						 .required = true,
						 .at = offsetof(struct head, as_of_utc_ns)},
						{.name = "records",
						 .type = &shape_count,
						 .at = offsetof(struct head, records),
						 .most = REGISTRY_FILE_RECORDS_MAX},
						{0},
					}};

static const struct shape head_shape = {
	.members = (const struct shape_member[]){
		{.name = "list", .type = &shape_object, .required = true, .shape = &list_shape},
		{0},
	}};

int registry_file_read_head(const char *text, size_t bytes, struct registry_file_head *ret_head,
			    struct registry_complaint *ret_complaint)
{
	char strings[CONSIGNMENT_BYTES];
	struct shape_reader reader = {.complaint = ret_complaint, .strings = strings};
	struct head head;
	json_t *value = NULL;
	int err = shape_parse(&reader, text, bytes, &value);

	if (err == 0)
		err = shape_read(&reader, &head_shape, value, &head);
	if (err == 0) {
		*ret_head = (struct registry_file_head){.kind = head.kind,
							.as_of_utc_ns = head.as_of_utc_ns,
							.records = head.records};
		snprintf(ret_head->version, sizeof(ret_head->version), "%s", head.version);
	}
	json_decref(value);
	return err;
}
