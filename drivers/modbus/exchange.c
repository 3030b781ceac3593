/* One exchange, and what must not be taken for its answer.
 *
 * TCP. Every frame names its transaction. One that was asked and given up is a
 * late answer: it is dropped and the wait goes on. So are bytes that begin no frame.
 * Any other foreign, torn or malformed frame means that we are out of step with the
 * stream: the connection is opened anew.
 *
 * RTU framing names no transaction. Two rules keep the answers apart:
 *  1. What comes in is put down to the oldest open question that it fits (see
 *     questions.h). What belongs to an older one is dropped, and the wait
 *     goes on.
 *  2. While a read of a unit is open, no other whose answer looks the same is asked of
 *     that unit, but only a sacrificial question, whose answer has a function or length
 *     that no read of the unit has. So two reads that could be mistaken for each other are
 *     never open together, and the answer to the probe settles the first. A unit
 *     that silently ignores it is read again when the open read is older than
 *     the late-reply guard.
 * Nothing need be waited for to keep values right; the short silence after an
 * error only lets the rest of a torn frame pass by.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "modbus/late.h"
#include "modbus/link.h"

#define QUIET_NS       INT64_C(50000000) /* of silence after an error */
#define NOISE_NS       INT64_C(500000000) /* a line that never falls silent is given up */
#define SILENT_LIMIT   3 /* timeouts in a row, of whichever units: open the connection anew, */
#define DEAF_NS	       INT64_C(5000000000) /* unless it is so young */
#define CLOSING_NS     INT64_C(50000000) /* within this of its answer a peer closes, if it does */
#define OPENINGS       3 /* of a connection in one exchange */
#define LATE_TIMEOUTS  10 /* so many timeouts late, and it comes no more */
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

/* The next bytes, waited for already; negative: the line is gone. */
static ssize_t read_bytes(struct modbus_link *link, uint8_t *bytes, size_t room)
{
	const ssize_t got = read(link->fd, bytes, room);

	link->hung_up = got == 0 || (got < 0 && errno == ECONNRESET);
	if (link->hung_up || (got < 0 && errno != EAGAIN && errno != EINTR))
		return -1;
	link->active_mono_ns = clock_mono_ns();
	return got > 0 ? got : 0;
}

/* Takes what lies unread, to a limit. false: the line is gone. */
static bool discard(struct modbus_link *link)
{
	for (int i = 0; i < DISCARD_CHUNKS && await_bytes(link, 0); i++)
		if (read_bytes(link, link->frame, sizeof(link->frame)) < 0)
			return false;
	return true;
}

/* Waits until nothing has come for as long as the line owes silence. */
static enum modbus_outcome wait_for_silence(struct modbus_link *link)
{
	const int64_t give_up_mono_ns = clock_mono_ns() + link->silence_ns + NOISE_NS;

	for (;;) {
		if (!discard(link))
			return lose(link);
		const int64_t silent_mono_ns = link->active_mono_ns + link->silence_ns;
		if (clock_mono_ns() >= silent_mono_ns)
			break;
		if (clock_mono_ns() >= give_up_mono_ns) {
			link->seen.oddity = MODBUS_NEVER_SILENT;
			return MODBUS_GARBLED;
		}
		(void)await_bytes(link, silent_mono_ns < give_up_mono_ns ? silent_mono_ns
									 : give_up_mono_ns);
	}
	link->silence_ns = 0;
	return MODBUS_ANSWERED;
}

/* ---- sending ------------------------------------------------------------------------ */

/* Whether the peer, as it did before, closes behind its first answer, now or in a moment. */
static bool is_closing(struct modbus_link *link)
{
	uint8_t byte;

	if (!link->closes || link->answers != 1)
		return false;
	link->closes = await_bytes(link, clock_mono_ns() + CLOSING_NS) &&
		       recv(link->fd, &byte, 1, MSG_PEEK) <= 0;
	return link->closes;
}

/* Leaves RTU lines in step: silent for long enough, nothing unread. What comes over a
 * connection before anything was asked is a greeting. */
