#include "frames/topic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

static bool root_is_good(const char *root)
{
	size_t bytes = root ? strlen(root) : 0;

	return bytes > 0 && root[0] != '$' && root[0] != '/' && root[bytes - 1] != '/' &&
	       !strpbrk(root, "+#. ") && !strstr(root, "//");
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

/* To another gateway, by whom. false: the key is none of these. */
static bool put_other_topic(const char *root, const char *prefix, const char *key,
			    const char *begin, const char *folder, char topic[TOPIC_BYTES])
{
	const char *own = prefix + strlen(root) + 1;
	const size_t length = strlen(begin);

	if (strncmp(key, begin, length) != 0)
		return false;
	snprintf(topic, TOPIC_BYTES, "%s/%s/%s/%.*s", root, key + length, folder,
		 (int)strlen(own) - 1, own);
	return true;
}

void uplink_state_topic(const char *root, const char *prefix, const char *key,
			char topic[TOPIC_BYTES])
{
	size_t length = strlen(HANDOVER_KEY);
	const char *to = key + length, *slash;

	if (put_other_topic(root, prefix, key, COSIGN_KEY, "cosign", topic) ||
	    put_other_topic(root, prefix, key, WITNESS_KEY, "witness", topic))
		return;
	if (strncmp(key, HANDOVER_KEY, length) != 0 || !(slash = strchr(to, '/')))
		uplink_topic(prefix, "state", key, topic);
	else
		snprintf(topic, TOPIC_BYTES, "%s/%.*s/handover%s", root, (int)(slash - to), to,
			 slash);
}

void uplink_inlet_topic(const char *root, const struct event_origin *origin, const char *folder,
			bool of_gateway, char topic[TOPIC_BYTES])
{
	snprintf(topic, TOPIC_BYTES, "%s/%s/%s%s%s/", root, origin->checkpoint,
		 of_gateway ? origin->gateway : "", of_gateway ? "/" : "", folder);
}

static void dots_to_levels(char *at)
{
	for (; *at; at++)
		if (*at == '.')
			*at = '/';
}

void uplink_stream_topic(const char *prefix, enum outlet_stream stream, const char *type,
			 char topic[TOPIC_BYTES])
{
	uplink_topic(prefix, stream == STREAM_ALERTS ? "alert" : "event", type, topic);
	dots_to_levels(topic + strlen(prefix));
}

void uplink_replay_topic(const char *prefix, const char *asker, const char *type,
			 char topic[TOPIC_BYTES])
{
	int length = snprintf(topic, TOPIC_BYTES, "%sreplay/%s/", prefix, asker);

	snprintf(topic + length, TOPIC_BYTES - (size_t)length, type[0] ? "event/%s" : "done%s",
		 type);
	dots_to_levels(topic + length);
}

static void put_head(struct jw *json, const struct event_head *head)
{
	char hash[EVENT_HEX_BYTES];

	event_hex(head->hash, hash);
	jw_text(json, "epoch", head->epoch);
	jw_uint(json, "seq", head->seq);
	jw_text(json, "hash", hash);
}

static void put_origin(struct jw *json, const char *schema, const struct event_origin *origin)
{
	jw_open(json, NULL);
	jw_text(json, "schema", schema);
	jw_text(json, "checkpoint", origin->checkpoint);
	jw_text(json, "gateway", origin->gateway);
	jw_text(json, "boot", origin->boot);
}

static void put_time(struct jw *json, const struct instant *now)
{
	jw_utc(json, "utc", now->utc_ns);
	jw_text(json, "clock", clock_state_name(now->clock));
	jw_int(json, "mono_ns", now->mono_ns);
}

int uplink_status(const struct uplink_status *status, char out[STATUS_BYTES])
{
	struct jw json;

	jw_start(&json, out, STATUS_BYTES);
	put_origin(&json, STATUS_SCHEMA, status->origin);
	jw_text(&json, "session", status->session);
	jw_text(&json, "state", status->online ? "online" : "offline");
	if (status->reason)
		jw_text(&json, "reason", status->reason);
	if (status->head)
		put_head(&json, status->head);
	if (status->now)
		put_time(&json, status->now);
	jw_text(&json, "version", version_text);
	jw_close(&json);
	return jw_ok(&json) ? (int)json.bytes : -E2BIG;
}

int uplink_head_payload(const struct event_head *head, const char *members, size_t bytes,
			char out[HEAD_BYTES])
{
	char hash[EVENT_HEX_BYTES];
	struct jw json;

	event_hex(head->hash, hash);
	jw_start(&json, out, HEAD_BYTES);
	jw_open(&json, NULL);
	jw_text(&json, "schema", HEAD_SCHEMA);
	jw_text(&json, "epoch", head->epoch);
	jw_uint(&json, "seq", head->seq);
	jw_text(&json, "hash", hash);
	jw_members(&json, members, bytes);
	jw_close(&json);
	return jw_ok(&json) ? (int)json.bytes : -E2BIG;
}

static bool skip(const char **at, const char *text)
{
	if (strncmp(*at, text, strlen(text)) != 0)
		return false;
	*at += strlen(text);
	return true;
}

static bool read_head(const char *at, struct event_head *head)
{
	size_t digits = strspn(at, "0123456789abcdef");
	char *end;

	if (digits != EVENT_EPOCH_BYTES - 1)
		return false;
	memcpy(head->epoch, at, digits);
	at += digits;
	if (!skip(&at, "\",\"seq\":"))
		return false;
	head->seq = strtoull(at, &end, 10);
	at = end;
	return skip(&at, ",\"hash\":\"") && event_unhex(at, head->hash);
}

/* Who wrote it is not known: every byte is looked at. */
bool uplink_status_head(const char *payload, size_t bytes, struct event_head *ret_head)
{
	static const char key[] = ",\"epoch\":\"";
	struct event_head head = {0};
	char text[HEAD_BYTES];
	const char *at;

	if (bytes == 0 || bytes >= sizeof(text))
		return false;
	memcpy(text, payload, bytes);
	text[bytes] = '\0';
	at = strstr(text, key);
	if (!at || !read_head(at + strlen(key), &head))
		return false;
	*ret_head = head;
	return true;
}

int uplink_metrics_payload(const struct event_origin *origin, const struct instant *now,
			   const char *members, size_t bytes, char *out, size_t size)
{
	struct jw json;

	jw_start(&json, out, size);
	put_origin(&json, METRICS_SCHEMA, origin);
	put_time(&json, now);
	jw_members(&json, members, bytes);
	jw_close(&json);
	return jw_ok(&json) ? (int)json.bytes : -E2BIG;
}
