/* One connection to a broker after the other, and what is heard on it. Clean sessions at QoS 0:
 * what was meant for an earlier time names nobody. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"
#include "drivers.h"
#include "frames/host.h"
#include "mqtt/conf.h"
#include "net/addresses.h"
#include "net/client.h"
#include "readers/readers.h"

#define ROOM_BYTES	  ((size_t)16 * 1024 * 1024)
#define RECEIVE_MOST	  20
#define PACKET_MOST_BYTES (1024 * 1024 + 4096) /* more than max_message: what is refused is told */
#define ID_BYTES	  64
#define SETTLED_NS	  (30 * NS_PER_S) /* a connection that lasted: the back-off begins anew */
#define WHY_BYTES	  280

enum phase { WAITING, CONNECTING, ONLINE };

/* What a device is heard on. */
struct ear {
	const struct mqtt_device_conf *conf;
	char alive_topic[MQTT_TOPIC_BYTES]; /* "": it says nothing of its availability */
	const char *alive_word;
	struct rate rate;
	int mids[MQTT_TOPICS + 1]; /* of the requests to subscribe */
};

struct mqtt {
	struct readers *readers;
	const struct mqtt_conf *conf;
	struct uplink_conf connection;
	char client_id[ID_BYTES];
	struct uplink_host hosts[MQTT_HOSTS];
	bool older[MQTT_HOSTS]; /* 3.1.1 is tried there */
	size_t host, untried; /* in this round */
	struct addresses addresses; /* of the host, count 0: not looked up yet */
	struct client *client;
	enum phase phase;
	int64_t until_ns; /* the phase ends, but for ONLINE */
	int64_t online_ns;
	unsigned failures; /* in a row */
	struct ear *ears; /* one a device */
};

/* ---- what is heard --------------------------------------------------------------------- */

static struct source *source_of(const struct mqtt *mqtt, size_t device)
{
	return &mqtt->readers->sources[device];
}

static void hear_availability(struct mqtt *mqtt, size_t device, const struct inlet_message *message,
			      int64_t now_ns)
{
	const struct ear *ear = &mqtt->ears[device];
	const size_t bytes = strlen(ear->alive_word);
	const bool is_there =
		message->bytes == bytes && memcmp(message->payload, ear->alive_word, bytes) == 0;
	char what[96];

	snprintf(what, sizeof(what), "it says that it is not available: \"%.*s\"",
		 (int)(message->bytes < 32 ? message->bytes : 32), (const char *)message->payload);
	source_available(source_of(mqtt, device), is_there, what, now_ns);
}

static bool is_heard(const struct ear *ear, const char *topic)
{
	for (size_t i = 0; i < ear->conf->topics.count; i++)
		if (client_topic_matches(ear->conf->topics.item[i], topic))
			return true;
	return false;
}

static void hear_message(struct mqtt *mqtt, size_t device, const struct inlet_message *message,
			 const char *text, const struct instant *now)
{
	struct source *source = source_of(mqtt, device);

	if (!rate_allows(&mqtt->ears[device].rate, now->mono_ns))
		source_drop(source, now->mono_ns);
	else if (message->bytes > (size_t)mqtt->conf->max_message)
		source_refuse(source, text, message->bytes, "is larger than max_message", now);
	else if (message->retained)
		source_hear_kept(source, text, message->bytes, now);
	else
		source_hear(source, text, message->bytes, now);
}

/* The library ends no payload with a NUL. */
static void on_message(void *data, const struct inlet_message *message)
{
	struct mqtt *mqtt = data;
	const struct instant now = clock_now();
	char *text = strndup(message->bytes > 0 ? message->payload : "", message->bytes);

	for (size_t i = 0; text && i < mqtt->readers->setup.device_count; i++) {
		const struct ear *ear = &mqtt->ears[i];

		if (ear->alive_topic[0] && strcmp(ear->alive_topic, message->subject) == 0)
			hear_availability(mqtt, i, message, now.mono_ns);
		else if (is_heard(ear, message->subject))
			hear_message(mqtt, i, message, text, &now);
	}
	free(text);
}

