#include "uplink/parent.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define TEXTS_BYTES  (64 * 1024) /* of hosts and the rest of the set-up */
#define METRICS_ROOM 512 /* for what comes before the members */

/* Progress: a batch. */
#define BATCH_NS	   (20 * NS_PER_MS)
#define BATCH_EVENTS_BYTES (CREDIT_EVENTS_BYTES / 16)
#define BATCH_ALERTS_BYTES (CREDIT_ALERTS_BYTES / 4)

/* ---- what is told ----------------------------------------------------------------------- */

/* There is room: heard messages keep to their credit, the rest is little. */
static void tell(struct uplink *uplink, enum message_kind kind, const void *object)
{
	if (channel_put(&uplink->channel, kind, object) < 0)
		log_error(0, "corridord does not listen");
}

void parent_tell_link(struct uplink *uplink, enum link_state state, size_t host, const char *error)
{
	const struct message_link link = {.state = state, .host = (uint32_t)host, .error = error};

	tell(uplink, MESSAGE_LINK, &link);
}

void parent_tell_refused(struct uplink *uplink, enum refused_what what, const char *words)
{
	const struct message_refused refused = {.what = what, .words = words};

	tell(uplink, MESSAGE_REFUSED, &refused);
}

static bool is_news(const struct message_progress *progress)
{
	bool acked = false;

	for (int i = 0; i < STREAM_COUNT; i++)
		acked |= progress->acked[i] || progress->room[i];
	return acked || progress->published || progress->refused || progress->dropped;
}

/* Kept and added to when there is no room now. */
static void tell_progress(struct uplink *uplink)
{
	if (is_news(&uplink->progress) &&
	    channel_put(&uplink->channel, MESSAGE_PROGRESS, &uplink->progress) < 0)
		return;
	uplink->progress = (struct message_progress){.session = uplink->session};
	uplink->progress_due_ns = 0;
}

static bool is_batch(const struct uplink *uplink, int64_t now_ns)
{
	return uplink->progress.room[STREAM_EVENTS] >= BATCH_EVENTS_BYTES ||
	       uplink->progress.room[STREAM_ALERTS] >= BATCH_ALERTS_BYTES ||
	       uplink->progress.room[STREAM_REPLAY] >= BATCH_ALERTS_BYTES ||
	       now_ns >= uplink->progress_due_ns;
}

void parent_rewind(struct uplink *uplink, const struct event_head *told)
{
	const struct message_rewind rewind = {.session = uplink->session + 1, .told = *told};

	tell_progress(uplink);
	uplink->session = rewind.session;
	for (int i = 0; i < STREAM_COUNT; i++)
		outbox_clear(&uplink->outbox[i]);
	uplink->furthest = NULL;
	uplink->furthest_position = 0;
	uplink->progress = (struct message_progress){.session = rewind.session};
	uplink->journal_awaited = true;
	tell(uplink, MESSAGE_REWIND, &rewind);
}

void parent_want_states(struct uplink *uplink, size_t count, bool all_again)
{
	const struct message_states states = {.count = (uint32_t)count, .all_again = all_again};

	tell(uplink, MESSAGE_STATES, &states);
}

void parent_tell_gone(struct uplink *uplink, uint64_t over)
{
	const struct message_gone gone = {.over = over};

	tell(uplink, MESSAGE_GONE, &gone);
}

void parent_tell_recall(struct uplink *uplink)
{
	tell(uplink, MESSAGE_RECALL, NULL);
}

void parent_tell_stopped(struct uplink *uplink)
{
	tell(uplink, MESSAGE_STOPPED, NULL);
}

bool parent_hears(struct uplink *uplink, size_t inlet, const struct inlet_message *heard)
{
	const struct message_inlet *to = &uplink->inlets[inlet];
	const struct message_heard message = {
		.inlet = (uint32_t)inlet,
		.subject = heard->subject,
		.payload = heard->payload,
		.bytes = heard->bytes < to->payload_most ? heard->bytes : to->payload_most,
		.retained = heard->retained,
		.response_topic = heard->response_topic,
		.correlation = heard->correlation,
		.correlation_bytes = heard->correlation_bytes,
	};
	const size_t cost = message_heard_cost(&message);

	if (cost > uplink->heard_credit[inlet] ||
	    channel_put(&uplink->channel, MESSAGE_HEARD, &message) < 0)
		return false;
	uplink->heard_credit[inlet] -= cost;
	return true;
}

