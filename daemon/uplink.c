#include "uplink.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "uplink_client.h"
#include "uplink_private.h"

#define LOG_TOKEN "uplink"
#include "log.h"

#define EVENTS_RING_BYTES (128 * 1024)
#define ALERTS_RING_BYTES (32 * 1024)
#define STUCK_NS	  (180 * NS_PER_S) /* a name service may take its time */

/* ---- life -------------------------------------------------------------------------------- */

static int parse_hosts(struct uplink *uplink)
{
	const struct conf_list *list = &uplink->conf->hosts;
	size_t i;

	if (list->count == 0) {
		log_error(0, "no host is configured");
		return -EINVAL;
	}
	uplink->hosts = calloc(list->count, sizeof(uplink->hosts[0]));
	if (!uplink->hosts)
		return -ENOMEM;
	for (i = 0; i < list->count; i++) {
		if (uplink_host_parse(list->item[i], (int)uplink->conf->port, &uplink->hosts[i]) <
		    0) {
			log_error(0, "host \"%s\": expected name, name:port or [ipv6]:port",
				  list->item[i]);
			return -EINVAL;
		}
	}
	uplink->host_count = list->count;
	return 0;
}

static int check(struct uplink *uplink)
{
	if (uplink_topic_prefix(uplink->conf->topic_root, uplink->origin, uplink->prefix) < 0) {
		log_error(0, "topic_root \"%s\": expected levels like \"corridor/v1\"",
			  uplink->conf->topic_root);
		return -EINVAL;
	}
	return parse_hosts(uplink);
}

static int allocate(struct uplink *uplink)
{
	int err;

	uplink->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uplink->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (uplink->wake_fd < 0 || uplink->event_fd < 0)
		return -errno;
	err = states_new(&uplink->states);
	if (err == 0)
		err = outbox_init(&uplink->outbox[STREAM_EVENTS], EVENTS_RING_BYTES);
	if (err == 0)
		err = outbox_init(&uplink->outbox[STREAM_ALERTS], ALERTS_RING_BYTES);
	return err;
}

