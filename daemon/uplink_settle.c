/* What comes back through a connection: acknowledgements, and refusals. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "uplink_link.h"

#define LOG_TOKEN "uplink"
#include "log.h"

struct settled {
	uint64_t count;
	bool wants_more;
	const struct outbox_record *refused[STREAM_COUNT];
	const char *why[STREAM_COUNT];
};

static const char *host_text(const struct link *link)
{
	return link->uplink->hosts[link->host].text;
}

void pump_hold(struct link *link, enum outlet_stream stream, const struct outbox_record *record,
	       const char *why)
{
	struct gate *gate = &link->gate[stream];
	int64_t delay_ns = backoff_next_ns(&gate->backoff, link_chance());
	char topic[TOPIC_BYTES];

	gate->probing = true;
	gate->held_position = record->position;
	gate->open_ns = link->now_ns + delay_ns;
	pthread_mutex_lock(&link->uplink->lock);
	link->uplink->counters.refused++;
	pthread_mutex_unlock(&link->uplink->lock);
	if (gate->why == why)
		return;
	gate->why = why;
	uplink_stream_topic(link->uplink->prefix, stream, record->type, topic);
	log_warnx("\"%s\": event %" PRIu64
		  " refused on %s: %s (check the broker's access list and limits), kept, "
		  "trying again in %.1f s",
		  host_text(link), record->seq, topic, why, (double)delay_ns / (double)NS_PER_S);
}

static void open_gate(struct link *link, enum outlet_stream stream)
{
	struct gate *gate = &link->gate[stream];

	if (!gate->probing || gate->done_position < gate->held_position)
		return;
	gate->probing = false;
	gate->why = NULL;
	backoff_reset(&gate->backoff);
	log_info("\"%s\": %s are taken again", host_text(link),
		 stream == STREAM_ALERTS ? "alerts" : "events");
}

void pump_hold_states(struct link *link)
{
	if (link->states_open_ns > link->now_ns)
		return;
	link->states_open_ns = link->now_ns + backoff_next_ns(&link->state_backoff, link_chance());
}

/* States are not worth waiting for: a newer one comes, and all come again with the next
 * connection. So the refusal is only told. */
static void note_refused_state(struct link *link, const char *why)
{
	if (!link->state_refusal_logged)
		log_warnx("\"%s\": a status or state was refused: %s (check the broker's access "
			  "list)",
			  host_text(link), why);
	link->state_refusal_logged = true;
}

void pump_note_refused_answer(struct link *link, const char *why)
{
	if (!link->answer_refusal_logged)
		log_warnx("\"%s\": the answer to a request was refused: %s (check the broker's "
			  "access list)",
			  host_text(link), why);
	link->answer_refusal_logged = true;
}

void pump_acknowledged(void *data, int mid, const char *why)
{
	struct link *link = data;
	struct window_entry *entry = window_find(&link->window, mid);

	if (!entry)
		return;
	entry->done = true;
	entry->why = why;
	link->progress_ns = link->now_ns;
}

/* Under the lock. Everything from the refused one on goes again, in order. */
static void settle_record(struct link *link, const struct window_entry *entry,
			  struct settled *settled)
{
	enum outlet_stream stream = (enum outlet_stream)entry->kind;
	struct outbox *outbox = &link->uplink->outbox[stream];
	struct gate *gate = &link->gate[stream];

	if (entry->why) {
		outbox_unsend(outbox);
		window_forget(&link->window, (int)stream);
		gate->in_flight = 0;
		settled->refused[stream] = outbox_next(outbox);
		settled->why[stream] = entry->why;
		return;
	}
	gate->in_flight--;
	gate->done_position = entry->position;
	gate->progressed = true;
	outbox_release(outbox);
	settled->count++;
}

static void settle_entry(struct link *link, const struct window_entry *entry,
			 struct settled *settled)
{
	if (entry->kind == STREAM_EVENTS || entry->kind == STREAM_ALERTS)
		settle_record(link, entry, settled);
	else if (entry->kind == SENT_FAREWELL)
		link->farewell_done = true;
	else if (entry->kind == SENT_ANSWER && entry->why)
		pump_note_refused_answer(link, entry->why);
	else if (entry->kind != WINDOW_FORGOTTEN && entry->why)
		note_refused_state(link, entry->why);
	if (entry->kind == SENT_STATE && entry->why)
		pump_hold_states(link);
	else if (entry->kind == SENT_STATE)
		backoff_reset(&link->state_backoff);
	if (entry->kind == SENT_STATE && !entry->why && entry->position)
		states_removed(link->uplink->states, entry->position);
}

static struct settled settle_all(struct link *link)
{
	struct uplink *uplink = link->uplink;
	struct settled settled = {0};
	struct window_entry entry;
	size_t i;

	pthread_mutex_lock(&uplink->lock);
	while (window_pop(&link->window, &entry))
		settle_entry(link, &entry, &settled);
	uplink->counters.acknowledged += settled.count;
	for (i = 0; i < STREAM_COUNT; i++)
		if (outbox_wants_more(&uplink->outbox[i]))
			settled.wants_more = true;
	pthread_mutex_unlock(&uplink->lock);
	return settled;
}

static void tell_journal(struct link *link, bool wants_more)
{
	struct uplink *uplink = link->uplink;
	const struct outlet_source *source = &uplink->source;
	size_t i;

	pthread_mutex_lock(&uplink->source_lock);
	for (i = 0; i < STREAM_COUNT; i++) {
		if (uplink->attached && link->gate[i].progressed)
			source->ack(source->data, (enum outlet_stream)i,
				    link->gate[i].done_position);
		link->gate[i].progressed = false;
	}
	if (uplink->attached && wants_more)
		source->pull(source->data);
	pthread_mutex_unlock(&uplink->source_lock);
}

void pump_settle(struct link *link)
{
	struct settled settled = settle_all(link);
	size_t i;

	if (settled.count > 0 || settled.wants_more)
		tell_journal(link, settled.wants_more);
	for (i = 0; i < STREAM_COUNT; i++) {
		if (settled.refused[i])
			pump_hold(link, (enum outlet_stream)i, settled.refused[i], settled.why[i]);
		else
			open_gate(link, (enum outlet_stream)i);
	}
}
