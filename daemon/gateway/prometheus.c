#include "gateway/prometheus.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/version.h"
#include "registry/registry.h"

#define MODE 0640 /* for the group of the service */

/* ---- the form ------------------------------------------------------------------------------ */

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP corridord_%s %s\n# TYPE corridord_%s %s\n", name, help, name, type);
}

/* Values of labels are quoted. */
static void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		if (*text == '\n')
			fputs("\\n", out);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void gauge(FILE *out, const char *name, const char *help, int64_t value)
{
	family(out, name, "gauge", help);
	fprintf(out, "corridord_%s %" PRId64 "\n", name, value);
}

static void gauge_seconds(FILE *out, const char *name, const char *help, int64_t ns)
{
	family(out, name, "gauge", help);
	fprintf(out, "corridord_%s %.6f\n", name, in_seconds(ns));
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "counter", help);
	fprintf(out, "corridord_%s %" PRIu64 "\n", name, value);
}

/* ---- what is told -------------------------------------------------------------------------- */

static void put_gateway(FILE *out, const struct config *config, const struct health *health,
			const struct health_view *view, const struct instant *now)
{
	family(out, "info", "gauge", "Whose numbers these are.");
	fputs("corridord_info{checkpoint=", out);
	put_text(out, config->checkpoint.id);
	fputs(",gateway=", out);
	put_text(out, config->gateway.id);
	fputs(",version=", out);
	put_text(out, version_text);
	fputs("} 1\n", out);
	gauge_seconds(out, "uptime_seconds", "Since the daemon started.",
		      now->mono_ns - health->started.mono_ns);
	gauge(out, "clock_synced", "1: the clock is synchronised; 0: times are marked as not.",
	      now->clock == CLOCK_SYNCED);
	gauge(out, "devices", "Configured.", (int64_t)config->device_count);
	counter(out, "capture_waits_total", "Times that readings waited for the journal.",
		capture_waits(view->captures));
}

static void put_journal(FILE *out, struct journal *journal)
{
	const struct journal_counters counters = journal_counters(journal);

	gauge(out, "journal_stalled", "1: nothing can be written.",
	      counters.condition == JOURNAL_STALLED);
	gauge(out, "journal_volatile", "1: in memory only, lost with the power.",
	      counters.condition == JOURNAL_VOLATILE);
	gauge(out, "journal_disk_full", "1: its disk has no room, what was sent makes room.",
	      counters.full_path != NULL);
	gauge(out, "journal_backlog", "Events that the broker has not acknowledged.",
	      (int64_t)counters.backlog);
	gauge(out, "journal_used_bytes", "Of the quota.", counters.used_bytes);
	gauge_seconds(out, "journal_sync_max_seconds", "The longest commit since the last metrics.",
		      counters.sync_max_ns);
	counter(out, "journal_events_total", "Journalled since the start.", counters.events);
	counter(out, "journal_commits_total", "Transactions since the start.", counters.commits);
	counter(out, "journal_evicted_total", "Events given up for want of room.",
		counters.evicted);
}

static void put_uplink(FILE *out, const struct health_view *view)
{
	const struct uplink_counters counters = uplink_counters(view->uplink);

	gauge(out, "uplink_connected", "1: there is a broker.", counters.connected);
	counter(out, "uplink_connects_total", "Connections since the start.", counters.connects);
	counter(out, "uplink_published_total", "Messages sent.", counters.published);
	counter(out, "uplink_acknowledged_total", "Messages acknowledged.", counters.acknowledged);
	counter(out, "uplink_refused_total", "Messages that the broker did not take.",
		counters.refused);
	counter(out, "uplink_dropped_total", "Messages received for which there was no room.",
		counters.dropped + view->dropped);
}

static void put_registry(FILE *out, struct registry *registry)
{
	struct registry_counters counters;

	if (!registry)
		return;
	counters = registry_counters(registry);
	counter(out, "registry_questions_total", "Numbers looked up.", counters.questions);
	counter(out, "registry_records_total", "Records taken.", counters.records);
	counter(out, "registry_refused_total", "Records that were not understood.",
		counters.refused);
}

static void put_bus(FILE *out, const char *name, const struct bus *bus, uint64_t value)
{
	fprintf(out, "corridord_%s{bus=", name);
	put_text(out, bus_name(bus));
	fprintf(out, "} %" PRIu64 "\n", value);
}

static void put_buses(FILE *out, const struct health_view *view)
{
	static const struct {
		const char *name, *type, *help;
	} families[] = {
		{"bus_open", "gauge", "1: the line or connection is there."},
		{"bus_devices_down", "gauge", "Devices that do not answer."},
		{"bus_polls_total", "counter", "Polls of its devices."},
		{"bus_failures_total", "counter", "Polls that failed."},
		{"bus_skipped_total", "counter", "Polls that had no time."},
		{"bus_reopened_total", "counter", "Times that it was opened again."},
	};

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++) {
		family(out, families[f].name, families[f].type, families[f].help);
		for (size_t i = 0; i < view->bus_count; i++) {
			const struct bus_counters counters = bus_counters(view->buses[i]);
			const uint64_t values[] = {counters.open,    counters.devices_down,
						   counters.polls,   counters.failures,
						   counters.skipped, counters.reopened};

			put_bus(out, families[f].name, view->buses[i], values[f]);
		}
	}
}

/* ---- the file ------------------------------------------------------------------------------ */

/* The exporter takes no file whose name does not end in .prom, so none that is half written. */
static FILE *open_beside(const char *path, char beside[PATH_MAX])
{
	FILE *out;
	int fd;

	if (snprintf(beside, PATH_MAX, "%s.new", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0)
		return NULL;
	(void)fchmod(fd, MODE);
	out = fdopen(fd, "w");
	if (!out)
		close(fd);
	return out;
}

int prometheus_write(const struct config *config, const struct health *health,
		     const struct health_view *view, const struct instant *now)
{
	const char *path = config->gateway.prometheus;
	char beside[PATH_MAX];
	bool whole;
	FILE *out;

	if (!path)
		return 0;
	out = open_beside(path, beside);
	if (!out)
		return -errno;
	put_gateway(out, config, health, view, now);
	put_journal(out, view->journal);
	put_uplink(out, view);
	put_registry(out, view->registry);
	put_buses(out, view);
	whole = !ferror(out);
	if (fclose(out) == 0 && whole && rename(beside, path) == 0)
		return 0;
	return errno > 0 ? -errno : -EIO;
}
