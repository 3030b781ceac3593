/* An event: first a draft (what happened), then sealed (numbered and chained).
 *
 * A draft is made by the pure part and by the daemon's own health reports. The
 * journal seals it when it writes it: number, hash of the one before, time of
 * recording. The sealed bytes are what is stored and what is published; nobody
 * rewrites them. Payload: one JSON object, members in the order of event_seal().
 *
 * Nothing here allocates or reads a clock.
 */
#ifndef CORRIDORD_TRANSIT_EVENT_H
#define CORRIDORD_TRANSIT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "transit/event/reading.h"
#include "transit/event/vocabulary.h"

#define EVENT_SCHEMA	     "corridord.event/1"
#define STATE_SCHEMA	     "corridord.state/1"
#define EVENT_BODY_BYTES     3072 /* of a draft's body or state members */
#define EVENT_BYTES	     4096 /* of a sealed payload */
#define STATE_NOTE_BYTES     1024 /* of what vouches for it, with two keys, as a member of a state */
#define STATE_BYTES	     (EVENT_BYTES + STATE_NOTE_BYTES) /* of a retained one with that */
#define EVENT_HASH_BYTES     32 /* SHA-256 */
#define EVENT_HEX_BYTES	     65 /* a hash in lower-case hex, with the NUL */
#define EVENT_EPOCH_BYTES    17 /* an epoch id: 16 hex digits and the NUL */
#define STATE_KEY_BYTES	     136 /* "<lane>/<sensor>" */
#define STATE_WORD_BYTES     24
#define PASSAGE_ID_BYTES     96
#define OFFICER_NAME_BYTES   64 /* with the NUL */
#define OFFICER_REASON_BYTES 128
#define SIGNED_AS_BYTES	     192
#define ALARM_RESOURCE_BYTES (STATE_KEY_BYTES + VALUE_TEXT_BYTES)
#define MEMORY_KEY_BYTES     128 /* with the NUL */
#define MEMORY_TEXT_BYTES    2001 /* with the NUL */
#define MEMORIES_MAX	     16 /* of a draft */

/* States of their own kind: what a checkpoint announces to the next one (handover.h). */
#define HANDOVER_SCHEMA "corridord.handover/1"
#define HANDOVER_KEY	"@handover/" /* begins their keys: no lane has such a name */

/* Whose key signed an officer's word. */
struct officer_signature {
	char by[OFFICER_NAME_BYTES]; /* the key's name; empty: nobody */
	char as[SIGNED_AS_BYTES]; /* "<method> <seconds> <SHA-256> <signature>": what was signed, and how */
};

/* What must survive a restart and is no event: never published, handed back at the start. */
struct event_memory {
	const char *key; /* "<owner>/<name>": "passage/entry-1" */
	const char *text; /* NULL: forget the key */
};

enum alarm_edge { ALARM_NO_EDGE, ALARM_RAISED, ALARM_CLEARED };

struct event_draft {
	const struct event_type *type; /* NULL: only state or memories change, no event */
	const char *body; /* JSON members without braces */
	size_t body_bytes;
	/* What the body says, for whoever books the event on its way (checkpoint.h). */
	int64_t occurred_mono_ns;
	enum alarm_edge alarm;
	const char *subject; /* number of the seal that it is about, or NULL */

	const char *state_key; /* of the retained state that it changes, or NULL */
	const char
		*state_word; /* that state in one word: "closed"; NULL: not kept over a restart */
	const char *state; /* JSON members of the retained state, without braces */
	size_t state_bytes;
	bool test; /* while somebody tests what it is of: nobody need act on it */
	bool state_over; /* the state is gone: nothing stays retained, or "state" as its last word */
	bool state_patient; /* other states go before it: a meter's, that the next one replaces */
	const struct event_memory *memories; /* kept in the same transaction */
	size_t memory_count; /* MEMORIES_MAX at most */

	/* JSON members before those of the body, set by whoever seals it: what the first event of
	 * an epoch follows. */
	const char *link;
	size_t link_bytes;
};

/* Takes drafts. Called on the thread that made them; the strings live until it returns. */
struct event_sink {
	void *data;
	void (*put)(void *data, const struct event_draft *draft);
};

/* Who writes the journal. All strings borrowed, alive as long as the writer. */
struct event_origin {
	const char *checkpoint;
	const char *gateway;
	const char *boot; /* the kernel's boot id */
};

/* The end of the chain: what the next event is linked to. */
struct event_head {
	char epoch[EVENT_EPOCH_BYTES];
	uint64_t seq; /* of the last sealed event, 0: none yet */
	unsigned char hash[EVENT_HASH_BYTES]; /* SHA-256 of its payload, zeros: none yet */
};

#define EVENT_RANGES 16 /* that are asked for at a time */

/* Numbers of an epoch, both ends included. */
struct event_range {
	char epoch[EVENT_EPOCH_BYTES];
	uint64_t first, last;
};

/* Members that every body begins with. lane and sensor may be NULL. */
void event_body_start(struct jw *json, char *out, size_t size, const char *lane, const char *sensor,
		      int64_t occurred_mono_ns, const struct instant *now);

/* The object {"utc","clock","mono_ns"} of a moment; now says how the clocks relate. */
void event_moment(struct jw *json, const char *key, int64_t mono_ns, const struct instant *now);

/* The member "alarm" of a body, and the same in its draft. */
void event_alarm(struct event_draft *draft, struct jw *body, enum alarm_edge edge);

/* Writes the payload of the event after head, and moves head on to it.
 * out holds EVENT_BYTES. Returns the payload's bytes, or -E2BIG (head untouched). */
int event_seal(struct event_head *head, const struct event_origin *origin,
	       const struct event_draft *draft, const struct instant *recorded, char *out);

/* The retained state's payload; head is the last event it takes into account.
 * Returns bytes or -E2BIG. */
int event_seal_state(const struct event_head *head, const struct event_origin *origin,
		     const struct event_draft *draft, const struct instant *recorded, char *out);

/* The type of a payload, with the severity that it says. NULL: there is no such type. */
const struct event_type *event_type_of(const char *type, const char *payload, size_t bytes);

/* The payload says that it is of this checkpoint and gateway. */
bool event_is_of(const struct event_origin *origin, const char *payload, size_t bytes);

void event_hash(const void *payload, size_t bytes, unsigned char hash[EVENT_HASH_BYTES]);
void event_hex(const unsigned char hash[EVENT_HASH_BYTES], char hex[EVENT_HEX_BYTES]);
/* The other way; false: these are not so many lower-case digits. */
bool event_unhex(const char *hex, unsigned char hash[EVENT_HASH_BYTES]);

#endif
