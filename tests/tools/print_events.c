/* What a test in another language wants to know of the pure part:
 *     print_events vocabulary      a JSON object for each event type
 *     print_events reasons         the words of reason_name()
 *     print_events TRACE...        the sealed payloads, events and states, of replayed traces
 */
#include <string.h>

#include "../traces/replayer.h"

static void print_vocabulary(void)
{
	char text[EVENT_BODY_BYTES];
	struct jw json;
	int id;

	for (id = 0; id < EVENT_COUNT; id++) {
		const struct event_type *type = event_type((enum event_id)id);

		jw_start(&json, text, sizeof(text));
		jw_open(&json, NULL);
		jw_text(&json, "type", type->name);
		jw_text(&json, "severity", severity_name(type->severity));
		jw_bool(&json, "settable", type->settable);
		jw_bool(&json, "latched", type->latched);
		jw_text(&json, "class", event_class_name(type->class));
		jw_text(&json, "kind", event_kind_name(type->kind));
		jw_text(&json, "eaeu", type->eaeu);
		jw_text(&json, "ncts", type->ncts);
		jw_text(&json, "summary", type->summary);
		jw_close(&json);
		puts(text);
	}
}

static void print_reasons(void)
{
	int reason;

	for (reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		puts(reason_name((enum reason)reason));
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "vocabulary") == 0)
			print_vocabulary();
		else if (strcmp(argv[i], "reasons") == 0)
			print_reasons();
		else
			(void)replay_file(argv[i], REPLAY_IN_TIME, NULL, stdout);
	}
	return argc > 1 ? 0 : 2;
}
