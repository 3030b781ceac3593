#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock_watch.h"

#define BOOT_ID_BYTES 37
#define ASK_EVERY_NS  NS_PER_S

static int64_t to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

int64_t clock_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return to_ns(&ts);
}

/* From the file of corridord-clock: where UTC was when it was disciplined. */
static bool file_says_disciplined(int64_t mono_ns, int64_t utc_ns)
{
	int64_t ahead_ns;

	return clock_watch_read(CLOCK_WATCH_FILE, mono_ns, &ahead_ns) &&
	       clock_watch_same(ahead_ns, mono_ns, utc_ns);
}

static enum clock_state ask_discipline(int64_t mono_ns, int64_t utc_ns, enum clock_state before)
{
	bool disciplined = false;

	if (clock_watch_ask(&disciplined) < 0)
		disciplined = file_says_disciplined(mono_ns, utc_ns);
	if (disciplined)
		return CLOCK_SYNCED;
	return before == CLOCK_UNSYNCED ? CLOCK_UNSYNCED : CLOCK_HOLDOVER;
}

/* Asked once a second, and when UTC was moved. What was found is a fact of the machine, one per
 * process; whoever asks at the same time finds the same. */
static enum clock_state discipline(int64_t mono_ns, int64_t utc_ns)
{
	static _Atomic int64_t asked_mono_ns;
	static _Atomic int64_t asked_ahead_ns;
	static _Atomic enum clock_state found = CLOCK_UNSYNCED;
	const int64_t asked_ns = atomic_load(&asked_mono_ns);

	if (asked_ns == 0 || mono_ns - asked_ns >= ASK_EVERY_NS ||
	    !clock_watch_same(atomic_load(&asked_ahead_ns), mono_ns, utc_ns)) {
		atomic_store(&found, ask_discipline(mono_ns, utc_ns, atomic_load(&found)));
		atomic_store(&asked_ahead_ns, utc_ns - mono_ns);
		atomic_store(&asked_mono_ns, mono_ns);
	}
	return atomic_load(&found);
}

struct instant clock_now(void)
{
	struct timespec before, utc, after;
	struct instant now;

	clock_gettime(CLOCK_MONOTONIC, &before);
	clock_gettime(CLOCK_REALTIME, &utc);
	clock_gettime(CLOCK_MONOTONIC, &after);
	now.mono_ns = to_ns(&before) + (to_ns(&after) - to_ns(&before)) / 2;
	now.utc_ns = to_ns(&utc);
	now.clock = discipline(now.mono_ns, now.utc_ns);
	return now;
}

static char boot_id[BOOT_ID_BYTES];

static void read_boot_id(void)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, boot_id, BOOT_ID_BYTES - 1);
		close(fd);
	}
	if (n != BOOT_ID_BYTES - 1)
		snprintf(boot_id, sizeof(boot_id), "unknown");
}

const char *clock_boot_id(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_boot_id);
	return boot_id;
}

int clock_step_fd(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	clock_step_rearm(fd);
	return fd;
}

/* Due far in the future: it only ever fires by being cancelled. Beyond 2038 where time_t goes
 * there, for a clock that is wrong may stand there too. */
void clock_step_rearm(int fd)
{
	struct itimerspec never = {.it_value.tv_sec = sizeof(time_t) > 4
							      ? (time_t)(INT64_MAX / 2 / NS_PER_S)
							      : INT32_MAX};
	uint64_t expirations;

	(void)!read(fd, &expirations, sizeof(expirations));
	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}
