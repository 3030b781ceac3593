#include "uplink/link.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

#define LOG_TOKEN "uplink"
#include "base/log.h"

#define SETTLED_NS	  (30 * NS_PER_S) /* a connection that lasted: start the back-off anew */
#define MALFORMED_MOST	  2
#define SESSION_S	  (24 * 3600)
#define PACKET_MOST_BYTES (256 * 1024) /* none of ours is as large */
#define PROGRESS_BYTES	  64 /* more than the answers to a few pings */
#define STILL_NS	  (3600 * NS_PER_S)
#define PATIENCE	  20 /* times ack_timeout, while something comes */
#define RTTS_TO_ANSWER	  4

static struct uplink_host *host_of(const struct link *link)
{
	return &link->uplink->hosts[link->host];
}

/* ---- attempts -------------------------------------------------------------------------- */

static int write_will(const struct link *link, char will[STATUS_BYTES])
{
	struct uplink_status status = {.origin = &link->uplink->origin,
				       .session = link->session_id,
				       .reason = "connection lost"};

	return uplink_status(&status, will);
}

static void drop_client(struct link *link)
{
	client_free(link->client);
	link->client = NULL;
}

static bool speaks_5(const struct link *link)
{
	return link->uplink->setup.conf.protocol == UPLINK_MQTT_5 &&
	       !link->uplink->older_protocol[link->host] && !link->dialects[link->host].older;
}

static void connect_to(struct link *link, const char *address)
{
	struct uplink *uplink = link->uplink;
	const int64_t timeout_ns = uplink->setup.conf.connect_timeout_ns;
	char topic[TOPIC_BYTES];
	char will[STATUS_BYTES];
	struct client_setup setup = {
		.conf = &uplink->setup.conf,
		.older_protocol = !speaks_5(link),
		.credentials = uplink->setup.credentials,
		.resume = recall_is_whole(link),
		.receive_most = recall_receive_most(link),
		.session_s = SESSION_S,
		.packet_most_bytes = PACKET_MOST_BYTES,
		.host = host_of(link),
		.address = address,
		.will_topic = topic,
		.will = will,
		.data = link,
		.acknowledged = pump_acknowledged,
		.message = subscription_message,
		.answered = subscription_answered,
	};

	random_id(link->session_id);
	setup.will_bytes = (size_t)write_will(link, will);
	uplink_topic(uplink->prefix, "status", NULL, topic);
	if (client_new(&setup, &link->client) < 0) {
		link->until_ns = clock_mono_ns() + uplink->setup.conf.retry_max_ns;
		return;
	}
	link->phase = LINK_CONNECTING;
	link->until_ns = clock_mono_ns() + timeout_ns / (int64_t)link->addresses.count;
}

static void wait_for_attempt(struct link *link, int64_t delay_ns)
{
	link->phase = LINK_WAITING;
	link->until_ns = delay_ns > 0 ? clock_mono_ns() + delay_ns : 0;
}

static void next_host(struct link *link)
{
	link->host = link->host + 1 < link->uplink->host_count ? link->host + 1 : 0;
	link->addresses.count = 0;
	link->failure.message[0] = '\0';
}

static void describe(const struct client_failure *failure, char *text, size_t size)
{
	if (failure->cure)
		snprintf(text, size, "%s (%s)", failure->message, failure->cure);
	else
		snprintf(text, size, "%s", failure->message);
}

/* True: not said before. */
static bool say(struct last_errors *last_errors, const char *what)
{
	if (strcmp(last_errors->message[0], what) == 0 ||
	    strcmp(last_errors->message[1], what) == 0)
		return false;
	last_errors->last = 1 - last_errors->last;
	snprintf(last_errors->message[last_errors->last], sizeof(last_errors->message[0]), "%s",
		 what);
	return true;
}

static int64_t down_since_ns(const struct link *link)
{
	return link->lost_ns ? link->lost_ns : link->begun_ns;
}

/* Once per reason and host, and once an hour, until a connection comes about. */
static void log_failure(struct link *link, int64_t delay_ns)
{
	char text[320];

	describe(&link->failure, text, sizeof(text));
	if (link->told_ns == 0)
		link->told_ns = link->now_ns;
	if (link->now_ns - link->told_ns >= STILL_NS) {
		link->told_ns = link->now_ns;
		log_warnx("\"%s\": still not connected, for %.0f h: %s", host_of(link)->text,
			  in_seconds(link->now_ns - down_since_ns(link)) / 3600, text);
	} else if (!say(&link->last_errors[link->host], link->failure.message))
		log_debug("\"%s\": still not connected: %s", host_of(link)->text, text);
	else if (delay_ns > 0)
		log_warnx("\"%s\": not connected: %s, trying again in %.1f s", host_of(link)->text,
			  text, in_seconds(delay_ns));
	else
		log_warnx("\"%s\": not connected: %s, trying the next host", host_of(link)->text,
			  text);
}

