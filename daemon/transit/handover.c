#include "handover.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "memo.h"

#define LIST_ROOM   192 /* of a body, for what follows the seals */
#define MEMORY_ROOM 64 /* of a memory, for what its owner says before */

static const char *const state_names[LEG_SEAL_STATES] = {
	[LEG_SEAL_INTACT] = "intact",	  [LEG_SEAL_OPENED] = "opened",
	[LEG_SEAL_TAMPERED] = "tampered", [LEG_SEAL_MISSING] = "missing",
	[LEG_SEAL_UNKNOWN] = "unknown",
};

const char *leg_seal_state_name(enum leg_seal_state state)
{
	return state_names[state];
}

bool leg_seal_state_by_name(const char *name, enum leg_seal_state *ret_state)
{
	size_t i;

	for (i = 0; i < LEG_SEAL_STATES; i++) {
		if (strcmp(state_names[i], name) == 0) {
			*ret_state = (enum leg_seal_state)i;
			return true;
		}
	}
	return false;
}

/* ---- payload ------------------------------------------------------------------------- */

static void tell_counter(struct json *json, const char *key, int64_t count)
{
	if (count < 0)
		json_text(json, key, NULL);
	else
		json_int(json, key, count);
}

static void tell_seal(const struct leg_seal *seal, struct json *json)
{
	json_open(json, NULL);
	json_text(json, "number", seal->number);
	json_text(json, "state", state_names[seal->state]);
	tell_counter(json, "open", seal->openings);
	tell_counter(json, "tamper", seal->tamperings);
	json_utc(json, "seen", seal->seen_utc_ns);
	json_close(json);
}

void handover_members(const struct handover *handover, struct json *json)
{
	json_text(json, "ucr", handover->ucr);
	json_text(json, "to", handover->to);
	json_text(json, "binding", handover->rule);
	json_open(json, "departed");
	json_utc(json, "utc", handover->departed_utc_ns);
	json_text(json, "clock", clock_state_name(handover->departed_clock));
	json_close(json);
	if (handover->expected_from_utc_ns != INT64_MIN)
		json_utc(json, "expected_from", handover->expected_from_utc_ns);
	if (handover->expected_until_utc_ns != INT64_MAX)
		json_utc(json, "expected_until", handover->expected_until_utc_ns);
	if (handover->expires_utc_ns != INT64_MIN)
		json_utc(json, "expires", handover->expires_utc_ns);
	handover_tell_seals(handover, json);
}

void handover_tell_seals(const struct handover *handover, struct json *json)
{
	size_t i;

	json_open_array(json, "seals");
	for (i = 0; i < handover->seal_count; i++) {
		const struct json before = *json;

		tell_seal(&handover->seals[i], json);
		if (json->overflow || json->bytes > json->size - LIST_ROOM) {
			*json = before;
			json->out[json->bytes] = '\0';
			break;
		}
	}
	json_close_array(json);
	if (i < handover->seal_count || handover->seals_more > 0)
		json_int(json, "seals_more",
			 (int64_t)(handover->seal_count - i) + handover->seals_more);
}

static bool put_level(char *out, size_t size, const char *text)
{
	size_t at = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c > ' ' && c != 0x7F && !strchr("/+#%", c);

		if (at + (plain ? 1 : 3) >= size)
			return false;
		if (plain)
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, size - at, "%%%02X", c);
	}
	out[at] = '\0';
	return at > 0;
}

