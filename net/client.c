#include "net/client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/addresses.h"
#include "net/client_private.h"

#define KEEPALIVE_MIN_S		5 /* the library takes no less */
#define CONNACK_SESSION_PRESENT 1
#define HANDSHAKE_LOOK_NS	(NS_PER_S / 2)

void client_library_init(void)
{
	mosquitto_lib_init();
}

void client_library_fini(void)
{
	mosquitto_lib_cleanup();
}

/* ---- callbacks of the library, all during client_serve() or client_publish() -------- */

static void on_connect(struct mosquitto *mosquitto, void *data, int code, int flags,
		       const mosquitto_property *properties)
{
	struct client *client = data;
	struct client_grant *grant = &client->grant;
	uint8_t max_qos = 2;
	uint8_t retains = 1;
	uint16_t keepalive_s;

	(void)mosquitto;
	if (code != 0) {
		client_fail_connack(client, code);
		return;
	}
	mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &grant->receive_max,
				      false);
	mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE,
				      &grant->packet_max_bytes, false);
	mosquitto_property_read_int16(properties, MQTT_PROP_TOPIC_ALIAS_MAXIMUM, &grant->aliases,
				      false);
	mosquitto_property_read_byte(properties, MQTT_PROP_RETAIN_AVAILABLE, &retains, false);
	mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &max_qos, false);
	if (mosquitto_property_read_int16(properties, MQTT_PROP_SERVER_KEEP_ALIVE, &keepalive_s,
					  false))
		client->keepalive_ns = keepalive_s * NS_PER_S;
	grant->retains = retains;
	grant->resumed = flags & CONNACK_SESSION_PRESENT;
	if (max_qos == 0)
		client_fail(client, "use a broker that acknowledges", "the broker has no QoS 1");
	else if (client->phase == CLIENT_CONNECTING)
		client->phase = CLIENT_ONLINE;
}

static void on_disconnect(struct mosquitto *mosquitto, void *data, int code,
			  const mosquitto_property *properties)
{
	int err = errno;

	(void)mosquitto, (void)properties;
	if (code >= 0x80)
		client_fail_reason(data, code);
	else if (code == MOSQ_ERR_SUCCESS)
		client_fail(data, NULL, "closed by the broker");
	else
		client_fail_rc(data, code, err);
}

/* Also called for QoS 0, when it was written: nobody waits for such an id. */
static void on_publish(struct mosquitto *mosquitto, void *data, int mid, int reason,
		       const mosquitto_property *properties)
{
	struct client *client = data;

	(void)mosquitto, (void)properties;
	if (client->setup.acknowledged)
		client->setup.acknowledged(client->setup.data, mid,
					   reason < 0x80 ? NULL : mosquitto_reason_string(reason));
}

static void on_message(struct mosquitto *mosquitto, void *data,
		       const struct mosquitto_message *received,
		       const mosquitto_property *properties)
{
	struct client *client = data;
	struct inlet_message message = {
		.subject = received->topic,
		.payload = received->payload,
		.bytes = (size_t)received->payloadlen,
		.retained = received->retain,
	};
	char *response = NULL;
	void *correlation = NULL;
	uint16_t correlation_bytes = 0;

	(void)mosquitto;
	mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC, &response, false);
	mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &correlation,
				       &correlation_bytes, false);
	message.response_topic = response;
	message.correlation = correlation;
	message.correlation_bytes = correlation_bytes;
	client->setup.message(client->setup.data, &message);
	free(response);
	free(correlation);
}

static void on_subscribe(struct mosquitto *mosquitto, void *data, int mid, int count,
			 const int *granted, const mosquitto_property *properties)
{
	struct client *client = data;

	(void)mosquitto, (void)properties;
	if (client->setup.answered)
		client->setup.answered(client->setup.data, mid, count > 0 && granted[0] < 0x80);
}

static void set_callbacks(struct client *client)
{
	mosquitto_connect_v5_callback_set(client->mosquitto, on_connect);
	mosquitto_disconnect_v5_callback_set(client->mosquitto, on_disconnect);
	mosquitto_publish_v5_callback_set(client->mosquitto, on_publish);
	mosquitto_message_v5_callback_set(client->mosquitto, on_message);
	mosquitto_subscribe_v5_callback_set(client->mosquitto, on_subscribe);
}

/* ---- connecting ------------------------------------------------------------------------ */

static int keepalive_s(const struct uplink_conf *conf)
{
	int64_t seconds = conf->keepalive_ns / NS_PER_S;

	if (seconds < KEEPALIVE_MIN_S)
		return KEEPALIVE_MIN_S;
	return seconds < UINT16_MAX ? (int)seconds : UINT16_MAX;
}

