/* Each tests/traces/<what_happens>.trace gives tests/traces/<what_happens>.events, byte for
 * byte. UPDATE_TRACES=1 writes the latter anew: read the difference before committing it. */
#include "rig/unit.h"

#include <dirent.h>

#include "../traces/replayer.h"

#define TRACES_MAX 400
#define TESTS_EACH 4

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

static void a_trace_gives_the_same_events_while_its_configuration_is_loaded_again(void **state)
{
	char *alone, *rewired;

	if (strstr(*state, "clock"))
		skip();
	alone = replayed(*state, REPLAY_IN_TIME);
	rewired = replayed(*state, REPLAY_REWIRED);
	assert_string_equal(alone, rewired);
	free(rewired);
	free(alone);
}

/* The value of a member, or nothing. */
static void put_member(FILE *out, const char *line, const char *end, const char *key)
{
	const char *at = strstr(line, key);

	if (at && at < end)
		fprintf(out, "%.*s ", (int)strcspn(at, ",}"), at);
}

/* What each event is of, leaving out who is recognised. The type has the severity. */
static char *kinds_of(char *events)
{
	char *text = NULL, *line, *save = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	for (line = strtok_r(events, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *end = line + strlen(line);

		put_member(out, line, end, "\"type\":");
		put_member(out, line, end, "\"lane\":");
		put_member(out, line, end, "\"alarm\":");
		put_member(out, line, end, "\"result\":");
		put_member(out, line, end, "\"state\":");
		put_member(out, line, end, "\"mono_ns\":");
		fputc('\n', out);
	}
	fclose(out);
	return text;
}

/* No event about a seal, a barrier or a route is left out, late or of another severity for
 * an operator that is recognised. */
static void an_operators_standing_changes_nothing_that_is_told_as_wrong(void **state)
{
	char *events, *events_without, *with, *without;

	events = replayed(*state, REPLAY_IN_TIME);
	events_without = replayed(*state, REPLAY_WITHOUT_AEO);
	with = kinds_of(events);
	without = kinds_of(events_without);
	assert_string_equal(with, without);
	free(with);
	free(without);
	free(events);
	free(events_without);
}

static int is_trace(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return end && strcmp(end, ".trace") == 0;
}

static const struct {
	const char *words;
	CMUnitTestFunction test;
} manners[TESTS_EACH] = {
	{"", a_trace_gives_the_events_written_beside_it},
	{", however called", a_trace_gives_the_same_events_however_the_main_loop_comes_to_call},
	{", reloaded", a_trace_gives_the_same_events_while_its_configuration_is_loaded_again},
	{", whoever it is", an_operators_standing_changes_nothing_that_is_told_as_wrong},
};

int main(void)
{
	struct dirent **files;
	int count = scandir(folder(), &files, is_trace, alphasort), i;
	struct CMUnitTest tests[TESTS_EACH * TRACES_MAX];
	char names[TESTS_EACH * TRACES_MAX][300];
	int failed;

	if (count <= 0 || count > TRACES_MAX) {
		fprintf(stderr, "no traces in %s, or too many\n", folder());
		return 1;
	}
	for (i = 0; i < TESTS_EACH * count; i++) {
		char *name = files[i / TESTS_EACH]->d_name;

		if (i % TESTS_EACH == 0)
			*strrchr(name, '.') = '\0';
		snprintf(names[i], sizeof(names[0]), "%s%s", name, manners[i % TESTS_EACH].words);
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = manners[i % TESTS_EACH].test,
			.initial_state = name,
		};
	}
	failed = _cmocka_run_group_tests("traces", tests, (size_t)(TESTS_EACH * count), NULL, NULL);
	while (count-- > 0)
		free(files[count]);
	free(files);
	return failed != 0;
}
