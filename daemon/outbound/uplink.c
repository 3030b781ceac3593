#include "outbound/uplink.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "frames/host.h"
#include "frames/topic.h"
#include "outbound/private.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define STUCK_NS  (60 * NS_PER_S)
#define FEW_BYTES ((size_t)16 * 1024)

/* ---- life -------------------------------------------------------------------------------- */

int uplink_check_hosts(const struct uplink_conf *conf)
{
	struct uplink_host host;

	if (conf->hosts.count == 0 || conf->hosts.count > UPLINK_HOSTS) {
		log_error(0, "%zu hosts are configured, expected 1 to %d", conf->hosts.count,
			  UPLINK_HOSTS);
		return -EINVAL;
	}
	for (size_t i = 0; i < conf->hosts.count; i++) {
		if (uplink_host_parse(conf->hosts.item[i], (int)conf->port, &host) < 0) {
			log_error(0, "host \"%s\": expected name, name:port or [ipv6]:port",
				  conf->hosts.item[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static int check(const struct uplink *uplink)
{
	char prefix[PREFIX_BYTES];

	if (uplink_topic_prefix(uplink->conf->topic_root, uplink->origin, prefix) < 0) {
		log_error(0, "topic_root \"%s\": expected levels like \"corridor/v1\"",
			  uplink->conf->topic_root);
		return -EINVAL;
	}
	return uplink_check_hosts(uplink->conf);
}

static int allocate(struct uplink *uplink)
{
	int err;

	uplink->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (uplink->event_fd < 0)
		return -errno;
	err = worker_new(STUCK_NS, &uplink->worker);
	return err < 0 ? err : states_new(&uplink->states);
}

static void release(struct uplink *uplink)
{
	pthread_mutex_destroy(&uplink->source_lock);
	pthread_mutex_destroy(&uplink->lock);
	supervisor_fini(uplink);
	(void)notary_free(uplink->notary, INT64_MAX);
	states_free(uplink->states);
	worker_free(uplink->worker);
	if (uplink->event_fd >= 0)
		close(uplink->event_fd);
	free(uplink);
}

int uplink_new(const struct uplink_conf *conf, const struct event_origin *origin,
	       struct uplink **ret_uplink)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));
	int err;

	if (!uplink)
		return -ENOMEM;
	uplink->conf = conf;
	uplink->origin = origin;
	uplink->event_fd = -1;
	uplink->channel.fd = -1;
	uplink->counters.since_mono_ns = clock_mono_ns();
	snprintf(uplink->counters.error, sizeof(uplink->counters.error), "still trying");
	pthread_mutex_init(&uplink->lock, NULL);
	pthread_mutex_init(&uplink->source_lock, NULL);
	err = check(uplink);
	if (err == 0)
		err = allocate(uplink);
	if (err == 0)
		*ret_uplink = uplink;
	else
		release(uplink);
	return err;
}

int uplink_change(struct uplink *uplink, const struct uplink_conf *conf)
{
	struct host_record *hosts = calloc(conf->hosts.count, sizeof(hosts[0]));

	if (!hosts)
		return -ENOMEM;
	pthread_mutex_lock(&uplink->lock);
	free(uplink->next_hosts);
	uplink->next_hosts = hosts;
	uplink->next = conf;
	pthread_mutex_unlock(&uplink->lock);
	worker_wake(uplink->worker);
	return 0;
}

bool uplink_uses(struct uplink *uplink, const struct uplink_conf *conf)
{
	bool uses;

	pthread_mutex_lock(&uplink->lock);
	uses = uplink->conf == conf || uplink->next == conf;
	pthread_mutex_unlock(&uplink->lock);
	return uses;
}

int uplink_check_files(const struct uplink_conf *conf)
{
	const int result = conf->tls ? child_check_tls(conf) : 0;

	return result > 0 ? -EINVAL : result;
}

static void run(void *data)
{
	supervisor_run(data);
}

void uplink_subscribe(struct uplink *uplink, const struct inlet *inlet)
{
	assert(uplink->inlet_count < UPLINK_INLETS);
	uplink->inlets[uplink->inlet_count++] = *inlet;
}

/* Under the lock: a thread that is busy anyway need not be woken. */
static void wake_if_idle(struct uplink *uplink)
{
	if (!uplink->idle)
		return;
	uplink->idle = false;
	worker_wake(uplink->worker);
}

/* ---- what is signed ------------------------------------------------------------------------ */

static void ask_for_proof(void *data, uint64_t old_size, uint64_t new_size)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->source_lock);
	if (uplink->attached)
		uplink->source.prove(uplink->source.data, old_size, new_size);
	pthread_mutex_unlock(&uplink->source_lock);
}

static void take_signed_head(void *data, const char *members, size_t bytes)
{
	struct uplink *uplink = data;

	if (bytes > sizeof(uplink->note))
		return;
	pthread_mutex_lock(&uplink->lock);
	memcpy(uplink->note, members, bytes);
	uplink->note_bytes = bytes;
	uplink->note_due = true;
	wake_if_idle(uplink);
	pthread_mutex_unlock(&uplink->lock);
}

