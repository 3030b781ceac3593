#include "transit/checkpoint/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transit/checkpoint/private.h"

void checkpoint_set_dirty(struct checkpoint *checkpoint)
{
	checkpoint->memories_dirty = checkpoint->deadline_dirty = true;
}

/* ---- events on their way to the sink ------------------------------------------------- */

static void book_event(struct checkpoint *checkpoint, const struct event_draft *draft)
{
	const struct instant at = teller_moment(checkpoint->teller, draft->occurred_mono_ns);
	const struct event_type *type = draft->type;
	char resource[ALARM_RESOURCE_BYTES];

	if (type->kind == KIND_STATE) {
		alarm_book_state(&checkpoint->book, draft->state_key, draft->subject, type, &at);
		checkpoint->memories_dirty = true;
		checkpoint->deadline_dirty |= type->latched;
		return;
	}
	if (!type->latched)
		return;
	checkpoint_set_dirty(checkpoint);
	alarm_book_resource(draft->state_key, draft->subject, resource);
	if (draft->alarm != ALARM_CLEARED)
		(void)alarm_book_raise(&checkpoint->book, resource, type, &at);
	if (draft->alarm != ALARM_RAISED)
		(void)alarm_book_clear(&checkpoint->book, resource, type, &at, NULL);
}

static void put_alone(void *data, const char *key, const char *text)
{
	struct checkpoint *checkpoint = data;

	teller_put_memory(checkpoint->teller, key, text);
}

static void attach(void *data, const char *key, const char *text)
{
	struct checkpoint *checkpoint = data;
	struct attached_memories *attached = &checkpoint->attached;
	size_t i = attached->count;

	if (i == attached->most) {
		put_alone(checkpoint, key, text);
		return;
	}
	snprintf(attached->keys[i], sizeof(attached->keys[i]), "%s", key);
	snprintf(attached->texts[i], sizeof(attached->texts[i]), "%s", text ? text : "");
	attached->memories[i] = (struct event_memory){.key = attached->keys[i],
						      .text = text ? attached->texts[i] : NULL};
	attached->count++;
}

/* What has changed, most of it by the event itself. */
static void attach_memories(struct checkpoint *checkpoint, struct event_draft *draft)
{
	struct attached_memories *attached = &checkpoint->attached;
	struct keeper keeper = {.data = checkpoint, .keep = attach};

	attached->count = 0;
	attached->most = MEMORIES_MAX - draft->memory_count;
	if (attached->most > ATTACHED_MAX)
		attached->most = ATTACHED_MAX;
	if (checkpoint->book.changed)
		alarm_book_keep(&checkpoint->book, &keeper);
	if (checkpoint->stays.changed)
		stays_keep(&checkpoint->stays, &keeper);
	if (checkpoint->study_dirty)
		study_keep(checkpoint->study, &checkpoint->teller->now, &keeper);
	checkpoint->study_dirty = false;
	for (size_t i = 0; i < draft->memory_count; i++)
		attached->memories[attached->count++] = draft->memories[i];
	draft->memories = attached->memories;
	draft->memory_count = attached->count;
}

void checkpoint_book(struct checkpoint *checkpoint, struct event_draft *draft)
{
	if (!draft->type)
		return;
	if (draft->state_key)
		book_event(checkpoint, draft);
	attach_memories(checkpoint, draft);
}

/* ---- birth and death ----------------------------------------------------------------- */

int checkpoint_set_lanes(struct checkpoint *checkpoint, const struct lane_conf *lanes,
			 size_t lane_count)
{
	struct study_place *places = calloc(lane_count + 1, sizeof(*places));
	bool has_entry = false, has_exit = false;
	int err;

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < lane_count; i++) {
		places[i] = (struct study_place){lanes[i].name, lanes[i].direction};
		has_entry |= strcmp(lanes[i].direction, "entry") == 0;
		has_exit |= strcmp(lanes[i].direction, "entry") != 0;
	}
	err = study_set_lanes(checkpoint->study, places, lane_count);
	if (err < 0) {
		free(places);
		return err;
	}
	free(checkpoint->lanes);
	checkpoint->lanes = places;
	checkpoint->lane_count = lane_count;
	checkpoint->has_entry = has_entry;
	checkpoint->has_exit = has_exit;
	return 0;
}

