#include "inbound/requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log_limit.h"
#include "frames/topic.h"
#include "inbound/inbox.h"
#include "inbound/request_answer.h"
#include "transit/event/reading.h"

#define LOG_TOKEN "request"
#include "base/log.h"

#define INBOX_BYTES (32 * 1024)
#define STATUS_ROOM 256 /* of an answer, for what follows the lists */

enum pending_stage {
	PENDING_NONE, /* a free place */
	PENDING_EVENT, /* waits for the event that tells of it */
	PENDING_DURABLE, /* waits for that event to be durable */
	PENDING_ANSWERED, /* remembered, in case it comes again */
};

struct pending_request {
	enum pending_stage stage;
	uint64_t number;
	struct request request;
	struct request_address address;
	struct request_outcome outcome;
	uint64_t mark; /* of the journal, behind its event */
};

/* Asked of the journal. */
struct asked_request {
	uint64_t number; /* 0: none */
	struct request request;
	struct request_address address;
};

struct requests {
	struct requests_host host;
	const struct event_origin *origin;
	char folder[PREFIX_BYTES + 16]; /* "<prefix>response/" */
	struct inbox *inbox;
	struct pending_request pending[REQUESTS_REMEMBERED];
	struct asked_request asked[REQUESTS_ASKED];
	uint64_t last_number;
	size_t waiting;
	int64_t started_mono_ns;
	uint64_t forgotten_s; /* the latest time of a signed one that is remembered no longer */
	struct log_limit refusals;
	char response[RESPONSE_BYTES];
};

int requests_new(const char *prefix, const struct event_origin *origin,
		 const struct requests_host *host, struct requests **ret_requests)
{
	struct requests *requests = calloc(1, sizeof(*requests));
	int err;

	if (!requests)
		return -ENOMEM;
	requests->host = *host;
	requests->origin = origin;
	requests->started_mono_ns = clock_mono_ns();
	snprintf(requests->folder, sizeof(requests->folder), "%sresponse/", prefix);
	err = inbox_new(INBOX_BYTES, REQUEST_BYTES, &requests->inbox);
	if (err < 0) {
		free(requests);
		return err;
	}
	*ret_requests = requests;
	return 0;
}

void requests_free(struct requests *requests)
{
	if (!requests)
		return;
	inbox_free(requests->inbox);
	free(requests);
}

struct inlet requests_inlet(struct requests *requests)
{
	return (struct inlet){.folder = "request",
			      .most = REQUEST_BYTES,
			      .levels = "+",
			      .of_gateway = true,
			      .data = requests->inbox,
			      .take = inbox_take_in};
}

uint64_t requests_dropped(struct requests *requests)
{
	return inbox_dropped(requests->inbox);
}

int requests_fd(const struct requests *requests)
{
	return inbox_fd(requests->inbox);
}

/* ---- answers --------------------------------------------------------------------------- */

static void begin_response(struct requests *requests, struct jw *json,
			   const struct request *request)
{
	jw_start(json, requests->response, sizeof(requests->response));
	jw_open(json, NULL);
	jw_text(json, "schema", RESPONSE_SCHEMA);
	jw_text(json, "checkpoint", requests->origin->checkpoint);
	jw_text(json, "gateway", requests->origin->gateway);
	jw_text(json, "method", request_method_name(request->method));
	if (request->id[0])
		jw_text(json, "id", request->id);
}

static void send_response(struct requests *requests, struct jw *json,
			  const struct request_address *address)
{
	struct uplink_answer answer = {.topic = address->topic, .payload = requests->response};
	int err;

	jw_close(json);
	if (!jw_ok(json)) {
		log_error(0, "an answer is too long and is not given");
		return;
	}
	answer.bytes = json->bytes;
	if (address->correlated) {
		answer.correlation = address->correlation;
		answer.correlation_bytes = address->correlation_bytes;
	}
	err = requests->host.answer(requests->host.data, &answer);
	if (err < 0)
		log_debug("an answer is not given: %s", strerror(-err));
}

