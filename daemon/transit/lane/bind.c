/* What the registry answers, and what an officer says: which consignments the vehicle has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "transit/lane/private.h"
#include "transit/registry/amended.h"
#include "transit/registry/moves.h"
#include "transit/registry/reseals.h"

static int ask(struct lane *lane, enum registry_key key, const char *text, uint64_t *ret_tag)
{
	struct registry_question question = {.tag = lane->site->tags + 1, .key = key};
	int err;

	snprintf(question.text, sizeof(question.text), "%s", text);
	snprintf(question.state, sizeof(question.state), "%s",
		 lane->site->country ? lane->site->country : "");
	err = lane->site->questions.ask(lane->site->questions.data, &question);
	if (err == 0)
		*ret_tag = lane->site->tags = question.tag;
	return err;
}

int64_t lane_retry_deadline(const struct passage *passage)
{
	int64_t due_mono_ns = INT64_MAX;

	if (passage->stage == STAGE_CLOSED)
		return INT64_MAX;
	for (size_t i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if (read->status == READ_FAILED)
			due_mono_ns = earlier_ns(due_mono_ns, read->ask_mono_ns);
	}
	return due_mono_ns;
}

void lane_retry_failed(struct passage *passage, int64_t at_mono_ns)
{
	if (passage->stage == STAGE_CLOSED)
		return;
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].status == READ_FAILED &&
		    passage->reads[i].ask_mono_ns <= at_mono_ns)
			passage->reads[i].status = READ_TO_ASK;
}

/* A vehicle or a container that an officer moved something to: which kind of number it has. */
static bool move_kind_of(const struct passage_read *read, enum move_kind *ret_kind)
{
	*ret_kind = read->rule == RULE_PLATE ? MOVE_VEHICLE : MOVE_CONTAINER;
	return read->rule == RULE_PLATE || read->rule == RULE_CONTAINER;
}

/* What was moved to it is asked about by its UCR, before the number itself. A seal that an officer
 * affixed is found as the declared one. */
static int ask_for(struct lane *lane, const struct passage *passage, struct passage_read *read)
{
	char ucr[IDENTIFIER_BYTES];
	enum move_kind kind;

	if (move_kind_of(read, &kind) &&
	    moves_to(lane->site->moves, kind, read->text, read->moved, ucr))
		return ask(lane, KEY_UCR, ucr, &read->tag);
	return ask(lane, read->key,
		   read->rule == RULE_SEAL ? reseals_declared(lane->site->reseals, read->text)
					   : passage_asked_as(passage, read),
		   &read->tag);
}

static void ask_about(struct lane *lane, struct passage *passage)
{
	struct passage_word *word = &passage->word;
	int err = 0;

	if (word->open && !word->tag)
		err = ask(lane, KEY_UCR, word->ucr, &word->tag);
	for (size_t i = 0; i < passage->read_count && err != -EAGAIN; i++) {
		struct passage_read *read = &passage->reads[i];

		if (read->status != READ_TO_ASK || read->of_the_next)
			continue;
		err = ask_for(lane, passage, read);
		if (err != -EAGAIN)
			read->status = err == 0 ? READ_ASKED : READ_NOT_ASKED;
	}
	if (err == -EAGAIN)
		lane->retry_mono_ns = lane->teller->now.mono_ns + LANE_RETRY_NS;
}

void lane_ask_registry(struct lane *lane)
{
	if (!lane->site->questions.ask || lane->retry_mono_ns != INT64_MAX)
		return;
	for (size_t i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage != STAGE_FREE)
			ask_about(lane, &lane->passages[i]);
}

/* ---- binding --------------------------------------------------------------------------- */

/* Whether it has a say. Who claims nothing is told of, and gives nothing. */
static bool decides(const struct recognition_policy *policy, const struct party *party)
{
	return party->number && (!policy || !policy->roles || policy->roles & party->role);
}

/* The nearest of its parties that claim to be AEO counts, and benefits are those of all of them; or,
 * as the policy says, the furthest, and benefits are those that all have. */
