#include "base/machine.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define ID_DIGITS 32

static char id[ID_DIGITS + 1];

/* With a system that is read-only and has no id of its own systemd makes one up at each boot. */
static bool lasts(void)
{
	return access("/run/machine-id", F_OK) < 0;
}

static void read_id(void)
{
	int fd = lasts() ? open("/etc/machine-id", O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, id, ID_DIGITS);
	close(fd);
	if (n != ID_DIGITS || strspn(id, "0123456789abcdef") != ID_DIGITS)
		id[0] = '\0';
}

const char *machine_id(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_id);
	return id[0] ? id : NULL;
}
