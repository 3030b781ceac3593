#include "transport/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/account.h"

#define NOBODYS_GROUP 65534 /* what a name space shows of others */

/* Whose members may open it, as far as that can be seen from within a service of its own. */
static void name_group(const char *path, char *why, size_t why_bytes)
{
	char group[ACCOUNT_NAME_BYTES] = "";
	struct stat there;

	if (stat(path, &there) == 0 && there.st_gid != NOBODYS_GROUP)
		account_group_name(there.st_gid, group);
	snprintf(why, why_bytes,
		 "cannot open %s: Permission denied: is this account in the group \"%s\"?", path,
		 group[0] ? group : "dialout");
}

static void explain(const char *path, int err, char *why, size_t why_bytes)
{
	if (err == -EBUSY)
		snprintf(why, why_bytes, "%s is held by another program (fuser shows it)", path);
	else if (err == -ENOTTY)
		snprintf(why, why_bytes, "%s is no serial line", path);
	else if (err == -ENOENT)
		snprintf(why, why_bytes, "%s is not there: is the adapter plugged in?", path);
	else if (err == -EACCES)
		name_group(path, why, why_bytes);
	else
		snprintf(why, why_bytes, "cannot open %s: %s", path, strerror(-err));
}

int serial_claim(const char *path, char *why, size_t why_bytes)
{
	const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int err = fd < 0 ? -errno : 0;

	if (err == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = -EBUSY;
	else if (err == 0 && !isatty(fd))
		err = -ENOTTY;
	if (err == 0)
		return fd;
	explain(path, err, why, why_bytes);
	if (fd >= 0)
		close(fd);
	return err;
}

void serial_exclude(int fd)
{
	(void)ioctl(fd, TIOCEXCL);
}

void serial_give_up(int fd)
{
	tcflush(fd, TCIOFLUSH);
	(void)ioctl(fd, TIOCNXCL);
}
