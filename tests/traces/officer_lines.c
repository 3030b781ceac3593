/* Lines of officers: what they say and do. */
#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void replay_present(struct replay *replay, const char *line)
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

static void replay_moved(struct officer_act *act, const char *from, const char *to)
{
	const bool container = replay_is_container(to);

	if (strcmp(from, "-") == 0)
		from = "";
	*(container ? &act->old_container : &act->old_vehicle) = from;
	*(container ? &act->new_container : &act->new_vehicle) = to;
}

void replay_act(struct replay *replay, const char *line)
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

void replay_acknowledge(struct replay *replay, const char *line)
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

/* An officer's word or act; false: it is neither. */
bool replay_word(struct replay *replay, const char *line)
{
	if (strncmp(line, "#! present ", 11) == 0)
		replay_present(replay, line + 11);
	else if (strncmp(line, "#! acknowledge ", 15) == 0)
		replay_acknowledge(replay, line + 15);
	else if (strncmp(line, "#! ", 3) == 0 && replay_is_act(line + 3))
		replay_act(replay, line + 3);
	else
		return false;
	return true;
}
