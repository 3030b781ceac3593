#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/members.h"
#include "inbound/request.h"

#define BIT(method) (1u << (method))
#define ALL	    (BIT(REQUEST_METHODS) - 1)
#define REPLAY	    BIT(REQUEST_REPLAY)
#define PROOFS	    (BIT(REQUEST_PROOF) | BIT(REQUEST_PROVE))
#define OFFICERS    (ALL & ~BIT(REQUEST_STATUS) & ~REPLAY & ~PROOFS) /* they carry an officer's word */
#define UCR	    (OFFICERS & ~BIT(REQUEST_ACK))
#define TEXT(member) \
	MEMBER_TEXT, offsetof(struct request, member), sizeof(((struct request *)0)->member)
#define OTHER MEMBER_OTHER, 0, 0

static const char *const method_names[REQUEST_METHODS] = {
	[REQUEST_PRESENT] = "present",	 [REQUEST_ACK] = "ack",
	[REQUEST_RESEAL] = "reseal",	 [REQUEST_CONTROL] = "control",
	[REQUEST_RELEASE] = "release",	 [REQUEST_REDIRECT] = "redirect",
	[REQUEST_INCIDENT] = "incident", [REQUEST_REPLAY] = "replay",
	[REQUEST_PROOF] = "proof",	 [REQUEST_PROVE] = "prove",
	[REQUEST_STATUS] = "status",
};

static const struct member members[] = {
	{"id", TEXT(id), ALL, OFFICERS | REPLAY | PROOFS, 0, 0},
	{"officer", TEXT(officer), OFFICERS, OFFICERS, 0, 0},
	{"reason", TEXT(reason), OFFICERS, OFFICERS, 0, 0},
	{"lane", TEXT(lane), BIT(REQUEST_PRESENT), BIT(REQUEST_PRESENT), 0, 0},
	{"ucr", TEXT(ucr), UCR, UCR & ~BIT(REQUEST_RESEAL), 0, 0},
	{"resource", TEXT(resource), BIT(REQUEST_ACK), BIT(REQUEST_ACK), 0, 0},
	{"type", TEXT(type), BIT(REQUEST_ACK), BIT(REQUEST_ACK), 0, 0},
	{"old_seal", TEXT(old_seal), BIT(REQUEST_RESEAL), BIT(REQUEST_RESEAL), 0, 0},
	{"new_seal", TEXT(new_seal), BIT(REQUEST_RESEAL), BIT(REQUEST_RESEAL), 0, 0},
	{"authority", TEXT(authority), BIT(REQUEST_RESEAL), BIT(REQUEST_RESEAL), 0, 0},
	{"step", TEXT(step), BIT(REQUEST_CONTROL), BIT(REQUEST_CONTROL), 0, 0},
	{"result", TEXT(result), BIT(REQUEST_CONTROL), 0, 0, 0},
	{"to", TEXT(to), BIT(REQUEST_REDIRECT), BIT(REQUEST_REDIRECT), 0, 0},
	{"code", TEXT(code), BIT(REQUEST_INCIDENT), BIT(REQUEST_INCIDENT), 0, 0},
	{"endorsement", TEXT(endorsement), BIT(REQUEST_INCIDENT), BIT(REQUEST_INCIDENT), 0, 0},
	{"old_vehicle", TEXT(old_vehicle), BIT(REQUEST_INCIDENT), 0, 0, 0},
	{"new_vehicle", TEXT(new_vehicle), BIT(REQUEST_INCIDENT), 0, 0, 0},
	{"old_container", TEXT(old_container), BIT(REQUEST_INCIDENT), 0, 0, 0},
	{"new_container", TEXT(new_container), BIT(REQUEST_INCIDENT), 0, 0, 0},
	{"asker", TEXT(asker), REPLAY, REPLAY, 0, 0},
	{"schema", OTHER, ALL, 0, 0, 0},
	{"note", OTHER, ALL, 0, 0, 0},
	{"ranges", OTHER, REPLAY, 0, 0, 0},
	{"since", OTHER, REPLAY, 0, 0, 0},
	{"epoch", OTHER, PROOFS, 0, 0, 0},
	{"seq", OTHER, BIT(REQUEST_PROVE), 0, 0, 0},
	{"old", OTHER, BIT(REQUEST_PROOF), 0, 0, 0},
	{"new", OTHER, BIT(REQUEST_PROOF), 0, 0, 0},
};

