/* One exchange, and what must not be taken for its answer.
 *
 * TCP. Every frame names its transaction. One that was asked and given up is a
 * late answer: it is dropped and the wait goes on. Any other foreign, torn or
 * malformed frame means that we are out of step with the stream: the connection
 * is opened anew.
 *
 * RTU framing. A reply names unit, function and length, but neither transaction
 * nor address: after a timeout the late answer to question A looks exactly like
 * the answer to the next question of the same length, has a good checksum, and
 * the values stay one question behind for ever. So after anything but a clean
 * answer
 *  1. the line is read empty until it was silent for the guard time, before
 *     anybody is asked anything;
 *  2. the unit is then asked a sacrificial question P, whose answer has a
 *     function or length that no planned read of that unit has. A unit answers
 *     in order, so an answer to P (a refusal too) proves that A's answer has
 *     come or never will. Should that answer have been A's refusal, then only
 *     P's can still be under way, and no read can take that one for its own.
 * Between A and the answered P nothing but P is asked, so at most one planned
 * read is ever owed. A unit that silently ignores P is asked normally again when
 * the debt is older than DEBT_GUARDS guard times.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "modbus_link.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_US INT64_C(1000)

#define DEBT_GUARDS    10
#define SETTLE_GUARDS  2 /* a line that never falls silent is given up after these */
#define SILENT_LIMIT   3 /* timeouts in a row, of whichever units: open the connection anew */
#define DISCARD_CHUNKS 16

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

/* true: there is something to read, be it the end. */
static bool await_bytes(const struct modbus_link *link, int64_t until_mono_ns)
{
	struct pollfd wait = {.fd = link->fd, .events = POLLIN};

	for (;;) {
		const int64_t left_ns = until_mono_ns - modbus_now_ns();
		const struct timespec left = to_timespec(left_ns > 0 ? left_ns : 0);
		const int ready = ppoll(&wait, 1, &left, NULL);
		if (ready >= 0 || errno != EINTR)
			return ready != 0;
	}
}

static void sleep_until(int64_t until_mono_ns)
{
	const struct timespec until = to_timespec(until_mono_ns);

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
		link->active_mono_ns = modbus_now_ns();
	}
	return true;
}

/* Waits until nothing has come for the guard time. */
static enum modbus_outcome settle(struct modbus_link *link)
{
	const int64_t give_up_mono_ns = modbus_now_ns() + SETTLE_GUARDS * link->guard_ns;

	for (;;) {
		if (!discard(link))
			return lose(link);
		const int64_t silent_mono_ns = link->active_mono_ns + link->guard_ns;
		if (modbus_now_ns() >= silent_mono_ns)
			break;
		if (modbus_now_ns() >= give_up_mono_ns)
			return MODBUS_GARBLED;
		(void)await_bytes(link, silent_mono_ns < give_up_mono_ns ? silent_mono_ns
									 : give_up_mono_ns);
	}
	link->unsettled = false;
	return MODBUS_ANSWERED;
}

/* --- sending ---------------------------------------------------------------- */

/* Leaves RTU lines in step: silent for long enough, nothing unread. */
static enum modbus_outcome make_ready(struct modbus_link *link)
{
	if (link->kind == MODBUS_TCP)
		return MODBUS_ANSWERED;
	if (link->unsettled)
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

	return modbus_now_ns() + timeout_ns + (int64_t)(8 + answer_bytes) * link->char_ns;
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
	int64_t left_us = (until_mono_ns - modbus_now_ns()) / NS_PER_US;

	if (left_us < 1)
		left_us = 1;
	modbus_set_response_timeout(link->ctx, (uint32_t)(left_us / 1000000),
				    (uint32_t)(left_us % 1000000));
}

