#include "transit/event/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

void event_hash(const void *payload, size_t bytes, unsigned char hash[EVENT_HASH_BYTES])
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, bytes, payload);
	sha256_end(&context, hash);
}

void event_hex(const unsigned char hash[EVENT_HASH_BYTES], char hex[EVENT_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < EVENT_HASH_BYTES; i++) {
		hex[2 * i] = digits[hash[i] >> 4];
		hex[2 * i + 1] = digits[hash[i] & 15];
	}
	hex[EVENT_HEX_BYTES - 1] = '\0';
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool event_unhex(const char *hex, unsigned char hash[EVENT_HASH_BYTES])
{
	for (size_t i = 0; i < EVENT_HASH_BYTES; i++) {
		int high = digit_of(hex[2 * i]);
		int low = high < 0 ? -1 : digit_of(hex[2 * i + 1]);

		if (low < 0)
			return false;
		hash[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void event_moment(struct jw *json, const char *key, int64_t mono_ns, const struct instant *now)
{
	jw_open(json, key);
	jw_utc(json, "utc", now->utc_ns - (now->mono_ns - mono_ns));
	jw_text(json, "clock", clock_state_name(now->clock));
	jw_int(json, "mono_ns", mono_ns);
	jw_close(json);
}

void event_body_start(struct jw *json, char *out, size_t size, const char *lane, const char *sensor,
		      int64_t occurred_mono_ns, const struct instant *now)
{
	jw_start(json, out, size);
	if (lane)
		jw_text(json, "lane", lane);
	if (sensor)
		jw_text(json, "sensor", sensor);
	event_moment(json, "occurred", occurred_mono_ns, now);
}

void event_alarm(struct event_draft *draft, struct jw *body, enum alarm_edge edge)
{
	jw_text(body, "alarm", edge == ALARM_RAISED ? "raised" : "cleared");
	draft->alarm = edge;
}

static void put_origin(struct jw *json, const char *schema, const struct event_origin *origin)
{
	jw_text(json, "schema", schema);
	jw_text(json, "checkpoint", origin->checkpoint);
	jw_text(json, "gateway", origin->gateway);
}

bool event_is_of(const struct event_origin *origin, const char *payload, size_t bytes)
{
	char expected[EVENT_BYTES];
	struct jw json;

	jw_start(&json, expected, sizeof(expected));
	jw_open(&json, NULL);
	put_origin(&json, EVENT_SCHEMA, origin);
	return jw_ok(&json) && bytes > json.bytes && memcmp(payload, expected, json.bytes) == 0 &&
	       payload[json.bytes] == ',';
}

const struct event_type *event_type_of(const char *name, const char *payload, size_t bytes)
{
	static const char key[] = "\"severity\":\"";
	const struct event_type *type = event_type_by_name(name);
	const char *at = type && type->settable ? memmem(payload, bytes, key, strlen(key)) : NULL;

	for (enum severity severity = SEVERITY_INFO; at && severity <= SEVERITY_CRITICAL;
	     severity++) {
		const char *word = severity_name(severity);
		const char *text = at + strlen(key);

		if ((size_t)(payload + bytes - text) > strlen(word) &&
		    memcmp(text, word, strlen(word)) == 0)
			return event_type_with(type, severity);
	}
	return type;
}

static int finish(const struct jw *json)
{
	return jw_ok(json) ? (int)json->bytes : -E2BIG;
}

int event_seal(struct event_head *head, const struct event_origin *origin,
	       const struct event_draft *draft, const struct instant *recorded, char *out)
{
	char prev[EVENT_HEX_BYTES];
	struct jw json;
	int bytes;

	event_hex(head->hash, prev);
	jw_start(&json, out, EVENT_BYTES);
	jw_open(&json, NULL);
	put_origin(&json, EVENT_SCHEMA, origin);
	jw_text(&json, "epoch", head->epoch);
	jw_uint(&json, "seq", head->seq + 1);
	jw_text(&json, "prev", prev);
	if (draft->link_bytes > 0)
		jw_members(&json, draft->link, draft->link_bytes);
	jw_text(&json, "type", draft->type->name);
	jw_text(&json, "severity", severity_name(draft->type->severity));
	jw_bool(&json, "latched", draft->type->latched);
	if (draft->test)
		jw_bool(&json, "test", true);
	jw_text(&json, "boot", origin->boot);
	event_moment(&json, "recorded", recorded->mono_ns, recorded);
	jw_members(&json, draft->body, draft->body_bytes);
	jw_close(&json);
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
	struct jw json;

	jw_start(&json, out, EVENT_BYTES);
	jw_open(&json, NULL);
	put_origin(&json, state_schema(draft->state_key), origin);
	jw_text(&json, "epoch", head->epoch);
	jw_uint(&json, "seq", head->seq);
	if (draft->test && strcmp(state_schema(draft->state_key), STATE_SCHEMA) == 0)
		jw_bool(&json, "test", true);
	jw_text(&json, "boot", origin->boot);
	event_moment(&json, "recorded", recorded->mono_ns, recorded);
	jw_members(&json, draft->state, draft->state_bytes);
	jw_close(&json);
	return finish(&json);
}
