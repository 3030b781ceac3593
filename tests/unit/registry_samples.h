/* The samples in tests/registry: see the README there. */
#ifndef REGISTRY_SAMPLES_H
#define REGISTRY_SAMPLES_H

#include <stdio.h>
#include <string.h>

#include "registry/record/record.h"

struct sample {
	enum registry_kind kind;
	const char *json;
	const char *complaint; /* what it contains; "" for a good one */
};

/* Calls for each sample of the kind, and returns how many there were. */
static inline int for_each_sample(enum registry_kind kind, const char *quality,
				  void (*call)(const struct sample *sample))
{
	char path[64], line[CONSIGNMENT_BYTES], complaint[160] = "";
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "tests/registry/%s.%s.jsonl", registry_kind_name(kind),
		 quality);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s is missing", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#') {
			snprintf(complaint, sizeof(complaint), "%s",
				 line + 1 + strspn(line + 1, "! "));
			continue;
		}
		call(&(struct sample){kind, line, complaint});
		count++;
	}
	fclose(file);
	return count;
}

#endif
