#include "transit/legs/handover.h"

#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/percent.h"
#include "transit/event/memo.h"

#define LIST_ROOM   192 /* of a body, for what follows the seals */
#define MEMORY_ROOM 64 /* of a memory, for what its owner says before */

static const char *const state_names[LEG_SEAL_STATES] = {
	[LEG_SEAL_INTACT] = "intact",	  [LEG_SEAL_OPENED] = "opened",
	[LEG_SEAL_TAMPERED] = "tampered", [LEG_SEAL_MISSING] = "missing",
	[LEG_SEAL_UNKNOWN] = "unknown",
};

bool leg_seal_state_by_name(const char *name, enum leg_seal_state *ret_state)
{
	for (size_t i = 0; i < LEG_SEAL_STATES; i++) {
		if (strcmp(state_names[i], name) == 0) {
			*ret_state = (enum leg_seal_state)i;
			return true;
		}
	}
	return false;
}

bool handover_is_doubtful(const struct handover *handover)
{
	return handover->signature > HANDOVER_SIGNED;
}

const char *handover_signature_name(enum handover_signature signature)
{
	static const char *const names[HANDOVER_SIGNATURES] = {
		[HANDOVER_NOT_JUDGED] = "not_judged",
		[HANDOVER_SIGNED] = "good",
		[HANDOVER_UNSIGNED] = "none",
		[HANDOVER_WRONGLY_SIGNED] = "wrong",
		[HANDOVER_STRANGELY_SIGNED] = "unknown_key",
	};

	return names[signature];
}

/* ---- payload ------------------------------------------------------------------------- */

static void tell_counter(struct jw *json, const char *key, int64_t count)
{
	if (count < 0)
		jw_text(json, key, NULL);
	else
		jw_int(json, key, count);
}

void leg_seal_tell_counted(const char *at, int64_t utc_ns, struct jw *json)
{
	if (!at[0])
		return;
	jw_open(json, "counted");
	jw_text(json, "checkpoint", at);
	jw_utc(json, "utc", utc_ns);
	jw_close(json);
}

static void tell_seal(const struct leg_seal *seal, struct jw *json)
{
	jw_open(json, NULL);
	jw_text(json, "number", seal->number);
	jw_text(json, "state", state_names[seal->state]);
	tell_counter(json, "open", seal->openings);
	tell_counter(json, "tamper", seal->tamperings);
	jw_utc(json, "seen", seal->seen_utc_ns);
	leg_seal_tell_counted(seal->counted_at, seal->counted_utc_ns, json);
	if (seal->instead_of[0])
		jw_text(json, "instead_of", seal->instead_of);
	jw_close(json);
}

static void tell_id(const struct handover *handover, struct jw *json)
{
	jw_text(json, "ucr", handover->ucr);
	if (handover->part[0])
		jw_text(json, "part", handover->part);
}

void handover_take_back(const struct handover *handover, const char *because,
			char text[HANDOVER_WORD_BYTES], struct event_draft *draft)
{
	struct jw json;

	jw_start(&json, text, HANDOVER_WORD_BYTES);
	tell_id(handover, &json);
	jw_text(&json, "to", handover->to);
	jw_open(&json, "takes_back");
	jw_text(&json, "from", handover->from);
	jw_utc(&json, "departed", handover->departed_utc_ns);
	jw_text(&json, "because", because);
	if (handover->instead[0])
		jw_text(&json, "goes_to", handover->instead);
	if (handover->instead[0])
		jw_text(&json, "departed_clock", clock_state_name(handover->departed_clock));
	jw_close(&json);
	draft->state = text;
	draft->state_bytes = jw_ok(&json) ? json.bytes : 0;
	draft->state_over = true;
}

