#include "ctl/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 3000

static int finish_connecting(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	int err = 0;
	socklen_t bytes = sizeof(err);

	if (poll(&ready, 1, PATIENCE_MS) <= 0)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &bytes) < 0 ? errno : err;
}

/* 0, or an errno. */
static int try(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0)
		err = errno == EINPROGRESS ? finish_connecting(fd) : errno;
	close(fd);
	return err;
}

const char *reach_host(const char *name, int port, void *data,
		       void (*call)(void *data, const char *address, const char *why))
{
	const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char service[16], text[NI_MAXHOST];
	int err;

	snprintf(service, sizeof(service), "%d", port);
	err = getaddrinfo(name, service, &wanted, &found);
	if (err != 0)
		return gai_strerror(err);
	for (const struct addrinfo *address = found; address; address = address->ai_next) {
		err = try(address);
		if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) == 0)
			call(data, text, err ? strerror(err) : NULL);
	}
	freeaddrinfo(found);
	return NULL;
}
