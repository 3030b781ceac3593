/* What goes through a connection: status, alerts, answers, states, events, in this order of
 * haste. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "uplink_link.h"

enum turn { TURN_NONE, TURN_METRICS, TURN_STATUS, TURN_ALERT, TURN_ANSWER, TURN_STATE, TURN_EVENT };

void pump_start(struct link *link)
{
	struct uplink *uplink = link->uplink;
	size_t granted = client_grant(link->client)->receive_max;
	size_t i;

	if (window_holds(&link->window, SENT_STATE))
		pump_hold_states(link);
	window_reset(&link->window, granted);
	link->progress_ns = link->now_ns;
	link->status_due = true;
	link->state_was_last = false;
	link->farewell_sent = false;
	link->farewell_done = false;
	link->state_refusal_logged = false;
	link->answer_refusal_logged = false;
	for (i = 0; i < STREAM_COUNT; i++) /* what was refused is still held back */
		link->gate[i].in_flight = 0;
	pthread_mutex_lock(&uplink->lock);
	link->first_states = states_all_again(uplink->states);
	pthread_mutex_unlock(&uplink->lock);
	if (link->states_open_ns > link->now_ns)
		link->first_states = 0;
}

/* ---- choosing, under the lock ---------------------------------------------------------- */

static void wake_at(struct link *link, int64_t at_ns)
{
	if (at_ns < link->pump_due_ns)
		link->pump_due_ns = at_ns;
}

/* The next record of the stream, if it may go now. */
static const struct outbox_record *ready(struct link *link, enum outlet_stream stream)
{
	const struct outbox_record *record = outbox_next(&link->uplink->outbox[stream]);
	const struct gate *gate = &link->gate[stream];
	int64_t open_ns = gate->open_ns;

	if (!record || (gate->probing && gate->in_flight > 0))
		return NULL;
	if (stream == STREAM_EVENTS && record->late && bucket_open_ns(&link->bucket) > open_ns)
		open_ns = bucket_open_ns(&link->bucket);
	if (open_ns <= link->now_ns)
		return record;
	wake_at(link, open_ns);
	return NULL;
}

static enum turn choose_status(struct link *link)
{
	link->head = link->uplink->head;
	link->head_known = link->uplink->head_known;
	link->uplink->epoch_changed = false;
	return TURN_STATUS;
}

static enum turn choose_metrics(struct link *link)
{
	link->metrics = link->uplink->metrics;
	link->metrics_bytes = link->uplink->metrics_bytes;
	link->uplink->metrics = NULL;
	return TURN_METRICS;
}

static enum turn choose_record(struct link *link, const struct outbox_record *record,
			       enum turn turn)
{
	link->record = record;
	return turn;
}

static bool states_may_go(struct link *link)
{
	if (link->states_open_ns <= link->now_ns)
		return true;
	wake_at(link, link->states_open_ns);
	return false;
}

/* States take turns with events, so that neither can hold up the other for ever. */
static enum turn choose(struct link *link)
{
	struct uplink *uplink = link->uplink;
	const struct outbox_record *alert;
	const struct outbox_record *event;

	if (link->status_due || uplink->epoch_changed)
		return choose_status(link);
	if (uplink->metrics)
		return choose_metrics(link);
	alert = ready(link, STREAM_ALERTS);
	if (alert)
		return choose_record(link, alert, TURN_ALERT);
	link->answer = answers_take(&uplink->answers);
	if (link->answer)
		return TURN_ANSWER;
	event = ready(link, STREAM_EVENTS);
	if ((link->first_states > 0 || !link->state_was_last || !event) && states_may_go(link) &&
	    states_take(uplink->states, &link->state))
		return TURN_STATE;
	return event ? choose_record(link, event, TURN_EVENT) : TURN_NONE;
}

static enum turn choose_locked(struct link *link)
{
	struct uplink *uplink = link->uplink;
	enum turn turn;

	pthread_mutex_lock(&uplink->lock);
	turn = choose(link);
	uplink->dozing = turn == TURN_NONE;
	pthread_mutex_unlock(&uplink->lock);
	return turn;
}

/* ---- sending --------------------------------------------------------------------------- */

/* -ENOTCONN shows in client_phase(), so callers need to tell apart only -EMSGSIZE. */
static int publish(struct link *link, struct client_message *message, int kind, uint64_t position)
{
	int mid;
	int err;

	message->qos = 1;
	err = client_publish(link->client, message, link->now_ns, &mid);
	if (err < 0)
		return err;
	if (link->window.count == 0)
		link->progress_ns = link->now_ns;
	window_push(&link->window, mid, kind, position);
	return 0;
}

