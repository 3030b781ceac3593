/* corridorctl replay: a recorded file through a configuration, by corridord, in words. */
#include <errno.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/program.h"
#include "ctl/words.h"

#define EVENT_LINE_BYTES 8192

/* What it says beside events is for people as it is. */
static unsigned long put_line(struct ctl *ctl, const char *line)
{
	json_t *event = line[0] == '{' ? json_loads(line, 0, NULL) : NULL;

	if (!event)
		fputs(line, stderr);
	else if (ctl->json)
		fputs(line, ctl->out);
	else
		words_of_event(event, 0, ctl->out);
	json_decref(event);
	return event ? 1 : 0;
}

int ctl_replay(struct ctl *ctl)
{
	const char *file = ctl_optional(ctl);
	const char *const words[] = {"corridord", "-c", ctl->conf, "--replay", file, NULL};
	char line[EVENT_LINE_BYTES];
	unsigned long count = 0;
	struct program program;
	int err;

	if (!file)
		return ctl_fail("replay wants the file that was recorded");
	err = program_start(words, &program);
	if (err < 0)
		return ctl_fail("corridord cannot be run: %s", strerror(-err));
	while (fgets(line, sizeof(line), program.says))
		count += put_line(ctl, line);
	err = program_end(&program);
	if (!ctl->json)
		fprintf(ctl->out, "%lu events; times count from the beginning of the file.\n",
			count);
	return err == 0 ? CTL_FINE : CTL_FAULTS;
}
