#include "transport/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static int await(int fd, int64_t until_mono_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	socklen_t bytes = sizeof(int);
	int error = 0, ready;

	do {
		const int64_t left_ns = until_mono_ns - clock_mono_ns();

		ready = poll(&wait, 1, left_ns > 0 ? (int)(left_ns / NS_PER_MS + 1) : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0)
		return -errno;
	return -error;
}

static int connect_address(const struct addrinfo *address, int64_t until_mono_ns)
{
	const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0)
		err = errno == EINPROGRESS ? await(fd, until_mono_ns) : -errno;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

/* Each of the addresses from this one on gets as much of the time that is left. */
static int64_t fair_end(const struct addrinfo *address, int64_t until_mono_ns)
{
	const int64_t now_mono_ns = clock_mono_ns();
	int64_t count = 0;

	for (; address; address = address->ai_next)
		count++;
	return now_mono_ns + (until_mono_ns - now_mono_ns) / count;
}

int connect_host(const char *host, const char *port, int64_t timeout_ns, char *why,
		 size_t why_bytes)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	const int64_t until_mono_ns = clock_mono_ns() + timeout_ns;
	struct addrinfo *addresses = NULL;
	const int error = getaddrinfo(host, port, &hints, &addresses);
	int fd = -EHOSTUNREACH;

	if (error != 0) {
		snprintf(why, why_bytes, "host %s: %s", host, gai_strerror(error));
		return fd;
	}
	for (const struct addrinfo *a = addresses; a && fd < 0; a = a->ai_next)
		fd = connect_address(a, fair_end(a, until_mono_ns));
	freeaddrinfo(addresses);
	if (fd < 0)
		snprintf(why, why_bytes, "cannot connect to %s port %s: %s", host, port,
			 fd == -ETIMEDOUT ? "no answer" : strerror(-fd));
	return fd;
}

static void set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void connect_tune(int fd, int silence_s, int64_t unsent_ns)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, silence_s);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, silence_s);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(unsent_ns / NS_PER_MS));
}
