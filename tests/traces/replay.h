/* One run of the pure part on recorded time: what it publishes is kept as a broker and a journal would. */
#ifndef TESTS_TRACES_REPLAY_H
#define TESTS_TRACES_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../numbers.h"
#include "registry.h"
#include "setups.h"

#define REPLAY_MONO_NS	INT64_C(1000000000000) /* when a trace begins */
#define REPLAY_UTC_NS	INT64_C(1772431200000000000) /* 2026-03-02 06:00:00 */
#define REPLAY_TAIL_NS	S /* goes by after the last line: debounce comes to rest */
#define REPLAY_STATES	100
#define REPLAY_PARTS	100
#define REPLAY_MEMORIES 400

/* How the main loop comes to call, which must make no difference; nor who the operators are,
 * to what is told as wrong. */
enum replay_manner {
	REPLAY_IN_TIME, /* each deadline when it comes, settled after each instant */
	REPLAY_IN_A_HURRY, /* readings only: neither ticks nor settling but at the end */
	REPLAY_REWIRED, /* in time, and after each moment the same configuration is loaded anew */
	REPLAY_WITHOUT_AEO, /* in time, and nobody is an authorised operator */
};

struct replay_state {
	char key[STATE_KEY_BYTES], word[STATE_WORD_BYTES], members[EVENT_BODY_BYTES];
};

struct replay_memory {
	char key[MEMORY_KEY_BYTES], text[MEMORY_TEXT_BYTES];
};

struct replay {
	FILE *out; /* events as lines of the golden file; NULL: not wanted */
	FILE *payloads; /* sealed payloads; NULL: not wanted */
	enum replay_manner manner;
	const struct setup *setup;
	struct transit *transit;
	struct instant now;
	int64_t ahead_ns; /* of the wall clock */
	struct event_head head;
	struct replay_state states[REPLAY_STATES];
	size_t state_count;
	struct replay_memory memories[REPLAY_MEMORIES]; /* those without a key are free */
	struct table table;
	struct recognition_policy policy;
	struct legs_conf legs;
	const char *boot;
	size_t events;
};

extern const struct event_origin replay_origin;

/* Tells, and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void replay_fail(const char *format, ...);

/* The checkpoint starts with what is kept; it stops, and starts so again. */
void replay_begin(struct replay *replay);
void replay_restart(struct replay *replay);
void replay_end(struct replay *replay);

int64_t replay_seconds(double seconds); /* of its own clock, from the start */
void replay_clock(struct replay *replay, int64_t mono_ns);

/* All that happens before this moment; the moment itself is still to come. */
void replay_to(struct replay *replay, int64_t mono_ns);
void replay_flush(struct replay *replay);

/* Operators of its own have the priority lane, whatever else they have. */
struct recognition_policy *replay_own_policy(struct replay *replay);

bool replay_is_container(const char *number);

#endif
