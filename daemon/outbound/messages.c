/* What passes between this thread and the child. Nothing that comes up is believed beyond what
 * was sent down: positions, sessions, credits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbound/private.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

/* ---- down ------------------------------------------------------------------------------- */

static int set_up(struct uplink *uplink)
{
	const struct message_setup setup = {
		.conf = *uplink->conf,
		.checkpoint = uplink->origin->checkpoint,
		.gateway = uplink->origin->gateway,
		.boot = uplink->origin->boot,
		.credentials = getenv("CREDENTIALS_DIRECTORY"),
		.first_host = (uint32_t)uplink->host,
		.debug = log_debugging(),
	};

	return channel_put(&uplink->channel, MESSAGE_SETUP, &setup);
}

static int add_hosts(struct uplink *uplink)
{
	const struct conf_list *hosts = &uplink->conf->hosts;
	int err = 0;

	for (size_t i = 0; err == 0 && i < hosts->count; i++) {
		const struct message_host host = {
			.text = hosts->item[i], .older_protocol = uplink->hosts[i].older_protocol};

		err = channel_put(&uplink->channel, MESSAGE_HOST, &host);
	}
	return err;
}

static int add_inlets(struct uplink *uplink)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < uplink->inlet_count; i++) {
		const struct inlet *inlet = &uplink->inlets[i];
		const struct message_inlet message = {
			.folder = inlet->folder,
			.levels = inlet->levels,
			.of_gateway = inlet->of_gateway,
			.retained = inlet->retained,
			.payload_most = (uint32_t)inlet->most + 1,
		};

		err = channel_put(&uplink->channel, MESSAGE_INLET, &message);
	}
	return err;
}

int messages_set_up(struct uplink *uplink)
{
	int err = set_up(uplink);

	if (err == 0)
		err = add_hosts(uplink);
	if (err == 0)
		err = add_inlets(uplink);
	if (err == 0)
		err = channel_put(&uplink->channel, MESSAGE_START, NULL);
	return err;
}

/* true: the child knows it, or there is none. */
static bool send_head(struct uplink *uplink)
{
	const struct message_head message = {.head = uplink->head};

	if (uplink->head_due && uplink->head_known &&
	    channel_put(&uplink->channel, MESSAGE_HEAD, &message) < 0)
		return false;
	uplink->head_due = false;
	return true;
}

static void send_note(struct uplink *uplink)
{
	const struct message_note message = {.members = uplink->note, .bytes = uplink->note_bytes};

	if (uplink->note_due && channel_put(&uplink->channel, MESSAGE_NOTE, &message) == 0)
		uplink->note_due = false;
}

static void send_states(struct uplink *uplink, bool stop)
{
	const int64_t now_ns = stop ? INT64_MAX : clock_mono_ns();
	struct state_copy state;

	while (uplink->states_wanted > 0 && states_take(uplink->states, now_ns, &state)) {
		const struct message_state message = {.key = state.key,
						      .over = state.over,
						      .patient = state.patient,
						      .payload = state.payload,
						      .payload_bytes = state.bytes};

		if (channel_put(&uplink->channel, MESSAGE_STATE, &message) < 0) {
			states_untake(uplink->states, state.key);
			return;
		}
		uplink->states_wanted--;
	}
}

static void send_stop(struct uplink *uplink)
{
	const struct message_stop stop = {.by_mono_ns = uplink->stop_by_ns};

	if (!uplink->stop_told && channel_put(&uplink->channel, MESSAGE_STOP, &stop) == 0)
		uplink->stop_told = true;
}

int messages_send(struct uplink *uplink, bool stop)
{
	bool head_is_known;

	uplink->head_due |= stop && !uplink->stop_told;
	head_is_known = send_head(uplink);
	send_note(uplink);
	send_states(uplink, stop);
	if (stop && head_is_known) /* the farewell names it */
		send_stop(uplink);
	return channel_flush(&uplink->channel);
}

void uplink_signal_change(struct uplink *uplink)
{
	uint64_t one = 1;

	(void)!write(uplink->event_fd, &one, sizeof(one));
}

/* ---- up: the link ----------------------------------------------------------------------- */

static const char *host_text(const struct uplink *uplink, size_t host)
{
	return uplink->conf->hosts.item[host];
}

