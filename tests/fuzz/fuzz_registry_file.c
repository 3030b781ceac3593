/* Any bytes as a list file (CSV if the first is odd): told what is wrong with which line, or
 * read to the end with as many records as it says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry/file.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

struct count {
	int records, complaints;
};

static int take_record(void *data, struct registry_record *record)
{
	struct count *count = data;

	if (count->complaints || !record)
		abort();
	registry_record_free(record);
	count->records++;
	return 0;
}

static void take_complaint(void *data, const struct registry_complaint *complaint)
{
	struct count *count = data;

	if (!complaint->text[0] || complaint->line < 0)
		abort();
	count->complaints++;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char folder[] = "/tmp/fuzz-registry-XXXXXX", path[64];
	struct count count = {0};
	const struct registry_file_sink sink = {
		.data = &count, .record = take_record, .complain = take_complaint};
	FILE *file;
	int result;

	if (size < 1 || !mkdtemp(folder))
		return 0;
	snprintf(path, sizeof(path), "%s/list.%s", folder, data[0] & 1 ? "csv" : "jsonl");
	file = fopen(path, "we");
	if (!file || fwrite(data + 1, 1, size - 1, file) != size - 1 || fclose(file) != 0)
		abort();
	result = registry_file_read(path, &sink);
	if (result >= 0 ? result != count.records || count.complaints
			: result != -EINVAL || !count.complaints)
		abort();
	if (count.complaints > REGISTRY_COMPLAINTS_MAX + 1)
		abort();
	unlink(path);
	rmdir(folder);
	return 0;
}
