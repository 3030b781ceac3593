/* The topics, and the payloads of status and metrics. What subscribers rely on is written
 * down in doc/mqtt.md. Pure: the time is given. */
#ifndef CORRIDORD_UPLINK_TOPIC_H
#define CORRIDORD_UPLINK_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/random.h"
#include "journal/outlet.h"
#include "transit/event/event.h"

#define STATUS_SCHEMA	   "corridord.status/1"
#define METRICS_SCHEMA	   "corridord.metrics/1"
#define HEAD_SCHEMA	   "corridord.head/1"
#define PREFIX_BYTES	   512 /* "<root>/<checkpoint>/<gateway>/" */
#define TOPIC_BYTES	   (PREFIX_BYTES + STATE_KEY_BYTES + 16)
#define STATUS_BYTES	   1024
#define HEAD_BYTES	   8192
#define NOTE_MEMBERS_BYTES 7168 /* of a head that is signed */
#define COSIGN_KEY	   "@cosign/" /* begin keys of states: of heads that a witness is to cosign, */
#define WITNESS_KEY	   "@seen/" /* and of those that were; "<checkpoint>/<gateway>" follows */
#define SESSION_BYTES	   RANDOM_ID_BYTES

/* -EINVAL: too long, or the root is empty, has a wildcard, a dot (which some brokers take for a
 * level's end), an empty level, or begins with $. */
int uplink_topic_prefix(const char *root, const struct event_origin *origin,
			char prefix[PREFIX_BYTES]);

/* <prefix>status */
void uplink_topic(const char *prefix, const char *branch, const char *key, char topic[TOPIC_BYTES]);

/* <prefix>state/<key>; of a handover (handover.h) <root>/<to>/handover/<ucr>; between a log and its
 * witness <root>/<checkpoint>/<gateway>/cosign/<own>, or witness/<own> */
void uplink_state_topic(const char *root, const char *prefix, const char *key,
			char topic[TOPIC_BYTES]);

/* <root>/<checkpoint>/registry/, or below the gateway */
void uplink_inlet_topic(const char *root, const struct event_origin *origin, const char *folder,
			bool of_gateway, char topic[TOPIC_BYTES]);

/* <prefix>event/seal/tampered, of "seal.tampered" */
void uplink_stream_topic(const char *prefix, enum outlet_stream stream, const char *type,
			 char topic[TOPIC_BYTES]);

/* <prefix>replay/<asker>/event/seal/tampered, or <prefix>replay/<asker>/done if type is empty */
void uplink_replay_topic(const char *prefix, const char *asker, const char *type,
			 char topic[TOPIC_BYTES]);

struct uplink_status {
	const struct event_origin *origin;
	const char *session; /* of this connection, the same in its will */
	bool online;
	const char *reason; /* why it is offline, NULL: online */
	const struct event_head *head; /* NULL: not known yet */
	const struct instant *now; /* NULL: a will, written ahead of its time */
};

/* How far the published events may have come: ahead of them; members: the signed head, bytes 0: there
 * is none. Bytes, or -E2BIG. */
int uplink_head_payload(const struct event_head *head, const char *members, size_t bytes,
			char out[HEAD_BYTES]);

/* Bytes, or -E2BIG. */
int uplink_status(const struct uplink_status *status, char out[STATUS_BYTES]);
/* The head that such a payload names, or a head's own. false: it names none. */
bool uplink_status_head(const char *payload, size_t bytes, struct event_head *ret_head);
int uplink_metrics_payload(const struct event_origin *origin, const struct instant *now,
			   const char *members, size_t bytes, char *out, size_t size);

#endif