/* What somebody who answered said is worth more than that another did not. */
static void keep_failure(struct link *link, const struct client_failure *failure, bool reached)
{
	if (!link->failure.message[0] || reached || !link->was_reached)
		link->failure = *failure;
	link->was_reached |= reached;
}

static void host_failed(struct link *link)
{
	char text[320];
	int64_t delay_ns = 0;

	describe(&link->failure, text, sizeof(text));
	parent_tell_link(link->uplink, LINK_IS_OFFLINE, link->host, text);
	if (--link->untried == 0) {
		link->untried = link->uplink->host_count;
		delay_ns = backoff_ns(&link->retry, link->failures++, random_chance());
	}
	log_failure(link, delay_ns);
	next_host(link);
	wait_for_attempt(link, delay_ns);
}

/* As when such an answer ends this process (supervisor.c); but a broker that refuses 3.1.1 is asked
 * by MQTT 5 again: it may only have spoken badly. */
static void choose_dialect(struct link *link, bool malformed)
{
	struct dialect *dialect = &link->dialects[link->host];

	if (dialect->older)
		*dialect = (struct dialect){0};
	else if (!malformed || !speaks_5(link))
		dialect->malformed = 0;
	else if (++dialect->malformed >= MALFORMED_MOST) {
		dialect->older = true;
		log_warnx("\"%s\": its answers are malformed again and again: trying MQTT 3.1.1 "
			  "there (protocol = \"3.1.1\")",
			  host_of(link)->text);
	}
}

/* Each address of the name has its turn, at once. */
static void failed(struct link *link, const struct client_failure *failure)
{
	keep_failure(link, failure, client_was_reached(link->client));
	if (client_was_reached(link->client))
		choose_dialect(link, failure->malformed);
	drop_client(link);
	if (link->addresses.next < link->addresses.count)
		wait_for_attempt(link, 0);
	else
		host_failed(link);
}

static int look_up(struct link *link)
{
	struct client_failure *failure = &link->failure;
	int rc;

	parent_tell_link(link->uplink, LINK_IS_LOOKING_UP, link->host, NULL);
	(void)parent_flush(link->uplink, true, link->now_ns); /* its end shows in the next round */
	link->was_reached = false;
	rc = addresses_find(&link->addresses, host_of(link)->name);
	parent_tell_link(link->uplink, LINK_IS_TRYING, link->host, NULL);
	if (rc == 0)
		return 0;
	snprintf(failure->message, sizeof(failure->message), "host name not found: %s",
		 gai_strerror(rc));
	failure->cure = "check host and the name service";
	return -ENOENT;
}

static void attempt(struct link *link)
{
	struct addresses *addresses = &link->addresses;

	if (addresses->count == 0 && look_up(link) < 0)
		host_failed(link);
	else
		connect_to(link, addresses->text[addresses->next++]);
}

/* ---- a connection ---------------------------------------------------------------------- */

static const char *carrier_of(const struct uplink_conf *conf)
{
	if (conf->tls)
		return "TLS";
	return conf->password_file || conf->password_credential ? "no TLS, password in the clear"
								: "no TLS";
}

static void log_connected(const struct link *link)
{
	const struct uplink_conf *conf = &link->uplink->setup.conf;

	log_info("\"%s\": connected (MQTT %s, %s, %zu in flight)", host_of(link)->text,
		 speaks_5(link) ? "5" : "3.1.1", carrier_of(conf), link->window.limit);
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
	memset(link->last_errors, 0, uplink->host_count * sizeof(link->last_errors[0]));
	parent_tell_link(uplink, LINK_IS_ONLINE, link->host, NULL);
	last_heard_end(link);
	link->subscribed = false;
	pump_start(link);
	log_connected(link);
	parent_rewind(uplink, &link->last_heard.head);
}

static void ask(struct link *link)
{
	link->phase = LINK_ASKING;
	recall_start(link);
	if (!last_heard_ask(link))
		came_up(link);
}

