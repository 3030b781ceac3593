/* corridord-uplink: a process with one thread, between its parent (parent.c) and a broker
 * (link.c). Everything here belongs to that thread. It keeps nothing: what was not acknowledged
 * when it ends comes again from the journal, states and answers from whoever made them. */
#ifndef CORRIDORD_UPLINK_PRIVATE_H
#define CORRIDORD_UPLINK_PRIVATE_H

#include "frames/channel.h"
#include "frames/host.h"
#include "frames/message.h"
#include "frames/topic.h"
#include "outbound/uplink.h"
#include "uplink/answers.h"
#include "uplink/outbox.h"
#include "uplink/state_queue.h"

struct uplink {
	/* as the parent set it up; texts lie in `texts` */
	struct message_setup setup;
	struct event_origin origin;
	struct uplink_host hosts[UPLINK_HOSTS];
	bool older_protocol[UPLINK_HOSTS];
	size_t host_count;
	char prefix[PREFIX_BYTES];
	struct message_inlet inlets[UPLINK_INLETS];
	size_t inlet_count;
	unsigned char *texts;
	size_t texts_used;

	struct channel channel;
	struct message_progress progress; /* not yet told */
	int64_t progress_due_ns; /* 0: there is none */
	bool stopping;
	int64_t stop_by_ns;

	uint32_t session; /* records of this one are taken */
	struct outbox outbox[STREAM_COUNT];
	struct state_queue states;
	struct event_head head;
	bool head_known;
	const struct outbox_record *furthest; /* of this session's records, NULL: none; not released
					       * while any of them is to be announced */
	uint64_t furthest_position;
	bool journal_awaited; /* it has not heard of the new session: nothing came of it */
	bool epoch_changed; /* since the status was last published */
	char *metrics; /* the latest, not yet published */
	size_t metrics_bytes;
	char note[NOTE_MEMBERS_BYTES]; /* members of the retained head */
	size_t note_bytes; /* 0: it is not signed */
	bool note_due; /* not yet published */
	struct answers answers; /* not yet published */
	size_t heard_credit[UPLINK_INLETS]; /* bytes that the parent has room for */
	bool refresh[UPLINK_INLETS]; /* the parent needs all that is retained */
};

#endif
