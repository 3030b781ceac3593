/* What a wire test asks for, sensor by sensor, and what it makes of what came. */
#ifndef CORRIDORCTL_WIRE_H
#define CORRIDORCTL_WIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define WIRE_WHY_BYTES 512

enum wire_cable { CABLE_STAYS, CABLE_OUT, CABLE_IN };

/* Something is done at the lane, and a sensor has to say so. */
struct wire_step {
	const char *kind; /* of sensor */
	const char *needs; /* an input that it must have; NULL: any */
	const char *lacks; /* one that it must not have, or NULL */
	const char *what; /* is to be done, for people */
	const char *input; /* that has to be so: */
	bool value;
	const char *states[3]; /* or, where input is NULL, one of these */
	enum wire_cable
		cable; /* of the sensor is pulled out, or comes back: with states or without */
	bool rests; /* it may be so already: who tests says when to look */
};

extern const struct wire_step wire_steps[];
extern const size_t wire_step_count;

bool wire_applies(const struct wire_step *step, const json_t *sensor);

/* What is seen of the lane and of all points, before the step and now. */
struct wire_view {
	json_t *sensor, *now;
	const json_t *before;
	const char *lane_points; /* names, each between newlines */
};

bool wire_is_met(const struct wire_step *step, const struct wire_view *view);

/* Why it was not met, and what to try: from what the sensor says, and which points of the lane and
 * elsewhere changed. */
void wire_explain(const struct wire_step *step, const struct wire_view *view,
		  char ret_why[WIRE_WHY_BYTES]);

/* A point that changed more often than anything done at the lane would explain; NULL: none. */
const char *wire_bounces(const json_t *before, const json_t *after, long long *ret_edges);

#endif
