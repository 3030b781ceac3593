#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/members.h"
#include "base/utf8.h"
#include "control/question.h"

#define BIT(method) (1u << (method))
#define ALL	    (BIT(CONTROL_METHODS) - 1)
#define LISTS                                                                                     \
	(BIT(CONTROL_BUSES) | BIT(CONTROL_DEVICES) | BIT(CONTROL_POINTS) | BIT(CONTROL_SENSORS) | \
	 BIT(CONTROL_READINGS))
#define NAMED                                                             \
	(BIT(CONTROL_POINTS) | BIT(CONTROL_SENSORS) | BIT(CONTROL_READ) | \
	 BIT(CONTROL_MAINTENANCE) | BIT(CONTROL_SCAN))
#define WORDS                                                                                   \
	(BIT(CONTROL_ACK) | BIT(CONTROL_PRESENT) | BIT(CONTROL_RESEAL) | BIT(CONTROL_CONTROL) | \
	 BIT(CONTROL_RELEASE) | BIT(CONTROL_REDIRECT) | BIT(CONTROL_INCIDENT))
#define TEXT(member)                                                              \
	.type = MEMBER_TEXT, .offset = offsetof(struct control_question, member), \
	.size = sizeof(((struct control_question *)0)->member)
#define NUMBER(member) .type = MEMBER_NUMBER, .offset = offsetof(struct control_question, member)

static const struct {
	const char *name;
	bool changes;
} methods[CONTROL_METHODS] = {
	[CONTROL_STATUS] = {"status", false},
	[CONTROL_METRICS] = {"metrics", false},
	[CONTROL_BUSES] = {"buses", false},
	[CONTROL_DEVICES] = {"devices", false},
	[CONTROL_POINTS] = {"points", false},
	[CONTROL_SENSORS] = {"sensors", false},
	[CONTROL_FOLLOW] = {"follow", false},
	[CONTROL_READ] = {"read", false},
	[CONTROL_ACK] = {"ack", true},
	[CONTROL_PRESENT] = {"present", true},
	[CONTROL_RESEAL] = {"reseal", true},
	[CONTROL_CONTROL] = {"control", true},
	[CONTROL_RELEASE] = {"release", true},
	[CONTROL_REDIRECT] = {"redirect", true},
	[CONTROL_INCIDENT] = {"incident", true},
	[CONTROL_RELOAD] = {"reload", true},
	[CONTROL_EVENTS] = {"events", false},
	[CONTROL_MAINTENANCE] = {"maintenance", true},
	[CONTROL_SCAN] = {"scan", true},
	[CONTROL_REGISTRY] = {"registry", false},
	[CONTROL_READINGS] = {"readings", false},
	[CONTROL_RECORD] = {"record", false},
};

