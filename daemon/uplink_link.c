#include "uplink_link.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define LOG_TOKEN "uplink"
#include "log.h"

#define SETTLED_NS (30 * NS_PER_S) /* a connection that lasted: start the back-off anew */

uint32_t link_chance(void)
{
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	return chance;
}

static struct uplink_host *host_of(const struct link *link)
{
	return &link->uplink->hosts[link->host];
}

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

/* ---- what others see ------------------------------------------------------------------- */

static void signal_change(struct uplink *uplink)
{
	uint64_t one = 1;

	(void)!write(uplink->event_fd, &one, sizeof(one));
}

static void show_failure(struct link *link, const char *what)
{
	struct uplink_counters *counters = &link->uplink->counters;

	pthread_mutex_lock(&link->uplink->lock);
	snprintf(counters->host, sizeof(counters->host), "%s", host_of(link)->text);
	snprintf(counters->error, sizeof(counters->error), "%s", what);
	pthread_mutex_unlock(&link->uplink->lock);
}

/* Under the lock. */
static void show_connected(struct uplink *uplink, bool connected, int64_t now_ns)
{
	uplink->counters.connected = connected;
	uplink->counters.since_mono_ns = now_ns;
	uplink->dozing = false;
	outbox_clear(&uplink->outbox[STREAM_EVENTS]);
	outbox_clear(&uplink->outbox[STREAM_ALERTS]);
}

/* ---- attempts -------------------------------------------------------------------------- */

static void new_session_id(struct link *link)
{
	uint64_t chance = (uint64_t)clock_mono_ns();

	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK);
	snprintf(link->session_id, sizeof(link->session_id), "%016" PRIx64, chance);
}

static int write_will(const struct link *link, char will[STATUS_BYTES])
{
	struct uplink_status status = {.origin = link->uplink->origin,
				       .session = link->session_id,
				       .reason = "connection lost"};

	return uplink_status(&status, will);
}

static void drop_client(struct link *link)
{
	client_free(link->client);
	link->client = NULL;
}

static void attempt(struct link *link)
{
	struct uplink *uplink = link->uplink;
	char topic[TOPIC_BYTES];
	char will[STATUS_BYTES];
	struct client_setup setup = {
		.conf = uplink->conf,
		.host = host_of(link),
		.family = link->family,
		.will_topic = topic,
		.will = will,
		.data = link,
		.acknowledged = pump_acknowledged,
		.heard = hearing_heard,
		.deaf = hearing_deaf,
	};

	new_session_id(link);
	setup.will_bytes = (size_t)write_will(link, will);
	uplink_topic(uplink->prefix, "status", NULL, topic);
	if (client_new(&setup, &link->client) < 0) {
		link->until_ns = clock_mono_ns() + uplink->conf->retry_max_ns;
		return;
	}
	link->phase = LINK_CONNECTING;
	link->until_ns = clock_mono_ns() + uplink->conf->connect_timeout_ns;
}

static void wait_for_attempt(struct link *link, int64_t delay_ns)
{
	link->phase = LINK_WAITING;
	link->until_ns = delay_ns > 0 ? clock_mono_ns() + delay_ns : 0;
}

static void next_host(struct link *link)
{
	link->host = link->host + 1 < link->uplink->host_count ? link->host + 1 : 0;
	link->family = AF_UNSPEC;
	link->failure.what[0] = '\0';
}

static void describe(const struct client_failure *failure, char *text, size_t size)
{
	if (failure->cure)
		snprintf(text, size, "%s (%s)", failure->what, failure->cure);
	else
		snprintf(text, size, "%s", failure->what);
}

/* True: not said before. */
static bool say(struct said *said, const char *what)
{
	if (strcmp(said->what[0], what) == 0 || strcmp(said->what[1], what) == 0)
		return false;
	said->last = 1 - said->last;
	snprintf(said->what[said->last], sizeof(said->what[0]), "%s", what);
	return true;
}

/* Once per reason and host, until a connection comes about. */
static void log_failure(struct link *link, int64_t delay_ns)
{
	char text[256];

	describe(&link->failure, text, sizeof(text));
	if (!say(&link->said[link->host], link->failure.what))
		log_debug("\"%s\": still not connected: %s", host_of(link)->text, text);
	else if (delay_ns > 0)
		log_warnx("\"%s\": not connected: %s, trying again in %.1f s", host_of(link)->text,
			  text, seconds(delay_ns));
	else
		log_warnx("\"%s\": not connected: %s, trying the next host", host_of(link)->text,
			  text);
}

/* A name may have addresses of two families and the library tries only the first one that
 * does not fail on the spot. So when nothing answered there, the other family has its turn. */
static bool other_family(struct link *link)
{
	int family = client_family(link->client);

	if (host_of(link)->is_address || link->family != AF_UNSPEC || family == AF_UNSPEC ||
	    client_was_reached(link->client))
		return false;
	link->family = family == AF_INET ? AF_INET6 : AF_INET;
	return true;
}

