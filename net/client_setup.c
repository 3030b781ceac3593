/* What is set before connecting: version, will, user and password, TLS. */
#include <errno.h>
#include <fcntl.h>
#include <mqtt_protocol.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/client_private.h"
#include "net/secret.h"

static bool good(struct client *client, int rc)
{
	if (rc != MOSQ_ERR_SUCCESS)
		client_fail_rc(client, rc, errno);
	return rc == MOSQ_ERR_SUCCESS;
}

static bool set_options(struct client *client)
{
	struct mosquitto *mosquitto = client->mosquitto;

	return good(client,
		    mosquitto_int_option(mosquitto, MOSQ_OPT_PROTOCOL_VERSION,
					 client->v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311)) &&
	       good(client, mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1)) &&
	       good(client, mosquitto_int_option(mosquitto, MOSQ_OPT_SEND_MAXIMUM, UINT16_MAX));
}

static bool set_will(struct client *client)
{
	const struct client_setup *setup = &client->setup;
	mosquitto_property *properties = NULL;
	int rc = MOSQ_ERR_SUCCESS;

	if (!setup->will_topic)
		return true;
	if (client->v5) {
		rc = mosquitto_property_add_byte(&properties, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR,
						 1);
		if (rc == MOSQ_ERR_SUCCESS)
			rc = mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE,
							   "application/json");
	}
	if (rc == MOSQ_ERR_SUCCESS)
		rc = mosquitto_will_set_v5(client->mosquitto, setup->will_topic,
					   (int)setup->will_bytes, setup->will, 1, true,
					   properties);
	if (rc != MOSQ_ERR_SUCCESS) /* else they are the library's */
		mosquitto_property_free_all(&properties);
	return good(client, rc);
}

static const char *secret_words(int err, char *text, size_t size)
{
	if (err == 0)
		return "its first line is empty";
	if (err == -EMSGSIZE)
		return "more than a kilobyte";
	if (err == -EILSEQ)
		return "it holds a NUL byte";
	if (err == -EPROTO)
		return "it begins with a byte order mark: save it as plain text";
	return strerror_r(-err, text, size);
}

/* The password may have been changed since the last connection, so it is read each time. */
static bool set_login(struct client *client)
{
	const struct uplink_conf *conf = client->setup.conf;
	char path[SECRET_PATH_BYTES];
	char secret[SECRET_BYTES];
	char text[64];
	int err;
	int rc;

	err = secret_path(conf, client->setup.credentials, path);
	if (err == -EINVAL) {
		client_fail(client, "see systemd.exec(5), LoadCredential",
			    "no credential \"%.32s\" was passed", conf->password_credential);
		return false;
	}
	if (err == -ENOENT) {
		rc = mosquitto_username_pw_set(client->mosquitto, conf->username, NULL);
		return good(client, rc);
	}
	err = secret_read(path, secret);
	if (err <= 0) {
		client_fail(client, "check the file and who may read it",
			    "cannot read the password in %.256s: %s", path,
			    secret_words(err, text, sizeof(text)));
		return false;
	}
	rc = mosquitto_username_pw_set(client->mosquitto, conf->username, secret);
	explicit_bzero(secret, sizeof(secret));
	return good(client, rc);
}

/* The library is given all of it, and adds nothing of its own. */
static bool set_tls(struct client *client)
{
	const struct client_setup *setup = &client->setup;

	if (!setup->conf->tls)
		return true;
	client->tls = tls_context(setup->conf, setup->host->name, &client->trouble);
	if (!client->tls) {
		client_fail_rc(client, MOSQ_ERR_TLS, 0);
		return false;
	}
	return good(client,
		    mosquitto_void_option(client->mosquitto, MOSQ_OPT_SSL_CTX, client->tls)) &&
	       good(client,
		    mosquitto_int_option(client->mosquitto, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0));
}

bool client_prepare(struct client *client)
{
	return set_options(client) && set_login(client) && set_tls(client) && set_will(client);
}