static void recognise(const struct lane *lane, struct passage_binding *binding)
{
	const struct consignment *consignment = binding->dossier->consignment;
	const struct recognition_policy *policy = lane->site->policy;
	enum recognition_reason counts = RECOGNITION_REASONS;
	bool all = policy && policy->all;

	binding->decision = consignment->party_count ? NOT_RECOGNISED : RECOGNITION_UNKNOWN;
	binding->benefits = 0;
	for (size_t i = 0; i < consignment->party_count; i++) {
		const struct recognition recognition = lane_recognise(lane, binding, i);
		bool first = counts == RECOGNITION_REASONS;

		if (!decides(policy, &consignment->parties[i]))
			continue;
		if (all && !first)
			binding->benefits &= recognition.benefits;
		else
			binding->benefits |= recognition.benefits;
		if (!first && (all ? recognition.reason <= counts : recognition.reason >= counts))
			continue;
		counts = recognition.reason;
		binding->decision = recognition.decision;
	}
	if (binding->decision != RECOGNISED)
		binding->benefits = 0;
}

static void set_dossier(const struct lane *lane, struct passage_binding *binding,
			const struct dossier *dossier, struct registry_answer *answer)
{
	binding->dossier = dossier;
	binding->answer = answer;
	passage_amend(binding, lane->site->reseals,
		      moves_of(lane->site->moves, dossier->consignment->ucr));
	recognise(lane, binding);
}

/* As declared, or as officers replaced it. */
static bool any_seal_read(const struct lane *lane, const struct passage *passage,
			  const struct consignment *declared)
{
	struct consignment *amended = consignment_amended(declared, lane->site->reseals, NULL);
	bool read = passage_seal_read(passage, amended ? amended : declared);

	free(amended);
	return read;
}

/* Both are declared on the vehicle whose plate was read: it was read well, and carries both. */
static bool share_a_plate(const struct passage *passage, const struct consignment *one,
			  const struct consignment *other)
{
	for (size_t i = 0; i < one->vehicle_count; i++)
		for (size_t k = 0; other && k < other->vehicle_count; k++)
			if (strcmp(one->vehicles[i], other->vehicles[k]) == 0 &&
			    passage_was_read(passage, RULE_PLATE, one->vehicles[i]))
				return true;
	return false;
}

/* Another consignment was bound by its seal, this one was not, and none of its seals was read. */
static bool outranked(const struct lane *lane, const struct passage *passage,
		      const struct consignment *consignment, enum passage_rule rule)
{
	if (passage->officer_decided)
		return true;
	if (rule >= RULE_SEAL || !consignment->seal_count ||
	    any_seal_read(lane, passage, consignment))
		return false;
	for (size_t i = 0; i < passage->binding_count; i++)
		if (passage->bindings[i].rule == RULE_SEAL)
			return !share_a_plate(passage, consignment,
					      binding_consignment(&passage->bindings[i]));
	return false;
}

static size_t unbind_outranked(const struct lane *lane, struct passage *passage,
			       char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES])
{
	size_t count = 0, i = 0;

	while (i < passage->binding_count) {
		struct passage_binding *binding = &passage->bindings[i];

		if (binding->dossier && binding->rule < RULE_SEAL &&
		    outranked(lane, passage, binding->dossier->consignment, binding->rule)) {
			memcpy(replaced[count++], binding->ucr, IDENTIFIER_BYTES);
			passage_unbind(passage, i);
		} else {
			i++;
		}
	}
	return count;
}

static void after_bind(struct lane *lane, struct passage *passage)
{
	if (passage->at_mono_ns[PASSAGE_IDENTIFIED] == INT64_MIN)
		passage->at_mono_ns[PASSAGE_IDENTIFIED] = lane->teller->now.mono_ns;
	passage_write_note(passage);
	lane->dirty = true;
}

