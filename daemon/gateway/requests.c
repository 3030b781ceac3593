/* How requests are carried out at the gateway. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frames/topic.h"
#include "gateway/private.h"

static const struct officer_signature *signature_of(const struct request *request)
{
	return request->judged ? &request->signature : NULL;
}

static int name_consignment(struct gateway *gateway, const struct request *request, const char *by,
			    uint64_t number)
{
	const struct instant now = clock_now();
	const struct officer_word word = {
		.ucr = request->ucr,
		.officer = request->officer,
		.reason = request->reason,
		.by = by,
		.signature = signature_of(request),
		.number = number,
	};

	return transit_name_consignment(gateway->transit, request->lane, &word, &now);
}

static int acknowledge(struct gateway *gateway, const struct request *request, const char *how)
{
	const struct instant now = clock_now();
	const struct acknowledgement by = {
		.resource = request->resource,
		.type = request->type,
		.officer = request->officer,
		.reason = request->reason,
		.by = how,
		.signature = signature_of(request),
	};

	return transit_acknowledge(gateway->transit, &by, &now);
}

static enum officer_act_kind act_of(const struct request *request)
{
	switch (request->method) {
	case REQUEST_CONTROL:
		return strcmp(request->step, "begin") == 0 ? ACT_CONTROL_BEGINS : ACT_CONTROL_ENDS;
	case REQUEST_RELEASE:
		return ACT_RELEASE;
	case REQUEST_REDIRECT:
		return ACT_REDIRECT;
	case REQUEST_INCIDENT:
		return ACT_INCIDENT;
	default:
		return ACT_RESEAL;
	}
}

static int act(struct gateway *gateway, const struct request *request, const char *by,
	       const char **ret_what)
{
	const struct instant now = clock_now();
	const struct officer_act act = {
		.kind = act_of(request),
		.officer = request->officer,
		.reason = request->reason,
		.by = by,
		.signature = signature_of(request),
		.ucr = request->ucr,
		.removed = request->old_seal,
		.affixed = request->new_seal,
		.authority = request->authority,
		.result = request->result,
		.to = request->to,
		.code = request->code,
		.endorsement = request->endorsement,
		.old_vehicle = request->old_vehicle,
		.new_vehicle = request->new_vehicle,
		.old_container = request->old_container,
		.new_container = request->new_container,
	};

	return transit_act(gateway->transit, &act, &now, ret_what);
}

int gateway_carry_out(struct gateway *gateway, const struct request *request, const char *by,
		      uint64_t number, const char **ret_what)
{
	if (request->method == REQUEST_PRESENT)
		return name_consignment(gateway, request, by, number);
	if (request->method == REQUEST_ACK)
		return acknowledge(gateway, request, by);
	return act(gateway, request, by, ret_what);
}

static int carry_out(void *data, const struct request *request, uint64_t number, uint64_t *ret_mark,
		     const char **ret_what)
{
	struct gateway *gateway = data;
	int err = gateway_carry_out(gateway, request, "mqtt", number, ret_what);

	if (err == 0)
		*ret_mark = journal_mark(gateway->journal);
	return err;
}

void gateway_word_told(void *data, uint64_t number)
{
	struct gateway *gateway = data;

	if (number & CONSOLE_NUMBER)
		gateway_answer_when_durable(gateway, number & ~CONSOLE_NUMBER, NULL);
	else if (gateway->requests)
		requests_told(gateway->requests, number, journal_mark(gateway->journal));
}

static void status(void *data, struct jw *json, size_t most)
{
	struct gateway *gateway = data;
	const struct instant now = clock_now();

	health_status(&gateway->health, gateway->journal, &now, json);
	transit_status(gateway->transit, json, most);
}

static int answer(void *data, const struct uplink_answer *given)
{
	struct gateway *gateway = data;

	return uplink_answer(gateway->uplink, given);
}

/* -ENOENT: the event is not in a signed head that is at hand. */
static int find_note(struct gateway *gateway, struct journal_question *question)
{
	struct event_range *range = &question->ranges[0];

	if (!uplink_note(gateway->uplink, range->epoch, range->first, question->note,
			 &range->last) ||
	    range->first > range->last)
		return -ENOENT;
	return 0;
}

static enum journal_question_kind question_of(const struct request *request)
{
	if (request->method == REQUEST_PROOF)
		return ASK_GROWTH;
	return request->method == REQUEST_PROVE ? ASK_EVENT : ASK_REPLAY;
}

static int ask(void *data, const struct request *request, uint64_t number)
{
	struct gateway *gateway = data;
	struct journal_question question = {
		.kind = question_of(request),
		.number = number,
		.range_count = request->range_count,
		.since = request->since,
	};

	memcpy(question.asker, request->asker, sizeof(question.asker));
	memcpy(question.id, request->id, sizeof(question.id));
	memcpy(question.ranges, request->ranges, sizeof(question.ranges));
	if (question.kind == ASK_EVENT && find_note(gateway, &question) < 0)
		return -ENOENT;
	return journal_ask(gateway->journal, &question);
}

static void take_journal_answers(struct gateway *gateway)
{
	struct journal_answer answered;

	while (journal_answered(gateway->journal, &answered)) {
		const struct requests_reply reply = {
			.number = answered.number,
			.code = answered.code,
			.error = answered.error,
			.members = answered.members,
			.bytes = answered.bytes,
		};

		requests_answered(gateway->requests, &reply);
	}
}

/* Of the configuration, so they are keys and methods. */
static int note_officers(struct gateway *gateway)
{
	const struct officers_conf *conf = &gateway->config->officers;
	enum request_method method;

	if (!conf->enabled)
		return 0;
	gateway->officers = calloc(1, sizeof(*gateway->officers));
	if (!gateway->officers)
		return -ENOMEM;
	for (size_t i = 0; i < conf->keys.count; i++)
		(void)trusted_add(&gateway->officers->keys, conf->keys.item[i]);
	for (size_t i = 0; i < conf->must_sign.count; i++)
		if (request_method_by_name(conf->must_sign.item[i], &method))
			gateway->officers->required |= 1u << method;
	return 0;
}

int gateway_new_requests(struct gateway *gateway)
{
	struct requests_host host = {
		.data = gateway,
		.carry_out = carry_out,
		.status = status,
		.answer = answer,
		.ask = ask,
	};
	char prefix[PREFIX_BYTES];
	struct inlet inlet;
	int err;

	err = uplink_topic_prefix(gateway->config->uplink.topic_root, &gateway->origin, prefix);
	if (err == 0)
		err = note_officers(gateway);
	host.keys = gateway->officers;
	if (err == 0)
		err = requests_new(prefix, &gateway->origin, &host, &gateway->requests);
	if (err < 0)
		return err;
	inlet = requests_inlet(gateway->requests);
	uplink_subscribe(gateway->uplink, &inlet);
	return 0;
}

void gateway_take_requests(struct gateway *gateway)
{
	struct instant now;

	take_journal_answers(gateway);
	gateway_drain(gateway); /* readings from before come before */
	while (journal_has_room(gateway->journal) &&
	       requests_take(gateway->requests, clock_mono_ns()))
		;
	now = clock_now();
	transit_judge_pending(gateway->transit, &now);
}
