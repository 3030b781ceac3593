#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "request.h"

#define OF(method) (1u << (method))
#define ALL	   (OF(REQUEST_METHODS) - 1)
#define WORDS	   (OF(REQUEST_PRESENT) | OF(REQUEST_ACK)) /* what an officer says */
#define AT(member) offsetof(struct request, member), sizeof(((struct request *)0)->member)

static const char *const method_names[REQUEST_METHODS] = {
	[REQUEST_PRESENT] = "present",
	[REQUEST_ACK] = "ack",
	[REQUEST_STATUS] = "status",
};

static const struct member {
	const char *name;
	size_t offset, size;
	unsigned methods; /* that may have it */
	unsigned required; /* that must */
} members[] = {
	{"id", AT(id), ALL, WORDS},
	{"officer", AT(officer), WORDS, WORDS},
	{"reason", AT(reason), WORDS, WORDS},
	{"lane", AT(lane), OF(REQUEST_PRESENT), OF(REQUEST_PRESENT)},
	{"ucr", AT(ucr), OF(REQUEST_PRESENT), OF(REQUEST_PRESENT)},
	{"resource", AT(resource), OF(REQUEST_ACK), OF(REQUEST_ACK)},
	{"type", AT(type), OF(REQUEST_ACK), OF(REQUEST_ACK)},
};

const char *request_method_name(enum request_method method)
{
	return method_names[method];
}

bool request_method_by_name(const char *name, enum request_method *ret_method)
{
	enum request_method method;

	for (method = REQUEST_PRESENT; method < REQUEST_METHODS; method++)
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

/* Of UTF-8: those below a space, DEL, and U+0080 to U+009F. */
static bool has_control(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (; *at; at++)
		if (*at < 0x20 || *at == 0x7F || (*at == 0xC2 && at[1] < 0xA0))
			return true;
	return false;
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
	if (has_control(text))
		return refuse(error, "\"%s\" has control characters", member->name);
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

static bool is_known(const char *name, enum request_method method)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].name, name) == 0)
			return members[i].methods & OF(method);
	return strcmp(name, "schema") == 0;
}

/* What is misspelt is not what was meant. */
static int check_names(json_t *object, enum request_method method, char error[REQUEST_ERROR_BYTES])
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) if (!is_known(name, method)) return refuse(
		error, "\"%.40s\" is no member of a request \"%s\"", has_control(name) ? "?" : name,
		method_names[method]);
	value = json_object_get(object, "schema");
	if (value &&
	    (!json_is_string(value) || strcmp(json_string_value(value), REQUEST_SCHEMA) != 0))
		return refuse(error, "\"schema\" is not " REQUEST_SCHEMA);
	return 0;
}

static int take_members(json_t *object, struct request *request, char error[REQUEST_ERROR_BYTES])
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(members) / sizeof(members[0]); i++) {
		const struct member *member = &members[i];
		json_t *value = json_object_get(object, member->name);

		if (value && (member->methods & OF(request->method)))
			rc = take_text(member, value, request, error);
		else if (member->required & OF(request->method))
			rc = refuse(error, "\"%s\" is missing", member->name);
	}
	return rc == 0 ? check_names(object, request->method, error) : rc;
}

int request_read(enum request_method method, const char *payload, size_t bytes,
		 struct request *ret_request, char ret_error[REQUEST_ERROR_BYTES])
{
	json_error_t json_error;
	json_t *object;
	int rc;

	memset(ret_request, 0, sizeof(*ret_request));
	ret_request->method = method;
	if (bytes > REQUEST_BYTES)
		return refuse(ret_error, "longer than %d bytes", REQUEST_BYTES);
	object = json_loadb(payload, bytes, JSON_REJECT_DUPLICATES, &json_error);
	if (!object)
		return refuse(ret_error, "no JSON, or not in UTF-8 (at byte %d)",
			      json_error.position);
	if (json_is_object(object))
		rc = take_members(object, ret_request, ret_error);
	else
		rc = refuse(ret_error, "no JSON object");
	json_decref(object);
	return rc;
}

bool request_is_same(const struct request *a, const struct request *b)
{
	bool same = a->method == b->method;
	size_t i;

	for (i = 0; same && i < sizeof(members) / sizeof(members[0]); i++) {
		size_t offset = members[i].offset;

		same = strcmp((const char *)a + offset, (const char *)b + offset) == 0;
	}
	return same;
}
