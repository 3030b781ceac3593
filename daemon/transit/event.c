#include "event.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "handover.h"

void event_hash(const void *payload, size_t bytes, unsigned char hash[EVENT_HASH_BYTES])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, bytes, payload);
	sha256_digest(&context, EVENT_HASH_BYTES, hash);
}

void event_hex(const unsigned char hash[EVENT_HASH_BYTES], char hex[EVENT_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < EVENT_HASH_BYTES; i++) {
		hex[2 * i] = digits[hash[i] >> 4];
		hex[2 * i + 1] = digits[hash[i] & 15];
	}
	hex[EVENT_HEX_BYTES - 1] = '\0';
}

void event_moment(struct json *json, const char *key, int64_t mono_ns, const struct instant *now)
{
	json_open(json, key);
	json_utc(json, "utc", now->utc_ns - (now->mono_ns - mono_ns));
	json_text(json, "clock", clock_state_name(now->clock));
	json_int(json, "mono_ns", mono_ns);
	json_close(json);
}

void event_body_start(struct json *json, char *out, size_t size, const char *lane,
		      const char *sensor, int64_t occurred_mono_ns, const struct instant *now)
{
	json_start(json, out, size);
	if (lane)
		json_text(json, "lane", lane);
	if (sensor)
		json_text(json, "sensor", sensor);
	event_moment(json, "occurred", occurred_mono_ns, now);
}

static void put_origin(struct json *json, const char *schema, const struct event_origin *origin)
{
	json_text(json, "schema", schema);
	json_text(json, "checkpoint", origin->checkpoint);
	json_text(json, "gateway", origin->gateway);
}

static int finish(const struct json *json)
{
	return json_ok(json) ? (int)json->bytes : -E2BIG;
}

int event_seal(struct event_head *head, const struct event_origin *origin,
	       const struct event_draft *draft, const struct instant *recorded, char *out)
{
	char prev[EVENT_HEX_BYTES];
	struct json json;
	int bytes;

	event_hex(head->hash, prev);
	json_start(&json, out, EVENT_BYTES);
	json_open(&json, NULL);
	put_origin(&json, EVENT_SCHEMA, origin);
	json_text(&json, "epoch", head->epoch);
	json_uint(&json, "seq", head->seq + 1);
	json_text(&json, "prev", prev);
	json_text(&json, "type", draft->type->name);
	json_text(&json, "severity", severity_name(draft->type->severity));
	json_bool(&json, "latched", draft->type->latched);
	json_text(&json, "boot", origin->boot);
	event_moment(&json, "recorded", recorded->mono_ns, recorded);
	json_members(&json, draft->body, draft->body_bytes);
	json_close(&json);
	bytes = finish(&json);
	if (bytes < 0)
		return bytes;
	head->seq++;
	event_hash(out, (size_t)bytes, head->hash);
	return bytes;
}

static const char *state_schema(const char *key)
{
	return key && strncmp(key, HANDOVER_KEY, strlen(HANDOVER_KEY)) == 0 ? HANDOVER_SCHEMA
									    : STATE_SCHEMA;
}

int event_seal_state(const struct event_head *head, const struct event_origin *origin,
		     const struct event_draft *draft, const struct instant *recorded, char *out)
{
	struct json json;

	json_start(&json, out, EVENT_BYTES);
	json_open(&json, NULL);
	put_origin(&json, state_schema(draft->state_key), origin);
	json_text(&json, "epoch", head->epoch);
	json_uint(&json, "seq", head->seq);
	json_text(&json, "boot", origin->boot);
	event_moment(&json, "recorded", recorded->mono_ns, recorded);
	json_members(&json, draft->state, draft->state_bytes);
	json_close(&json);
	return finish(&json);
}
