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
	{.kind = "barrier",
	 .what = "PULL OUT the cable of the boom, or of its inputs",
	 .cable = CABLE_OUT},
	{.kind = "barrier", .what = "PLUG it IN again", .cable = CABLE_IN},
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
	{.kind = "seal",
	 .needs = "id",
	 .what = "PULL OUT the cable of the reader",
	 .cable = CABLE_OUT},
	{.kind = "seal",
	 .lacks = "id",
	 .what = "PULL OUT the cable of the seal",
	 .states = {"opened", "tampered", "missing"},
	 .cable = CABLE_OUT},
	{.kind = "seal", .what = "PLUG it IN again", .cable = CABLE_IN},
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

/* ---- whether it is so -------------------------------------------------------------------- */

static bool is_good(const json_t *point)
{
	return strcmp(text_of(point, "quality"), "good") == 0;
}

/* The first point of the lane that is not good, of those that were good before; before NULL: of all. */
static const json_t *find_lost(const struct wire_view *view, const json_t *before)
{
	const json_t *point, *was;
	size_t i;

	json_array_foreach(view->now, i, point)
	{
		if (is_good(point) || !is_of_lane(text_of(point, "name"), view->lane_points))
			continue;
		was = before ? find_point(before, text_of(point, "name")) : NULL;
		if (!before || (was && is_good(was)))
			return point;
	}
	return NULL;
}

static bool is_one_of(const struct wire_step *step, const char *state)
{
	for (size_t i = 0; i < sizeof(step->states) / sizeof(step->states[0]) && step->states[i];
	     i++)
		if (strcmp(state, step->states[i]) == 0)
			return true;
	return false;
}

bool wire_is_met(const struct wire_step *step, const struct wire_view *view)
{
	const json_t *input = step->input ? observed(view->sensor, step->input) : NULL;
	const char *state = text_of(view->sensor, "state");
	bool unknown = strcmp(state, "unknown") == 0;

	if (step->cable == CABLE_OUT)
		return unknown || find_lost(view, view->before) || is_one_of(step, state);
	if (step->cable == CABLE_IN)
		return !unknown && !find_lost(view, NULL);
	if (step->input)
		return step->value ? json_is_true(input) || json_integer_value(input) == 1
				   : json_is_false(input) ||
					     (json_is_integer(input) && !json_integer_value(input));
	return is_one_of(step, state);
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
			 "Are closed_limit and open_limit swapped, in the barrier's block or at "
			 "the terminals, or both inverted? ");
}

/* The input that was to become one value became the other. */
static void explain_inverted(const json_t *point, char ret_why[WIRE_WHY_BYTES])
{
	const char *name = text_of(point, "name");
	const char *dot = strchr(name, '.');
	size_t bytes = strlen(ret_why);

	snprintf(ret_why + bytes, WIRE_WHY_BYTES - bytes,
		 "%s became %s: is it inverted? In device \"%.*s\" change invert of point \"%s\" ",
		 name, json_is_true(json_object_get(point, "value")) ? "true" : "false",
		 (int)(dot ? dot - name : 0), name, dot ? dot + 1 : name);
}

/* What changed looks like something that was done. */
static void explain_cable(const struct wire_step *step, const struct wire_view *view,
			  const json_t *mine, char ret_why[WIRE_WHY_BYTES])
{
	const json_t *lost = find_lost(view, NULL);
	char value[TEXT_VALUE_BYTES];

	if (step->cable == CABLE_IN)
		snprintf(ret_why, WIRE_WHY_BYTES, "%s is still %s: %s",
			 lost ? text_of(lost, "name") : text_of(view->sensor, "sensor"),
			 lost ? text_of(lost, "quality") : "unknown",
			 text_of(lost ? lost : view->sensor, "reason"));
	else if (mine)
		snprintf(
			ret_why, WIRE_WHY_BYTES,
			"%s became %s, as if somebody had done it: that the cable is cut nobody "
			"would see. A contact that is closed at rest, or a fault output, would tell",
			text_of(mine, "name"), text_value(json_object_get(mine, "value"), value));
	else
		snprintf(ret_why, WIRE_WHY_BYTES,
			 "%s still says \"%s\", and no input changed: was it this cable? Then "
			 "nobody would see that it is cut",
			 text_of(view->sensor, "sensor"), text_of(view->sensor, "state"));
}

void wire_explain(const struct wire_step *step, const struct wire_view *view,
		  char ret_why[WIRE_WHY_BYTES])
{
	const json_t *mine = changed(view->before, view->now, view->lane_points, true);
	const json_t *other = changed(view->before, view->now, view->lane_points, false);
	size_t bytes;

	ret_why[0] = '\0';
	if (step->cable) {
		explain_cable(step, view, mine, ret_why);
		return;
	}
	if (!step->input)
		explain_state(step, view->sensor, ret_why);
	if (step->input && step->rests) {
		snprintf(ret_why, WIRE_WHY_BYTES,
			 "%s says that \"%s\" is %s: is it inverted, or is something there? ",
			 text_of(view->sensor, "sensor"), step->input,
			 step->value ? "false" : "true");
		return;
	}
	if (mine && step->input)
		explain_inverted(mine, ret_why);
	bytes = strlen(ret_why);
	if (!mine && other)
		snprintf(ret_why + bytes, WIRE_WHY_BYTES - bytes,
			 "Nothing of this lane changed, but %s did, %lld times: swapped cables?",
			 text_of(other, "name"), edges_since(view->before, other));
	else if (!mine && !step->rests)
		snprintf(
			ret_why + bytes, WIRE_WHY_BYTES - bytes,
			"No input changed anywhere: a dead input, a loose wire, another terminal?");
}