/* ---- subscribing ----------------------------------------------------------------------- */

static void subscribe(struct mqtt *mqtt, char *filter, int *ret_mid)
{
	char *const filters[] = {filter};

	(void)client_subscribe(mqtt->client, filters, 1, 0, ret_mid); /* its end shows in step() */
}

static void subscribe_device(struct mqtt *mqtt, size_t device, int64_t now_ns)
{
	struct ear *ear = &mqtt->ears[device];

	source_open(source_of(mqtt, device), now_ns);
	if (ear->alive_topic[0]) {
		source_available(source_of(mqtt, device), false,
				 "it has not said that it is available", now_ns);
		subscribe(mqtt, ear->alive_topic, &ear->mids[MQTT_TOPICS]);
	}
	for (size_t i = 0; i < ear->conf->topics.count; i++)
		subscribe(mqtt, ear->conf->topics.item[i], &ear->mids[i]);
}

static void on_answer(void *data, int mid, bool granted)
{
	struct mqtt *mqtt = data;
	const struct driver_host *host = &mqtt->readers->setup.host;
	char what[MQTT_TOPIC_BYTES + 96];

	for (size_t i = 0; !granted && i < mqtt->readers->setup.device_count; i++) {
		const struct ear *ear = &mqtt->ears[i];

		for (size_t t = 0; t <= MQTT_TOPICS; t++) {
			if (ear->mids[t] != mid)
				continue;
			snprintf(what, sizeof(what),
				 "the broker does not let %s be subscribed to: check its access "
				 "list",
				 t < MQTT_TOPICS ? ear->conf->topics.item[t] : ear->alive_topic);
			host->fault(host->data, i, DRIVER_ALL, REASON_REFUSED, what);
		}
	}
}

/* ---- connections ----------------------------------------------------------------------- */

static void wait_for_attempt(struct mqtt *mqtt, int64_t delay_ns)
{
	client_free(mqtt->client);
	mqtt->client = NULL;
	mqtt->phase = WAITING;
	mqtt->until_ns = clock_mono_ns() + delay_ns;
}

static int64_t next_delay_ns(struct mqtt *mqtt)
{
	const struct backoff retry = {.first_ns = NS_PER_S,
				      .max_ns = mqtt->conf->retry_max_ns,
				      .jitter = 0.5,
				      .least_ns = NS_PER_S / 2};

	return backoff_ns(&retry, mqtt->failures++, random_chance());
}

static void tell(struct mqtt *mqtt, const char *what, const struct client_failure *failure)
{
	char why[WHY_BYTES];

	snprintf(why, sizeof(why), "broker \"%.60s\": %s%s%s%s%s", mqtt->hosts[mqtt->host].text,
		 what, failure->message, failure->cure ? " (" : "",
		 failure->cure ? failure->cure : "", failure->cure ? ")" : "");
	parent_tell_fault(mqtt->readers, REASON_LINK_DOWN, why);
}

/* The next address of the host, then the next host; all in vain: after a while. */
static void failed(struct mqtt *mqtt, const struct client_failure *failure)
{
	int64_t delay_ns = 0;

	tell(mqtt, "", failure);
	if (mqtt->client && client_was_reached(mqtt->client) &&
	    mqtt->connection.protocol == UPLINK_MQTT_5)
		mqtt->older[mqtt->host] = !mqtt->older[mqtt->host];
	if (mqtt->addresses.next >= mqtt->addresses.count) {
		mqtt->addresses.count = 0;
		mqtt->host = (mqtt->host + 1) % mqtt->conf->hosts.count;
		if (--mqtt->untried == 0) {
			mqtt->untried = mqtt->conf->hosts.count;
			delay_ns = next_delay_ns(mqtt);
		}
	}
	wait_for_attempt(mqtt, delay_ns);
}

