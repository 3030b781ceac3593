/* corridorctl maintenance: what happens meanwhile is marked as a test. */
#include <string.h>

#include "ctl/ctl.h"

static json_t *question_of(const struct ctl *ctl, const char *step, const char *lane)
{
	return json_pack("{s:s, s:s, s:s*, s:s}", "method", "maintenance", "step", step, "of", lane,
			 "reason", ctl->argv[ctl->argc - 1]);
}

int ctl_maintenance(struct ctl *ctl)
{
	const char *step = ctl->argc > 0 ? ctl->argv[0] : "";
	bool begins = strcmp(step, "begin") == 0, ends = strcmp(step, "end") == 0;
	json_t *answer;

	if (!(begins && (ctl->argc == 2 || ctl->argc == 3)) && !(ends && ctl->argc == 2))
		return ctl_fail("maintenance wants: begin [LANE] REASON, or: end REASON");
	answer = link_ask_this(ctl->link,
			       question_of(ctl, step, ctl->argc == 3 ? ctl->argv[1] : NULL));
	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	if (ctl->json)
		ctl_print_json(ctl, answer);
	else
		fputs(begins ? "what happens from now on is marked as a test, for two hours at most\n"
			     : "what happens from now on is meant\n",
		      ctl->out);
	json_decref(answer);
	return CTL_FINE;
}
