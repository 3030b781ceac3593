/* One exchange, and what must not be taken for its answer.
 *
 * TCP. Every frame names its transaction. One that was asked and given up is a
 * late answer: it is dropped and the wait goes on. Any other foreign, torn or
 * malformed frame means that we are out of step with the stream: the connection
 * is opened anew.
 *
 * RTU framing names no transaction. Two rules keep the answers apart:
 *  1. What comes in is put down to the oldest open question that it fits (see
 *     modbus_ledger.h). What belongs to an older one is dropped, and the wait
 *     goes on.
 *  2. While a read of a unit is open, that unit is asked nothing but a sacrificial
 *     question, whose answer has a function or length that no read of the unit
 *     has. So two reads of one unit are never open together, and the answer to the
 *     sacrificial one settles the other. A unit that silently ignores it is read
 *     again when the open read is older than the late-reply guard.
 * Nothing need be waited for to keep values right; the short silence after an
 * error only lets the rest of a torn frame pass by.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "modbus_link.h"

#define QUIET_NS       INT64_C(50000000) /* of silence after an error */
#define NOISE_NS       INT64_C(500000000) /* a line that never falls silent is given up */
#define SILENT_LIMIT   3 /* timeouts in a row, of whichever units: open the connection anew */
#define DISCARD_CHUNKS 16

/* true: there is something to read, be it the end. */
static bool await_bytes(const struct modbus_link *link, int64_t until_mono_ns)
{
	struct pollfd wait = {.fd = link->fd, .events = POLLIN};

	for (;;) {
		const int64_t left_ns = until_mono_ns - clock_mono_ns();
		const struct timespec left = clock_timespec(left_ns > 0 ? left_ns : 0);
		const int ready = ppoll(&wait, 1, &left, NULL);
		if (ready >= 0 || errno != EINTR)
			return ready != 0;
	}
}

