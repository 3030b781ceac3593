/* What is asked at the control socket, answered from what the main loop knows anyway. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/private.h"

#define LOG_TOKEN "control"
#include "base/log.h"

#define BUS_BYTES  640 /* of one, at most */
#define READ_BYTES 2048 /* of the members of an answer */
#define MOST	   (CONTROL_ANSWER_BYTES - 64) /* less what may follow a list */

static int answer_status(struct gateway *gateway, struct jw *json)
{
	const struct instant now = clock_now();
	const struct health_view view = gateway_view(gateway);
	const struct config *config = gateway->config;

	jw_text(json, "checkpoint", config->checkpoint.id);
	jw_text(json, "gateway", config->gateway.id);
	health_status(&gateway->health, gateway->journal, &now, json);
	health_status_more(&view, &now, json);
	jw_uint(json, "devices", config->device_count);
	jw_uint(json, "points", config->point_count);
	jw_bool(json, "capture_waits", gateway->paused);
	gateway_reload_status(gateway, json);
	maintenance_status(gateway, json);
	scan_status(gateway, json);
	transit_status(gateway->transit, json, MOST);
	return 0;
}

static int answer_metrics(struct gateway *gateway, struct jw *json)
{
	const struct instant now = clock_now();
	const struct health_view view = gateway_view(gateway);
	size_t bytes = health_metrics(&gateway->health, &view, &now, gateway->metrics,
				      gateway->metrics_bytes);

	jw_members(json, gateway->metrics, bytes);
	return 0;
}

static void put_bus(struct gateway *gateway, size_t i, struct jw *json)
{
	const struct bus_conf *conf = &gateway->config->buses[i];
	const struct bus_counters counters = bus_counters(gateway->buses[i]);
	char place[128] = "";

	if (conf->driver->place)
		(void)conf->driver->place(conf->driver_conf, place, sizeof(place));
	jw_open(json, NULL);
	jw_text(json, "name", conf->name);
	jw_text(json, "driver", conf->driver->name);
	if (place[0])
		jw_text(json, "place", place);
	jw_bool(json, "open", counters.open);
	jw_uint(json, "devices", conf->device_count);
	jw_uint(json, "devices_down", counters.devices_down);
	jw_uint(json, "polls", counters.polls);
	jw_uint(json, "failures", counters.failures);
	jw_uint(json, "skipped", counters.skipped);
	jw_uint(json, "reopened", counters.reopened);
	jw_close(json);
}

static size_t look_at_buses(struct gateway *gateway, size_t from, struct jw *json)
{
	jw_open_array(json, "buses");
	for (; from < gateway->bus_count && json->bytes + BUS_BYTES <= MOST; from++)
		put_bus(gateway, from, json);
	jw_close_array(json);
	return from < gateway->bus_count ? from : 0;
}

static size_t look(struct gateway *gateway, const struct control_question *question,
		   struct jw *json)
{
	const struct instant now = clock_now();
	const char *of = question->of[0] ? question->of : NULL;

	switch (question->method) {
	case CONTROL_BUSES:
		return look_at_buses(gateway, question->from, json);
	case CONTROL_READINGS:
		return gateway_record_begin(gateway, question->from, json, MOST);
	case CONTROL_DEVICES:
		return transit_look_at_devices(gateway->transit, question->from, json, MOST, &now);
	case CONTROL_SENSORS:
		return transit_look_at_sensors(gateway->transit, of, question->from, json, MOST,
					       &now);
	default:
		return transit_look_at_points(gateway->transit, of, question->from, json, MOST,
					      &now);
	}
}

/* A list that is longer than an answer comes in pieces. */
static int answer_list(struct gateway *gateway, const struct control_question *question,
		       struct jw *json)
{
	size_t next = look(gateway, question, json);

	if (next > 0)
		jw_uint(json, "next", next);
	return 0;
}

/* ---- a device is read ------------------------------------------------------------------ */

static int refuse(struct control_refusal *refusal, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct control_refusal *refusal, const char *code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(refusal->error, sizeof(refusal->error), format, arguments);
	va_end(arguments);
	refusal->code = code;
	return -EINVAL;
}

/* false: there is no such device. */
static bool find_device(const struct config *config, const char *name, size_t *ret_bus,
			size_t *ret_device)
{
	for (size_t i = 0; i < config->bus_count; i++)
		for (size_t k = 0; k < config->buses[i].device_count; k++) {
			size_t device = config->buses[i].devices[k];

			if (strcmp(config->devices[device].name, name) != 0)
				continue;
			*ret_bus = i;
			*ret_device = k;
			return true;
		}
	return false;
}

