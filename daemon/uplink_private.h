/* What the API (uplink.c) and the thread (uplink_link.c) share.
 *
 * Locks: `lock` guards what other threads write, and is never held while calling
 * the library or the journal. `source_lock` is held during a call into the
 * journal, and by uplink_detach() only to end them.
 */
#ifndef CORRIDORD_UPLINK_PRIVATE_H
#define CORRIDORD_UPLINK_PRIVATE_H

#include <pthread.h>

#include "heartbeat.h"
#include "inlet.h"
#include "uplink.h"
#include "uplink_answers.h"
#include "uplink_host.h"
#include "uplink_outbox.h"
#include "uplink_states.h"
#include "uplink_topic.h"

#define METRICS_BYTES 32768

struct uplink {
	/* constant after uplink_new() */
	const struct uplink_conf *conf;
	const struct event_origin *origin;
	struct uplink_host *hosts;
	size_t host_count;
	char prefix[PREFIX_BYTES];
	struct inlet inlets[UPLINK_INLETS]; /* subscribed to */
	size_t inlet_count;
	int wake_fd, event_fd;

	pthread_t thread;
	bool started;
	struct heartbeat beat;

	pthread_mutex_t source_lock;
	struct outlet_source source;
	bool attached;

	pthread_mutex_t lock;
	pthread_cond_t ended_cond; /* on the monotonic clock */
	bool stopping, ended;
	int64_t stop_by_ns;
	bool dozing; /* the thread has nothing to send and is to be woken */
	uint32_t session; /* offers of this one are taken, 0: of none */
	struct outbox outbox[STREAM_COUNT];
	struct states *states;
	bool states_refused; /* logged */
	struct event_head head;
	bool head_known;
	bool epoch_changed; /* since the status was last published */
	char *metrics; /* the latest, not yet published */
	size_t metrics_bytes;
	struct answers answers; /* not yet published */
	struct uplink_counters counters;
};

void uplink_wake(struct uplink *uplink);

/* The thread's body. Returns when the uplink is stopping. */
struct link;
int link_new(struct uplink *uplink, struct link **ret_link);
void link_run(struct link *link);
void link_free(struct link *link);

#endif
