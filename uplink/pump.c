/* What goes through a connection, in order of priority: status, alerts, answers, events and
 * states, and what is asked for once more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "uplink/link.h"

/* Then 40 ms more do not matter, and the bytes of an empty segment do. */
#define LONG_RTT_NS (300 * NS_PER_MS)
#define JOURNAL_NS  (500 * NS_PER_MS) /* the journal has heard what the broker had */
#define STATE_SHARE 4 /* bytes of events for each of a state */

/* While the broker sends all that is retained. */
#define UNANSWERED_MOST_BYTES ((size_t)256 * 1024)
#define UNSENT_MOST_BYTES     1024
#define LOOK_NS		      (50 * NS_PER_MS) /* whether TCP has taken it */

enum turn {
	TURN_NONE,
	TURN_METRICS,
	TURN_STATUS,
	TURN_HEAD,
	TURN_ALERT,
	TURN_ANSWER,
	TURN_STATE,
	TURN_EVENT,
	TURN_REPLAY
};

/* What was refused is still held back, and not what begins this connection: a broker may end it
 * for that. */
static void reopen_gate(const struct link *link, struct gate *gate)
{
	gate->in_flight = 0;
	if (gate->probing)
		gate->open_ns = later_ns(
			gate->open_ns,
			link->now_ns + backoff_ns(&link->retry, gate->refusals, random_chance()));
}

void pump_start(struct link *link)
{
	size_t granted = client_grant(link->client)->receive_max;
	const struct window_entry *unanswered;
	size_t i;

	if (window_holds(&link->window, SENT_STATE))
		pump_hold_states(link);
	unanswered = window_unanswered(&link->window);
	if (unanswered && unanswered->kind == SENT_HEAD && link->head_troubles++ > 0)
		pump_hold_heads(link);
	window_reset(&link->window, granted);
	link->progress_ns = link->alive_ns = link->now_ns;
	link->received_bytes = 0;
	link->status_due = true;
	link->announced_position = client_grant(link->client)->retains ? 0 : UINT64_MAX;
	link->journal_by_ns = link->now_ns + JOURNAL_NS;
	link->state_bytes = link->event_bytes = 0;
	link->farewell_sent = false;
	link->farewell_done = false;
	link->state_refusal_logged = link->state_refusal_ends = false;
	link->answer_refusal_logged = false;
	link->replay_refusal_logged = false;
	for (i = 0; i < STREAM_COUNT; i++)
		reopen_gate(link, &link->gate[i]);
	parent_want_states(link->uplink, link->states_asked ? 0 : CREDIT_STATES, true);
	link->states_asked = true;
}

/* ---- choosing ---------------------------------------------------------------------------- */

static void wake_at(struct link *link, int64_t at_ns)
{
	if (at_ns < link->pump_due_ns)
		link->pump_due_ns = at_ns;
}

/* The bytes that may go in a second, NULL: all that there are. */
static struct bucket *bucket_of(struct link *link, enum outlet_stream stream, bool late)
{
	if (stream == STREAM_REPLAY)
		return &link->again_bucket;
	return stream == STREAM_EVENTS && late ? &link->bucket : NULL;
}

/* The next record of the stream, if it may go now. */
static const struct outbox_record *ready(struct link *link, enum outlet_stream stream)
{
	const struct outbox_record *record = outbox_next(&link->uplink->outbox[stream]);
	const struct gate *gate = &link->gate[stream];
	const struct bucket *bucket = record ? bucket_of(link, stream, record->late) : NULL;
	int64_t open_ns = gate->open_ns;

	if (!record || (gate->probing && gate->in_flight > 0))
		return NULL;
	if (bucket && bucket_open_ns(bucket) > open_ns)
		open_ns = bucket_open_ns(bucket);
	if (open_ns <= link->now_ns)
		return record;
	wake_at(link, open_ns);
	return NULL;
}

static bool states_may_go(struct link *link)
{
	if (link->states_open_ns <= link->now_ns)
		return true;
	wake_at(link, link->states_open_ns);
	return false;
}

/* While events wait, states get a fifth of the bytes: a newer one may replace what waits. */
static bool is_states_turn(const struct link *link)
{
	return STATE_SHARE * link->state_bytes <= link->event_bytes;
}

/* Before a record goes the broker has it in writing how far the numbers have come. */
static enum turn announced(const struct link *link, const struct outbox_record *record,
			   enum turn turn)
{
	return record->position > link->announced_position && link->now_ns >= link->heads_open_ns
		       ? TURN_HEAD
		       : turn;
}

static bool note_may_go(const struct link *link)
{
	const struct uplink *uplink = link->uplink;

	return uplink->note_due && link->now_ns >= link->heads_open_ns &&
	       (uplink->furthest_position > link->announced_position || link->announced.seq > 0 ||
		(uplink->head_known && uplink->head.seq > 0));
}

static enum turn choose(struct link *link)
{
	struct uplink *uplink = link->uplink;
	const struct outbox_record *alert, *event;

