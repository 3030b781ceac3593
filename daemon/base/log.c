#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#define LINE_BYTES 1024

/* Set once by log_open() before there is a second thread. */
static enum log_level log_limit = LOG_LEVEL_INFO;
static bool log_under_systemd;

void log_open(enum log_level level)
{
	log_limit = level;
	log_under_systemd = getenv("JOURNAL_STREAM") != NULL;
}

bool log_debugging(void)
{
	return log_limit >= LOG_LEVEL_DEBUG;
}

/* sd-daemon(3) levels for the journal, date and time for eyes. */
static size_t put_prefix(char *line, size_t size, enum log_level level)
{
	static const int syslog_levels[] = {3, 4, 6, 7};
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
	size_t used;
	int saved = errno;
	int n;
	va_list args;

	if (level > log_limit)
		return;
	used = put_prefix(line, sizeof(line), level);
	n = snprintf(line + used, sizeof(line) - used, "%s: ", token);
	used += (size_t)n;
	va_start(args, format);
	n = vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	if (n > 0)
		used += (size_t)n;
	if (used < sizeof(line) && err)
		snprintf(line + used, sizeof(line) - used, ": %s",
			 strerror_r(abs(err), text, sizeof(text)));
	used = utf8_print(line, sizeof(line) - 1, line);
	line[used++] = '\n';
	(void)!write(STDERR_FILENO, line, used);
	errno = saved;
}