bool handover_key(const char *to, const char *ucr, char key[HANDOVER_KEY_BYTES])
{
	size_t at = strlen(HANDOVER_KEY);

	snprintf(key, HANDOVER_KEY_BYTES, "%s", HANDOVER_KEY);
	if (!put_level(key + at, HANDOVER_KEY_BYTES - at, to))
		return false;
	at += strlen(key + at);
	if (at + 1 >= HANDOVER_KEY_BYTES)
		return false;
	key[at++] = '/';
	return put_level(key + at, HANDOVER_KEY_BYTES - at, ucr);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool handover_ucr(const char *level, char ret_ucr[IDENTIFIER_BYTES])
{
	char raw[IDENTIFIER_BYTES];
	size_t at = 0;

	while (*level && at + 1 < sizeof(raw)) {
		int high = *level == '%' ? hex_digit(level[1]) : 0;
		int low = *level == '%' && high >= 0 ? hex_digit(level[2]) : 0;

		if (high < 0 || low < 0)
			return false;
		raw[at++] = (char)(*level == '%' ? 16 * high + low : *level);
		level += *level == '%' ? 3 : 1;
	}
	if (*level)
		return false;
	(void)identifier_read(IDENTIFIER_UCR, raw, at, ret_ucr);
	return ret_ucr[0];
}

bool handover_is_same(const struct handover *one, const struct handover *other)
{
	return one->departed_utc_ns == other->departed_utc_ns &&
	       strcmp(one->from, other->from) == 0 && strcmp(one->ucr, other->ucr) == 0;
}

int64_t handover_due(int64_t utc_ns, const struct instant *now)
{
	int64_t due;

	if (utc_ns == INT64_MAX || now->clock == CLOCK_UNSYNCED)
		return utc_ns == INT64_MAX ? INT64_MAX : INT64_MAX - 1;
	if (__builtin_add_overflow(utc_ns, now->mono_ns - now->utc_ns, &due))
		return utc_ns < 0 ? now->mono_ns : INT64_MAX - 1;
	return due < INT64_MAX ? due : INT64_MAX - 1;
}

bool handover_is_sound(const struct handover *handover)
{
	size_t i;

	for (i = 0; i < handover->seal_count; i++)
		if (!handover->seals[i].number[0])
			return false;
	return handover->ucr[0] && handover->from[0] && handover->to[0] && handover->gateway[0] &&
	       handover->expected_from_utc_ns <= handover->expected_until_utc_ns;
}

/* ---- memory -------------------------------------------------------------------------- */

void leg_seals_remember(const struct leg_seal *seals, size_t count, struct memo *memo)
{
	size_t i;

	memo_int(memo, (int64_t)count);
	for (i = 0; i < count; i++) {
		memo_text(memo, seals[i].number);
		memo_int(memo, (int64_t)seals[i].state);
		memo_int(memo, seals[i].openings);
		memo_int(memo, seals[i].tamperings);
		memo_int(memo, seals[i].seen_utc_ns / 1000000000);
	}
}

void handover_remember(const struct handover *handover, struct memo *memo)
{
	memo_text(memo, handover->ucr);
	memo_text(memo, handover->from);
	memo_text(memo, handover->to);
	memo_text(memo, handover->gateway);
	memo_text(memo, handover->rule);
	memo_int(memo, handover->departed_utc_ns);
	memo_int(memo, (int64_t)handover->departed_clock);
	memo_int(memo, handover->expected_from_utc_ns);
	memo_int(memo, handover->expected_until_utc_ns);
	memo_int(memo, handover->expires_utc_ns);
	memo_int(memo, handover->seals_more);
	leg_seals_remember(handover->seals, handover->seal_count, memo);
}

static void recall_seal(struct leg_seal *seal, struct memo_reader *reader)
{
	memo_take_text(reader, seal->number, sizeof(seal->number));
	seal->state = (enum leg_seal_state)memo_take(reader, 0, LEG_SEAL_STATES - 1);
	seal->openings = memo_take(reader, -1, INT64_MAX);
	seal->tamperings = memo_take(reader, -1, INT64_MAX);
	seal->seen_utc_ns =
		memo_take(reader, INT64_MIN / 1000000000, INT64_MAX / 1000000000) * 1000000000;
}

size_t leg_seals_recall(struct leg_seal *seals, struct memo_reader *reader)
{
	size_t count = (size_t)memo_take(reader, 0, HANDOVER_SEALS), i;

	for (i = 0; i < count; i++)
		recall_seal(&seals[i], reader);
	return count;
}

void handover_fit(struct handover *handover)
{
	char text[MEMO_BYTES - MEMORY_ROOM];
	struct memo memo;

	for (;;) {
		memo_start(&memo, text, sizeof(text));
		handover_remember(handover, &memo);
		if (memo_ok(&memo) || handover->seal_count == 0)
			return;
		handover->seal_count--;
		handover->seals_more++;
	}
}

void handover_recall(struct handover *handover, struct memo_reader *reader)
{
	*handover = (struct handover){0};
	memo_take_text(reader, handover->ucr, sizeof(handover->ucr));
	memo_take_text(reader, handover->from, sizeof(handover->from));
	memo_take_text(reader, handover->to, sizeof(handover->to));
	memo_take_text(reader, handover->gateway, sizeof(handover->gateway));
	memo_take_text(reader, handover->rule, sizeof(handover->rule));
	handover->departed_utc_ns = memo_take(reader, INT64_MIN, INT64_MAX);
	handover->departed_clock =
		(enum clock_state)memo_take(reader, CLOCK_UNSYNCED, CLOCK_HOLDOVER);
	handover->expected_from_utc_ns = memo_take(reader, INT64_MIN, INT64_MAX);
	handover->expected_until_utc_ns = memo_take(reader, INT64_MIN, INT64_MAX);
	handover->expires_utc_ns = memo_take(reader, INT64_MIN, INT64_MAX);
	handover->seals_more = memo_take(reader, 0, INT64_MAX);
	handover->seal_count = leg_seals_recall(handover->seals, reader);
	if (!handover_is_sound(handover))
		reader->bad = true;
}
