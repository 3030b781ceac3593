/* The thread: one child after the other, and what passes between it and us. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "outbound/private.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define OUT_BYTES      (CREDIT_EVENTS_BYTES + 256 * 1024) /* all credit, and the rest */
#define SETTLED_NS     (60 * NS_PER_S) /* a connection that lasted: its broker does no harm */
#define QUIET_NS       (15 * NS_PER_S) /* nothing was heard of it: it is asked for a word */
#define HUNG_NS	       (30 * NS_PER_S) /* and gives none for so long */
#define DEAF_NS	       (180 * NS_PER_S) /* the same, as a name service may take its time */
#define ASLEEP_NS      (5 * NS_PER_S) /* we were late ourselves: the machine slept */
#define ROOM_LOOK_NS   (5 * NS_PER_MS) /* between two looks whether an inlet has room */
#define LIBRARY	       "the MQTT library"
#define LAST_BREATH_NS (2 * NS_PER_S) /* between closing its ears and its end */
#define DEATHS_MOST    2 /* at one host, before the older protocol, and before the next host */

/* ---- birth and death -------------------------------------------------------------------- */

static void set_patience(struct uplink *uplink)
{
	const struct uplink_conf *conf = uplink->conf;

	uplink->restart = (struct backoff){.first_ns = 2 * conf->retry_min_ns,
					   .max_ns = conf->retry_max_ns,
					   .jitter = 0.5,
					   .least_ns = conf->retry_min_ns};
}

static void start_later(struct uplink *uplink)
{
	uplink->start_ns =
		clock_mono_ns() + backoff_ns(&uplink->restart, uplink->failures++, random_chance());
}

static int give_birth(struct uplink *uplink, int child_fd)
{
	int err;

	pthread_mutex_lock(&uplink->lock);
	uplink->states_wanted = 0;
	uplink->head_due = uplink->head_known;
	uplink->note_due = uplink->note_bytes > 0;
	uplink->stop_told = false;
	err = messages_set_up(uplink);
	pthread_mutex_unlock(&uplink->lock);
	uplink->heard_ns = clock_mono_ns();
	uplink->pinged_ns = 0;
	uplink->deaf = false;
	if (err == 0)
		err = child_start(child_fd, &uplink->pid);
	return err;
}

static void close_channel(struct uplink *uplink)
{
	pthread_mutex_lock(&uplink->lock);
	channel_fini(&uplink->channel);
	pthread_mutex_unlock(&uplink->lock);
}

static void start(struct uplink *uplink)
{
	int fds[2];
	int err = channel_pair(fds);

	if (err == 0) {
		pthread_mutex_lock(&uplink->lock);
		err = channel_init(&uplink->channel, &uplink_protocol, fds[0], OUT_BYTES);
		pthread_mutex_unlock(&uplink->lock);
		if (err == 0)
			err = give_birth(uplink, fds[1]);
		close(fds[1]);
	}
	uplink->start_ns = INT64_MAX;
	if (err == 0)
		return;
	log_error(err, "corridord-uplink cannot be started: nothing is published");
	close_channel(uplink);
	start_later(uplink);
}

/* Its broker may be what ends it: then another protocol is tried there, then another host. */
static void blame_host(struct uplink *uplink)
{
	struct host_record *host = &uplink->hosts[uplink->host];
	const char *text = uplink->conf->hosts.item[uplink->host];

	if (++host->deaths < DEATHS_MOST)
		return;
	host->deaths = 0;
	if (!host->older_protocol && uplink->conf->protocol == UPLINK_MQTT_5) {
		host->older_protocol = true;
		log_warnx("\"%s\": its answers end the uplink again and again: trying MQTT 3.1.1 "
			  "there (protocol = \"3.1.1\")",
			  text);
		return;
	}
	uplink->host = (uplink->host + 1) % uplink->conf->hosts.count;
	log_warnx("\"%s\": its answers end the uplink again and again: trying %s", text,
		  uplink->conf->hosts.count > 1 ? "the next host" : "again");
}

