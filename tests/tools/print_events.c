/* What a test in another language wants to know of the pure part:
 *     print_events vocabulary      a JSON object for each event type
 *     print_events reasons         the words of reason_name()
 *     print_events TRACE...        the sealed payloads, events and states, of replayed traces
 */
#include "../traces/replayer.h"

static void print_vocabulary(void)
{
	char text[EVENT_BODY_BYTES];
	struct json json;
	int id;

	for (id = 0; id < EVENT_COUNT; id++) {
		const struct event_type *type = event_type((enum event_id)id);

		json_start(&json, text, sizeof(text));
		json_open(&json, NULL);
		json_text(&json, "type", type->name);
		json_text(&json, "severity", severity_name(type->severity));
		json_bool(&json, "latched", type->latched);
		json_text(&json, "class", event_class_name(type->class));
		json_text(&json, "kind", event_kind_name(type->kind));
		json_text(&json, "eaeu", type->eaeu);
		json_text(&json, "ncts", type->ncts);
		json_text(&json, "summary", type->summary);
		json_close(&json);
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