static void answer(struct requests *requests, const struct request *request,
		   const struct request_outcome *outcome, const struct request_address *address)
{
	struct jw json;

	begin_response(requests, &json, request);
	jw_bool(&json, "ok", !outcome->code);
	if (outcome->code) {
		jw_text(&json, "code", outcome->code);
		jw_text(&json, "error", outcome->error);
	}
	send_response(requests, &json, address);
}

static void answer_status(struct requests *requests, const struct request *request,
			  const struct request_address *address)
{
	struct jw json;

	begin_response(requests, &json, request);
	jw_bool(&json, "ok", true);
	requests->host.status(requests->host.data, &json, RESPONSE_BYTES - STATUS_ROOM);
	send_response(requests, &json, address);
}

/* ---- carrying out ---------------------------------------------------------------------- */

static struct request_outcome judge_word(const struct request *request, int err)
{
	switch (err) {
	case -ENOENT:
		return request_refusal("no_lane", "there is no lane \"%s\" with passages",
				       request->lane);
	case -ENXIO:
		return request_refusal("no_vehicle", "no vehicle is in the lane \"%s\"",
				       request->lane);
	case -EAGAIN:
		return request_refusal("busy",
				       "the word before about \"%s\" is still being looked up",
				       request->lane);
	default:
		return request_refusal("bad_request", "\"ucr\" is no number of a consignment");
	}
}

static struct request_outcome judge_acknowledgement(int err)
{
	switch (err) {
	case -ENOENT:
		return request_refusal("no_alarm", "there is no such alarm");
	case -EALREADY:
		return request_refusal("already", "the alarm was acknowledged before");
	default:
		return request_refusal("bad_request", "the acknowledgement is not complete");
	}
}

static struct request_outcome judge_act(const char *what, int err)
{
	if (err == -ENOENT)
		return request_refusal("bad_request", "the gateway is of no checkpoint");
	return request_refusal("bad_request", "\"%s\" can be none", what);
}

struct request_outcome request_judge(const struct request *request, const char *what, int err)
{
	switch (request->method) {
	case REQUEST_PRESENT:
		return judge_word(request, err);
	case REQUEST_ACK:
		return judge_acknowledgement(err);
	default:
		return judge_act(what, err);
	}
}

static struct pending_request *find(struct requests *requests, const struct request *request)
{
	for (size_t i = 0; i < REQUESTS_REMEMBERED; i++) {
		struct pending_request *pending = &requests->pending[i];

		if (pending->stage != PENDING_NONE && strcmp(pending->request.id, request->id) == 0)
			return pending;
	}
	return NULL;
}

/* The oldest that was answered; there is one, since fewer may wait than are remembered. */
static struct pending_request *place_for(struct requests *requests)
{
	struct pending_request *oldest = NULL;

	for (size_t i = 0; i < REQUESTS_REMEMBERED; i++) {
		struct pending_request *pending = &requests->pending[i];

		if (pending->stage == PENDING_NONE)
			return pending;
		if (pending->stage == PENDING_ANSWERED &&
		    (!oldest || pending->number < oldest->number))
			oldest = pending;
	}
	return oldest;
}

static void remember(struct requests *requests, const struct pending_request *pending)
{
	struct pending_request *place = place_for(requests);

	if (place->stage != PENDING_NONE && place->request.signed_s > requests->forgotten_s)
		requests->forgotten_s = place->request.signed_s;
	*place = *pending;
}

/* Whether a signed one can have been carried out before. One that is asked of the journal may be. */
static struct request_outcome judge_time(const struct requests *requests,
					 const struct request *request)
{
	const struct instant now = clock_now();
	const int64_t now_s = now.utc_ns / NS_PER_S, at_s = (int64_t)request->signed_s;
	const int64_t start_s = (now.utc_ns - (now.mono_ns - requests->started_mono_ns)) / NS_PER_S;

	if (!request->signature.by[0])
		return (struct request_outcome){0};
	if (now.clock == CLOCK_UNSYNCED)
		return request_refusal("no_clock",
				       "the clock is not set: whether it is an old one is unknown");
	if (at_s > now_s + REQUEST_AGE_S || at_s < now_s - REQUEST_AGE_S)
		return request_refusal("signature_old", "it was signed more than %d s from now",
				       REQUEST_AGE_S);
	if (request->method < REQUEST_STATUS &&
	    (at_s <= start_s || request->signed_s <= requests->forgotten_s))
		return request_refusal("signature_old", "it may have been carried out before: sign "
							"it anew");
	return (struct request_outcome){0};
}