static void note_death(struct uplink *uplink, const char *words)
{
	struct uplink_counters *counters = &uplink->counters;

	pthread_mutex_lock(&uplink->lock);
	if (counters->connected)
		counters->since_mono_ns = clock_mono_ns();
	counters->connected = false;
	snprintf(uplink->death, sizeof(uplink->death), "%s", words);
	snprintf(counters->error, sizeof(counters->error), "%s", words);
	uplink->session = 0;
	uplink->states_wanted = 0;
	channel_fini(&uplink->channel);
	pthread_mutex_unlock(&uplink->lock);
	uplink_signal_change(uplink);
}

static void bury(struct uplink *uplink, const char *words)
{
	for (size_t i = 0; i < uplink->inlet_count; i++)
		uplink->pending[i].used = 0;
	if (uplink->online_ns && clock_mono_ns() - uplink->online_ns > SETTLED_NS) {
		uplink->failures = 0;
		uplink->hosts[uplink->host].deaths = 0;
	}
	uplink->online_ns = 0;
	uplink->pid = 0;
	note_death(uplink, words);
	blame_host(uplink);
	start_later(uplink);
	log_warnx("\"%s\": the uplink ended: %s; capture goes on, starting it again in %.1f s",
		  uplink->counters.host, words,
		  (double)(uplink->start_ns - clock_mono_ns()) / (double)NS_PER_S);
}

static void put_down(struct uplink *uplink, const char *words)
{
	char ignored[CHILD_WORDS_BYTES];

	child_reap(uplink->pid, 0, LIBRARY, ignored);
	bury(uplink, words);
}

/* What it said before its end counts. */
static void see_end(struct uplink *uplink)
{
	char words[CHILD_WORDS_BYTES];

	child_reap(uplink->pid, clock_mono_ns() + LAST_BREATH_NS, LIBRARY, words);
	if (uplink->stopped) {
		uplink->pid = 0;
		close_channel(uplink);
	} else {
		bury(uplink, words);
	}
}

/* ---- rounds ----------------------------------------------------------------------------- */

/* All that has come is taken before an end is seen. */
static void serve(struct uplink *uplink)
{
	int err = messages_take(uplink);

	if (err == -EBADMSG)
		put_down(uplink, "it said what it must not");
	else if (err < 0)
		see_end(uplink);
}

static short send_what_waits(struct uplink *uplink, bool stop, int64_t *due_ns)
{
	short events = POLLIN;

	pthread_mutex_lock(&uplink->lock);
	uplink->idle = true; /* from here on what comes in between wakes us */
	if (uplink->pid)
		(void)messages_send(uplink, stop); /* its end shows when we read */
	if (uplink->pid && channel_waiting(&uplink->channel) > 0)
		events |= POLLOUT;
	else if (uplink->pid && uplink->states_wanted > 0)
		*due_ns = earlier_ns(*due_ns, states_due_ns(uplink->states));
	pthread_mutex_unlock(&uplink->lock);
	return events;
}

/* By then it is to say something: else it is asked to, then given up. INT64_MAX: there is none. */
static int64_t word_due_ns(const struct uplink *uplink)
{
	if (uplink->pid == 0)
		return INT64_MAX;
	if (uplink->pinged_ns == 0)
		return uplink->heard_ns + QUIET_NS;
	return uplink->pinged_ns + (uplink->deaf ? DEAF_NS : HUNG_NS);
}

static void ask_for_a_word(struct uplink *uplink, int64_t now_ns)
{
	pthread_mutex_lock(&uplink->lock);
	(void)channel_put(&uplink->channel, MESSAGE_PING, NULL); /* a full channel asks as well */
	pthread_mutex_unlock(&uplink->lock);
	uplink->pinged_ns = now_ns;
}

/* A process that is frozen ends nothing by itself. */
static void look_whether_it_lives(struct uplink *uplink)
{
	const int64_t now_ns = clock_mono_ns();
	int64_t due_ns;

	if (uplink->heard_ns >= uplink->pinged_ns)
		uplink->pinged_ns = 0;
	due_ns = word_due_ns(uplink);
	if (now_ns < due_ns)
		return;
	if (uplink->pinged_ns && now_ns - due_ns < ASLEEP_NS)
		put_down(uplink, "it gave no sign of life");
	else
		ask_for_a_word(uplink, now_ns);
}