static enum modbus_outcome make_ready(struct modbus_link *link)
{
	if (is_closing(link) || modbus_late_has_hung_up(link))
		return lose(link);
	if (link->kind == MODBUS_TCP)
		return link->answers > 0 || link->late_count > 0 || discard(link) ? MODBUS_ANSWERED
										  : lose(link);
	link->input.count = 0;
	if (link->silence_ns > 0)
		return wait_for_silence(link);
	if (link->gap_ns > 0)
		sleep_until(link->active_mono_ns + link->gap_ns);
	return discard(link) ? MODBUS_ANSWERED : lose(link);
}

static enum modbus_outcome send_request(struct modbus_link *link,
					const struct modbus_request *request)
{
	struct modbus_seen *seen = &link->seen;
	uint8_t *frame = seen->question;
	const size_t bytes =
		modbus_wire_request(modbus_link_framing(link), request, ++link->transaction, frame);
	const ssize_t sent = link->kind == MODBUS_RTU ? write(link->fd, frame, bytes)
						      : send(link->fd, frame, bytes, MSG_NOSIGNAL);

	seen->question_bytes = bytes;
	link->echo_due = link->conf->echo;
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

/* ---- receiving ---------------------------------------------------------------------- */

/* What would be an oddity in the answer of the unit that was asked. */
static enum modbus_outcome odd_answer(struct modbus_link *link,
				      const struct modbus_request *request,
				      const struct modbus_reply *reply)
{
	struct modbus_seen *seen = &link->seen;

	if (reply->function != request->function) {
		seen->oddity = MODBUS_OTHER_FUNCTION;
		seen->asked = request->function;
		seen->got = reply->function;
	} else {
		seen->oddity = MODBUS_OTHER_LENGTH;
		seen->asked = (unsigned int)modbus_data_bytes(request->function, request->count);
		seen->got = (unsigned int)reply->data_bytes;
	}
	return MODBUS_GARBLED;
}

/* Waits for more; false: the time is over, or the room. */
static bool read_more(struct modbus_link *link, int64_t until_mono_ns, bool *ret_gone)
{
	struct modbus_input *input = &link->input;
	uint8_t *bytes = input->bytes + input->count;

	if (input->count == MODBUS_INPUT_BYTES || clock_mono_ns() >= until_mono_ns ||
	    !await_bytes(link, until_mono_ns))
		return false;
	const ssize_t got = read_bytes(link, bytes, MODBUS_INPUT_BYTES - input->count);
	*ret_gone = got < 0;
	if (got < 0)
		return false;
	modbus_seen_add(&link->seen, bytes, (size_t)got);
	input->count += (size_t)got;
	return true;
}

/* The frame that was found: out of the input, and taken apart. false: it is not sound. */
static bool take_frame(struct modbus_link *link, const struct modbus_found *found,
		       struct modbus_reply *ret_reply)
{
	memcpy(link->frame, link->input.bytes + found->at, found->bytes);
	link->seen.stray += found->at;
	link->stray += found->at;
	modbus_input_drop(&link->input, found->at + found->bytes);
	ret_reply->at_mono_ns = link->active_mono_ns;
	return modbus_wire_reply(modbus_link_framing(link), link->frame, found->bytes, ret_reply);
}

/* ---- over TCP */

/* Bytes that begin no frame: a greeting, a heartbeat. */
static size_t stray_bytes(const struct modbus_link *link)
{
	const uint8_t *bytes = link->input.bytes;
	const size_t count = link->input.count;
	const uint8_t head[] = {(uint8_t)(link->transaction >> 8), (uint8_t)link->transaction, 0,
				0};
	size_t at = 0;

	if (count >= sizeof(head) && bytes[2] == 0 && bytes[3] == 0)
		return 0; /* a frame, if perhaps of no transaction of ours */
	while (at < count &&
	       memcmp(bytes + at, head, count - at < sizeof(head) ? count - at : sizeof(head)) != 0)
		at++;
	return at;
}

static void drop_stray(struct modbus_link *link)
{
	const size_t stray = stray_bytes(link);

	if (stray == 0)
		return;
	link->seen.oddity = MODBUS_A_TEXT;
	link->seen.stray += stray;
	link->stray += stray;
	modbus_input_drop(&link->input, stray);
}

/* The next frame; silent: there is none so far. */
static enum modbus_outcome find_tcp(struct modbus_link *link, struct modbus_reply *ret_reply)
{
	struct modbus_found found = {.at = 0};

	drop_stray(link);
	if (link->input.count < MODBUS_TCP_LEAST_BYTES)
		return MODBUS_SILENT;
	found.bytes = modbus_tcp_bytes(link->input.bytes);
	if (found.bytes > link->input.count)
		return MODBUS_SILENT;
	if (found.bytes > 0 && take_frame(link, &found, ret_reply))
		return MODBUS_ANSWERED;
	if (link->seen.oddity == MODBUS_NOT_ODD)
		link->seen.oddity = MODBUS_NO_FRAME;
	return MODBUS_GARBLED;
}

static enum modbus_outcome judge_tcp(struct modbus_link *link,
				     const struct modbus_question *question,
				     const struct modbus_reply *reply, bool *ret_go_on)
{
	if (reply->transaction != link->transaction) {
		*ret_go_on = modbus_late_settle(link, reply);
		if (*ret_go_on)
			return MODBUS_SILENT;
		link->seen.oddity = MODBUS_OTHER_TRANSACTION;
		link->seen.asked = link->transaction;
		link->seen.got = reply->transaction;
		return MODBUS_GARBLED;
	}
	if (reply->unit != question->request.unit)
		return MODBUS_WRONG_UNIT;
	return modbus_could_answer(reply, &question->request)
		       ? MODBUS_ANSWERED
		       : odd_answer(link, &question->request, reply);
}

static enum modbus_outcome receive_tcp(struct modbus_link *link,
				       const struct modbus_question *question,
				       int64_t until_mono_ns, struct modbus_reply *ret_reply)
{
	enum modbus_outcome outcome = MODBUS_SILENT;
	bool go_on = true, gone = false;

	do {
		while (go_on && (outcome = find_tcp(link, ret_reply)) != MODBUS_SILENT) {
			go_on = false;
			if (outcome == MODBUS_ANSWERED)
				outcome = judge_tcp(link, question, ret_reply, &go_on);
		}
	} while (go_on && read_more(link, until_mono_ns, &gone));
	if (gone)
		return lose(link);
	if (!go_on || link->input.count + link->seen.stray == 0)
		return outcome;
	if (link->seen.oddity == MODBUS_NOT_ODD)
		link->seen.oddity = MODBUS_TORN;
	return MODBUS_GARBLED;
}

/* ---- RTU framing */

static enum modbus_outcome judge_rtu(struct modbus_link *link,
				     const struct modbus_question *question,
				     const struct modbus_reply *reply, bool *ret_go_on)
{
	const uint8_t unit = question->request.unit;
	const enum modbus_belongs belongs = modbus_questions_match(&link->questions, reply);

	if (reply->unit != unit) {
		*ret_go_on = true; /* whole, and perhaps late: ours may follow */
		return belongs == MODBUS_TO_NONE ? MODBUS_WRONG_UNIT : MODBUS_SILENT;
	}
	if (belongs == MODBUS_TO_NONE)
		return odd_answer(link, &question->request, reply);
	if (question->is_probe ? !modbus_questions_has_read(&link->questions, unit)
			       : belongs == MODBUS_TO_LAST)
		return MODBUS_ANSWERED;
	*ret_go_on = true;
	return MODBUS_SILENT;
}

/* Whether these bytes are our own question. As an answer it would be whole and
 * sound where bits are asked for, so it is never taken for one. */
static bool is_question(const struct modbus_link *link, const uint8_t *bytes, size_t count)
{
	const struct modbus_seen *seen = &link->seen;

	return count == seen->question_bytes && memcmp(bytes, seen->question, count) == 0;
}

/* Of an adapter that hears itself. false: the rest of the echo is to come. */
static bool drop_echo(struct modbus_link *link)
{
	struct modbus_input *input = &link->input;
	const size_t bytes = link->seen.question_bytes;
	const size_t there = input->count < bytes ? input->count : bytes;

	if (!link->echo_due)
		return true;
	if (memcmp(input->bytes, link->seen.question, there) != 0) {
		link->echo_due = false;
		return true;
	}
	if (there < bytes)
		return false;
	modbus_input_drop(input, bytes);
	link->echo_due = false;
	return true;
}

static enum modbus_outcome receive_rtu(struct modbus_link *link,
				       const struct modbus_question *question,
				       int64_t until_mono_ns, struct modbus_reply *ret_reply)
{
	enum modbus_outcome outcome = MODBUS_SILENT;
	struct modbus_found found = {.broken = false};
	int64_t end_mono_ns;
	bool go_on = true, gone = false;

	do {
		while (go_on && drop_echo(link) &&
		       modbus_input_find(&link->input, &link->questions, &found)) {
			const bool echoed = is_question(link, link->input.bytes, found.at);
			(void)take_frame(link, &found, ret_reply);
			if (echoed)
				link->seen.oddity = MODBUS_OWN_QUESTION;
			if (is_question(link, link->frame, found.bytes)) {
				link->seen.oddity = MODBUS_OWN_QUESTION;
				outcome = MODBUS_GARBLED;
				continue;
			}
			go_on = false;
			outcome = judge_rtu(link, question, ret_reply, &go_on);
		}
		/* Behind a broken answer another follows at once, or none. */
		end_mono_ns = link->active_mono_ns + QUIET_NS;
		if (!found.broken || end_mono_ns > until_mono_ns)
			end_mono_ns = until_mono_ns;
	} while (go_on && read_more(link, end_mono_ns, &gone));
	if (gone)
		return lose(link);
	if (!go_on || link->input.count == 0)
		return outcome;
	link->seen.oddity = modbus_input_oddity(&link->input, &link->questions, &link->seen);
	return MODBUS_GARBLED;
}

/* ---- the exchange ------------------------------------------------------------------- */

static void after_tcp(struct modbus_link *link, const struct modbus_question *question,
		      enum modbus_outcome outcome)
{
	if (outcome == MODBUS_SILENT)
		modbus_late_add(link, question);
	if (outcome == MODBUS_GARBLED)
		link->lost = true;
}

/* For so long a late answer is reckoned with. */
static int64_t guard_ns(const struct modbus_link *link, const struct modbus_wait *wait)
{
	const int64_t set_ns = link->conf->late_reply_guard_ns;
	const int64_t late_ns = LATE_TIMEOUTS * wait->patience_ns;

	if (set_ns > 0)
		return set_ns;
	return late_ns > 2 * wait->timeout_ns ? late_ns : 2 * wait->timeout_ns;
}

/* Behind what was broken its rest may come; behind nothing at all not much can. */
static int64_t quiet_ns(const struct modbus_link *link, enum modbus_outcome outcome,
			const struct modbus_wait *wait)
{
	int64_t ns = QUIET_NS;

	if (outcome == MODBUS_SILENT && link->seen.count == 0 && wait->patience_ns / 4 < ns)
		ns = wait->patience_ns / 4;
	return ns > link->gap_ns ? ns : link->gap_ns;
}

static void after_rtu(struct modbus_link *link, enum modbus_outcome outcome,
		      const struct modbus_wait *wait)
{
	modbus_questions_set_expiry(&link->questions, clock_mono_ns() + guard_ns(link, wait));
	if (outcome == MODBUS_ANSWERED)
		return;
	link->silence_ns = quiet_ns(link, outcome, wait);
	link->active_mono_ns = clock_mono_ns();
	/* Now, so that the wait is charged to the unit that caused it. */
	if (outcome != MODBUS_LOST)
		(void)wait_for_silence(link);
}

/* Nobody has answered for a while on a connection that has had the time to be of use: some
 * devices are deaf for a second or two after each connect, some gateways wait for a dead unit. */
static bool is_worn_out(const struct modbus_link *link)
{
	return link->kind != MODBUS_RTU && link->silent_in_a_row >= SILENT_LIMIT &&
	       clock_mono_ns() - link->opened_mono_ns >= DEAF_NS &&
	       clock_mono_ns() - link->silent_mono_ns >= DEAF_NS;
}

/* Of a connection that ends while the answer of this unit is waited for, since then. So late, it
 * says no more than silence. */
static enum modbus_outcome judge_loss(struct modbus_link *link, uint8_t unit, int64_t asked_mono_ns,
				      int64_t patience_ns)
{
	const int64_t now_mono_ns = clock_mono_ns();

	if (link->kind == MODBUS_RTU)
		return MODBUS_LOST;
	if (link->hung_up)
		modbus_late_hung_up(link, unit, now_mono_ns);
	return now_mono_ns - asked_mono_ns >= patience_ns / 2 ? MODBUS_SILENT : MODBUS_LOST;
}

static enum modbus_outcome ask(struct modbus_link *link, const struct modbus_question *question,
			       const struct modbus_wait *wait, struct modbus_reply *ret_reply)
{
	const struct modbus_request *request = &question->request;

	link->seen = (struct modbus_seen){.oddity = MODBUS_NOT_ODD};
	link->hung_up = false;
	enum modbus_outcome outcome = make_ready(link);
	if (outcome != MODBUS_ANSWERED)
		return outcome;
	if (link->kind != MODBUS_TCP && !modbus_questions_add(&link->questions, question))
		return MODBUS_SILENT;
	outcome = send_request(link, request);
	if (outcome == MODBUS_ANSWERED) {
		const int64_t asked_mono_ns = clock_mono_ns();
		const int64_t until_mono_ns = deadline_of(link, request, wait->patience_ns);
		outcome = link->kind == MODBUS_TCP
				  ? receive_tcp(link, question, until_mono_ns, ret_reply)
				  : receive_rtu(link, question, until_mono_ns, ret_reply);
		if (outcome == MODBUS_LOST)
			outcome = judge_loss(link, request->unit, asked_mono_ns, wait->patience_ns);
	}
	if (link->kind == MODBUS_TCP)
		after_tcp(link, question, outcome);
	else
		after_rtu(link, outcome, wait);

	link->answers += outcome == MODBUS_ANSWERED;
	if (link->silent_in_a_row == 0)
		link->silent_mono_ns = clock_mono_ns();
	link->silent_in_a_row = outcome == MODBUS_SILENT ? link->silent_in_a_row + 1 : 0;
	if (is_worn_out(link))
		link->lost = true;
	return outcome;
}

/* What is asked while an answer that looks like its own may still come is asked behind a
 * probe. */
static enum modbus_outcome ask_safely(struct modbus_link *link,
				      const struct modbus_request *request,
				      const struct modbus_wait *wait,
				      struct modbus_reply *ret_reply)
{
	const struct modbus_question question = {.request = *request,
						 .asked_mono_ns = clock_mono_ns()};
	const struct modbus_question probe = {.request = link->probe[request->unit],
					      .is_probe = true};
	enum modbus_outcome outcome = MODBUS_ANSWERED;

	modbus_questions_expire(&link->questions, clock_mono_ns());
	if (modbus_questions_has_twin(&link->questions, request))
		outcome = ask(link, &probe, wait, ret_reply);
	if (outcome == MODBUS_ANSWERED)
		outcome = ask(link, &question, wait, ret_reply);
	return outcome;
}

enum modbus_outcome modbus_exchange(struct modbus_link *link, const struct modbus_request *request,
				    const struct modbus_wait *wait, struct modbus_reply *ret_reply)
{
	const int64_t gateway_ns = link->gateway_ns + link->gateway_ns / 4;
	struct modbus_wait waits = *wait;

	if (link->kind == MODBUS_TCP && waits.patience_ns < gateway_ns)
		waits.patience_ns = gateway_ns;
	for (int opened = 0;; opened++) {
		if (link->lost && (link->kind == MODBUS_RTU || modbus_link_reopen(link) < 0))
			return MODBUS_LOST;
		const enum modbus_outcome outcome = ask_safely(link, request, &waits, ret_reply);
		if (outcome != MODBUS_LOST)
			return outcome;
		link->closes = link->answers == 1;
		/* One that is closed before it has borne anything is not opened for ever. */
		if (opened == OPENINGS || (opened > 0 && link->answers == 0))
			return MODBUS_LOST;
	}
}