static void note_online(struct uplink *uplink)
{
	uplink->online_ns = clock_mono_ns();
	uplink->counters.connected = true;
	uplink->counters.since_mono_ns = uplink->online_ns;
	uplink->counters.connects++;
	uplink->counters.error[0] = '\0';
	uplink->death[0] = '\0';
}

/* What ended the process is not hidden by what became of the attempts after it. */
static void note_error(struct uplink *uplink, const char *error)
{
	char *text = uplink->counters.error;
	const size_t size = sizeof(uplink->counters.error);

	if (uplink->death[0] && error)
		snprintf(text, size, "%s; then: %s", uplink->death, error);
	else
		snprintf(text, size, "%s", error ? error : uplink->death);
}

static void note_offline(struct uplink *uplink, const char *error)
{
	if (uplink->counters.connected)
		uplink->counters.since_mono_ns = clock_mono_ns();
	uplink->counters.connected = false;
	uplink->session = 0;
	note_error(uplink, error);
}

static void forget_refused(struct uplink_counters *counters)
{
	for (int i = 0; i < REFUSED_KINDS; i++)
		counters->not_taken[i][0] = '\0';
}

static int take_refused(struct uplink *uplink, const struct message_refused *refused)
{
	if (refused->what >= REFUSED_KINDS)
		return -EBADMSG;
	pthread_mutex_lock(&uplink->lock);
	snprintf(uplink->counters.not_taken[refused->what],
		 sizeof(uplink->counters.not_taken[refused->what]), "%s",
		 refused->words ? refused->words : "");
	pthread_mutex_unlock(&uplink->lock);
	uplink_signal_change(uplink);
	return 0;
}

static int take_link(struct uplink *uplink, const struct message_link *link)
{
	bool was_connected = uplink->counters.connected;

	if (link->host >= uplink->conf->hosts.count || link->state >= LINK_STATES)
		return -EBADMSG;
	uplink->host = link->host;
	uplink->deaf = link->state == LINK_IS_LOOKING_UP;
	pthread_mutex_lock(&uplink->lock);
	snprintf(uplink->counters.host, sizeof(uplink->counters.host), "%s",
		 host_text(uplink, link->host));
	forget_refused(&uplink->counters);
	if (link->state == LINK_IS_ONLINE)
		note_online(uplink);
	else if (link->state == LINK_IS_OFFLINE)
		note_offline(uplink, link->error);
	uplink->head_due |= link->state == LINK_IS_LOOKING_UP; /* its status names it */
	pthread_mutex_unlock(&uplink->lock);
	if (was_connected != (link->state == LINK_IS_ONLINE))
		uplink_signal_change(uplink);
	return 0;
}

/* From here on the journal offers; not after uplink_detach(). */
static void take_rewind(struct uplink *uplink, const struct message_rewind *rewind)
{
	const uint32_t session = ++uplink->last_session;

	pthread_mutex_lock(&uplink->source_lock);
	if (uplink->attached) {
		pthread_mutex_lock(&uplink->lock);
		uplink->session = session;
		uplink->child_session = rewind->session;
		uplink->lanes[STREAM_EVENTS] = (struct lane_out){.credit = CREDIT_EVENTS_BYTES};
		uplink->lanes[STREAM_ALERTS] = (struct lane_out){.credit = CREDIT_ALERTS_BYTES};
		uplink->lanes[STREAM_REPLAY] = (struct lane_out){.credit = CREDIT_REPLAY_BYTES};
		uplink->head_wanted = true;
		pthread_mutex_unlock(&uplink->lock);
		if (rewind->told.seq > 0 && uplink->source.told)
			uplink->source.told(uplink->source.data, &rewind->told);
		uplink->source.rewind(uplink->source.data, session);
	}
	pthread_mutex_unlock(&uplink->source_lock);
}

/* ---- up: progress ----------------------------------------------------------------------- */

/* A quarter fits again: worth waking the journal for, and the child still has the rest to send. */
static bool wants_more(struct lane_out *lane, size_t most)
{
	if (!lane->starved || lane->credit < most / 4)
		return false;
	lane->starved = false;
	return true;
}

/* Under the lock. 1: the journal is to be told of it. */
static int note_ack(struct lane_out *lane, uint64_t position, size_t bytes, size_t most)
{
	if (position > lane->offered || (position && position <= lane->acked) ||
	    bytes > most - lane->credit)
		return -EBADMSG;
	lane->credit += bytes;
	if (position)
		lane->acked = position;
	return position > 0;
}

