#include "ctl/wire.h"

#include <stdio.h>
#include <string.h>

#include "ctl/text.h"

#define BOUNCES 4 /* edges of one point in one step */

const struct wire_step wire_steps[] = {
	{.kind = "barrier", .what = "the boom is DOWN", .states = {"closed"}, .rests = true},
	{.kind = "barrier", .what = "RAISE the boom", .states = {"open"}},
	{.kind = "barrier", .what = "LOWER the boom", .states = {"closed"}},
	{.kind = "barrier",
	 .needs = "presence",
	 .what = "nothing stands at the boom",
	 .input = "presence",
	 .value = false,
	 .rests = true},
	{.kind = "barrier",
	 .needs = "presence",
	 .what = "drive a car ONTO the loop, or break the beam",
	 .input = "presence",
	 .value = true},
	{.kind = "barrier",
	 .needs = "presence",
	 .what = "drive it AWAY again",
	 .input = "presence",
	 .value = false},
	{.kind = "barrier",
	 .needs = "passed",
	 .what = "break the beam BEYOND the boom",
	 .input = "passed",
	 .value = true},
	{.kind = "barrier",
	 .needs = "passed",
	 .what = "let it be free again",
	 .input = "passed",
	 .value = false},
	{.kind = "seal",
	 .needs = "id",
	 .what = "no seal is near",
	 .states = {"absent"},
	 .rests = true},
	{.kind = "seal",
	 .needs = "id",
	 .what = "hold a closed seal INTO the field",
	 .states = {"intact"}},
	{.kind = "seal",
	 .lacks = "id",
	 .what = "the seal is closed",
	 .states = {"intact"},
	 .rests = true},
	{.kind = "seal", .what = "OPEN the seal", .states = {"opened", "tampered", "missing"}},
	{.kind = "seal", .needs = "id", .what = "take it AWAY", .states = {"absent"}},
	{.kind = "seal", .lacks = "id", .what = "CLOSE it again", .states = {"intact"}},
};

const size_t wire_step_count = sizeof(wire_steps) / sizeof(wire_steps[0]);

static const json_t *observed(const json_t *sensor, const char *input)
{
	return json_object_get(json_object_get(sensor, "observed"), input);
}

bool wire_applies(const struct wire_step *step, const json_t *sensor)
{
	return strcmp(text_of(sensor, "kind"), step->kind) == 0 &&
	       (!step->needs || observed(sensor, step->needs)) &&
	       (!step->lacks || !observed(sensor, step->lacks));
}

bool wire_is_met(const struct wire_step *step, const json_t *sensor)
{
	const json_t *input = step->input ? observed(sensor, step->input) : NULL;

	if (step->input)
		return step->value ? json_is_true(input) || json_integer_value(input) == 1
				   : json_is_false(input) ||
					     (json_is_integer(input) && !json_integer_value(input));
	for (size_t i = 0; i < sizeof(step->states) / sizeof(step->states[0]) && step->states[i];
	     i++)
		if (strcmp(text_of(sensor, "state"), step->states[i]) == 0)
			return true;
	return false;
}

/* ---- what changed ------------------------------------------------------------------------ */

static const json_t *find_point(const json_t *points, const char *name)
{
	const json_t *point;
	size_t i;

	json_array_foreach(points, i,
			   point) if (strcmp(text_of(point, "name"), name) == 0) return point;
	return NULL;
}

static long long edges_since(const json_t *before, const json_t *point)
{
	const json_t *was = find_point(before, text_of(point, "name"));

	return was ? (long long)(number_of(point, "edges") - number_of(was, "edges")) : 0;
}

const char *wire_bounces(const json_t *before, const json_t *after, long long *ret_edges)
{
	const json_t *point;
	size_t i;

	json_array_foreach(after, i, point)
	{
		*ret_edges = edges_since(before, point);
		if (*ret_edges > BOUNCES && json_is_boolean(json_object_get(point, "value")))
			return text_of(point, "name");
	}
	return NULL;
}

/* lane_points: their names, each between newlines. */
static bool is_of_lane(const char *name, const char *lane_points)
{
	char between[256];

	snprintf(between, sizeof(between), "\n%s\n", name);
	return strstr(lane_points, between);
}

/* The truth value that changed, of the lane or of elsewhere; NULL: none did. */
static const json_t *changed(const json_t *before, const json_t *after, const char *lane_points,
			     bool of_lane)
{
	const json_t *point;
	size_t i;

	json_array_foreach(
		after, i, point) if (edges_since(before, point) > 0 &&
				     is_of_lane(text_of(point, "name"), lane_points) == of_lane &&
				     json_is_boolean(json_object_get(point, "value"))) return point;
	return NULL;
}

/* ---- why not ----------------------------------------------------------------------------- */

static void explain_state(const struct wire_step *step, const json_t *sensor,
			  char ret_why[WIRE_WHY_BYTES])
{
	const char *state = text_of(sensor, "state");
	bool down = step->states[0] && strcmp(step->states[0], "closed") == 0;

	snprintf(ret_why, WIRE_WHY_BYTES, "%s says \"%s\"%s%s. ", text_of(sensor, "sensor"), state,
		 *text_of(sensor, "reason") ? ": " : "", text_of(sensor, "reason"));
	if (strcmp(step->kind, "barrier") != 0)
		return;
	if ((down && strcmp(state, "open") == 0) || (!down && strcmp(state, "closed") == 0))
		snprintf(ret_why + strlen(ret_why), WIRE_WHY_BYTES - strlen(ret_why),
			 "Are closed_limit and open_limit swapped, or both inverted? ");
}

/* The input that was to become one value became the other. */
static void explain_inverted(const json_t *point, char ret_why[WIRE_WHY_BYTES])
{
	const char *name = text_of(point, "name");
	const char *dot = strchr(name, '.');
	size_t bytes = strlen(ret_why);

	snprintf(
		ret_why + bytes, WIRE_WHY_BYTES - bytes,
		"%s became %s: is it inverted? device \"%.*s\" { point \"%s\" { invert = true } } ",
		name, json_is_true(json_object_get(point, "value")) ? "true" : "false",
		(int)(dot ? dot - name : 0), name, dot ? dot + 1 : name);
}

void wire_explain(const struct wire_step *step, const json_t *sensor, const json_t *before,
		  const json_t *after, const char *lane_points, char ret_why[WIRE_WHY_BYTES])
{
	const json_t *mine = changed(before, after, lane_points, true);
	const json_t *other = changed(before, after, lane_points, false);
	size_t bytes;

	ret_why[0] = '\0';
	if (!step->input)
		explain_state(step, sensor, ret_why);
	if (step->input && step->rests) {
		snprintf(ret_why, WIRE_WHY_BYTES,
			 "%s says that \"%s\" is %s: is it inverted, or is something there? ",
			 text_of(sensor, "sensor"), step->input, step->value ? "false" : "true");
		return;
	}
	if (mine && step->input)
		explain_inverted(mine, ret_why);
	bytes = strlen(ret_why);
	if (!mine && other)
		snprintf(ret_why + bytes, WIRE_WHY_BYTES - bytes,
			 "Nothing of this lane changed, but %s did, %lld times: swapped cables?",
			 text_of(other, "name"), edges_since(before, other));
	else if (!mine && !step->rests)
		snprintf(
			ret_why + bytes, WIRE_WHY_BYTES - bytes,
			"No input changed anywhere: a dead input, a loose wire, another terminal?");
}
