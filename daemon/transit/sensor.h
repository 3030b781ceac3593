/* What barrier, seal and meter have in common: a state, alarms, and how they are told.
 *
 * A sensor is judged from its points into a verdict. Entering another state is an
 * event; so is an alarm raised or cleared. Each carries what was observed at that
 * moment and the retained state that follows from it.
 */
#ifndef CORRIDORD_SENSOR_H
#define CORRIDORD_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "point.h"

#define TELLER_MEMORIES 8

/* Writes events: the sink, the clocks as of this call, room for one body and one state. */
struct teller {
	struct event_sink sink;
	struct instant now;
	int64_t at_mono_ns; /* of what tell_begin() began */
	struct json body;
	char body_text[EVENT_BODY_BYTES];
	char state_text[EVENT_BODY_BYTES];
	struct event_memory memories[TELLER_MEMORIES]; /* go with what is put next */
	size_t memory_count;
	const char *subject; /* seal that it is about, for the alarm book; or NULL */
};

struct verdict {
	enum event_id event; /* entering this state is this event */
	const char *word;
	enum quality quality;
	const char *reason; /* why unknown or fault, else NULL */
	const struct point *input; /* whose doing it is, or NULL */
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
	const char *kind; /* "barrier", "seal", "meter" */
	char key[STATE_KEY_BYTES];
	const char *note; /* members of its events after its name, or NULL */
	void (*observe)(const struct sensor *sensor, struct json *json); /* members of observed */
	struct alarm *alarms; /* of the struct this one is part of */
	size_t alarm_count;

	struct verdict verdict;
	const char *previous; /* word; NULL: nothing was judged before */
	bool judged;
	char before_restart[STATE_WORD_BYTES];
	int64_t since_mono_ns; /* in this state */
	struct instant since_clock; /* how the clocks related then */

	bool queued; /* in the list of those to be judged */
	bool touched; /* an input changed since the last judgement */
	bool waiting; /* for inputs to be read again: to be judged with each reading */
	bool told; /* something was put since sensor_take() */
};

/* The start of an event about nothing, a device or a sensor; members follow in the JSON. */
struct json *tell_begin(struct teller *teller, const struct sensor *sensor, int64_t at_mono_ns);
/* sensor: whose retained state goes with it, or NULL. */
void tell_end(struct teller *teller, enum event_id event, struct sensor *sensor);
/* Kept in the same transaction as what is put next; both live until then. */
void teller_remember(struct teller *teller, const char *key, const char *text);
/* Puts what is to be remembered and has not been. */
void teller_flush(struct teller *teller);
/* Whether an alarm is raised or cleared, and after how long. */
void tell_alarm(struct json *json, const struct alarm *alarm, int64_t at_mono_ns);

void sensor_init(struct sensor *sensor, const char *kind, const char *lane, const char *name);

/* The retained state, without an event. */
void sensor_put(struct sensor *sensor, struct teller *teller);

/* Unknown, not read yet: puts that state without an event. */
void sensor_start(struct sensor *sensor, struct teller *teller);

/* Takes the verdict over. true: a state was entered (another one than before, or anew), at
 * that time but not before the last one; tell it by sensor_tell_state() after the alarms that explain it. */
bool sensor_take(struct sensor *sensor, const struct verdict *verdict, bool anew,
		 int64_t at_mono_ns, const struct teller *teller);

/* A state event up to the reason; the caller may add members, then tell_end(). */
struct json *sensor_begin_state(struct sensor *sensor, struct teller *teller);
void sensor_tell_state(struct sensor *sensor, struct teller *teller);
void sensor_tell_observed(const struct sensor *sensor, struct json *json);

/* An event of a sensor other than a state, up to the state it is in; then as above. */
struct json *sensor_begin_note(struct sensor *sensor, struct teller *teller, int64_t at_mono_ns);
void sensor_tell_note(struct sensor *sensor, struct teller *teller, enum event_id event,
		      int64_t at_mono_ns);

/* Raises or clears one of its alarms; nothing when it is so already. why: its reason and
 * input are told as well, or NULL. */
void sensor_set_alarm(struct sensor *sensor, struct teller *teller, size_t which, bool raised,
		      const struct verdict *why, int64_t at_mono_ns);

/* The end of a judgement: when inputs changed and nothing was put since sensor_take(), puts
 * the retained state without an event. */
void sensor_settle(struct sensor *sensor, struct teller *teller);

/* The verdict on a sensor that cannot be judged because of this input. */
struct verdict verdict_unknown(enum event_id event, const struct point *input);
/* The one of the two that better explains why nothing is known: a fault rather than
 * "not yet". Either may be NULL. */
const struct point *worse_input(const struct point *a, const struct point *b);

/* The word or number of a point as a member, null when the point is not good; nothing for
 * an input that is not configured. */
void observe_point(struct json *json, const char *key, const struct point *point);

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

/* An input that is not configured answers no. */
enum answer point_answer(const struct point *point);

#endif