	if (uplink->journal_awaited && link->now_ns < link->journal_by_ns) {
		wake_at(link, link->journal_by_ns);
		return TURN_NONE;
	}
	if (link->status_due || uplink->epoch_changed)
		return TURN_STATUS;
	if (uplink->metrics)
		return TURN_METRICS;
	alert = ready(link, STREAM_ALERTS);
	if (alert)
		return announced(link, alert, TURN_ALERT);
	if (answers_next(&uplink->answers))
		return TURN_ANSWER;
	if (note_may_go(link))
		return TURN_HEAD;
	event = ready(link, STREAM_EVENTS);
	if (!event)
		link->state_bytes = link->event_bytes = 0;
	if (state_queue_next(&uplink->states) && is_states_turn(link) && states_may_go(link))
		return TURN_STATE;
	if (event)
		return announced(link, event, TURN_EVENT);
	return ready(link, STREAM_REPLAY) ? TURN_REPLAY : TURN_NONE;
}

/* ---- sending --------------------------------------------------------------------------- */

/* Bytes of the packet. -ENOTCONN shows in client_phase(), so callers need to tell apart only
 * -EMSGSIZE. */
static int publish(struct link *link, struct client_message *message, int kind, uint64_t position)
{
	struct window_entry entry = {.kind = kind, .position = position, .retain = message->retain};
	struct client_sent sent;
	int err;

	message->qos = 1;
	err = client_publish(link->client, message, link->now_ns, &sent);
	if (err < 0)
		return err;
	if (link->window.count == 0)
		link->progress_ns = link->alive_ns = link->now_ns;
	entry.mid = sent.mid;
	entry.bytes = sent.bytes;
	window_push(&link->window, &entry, message->topic, link->now_ns);
	return (int)sent.bytes;
}

static void pack(struct link *link, struct client_message *message)
{
	const void *packed = NULL;

	if (link->packer && client_is_v5(link->client) && message->bytes > 0)
		packed = packer_pack(link->packer, message->payload, message->bytes,
				     &message->bytes);
	message->packed = packed != NULL;
	if (packed)
		message->payload = packed;
}

static int publish_status(struct link *link, bool online, int kind)
{
	char topic[TOPIC_BYTES];
	char payload[STATUS_BYTES];
	struct instant now = clock_now();
	struct uplink_status status = {
		.origin = &link->uplink->origin,
		.session = link->session_id,
		.online = online,
		.reason = online ? NULL : "stopped",
		.head = link->uplink->head_known ? &link->uplink->head : NULL,
		.now = &now,
	};
	struct client_message message = {.topic = topic, .payload = payload, .retain = true};
	int length = uplink_status(&status, payload);

	link->uplink->epoch_changed = false;
	if (length < 0)
		return length;
	message.bytes = (size_t)length;
	uplink_topic(link->uplink->prefix, "status", NULL, topic);
	return publish(link, &message, kind, 0);
}

static int publish_metrics(struct link *link)
{
	char topic[TOPIC_BYTES];
	struct client_message message = {
		.topic = topic,
		.payload = link->uplink->metrics,
		.bytes = link->uplink->metrics_bytes,
	};
	struct client_sent sent;
	int err;

	uplink_topic(link->uplink->prefix, "metrics", NULL, topic);
	err = client_publish(link->client, &message, link->now_ns, &sent);
	free(link->uplink->metrics);
	link->uplink->metrics = NULL;
	link->status_due = true; /* with the present head */
	return err;
}

/* The furthest event that is to be announced; or what was, with the signed head of now. */
static void announce(struct link *link)
{
	const struct uplink *uplink = link->uplink;
	const struct outbox_record *furthest = uplink->furthest;

	if (furthest && uplink->furthest_position > link->announced_position) {
		link->announced = (struct event_head){.seq = furthest->seq};
		memcpy(link->announced.epoch, furthest->epoch, sizeof(furthest->epoch));
		event_hash(furthest->payload, furthest->payload_bytes, link->announced.hash);
		link->announced_position = uplink->furthest_position;
	} else if (link->announced.seq == 0) {
		link->announced = uplink->head;
	}
}

static int publish_head(struct link *link)
{
	struct uplink *uplink = link->uplink;
	char topic[TOPIC_BYTES];
	char payload[HEAD_BYTES];
	struct client_message message = {.topic = topic, .payload = payload, .retain = true};
	int length;

	announce(link);
	uplink->note_due = false;
	length = uplink_head_payload(&link->announced, uplink->note, uplink->note_bytes, payload);
	if (length < 0)
		return length;
	message.bytes = (size_t)length;
	uplink_topic(uplink->prefix, "head", NULL, topic);
	return publish(link, &message, SENT_HEAD, 0);
}

/* Who asked asks again when it does not come. */
static int publish_answer(struct link *link)
{
	struct kept_answer *kept = answers_take(&link->uplink->answers);
	const struct uplink_answer *answer = &kept->answer;
	struct client_message message = {
		.topic = answer->topic,
		.payload = answer->payload,
		.bytes = answer->bytes,
		.correlation = answer->correlation,
		.correlation_bytes = answer->correlation_bytes,
	};
	int err = publish(link, &message, SENT_ANSWER, 0);

	if (err == -EMSGSIZE)
		pump_note_refused_answer(link, "larger than the broker takes");
	free(kept);
	return err;
}

