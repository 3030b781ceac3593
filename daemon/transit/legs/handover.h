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
 * inbound/handover_read.h reads a payload. Plain data, nothing is allocated.
 */
#ifndef CORRIDORD_TRANSIT_LEGS_HANDOVER_H
#define CORRIDORD_TRANSIT_LEGS_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/event.h"
#include "transit/registry/identifier.h"
#include "transit/registry/moves.h"

struct jw;
struct memo;
struct memo_reader;

#define HANDOVER_SEALS	    16 /* a payload and a memory hold these; more are counted */
#define HANDOVER_NAME_BYTES 64 /* of a checkpoint or gateway, with the NUL */
#define HANDOVER_RULE_BYTES 16
#define HANDOVER_KEY_BYTES  136 /* of a state */
#define HANDOVER_PART_BYTES 24
#define HANDOVER_WORD_BYTES 768 /* that takes one back */
#define HANDOVER_ID_BYTES   (IDENTIFIER_BYTES + HANDOVER_PART_BYTES)

#define LEG_NO_COUNTER (-2) /* as far as this reader can tell */

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
	int64_t openings, tamperings; /* counters; -1: not known, LEG_NO_COUNTER: it has none */
	int64_t seen_utc_ns;
	char counted_at[HANDOVER_NAME_BYTES]; /* the checkpoint that knew a counter of them last;
					       * empty: where seen_utc_ns is of */
	int64_t counted_utc_ns;
	char instead_of
		[IDENTIFIER_BYTES]; /* the declared one that an officer had it replace; or empty */
};

/* Whether it is signed by who it is said to be of. */
enum handover_signature {
	HANDOVER_NOT_JUDGED, /* no key of that checkpoint is known */
	HANDOVER_SIGNED,
	HANDOVER_UNSIGNED,
	HANDOVER_WRONGLY_SIGNED,
	HANDOVER_STRANGELY_SIGNED, /* by a key that is not known */
	HANDOVER_SIGNATURES
};

struct handover {
	char ucr[IDENTIFIER_BYTES];
	char part[HANDOVER_PART_BYTES]; /* the container, or the plate of the vehicle, where the
					 * consignment goes on several; empty: all of it */
	int64_t parts; /* how many there are, where this is one; 0: not said */
	char from[HANDOVER_NAME_BYTES]; /* checkpoints */
	char to[HANDOVER_NAME_BYTES];
	char gateway[HANDOVER_NAME_BYTES]; /* of from */
	char rule[HANDOVER_RULE_BYTES]; /* that the consignment was bound by: "seal" */
	int64_t departed_utc_ns;
	enum clock_state departed_clock;
	int64_t expected_from_utc_ns; /* INT64_MIN: not said */
	int64_t expected_until_utc_ns; /* INT64_MAX: not said */
	int64_t expires_utc_ns; /* waited for until then; INT64_MIN: not known yet, no clock */
	struct leg_seal seals[HANDOVER_SEALS];
	size_t seal_count;
	int64_t seals_more; /* that have no room */
	struct move_list moved; /* since it was declared */
	enum handover_signature signature;
	char taken_back_by[HANDOVER_NAME_BYTES]; /* it takes back what it names, as this checkpoint
						  * says; empty: it announces */
	char instead[HANDOVER_NAME_BYTES]; /* it is taken back because it goes there; or empty */
};

/* Of a checkpoint whose key is known, and not rightly signed: it neither accuses nor excuses. */
bool handover_is_doubtful(const struct handover *handover);
const char *handover_signature_name(enum handover_signature signature);

/* The members of the payload after those of any state. */
void handover_members(const struct handover *handover, struct jw *json);
/* Makes the state that takes it back, in its place: the last one. text lives as long as draft. */
void handover_take_back(const struct handover *handover, const char *because,
			char text[HANDOVER_WORD_BYTES], struct event_draft *draft);
/* "seals", as many as have room, and "seals_more". */
void handover_tell_seals(const struct handover *handover, struct jw *json);

/* "<ucr>", of a part "<ucr>~<part>": what is announced, awaited and taken back by itself.
 * A UCR with a "~" of its own is always followed by one. */
void handover_id(const struct handover *handover, char ret_id[HANDOVER_ID_BYTES]);
void handover_id_of(const char *ucr, const char *part, char ret_id[HANDOVER_ID_BYTES]);
/* That id is of all of this consignment, or of one of its parts. */
bool handover_id_is_of(const char *id, const char *ucr);
/* Sets UCR and part. */
void handover_set_id(struct handover *handover, const char *id);

/* "@handover/<to>/<id>". What a topic cannot have in a level is %XX.
 * false: it does not fit. */
bool handover_key(const char *to, const char *id, char key[HANDOVER_KEY_BYTES]);

/* The id in the last level of such a key, normalised. false: there is none. */
bool handover_read_id(const char *level, char ret_id[HANDOVER_ID_BYTES]);

/* Drops seals for which a memory has no room; they are counted. */
void handover_fit(struct handover *handover);
#define HANDOVER_MEMORY 4 /* the version that this writes */
void handover_remember(const struct handover *handover, struct memo *memo);
/* What is not readable makes the reader bad. version: HANDOVER_MEMORY, or an older one. */
void handover_recall(struct handover *handover, int64_t version, struct memo_reader *reader);

/* Of the same departure. */
bool handover_is_same(const struct handover *one, const struct handover *other);

/* The monotonic time of that UTC. INT64_MAX stays that; without a clock it is INT64_MAX - 1. */
int64_t handover_due(int64_t utc_ns, const struct instant *now);

/* "counted": where and when, if at is not empty. */
void leg_seal_tell_counted(const char *at, int64_t utc_ns, struct jw *json);

/* NULL: there is none of that number. */
struct leg_seal *leg_seal_find(struct leg_seal *seals, size_t count, const char *number);
/* The counters that seal does not say are as they were before; where says who saw that. */
void leg_seal_carry(struct leg_seal *seal, const struct leg_seal *before, const char *where);

void leg_seals_remember(const struct leg_seal *seals, size_t count, struct memo *memo);
/* HANDOVER_SEALS at most; returns how many. version 1 did not say where they were counted, 2
 * what they replaced. */
size_t leg_seals_recall(struct leg_seal *seals, int64_t version, struct memo_reader *reader);

/* For what was read: no number is missing, and all values are in range. */
bool handover_is_sound(const struct handover *handover);

bool leg_seal_state_by_name(const char *name, enum leg_seal_state *ret_state);

#endif