static int ask_bus(struct gateway *gateway, const struct control_question *asked, uint64_t number,
		   struct control_refusal *ret_refusal)
{
	struct bus_question question = {
		.number = number,
		.wake_fd = gateway->answers_fd,
		.peek = {.address = asked->address, .count = asked->count},
	};
	size_t bus;
	int err;

	if (!find_device(gateway->config, asked->of, &bus, &question.device))
		return refuse(ret_refusal, "no_device", "there is no device \"%s\"", asked->of);
	if (strlen(asked->table) >= sizeof(question.peek.table))
		return refuse(ret_refusal, "bad_request", "there is no such table");
	memcpy(question.peek.table, asked->table, strlen(asked->table) + 1);
	err = bus_ask(gateway->buses[bus], &question);
	if (err == -EBUSY)
		return refuse(ret_refusal, "busy", "another question is on its way there");
	if (err < 0)
		return refuse(ret_refusal, "not_readable",
			      "a device of this kind is not asked, see its points");
	return -EINPROGRESS;
}

static void put_values(const struct gateway *gateway, size_t bus, const struct bus_question *answer,
		       struct jw *json)
{
	const struct config *config = gateway->config;
	size_t device = config->buses[bus].devices[answer->device];

	jw_text(json, "device", config->devices[device].name);
	jw_text(json, "table", answer->peek.table);
	jw_uint(json, "address", answer->peek.address);
	jw_int(json, "took_us", answer->took_ns / NS_PER_US);
	jw_open_array(json, "registers");
	for (size_t i = 0; i < answer->peek.count; i++)
		jw_uint(json, NULL, answer->peek.values[i]);
	jw_close_array(json);
}

static void give_answer(struct gateway *gateway, size_t bus, const struct bus_question *answer)
{
	struct control_refusal refusal = {.code = "bad_request"};
	char members[READ_BYTES];
	struct jw json;

	jw_start(&json, members, sizeof(members));
	if (answer->err == 0) {
		put_values(gateway, bus, answer, &json);
		control_answer(gateway->control, answer->number, members, json.bytes, NULL,
			       clock_mono_ns());
		return;
	}
	if (answer->err != -EINVAL)
		refusal.code = "no_answer";
	snprintf(refusal.error, sizeof(refusal.error), "%.*s", (int)sizeof(refusal.error) - 1,
		 answer->peek.why);
	control_answer(gateway->control, answer->number, NULL, 0, &refusal, clock_mono_ns());
}

void gateway_take_bus_answers(struct gateway *gateway)
{
	struct bus_question answer;

	for (size_t i = 0; i < gateway->bus_count; i++)
		if (bus_answered(gateway->buses[i], &answer))
			give_answer(gateway, i, &answer);
}

/* ---- an officer's word ----------------------------------------------------------------- */

/* The request that it is when it comes by MQTT, with the name of who asks. */
static int read_word(const struct control_question *question, const struct control_peer *by,
		     struct request *ret_request, struct control_refusal *ret_refusal)
{
	enum request_method method = REQUEST_METHODS;
	char officer[ACCOUNT_NAME_BYTES], text[REQUEST_BYTES], error[REQUEST_ERROR_BYTES];
	struct jw json;

	(void)request_method_by_name(control_method_name(question->method), &method);
	account_user_name(by->uid, officer);
	jw_start(&json, text, sizeof(text));
	jw_open(&json, NULL);
	jw_text(&json, "id", "control");
	jw_text(&json, "officer", officer);
	if (question->word[1] != '}') /* it is an object of the reader, and not empty */
		jw_members(&json, question->word + 1, strlen(question->word) - 2);
	jw_close(&json);
	if (!jw_ok(&json))
		return refuse(ret_refusal, "bad_request", "too long");
	if (request_read(method, text, json.bytes, ret_request, error) < 0)
		return refuse(ret_refusal, "bad_request", "%s", error);
	if (ret_request->noted)
		return refuse(ret_refusal, "bad_request", "\"note\" is for requests over MQTT");
	return 0;
}

/* Answered when its event is durable. */
static int carry_out(struct gateway *gateway, const struct control_question *question,
		     uint64_t number, const struct control_peer *by,
		     struct control_refusal *ret_refusal)
{
	struct request_outcome outcome;
	struct request request;
	const char *what = "";
	struct instant now;
	int err;

	if (!gateway_may_wait(gateway) || !journal_has_room(gateway->journal))
		return refuse(ret_refusal, "busy", "the journal has no room, try again later");
	if (read_word(question, by, &request, ret_refusal) < 0)
		return -EINVAL;
	gateway_drain(gateway); /* readings from before come before */
	err = gateway_carry_out(gateway, &request, "control", number | CONSOLE_NUMBER, &what);
	now = clock_now();
	transit_judge_pending(gateway->transit, &now);
	if (err == 0)
		gateway_answer_when_durable(gateway, number, NULL);
	if (err == 0 || err == -EINPROGRESS)
		return -EINPROGRESS;
	outcome = request_judge(&request, what, err);
	return refuse(ret_refusal, outcome.code, "%s", outcome.error);
}