int checkpoint_new(const struct checkpoint_setup *conf, struct teller *teller,
		   struct checkpoint **ret_checkpoint)
{
	struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
	int err;

	if (!checkpoint)
		return -ENOMEM;
	err = study_new(&checkpoint->study);
	if (err == 0)
		err = checkpoint_set_lanes(checkpoint, conf->lanes, conf->lane_count);
	if (err == 0 && conf->legs)
		err = legs_new(conf->legs, conf->id, &checkpoint->book, &checkpoint->legs);
	if (err == 0)
		err = stays_init(&checkpoint->stays, conf->id, &checkpoint->book);
	if (err < 0) {
		checkpoint_free(checkpoint);
		return err;
	}
	checkpoint->id = conf->id;
	checkpoint->stays.boot = conf->boot;
	alarm_book_init(&checkpoint->book, &conf->alarm_delay);
	checkpoint->teller = teller;
	*ret_checkpoint = checkpoint;
	return 0;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	legs_free(checkpoint->legs);
	study_free(checkpoint->study);
	stays_fini(&checkpoint->stays);
	alarm_book_fini(&checkpoint->book);
	free(checkpoint->lanes);
	free(checkpoint);
}

void checkpoint_recall(struct checkpoint *checkpoint, const char *key, const char *text)
{
	alarm_book_recall(&checkpoint->book, key, text);
	stays_recall(&checkpoint->stays, key, text);
	study_recall(checkpoint->study, key, text);
	if (checkpoint->legs)
		legs_recall(checkpoint->legs, key, text);
}

void checkpoint_start(struct checkpoint *checkpoint)
{
	alarm_book_start(&checkpoint->book, &checkpoint->teller->now);
	stays_start(&checkpoint->stays, &checkpoint->teller->now);
	study_start(checkpoint->study, &checkpoint->teller->now);
	if (checkpoint->legs)
		legs_start(checkpoint->legs, checkpoint->teller);
	checkpoint_set_dirty(checkpoint);
}

/* ---- what lanes tell ----------------------------------------------------------------- */

static bool is_entry(const struct lane *lane)
{
	return strcmp(lane->conf->direction, "entry") == 0;
}

static bool is_exit(const struct checkpoint *checkpoint, const struct lane *lane)
{
	return !checkpoint->has_exit || !is_entry(lane);
}

static bool went_through(enum passage_end end)
{
	return end == END_PASSED || end == END_LEFT;
}

/* Its vehicle left before it was known what it carries. */
static bool has_left(const struct checkpoint *checkpoint, const struct lane *lane,
		     const struct passage *passage)
{
	return passage->stage == STAGE_CLOSED && is_exit(checkpoint, lane) &&
	       went_through(passage->end) && passage->at_mono_ns[PASSAGE_CLEARED] != INT64_MIN;
}

/* When its vehicle came; now, where that was in another boot. */
static int64_t arrived(const struct checkpoint *checkpoint, const struct passage *passage)
{
	if (passage->at_mono_ns[PASSAGE_PRESENT] != INT64_MIN)
		return passage->at_mono_ns[PASSAGE_PRESENT];
	if (passage->at_mono_ns[PASSAGE_OPENED] != INT64_MIN)
		return passage->at_mono_ns[PASSAGE_OPENED];
	return checkpoint->teller->now.mono_ns;
}

static void set_origin(struct checkpoint *checkpoint, const char *ucr, struct stay_place *place)
{
	if (!checkpoint->legs)
		return;
	place->came_from = legs_came_from(checkpoint->legs, ucr);
	place->sent_to = legs_sent_to(checkpoint->legs, ucr);
}

