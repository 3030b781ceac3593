#include "health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "registry_desk.h"
#include "transit/transit.h"

#define BUS_BYTES  512 /* of the metrics, for a bus */
#define REST_BYTES 4096 /* for all but buses, lanes and alarms */
#define STEP_NS	   (NS_PER_S / 2) /* a change of UTC against monotonic time is a step from here on */

static const char *const condition_names[] = {
	[JOURNAL_OK] = "ok",
	[JOURNAL_STALLED] = "stalled",
	[JOURNAL_VOLATILE] = "volatile",
};

static void put_note(struct health *health, enum event_id id, struct json *json)
{
	struct event_draft draft = {
		.type = event_type(id), .body = json->out, .body_bytes = json->bytes};

	if (json_ok(json))
		health->sink.put(health->sink.data, &draft);
}

static void put_run(struct health *health, enum event_id id, struct json *json, const char *word)
{
	struct event_draft draft = {
		.type = event_type(id),
		.body = json->out,
		.body_bytes = json->bytes,
		.state_key = HEALTH_STATE_KEY,
		.state_word = word,
	};

	health->sink.put(health->sink.data, &draft);
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
}

void health_started(struct health *health, const struct config *config, const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct json json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	json_open(&json, "observed");
	json_text(&json, "version", VERSION);
	json_bool(&json, "unclean", health->unclean);
	json_uint(&json, "buses", config->bus_count);
	json_uint(&json, "devices", config->device_count);
	json_uint(&json, "lanes", config->lane_count);
	json_close(&json);
	put_run(health, EVENT_GATEWAY_STARTED, &json, "running");
	if (now->clock == CLOCK_UNSYNCED) {
		event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
		put_note(health, EVENT_CLOCK_UNSYNCED, &json);
	}
}

void health_stopped(struct health *health, const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct json json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	json_open(&json, "observed");
	json_int(&json, "uptime_s", (now->mono_ns - health->started.mono_ns) / NS_PER_S);
	json_close(&json);
	put_run(health, EVENT_GATEWAY_STOPPED, &json, "stopped");
}

/* correction_ns: what has to be added to the UTC of this boot's earlier events, back to when the
 * clock was last synchronised. */
static void put_clock(struct health *health, enum event_id id, int64_t correction_ns,
		      const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct json json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now->mono_ns, now);
	json_open(&json, "observed");
	json_text(&json, "previous", clock_state_name(health->clock.clock));
	json_int(&json, "correction_ns", correction_ns);
	json_close(&json);
	put_note(health, id, &json);
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
	if (now->clock == CLOCK_SYNCED)
		health->trusted = *now;
	health->clock = *now;
}

static void put_uplink(struct health *health, bool raised, const char *why,
		       const struct instant *now)
{
	char body[EVENT_BODY_BYTES];
	struct json json;

	health->uplink_alarm = raised;
	event_body_start(&json, body, sizeof(body), NULL, NULL,
			 raised ? health->uplink_lost_ns : now->mono_ns, now);
	json_text(&json, "alarm", raised ? "raised" : "cleared");
	json_open(&json, "observed");
	if (raised)
		json_text(&json, "why", why);
	else
		json_int(&json, "down_ms", (now->mono_ns - health->uplink_lost_ns) / NS_PER_MS);
	json_close(&json);
	put_note(health, EVENT_UPLINK_DOWN, &json);
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
	if (!uplink->connected) /* it may have come back a moment ago */
		put_uplink(health, true, uplink->error, now);
}

static void put_buses(struct json *json, const struct health_view *view)
{
	size_t i;

	json_open_array(json, "buses");
	for (i = 0; i < view->bus_count; i++) {
		struct bus_counters counters = bus_counters(view->buses[i]);

		json_open(json, NULL);
		json_text(json, "name", bus_name(view->buses[i]));
		json_bool(json, "open", counters.open);
		json_uint(json, "polls", counters.polls);
		json_uint(json, "failures", counters.failures);
		json_uint(json, "skipped", counters.skipped);
		json_uint(json, "reopened", counters.reopened);
		json_uint(json, "devices_down", counters.devices_down);
		json_close(json);
	}
	json_close_array(json);
}

static void put_journal(struct json *json, struct journal *journal)
{
	struct journal_counters counters = journal_counters(journal);

	json_open(json, "journal");
	json_text(json, "condition", condition_names[counters.condition]);
	if (counters.error[0])
		json_text(json, "error", counters.error);
	json_uint(json, "events", counters.events);
	json_uint(json, "commits", counters.commits);
	json_uint(json, "backlog", counters.backlog);
	json_uint(json, "evicted", counters.evicted);
	json_uint(json, "waits", counters.waits);
	json_int(json, "used_bytes", counters.used_bytes);
	json_int(json, "sync_max_us", counters.sync_max_ns / NS_PER_US);
	json_close(json);
}

static void put_link(struct json *json, struct uplink *uplink, const struct instant *now)
{
	struct uplink_counters counters = uplink_counters(uplink);

	json_open(json, "uplink");
	json_text(json, "host", counters.host);
	json_int(json, "since_s", (now->mono_ns - counters.since_mono_ns) / NS_PER_S);
	json_uint(json, "connects", counters.connects);
	json_uint(json, "published", counters.published);
	json_uint(json, "acknowledged", counters.acknowledged);
	json_uint(json, "refused", counters.refused);
	json_close(json);
}

static void put_registry(struct json *json, struct desk *desk)
{
	struct desk_counters counters;

	if (!desk)
		return;
	counters = desk_counters(desk);
	json_open(json, "registry");
	json_uint(json, "questions", counters.questions);
	json_uint(json, "answers", counters.answers);
	json_uint(json, "failed", counters.failed);
	json_uint(json, "records", counters.records);
	json_uint(json, "unchanged", counters.unchanged);
	json_uint(json, "removed", counters.removed);
	json_uint(json, "refused", counters.refused);
	json_int(json, "stream_bytes", counters.stream_bytes);
	json_close(json);
}

void health_status(const struct health *health, struct journal *journal, const struct instant *now,
		   struct json *json)
{
	struct journal_counters counters = journal_counters(journal);
	char hash[EVENT_HEX_BYTES];

	json_text(json, "version", VERSION);
	json_int(json, "uptime_s", (now->mono_ns - health->started.mono_ns) / NS_PER_S);
	json_utc(json, "utc", now->utc_ns);
	json_text(json, "clock", clock_state_name(now->clock));
	event_hex(counters.head.hash, hash);
	json_open(json, "journal");
	json_text(json, "condition", condition_names[counters.condition]);
	json_text(json, "epoch", counters.head.epoch);
	json_uint(json, "seq", counters.head.seq);
	json_text(json, "hash", hash);
	json_uint(json, "backlog", counters.backlog);
	json_close(json);
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
	struct json json;

	json_start(&json, out, size);
	json_int(&json, "uptime_s", (now->mono_ns - health->started.mono_ns) / NS_PER_S);
	json_int(&json, "rss_bytes", rss_bytes());
	json_uint(&json, "capture_waits", capture_waits(view->captures));
	put_buses(&json, view);
	put_journal(&json, view->journal);
	put_link(&json, view->uplink, now);
	put_registry(&json, view->desk);
	transit_metrics(view->transit, &json);
	return json_ok(&json) ? json.bytes : 0;
}
