/* One Modbus line or connection: open, close, and one exchange at a time.
 *
 * The link knows nothing of points. It sends a request and waits for its answer
 * within a total deadline; it lets no other bytes be taken for that answer:
 * a late one, another unit's, another transaction's, a torn one. A connection that
 * turns out closed is opened again and the question asked again at once: many
 * devices close what was idle, or close after each answer. libmodbus sets up serial
 * lines; all else is done here, because the library connects without an end, sends raw
 * requests as transaction 0, does not compare the unit over TCP, takes the first byte on
 * a line for the beginning of a frame, and receives in three pieces what came in one.
 *
 * Used by one thread. Nothing is allocated between open and close.
 */
#ifndef CORRIDORD_MODBUS_LINK_H
#define CORRIDORD_MODBUS_LINK_H

#include <modbus/modbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/driver.h"
#include "modbus/conf.h"
#include "modbus/input.h"
#include "modbus/questions.h"
#include "modbus/seen.h"
#include "modbus/wire.h"

#define MODBUS_UNITS 256
#define MODBUS_LATE  16 /* transactions remembered that were never answered */

#define MODBUS_GATEWAY_MAX_NS (10 * NS_PER_S) /* no gateway waits for a unit for longer */

#define MODBUS_WHY_BYTES 160

enum modbus_outcome {
	MODBUS_ANSWERED, /* with data, or refused */
	MODBUS_SILENT, /* nothing that could be an answer came in time */
	MODBUS_GARBLED, /* what came is no sound answer to anything asked */
	MODBUS_WRONG_UNIT, /* another unit answered */
	MODBUS_LOST, /* the line is gone, or the connection, and it cannot be had again */
};

/* A question that was given up. */
struct modbus_late {
	uint16_t transaction;
	uint8_t unit;
	int64_t asked_mono_ns;
};

enum modbus_kind { MODBUS_RTU, MODBUS_TCP, MODBUS_RTU_TCP };

struct modbus_link {
	enum modbus_kind kind;
	const struct modbus_bus_conf *conf;
	modbus_t *ctx; /* of a serial line */
	int fd; /* -1: closed */
	int lock_fd; /* of a serial line */
	int64_t gap_ns;
	int64_t char_ns; /* time of one character; 0: not a serial line */
	struct modbus_request probe[MODBUS_UNITS]; /* the caller's: probes */

	/* RTU framing */
	int64_t active_mono_ns; /* when something last happened on the line */
	int64_t silence_ns; /* that it owes before the next request */
	struct modbus_questions questions;
	struct modbus_input input;
	bool echo_due; /* our own question is still to come back */

	/* TCP */
	uint16_t transaction;
	struct modbus_late late[MODBUS_LATE]; /* the oldest first */
	size_t late_count;
	int64_t gave_up_mono_ns; /* the last of them */
	int64_t gateway_ns; /* for so long the peer waits for a unit, longer than we do; 0: not so */

	/* connections */
	int64_t opened_mono_ns;
	uint64_t answers; /* since then */
	bool closes; /* after the first answer: it is waited for */
	bool hung_up; /* the peer, in the last exchange */
	int silent_in_a_row;
	int64_t silent_mono_ns; /* since when */

	bool lost; /* to be opened again before anything is asked */
	char why[MODBUS_WHY_BYTES]; /* it could not be; "": it could */
	struct modbus_seen seen; /* in the last exchange */
	uint64_t stray; /* bytes before answers, in all */
	uint8_t frame[MODBUS_ADU_BYTES];
};

/* What a question and its answer take of a serial line; 0: there is none. */
int64_t modbus_link_wire_ns(const struct modbus_link *link, const struct modbus_request *request);

/* conf is borrowed. */
void modbus_link_init(struct modbus_link *link, enum modbus_kind kind,
		      const struct modbus_bus_conf *conf);

/* Negative errno, link->why has the cause and the cure for people. Takes at most the connect
 * timeout, beside what the resolver takes for a host that is not an address. */
int modbus_link_open(struct modbus_link *link);
/* Of a connection that was lost: without the silence that a new one owes. */
int modbus_link_reopen(struct modbus_link *link);
void modbus_link_close(struct modbus_link *link);

static inline enum modbus_framing modbus_link_framing(const struct modbus_link *link)
{
	return link->kind == MODBUS_TCP ? MODBUS_FRAMING_TCP : MODBUS_FRAMING_RTU;
}

/* How long a unit is waited for; and how long it may take, which is more where it is only
 * looked at: so late its answer is still reckoned with. */
struct modbus_wait {
	int64_t patience_ns;
	int64_t timeout_ns;
};

/* Asks and waits. ret_reply->data stays valid until the next exchange; of MODBUS_WRONG_UNIT
 * ret_reply->unit is set; link->seen has what came. After MODBUS_LOST the link is to be closed
 * and opened; a connection that was merely closed, is out of step, or on which nobody has
 * answered for a while, is opened again here. Takes at most
 *   TCP  the timeout, or what a serial gateway behind the connection was seen to wait for a unit
 *        (ten seconds at most), and where the connection is opened again the connect timeout;
 *   RTU  two timeouts, two seconds for a line that is never silent, and the time of the
 *        bytes on the wire; with nothing gone wrong before, one timeout and the bytes. */
enum modbus_outcome modbus_exchange(struct modbus_link *link, const struct modbus_request *request,
				    const struct modbus_wait *wait, struct modbus_reply *ret_reply);

#endif
