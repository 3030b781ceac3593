/* Each tests/traces/<what_happens>.trace gives tests/traces/<what_happens>.events, byte for
 * byte. UPDATE_TRACES=1 writes the latter anew: read the difference before committing it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../traces/replayer.h"

#define TRACES_MAX 200

static const char *folder(void)
{
	const char *folder = getenv("TRACES");

	return folder ? folder : "tests/traces";
}

static char *replayed(const char *name, enum replay_manner manner)
{
	char path[512], *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	snprintf(path, sizeof(path), "%s/%s.trace", folder(), name);
	replay_file(path, manner, out, NULL);
	fclose(out);
	return text;
}

static char *read_golden(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "re");

	if (!in)
		return strdup("");
	if (getdelim(&text, &size, '\0', in) < 0)
		text = strdup("");
	fclose(in);
	return text;
}

static void write_golden(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void a_trace_gives_the_events_written_beside_it(void **state)
{
	const char *name = *state;
	char path[512];
	char *events = replayed(name, REPLAY_IN_TIME), *golden;

	snprintf(path, sizeof(path), "%s/%s.events", folder(), name);
	if (getenv("UPDATE_TRACES"))
		write_golden(path, events);
	golden = read_golden(path);
	assert_string_equal(events, golden);
	free(golden);
	free(events);
}

/* The wall clock only labels; traces in which it steps are labelled by the time of the call. */
static void a_trace_gives_the_same_events_however_the_main_loop_comes_to_call(void **state)
{
	const char *name = *state;
	char *in_time, *in_a_hurry;

	if (strstr(name, "clock"))
		skip();
	in_time = replayed(name, REPLAY_IN_TIME);
	in_a_hurry = replayed(name, REPLAY_IN_A_HURRY);
	assert_string_equal(in_time, in_a_hurry);
	free(in_a_hurry);
	free(in_time);
}

static int is_trace(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return end && strcmp(end, ".trace") == 0;
}

int main(void)
{
	struct dirent **files;
	int count = scandir(folder(), &files, is_trace, alphasort), i;
	struct CMUnitTest tests[2 * TRACES_MAX];
	char names[2 * TRACES_MAX][300];
	int failed;

	if (count <= 0 || count > TRACES_MAX) {
		fprintf(stderr, "no traces in %s, or too many\n", folder());
		return 1;
	}
	for (i = 0; i < count; i++) {
		char *name = files[i]->d_name;

		*strrchr(name, '.') = '\0';
		snprintf(names[2 * i], sizeof(names[0]), "%s", name);
		snprintf(names[2 * i + 1], sizeof(names[0]), "%s, however called", name);
		tests[2 * i] = (struct CMUnitTest){
			.name = names[2 * i],
			.test_func = a_trace_gives_the_events_written_beside_it,
			.initial_state = name,
		};
		tests[2 * i + 1] = (struct CMUnitTest){
			.name = names[2 * i + 1],
			.test_func =
				a_trace_gives_the_same_events_however_the_main_loop_comes_to_call,
			.initial_state = name,
		};
	}
	failed = _cmocka_run_group_tests("traces", tests, (size_t)(2 * count), NULL, NULL);
	while (count-- > 0)
		free(files[count]);
	free(files);
	return failed != 0;
}
