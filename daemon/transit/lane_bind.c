/* What the registry answers, and what an officer says: which consignments the vehicle has. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lane_private.h"
#include "ledger.h"

static int ask(struct lane *lane, enum registry_key key, const char *text, uint64_t *ret_tag)
{
	struct registry_question question = {.tag = lane->site->tags + 1, .key = key};
	int rc;

	snprintf(question.text, sizeof(question.text), "%s", text);
	rc = lane->site->desk.ask(lane->site->desk.data, &question);
	if (rc == 0)
		*ret_tag = lane->site->tags = question.tag;
	return rc;
}

int64_t lane_ask_deadline(const struct passage *passage)
{
	int64_t due_mono_ns = INT64_MAX;
	size_t i;

	if (passage->stage == STAGE_GONE)
		return INT64_MAX;
	for (i = 0; i < passage->read_count; i++) {
		const struct passage_read *read = &passage->reads[i];

		if (read->status == READ_FAILED && read->ask_mono_ns < due_mono_ns)
			due_mono_ns = read->ask_mono_ns;
	}
	return due_mono_ns;
}

void lane_ask_again(struct passage *passage, int64_t at_mono_ns)
{
	size_t i;

	if (passage->stage == STAGE_GONE)
		return;
	for (i = 0; i < passage->read_count; i++)
		if (passage->reads[i].status == READ_FAILED &&
		    passage->reads[i].ask_mono_ns <= at_mono_ns)
			passage->reads[i].status = READ_TO_ASK;
}

static void ask_about(struct lane *lane, struct passage *passage)
{
	struct passage_word *word = &passage->word;
	size_t i;
	int rc = 0;

	if (word->open && !word->tag)
		rc = ask(lane, KEY_UCR, word->ucr, &word->tag);
	for (i = 0; i < passage->read_count && rc != -EAGAIN; i++) {
		struct passage_read *read = &passage->reads[i];

		if (read->status != READ_TO_ASK)
			continue;
		rc = ask(lane, read->key, read->text, &read->tag);
		if (rc != -EAGAIN)
			read->status = rc == 0 ? READ_ASKED : READ_NOT_ASKED;
	}
	if (rc == -EAGAIN)
		lane->retry_mono_ns = lane->teller->now.mono_ns + LANE_RETRY_NS;
}

void lane_ask(struct lane *lane)
{
	size_t i;

	if (!lane->site->desk.ask || lane->retry_mono_ns != INT64_MAX)
		return;
	for (i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage != STAGE_FREE)
			ask_about(lane, &lane->passages[i]);
}

/* ---- binding --------------------------------------------------------------------------- */

struct recognition lane_recognise(const struct lane *lane, const struct passage_binding *binding,
				  size_t party)
{
	const struct consignment *consignment = binding->dossier->consignment;
	const struct operator_record *operator= & binding->dossier->operators[party];
	const struct recognition_query query = {
		.authorisations = operator->authorisations,
		.authorisation_count = operator->authorisation_count,
		.searched = operator->searched,
		.role = consignment->parties[party].role,
		.flow = consignment->flow,
		.state = lane->site->country ? lane->site->country : "",
		.own_benefits = lane->site->own_benefits,
		.at_utc_ns = lane->teller->now.utc_ns,
		.clock = lane->teller->now.clock,
	};

	return recognition_decide(&query, &binding->answer->arrangements);
}

/* The nearest of its parties that claim to be AEO counts; benefits are those of all. */
static void recognise(const struct lane *lane, struct passage_binding *binding)
{
	const struct consignment *consignment = binding->dossier->consignment;
	enum recognition_reason nearest = RECOGNITION_REASONS;
	size_t i;

	binding->decision = consignment->party_count ? NOT_RECOGNISED : RECOGNITION_UNKNOWN;
	binding->benefits = 0;
	for (i = 0; i < consignment->party_count; i++) {
		struct recognition recognition = lane_recognise(lane, binding, i);

		binding->benefits |= recognition.benefits;
		if (!consignment->parties[i].number || recognition.reason >= nearest)
			continue;
		nearest = recognition.reason;
		binding->decision = recognition.decision;
	}
}

static void give(const struct lane *lane, struct passage_binding *binding,
		 const struct dossier *dossier, struct registry_answer *answer)
{
	binding->dossier = dossier;
	binding->answer = answer;
	recognise(lane, binding);
}

/* Found by less than another's seal, and none of its own was read. */
static bool outranked(const struct passage *passage, const struct consignment *consignment,
		      enum passage_rule rule)
{
	size_t i;

