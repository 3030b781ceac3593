/* A lane: which vehicle its sensors are speaking of.
 *
 * A passage opens with a vehicle at the boom (or at the lane's own presence sensor), or with
 * a number that is read ahead of it: a seal's, a plate, a container, a document. It closes
 * when the vehicle has left; how, is its end (passage.h). There are three at most at a time:
 * one at the boom, one that has left it and is not yet seen to be through, where a sensor
 * stands beyond the boom, and one behind, that was read already, where numbers are read ahead of
 * the boom. Where that is so, the numbers of the vehicle at the boom were read before it stood
 * there; so another number that none of its consignments declares is of the one behind. What a lane's sensors tell meanwhile has its id.
 *
 * The boom is the first barrier of the lane that has a presence. A lane with neither presence
 * nor a number to read has no passages.
 *
 * A passage survives a restart: it goes on with the id and the binding it had. If the vehicle
 * was gone by then, it is closed as "left".
 */
#ifndef CORRIDORD_TRANSIT_LANE_H
#define CORRIDORD_TRANSIT_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transit/lane/passage.h"
#include "transit/lane/queue.h"
#include "transit/registry/question.h"
#include "transit/sensor/barrier.h"
#include "transit/sensor/contact.h"
#include "transit/sensor/seal.h"
#include "transit/sensor/sensor.h"

struct handover;
struct legs_custody;
struct moves;
struct reseals;

#define LANE_PASSAGES 5 /* at the boom, behind, beyond it, two closed ones that await an answer */

/* What a lane can read of a vehicle besides its seals. */
enum lane_identification { LANE_PLATE, LANE_CONTAINER, LANE_DOCUMENT, LANE_IDENTIFICATIONS };

struct passage_conf {
	int32_t presence; /* true: a vehicle is in the lane; instead of the barriers' */
	int32_t queue; /* true: a vehicle passes the beginning of the queue */
	int32_t weight; /* of the vehicle, kg: what is not stable is no reading */
	double weight_max; /* above it is overloaded; not above 0: nobody says */
	double weight_differs; /* from what is declared, more percent are told; the same */
	int32_t identifications[LANE_IDENTIFICATIONS]; /* texts; empty: nothing is read */
	int64_t stuck_ns; /* a passage for longer is passage.stuck; 0: off */
	int64_t gap_ns; /* without a sign of a vehicle under way for longer: it is gone */
	int unread_severity; /* enum severity: of passage.unread */
	int64_t clone_ns; /* a seal that another lane saw less before is a clone; 0: off */
};

struct lane_conf {
	const char *name;
	const char *direction; /* "entry", "exit" or "both" */
	const struct barrier_conf *barriers;
	size_t barrier_count;
	const struct seal_conf *seals;
	size_t seal_count;
	const struct contact_conf *contacts;
	size_t contact_count;
	const struct passage_conf *passages; /* NULL: no passages */
};

struct lane;

/* Calls up, to what keeps the books of the checkpoint; data NULL: nobody does. */
struct lane_listener {
	void *data;
	void (*bound)(void *data, const struct lane *lane, const struct passage *passage);
	/* An officer, or a seal that was read later, says that it was another consignment. */
	void (*unbound)(void *data, const struct lane *lane, const struct passage *passage,
			const char *ucr);
	/* Seals were compared. final: what was not read by now is missing. */
	void (*checked)(void *data, const struct lane *lane, const struct passage *passage,
			bool final);
	void (*closed)(void *data, const struct lane *lane, const struct passage *passage,
		       const struct passage_intervals *intervals);
	/* This seal left another checkpoint, which announced it, too short a time ago. */
	bool (*elsewhere)(const void *data, const char *number, int64_t at_mono_ns);
};

/* What the lanes of a gateway share. */
struct lane_site {
	const char *boot; /* the kernel's boot id, or NULL */
	const char *country; /* of the checkpoint, or NULL */
	const struct recognition_policy *policy; /* or NULL */
	struct registry_questions questions; /* ask NULL: no registry */
	uint64_t tags; /* the last one that a question got */
	struct seal_memory *memory;
	const struct reseals *reseals; /* what officers replaced here, or before it came */
	struct moves *moves; /* on which other vehicles they had consignments go */
	void *data;
	/* An officer's word that the registry was asked about has had its event; or NULL. */
	void (*word_told)(void *data, uint64_t number);
	struct lane_listener listener;
};

struct lane_reader {
	const struct seal *seal;
	char text[IDENTIFIER_BYTES]; /* normalised number of the seal last seen, empty: none */
	bool visible; /* it is in the field now */
};

