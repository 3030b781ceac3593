/* Replays a trace of tests/traces through the pure part, as fast as it goes.
 *
 * Lines "#! ..." direct it (to the trace's parser they are comments):
 *     #! setup limits           the checkpoint, see setups.h; after what the registry holds
 *     #! clock synced +3600     the wall clock from here on: its state, seconds it is ahead
 *     #! restart                the daemon stops and starts again: states restored by word,
 *                               memories handed back
 *     #! boot                   so does the machine, with another boot id
 *     #! consignment …          what the registry holds, see transit/registry/question.h; also aeo, arrangement
 *     #! busy 2                 it turns the next two questions away
 *     #! max-age 24             hours after which its lists are stale; they are 30 old at first
 *     #! signed revenue.ge/lists  by whom all that it holds is signed
 *     #! most 2                 it names that many consignments in an answer
 *     #! answer 12.5            it answers what it was asked until then; not before
 *     #! fail 12.5              it answers that it cannot be read
 *     #! loading 12.5           it answers that its lists are still being read
 *     #! present 14 entry-1 UCR officer why   an officer's word
 *     #! acknowledge 40 RESOURCE TYPE officer why   an officer's note of an alarm
 *     #! policy all carrier     all parties of that role have to be recognised (role any: all of
 *                               them); from the start on
 *     #! own AEOS agreed_place  what own operators of that type are given besides priority_lane
 *     #! reseal 40 UCR officer OLD NEW why   an officer replaced a seal (UCR -: not said)
 *     #! control 40 UCR officer begin why    an examination begins; "end A1 why": has ended
 *     #! release 40 UCR officer why
 *     #! send 40 UCR officer TO why          an officer sends it to another checkpoint
 *     #! incident 40 UCR officer 3 why       as the endorsement says
 *     #! move 40 UCR officer 6 OLD NEW why   an incident: on another vehicle, or in another
 *                               container, instead of that one (-: of all)
 *     #! legs 30 24 10         from the start on: what leaves is announced, what is announced is
 *                               waited for; minutes beyond its window until it is overdue, hours
 *                               until it is given up, minutes that no leg is shorter than
 *     #! unannounced 15         with these: what is not announced so many minutes after its arrival is told
 *     #! announce 5 FROM UCR 05:10 04:00-06:10 GE4711:intact:2 …   heard of another checkpoint:
 *                               departed then, expected between; seals with their open counter,
 *                               and the one that an officer had it replace (:GE0815); OLD>NEW: what
 *                               it was moved to; UCR~PART/2: one container of two; FROM!wrong: so
 *                               is it signed
 *     #! redirect 40 UCR TO     the registry has another last stop for it now
 *     #! take-back 20 UCR       heard: it is not waited for any more
 *     #! connected 20           to the broker, which tells all that is announced once more
 *     #! heard 40               something that the broker retains, whatever it is about
 *     #! disconnected 50        from it, before it has told all
 *     #! until 90               time passes up to here, seconds from the start
 *
 * What comes out goes to a FILE: one JSON object a line for each event, then the
 * retained states as they are at the end.
 */
#ifndef TESTS_TRACES_REPLAYER_H
#define TESTS_TRACES_REPLAYER_H

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry.h"
#include "setups.h"
#include "transit/event/alarm_book.h"
#include "transit/event/trace.h"
#include "transit/registry/recognition_words.h"

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

static const struct event_origin replay_origin = {
	.checkpoint = "ge-red-bridge",
	.gateway = "gw1",
	.boot = "5b0f3a4e-5a3e-4f0e-9d7e-0a1b2c3d4e5f",
};

__attribute__((noreturn, format(printf, 1, 2))) static void replay_fail(const char *format, ...)
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

static void replay_clock(struct replay *replay, int64_t mono_ns)
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

/* All that happens before this moment; the moment itself is still to come. */
static void replay_to(struct replay *replay, int64_t mono_ns)
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

static void replay_flush(struct replay *replay)
{
	transit_judge_pending(replay->transit, &replay->now);
	transit_tick(replay->transit, &replay->now);
}

