/* Memories put into a journal, and what it hands back of them. */
#ifndef CORRIDORD_TESTS_MEMORY_RIG_H
#define CORRIDORD_TESTS_MEMORY_RIG_H

#include "journal_rig.h"

UNUSED static void remember(struct rig *rig, const char *key, const char *text)
{
	struct event_memory memory = {.key = key, .text = text};
	struct event_draft draft = {.memories = &memory, .memory_count = 1};
	int64_t until_ns = clock_real_mono_ns() + PATIENCE_S * NS_PER_S;

	while (journal_append(rig->journal, &draft) == -EAGAIN && clock_real_mono_ns() < until_ns)
		usleep(500);
}

UNUSED static void add_recalled(void *data, const char *key, const char *text)
{
	size_t used = strlen(data);

	snprintf((char *)data + used, 4096 - used, "%s=%s;", key, text);
}

/* "key=text;key=text;" */
UNUSED static void assert_recalled(struct rig *rig, const char *all)
{
	char recalled[4096] = "";

	journal_memories(rig->journal, recalled, add_recalled);
	assert_string_equal(recalled, all);
}

#endif