void handover_members(const struct handover *handover, struct jw *json)
{
	tell_id(handover, json);
	if (handover->parts > 0)
		jw_int(json, "parts", handover->parts);
	jw_text(json, "to", handover->to);
	jw_text(json, "binding", handover->rule);
	jw_open(json, "departed");
	jw_utc(json, "utc", handover->departed_utc_ns);
	jw_text(json, "clock", clock_state_name(handover->departed_clock));
	jw_close(json);
	if (handover->expected_from_utc_ns != INT64_MIN)
		jw_utc(json, "expected_from", handover->expected_from_utc_ns);
	if (handover->expected_until_utc_ns != INT64_MAX)
		jw_utc(json, "expected_until", handover->expected_until_utc_ns);
	if (handover->expires_utc_ns != INT64_MIN)
		jw_utc(json, "expires", handover->expires_utc_ns);
	move_list_tell(&handover->moved, json);
	handover_tell_seals(handover, json);
}

void handover_tell_seals(const struct handover *handover, struct jw *json)
{
	size_t i;

	jw_open_array(json, "seals");
	for (i = 0; i < handover->seal_count; i++) {
		const struct jw before = *json;

		tell_seal(&handover->seals[i], json);
		if (json->overflow || json->bytes > json->size - LIST_ROOM) {
			*json = before;
			json->out[json->bytes] = '\0';
			break;
		}
	}
	jw_close_array(json);
	if (i < handover->seal_count || handover->seals_more > 0)
		jw_int(json, "seals_more",
		       (int64_t)(handover->seal_count - i) + handover->seals_more);
}

bool handover_key(const char *to, const char *id, char key[HANDOVER_KEY_BYTES])
{
	size_t at = strlen(HANDOVER_KEY);

	snprintf(key, HANDOVER_KEY_BYTES, "%s", HANDOVER_KEY);
	if (!percent_write(key + at, HANDOVER_KEY_BYTES - at, to))
		return false;
	at += strlen(key + at);
	if (at + 1 >= HANDOVER_KEY_BYTES)
		return false;
	key[at++] = '/';
	return percent_write(key + at, HANDOVER_KEY_BYTES - at, id);
}

void handover_id_of(const char *ucr, const char *part, char ret_id[HANDOVER_ID_BYTES])
{
	bool marked = part[0] || strchr(ucr, '~'); /* so that the last one ends the UCR */

	snprintf(ret_id, HANDOVER_ID_BYTES, "%s%s%s", ucr, marked ? "~" : "", part);
}

void handover_id(const struct handover *handover, char ret_id[HANDOVER_ID_BYTES])
{
	handover_id_of(handover->ucr, handover->part, ret_id);
}

bool handover_id_is_of(const char *id, const char *ucr)
{
	const size_t bytes = strlen(ucr);

	return strncmp(id, ucr, bytes) == 0 &&
	       (id[bytes] == '\0' || strrchr(id, '~') == id + bytes);
}

void handover_set_id(struct handover *handover, const char *id)
{
	const char *mark = strrchr(id, '~');
	int ucr_bytes = (int)(mark ? (size_t)(mark - id) : strlen(id));

	snprintf(handover->ucr, sizeof(handover->ucr), "%.*s", ucr_bytes, id);
	snprintf(handover->part, sizeof(handover->part), "%s", mark ? mark + 1 : "");
}

bool handover_read_id(const char *level, char ret_id[HANDOVER_ID_BYTES])
{
	char raw[HANDOVER_ID_BYTES], ucr[IDENTIFIER_BYTES];
	size_t bytes = percent_read(level, raw, sizeof(raw));
	char *part = bytes > 0 ? strrchr(raw, '~') : NULL;

	if (part)
		bytes = (size_t)(part - raw);
	(void)identifier_read(IDENTIFIER_UCR, raw, bytes, ucr);
	if (!ucr[0] || (part && strlen(part + 1) >= HANDOVER_PART_BYTES))
		return false;
	handover_id_of(ucr, part ? part + 1 : "", ret_id);
	return true;
}

bool handover_is_same(const struct handover *one, const struct handover *other)
{
	return one->departed_utc_ns == other->departed_utc_ns &&
	       strcmp(one->from, other->from) == 0 && strcmp(one->ucr, other->ucr) == 0 &&
	       strcmp(one->part, other->part) == 0;
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

static void carry_count(int64_t *count, int64_t before, bool *ret_carried)
{
	if (*count >= 0 || before < 0)
		return;
	*count = before;
	*ret_carried = true;
}

struct leg_seal *leg_seal_find(struct leg_seal *seals, size_t count, const char *number)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(seals[i].number, number) == 0)
			return &seals[i];
	return NULL;
}

