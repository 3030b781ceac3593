#include <stdarg.h>
#include <stdlib.h>

#include "ctl/ctl.h"

int ctl_fail(const char *format, ...)
{
	va_list arguments;

	fputs("corridorctl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CTL_FAILED;
}

void ctl_print_json(const struct ctl *ctl, const json_t *value)
{
	json_dumpf(value, ctl->out, JSON_COMPACT);
	fputc('\n', ctl->out);
}

const char *ctl_optional(const struct ctl *ctl)
{
	if (ctl->argc > 1)
		exit(ctl_fail("unexpected \"%s\"", ctl->argv[1]));
	return ctl->argc == 1 ? ctl->argv[0] : NULL;
}

int ctl_show(struct ctl *ctl, json_t *answer, void (*put)(const json_t *answer, FILE *out),
	     int (*exit_of)(const json_t *answer))
{
	int status;

	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	status = exit_of ? exit_of(answer) : CTL_FINE;
	if (ctl->json)
		ctl_print_json(ctl, answer);
	else
		put(answer, ctl->out);
	json_decref(answer);
	return status;
}
