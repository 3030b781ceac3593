/* What passes between the journal and the uplink, so that neither knows the other.
 *
 * Two streams over the same events: every event in order, and the copies of
 * critical and major ones that go ahead of a backlog. Each stream has its own
 * watermark in the journal; only the broker's acknowledgement moves it. A
 * position is the journal's row number: it grows, across epochs too, and is
 * never published. A third stream is what somebody asked for once more: its
 * positions are counted as it goes out.
 */
#ifndef CORRIDORD_JOURNAL_OUTLET_H
#define CORRIDORD_JOURNAL_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/tree.h"
#include "transit/event/event.h"

enum outlet_stream { STREAM_EVENTS, STREAM_ALERTS, STREAM_REPLAY, STREAM_COUNT };

#define ASKER_BYTES 33 /* who asked, a level of a topic, with the NUL */

struct outlet_record {
	uint64_t position;
	char epoch[EVENT_EPOCH_BYTES];
	uint64_t seq;
	const char *type; /* "seal.tampered"; of a replay empty: all that was asked for has gone */
	const char *asker; /* of a replay; else NULL */
	const char *payload;
	size_t payload_bytes;
	bool late; /* read back from the journal: part of a backlog */
	uint32_t session; /* of the last outlet_source.rewind() the journal has seen */
};

struct outlet_state {
	const char *key;
	const char *payload; /* NULL: nothing is to stay retained */
	size_t bytes;
	bool over; /* this is its last word: need not be repeated once it was acknowledged */
	bool patient; /* others go before it */
};

/* The tree over an epoch's events as it is, and that it continues a smaller one. */
struct outlet_proof {
	struct event_head head; /* its size is the head's seq */
	bool known; /* false: the tree of this epoch is not known, and nothing of the below */
	struct tree_hash root;
	uint64_t old_size; /* 0: nothing is to be continued */
	struct tree_path path; /* from there */
	int err; /* there is no path: -EINVAL: the tree is smaller; or another negative errno */
};

/* Calls of the journal's thread into the uplink. None blocks. */
struct outlet {
	void *data;
	/* Copies the record; false: no room, or not of the present session: the journal
	 * stops this stream until source.pull() or source.rewind(). */
	bool (*offer)(void *data, enum outlet_stream stream, const struct outlet_record *record);
	void (*flush)(void *data); /* that was all for now. May be NULL. */
	/* The latest retained state of a sensor; replaces an unsent one of the same key. */
	void (*state)(void *data, const struct outlet_state *state);
	/* The end of the chain after a commit, for the status topic. */
	void (*head)(void *data, const struct event_head *head);
	/* The same after a commit of events, for whoever signs. May be NULL. */
	void (*grown)(void *data, const struct event_head *head, bool critical);
	void (*proved)(void *data, const struct outlet_proof *proof); /* as was asked for */
};

/* Calls of the uplink's thread into the journal. None blocks. */
struct outlet_source {
	void *data;
	/* What the broker last heard of this gateway's chain, before a rewind(). The journal holds
	 * itself against it before it offers anything. May be NULL. */
	void (*told)(void *data, const struct event_head *head);
	/* outlet.proved() follows, of the newest epoch, from so many leaves on; up to so many, or
	 * (0) to its end. */
	void (*prove)(void *data, uint64_t old_size, uint64_t new_size);
	/* A new connection: both streams start again behind their watermarks. Offers carry
	 * the session number given here, so that late ones of an earlier session are known. */
	void (*rewind)(void *data, uint32_t session);
	void (*pull)(void *data); /* there is room again; may come before offer() has said no */
	/* Everything of the stream up to position has been acknowledged by the broker. */
	void (*ack)(void *data, enum outlet_stream stream, uint64_t position);
};

#endif