/* Operators of its own have the priority lane, whatever else they have. */
static struct recognition_policy *replay_own_policy(struct replay *replay)
{
	struct recognition_policy *policy = &replay->policy;

	if (policy->own_count == 0)
		policy->own[policy->own_count++].benefits = BENEFIT_PRIORITY_LANE;
	return policy;
}

static void replay_begin(struct replay *replay)
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

static void replay_setup(struct replay *replay, const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(setups); i++)
		if (strcmp(setups[i].name, name) == 0)
			replay->setup = &setups[i];
	if (!replay->setup)
		replay_fail("there is no setup \"%s\"", name);
	replay->now.clock = CLOCK_SYNCED;
	replay_clock(replay, REPLAY_MONO_NS);
	replay_begin(replay);
}

static void replay_set_clock(struct replay *replay, const char *word, double ahead_s)
{
	enum clock_state state = CLOCK_UNSYNCED;

	while (strcmp(clock_state_name(state), word) != 0)
		state++;
	if (replay->manner != REPLAY_IN_A_HURRY)
		replay_flush(replay);
	replay->ahead_ns = (int64_t)(ahead_s * 1e9);
	replay->now.clock = state;
	replay_clock(replay, replay->now.mono_ns);
}

static int64_t replay_seconds(double seconds)
{
	return REPLAY_MONO_NS + (int64_t)(seconds * 1e9);
}

/* All questions asked before that moment. */
static void replay_answer(struct replay *replay, double seconds, enum registry_outcome outcome)
{
	struct table *table = &replay->table;
	struct registry_question questions[TABLE_QUESTIONS];
	size_t count, i;

	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	count = table->question_count;
	memcpy(questions, table->questions, sizeof(questions));
	table->question_count = 0;
	for (i = 0; i < count; i++) {
		struct registry_answer *answer =
			table_answer(table, &questions[i], outcome == REGISTRY_FAILED);

		answer->outcome = outcome;
		transit_answer(replay->transit, answer, &replay->now);
	}
}

static void replay_present(struct replay *replay, const char *line)
{
	char lane[32], ucr[64], officer[32], why[100];
	struct officer_word word = {.ucr = ucr, .officer = officer, .reason = why};
	double seconds;
	int rc;

	if (sscanf(line, "%lf %31s %63s %31s %99[^\n]", &seconds, lane, ucr, officer, why) != 5)
		replay_fail("what is %s", line);
	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	rc = transit_name_consignment(replay->transit, lane, &word, &replay->now);
	if (rc < 0 && rc != -EINPROGRESS && replay->out)
		fprintf(replay->out, "{\"refused\":\"%s\",\"why\":\"%s\"}\n", ucr,
			strerrorname_np(-rc));
}

static void replay_policy(struct replay *replay, const char *line)
{
	char who[16], role[16];

	if (sscanf(line, "%15s %15s", who, role) != 2)
		replay_fail("what is %s", line);
	replay->policy.all = strcmp(who, "all") == 0;
	replay->policy.roles = aeo_role_by_name(role);
}

static void replay_own(struct replay *replay, const char *line)
{
	struct recognition_policy *policy = replay_own_policy(replay);
	struct own_benefits *own = &policy->own[policy->own_count++];
	char benefit[32];

	if (sscanf(line, "%31s %31s", own->type, benefit) != 2)
		replay_fail("what is %s", line);
	own->benefits = aeo_benefit_by_name(benefit);
}

