/* What is asked of the journal, and is no event. */
#include <stdio.h>
#include <stdlib.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

static int answer(struct journal *journal, const struct journal_question *question,
		  struct journal_answer *ret_answer)
{
	switch (question->kind) {
	case ASK_REPLAY:
		return journal_ask_replay(journal, question, ret_answer);
	case ASK_GROWTH:
		return journal_show_growth(journal, question, ret_answer);
	case ASK_EVENT:
		return journal_show_event(journal, question, ret_answer);
	}
	return 0;
}

void journal_answer_question(struct journal *journal)
{
	struct journal_question question;
	struct journal_answer *to;
	int err;

	if (!door_question(&journal->door, &question))
		return;
	to = calloc(1, sizeof(*to));
	if (!to)
		return; /* who asked asks again */
	to->number = question.number;
	err = answer(journal, &question, to);
	if (err < 0) {
		log_warn(err, "a question cannot be answered: %s", journal->db.last_error);
		to->code = "busy";
		snprintf(to->error, sizeof(to->error), "the journal cannot be read now");
	}
	door_answer(&journal->door, to);
}