static void keep_failure(struct link *link, const struct client_failure *failure)
{
	bool tried = client_family(link->client) != AF_UNSPEC;

	if (!link->failure.what[0] || tried)
		link->failure = *failure;
}

static void failed(struct link *link, const struct client_failure *failure)
{
	int64_t delay_ns = 0;
	bool again;

	keep_failure(link, failure);
	again = other_family(link);
	drop_client(link);
	if (again) {
		wait_for_attempt(link, 0);
		return;
	}
	show_failure(link, link->failure.what);
	if (--link->untried == 0) {
		link->untried = link->uplink->host_count;
		delay_ns = backoff_next_ns(&link->backoff, link_chance());
	}
	log_failure(link, delay_ns);
	next_host(link);
	wait_for_attempt(link, delay_ns);
}

/* ---- a connection ---------------------------------------------------------------------- */

/* From here on the journal offers; not after uplink_detach(). */
static void rewind_journal(struct link *link)
{
	struct uplink *uplink = link->uplink;

	link->session++;
	pthread_mutex_lock(&uplink->source_lock);
	if (uplink->attached) {
		pthread_mutex_lock(&uplink->lock);
		uplink->session = link->session;
		pthread_mutex_unlock(&uplink->lock);
		uplink->source.rewind(uplink->source.data, link->session);
	}
	pthread_mutex_unlock(&uplink->source_lock);
}

static void log_connected(const struct link *link)
{
	const struct uplink_conf *conf = link->uplink->conf;

	log_info("\"%s\": connected (MQTT %s, %s, %zu in flight)", host_of(link)->text,
		 conf->protocol == UPLINK_MQTT_5 ? "5" : "3.1.1", conf->tls ? "TLS" : "no TLS",
		 link->window.limit);
	if (!client_grant(link->client)->retains)
		log_warnx("\"%s\": the broker keeps no retained messages: status and states reach "
			  "only who listens at the time",
			  host_of(link)->text);
}

static void came_up(struct link *link)
{
	struct uplink *uplink = link->uplink;

	link->phase = LINK_ONLINE;
	link->online_ns = link->now_ns;
	memset(link->said, 0, uplink->host_count * sizeof(link->said[0]));
	pthread_mutex_lock(&uplink->lock);
	show_connected(uplink, true, link->now_ns);
	uplink->counters.connects++;
	uplink->counters.error[0] = '\0';
	snprintf(uplink->counters.host, sizeof(uplink->counters.host), "%s", host_of(link)->text);
	pthread_mutex_unlock(&uplink->lock);
	signal_change(uplink);
	pump_start(link);
	hearing_start(link);
	log_connected(link);
	rewind_journal(link);
}

static void went_down(struct link *link)
{
	struct uplink *uplink = link->uplink;

	drop_client(link);
	pthread_mutex_lock(&uplink->lock);
	show_connected(uplink, false, link->now_ns);
	uplink->session = 0;
	pthread_mutex_unlock(&uplink->lock);
	signal_change(uplink);
}

static void lost(struct link *link, const struct client_failure *failure)
{
	char text[256];
	int64_t delay_ns;

	describe(failure, text, sizeof(text));
	show_failure(link, failure->what);
	went_down(link);
	if (link->now_ns - link->online_ns > SETTLED_NS)
		backoff_reset(&link->backoff);
	delay_ns = backoff_next_ns(&link->backoff, link_chance());
	log_warnx("\"%s\": connection lost: %s, trying again in %.1f s", host_of(link)->text, text,
		  seconds(delay_ns));
	link->untried = link->uplink->host_count;
	next_host(link);
	wait_for_attempt(link, delay_ns);
}

/* ---- rounds ---------------------------------------------------------------------------- */

static void step_connecting(struct link *link)
{
	struct client_failure timeout = {.what = "no answer in time",
					 .cure = "check the network, the port and the firewall"};

	if (client_phase(link->client) == CLIENT_ONLINE)
		came_up(link);
	else if (client_phase(link->client) == CLIENT_DEAD)
		failed(link, client_failure(link->client));
	else if (link->now_ns >= link->until_ns)
		failed(link, &timeout);
}

static int64_t silent_ns(const struct link *link)
{
	return link->window.count > 0 ? link->progress_ns + link->uplink->conf->ack_timeout_ns
				      : INT64_MAX;
}

static const struct client_failure *what_broke(const struct link *link)
{
	static const struct client_failure silence = {.what = "nothing is acknowledged any more"};

	if (client_phase(link->client) == CLIENT_DEAD)
		return client_failure(link->client);
	return link->now_ns >= silent_ns(link) ? &silence : NULL;
}

static void step_online(struct link *link)
{
	const struct client_failure *failure;

	pump_settle(link);
	hearing_step(link);
	pump_send(link);
	failure = what_broke(link);
	if (failure)
		lost(link, failure);
}