/* ---- events of the past ---------------------------------------------------------------- */

/* false: there is no such class. */
static bool read_class(const char *name, unsigned *ret_classes)
{
	*ret_classes = 0;
	for (enum event_class class = CLASS_TELEMETRY; class <= CLASS_EVIDENCE; class ++)
		if (strcmp(event_class_name(class), name) == 0)
			*ret_classes = 1U << class;
	return !name[0] || *ret_classes;
}

static int ask_journal(struct gateway *gateway, const struct control_question *asked,
		       uint64_t number, struct control_refusal *ret_refusal)
{
	struct journal_query query = {.number = number,
				      .last = asked->last,
				      .since_s = asked->since,
				      .most = asked->most};
	char *end;

	query.after = strtoull(asked->after, &end, 10);
	if (*end || !read_class(asked->class, &query.classes))
		return refuse(ret_refusal, "bad_request", "there is no such \"%s\"",
			      *end ? "after" : "class");
	memcpy(query.type, asked->type, sizeof(query.type));
	if (journal_ask_page(gateway->journal, &query) < 0)
		return refuse(ret_refusal, "busy", "other events are being read");
	return -EINPROGRESS;
}

static void put_page(const struct journal_page *page, struct jw *json)
{
	char next[24];

	jw_open_array(json, "events");
	jw_members(json, page->text, page->bytes);
	jw_close_array(json);
	if (page->next == 0)
		return;
	snprintf(next, sizeof(next), "%llu", (unsigned long long)page->next);
	jw_text(json, "next", next);
}

void gateway_take_page(struct gateway *gateway)
{
	const struct control_refusal refusal = {.code = "failed",
						.error = "the journal cannot be read"};
	struct journal_page *page = journal_take_page(gateway->journal);
	char *members = page && page->err == 0 ? malloc(CONTROL_ANSWER_BYTES) : NULL;
	struct jw json = {0};

	if (!page)
		return;
	if (members) {
		jw_start(&json, members, CONTROL_ANSWER_BYTES);
		put_page(page, &json);
	}
	control_answer(gateway->control, page->query.number, members, json.bytes,
		       members ? NULL : &refusal, clock_mono_ns());
	free(members);
	free(page);
}

/* ---- the registry ---------------------------------------------------------------------- */

static int ask_registry(struct gateway *gateway, const struct control_question *asked,
			uint64_t number, struct control_refusal *ret_refusal)
{
	int err;

	if (!gateway->registry)
		return refuse(ret_refusal, "no_registry",
			      "the configuration has no block \"registry\"");
	err = registry_ask_look(gateway->registry, asked->kind, asked->key, number);
	if (err < 0)
		return refuse(ret_refusal, "busy", "another question is on its way there");
	return -EINPROGRESS;
}

void gateway_take_look(struct gateway *gateway)
{
	struct control_refusal refusal = {.code = "failed"};
	struct registry_look *look = registry_take_look(gateway->registry);

	if (!look)
		return;
	if (look->err == -EINVAL)
		(void)refuse(&refusal, "bad_request",
			     "that is no key of a kind \"%s\"; "
			     "there are consignment, aeo, mra and group",
			     look->kind);
	else if (look->err == -ENOENT)
		(void)refuse(&refusal, "no_record", "there is no %s \"%.100s\"", look->kind,
			     look->key);
	else if (look->err < 0)
		(void)refuse(&refusal, "failed", "the registry cannot be read: %s",
			     strerror(-look->err));
	if (gateway->control)
		control_answer(gateway->control, look->number, look->err < 0 ? NULL : look->members,
			       look->bytes, look->err < 0 ? &refusal : NULL, clock_mono_ns());
	free(look);
}

/* ---- the configuration ----------------------------------------------------------------- */

static int reload(struct gateway *gateway, uint64_t number, const struct control_peer *by,
		  struct control_refusal *ret_refusal)
{
	char user[ACCOUNT_NAME_BYTES];
	int err;

	account_user_name(by->uid, user);
	err = gateway_begin_reload(gateway, user, number);
	if (err == -EBUSY)
		return refuse(ret_refusal, "busy", "a reload goes on already");
	if (err < 0)
		return refuse(ret_refusal, "failed", "out of memory or threads");
	return -EINPROGRESS;
}

/* ---- maintenance ------------------------------------------------------------------------ */