int parent_flush(struct uplink *uplink, bool idle, int64_t now_ns)
{
	if (is_news(&uplink->progress) && uplink->progress_due_ns == 0)
		uplink->progress_due_ns = now_ns + BATCH_NS;
	if (idle || is_batch(uplink, now_ns))
		tell_progress(uplink);
	return channel_flush(&uplink->channel);
}

/* Without room it is the channel that wakes. */
int64_t parent_due_ns(const struct uplink *uplink)
{
	if (uplink->progress_due_ns == 0 || channel_waiting(&uplink->channel) > 0)
		return INT64_MAX;
	return uplink->progress_due_ns;
}

short parent_events(const struct uplink *uplink)
{
	return channel_waiting(&uplink->channel) > 0 ? POLLIN | POLLOUT : POLLIN;
}

/* ---- what is heard ---------------------------------------------------------------------- */

static int take_record(struct uplink *uplink, const struct message_record *record)
{
	struct outlet_record copy = {
		.position = record->position,
		.seq = record->seq,
		.type = record->type,
		.asker = record->asker,
		.payload = record->payload,
		.payload_bytes = record->payload_bytes,
		.late = record->late,
	};

	if (record->session != uplink->session)
		return 0; /* offered before the parent heard of the new one */
	if (record->stream >= STREAM_COUNT ||
	    (record->stream == STREAM_REPLAY) != (record->asker != NULL))
		return -EBADMSG;
	uplink->journal_awaited = false;
	memcpy(copy.epoch, record->epoch, strlen(record->epoch) + 1);
	if (!outbox_put(&uplink->outbox[record->stream], &copy))
		return -EBADMSG;
	if (record->stream != STREAM_REPLAY && record->position > uplink->furthest_position) {
		uplink->furthest = outbox_newest(&uplink->outbox[record->stream]);
		uplink->furthest_position = record->position;
	}
	return 0;
}

static int take_metrics(struct uplink *uplink, const struct message_metrics *members)
{
	const struct instant now = clock_now();
	const size_t size = members->bytes + METRICS_ROOM;
	char *metrics = malloc(size);
	int bytes;

	if (!metrics)
		return -ENOMEM;
	bytes = uplink_metrics_payload(&uplink->origin, &now, members->members, members->bytes,
				       metrics, size);
	if (bytes < 0) {
		free(metrics);
		return 0;
	}
	free(uplink->metrics);
	uplink->metrics = metrics;
	uplink->metrics_bytes = (size_t)bytes;
	return 0;
}

static int take_answer(struct uplink *uplink, const struct message_answer *message)
{
	const struct uplink_answer answer = {
		.topic = message->topic,
		.correlation = message->correlation_bytes > 0 ? message->correlation : NULL,
		.correlation_bytes = message->correlation_bytes,
		.payload = message->payload,
		.bytes = message->bytes,
	};
	const int err = answers_put(&uplink->answers, &answer);

	if (err == -EAGAIN)
		log_warnx("more answers wait than there is room for, one is lost");
	return err == -EAGAIN ? 0 : err;
}

static void take_head(struct uplink *uplink, const struct event_head *head)
{
	uplink->epoch_changed |= uplink->head_known && strcmp(head->epoch, uplink->head.epoch) != 0;
	uplink->head = *head;
	uplink->head_known = true;
	uplink->journal_awaited = false;
}

static void take_note(struct uplink *uplink, const struct message_note *note)
{
	memcpy(uplink->note, note->members, note->bytes);
	uplink->note_bytes = note->bytes;
	uplink->note_due = true;
}

static int take_room(struct uplink *uplink, const struct message_room *room)
{
	if (room->inlet >= uplink->inlet_count)
		return -EBADMSG;
	uplink->heard_credit[room->inlet] += room->bytes;
	return 0;
}

static int take_refresh(struct uplink *uplink, const struct message_refresh *refresh)
{
	if (refresh->inlet >= uplink->inlet_count)
		return -EBADMSG;
	uplink->refresh[refresh->inlet] = true;
	return 0;
}

/* Any message that is read. */
union any {
	struct message_setup setup;
	struct message_host host;
	struct message_inlet inlet;
	struct message_head head;
	struct message_record record;
	struct message_state state;
	struct message_metrics metrics;
	struct message_note note;
	struct message_answer answer;
	struct message_room room;
	struct message_refresh refresh;
	struct message_stop stop;
};

