#include "gateway/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "registry/registry.h"
#include "transit/transit.h"

#define LOG_TOKEN "clock"
#include "base/log.h"

#define BUS_BYTES  512 /* of the metrics, for a bus */
#define REST_BYTES 4096 /* for what is neither of a bus nor of a lane */
#define STEP_NS	   (NS_PER_S / 2) /* least change of UTC against monotonic time: a step */

static const char *const condition_names[] = {
	[JOURNAL_OK] = "ok",
	[JOURNAL_STALLED] = "stalled",
	[JOURNAL_VOLATILE] = "volatile",
};

static void put(struct health *health, struct event_draft *draft, enum event_id id,
		const struct jw *json)
{
	draft->type = event_type(id);
	draft->body = json->out;
	draft->body_bytes = json->bytes;
	if (jw_ok(json))
		health->sink.put(health->sink.data, draft);
}

static void put_note(struct health *health, enum event_id id, const struct jw *json)
{
	struct event_draft draft = {0};

	put(health, &draft, id, json);
}

static void put_run(struct health *health, enum event_id id, const struct jw *json,
		    const char *word)
{
	struct event_draft draft = {.state_key = HEALTH_STATE_KEY, .state_word = word};

	put(health, &draft, id, json);
}

static int64_t utc_offset(const struct instant *instant)
{
	return instant->utc_ns - instant->mono_ns;
}

void health_start(struct health *health, const struct event_sink *sink, int64_t uplink_alarm_ns,
		  const struct instant *now)
{
	*health = (struct health){
		.sink = *sink,
		.started = *now,
		.clock = *now,
		.trusted = *now,
		.uplink_alarm_ns = uplink_alarm_ns,
		.uplink_lost_ns = now->mono_ns,
		.uplink_due_ns = now->mono_ns + uplink_alarm_ns,
	};
}

void health_restore(struct health *health, const char *key, const char *word)
{
	if (strcmp(key, HEALTH_STATE_KEY) == 0)
		health->unclean = strcmp(word, "running") == 0;
	if (strcmp(key, SIGNER_STATE_KEY) == 0)
		snprintf(health->signer_keys, sizeof(health->signer_keys), "%s", word);
}

void health_resume(struct health *health, const struct instant *before, bool this_boot)
{
	health->before = *before;
	health->before_this_boot = this_boot;
}

/* How far the wall clock was moved while this was down. Within a boot the monotonic clock knows;
 * else only that a clock which is right cannot stand before one that was. */
static int64_t stepped_while_down(const struct health *health, const struct instant *now)
{
	const struct instant *before = &health->before;

	if (before->utc_ns == 0)
		return 0;
	if (health->before_this_boot)
		return utc_offset(now) - utc_offset(before);
	if (before->clock == CLOCK_UNSYNCED || now->clock != CLOCK_SYNCED ||
	    now->utc_ns > before->utc_ns)
		return 0;
	return now->utc_ns - before->utc_ns;
}

static void tell_step_while_down(struct health *health, const struct instant *now)
{
	int64_t step_ns = stepped_while_down(health, now);
	char body[EVENT_BODY_BYTES];
	struct jw json;

	if (llabs(step_ns) < STEP_NS)
		return;
	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	jw_open(&json, "observed");
	jw_text(&json, "previous", clock_state_name(health->before.clock));
	jw_int(&json, "correction_ns", step_ns);
	jw_utc(&json, "before", health->before.utc_ns);
	jw_close(&json);
	put_note(health, EVENT_CLOCK_STEPPED, &json);
}

void health_started(struct health *health, const struct config *config, const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	jw_open(&json, "observed");
	jw_text(&json, "version", version_text);
	jw_bool(&json, "unclean", health->unclean);
	jw_uint(&json, "buses", config->bus_count);
	jw_uint(&json, "devices", config->device_count);
	jw_uint(&json, "lanes", config->lane_count);
	jw_close(&json);
	put_run(health, EVENT_GATEWAY_STARTED, &json, "running");
	tell_step_while_down(health, now);
	if (now->clock == CLOCK_UNSYNCED) {
		log_known_warnx(LOG_CLOCK_UNSYNCED,
				"not synchronised: times are marked so until it is (is chrony or "
				"systemd-timesyncd running, and corridord-clock?)");
		event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
		put_note(health, EVENT_CLOCK_UNSYNCED, &json);
	}
}

void health_changed(struct health *health, const struct health_change *change,
		    const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	jw_open(&json, "observed");
	jw_text(&json, "user", change->user);
	jw_text(&json, "before", change->before);
	jw_text(&json, "after", change->after);
	jw_uint(&json, "buses_kept", change->buses_kept);
	jw_uint(&json, "buses_started", change->buses_started);
	jw_uint(&json, "buses_stopped", change->buses_stopped);
	jw_uint(&json, "buses", change->buses);
	jw_uint(&json, "devices", change->devices);
	jw_uint(&json, "lanes", change->lanes);
	jw_close(&json);
	put_note(health, EVENT_CONFIG_CHANGED, &json);
}

