#include "signer/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, err = 0;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1,
		 slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

int file_replace(const char *path, void (*write)(const void *data, FILE *file), const void *data)
{
	char fresh[PATH_MAX];
	FILE *file;
	int fd, err = 0;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!file)
		return -errno;
	write(data, file);
	if (fflush(file) != 0 || fsync(fd) != 0)
		err = -errno;
	fclose(file);
	if (err == 0 && rename(fresh, path) < 0)
		err = -errno;
	return err < 0 ? err : sync_folder(path);
}
