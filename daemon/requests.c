#include "requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inbox.h"
#include "request_answer.h"
#include "transit/reading.h"
#include "uplink_topic.h"

#define LOG_TOKEN "request"
#include "log.h"

#define INBOX_BYTES (32 * 1024)
#define LINES_MAX   10 /* logged in a minute */
#define MINUTE_NS   (60 * NS_PER_S)
#define STATUS_ROOM 256 /* of an answer, for what comes after what is listed */

enum errand_stage { ERRAND_NONE, ERRAND_TO_TELL, ERRAND_TO_WRITE, ERRAND_DONE };

/* A request that was carried out, or not, and its answer. */
struct errand {
	enum errand_stage stage;
	uint64_t order;
	struct request request;
	struct request_address address;
	struct request_outcome outcome;
	uint64_t mark;
};

struct requests {
	struct requests_doors doors;
	const struct event_origin *origin;
	char folder[PREFIX_BYTES + 16]; /* "<prefix>response/" */
	struct inbox *inbox;
	struct errand errands[REQUESTS_REMEMBERED];
	uint64_t count; /* of errands so far */
	size_t waiting;
	int64_t minute_ns; /* began then */
	unsigned lines; /* logged in it */
	char response[RESPONSE_BYTES];
};

int requests_new(const char *prefix, const struct event_origin *origin,
		 const struct requests_doors *doors, struct requests **ret_requests)
{
	struct requests *requests = calloc(1, sizeof(*requests));
	int err;

	if (!requests)
		return -ENOMEM;
	requests->doors = *doors;
	requests->origin = origin;
	requests->minute_ns = INT64_MIN;
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
			      .levels = "+",
			      .of_gateway = true,
			      .data = requests->inbox,
			      .take = inbox_hear};
}

int requests_fd(const struct requests *requests)
{
	return inbox_fd(requests->inbox);
}

static bool may_log(struct requests *requests, int64_t now_ns)
{
	if (requests->minute_ns == INT64_MIN || now_ns - requests->minute_ns >= MINUTE_NS) {
		requests->minute_ns = now_ns;
		requests->lines = 0;
	}
	if (requests->lines == LINES_MAX)
		log_warnx("more are not logged in this minute");
	return requests->lines++ < LINES_MAX;
}

/* ---- answers --------------------------------------------------------------------------- */

static void begin_response(struct requests *requests, struct json *json, const char *method,
			   const char *id)
{
	json_start(json, requests->response, sizeof(requests->response));
	json_open(json, NULL);
	json_text(json, "schema", RESPONSE_SCHEMA);
	json_text(json, "checkpoint", requests->origin->checkpoint);
	json_text(json, "gateway", requests->origin->gateway);
	json_text(json, "method", method);
	if (id[0])
		json_text(json, "id", id);
}

static void send_response(struct requests *requests, struct json *json,
			  const struct request_address *address)
{
	struct uplink_answer answer = {.topic = address->topic, .payload = requests->response};
	int err;

	json_close(json);
	if (!json_ok(json)) {
		log_error(0, "an answer is too long and is not given");
		return;
	}
	answer.bytes = json->bytes;
	if (address->correlated) {
		answer.correlation = address->correlation;
		answer.correlation_bytes = address->correlation_bytes;
	}
	err = requests->doors.answer(requests->doors.data, &answer);
	if (err < 0)
		log_debug("an answer is not given: %s", strerror(-err));
}

static void answer(struct requests *requests, const char *method, const char *id,
		   const struct request_outcome *outcome, const struct request_address *address)
{
	struct json json;

	begin_response(requests, &json, method, id);
	json_bool(&json, "ok", !outcome->code);
	if (outcome->code) {
		json_text(&json, "code", outcome->code);
		json_text(&json, "error", outcome->error);
	}
	send_response(requests, &json, address);
}

static void answer_status(struct requests *requests, const struct request *request,
			  const struct request_address *address)
{
	struct json json;

	begin_response(requests, &json, request_method_name(request->method), request->id);
	json_bool(&json, "ok", true);
	requests->doors.status(requests->doors.data, &json, RESPONSE_BYTES - STATUS_ROOM);
	send_response(requests, &json, address);
}

/* ---- carrying out ---------------------------------------------------------------------- */

