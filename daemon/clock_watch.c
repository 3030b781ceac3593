#include "clock_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#define LINE_BYTES 64
#define YES	   "disciplined"
#define NO	   "free-running"

int clock_watch_ask(bool *ret_disciplined)
{
	struct timex timex = {0};

	if (adjtimex(&timex) == -1)
		return -errno;
	*ret_disciplined = !(timex.status & STA_UNSYNC);
	return 0;
}

static int write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t bytes = (ssize_t)strlen(line);
	int rc = 0;

	if (fd < 0)
		return -errno;
	errno = EIO;
	if (write(fd, line, (size_t)bytes) != bytes)
		rc = -errno;
	close(fd);
	return rc;
}

int clock_watch_write(const char *path, bool disciplined, int64_t now_mono_ns)
{
	char line[LINE_BYTES], fresh[PATH_MAX];
	int rc;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	snprintf(line, sizeof(line), "%s %" PRId64 "\n", disciplined ? YES : NO, now_mono_ns);
	rc = write_line(fresh, line);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	return rc;
}

/* The time behind the word, of a whole line; negative: it is none. */
static int64_t asked_at(const char *line)
{
	size_t word_bytes = strlen(YES " ");
	long long asked_mono_ns;
	char *end;

	if (strncmp(line, YES " ", word_bytes) != 0)
		return -1;
	errno = 0;
	asked_mono_ns = strtoll(line + word_bytes, &end, 10);
	return errno == 0 && end > line + word_bytes && strcmp(end, "\n") == 0 ? asked_mono_ns : -1;
}

bool clock_watch_read(const char *path, int64_t now_mono_ns)
{
	char line[LINE_BYTES] = "";
	int64_t asked_mono_ns;
	ssize_t bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bytes = read(fd, line, sizeof(line) - 1);
	close(fd);
	asked_mono_ns = bytes > 0 ? asked_at(line) : -1;
	return asked_mono_ns >= 0 && asked_mono_ns <= now_mono_ns &&
	       now_mono_ns - asked_mono_ns <= CLOCK_WATCH_VALID_NS;
}
