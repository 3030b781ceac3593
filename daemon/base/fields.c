#include "base/fields.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

int fields_refuse(char error[FIELDS_ERROR_BYTES], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, FIELDS_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int take_text(const struct field *field, const json_t *value, char *out,
		     char error[FIELDS_ERROR_BYTES])
{
	const char *text = json_string_value(value);

	if (!text)
		return fields_refuse(error, "\"%s\" is no text", field->name);
	if (!*text)
		return fields_refuse(error, "\"%s\" is empty", field->name);
	if (strlen(text) >= field->size)
		return fields_refuse(error, "\"%s\" has %zu bytes, the most is %zu", field->name,
				     strlen(text), field->size - 1);
	if (!utf8_is_printable(text))
		return fields_refuse(error, "\"%s\" has control characters", field->name);
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int take_number(const struct field *field, const json_t *value, char *out,
		       char error[FIELDS_ERROR_BYTES])
{
	const json_int_t number = json_integer_value(value);
	uint32_t taken;

	if (!json_is_integer(value) || number < field->min || number > field->max)
		return fields_refuse(error, "\"%s\" is no whole number from %lld to %lld",
				     field->name, (long long)field->min, (long long)field->max);
	taken = (uint32_t)number;
	memcpy(out, &taken, sizeof(taken));
	return 0;
}

static int take(const struct field *field, unsigned method, const json_t *object, char *out,
		char error[FIELDS_ERROR_BYTES])
{
	const json_t *value = json_object_get(object, field->name);

	if (!value && (field->required & method))
		return fields_refuse(error, "\"%s\" is missing", field->name);
	if (!value || !(field->methods & method) || field->type == FIELD_OTHER)
		return 0;
	if (field->type == FIELD_TEXT)
		return take_text(field, value, out + field->offset, error);
	return take_number(field, value, out + field->offset, error);
}

int fields_take(const struct field_table *table, unsigned method, const json_t *object, void *out,
		char error[FIELDS_ERROR_BYTES])
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < table->count; i++)
		err = take(&table->fields[i], method, object, out, error);
	return err;
}

static bool knows(const struct field_table *table, unsigned method, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->fields[i].name, name) == 0)
			return table->fields[i].methods & method;
	return false;
}

int fields_check_names(const struct field_table *table, unsigned method, const char *method_name,
		       json_t *object, char error[FIELDS_ERROR_BYTES])
{
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value)
		if (!knows(table, method, name))
			return fields_refuse(error, "\"%.40s\" is no member of a %s \"%s\"",
					     utf8_is_printable(name) ? name : "?", table->of,
					     method_name);
	return 0;
}
