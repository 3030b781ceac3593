/* What the calls of other threads (uplink.c), the thread (supervisor.c) and the messages it
 * takes (messages.c) share.
 *
 * Locks: `lock` guards what several threads write and is never held while calling the journal
 * or an inlet. `source_lock` is held during a call into the journal, and by uplink_detach() only
 * to end them. */
#ifndef CORRIDORD_OUTBOUND_PRIVATE_H
#define CORRIDORD_OUTBOUND_PRIVATE_H

#include <pthread.h>

#include "base/backoff.h"
#include "frames/channel.h"
#include "frames/message.h"
#include "frames/topic.h"
#include "outbound/child.h"
#include "outbound/notary.h"
#include "outbound/states.h"
#include "outbound/uplink.h"

/* A stream as the child may have it. */
struct lane_out {
	size_t credit; /* bytes that may be offered still */
	bool starved; /* the journal was told that there is no room */
	uint64_t offered; /* position of the last record of this session */
	uint64_t acked; /* the same, acknowledged */
};

/* Of a host: what its answers did to the child. */
struct host_record {
	unsigned deaths; /* in a row */
	bool older_protocol;
};

struct pending_heard {
	unsigned char *bytes; /* of messages that the inlet had no room for, in order */
	size_t used;
};

struct uplink {
	/* changed by the thread alone, under the lock */
	const struct uplink_conf *conf;

	/* constant after uplink_start() */
	const struct event_origin *origin;
	struct inlet inlets[UPLINK_INLETS];
	size_t inlet_count;
	int event_fd;
	struct worker *worker;

	pthread_mutex_t source_lock;
	struct outlet_source source;
	bool attached;

	pthread_mutex_t lock;
	const struct uplink_conf *next; /* takes the place of conf; NULL: there is none */
	struct host_record *next_hosts; /* for it */
	int64_t stop_by_ns; /* once the worker is to stop */
	bool idle; /* the thread waits and is to be woken */
	struct channel channel; /* to the child; its way up is the thread's alone */
	uint32_t session; /* of the journal; offers of this one are taken, 0: of none */
	uint32_t child_session; /* the same, as the child counts */
	struct lane_out lanes[STREAM_COUNT];
	struct states *states;
	size_t states_wanted; /* by the child */
	bool states_refused; /* logged */
	struct event_head head;
	bool head_known;
	bool head_due; /* the child is to be told */
	bool head_wanted; /* at the next occasion: it waits for it */
	struct notary *notary; /* NULL: nothing is signed */
	char note[NOTE_MEMBERS_BYTES];
	size_t note_bytes; /* 0: nothing was signed yet */
	bool note_due; /* the child is to be told */
	struct uplink_counters counters;

	/* the thread's */
	pid_t pid; /* of the child, 0: there is none */
	struct backoff restart;
	unsigned failures; /* in a row */
	int64_t start_ns; /* when to start the child */
	int64_t heard_ns; /* from the child, last */
	int64_t pinged_ns; /* it is asked for a word since then, 0: it is not */
	bool deaf; /* it looks up a name, and answers nothing */
	char death
		[CHILD_WORDS_BYTES]; /* how it ended, since the last connection; empty: it has not */
	int64_t online_ns; /* since when it is connected */
	size_t host; /* that it tries, or is connected to */
	struct host_record *hosts;
	struct pending_heard pending[UPLINK_INLETS];
	bool stop_told, stopped; /* the child was told to; it has */
	uint32_t last_session;
};

/* The thread. */
int supervisor_init(struct uplink *uplink);
void supervisor_run(struct uplink *uplink);
void supervisor_fini(struct uplink *uplink);

void uplink_signal_change(struct uplink *uplink); /* wakes the main loop */

/* messages.c. Takes what has come from the child. Bytes; 0: nothing is there; -EPIPE: it is
 * gone; -EBADMSG: it says what it must not. */
int messages_take(struct uplink *uplink);
/* Tells it what waits, and to stop if it is to. Under the lock. Negative errno: it is gone. */
int messages_send(struct uplink *uplink, bool stop);
int messages_set_up(struct uplink *uplink); /* all that a new child has to know; under the lock */
void messages_ask_refresh(struct uplink *uplink); /* for inlets that need all once more */
/* What inlets had no room for. true: something waits still. */
bool messages_deliver_pending(struct uplink *uplink);

#endif
