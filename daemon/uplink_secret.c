#include "uplink_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int uplink_secret_path(const struct uplink_conf *conf, char path[SECRET_PATH_BYTES])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	int length;

	if (conf->password_file) {
		length = snprintf(path, SECRET_PATH_BYTES, "%s", conf->password_file);
	} else if (conf->password_credential) {
		if (!folder || strchr(conf->password_credential, '/'))
			return -EINVAL;
		length = snprintf(path, SECRET_PATH_BYTES, "%s/%s", folder,
				  conf->password_credential);
	} else {
		return -ENOENT;
	}
	return length < SECRET_PATH_BYTES ? 0 : -EINVAL;
}

static size_t first_line(const char *secret, size_t bytes)
{
	const char *end = memchr(secret, '\n', bytes);

	if (end)
		bytes = (size_t)(end - secret);
	if (bytes > 0 && secret[bytes - 1] == '\r')
		bytes--;
	return bytes;
}

int uplink_secret_read(const char *path, char secret[SECRET_BYTES])
{
	size_t bytes = 0;
	ssize_t got = 1;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (got > 0 && bytes < SECRET_BYTES) {
		got = read(fd, secret + bytes, SECRET_BYTES - bytes);
		if (got > 0)
			bytes += (size_t)got;
	}
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return (int)got;
	if (bytes == SECRET_BYTES)
		return -EMSGSIZE;
	bytes = first_line(secret, bytes);
	secret[bytes] = '\0';
	return memchr(secret, '\0', bytes) ? -EILSEQ : (int)bytes;
}