static int maintain(struct gateway *gateway, const struct control_question *asked, uint64_t number,
		    const struct control_peer *by, struct control_refusal *ret_refusal)
{
	char officer[ACCOUNT_NAME_BYTES];
	const char *why = "\"step\" is neither \"begin\" nor \"end\"";

	if (!gateway_may_wait(gateway) || !journal_has_room(gateway->journal))
		return refuse(ret_refusal, "busy", "the journal has no room, try again later");
	account_user_name(by->uid, officer);
	if (strcmp(asked->step, "begin") == 0)
		why = maintenance_begin(gateway, asked, officer);
	else if (strcmp(asked->step, "end") == 0)
		why = maintenance_end(gateway, officer, asked->reason);
	if (why)
		return refuse(ret_refusal, "bad_request", "%s", why);
	gateway_answer_when_durable(gateway, number, NULL);
	return -EINPROGRESS;
}

/* ---- a line is lent -------------------------------------------------------------------- */

static int lend(struct gateway *gateway, const struct control_question *asked, uint64_t number,
		const struct control_peer *by, struct control_refusal *ret_refusal)
{
	char officer[ACCOUNT_NAME_BYTES];
	const char *why = "\"step\" is none of \"begin\", \"on\" and \"end\"";

	if (!gateway_may_wait(gateway) || !journal_has_room(gateway->journal))
		return refuse(ret_refusal, "busy", "the journal has no room, try again later");
	account_user_name(by->uid, officer);
	if (strcmp(asked->step, "begin") == 0)
		why = scan_begin(gateway, asked->of, officer);
	else if (strcmp(asked->step, "on") == 0)
		why = scan_go_on(gateway);
	else if (strcmp(asked->step, "end") == 0)
		why = scan_end(gateway, "it is done");
	if (why)
		return refuse(ret_refusal, "bad_request", "%s", why);
	gateway_answer_when_durable(gateway, number, NULL);
	return -EINPROGRESS;
}

/* ---- all questions --------------------------------------------------------------------- */

static int answer(void *data, const struct control_question *question, uint64_t number,
		  const struct control_peer *by, struct jw *json,
		  struct control_refusal *ret_refusal)
{
	struct gateway *gateway = data;

	switch (question->method) {
	case CONTROL_STATUS:
		return answer_status(gateway, json);
	case CONTROL_METRICS:
		return answer_metrics(gateway, json);
	case CONTROL_BUSES:
	case CONTROL_DEVICES:
	case CONTROL_POINTS:
	case CONTROL_SENSORS:
	case CONTROL_READINGS:
		return answer_list(gateway, question, json);
	case CONTROL_READ:
		return ask_bus(gateway, question, number, ret_refusal);
	case CONTROL_EVENTS:
		return ask_journal(gateway, question, number, ret_refusal);
	case CONTROL_REGISTRY:
	case CONTROL_RECORD:
		return ask_registry(gateway, question, number, ret_refusal);
	case CONTROL_MAINTENANCE:
		return maintain(gateway, question, number, by, ret_refusal);
	case CONTROL_SCAN:
		return lend(gateway, question, number, by, ret_refusal);
	case CONTROL_RELOAD:
		return reload(gateway, number, by, ret_refusal);
	case CONTROL_ACK:
	case CONTROL_PRESENT:
	case CONTROL_RESEAL:
	case CONTROL_CONTROL:
	case CONTROL_RELEASE:
	case CONTROL_REDIRECT:
	case CONTROL_INCIDENT:
		return carry_out(gateway, question, number, by, ret_refusal);
	default:
		return refuse(ret_refusal, "bad_request", "there is no such method");
	}
}

static int open_console(struct gateway *gateway, gid_t changers)
{
	const struct control_host host = {.data = gateway, .answer = answer};

	gateway->answers_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (gateway->answers_fd < 0)
		return -errno;
	return control_new(gateway->config->gateway.control, changers, &host, &gateway->control);
}

void gateway_open_console(struct gateway *gateway)
{
	const struct gateway_conf *conf = &gateway->config->gateway;
	gid_t changers = account_group(conf->control_group);
	int err = open_console(gateway, changers);

	if (conf->control_group && changers == ACCOUNT_NO_GROUP)
		log_warnx("control_group \"%s\" is no group of /etc/group: only root may change "
			  "something",
			  conf->control_group);
	if (err == -EADDRINUSE)
		log_warnx("\"%s\" is another daemon's: corridorctl does not reach this one; give "
			  "each its own, by gateway { control }",
			  conf->control);
	else if (err ==
		 -ENOENT) /* started by hand: what the service's folder is for is not there */
		log_info("\"%s\": there is no such folder, so corridorctl does not reach this "
			 "daemon",
			 conf->control);
	else if (err < 0)
		log_warn(err, "\"%s\" cannot be opened, corridorctl does not reach this daemon",
			 conf->control);
}

void gateway_close_console(struct gateway *gateway)
{
	control_free(gateway->control);
	if (gateway->answers_fd >= 0)
		close(gateway->answers_fd);
}
