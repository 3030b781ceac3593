/* The uplink's thread: one connection after the other (uplink_link.c), and what goes
 * through the present one (uplink_pump.c). All of it belongs to that thread.
 */
#ifndef CORRIDORD_UPLINK_LINK_H
#define CORRIDORD_UPLINK_LINK_H

#include "uplink_client.h"
#include "uplink_pace.h"
#include "uplink_private.h"
#include "uplink_window.h"

/* What was last said of a host: some failures take turns with another that hides them. */
struct said {
	char what[2][sizeof(((struct client_failure *)0)->what)];
	size_t last;
};

enum link_phase {
	LINK_WAITING, /* for the next attempt */
	LINK_CONNECTING,
	LINK_ONLINE,
	LINK_CLOSING, /* online, saying goodbye */
	LINK_OVER,
};

/* What is in flight, beside the streams. */
enum sent_kind { SENT_STATE = STREAM_COUNT, SENT_STATUS, SENT_FAREWELL, SENT_ANSWER };

/* Of a stream: shut for a while after the broker refused one of its records. */
struct gate {
	size_t in_flight;
	struct backoff backoff;
	int64_t open_ns;
	bool probing; /* one at a time, until the one that was refused is taken */
	uint64_t held_position; /* that one */
	const char *why; /* the refusal that was last logged, NULL: none */
	uint64_t done_position; /* acknowledged up to here */
	bool progressed; /* since the journal was told */
};

/* What is heard of an inlet's folder: nothing more is taken after something could not be,
 * until all of it was asked for once more. */
struct hearing {
	const struct inlet *inlet;
	int mid; /* of the subscription */
	char topic[TOPIC_BYTES]; /* before the subject */
	bool refused;
	bool deaf; /* the broker grants no subscription, and that was said */
	int64_t again_ns; /* INT64_MAX: no need */
	struct backoff backoff;
};

struct link {
	struct uplink *uplink;
	enum link_phase phase;
	int64_t now_ns; /* of this round */
	int64_t until_ns; /* the phase ends, but for LINK_ONLINE */

	struct client *client;
	size_t host; /* tried or connected to */
	size_t untried; /* hosts of this round */
	int family;
	struct client_failure failure; /* of the present attempt */
	struct said *said; /* per host, since the last connection */
	struct backoff backoff;
	int64_t online_ns; /* since then */
	uint32_t session;
	char session_id[SESSION_BYTES];

	struct window window;
	int64_t progress_ns; /* the last acknowledgement, or the first thing sent */
	int64_t pump_due_ns;
	struct bucket bucket;
	struct gate gate[STREAM_COUNT];
	const struct outbox_record *record; /* chosen to be sent */
	struct state_copy state; /* the same */
	struct event_head head; /* the same, for the status */
	bool head_known;
	char *metrics; /* the same */
	size_t metrics_bytes;
	struct kept_answer *answer; /* the same */
	bool answer_refusal_logged;
	size_t first_states; /* to be sent before any event */
	bool state_was_last;
	bool status_due;
	bool farewell_sent, farewell_done;
	bool state_refusal_logged;
	struct backoff state_backoff;
	int64_t states_open_ns; /* held back until then: the broker refused one, or went at it */
	struct hearing hearings[UPLINK_INLETS];
};

/* A new connection: everything is to be sent again. */
void pump_start(struct link *link);

/* States wait for a while, so that they cannot end one connection after the other before an
 * event got through. */
void pump_hold_states(struct link *link);

/* Publishes what there is, as far as the window and the socket allow. */
void pump_send(struct link *link);
void pump_send_farewell(struct link *link);

/* The broker cannot take this record: the stream waits before it, nothing is skipped.
 * why: a constant string. */
void pump_hold(struct link *link, enum outlet_stream stream, const struct outbox_record *record,
	       const char *why);

/* Told once in a connection. why: a constant string. */
void pump_note_refused_answer(struct link *link, const char *why);

/* For client_setup.acknowledged; data is the link. */
void pump_acknowledged(void *data, int mid, const char *why);

/* Tells the journal what was acknowledged since the last call. */
void pump_settle(struct link *link);

/* uplink_hearing.c */
void hearing_init(struct link *link);
void hearing_start(struct link *link); /* a new connection */
void hearing_step(struct link *link); /* asks again when it is time */
int64_t hearing_due_ns(const struct link *link); /* INT64_MAX: nothing to ask for */
/* For client_setup; data is the link. */
void hearing_heard(void *data, const struct heard *heard);
void hearing_deaf(void *data, int mid);

uint32_t link_chance(void);

#endif
