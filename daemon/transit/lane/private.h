/* What the parts of a lane share, from the top: lane.c (arrival, departure, closing),
 * reads.c (what is read), weight.c (what it weighs), opening.c (a passage begins), bind.c (the registry's
 * answers), amend.c (what officers changed), seals.c (seals against the declaration), tell.c (events), memory.c
 * (over a restart), recognise.c (one party), state.c (questions). custody.c (seals
 * as they go on their way) is called from outside. */
#ifndef CORRIDORD_TRANSIT_LANE_PRIVATE_H
#define CORRIDORD_TRANSIT_LANE_PRIVATE_H

#include "transit/lane/lane.h"

#define LANE_RETRY_NS	  INT64_C(1000000000)
#define LANE_RETRY_MAX_NS INT64_C(64000000000)

/* weight.c */
void lane_look_at_weight(struct lane *lane);
/* The vehicle goes: all that it carries is known, as far as it will be. */
void lane_compare_weight(struct lane *lane, struct passage *passage, int64_t at_mono_ns);

/* state.c */
size_t lane_find_stage(const struct lane *lane, enum passage_stage stage); /* LANE_PASSAGES: none */
size_t lane_find_current(const struct lane *lane); /* or beyond it; the same */
struct passage *lane_stage(struct lane *lane, enum passage_stage stage); /* or NULL */
struct passage *lane_current(struct lane *lane); /* that the sensors speak of, or NULL */
/* That a reader speaks of: the one behind, if it has read that number there. */
struct passage *lane_passage_in_sight(struct lane *lane, const struct lane_reader *reader);
void lane_attach_note(struct lane *lane); /* the note of the current passage to all sensors */
bool lane_has_presence(const struct lane *lane); /* a sensor for vehicles, of whatever kind */
enum answer lane_presence(const struct lane *lane);
int64_t lane_presence_changed(const struct lane *lane);
enum answer lane_boom_up(const struct lane *lane);
bool lane_is_overloaded(const struct lane *lane, const struct passage *passage);
bool lane_weight_differs(const struct lane *lane, const struct passage *passage);
bool lane_reads_numbers(const struct lane *lane);
bool lane_reader_is_blind(const struct lane *lane); /* one of them does not answer */

/* opening.c */
struct passage *lane_open_passage(struct lane *lane, const char *by, bool initial,
				  int64_t at_mono_ns);
/* The vehicle behind has come up. */
void lane_bring_up(struct lane *lane);
/* Numbers that turned out to be of the vehicle behind are read for that. */
void lane_hand_back(struct lane *lane);
/* The passage that a number belongs to; opens one if need be. NULL: it is of a closed one. */
struct passage *lane_passage_for(struct lane *lane, enum passage_rule rule, const char *text,
				 int64_t at_mono_ns);

/* reads.c */
void lane_look_at_seal(struct lane *lane, const struct sensor *sensor);
void lane_sight_seal(struct lane *lane, const struct sensor *sensor);
void lane_look_at_identifications(struct lane *lane);
bool lane_holds_text(struct lane *lane); /* a camera does, while a vehicle is there */
/* The vehicle goes: what a reader shows of a seal now counts, though it is not told yet. */
void lane_look_again(struct lane *lane, struct passage *passage);
void lane_read_what_is_in_sight(struct lane *lane, struct passage *opened, int64_t at_mono_ns);
bool lane_sees_number(const struct lane *lane); /* a seal is in the field of a reader */

/* bind.c */
void lane_ask_registry(struct lane *lane); /* all that is to be asked */
int64_t lane_retry_deadline(const struct passage *passage);
void lane_retry_failed(struct passage *passage, int64_t at_mono_ns); /* questions that are due */
bool lane_take_answer(struct lane *lane, struct registry_answer *answer); /* as lane_answer() */
/* The answers that are still to come are not waited for. */
void lane_give_up_answers(struct lane *lane, struct passage *passage, int64_t at_mono_ns);

/* seals.c. final: what was not read by now, is missing. */
void lane_check_seals(struct lane *lane, struct passage *passage, bool final, int64_t at_mono_ns);

/* tell.c */
struct jw *lane_begin(struct lane *lane, const struct passage *passage, int64_t at_mono_ns);
/* Begun by lane_begin(); the lane's state and memories go along. */
void lane_put_event(struct lane *lane, enum event_id event);
void lane_put_state(struct lane *lane); /* and memories, without an event */
void lane_tell_opened(struct lane *lane, const struct passage *passage, const char *by);
void lane_tell_closed(struct lane *lane, const struct passage *passage, enum passage_end end,
		      int64_t at_mono_ns);
void lane_tell_read(struct lane *lane, const struct passage *passage,
		    const struct passage_read *read, const struct point *input);
void lane_tell_doubt(struct lane *lane, struct passage *passage, int64_t at_mono_ns);
void lane_tell_weight(struct lane *lane, const struct passage *passage, enum event_id event,
		      int64_t at_mono_ns);
void lane_tell_unread(struct lane *lane, const struct passage *passage, int64_t at_mono_ns);
struct finding { /* of the registry, about a number */
	const struct passage_read *read; /* NULL: an officer's word */
	const struct passage_word *word;
	const struct registry_list *list;
	bool late;
};
void lane_tell_binding(struct lane *lane, const struct passage *passage,
		       const struct passage_binding *binding, const struct finding *finding,
		       const char (*replaced)[IDENTIFIER_BYTES], size_t replaced_count);
void lane_tell_unidentified(struct lane *lane, const struct passage *passage,
			    const struct finding *finding, const char *outcome, uint64_t found,
			    const char *ucr);
/* An element of an array; false: the body has no room, it is not written. */
bool lane_tell_element(struct jw *json, const char *text);
void lane_tell_benefits(struct jw *json, uint32_t benefits);

/* recognise.c: of one party of a bound consignment, now. */
struct recognition lane_recognise(const struct lane *lane, const struct passage_binding *binding,
				  size_t party);

/* memory.c */
void lane_memory_key(const struct lane *lane, const struct passage *passage,
		     char ret_key[MEMORY_KEY_BYTES]);
void lane_memory_write(const struct lane *lane, const struct passage *passage, char *out,
		       size_t size);

#endif
