#include "unit.h"

#include <time.h>

int64_t real_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void look_again(int64_t until_ns, const char *condition)
{
	if (real_mono_ns() > until_ns)
		fail_msg("waited in vain for: %s", condition);
	take_time(1 * MS);
}

void take_time(int64_t span_ns)
{
	struct timespec span = clock_timespec(span_ns);

	if (span_ns > 0)
		nanosleep(&span, NULL);
}

void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("there is no %s in %s", part, text);
}

void shell(const char *format, ...)
{
	char command[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("%s", command);
}

void cannot(const char *reason)
{
	const char *ci = getenv("CI");

	if (ci && strcmp(ci, "true") == 0)
		fail_msg("%s, and everything must run", reason);
	print_message("skipped: %s\n", reason);
	skip();
}