static void tune_socket(struct client *client)
{
	int fd = mosquitto_socket(client->mosquitto);
	unsigned int timeout_ms = (unsigned int)(client->setup.conf->ack_timeout_ns / NS_PER_MS);

	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* Few messages ahead of their acknowledgement, as what the broker has begun to send stands before
 * the acknowledgements of our events; and none that is far larger than any of ours. */
static int add_limits(const struct client *client, mosquitto_property **properties)
{
	int rc = mosquitto_property_add_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM,
					      client->setup.receive_most);

	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_property_add_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE,
						  client->setup.packet_most_bytes);
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_property_add_int32(properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
						  client->setup.session_s);
	return rc;
}

/* The library takes properties for a connection that blocks alone. So it is given them for one
 * that finds no address, and keeps them for the next. */
static int set_limits(struct client *client)
{
	const struct client_setup *setup = &client->setup;
	mosquitto_property *properties = NULL;
	int rc = add_limits(client, &properties);

	addresses_offer("");
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_connect_bind_v5(client->mosquitto, setup->host->name,
					       setup->host->port, keepalive_s(setup->conf), NULL,
					       properties);
	addresses_offer(NULL);
	mosquitto_property_free_all(&properties);
	return rc == MOSQ_ERR_EAI ? MOSQ_ERR_SUCCESS : rc;
}

/* Returns CONN_PENDING, SUCCESS on a fast network, or why not: this trap is known to leave
 * the library's own thread waiting for ever, when a connection is refused on the spot. */
static void begin_connecting(struct client *client)
{
	const struct client_setup *setup = &client->setup;
	int rc = client->v5 ? set_limits(client) : MOSQ_ERR_SUCCESS;

	if (rc != MOSQ_ERR_SUCCESS) {
		client_fail_rc(client, rc, errno);
		return;
	}
	errno = 0;
	addresses_offer(setup->address);
	rc = client->v5 ? mosquitto_reconnect_async(client->mosquitto)
			: mosquitto_connect_async(client->mosquitto, setup->host->name,
						  setup->host->port, keepalive_s(setup->conf));
	addresses_offer(NULL);
	if (mosquitto_socket(client->mosquitto) >= 0)
		tune_socket(client);
	else
		client_fail_rc(client, rc, errno);
}

/* The library opens sockets of its own without the flag and does not tell their numbers; no
 * descriptor of this process is meant for a child. */
