#include "net/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_path(const struct uplink_conf *conf, const char *credentials,
		char path[SECRET_PATH_BYTES])
{
	int length;

	if (conf->password_file) {
		length = snprintf(path, SECRET_PATH_BYTES, "%s", conf->password_file);
	} else if (conf->password_credential) {
		if (!credentials || strchr(conf->password_credential, '/'))
			return -EINVAL;
		length = snprintf(path, SECRET_PATH_BYTES, "%s/%s", credentials,
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

/* An editor's sign of how the text is written, of UTF-8 or UTF-16: no part of a password. */
static bool has_byte_order_mark(const char *secret, size_t bytes)
{
	return (bytes >= 3 && memcmp(secret, "\xEF\xBB\xBF", 3) == 0) ||
	       (bytes >= 2 && memcmp(secret, "\xFF\xFE", 2) == 0) ||
	       (bytes >= 2 && memcmp(secret, "\xFE\xFF", 2) == 0);
}

int secret_read(const char *path, char secret[SECRET_BYTES])
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
	if (has_byte_order_mark(secret, bytes))
		return -EPROTO;
	bytes = first_line(secret, bytes);
	secret[bytes] = '\0';
	return memchr(secret, '\0', bytes) ? -EILSEQ : (int)bytes;
}

bool secret_is_open(const char *path)
{
	struct stat status;

	return path && stat(path, &status) == 0 && (status.st_mode & S_IROTH);
}