void leg_seal_carry(struct leg_seal *seal, const struct leg_seal *before, const char *where)
{
	bool carried = false;

	carry_count(&seal->openings, before->openings, &carried);
	carry_count(&seal->tamperings, before->tamperings, &carried);
	if (!carried)
		return;
	snprintf(seal->counted_at, sizeof(seal->counted_at), "%s",
		 before->counted_at[0] ? before->counted_at : where);
	seal->counted_utc_ns = before->counted_at[0] ? before->counted_utc_ns : before->seen_utc_ns;
}

bool handover_is_sound(const struct handover *handover)
{
	for (size_t i = 0; i < handover->seal_count; i++)
		if (!handover->seals[i].number[0])
			return false;
	return handover->ucr[0] && handover->from[0] && handover->to[0] && handover->gateway[0] &&
	       handover->expected_from_utc_ns <= handover->expected_until_utc_ns;
}

/* ---- memory -------------------------------------------------------------------------- */

void leg_seals_remember(const struct leg_seal *seals, size_t count, struct memo *memo)
{
	memo_int(memo, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		memo_text(memo, seals[i].number);
		memo_int(memo, (int64_t)seals[i].state);
		memo_int(memo, seals[i].openings);
		memo_int(memo, seals[i].tamperings);
		memo_int(memo, seals[i].seen_utc_ns / 1000000000);
		memo_text(memo, seals[i].counted_at);
		if (seals[i].counted_at[0])
			memo_int(memo, seals[i].counted_utc_ns / 1000000000);
		memo_text(memo, seals[i].instead_of);
	}
}

void handover_remember(const struct handover *handover, struct memo *memo)
{
	memo_text(memo, handover->ucr);
	memo_text(memo, handover->part);
	memo_int(memo, handover->parts);
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
	move_list_remember(&handover->moved, memo);
	leg_seals_remember(handover->seals, handover->seal_count, memo);
}

static int64_t recall_time(struct memo_reader *reader)
{
	return memo_take(reader, INT64_MIN / 1000000000, INT64_MAX / 1000000000) * 1000000000;
}

static void recall_seal(struct leg_seal *seal, int64_t version, struct memo_reader *reader)
{
	*seal = (struct leg_seal){0};
	memo_take_text(reader, seal->number, sizeof(seal->number));
	seal->state = (enum leg_seal_state)memo_take(reader, 0, LEG_SEAL_STATES - 1);
	seal->openings = memo_take(reader, LEG_NO_COUNTER, INT64_MAX);
	seal->tamperings = memo_take(reader, LEG_NO_COUNTER, INT64_MAX);
	seal->seen_utc_ns = recall_time(reader);
	if (version > 1)
		memo_take_text(reader, seal->counted_at, sizeof(seal->counted_at));
	if (seal->counted_at[0])
		seal->counted_utc_ns = recall_time(reader);
	if (version > 2)
		memo_take_text(reader, seal->instead_of, sizeof(seal->instead_of));
}

size_t leg_seals_recall(struct leg_seal *seals, int64_t version, struct memo_reader *reader)
{
	size_t count = (size_t)memo_take(reader, 0, HANDOVER_SEALS);

	for (size_t i = 0; i < count; i++)
		recall_seal(&seals[i], version, reader);
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

void handover_recall(struct handover *handover, int64_t version, struct memo_reader *reader)
{
	*handover = (struct handover){0};
	memo_take_text(reader, handover->ucr, sizeof(handover->ucr));
	if (version > 1)
		memo_take_text(reader, handover->part, sizeof(handover->part));
	if (version > 2)
		handover->parts = memo_take(reader, 0, INT64_MAX);
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
	if (version > 3)
		move_list_recall(&handover->moved, reader);
	handover->seal_count = leg_seals_recall(handover->seals, version, reader);
	if (!handover_is_sound(handover))
		reader->bad = true;
}