static void close_on_exec(void)
{
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

int client_new(const struct client_setup *setup, struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->setup = *setup;
	client->v5 = setup->conf->protocol == UPLINK_MQTT_5 && !setup->older_protocol;
	client->keepalive_ns = keepalive_s(setup->conf) * NS_PER_S;
	client->grant.receive_max = UINT16_MAX;
	client->last_in_ns = client->last_out_ns = clock_mono_ns();
	client->mosquitto =
		mosquitto_new(setup->conf->client_id, !(client->v5 && setup->resume), client);
	if (!client->mosquitto) {
		free(client);
		return -ENOMEM;
	}
	close_on_exec();
	set_callbacks(client);
	if (client_prepare(client))
		begin_connecting(client);
	*ret_client = client;
	return 0;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	mosquitto_destroy(client->mosquitto);
	SSL_CTX_free(client->tls);
	free(client);
}

/* ---- asking ------------------------------------------------------------------------------ */

enum client_phase client_phase(const struct client *client)
{
	return client->phase;
}

const struct client_failure *client_failure(const struct client *client)
{
	return &client->failure;
}

const struct client_grant *client_grant(const struct client *client)
{
	return &client->grant;
}

bool client_is_v5(const struct client *client)
{
	return client->v5;
}

bool client_was_reached(const struct client *client)
{
	return client->tcp_is_up;
}

int client_fd(const struct client *client)
{
	return mosquitto_socket(client->mosquitto);
}

bool client_is_full(const struct client *client)
{
	return mosquitto_want_write(client->mosquitto);
}

/* While TLS is shaking hands the library always "wants to write", which would be a busy
 * loop: then we wait for input, and look again now and then. */
short client_events(const struct client *client)
{
	if (!client->tcp_is_up)
		return POLLOUT;
	if (client->phase == CLIENT_CONNECTING && client->setup.conf->tls)
		return POLLIN;
	return client_is_full(client) ? POLLIN | POLLOUT : POLLIN;
}

int64_t client_due_ns(const struct client *client)
{
	int64_t first_ns =
		client->last_in_ns < client->last_out_ns ? client->last_in_ns : client->last_out_ns;

	if (client->phase == CLIENT_CONNECTING)
		return client->tcp_is_up && client->setup.conf->tls
			       ? client->last_in_ns + HANDSHAKE_LOOK_NS
			       : INT64_MAX;
	return client->keepalive_ns > 0 ? first_ns + client->keepalive_ns : INT64_MAX;
}

/* ---- serving ----------------------------------------------------------------------------- */

bool client_took(struct client *client, int rc)
{
	if (rc != MOSQ_ERR_SUCCESS)
		client_fail_rc(client, rc, errno);
	else if (mosquitto_socket(client->mosquitto) < 0)
		client_fail_rc(client, MOSQ_ERR_CONN_LOST, 0);
	return client->phase != CLIENT_DEAD;
}

static bool has_peer(int fd)
{
	struct sockaddr_storage peer;
	void *address = &peer;
	socklen_t size = sizeof(peer);

	return getpeername(fd, address, &size) == 0;
}

static bool tcp_came_up(struct client *client, short revents)
{
	int err = 0;
	socklen_t size = sizeof(err);

	if (client->tcp_is_up)
		return true;
	if (revents == 0)
		return false;
	if (getsockopt(client_fd(client), SOL_SOCKET, SO_ERROR, &err, &size) < 0)
		err = errno;
	client->tcp_is_up = err == ECONNRESET; /* it was, for a moment */
	if (err != 0)
		client_fail_rc(client, MOSQ_ERR_ERRNO, err);
	else if (!has_peer(client_fd(client))) /* TLS has taken the error, writing at once */
		client_fail_tls(client);
	else
		client->tcp_is_up = true;
	return client->tcp_is_up;
}

/* The library takes a reset or an early end for a handshake still going on. */
static void look_for_end(struct client *client)
{
	char byte;
	ssize_t got = recv(client_fd(client), &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		client_fail_tls(client);
}

static void shake_hands(struct client *client)
{
	const SSL *tls = mosquitto_ssl_get(client->mosquitto);

	client->tls_is_up = tls && SSL_is_init_finished(tls);
	if (client_took(client, mosquitto_loop_read(client->mosquitto, 1)) &&
	    client_took(client, mosquitto_loop_write(client->mosquitto, 1)) &&
	    client->phase == CLIENT_CONNECTING)
		look_for_end(client);
}

static void exchange(struct client *client, short revents, int64_t now_ns)
{
	if (revents & (POLLIN | POLLERR | POLLHUP)) {
		client->last_in_ns = now_ns;
		if (!client_took(client, mosquitto_loop_read(client->mosquitto, 1)))
			return;
	}
	if (revents & POLLOUT) {
		client->last_out_ns = now_ns;
		client_took(client, mosquitto_loop_write(client->mosquitto, 1));
	}
}

/* The library has nothing to do by itself but to ping, when keepalive has passed. */
static void keep_alive(struct client *client, int64_t now_ns)
{
	if (client->phase != CLIENT_ONLINE || now_ns < client_due_ns(client))
		return;
	client->last_in_ns = client->last_out_ns = now_ns;
	client_took(client, mosquitto_loop_misc(client->mosquitto));
}

void client_serve(struct client *client, short revents, int64_t now_ns)
{
	if (client->phase == CLIENT_DEAD || !tcp_came_up(client, revents))
		return;
	errno = 0;
	if (client->phase == CLIENT_CONNECTING && client->setup.conf->tls) {
		client->last_in_ns = now_ns;
		shake_hands(client);
	} else {
		exchange(client, revents, now_ns);
	}
	keep_alive(client, now_ns);
}

/* ---- subscribing, leaving ------------------------------------------------------------------ */

int client_subscribe(struct client *client, char *const filters[], size_t count, int qos,
		     int *ret_mid)
{
	int rc;

	if (client->phase != CLIENT_ONLINE)
		return -ENOTCONN;
	errno = 0;
	rc = mosquitto_subscribe_multiple(client->mosquitto, ret_mid, (int)count, filters, qos, 0,
					  NULL);
	return client_took(client, rc) ? 0 : -ENOTCONN;
}

int client_unsubscribe(struct client *client, char *const filters[], size_t count)
{
	if (client->phase != CLIENT_ONLINE)
		return -ENOTCONN;
	errno = 0;
	return client_took(client, mosquitto_unsubscribe_multiple(client->mosquitto, NULL,
								  (int)count, filters, NULL))
		       ? 0
		       : -ENOTCONN;
}

bool client_topic_matches(const char *filter, const char *topic)
{
	bool matches = false;

	return mosquitto_topic_matches_sub(filter, topic, &matches) == MOSQ_ERR_SUCCESS && matches;
}

void client_disconnect(struct client *client)
{
	mosquitto_property *properties = NULL;

	if (client->phase == CLIENT_ONLINE && client->v5)
		(void)mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
						   0);
	if (client->phase == CLIENT_ONLINE)
		(void)mosquitto_disconnect_v5(client->mosquitto, 0, properties);
	mosquitto_property_free_all(&properties);
	client->phase = CLIENT_DEAD;
}
