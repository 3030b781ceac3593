#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#define LINE_BYTES 1024

/* Set once by log_open() before there is a second thread. */
static enum log_level log_limit = LOG_LEVEL_INFO;
static bool log_under_systemd;
static int log_journal_fd = -1;

/* sd-daemon(3) */
static const int syslog_levels[] = {3, 4, 6, 7};

void log_open(enum log_level level)
{
	log_limit = level;
	log_under_systemd = getenv("JOURNAL_STREAM") != NULL;
}

/* As systemd.exec(5) says it of JOURNAL_STREAM. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat there;
	char name[64];

	if (!stream || fstat(STDERR_FILENO, &there) < 0)
		return false;
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)there.st_dev,
		 (unsigned long long)there.st_ino);
	return strcmp(stream, name) == 0;
}

void log_open_journal(const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (!stderr_is_journal() || strlen(socket_path) >= sizeof(address.sun_path))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		close(fd);
	else
		log_journal_fd = fd;
}

/* The name in quotes that the text begins with. */
static int subject_bytes(const char *text)
{
	return text[0] == '"' ? (int)strcspn(text + 1, "\"") : 0;
}

/* text: of one line, printable. false: the journal cannot take it now. */
static bool send_to_journal(enum log_level level, const char *token, const char *text)
{
	char fields[LINE_BYTES + 512];
	int subject = subject_bytes(text);
	int bytes = snprintf(fields, sizeof(fields),
			     "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nCORRIDORD_PART=%s\n%s%.*s%s"
			     "MESSAGE=%s: %s\n",
			     syslog_levels[level], program_invocation_short_name, token,
			     subject ? "CORRIDORD_SUBJECT=" : "", subject, text + 1,
			     subject ? "\n" : "", token, text);

	return bytes > 0 && (size_t)bytes < sizeof(fields) &&
	       send(log_journal_fd, fields, (size_t)bytes, MSG_NOSIGNAL) == bytes;
}

bool log_debugging(void)
{
	return log_limit >= LOG_LEVEL_DEBUG;
}

/* sd-daemon(3) levels for the journal, date and time for eyes. */
static size_t put_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	size_t used;

	if (log_under_systemd)
		return (size_t)snprintf(line, size, "<%d>", syslog_levels[level]);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	used = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &tm);
	used += (size_t)snprintf(line + used, size - used, ".%03ldZ %s", now.tv_nsec / 1000000,
				 level == LOG_LEVEL_ERROR     ? "error: "
				 : level == LOG_LEVEL_WARNING ? "warning: "
							      : "");
	return used;
}

void log_line(enum log_level level, const char *token, int err, const char *format, ...)
{
	char line[LINE_BYTES];
	char text[128];
	size_t used, begin;
	int saved = errno;
	int n;
	va_list args;

	if (level > log_limit)
		return;
	used = put_prefix(line, sizeof(line), level);
	n = snprintf(line + used, sizeof(line) - used, "%s: ", token);
	begin = used += (size_t)n;
	va_start(args, format);
	n = vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	if (n > 0)
		used += (size_t)n;
	if (used < sizeof(line) && err)
		snprintf(line + used, sizeof(line) - used, ": %s",
			 strerror_r(abs(err), text, sizeof(text)));
	used = utf8_print(line, sizeof(line) - 1, line);
	line[used] = '\0';
	if (log_journal_fd >= 0 && send_to_journal(level, token, line + begin)) {
		errno = saved;
		return;
	}
	line[used++] = '\n';
	(void)!write(STDERR_FILENO, line, used);
	errno = saved;
}