static int64_t stop_by_ns(struct uplink *uplink)
{
	int64_t by_ns;

	pthread_mutex_lock(&uplink->lock);
	by_ns = uplink->stop_by_ns;
	pthread_mutex_unlock(&uplink->lock);
	return by_ns;
}

/* Under the lock. false: there is no other configuration. */
static bool take_next(struct uplink *uplink)
{
	if (!uplink->next)
		return false;
	free(uplink->hosts);
	uplink->hosts = uplink->next_hosts;
	uplink->conf = uplink->next;
	uplink->next = NULL;
	uplink->next_hosts = NULL;
	return true;
}

/* What was sent and not acknowledged goes out once more by the new connection. */
static void change_over(struct uplink *uplink)
{
	char ignored[CHILD_WORDS_BYTES];
	bool changed;

	pthread_mutex_lock(&uplink->lock);
	changed = take_next(uplink);
	pthread_mutex_unlock(&uplink->lock);
	if (!changed)
		return;
	log_info("another connection by the new configuration");
	if (uplink->pid)
		child_reap(uplink->pid, 0, LIBRARY, ignored);
	for (size_t i = 0; i < uplink->inlet_count; i++)
		uplink->pending[i].used = 0;
	uplink->pid = 0;
	note_death(uplink, "the configuration was changed");
	set_patience(uplink);
	uplink->host = 0;
	uplink->failures = 0;
	uplink->online_ns = 0;
	uplink->death[0] = '\0';
	uplink->start_ns = clock_mono_ns();
}

static void go_round(struct uplink *uplink, bool stop)
{
	struct pollfd fd = {.fd = -1};
	int64_t due_ns = INT64_MAX;

	if (!stop)
		change_over(uplink);
	look_whether_it_lives(uplink);
	if (uplink->pid == 0 && clock_mono_ns() >= uplink->start_ns)
		start(uplink);
	if (messages_deliver_pending(uplink))
		due_ns = clock_mono_ns() + ROOM_LOOK_NS;
	else if (stop)
		due_ns = stop_by_ns(uplink);
	else if (uplink->pid == 0)
		due_ns = uplink->start_ns;
	messages_ask_refresh(uplink);
	fd.events = send_what_waits(uplink, stop, &due_ns);
	fd.fd = uplink->channel.fd;
	(void)worker_wait(uplink->worker, earlier_ns(due_ns, word_due_ns(uplink)), &fd);
	if (fd.revents & (POLLIN | POLLHUP | POLLERR))
		serve(uplink);
}

void supervisor_run(struct uplink *uplink)
{
	char words[CHILD_WORDS_BYTES];

	while (worker_goes_on(uplink->worker))
		go_round(uplink, false);
	while (uplink->pid && clock_mono_ns() < stop_by_ns(uplink))
		go_round(uplink, true);
	if (uplink->pid)
		child_reap(uplink->pid, 0, LIBRARY, words);
	close_channel(uplink);
	pthread_mutex_lock(&uplink->lock);
	uplink->counters.connected = false;
	uplink->session = 0;
	pthread_mutex_unlock(&uplink->lock);
}

/* ---- life ------------------------------------------------------------------------------- */

int supervisor_init(struct uplink *uplink)
{
	const struct uplink_conf *conf = uplink->conf;
	bool all = true;

	set_patience(uplink);
	uplink->hosts = calloc(conf->hosts.count, sizeof(uplink->hosts[0]));
	for (size_t i = 0; i < uplink->inlet_count; i++) {
		uplink->pending[i].bytes = malloc(2 * CREDIT_HEARD_BYTES);
		all &= uplink->pending[i].bytes != NULL;
	}
	return uplink->hosts && all ? 0 : -ENOMEM;
}

void supervisor_fini(struct uplink *uplink)
{
	free(uplink->hosts);
	free(uplink->next_hosts);
	for (size_t i = 0; i < uplink->inlet_count; i++)
		free(uplink->pending[i].bytes);
}