static void note_signer(void *data)
{
	uplink_signal_change(data);
}

static void set_state(void *data, const struct outlet_state *state);

static bool take_handover(void *data, struct state_copy *ret_copy)
{
	struct uplink *uplink = data;
	bool found;

	pthread_mutex_lock(&uplink->lock);
	found = states_take_to_sign(uplink->states, ret_copy);
	pthread_mutex_unlock(&uplink->lock);
	return found;
}

static void give_handover(void *data, const struct state_copy *copy, bool is_signed)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->lock);
	if (is_signed)
		states_signed(uplink->states, copy);
	else
		states_not_signed(uplink->states, copy);
	wake_if_idle(uplink);
	pthread_mutex_unlock(&uplink->lock);
}

static void give_up_handovers(void *data)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->lock);
	states_give_up_signing(uplink->states);
	wake_if_idle(uplink);
	pthread_mutex_unlock(&uplink->lock);
}

static void sign_handovers_again(void *data)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->lock);
	states_sign_again(uplink->states);
	pthread_mutex_unlock(&uplink->lock);
}

int uplink_sign(struct uplink *uplink, const struct signer_conf *conf,
		const struct witness_conf *witness)
{
	const struct notary_conf notary = {
		.signer = conf,
		.witness = witness,
		.origin = uplink->origin,
		.data = uplink,
		.prove = ask_for_proof,
		.signed_head = take_signed_head,
		.changed = note_signer,
		.state = set_state,
		.handovers = {.data = uplink,
			      .take = take_handover,
			      .give = give_handover,
			      .give_up = give_up_handovers,
			      .again = sign_handovers_again},
	};

	return notary_new(&notary, &uplink->notary);
}

bool uplink_note(struct uplink *uplink, const char *epoch, uint64_t seq, char out[NOTE_BYTES],
		 uint64_t *ret_size)
{
	return uplink->notary && notary_note(uplink->notary, epoch, seq, out, ret_size);
}

bool uplink_take_keys(struct uplink *uplink, char keys[SIGNER_KEYS_BYTES])
{
	return uplink->notary && notary_take_keys(uplink->notary, keys);
}

struct peers *uplink_peers(const struct uplink *uplink)
{
	return uplink->notary ? notary_peers(uplink->notary) : NULL;
}

bool uplink_signed(struct uplink *uplink)
{
	if (!uplink->notary)
		return true;
	notary_hurry(uplink->notary);
	return notary_is_done(uplink->notary);
}

/* ---- start and stop ------------------------------------------------------------------------ */

int uplink_start(struct uplink *uplink, const struct outlet_source *source)
{
	const struct worker_job job = {.name = "uplink", .run = run, .data = uplink};
	int err = supervisor_init(uplink);

	if (err < 0)
		return err;
	uplink->source = *source;
	uplink->attached = true;
	err = worker_start(uplink->worker, &job);
	return err == 0 && uplink->notary ? notary_start(uplink->notary) : err;
}

void uplink_detach(struct uplink *uplink)
{
	if (!uplink)
		return;
	pthread_mutex_lock(&uplink->source_lock);
	uplink->attached = false;
	pthread_mutex_unlock(&uplink->source_lock);
	pthread_mutex_lock(&uplink->lock);
	uplink->session = 0;
	pthread_mutex_unlock(&uplink->lock);
}

bool uplink_free(struct uplink *uplink, int64_t deadline_mono_ns)
{
	if (!uplink)
		return true;
	pthread_mutex_lock(&uplink->lock);
	uplink->stop_by_ns = deadline_mono_ns;
	pthread_mutex_unlock(&uplink->lock);
	if (!worker_stop(uplink->worker, deadline_mono_ns))
		return false;
	if (!notary_free(uplink->notary, deadline_mono_ns))
		return false;
	uplink->notary = NULL;
	release(uplink);
	return true;
}

/* ---- calls of the journal's thread ---------------------------------------------------------- */

static bool put_record(struct uplink *uplink, enum outlet_stream stream,
		       const struct outlet_record *record)
{
	struct lane_out *lane = &uplink->lanes[stream];
	const size_t cost = message_record_cost(record->payload_bytes);
	const struct message_record message = {
		.stream = stream,
		.session = uplink->child_session,
		.position = record->position,
		.seq = record->seq,
		.late = record->late,
		.epoch = record->epoch,
		.type = record->type,
		.asker = record->asker,
		.payload = record->payload,
		.payload_bytes = record->payload_bytes,
	};

	if (cost > lane->credit || channel_put(&uplink->channel, MESSAGE_RECORD, &message) < 0) {
		lane->starved = true;
		return false;
	}
	lane->credit -= cost;
	lane->offered = record->position;
	return true;
}

