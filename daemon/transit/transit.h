/* The pure part: readings and times in, events out. No clock, no I/O, no thread.
 *
 * transit owns the points (debounce, staleness, chatter), the sensors built of
 * them (barrier, seal, meter) and the lanes that hold the sensors. The same
 * readings with the same instants give the same events, byte for byte.
 *
 * The main loop calls it: transit_reading() for each reading, transit_settle()
 * after each batch of them, transit_tick() when transit_next_deadline() has come
 * and the queue is empty. Events leave through the sink during these calls.
 * Readings of one point arrive in the order of their time; the time of what
 * they cause is theirs, not that of the call.
 */
#ifndef CORRIDORD_TRANSIT_H
#define CORRIDORD_TRANSIT_H

#include <stddef.h>
#include <stdint.h>

#include "alarm_book.h"
#include "barrier.h"
#include "event.h"
#include "lane.h"
#include "legs.h"
#include "meter.h"
#include "point.h"
#include "reading.h"
#include "seal.h"

struct json;
struct transit;

struct lane_conf {
	const char *name;
	const char *direction; /* "entry", "exit" or "both" */
	const struct barrier_conf *barriers;
	size_t barrier_count;
	const struct seal_conf *seals;
	size_t seal_count;
	const struct passage_conf *passages; /* NULL: none are told */
};

struct transit_device {
	const char *name;
	const char *bus; /* for people; NULL when the device has none */
};

/* All borrowed, alive as long as the transit. */
struct transit_conf {
	const struct transit_device *devices;
	size_t device_count;
	const struct point_conf *points; /* readings name them by index */
	size_t point_count;
	const struct lane_conf *lanes;
	size_t lane_count;
	const struct meter_conf *meters;
	size_t meter_count;
	const char *checkpoint; /* its id; NULL: no itinerary, no alarm book, no study */
	struct alarm_patience patience;
	const char *boot; /* the kernel's boot id, part of the passages' */
	const char *country; /* of the checkpoint, ISO 3166-1 alpha-2; NULL: nobody is recognised */
	uint32_t own_benefits; /* aeo_benefit: to operators of that state */
	struct registry_desk desk; /* ask NULL: no registry */
	const struct legs_conf *legs; /* between checkpoints; NULL: none are told or heard of */
	void *closed_data;
	void (*passage_closed)(void *data, const struct passage_intervals *intervals); /* or NULL */
};

/* -ENOMEM. The caller frees with transit_free(). */
int transit_new(const struct transit_conf *conf, const struct event_sink *sink,
		struct transit **ret_transit);
void transit_free(struct transit *transit);

/* Another desk than that of conf; before transit_recall(). */
void transit_set_desk(struct transit *transit, const struct registry_desk *desk);

/* The state a sensor was in before a restart, by state key; unknown keys are ignored.
 * Before transit_start(). The first event of the sensor then says "before_restart". */
void transit_restore(struct transit *transit, const char *state_key, const char *state_word);

/* What was put as a memory (event.h) before a restart; keys of nobody here are ignored.
 * After transit_restore(), before transit_start(). */
void transit_recall(struct transit *transit, const char *key, const char *text);

/* Every sensor is now unknown (reason not_yet): puts those states, no events. */
void transit_start(struct transit *transit, const struct instant *now);

void transit_reading(struct transit *transit, const struct reading *reading,
		     const struct instant *now);
void transit_device(struct transit *transit, const struct device_report *report,
		    const struct instant *now);

/* No more readings for now: judges what came in. After each batch taken from the queue.
 * Readings of one instant, and of one poll of a device (reading.more), are judged together. */
void transit_settle(struct transit *transit, const struct instant *now);

/* The registry's answer to a question that was asked at the desk; takes it over. */
void transit_answer(struct transit *transit, struct registry_answer *answer,
		    const struct instant *now);

/* An officer's word: the vehicle in that lane carries this consignment, whatever was found. It
 * becomes passage.identified, or passage.corrected. -ENOENT: no such lane with passages; -ENXIO:
 * no vehicle is there; -EAGAIN: the word before is still being looked up; -EINVAL: no number. */
int transit_present(struct transit *transit, const char *lane, const struct officer_word *word,
		    const struct instant *now);
/* A word in that lane is still being looked up: its event is to come. */
bool transit_word_open(const struct transit *transit, const char *lane);

/* An officer's note of an alarm (alarm_book.h, with its errors); -ENOENT also without a book. */
struct acknowledgement;
int transit_acknowledge(struct transit *transit, const struct acknowledgement *by,
			const struct instant *now);

/* Members of an answer: "lanes" with the passage at each, and the "alarms" of the book, the
 * severest first. As long as json has less than so many bytes: "lanes_more" and "alarms_more"
 * count the rest. */
void transit_status(const struct transit *transit, struct json *json, size_t most);

/* Members of the metrics: "lanes" (those with passages) and "alarms". TRANSIT_LANE_METRICS bytes
 * for each lane, and as many for the rest, suffice. */
#define TRANSIT_LANE_METRICS 2048
void transit_metrics(struct transit *transit, struct json *json);

/* Another checkpoint announces what left it (legs.h says what becomes of it; ret_gave_way too);
 * takes an announcement back; and: there is a connection, all that is announced comes again. */
enum legs_heard transit_announce(struct transit *transit, const struct handover *handover,
				 char ret_gave_way[IDENTIFIER_BYTES], const struct instant *now);
void transit_take_back(struct transit *transit, const char *ucr, const struct instant *now);
void transit_connected(struct transit *transit, const struct instant *now);
/* Before all of it was heard: nothing is taken back until it is connected again. */
void transit_disconnected(struct transit *transit, const struct instant *now);

/* Monotonic time of the next thing that happens by itself, INT64_MAX: none. */
int64_t transit_next_deadline(const struct transit *transit);
void transit_tick(struct transit *transit, const struct instant *now);

#endif