static void lost(struct mqtt *mqtt, const struct client_failure *failure)
{
	if (clock_mono_ns() - mqtt->online_ns > SETTLED_NS)
		mqtt->failures = 0;
	tell(mqtt, "connection lost: ", failure);
	mqtt->addresses.count = 0;
	mqtt->untried = mqtt->conf->hosts.count;
	wait_for_attempt(mqtt, next_delay_ns(mqtt));
}

static void connect_to(struct mqtt *mqtt, const char *address)
{
	const struct client_setup setup = {
		.conf = &mqtt->connection,
		.older_protocol = mqtt->older[mqtt->host],
		.receive_most = RECEIVE_MOST,
		.packet_most_bytes = PACKET_MOST_BYTES,
		.credentials = mqtt->readers->frame.credentials,
		.host = &mqtt->hosts[mqtt->host],
		.address = address,
		.data = mqtt,
		.message = on_message,
		.answered = on_answer,
	};

	if (client_new(&setup, &mqtt->client) < 0) {
		wait_for_attempt(mqtt, mqtt->conf->retry_max_ns);
		return;
	}
	mqtt->phase = CONNECTING;
	mqtt->until_ns =
		clock_mono_ns() + mqtt->conf->connect_timeout_ns / (int64_t)mqtt->addresses.count;
}

static void attempt(struct mqtt *mqtt)
{
	struct client_failure failure = {.cure = "check host and the name service"};
	struct addresses *addresses = &mqtt->addresses;
	int rc =
		addresses->count == 0 ? addresses_find(addresses, mqtt->hosts[mqtt->host].name) : 0;

	if (rc == 0) {
		connect_to(mqtt, addresses->text[addresses->next++]);
		return;
	}
	snprintf(failure.message, sizeof(failure.message), "host name not found: %s",
		 gai_strerror(rc));
	failed(mqtt, &failure);
}

static void came_up(struct mqtt *mqtt, int64_t now_ns)
{
	char what[128];

	mqtt->phase = ONLINE;
	mqtt->online_ns = now_ns;
	snprintf(what, sizeof(what), "connected to broker \"%.60s\" (MQTT %s, %s)",
		 mqtt->hosts[mqtt->host].text, client_is_v5(mqtt->client) ? "5" : "3.1.1",
		 mqtt->connection.tls ? "TLS" : "no TLS");
	parent_say(mqtt->readers, true, what);
	for (size_t i = 0; i < mqtt->readers->setup.device_count; i++)
		subscribe_device(mqtt, i, now_ns);
}

static void step_connecting(struct mqtt *mqtt, int64_t now_ns)
{
	static const struct client_failure timeout = {
		.message = "no answer in time",
		.cure = "check the network, the port and the firewall"};

	if (client_phase(mqtt->client) == CLIENT_ONLINE)
		came_up(mqtt, now_ns);
	else if (client_phase(mqtt->client) == CLIENT_DEAD)
		failed(mqtt, client_failure(mqtt->client));
	else if (now_ns >= mqtt->until_ns)
		failed(mqtt, &timeout);
}

static size_t mqtt_step(void *transport, struct pollfd fds[READERS_FDS], int64_t *ret_due_ns)
{
	struct mqtt *mqtt = transport;
	const int64_t now_ns = clock_mono_ns();

	if (mqtt->phase == WAITING && now_ns >= mqtt->until_ns)
		attempt(mqtt);
	if (mqtt->phase == CONNECTING)
		step_connecting(mqtt, now_ns);
	if (mqtt->phase == ONLINE && client_phase(mqtt->client) == CLIENT_DEAD)
		lost(mqtt, client_failure(mqtt->client));
	*ret_due_ns = mqtt->phase == ONLINE ? INT64_MAX : mqtt->until_ns;
	if (!mqtt->client)
		return 0;
	*ret_due_ns = earlier_ns(*ret_due_ns, client_due_ns(mqtt->client));
	fds[0] = (struct pollfd){.fd = client_fd(mqtt->client),
				 .events = client_events(mqtt->client)};
	return 1;
}