static int note_progress(struct uplink *uplink, const struct message_progress *progress,
			 bool *ret_more)
{
	static const size_t most[STREAM_COUNT] = {
		[STREAM_EVENTS] = CREDIT_EVENTS_BYTES,
		[STREAM_ALERTS] = CREDIT_ALERTS_BYTES,
		[STREAM_REPLAY] = CREDIT_REPLAY_BYTES,
	};

	uplink->counters.published += progress->published;
	uplink->counters.acknowledged += progress->acknowledged;
	uplink->counters.refused += progress->refused;
	uplink->counters.dropped += progress->dropped;
	if (progress->session != uplink->child_session || uplink->session == 0)
		return 0;
	for (int i = 0; i < STREAM_COUNT; i++)
		if (note_ack(&uplink->lanes[i], progress->acked[i], progress->room[i], most[i]) < 0)
			return -EBADMSG;
	*ret_more = false;
	for (int i = 0; i < STREAM_COUNT; i++)
		*ret_more |= wants_more(&uplink->lanes[i], most[i]);
	return 1;
}

static int take_progress(struct uplink *uplink, const struct message_progress *progress)
{
	const struct outlet_source *source = &uplink->source;
	bool more = false;
	int result;

	pthread_mutex_lock(&uplink->lock);
	result = note_progress(uplink, progress, &more);
	pthread_mutex_unlock(&uplink->lock);
	if (result <= 0)
		return result;
	pthread_mutex_lock(&uplink->source_lock);
	for (enum outlet_stream stream = 0; uplink->attached && stream < STREAM_COUNT; stream++)
		if (progress->acked[stream])
			source->ack(source->data, stream, progress->acked[stream]);
	if (uplink->attached && more)
		source->pull(source->data);
	pthread_mutex_unlock(&uplink->source_lock);
	return 0;
}

static int take_states(struct uplink *uplink, const struct message_states *states)
{
	int err = 0;

	pthread_mutex_lock(&uplink->lock);
	if (states->count > CREDIT_STATES - uplink->states_wanted)
		err = -EBADMSG;
	else
		uplink->states_wanted += states->count;
	if (err == 0 && states->all_again)
		(void)states_all_again(uplink->states);
	pthread_mutex_unlock(&uplink->lock);
	return err;
}

static void take_gone(struct uplink *uplink, const struct message_gone *gone)
{
	pthread_mutex_lock(&uplink->lock);
	if (gone->over)
		states_removed(uplink->states, gone->over);
	pthread_mutex_unlock(&uplink->lock);
}

/* ---- up: what is heard ------------------------------------------------------------------ */

static void give_back(struct uplink *uplink, size_t inlet, size_t bytes)
{
	const struct message_room room = {.inlet = (uint32_t)inlet, .bytes = (uint32_t)bytes};

	pthread_mutex_lock(&uplink->lock);
	(void)channel_put(&uplink->channel, MESSAGE_ROOM, &room);
	pthread_mutex_unlock(&uplink->lock);
}

static bool deliver(struct uplink *uplink, const struct message_heard *message)
{
	const struct inlet *inlet = &uplink->inlets[message->inlet];
	const struct inlet_message heard = {
		.subject = message->subject,
		.payload = message->payload,
		.bytes = message->bytes,
		.retained = message->retained,
		.response_topic = message->response_topic,
		.correlation = message->correlation_bytes > 0 ? message->correlation : NULL,
		.correlation_bytes = message->correlation_bytes,
	};

	if (!inlet->take(inlet->data, &heard))
		return false;
	give_back(uplink, message->inlet, message_heard_cost(message));
	return true;
}

/* Its credit is what keeps the child from sending more than there is room for. */
static int keep(struct uplink *uplink, const struct message_heard *message,
		const struct channel_message *raw)
{
	struct pending_heard *pending = &uplink->pending[message->inlet];
	const uint32_t bytes = (uint32_t)raw->count;

	if (sizeof(bytes) + bytes > 2 * CREDIT_HEARD_BYTES - pending->used)
		return -EBADMSG;
	memcpy(pending->bytes + pending->used, &bytes, sizeof(bytes));
	memcpy(pending->bytes + pending->used + sizeof(bytes), raw->bytes, bytes);
	pending->used += sizeof(bytes) + bytes;
	return 0;
}

