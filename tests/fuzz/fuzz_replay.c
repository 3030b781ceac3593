/* Fuzzes the trace line parser: a line that is taken must be written and read back the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/trace.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes);

static int same(const struct trace_entry *a, const struct trace_entry *b)
{
	return a->kind == b->kind && a->at_ns == b->at_ns && !strcmp(a->device, b->device) &&
	       !strcmp(a->point, b->point) && a->reading.quality == b->reading.quality &&
	       a->reading.reason == b->reading.reason &&
	       a->reading.lost_edges == b->reading.lost_edges &&
	       value_equal(&a->reading.value, &b->reading.value) && a->report.up == b->report.up &&
	       a->report.reason == b->report.reason && !strcmp(a->report.detail, b->report.detail);
}

static void check(const struct trace_entry *entry)
{
	struct trace trace = {0};
	struct trace_entry back;
	char line[TRACE_LINE_BYTES];
	int n = trace_format(entry, line, sizeof(line));

	if (n < 0 || trace_parse(&trace, line, (size_t)n, &back) != 1 || !same(entry, &back))
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes)
{
	const char *at = (const char *)data, *end = at + bytes;
	struct trace trace = {0};

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;
		struct trace_entry entry;
		/* A copy of its own, so that reading past the line is seen. */
		char *line = malloc((size_t)(next - at));

		if (!line)
			return 0;
		memcpy(line, at, (size_t)(next - at));
		if (trace_parse(&trace, line, (size_t)(next - at), &entry) == 1)
			check(&entry);
		free(line);
		at = next;
	}
	return 0;
}
