/* Log lines for people: one per change of state, never one per reading.
 *
 * Before including, a file defines LOG_TOKEN, the word its lines begin with:
 *     #define LOG_TOKEN "journal"
 * Under systemd a line carries its syslog level; on a terminal date and time in UTC. What cannot
 * be printed, as in a text from outside, is a "?" there. Safe from any thread. Only the
 * module that knows the instance logs; leaves return.
 */
#ifndef CORRIDORD_BASE_LOG_H
#define CORRIDORD_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Once, before any other thread is started. */
void log_open(enum log_level level);
/* After it, where standard error is the journal of systemd: lines go to its socket instead, with
 * fields to look for: CORRIDORD_PART, the token; CORRIDORD_SUBJECT, the name in quotes that a line
 * begins with; of messages that have an entry in the catalog more. A socket that cannot be reached is not used. */
#define LOG_JOURNAL "/run/systemd/journal/socket"
void log_open_journal(const char *socket_path);
void log_set_level(enum log_level level); /* at any time */
bool log_debugging(void);

/* Messages that the journal's catalog explains (systemd/corridord.catalog): these have a MESSAGE_ID,
 * and their subject stands in a field of its kind, too. */
enum log_known {
	LOG_UNKNOWN,
	LOG_DEVICE_DOWN,
	LOG_DEVICE_UP,
	LOG_DEVICE_UNREADABLE,
	LOG_POINT_OUT_OF_RANGE,
	LOG_BUS_DOWN,
	LOG_BUS_UP,
	LOG_JOURNAL_STALLED,
	LOG_JOURNAL_WRITTEN,
	LOG_JOURNAL_DISK_FULL,
	LOG_JOURNAL_DISK_ROOM,
	LOG_CLOCK_UNSYNCED,
	LOG_CLOCK_MOVED,
	LOG_RELOAD_REFUSED,
	LOG_RELOAD_DONE,
	LOG_KNOWN_COUNT
};

/* err: a positive or negative errno whose text is added, 0: none. */
void log_line(enum log_level level, enum log_known known, const char *token, int err,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));

#define log_as(level, known, err, ...) \
	log_line(LOG_LEVEL_##level, (known), LOG_TOKEN, (err), __VA_ARGS__)

/* Of one that the catalog has. */
#define log_known_warnx(known, ...) log_as(WARNING, known, 0, __VA_ARGS__)
#define log_known_info(known, ...)  log_as(INFO, known, 0, __VA_ARGS__)

#define log_error(err, ...) log_as(ERROR, LOG_UNKNOWN, err, __VA_ARGS__)
#define log_warn(err, ...)  log_as(WARNING, LOG_UNKNOWN, err, __VA_ARGS__)
#define log_warnx(...)	    log_as(WARNING, LOG_UNKNOWN, 0, __VA_ARGS__)
#define log_info(...)	    log_as(INFO, LOG_UNKNOWN, 0, __VA_ARGS__)
#define log_debug(...)                                              \
	do {                                                        \
		if (log_debugging())                                \
			log_as(DEBUG, LOG_UNKNOWN, 0, __VA_ARGS__); \
	} while (0)

#endif