static int take(struct uplink *uplink, enum message_kind kind, const union any *any)
{
	switch (kind) {
	case MESSAGE_HEAD:
		take_head(uplink, &any->head.head);
		return 0;
	case MESSAGE_RECORD:
		return take_record(uplink, &any->record);
	case MESSAGE_STATE:
		return state_queue_put(&uplink->states, &any->state) ? 0 : -EBADMSG;
	case MESSAGE_METRICS:
		return take_metrics(uplink, &any->metrics);
	case MESSAGE_NOTE:
		take_note(uplink, &any->note);
		return 0;
	case MESSAGE_ANSWER:
		return take_answer(uplink, &any->answer);
	case MESSAGE_ROOM:
		return take_room(uplink, &any->room);
	case MESSAGE_REFRESH:
		return take_refresh(uplink, &any->refresh);
	case MESSAGE_PING:
		tell(uplink, MESSAGE_PONG, NULL);
		return 0;
	case MESSAGE_STOP:
		uplink->stopping = true;
		uplink->stop_by_ns = any->stop.by_mono_ns;
		return 0;
	default:
		return -EBADMSG;
	}
}

int parent_serve(struct uplink *uplink)
{
	int got = channel_fill(&uplink->channel);
	int err = got < 0 ? got : 0;
	struct channel_message message;
	union any any;
	int more;

	while (err == 0 && (more = channel_next(&uplink->channel, &message)) != 0) {
		err = more < 0 ? more
			       : message_read(message.kind, message.bytes, message.count, &any);
		if (err == 0)
			err = take(uplink, message.kind, &any);
	}
	return err;
}

/* ---- set-up ----------------------------------------------------------------------------- */

static int set_up(struct uplink *uplink, const struct message_setup *setup)
{
	uplink->setup = *setup;
	uplink->origin = (struct event_origin){
		.checkpoint = setup->checkpoint, .gateway = setup->gateway, .boot = setup->boot};
	return uplink_topic_prefix(setup->conf.topic_root, &uplink->origin, uplink->prefix);
}

static int add_host(struct uplink *uplink, const struct message_host *host)
{
	int err = -E2BIG;

	if (uplink->host_count < UPLINK_HOSTS)
		err = uplink_host_parse(host->text, (int)uplink->setup.conf.port,
					&uplink->hosts[uplink->host_count]);
	if (err < 0)
		return err;
	uplink->older_protocol[uplink->host_count++] = host->older_protocol;
	return 0;
}

static int add_inlet(struct uplink *uplink, const struct message_inlet *inlet)
{
	if (uplink->inlet_count == UPLINK_INLETS)
		return -E2BIG;
	uplink->inlets[uplink->inlet_count] = *inlet;
	uplink->heard_credit[uplink->inlet_count++] = CREDIT_HEARD_BYTES;
	return 0;
}

/* 1: that was all. */
static int take_set_up(struct uplink *uplink, enum message_kind kind, const union any *any)
{
	switch (kind) {
	case MESSAGE_SETUP:
		return set_up(uplink, &any->setup);
	case MESSAGE_HOST:
		return add_host(uplink, &any->host);
	case MESSAGE_INLET:
		return add_inlet(uplink, &any->inlet);
	case MESSAGE_START:
		return uplink->setup.first_host < uplink->host_count ? 1 : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

/* Its texts live as long as the process, so it is read out of a copy. */
static int keep_set_up(struct uplink *uplink, const struct channel_message *message)
{
	unsigned char *copy = uplink->texts + uplink->texts_used;
	union any any;
	int err;

	if (message->count > TEXTS_BYTES - uplink->texts_used)
		return -E2BIG;
	memcpy(copy, message->bytes, message->count);
	uplink->texts_used += message->count;
	err = message_read(message->kind, copy, message->count, &any);
	return err < 0 ? err : take_set_up(uplink, message->kind, &any);
}

/* 1: all of it is there; 0: not yet. */
static int serve_set_up(struct uplink *uplink)
{
	struct channel_message message;
	int got = channel_fill(&uplink->channel);
	int result = got < 0 ? got : 0;
	int more;

	while (result == 0 && (more = channel_next(&uplink->channel, &message)) != 0)
		result = more < 0 ? more : keep_set_up(uplink, &message);
	return result;
}

int parent_set_up(struct uplink *uplink)
{
	struct pollfd wait = {.fd = uplink->channel.fd, .events = POLLIN};
	int result = 0;

	state_queue_clear(&uplink->states);
	uplink->texts = malloc(TEXTS_BYTES);
	if (!uplink->texts)
		return -ENOMEM;
	while (result == 0) {
		(void)poll(&wait, 1, -1);
		result = serve_set_up(uplink);
	}
	return result < 0 ? result : 0;
}