/* What the broker did not say: which message it may not like, or who else may be there. */
static void guess(struct link *link, const struct client_failure *failure, char *text, size_t size)
{
	const struct window_entry *unanswered = window_unanswered(&link->window);
	char words[LOSSES_WORDS_BYTES];
	size_t used;

	losses_note(&link->losses, unanswered, unanswered && unanswered->kind == SENT_STATE,
		    link->now_ns - link->online_ns, link->now_ns, words);
	used = strlen(text);
	if (words[0])
		snprintf(text + used, size - used, "; %s", words);
	used = strlen(text);
	if (link->losses.taken_over && !failure->cure && link->losses.times < 2)
		snprintf(text + used, size - used,
			 " (does another gateway use this client_id, \"%s\"?)",
			 link->uplink->setup.conf.client_id);
}

static void lost(struct link *link, const struct client_failure *failure)
{
	char text[768];
	int64_t delay_ns;

	describe(failure, text, sizeof(text));
	parent_tell_link(link->uplink, LINK_IS_OFFLINE, link->host, text);
	guess(link, failure, text, sizeof(text));
	if (failure->malformed)
		choose_dialect(link, true);
	drop_client(link);
	link->told_ns = link->lost_ns = link->now_ns;
	if (link->now_ns - link->online_ns > SETTLED_NS)
		link->failures = link->dialects[link->host].malformed = 0;
	delay_ns = backoff_ns(&link->retry, link->failures++, random_chance());
	log_warnx("\"%s\": connection lost: %s, trying again in %.1f s", host_of(link)->text, text,
		  in_seconds(delay_ns));
	link->untried = link->uplink->host_count;
	next_host(link);
	wait_for_attempt(link, delay_ns);
}

/* ---- rounds ---------------------------------------------------------------------------- */

static void step_connecting(struct link *link)
{
	struct client_failure timeout = {.message = "no answer in time",
					 .cure = "check the network, the port and the firewall"};

	if (client_phase(link->client) == CLIENT_ONLINE)
		ask(link);
	else if (client_phase(link->client) == CLIENT_DEAD)
		failed(link, client_failure(link->client));
	else if (link->now_ns >= link->until_ns)
		failed(link, &timeout);
}

static void step_asking(struct link *link)
{
	if (client_phase(link->client) == CLIENT_DEAD)
		failed(link, client_failure(link->client));
	else if (!link->last_heard.asking || link->now_ns >= link->until_ns)
		came_up(link);
}

/* A link that takes seconds is given more time. */
static int64_t ack_timeout_ns(const struct link *link)
{
	int64_t timeout_ns = link->uplink->setup.conf.ack_timeout_ns;
	int64_t needs_ns = RTTS_TO_ANSWER * link->window.rtt_ns;

	return timeout_ns > needs_ns ? timeout_ns : needs_ns;
}

static int64_t silent_ns(const struct link *link)
{
	return link->window.count > 0 ? link->alive_ns + ack_timeout_ns(link) : INT64_MAX;
}

/* What was asked for comes before acknowledgements, and may take long. But not for ever, and the
 * answers to pings alone are no progress. */
static bool receives(struct link *link)
{
	uint64_t received = client_received_bytes(link->client);
	bool more = received > link->received_bytes + PROGRESS_BYTES;

	link->received_bytes = received;
	if (!more || link->now_ns - link->progress_ns > PATIENCE * ack_timeout_ns(link))
		return false;
	link->alive_ns = link->now_ns;
	return true;
}

static const struct client_failure *what_broke(struct link *link)
{
	static const struct client_failure silence = {.message =
							      "nothing is acknowledged any more"};
	static const struct client_failure short_queue = {
		.message = "not all that is retained came, asking with a larger Receive Maximum",
		.cure = "mosquitto: max_queued_messages 0"};

	if (client_phase(link->client) == CLIENT_DEAD)
		return client_failure(link->client);
	if (link->recall.dropped)
		return &short_queue;
	return link->now_ns >= silent_ns(link) && !receives(link) ? &silence : NULL;
}

static void step_online(struct link *link)
{
	const struct client_failure *failure;

	pump_take_acks(link);
	subscriptions_step(link);
	pump_send(link);
	failure = what_broke(link);
	if (failure)
		lost(link, failure);
}

static void step_closing(struct link *link)
{
	pump_take_acks(link);
	pump_send_farewell(link);
	if (link->farewell_done || what_broke(link) || link->now_ns >= link->until_ns)
		link->phase = LINK_OVER;
}

static void begin_to_stop(struct link *link)
{
	const struct uplink *uplink = link->uplink;

	if (!uplink->stopping || link->phase == LINK_CLOSING)
		return;
	link->phase = link->phase == LINK_ONLINE ? LINK_CLOSING : LINK_OVER;
	link->until_ns = uplink->stop_by_ns - (uplink->stop_by_ns - link->now_ns) / 10;
}