static void answer_again(struct requests *requests, const struct pending_request *pending,
			 const struct request *request, const struct request_address *address)
{
	struct request_outcome outcome = pending->outcome;

	if (!request_is_same(&pending->request, request))
		outcome = request_refusal("id_reused", "the id was that of another request");
	else if (pending->stage != PENDING_ANSWERED)
		outcome = request_refusal("pending", "the request is still being carried out");
	answer(requests, request, &outcome, address);
}

static void carry_out(struct requests *requests, const struct request *request,
		      const struct request_address *address)
{
	struct pending_request pending = {
		.number = ++requests->last_number,
		.request = *request,
		.address = *address,
	};
	const char *what = "";
	int err = requests->host.carry_out(requests->host.data, request, pending.number,
					   &pending.mark, &what);

	if (err == 0 || err == -EINPROGRESS) {
		pending.stage = err == 0 ? PENDING_DURABLE : PENDING_EVENT;
		requests->waiting++;
	} else {
		pending.stage = PENDING_ANSWERED;
		pending.outcome = request_judge(request, what, err);
		answer(requests, request, &pending.outcome, address);
	}
	if (err != -EAGAIN) /* which may be asked for again */
		remember(requests, &pending);
}

/* ---- what the journal is asked ---------------------------------------------------------- */

static struct asked_request *find_asked(struct requests *requests, uint64_t number)
{
	for (size_t i = 0; i < REQUESTS_ASKED; i++)
		if (requests->asked[i].number == number)
			return &requests->asked[i];
	return NULL;
}

static void ask(struct requests *requests, const struct request *request,
		const struct request_address *address)
{
	struct asked_request *asked = find_asked(requests, 0);
	struct request_outcome refusal = request_refusal("busy", "too much is asked");
	const uint64_t number = requests->last_number + 1;
	int err = asked ? requests->host.ask(requests->host.data, request, number) : -EAGAIN;

	if (err == -ENOENT)
		refusal = request_refusal(
			"not_signed", "no signed head of this epoch that has the event is at hand");
	if (err < 0) {
		answer(requests, request, &refusal, address);
		return;
	}
	requests->last_number = number;
	*asked = (struct asked_request){.number = number, .request = *request, .address = *address};
}

void requests_answered(struct requests *requests, const struct requests_reply *reply)
{
	struct asked_request *asked = find_asked(requests, reply->number);
	struct request_outcome outcome = {.code = reply->code};
	struct jw json;

	if (!asked)
		return;
	if (reply->code) {
		snprintf(outcome.error, sizeof(outcome.error), "%s", reply->error);
		answer(requests, &asked->request, &outcome, &asked->address);
	} else {
		begin_response(requests, &json, &asked->request);
		jw_bool(&json, "ok", true);
		jw_members(&json, reply->members, reply->bytes);
		send_response(requests, &json, &asked->address);
	}
	asked->number = 0;
}

static void refuse(struct requests *requests, const struct request *request,
		   const struct request_outcome *outcome, const struct request_address *address)
{
	char more[LOG_LIMIT_WORDS_BYTES];

	if (log_limit_allows(&requests->refusals, clock_mono_ns(), more))
		log_warnx("\"%s\": refused: %s%s", request_method_name(request->method),
			  outcome->error, more);
	answer(requests, request, outcome, address);
}

/* ---- one request ------------------------------------------------------------------------ */

