/* Devices that post to the gateway. The server is that of corridord-readers (readers/http.c); here is
 * what the configuration can have wrong. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "apart/apart.h"
#include "drivers.h"
#include "frames/host.h"
#include "http/conf.h"

#define ENDPOINT_BYTES 128

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static const char *bus_fault(const void *bus_conf)
{
	const struct http_conf *conf = bus_conf;
	struct uplink_host host;

	if (conf->listen.count == 0 || conf->listen.count > HTTP_LISTEN_MOST)
		return "listen: expected one to four";
	for (size_t i = 0; i < conf->listen.count; i++)
		if (uplink_host_parse(conf->listen.item[i], 0, &host) < 0 || !host.is_address ||
		    host.port == 0)
			return "listen: expected address and port, \"10.0.0.1:8080\"";
	if (!conf->cert != !conf->key)
		return "has one of cert and key: they belong together";
	return NULL;
}

static bool is_endpoint(const char *path)
{
	return path[0] == '/' && strlen(path) < ENDPOINT_BYTES && !strpbrk(path, " ?#%");
}

static const char *auth_fault(const struct http_device_conf *conf)
{
	const bool has_password = conf->password_file || conf->password_credential;
	const bool needs_user = conf->auth == HTTP_BASIC || conf->auth == HTTP_DIGEST;

	if (conf->password_file && conf->password_credential)
		return "has password_file and password_credential, expected one of them";
	if (conf->password_credential && strchr(conf->password_credential, '/'))
		return "password_credential: expected a name without \"/\"";
	if (conf->auth == HTTP_OPEN && conf->from.count == 0)
		return "has neither auth nor from: anybody could name vehicles";
	if (conf->auth == HTTP_OPEN && has_password)
		return "has a password without auth";
	if (conf->auth != HTTP_OPEN && !has_password)
		return "has auth without password_file or password_credential";
	if (needs_user && !conf->username)
		return "has auth without username";
	return NULL;
}

static bool is_taken(const struct driver_setup *setup, size_t device)
{
	const struct http_device_conf *conf = setup->devices[device].conf;

	for (size_t i = 0; i < device; i++)
		if (strcmp(((const struct http_device_conf *)setup->devices[i].conf)->endpoint,
			   conf->endpoint) == 0)
			return true;
	return false;
}

static const char *device_fault(const struct driver_setup *setup, size_t device)
{
	const struct http_device_conf *conf = setup->devices[device].conf;

	if (conf->map.format == MAP_PLAIN)
		return "format: expected json or xml";
	if (!conf->endpoint || !is_endpoint(conf->endpoint))
		return "endpoint: expected a path like \"/camera-1\"";
	for (size_t i = 0; i < conf->from.count; i++)
		if (!is_address(conf->from.item[i]))
			return "from: expected addresses, {\"10.0.0.21\"}";
	if (is_taken(setup, device))
		return "endpoint: another device has it";
	return auth_fault(conf);
}

static int http_new(const struct driver_setup *setup, void **ret_instance,
		    struct driver_complaint *complaint)
{
	static const struct apart_driver rules = {
		.driver = &http_in_driver, .bus_fault = bus_fault, .device_fault = device_fault};

	return apart_new(&rules, setup, ret_instance, complaint);
}

static bool http_place(const void *bus_conf, char *ret_place, size_t place_bytes)
{
	const struct http_conf *conf = bus_conf;

	snprintf(ret_place, place_bytes, "%s", conf->listen.count > 0 ? conf->listen.item[0] : "");
	return true;
}

const struct driver http_in_driver = {
	.name = "http-in",
	.summary = "messages that are posted to the gateway: cameras, tag readers",
	.bus = {.options = http_options, .bytes = sizeof(struct http_conf)},
	.device = {.options = http_device_options, .bytes = sizeof(struct http_device_conf)},
	.point = {.options = map_point_options, .bytes = sizeof(struct map_point_conf)},
	.shape = map_shape,
	.create = http_new,
	APART_CALLS,
	.place = http_place,
};