/* What follows the officer: as the act needs it, then why. */
static bool replay_act_read(const char *method, const char *rest, char words[3][64], char why[100],
			    struct officer_act *act)
{
	if (strcmp(method, "reseal") == 0) {
		act->kind = ACT_RESEAL;
		return sscanf(rest, "%63s %63s %99[^\n]", words[0], words[1], why) == 3;
	}
	if (strcmp(method, "control") == 0 && strncmp(rest, "begin ", 6) == 0) {
		act->kind = ACT_CONTROL_BEGINS;
		return sscanf(rest, "begin %99[^\n]", why) == 1;
	}
	if (strcmp(method, "control") == 0) {
		act->kind = ACT_CONTROL_ENDS;
		return sscanf(rest, "end %63s %99[^\n]", words[0], why) == 2;
	}
	if (strcmp(method, "release") == 0) {
		act->kind = ACT_RELEASE;
		return sscanf(rest, "%99[^\n]", why) == 1;
	}
	act->kind = strcmp(method, "send") == 0 ? ACT_REDIRECT : ACT_INCIDENT;
	if (strcmp(method, "move") == 0)
		return sscanf(rest, "%63s %63s %63s %99[^\n]", words[0], words[1], words[2], why) ==
		       4;
	return sscanf(rest, "%63s %99[^\n]", words[0], why) == 2;
}

static bool replay_is_container(const char *number)
{
	return identifier_check(IDENTIFIER_CONTAINER, number) == IDENTIFIER_GOOD;
}

static void replay_moved(struct officer_act *act, const char *from, const char *to)
{
	const bool container = replay_is_container(to);

	if (strcmp(from, "-") == 0)
		from = "";
	*(container ? &act->old_container : &act->old_vehicle) = from;
	*(container ? &act->new_container : &act->new_vehicle) = to;
}

static void replay_act(struct replay *replay, const char *line)
{
	char method[16], ucr[64], officer[32], words[3][64] = {{0}}, why[100];
	struct officer_act act = {
		.officer = officer,
		.reason = why,
		.ucr = ucr,
		.removed = words[0],
		.affixed = words[1],
		.authority = "customs",
		.result = words[0],
		.to = words[0],
		.code = words[0],
		.endorsement = why,
	};
	const char *what = "";
	double seconds;
	int rest = 0, rc;

	if (sscanf(line, "%15s %lf %63s %31s %n", method, &seconds, ucr, officer, &rest) != 4 ||
	    !rest || !replay_act_read(method, line + rest, words, why, &act))
		replay_fail("what is %s", line);
	if (strcmp(ucr, "-") == 0)
		ucr[0] = '\0';
	if (words[2][0])
		replay_moved(&act, words[1], words[2]);
	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	rc = transit_act(replay->transit, &act, &replay->now, &what);
	if (rc < 0 && replay->out)
		fprintf(replay->out, "{\"refused\":\"%s\",\"why\":\"%s\"}\n", what,
			strerrorname_np(-rc));
}

static bool replay_is_act(const char *line)
{
	static const char *const acts[] = {"reseal ", "control ",  "release ",
					   "send ",   "incident ", "move "};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (strncmp(line, acts[i], strlen(acts[i])) == 0)
			return true;
	return false;
}

static void replay_acknowledge(struct replay *replay, const char *line)
{
	char resource[STATE_KEY_BYTES], type[64], officer[32], why[100];
	struct acknowledgement by = {resource, type, officer, why, NULL, NULL};
	double seconds;
	int rc;

	if (sscanf(line, "%lf %135s %63s %31s %99[^\n]", &seconds, resource, type, officer, why) !=
	    5)
		replay_fail("what is %s", line);
	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	rc = transit_acknowledge(replay->transit, &by, &replay->now);
	if (rc < 0 && replay->out)
		fprintf(replay->out, "{\"refused\":\"%s %s\",\"why\":\"%s\"}\n", resource, type,
			strerrorname_np(-rc));
}

static int64_t replay_time(int hours, int minutes)
{
	return TABLE_DAY_NS + (hours * 60 + minutes) * TABLE_MINUTE_NS;
}

static void replay_legs(struct replay *replay, const char *line)
{
	int overdue_min, keep_h, shortest_min;

	if (sscanf(line, "%d %d %d", &overdue_min, &keep_h, &shortest_min) != 3)
		replay_fail("what is %s", line);
	replay->legs = (struct legs_conf){
		.gateway = replay_origin.gateway,
		.overdue_after_ns = overdue_min * TABLE_MINUTE_NS,
		.keep_ns = keep_h * 60 * TABLE_MINUTE_NS,
		.shortest_ns = shortest_min * TABLE_MINUTE_NS,
	};
}

