/* What the gateway says of itself: start and stop, clock, uplink, metrics.
 *
 * Makes drafts for the same sink as the pure part; keeps the little state that
 * turns counters into events (was the uplink down, where was the clock). Owned
 * and called by the main loop only.
 */
#ifndef CORRIDORD_GATEWAY_HEALTH_H
#define CORRIDORD_GATEWAY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "bus/bus.h"
#include "journal/journal.h"
#include "outbound/uplink.h"
#include "transit/event/event.h"

#define SIGNER_STATE_KEY "gateway/signer" /* its word has the ids of the keys */
#define HEALTH_STATE_KEY "gateway/daemon" /* its word tells a clean stop from a power cut */

struct health {
	struct event_sink sink;
	struct instant started;
	struct instant clock; /* as last seen */
	struct instant trusted; /* when it was last synchronised, or the start */
	int64_t uplink_due_ns; /* when a lost uplink becomes an alarm; INT64_MAX: not lost */
	int64_t uplink_alarm_ns; /* how long it may be lost before */
	int64_t uplink_lost_ns; /* since when it is lost */
	bool uplink_alarm;
	bool signer_alarm;
	char signer_keys[STATE_WORD_BYTES]; /* ids, as last told, a comma between */
	int64_t unsigned_ns; /* since then heads are not signed */
	struct instant before; /* as the run before saw it last; utc_ns 0: not known */
	bool before_this_boot;
	bool unclean; /* the last run ended without gateway.stopped */
};

struct registry;
struct transit;

/* What metrics are made of. */
struct health_view {
	struct bus *const *buses;
	size_t bus_count;
	struct capture_queue *captures;
	struct journal *journal;
	struct uplink *uplink;
	struct transit *transit;
	struct registry *registry; /* NULL: there is no registry */
	uint64_t dropped; /* messages that the inboxes could never take */
};

void health_start(struct health *health, const struct event_sink *sink, int64_t uplink_alarm_ns,
		  const struct instant *now);

/* A state word as last journalled, see journal_states(). */
void health_restore(struct health *health, const char *key, const char *word);

/* When the run before last wrote, and whether in this boot. */
void health_resume(struct health *health, const struct instant *before, bool this_boot);

void health_started(struct health *health, const struct config *config, const struct instant *now);
void health_stopped(struct health *health, const struct instant *now);

/* Another configuration is in effect. */
struct health_change {
	const char *user; /* who asked for it */
	const char *before, *after; /* hashes in hex */
	size_t buses_kept, buses_started, buses_stopped;
	size_t buses, devices, lanes; /* that there are now */
};

void health_changed(struct health *health, const struct health_change *change,
		    const struct instant *now);

/* Compares the clocks with when it was last called; says what changed. */
void health_clock(struct health *health, const struct instant *now);

void health_uplink(struct health *health, bool connected, const struct instant *now);
/* why: heads are not signed; empty: they are. */
void health_signer(struct health *health, const char *why, const struct instant *now);
/* keys: verifier keys that heads are signed with, a blank between. An event, if others were told. */
void health_keys(struct health *health, const char *keys, const struct instant *now);
int64_t health_next_deadline(const struct health *health);
void health_tick(struct health *health, const struct uplink_counters *uplink,
		 const struct instant *now);

/* Members of the answer to a request for the status. */
void health_status(const struct health *health, struct journal *journal, const struct instant *now,
		   struct jw *json);

/* The same for a technician: "uplink" and "registry". */
void health_status_more(const struct health_view *view, const struct instant *now, struct jw *json);

/* One line for people, as systemctl status has it: "3 of 4 devices answer; …". */
#define HEALTH_LINE_BYTES 256
void health_line(const struct health_view *view, size_t devices, char out[HEALTH_LINE_BYTES]);

/* Members of the metrics message. Returns bytes, 0 when they do not fit; what they need is
 * known beforehand. */
size_t health_metrics_bytes(const struct config *config);
size_t health_metrics(const struct health *health, const struct health_view *view,
		      const struct instant *now, char *out, size_t size);

#endif
