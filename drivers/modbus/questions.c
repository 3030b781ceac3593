#include "modbus/questions.h"

#include <string.h>

static void drop(struct modbus_questions *questions, size_t index)
{
	struct modbus_question *question = &questions->items[index];

	questions->count--;
	memmove(question, question + 1, (questions->count - index) * sizeof(*question));
}

static bool same_request(const struct modbus_request *a, const struct modbus_request *b)
{
	return a->unit == b->unit && a->function == b->function && a->address == b->address &&
	       a->count == b->count;
}

/* A dead unit is sent one probe after the other. */
static bool ask_again(struct modbus_question *last, const struct modbus_question *question)
{
	if (!last || !last->is_probe || !question->is_probe ||
	    !same_request(&last->request, &question->request))
		return false;
	last->times++;
	last->until_mono_ns = question->until_mono_ns;
	return true;
}

bool modbus_questions_add(struct modbus_questions *questions,
			  const struct modbus_question *question)
{
	struct modbus_question *last = NULL;
	size_t open = 0;

	for (size_t i = 0; i < questions->count; i++) {
		if (questions->items[i].request.unit != question->request.unit)
			continue;
		last = &questions->items[i];
		open++;
	}
	if (ask_again(last, question))
		return true;
	if (open == MODBUS_OPEN_PER_UNIT || questions->count == MODBUS_OPEN_QUESTIONS)
		return false;
	questions->items[questions->count] = *question;
	questions->items[questions->count++].times = 1;
	return true;
}

void modbus_questions_set_expiry(struct modbus_questions *questions, int64_t until_mono_ns)
{
	for (size_t i = 0; i < questions->count; i++)
		if (questions->items[i].until_mono_ns == 0)
			questions->items[i].until_mono_ns = until_mono_ns;
}

void modbus_questions_expire(struct modbus_questions *questions, int64_t now_mono_ns)
{
	for (size_t i = questions->count; i-- > 0;)
		if (now_mono_ns >= questions->items[i].until_mono_ns)
			drop(questions, i);
}

enum modbus_belongs modbus_questions_match(struct modbus_questions *questions,
					   const struct modbus_reply *reply)
{
	const size_t count = questions->count;
	size_t at = 0;

	while (at < count && !modbus_could_answer(reply, &questions->items[at].request))
		at++;
	if (at == count)
		return MODBUS_TO_NONE;
	const bool again = --questions->items[at].times > 0; /* to be answered */
	for (size_t i = again ? at : at + 1; i-- > 0;)
		if (questions->items[i].request.unit == reply->unit)
			drop(questions, i);
	return at + 1 == count ? MODBUS_TO_LAST : MODBUS_TO_OLDER;
}

bool modbus_questions_has_read(const struct modbus_questions *questions, uint8_t unit)
{
	for (size_t i = 0; i < questions->count; i++)
		if (questions->items[i].request.unit == unit && !questions->items[i].is_probe)
			return true;
	return false;
}

bool modbus_questions_has_twin(const struct modbus_questions *questions,
			       const struct modbus_request *request)
{
	const size_t bytes = modbus_data_bytes(request->function, request->count);

	for (size_t i = 0; i < questions->count; i++) {
		const struct modbus_request *open = &questions->items[i].request;
		if (open->unit == request->unit && open->function == request->function &&
		    !questions->items[i].is_probe &&
		    modbus_data_bytes(open->function, open->count) == bytes)
			return true;
	}
	return false;
}