static const struct member_table table = {
	.of = "request", .members = members, .count = sizeof(members) / sizeof(members[0])};

const char *request_method_name(enum request_method method)
{
	return method_names[method];
}

bool request_method_by_name(const char *name, enum request_method *ret_method)
{
	for (enum request_method method = REQUEST_PRESENT; method < REQUEST_METHODS; method++)
		if (strcmp(method_names[method], name) == 0) {
			*ret_method = method;
			return true;
		}
	return false;
}

static int check_schema(json_t *object, char error[MEMBERS_ERROR_BYTES])
{
	json_t *value = json_object_get(object, "schema");

	if (value &&
	    (!json_is_string(value) || strcmp(json_string_value(value), REQUEST_SCHEMA) != 0))
		return members_refuse(error, "\"schema\" is not " REQUEST_SCHEMA);
	return 0;
}

/* An examination begins, or it has ended and has a result. */
static int check_step(const struct request *request, char error[MEMBERS_ERROR_BYTES])
{
	bool ends = strcmp(request->step, "end") == 0;

	if (request->method != REQUEST_CONTROL)
		return 0;
	if (!ends && strcmp(request->step, "begin") != 0)
		return members_refuse(error, "\"step\" is neither \"begin\" nor \"end\"");
	if (ends && !request->result[0])
		return members_refuse(error, "\"result\" is missing");
	if (!ends && request->result[0])
		return members_refuse(error, "\"result\" is known when it ends only");
	return 0;
}

/* ---- what is asked for once more -------------------------------------------------------- */

#define SEQ_MAX ((json_int_t)1 << 40)

static bool take_epoch(json_t *value, char epoch[EVENT_EPOCH_BYTES])
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != EVENT_EPOCH_BYTES - 1 ||
	    strspn(text, "0123456789abcdef") != EVENT_EPOCH_BYTES - 1)
		return false;
	memcpy(epoch, text, EVENT_EPOCH_BYTES);
	return true;
}

static bool take_seq(json_t *value, json_int_t least, uint64_t *ret_seq)
{
	json_int_t seq = json_integer_value(value);

	if (!json_is_integer(value) || seq < least || seq >= SEQ_MAX)
		return false;
	*ret_seq = (uint64_t)seq;
	return true;
}

static int take_range(json_t *value, struct request *request, char error[MEMBERS_ERROR_BYTES])
{
	struct event_range *range = &request->ranges[request->range_count];

	if (json_object_size(value) != 3 ||
	    !take_epoch(json_object_get(value, "epoch"), range->epoch) ||
	    !take_seq(json_object_get(value, "first"), 1, &range->first) ||
	    !take_seq(json_object_get(value, "last"), (json_int_t)range->first, &range->last))
		return members_refuse(error,
				      "a range is \"epoch\" (16 hex digits), \"first\" from 1 on, "
				      "\"last\" not before it");
	request->range_count++;
	return 0;
}

static int take_since(json_t *value, struct request *request, char error[MEMBERS_ERROR_BYTES])
{
	struct event_range *range = &request->ranges[0];

	if (json_object_size(value) != 2 ||
	    !take_epoch(json_object_get(value, "epoch"), range->epoch) ||
	    !take_seq(json_object_get(value, "seq"), 0, &range->first))
		return members_refuse(
			error, "\"since\" is \"epoch\" (16 hex digits) and \"seq\" from 0 on");
	range->first++;
	range->last = range->first;
	request->range_count = 1;
	request->since = true;
	return 0;
}

