/* corridorctl events: what was captured, and from now on, in words. */
#include <string.h>

#include "ctl/past.h"
#include "ctl/text.h"
#include "ctl/words.h"

#define SHOWN_AT_FIRST "40"
#define SEQ_COLUMNS    10

/* of: a lane, a device, or the beginning of a type ("seal."); NULL: all. */
static bool is_of(const json_t *event, const char *of)
{
	return !of || strcmp(text_of(event, "lane"), of) == 0 ||
	       strcmp(text_of(event, "device"), of) == 0 ||
	       strncmp(text_of(event, "type"), of, strlen(of)) == 0;
}

/* ---- of the past ------------------------------------------------------------------------- */

struct past_view {
	struct ctl *ctl;
	const char *of;
	char day[11]; /* that was written last */
	size_t shown;
};

/* The day once, before its events. */
static void put_day(struct past_view *view, const json_t *event)
{
	const char *utc = text_of(json_object_get(event, "occurred"), "utc");
	char day[sizeof(view->day)];

	snprintf(day, sizeof(day), "%.10s", utc);
	if (strcmp(day, view->day) != 0)
		fprintf(view->ctl->out, "--- %s UTC ---\n", day);
	memcpy(view->day, day, sizeof(day));
}

static bool show(void *data, const char *payload, size_t bytes)
{
	struct past_view *view = data;
	FILE *out = view->ctl->out;
	json_t *event = json_loadb(payload, bytes, 0, NULL);

	if (is_of(event, view->of)) {
		if (view->ctl->json) {
			fprintf(out, "%.*s\n", (int)bytes, payload);
		} else {
			put_day(view, event);
			fprintf(out, "%8lld  ", (long long)number_of(event, "seq"));
			words_of_event(event, SEQ_COLUMNS, out);
		}
		view->shown++;
	}
	json_decref(event);
	return !ferror(out);
}

static int show_past(struct ctl *ctl, const char *of)
{
	struct past_view view = {.ctl = ctl, .of = of};
	int status;

	if (!ctl->given.last && !ctl->given.since)
		ctl->given.last = SHOWN_AT_FIRST;
	status = past_each(ctl, show, &view);
	if (status == CTL_FINE && !ctl->json && view.shown == 0)
		fputs("none; --since 7d looks further back\n", ctl->out);
	return status;
}

/* ---- from now on ------------------------------------------------------------------------- */

int ctl_events(struct ctl *ctl)
{
	const char *of = ctl_optional(ctl);
	json_t *event, *answer;

	if (!ctl->follow)
		return show_past(ctl, of);
	answer = link_ask(ctl->link, "follow", NULL);
	if (!answer)
		return ctl_fail("%s", link_error(ctl->link));
	json_decref(answer);
	while ((event = link_next_event(ctl->link, true))) {
		if (is_of(event, of) && ctl->json)
			ctl_print_json(ctl, event);
		else if (is_of(event, of))
			words_of_event(event, 0, ctl->out);
		json_decref(event);
		fflush(ctl->out);
		if (ferror(ctl->out))
			return CTL_FINE;
	}
	return ctl_fail("%s", link_error(ctl->link));
}
