/* The pure part: readings and times in, events out. No clock, no I/O, no thread.
 *
 * transit owns the points (debounce, staleness, chatter), the sensors built of
 * them (barrier, seal, contact, meter) and the lanes that hold the sensors. The same
 * readings with the same instants give the same events, byte for byte.
 *
 * The main loop calls it: transit_reading() for each reading, transit_judge_pending()
 * after each batch of them, transit_tick() when transit_next_deadline() has come
 * and the queue is empty. Drafts of events go to the sink during these calls.
 * Readings of one point arrive in the order of their time; the time of what
 * they cause is theirs, not that of the call.
 */
#ifndef CORRIDORD_TRANSIT_H
#define CORRIDORD_TRANSIT_H

#include <stddef.h>
#include <stdint.h>

#include "transit/checkpoint/acts.h"
#include "transit/event/alarm_book.h"
#include "transit/event/event.h"
#include "transit/event/reading.h"
#include "transit/lane/lane.h"
#include "transit/legs/legs.h"
#include "transit/sensor/input.h"
#include "transit/sensor/meter.h"
#include "transit/sensor/point.h"
#include "transit/sensor/seal.h"

struct jw;
struct transit;

/* All borrowed, alive as long as the transit. */
struct transit_conf {
	const struct transit_device *devices;
	size_t device_count;
	const struct point_conf *points; /* readings name them by index */
	size_t point_count;
	const struct lane_conf *lanes;
	size_t lane_count;
	const struct contact_conf *contacts; /* of no lane */
	size_t contact_count;
	const struct meter_conf *meters;
	size_t meter_count;
	const char *checkpoint; /* its id; NULL: no itinerary, no alarm book, no study */
	struct alarm_delay alarm_delay;
	const char *boot; /* the kernel's boot id, part of the ids of passages */
	const char *country; /* of the checkpoint, ISO 3166-1 alpha-2; NULL: nobody is recognised */
	const struct recognition_policy *policy; /* or NULL: nothing to operators of that state */
	struct registry_questions questions; /* ask NULL: no registry */
	const struct legs_conf
		*legs; /* between checkpoints; NULL: nothing is announced or waited for */
	void *data;
	void (*word_told)(void *data, uint64_t number); /* of transit_name_consignment(); or NULL */
	/* For the log: what was read of a point is out of range; seldom for each. Or NULL. */
	void (*not_believed)(void *data, const char *point, const struct value *raw);
	/* For the log: a point is not what it was, or has no value, for that reason. Or NULL. */
	void (*changed)(void *data, const char *point, const struct value *value,
			enum reason reason);
};

/* -ENOMEM. The caller frees with transit_free(). */
int transit_new(const struct transit_conf *conf, const struct event_sink *sink,
		struct transit **ret_transit);
void transit_free(struct transit *transit);

/* Instead of conf.questions; before transit_recall(). */
void transit_set_questions(struct transit *transit, const struct registry_questions *questions);

/* What another configuration keeps of the one before: of each part of the new, the index of the same
 * part in the old, or TRANSIT_NEW. Points go with their device; a block of a lane, contact or
 * meter is kept with all its points, or not. NULL: all are new. */
#define TRANSIT_NEW UINT32_MAX

struct transit_kept {
	const uint32_t *devices, *points;
	const uint32_t *units; /* lanes, then contacts of none, then meters */
};

/* Goes over to another configuration. What is kept goes on with its state, and with what of the
 * old configuration it was made from, as long as transit_refers_to() it. What is not kept ends as
 * if it were read no more: its alarms are cleared. What is new begins as after a start; one that
 * has the name of another before goes on from its state, as after a restart. Of conf the lists
 * count, the rest stays as it was given to transit_new(). -ENOMEM: nothing was changed. */
int transit_rewire(struct transit *transit, const struct transit_conf *conf,
		   const struct transit_kept *kept, const struct instant *now);
bool transit_refers_to(const struct transit *transit, const struct transit_conf *conf);

/* The state a sensor was in before a restart, by state key; unknown keys are ignored.
 * Before transit_start(). The first event of the sensor then says "before_restart". */
void transit_restore(struct transit *transit, const char *state_key, const char *state_word);

/* A memory (event.h) that was put before a restart; unknown keys are ignored.
 * After transit_restore(), before transit_start(). */
