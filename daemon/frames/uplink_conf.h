/* What the uplink is to do: the block `uplink` of the configuration. */
#ifndef CORRIDORD_FRAMES_UPLINK_CONF_H
#define CORRIDORD_FRAMES_UPLINK_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "config/option.h"

enum uplink_protocol { UPLINK_MQTT_311, UPLINK_MQTT_5 };

enum uplink_compress { UPLINK_PLAIN, UPLINK_ZSTD };

struct uplink_conf {
	struct conf_list hosts; /* "name", "name:port", "[ipv6]:port"; tried in turn */
	int64_t port; /* where a host names none */
	char *client_id; /* default: corridord-<checkpoint>-<gateway> */
	char *topic_root;
	int protocol; /* enum uplink_protocol */
	int compress; /* enum uplink_compress */
	char *username;
	char *password_file; /* or */
	char *password_credential; /* a name in $CREDENTIALS_DIRECTORY */
	bool cleartext; /* it may leave the machine without TLS */
	bool tls;
	char *tls_ca, *tls_cert, *tls_key, *tls_crl;
	int64_t keepalive_ns;
	int64_t window; /* messages in flight, at most */
	int64_t alert_delay_ns; /* an alert waits no longer behind what is in flight */
	int64_t ack_timeout_ns; /* nothing acknowledged for this long: reconnect */
	int64_t connect_timeout_ns;
	int64_t retry_min_ns, retry_max_ns;
	int64_t replay_bytes_per_s; /* of a backlog; 0: no limit */
	int64_t again_bytes_per_s; /* of what subscribers ask for once more; 0: no limit */
	int64_t metrics_every_ns;
	int64_t alarm_after_ns; /* no broker for this long: uplink.down */
	bool requests; /* taken */
};

#endif