	if (passage->officer_decided)
		return true;
	if (rule >= RULE_SEAL || !consignment->seal_count ||
	    passage_seal_read(passage, consignment))
		return false;
	for (i = 0; i < passage->binding_count; i++)
		if (passage->bindings[i].rule == RULE_SEAL)
			return true;
	return false;
}

static size_t unbind_outranked(struct passage *passage,
			       char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES])
{
	size_t count = 0, i = 0;

	while (i < passage->binding_count) {
		struct passage_binding *binding = &passage->bindings[i];

		if (binding->dossier && binding->rule < RULE_SEAL &&
		    outranked(passage, binding->dossier->consignment, binding->rule)) {
			memcpy(replaced[count++], binding->ucr, IDENTIFIER_BYTES);
			passage_unbind(passage, i);
		} else {
			i++;
		}
	}
	return count;
}

static void bound(struct lane *lane, struct passage *passage)
{
	if (passage->at_mono_ns[PASSAGE_IDENTIFIED] == INT64_MIN)
		passage->at_mono_ns[PASSAGE_IDENTIFIED] = lane->teller->now.mono_ns;
	passage_write_note(passage);
	lane->dirty = true;
}

static void tell_bound(struct lane *lane, const struct passage *passage,
		       const struct passage_binding *binding, const struct finding *finding,
		       const char (*replaced)[IDENTIFIER_BYTES], size_t count)
{
	size_t i;

	lane_tell_bound(lane, passage, binding, finding, replaced, count);
	for (i = 0; i < count && lane->site->ledger; i++)
		if (strcmp(replaced[i], binding->ucr) != 0)
			ledger_unbound(lane->site->ledger, lane, passage, replaced[i]);
}

/* true: the passage holds on to the answer. */
static bool bind_dossier(struct lane *lane, struct passage *passage, const struct finding *finding,
			 const struct dossier *dossier, struct registry_answer *answer)
{
	char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES];
	const struct consignment *consignment = dossier->consignment;
	enum passage_rule rule = finding->read ? finding->read->rule : RULE_OFFICER;
	struct passage_binding *binding = passage_find_binding(passage, consignment->ucr);

	if (binding) {
		if (rule > binding->rule && binding->rule != RULE_OFFICER)
			binding->rule = rule;
		if (binding->dossier)
			return false;
		give(lane, binding, dossier, answer); /* as before a restart */
		bound(lane, passage);
		return true;
	}
	if (finding->read && finding->read->again)
		return false; /* bound or not before the restart */
	if (outranked(passage, consignment, rule)) {
		lane_tell_unidentified(lane, passage, finding, "outranked", answer->found,
				       consignment->ucr);
		return false;
	}
	binding = passage_bind(passage, consignment->ucr, rule);
	if (!binding) {
		lane_tell_unidentified(lane, passage, finding, "ambiguous", answer->found,
				       consignment->ucr);
		return false;
	}
	give(lane, binding, dossier, answer);
	{
		size_t count = unbind_outranked(passage, replaced);

		bound(lane, passage);
		tell_bound(lane, passage, passage_find_binding(passage, consignment->ucr), finding,
			   replaced, count);
	}
	return true;
}

/* ---- answers --------------------------------------------------------------------------- */

static void tell_outcome(struct lane *lane, const struct passage *passage,
			 const struct finding *finding, const char *outcome, uint64_t found)
{
	if (!finding->read->again)
		lane_tell_unidentified(lane, passage, finding, outcome, found, NULL);
}

/* Said once, and asked again as long as the vehicle is there. */
static void take_failure(struct lane *lane, const struct passage *passage,
			 struct passage_read *read, const struct finding *finding)
{
	unsigned doubles =
		read->failures < LANE_RETRY_DOUBLES ? read->failures : LANE_RETRY_DOUBLES;

	read->status = READ_FAILED;
	read->ask_mono_ns = lane->teller->now.mono_ns + (LANE_RETRY_NS << doubles);
	if (read->failures++ == 0)
		tell_outcome(lane, passage, finding, "failed", 0);
}

static void take_number(struct lane *lane, struct passage *passage, struct passage_read *read,
			struct registry_answer *answer)
{
	struct finding finding = {
		.read = read,
		.list = answer->consignments,
		.late = passage->stage == STAGE_GONE,
	};
	bool held = false;
	size_t i;

	read->status = READ_ANSWERED;
	read->found = answer->outcome == REGISTRY_ANSWERED && answer->found > 0;
	lane->dirty = true;
	if (answer->outcome == REGISTRY_FAILED) {
		take_failure(lane, passage, read, &finding);
	} else if (answer->found == 0) {
		tell_outcome(lane, passage, &finding, "unknown", 0);
	} else if (answer->found > answer->dossier_count) {
		tell_outcome(lane, passage, &finding, "ambiguous", answer->found);
	} else {
		for (i = 0; i < answer->dossier_count; i++)
			held |= bind_dossier(lane, passage, &finding, &answer->dossiers[i], answer);
	}
	if (!held)
		registry_answer_free(answer);
}

