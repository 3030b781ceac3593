/* Devices that publish at an MQTT broker of the site. The connection is that of corridord-readers
 * (readers/mqtt.c); here is what the configuration can have wrong. */
#include <stdio.h>
#include <string.h>

#include "apart/apart.h"
#include "drivers.h"
#include "frames/host.h"
#include "mqtt/conf.h"

static bool leaves_the_machine(const struct mqtt_conf *conf)
{
	struct uplink_host host;

	for (size_t i = 0; i < conf->hosts.count; i++)
		if (uplink_host_parse(conf->hosts.item[i], mqtt_port(conf), &host) == 0 &&
		    !uplink_host_is_loopback(&host))
			return true;
	return false;
}

static const char *hosts_fault(const struct mqtt_conf *conf)
{
	struct uplink_host host;

	if (conf->hosts.count == 0 || conf->hosts.count > MQTT_HOSTS)
		return "host: expected one to sixteen";
	for (size_t i = 0; i < conf->hosts.count; i++)
		if (uplink_host_parse(conf->hosts.item[i], mqtt_port(conf), &host) < 0)
			return "host: expected name, name:port or [ipv6]:port";
	return NULL;
}

static const char *bus_fault(const void *bus_conf)
{
	const struct mqtt_conf *conf = bus_conf;
	const bool has_password = conf->password_file || conf->password_credential;

	if (conf->password_file && conf->password_credential)
		return "has password_file and password_credential, expected one of them";
	if (has_password && !conf->username)
		return "has a password without username";
	if (conf->password_credential && strchr(conf->password_credential, '/'))
		return "password_credential: expected a name without \"/\"";
	if (!conf->cert != !conf->key)
		return "has one of cert and key: they belong together";
	if (has_password && !mqtt_has_tls(conf) && !conf->cleartext && leaves_the_machine(conf))
		return "would send the password where all on the way can read it: tls = true or "
		       "ca, or cleartext = true";
	return hosts_fault(conf);
}

/* As a subscription: + and # stand for whole levels, # for the last. */
static bool is_filter(const char *topic)
{
	const size_t bytes = strlen(topic);

	if (bytes == 0 || bytes >= MQTT_TOPIC_BYTES)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		const bool begins = i == 0 || topic[i - 1] == '/';

		if (topic[i] == '+' && (!begins || (topic[i + 1] && topic[i + 1] != '/')))
			return false;
		if (topic[i] == '#' && (!begins || topic[i + 1]))
			return false;
	}
	return true;
}

static bool is_availability(const char *alive)
{
	const char *word = strchr(alive, '=');

	return word && word > alive && word[1] && (size_t)(word - alive) < MQTT_TOPIC_BYTES &&
	       strcspn(alive, "+#") >= (size_t)(word - alive);
}

static const char *device_fault(const struct driver_setup *setup, size_t device)
{
	const struct mqtt_device_conf *conf = setup->devices[device].conf;

	if (conf->topics.count == 0 || conf->topics.count > MQTT_TOPICS)
		return "topics: expected one to sixteen";
	for (size_t i = 0; i < conf->topics.count; i++)
		if (!is_filter(conf->topics.item[i]))
			return "topics: expected levels like \"site/camera-1/plate\"; + and # stand for "
			       "whole levels";
	if (conf->alive && !is_availability(conf->alive))
		return "alive: expected topic=word, without wildcards";
	return NULL;
}

static int mqtt_new(const struct driver_setup *setup, void **ret_instance,
		    struct driver_complaint *complaint)
{
	static const struct apart_driver rules = {
		.driver = &mqtt_in_driver, .bus_fault = bus_fault, .device_fault = device_fault};

	return apart_new(&rules, setup, ret_instance, complaint);
}

static bool mqtt_place(const void *bus_conf, char *ret_place, size_t place_bytes)
{
	const struct mqtt_conf *conf = bus_conf;

	snprintf(ret_place, place_bytes, "%s", conf->hosts.count > 0 ? conf->hosts.item[0] : "");
	return false;
}

const struct driver mqtt_in_driver = {
	.name = "mqtt-in",
	.summary = "messages at an MQTT broker of the site: cameras, tag readers, wireless seals",
	.bus = {.options = mqtt_options, .bytes = sizeof(struct mqtt_conf)},
	.device = {.options = mqtt_device_options, .bytes = sizeof(struct mqtt_device_conf)},
	.point = {.options = map_point_options, .bytes = sizeof(struct map_point_conf)},
	.shape = map_shape,
	.create = mqtt_new,
	APART_CALLS,
	.place = mqtt_place,
};
