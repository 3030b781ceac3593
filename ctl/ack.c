/* corridorctl ack: an alarm is taken note of. */
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/text.h"

/* As alarms numbers them. NULL: told. */
static json_t *find_alarm(struct ctl *ctl, const char *number)
{
	json_t *status = link_ask(ctl->link, "status", NULL), *alarm = NULL;
	const long at = strtol(number, NULL, 10);

	if (!status) {
		ctl_fail("%s", link_error(ctl->link));
		return NULL;
	}
	if (at >= 1)
		alarm = json_array_get(json_object_get(status, "alarms"), (size_t)at - 1);
	if (!alarm)
		ctl_fail("there is no alarm %s; corridorctl alarms numbers them", number);
	json_incref(alarm);
	json_decref(status);
	return alarm;
}

static int acknowledge(struct ctl *ctl, const char *resource, const char *type, const char *reason)
{
	json_t *answer = link_ask_this(ctl->link, json_pack("{s:s, s:s, s:s, s:s}", "method", "ack",
							    "resource", resource, "type", type,
							    "reason", reason));

	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	if (ctl->json)
		ctl_print_json(ctl, answer);
	else
		fprintf(ctl->out, "%s of %s: acknowledged\n", type, resource);
	json_decref(answer);
	return CTL_FINE;
}

int ctl_ack(struct ctl *ctl)
{
	json_t *alarm;
	int status;

	if (ctl->argc == 3)
		return acknowledge(ctl, ctl->argv[0], ctl->argv[1], ctl->argv[2]);
	if (ctl->argc != 2)
		return ctl_fail("ack wants the number of an alarm, or its resource and type, and a "
				"reason: ack 1 \"seen at the lane\"");
	alarm = find_alarm(ctl, ctl->argv[0]);
	if (!alarm)
		return CTL_FAILED;
	status = acknowledge(ctl, text_of(alarm, "resource"), text_of(alarm, "type"), ctl->argv[1]);
	json_decref(alarm);
	return status;
}