/* A seal that was as another consignment declares it is compared anew. */
static void forget_intact(struct passage *passage)
{
	size_t i;

	for (i = 0; i < passage->read_count; i++)
		if (passage->reads[i].told.result == CHECK_INTACT)
			passage->reads[i].told = (struct seal_finding){0};
}

static void take_word(struct lane *lane, struct passage *passage, struct registry_answer *answer)
{
	char replaced[PASSAGE_CONSIGNMENTS][IDENTIFIER_BYTES];
	struct finding finding = {.word = &passage->word,
				  .list = answer ? answer->consignments : NULL,
				  .late = passage->stage == STAGE_GONE};
	bool known = answer && answer->outcome == REGISTRY_ANSWERED && answer->dossier_count == 1;
	struct passage_binding *binding;
	size_t count = 0;

	if (known && !passage_find_binding(passage, passage->word.ucr))
		forget_intact(passage);
	while (passage->binding_count > 0) {
		memcpy(replaced[count++], passage->bindings[0].ucr, IDENTIFIER_BYTES);
		passage_unbind(passage, 0);
	}
	passage->word.open = false;
	passage->officer_decided = true;
	binding = passage_bind(passage, passage->word.ucr, RULE_OFFICER);
	if (known)
		give(lane, binding, &answer->dossiers[0], answer);
	bound(lane, passage);
	tell_bound(lane, passage, binding, &finding, replaced, count);
	if (!known)
		registry_answer_free(answer);
}

static bool take_in(struct lane *lane, struct passage *passage, struct registry_answer *answer)
{
	size_t i;

	if (passage->word.open && passage->word.tag == answer->tag) {
		take_word(lane, passage, answer);
		return true;
	}
	for (i = 0; i < passage->read_count; i++)
		if (passage->reads[i].status == READ_ASKED &&
		    passage->reads[i].tag == answer->tag) {
			take_number(lane, passage, &passage->reads[i], answer);
			return true;
		}
	return false;
}

/* Nothing more is read of it, and what was read counts. */
static bool is_through(const struct passage *passage)
{
	return passage->stage == STAGE_GONE &&
	       (passage->end == END_PASSED || passage->end == END_LEFT);
}

static void settle(struct lane *lane, struct passage *passage)
{
	if (lane->site->ledger)
		ledger_bound(lane->site->ledger, lane, passage);
	lane_check_seals(lane, passage, passage->settled || is_through(passage),
			 lane->teller->now.mono_ns);
	lane_ask(lane);
	if (lane->dirty)
		lane_put(lane);
}

bool lane_answer(struct lane *lane, struct registry_answer *answer)
{
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage != STAGE_FREE &&
		    take_in(lane, &lane->passages[i], answer)) {
			settle(lane, &lane->passages[i]);
			return true;
		}
	return false;
}

void lane_give_up(struct lane *lane, struct passage *passage, int64_t at_mono_ns)
{
	const struct instant now = lane->teller->now;
	size_t i;

	lane->teller->now.utc_ns -= now.mono_ns - at_mono_ns;
	lane->teller->now.mono_ns = at_mono_ns;
	for (i = 0; i < passage->read_count; i++) {
		struct passage_read *read = &passage->reads[i];
		const struct finding finding = {.read = read, .late = true};

		if (!passage_awaits(read))
			continue;
		read->status = READ_NOT_ASKED;
		tell_outcome(lane, passage, &finding, "unanswered", 0);
	}
	if (passage->word.open)
		take_word(lane, passage, NULL);
	lane->teller->now = now;
}

/* ---- an officer's word ----------------------------------------------------------------- */

int lane_present(struct lane *lane, const struct officer_word *said)
{
	struct passage *passage = lane_current(lane);
	struct passage_word word = {0};

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
	passage->word = word;
	if (lane->site->desk.ask) {
		passage->word.open = true;
		lane_ask(lane);
		lane_put(lane); /* it outlives a restart */
		return 0;
	}
	take_word(lane, passage, NULL);
	settle(lane, passage);
	return 0;
}

bool lane_word_open(const struct lane *lane)
{
	size_t i;

	for (i = 0; i < LANE_PASSAGES; i++)
		if (lane->passages[i].stage != STAGE_FREE && lane->passages[i].word.open)
			return true;
	return false;
}
