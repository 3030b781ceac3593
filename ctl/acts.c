/* corridorctl present, reseal, control, release, redirect, incident: what an officer did, said at the
 * gateway itself. */
#include <string.h>

#include "ctl/ctl.h"

#define WORDS_MOST 5

/* Which members the words after the command are; with fewer words the optional one is left out. */
static const struct act {
	const char *name;
	const char *members[WORDS_MOST];
	size_t count, optional; /* number of that member from 0; count: none is */
	const char *words;
} acts[] = {
	{"present", {"lane", "ucr", "reason"}, 3, 3, "LANE UCR REASON"},
	{"reseal",
	 {"ucr", "old_seal", "new_seal", "authority", "reason"},
	 5,
	 0,
	 "[UCR] OLD-SEAL NEW-SEAL AUTHORITY REASON"},
	{"control", {"ucr", "step", "result", "reason"}, 4, 2, "UCR begin|end [RESULT] REASON"},
	{"release", {"ucr", "reason"}, 2, 2, "UCR REASON"},
	{"redirect", {"ucr", "to", "reason"}, 3, 3, "UCR CHECKPOINT REASON"},
	{"incident", {"ucr", "code", "endorsement", "reason"}, 4, 4, "UCR CODE ENDORSEMENT REASON"},
};

static const struct act *find(const char *name)
{
	const struct act *act = acts;

	while (strcmp(act->name, name) != 0)
		act++;
	return act;
}

static json_t *question_of(const struct ctl *ctl, const struct act *act)
{
	json_t *question = json_pack("{s:s}", "method", act->name);
	bool all = (size_t)ctl->argc == act->count;

	for (size_t i = 0, word = 0; i < act->count; i++)
		if (all || i != act->optional)
			json_object_set_new(question, act->members[i],
					    json_string(ctl->argv[word++]));
	return question;
}

int ctl_act(struct ctl *ctl)
{
	const struct act *act = find(ctl->command);
	size_t least = act->optional < act->count ? act->count - 1 : act->count;
	json_t *answer;

	if ((size_t)ctl->argc > act->count || (size_t)ctl->argc < least)
		return ctl_fail("%s wants: %s", act->name, act->words);
	answer = link_ask_this(ctl->link, question_of(ctl, act));
	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	if (ctl->json)
		ctl_print_json(ctl, answer);
	else
		fprintf(ctl->out, "%s: in the journal, in your name\n", act->name);
	json_decref(answer);
	return CTL_FINE;
}