static void tell_binding(struct lane *lane, const struct passage *passage,
			 const struct passage_binding *binding, const struct finding *finding,
			 const char (*replaced)[IDENTIFIER_BYTES], size_t count)
{
	const struct lane_listener *listener = &lane->site->listener;

	lane_tell_binding(lane, passage, binding, finding, replaced, count);
	for (size_t i = 0; i < count && listener->data; i++)
		if (strcmp(replaced[i], binding->ucr) != 0)
			listener->unbound(listener->data, lane, passage, replaced[i]);
}

/* A number of more weight names what is bound already: others may be outranked by it. */
static void raise_rule(struct lane *lane, struct passage *passage, struct passage_binding *binding,
		       const struct finding *finding, enum passage_rule rule)
{
	char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES], ucr[IDENTIFIER_BYTES];
	size_t count;

	binding->rule = rule;
	memcpy(ucr, binding->ucr, sizeof(ucr));
	count = unbind_outranked(lane, passage, replaced);
	if (count == 0)
		return;
	after_bind(lane, passage);
	tell_binding(lane, passage, passage_find_binding(passage, ucr), finding, replaced, count);
}

/* The registry has it on that vehicle, and an officer has it on another one since. */
static bool was_moved_off(const struct lane *lane, const struct passage_read *read, const char *ucr)
{
	enum move_kind kind;

	return read && move_kind_of(read, &kind) &&
	       move_list_left(moves_of(lane->site->moves, ucr), kind, read->text);
}

/* true: the passage has taken the answer over. */
static bool bind_dossier(struct lane *lane, struct passage *passage, struct finding *finding,
			 const struct dossier *dossier, struct registry_answer *answer)
{
	char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES];
	size_t replaced_count;
	const struct consignment *consignment = dossier->consignment;
	enum passage_rule rule = finding->read ? finding->read->rule : RULE_OFFICER;
	struct passage_binding *binding = passage_find_binding(passage, consignment->ucr);

	if (binding) {
		if (rule > binding->rule && binding->rule != RULE_OFFICER)
			raise_rule(lane, passage, binding, finding, rule);
		binding = passage_find_binding(passage, consignment->ucr);
		if (binding->dossier)
			return false;
		set_dossier(lane, binding, dossier, answer); /* it was bound before a restart */
		after_bind(lane, passage);
		return true;
	}
	if (finding->read && finding->read->asked_before)
		return false; /* that was decided before the restart */
	if (dossier->list)
		finding->list = dossier->list;
	if (was_moved_off(lane, finding->read, consignment->ucr)) {
		lane_tell_unidentified(lane, passage, finding, "moved", answer->found,
				       consignment->ucr);
		return false;
	}
	if (outranked(lane, passage, consignment, rule)) {
		lane_tell_unidentified(lane, passage, finding, "outranked", answer->found,
				       consignment->ucr);
		return false;
	}
	binding = passage_bind(passage, consignment->ucr, rule);
	if (!binding) {
		passage->carries_more = true;
		lane_tell_unidentified(lane, passage, finding, "no_room", answer->found,
				       consignment->ucr);
		return false;
	}
	set_dossier(lane, binding, dossier, answer);
	replaced_count = unbind_outranked(lane, passage, replaced);
	after_bind(lane, passage);
	tell_binding(lane, passage, passage_find_binding(passage, consignment->ucr), finding,
		     replaced, replaced_count);
	return true;
}

/* ---- answers --------------------------------------------------------------------------- */

static void tell_outcome(struct lane *lane, const struct passage *passage,
			 const struct finding *finding, const char *outcome, uint64_t found)
{
	if (!finding->read->asked_before)
		lane_tell_unidentified(lane, passage, finding, outcome, found, NULL);
}

/* One event; asked again as long as the vehicle is there. */
static void take_failure(struct lane *lane, const struct passage *passage,
			 struct passage_read *read, const struct finding *finding)
{
	static const struct backoff retry = {.first_ns = LANE_RETRY_NS,
					     .max_ns = LANE_RETRY_MAX_NS};

