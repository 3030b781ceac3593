#include "frames/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int parse_port(const char *text, int *ret_port)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port < 1 || port > 65535)
		return -EINVAL;
	*ret_port = (int)port;
	return 0;
}

static bool is_address(const char *name)
{
	struct in6_addr address;

	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* 10.0.0.300: digits and points alone are no name. */
static bool is_broken_address(const char *name)
{
	return strspn(name, "0123456789.") == strlen(name);
}

/* Where the name begins and ends; ret_rest is what follows: "" or ":port". */
static int split(const char *text, const char **ret_name, size_t *ret_bytes, const char **ret_rest)
{
	const char *end;

	if (*text == '[') {
		*ret_name = text + 1;
		end = strchr(text, ']');
		if (!end)
			return -EINVAL;
		*ret_rest = end + 1;
	} else {
		*ret_name = text;
		end = strchr(text, ':');
		if (!end || strchr(end + 1, ':')) /* none, or a bare IPv6 address */
			end = text + strlen(text);
		*ret_rest = end;
	}
	*ret_bytes = (size_t)(end - *ret_name);
	return 0;
}

int uplink_host_parse(const char *text, int default_port, struct uplink_host *ret_host)
{
	struct uplink_host host = {.text = text, .port = default_port};
	const char *name;
	const char *rest;
	size_t bytes;
	int err;

	err = split(text, &name, &bytes, &rest);
	if (err < 0)
		return err;
	if (bytes == 0 || bytes >= sizeof(host.name))
		return -EINVAL;
	memcpy(host.name, name, bytes);
	if (strpbrk(host.name, " \t/"))
		return -EINVAL;
	host.is_address = is_address(host.name);
	if (!host.is_address && is_broken_address(host.name))
		return -EINVAL;
	if (*rest == ':')
		err = parse_port(rest + 1, &host.port);
	else if (*rest)
		err = -EINVAL;
	if (err == 0)
		*ret_host = host;
	return err;
}

bool uplink_host_is_loopback(const struct uplink_host *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host->name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host->name, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host->name, "localhost") == 0;
}
