#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
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

static _Atomic enum log_level log_limit = LOG_LEVEL_INFO;
/* Set once by log_open() before there is a second thread. */
static bool log_under_systemd;
static int log_journal_fd = -1;

/* sd-daemon(3) */
static const int syslog_levels[] = {3, 4, 6, 7};

static const struct {
	const char *id; /* MESSAGE_ID: the name of its entry in the catalog, for ever */
	const char *field; /* that has the subject's name, up to a point; NULL: it has none */
} known_messages[LOG_KNOWN_COUNT] = {
	[LOG_DEVICE_DOWN] = {"4ba71ab7ac0544a5acc6be1805fdf179", "CORRIDORD_DEVICE"},
	[LOG_DEVICE_UP] = {"0b8e90e9f6464d5f9ae85d0928398f9f", "CORRIDORD_DEVICE"},
	[LOG_DEVICE_UNREADABLE] = {"c4e08e67b822463b8e6980ee651011cb", "CORRIDORD_DEVICE"},
	[LOG_POINT_OUT_OF_RANGE] = {"a02bff2f31bf46afa8b58ab4d47a9a78", "CORRIDORD_DEVICE"},
	[LOG_BUS_DOWN] = {"25318bf27b8849759414f6b506d002db", "CORRIDORD_BUS"},
	[LOG_BUS_UP] = {"87a152f460ca46febd3db70b0d99ed20", "CORRIDORD_BUS"},
	[LOG_JOURNAL_STALLED] = {"e7fb3f46c9374388967dd69a83f614dc", NULL},
	[LOG_JOURNAL_WRITTEN] = {"9d4615766cd44f91bda536a3a434d6f9", NULL},
	[LOG_JOURNAL_DISK_FULL] = {"24c863f218b64238a6b86c788c3c51d9", NULL},
	[LOG_JOURNAL_DISK_ROOM] = {"2fb34ec2d6cf42efb0b4a65a6b8df1a0", NULL},
	[LOG_CLOCK_UNSYNCED] = {"9eb22b5a9059486a9d97fce60131d9b6", NULL},
	[LOG_CLOCK_MOVED] = {"3ddab6b5edb64e2f8d8eb596c8965f78", NULL},
	[LOG_RELOAD_REFUSED] = {"3ce1b34701874c05b0cc76289bd7f38b", NULL},
	[LOG_RELOAD_DONE] = {"0e8a1ab6642c4eb6b450d4a77def588b", NULL},
};

void log_open(enum log_level level)
{
	atomic_store(&log_limit, level);
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

/* MESSAGE_ID and the field of the subject, where the message has them. */
static void put_known(char *fields, size_t size, enum log_known known, const char *text)
{
	const char *field = known_messages[known].field;
	int subject = subject_bytes(text);
	size_t used;

	fields[0] = '\0';
	if (!known_messages[known].id)
		return;
	used = (size_t)snprintf(fields, size, "MESSAGE_ID=%s\n", known_messages[known].id);
	if (field && subject > 0)
		snprintf(fields + used, size - used, "%s=%.*s\n", field,
			 (int)strcspn(text + 1, ".\""), text + 1);
}

/* text: of one line, printable. false: the journal cannot take it now. */
static bool send_to_journal(enum log_level level, enum log_known known, const char *token,
			    const char *text)
{
	char fields[2 * LINE_BYTES + 512], more[LINE_BYTES];
	int subject = subject_bytes(text);
	int bytes;

	put_known(more, sizeof(more), known, text);
	bytes = snprintf(fields, sizeof(fields),
			 "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nCORRIDORD_PART=%s\n%s%s%.*s%s"
			 "MESSAGE=%s: %s\n",
			 syslog_levels[level], program_invocation_short_name, token, more,
			 subject ? "CORRIDORD_SUBJECT=" : "", subject, text + 1,
			 subject ? "\n" : "", token, text);
	return bytes > 0 && (size_t)bytes < sizeof(fields) &&
	       send(log_journal_fd, fields, (size_t)bytes, MSG_NOSIGNAL) == bytes;
}

void log_set_level(enum log_level level)
{
	atomic_store(&log_limit, level);
}

bool log_debugging(void)
{
	return atomic_load(&log_limit) >= LOG_LEVEL_DEBUG;
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

static void write_line(enum log_level level, enum log_known known, const char *token, int err,
		       const char *format, va_list args) __attribute__((format(printf, 5, 0)));

static void write_line(enum log_level level, enum log_known known, const char *token, int err,
		       const char *format, va_list args)
{
	char line[LINE_BYTES];
	char text[128];
	size_t used, begin;
	int n;

	used = put_prefix(line, sizeof(line), level);
	n = snprintf(line + used, sizeof(line) - used, "%s: ", token);
	begin = used += (size_t)n;
	n = vsnprintf(line + used, sizeof(line) - used, format, args);
	if (n > 0)
		used += (size_t)n;
	if (used < sizeof(line) && err)
		snprintf(line + used, sizeof(line) - used, ": %s",
			 strerror_r(abs(err), text, sizeof(text)));
	used = utf8_print(line, sizeof(line) - 1, line);
	line[used] = '\0';
	if (log_journal_fd >= 0 && send_to_journal(level, known, token, line + begin))
		return;
	line[used++] = '\n';
	(void)!write(STDERR_FILENO, line, used);
}

void log_line(enum log_level level, enum log_known known, const char *token, int err,
	      const char *format, ...)
{
	int saved = errno;
	va_list args;

	if (level > atomic_load(&log_limit))
		return;
	va_start(args, format);
	write_line(level, known, token, err, format, args);
	va_end(args);
	errno = saved;
}
