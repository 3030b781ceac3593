/* The uplink: journalled events to an MQTT broker, in order, until acknowledged.
 *
 * Owns the MQTT client (a new one per connection: the library's own queue is
 * never a store) and one thread. Publishes QoS 1 within a window; the broker's
 * acknowledgement moves the journal's watermark. Topics: DESIGN 10, schema/.
 * A lost broker is retried for ever, capped and jittered, next host in turn.
 */
#ifndef CORRIDORD_UPLINK_H
#define CORRIDORD_UPLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "outlet.h"

struct uplink;

struct uplink_counters {
	bool connected;
	int64_t since_mono_ns; /* of the present state */
	char host[128]; /* connected to, or tried last */
	char error[96]; /* why the last attempt failed; empty: it did not */
	uint64_t connects, published, acknowledged;
};

/* conf and origin are borrowed. -EINVAL with a log line (certificate unreadable),
 * -ENOMEM. Free with uplink_free(). */
int uplink_new(const struct uplink_conf *conf, const struct event_origin *origin,
	       struct uplink **ret_uplink);

/* For journal_start(): the calls the journal makes into this uplink. */
struct outlet uplink_outlet(struct uplink *uplink);

int uplink_start(struct uplink *uplink, const struct outlet_source *source);

/* Publishes these JSON members on metrics at the next occasion, QoS 0. Copies. */
void uplink_metrics(struct uplink *uplink, const char *members, size_t bytes);

/* Readable (an eventfd, owned by the uplink) after each change of connected. */
int uplink_event_fd(const struct uplink *uplink);
struct uplink_counters uplink_counters(struct uplink *uplink);

void uplink_ask(struct uplink *uplink); /* watchdog, see heartbeat.h */
bool uplink_stuck(struct uplink *uplink, int64_t now_mono_ns);

/* Says offline on the status topic and disconnects, waiting at most until the deadline
 * (monotonic). Returns false when the thread could not be stopped in time (then nothing
 * was freed and the process must exit); true: freed. Takes NULL. */
bool uplink_free(struct uplink *uplink, int64_t deadline_mono_ns);

#endif