static void note_heard(struct uplink *uplink)
{
	pthread_mutex_lock(&uplink->lock);
	uplink->counters.heard_mono_ns = clock_mono_ns();
	pthread_mutex_unlock(&uplink->lock);
}

static int take_heard(struct uplink *uplink, const struct message_heard *message,
		      const struct channel_message *raw)
{
	if (message->inlet >= uplink->inlet_count ||
	    message->bytes > uplink->inlets[message->inlet].most + 1)
		return -EBADMSG;
	if (message->retained)
		note_heard(uplink);
	if (uplink->pending[message->inlet].used == 0 && deliver(uplink, message))
		return 0;
	return keep(uplink, message, raw);
}

static bool deliver_pending(struct uplink *uplink, struct pending_heard *pending)
{
	struct message_heard message;
	uint32_t bytes;
	size_t at = 0;

	while (at < pending->used) {
		memcpy(&bytes, pending->bytes + at, sizeof(bytes));
		(void)message_read(MESSAGE_HEARD, pending->bytes + at + sizeof(bytes), bytes,
				   &message);
		if (!deliver(uplink, &message))
			break;
		at += sizeof(bytes) + bytes;
	}
	pending->used -= at;
	if (at > 0)
		memmove(pending->bytes, pending->bytes + at, pending->used);
	return pending->used > 0;
}

bool messages_deliver_pending(struct uplink *uplink)
{
	bool waiting = false;

	for (size_t i = 0; i < uplink->inlet_count; i++)
		if (uplink->pending[i].used > 0)
			waiting |= deliver_pending(uplink, &uplink->pending[i]);
	if (waiting)
		note_heard(uplink);
	return waiting;
}

/* ---- up --------------------------------------------------------------------------------- */

union any {
	struct message_link link;
	struct message_refused refused;
	struct message_rewind rewind;
	struct message_progress progress;
	struct message_states states;
	struct message_gone gone;
	struct message_heard heard;
};

static int take(struct uplink *uplink, const struct channel_message *raw, const union any *any)
{
	switch (raw->kind) {
	case MESSAGE_LINK:
		return take_link(uplink, &any->link);
	case MESSAGE_REFUSED:
		return take_refused(uplink, &any->refused);
	case MESSAGE_REWIND:
		take_rewind(uplink, &any->rewind);
		return 0;
	case MESSAGE_RECALL:
		pthread_mutex_lock(&uplink->lock);
		uplink->counters.recalls++;
		pthread_mutex_unlock(&uplink->lock);
		return 0;
	case MESSAGE_PROGRESS:
		return take_progress(uplink, &any->progress);
	case MESSAGE_STATES:
		return take_states(uplink, &any->states);
	case MESSAGE_GONE:
		take_gone(uplink, &any->gone);
		return 0;
	case MESSAGE_HEARD:
		return take_heard(uplink, &any->heard, raw);
	case MESSAGE_PONG:
		return 0;
	case MESSAGE_STOPPED:
		uplink->stopped = true;
		return 0;
	default:
		return -EBADMSG;
	}
}

static bool comes_up(enum message_kind kind)
{
	return kind >= MESSAGE_LINK && kind < MESSAGE_KINDS;
}

int messages_take(struct uplink *uplink)
{
	int end = channel_fill(&uplink->channel);
	struct channel_message raw;
	union any any;
	int more = 0, err = 0;

	while (err == 0 && (more = channel_next(&uplink->channel, &raw)) > 0) {
		uplink->heard_ns = clock_mono_ns();
		err = comes_up(raw.kind) ? message_read(raw.kind, raw.bytes, raw.count, &any)
					 : -EBADMSG;
		if (err == 0)
			err = take(uplink, &raw, &any);
	}
	if (err < 0 || more < 0)
		return -EBADMSG;
	return end;
}

void messages_ask_refresh(struct uplink *uplink)
{
	for (size_t i = 0; i < uplink->inlet_count; i++) {
		const struct inlet *inlet = &uplink->inlets[i];
		const struct message_refresh refresh = {.inlet = (uint32_t)i};

		if (!uplink->pid || !inlet->wants_all || !inlet->wants_all(inlet->data))
			continue;
		pthread_mutex_lock(&uplink->lock);
		(void)channel_put(&uplink->channel, MESSAGE_REFRESH, &refresh);
		pthread_mutex_unlock(&uplink->lock);
	}
}