void health_stopped(struct health *health, const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	jw_open(&json, "observed");
	jw_int(&json, "uptime_s", (now->mono_ns - health->started.mono_ns) / NS_PER_S);
	jw_close(&json);
	put_run(health, EVENT_GATEWAY_STOPPED, &json, "stopped");
}

/* correction_ns: to be added to the UTC of this boot's events since the clock was last
 * synchronised. */
static void put_clock(struct health *health, enum event_id id, int64_t correction_ns,
		      const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	jw_open(&json, "observed");
	jw_text(&json, "previous", clock_state_name(health->clock.clock));
	jw_int(&json, "correction_ns", correction_ns);
	jw_close(&json);
	put_note(health, id, &json);
}

static void log_clock(const struct health *health, int64_t step_ns, const struct instant *now)
{
	if (llabs(step_ns) >= STEP_NS)
		log_known_warnx(LOG_CLOCK_MOVED, "the wall clock was moved by %.3f s",
				in_seconds(step_ns));
	if (now->clock == CLOCK_SYNCED && health->clock.clock != CLOCK_SYNCED)
		log_info("synchronised");
	if (now->clock != CLOCK_SYNCED && health->clock.clock == CLOCK_SYNCED)
		log_known_warnx(LOG_CLOCK_UNSYNCED, "no longer synchronised: times are marked so");
}

void health_clock(struct health *health, const struct instant *now)
{
	int64_t step_ns = utc_offset(now) - utc_offset(&health->clock);

	if (llabs(step_ns) >= STEP_NS)
		put_clock(health, EVENT_CLOCK_STEPPED, step_ns, now);
	if (now->clock == CLOCK_SYNCED && health->clock.clock != CLOCK_SYNCED)
		put_clock(health, EVENT_CLOCK_SYNCED,
			  utc_offset(now) - utc_offset(&health->trusted), now);
	if (now->clock != CLOCK_SYNCED && health->clock.clock == CLOCK_SYNCED)
		put_clock(health, EVENT_CLOCK_UNSYNCED, 0, now);
	log_clock(health, step_ns, now);
	if (now->clock == CLOCK_SYNCED)
		health->trusted = *now;
	health->clock = *now;
}

static void put_uplink(struct health *health, bool raised, const char *why,
		       const struct instant *now)
{
	struct event_draft draft = {0};
	char body[EVENT_BODY_BYTES];
	struct jw json;

	health->uplink_alarm = raised;
	event_body_start(&json, body, sizeof(body), NULL, NULL,
			 raised ? health->uplink_lost_ns : now->mono_ns, now);
	event_alarm(&draft, &json, raised ? ALARM_RAISED : ALARM_CLEARED);
	jw_open(&json, "observed");
	if (raised)
		jw_text(&json, "why", why);
	else
		jw_int(&json, "down_ms", (now->mono_ns - health->uplink_lost_ns) / NS_PER_MS);
	jw_close(&json);
	put(health, &draft, EVENT_UPLINK_DOWN, &json);
}

void health_uplink(struct health *health, bool connected, const struct instant *now)
{
	if (connected && health->uplink_alarm)
		put_uplink(health, false, NULL, now);
	if (connected) {
		health->uplink_due_ns = INT64_MAX;
	} else if (health->uplink_due_ns == INT64_MAX && !health->uplink_alarm) {
		health->uplink_lost_ns = now->mono_ns;
		health->uplink_due_ns = now->mono_ns + health->uplink_alarm_ns;
	}
}

void health_signer(struct health *health, const char *why, const struct instant *now)
{
	const bool raised = why[0] != '\0';
	struct event_draft draft = {0};
	char body[EVENT_BODY_BYTES];
	struct jw json;

	if (raised == health->signer_alarm)
		return;
	health->signer_alarm = raised;
	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	event_alarm(&draft, &json, raised ? ALARM_RAISED : ALARM_CLEARED);
	jw_open(&json, "observed");
	if (raised)
		jw_text(&json, "why", why);
	else
		jw_int(&json, "unsigned_ms", (now->mono_ns - health->unsigned_ns) / NS_PER_MS);
	jw_close(&json);
	health->unsigned_ns = now->mono_ns;
	put(health, &draft, EVENT_SIGNER_FAILED, &json);
}

