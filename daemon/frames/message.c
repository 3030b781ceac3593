#include "frames/message.h"

#include <errno.h>
#include <string.h>

#include "frames/topic.h"

#define RECORD_OVERHEAD 192 /* what a record takes beside its payload, in a ring that wraps */
#define HEARD_OVERHEAD	64

#define AT(kind, member) offsetof(struct message_##kind, member)
#define PATH_MOST	 4095
#define WORD_MOST	 511
#define TOPIC_MOST	 65535
#define PAYLOAD_MOST	 (48 * 1024)

static const struct field setup_fields[] = {
	{FIELD_64, AT(setup, conf.port), 0},
	{FIELD_NEEDED, AT(setup, conf.client_id), WORD_MOST},
	{FIELD_NEEDED, AT(setup, conf.topic_root), WORD_MOST},
	{FIELD_INT, AT(setup, conf.protocol), 0},
	{FIELD_INT, AT(setup, conf.compress), 0},
	{FIELD_TEXT, AT(setup, conf.username), WORD_MOST},
	{FIELD_TEXT, AT(setup, conf.password_file), PATH_MOST},
	{FIELD_TEXT, AT(setup, conf.password_credential), WORD_MOST},
	{FIELD_BOOL, AT(setup, conf.tls), 0},
	{FIELD_TEXT, AT(setup, conf.tls_ca), PATH_MOST},
	{FIELD_TEXT, AT(setup, conf.tls_cert), PATH_MOST},
	{FIELD_TEXT, AT(setup, conf.tls_key), PATH_MOST},
	{FIELD_TEXT, AT(setup, conf.tls_crl), PATH_MOST},
	{FIELD_64, AT(setup, conf.keepalive_ns), 0},
	{FIELD_64, AT(setup, conf.window), 0},
	{FIELD_64, AT(setup, conf.alert_delay_ns), 0},
	{FIELD_64, AT(setup, conf.ack_timeout_ns), 0},
	{FIELD_64, AT(setup, conf.connect_timeout_ns), 0},
	{FIELD_64, AT(setup, conf.retry_min_ns), 0},
	{FIELD_64, AT(setup, conf.retry_max_ns), 0},
	{FIELD_64, AT(setup, conf.replay_bytes_per_s), 0},
	{FIELD_64, AT(setup, conf.again_bytes_per_s), 0},
	{FIELD_NEEDED, AT(setup, checkpoint), WORD_MOST},
	{FIELD_NEEDED, AT(setup, gateway), WORD_MOST},
	{FIELD_NEEDED, AT(setup, boot), WORD_MOST},
	{FIELD_TEXT, AT(setup, credentials), PATH_MOST},
	{FIELD_U32, AT(setup, first_host), 0},
	{FIELD_BOOL, AT(setup, debug), 0},
	{0},
};

static const struct field host_fields[] = {
	{FIELD_NEEDED, AT(host, text), WORD_MOST},
	{FIELD_BOOL, AT(host, older_protocol), 0},
	{0},
};

static const struct field inlet_fields[] = {
	{FIELD_NEEDED, AT(inlet, folder), WORD_MOST}, {FIELD_NEEDED, AT(inlet, levels), WORD_MOST},
	{FIELD_BOOL, AT(inlet, of_gateway), 0},	      {FIELD_BOOL, AT(inlet, retained), 0},
	{FIELD_U32, AT(inlet, payload_most), 0},      {0},
};

static const struct field none[] = {{0}};

static const struct field head_fields[] = {{FIELD_HEAD, AT(head, head), 0}, {0}};

static const struct field record_fields[] = {
	{FIELD_U32, AT(record, stream), 0},
	{FIELD_U32, AT(record, session), 0},
	{FIELD_64, AT(record, position), 0},
	{FIELD_64, AT(record, seq), 0},
	{FIELD_BOOL, AT(record, late), 0},
	{FIELD_NEEDED, AT(record, epoch), EVENT_EPOCH_BYTES - 1},
	{FIELD_NEEDED, AT(record, type), WORD_MOST},
	{FIELD_TEXT, AT(record, asker), ASKER_BYTES - 1},
	{FIELD_BYTES, AT(record, payload), EVENT_BYTES},
	{0},
};

static const struct field state_fields[] = {
	{FIELD_NEEDED, AT(state, key), STATE_KEY_BYTES - 1},
	{FIELD_64, AT(state, over), 0},
	{FIELD_BOOL, AT(state, patient), 0},
	{FIELD_BYTES, AT(state, payload), STATE_BYTES},
	{0},
};

static const struct field metrics_fields[] = {
	{FIELD_BYTES, AT(metrics, members), PAYLOAD_MOST},
	{0},
};

static const struct field note_fields[] = {
	{FIELD_BYTES, AT(note, members), NOTE_MEMBERS_BYTES},
	{0},
};

