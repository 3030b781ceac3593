/* What comes back through a connection: acknowledgements, and refusals. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "uplink/link.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define HEADS_REST_NS (600 * NS_PER_S) /* an access list does not change by the minute */

/* What the broker has not taken. */
struct refusals {
	const struct outbox_record *refused[STREAM_COUNT];
	const char *words[STREAM_COUNT];
};

static const char *host_text(const struct link *link)
{
	return link->uplink->hosts[link->host].text;
}

void pump_hold(struct link *link, enum outlet_stream stream, const struct outbox_record *record,
	       const char *why)
{
	struct gate *gate = &link->gate[stream];
	int64_t delay_ns = backoff_ns(&link->retry, gate->refusals++, random_chance());
	char topic[TOPIC_BYTES], words[REFUSED_BYTES];

	gate->probing = true;
	gate->held_position = record->position;
	gate->open_ns = link->now_ns + delay_ns;
	link->uplink->progress.refused++;
	if (gate->logged_refusal == why)
		return;
	gate->logged_refusal = why;
	uplink_stream_topic(link->uplink->prefix, stream, record->type, topic);
	snprintf(words, sizeof(words),
		 "event %" PRIu64
		 " refused on %.220s: %.100s (check the broker's access list and limits)",
		 record->seq, topic, why);
	parent_tell_refused(link->uplink, REFUSED_EVENTS, words);
	log_warnx("\"%s\": %s, kept, trying again in %.1f s", host_text(link), words,
		  in_seconds(delay_ns));
}

static void open_gate(struct link *link, enum outlet_stream stream)
{
	struct gate *gate = &link->gate[stream];

	if (!gate->probing || gate->done_position < gate->held_position)
		return;
	gate->probing = false;
	gate->logged_refusal = NULL;
	gate->refusals = 0;
	if (!link->gate[STREAM_EVENTS].probing && !link->gate[STREAM_ALERTS].probing)
		parent_tell_refused(link->uplink, REFUSED_EVENTS, NULL);
	log_info("\"%s\": %s are taken again", host_text(link),
		 stream == STREAM_ALERTS ? "alerts" : "events");
}

void pump_hold_states(struct link *link)
{
	if (link->states_open_ns > link->now_ns)
		return;
	link->states_open_ns =
		link->now_ns + backoff_ns(&link->retry, link->state_refusals++, random_chance());
}

/* Without them a journal that was turned back is found out later, or not: events do not wait. */
void pump_hold_heads(struct link *link)
{
	link->heads_open_ns = link->now_ns + HEADS_REST_NS;
}

/* States are not worth waiting for: a newer one comes, and all come again with the next
 * connection. So the refusal is only told. */
static void note_refused_state(struct link *link, const struct window_entry *entry)
{
	const char *why = entry->refusal;
	char words[REFUSED_BYTES];

	if (link->state_refusal_logged)
		return;
	snprintf(words, sizeof(words),
		 "a status or state was refused: %s (check the broker's access list)", why);
	parent_tell_refused(link->uplink, REFUSED_STATES, words);
	log_warnx("\"%s\": %s", host_text(link), words);
	link->state_refusal_logged = true;
	link->state_refusal_ends = entry->kind == SENT_STATE;
}

static void note_taken_state(struct link *link)
{
	link->state_refusals = 0;
	if (!link->state_refusal_ends)
		return;
	link->state_refusal_logged = link->state_refusal_ends = false;
	parent_tell_refused(link->uplink, REFUSED_STATES, NULL);
	log_info("\"%s\": states are taken again", host_text(link));
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

	if (window_answer(&link->window, mid, why, link->now_ns))
		link->progress_ns = link->alive_ns = link->now_ns;
}

static void note_done(struct message_progress *progress, enum outlet_stream stream,
		      uint64_t position, size_t credit)
{
	progress->acknowledged++;
	progress->acked[stream] = position;
	progress->room[stream] += (uint32_t)credit;
}

/* Who asked asks again for what does not come: nobody else is to wait for it. */
static void note_refused_replay(struct link *link, const char *why)
{
	if (!link->replay_refusal_logged)
		log_warnx(
			"\"%s\": what was asked for once more was refused: %s (check the broker's "
			"access list)",
			host_text(link), why);
	link->replay_refusal_logged = true;
	link->uplink->progress.refused++;
}

/* Everything from the refused one on goes again, in order. */
static void take_record_ack(struct link *link, const struct window_entry *entry,
			    struct refusals *refusals)
{
	enum outlet_stream stream = (enum outlet_stream)entry->kind;
	struct outbox *outbox = &link->uplink->outbox[stream];
	struct gate *gate = &link->gate[stream];

	if (entry->refusal && stream == STREAM_REPLAY) {
		note_refused_replay(link, entry->refusal);
	} else if (entry->refusal) {
		outbox_unsend(outbox);
		window_forget(&link->window, (int)stream);
		gate->in_flight = 0;
		refusals->refused[stream] = outbox_next(outbox);
		refusals->words[stream] = entry->refusal;
		return;
	}
	gate->in_flight--;
	gate->done_position = entry->position;
	note_done(&link->uplink->progress, stream, entry->position, outbox_release(outbox));
}

static void take_ack(struct link *link, const struct window_entry *entry, struct refusals *refusals)
{
	if (entry->kind >= 0 && entry->kind < STREAM_COUNT)
		take_record_ack(link, entry, refusals);
	else if (entry->kind == SENT_FAREWELL)
		link->farewell_done = true;
	else if (entry->kind == SENT_ANSWER && entry->refusal)
		pump_note_refused_answer(link, entry->refusal);
	else if (entry->kind != WINDOW_FORGOTTEN && entry->refusal)
		note_refused_state(link, entry);
	if (entry->kind == SENT_STATUS)
		subscriptions_start(link);
	if (entry->kind == SENT_HEAD && entry->refusal)
		pump_hold_heads(link);
	else if (entry->kind == SENT_HEAD)
		link->head_troubles = 0;
	if (entry->kind == SENT_STATE && entry->refusal)
		pump_hold_states(link);
	else if (entry->kind == SENT_STATE)
		note_taken_state(link);
	if (entry->kind == SENT_STATE && !entry->refusal && entry->position)
		parent_tell_gone(link->uplink, entry->position);
}

void pump_take_acks(struct link *link)
{
	struct refusals refusals = {0};
	struct window_entry entry;
	size_t i;

	while (window_pop(&link->window, &entry))
		take_ack(link, &entry, &refusals);
	for (i = 0; i < STREAM_COUNT; i++) {
		if (refusals.refused[i])
			pump_hold(link, (enum outlet_stream)i, refusals.refused[i],
				  refusals.words[i]);
		else
			open_gate(link, (enum outlet_stream)i);
	}
}
