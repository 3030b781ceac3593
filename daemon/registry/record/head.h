/* The head of a list file: {"list":{"kind":"aeo","version":"…","as_of":"…"}}. */
#ifndef CORRIDORD_REGISTRY_RECORD_HEAD_H
#define CORRIDORD_REGISTRY_RECORD_HEAD_H

#include "registry/record/record.h"

#define REGISTRY_VERSION_BYTES	  64
#define REGISTRY_FILE_RECORDS_MAX 1000000

struct registry_file_head {
	enum registry_kind kind;
	char version[REGISTRY_VERSION_BYTES];
	int64_t as_of_utc_ns;
	int64_t records; /* that its author counted, -1: not said */
};

/* As registry_record_read(). */
int registry_file_read_head(const char *text, size_t bytes, struct registry_file_head *ret_head,
			    struct registry_complaint *ret_complaint);

#endif