static void on_bound(void *data, const struct lane *lane, const struct passage *passage)
{
	struct checkpoint *checkpoint = data;
	struct stay_place place = {lane->conf->name,
				   passage->id,
				   arrived(checkpoint, passage),
				   checkpoint->has_entry && !is_entry(lane),
				   NULL,
				   NULL};
	bool gone = passage->stage == STAGE_CLOSED;

	if (gone && (is_exit(checkpoint, lane) || passage->end == END_BACKED_OUT))
		return; /* it has left the checkpoint, or never came in */
	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];

		if (checkpoint->legs && !gone)
			legs_set_here(checkpoint->legs, binding->ucr, true);
		if (!binding->dossier)
			continue;
		set_origin(checkpoint, binding->ucr, &place);
		stays_arrive(&checkpoint->stays, checkpoint->teller, &place,
			     binding->dossier->consignment, binding->decision == RECOGNISED);
	}
	checkpoint_set_dirty(checkpoint);
}

static bool is_elsewhere(const void *data, const char *number, int64_t at_mono_ns)
{
	const struct checkpoint *checkpoint = data;
	const struct instant at = teller_moment(checkpoint->teller, at_mono_ns);

	return checkpoint->legs && legs_too_fast(checkpoint->legs, number, &at);
}

static void on_unbound(void *data, const struct lane *lane, const struct passage *passage,
		       const char *ucr)
{
	struct checkpoint *checkpoint = data;
	struct stay_place place = {.lane = lane->conf->name,
				   .passage = passage->id,
				   .at_mono_ns = checkpoint->teller->now.mono_ns};

	if (checkpoint->legs)
		legs_set_here(checkpoint->legs, ucr, false);
	stays_retract(&checkpoint->stays, checkpoint->teller, &place, ucr);
	checkpoint_set_dirty(checkpoint);
}

/* So that the parts of the dwell add up to it: what was read or decided before the vehicle stood
 * there took none of its time there, and a step that was taken after one that follows it, none of
 * that one's. What came when the vehicle was gone is no step of its way. */
static void put_in_order(const struct passage_intervals *intervals,
			 int64_t ret_mono_ns[PASSAGE_MOMENTS])
{
	int64_t last_mono_ns = INT64_MIN;

	for (size_t i = 0; i < PASSAGE_MOMENTS; i++) {
		int64_t at_mono_ns = intervals->at_mono_ns[i];

		ret_mono_ns[i] = INT64_MIN;
		if (i < PASSAGE_PRESENT || at_mono_ns == INT64_MIN ||
		    at_mono_ns > intervals->at_mono_ns[PASSAGE_CLEARED])
			continue;
		ret_mono_ns[i] = at_mono_ns > last_mono_ns ? at_mono_ns : last_mono_ns;
		last_mono_ns = ret_mono_ns[i];
	}
}

/* The time of that step or, if it was not taken, of the last one before it. */
static int64_t step_before(const int64_t at_mono_ns[PASSAGE_MOMENTS], enum passage_moment moment)
{
	while (moment > PASSAGE_PRESENT && at_mono_ns[moment] == INT64_MIN)
		moment--;
	return at_mono_ns[moment];
}

static void add_intervals(struct checkpoint *checkpoint, size_t lane,
			  const struct passage_intervals *intervals)
{
	static const struct {
		enum passage_moment from, until;
	} spans[STUDY_QUEUE] = {
		[STUDY_IDENTIFIED] = {PASSAGE_PRESENT, PASSAGE_IDENTIFIED},
		[STUDY_SEAL_CHECKED] = {PASSAGE_IDENTIFIED, PASSAGE_CHECKED},
		[STUDY_RELEASED] = {PASSAGE_CHECKED, PASSAGE_RELEASED},
		[STUDY_CLEARED] = {PASSAGE_RELEASED, PASSAGE_CLEARED},
		[STUDY_DWELL] = {PASSAGE_PRESENT, PASSAGE_CLEARED},
	};
	enum study_group group = intervals->recognised ? STUDY_RECOGNISED : STUDY_OTHERS;
	bool marked = intervals->over_restart || intervals->over_clock_jump;
	int64_t at_mono_ns[PASSAGE_MOMENTS];

	put_in_order(intervals, at_mono_ns);
	if (intervals->queued_ns >= 0)
		study_add(checkpoint->study, lane, group, STUDY_QUEUE, intervals->queued_ns,
			  marked);
	for (int i = 0; i < STUDY_QUEUE; i++) {
		int64_t from = step_before(at_mono_ns, spans[i].from);
		int64_t until = at_mono_ns[spans[i].until];
		bool known = from != INT64_MIN && until != INT64_MIN;

		if (known || (marked && i == STUDY_DWELL))
			study_add(checkpoint->study, lane, group, (enum study_interval)i,
				  known ? until - from : 0, marked);
	}
}

