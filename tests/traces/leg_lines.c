/* Lines about what is heard of other checkpoints. */
#include "lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int64_t replay_time(int hours, int minutes)
{
	return TABLE_DAY_NS + (hours * 60 + minutes) * TABLE_MINUTE_NS;
}

void replay_legs(struct replay *replay, const char *line)
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

static void replay_goes_to(struct replay *replay, const char *line)
{
	struct handover word = {.gateway = "gw1",
				.departed_clock = CLOCK_SYNCED,
				.expected_from_utc_ns = INT64_MIN,
				.expected_until_utc_ns = INT64_MAX};
	char id[HANDOVER_ID_BYTES];
	double seconds;
	int departed[2];

	if (sscanf(line, "%lf %31s %63s %d:%d %31s", &seconds, word.from, word.ucr, &departed[0],
		   &departed[1], word.instead) != 6)
		replay_fail("what is %s", line);
	replay_signature(&word);
	memcpy(word.taken_back_by, word.from, sizeof(word.from));
	snprintf(word.to, sizeof(word.to), "%s", replay_origin.checkpoint);
	word.departed_utc_ns = replay_time(departed[0], departed[1]);
	handover_id(&word, id);
	replay_to(replay, replay_seconds(seconds));
	replay_flush(replay);
	(void)transit_withdraw(replay->transit, id, &word, &replay->now);
}

bool replay_hear(struct replay *replay, const char *line)
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
	} else if (strncmp(line, "#! goes-to ", 11) == 0) {
		replay_goes_to(replay, line + 11);
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
