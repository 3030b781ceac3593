#include "replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/event/alarm_book.h"

const struct event_origin replay_origin = {
	.checkpoint = "ge-red-bridge",
	.gateway = "gw1",
	.boot = "5b0f3a4e-5a3e-4f0e-9d7e-0a1b2c3d4e5f",
};

void replay_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static void replay_keep(struct replay *replay, const struct event_draft *draft)
{
	struct replay_state *state = replay->states;

	while (state < replay->states + replay->state_count &&
	       strcmp(state->key, draft->state_key) != 0)
		state++;
	if (state == replay->states + REPLAY_STATES)
		replay_fail("too many states");
	if (state == replay->states + replay->state_count)
		replay->state_count++;
	snprintf(state->key, sizeof(state->key), "%s", draft->state_key);
	snprintf(state->word, sizeof(state->word), "%s",
		 draft->state_word ? draft->state_word : "");
	snprintf(state->members, sizeof(state->members), "%s", draft->state);
}

/* The last ones move up: the order is that of their first appearance. */
static void replay_drop(struct replay *replay, const char *key)
{
	struct replay_state *end = replay->states + replay->state_count, *state = replay->states;

	while (state < end && strcmp(state->key, key) != 0)
		state++;
	if (replay->out)
		fprintf(replay->out, "{\"taken back\":\"%s\"}\n", key);
	if (state == end)
		return;
	memmove(state, state + 1, (size_t)(end - state - 1) * sizeof(*state));
	replay->state_count--;
}

static void replay_remember(struct replay *replay, const struct event_memory *memory)
{
	struct replay_memory *slot = NULL;
	size_t i;

	for (i = 0; i < REPLAY_MEMORIES; i++)
		if (strcmp(replay->memories[i].key, memory->key) == 0 ||
		    (!slot && !replay->memories[i].key[0]))
			slot = &replay->memories[i];
	if (!slot)
		replay_fail("too many memories");
	if (strlen(memory->key) >= MEMORY_KEY_BYTES ||
	    (memory->text && strlen(memory->text) >= MEMORY_TEXT_BYTES))
		replay_fail("memory too long");
	snprintf(slot->key, sizeof(slot->key), "%s", memory->text ? memory->key : "");
	snprintf(slot->text, sizeof(slot->text), "%s", memory->text ? memory->text : "");
}

/* The draft says what its body says: the alarm book goes by the draft. */
static void replay_check_alarm(const struct event_draft *draft)
{
	enum alarm_edge said = ALARM_NO_EDGE;

	if (strstr(draft->body, "\"alarm\":\"raised\""))
		said = ALARM_RAISED;
	else if (strstr(draft->body, "\"alarm\":\"cleared\""))
		said = ALARM_CLEARED;
	if (draft->alarm != said || (said != ALARM_NO_EDGE) != (draft->type->kind == KIND_ALARM))
		replay_fail("%s is said to be neither raised nor cleared, or both",
			    draft->type->name);
}

static void replay_put(void *data, const struct event_draft *draft)
{
	struct replay *replay = data;
	char payload[EVENT_BYTES];
	size_t i;

	if (draft->type)
		replay_check_alarm(draft);
	for (i = 0; i < draft->memory_count; i++)
		replay_remember(replay, &draft->memories[i]);
	if (draft->state_key && !draft->state_over)
		replay_keep(replay, draft);
	if (draft->type && replay->out)
		fprintf(replay->out, "{\"type\":\"%s\",%s}\n", draft->type->name, draft->body);
	replay->events += draft->type != NULL;
	if (draft->type && replay->payloads) {
		if (event_seal(&replay->head, &replay_origin, draft, &replay->now, payload) < 0)
			replay_fail("event too long");
		fprintf(replay->payloads, "%s\n", payload);
	}
	if (draft->state_key && draft->state_over)
		replay_drop(replay, draft->state_key);
	else if (draft->state_key && replay->payloads) {
		if (event_seal_state(&replay->head, &replay_origin, draft, &replay->now, payload) <
		    0)
			replay_fail("state too long");
		fprintf(replay->payloads, "%s\n", payload);
	}
}