static size_t lane_index(const struct checkpoint *checkpoint, const struct lane *lane)
{
	size_t i;

	for (i = 0; i + 1 < checkpoint->lane_count; i++)
		if (strcmp(checkpoint->lanes[i].name, lane->conf->name) == 0)
			break;
	return i;
}

/* An officer sent it elsewhere. */
static bool sent_to(struct checkpoint *checkpoint, const char *ucr)
{
	const char *to = legs_ordered_to(checkpoint->legs, ucr);

	checkpoint->sent_to = (struct itinerary_stop){
		.checkpoint = to,
		.from_utc_ns = INT64_MIN,
		.until_utc_ns = INT64_MAX,
		.dwell_ns = INT64_MAX,
	};
	return to;
}

/* Where its itinerary leads from here; NULL: nowhere, or it is not on it. */
static const struct itinerary_stop *planned_stop(struct checkpoint *checkpoint,
						 const struct passage_binding *binding)
{
	const struct consignment *consignment = binding_consignment(binding);
	struct arrival here = {.checkpoint = checkpoint->id};
	int64_t stop = stays_stop(&checkpoint->stays, binding->ucr);

	if (!consignment || stop == 0)
		return NULL;
	if (stop < 0 || (size_t)stop > consignment->stop_count ||
	    strcmp(consignment->stops[stop - 1].checkpoint, checkpoint->id) != 0)
		return itinerary_judge(consignment, &here).next;
	return (size_t)stop < consignment->stop_count ? &consignment->stops[stop] : NULL;
}

/* What goes on by itself: all of the consignment or, where the vehicle carries some of its
 * containers, each of these. */
struct part {
	char id[HANDOVER_ID_BYTES];
	const char *name; /* empty: all of it */
	int64_t count; /* how many there are, where this is one */
};

static bool next_part(const struct passage *passage, const struct passage_binding *binding,
		      bool split, size_t *at, struct part *ret_part)
{
	const struct consignment *consignment = binding_consignment(binding);

	for (; split && *at < consignment->container_count; ++*at) {
		const char *container = consignment->containers[*at].text;

		if (strlen(container) < HANDOVER_PART_BYTES &&
		    passage_shows(passage, consignment, container))
			break;
	}
	if (split ? *at == consignment->container_count : *at > 0)
		return false;
	ret_part->name = split ? consignment->containers[*at].text : "";
	ret_part->count = split ? (int64_t)consignment->container_count : 0;
	handover_id_of(binding->ucr, ret_part->name, ret_part->id);
	++*at;
	return true;
}

static bool leaves_in_parts(const struct passage *passage, const struct passage_binding *binding)
{
	const struct consignment *consignment = binding_consignment(binding);

	return consignment && passage_is_split(passage, consignment);
}

/* As it was announced, be it on fewer vehicles here than there, or seen worse. */
static bool comes_in_parts(struct checkpoint *checkpoint, const struct passage *passage,
			   const struct passage_binding *binding)
{
	const struct consignment *consignment = binding_consignment(binding);
	const struct handover *whole;
	char id[HANDOVER_ID_BYTES];

	for (size_t i = 0; consignment && i < consignment->container_count; i++) {
		const char *container = consignment->containers[i].text;

		handover_id_of(binding->ucr, container, id);
		if (strlen(container) < HANDOVER_PART_BYTES &&
		    passage_shows(passage, consignment, container) &&
		    legs_announced(checkpoint->legs, id))
			return true;
	}
	whole = legs_announced(checkpoint->legs, binding->ucr);
	return (!whole || !handover_is_doubtful(whole)) && leaves_in_parts(passage, binding);
}

