#include "base/members.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

int members_refuse(char error[MEMBERS_ERROR_BYTES], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, MEMBERS_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int take_text(const struct member *member, const json_t *value, char *out,
		     char error[MEMBERS_ERROR_BYTES])
{
	const char *text = json_string_value(value);

	if (!text)
		return members_refuse(error, "\"%s\" is no text", member->name);
	if (!*text)
		return members_refuse(error, "\"%s\" is empty", member->name);
	if (strlen(text) >= member->size)
		return members_refuse(error, "\"%s\" has %zu bytes, the most is %zu", member->name,
				      strlen(text), member->size - 1);
	if (!utf8_is_printable(text))
		return members_refuse(error, "\"%s\" has control characters", member->name);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int take_number(const struct member *member, const json_t *value, char *out,
		       char error[MEMBERS_ERROR_BYTES])
{
	const json_int_t number = json_integer_value(value);
	uint32_t taken;

	if (!json_is_integer(value) || number < member->min || number > member->max)
		return members_refuse(error, "\"%s\" is no whole number from %lld to %lld",
				      member->name, (long long)member->min, (long long)member->max);
	taken = (uint32_t)number;
	memcpy(out, &taken, sizeof(taken));
	return 0;
}

static int take(const struct member *member, unsigned method, const json_t *object, char *out,
		char error[MEMBERS_ERROR_BYTES])
{
	const json_t *value = json_object_get(object, member->name);

	if (!value && (member->required & method))
		return members_refuse(error, "\"%s\" is missing", member->name);
	if (!value || !(member->methods & method) || member->type == MEMBER_OTHER)
		return 0;
	if (member->type == MEMBER_TEXT)
		return take_text(member, value, out + member->offset, error);
	return take_number(member, value, out + member->offset, error);
}

int members_take(const struct member_table *table, unsigned method, const json_t *object, void *out,
		 char error[MEMBERS_ERROR_BYTES])
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < table->count; i++)
		err = take(&table->members[i], method, object, out, error);
	return err;
}

static bool knows(const struct member_table *table, unsigned method, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->members[i].name, name) == 0)
			return table->members[i].methods & method;
	return false;
}

int members_check_names(const struct member_table *table, unsigned method, const char *method_name,
			json_t *object, char error[MEMBERS_ERROR_BYTES])
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value)
		if (!knows(table, method, name))
			return members_refuse(error, "\"%.40s\" is no member of a %s \"%s\"",
					      utf8_is_printable(name) ? name : "?", table->of,
					      method_name);
	return 0;
}