/* "<name>+<id>+<key> ..." */
static void ids_of(const char *keys, char ids[STATE_WORD_BYTES])
{
	size_t used = 0;

	ids[0] = '\0';
	for (const char *key = keys; key; key = strchr(key + 1, ' '))
		used += (size_t)snprintf(ids + used, STATE_WORD_BYTES - used, "%s%.8s",
					 used ? "," : "", strchr(key, '+') + 1);
}

/* Those of one list that are not in the other. */
static void put_ids(struct jw *json, const char *name, const char *ids, const char *others)
{
	char id[9];

	jw_open_array(json, name);
	for (; strlen(ids) >= 8; ids += ids[8] ? 9 : 8) {
		snprintf(id, sizeof(id), "%.8s", ids);
		if (!strstr(others, id))
			jw_text(json, NULL, id);
	}
	jw_close_array(json);
}

static void put_keys(struct jw *json, const char *keys)
{
	char key[SIGNER_KEYS_BYTES];

	jw_open_array(json, "keys");
	for (; keys; keys = strchr(keys, ' ') ? strchr(keys, ' ') + 1 : NULL) {
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(keys, " "), keys);
		jw_text(json, NULL, key);
	}
	jw_close_array(json);
}

void health_keys(struct health *health, const char *keys, const struct instant *now)
{
	char body[EVENT_BODY_BYTES], ids[STATE_WORD_BYTES];
	struct event_draft draft = {.state_key = SIGNER_STATE_KEY, .state_word = ids};
	struct jw json;

	ids_of(keys, ids);
	if (strcmp(ids, health->signer_keys) == 0)
		return;
	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	jw_open(&json, "observed");
	put_keys(&json, keys);
	put_ids(&json, "joined", ids, health->signer_keys);
	put_ids(&json, "left", health->signer_keys, ids);
	jw_close(&json);
	put(health, &draft, EVENT_SIGNER_KEYS, &json);
	memcpy(health->signer_keys, ids, sizeof(ids));
}

int64_t health_next_deadline(const struct health *health)
{
	return health->uplink_due_ns;
}

void health_tick(struct health *health, const struct uplink_counters *uplink,
		 const struct instant *now)
{
	if (now->mono_ns < health->uplink_due_ns)
		return;
	health->uplink_due_ns = INT64_MAX;
	if (!uplink->connected) /* else it came back a moment ago */
		put_uplink(health, true, uplink->error, now);
}

static void put_buses(struct jw *json, const struct health_view *view)
{
	jw_open_array(json, "buses");
	for (size_t i = 0; i < view->bus_count; i++) {
		struct bus_counters counters = bus_counters(view->buses[i]);

		jw_open(json, NULL);
		jw_text(json, "name", bus_name(view->buses[i]));
		jw_bool(json, "open", counters.open);
		jw_uint(json, "polls", counters.polls);
		jw_uint(json, "failures", counters.failures);
		jw_uint(json, "skipped", counters.skipped);
		jw_uint(json, "reopened", counters.reopened);
		jw_uint(json, "devices_down", counters.devices_down);
		jw_int(json, "retry_ms", counters.retry_ns / NS_PER_MS);
		jw_close(json);
	}
	jw_close_array(json);
}

static void put_journal(struct jw *json, struct journal *journal)
{
	struct journal_counters counters = journal_counters(journal);

	jw_open(json, "journal");
	jw_text(json, "condition", condition_names[counters.condition]);
	if (counters.error[0])
		jw_text(json, "error", counters.error);
	jw_uint(json, "events", counters.events);
	jw_uint(json, "commits", counters.commits);
	jw_uint(json, "backlog", counters.backlog);
	jw_uint(json, "evicted", counters.evicted);
	jw_uint(json, "waits", counters.waits);
	jw_int(json, "used_bytes", counters.used_bytes);
	jw_int(json, "sync_max_us", counters.sync_max_ns / NS_PER_US);
	jw_close(json);
}

static void put_link(struct jw *json, const struct health_view *view, const struct instant *now)
{
	struct uplink_counters counters = uplink_counters(view->uplink);

	jw_open(json, "uplink");
	jw_text(json, "host", counters.host);
	jw_int(json, "since_s", (now->mono_ns - counters.since_mono_ns) / NS_PER_S);
	jw_uint(json, "connects", counters.connects);
	jw_uint(json, "published", counters.published);
	jw_uint(json, "acknowledged", counters.acknowledged);
	jw_uint(json, "refused", counters.refused);
	jw_uint(json, "dropped", counters.dropped + view->dropped);
	jw_close(json);
}

