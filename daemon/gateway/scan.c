/* A serial line is lent to who looks for what hangs on it (corridorctl scan): the bus lets go of it for
 * so long as somebody says that he goes on. What devices of that bus tell meanwhile is a test. */
#include <stdio.h>
#include <string.h>

#include "gateway/private.h"

#define LENT_NS (30 * NS_PER_S) /* and again so long each time that he goes on */

static struct bus *find_bus(struct gateway *gateway, const char *name)
{
	for (size_t i = 0; i < gateway->bus_count; i++)
		if (strcmp(bus_name(gateway->buses[i]), name) == 0)
			return gateway->buses[i];
	return NULL;
}

static void put(struct gateway *gateway, enum event_id id, const char *because)
{
	const struct scan_loan *loan = &gateway->loan;
	const struct instant now = clock_now();
	char body[EVENT_BODY_BYTES];
	struct event_draft draft = {.type = event_type(id), .body = body};
	struct jw json;

	event_body_start(&json, body, sizeof(body), NULL, NULL, now.mono_ns, &now);
	jw_text(&json, "bus", loan->bus);
	jw_text(&json, "officer", loan->officer);
	if (because) {
		jw_text(&json, "because", because);
		jw_int(&json, "lasted_ms", (now.mono_ns - loan->since_mono_ns) / NS_PER_MS);
	}
	draft.body_bytes = json.bytes;
	if (jw_ok(&json))
		gateway->sink.put(gateway->sink.data, &draft);
}

static void lend(struct gateway *gateway, struct bus *bus)
{
	bus_lend(bus, clock_mono_ns() + LENT_NS);
	ev_timer_stop(gateway->loop, &gateway->on_loan);
	ev_timer_set(&gateway->on_loan, (double)LENT_NS / NS_PER_S, 0);
	ev_timer_start(gateway->loop, &gateway->on_loan);
}

const char *scan_begin(struct gateway *gateway, const char *name, const char *officer)
{
	struct scan_loan *loan = &gateway->loan;
	struct bus *bus = find_bus(gateway, name);

	if (loan->active)
		return "a line is lent already, and comes back 30 s after that scan has ended at the "
		       "latest";
	if (!bus)
		return "there is no such bus";
	if (!bus_can_be_lent(bus))
		return "a bus of this kind asks nobody, so there is nothing to look for";
	gateway_drain(gateway); /* what was read before is meant */
	*loan = (struct scan_loan){.since_mono_ns = clock_mono_ns()};
	snprintf(loan->bus, sizeof(loan->bus), "%s", name);
	snprintf(loan->officer, sizeof(loan->officer), "%s", officer);
	loan->member_bytes =
		(size_t)snprintf(loan->member, sizeof(loan->member), "\"bus\":\"%s\"", loan->bus);
	put(gateway, EVENT_SCAN_BEGUN, NULL);
	loan->active = true;
	lend(gateway, bus);
	return NULL;
}

const char *scan_go_on(struct gateway *gateway)
{
	struct bus *bus = gateway->loan.active ? find_bus(gateway, gateway->loan.bus) : NULL;

	if (!bus)
		return "no line is lent";
	lend(gateway, bus);
	return NULL;
}

const char *scan_end(struct gateway *gateway, const char *because)
{
	struct bus *bus = find_bus(gateway, gateway->loan.bus);

	if (!gateway->loan.active)
		return "no line is lent";
	gateway_drain(gateway); /* what was read before is a test */
	ev_timer_stop(gateway->loop, &gateway->on_loan);
	gateway->loan.active = false;
	put(gateway, EVENT_SCAN_ENDED, because);
	if (bus)
		bus_lend(bus, 0);
	return NULL;
}

void scan_status(const struct gateway *gateway, struct jw *json)
{
	const struct scan_loan *loan = &gateway->loan;

	if (!loan->active)
		return;
	jw_open(json, "scan");
	jw_text(json, "bus", loan->bus);
	jw_text(json, "officer", loan->officer);
	jw_int(json, "since_s", (clock_mono_ns() - loan->since_mono_ns) / NS_PER_S);
	jw_close(json);
}
