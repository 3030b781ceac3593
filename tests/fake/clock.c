/* A wall clock that a test steps, linked in place of daemon/base/clock.c.
 *
 * Monotonic time is the machine's. The file named by CORRIDORD_FAKE_CLOCK holds
 * two little-endian int64: nanoseconds added to the real wall clock, and the
 * clock state (enum clock_state). Without it the wall clock is real and synced.
 */
#include "base/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 100

struct dial {
	_Atomic int64_t offset_ns;
	_Atomic int64_t state;
};

static struct dial unset = {.offset_ns = 0, .state = CLOCK_SYNCED};
static struct dial *dial = &unset;

static void map_dial(void)
{
	const char *path = getenv("CORRIDORD_FAKE_CLOCK");
	void *map;
	int fd;

	if (!path)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	map = mmap(NULL, sizeof(*dial), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	dial = map;
}

static struct dial *the_dial(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, map_dial);
	return dial;
}

static int64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

struct instant clock_now(void)
{
	struct dial *now = the_dial();

	return (struct instant){
		.mono_ns = read_clock(CLOCK_MONOTONIC),
		.utc_ns = read_clock(CLOCK_REALTIME) + atomic_load(&now->offset_ns),
		.clock = (enum clock_state)atomic_load(&now->state),
	};
}

const char *clock_boot_id(void)
{
	return "00000000-0000-4000-8000-000000000001";
}

/* A step cannot cancel this timer: the file is looked at every LOOK_EVERY_MS. */
int clock_step_fd(void)
{
	const struct timespec period = {.tv_nsec = LOOK_EVERY_MS * NS_PER_MS};
	const struct itimerspec every = {.it_interval = period, .it_value = period};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &every, NULL);
	return fd;
}

void clock_step_rearm(int fd)
{
	uint64_t expirations;

	(void)!read(fd, &expirations, sizeof(expirations));
}
