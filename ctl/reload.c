/* corridorctl reload: the configuration is read again. */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/text.h"

static void tell(const struct ctl *ctl, const json_t *answer)
{
	if (!is_set(answer, "changed")) {
		fputs("nothing has changed\n", ctl->out);
		return;
	}
	fprintf(ctl->out, "in effect: %lld buses go on, %lld were stopped, %lld started\n",
		(long long)number_of(answer, "buses_kept"),
		(long long)number_of(answer, "buses_stopped"),
		(long long)number_of(answer, "buses_started"));
}

/* All that is wrong, as corridord -n would say it. */
static int tell_refusal(const struct ctl *ctl, const json_t *answer)
{
	const json_t *lines = json_object_get(answer, "lines"), *line;
	size_t i;

	if (ctl->json) {
		ctl_print_json(ctl, answer);
		return CTL_FAILED;
	}
	json_array_foreach(lines, i, line) fprintf(stderr, "%s\n", json_string_value(line));
	if (json_array_size(lines) == 0)
		return ctl_fail("%s", text_of(answer, "error"));
	return ctl_fail("nothing was changed");
}

int ctl_reload(struct ctl *ctl)
{
	json_t *answer = link_ask_any(ctl->link, json_pack("{s:s}", "method", "reload"));
	int status = CTL_FINE;

	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	if (!is_set(answer, "ok"))
		status = tell_refusal(ctl, answer);
	else if (ctl->json)
		ctl_print_json(ctl, answer);
	else
		tell(ctl, answer);
	json_decref(answer);
	return status;
}