static enum modbus_outcome receive_frame(struct modbus_link *link,
					 const struct modbus_request *request,
					 int64_t until_mono_ns, struct modbus_reply *ret_reply)
{
	set_library_timeout(link, until_mono_ns);
	/* A refusal of an unconnected context leaves errno as it was. */
	errno = 0;
	const int received = modbus_receive_confirmation(link->ctx, link->frame);
	const int err = errno;

	link->active_mono_ns = ret_reply->at_mono_ns = modbus_now_ns();
	/* ETIMEDOUT: begun, but never complete; nothing at all is found out before. */
	if (received < 0)
		return err == ETIMEDOUT || err == EMBBADCRC || err == EMBBADDATA ? MODBUS_GARBLED
										 : lose(link);
	/* 0: another unit's, of a length that the library keeps to itself. */
	const size_t bytes = received > 0 ? (size_t)received : modbus_rtu_bytes(link->frame);
	if (bytes > sizeof(link->frame))
		return MODBUS_GARBLED;
	return modbus_wire_reply(modbus_link_framing(link), request, link->transaction, link->frame,
				 bytes, ret_reply);
}

static enum modbus_outcome receive(struct modbus_link *link, const struct modbus_request *request,
				   int64_t until_mono_ns, struct modbus_reply *ret_reply)
{
	enum modbus_outcome outcome = MODBUS_SILENT;

	while (modbus_now_ns() < until_mono_ns && await_bytes(link, until_mono_ns)) {
		const enum modbus_outcome got =
			receive_frame(link, request, until_mono_ns, ret_reply);
		if (got == MODBUS_STRAY && was_given_up(link, ret_reply->transaction))
			continue;
		if (got == MODBUS_WRONG_UNIT && link->kind != MODBUS_TCP) {
			/* Whole, and not ours: perhaps late, ours may follow. */
			outcome = got;
			continue;
		}
		return got == MODBUS_STRAY ? MODBUS_GARBLED : got;
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

static bool is_probe(const struct modbus_link *link, const struct modbus_request *request)
{
	const struct modbus_request *probe = &link->probe[request->unit];

	return request->function == probe->function && request->count == probe->count &&
	       request->address == probe->address;
}

static void after_rtu(struct modbus_link *link, const struct modbus_request *request,
		      enum modbus_outcome outcome)
{
	int64_t *owes_until_mono_ns = &link->owes_until_mono_ns[request->unit];

	if (outcome == MODBUS_ANSWERED || outcome == MODBUS_REFUSED) {
		*owes_until_mono_ns = 0;
		return;
	}
	link->unsettled = true;
	link->active_mono_ns = modbus_now_ns();
	if (!is_probe(link, request))
		*owes_until_mono_ns = link->active_mono_ns + DEBT_GUARDS * link->guard_ns;
	/* Now, so that the wait is charged to the unit that caused it. */
	if (outcome != MODBUS_LOST)
		(void)settle(link);
}

static enum modbus_outcome ask(struct modbus_link *link, const struct modbus_request *request,
			       int64_t timeout_ns, struct modbus_reply *ret_reply)
{
	enum modbus_outcome outcome = make_ready(link);

	if (outcome != MODBUS_ANSWERED)
		return outcome;
	outcome = send_request(link, request);
	if (outcome == MODBUS_ANSWERED) {
		(void)modbus_set_slave(link->ctx, request->unit);
		outcome = receive(link, request, deadline_of(link, request, timeout_ns), ret_reply);
	}
	if (link->kind == MODBUS_TCP)
		after_tcp(link, outcome);
	else
		after_rtu(link, request, outcome);

	link->silent_in_a_row = outcome == MODBUS_SILENT ? link->silent_in_a_row + 1 : 0;
	if (link->kind != MODBUS_RTU && link->silent_in_a_row >= SILENT_LIMIT)
		link->lost = true;
	return outcome;
}

enum modbus_outcome modbus_exchange(struct modbus_link *link, const struct modbus_request *request,
				    int64_t timeout_ns, struct modbus_reply *ret_reply)
{
	if (link->owes_until_mono_ns[request->unit] > modbus_now_ns() && !is_probe(link, request)) {
		const struct modbus_request *probe = &link->probe[request->unit];
		const enum modbus_outcome outcome = ask(link, probe, timeout_ns, ret_reply);
		if (outcome != MODBUS_ANSWERED && outcome != MODBUS_REFUSED)
			return outcome;
	}
	return ask(link, request, timeout_ns, ret_reply);
}
