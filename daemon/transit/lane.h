/* A lane: which vehicle its sensors are speaking of.
 *
 * A passage opens with a vehicle at the boom (or at the lane's own presence sensor), or with
 * a number that is read ahead of it: a seal's, a plate, a container, a document. It closes
 * when the vehicle has left; how, is its end (passage.h). There are two at most at a time:
 * one at the boom, and one that has left it and is not yet seen to be through, where a sensor
 * stands beyond the boom. What a lane's sensors tell meanwhile has its id.
 *
 * The boom is the first barrier of the lane that has a presence. A lane with neither presence
 * nor a number to read has no passages.
 *
 * A passage outlives the daemon: it goes on with the id and the binding it had. If the vehicle
 * was gone by then, it is closed as "left".
 */
#ifndef CORRIDORD_LANE_H
#define CORRIDORD_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrier.h"
#include "passage.h"
#include "registry.h"
#include "seal.h"
#include "sensor.h"

struct handover;
struct ledger;
struct legs_custody;

#define LANE_PASSAGES 4 /* at the boom, beyond it, two of which an answer is still to come */

struct lane_conf;

/* What a lane can read of a vehicle besides its seals. */
enum lane_identification { LANE_PLATE, LANE_CONTAINER, LANE_DOCUMENT, LANE_IDENTIFICATIONS };

struct passage_conf {
	int32_t presence; /* true: a vehicle is in the lane; instead of the barriers' */
	int32_t identifications[LANE_IDENTIFICATIONS]; /* texts, empty: none is read */
	int64_t stuck_ns; /* a passage for longer is passage.stuck; 0: off */
	int64_t gap_ns; /* longest time without a sign of the vehicle on its way */
	int64_t clone_ns; /* a seal seen in another lane less before is a clone; 0: off */
};

/* What the lanes of a gateway share. */
struct lane_site {
	const char *boot; /* the kernel's boot id, or NULL */
	const char *country; /* of the checkpoint, or NULL */
	uint32_t own_benefits; /* aeo_benefit: to operators of that state */
	struct registry_desk desk; /* ask NULL: no registry */
	uint64_t tags; /* last one given to a question */
	struct seal_memory *memory;
	void *data;
	void (*closed)(void *data, const struct passage_intervals *intervals); /* or NULL */
	struct ledger *ledger; /* or NULL */
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
	const struct point *presence; /* of its own; NULL: that of the boom */
	const struct point *identifications[LANE_IDENTIFICATIONS];
	char read_last[LANE_IDENTIFICATIONS][VALUE_TEXT_BYTES];
	struct lane_reader *readers;
	size_t reader_count;
	struct sensor **sensors; /* of the lane, whose events get the passage's note */
	size_t sensor_count;

	enum answer present, beyond; /* as last known */
	struct passage passages[LANE_PASSAGES];
	struct alarm alarms[1]; /* passage.stuck */
	int64_t told_mono_ns; /* of its last event */
	int64_t last_id_ms;
	struct lane_counters counters;
	int64_t retry_mono_ns; /* when to ask again what could not be asked; INT64_MAX: nothing */
	bool dirty; /* something of it is not in its memories */
	bool restarted; /* passages from before the start wait for the first look */
	bool seen; /* presence was known once */
};

/* All borrowed; readers and sensors have room for the lane's seals and sensors. */
void lane_init(struct lane *lane, const struct lane_conf *conf, const struct point *points,
	       struct lane_site *site, struct teller *teller);
void lane_add_barrier(struct lane *lane, struct barrier *barrier);
void lane_add_seal(struct lane *lane, struct seal *seal);
void lane_free(struct lane *lane); /* what its passages hold */

/* true: the memory was this lane's. */
bool lane_recall(struct lane *lane, const char *key, const char *text);
void lane_start(struct lane *lane);

/* Around the judgement of one of its sensors: what opens a passage is seen before the sensor
 * tells it, what closes one after. */
void lane_before(struct lane *lane, const struct sensor *sensor);
void lane_after(struct lane *lane, const struct sensor *sensor);

void lane_judge(struct lane *lane); /* its own inputs have changed */
void lane_tick(struct lane *lane, int64_t at_mono_ns);
int64_t lane_deadline(const struct lane *lane); /* INT64_MAX: none */

/* true: the answer was this lane's, and is taken over. */
bool lane_answer(struct lane *lane, struct registry_answer *answer);

/* An officer's word: the vehicle at the boom carries this consignment, whatever was found.
 * -ENXIO: no vehicle is there. -EAGAIN: the word before is still being looked up. -EINVAL: no
 * number. */
int lane_present(struct lane *lane, const struct officer_word *word);
bool lane_word_open(const struct lane *lane); /* one is still being looked up */

/* The seals of a consignment as this passage showed them, and those in announced (or NULL).
 * declared: also what the readers of this lane did not see, as it was seen before or not. */
void lane_custody(const struct lane *lane, const struct passage *passage,
		  const struct passage_binding *binding, const struct handover *announced,
		  bool declared, struct legs_custody *ret_custody);

#endif