static void mqtt_serve(void *transport, const struct pollfd *fds, size_t count)
{
	struct mqtt *mqtt = transport;

	if (mqtt->client)
		client_serve(mqtt->client, count > 0 ? fds[0].revents : 0, clock_mono_ns());
}

/* ---- life ------------------------------------------------------------------------------ */

static void connection_of(struct mqtt *mqtt)
{
	const struct mqtt_conf *conf = mqtt->conf;
	char id[RANDOM_ID_BYTES];

	random_id(id);
	snprintf(mqtt->client_id, sizeof(mqtt->client_id), "%.40s%s",
		 conf->client_id ? conf->client_id : "corridord-readers-",
		 conf->client_id ? "" : id);
	mqtt->connection = (struct uplink_conf){
		.hosts = conf->hosts,
		.port = mqtt_port(conf),
		.client_id = conf->client_id ? conf->client_id : mqtt->client_id,
		.protocol = conf->protocol,
		.username = conf->username,
		.password_file = conf->password_file,
		.password_credential = conf->password_credential,
		.cleartext = conf->cleartext,
		.tls = mqtt_has_tls(conf),
		.tls_ca = conf->ca,
		.tls_cert = conf->cert,
		.tls_key = conf->key,
		.tls_crl = conf->crl,
		.keepalive_ns = conf->keepalive_ns,
		.ack_timeout_ns = conf->keepalive_ns,
		.connect_timeout_ns = conf->connect_timeout_ns,
	};
}

static void init_ear(struct mqtt *mqtt, size_t device)
{
	const struct mqtt_device_conf *conf = mqtt->readers->devices[device].conf;
	struct ear *ear = &mqtt->ears[device];
	const char *word = conf->alive ? strchr(conf->alive, '=') : NULL;

	ear->conf = conf;
	ear->rate.per_s = conf->rate;
	source_of(mqtt, device)->silence_ns = conf->silence_ns;
	if (!word)
		return;
	snprintf(ear->alive_topic, sizeof(ear->alive_topic), "%.*s", (int)(word - conf->alive),
		 conf->alive);
	ear->alive_word = word + 1;
}

static void mqtt_end(void *transport)
{
	struct mqtt *mqtt = transport;

	if (mqtt->client)
		client_disconnect(mqtt->client);
	client_free(mqtt->client);
	free(mqtt->ears);
	free(mqtt);
	client_library_fini();
}

static int mqtt_begin(struct readers *readers, struct transport_files *files, void **ret_transport)
{
	struct mqtt *mqtt = calloc(1, sizeof(*mqtt));
	const size_t devices = readers->setup.device_count;

	if (!mqtt)
		return -ENOMEM;
	client_library_init();
	*ret_transport = mqtt;
	mqtt->readers = readers;
	mqtt->conf = readers->setup.conf;
	mqtt->ears = calloc(devices + 1, sizeof(*mqtt->ears));
	if (!mqtt->ears)
		return -ENOMEM;
	connection_of(mqtt);
	for (size_t i = 0; i < mqtt->conf->hosts.count; i++)
		if (i == MQTT_HOSTS ||
		    uplink_host_parse(mqtt->conf->hosts.item[i], (int)mqtt->connection.port,
				      &mqtt->hosts[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < devices; i++)
		init_ear(mqtt, i);
	mqtt->untried = mqtt->conf->hosts.count;
	*files = (struct transport_files){
		.paths = {mqtt->conf->ca, mqtt->conf->cert, mqtt->conf->key, mqtt->conf->crl,
			  mqtt->conf->password_file, readers->frame.credentials},
		.count = 6};
	return 0;
}

const struct transport mqtt_transport = {
	.driver = &mqtt_in_driver,
	.room_bytes = ROOM_BYTES,
	.begin = mqtt_begin,
	.step = mqtt_step,
	.serve = mqtt_serve,
	.end = mqtt_end,
};
