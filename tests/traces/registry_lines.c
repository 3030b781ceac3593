/* Lines about what the registry holds, and how it answers. */
#include "lines.h"

#include <stdio.h>
#include <string.h>

#include "transit/registry/recognition_words.h"

void replay_answer(struct replay *replay, double seconds, enum registry_outcome outcome)
{
	struct table *table = &replay->table;
	struct registry_question questions[TABLE_QUESTIONS];
	size_t count, i;

	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	count = table->question_count;
	memcpy(questions, table->questions, sizeof(questions));
	table->question_count = 0;
	for (i = 0; i < count; i++) {
		struct registry_answer *answer =
			table_answer(table, &questions[i], outcome == REGISTRY_FAILED);

		answer->outcome = outcome;
		transit_answer(replay->transit, answer, &replay->now);
	}
}

static void replay_policy(struct replay *replay, const char *line)
{
	char who[16], role[16];

	if (sscanf(line, "%15s %15s", who, role) != 2)
		replay_fail("what is %s", line);
	replay->policy.all = strcmp(who, "all") == 0;
	replay->policy.roles = aeo_role_by_name(role);
}

static void replay_own(struct replay *replay, const char *line)
{
	struct recognition_policy *policy = replay_own_policy(replay);
	struct own_benefits *own = &policy->own[policy->own_count++];
	char benefit[32];

	if (sscanf(line, "%31s %31s", own->type, benefit) != 2)
		replay_fail("what is %s", line);
	own->benefits = aeo_benefit_by_name(benefit);
}

static void replay_aeo(struct replay *replay, const char *line)
{
	if (replay->manner != REPLAY_WITHOUT_AEO)
		table_aeo(&replay->table, line);
}

bool replay_register(struct replay *replay, char *line)
{
	unsigned number;
	double seconds;

	if (strncmp(line, "#! consignment ", 15) == 0)
		table_consignment(&replay->table, line + 15);
	else if (strncmp(line, "#! aeo ", 7) == 0)
		replay_aeo(replay, line + 7);
	else if (strncmp(line, "#! arrangement ", 15) == 0)
		table_arrangement(&replay->table, line + 15);
	else if (strncmp(line, "#! policy ", 10) == 0)
		replay_policy(replay, line + 10);
	else if (strncmp(line, "#! own ", 7) == 0)
		replay_own(replay, line + 7);
	else if (sscanf(line, "#! busy %u", &number) == 1)
		replay->table.busy = number;
	else if (sscanf(line, "#! max-age %u", &number) == 1)
		replay->table.list.max_age_ns = number * 60 * TABLE_MINUTE_NS;
	else if (sscanf(line, "#! signed %63s", replay->table.list.signer) == 1)
		;
	else if (sscanf(line, "#! most %u", &number) == 1)
		replay->table.most = number;
	else if (sscanf(line, "#! answer %lf", &seconds) == 1)
		replay_answer(replay, seconds, REGISTRY_ANSWERED);
	else if (sscanf(line, "#! fail %lf", &seconds) == 1)
		replay_answer(replay, seconds, REGISTRY_FAILED);
	else if (sscanf(line, "#! loading %lf", &seconds) == 1)
		replay_answer(replay, seconds, REGISTRY_LOADING);
	else
		return false;
	return true;
}