	read->status = READ_FAILED;
	read->ask_mono_ns = lane->teller->now.mono_ns + backoff_ns(&retry, read->failures, 0);
	if (read->failures++ == 0)
		tell_outcome(lane, passage, finding, "failed", 0);
}

static bool is_of_the_next(const struct passage *passage, const struct passage_read *read)
{
	return passage->stage == STAGE_AT_BOOM && !read->recalled &&
	       read->at_mono_ns >= passage->at_mono_ns[PASSAGE_PRESENT] &&
	       passage_is_not_of(passage, read->rule, read->text);
}

/* One event; asked again every second, also when the vehicle has left. */
static void wait_for_lists(struct lane *lane, const struct passage *passage,
			   struct passage_read *read, const struct finding *finding)
{
	read->status = READ_TO_ASK;
	lane->retry_mono_ns = lane->teller->now.mono_ns + LANE_RETRY_NS;
	if (!read->loading_told)
		tell_outcome(lane, passage, finding, "not_loaded", 0);
	read->loading_told = true;
}

static void take_number(struct lane *lane, struct passage *passage, struct passage_read *read,
			struct registry_answer *answer)
{
	struct finding finding = {
		.read = read,
		.list = answer->consignments,
		.late = passage->stage == STAGE_CLOSED,
	};
	const bool of_moved = answer->key == KEY_UCR; /* which no number that is read is asked as */
	bool held = false;

	if (is_of_the_next(passage, read)) {
		read->of_the_next = true;
		read->status = READ_TO_ASK; /* for the vehicle that it is of */
		registry_answer_free(answer);
		return;
	}
	read->status = READ_ANSWERED;
	read->found |= answer->outcome == REGISTRY_ANSWERED && answer->found > 0;
	lane->dirty = true;
	if (answer->outcome == REGISTRY_LOADING) {
		wait_for_lists(lane, passage, read, &finding);
	} else if (answer->outcome == REGISTRY_FAILED) {
		take_failure(lane, passage, read, &finding);
	} else if (answer->found == 0 && !of_moved && passage_next_other(passage, read)) {
		read->status = READ_TO_ASK;
	} else if (answer->found == 0 && (of_moved || read->found)) {
		read->other = 0;
	} else if (answer->found == 0) {
		read->other = 0;
		tell_outcome(lane, passage, &finding, "unknown", 0);
	} else {
		passage->carries_more |= answer->found > answer->dossier_count;
		for (size_t i = 0; i < answer->dossier_count; i++)
			held |= bind_dossier(lane, passage, &finding, &answer->dossiers[i], answer);
		if (answer->found > answer->dossier_count)
			tell_outcome(lane, passage, &finding, "no_room", answer->found);
	}
	if (of_moved && read->status == READ_ANSWERED) {
		read->moved++;
		read->status = READ_TO_ASK;
	}
	if (!held)
		registry_answer_free(answer);
}

/* Seals that were as another consignment declares them are compared anew. */
static void forget_intact(struct passage *passage)
{
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].reported.result == CHECK_INTACT)
			passage->reads[i].reported = (struct seal_finding){0};
}

static void take_word(struct lane *lane, struct passage *passage, struct registry_answer *answer)
{
	char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES];
	struct finding finding = {.word = &passage->word,
				  .list = answer ? answer->consignments : NULL,
				  .late = passage->stage == STAGE_CLOSED};
	bool known = answer && answer->outcome == REGISTRY_ANSWERED && answer->dossier_count == 1;
	struct passage_binding *binding;
	size_t count = 0;

	if (known && !passage_find_binding(passage, passage->word.ucr))
		forget_intact(passage);
	while (passage->binding_count > 0) {
		if (strcmp(passage->bindings[0].ucr, passage->word.ucr) != 0)
			memcpy(replaced[count++], passage->bindings[0].ucr, IDENTIFIER_BYTES);
		passage_unbind(passage, 0);
	}
	passage->word.open = false;
	passage->officer_decided = true;
	binding = passage_bind(passage, passage->word.ucr, RULE_OFFICER);
	if (known)
		set_dossier(lane, binding, &answer->dossiers[0], answer);
	after_bind(lane, passage);
	tell_binding(lane, passage, binding, &finding, replaced, count);
	if (!known)
		registry_answer_free(answer);
}