static void depart(struct checkpoint *checkpoint, const struct lane *lane,
		   const struct passage *passage, const struct passage_binding *binding,
		   const struct stay_place *place)
{
	const bool split = leaves_in_parts(passage, binding);
	const struct itinerary_stop *planned = planned_stop(checkpoint, binding);
	const bool ordered = sent_to(checkpoint, binding->ucr);
	const struct itinerary_stop *next = ordered ? &checkpoint->sent_to : planned;
	struct part part;

	for (size_t at = 0; next_part(passage, binding, split, &at, &part);) {
		struct legs_custody custody = {
			.place = *place,
			.id = part.id,
			.part = part.name,
			.parts = part.count,
			.ordered = ordered,
			.planned = ordered && planned ? planned->checkpoint : NULL,
			.leaving = true,
		};

		lane_custody(lane, passage, binding, NULL, &custody);
		legs_depart(checkpoint->legs, checkpoint->teller, &custody, next);
		if (custody.ordered && !part.name[0]) /* of a part others may follow */
			legs_end_order(checkpoint->legs, checkpoint->teller, binding->ucr);
	}
}

/* Where its itinerary leads here from; NULL: it begins here, or has been here for long. */
static const char *stop_before(struct checkpoint *checkpoint, const struct lane *lane,
			       const struct passage_binding *binding)
{
	const struct consignment *consignment = binding_consignment(binding);
	int64_t stop = stays_stop(&checkpoint->stays, binding->ucr);

	if (!consignment || stop < 2 || (size_t)stop > consignment->stop_count ||
	    (checkpoint->has_entry && !is_entry(lane)) ||
	    strcmp(consignment->stops[stop - 1].checkpoint, checkpoint->id) != 0)
		return NULL;
	return consignment->stops[stop - 2].checkpoint;
}

static void check(struct checkpoint *checkpoint, const struct lane *lane,
		  const struct passage *passage, const struct passage_binding *binding, bool final)
{
	const bool split = comes_in_parts(checkpoint, passage, binding);
	const char *before = stop_before(checkpoint, lane, binding);
	struct part part;

	for (size_t at = 0; next_part(passage, binding, split, &at, &part);) {
		struct legs_custody custody = {
			.place = {.lane = lane->conf->name,
				  .passage = passage->id,
				  .at_mono_ns = arrived(checkpoint, passage)},
			.id = part.id,
			.part = part.name,
			.parts = part.count,
			.stop_before = before,
		};
		const struct handover *announced = legs_announced(checkpoint->legs, part.id);

		if (!announced)
			announced = legs_announced(checkpoint->legs, binding->ucr);
		lane_custody(lane, passage, binding, announced, &custody);
		legs_check(checkpoint->legs, checkpoint->teller, &custody, final);
	}
}

static void on_checked(void *data, const struct lane *lane, const struct passage *passage,
		       bool final)
{
	struct checkpoint *checkpoint = data;
	struct stay_place exit = {.lane = lane->conf->name,
				  .passage = passage->id,
				  .at_mono_ns = passage->at_mono_ns[PASSAGE_CLEARED]};

	for (size_t i = 0; checkpoint->legs && i < passage->binding_count; i++) {
		check(checkpoint, lane, passage, &passage->bindings[i], final);
		if (has_left(checkpoint, lane, passage))
			depart(checkpoint, lane, passage, &passage->bindings[i], &exit);
		checkpoint_set_dirty(checkpoint);
	}
}

/* The containers that this vehicle carries of a consignment on several; 0: it carries all of it. */
static uint32_t parts_of(const struct passage *passage, const struct passage_binding *binding)
{
	const struct consignment *consignment = binding_consignment(binding);
	uint32_t parts = 0;

	if (!consignment || !passage_is_split(passage, consignment))
		return 0;
	for (size_t i = 0; i < consignment->container_count && i < 32; i++)
		if (passage_shows(passage, consignment, consignment->containers[i].text))
			parts |= UINT32_C(1) << i;
	return parts;
}

static void count_goods(struct checkpoint *checkpoint, const char *ucr, int64_t at_mono_ns)
{
	struct stay_course course;

	if (stays_course(&checkpoint->stays, ucr, at_mono_ns, &course))
		study_add_goods(checkpoint->study, &course);
}

