/* What requests may do at the gateway. */
#include "gateway_private.h"
#include "uplink_topic.h"

static int present(void *data, const struct request *request)
{
	struct gateway *gateway = data;
	const struct instant now = clock_now();
	const struct officer_word word = {
		.ucr = request->ucr,
		.officer = request->officer,
		.reason = request->reason,
		.by = "mqtt",
	};

	return transit_present(gateway->transit, request->lane, &word, &now);
}

static int acknowledge(void *data, const struct request *request)
{
	struct gateway *gateway = data;
	const struct instant now = clock_now();
	const struct acknowledgement by = {
		.resource = request->resource,
		.type = request->type,
		.officer = request->officer,
		.reason = request->reason,
		.by = "mqtt",
	};

	return transit_acknowledge(gateway->transit, &by, &now);
}

static bool is_told(void *data, const struct request *request)
{
	struct gateway *gateway = data;

	return request->method != REQUEST_PRESENT ||
	       !transit_word_open(gateway->transit, request->lane);
}

static void status(void *data, struct json *json, size_t most)
{
	struct gateway *gateway = data;
	const struct instant now = clock_now();

	health_status(&gateway->health, gateway->journal, &now, json);
	transit_status(gateway->transit, json, most);
}

static uint64_t mark(void *data)
{
	struct gateway *gateway = data;

	return journal_mark(gateway->journal);
}

static bool is_durable(void *data, uint64_t marked)
{
	struct gateway *gateway = data;

	return journal_is_durable(gateway->journal, marked);
}

static int answer(void *data, const struct uplink_answer *given)
{
	struct gateway *gateway = data;

	return uplink_answer(gateway->uplink, given);
}

static bool has_room(void *data)
{
	struct gateway *gateway = data;

	return journal_has_room(gateway->journal);
}

int gateway_new_requests(struct gateway *gateway)
{
	const struct requests_doors doors = {
		.data = gateway,
		.present = present,
		.acknowledge = acknowledge,
		.is_told = is_told,
		.status = status,
		.mark = mark,
		.is_durable = is_durable,
		.answer = answer,
		.has_room = has_room,
	};
	char prefix[PREFIX_BYTES];
	struct inlet inlet;
	int err;

	err = uplink_topic_prefix(gateway->config->uplink.topic_root, &gateway->origin, prefix);
	if (err == 0)
		err = requests_new(prefix, &gateway->origin, &doors, &gateway->requests);
	if (err < 0)
		return err;
	inlet = requests_inlet(gateway->requests);
	uplink_hear(gateway->uplink, &inlet);
	return 0;
}

/* What was read before a request came, came before it. */
void gateway_take_requests(struct gateway *gateway)
{
	struct instant now;

	gateway_drain(gateway);
	requests_take(gateway->requests, clock_mono_ns());
	now = clock_now();
	transit_settle(gateway->transit, &now);
}
