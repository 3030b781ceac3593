#include "modbus_ledger.h"

#include <string.h>

static void drop(struct modbus_ledger *ledger, size_t index)
{
	struct modbus_question *question = &ledger->questions[index];

	ledger->count--;
	memmove(question, question + 1, (ledger->count - index) * sizeof(*question));
}

bool modbus_ledger_enter(struct modbus_ledger *ledger, const struct modbus_question *question)
{
	if (ledger->count == MODBUS_OPEN_QUESTIONS)
		return false;
	ledger->questions[ledger->count++] = *question;
	return true;
}

void modbus_ledger_date(struct modbus_ledger *ledger, int64_t until_mono_ns)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (ledger->questions[i].until_mono_ns == 0)
			ledger->questions[i].until_mono_ns = until_mono_ns;
}

void modbus_ledger_expire(struct modbus_ledger *ledger, int64_t now_mono_ns)
{
	for (size_t i = ledger->count; i-- > 0;)
		if (now_mono_ns >= ledger->questions[i].until_mono_ns)
			drop(ledger, i);
}

enum modbus_belongs modbus_ledger_settle(struct modbus_ledger *ledger,
					 const struct modbus_reply *reply)
{
	const size_t count = ledger->count;
	size_t at = 0;

	while (at < count && !modbus_could_answer(reply, &ledger->questions[at].request))
		at++;
	if (at == count)
		return MODBUS_TO_NONE;
	for (size_t i = at + 1; i-- > 0;)
		if (ledger->questions[i].request.unit == reply->unit)
			drop(ledger, i);
	return at + 1 == count ? MODBUS_TO_LAST : MODBUS_TO_OLDER;
}

bool modbus_ledger_owes(const struct modbus_ledger *ledger, uint8_t unit)
{
	for (size_t i = 0; i < ledger->count; i++)
		if (ledger->questions[i].request.unit == unit && !ledger->questions[i].sacrificial)
			return true;
	return false;
}