/* Its goods are gone when all are that came. */
static void leave(struct checkpoint *checkpoint, const struct passage *passage,
		  const struct passage_binding *binding, const struct stay_place *place,
		  bool through)
{
	if (stays_part_went(&checkpoint->stays, binding->ucr, parts_of(passage, binding)))
		return;
	if (through)
		count_goods(checkpoint, binding->ucr, place->at_mono_ns);
	stays_leave(&checkpoint->stays, checkpoint->teller, place, binding->ucr);
}

static void on_closed(void *data, const struct lane *lane, const struct passage *passage,
		      const struct passage_intervals *intervals)
{
	struct checkpoint *checkpoint = data;
	struct stay_place place = {.lane = lane->conf->name,
				   .passage = passage->id,
				   .at_mono_ns = checkpoint->teller->now.mono_ns};
	bool through = went_through(intervals->end);
	bool exit = is_exit(checkpoint, lane);
	bool backed_out = intervals->end == END_BACKED_OUT && is_entry(lane);
	bool nobody = intervals->end == END_NO_VEHICLE && is_entry(lane);

	if (intervals->at_mono_ns[PASSAGE_CLEARED] != INT64_MIN)
		place.at_mono_ns = intervals->at_mono_ns[PASSAGE_CLEARED];
	if (through)
		add_intervals(checkpoint, lane_index(checkpoint, lane), intervals);
	for (size_t i = 0; i < passage->binding_count; i++) {
		const struct passage_binding *binding = &passage->bindings[i];

		if (checkpoint->legs)
			legs_set_here(checkpoint->legs, binding->ucr, false);
		if (checkpoint->legs && through && exit)
			depart(checkpoint, lane, passage, binding, &place);
		if (through && !exit)
			stays_part_came(&checkpoint->stays, binding->ucr,
					parts_of(passage, binding));
		else if (through || backed_out)
			leave(checkpoint, passage, binding, &place, through);
		else if (nobody)
			stays_retract(&checkpoint->stays, checkpoint->teller, &place, binding->ucr);
	}
	checkpoint_set_dirty(checkpoint);
	checkpoint->study_dirty = true;
}

int checkpoint_acknowledge(struct checkpoint *checkpoint, const struct acknowledgement *by)
{
	checkpoint->memories_dirty = true;
	return alarm_book_acknowledge(&checkpoint->book, by, checkpoint->teller);
}

/* ---- what other checkpoints announce ------------------------------------------------- */

enum legs_heard checkpoint_announce(struct checkpoint *checkpoint, const struct handover *handover,
				    char ret_evicted_ucr[IDENTIFIER_BYTES])
{
	checkpoint_set_dirty(checkpoint);
	return legs_announce(checkpoint->legs, checkpoint->teller, handover, ret_evicted_ucr);
}

void checkpoint_move(struct checkpoint *checkpoint, const char *ucr, const struct move_list *moved)
{
	if (checkpoint->legs)
		legs_move(checkpoint->legs, checkpoint->teller, ucr, moved);
}

enum legs_heard checkpoint_withdraw(struct checkpoint *checkpoint, const char *id,
				    const struct handover *word)
{
	checkpoint_set_dirty(checkpoint);
	return legs_withdraw(checkpoint->legs, checkpoint->teller, id, word);
}

void checkpoint_connected(struct checkpoint *checkpoint)
{
	checkpoint_set_dirty(checkpoint);
	legs_connected(checkpoint->legs, checkpoint->teller);
}

void checkpoint_heard(struct checkpoint *checkpoint, int64_t mono_ns)
{
	legs_heard(checkpoint->legs, mono_ns);
}

void checkpoint_disconnected(struct checkpoint *checkpoint)
{
	legs_disconnected(checkpoint->legs);
}

bool checkpoint_has_legs(const struct checkpoint *checkpoint)
{
	return checkpoint->legs;
}

void checkpoint_registry_changed(struct checkpoint *checkpoint)
{
	if (checkpoint->legs)
		redirect_begin(&checkpoint->redirect, checkpoint->legs,
			       checkpoint->teller->now.mono_ns);
}