static bool offer(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	struct uplink *uplink = data;
	bool taken = false;

	pthread_mutex_lock(&uplink->lock);
	if (uplink->session != 0 && record->session == uplink->session)
		taken = put_record(uplink, stream, record);
	if (taken && channel_waiting(&uplink->channel) > FEW_BYTES)
		wake_if_idle(uplink); /* it sends while the journal reads on */
	pthread_mutex_unlock(&uplink->lock);
	return taken;
}

/* A few events are sent from here: to wake our thread for them costs as much as they do. It sees when
 * the child has gone, and waits for the room that is not there. */
static void flush(void *data)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->lock);
	if (uplink->idle && channel_waiting(&uplink->channel) > 0 &&
	    (channel_flush(&uplink->channel) < 0 || channel_waiting(&uplink->channel) > 0))
		wake_if_idle(uplink);
	pthread_mutex_unlock(&uplink->lock);
}

/* With a signer a handover has its signature before it goes. */
static bool is_to_be_signed(const struct uplink *uplink, const struct outlet_state *state)
{
	return uplink->notary && state->bytes > 0 &&
	       strncmp(state->key, HANDOVER_KEY, strlen(HANDOVER_KEY)) == 0;
}

static void set_state(void *data, const struct outlet_state *state)
{
	struct uplink *uplink = data;
	const bool to_sign = is_to_be_signed(uplink, state);
	bool complain = false;
	int64_t waits_ns;
	int err;

	pthread_mutex_lock(&uplink->lock);
	waits_ns = states_due_ns(uplink->states);
	err = to_sign ? states_put_to_sign(uplink->states, state)
		      : states_put(uplink->states, state);
	if (err == 0 && uplink->states_wanted > 0 && states_due_ns(uplink->states) < waits_ns) {
		wake_if_idle(uplink);
	} else if (err < 0) {
		complain = !uplink->states_refused;
		uplink->states_refused = true;
	}
	pthread_mutex_unlock(&uplink->lock);
	if (err == 0 && to_sign)
		notary_handover(uplink->notary);
	if (complain)
		log_warn(err, "the state of \"%s\" is not published", state->key);
}

static void set_head(void *data, const struct event_head *head)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->lock);
	if (!uplink->head_known || uplink->head_wanted ||
	    strcmp(head->epoch, uplink->head.epoch) != 0) {
		uplink->head_wanted = false;
		uplink->head_due = true;
		wake_if_idle(uplink);
	}
	uplink->head = *head;
	uplink->head_known = true;
	pthread_mutex_unlock(&uplink->lock);
}

static void set_grown(void *data, const struct event_head *head, bool critical)
{
	const struct uplink *uplink = data;

	notary_grown(uplink->notary, head, critical);
}

static void set_proved(void *data, const struct outlet_proof *proof)
{
	const struct uplink *uplink = data;

	notary_proved(uplink->notary, proof);
}

struct outlet uplink_outlet(struct uplink *uplink)
{
	return (struct outlet){
		.data = uplink,
		.offer = offer,
		.flush = flush,
		.state = set_state,
		.head = set_head,
		.grown = uplink->notary ? set_grown : NULL,
		.proved = uplink->notary ? set_proved : NULL,
	};
}

/* ---- calls of the main loop ------------------------------------------------------------------ */

void uplink_metrics(struct uplink *uplink, const char *members, size_t bytes)
{
	const struct message_metrics message = {.members = members, .bytes = bytes};

	pthread_mutex_lock(&uplink->lock);
	if (uplink->channel.fd >= 0 && !uplink->stop_told) {
		const struct message_head head = {.head = uplink->head};

		if (uplink->head_known)
			(void)channel_put(&uplink->channel, MESSAGE_HEAD, &head);
		(void)channel_put(&uplink->channel, MESSAGE_METRICS, &message);
		wake_if_idle(uplink);
	}
	pthread_mutex_unlock(&uplink->lock);
}

int uplink_answer(struct uplink *uplink, const struct uplink_answer *answer)
{
	const struct message_answer message = {
		.topic = answer->topic,
		.correlation = answer->correlation,
		.correlation_bytes = answer->correlation_bytes,
		.payload = answer->payload,
		.bytes = answer->bytes,
	};
	int err = -EAGAIN;

	pthread_mutex_lock(&uplink->lock);
	if (uplink->channel.fd >= 0)
		err = channel_put(&uplink->channel, MESSAGE_ANSWER, &message);
	if (err == 0)
		wake_if_idle(uplink);
	pthread_mutex_unlock(&uplink->lock);
	return err;
}

int uplink_event_fd(const struct uplink *uplink)
{
	return uplink->event_fd;
}

struct uplink_counters uplink_counters(struct uplink *uplink)
{
	struct uplink_counters counters;

	pthread_mutex_lock(&uplink->lock);
	counters = uplink->counters;
	pthread_mutex_unlock(&uplink->lock);
	if (uplink->notary)
		notary_why(uplink->notary, counters.unsigned_why);
	return counters;
}

struct worker *uplink_worker(struct uplink *uplink)
{
	return uplink->worker;
}
