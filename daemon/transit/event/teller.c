#include "transit/event/teller.h"

#include <assert.h>

struct instant teller_moment(const struct teller *teller, int64_t mono_ns)
{
	struct instant moment = teller->now;

	moment.utc_ns -= moment.mono_ns - mono_ns;
	moment.mono_ns = mono_ns;
	return moment;
}

struct jw *tell_begin_untimed(struct teller *teller)
{
	teller->draft = (struct event_draft){0};
	jw_start(&teller->body, teller->body_text, sizeof(teller->body_text));
	return &teller->body;
}

void tell_occurred(struct teller *teller, int64_t occurred_mono_ns)
{
	event_moment(&teller->body, "occurred", occurred_mono_ns, &teller->now);
	teller->draft.occurred_mono_ns = occurred_mono_ns;
}

struct jw *tell_begin(struct teller *teller, const char *lane, int64_t occurred_mono_ns)
{
	struct jw *json = tell_begin_untimed(teller);

	if (lane)
		jw_text(json, "lane", lane);
	tell_occurred(teller, occurred_mono_ns);
	return json;
}

void tell_alarm(struct teller *teller, enum alarm_edge edge)
{
	event_alarm(&teller->draft, &teller->body, edge);
}

static void put(struct teller *teller)
{
	struct event_draft draft = teller->draft;

	draft.memories = teller->memories;
	draft.memory_count = teller->memory_count;
	teller->memory_count = 0;
	teller->draft = (struct event_draft){0};
	teller->sink.put(teller->sink.data, &draft);
}

void tell_signature(struct jw *json, const struct officer_signature *signature)
{
	if (!signature)
		return;
	jw_text(json, "signed_by", signature->by[0] ? signature->by : NULL);
	if (signature->as[0])
		jw_text(json, "signed_as", signature->as);
}

void tell_end(struct teller *teller, enum event_id event)
{
	tell_end_as(teller, event_type(event));
}

void tell_end_as(struct teller *teller, const struct event_type *type)
{
	assert(jw_ok(&teller->body));
	teller->draft.type = type;
	teller->draft.body = teller->body.out;
	teller->draft.body_bytes = teller->body.bytes;
	teller->draft.subject = teller->subject;
	put(teller);
}

void tell_with_state(struct teller *teller, const char *key, const char *word,
		     const struct jw *members)
{
	assert(jw_ok(members));
	teller->draft.state_key = key;
	teller->draft.state_word = word;
	teller->draft.state = members->out;
	teller->draft.state_bytes = members->bytes;
}

void teller_remember(struct teller *teller, const char *key, const char *text)
{
	assert(teller->memory_count < TELLER_MEMORIES);
	teller->memories[teller->memory_count++] = (struct event_memory){.key = key, .text = text};
}

void teller_flush(struct teller *teller)
{
	if (teller->memory_count > 0 || teller->draft.state_key)
		put(teller);
}

void teller_put_memory(struct teller *teller, const char *key, const char *text)
{
	const struct event_memory memory = {.key = key, .text = text};
	const struct event_draft draft = {.memories = &memory, .memory_count = 1};

	teller->sink.put(teller->sink.data, &draft);
}

void tell_gave_way(struct teller *teller, const char *kind, const char *what, uint64_t most)
{
	struct jw *json = tell_begin(teller, NULL, teller->now.mono_ns);

	jw_open(json, "observed");
	jw_text(json, "kind", kind);
	jw_text(json, "what", what);
	jw_uint(json, "most", most);
	jw_close(json);
	tell_end(teller, EVENT_MEMORY_GAVE_WAY);
}
