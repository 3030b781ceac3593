#include "outbound/states.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS	    256
#define CHUNK_BYTES 64

struct state {
	struct state *next; /* in its bucket */
	struct state *next_waiting;
	struct line *line; /* that it waits in; NULL: it does not */
	bool patient;
	bool lacks; /* the signature that it is to have */
	bool signing; /* it was taken for that */
	uint64_t put;
	size_t bytes, room;
	uint64_t over; /* which last word this is, 0: none */
	char *payload;
	char key[];
};

struct line {
	struct state *first, **last;
};

enum { LINE_NOW, LINE_PATIENT, LINE_TO_SIGN, LINES };

struct states {
	struct state *bucket[BUCKETS];
	struct line lines[LINES]; /* of those that wait */
	int64_t patient_ns; /* their next burst */
	size_t count;
	uint64_t last_words, puts; /* since the start */
};

int states_new(struct states **ret_states)
{
	struct states *states = calloc(1, sizeof(*states));

	if (!states)
		return -ENOMEM;
	for (size_t i = 0; i < LINES; i++)
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
	return &states->bucket[hash_text(HASH_START, key) % BUCKETS];
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

static struct state *find(struct states *states, const char *key)
{
	struct state *state = *bucket_of(states, key);

	while (state && strcmp(state->key, key) != 0)
		state = state->next;
	return state;
}

static int find_or_add(struct states *states, const char *key, struct state **ret_state)
{
	struct state *state = find(states, key);

	if (!state)
		return add(states, bucket_of(states, key), key, ret_state);
	*ret_state = state;
	return 0;
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

static void leave_line(struct state *state)
{
	struct line *line = state->line;
	struct state **at = &line->first;

	while (*at != state)
		at = &(*at)->next_waiting;
	*at = state->next_waiting;
	if (!*at)
		line->last = at;
	state->line = NULL;
}

static void wait_in(struct line *line, struct state *state)
{
	if (state->line == line)
		return;
	if (state->line)
		leave_line(state);
	state->line = line;
	state->next_waiting = NULL;
	*line->last = state;
	line->last = &state->next_waiting;
}

static void wait_in_line(struct states *states, struct state *state)
{
	wait_in(&states->lines[state->patient ? LINE_PATIENT : LINE_NOW], state);
}

static int put(struct states *states, const struct outlet_state *news, struct state **ret_state)
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
	state->over = news->over || news->bytes == 0 ? ++states->last_words : 0;
	state->put = ++states->puts;
	state->lacks = state->signing = false;
	*ret_state = state;
	return 0;
}

int states_put(struct states *states, const struct outlet_state *news)
{
	struct state *state;
	int err = put(states, news, &state);

	if (err < 0)
		return err;
	if (!state->line || state->line == &states->lines[LINE_TO_SIGN])
		state->patient = news->patient;
	wait_in_line(states, state);
	return 0;
}

/* ---- signing ------------------------------------------------------------------------- */

int states_put_to_sign(struct states *states, const struct outlet_state *news)
{
	struct state *state;
	int err = put(states, news, &state);

	if (err < 0)
		return err;
	state->lacks = true;
	state->patient = false;
	wait_in(&states->lines[LINE_TO_SIGN], state);
	return 0;
}

static void copy_state(const struct state *state, struct state_copy *copy)
{
	memcpy(copy->key, state->key, strlen(state->key) + 1);
	memcpy(copy->payload, state->payload, state->bytes);
	copy->bytes = state->bytes;
	copy->over = state->over;
	copy->patient = state->patient;
	copy->put = state->put;
}

bool states_take_to_sign(struct states *states, struct state_copy *ret_copy)
{
	struct state *state = states->lines[LINE_TO_SIGN].first;

	if (!state)
		return false;
	leave_line(state);
	state->signing = true;
	copy_state(state, ret_copy);
	return true;
}

/* NULL: another one was put meanwhile. */
static struct state *find_taken(struct states *states, const struct state_copy *copy)
{
	struct state *state = find(states, copy->key);

	return state && state->put == copy->put ? state : NULL;
}

void states_signed(struct states *states, const struct state_copy *copy)
{
	struct state *state = find_taken(states, copy);

	if (!state)
		return;
	state->signing = false;
	if (make_room(state, copy->bytes) == 0) {
		memcpy(state->payload, copy->payload, copy->bytes);
		state->bytes = copy->bytes;
		state->lacks = false;
	}
	wait_in_line(states, state);
}

void states_not_signed(struct states *states, const struct state_copy *copy)
{
	struct state *state = find_taken(states, copy);

	if (!state)
		return;
	state->signing = false;
	wait_in(&states->lines[LINE_TO_SIGN], state);
}

void states_give_up_signing(struct states *states)
{
	struct state *state;

	while ((state = states->lines[LINE_TO_SIGN].first))
		wait_in_line(states, state);
}

void states_sign_again(struct states *states)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct state *state = states->bucket[i]; state; state = state->next)
			if (state->lacks && !state->signing)
				wait_in(&states->lines[LINE_TO_SIGN], state);
}

/* ---- taking -------------------------------------------------------------------------- */

/* The burst ends when nothing waits any more. */
static struct state *leave_patient_line(struct states *states, int64_t now_ns)
{
	struct state *state = states->lines[LINE_PATIENT].first;

	leave_line(state);
	if (!states->lines[LINE_PATIENT].first)
		states->patient_ns = now_ns < INT64_MAX ? now_ns + STATES_PATIENCE_NS : INT64_MAX;
	return state;
}

int64_t states_due_ns(const struct states *states)
{
	if (states->lines[LINE_NOW].first)
		return 0;
	return states->lines[LINE_PATIENT].first ? states->patient_ns : INT64_MAX;
}

bool states_take(struct states *states, int64_t now_ns, struct state_copy *ret_copy)
{
	struct state *state = states->lines[LINE_NOW].first;

	if (now_ns < states_due_ns(states))
		return false;
	if (state)
		leave_line(state);
	else if (states->lines[LINE_PATIENT].first)
		state = leave_patient_line(states, now_ns);
	else
		return false;
	copy_state(state, ret_copy);
	return true;
}

void states_untake(struct states *states, const char *key)
{
	struct state *state = find(states, key);

	if (state && !state->line)
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
		if (!(*at)->line && !(*at)->lacks) {
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
			if (!state->payload || (state->key[0] != '@') != sensors || state->signing)
				continue;
			count++;
			if (!state->line)
				wait_in_line(states, state);
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