void transit_recall(struct transit *transit, const char *key, const char *text);

/* Every sensor is now unknown (reason not_yet): puts those states, no events. */
void transit_start(struct transit *transit, const struct instant *now);

void transit_reading(struct transit *transit, const struct reading *reading,
		     const struct instant *now);
void transit_device(struct transit *transit, const struct device_report *report,
		    const struct instant *now);

/* There are no more readings for now: judges the sensors that they belong to. Readings of one
 * instant, and of one poll of a device (reading.more), are judged together. */
void transit_judge_pending(struct transit *transit, const struct instant *now);

/* The registry's answer to a question (conf.questions); takes it over. */
void transit_answer(struct transit *transit, struct registry_answer *answer,
		    const struct instant *now);

/* The registry has other records than before: what is under way is asked about again. */
void transit_registry_changed(struct transit *transit, const struct instant *now);

/* An officer's word: the vehicle in that lane carries this consignment, whatever was found. It
 * becomes passage.identified, or passage.corrected. 0: that event was put; -EINPROGRESS: it is
 * to come, conf.word_told() says when; -ENOENT: no such lane with passages; -ENXIO: no vehicle
 * is there; -EAGAIN: the word before is still being looked up; -EINVAL: no number. */
int transit_name_consignment(struct transit *transit, const char *lane,
			     const struct officer_word *word, const struct instant *now);

/* What an officer did (acts.h), with numbers as he writes them. 0: its event was put. -ENOENT:
 * there is no checkpoint; -EINVAL: ret_what names the member that can be none. */
int transit_act(struct transit *transit, const struct officer_act *act, const struct instant *now,
		const char **ret_what);

/* An officer's note of an alarm (alarm_book.h, with its errors); -ENOENT also without a book. */
struct acknowledgement;
int transit_acknowledge(struct transit *transit, const struct acknowledgement *by,
			const struct instant *now);

/* Members of an answer: "lanes" with the passage at each, and the "alarms" of the book, the
 * severest first. As long as json has less than so many bytes: "lanes_more" and "alarms_more"
 * count the rest. */
void transit_status(const struct transit *transit, struct jw *json, size_t most);

/* Puts the retained states of a lane (NULL: all) as they are, without events. */
void transit_put_states(struct transit *transit, const char *lane, const struct instant *now);

/* What is known now, for people: "devices", "points" (of that device or lane, or of that name; NULL:
 * all) and "sensors" (of that lane, or of that name), beginning with number from, as long as json
 * has less than so many bytes. Returns where to go on, 0: these were the last. */
size_t transit_look_at_devices(const struct transit *transit, size_t from, struct jw *json,
			       size_t most, const struct instant *now);
size_t transit_look_at_points(const struct transit *transit, const char *name, size_t from,
			      struct jw *json, size_t most, const struct instant *now);
size_t transit_look_at_sensors(const struct transit *transit, const char *name, size_t from,
			       struct jw *json, size_t most, const struct instant *now);

/* What was read last of a point, as the driver gave it. false: nothing yet, or nothing that is still so. */
bool transit_last_reading(const struct transit *transit, size_t point, struct reading *ret_reading);

/* Members of the metrics: "lanes" (those with passages) and "alarms". TRANSIT_LANE_METRICS bytes
 * for each lane, and as many for the rest, suffice. */
#define TRANSIT_LANE_METRICS 2048
void transit_metrics(struct transit *transit, struct jw *json);

/* As legs_announce() and the others of legs.h; nothing without conf.legs. */
enum legs_heard transit_announce(struct transit *transit, const struct handover *handover,
				 char ret_evicted_ucr[IDENTIFIER_BYTES], const struct instant *now);
enum legs_heard transit_withdraw(struct transit *transit, const char *id,
				 const struct handover *word, const struct instant *now);
void transit_connected(struct transit *transit, const struct instant *now);
void transit_heard(struct transit *transit, int64_t mono_ns, const struct instant *now);
void transit_disconnected(struct transit *transit, const struct instant *now);

/* When transit_tick() is due, monotonic; INT64_MAX: never. */
int64_t transit_next_deadline(const struct transit *transit);
void transit_tick(struct transit *transit, const struct instant *now);

#endif