static void replay_seal(struct handover *handover, const char *part)
{
	struct leg_seal *seal = &handover->seals[handover->seal_count++];
	char state[16];

	*seal = (struct leg_seal){.tamperings = -1, .seen_utc_ns = handover->departed_utc_ns};
	if (sscanf(part, "%31[^:]:%15[^:]:%" SCNd64 ":%31s", seal->number, state, &seal->openings,
		   seal->instead_of) < 3 ||
	    !leg_seal_state_by_name(state, &seal->state))
		replay_fail("what is %s", part);
}

static bool replay_move(struct handover *handover, const char *part)
{
	struct move *move = &handover->moved.moves[handover->moved.count];

	if (sscanf(part, "%31[^>]>%31s", move->from, move->to) != 2)
		return false;
	move->kind = replay_is_container(move->to) ? MOVE_CONTAINER : MOVE_VEHICLE;
	if (strcmp(move->from, "-") == 0)
		move->from[0] = '\0';
	handover->moved.count++;
	return true;
}

static void replay_redirect(struct replay *replay, double seconds, const char *ucr, const char *to)
{
	for (size_t i = 0; i < replay->table.consignment_count; i++) {
		struct table_consignment *row = &replay->table.consignments[i];

		if (strcmp(row->consignment.ucr, ucr) == 0)
			row->stops[row->consignment.stop_count - 1].checkpoint =
				table_keep(row, to);
	}
	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	transit_registry_changed(replay->transit, &replay->now);
}

/* UCR~PART/PARTS. */
static void replay_part(struct handover *handover)
{
	char *part = strchr(handover->ucr, '~');

	if (!part)
		return;
	*part = '\0';
	if (sscanf(part + 1, "%23[^/]/%" SCNd64, handover->part, &handover->parts) != 2)
		replay_fail("what is %s", part + 1);
}

/* FROM!none */
static void replay_signature(struct handover *handover)
{
	char *word = strchr(handover->from, '!');
	int signature = HANDOVER_SIGNED;

	if (!word)
		return;
	*word++ = '\0';
	while (strcmp(handover_signature_name((enum handover_signature)signature), word) != 0)
		if (++signature == HANDOVER_SIGNATURES)
			replay_fail("what is %s", word);
	handover->signature = (enum handover_signature)signature;
}

static void replay_announce(struct replay *replay, const char *line)
{
	static const char *const results[] = {"expected", "known",     "arrived",
					      "ours",	  "elsewhere", "expired"};
	struct handover handover = {.gateway = "gw1", .rule = "seal"};
	char evicted_ucr[IDENTIFIER_BYTES], seals[3][64];
	int departed[2], from[2], until[2], count, i;
	double seconds;

	count = sscanf(line, "%lf %31s %63s %d:%d %d:%d-%d:%d %63s %63s %63s", &seconds,
		       handover.from, handover.ucr, &departed[0], &departed[1], &from[0], &from[1],
		       &until[0], &until[1], seals[0], seals[1], seals[2]);
	if (count < 9)
		replay_fail("what is %s", line);
	replay_part(&handover);
	replay_signature(&handover);
	snprintf(handover.to, sizeof(handover.to), "%s", replay_origin.checkpoint);
	handover.departed_clock = CLOCK_SYNCED;
	handover.departed_utc_ns = replay_time(departed[0], departed[1]);
	handover.expected_from_utc_ns = replay_time(from[0], from[1]);
	handover.expected_until_utc_ns = replay_time(until[0], until[1]);
	handover.expires_utc_ns = handover.expected_until_utc_ns + 24 * 60 * TABLE_MINUTE_NS;
	for (i = 0; i < count - 9; i++)
		if (!replay_move(&handover, seals[i]))
			replay_seal(&handover, seals[i]);
	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	i = (int)transit_announce(replay->transit, &handover, evicted_ucr, &replay->now);
	if (i != LEGS_EXPECTED && replay->out)
		fprintf(replay->out, "{\"announced\":\"%s\",\"is\":\"%s\"}\n", handover.ucr,
			results[i]);
}