static void follow(struct requests *requests, const struct request *request,
		   const struct request_address *address)
{
	const struct pending_request *pending = NULL;
	struct request_outcome busy, old = judge_time(requests, request);

	if (request->method < REQUEST_STATUS)
		pending = find(requests, request);
	if (pending) {
		answer_again(requests, pending, request, address);
	} else if (old.code) {
		refuse(requests, request, &old, address);
	} else if (request->method == REQUEST_STATUS) {
		answer_status(requests, request, address);
	} else if (request->method >= REQUEST_REPLAY) {
		ask(requests, request, address);
	} else if (requests->waiting < REQUESTS_WAITING) {
		carry_out(requests, request, address);
	} else {
		busy = request_refusal("busy", "too many requests are being carried out");
		answer(requests, request, &busy, address);
	}
}

/* ---- hearing --------------------------------------------------------------------------- */

static struct request_outcome judge_signature(const struct requests *requests,
					      const struct inlet_message *message,
					      struct request *request)
{
	char topic[TOPIC_BYTES];

	snprintf(topic, sizeof(topic), "%s/%s/request/%s", requests->origin->checkpoint,
		 requests->origin->gateway, request_method_name(request->method));
	return request_vouched(requests->host.keys, topic, message, request);
}

static void take_known(struct requests *requests, const struct inlet_message *message,
		       enum request_method method, int64_t now_ns)
{
	const char *name = request_method_name(method);
	struct request request = {0};
	struct request_address address;
	struct request_outcome outcome =
		request_address_read(requests->folder, message, name, &address);
	char error[REQUEST_ERROR_BYTES], more[LOG_LIMIT_WORDS_BYTES];
	size_t bytes = message->cut ? REQUEST_BYTES + 1 : message->bytes;
	int err = request_read(method, message->payload, bytes, &request, error);

	if (!outcome.code && err < 0)
		outcome = request_refusal("bad_request", "%s", error);
	if (!outcome.code)
		outcome = judge_signature(requests, message, &request);
	if (!outcome.code) {
		follow(requests, &request, &address);
		return;
	}
	if (log_limit_allows(&requests->refusals, now_ns, more))
		log_warnx("\"%s\": refused: %s%s", name, outcome.error, more);
	answer(requests, &request, &outcome, &address);
}

/* One that is retained would be carried out anew with each connection. */
static void take(struct requests *requests, const struct inlet_message *message, int64_t now_ns)
{
	enum request_method method;
	char more[LOG_LIMIT_WORDS_BYTES];

	if (message->retained) {
		if (log_limit_allows(&requests->refusals, now_ns, more))
			log_warnx("a retained request is ignored, remove it from the broker%s",
				  more);
	} else if (!request_method_by_name(message->subject, &method)) {
		if (log_limit_allows(&requests->refusals, now_ns, more))
			log_warnx("ignored: there is no such method%s", more);
	} else {
		take_known(requests, message, method, now_ns);
	}
}

bool requests_take(struct requests *requests, int64_t now_ns)
{
	struct inlet_message message;

	if (!inbox_take(requests->inbox, &message))
		return false;
	take(requests, &message, now_ns);
	return true;
}

/* ---- answering ------------------------------------------------------------------------- */

void requests_told(struct requests *requests, uint64_t number, uint64_t mark)
{
	for (size_t i = 0; i < REQUESTS_REMEMBERED; i++) {
		struct pending_request *pending = &requests->pending[i];

		if (pending->stage != PENDING_EVENT || pending->number != number)
			continue;
		pending->mark = mark;
		pending->stage = PENDING_DURABLE;
	}
}

void requests_durable(struct requests *requests, uint64_t mark)
{
	for (size_t i = 0; i < REQUESTS_REMEMBERED && requests->waiting > 0; i++) {
		struct pending_request *pending = &requests->pending[i];

		if (pending->stage != PENDING_DURABLE || pending->mark > mark)
			continue;
		pending->stage = PENDING_ANSWERED;
		requests->waiting--;
		answer(requests, &pending->request, &pending->outcome, &pending->address);
	}
}
