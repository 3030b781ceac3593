/* corridorctl events: what is captured from now on, in words. */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/text.h"
#include "ctl/words.h"

/* of: a lane, a device, or the beginning of a type ("seal."); NULL: all. */
static bool is_of(const json_t *event, const char *of)
{
	return !of || strcmp(text_of(event, "lane"), of) == 0 ||
	       strcmp(text_of(event, "device"), of) == 0 ||
	       strncmp(text_of(event, "type"), of, strlen(of)) == 0;
}

int ctl_events(struct ctl *ctl)
{
	const char *of = ctl_optional(ctl);
	json_t *event, *answer = link_ask(ctl->link, "follow", NULL);

	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	json_decref(answer);
	while ((event = link_next_event(ctl->link, true))) {
		if (is_of(event, of) && ctl->json)
			ctl_print_json(ctl, event);
		else if (is_of(event, of))
			words_of_event(event, ctl->out);
		json_decref(event);
		fflush(ctl->out);
		if (ferror(ctl->out))
			return CTL_FINE;
	}
	return ctl_fail("%s", link_error(ctl->link));
}
