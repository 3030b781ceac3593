#include "replayer.h"

#include <stdio.h>
#include <string.h>

#include "transit/event/trace.h"

void replay_setup(struct replay *replay, const char *name)
{
	replay->setup = setup_by_name(name);
	if (!replay->setup)
		replay_fail("there is no setup \"%s\"", name);
	replay->now.clock = CLOCK_SYNCED;
	replay_clock(replay, REPLAY_MONO_NS);
	replay_begin(replay);
}

static void replay_set_clock(struct replay *replay, const char *word, double ahead_s)
{
	enum clock_state state = CLOCK_UNSYNCED;

	while (strcmp(clock_state_name(state), word) != 0)
		state++;
	if (replay->manner != REPLAY_IN_A_HURRY)
		replay_flush(replay);
	replay->ahead_ns = (int64_t)(ahead_s * 1e9);
	replay->now.clock = state;
	replay_clock(replay, replay->now.mono_ns);
}

static void replay_direct(struct replay *replay, char *line)
{
	char word[32];
	double seconds;

	if (replay_register(replay, line) || replay_word(replay, line) || replay_hear(replay, line))
		return;

	if (sscanf(line, "#! setup %31s", word) == 1) {
		replay_setup(replay, word);
	} else if (sscanf(line, "#! clock %31s %lf", word, &seconds) == 2) {
		replay_set_clock(replay, word, seconds);
	} else if (sscanf(line, "#! until %lf", &seconds) == 1) {
		replay_to(replay, replay_seconds(seconds));
		replay_flush(replay);
	} else if (strncmp(line, "#! restart", 10) == 0) {
		replay_restart(replay);
	} else if (strncmp(line, "#! boot", 7) == 0) {
		replay->boot = "77aa88bb-1111-4222-8333-944445555666";
		replay_restart(replay);
	} else {
		replay_fail("what is %s", line);
	}
}

static uint32_t replay_device(const struct replay *replay, const char *name)
{
	uint32_t i;

	for (i = 0; i < replay->setup->conf.device_count; i++)
		if (strcmp(replay->setup->conf.devices[i].name, name) == 0)
			return i;
	replay_fail("there is no device \"%s\"", name);
}

static uint32_t replay_point(const struct replay *replay, const struct trace_entry *entry)
{
	char name[2 * TRACE_NAME_BYTES];
	uint32_t i;

	snprintf(name, sizeof(name), "%s.%s", entry->device, entry->point);
	for (i = 0; i < replay->setup->conf.point_count; i++)
		if (strcmp(replay->setup->conf.points[i].name, name) == 0)
			return i;
	replay_fail("there is no point \"%s\"", name);
}

static void replay_entry(struct replay *replay, struct trace_entry *entry)
{
	int64_t at_mono_ns = REPLAY_MONO_NS + entry->at_ns;

	replay_to(replay, at_mono_ns);
	if (entry->kind == TRACE_DEVICE) {
		entry->report.device = replay_device(replay, entry->device);
		entry->report.at_mono_ns = at_mono_ns;
		transit_device(replay->transit, &entry->report, &replay->now);
		return;
	}
	entry->reading.point = replay_point(replay, entry);
	entry->reading.at_mono_ns = at_mono_ns;
	transit_reading(replay->transit, &entry->reading, &replay->now);
}

size_t replay_file(const char *path, enum replay_manner manner, FILE *out, FILE *payloads)
{
	struct replay replay = {
		.out = out,
		.payloads = payloads,
		.manner = manner,
		.head = {.epoch = "00000000000000e1"},
		.boot = replay_origin.boot,
	};
	struct trace trace = {0};
	struct trace_entry entry;
	char line[TRACE_LINE_BYTES];
	FILE *in = fopen(path, "re");
	int rc;

	if (!in)
		replay_fail("cannot read %s", path);
	table_init(&replay.table);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "#!", 2) == 0) {
			replay_direct(&replay, line);
			continue;
		}
		rc = trace_parse(&trace, line, strlen(line), &entry);
		if (rc < 0)
			replay_fail("%s: %s: %s", path, line, trace.error);
		if (rc > 0)
			replay_entry(&replay, &entry);
	}
	fclose(in);
	replay_end(&replay);
	return replay.events;
}