static const struct member members[] = {
	{.name = "method", .type = MEMBER_OTHER, .methods = ALL},
	{.name = "id", TEXT(id), .methods = ALL},
	{.name = "of",
	 TEXT(of),
	 .methods = NAMED,
	 .required = BIT(CONTROL_READ) | BIT(CONTROL_SCAN)},
	{.name = "from", NUMBER(from), .methods = LISTS, .max = UINT32_MAX},
	{.name = "table", TEXT(table), .methods = BIT(CONTROL_READ)},
	{.name = "address",
	 NUMBER(address),
	 .methods = BIT(CONTROL_READ),
	 .required = BIT(CONTROL_READ),
	 .max = 65536},
	{.name = "count",
	 NUMBER(count),
	 .methods = BIT(CONTROL_READ),
	 .min = 1,
	 .max = QUESTION_REGISTERS},
	{.name = "step",
	 TEXT(step),
	 .methods = BIT(CONTROL_MAINTENANCE) | BIT(CONTROL_SCAN),
	 .required = BIT(CONTROL_MAINTENANCE) | BIT(CONTROL_SCAN)},
	{.name = "reason",
	 TEXT(reason),
	 .methods = BIT(CONTROL_MAINTENANCE),
	 .required = BIT(CONTROL_MAINTENANCE)},
	{.name = "minutes",
	 NUMBER(minutes),
	 .methods = BIT(CONTROL_MAINTENANCE),
	 .min = 1,
	 .max = 100000},
	{.name = "kind",
	 TEXT(kind),
	 .methods = BIT(CONTROL_RECORD),
	 .required = BIT(CONTROL_RECORD)},
	{.name = "key", TEXT(key), .methods = BIT(CONTROL_RECORD), .required = BIT(CONTROL_RECORD)},
	{.name = "after", TEXT(after), .methods = BIT(CONTROL_EVENTS)},
	{.name = "type", TEXT(type), .methods = BIT(CONTROL_EVENTS)},
	{.name = "class", TEXT(class), .methods = BIT(CONTROL_EVENTS)},
	{.name = "last", NUMBER(last), .methods = BIT(CONTROL_EVENTS), .max = UINT32_MAX},
	{.name = "since", NUMBER(since), .methods = BIT(CONTROL_EVENTS), .max = UINT32_MAX},
	{.name = "most",
	 NUMBER(most),
	 .methods = BIT(CONTROL_EVENTS),
	 .min = 1,
	 .max = QUESTION_EVENTS},
};

static const struct member_table table = {
	.of = "question", .members = members, .count = sizeof(members) / sizeof(members[0])};

const char *control_method_name(enum control_method method)
{
	return methods[method].name;
}

bool control_method_is_word(enum control_method method)
{
	return WORDS & BIT(method);
}

bool control_method_changes(enum control_method method)
{
	return methods[method].changes;
}

static int take_method(json_t *object, struct control_question *question,
		       char error[MEMBERS_ERROR_BYTES])
{
	const char *name = json_string_value(json_object_get(object, "method"));

	if (!name)
		return members_refuse(error, "\"method\" is missing, or no text");
	for (enum control_method method = CONTROL_STATUS; method < CONTROL_METHODS; method++)
		if (strcmp(methods[method].name, name) == 0) {
			question->method = method;
			return 0;
		}
	return members_refuse(error, "there is no method \"%.40s\"",
			      utf8_is_printable(name) ? name : "?");
}

/* Who it is from is told by the kernel, not by him. What else is in it, who carries it out knows. */
static int take_word(json_t *object, struct control_question *question,
		     char error[MEMBERS_ERROR_BYTES])
{
	size_t bytes;

	if (json_object_get(object, "officer"))
		return members_refuse(error, "\"officer\" is who asks");
	json_object_del(object, "method");
	json_object_del(object, "id");
	bytes = json_dumpb(object, question->word, sizeof(question->word) - 1, JSON_COMPACT);
	if (bytes >= sizeof(question->word))
		return members_refuse(error, "longer than %zu bytes", sizeof(question->word) - 1);
	question->word[bytes] = '\0';
	return 0;
}

static int take_members(json_t *object, struct control_question *question,
			char error[MEMBERS_ERROR_BYTES])
{
	int err = take_method(object, question, error);

	if (err == 0)
		err = members_take(&table, BIT(question->method), object, question, error);
	if (err == 0 && control_method_is_word(question->method))
		return take_word(object, question, error);
	return err == 0 ? members_check_names(&table, BIT(question->method),
					      methods[question->method].name, object, error)
			: err;
}

int question_read(const char *line, struct control_question *ret_question,
		  char ret_error[MEMBERS_ERROR_BYTES])
{
	json_error_t json_error;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &json_error);
	int err;

	memset(ret_question, 0, sizeof(*ret_question));
	ret_question->method = CONTROL_METHODS;
	ret_question->count = 1;
	ret_question->most = QUESTION_EVENTS;
	if (!object)
		return members_refuse(ret_error, "no JSON object, or not in UTF-8 (at byte %d)",
				      json_error.position);
	err = take_members(object, ret_question, ret_error);
	json_decref(object);
	return err;
}
