#include "base/service.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_US 100000 /* a manager that does not listen holds up nobody for longer */

/* A path, or '@' for the abstract namespace. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
	size_t bytes = strlen(name);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((name[0] != '/' && name[0] != '@') || bytes >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, name, bytes);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
}

void service_notify(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	const struct timeval patience = {.tv_usec = PATIENCE_US};
	struct sockaddr_un address;
	socklen_t size = name ? address_of(name, &address) : 0;
	int fd;

	if (size == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		     size);
	close(fd);
}

int64_t service_watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	char *end;
	long long us;

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	errno = 0;
	us = strtoll(usec, &end, 10);
	if (errno != 0 || *end != '\0' || us <= 0 || us > INT64_MAX / NS_PER_US)
		return 0;
	return us * NS_PER_US;
}