void checkpoint_ask(struct checkpoint *checkpoint, struct lane_site *site)
{
	if (checkpoint->legs)
		redirect_ask(&checkpoint->redirect, checkpoint->legs, &site->questions, &site->tags,
			     checkpoint->teller->now.mono_ns);
}

bool checkpoint_answer(struct checkpoint *checkpoint, const struct registry_answer *answer)
{
	if (!checkpoint->legs || !redirect_answer(&checkpoint->redirect, checkpoint->legs,
						  checkpoint->teller, checkpoint->id, answer))
		return false;
	checkpoint_set_dirty(checkpoint);
	return true;
}

/* ---- time ---------------------------------------------------------------------------- */

int64_t checkpoint_deadline(struct checkpoint *checkpoint)
{
	int64_t first =
		earlier_ns(study_deadline(checkpoint->study), stays_deadline(&checkpoint->stays));

	if (checkpoint->legs)
		first = earlier_ns(first, legs_deadline(checkpoint->legs, checkpoint->teller));
	first = earlier_ns(first, redirect_deadline(&checkpoint->redirect));
	return earlier_ns(first, alarm_book_deadline(&checkpoint->book));
}

bool checkpoint_deadline_is_dirty(struct checkpoint *checkpoint)
{
	bool dirty = checkpoint->deadline_dirty;

	checkpoint->deadline_dirty = false;
	return dirty;
}

void checkpoint_count_open(struct checkpoint *checkpoint, const struct lane *lane)
{
	int64_t open[STUDY_GROUPS] = {0};

	for (size_t i = 0; i < LANE_PASSAGES; i++) {
		const struct passage *passage = &lane->passages[i];

		if (!passage_is_open(passage) || !passage->vehicle)
			continue;
		if (passage->binding_count > 0 && passage_decision(passage) == RECOGNISED)
			open[STUDY_RECOGNISED]++;
		else
			open[STUDY_OTHERS]++;
	}
	for (int group = 0; group < STUDY_GROUPS; group++)
		study_set_open(checkpoint->study, lane_index(checkpoint, lane),
			       (enum study_group)group, open[group]);
}

void checkpoint_lane_metrics(struct checkpoint *checkpoint, const struct lane *lane,
			     struct jw *json)
{
	checkpoint_count_open(checkpoint, lane);
	study_metrics(checkpoint->study, lane_index(checkpoint, lane), json);
}

void checkpoint_metrics(const struct checkpoint *checkpoint, struct jw *json)
{
	alarm_book_metrics(&checkpoint->book, json);
}

void checkpoint_status(const struct checkpoint *checkpoint, struct jw *json, size_t most)
{
	alarm_book_status(&checkpoint->book, json, most);
}

void checkpoint_tick(struct checkpoint *checkpoint, int64_t at_mono_ns)
{
	struct keeper keeper = {.data = checkpoint, .keep = put_alone};
	const struct instant now = checkpoint->teller->now;

	checkpoint->teller->now = teller_moment(checkpoint->teller, at_mono_ns);
	stays_tick(&checkpoint->stays, checkpoint->teller);
	if (checkpoint->legs)
		legs_tick(checkpoint->legs, checkpoint->teller);
	alarm_book_tick(&checkpoint->book, checkpoint->teller);
	study_tick(checkpoint->study, checkpoint->teller, &keeper);
	checkpoint->teller->now = now;
	checkpoint_set_dirty(checkpoint);
}

void checkpoint_put_memories(struct checkpoint *checkpoint)
{
	struct keeper keeper = {.data = checkpoint, .keep = put_alone};

	if (!checkpoint->memories_dirty)
		return;
	checkpoint->memories_dirty = false;
	alarm_book_tell_overflow(&checkpoint->book, checkpoint->teller);
	alarm_book_keep(&checkpoint->book, &keeper);
	stays_keep(&checkpoint->stays, &keeper);
	study_keep(checkpoint->study, &checkpoint->teller->now, &keeper);
}

struct lane_listener checkpoint_listener(struct checkpoint *checkpoint)
{
	return (struct lane_listener){
		.data = checkpoint,
		.bound = on_bound,
		.unbound = on_unbound,
		.checked = on_checked,
		.closed = on_closed,
		.elsewhere = is_elsewhere,
	};
}
