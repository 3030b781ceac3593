/* A handover: what a checkpoint announces to the next one when a consignment leaves.
 *
 * Published retained on <root>/<to>/handover/<ucr>, so that the next checkpoint's gateways
 * find it whenever they come up: who left when, when it should arrive, and each seal with its
 * state and counters, to be compared on arrival. The custody chain of the SAFE Framework's
 * seal integrity programme (WCO): the seal is checked at each change of custody, and here
 * against the check before. Durations of a leg are between two gateways and so between two
 * wall clocks, the only place where these decide; each label comes with its clock's state.
 *
 * As a payload it is a state of its own kind: the members of handover_members() behind those
 * that each state begins with. As a memory it is one text (memo.h), below MEMO_BYTES.
 * daemon/handover_read.h reads a payload. Plain data, nothing is allocated.
 */
#ifndef CORRIDORD_HANDOVER_H
#define CORRIDORD_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identifier.h"
#include "reading.h"

struct json;
struct memo;
struct memo_reader;

#define HANDOVER_SCHEMA	    "corridord.handover/1"
#define HANDOVER_SEALS	    16 /* a payload and a memory hold these; more are counted */
#define HANDOVER_NAME_BYTES 64 /* of a checkpoint or gateway, with the NUL */
#define HANDOVER_RULE_BYTES 16
#define HANDOVER_KEY_BYTES  136 /* of a state */
#define HANDOVER_KEY	    "@handover/" /* no lane has such a name */

enum leg_seal_state {
	LEG_SEAL_INTACT,
	LEG_SEAL_OPENED,
	LEG_SEAL_TAMPERED,
	LEG_SEAL_MISSING,
	LEG_SEAL_UNKNOWN,
	LEG_SEAL_STATES
};

struct leg_seal {
	char number[IDENTIFIER_BYTES]; /* normalised */
	enum leg_seal_state state;
	int64_t openings, tamperings; /* counters; -1: not known */
	int64_t seen_utc_ns;
};

struct handover {
	char ucr[IDENTIFIER_BYTES];
	char from[HANDOVER_NAME_BYTES]; /* checkpoints */
	char to[HANDOVER_NAME_BYTES];
	char gateway[HANDOVER_NAME_BYTES]; /* of from */
	char rule[HANDOVER_RULE_BYTES]; /* that the consignment was bound by: "seal" */
	int64_t departed_utc_ns;
	enum clock_state departed_clock;
	int64_t expected_from_utc_ns; /* INT64_MIN: not said */
	int64_t expected_until_utc_ns; /* INT64_MAX: not said */
	int64_t expires_utc_ns; /* not waited for any more; INT64_MIN: not known, for want of a clock */
	struct leg_seal seals[HANDOVER_SEALS];
	size_t seal_count;
	int64_t seals_more; /* left out */
};

/* The members of the payload behind those of any state. */
void handover_members(const struct handover *handover, struct json *json);
/* "seals", as many as have room, and "seals_more". */
void handover_tell_seals(const struct handover *handover, struct json *json);

/* "@handover/<to>/<ucr>". What a topic cannot have in a level is %XX.
 * false: it does not fit. */
bool handover_key(const char *to, const char *ucr, char key[HANDOVER_KEY_BYTES]);

/* The last level of such a key as a UCR. false: it is none. */
bool handover_ucr(const char *level, char ret_ucr[IDENTIFIER_BYTES]);

/* Leaves out seals for which a memory has no room. */
void handover_fit(struct handover *handover);
void handover_remember(const struct handover *handover, struct memo *memo);
/* What is not readable makes the reader bad. */
void handover_recall(struct handover *handover, struct memo_reader *reader);

/* Of the same departure. */
bool handover_is_same(const struct handover *one, const struct handover *other);

/* The monotonic time of that UTC; as late as can be for a clock that was never set; INT64_MAX
 * for INT64_MAX only. */
int64_t handover_due(int64_t utc_ns, const struct instant *now);

void leg_seals_remember(const struct leg_seal *seals, size_t count, struct memo *memo);
/* HANDOVER_SEALS at most; returns how many. */
size_t leg_seals_recall(struct leg_seal *seals, struct memo_reader *reader);

/* false: a number is missing or a word is none; called on what was read from others. */
bool handover_is_sound(const struct handover *handover);

const char *leg_seal_state_name(enum leg_seal_state state); /* "intact" */
bool leg_seal_state_by_name(const char *name, enum leg_seal_state *ret_state);

#endif