static void put_registry(struct jw *json, struct registry *registry)
{
	struct registry_counters counters;

	if (!registry)
		return;
	counters = registry_counters(registry);
	jw_open(json, "registry");
	jw_uint(json, "questions", counters.questions);
	jw_uint(json, "answers", counters.answers);
	jw_uint(json, "failed", counters.failed);
	jw_uint(json, "records", counters.records);
	jw_uint(json, "unchanged", counters.unchanged);
	jw_uint(json, "removed", counters.removed);
	jw_uint(json, "refused", counters.refused);
	jw_int(json, "stream_bytes", counters.stream_bytes);
	jw_close(json);
}

static void put_shortage(struct jw *json, const struct journal_counters *counters,
			 const struct instant *now)
{
	if (!counters->full_path)
		return;
	jw_open(json, "disk_full");
	jw_text(json, "path", counters->full_path);
	jw_int(json, "since_s", (now->mono_ns - counters->full_since_ns) / NS_PER_S);
	jw_uint(json, "evicted", counters->full_evicted);
	jw_close(json);
}

void health_status(const struct health *health, struct journal *journal, const struct instant *now,
		   struct jw *json)
{
	struct journal_counters counters = journal_counters(journal);
	char hash[EVENT_HEX_BYTES];

	jw_text(json, "version", version_text);
	jw_int(json, "uptime_s", (now->mono_ns - health->started.mono_ns) / NS_PER_S);
	jw_utc(json, "utc", now->utc_ns);
	jw_text(json, "clock", clock_state_name(now->clock));
	event_hex(counters.head.hash, hash);
	jw_open(json, "journal");
	jw_text(json, "condition", condition_names[counters.condition]);
	if (counters.error[0])
		jw_text(json, "error", counters.error);
	jw_text(json, "epoch", counters.head.epoch);
	jw_uint(json, "seq", counters.head.seq);
	jw_text(json, "hash", hash);
	jw_uint(json, "backlog", counters.backlog);
	put_shortage(json, &counters, now);
	jw_close(json);
}

static void put_refused(struct jw *json, const struct uplink_counters *counters)
{
	bool any = false;

	for (int i = 0; i < REFUSED_KINDS; i++) {
		if (!counters->not_taken[i][0])
			continue;
		if (!any)
			jw_open_array(json, "refused");
		jw_text(json, NULL, counters->not_taken[i]);
		any = true;
	}
	if (any)
		jw_close_array(json);
}

static void put_uplink_state(struct jw *json, const struct health_view *view,
			     const struct instant *now)
{
	struct uplink_counters counters = uplink_counters(view->uplink);

	jw_open(json, "uplink");
	jw_bool(json, "connected", counters.connected);
	jw_text(json, "host", counters.host);
	jw_int(json, "since_s", (now->mono_ns - counters.since_mono_ns) / NS_PER_S);
	if (counters.error[0])
		jw_text(json, "error", counters.error);
	put_refused(json, &counters);
	jw_close(json);
}

void health_status_more(const struct health_view *view, const struct instant *now, struct jw *json)
{
	put_uplink_state(json, view, now);
	put_registry(json, view->registry);
}

void health_line(const struct health_view *view, size_t devices, char out[HEALTH_LINE_BYTES])
{
	const struct journal_counters journal = journal_counters(view->journal);
	const struct uplink_counters uplink = uplink_counters(view->uplink);
	size_t down = 0;

	for (size_t i = 0; i < view->bus_count; i++)
		down += bus_counters(view->buses[i]).devices_down;
	snprintf(out, HEALTH_LINE_BYTES,
		 "%zu of %zu devices answer; %s%s%s; journal %s; %llu events to send",
		 devices - down, devices, uplink.connected ? "connected to " : "not connected",
		 uplink.connected ? uplink.host : "",
		 uplink.not_taken[REFUSED_EVENTS][0] ? ", which refuses events" : "",
		 condition_names[journal.condition], (unsigned long long)journal.backlog);
}

size_t health_metrics_bytes(const struct config *config)
{
	return REST_BYTES + config->bus_count * BUS_BYTES +
	       (config->lane_count + 1) * TRANSIT_LANE_METRICS;
}

/* The second number of /proc/self/statm, in pages. */
static int64_t rss_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	char line[128] = "";
	const char *resident;

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	resident = strchr(line, ' ');
	return resident ? strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

size_t health_metrics(const struct health *health, const struct health_view *view,
		      const struct instant *now, char *out, size_t size)
{
	struct jw json;

	jw_start(&json, out, size);
	jw_int(&json, "uptime_s", (now->mono_ns - health->started.mono_ns) / NS_PER_S);
	jw_int(&json, "rss_bytes", rss_bytes());
	jw_uint(&json, "capture_waits", capture_waits(view->captures));
	put_buses(&json, view);
	put_journal(&json, view->journal);
	put_link(&json, view, now);
	put_registry(&json, view->registry);
	transit_metrics(view->transit, &json);
	return jw_ok(&json) ? json.bytes : 0;
}
