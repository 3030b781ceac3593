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
#include <stdio.h>

#include "base/worker.h"
#include "config/config.h"
#include "frames/message.h"
#include "journal/outlet.h"
#include "outbound/inlet.h"
#include "outbound/peers.h"

struct uplink;

struct uplink_counters {
	bool connected;
	int64_t since_mono_ns; /* of the present state */
	char host[128]; /* connected to, or tried last */
	char error[192]; /* why it is not connected; empty: it is */
	/* what the broker does not let through; empty: all it does */
	char not_taken[REFUSED_KINDS][192];
	char unsigned_why
		[128]; /* why heads are not signed; empty: they are, or nobody asks for it */
	uint64_t connects, published, acknowledged;
	uint64_t recalls; /* all that is retained was asked for anew */
	int64_t heard_mono_ns; /* something retained came last, or waits for room */
	uint64_t dropped; /* messages that found no room and will not come again */
	uint64_t refused; /* times the broker did not take a record; it is kept and tried again */
};

/* conf and origin are borrowed. -EINVAL with a log line (a host or topic_root that can
 * never be right), -ENOMEM. Certificates and the password are read for each connection:
 * a file that is wrong is a reason to try again, not to stop. Free with uplink_free(). */
int uplink_new(const struct uplink_conf *conf, const struct event_origin *origin,
	       struct uplink **ret_uplink);

/* -EINVAL with a log line, as uplink_new(). */
int uplink_check_hosts(const struct uplink_conf *conf);
/* What is allowed, and most of the time a mistake: a line each, for -n. */
void uplink_advise(const struct uplink_conf *conf, FILE *notes);

/* The certificates, keys and lists that are there: whether they are what they have to be. 0; -EINVAL:
 * standard error says what is not; another negative errno: it could not be found out. */
int uplink_check_files(const struct uplink_conf *conf);

/* Ends the connection and begins one by another configuration, with the same topics. It is borrowed, as that
 * before is until uplink_uses() it no longer. Its hosts have been checked. -ENOMEM: nothing has changed. */
int uplink_change(struct uplink *uplink, const struct uplink_conf *conf);
bool uplink_uses(struct uplink *uplink, const struct uplink_conf *conf);

/* For journal_start(): the calls the journal makes into this uplink. */
struct outlet uplink_outlet(struct uplink *uplink);

#define UPLINK_INLETS 6
#define UPLINK_HOSTS  16

/* Subscribes to the inlet's folder at each connection; its messages go to the inlet. Before
 * uplink_start(), for UPLINK_INLETS folders at most. Copied. */
void uplink_subscribe(struct uplink *uplink, const struct inlet *inlet);

/* Heads of the log are signed and published. Before uplink_start(). Negative errno. */
int uplink_sign(struct uplink *uplink, const struct signer_conf *conf,
		const struct witness_conf *witness);
/* A signed head of the epoch that shows event seq if there is one, and its size. false: there is none
 * at hand. */
bool uplink_note(struct uplink *uplink, const char *epoch, uint64_t seq, char out[NOTE_BYTES],
		 uint64_t *ret_size);
bool uplink_take_keys(struct uplink *uplink, char keys[SIGNER_KEYS_BYTES]); /* notary_take_keys() */
/* What hears of the witnesses and tells of them; NULL: there are none. The change of
 * uplink_event_fd() is also of its news. */
struct peers *uplink_peers(const struct uplink *uplink);
/* A stop: all that there is is signed now, if it can be. false: it is not yet. */
bool uplink_signed(struct uplink *uplink);

int uplink_start(struct uplink *uplink, const struct outlet_source *source);

/* Publishes these JSON members on metrics at the next occasion, QoS 0. Copies. */
void uplink_metrics(struct uplink *uplink, const char *members, size_t bytes);

/* Publishes it at the next occasion, QoS 1, once: one that is lost with the connection is not
 * sent again. Copies. -EAGAIN: too many are waiting; -ENOMEM. */
int uplink_answer(struct uplink *uplink, const struct uplink_answer *answer);

/* Readable (an eventfd, owned by the uplink) after each change of connected, and of whether heads
 * are signed. */
int uplink_event_fd(const struct uplink *uplink);
struct uplink_counters uplink_counters(struct uplink *uplink);

struct worker *uplink_worker(struct uplink *uplink); /* for the watchdog */

/* When this returns, no call into the outlet_source is made any more and none is under way.
 * The calls of uplink_outlet() stay good until uplink_free(). So a stop goes:
 *     uplink_detach(uplink);	the journal is no longer called
 *     journal_close(journal);	commits the last events, tells their head
 *     uplink_free(uplink);	says offline with that head
 * Takes NULL. */
void uplink_detach(struct uplink *uplink);

/* Says offline on the status topic and disconnects, waiting at most until the deadline
 * (monotonic). Neither side calls the other any more: after uplink_detach() and the end of
 * the journal's thread. Returns false when the thread could not be stopped in time (then
 * nothing was freed and the process must exit); true: freed. Takes NULL. */
bool uplink_free(struct uplink *uplink, int64_t deadline_mono_ns);

#endif
