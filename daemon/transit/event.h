/* An event: first a draft (what happened), then sealed (numbered and chained).
 *
 * A draft is made by the pure part and by the daemon's own health reports. The
 * journal seals it when it writes it: number, hash of the one before, time of
 * recording. The sealed bytes are what is stored and what is published; nobody
 * rewrites them. Payload: one JSON object, members in the order of event_seal().
 *
 * Nothing here allocates or reads a clock.
 */
#ifndef CORRIDORD_EVENT_H
#define CORRIDORD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "reading.h"
#include "vocabulary.h"

#define EVENT_SCHEMA	  "corridord.event/1"
#define STATE_SCHEMA	  "corridord.state/1"
#define EVENT_BODY_BYTES  3072 /* of a draft's body or state members */
#define EVENT_BYTES	  4096 /* of a sealed payload */
#define EVENT_HASH_BYTES  32 /* SHA-256 */
#define EVENT_HEX_BYTES	  65 /* a hash in lower-case hex, with the NUL */
#define EVENT_EPOCH_BYTES 17 /* an epoch id: 16 hex digits and the NUL */
#define STATE_KEY_BYTES	  136 /* "<lane>/<sensor>" */
#define STATE_WORD_BYTES  24
#define MEMORY_KEY_BYTES  128 /* with the NUL */
#define MEMORY_TEXT_BYTES 2001 /* with the NUL */
#define MEMORIES_MAX	  16 /* of a draft */

/* What must survive a restart and is no event: never published, handed back at the start. */
struct event_memory {
	const char *key; /* "<owner>/<name>": "passage/entry-1" */
	const char *text; /* NULL: forget the key */
};

struct event_draft {
	const struct event_type *type; /* NULL: only state or memories change, no event */
	const char *body; /* JSON members without braces */
	size_t body_bytes;
	const char *state_key; /* "<lane>/<sensor>" of the state it changes, or NULL; handover.h has
				* keys of its own */
	const char
		*state_word; /* that state in one word: "closed"; NULL: not kept over a restart */
	const char *state; /* JSON members of the retained state, without braces */
	size_t state_bytes;
	bool state_over; /* there is no such state any more, nothing stays retained */
	const struct event_memory *memories; /* kept in the same transaction */
	size_t memory_count; /* MEMORIES_MAX at most */
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

/* Members that every body begins with. lane and sensor may be NULL. */
void event_body_start(struct json *json, char *out, size_t size, const char *lane,
		      const char *sensor, int64_t occurred_mono_ns, const struct instant *now);

/* The object {"utc","clock","mono_ns"} of a moment; now says how the clocks relate. */
void event_moment(struct json *json, const char *key, int64_t mono_ns, const struct instant *now);

/* Writes the payload of the event after head, and moves head on to it.
 * out holds EVENT_BYTES. Returns the payload's bytes, or -E2BIG (head untouched). */
int event_seal(struct event_head *head, const struct event_origin *origin,
	       const struct event_draft *draft, const struct instant *recorded, char *out);

/* The retained state's payload; head is the last event it takes into account.
 * Returns bytes or -E2BIG. */
int event_seal_state(const struct event_head *head, const struct event_origin *origin,
		     const struct event_draft *draft, const struct instant *recorded, char *out);

void event_hash(const void *payload, size_t bytes, unsigned char hash[EVENT_HASH_BYTES]);
void event_hex(const unsigned char hash[EVENT_HASH_BYTES], char hex[EVENT_HEX_BYTES]);

#endif