static void step(struct link *link)
{
	link->now_ns = clock_mono_ns();
	begin_to_stop(link);
	if (link->phase == LINK_WAITING && link->now_ns >= link->until_ns)
		attempt(link);
	else if (link->phase == LINK_CONNECTING)
		step_connecting(link);
	if (link->phase == LINK_ASKING)
		step_asking(link);
	if (link->phase == LINK_ONLINE)
		step_online(link);
	else if (link->phase == LINK_CLOSING)
		step_closing(link);
}

static int64_t due_ns(const struct link *link)
{
	int64_t due = parent_due_ns(link->uplink);

	if (link->client && client_phase(link->client) == CLIENT_DEAD)
		return 0;
	if (link->phase != LINK_ONLINE)
		due = earlier_ns(due, link->until_ns);
	if (link->client)
		due = earlier_ns(due, client_due_ns(link->client));
	if (link->phase == LINK_ONLINE || link->phase == LINK_CLOSING)
		due = earlier_ns(due, earlier_ns(silent_ns(link), link->pump_due_ns));
	if (link->phase == LINK_ONLINE)
		due = earlier_ns(
			earlier_ns(due, link->recall.look_ns),
			earlier_ns(subscriptions_due_ns(link), subscriptions_pause_ends_ns(link)));
	return due;
}

static int wait_for_something(struct link *link)
{
	struct uplink *uplink = link->uplink;
	struct pollfd fds[2] = {{.fd = uplink->channel.fd, .events = parent_events(uplink)},
				{.fd = -1}};
	int64_t due = due_ns(link);
	int64_t left_ns = due - clock_mono_ns();
	struct timespec timeout = clock_timespec(left_ns > 0 ? left_ns : 0);
	int err = 0;

	if (link->client) {
		fds[1].fd = client_fd(link->client);
		fds[1].events = client_events(link->client);
		if (link->phase == LINK_ONLINE && subscriptions_is_paused(link))
			fds[1].events &= ~POLLIN;
	}
	(void)ppoll(fds, 2, due == INT64_MAX ? NULL : &timeout, NULL);
	link->now_ns = clock_mono_ns();
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		err = parent_serve(uplink);
	if (link->client)
		client_serve(link->client, fds[1].revents, link->now_ns);
	return err;
}

int link_run(struct link *link)
{
	int err = parent_serve(link->uplink); /* what came together with the set-up */

	while (err == 0 && link->phase != LINK_OVER) {
		step(link);
		err = parent_flush(link->uplink, link->window.count == 0, link->now_ns);
		if (err == 0 && link->phase != LINK_OVER)
			err = wait_for_something(link);
	}
	if (link->client && link->farewell_done)
		client_disconnect(link->client);
	drop_client(link);
	parent_tell_stopped(link->uplink);
	(void)parent_flush(link->uplink, true, link->now_ns);
	return err;
}

/* ---- life ------------------------------------------------------------------------------ */

int link_new(struct uplink *uplink, struct link **ret_link)
{
	const struct uplink_conf *conf = &uplink->setup.conf;
	struct link *link = calloc(1, sizeof(*link));
	size_t slots = conf->window < 1		   ? 1
		       : conf->window > WINDOW_MAX ? WINDOW_MAX
						   : (size_t)conf->window;

	if (!link)
		return -ENOMEM;
	link->uplink = uplink;
	link->begun_ns = clock_mono_ns();
	link->untried = uplink->host_count;
	link->host = uplink->setup.first_host;
	link->retry = (struct backoff){.first_ns = 2 * conf->retry_min_ns,
				       .max_ns = conf->retry_max_ns,
				       .jitter = 0.5,
				       .least_ns = conf->retry_min_ns};
	link->bucket.bytes_per_s = conf->replay_bytes_per_s;
	link->again_bucket.bytes_per_s = conf->again_bytes_per_s;
	if (conf->compress == UPLINK_ZSTD && packer_new(&link->packer) < 0) {
		link_free(link);
		return -ENOMEM;
	}
	subscriptions_init(link);
	recall_init(link);
	link->paused_ns = INT64_MAX;
	link->last_errors = calloc(uplink->host_count, sizeof(link->last_errors[0]));
	if (!link->last_errors || window_init(&link->window, slots, conf->alert_delay_ns / 2) < 0) {
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
	packer_free(link->packer);
	free(link->last_errors);
	free(link);
}