static int publish_status(struct link *link, bool online, int kind)
{
	char topic[TOPIC_BYTES];
	char payload[STATUS_BYTES];
	struct instant now = clock_now();
	struct uplink_status status = {
		.origin = link->uplink->origin,
		.session = link->session_id,
		.online = online,
		.reason = online ? NULL : "stopped",
		.head = link->head_known ? &link->head : NULL,
		.now = &now,
	};
	struct client_message message = {.topic = topic, .payload = payload, .retain = true};
	int length = uplink_status(&status, payload);

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
		.topic = topic, .payload = link->metrics, .bytes = link->metrics_bytes};
	int mid;
	int err;

	uplink_topic(link->uplink->prefix, "metrics", NULL, topic);
	err = client_publish(link->client, &message, link->now_ns, &mid);
	free(link->metrics);
	link->metrics = NULL;
	link->status_due = true; /* with the present head */
	return err;
}

/* Who asked asks again when it does not come. */
static int publish_answer(struct link *link)
{
	const struct uplink_answer *answer = &link->answer->answer;
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
	free(link->answer);
	link->answer = NULL;
	return err;
}

static int publish_state(struct link *link)
{
	char topic[TOPIC_BYTES];
	struct client_message message = {.topic = topic,
					 .payload = link->state.payload,
					 .bytes = link->state.bytes,
					 .retain = true};

	if (link->first_states > 0)
		link->first_states--;
	link->state_was_last = true;
	uplink_state_topic(link->uplink->conf->topic_root, link->uplink->prefix, link->state.key,
			   topic);
	return publish(link, &message, SENT_STATE, link->state.over);
}

static int publish_record(struct link *link, enum outlet_stream stream)
{
	const struct outbox_record *record = link->record;
	struct uplink *uplink = link->uplink;
	char topic[TOPIC_BYTES];
	struct client_message message = {
		.topic = topic,
		.payload = record->payload,
		.bytes = record->payload_bytes,
		.epoch = record->epoch,
		.seq = record->seq,
		.late = record->late,
	};
	int err;

	uplink_stream_topic(uplink->prefix, stream, record->type, topic);
	err = publish(link, &message, (int)stream, record->position);
	if (err == -EMSGSIZE)
		pump_hold(link, stream, record, "larger than the broker takes");
	if (err < 0)
		return err;
	if (stream == STREAM_EVENTS && record->late)
		bucket_spend(&link->bucket, (int64_t)(message.bytes + strlen(topic)), link->now_ns);
	link->state_was_last = false;
	link->gate[stream].in_flight++;
	pthread_mutex_lock(&uplink->lock);
	outbox_sent(&uplink->outbox[stream]);
	uplink->counters.published++;
	pthread_mutex_unlock(&uplink->lock);
	return 0;
}

static int take_turn(struct link *link, enum turn turn)
{
	switch (turn) {
	case TURN_STATUS:
		link->status_due = false;
		return publish_status(link, true, SENT_STATUS);
	case TURN_METRICS:
		return publish_metrics(link);
	case TURN_ANSWER:
		return publish_answer(link);
	case TURN_STATE:
		return publish_state(link);
	case TURN_ALERT:
		return publish_record(link, STREAM_ALERTS);
	case TURN_EVENT:
		return publish_record(link, STREAM_EVENTS);
	case TURN_NONE:
		break;
	}
	return 0;
}

static bool may_send(struct link *link)
{
	return client_phase(link->client) == CLIENT_ONLINE && window_has_room(&link->window) &&
	       !client_is_full(link->client);
}

/* A single message goes at once; what comes after it in the same round shares packets. */
void pump_send(struct link *link)
{
	enum turn turn = TURN_STATUS;
	size_t sent = 0;

	link->pump_due_ns = INT64_MAX;
	while (turn != TURN_NONE && may_send(link)) {
		turn = choose_locked(link);
		if (turn != TURN_NONE && ++sent == 2)
			client_cork(link->client, true);
		(void)take_turn(link, turn);
	}
	if (sent >= 2)
		client_cork(link->client, false);
}

void pump_send_farewell(struct link *link)
{
	link->pump_due_ns = INT64_MAX;
	if (link->farewell_sent || !may_send(link))
		return;
	pthread_mutex_lock(&link->uplink->lock);
	choose_status(link);
	pthread_mutex_unlock(&link->uplink->lock);
	link->farewell_sent = true;
	if (publish_status(link, false, SENT_FAREWELL) < 0)
		link->farewell_done = true;
}