static void init_locks(struct uplink *uplink)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&uplink->lock, NULL);
	pthread_mutex_init(&uplink->source_lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&uplink->ended_cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void release(struct uplink *uplink)
{
	pthread_cond_destroy(&uplink->ended_cond);
	pthread_mutex_destroy(&uplink->source_lock);
	pthread_mutex_destroy(&uplink->lock);
	outbox_fini(&uplink->outbox[STREAM_EVENTS]);
	outbox_fini(&uplink->outbox[STREAM_ALERTS]);
	states_free(uplink->states);
	if (uplink->wake_fd >= 0)
		close(uplink->wake_fd);
	if (uplink->event_fd >= 0)
		close(uplink->event_fd);
	free(uplink->metrics);
	answers_fini(&uplink->answers);
	free(uplink->hosts);
	free(uplink);
	client_library_fini();
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
	uplink->wake_fd = -1;
	uplink->event_fd = -1;
	uplink->counters.since_mono_ns = clock_mono_ns();
	client_library_init();
	init_locks(uplink);
	err = check(uplink);
	if (err == 0)
		err = allocate(uplink);
	if (err == 0)
		*ret_uplink = uplink;
	else
		release(uplink);
	return err;
}

static void *run(void *data)
{
	struct link *link = data;

	link_run(link);
	link_free(link);
	return NULL;
}

/* Signals are the main loop's. */
static int start_thread(struct uplink *uplink, struct link *link)
{
	sigset_t all;
	sigset_t before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&uplink->thread, NULL, run, link);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

void uplink_hear(struct uplink *uplink, const struct inlet *inlet)
{
	assert(uplink->inlet_count < UPLINK_INLETS);
	uplink->inlets[uplink->inlet_count++] = *inlet;
}

int uplink_start(struct uplink *uplink, const struct outlet_source *source)
{
	struct link *link;
	int err;

	err = link_new(uplink, &link);
	if (err < 0)
		return err;
	uplink->source = *source;
	uplink->attached = true;
	err = start_thread(uplink, link);
	if (err < 0) {
		link_free(link);
		return err;
	}
	uplink->started = true;
	return 0;
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

static bool wait_for_end(struct uplink *uplink, int64_t deadline_ns)
{
	struct timespec deadline = clock_timespec(deadline_ns);
	int err = 0;
	bool ended;

	pthread_mutex_lock(&uplink->lock);
	uplink->stopping = true;
	uplink->stop_by_ns = deadline_ns;
	uplink_wake(uplink);
	while (!uplink->ended && err == 0)
		err = pthread_cond_timedwait(&uplink->ended_cond, &uplink->lock, &deadline);
	ended = uplink->ended;
	pthread_mutex_unlock(&uplink->lock);
	return ended;
}

bool uplink_free(struct uplink *uplink, int64_t deadline_mono_ns)
{
	if (!uplink)
		return true;
	if (uplink->started && !wait_for_end(uplink, deadline_mono_ns))
		return false;
	if (uplink->started)
		pthread_join(uplink->thread, NULL);
	release(uplink);
	return true;
}

/* ---- calls of the journal's thread ---------------------------------------------------------- */

void uplink_wake(struct uplink *uplink)
{
	uint64_t one = 1;

	(void)!write(uplink->wake_fd, &one, sizeof(one));
}

/* Under the lock: a thread that is busy anyway need not be woken. */
static void wake_if_dozing(struct uplink *uplink)
{
	if (!uplink->dozing)
		return;
	uplink->dozing = false;
	uplink_wake(uplink);
}

static bool offer(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	struct uplink *uplink = data;
	bool taken = false;

	pthread_mutex_lock(&uplink->lock);
	if (uplink->session != 0 && record->session == uplink->session)
		taken = outbox_put(&uplink->outbox[stream], record);
	if (taken)
		wake_if_dozing(uplink);
	pthread_mutex_unlock(&uplink->lock);
	return taken;
}

static void set_state(void *data, const char *key, const char *payload, size_t bytes)
{
	struct uplink *uplink = data;
	bool complain = false;
	int err;

	pthread_mutex_lock(&uplink->lock);
	err = states_put(uplink->states, key, payload, bytes);
	if (err == 0) {
		wake_if_dozing(uplink);
	} else {
		complain = !uplink->states_refused;
		uplink->states_refused = true;
	}
	pthread_mutex_unlock(&uplink->lock);
	if (complain)
		log_warn(err, "the state of \"%s\" is not published", key);
}

static void set_head(void *data, const struct event_head *head)
{
	struct uplink *uplink = data;

	pthread_mutex_lock(&uplink->lock);
	if (!uplink->head_known || strcmp(head->epoch, uplink->head.epoch) != 0) {
		uplink->epoch_changed = true;
		wake_if_dozing(uplink);
	}
	uplink->head = *head;
	uplink->head_known = true;
	pthread_mutex_unlock(&uplink->lock);
}

struct outlet uplink_outlet(struct uplink *uplink)
{
	return (struct outlet){
		.data = uplink, .offer = offer, .state = set_state, .head = set_head};
}

/* ---- calls of the main loop ------------------------------------------------------------------ */

void uplink_metrics(struct uplink *uplink, const char *members, size_t bytes)
{
	struct instant now = clock_now();
	size_t size = bytes + 512;
	char *metrics = malloc(size);
	int length;

	if (!metrics)
		return;
	length = uplink_metrics_payload(uplink->origin, &now, members, bytes, metrics, size);
	if (length < 0) {
		free(metrics);
		return;
	}
	pthread_mutex_lock(&uplink->lock);
	free(uplink->metrics);
	uplink->metrics = metrics;
	uplink->metrics_bytes = (size_t)length;
	wake_if_dozing(uplink);
	pthread_mutex_unlock(&uplink->lock);
}

int uplink_answer(struct uplink *uplink, const struct uplink_answer *answer)
{
	int err;

	pthread_mutex_lock(&uplink->lock);
	err = answers_put(&uplink->answers, answer);
	if (err == 0)
		wake_if_dozing(uplink);
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
	return counters;
}

void uplink_ask(struct uplink *uplink)
{
	heartbeat_ask(&uplink->beat, clock_mono_ns());
	uplink_wake(uplink);
}

bool uplink_stuck(struct uplink *uplink, int64_t now_mono_ns)
{
	return heartbeat_stuck(&uplink->beat, now_mono_ns, STUCK_NS);
}