static void step_closing(struct link *link)
{
	pump_settle(link);
	pump_send_farewell(link);
	if (link->farewell_done || what_broke(link) || link->now_ns >= link->until_ns)
		link->phase = LINK_OVER;
}

static void begin_to_stop(struct link *link)
{
	struct uplink *uplink = link->uplink;

	if (link->phase == LINK_CLOSING)
		return;
	pthread_mutex_lock(&uplink->lock);
	if (uplink->stopping) {
		link->phase = link->phase == LINK_ONLINE ? LINK_CLOSING : LINK_OVER;
		link->until_ns = uplink->stop_by_ns - (uplink->stop_by_ns - link->now_ns) / 10;
	}
	pthread_mutex_unlock(&uplink->lock);
}

static void step(struct link *link)
{
	link->now_ns = clock_mono_ns();
	heartbeat_answer(&link->uplink->beat);
	begin_to_stop(link);
	if (link->phase == LINK_WAITING && link->now_ns >= link->until_ns)
		attempt(link);
	else if (link->phase == LINK_CONNECTING)
		step_connecting(link);
	if (link->phase == LINK_ONLINE)
		step_online(link);
	else if (link->phase == LINK_CLOSING)
		step_closing(link);
}

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static int64_t due_ns(const struct link *link)
{
	int64_t due = INT64_MAX;

	if (link->client && client_phase(link->client) == CLIENT_DEAD)
		return 0;
	if (link->phase != LINK_ONLINE)
		due = link->until_ns;
	if (link->client)
		due = earlier(due, client_due_ns(link->client));
	if (link->phase == LINK_ONLINE || link->phase == LINK_CLOSING)
		due = earlier(due, earlier(silent_ns(link), link->pump_due_ns));
	if (link->phase == LINK_ONLINE)
		due = earlier(due, hearing_due_ns(link));
	return due;
}

static void drain_wake(struct uplink *uplink)
{
	uint64_t count;

	(void)!read(uplink->wake_fd, &count, sizeof(count));
}

static void wait_for_something(struct link *link)
{
	struct pollfd fds[2] = {{.fd = link->uplink->wake_fd, .events = POLLIN}, {.fd = -1}};
	int64_t due = due_ns(link);
	int64_t left_ns = due - clock_mono_ns();
	struct timespec timeout = clock_timespec(left_ns);

	if (left_ns < 0)
		timeout = (struct timespec){0};
	if (link->client) {
		fds[1].fd = client_fd(link->client);
		fds[1].events = client_events(link->client);
	}
	(void)ppoll(fds, 2, due == INT64_MAX ? NULL : &timeout, NULL);
	link->now_ns = clock_mono_ns();
	if (fds[0].revents)
		drain_wake(link->uplink);
	if (link->client)
		client_serve(link->client, fds[1].revents, link->now_ns);
}

void link_run(struct link *link)
{
	struct uplink *uplink = link->uplink;

	while (link->phase != LINK_OVER) {
		step(link);
		if (link->phase != LINK_OVER)
			wait_for_something(link);
	}
	if (link->client && link->farewell_done)
		client_disconnect(link->client);
	drop_client(link);
	pthread_mutex_lock(&uplink->lock);
	uplink->counters.connected = false;
	uplink->session = 0;
	uplink->ended = true;
	pthread_cond_signal(&uplink->ended_cond);
	pthread_mutex_unlock(&uplink->lock);
}

/* ---- life ------------------------------------------------------------------------------ */

int link_new(struct uplink *uplink, struct link **ret_link)
{
	const struct uplink_conf *conf = uplink->conf;
	struct link *link = calloc(1, sizeof(*link));
	size_t slots = conf->window < 1		   ? 1
		       : conf->window > WINDOW_MAX ? WINDOW_MAX
						   : (size_t)conf->window;

	if (!link)
		return -ENOMEM;
	link->uplink = uplink;
	link->untried = uplink->host_count;
	link->family = AF_UNSPEC;
	link->backoff =
		(struct backoff){.min_ns = conf->retry_min_ns, .max_ns = conf->retry_max_ns};
	link->state_backoff = link->backoff;
	link->gate[STREAM_EVENTS].backoff = link->backoff;
	link->gate[STREAM_ALERTS].backoff = link->backoff;
	link->bucket.bytes_per_s = conf->replay_bytes_per_s;
	hearing_init(link);
	link->said = calloc(uplink->host_count, sizeof(link->said[0]));
	if (!link->said || window_init(&link->window, slots) < 0) {
		link_free(link);
		return -ENOMEM;
	}
	*ret_link = link;
	return 0;
}

void link_free(struct link *link)
{
	if (!link)
		return;
	window_fini(&link->window);
	free(link->said);
	free(link->metrics);
	free(link->answer);
	free(link);
}
