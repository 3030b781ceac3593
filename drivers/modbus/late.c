#include "modbus/late.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void modbus_late_add(struct modbus_link *link, const struct modbus_question *question)
{
	link->gave_up_mono_ns = clock_mono_ns();
	if (link->late_count == MODBUS_LATE) {
		memmove(link->late, link->late + 1, (MODBUS_LATE - 1) * sizeof(link->late[0]));
		link->late_count--;
	}
	link->late[link->late_count++] = (struct modbus_late){
		.transaction = link->transaction,
		.unit = question->request.unit,
		.asked_mono_ns = question->asked_mono_ns,
	};
}

static void learn_from_late(struct modbus_link *link, size_t late, const struct modbus_reply *reply)
{
	const struct modbus_late *oldest = &link->late[0];
	const bool gateway = reply->refused && modbus_is_of_gateway(reply->exception);
	const int64_t waited_ns =
		clock_mono_ns() - (gateway ? link->late[late] : *oldest).asked_mono_ns;

	if (!gateway && oldest->unit == link->late[late].unit)
		return; /* it is slow itself */
	if (waited_ns > link->gateway_ns && waited_ns <= MODBUS_GATEWAY_MAX_NS)
		link->gateway_ns = waited_ns;
}

bool modbus_late_settle(struct modbus_link *link, const struct modbus_reply *reply)
{
	for (size_t i = 0; i < link->late_count; i++) {
		if (link->late[i].transaction != reply->transaction)
			continue;
		learn_from_late(link, i, reply);
		link->late_count--;
		memmove(&link->late[i], &link->late[i + 1],
			(link->late_count - i) * sizeof(link->late[0]));
		return true;
	}
	return false;
}

/* Who was asked last before all fell silent, this question not among them; NULL: nobody was. */
static const struct modbus_late *first_of_row(const struct modbus_link *link)
{
	const size_t row = (size_t)link->silent_in_a_row;

	return row > 0 && row <= link->late_count ? &link->late[link->late_count - row] : NULL;
}

/* Whether a unit beside the first one was asked meanwhile, in vain. */
static bool held_up_others(const struct modbus_link *link, const struct modbus_late *first,
			   uint8_t unit)
{
	bool others = unit != first->unit;

	for (const struct modbus_late *late = first; late < link->late + link->late_count; late++)
		others |= late->unit != first->unit;
	return others;
}

void modbus_late_hung_up(struct modbus_link *link, uint8_t unit, int64_t at_mono_ns)
{
	const struct modbus_late *first = first_of_row(link);
	const int64_t waited_ns = first ? at_mono_ns - first->asked_mono_ns : 0;

	if (first && held_up_others(link, first, unit) && waited_ns > link->gateway_ns &&
	    waited_ns <= MODBUS_GATEWAY_MAX_NS)
		link->gateway_ns = waited_ns;
}

bool modbus_late_has_hung_up(struct modbus_link *link)
{
	const struct modbus_late *first = first_of_row(link);
	uint8_t byte;

	if (!first)
		return false;
	const ssize_t got = recv(link->fd, &byte, 1, MSG_PEEK);
	if (got > 0 || (got < 0 && errno != ECONNRESET))
		return false;
	modbus_late_hung_up(link, first->unit, link->gave_up_mono_ns);
	return true;
}
