/* Answers at the control socket that wait for the journal. */
#include <string.h>

#include "gateway/private.h"

static struct console_wait *free_wait(struct gateway *gateway)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (gateway->console_waits[i].number == 0)
			return &gateway->console_waits[i];
	return NULL;
}

bool gateway_may_wait(struct gateway *gateway)
{
	return free_wait(gateway);
}

/* There is one for each client, who waits for one answer. */
void gateway_answer_when_durable(struct gateway *gateway, uint64_t number, const char *members)
{
	struct console_wait *wait = free_wait(gateway);

	if (wait)
		*wait = (struct console_wait){.number = number,
					      .mark = journal_mark(gateway->journal),
					      .members = members};
}

void gateway_console_durable(struct gateway *gateway)
{
	uint64_t durable = journal_durable(gateway->journal);

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct console_wait *wait = &gateway->console_waits[i];

		if (wait->number == 0 || wait->mark > durable)
			continue;
		control_answer(gateway->control, wait->number, wait->members,
			       wait->members ? strlen(wait->members) : 0, NULL, clock_mono_ns());
		wait->number = 0;
	}
}