/* What is heard of other checkpoints. */
static bool replay_hear(struct replay *replay, const char *line)
{
	double seconds;
	char ucr[64], to[64];
	int minutes;

	if (sscanf(line, "#! unannounced %d", &minutes) == 1) {
		replay->legs.unannounced = LEGS_OF_ALL;
		replay->legs.unannounced_severity = SEVERITY_MINOR;
		replay->legs.unannounced_after_ns = minutes * TABLE_MINUTE_NS;
	} else if (strncmp(line, "#! legs ", 8) == 0) {
		replay_legs(replay, line + 8);
	} else if (strncmp(line, "#! announce ", 12) == 0) {
		replay_announce(replay, line + 12);
	} else if (sscanf(line, "#! redirect %lf %63s %63s", &seconds, ucr, to) == 3) {
		replay_redirect(replay, seconds, ucr, to);
	} else if (sscanf(line, "#! take-back %lf %63s", &seconds, ucr) == 2) {
		replay_to(replay, replay_seconds(seconds));
		(void)transit_withdraw(replay->transit, ucr, NULL, &replay->now);
	} else if (sscanf(line, "#! connected %lf", &seconds) == 1) {
		replay_to(replay, replay_seconds(seconds));
		transit_connected(replay->transit, &replay->now);
	} else if (sscanf(line, "#! heard %lf", &seconds) == 1) {
		replay_to(replay, replay_seconds(seconds));
		transit_heard(replay->transit, replay->now.mono_ns, &replay->now);
	} else if (sscanf(line, "#! disconnected %lf", &seconds) == 1) {
		replay_to(replay, replay_seconds(seconds));
		transit_disconnected(replay->transit, &replay->now);
	} else {
		return false;
	}
	return true;
}

static void replay_restart(struct replay *replay)
{
	replay_flush(replay);
	transit_free(replay->transit);
	replay->table.question_count = 0;
	replay_begin(replay);
}

static void replay_aeo(struct replay *replay, const char *line)
{
	if (replay->manner != REPLAY_WITHOUT_AEO)
		table_aeo(&replay->table, line);
}

/* Lines about the registry. */
static bool replay_register(struct replay *replay, char *line)
{
	unsigned number;
	double seconds;

	if (strncmp(line, "#! consignment ", 15) == 0)
		table_consignment(&replay->table, line + 15);
	else if (strncmp(line, "#! aeo ", 7) == 0)
		replay_aeo(replay, line + 7);
	else if (strncmp(line, "#! arrangement ", 15) == 0)
		table_arrangement(&replay->table, line + 15);
	else if (strncmp(line, "#! present ", 11) == 0)
		replay_present(replay, line + 11);
	else if (strncmp(line, "#! acknowledge ", 15) == 0)
		replay_acknowledge(replay, line + 15);
	else if (strncmp(line, "#! policy ", 10) == 0)
		replay_policy(replay, line + 10);
	else if (strncmp(line, "#! own ", 7) == 0)
		replay_own(replay, line + 7);
	else if (strncmp(line, "#! ", 3) == 0 && replay_is_act(line + 3))
		replay_act(replay, line + 3);
	else if (sscanf(line, "#! busy %u", &number) == 1)
		replay->table.busy = number;
	else if (sscanf(line, "#! max-age %u", &number) == 1)
		replay->table.list.max_age_ns = number * 60 * TABLE_MINUTE_NS;
	else if (sscanf(line, "#! signed %63s", replay->table.list.signer) == 1)
		;
	else if (sscanf(line, "#! most %u", &number) == 1)
		replay->table.most = number;
	else if (sscanf(line, "#! answer %lf", &seconds) == 1)
		replay_answer(replay, seconds, REGISTRY_ANSWERED);
	else if (sscanf(line, "#! fail %lf", &seconds) == 1)
		replay_answer(replay, seconds, REGISTRY_FAILED);
	else if (sscanf(line, "#! loading %lf", &seconds) == 1)
		replay_answer(replay, seconds, REGISTRY_LOADING);
	else
		return false;
	return true;
}