/* Since the daemon's start, for the metrics. */
struct lane_counters {
	uint64_t opened, identified, corrected, unidentified;
	uint64_t ended[PASSAGE_ENDS]; /* by enum passage_end */
	uint64_t seals_intact, seals_not_intact; /* results of seal checks */
};

struct lane {
	struct sensor sensor; /* first; its name is "passage" */
	const struct lane_conf *conf;
	struct lane_site *site;
	struct teller *teller;
	struct barrier *boom; /* NULL: none */
	const struct point *presence; /* the lane's own; NULL: that of the boom */
	const struct point *queue_sensor; /* NULL: none */
	const struct point *scale; /* NULL: none */
	struct queue queue;
	const struct point *identifications[LANE_IDENTIFICATIONS];
	char read_last[LANE_IDENTIFICATIONS][VALUE_TEXT_BYTES];
	int64_t seen_mono_ns[LANE_IDENTIFICATIONS]; /* reading before, since a passage was opened */
	struct lane_reader *readers;
	size_t reader_count;
	struct sensor **sensors; /* whose events get the passage's note */
	size_t sensor_count;

	enum answer present, beyond; /* as last known */
	struct passage passages[LANE_PASSAGES];
	struct alarm alarms[1]; /* passage.stuck */
	int64_t last_event_mono_ns; /* of its last event */
	int64_t last_id_ms;
	struct lane_counters counters;
	int64_t retry_mono_ns; /* when to ask again what could not be asked; INT64_MAX: nothing */
	bool dirty; /* something of it is not in its memories */
	bool presence_known; /* it was once, since the start */
};

/* All borrowed; readers and sensors have room for the lane's seals and sensors. */
void lane_init(struct lane *lane, const struct lane_conf *conf, const struct point *const *points,
	       struct lane_site *site, struct teller *teller);
void lane_add_barrier(struct lane *lane, struct barrier *barrier);
void lane_add_seal(struct lane *lane, struct seal *seal);
void lane_add_contact(struct lane *lane, struct contact *contact);
void lane_free(struct lane *lane); /* only what its passages hold */

/* true: the memory was this lane's. */
bool lane_recall(struct lane *lane, const char *key, const char *text);
void lane_start(struct lane *lane);
/* Such a memory of one of its passages, which is not free. */
void lane_remember(const struct lane *lane, size_t passage, char ret_key[MEMORY_KEY_BYTES],
		   char ret_text[MEMORY_TEXT_BYTES]);

/* Around the judgement of one of its sensors: a passage is opened before the sensor's events,
 * and closed after them. */
void lane_sensor_will_judge(struct lane *lane, const struct sensor *sensor);
void lane_sensor_judged(struct lane *lane, const struct sensor *sensor);

void lane_judge(struct lane *lane); /* its own inputs have changed */
void lane_tick(struct lane *lane, int64_t at_mono_ns);
int64_t lane_deadline(const struct lane *lane); /* INT64_MAX: none */

/* true: the answer was this lane's, and is taken over. */
bool lane_answer(struct lane *lane, struct registry_answer *answer);

/* An officer's word: the vehicle at the boom carries this consignment, whatever was found. 0: it
 * has had its event; -EINPROGRESS: the registry is asked first, lane_site.word_told() follows;
 * -ENXIO: no vehicle is there; -EAGAIN: the word before is still being looked up; -EINVAL: no
 * number. */
int lane_name_consignment(struct lane *lane, const struct officer_word *word);

/* A seal was replaced (lane_site.reseals): what is bound is compared anew, with the one that was
 * affixed. */
void lane_reseal(struct lane *lane, const char *removed, const char *affixed);
/* A consignment goes on another vehicle (lane_site.moves): so does what is bound, and the new one is looked
 * for among what was read. */
void lane_move(struct lane *lane, const char *ucr);

/* The passage that has the consignment bound, or (ucr empty) one that has the seal; NULL: none. */
const struct passage *lane_find_passage(const struct lane *lane, const char *ucr, const char *seal);
/* Which of its consignments has that seal now; empty: none. */
const char *lane_whose_seal(const struct passage *passage, const char *seal);

/* The seals of a consignment or of ret_custody->part of it, and those in announced (or NULL), as this passage showed them; and
 * those it declares that were not read here. */
void lane_custody(const struct lane *lane, const struct passage *passage,
		  const struct passage_binding *binding, const struct handover *announced,
		  struct legs_custody *ret_custody);

#endif
