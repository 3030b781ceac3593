/* corridorctl present, reseal, control, release, redirect, incident: what an officer did, said at the
 * gateway itself. */
#include <string.h>

#include "ctl/ctl.h"

#define WORDS_MOST 6

/* Which members the words after the command are; with fewer words the first of the optional ones are left
 * out. */
static const struct act {
	const char *name;
	const char *members[WORDS_MOST];
	size_t count, optional; /* the first of these, from 0 */
	size_t optionals; /* how many are */
	const char *words;
} acts[] = {
	{"present", {"lane", "ucr", "reason"}, 3, 0, 0, "LANE UCR REASON"},
	{"reseal",
	 {"ucr", "old_seal", "new_seal", "authority", "reason"},
	 5,
	 0,
	 1,
	 "[UCR] OLD-SEAL NEW-SEAL AUTHORITY REASON"},
	{"control", {"ucr", "step", "result", "reason"}, 4, 2, 1, "UCR begin|end [RESULT] REASON"},
	{"release", {"ucr", "reason"}, 2, 0, 0, "UCR REASON"},
	{"redirect", {"ucr", "to", "reason"}, 3, 0, 0, "UCR CHECKPOINT REASON"},
	{"incident",
	 {"ucr", "code", "endorsement", "old_vehicle", "new_vehicle", "reason"},
	 6,
	 3,
	 2,
	 "UCR CODE ENDORSEMENT [[OLD-PLATE] NEW-PLATE] REASON"},
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
	const size_t left_out = act->count - (size_t)ctl->argc;

	for (size_t i = 0, word = 0; i < act->count; i++)
		if (i < act->optional || i >= act->optional + left_out)
			json_object_set_new(question, act->members[i],
					    json_string(ctl->argv[word++]));
	return question;
}

int ctl_act(struct ctl *ctl)
{
	const struct act *act = find(ctl->command);
	size_t least = act->count - act->optionals;
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
