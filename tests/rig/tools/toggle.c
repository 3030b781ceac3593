/* Moves a simulated line: toggle PULL COUNT PAUSE_US writes pull-up, pull-down and so on to a
 * "pull" file of gpio-sim, COUNT times, and prints both clocks right before each write:
 * CLOCK_MONOTONIC and CLOCK_REALTIME, in nanoseconds.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void wait_until(int64_t at_ns)
{
	struct timespec ts = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_WRONLY | O_CLOEXEC) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: toggle PULL COUNT PAUSE_US\n");
		return 2;
	}
	for (int i = 0; i < atoi(argv[2]); i++) {
		const char *pull = i % 2 ? "pull-down" : "pull-up";
		int64_t mono_ns = now_ns(CLOCK_MONOTONIC);

		printf("%jd %jd\n", (intmax_t)mono_ns, (intmax_t)now_ns(CLOCK_REALTIME));
		if (pwrite(fd, pull, strlen(pull), 0) < 0) {
			perror(argv[1]);
			return 1;
		}
		if (atoi(argv[3]) > 0)
			wait_until(mono_ns + (int64_t)atoi(argv[3]) * 1000);
	}
	return 0;
}
