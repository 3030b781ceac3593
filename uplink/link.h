/* One connection after the other (link.c), and what goes through the present one (pump.c,
 * acks.c, subscription.c). */
#ifndef CORRIDORD_UPLINK_LINK_H
#define CORRIDORD_UPLINK_LINK_H

#include "base/backoff.h"
#include "net/addresses.h"
#include "net/bucket.h"
#include "net/client.h"
#include "uplink/losses.h"
#include "uplink/packer.h"
#include "uplink/parent.h"
#include "uplink/window.h"

/* The last two errors of a host that were logged, as some hosts fail in two ways by turns. */
struct last_errors {
	char message[2][sizeof(((struct client_failure *)0)->message)];
	size_t last;
};

enum link_phase {
	LINK_WAITING, /* for the next attempt */
	LINK_CONNECTING,
	LINK_ASKING, /* connected: what did the broker last hear? */
	LINK_ONLINE,
	LINK_CLOSING, /* online, saying goodbye */
	LINK_OVER,
};

/* What is in flight, beside the streams. */
#define MESSAGE_ROOM_BYTES 1024 /* for a message beside its payload */

enum sent_kind { SENT_STATE = STREAM_COUNT, SENT_STATUS, SENT_HEAD, SENT_FAREWELL, SENT_ANSWER };

/* Of a stream: shut for a while after the broker refused one of its records. */
struct gate {
	size_t in_flight;
	unsigned refusals; /* in a row */
	int64_t open_ns;
	bool probing; /* one at a time, until the one that was refused is taken */
	uint64_t held_position; /* that one */
	const char *logged_refusal; /* the last, NULL: none */
	uint64_t done_position; /* acknowledged up to here */
};

/* Of an inlet's folder. After a retained message found no room none is taken, until all have been
 * asked for again by subscribing once more. */
struct subscription {
	const struct message_inlet *inlet;
	size_t index; /* of the inlet */
	int mid; /* of the request to subscribe */
	char topic[TOPIC_BYTES]; /* of the folder: what comes before the subject */
	bool skipping; /* messages are not taken */
	bool denied; /* the broker does not grant it, and that was logged */
	int64_t again_ns; /* when to subscribe once more; INT64_MAX: no need */
	unsigned skips; /* in this connection */
};

/* The retained status of this gateway and its retained head, as the broker has them. */
struct last_heard {
	int mid; /* of the request, 0: none was made */
	bool asking; /* neither both nor a refusal have come */
	bool status_came, head_came;
	struct event_head head; /* seq 0: nothing came */
};

/* Whether all that is retained has come. */
struct recall {
	bool whole; /* as far as the broker's session goes on */
	size_t host; /* there */
	uint16_t receive_most;
	char filter[TOPIC_BYTES]; /* that brings our own retained status by a wildcard */
	unsigned asked, came; /* so often: after what else is retained */
	size_t heard; /* other messages since the first of them */
	int64_t look_ns; /* whether more came since the last look; INT64_MAX: nothing is asked for */
	size_t heard_before; /* up to the last look */
	bool again; /* everything is to be asked for once more */
	bool dropped; /* the broker did not send all: to be asked for otherwise */
	bool told;
};

/* Which MQTT a host is spoken to by. */
struct dialect {
	unsigned malformed; /* answers by MQTT 5, in a row */
	bool older; /* 3.1.1 is tried for that */
};

struct link {
	struct uplink *uplink;
	enum link_phase phase;
	int64_t now_ns; /* of this round */
	int64_t until_ns; /* the phase ends, but for LINK_ONLINE */

	struct client *client;
	size_t host; /* tried or connected to */
	size_t untried; /* hosts of this round */
	struct addresses addresses; /* of it, count 0: not looked up yet */
	struct client_failure failure; /* of the present attempt */
	bool was_reached; /* somebody answered at one of them */
	struct last_errors *last_errors; /* per host, since the last connection */
	struct backoff retry; /* connections, and what was refused */
	unsigned failures; /* in a row */
	int64_t online_ns; /* since then */
	int64_t begun_ns, lost_ns; /* the process, the last connection (0: there was none) */
	int64_t told_ns; /* that there is no connection */
	struct dialect dialects[UPLINK_HOSTS];
	uint32_t session;
	char session_id[SESSION_BYTES];

