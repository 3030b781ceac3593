/* Somebody works on a lane, or on all: what happens there meanwhile is marked as a test. It ends when
 * he says so, after the time that he gave, and with the daemon. */
#include <stdio.h>
#include <string.h>

#include "gateway/private.h"

#define LONGEST_MIN 480
#define USUAL_MIN   120

static void begin_body(const struct maintenance *maintenance, const struct instant *now,
		       char body[EVENT_BODY_BYTES], struct jw *ret_json)
{
	const char *lane = maintenance->lane[0] ? maintenance->lane : NULL;

	event_body_start(ret_json, body, EVENT_BODY_BYTES, lane, NULL, now->mono_ns, now);
}

static void put(struct gateway *gateway, enum event_id id, const struct jw *json)
{
	const struct event_draft draft = {
		.type = event_type(id), .body = json->out, .body_bytes = json->bytes};

	if (jw_ok(json))
		gateway->sink.put(gateway->sink.data, &draft);
}

static void say_end(struct gateway *gateway, const char *officer, const char *reason)
{
	const struct maintenance *maintenance = &gateway->maintenance;
	const struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct jw json;

	begin_body(maintenance, &now, body, &json);
	jw_text(&json, "officer", officer);
	jw_text(&json, "because", reason);
	jw_int(&json, "lasted_ms", (now.mono_ns - maintenance->since_mono_ns) / NS_PER_MS);
	put(gateway, EVENT_MAINTENANCE_ENDED, &json);
}

/* The retained states are marked, or no longer. */
static void put_states(struct gateway *gateway)
{
	const char *lane = gateway->maintenance.lane;
	const struct instant now = clock_now();

	transit_put_states(gateway->transit, lane[0] ? lane : NULL, &now);
}

static bool has_lane(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->lane_count; i++)
		if (strcmp(config->lanes[i].name, name) == 0)
			return true;
	return false;
}

static void set_timer(struct gateway *gateway, double after_s)
{
	ev_timer_stop(gateway->loop, &gateway->on_maintenance);
	if (!gateway->maintenance.active)
		return;
	ev_timer_set(&gateway->on_maintenance, after_s, 0);
	ev_timer_start(gateway->loop, &gateway->on_maintenance);
}

/* Members of every event of the lane begin so. */
static void set_prefix(struct maintenance *maintenance)
{
	maintenance->prefix_bytes =
		(size_t)snprintf(maintenance->prefix, sizeof(maintenance->prefix),
				 "\"lane\":\"%s\"", maintenance->lane);
}

const char *maintenance_begin(struct gateway *gateway, const struct control_question *asked,
			      const char *officer)
{
	struct maintenance *maintenance = &gateway->maintenance;
	uint32_t minutes = asked->minutes ? asked->minutes : USUAL_MIN;
	const struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct jw json;

	if (maintenance->active)
		return "there is maintenance already; it has to end first";
	if (asked->of[0] && !has_lane(gateway->config, asked->of))
		return "there is no such lane";
	if (minutes > LONGEST_MIN)
		return "no more than 480 minutes";
	gateway_drain(gateway); /* what was read before is meant */
	*maintenance = (struct maintenance){.since_mono_ns = now.mono_ns, .minutes = minutes};
	snprintf(maintenance->lane, sizeof(maintenance->lane), "%s", asked->of);
	snprintf(maintenance->officer, sizeof(maintenance->officer), "%s", officer);
	set_prefix(maintenance);
	begin_body(maintenance, &now, body, &json);
	jw_text(&json, "officer", officer);
	jw_text(&json, "because", asked->reason);
	jw_uint(&json, "minutes", minutes);
	put(gateway, EVENT_MAINTENANCE_BEGUN, &json);
	maintenance->active = true;
	put_states(gateway);
	set_timer(gateway, 60.0 * minutes);
	return NULL;
}

const char *maintenance_end(struct gateway *gateway, const char *officer, const char *reason)
{
	if (!gateway->maintenance.active)
		return "there is no maintenance";
	gateway_drain(gateway); /* what was read before is a test */
	gateway->maintenance.active = false;
	set_timer(gateway, 0);
	say_end(gateway, officer, reason);
	put_states(gateway);
	return NULL;
}

void maintenance_status(const struct gateway *gateway, struct jw *json)
{
	const struct maintenance *maintenance = &gateway->maintenance;

	if (!maintenance->active)
		return;
	jw_open(json, "maintenance");
	if (maintenance->lane[0])
		jw_text(json, "lane", maintenance->lane);
	jw_text(json, "officer", maintenance->officer);
	jw_int(json, "since_s", (clock_mono_ns() - maintenance->since_mono_ns) / NS_PER_S);
	jw_uint(json, "minutes", maintenance->minutes);
	jw_close(json);
}
