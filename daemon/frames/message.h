/* What passes between corridord and corridord-uplink, as plain structs.
 *
 * corridord captures and never speaks to the network; corridord-uplink, its child, does, and
 * owns the MQTT and TLS libraries. Between them lies a Unix socket (channel.h) on which each
 * message is one of these structs, written member by member from one table (message.c). Both
 * sides check lengths and kinds; the daemon believes nothing of what comes up beyond that:
 * positions, sessions and credits are held against what it gave (outbound/uplink.c).
 *
 * A text or a run of bytes in a message that was read is borrowed from the channel until the
 * next call to it. NULL texts stay NULL.
 */
#ifndef CORRIDORD_FRAMES_MESSAGE_H
#define CORRIDORD_FRAMES_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frames/form.h"
#include "frames/uplink_conf.h"
#include "journal/outlet.h"
#include "outbound/inlet.h"

#define MESSAGE_BYTES (64 * 1024) /* of the largest */

/* Of each stream the uplink keeps so many bytes between offer and acknowledgement; a record
 * costs message_record_cost(). A new session begins with all of it. */
#define CREDIT_EVENTS_BYTES ((size_t)1024 * 1024)
#define CREDIT_ALERTS_BYTES ((size_t)24 * 1024)
#define CREDIT_REPLAY_BYTES ((size_t)24 * 1024)
/* So many states may be on their way to the broker's window. */
#define CREDIT_STATES 16
/* Of each inlet so many bytes may be on their way up; a message costs message_heard_cost(). */
#define CREDIT_HEARD_BYTES ((size_t)48 * 1024)

enum message_kind {
	/* down */
	MESSAGE_SETUP, /* first, then hosts and inlets, then MESSAGE_START */
	MESSAGE_HOST,
	MESSAGE_INLET,
	MESSAGE_START,
	MESSAGE_HEAD,
	MESSAGE_RECORD,
	MESSAGE_STATE,
	MESSAGE_METRICS,
	MESSAGE_ANSWER,
	MESSAGE_ROOM, /* of an inlet, given back */
	MESSAGE_REFRESH, /* an inlet needs all that is retained once more */
	MESSAGE_PING,
	MESSAGE_NOTE, /* members of the retained head: the signed one */
	MESSAGE_STOP,
	/* up */
	MESSAGE_LINK, /* looking up, trying, online, offline */
	MESSAGE_REFUSED, /* what the broker does not let through, and that it does again */
	MESSAGE_REWIND, /* a new connection: both streams start behind their watermarks */
	MESSAGE_RECALL, /* all that is retained was asked for anew */
	MESSAGE_PROGRESS,
	MESSAGE_STATES, /* so many more may come */
	MESSAGE_GONE, /* the broker has taken that a state is over */
	MESSAGE_HEARD,
	MESSAGE_PONG,
	MESSAGE_STOPPED, /* said offline, or had no time to */
	MESSAGE_KINDS
};

struct message_setup {
	struct uplink_conf conf; /* without its hosts */
	const char *checkpoint, *gateway, *boot;
	const char *credentials; /* $CREDENTIALS_DIRECTORY, or NULL */
	uint32_t first_host; /* to be tried first */
	bool debug; /* log that much */
};

struct message_host {
	const char *text;
	bool older_protocol; /* MQTT 3.1.1, whatever is configured: 5 has ended the uplink there */
};

struct message_inlet {
	const char *folder, *levels;
	bool of_gateway, retained;
	uint32_t payload_most; /* what is longer is cut */
};

struct message_head {
	struct event_head head;
};

struct message_record {
	uint32_t stream; /* enum outlet_stream */
	uint32_t session;
	uint64_t position, seq;
	bool late;
	const char *epoch, *type;
	const char *asker; /* or NULL */
	const void *payload;
	size_t payload_bytes;
};

struct message_state {
	const char *key;
	uint64_t over; /* 0: it is not; else for MESSAGE_GONE */
	bool patient; /* others go before it */
	const void *payload;
	size_t payload_bytes;
};

struct message_metrics {
	const void *members;
	size_t bytes;
};

struct message_note {
	const void *members;
	size_t bytes;
};

struct message_answer {
	const char *topic;
	const void *correlation;
	size_t correlation_bytes;
	const void *payload;
	size_t bytes;
};

struct message_room {
	uint32_t inlet; /* in the order of MESSAGE_INLET */
	uint32_t bytes;
};

struct message_refresh {
	uint32_t inlet;
};

struct message_stop {
	int64_t by_mono_ns;
};

enum link_state {
	LINK_IS_LOOKING_UP, /* a name, and hears nothing until that is done */
	LINK_IS_TRYING,
	LINK_IS_ONLINE,
	LINK_IS_OFFLINE,
	LINK_STATES
};

struct message_link {
	uint32_t state; /* enum link_state */
	uint32_t host; /* index */
	const char *error; /* why it is offline, or NULL */
};

enum refused_what {
	REFUSED_EVENTS, /* kept, and tried again */
	REFUSED_STATES,
	REFUSED_HEARING, /* a folder of topics */
	REFUSED_KINDS
};

/* Each connection begins with nothing refused. */
struct message_refused {
	uint32_t what; /* enum refused_what */
	const char *words; /* for people; NULL: no longer */
};

struct message_rewind {
	uint32_t session;
	struct event_head told; /* the end of the chain that the broker had retained; seq 0: none */
};

/* Since the last one. */
struct message_progress {
	uint32_t session;
	uint64_t acked[STREAM_COUNT]; /* positions, 0: nothing new */
	uint32_t room[STREAM_COUNT]; /* bytes of credit given back */
	uint32_t published, acknowledged, refused;
	uint32_t dropped; /* messages that found no room and will not come again */
};

struct message_states {
	uint32_t count;
	bool all_again; /* a new connection */
};

struct message_gone {
	uint64_t over;
};

struct message_heard {
	uint32_t inlet;
	const char *subject;
	const void *payload;
	size_t bytes;
	bool retained;
	const char *response_topic; /* or NULL */
	const void *correlation;
	size_t correlation_bytes;
};

extern const struct protocol uplink_protocol;

/* Bytes written, or -E2BIG. object: the struct of that kind, NULL where there is none. */
int message_write(enum message_kind kind, const void *object, unsigned char *out, size_t size);

/* 0, or -EBADMSG: not of this kind's form; every byte has to belong to a member. */
int message_read(enum message_kind kind, const unsigned char *in, size_t bytes, void *object);

size_t message_record_cost(size_t payload_bytes);
size_t message_heard_cost(const struct message_heard *heard);

#endif