static const struct field answer_fields[] = {
	{FIELD_NEEDED, AT(answer, topic), WORD_MOST * 2},
	{FIELD_BYTES, AT(answer, correlation), WORD_MOST},
	{FIELD_BYTES, AT(answer, payload), PAYLOAD_MOST},
	{0},
};

static const struct field room_fields[] = {
	{FIELD_U32, AT(room, inlet), 0},
	{FIELD_U32, AT(room, bytes), 0},
	{0},
};

static const struct field refresh_fields[] = {{FIELD_U32, AT(refresh, inlet), 0}, {0}};

static const struct field stop_fields[] = {{FIELD_64, AT(stop, by_mono_ns), 0}, {0}};

static const struct field link_fields[] = {
	{FIELD_U32, AT(link, state), 0},
	{FIELD_U32, AT(link, host), 0},
	{FIELD_TEXT, AT(link, error), WORD_MOST},
	{0},
};

static const struct field refused_fields[] = {
	{FIELD_U32, AT(refused, what), 0}, {FIELD_TEXT, AT(refused, words), WORD_MOST}, {0}};

static const struct field rewind_fields[] = {
	{FIELD_U32, AT(rewind, session), 0}, {FIELD_HEAD, AT(rewind, told), 0}, {0}};

static const struct field progress_fields[] = {
	{FIELD_U32, AT(progress, session), 0},
	{FIELD_64, AT(progress, acked[STREAM_EVENTS]), 0},
	{FIELD_64, AT(progress, acked[STREAM_ALERTS]), 0},
	{FIELD_64, AT(progress, acked[STREAM_REPLAY]), 0},
	{FIELD_U32, AT(progress, room[STREAM_EVENTS]), 0},
	{FIELD_U32, AT(progress, room[STREAM_ALERTS]), 0},
	{FIELD_U32, AT(progress, room[STREAM_REPLAY]), 0},
	{FIELD_U32, AT(progress, published), 0},
	{FIELD_U32, AT(progress, acknowledged), 0},
	{FIELD_U32, AT(progress, refused), 0},
	{FIELD_U32, AT(progress, dropped), 0},
	{0},
};

static const struct field states_fields[] = {
	{FIELD_U32, AT(states, count), 0},
	{FIELD_BOOL, AT(states, all_again), 0},
	{0},
};

static const struct field gone_fields[] = {{FIELD_64, AT(gone, over), 0}, {0}};

static const struct field heard_fields[] = {
	{FIELD_U32, AT(heard, inlet), 0},
	{FIELD_NEEDED, AT(heard, subject), TOPIC_MOST},
	{FIELD_BYTES, AT(heard, payload), PAYLOAD_MOST},
	{FIELD_BOOL, AT(heard, retained), 0},
	{FIELD_TEXT, AT(heard, response_topic), TOPIC_MOST},
	{FIELD_BYTES, AT(heard, correlation), WORD_MOST},
	{0},
};

static const struct field *const forms[MESSAGE_KINDS] = {
	[MESSAGE_SETUP] = setup_fields,
	[MESSAGE_HOST] = host_fields,
	[MESSAGE_INLET] = inlet_fields,
	[MESSAGE_START] = none,
	[MESSAGE_HEAD] = head_fields,
	[MESSAGE_RECORD] = record_fields,
	[MESSAGE_STATE] = state_fields,
	[MESSAGE_METRICS] = metrics_fields,
	[MESSAGE_NOTE] = note_fields,
	[MESSAGE_ANSWER] = answer_fields,
	[MESSAGE_ROOM] = room_fields,
	[MESSAGE_REFRESH] = refresh_fields,
	[MESSAGE_PING] = none,
	[MESSAGE_STOP] = stop_fields,
	[MESSAGE_LINK] = link_fields,
	[MESSAGE_REFUSED] = refused_fields,
	[MESSAGE_REWIND] = rewind_fields,
	[MESSAGE_PROGRESS] = progress_fields,
	[MESSAGE_STATES] = states_fields,
	[MESSAGE_GONE] = gone_fields,
	[MESSAGE_HEARD] = heard_fields,
	[MESSAGE_PONG] = none,
	[MESSAGE_STOPPED] = none,
	[MESSAGE_RECALL] = none,
};

const struct protocol uplink_protocol = {
	.forms = forms, .kinds = MESSAGE_KINDS, .most = MESSAGE_BYTES};

int message_write(enum message_kind kind, const void *object, unsigned char *out, size_t size)
{
	return form_write(forms[kind], object, out, size);
}

int message_read(enum message_kind kind, const unsigned char *in, size_t bytes, void *object)
{
	return form_read(forms[kind], in, bytes, object);
}

/* ---- credit ----------------------------------------------------------------------------- */

size_t message_record_cost(size_t payload_bytes)
{
	return RECORD_OVERHEAD + payload_bytes;
}

size_t message_heard_cost(const struct message_heard *heard)
{
	return HEARD_OVERHEAD + strlen(heard->subject) + heard->bytes + heard->correlation_bytes +
	       (heard->response_topic ? strlen(heard->response_topic) : 0);
}
