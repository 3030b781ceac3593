/* What barrier, seal, contact and meter have in common: a state, alarms, and how they are told.
 *
 * A sensor is judged from its points into a verdict. Entering another state is an
 * event; so is an alarm raised or cleared. Each carries what was observed at that
 * moment and the retained state that follows from it.
 */
#ifndef CORRIDORD_TRANSIT_SENSOR_H
#define CORRIDORD_TRANSIT_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/event/teller.h"
#include "transit/sensor/point.h"

struct verdict {
	enum event_id event; /* entering this state is this event */
	const char *word;
	enum quality quality;
	const char *reason; /* why unknown or fault, else NULL */
	const struct point *input; /* that explains it, or NULL */
	bool not_yet; /* inputs have not been read since start: nothing to judge */
};

struct alarm {
	enum event_id event;
	bool raised;
	int64_t since_mono_ns;
};

struct sensor {
	const char *lane; /* NULL: in none */
	const char *name;
	const char *kind; /* "barrier", "seal", "contact", "meter" */
	bool patient; /* its state goes behind those of others */
	char key[STATE_KEY_BYTES];
	const char *note; /* members of its events after its name, or NULL */
	void (*observe)(const struct sensor *sensor, struct jw *json); /* members of observed */
	struct alarm *alarms; /* of the struct this one is part of */
	size_t alarm_count;

	struct verdict verdict;
	const char *previous; /* word; NULL: nothing was judged before */
	bool judged;
	char before_restart[STATE_WORD_BYTES];
	int64_t since_mono_ns; /* in this state */
	struct instant since_clock; /* the clocks when that was judged */

	bool queued; /* in the list of those to be judged */
	bool touched; /* an input changed since the last judgement */
	bool waiting; /* for inputs to be read again: judged with each reading until then */
	bool reported; /* something was put since sensor_take() */
};

/* Whether it is raised or cleared, and after how long. */
void alarm_tell(const struct alarm *alarm, struct teller *teller, int64_t at_mono_ns);

void sensor_init(struct sensor *sensor, const char *kind, const char *lane, const char *name);

/* An event of the sensor (teller.h), which takes its retained state along. */
struct jw *sensor_begin(const struct sensor *sensor, struct teller *teller, int64_t at_mono_ns);
void sensor_end(struct sensor *sensor, struct teller *teller, enum event_id event);
void sensor_end_as(struct sensor *sensor, struct teller *teller, const struct event_type *type);

/* Members of its retained state. */
void sensor_put_members(const struct sensor *sensor, struct jw *json);

/* The retained state, without an event. */
void sensor_put_state(struct sensor *sensor, struct teller *teller);

/* Unknown, not read yet: puts that state without an event. */
void sensor_start(struct sensor *sensor, struct teller *teller);

/* Takes the verdict over. true: a state was entered, another one than before or the same anew;
 * put it by sensor_tell_state() after the alarms that explain it. Its time is at_mono_ns, but
 * never before that of the last one. */
bool sensor_take(struct sensor *sensor, const struct verdict *verdict, bool anew,
		 int64_t at_mono_ns, const struct teller *teller);

/* A state event up to the reason; the caller may add members, then sensor_end(). */
struct jw *sensor_begin_state(struct sensor *sensor, struct teller *teller);
void sensor_tell_state(struct sensor *sensor, struct teller *teller);
void sensor_tell_observed(const struct sensor *sensor, struct jw *json);

/* An event of a sensor other than a state, up to the state it is in; then as above. */
struct jw *sensor_begin_note(struct sensor *sensor, struct teller *teller, int64_t at_mono_ns);
void sensor_tell_note(struct sensor *sensor, struct teller *teller, enum event_id event,
		      int64_t at_mono_ns);

/* Raises or clears one of its alarms; nothing when it is so already. why: its reason and
 * input become members, or NULL. */
void sensor_set_alarm(struct sensor *sensor, struct teller *teller, size_t which, bool raised,
		      const struct verdict *why, int64_t at_mono_ns);

/* The end of a judgement: when inputs changed and nothing was put since sensor_take(), puts
 * the retained state without an event. */
void sensor_put_if_touched(struct sensor *sensor, struct teller *teller);

/* The verdict on a sensor that cannot be judged because of this input. */
struct verdict verdict_unknown(enum event_id event, const struct point *input);
/* The one of the two that better explains why nothing is known: a fault rather than
 * "not yet". Either may be NULL. */
const struct point *worse_input(const struct point *a, const struct point *b);

/* The word or number of a point as a member, null when the point is not good; nothing for
 * an input that is not configured. */
void observe_point(struct jw *json, const char *key, const struct point *point);

/* What the device said of its reading beside the value; nothing when it said nothing. */
void tell_origin(struct jw *json, const struct point *point, const struct instant *now);

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* An input that is not configured answers no. */
enum answer point_answer(const struct point *point);

#endif