/* It becomes a level of a topic: letters, digits, "-" and "_". */
static bool is_asker(const char *asker)
{
	for (; *asker; asker++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
			    *asker))
			return false;
	return true;
}

static int take_replay(json_t *object, struct request *request, char error[MEMBERS_ERROR_BYTES])
{
	json_t *ranges = json_object_get(object, "ranges");
	json_t *since = json_object_get(object, "since");
	int err = 0;

	if (!is_asker(request->asker))
		return members_refuse(error,
				      "\"asker\" is a level of a topic: letters, digits, - and _");
	if (!ranges == !since)
		return members_refuse(error, "either \"ranges\" or \"since\" is wanted");
	if (since)
		return take_since(since, request, error);
	if (json_array_size(ranges) < 1 || json_array_size(ranges) > EVENT_RANGES)
		return members_refuse(error, "\"ranges\" is a list of 1 to %d", EVENT_RANGES);
	for (size_t i = 0; err == 0 && i < json_array_size(ranges); i++)
		err = take_range(json_array_get(ranges, i), request, error);
	return err;
}

static int take_proof(json_t *object, struct request *request, char error[MEMBERS_ERROR_BYTES])
{
	const bool one = request->method == REQUEST_PROVE;
	struct event_range *range = &request->ranges[0];
	json_t *first = json_object_get(object, one ? "seq" : "old");
	json_t *last = one ? first : json_object_get(object, "new");

	request->range_count = 1;
	if (!take_epoch(json_object_get(object, "epoch"), range->epoch) ||
	    !take_seq(first, 1, &range->first) ||
	    !take_seq(last, (json_int_t)range->first, &range->last))
		return members_refuse(error, "wanted are \"epoch\" (16 hex digits) and %s",
				      one ? "\"seq\" from 1 on"
					  : "\"old\" from 1 on, \"new\" not below it");
	return 0;
}

/* ---- a request -------------------------------------------------------------------------- */

static int take_members(json_t *object, struct request *request, char error[MEMBERS_ERROR_BYTES])
{
	const unsigned method = BIT(request->method);
	int err = members_take(&table, method, object, request, error);

	if (err == 0)
		err = members_check_names(&table, method, method_names[request->method], object,
					  error);
	if (err == 0)
		err = check_schema(object, error);
	if (err == 0 && request->method == REQUEST_REPLAY)
		err = take_replay(object, request, error);
	if (err == 0 && (method & PROOFS))
		err = take_proof(object, request, error);
	return err == 0 ? check_step(request, error) : err;
}

int request_read(enum request_method method, const char *payload, size_t bytes,
		 struct request *ret_request, char ret_error[MEMBERS_ERROR_BYTES])
{
	json_error_t json_error;
	json_t *object;
	int err;

	memset(ret_request, 0, sizeof(*ret_request));
	ret_request->method = method;
	if (bytes > REQUEST_BYTES)
		return members_refuse(ret_error, "longer than %d bytes", REQUEST_BYTES);
	object = json_loadb(payload, bytes, JSON_REJECT_DUPLICATES, &json_error);
	if (!object)
		return members_refuse(ret_error, "no JSON, or not in UTF-8 (at byte %d)",
				      json_error.position);
	ret_request->noted = json_object_get(object, "note") != NULL;
	if (json_is_object(object))
		err = take_members(object, ret_request, ret_error);
	else
		err = members_refuse(ret_error, "no JSON object");
	json_decref(object);
	return err;
}

bool request_is_same(const struct request *a, const struct request *b)
{
	bool same = a->method == b->method;

	for (size_t i = 0; same && i < table.count; i++) {
		size_t offset = members[i].offset;

		if (members[i].type == MEMBER_TEXT)
			same = strcmp((const char *)a + offset, (const char *)b + offset) == 0;
	}
	return same;
}