	struct last_heard last_heard;
	int64_t journal_by_ns; /* the journal is waited for until then, before anything goes */
	struct packer *packer; /* NULL: nothing is packed */
	struct window window;
	int64_t progress_ns; /* the last acknowledgement, or the first thing sent */
	int64_t alive_ns; /* the same, or more has been received since */
	uint64_t received_bytes; /* up to the last look */
	struct losses losses;
	int64_t pump_due_ns;
	struct bucket bucket, again_bucket; /* of a backlog, of replays */
	struct gate gate[STREAM_COUNT];
	bool answer_refusal_logged, replay_refusal_logged;
	bool states_asked; /* the credit for states was given */
	int64_t state_bytes, event_bytes; /* sent while events waited */
	bool status_due;
	struct event_head announced; /* as it was published last, seq 0: it was not */
	uint64_t announced_position; /* the broker's retained head covers records up to here */
	unsigned head_troubles; /* connections in a row that ended at one */
	int64_t heads_open_ns; /* none before */
	bool farewell_sent, farewell_done;
	bool state_refusal_logged;
	bool state_refusal_ends; /* when a state is taken: it was one that was refused */
	unsigned state_refusals; /* in a row */
	int64_t states_open_ns; /* no state before: the broker refused one, or the connection broke
				 * while one was in flight */
	struct subscription subscriptions[UPLINK_INLETS];
	bool subscribed; /* in this connection */
	struct recall recall;
	int64_t paused_ns; /* since then nothing is read, INT64_MAX: it is */
};

int link_new(struct uplink *uplink, struct link **ret_link); /* -ENOMEM */
/* Until the parent says stop. Negative errno: the parent is gone. */
int link_run(struct link *link);
void link_free(struct link *link);

/* A new connection: everything is to be sent again. */
void pump_start(struct link *link);

/* States wait for a while, so that they cannot end one connection after the other before an
 * event got through. */
void pump_hold_states(struct link *link);
void pump_hold_heads(struct link *link);

/* Publishes what there is, as far as the window and the socket allow. */
void pump_send(struct link *link);
void pump_send_farewell(struct link *link);

/* The broker cannot take this record: the stream waits before it, nothing is skipped.
 * refusal: a constant string. */
void pump_hold(struct link *link, enum outlet_stream stream, const struct outbox_record *record,
	       const char *refusal);

/* Logged once per connection. refusal: a constant string. */
void pump_note_refused_answer(struct link *link, const char *refusal);

/* For client_setup.acknowledged; data is the link. */
void pump_acknowledged(void *data, int mid, const char *refusal);

/* Notes for the journal what was acknowledged since the last call. */
void pump_take_acks(struct link *link);

/* last_heard.c. A connection came about. false: there is nothing to ask, or it is dead. */
bool last_heard_ask(struct link *link);
void last_heard_end(struct link *link);
/* The message is, or the answer was, to that. */
bool last_heard_takes(struct link *link, const struct inlet_message *heard);
bool last_heard_answered(struct link *link, int mid, bool granted);

/* subscription.c */
void subscriptions_init(struct link *link);
/* Once in a connection, when the broker has taken our status. */
void subscriptions_start(struct link *link);
void subscriptions_step(struct link *link); /* asks again when it is time */
/* Nothing is to be read from the broker now; until when at most. */
bool subscriptions_is_paused(struct link *link);
int64_t subscriptions_pause_ends_ns(const struct link *link);
int64_t subscriptions_due_ns(const struct link *link); /* INT64_MAX: nothing to ask for */
/* For client_setup; data is the link. */
void subscription_message(void *data, const struct inlet_message *heard);
void subscription_answered(void *data, int mid, bool granted);

/* recall.c: the last filter of a request is one for our own retained status, with a wildcard. It
 * comes after all else that is retained, unless the broker drops what its queue cannot hold, or
 * gives nothing that is retained to wildcards. */
void recall_init(struct link *link);
void recall_start(struct link *link); /* a new connection */
bool recall_is_whole(const struct link *link);
bool recall_is_pending(const struct link *link); /* it comes now */
uint16_t recall_receive_most(const struct link *link); /* for the next connection */
const char *recall_filter(const struct link *link);
void recall_asked(struct link *link);
/* true: it is that status, and nobody else's business. passing: something is not taken now, and
 * will be asked for anew. */
bool recall_hears(struct link *link, const struct inlet_message *heard, bool passing);
void recall_spoil(struct link *link); /* something was not taken */
bool recall_again(
	struct link *link); /* everything is to be asked for once more: since the last call */
void recall_step(struct link *link);

#endif
