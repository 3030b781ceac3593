#include "outbound/states.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS	    256
#define CHUNK_BYTES 64

struct state {
	struct state *next; /* in its bucket */
	struct state *next_waiting;
	bool waiting, patient;
	size_t bytes, room;
	uint64_t over; /* which removal this is, 0: none */
	char *payload;
	char key[];
};

struct line {
	struct state *first, **last;
};

struct states {
	struct state *bucket[BUCKETS];
	struct line lines[2]; /* of those that wait, the patient ones in the second */
	int64_t patient_ns; /* their next burst */
	size_t count;
	uint64_t removals; /* since the start */
};

int states_new(struct states **ret_states)
{
	struct states *states = calloc(1, sizeof(*states));

	if (!states)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++)
		states->lines[i].last = &states->lines[i].first;
	*ret_states = states;
	return 0;
}

void states_free(struct states *states)
{
	for (size_t i = 0; states && i < BUCKETS; i++) {
		while (states->bucket[i]) {
			struct state *state = states->bucket[i];

			states->bucket[i] = state->next;
			free(state->payload);
			free(state);
		}
	}
	free(states);
}

static struct state **bucket_of(struct states *states, const char *key)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	while (*key)
		hash = (hash ^ (unsigned char)*key++) * 16777619U;
	return &states->bucket[hash % BUCKETS];
}

static int add(struct states *states, struct state **bucket, const char *key,
	       struct state **ret_state)
{
	size_t key_bytes = strlen(key) + 1;
	struct state *state;

	if (states->count == STATES_MAX)
		return -ENOSPC;
	if (key_bytes > STATE_KEY_BYTES)
		return -E2BIG;
	state = calloc(1, sizeof(*state) + key_bytes);
	if (!state)
		return -ENOMEM;
	memcpy(state->key, key, key_bytes);
	state->next = *bucket;
	*bucket = state;
	states->count++;
	*ret_state = state;
	return 0;
}

static int find_or_add(struct states *states, const char *key, struct state **ret_state)
{
	struct state **bucket = bucket_of(states, key);
	struct state *state;

	for (state = *bucket; state; state = state->next) {
		if (strcmp(state->key, key) == 0) {
			*ret_state = state;
			return 0;
		}
	}
	return add(states, bucket, key, ret_state);
}

static int make_room(struct state *state, size_t bytes)
{
	size_t room = (bytes / CHUNK_BYTES + 1) * CHUNK_BYTES;
	char *payload;

	if (state->payload && bytes <= state->room)
		return 0;
	payload = realloc(state->payload, room);
	if (!payload)
		return -ENOMEM;
	state->payload = payload;
	state->room = room;
	return 0;
}

static void wait_in_line(struct states *states, struct state *state)
{
	struct line *line = &states->lines[state->patient];

	if (state->waiting)
		return;
	state->waiting = true;
	state->next_waiting = NULL;
	*line->last = state;
	line->last = &state->next_waiting;
}

static struct state *leave_line(struct line *line)
{
	struct state *state = line->first;

	line->first = state->next_waiting;
	if (!line->first)
		line->last = &line->first;
	state->waiting = false;
	return state;
}

int states_put(struct states *states, const struct outlet_state *news)
{
	struct state *state;
	int err;

	if (news->bytes > EVENT_BYTES)
		return -E2BIG;
	err = find_or_add(states, news->key, &state);
	if (err < 0)
		return err;
	err = make_room(state, news->bytes);
	if (err < 0)
		return err;
	if (news->bytes > 0)
		memcpy(state->payload, news->payload, news->bytes);
	state->bytes = news->bytes;
	state->over = news->bytes > 0 ? 0 : ++states->removals;
	if (!state->waiting)
		state->patient = news->patient;
	wait_in_line(states, state);
	return 0;
}

/* The burst ends when nothing waits any more. */
static struct state *leave_patient_line(struct states *states, int64_t now_ns)
{
	struct state *state = leave_line(&states->lines[1]);

	if (!states->lines[1].first)
		states->patient_ns = now_ns < INT64_MAX ? now_ns + STATES_PATIENCE_NS : INT64_MAX;
	return state;
}

int64_t states_due_ns(const struct states *states)
{
	if (states->lines[0].first)
		return 0;
	return states->lines[1].first ? states->patient_ns : INT64_MAX;
}

bool states_take(struct states *states, int64_t now_ns, struct state_copy *ret_copy)
{
	struct state *state;

	if (now_ns < states_due_ns(states))
		return false;
	if (states->lines[0].first)
		state = leave_line(&states->lines[0]);
	else if (states->lines[1].first)
		state = leave_patient_line(states, now_ns);
	else
		return false;
	memcpy(ret_copy->key, state->key, strlen(state->key) + 1);
	memcpy(ret_copy->payload, state->payload, state->bytes);
	ret_copy->bytes = state->bytes;
	ret_copy->over = state->over;
	ret_copy->patient = state->patient;
	return true;
}

void states_untake(struct states *states, const char *key)
{
	struct state *state = *bucket_of(states, key);

	while (state && strcmp(state->key, key) != 0)
		state = state->next;
	if (state)
		wait_in_line(states, state);
}

void states_removed(struct states *states, uint64_t over)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct state **at = &states->bucket[i];

		while (*at && (*at)->over != over)
			at = &(*at)->next;
		if (!*at)
			continue;
		if (!(*at)->waiting) {
			struct state *state = *at;

			*at = state->next;
			states->count--;
			free(state->payload);
			free(state);
		}
		return;
	}
}

static size_t line_up(struct states *states, bool sensors)
{
	struct state *state;
	size_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (state = states->bucket[i]; state; state = state->next) {
			if (!state->payload || (state->key[0] != '@') != sensors)
				continue;
			wait_in_line(states, state);
			count++;
		}
	}
	return count;
}

size_t states_all_again(struct states *states)
{
	size_t sensors = line_up(states, true);

	states->patient_ns = 0;
	(void)line_up(states, false);
	return sensors;
}
