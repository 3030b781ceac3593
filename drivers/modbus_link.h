/* One Modbus line or connection: open, close, and one exchange at a time.
 *
 * The link knows nothing of points. It sends a request and waits for its answer
 * within a total deadline; it lets no other bytes be taken for that answer:
 * a late one, another unit's, another transaction's, a torn one. libmodbus sets
 * up serial lines and frames what comes in; connecting, sending and judging are
 * done here, because the library connects without an end, sends raw requests
 * as transaction 0 and does not compare the unit over TCP.
 *
 * Used by one thread. Nothing is allocated between open and close.
 */
#ifndef CORRIDORD_MODBUS_LINK_H
#define CORRIDORD_MODBUS_LINK_H

#include <modbus/modbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver.h"
#include "modbus_conf.h"
#include "modbus_ledger.h"
#include "modbus_wire.h"

#define MODBUS_UNITS 256
#define MODBUS_LATE  16 /* transactions remembered that were never answered */

enum modbus_outcome {
	MODBUS_ANSWERED, /* with data, or refused */
	MODBUS_SILENT, /* nothing that could be an answer came in time */
	MODBUS_GARBLED, /* what came is no sound answer to anything asked */
	MODBUS_WRONG_UNIT, /* another unit answered */
	MODBUS_LOST, /* the line or connection is gone */
};

enum modbus_kind { MODBUS_RTU, MODBUS_TCP, MODBUS_RTU_TCP };

struct modbus_link {
	enum modbus_kind kind;
	const struct modbus_bus_conf *conf;
	modbus_t *ctx; /* NULL: closed */
	int fd;
	int lock_fd; /* of a serial line */
	int64_t gap_ns, guard_ns;
	int64_t char_ns; /* time of one character; 0: not a serial line */
	struct modbus_request probe[MODBUS_UNITS]; /* the caller's: sacrificial questions */

	/* RTU framing */
	int64_t active_mono_ns; /* when something last happened on the line */
	int64_t silence_ns; /* that it owes before the next request */
	struct modbus_ledger ledger;

	/* TCP */
	uint16_t transaction;
	uint16_t late[MODBUS_LATE];
	size_t late_count;

	int silent_in_a_row;
	bool lost;
	uint8_t frame[MODBUS_ADU_BYTES];
};

/* conf is borrowed. longest_timeout_ns: of the devices. */
void modbus_link_init(struct modbus_link *link, enum modbus_kind kind,
		      const struct modbus_bus_conf *conf, int64_t longest_timeout_ns);

/* Negative errno, why has the cause and the cure for people. Takes at most the connect
 * timeout, beside what the resolver takes for a host that is not an address. */
int modbus_link_open(struct modbus_link *link, char *why, size_t why_bytes);
void modbus_link_close(struct modbus_link *link);

static inline enum modbus_framing modbus_link_framing(const struct modbus_link *link)
{
	return link->kind == MODBUS_TCP ? MODBUS_FRAMING_TCP : MODBUS_FRAMING_RTU;
}

/* Asks and waits. ret_reply->data stays valid until the next exchange; of MODBUS_WRONG_UNIT
 * ret_reply->unit is set. Close and open again when link->lost is then set: always after
 * MODBUS_LOST, and when the connection is out of step or nobody has answered on it for a
 * while. Takes at most
 *   TCP  the timeout;
 *   RTU  two timeouts, two seconds for a line that is never silent, and the time of the
 *        bytes on the wire; with nothing gone wrong before, one timeout and the bytes. */
enum modbus_outcome modbus_exchange(struct modbus_link *link, const struct modbus_request *request,
				    int64_t timeout_ns, struct modbus_reply *ret_reply);

/* Asks the unit its sacrificial question: what it answers means nothing, that it does means
 * that it lives and that no read of it is open any more. Half as long as an exchange. */
enum modbus_outcome modbus_exchange_probe(struct modbus_link *link, uint8_t unit,
					  int64_t timeout_ns, struct modbus_reply *ret_reply);

#endif
