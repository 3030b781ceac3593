#include "inbound/handover_vouched.h"

#include <stdio.h>
#include <string.h>

#define KEY_NAME_BYTES (2 * HANDOVER_NAME_BYTES + sizeof("corridor//"))

static bool knows(const struct trusted *keys, const char *checkpoint)
{
	char begin[KEY_NAME_BYTES];
	int bytes = snprintf(begin, sizeof(begin), "corridor/%s/", checkpoint);

	for (size_t i = 0; i < keys->count; i++)
		if (strncmp(keys->verifier[i].name, begin, (size_t)bytes) == 0)
			return true;
	return false;
}

static const char *who_says(const struct handover *handover)
{
	return handover->taken_back_by[0] ? handover->taken_back_by : handover->from;
}

/* Of the gateway that it names, and of a log of its. */
static bool is_by(const struct handover *handover, const struct trusted_word *word)
{
	char name[KEY_NAME_BYTES];
	int bytes = snprintf(name, sizeof(name), "corridor/%s/%s", who_says(handover),
			     handover->gateway);

	return strcmp(word->by->name, name) == 0 &&
	       strncmp(word->vouch.by, name, (size_t)bytes) == 0 && word->vouch.by[bytes] == '/';
}

enum handover_signature handover_vouched(const struct trusted *keys, bool always,
					 const struct handover *handover, const char *topic,
					 const char *payload, size_t bytes)
{
	struct trusted_word word;

	if (!always && !knows(keys, who_says(handover)))
		return HANDOVER_NOT_JUDGED;
	switch (trusted_check(keys, VOUCH_HANDOVER, topic, payload, bytes, &word)) {
	case TRUSTED_GOOD:
		return is_by(handover, &word) ? HANDOVER_SIGNED : HANDOVER_WRONGLY_SIGNED;
	case TRUSTED_NONE:
		return HANDOVER_UNSIGNED;
	case TRUSTED_UNKNOWN:
		return HANDOVER_STRANGELY_SIGNED;
	case TRUSTED_WRONG:
		break;
	}
	return HANDOVER_WRONGLY_SIGNED;
}
