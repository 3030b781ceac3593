#include "base/clock_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#define LINE_BYTES 96
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
	int err = 0;

	if (fd < 0)
		return -errno;
	errno = EIO;
	if (write(fd, line, (size_t)bytes) != bytes)
		err = -errno;
	close(fd);
	return err;
}

int clock_watch_write(const char *path, const struct clock_answer *answer)
{
	char line[LINE_BYTES], fresh[PATH_MAX];
	int err;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	snprintf(line, sizeof(line), "%s %" PRId64 " %" PRId64 "\n", answer->disciplined ? YES : NO,
		 answer->asked_mono_ns, answer->ahead_ns);
	err = write_line(fresh, line);
	if (err == 0 && rename(fresh, path) < 0)
		err = -errno;
	return err;
}

/* One after a blank. */
static bool take_number(const char **at, int64_t *ret_number)
{
	const char *text = *at;
	char *end;

	errno = 0;
	*ret_number = strtoll(text, &end, 10);
	*at = end;
	return *text == ' ' && end != text && errno == 0;
}

bool clock_watch_read(const char *path, int64_t now_mono_ns, int64_t *ret_ahead_ns)
{
	char line[LINE_BYTES] = "";
	const char *at = line;
	int64_t asked_mono_ns, ahead_ns;
	ssize_t bytes = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		bytes = read(fd, line, sizeof(line) - 1);
		close(fd);
	}
	if (bytes <= 0 || strncmp(at, YES, strlen(YES)) != 0)
		return false;
	at += strlen(YES);
	if (!take_number(&at, &asked_mono_ns) || !take_number(&at, &ahead_ns) ||
	    strcmp(at, "\n") != 0)
		return false;
	if (asked_mono_ns < 0 || asked_mono_ns > now_mono_ns ||
	    now_mono_ns - asked_mono_ns > CLOCK_WATCH_VALID_NS)
		return false;
	*ret_ahead_ns = ahead_ns;
	return true;
}

bool clock_watch_same(int64_t ahead_then_ns, int64_t mono_ns, int64_t utc_ns)
{
	int64_t moved_ns;

	return !__builtin_sub_overflow(utc_ns - mono_ns, ahead_then_ns, &moved_ns) &&
	       moved_ns >= -CLOCK_WATCH_JUMP_NS && moved_ns <= CLOCK_WATCH_JUMP_NS;
}