void replay_clock(struct replay *replay, int64_t mono_ns)
{
	if (mono_ns < replay->now.mono_ns)
		return;
	replay->now.mono_ns = mono_ns;
	replay->now.utc_ns = REPLAY_UTC_NS + replay->ahead_ns + (mono_ns - REPLAY_MONO_NS);
}

/* All of it is kept. */
static void replay_rewire(struct replay *replay)
{
	uint32_t same[REPLAY_PARTS];
	const struct transit_kept kept = {.devices = same, .points = same, .units = same};

	for (uint32_t i = 0; i < REPLAY_PARTS; i++)
		same[i] = i;
	if (replay->setup->conf.point_count > REPLAY_PARTS)
		replay_fail("too many points");
	if (transit_rewire(replay->transit, &replay->setup->conf, &kept, &replay->now) < 0)
		replay_fail("out of memory");
}

void replay_to(struct replay *replay, int64_t mono_ns)
{
	if (mono_ns == replay->now.mono_ns)
		return;
	if (replay->manner == REPLAY_IN_A_HURRY) {
		replay_clock(replay, mono_ns);
		return;
	}
	transit_judge_pending(replay->transit, &replay->now);
	while (transit_next_deadline(replay->transit) < mono_ns) {
		replay_clock(replay, transit_next_deadline(replay->transit));
		transit_tick(replay->transit, &replay->now);
	}
	if (replay->manner == REPLAY_REWIRED)
		replay_rewire(replay);
	replay_clock(replay, mono_ns);
}

void replay_flush(struct replay *replay)
{
	transit_judge_pending(replay->transit, &replay->now);
	transit_tick(replay->transit, &replay->now);
}

int64_t replay_seconds(double seconds)
{
	return REPLAY_MONO_NS + (int64_t)(seconds * 1e9);
}

bool replay_is_container(const char *number)
{
	return identifier_check(IDENTIFIER_CONTAINER, number) == IDENTIFIER_GOOD;
}

struct recognition_policy *replay_own_policy(struct replay *replay)
{
	struct recognition_policy *policy = &replay->policy;

	if (policy->own_count == 0)
		policy->own[policy->own_count++].benefits = BENEFIT_PRIORITY_LANE;
	return policy;
}

void replay_begin(struct replay *replay)
{
	struct event_sink sink = {.data = replay, .put = replay_put};
	struct transit_conf conf = replay->setup->conf;
	size_t i;

	conf.checkpoint = replay_origin.checkpoint;
	conf.boot = replay->boot;
	conf.country = "GE";
	conf.policy = replay_own_policy(replay);
	if (replay->legs.gateway)
		conf.legs = &replay->legs;
	if (replay->table.consignment_count)
		conf.questions =
			(struct registry_questions){.data = &replay->table, .ask = table_ask};
	if (transit_new(&conf, &sink, &replay->transit) < 0)
		replay_fail("out of memory");
	for (i = 0; i < replay->state_count; i++)
		transit_restore(replay->transit, replay->states[i].key, replay->states[i].word);
	for (i = 0; i < REPLAY_MEMORIES; i++)
		if (replay->memories[i].key[0])
			transit_recall(replay->transit, replay->memories[i].key,
				       replay->memories[i].text);
	transit_start(replay->transit, &replay->now);
}

void replay_restart(struct replay *replay)
{
	replay_flush(replay);
	transit_free(replay->transit);
	replay->table.question_count = 0;
	replay_begin(replay);
}

void replay_end(struct replay *replay)
{
	size_t i;

	replay_to(replay, replay->now.mono_ns + REPLAY_TAIL_NS);
	replay_flush(replay);
	for (i = 0; i < replay->state_count && replay->out; i++)
		fprintf(replay->out, "{\"retained\":\"%s\",%s}\n", replay->states[i].key,
			replay->states[i].members);
	transit_free(replay->transit);
}
