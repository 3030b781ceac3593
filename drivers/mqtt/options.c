#include "base/time.h"
#include "frames/uplink_conf.h"
#include "mapper/rows.h"
#include "mqtt/conf.h"

#define BUS(member)    offsetof(struct mqtt_conf, member)
#define DEVICE(member) offsetof(struct mqtt_device_conf, member)
#define PORT	       1883
#define PORT_TLS       8883

static const struct conf_choice protocols[] = {
	{"3.1.1", UPLINK_MQTT_311},
	{"5", UPLINK_MQTT_5},
	{0},
};

const struct conf_option mqtt_options[] = {
	{.name = "host",
	 .type = CONF_LIST,
	 .offset = BUS(hosts),
	 .required = true,
	 .help = "The broker that the readers publish to, often not the uplink's: \"name\", "
		 "\"name:port\" or \"[ipv6]:port\"; several are tried in turn."},
	{.name = "port",
	 .type = CONF_INT,
	 .offset = BUS(port),
	 .def = "0",
	 .max = 65535,
	 .help = "Port where a host names none; 0: 1883, with TLS 8883."},
	{.name = "client_id",
	 .type = CONF_TEXT,
	 .offset = BUS(client_id),
	 .help = "Name at the broker. Without it a new one each time."},
	{.name = "protocol",
	 .type = CONF_CHOICE,
	 .offset = BUS(protocol),
	 .def = "5",
	 .choices = protocols,
	 .help = "MQTT's version; where a broker does not answer to 5, 3.1.1 is tried."},
	{.name = "username",
	 .type = CONF_TEXT,
	 .offset = BUS(username),
	 .help = "User at the broker."},
	{.name = "password_file",
	 .type = CONF_PATH,
	 .offset = BUS(password_file),
	 .help = "File whose first line is the password, read anew for each connection."},
	{.name = "password_credential",
	 .type = CONF_TEXT,
	 .offset = BUS(password_credential),
	 .help = "The same, by the name of a systemd credential."},
	{.name = "cleartext",
	 .type = CONF_BOOL,
	 .offset = BUS(cleartext),
	 .def = "false",
	 .help = "The password may go over the network without TLS."},
	{.name = "tls",
	 .type = CONF_BOOL,
	 .offset = BUS(tls),
	 .def = "false",
	 .help = "TLS, also without one of the following: the system's authorities are trusted."},
	{.name = "ca",
	 .type = CONF_PATH,
	 .offset = BUS(ca),
	 .help = "File or folder of the authorities that are trusted, in PEM."},
	{.name = "cert",
	 .type = CONF_PATH,
	 .offset = BUS(cert),
	 .help = "Own certificate, in PEM."},
	{.name = "key", .type = CONF_PATH, .offset = BUS(key), .help = "Its key, in PEM."},
	{.name = "crl", .type = CONF_PATH, .offset = BUS(crl), .help = "Revocation lists, in PEM."},
	{.name = "keepalive",
	 .type = CONF_DURATION,
	 .offset = BUS(keepalive_ns),
	 .def = "20s",
	 .min = 5 * NS_PER_S,
	 .max = 3600 * NS_PER_S,
	 .help = "So often the broker is asked for a sign of life."},
	{.name = "connect_timeout",
	 .type = CONF_DURATION,
	 .offset = BUS(connect_timeout_ns),
	 .def = "10s",
	 .min = NS_PER_S / 2,
	 .max = 120 * NS_PER_S,
	 .help = "A connection that takes longer is given up."},
	{.name = "retry_max",
	 .type = CONF_DURATION,
	 .offset = BUS(retry_max_ns),
	 .def = "30s",
	 .min = NS_PER_S,
	 .max = 3600 * NS_PER_S,
	 .help = "Longest wait between two rounds of trying; the first is 1s."},
	{.name = "max_message",
	 .type = CONF_SIZE,
	 .offset = BUS(max_message),
	 .def = "256KiB",
	 .min = 1024,
	 .max = 1024 * 1024,
	 .help = "A larger message is refused."},
	{0},
};

const struct conf_option mqtt_device_options[] = {
	MAP_DEVICE_OPTIONS("json"),
	{.name = "topics",
	 .type = CONF_LIST,
	 .offset = DEVICE(topics),
	 .required = true,
	 .help = "What the device publishes on. No wildcard should stand for the device: whoever "
		 "may publish there names vehicles."},
	{.name = "alive",
	 .type = CONF_TEXT,
	 .offset = DEVICE(alive),
	 .help = "\"topic=word\" of the device's own availability: as long as the topic has not that word "
		 "no value is taken, and the device does not answer."},
	{.name = "silence",
	 .type = CONF_DURATION,
	 .offset = DEVICE(silence_ns),
	 .def = "0s",
	 .max = 7 * 24 * 3600 * NS_PER_S,
	 .help = "When no message comes for so long the device does not answer; 0s: it may be silent."},
	{.name = "rate",
	 .type = CONF_INT,
	 .offset = DEVICE(rate),
	 .def = "50",
	 .min = 1,
	 .max = 1000,
	 .unit = "messages a second",
	 .help = "What comes faster is dropped: a device that floods harms no other."},
	{0},
};

bool mqtt_has_tls(const struct mqtt_conf *conf)
{
	return conf->tls || conf->ca || conf->cert || conf->key || conf->crl;
}

int mqtt_port(const struct mqtt_conf *conf)
{
	if (conf->port > 0)
		return (int)conf->port;
	return mqtt_has_tls(conf) ? PORT_TLS : PORT;
}
