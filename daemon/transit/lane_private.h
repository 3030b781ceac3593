/* What the parts of a lane share: lane.c (opening and closing), lane_reads.c (what is read),
 * lane_bind.c (the registry's answers), lane_seals.c (seals against the declaration),
 * lane_custody.c (seals as they go on their way), lane_tell.c (events), lane_memory.c (over a
 * restart). */
#ifndef CORRIDORD_LANE_PRIVATE_H
#define CORRIDORD_LANE_PRIVATE_H

#include "lane.h"
#include "transit.h"

#define LANE_RETRY_NS	   INT64_C(1000000000)
#define LANE_RETRY_DOUBLES 6 /* what failed is asked again after 1 s, 2 s ... 64 s */

/* lane.c */
struct passage *lane_current(struct lane *lane); /* whom sensors speak of, or NULL */
struct passage *lane_stage(struct lane *lane, enum passage_stage stage);
/* The passage that a number belongs to; opens one if need be. NULL: of one that is gone. */
struct passage *lane_passage_for(struct lane *lane, enum passage_rule rule, const char *text,
				 int64_t at_mono_ns);
void lane_attach(struct lane *lane); /* the note of the current passage to all sensors */
enum answer lane_boom_up(const struct lane *lane);

/* lane_reads.c */
void lane_look_at_seal(struct lane *lane, const struct sensor *sensor);
void lane_sight_seal(struct lane *lane, const struct sensor *sensor);
void lane_look_at_identifications(struct lane *lane);
bool lane_sees_number(const struct lane *lane); /* a seal is in the field of a reader */

/* lane_bind.c */
void lane_ask(struct lane *lane); /* what is to be asked */
int64_t lane_ask_deadline(const struct passage *passage); /* of what failed */
void lane_ask_again(struct passage *passage, int64_t at_mono_ns); /* what failed and is due */
/* On answers that are still to come. */
void lane_give_up(struct lane *lane, struct passage *passage, int64_t at_mono_ns);

/* lane_seals.c. final: what was not read by now, is missing. */
void lane_check_seals(struct lane *lane, struct passage *passage, bool final, int64_t at_mono_ns);

bool lane_reads_numbers(const struct lane *lane);
bool lane_reader_is_blind(const struct lane *lane); /* one of them cannot see */

/* lane_tell.c */
struct json *lane_begin(struct lane *lane, const struct passage *passage, int64_t at_mono_ns);
void lane_end(struct lane *lane, enum event_id event); /* with the memories and the state */
void lane_put(struct lane *lane); /* the same without an event */
void lane_tell_opened(struct lane *lane, const struct passage *passage, const char *by);
void lane_tell_closed(struct lane *lane, const struct passage *passage, enum passage_end end,
		      int64_t at_mono_ns);
void lane_tell_read(struct lane *lane, const struct passage *passage,
		    const struct passage_read *read, const struct point *input);
struct finding { /* of the registry, about a number */
	const struct passage_read *read; /* NULL: an officer's word */
	const struct passage_word *word;
	const struct registry_list *list;
	bool late;
};
void lane_tell_bound(struct lane *lane, const struct passage *passage,
		     const struct passage_binding *binding, const struct finding *finding,
		     const char (*replaced)[IDENTIFIER_BYTES], size_t replaced_count);
void lane_tell_unidentified(struct lane *lane, const struct passage *passage,
			    const struct finding *finding, const char *outcome, uint64_t found,
			    const char *ucr);
/* An element of an array; false: it would lead too far and is not written. */
bool lane_tell_element(struct json *json, const char *text);
void lane_tell_benefits(struct json *json, uint32_t benefits);

/* lane_bind.c: of one party of a bound consignment, now. */
struct recognition lane_recognise(const struct lane *lane, const struct passage_binding *binding,
				  size_t party);

/* lane_memory.c */
#define LANE_MEMORY_KEY_BYTES MEMORY_KEY_BYTES
void lane_memory_key(const struct lane *lane, const struct passage *passage,
		     char ret_key[LANE_MEMORY_KEY_BYTES]);
void lane_memory_write(const struct lane *lane, const struct passage *passage, char *out,
		       size_t size);

#endif