/* A word that the registry was asked about. answer NULL: none will come. */
static void take_asked_word(struct lane *lane, struct passage *passage,
			    struct registry_answer *answer)
{
	take_word(lane, passage, answer);
	if (lane->site->word_told && passage->word.number)
		lane->site->word_told(lane->site->data, passage->word.number);
}

static bool take_in(struct lane *lane, struct passage *passage, struct registry_answer *answer)
{
	if (passage->word.open && passage->word.tag == answer->tag &&
	    answer->outcome == REGISTRY_LOADING) {
		passage->word.tag = 0;
		lane->retry_mono_ns = lane->teller->now.mono_ns + LANE_RETRY_NS;
		registry_answer_free(answer);
		return true;
	}
	if (passage->word.open && passage->word.tag == answer->tag) {
		take_asked_word(lane, passage, answer);
		return true;
	}
	for (size_t i = 0; i < passage->read_count; i++)
		if (passage->reads[i].status == READ_ASKED &&
		    passage->reads[i].tag == answer->tag) {
			take_number(lane, passage, &passage->reads[i], answer);
			return true;
		}
	return false;
}

/* Its seals are all that will be read. */
static bool is_through(const struct passage *passage)
{
	return passage->stage == STAGE_CLOSED &&
	       (passage->end == END_PASSED || passage->end == END_LEFT);
}

static void after_answer(struct lane *lane, struct passage *passage)
{
	const struct lane_listener *listener = &lane->site->listener;

	if (listener->data)
		listener->bound(listener->data, lane, passage);
	lane_check_seals(lane, passage, passage->final_check_done || is_through(passage),
			 lane->teller->now.mono_ns);
	lane_ask_registry(lane);
	if (lane->dirty)
		lane_put_state(lane);
}

bool lane_take_answer(struct lane *lane, struct registry_answer *answer)
{
	for (size_t i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage != STAGE_FREE &&
		    take_in(lane, &lane->passages[i], answer)) {
			after_answer(lane, &lane->passages[i]);
			return true;
		}
	return false;
}

void lane_give_up_answers(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	const struct instant now = lane->teller->now;

	lane->teller->now.utc_ns -= now.mono_ns - at_mono_ns;
	lane->teller->now.mono_ns = at_mono_ns;
	for (size_t i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		const struct finding finding = {.read = read, .late = true};

		if (!read_awaits_answer(read))
			continue;
		read->status = READ_NOT_ASKED;
		tell_outcome(lane, passage, &finding, "unanswered", 0);
	}
	if (passage->word.open)
		take_asked_word(lane, passage, NULL);
	lane->teller->now = now;
}

/* ---- an officer's word ----------------------------------------------------------------- */

int lane_name_consignment(struct lane *lane, const struct officer_word *said)
{
	struct passage *passage = lane_current(lane);
	struct passage_word word = {.number = said->number};

	if (!passage)
		return -ENXIO;
	if (passage->word.open)
		return -EAGAIN;
	(void)identifier_read(IDENTIFIER_UCR, said->ucr, strlen(said->ucr), word.ucr);
	if (!word.ucr[0])
		return -EINVAL;
	snprintf(word.officer, sizeof(word.officer), "%s", said->officer);
	snprintf(word.reason, sizeof(word.reason), "%s", said->reason ? said->reason : "");
	snprintf(word.by, sizeof(word.by), "%s", said->by ? said->by : "");
	word.judged = said->signature != NULL;
	if (said->signature)
		word.signature = *said->signature;
	passage->word = word;
	if (lane->site->questions.ask) {
		passage->word.open = true;
		lane_ask_registry(lane);
		lane_put_state(lane); /* with its memory */
		return -EINPROGRESS;
	}
	take_word(lane, passage, NULL);
	after_answer(lane, passage);
	return 0;
}