static void replay_direct(struct replay *replay, char *line)
{
	char word[32];
	double seconds;

	if (replay_register(replay, line) || replay_hear(replay, line))
		return;

	if (sscanf(line, "#! setup %31s", word) == 1) {
		replay_setup(replay, word);
	} else if (sscanf(line, "#! clock %31s %lf", word, &seconds) == 2) {
		replay_set_clock(replay, word, seconds);
	} else if (sscanf(line, "#! until %lf", &seconds) == 1) {
		replay_to(replay, replay_seconds(seconds));
		replay_flush(replay);
	} else if (strncmp(line, "#! restart", 10) == 0) {
		replay_restart(replay);
	} else if (strncmp(line, "#! boot", 7) == 0) {
		replay->boot = "77aa88bb-1111-4222-8333-944445555666";
		replay_restart(replay);
	} else {
		replay_fail("what is %s", line);
	}
}

static uint32_t replay_device(const struct replay *replay, const char *name)
{
	uint32_t i;

	for (i = 0; i < replay->setup->conf.device_count; i++)
		if (strcmp(replay->setup->conf.devices[i].name, name) == 0)
			return i;
	replay_fail("there is no device \"%s\"", name);
}

static uint32_t replay_point(const struct replay *replay, const struct trace_entry *entry)
{
	char name[2 * TRACE_NAME_BYTES];
	uint32_t i;

	snprintf(name, sizeof(name), "%s.%s", entry->device, entry->point);
	for (i = 0; i < replay->setup->conf.point_count; i++)
		if (strcmp(replay->setup->conf.points[i].name, name) == 0)
			return i;
	replay_fail("there is no point \"%s\"", name);
}

static void replay_entry(struct replay *replay, struct trace_entry *entry)
{
	int64_t at_mono_ns = REPLAY_MONO_NS + entry->at_ns;

	replay_to(replay, at_mono_ns);
	if (entry->kind == TRACE_DEVICE) {
		entry->report.device = replay_device(replay, entry->device);
		entry->report.at_mono_ns = at_mono_ns;
		transit_device(replay->transit, &entry->report, &replay->now);
		return;
	}
	entry->reading.point = replay_point(replay, entry);
	entry->reading.at_mono_ns = at_mono_ns;
	transit_reading(replay->transit, &entry->reading, &replay->now);
}

static void replay_end(struct replay *replay)
{
	size_t i;

	replay_to(replay, replay->now.mono_ns + REPLAY_TAIL_NS);
	replay_flush(replay);
	for (i = 0; i < replay->state_count && replay->out; i++)
		fprintf(replay->out, "{\"retained\":\"%s\",%s}\n", replay->states[i].key,
			replay->states[i].members);
	transit_free(replay->transit);
}

/* out, payloads: may be NULL. Exits when the trace cannot be read. Returns the number of events. */
__attribute__((unused)) static size_t replay_file(const char *path, enum replay_manner manner,
						  FILE *out, FILE *payloads)
{
	struct replay replay = {
		.out = out,
		.payloads = payloads,
		.manner = manner,
		.head = {.epoch = "00000000000000e1"},
		.boot = replay_origin.boot,
	};
	struct trace trace = {0};
	struct trace_entry entry;
	char line[TRACE_LINE_BYTES];
	FILE *in = fopen(path, "re");
	int rc;

	if (!in)
		replay_fail("cannot read %s", path);
	table_init(&replay.table);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "#!", 2) == 0) {
			replay_direct(&replay, line);
			continue;
		}
		rc = trace_parse(&trace, line, strlen(line), &entry);
		if (rc < 0)
			replay_fail("%s: %s: %s", path, line, trace.error);
		if (rc > 0)
			replay_entry(&replay, &entry);
	}
	fclose(in);
	replay_end(&replay);
	return replay.events;
}

#endif
