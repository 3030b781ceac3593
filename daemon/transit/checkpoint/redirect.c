#include "transit/checkpoint/redirect.h"

#include <stdio.h>
#include <string.h>

#include "transit/legs/itinerary.h"

void redirect_begin(struct redirect *redirect, struct legs *legs, int64_t now_mono_ns)
{
	bool resting = redirect->begun_mono_ns > 0 &&
		       now_mono_ns - redirect->begun_mono_ns < REDIRECT_REST_NS;

	redirect->again = resting || redirect->left > 0;
	if (redirect->again)
		return;
	redirect->left = legs_departures(legs);
	if (redirect->left > 0)
		redirect->begun_mono_ns = now_mono_ns;
}

int64_t redirect_deadline(const struct redirect *redirect)
{
	return redirect->again && redirect->left == 0 ? redirect->begun_mono_ns + REDIRECT_REST_NS
						      : INT64_MAX;
}

/* 0: it was asked. */
static int ask_about(struct redirect *redirect, const struct handover *handover, size_t at,
		     const struct registry_questions *questions, uint64_t *tags)
{
	struct registry_question question = {.tag = *tags + 1, .key = KEY_UCR};
	int err;

	snprintf(question.text, sizeof(question.text), "%s", handover->ucr);
	err = questions->ask(questions->data, &question);
	if (err < 0)
		return err;
	*tags = redirect->open[at].tag = question.tag;
	handover_id(handover, redirect->open[at].id);
	return 0;
}

void redirect_ask(struct redirect *redirect, struct legs *legs,
		  const struct registry_questions *questions, uint64_t *tags, int64_t now_mono_ns)
{
	if (redirect->again && redirect->left == 0)
		redirect_begin(redirect, legs, now_mono_ns);
	for (size_t at = 0; at < REDIRECT_OPEN && questions->ask; at++) {
		const struct handover *handover = NULL;

		if (redirect->open[at].tag)
			continue;
		while (redirect->left > 0 && !handover)
			handover = legs_departure(legs, --redirect->left);
		if (!handover)
			return;
		if (ask_about(redirect, handover, at, questions, tags) < 0) {
			redirect->left++; /* there is no room for a question now */
			return;
		}
	}
}

/* The itinerary still has that leg. */
static bool leads_there(const struct consignment *consignment, const char *from, const char *to)
{
	for (size_t i = 0; i + 1 < consignment->stop_count; i++)
		if (strcmp(consignment->stops[i].checkpoint, from) == 0 &&
		    strcmp(consignment->stops[i + 1].checkpoint, to) == 0)
			return true;
	return false;
}

static void judge(struct legs *legs, struct teller *teller, const char *checkpoint,
		  const struct consignment *consignment, const char *id)
{
	const struct handover *handover =
		legs_is_ordered(legs, id) ? NULL : legs_departed(legs, id);
	struct arrival here = {.checkpoint = checkpoint};
	struct route_verdict verdict;

	if (!handover || leads_there(consignment, checkpoint, handover->to))
		return;
	verdict = itinerary_judge(consignment, &here);
	if (verdict.next && strcmp(verdict.next->checkpoint, checkpoint) != 0)
		legs_redirect(legs, teller, id, verdict.next, false);
}

bool redirect_answer(struct redirect *redirect, struct legs *legs, struct teller *teller,
		     const char *checkpoint, const struct registry_answer *answer)
{
	size_t at = 0;

	while (at < REDIRECT_OPEN && redirect->open[at].tag != answer->tag)
		at++;
	if (at == REDIRECT_OPEN)
		return false;
	redirect->open[at].tag = 0;
	if (answer->outcome == REGISTRY_ANSWERED && answer->dossier_count == 1)
		judge(legs, teller, checkpoint, answer->dossiers[0].consignment,
		      redirect->open[at].id);
	return true;
}