static struct request_outcome judge_present(const struct request *request, int rc)
{
	switch (rc) {
	case 0:
		return (struct request_outcome){0};
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

static struct request_outcome judge_ack(int rc)
{
	switch (rc) {
	case 0:
		return (struct request_outcome){0};
	case -ENOENT:
		return request_refusal("no_alarm", "there is no such alarm");
	case -EALREADY:
		return request_refusal("already", "the alarm was acknowledged before");
	default:
		return request_refusal("bad_request", "the acknowledgement is not complete");
	}
}

static struct request_outcome carry_out(struct requests *requests, const struct request *request)
{
	const struct requests_doors *doors = &requests->doors;

	if (request->method == REQUEST_PRESENT)
		return judge_present(request, doors->present(doors->data, request));
	return judge_ack(doors->acknowledge(doors->data, request));
}

static struct errand *find(struct requests *requests, const struct request *request)
{
	size_t i;

	for (i = 0; i < REQUESTS_REMEMBERED; i++) {
		struct errand *errand = &requests->errands[i];

		if (errand->stage != ERRAND_NONE && strcmp(errand->request.id, request->id) == 0)
			return errand;
	}
	return NULL;
}

/* The oldest that is done; there is one, since fewer may wait than are remembered. */
static struct errand *place_for(struct requests *requests)
{
	struct errand *oldest = NULL;
	size_t i;

	for (i = 0; i < REQUESTS_REMEMBERED; i++) {
		struct errand *errand = &requests->errands[i];

		if (errand->stage == ERRAND_NONE)
			return errand;
		if (errand->stage == ERRAND_DONE && (!oldest || errand->order < oldest->order))
			oldest = errand;
	}
	return oldest;
}

static void answer_errand(struct requests *requests, const struct errand *errand,
			  const struct request_address *address)
{
	answer(requests, request_method_name(errand->request.method), errand->request.id,
	       &errand->outcome, address);
}

static void answer_again(struct requests *requests, const struct errand *errand,
			 const struct request *request, const struct request_address *address)
{
	const char *method = request_method_name(request->method);
	struct request_outcome outcome;

	if (!request_is_same(&errand->request, request))
		outcome = request_refusal("id_reused", "the id was that of another request");
	else if (errand->stage != ERRAND_DONE)
		outcome = request_refusal("pending", "the request is still being carried out");
	else
		outcome = errand->outcome;
	answer(requests, method, request->id, &outcome, address);
}

static void begin_errand(struct requests *requests, const struct request *request,
			 const struct request_address *address)
{
	struct request_outcome outcome = carry_out(requests, request);
	struct errand *errand;

	if (outcome.code && strcmp(outcome.code, "busy") == 0) { /* may be asked for again */
		answer(requests, request_method_name(request->method), request->id, &outcome,
		       address);
		return;
	}
	errand = place_for(requests);
	*errand = (struct errand){
		.stage = outcome.code ? ERRAND_DONE : ERRAND_TO_TELL,
		.order = requests->count++,
		.request = *request,
		.address = *address,
		.outcome = outcome,
	};
	if (outcome.code)
		answer_errand(requests, errand, address);
	else
		requests->waiting++;
}

static void follow(struct requests *requests, const struct request *request,
		   const struct request_address *address)
{
	const struct errand *errand;
	struct request_outcome busy;

	if (request->method == REQUEST_STATUS) {
		answer_status(requests, request, address);
		return;
	}
	errand = find(requests, request);
	if (errand) {
		answer_again(requests, errand, request, address);
		return;
	}
	if (requests->waiting < REQUESTS_WAITING) {
		begin_errand(requests, request, address);
		return;
	}
	busy = request_refusal("busy", "too many requests are being carried out");
	answer(requests, request_method_name(request->method), request->id, &busy, address);
}

/* ---- hearing --------------------------------------------------------------------------- */

static void take_known(struct requests *requests, const struct inbox_message *message,
		       enum request_method method, int64_t now_ns)
{
	const struct heard *heard = &message->heard;
	const char *name = request_method_name(method);
	struct request request = {0};
	struct request_address address;
	struct request_outcome outcome =
		request_address_read(requests->folder, heard, name, &address);
	char error[REQUEST_ERROR_BYTES];
	size_t bytes = message->cut ? REQUEST_BYTES + 1 : heard->bytes;
	int rc = request_read(method, heard->payload, bytes, &request, error);

	if (!outcome.code && rc < 0)
		outcome = request_refusal("bad_request", "%s", error);
	if (!outcome.code) {
		follow(requests, &request, &address);
		return;
	}
	if (may_log(requests, now_ns))
		log_warnx("\"%s\": refused: %s", name, outcome.error);
	answer(requests, name, request.id, &outcome, &address);
}

/* One that is retained would be carried out anew with each connection. */
static void take(struct requests *requests, const struct inbox_message *message, int64_t now_ns)
{
	enum request_method method;

	if (message->heard.retained) {
		if (may_log(requests, now_ns))
			log_warnx("a retained request is ignored, remove it from the broker");
	} else if (!request_method_by_name(message->heard.subject, &method)) {
		if (may_log(requests, now_ns))
			log_warnx("ignored: there are the methods present, ack and status only");
	} else {
		take_known(requests, message, method, now_ns);
	}
}

void requests_take(struct requests *requests, int64_t now_ns)
{
	struct inbox_message message;

	while (requests->doors.has_room(requests->doors.data) &&
	       inbox_take(requests->inbox, &message)) {
		take(requests, &message, now_ns);
		requests_settle(requests);
	}
}

/* ---- answering ------------------------------------------------------------------------- */

static void step(struct requests *requests, struct errand *errand)
{
	const struct requests_doors *doors = &requests->doors;

	if (errand->stage == ERRAND_TO_TELL && doors->is_told(doors->data, &errand->request)) {
		errand->mark = doors->mark(doors->data);
		errand->stage = ERRAND_TO_WRITE;
	}
	if (errand->stage == ERRAND_TO_WRITE && doors->is_durable(doors->data, errand->mark)) {
		errand->stage = ERRAND_DONE;
		requests->waiting--;
		answer_errand(requests, errand, &errand->address);
	}
}

void requests_settle(struct requests *requests)
{
	size_t i;

	for (i = 0; i < REQUESTS_REMEMBERED && requests->waiting > 0; i++)
		step(requests, &requests->errands[i]);
}
