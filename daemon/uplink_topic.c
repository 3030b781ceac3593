#include "uplink_topic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "transit/handover.h"

static bool root_is_good(const char *root)
{
	size_t bytes = root ? strlen(root) : 0;

	return bytes > 0 && root[0] != '$' && root[0] != '/' && root[bytes - 1] != '/' &&
	       !strpbrk(root, "+# ") && !strstr(root, "//");
}

int uplink_topic_prefix(const char *root, const struct event_origin *origin,
			char prefix[PREFIX_BYTES])
{
	int length;

	if (!root_is_good(root))
		return -EINVAL;
	length = snprintf(prefix, PREFIX_BYTES, "%s/%s/%s/", root, origin->checkpoint,
			  origin->gateway);
	return length < PREFIX_BYTES ? 0 : -EINVAL;
}

void uplink_topic(const char *prefix, const char *branch, const char *key, char topic[TOPIC_BYTES])
{
	snprintf(topic, TOPIC_BYTES, "%s%s%s%s", prefix, branch, key ? "/" : "", key ? key : "");
}

void uplink_state_topic(const char *root, const char *prefix, const char *key,
			char topic[TOPIC_BYTES])
{
	size_t length = strlen(HANDOVER_KEY);
	const char *to = key + length, *slash;

	if (strncmp(key, HANDOVER_KEY, length) != 0 || !(slash = strchr(to, '/')))
		uplink_topic(prefix, "state", key, topic);
	else
		snprintf(topic, TOPIC_BYTES, "%s/%.*s/handover%s", root, (int)(slash - to), to,
			 slash);
}

void uplink_inlet_topic(const char *root, const struct event_origin *origin,
			const struct inlet *inlet, char topic[TOPIC_BYTES])
{
	snprintf(topic, TOPIC_BYTES, "%s/%s/%s%s%s/", root, origin->checkpoint,
		 inlet->of_gateway ? origin->gateway : "", inlet->of_gateway ? "/" : "",
		 inlet->folder);
}

void uplink_stream_topic(const char *prefix, enum outlet_stream stream, const char *type,
			 char topic[TOPIC_BYTES])
{
	char *at = topic + strlen(prefix);

	uplink_topic(prefix, stream == STREAM_ALERTS ? "alert" : "event", type, topic);
	for (; *at; at++)
		if (*at == '.')
			*at = '/';
}

static void put_head(struct json *json, const struct event_head *head)
{
	char hash[EVENT_HEX_BYTES];

	event_hex(head->hash, hash);
	json_text(json, "epoch", head->epoch);
	json_uint(json, "seq", head->seq);
	json_text(json, "hash", hash);
}

static void put_origin(struct json *json, const char *schema, const struct event_origin *origin)
{
	json_open(json, NULL);
	json_text(json, "schema", schema);
	json_text(json, "checkpoint", origin->checkpoint);
	json_text(json, "gateway", origin->gateway);
	json_text(json, "boot", origin->boot);
}

static void put_time(struct json *json, const struct instant *now)
{
	json_utc(json, "utc", now->utc_ns);
	json_text(json, "clock", clock_state_name(now->clock));
	json_int(json, "mono_ns", now->mono_ns);
}

int uplink_status(const struct uplink_status *status, char out[STATUS_BYTES])
{
	struct json json;

	json_start(&json, out, STATUS_BYTES);
	put_origin(&json, STATUS_SCHEMA, status->origin);
	json_text(&json, "session", status->session);
	json_text(&json, "state", status->online ? "online" : "offline");
	if (status->reason)
		json_text(&json, "reason", status->reason);
	if (status->head)
		put_head(&json, status->head);
	if (status->now)
		put_time(&json, status->now);
	json_text(&json, "version", VERSION);
	json_close(&json);
	return json_ok(&json) ? (int)json.bytes : -E2BIG;
}

int uplink_metrics_payload(const struct event_origin *origin, const struct instant *now,
			   const char *members, size_t bytes, char *out, size_t size)
{
	struct json json;

	json_start(&json, out, size);
	put_origin(&json, METRICS_SCHEMA, origin);
	put_time(&json, now);
	json_members(&json, members, bytes);
	json_close(&json);
	return json_ok(&json) ? (int)json.bytes : -E2BIG;
}
