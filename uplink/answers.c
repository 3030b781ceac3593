#include "uplink/answers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const void *append(char **at, const void *bytes, size_t count)
{
	void *copy = *at;

	if (count > 0)
		memcpy(copy, bytes, count);
	*at += count;
	return copy;
}

int answers_put(struct answers *answers, const struct uplink_answer *answer)
{
	size_t topic_bytes = strlen(answer->topic) + 1;
	struct kept_answer *kept;
	char *at;

	if (answers->count == ANSWERS_MAX)
		return -EAGAIN;
	kept = malloc(sizeof(*kept) + topic_bytes + answer->correlation_bytes + answer->bytes);
	if (!kept)
		return -ENOMEM;
	at = kept->bytes;
	kept->answer = *answer;
	kept->answer.topic = append(&at, answer->topic, topic_bytes);
	kept->answer.payload = append(&at, answer->payload, answer->bytes);
	if (answer->correlation)
		kept->answer.correlation =
			append(&at, answer->correlation, answer->correlation_bytes);
	answers->ring[(answers->first + answers->count++) % ANSWERS_MAX] = kept;
	return 0;
}

const struct kept_answer *answers_next(const struct answers *answers)
{
	return answers->count > 0 ? answers->ring[answers->first] : NULL;
}

struct kept_answer *answers_take(struct answers *answers)
{
	struct kept_answer *kept;

	if (answers->count == 0)
		return NULL;
	kept = answers->ring[answers->first];
	answers->first = (answers->first + 1) % ANSWERS_MAX;
	answers->count--;
	return kept;
}

void answers_fini(struct answers *answers)
{
	struct kept_answer *kept;

	while ((kept = answers_take(answers)))
		free(kept);
}