static void sleep_until(int64_t until_mono_ns)
{
	const struct timespec until = clock_timespec(until_mono_ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static enum modbus_outcome lose(struct modbus_link *link)
{
	link->lost = true;
	return MODBUS_LOST;
}

/* Takes what lies unread, to a limit. false: the line is gone. */
static bool discard(struct modbus_link *link)
{
	for (int i = 0; i < DISCARD_CHUNKS && await_bytes(link, 0); i++) {
		const ssize_t got = read(link->fd, link->frame, sizeof(link->frame));
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		link->active_mono_ns = clock_mono_ns();
	}
	return true;
}

/* Waits until nothing has come for as long as the line owes silence. */
static enum modbus_outcome settle(struct modbus_link *link)
{
	const int64_t give_up_mono_ns = clock_mono_ns() + link->silence_ns + NOISE_NS;

	for (;;) {
		if (!discard(link))
			return lose(link);
		const int64_t silent_mono_ns = link->active_mono_ns + link->silence_ns;
		if (clock_mono_ns() >= silent_mono_ns)
			break;
		if (clock_mono_ns() >= give_up_mono_ns)
			return MODBUS_GARBLED;
		(void)await_bytes(link, silent_mono_ns < give_up_mono_ns ? silent_mono_ns
									 : give_up_mono_ns);
	}
	link->silence_ns = 0;
	return MODBUS_ANSWERED;
}

/* --- sending ---------------------------------------------------------------- */

/* Leaves RTU lines in step: silent for long enough, nothing unread. */
static enum modbus_outcome make_ready(struct modbus_link *link)
{
	if (link->kind == MODBUS_TCP)
		return MODBUS_ANSWERED;
	if (link->silence_ns > 0)
		return settle(link);
	if (link->gap_ns > 0)
		sleep_until(link->active_mono_ns + link->gap_ns);
	return discard(link) ? MODBUS_ANSWERED : lose(link);
}

static enum modbus_outcome send_request(struct modbus_link *link,
					const struct modbus_request *request)
{
	uint8_t frame[MODBUS_REQUEST_BYTES];
	const size_t bytes =
		modbus_wire_request(modbus_link_framing(link), request, ++link->transaction, frame);
	const ssize_t sent = link->kind == MODBUS_RTU ? write(link->fd, frame, bytes)
						      : send(link->fd, frame, bytes, MSG_NOSIGNAL);

	/* So few bytes fit, or nobody has taken any for long. */
	return sent == (ssize_t)bytes ? MODBUS_ANSWERED : lose(link);
}

/* When the answer must be complete: on a serial line the bytes themselves take time. */
static int64_t deadline_of(const struct modbus_link *link, const struct modbus_request *request,
			   int64_t timeout_ns)
{
	const size_t answer_bytes = 5 + modbus_data_bytes(request->function, request->count);

	return clock_mono_ns() + timeout_ns + (int64_t)(8 + answer_bytes) * link->char_ns;
}

/* --- receiving -------------------------------------------------------------- */

static bool was_given_up(struct modbus_link *link, uint16_t transaction)
{
	for (size_t i = 0; i < link->late_count; i++) {
		if (link->late[i] != transaction)
			continue;
		link->late[i] = link->late[--link->late_count];
		return true;
	}
	return false;
}

static void give_up(struct modbus_link *link)
{
	if (link->late_count == MODBUS_LATE) {
		memmove(link->late, link->late + 1, (MODBUS_LATE - 1) * sizeof(link->late[0]));
		link->late_count--;
	}
	link->late[link->late_count++] = link->transaction;
}

static void set_library_timeout(struct modbus_link *link, int64_t until_mono_ns)
{
	int64_t left_us = (until_mono_ns - clock_mono_ns()) / NS_PER_US;

	if (left_us < 1)
		left_us = 1;
	modbus_set_response_timeout(link->ctx, (uint32_t)(left_us / 1000000),
				    (uint32_t)(left_us % 1000000));
}

/* One frame, whoever's. */
static enum modbus_outcome receive_frame(struct modbus_link *link, int64_t until_mono_ns,
					 struct modbus_reply *ret_reply)
{
	set_library_timeout(link, until_mono_ns);
	/* A refusal of an unconnected context leaves errno as it was. */
	errno = 0;
	const int received = modbus_receive_confirmation(link->ctx, link->frame);
	const int err = errno;

	link->active_mono_ns = ret_reply->at_mono_ns = clock_mono_ns();
	/* ETIMEDOUT: begun, but never complete; nothing at all is found out before. */
	if (received < 0)
		return err == ETIMEDOUT || err == EMBBADCRC || err == EMBBADDATA ? MODBUS_GARBLED
										 : lose(link);
	/* 0: another unit's, of a length that the library keeps to itself. */
	const size_t bytes = received > 0 ? (size_t)received : modbus_rtu_bytes(link->frame);
	if (bytes > sizeof(link->frame) ||
	    !modbus_wire_reply(modbus_link_framing(link), link->frame, bytes, ret_reply))
		return MODBUS_GARBLED;
	return MODBUS_ANSWERED;
}

static enum modbus_outcome judge_tcp(struct modbus_link *link,
				     const struct modbus_question *question,
				     const struct modbus_reply *reply, bool *ret_go_on)
{
	if (reply->transaction != link->transaction) {
		*ret_go_on = was_given_up(link, reply->transaction);
		return *ret_go_on ? MODBUS_SILENT : MODBUS_GARBLED;
	}
	if (reply->unit != question->request.unit)
		return MODBUS_WRONG_UNIT;
	return modbus_could_answer(reply, &question->request) ? MODBUS_ANSWERED : MODBUS_GARBLED;
}

static enum modbus_outcome judge_rtu(struct modbus_link *link,
				     const struct modbus_question *question,
				     const struct modbus_reply *reply, bool *ret_go_on)
{
	const uint8_t unit = question->request.unit;
	const enum modbus_belongs belongs = modbus_ledger_settle(&link->ledger, reply);

	if (reply->unit != unit) {
		*ret_go_on = true; /* whole, and perhaps late: ours may follow */
		return belongs == MODBUS_TO_NONE ? MODBUS_WRONG_UNIT : MODBUS_SILENT;
	}
	if (belongs == MODBUS_TO_NONE)
		return MODBUS_GARBLED;
	if (question->sacrificial ? !modbus_ledger_owes(&link->ledger, unit)
				  : belongs == MODBUS_TO_LAST)
		return MODBUS_ANSWERED;
	*ret_go_on = true;
	return MODBUS_SILENT;
}

static enum modbus_outcome receive(struct modbus_link *link, const struct modbus_question *question,
				   int64_t until_mono_ns, struct modbus_reply *ret_reply)
{
	enum modbus_outcome outcome = MODBUS_SILENT;
	bool go_on = true;

	while (go_on && clock_mono_ns() < until_mono_ns && await_bytes(link, until_mono_ns)) {
		outcome = receive_frame(link, until_mono_ns, ret_reply);
		go_on = false;
		if (outcome == MODBUS_ANSWERED)
			outcome = link->kind == MODBUS_TCP
					  ? judge_tcp(link, question, ret_reply, &go_on)
					  : judge_rtu(link, question, ret_reply, &go_on);
	}
	return outcome;
}

/* --- the exchange ----------------------------------------------------------- */

static void after_tcp(struct modbus_link *link, enum modbus_outcome outcome)
{
	if (outcome == MODBUS_SILENT)
		give_up(link);
	if (outcome == MODBUS_GARBLED)
		link->lost = true;
}

static void after_rtu(struct modbus_link *link, enum modbus_outcome outcome)
{
	modbus_ledger_date(&link->ledger, clock_mono_ns() + link->guard_ns);
	if (outcome == MODBUS_ANSWERED)
		return;
	link->silence_ns = link->gap_ns > QUIET_NS ? link->gap_ns : QUIET_NS;
	link->active_mono_ns = clock_mono_ns();
	/* Now, so that the wait is charged to the unit that caused it. */
	if (outcome != MODBUS_LOST)
		(void)settle(link);
}

static enum modbus_outcome ask(struct modbus_link *link, const struct modbus_question *question,
			       int64_t timeout_ns, struct modbus_reply *ret_reply)
{
	const struct modbus_request *request = &question->request;
	enum modbus_outcome outcome = make_ready(link);

	if (outcome != MODBUS_ANSWERED)
		return outcome;
	if (link->kind != MODBUS_TCP && !modbus_ledger_enter(&link->ledger, question))
		return MODBUS_GARBLED;
	(void)modbus_set_slave(link->ctx, request->unit);
	outcome = send_request(link, request);
	if (outcome == MODBUS_ANSWERED)
		outcome =
			receive(link, question, deadline_of(link, request, timeout_ns), ret_reply);
	if (link->kind == MODBUS_TCP)
		after_tcp(link, outcome);
	else
		after_rtu(link, outcome);

	link->silent_in_a_row = outcome == MODBUS_SILENT ? link->silent_in_a_row + 1 : 0;
	if (link->kind != MODBUS_RTU && link->silent_in_a_row >= SILENT_LIMIT)
		link->lost = true;
	return outcome;
}

enum modbus_outcome modbus_exchange_probe(struct modbus_link *link, uint8_t unit,
					  int64_t timeout_ns, struct modbus_reply *ret_reply)
{
	const struct modbus_question question = {.request = link->probe[unit], .sacrificial = true};

	modbus_ledger_expire(&link->ledger, clock_mono_ns());
	return ask(link, &question, timeout_ns, ret_reply);
}

enum modbus_outcome modbus_exchange(struct modbus_link *link, const struct modbus_request *request,
				    int64_t timeout_ns, struct modbus_reply *ret_reply)
{
	const struct modbus_question question = {.request = *request};
	enum modbus_outcome outcome = MODBUS_ANSWERED;

	modbus_ledger_expire(&link->ledger, clock_mono_ns());
	if (modbus_ledger_owes(&link->ledger, request->unit))
		outcome = modbus_exchange_probe(link, request->unit, timeout_ns, ret_reply);
	if (outcome == MODBUS_ANSWERED)
		outcome = ask(link, &question, timeout_ns, ret_reply);
	return outcome;
}
