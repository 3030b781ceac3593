/* Options of the driver mqtt-in. */
#ifndef CORRIDORD_MQTT_CONF_H
#define CORRIDORD_MQTT_CONF_H

#include "config/option.h"
#include "mapper/conf.h"

#define MQTT_HOSTS	 16
#define MQTT_TOPICS	 16 /* of a device */
#define MQTT_TOPIC_BYTES 512

struct mqtt_conf {
	struct conf_list hosts;
	int64_t port; /* 0: 1883, or 8883 with TLS */
	char *client_id;
	int protocol; /* enum uplink_protocol */
	char *username, *password_file, *password_credential;
	bool cleartext, tls;
	char *ca, *cert, *key, *crl;
	int64_t keepalive_ns, connect_timeout_ns, retry_max_ns;
	int64_t max_message;
};

struct mqtt_device_conf {
	struct map_device_conf map; /* the first member, see mapper/rows.h */
	struct conf_list topics;
	char *alive; /* "topic=word" */
	int64_t silence_ns;
	int64_t rate; /* messages a second */
};

extern const struct conf_option mqtt_options[], mqtt_device_options[];

bool mqtt_has_tls(const struct mqtt_conf *conf);
int mqtt_port(const struct mqtt_conf *conf);

#endif