/* One more may come. A state that could not be sent comes again with the next connection. */
static int publish_state(struct link *link)
{
	struct uplink *uplink = link->uplink;
	const struct queued_state *state = state_queue_next(&uplink->states);
	char topic[TOPIC_BYTES];
	struct client_message message = {
		.topic = topic, .payload = state->payload, .bytes = state->bytes, .retain = true};
	int bytes = 0;

	uplink_state_topic(uplink->setup.conf.topic_root, uplink->prefix, state->key, topic);
	if (state->key[0] != '@') /* what other gateways read stays as it is */
		pack(link, &message);
	if (!losses_leaves_out(&link->losses, topic, link->now_ns))
		bytes = publish(link, &message, SENT_STATE, state->over);
	if (bytes > 0)
		link->state_bytes += bytes;
	state_queue_drop(&uplink->states);
	parent_want_states(uplink, 1, false);
	return bytes;
}

static int publish_record(struct link *link, enum outlet_stream stream)
{
	struct uplink *uplink = link->uplink;
	const struct outbox_record *record = outbox_next(&uplink->outbox[stream]);
	struct bucket *bucket = bucket_of(link, stream, record->late);
	char topic[TOPIC_BYTES];
	struct client_message message = {
		.topic = topic,
		.payload = record->payload,
		.bytes = record->payload_bytes,
		.epoch = record->type[0] ? record->epoch : NULL,
		.seq = record->seq,
		.late = record->late,
	};
	int bytes;

	if (stream == STREAM_REPLAY)
		uplink_replay_topic(uplink->prefix, record->asker, record->type, topic);
	else
		uplink_stream_topic(uplink->prefix, stream, record->type, topic);
	pack(link, &message);
	bytes = publish(link, &message, (int)stream, record->position);
	if (bytes == -EMSGSIZE)
		pump_hold(link, stream, record, "larger than the broker takes");
	if (bytes < 0)
		return bytes;
	if (bucket)
		bucket_spend(bucket, bytes, link->now_ns);
	if (stream == STREAM_EVENTS)
		link->event_bytes += bytes;
	link->gate[stream].in_flight++;
	outbox_sent(&uplink->outbox[stream]);
	uplink->progress.published++;
	return bytes;
}

static int take_turn(struct link *link, enum turn turn)
{
	switch (turn) {
	case TURN_STATUS:
		link->status_due = false;
		return publish_status(link, true, SENT_STATUS);
	case TURN_METRICS:
		return publish_metrics(link);
	case TURN_HEAD:
		return publish_head(link);
	case TURN_ANSWER:
		return publish_answer(link);
	case TURN_STATE:
		return publish_state(link);
	case TURN_ALERT:
		return publish_record(link, STREAM_ALERTS);
	case TURN_EVENT:
		return publish_record(link, STREAM_EVENTS);
	case TURN_REPLAY:
		return publish_record(link, STREAM_REPLAY);
	case TURN_NONE:
		break;
	}
	return 0;
}

/* What is retained comes before the answers to what we send. Then it is TCP that tells how much
 * the link takes. (mosquitto 2.0.11 sends two messages for each that is acknowledged, whatever the
 * Receive Maximum.) */
static bool has_room(struct link *link)
{
	const struct window *window = &link->window;

	if (!recall_is_pending(link))
		return window_has_room(window);
	return window->count == 0 ||
	       (window->count < window->limit && window->bytes < UNANSWERED_MOST_BYTES &&
		client_unsent_bytes(link->client) < UNSENT_MOST_BYTES);
}

static bool may_send(struct link *link)
{
	return client_phase(link->client) == CLIENT_ONLINE && has_room(link) &&
	       !client_is_full(link->client);
}

/* A single message goes at once; what comes after it in the same round shares packets. */
void pump_send(struct link *link)
{
	enum turn turn = TURN_STATUS;
	size_t sent = 0;

	link->pump_due_ns = INT64_MAX;
	window_hear(&link->window, !recall_is_pending(link), link->now_ns);
	while (turn != TURN_NONE && may_send(link)) {
		turn = choose(link);
		if (turn != TURN_NONE && ++sent == 2)
			client_cork(link->client, true);
		(void)take_turn(link, turn);
	}
	if (sent >= 2)
		client_cork(link->client, false);
	if (sent == 0 && link->window.count > 0 && link->window.rtt_ns < LONG_RTT_NS)
		client_ack_now(link->client);
	if (recall_is_pending(link) && turn != TURN_NONE)
		wake_at(link, link->now_ns + LOOK_NS);
}

void pump_send_farewell(struct link *link)
{
	link->pump_due_ns = INT64_MAX;
	if (link->farewell_sent || !may_send(link))
		return;
	link->farewell_sent = true;
	if (publish_status(link, false, SENT_FAREWELL) < 0)
		link->farewell_done = true;
}
