/* corridord-clock FILE: tells the daemon whether the wall clock is disciplined (clock_watch.h). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/clock_watch.h"
#include "base/version.h"

#define EX_USAGE 64

/* Once for each reason, not every ten seconds. */
static void complain(const char *path, int err)
{
	static int last;

	if (err < 0 && err != last)
		fprintf(stderr, "%s: %s\n", path, strerror(-err));
	last = err;
}

static void look(const char *path)
{
	struct instant now = clock_now(); /* first: a step after it does not go unnoticed */
	struct clock_answer answer = {
		.asked_mono_ns = now.mono_ns,
		.ahead_ns = now.utc_ns - now.mono_ns,
	};
	int err = clock_watch_ask(&answer.disciplined);

	if (err == 0)
		err = clock_watch_write(path, &answer);
	complain(path, err);
}

int main(int argc, char **argv)
{
	struct pollfd step = {.events = POLLIN};

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("corridord-clock %s\n", version_text);
		return EXIT_SUCCESS;
	}
	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "corridord-clock FILE: keeps in FILE whether the clock is set\n");
		return EX_USAGE;
	}
	umask(022);
	step.fd = clock_step_fd();
	if (step.fd < 0) {
		fprintf(stderr, "no timer: %s\n", strerror(-step.fd));
		return EXIT_FAILURE;
	}
	for (;;) {
		look(argv[1]);
		if (poll(&step, 1, (int)(CLOCK_WATCH_EVERY_NS / NS_PER_MS)) > 0)
			clock_step_rearm(step.fd);
	}
}
