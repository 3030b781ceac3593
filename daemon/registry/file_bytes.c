#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "registry/file_private.h"

_Static_assert(EVENT_HASH_BYTES == SHA256_DIGEST_SIZE, "both are SHA-256");

struct registry_bytes {
	int fd;
	FILE *in;
	struct sha256_ctx sha;
};

static ssize_t take(void *cookie, char *out, size_t size)
{
	struct registry_bytes *bytes = cookie;
	ssize_t n;

	do
		n = read(bytes->fd, out, size);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		sha256_update(&bytes->sha, (size_t)n, (const unsigned char *)out);
	return n;
}

static int open_regular(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) < 0)
		err = -errno;
	else if (!S_ISREG(stat.st_mode))
		err = -ENODEV;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

int registry_bytes_open(const char *path, struct registry_bytes **ret_bytes, FILE **ret_in)
{
	const cookie_io_functions_t calls = {.read = take};
	struct registry_bytes *bytes;
	const int fd = open_regular(path);

	if (fd < 0)
		return fd;
	bytes = calloc(1, sizeof(*bytes));
	if (bytes)
		bytes->in = fopencookie(bytes, "r", calls);
	if (!bytes || !bytes->in) {
		free(bytes);
		close(fd);
		return -ENOMEM;
	}
	bytes->fd = fd;
	sha256_init(&bytes->sha);
	*ret_bytes = bytes;
	*ret_in = bytes->in;
	return 0;
}

void registry_bytes_hash(struct registry_bytes *bytes, unsigned char hash[EVENT_HASH_BYTES])
{
	sha256_end(&bytes->sha, hash);
}

void registry_bytes_close(struct registry_bytes *bytes)
{
	if (!bytes)
		return;
	fclose(bytes->in);
	close(bytes->fd);
	free(bytes);
}
