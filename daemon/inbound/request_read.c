#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "inbound/request.h"

#define BIT(method) (1u << (method))
#define ALL	    (BIT(REQUEST_METHODS) - 1)
#define OFFICERS    (ALL & ~BIT(REQUEST_STATUS)) /* they carry an officer's word */
#define UCR	    (OFFICERS & ~BIT(REQUEST_ACK))
#define AT(member)  offsetof(struct request, member), sizeof(((struct request *)0)->member)

static const char *const method_names[REQUEST_METHODS] = {
	[REQUEST_PRESENT] = "present",	 [REQUEST_ACK] = "ack",
	[REQUEST_RESEAL] = "reseal",	 [REQUEST_CONTROL] = "control",
	[REQUEST_RELEASE] = "release",	 [REQUEST_REDIRECT] = "redirect",
	[REQUEST_INCIDENT] = "incident", [REQUEST_STATUS] = "status",
};

static const struct member {
	const char *name;
	size_t offset, size;
	unsigned methods; /* that may have it: bits */
	unsigned required; /* that must have it */
} members[] = {
	{"id", AT(id), ALL, OFFICERS},
	{"officer", AT(officer), OFFICERS, OFFICERS},
	{"reason", AT(reason), OFFICERS, OFFICERS},
	{"lane", AT(lane), BIT(REQUEST_PRESENT), BIT(REQUEST_PRESENT)},
	{"ucr", AT(ucr), UCR, UCR & ~BIT(REQUEST_RESEAL)},
	{"resource", AT(resource), BIT(REQUEST_ACK), BIT(REQUEST_ACK)},
	{"type", AT(type), BIT(REQUEST_ACK), BIT(REQUEST_ACK)},
	{"old_seal", AT(old_seal), BIT(REQUEST_RESEAL), BIT(REQUEST_RESEAL)},
	{"new_seal", AT(new_seal), BIT(REQUEST_RESEAL), BIT(REQUEST_RESEAL)},
	{"authority", AT(authority), BIT(REQUEST_RESEAL), BIT(REQUEST_RESEAL)},
	{"step", AT(step), BIT(REQUEST_CONTROL), BIT(REQUEST_CONTROL)},
	{"result", AT(result), BIT(REQUEST_CONTROL), 0},
	{"to", AT(to), BIT(REQUEST_REDIRECT), BIT(REQUEST_REDIRECT)},
	{"code", AT(code), BIT(REQUEST_INCIDENT), BIT(REQUEST_INCIDENT)},
	{"endorsement", AT(endorsement), BIT(REQUEST_INCIDENT), BIT(REQUEST_INCIDENT)},
};

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

static int refuse(char error[REQUEST_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(char error[REQUEST_ERROR_BYTES], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, REQUEST_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int take_text(const struct member *member, json_t *value, struct request *request,
		     char error[REQUEST_ERROR_BYTES])
{
	const char *text = json_string_value(value);
	char *to = (char *)request + member->offset;

	if (!text)
		return refuse(error, "\"%s\" is no text", member->name);
	if (!*text)
		return refuse(error, "\"%s\" is empty", member->name);
	if (strlen(text) >= member->size)
		return refuse(error, "\"%s\" has %zu bytes, the most is %zu", member->name,
			      strlen(text), member->size - 1);
	if (!utf8_is_printable(text))
		return refuse(error, "\"%s\" has control characters", member->name);
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

static bool is_known(const char *name, enum request_method method)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].name, name) == 0)
			return members[i].methods & BIT(method);
	return strcmp(name, "schema") == 0;
}

/* A misspelt member is refused, not ignored. */
static int check_names(json_t *object, enum request_method method, char error[REQUEST_ERROR_BYTES])
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value)
		if (!is_known(name, method))
			return refuse(error, "\"%.40s\" is no member of a request \"%s\"",
				      utf8_is_printable(name) ? name : "?", method_names[method]);
	value = json_object_get(object, "schema");
	if (value &&
	    (!json_is_string(value) || strcmp(json_string_value(value), REQUEST_SCHEMA) != 0))
		return refuse(error, "\"schema\" is not " REQUEST_SCHEMA);
	return 0;
}

/* An examination begins, or it has ended and has a result. */
static int check_step(const struct request *request, char error[REQUEST_ERROR_BYTES])
{
	bool ends = strcmp(request->step, "end") == 0;

	if (request->method != REQUEST_CONTROL)
		return 0;
	if (!ends && strcmp(request->step, "begin") != 0)
		return refuse(error, "\"step\" is neither \"begin\" nor \"end\"");
	if (ends && !request->result[0])
		return refuse(error, "\"result\" is missing");
	if (!ends && request->result[0])
		return refuse(error, "\"result\" is known when it ends only");
	return 0;
}

static int take_members(json_t *object, struct request *request, char error[REQUEST_ERROR_BYTES])
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(members) / sizeof(members[0]); i++) {
		const struct member *member = &members[i];
		json_t *value = json_object_get(object, member->name);

		if (value && (member->methods & BIT(request->method)))
			err = take_text(member, value, request, error);
		else if (member->required & BIT(request->method))
			err = refuse(error, "\"%s\" is missing", member->name);
	}
	if (err == 0)
		err = check_names(object, request->method, error);
	return err == 0 ? check_step(request, error) : err;
}

int request_read(enum request_method method, const char *payload, size_t bytes,
		 struct request *ret_request, char ret_error[REQUEST_ERROR_BYTES])
{
	json_error_t json_error;
	json_t *object;
	int err;

	memset(ret_request, 0, sizeof(*ret_request));
	ret_request->method = method;
	if (bytes > REQUEST_BYTES)
		return refuse(ret_error, "longer than %d bytes", REQUEST_BYTES);
	object = json_loadb(payload, bytes, JSON_REJECT_DUPLICATES, &json_error);
	if (!object)
		return refuse(ret_error, "no JSON, or not in UTF-8 (at byte %d)",
			      json_error.position);
	if (json_is_object(object))
		err = take_members(object, ret_request, ret_error);
	else
		err = refuse(ret_error, "no JSON object");
	json_decref(object);
	return err;
}

bool request_is_same(const struct request *a, const struct request *b)
{
	bool same = a->method == b->method;

	for (size_t i = 0; same && i < sizeof(members) / sizeof(members[0]); i++) {
		size_t offset = members[i].offset;

		same = strcmp((const char *)a + offset, (const char *)b + offset) == 0;
	}
	return same;
}
