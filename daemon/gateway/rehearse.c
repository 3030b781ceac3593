#include "gateway/rehearse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/loaded.h"
#include "transit/event/trace.h"
#include "transit/transit.h"

#define BEGIN_MONO_NS (1000 * NS_PER_S)
#define BEGIN_UTC_NS  (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01 */
#define TAIL_NS	      NS_PER_S /* goes by after the last line: debounce comes to rest */
#define LINE_BYTES    4096
#define STRANGERS     20 /* are told */

struct rehearsal {
	const struct config *config;
	const char *path;
	FILE *in, *out, *errors;
	struct loaded *loaded;
	struct transit *transit;
	struct instant now;
	struct trace trace;
	size_t line, strangers;
};

static void put_event(void *data, const struct event_draft *draft)
{
	struct rehearsal *rehearsal = data;

	if (draft->type)
		fprintf(rehearsal->out, "{\"type\":\"%s\",\"severity\":\"%s\",%.*s}\n",
			draft->type->name, severity_name(draft->type->severity),
			(int)draft->body_bytes, draft->body);
}

static void set_clock(struct rehearsal *rehearsal, int64_t mono_ns)
{
	rehearsal->now = (struct instant){.mono_ns = mono_ns,
					  .utc_ns = BEGIN_UTC_NS + mono_ns - BEGIN_MONO_NS,
					  .clock = CLOCK_SYNCED};
}

/* All that happens before this moment; the moment itself is still to come. */
static void advance(struct rehearsal *rehearsal, int64_t mono_ns)
{
	struct transit *transit = rehearsal->transit;

	if (mono_ns <= rehearsal->now.mono_ns)
		return;
	transit_judge_pending(transit, &rehearsal->now);
	while (transit_next_deadline(transit) < mono_ns) {
		set_clock(rehearsal, transit_next_deadline(transit));
		transit_tick(transit, &rehearsal->now);
	}
	set_clock(rehearsal, mono_ns);
}

/* ---- lines ----------------------------------------------------------------------------- */

static void tell_stranger(struct rehearsal *rehearsal, const char *name)
{
	if (rehearsal->strangers++ < STRANGERS)
		fprintf(rehearsal->errors, "%s:%zu: this configuration has no \"%s\"\n",
			rehearsal->path, rehearsal->line, name);
}

static void take_reading(struct rehearsal *rehearsal, const struct trace_entry *entry)
{
	const struct config *config = rehearsal->config;
	struct reading reading = entry->reading;
	char name[2 * TRACE_NAME_BYTES];

	snprintf(name, sizeof(name), "%s.%s", entry->device, entry->point);
	for (size_t i = 0; i < config->point_count; i++) {
		if (strcmp(config->points[i].name, name) != 0)
			continue;
		reading.point = (uint32_t)i;
		reading.at_mono_ns = rehearsal->now.mono_ns;
		transit_reading(rehearsal->transit, &reading, &rehearsal->now);
		return;
	}
	tell_stranger(rehearsal, name);
}

static void take_report(struct rehearsal *rehearsal, const struct trace_entry *entry)
{
	const struct config *config = rehearsal->config;
	struct device_report report = entry->report;

	for (size_t i = 0; i < config->device_count; i++) {
		if (strcmp(config->devices[i].name, entry->device) != 0)
			continue;
		report.device = (uint32_t)i;
		report.at_mono_ns = rehearsal->now.mono_ns;
		transit_device(rehearsal->transit, &report, &rehearsal->now);
		return;
	}
	tell_stranger(rehearsal, entry->device);
}

static int take_line(struct rehearsal *rehearsal, const char *line)
{
	struct trace_entry entry;
	int result = trace_parse(&rehearsal->trace, line, strlen(line), &entry);

	if (result < 0)
		fprintf(rehearsal->errors, "%s:%zu: %s\n", rehearsal->path, rehearsal->line,
			rehearsal->trace.error);
	if (result <= 0)
		return result;
	advance(rehearsal, BEGIN_MONO_NS + entry.at_ns);
	if (entry.kind == TRACE_DEVICE)
		take_report(rehearsal, &entry);
	else
		take_reading(rehearsal, &entry);
	return 0;
}

static int take_all(struct rehearsal *rehearsal)
{
	char line[LINE_BYTES];
	int err = 0;

	while (err == 0 && fgets(line, sizeof(line), rehearsal->in)) {
		rehearsal->line++;
		err = take_line(rehearsal, line);
	}
	if (err == 0 && ferror(rehearsal->in))
		err = -EIO;
	advance(rehearsal, rehearsal->now.mono_ns + TAIL_NS);
	transit_judge_pending(rehearsal->transit, &rehearsal->now);
	if (rehearsal->strangers > STRANGERS)
		fprintf(rehearsal->errors, "and %zu more such lines\n",
			rehearsal->strangers - STRANGERS);
	return err;
}

/* ---- whole ----------------------------------------------------------------------------- */

static int make_transit(struct rehearsal *rehearsal)
{
	const struct config *config = rehearsal->config;
	const struct event_sink sink = {.data = rehearsal, .put = put_event};
	struct transit_conf conf = {
		.checkpoint = config->checkpoint.id,
		.alarm_delay = config->checkpoint.alarm_delay,
		.boot = "replay",
		.country = config->checkpoint.country,
		.policy = &config->checkpoint.recognition,
	};
	int err = loaded_new(config, NULL, &rehearsal->loaded);

	if (err < 0)
		return err;
	loaded_fill(rehearsal->loaded, &conf);
	return transit_new(&conf, &sink, &rehearsal->transit);
}

int rehearse(const struct config *config, const char *path, FILE *out, FILE *errors)
{
	struct rehearsal rehearsal = {.config = config, .path = path, .out = out, .errors = errors};
	int err = -ENOENT;

	rehearsal.in = fopen(path, "re");
	if (!rehearsal.in) {
		err = -errno;
		fprintf(errors, "%s: %s\n", path, strerror(-err));
		return err;
	}
	err = make_transit(&rehearsal);
	if (err == 0) {
		set_clock(&rehearsal, BEGIN_MONO_NS);
		transit_start(rehearsal.transit, &rehearsal.now);
		err = take_all(&rehearsal);
	}
	transit_free(rehearsal.transit);
	loaded_free(rehearsal.loaded);
	(void)fclose(rehearsal.in);
	return err;
}
