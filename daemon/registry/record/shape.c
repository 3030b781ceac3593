#include "registry/record/shape.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define PATH_BYTES 64

/* A text that was cut must not end within a character. */
static void mend_end(char *text)
{
	text[utf8_cut(text, strlen(text))] = '\0';
}

static void add(char path[PATH_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char path[PATH_BYTES], const char *format, ...)
{
	const size_t used = strlen(path);
	va_list args;

	va_start(args, format);
	vsnprintf(path + used, PATH_BYTES - used, format, args);
	va_end(args);
	mend_end(path);
}

static void write_path(const struct shape_reader *reader, char path[PATH_BYTES])
{
	size_t i;

	path[0] = '\0';
	for (i = 0; i < reader->step_count; i++)
		if (reader->steps[i].name)
			add(path, i ? ".%s" : "%s", value_text(reader->steps[i].name).text);
		else
			add(path, "[%zu]", reader->steps[i].element);
}

int shape_complain(struct shape_reader *reader, const char *format, ...)
{
	char *text = reader->complaint->text;
	const size_t size = sizeof(reader->complaint->text);
	char path[PATH_BYTES];
	size_t used = 0;
	va_list args;

	write_path(reader, path);
	if (*path)
		used = (size_t)snprintf(text, size, "%s: ", path);
	va_start(args, format);
	vsnprintf(text + used, size - used, format, args);
	va_end(args);
	mend_end(text);
	return -EINVAL;
}

int shape_complain_of(struct shape_reader *reader, const char *name, const char *what)
{
	shape_enter(reader, name);
	return shape_complain(reader, "%s", what);
}

static void enter(struct shape_reader *reader, struct shape_step step)
{
	assert(reader->step_count < SHAPE_STEPS_MAX);
	reader->steps[reader->step_count++] = step;
}

void shape_enter(struct shape_reader *reader, const char *name)
{
	enter(reader, (struct shape_step){.name = name});
}

void shape_enter_element(struct shape_reader *reader, size_t i)
{
	enter(reader, (struct shape_step){.element = i});
}

void shape_leave(struct shape_reader *reader)
{
	reader->step_count--;
}

void *shape_take_list(struct shape_reader *reader, size_t bytes)
{
	void *list = reader->lists;

	reader->lists += bytes;
	return list;
}

const char *shape_take_text(struct shape_reader *reader, const char *text)
{
	const size_t bytes = strlen(text) + 1;
	char *copy = reader->strings;

	memcpy(copy, text, bytes);
	reader->strings += bytes;
	return copy;
}

int shape_parse(struct shape_reader *reader, const char *text, size_t bytes, json_t **ret_value)
{
	json_error_t error;
	json_t *value;

	if (bytes >= CONSIGNMENT_BYTES)
		return shape_complain(reader, "is too large: %zu bytes, the most is %d", bytes,
				      CONSIGNMENT_BYTES - 1);
	value = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	if (!value && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!value && json_error_code(&error) == json_error_invalid_utf8)
		return shape_complain(reader, "is no UTF-8: %s", value_text(error.text).text);
	if (!value)
		return shape_complain(reader, "is no JSON: %s (column %d)",
				      value_text(error.text).text, error.column);
	if (!json_is_object(value)) {
		json_decref(value);
		return shape_complain(reader, "is no JSON object");
	}
	*ret_value = value;
	return 0;
}

const struct shape_member *shape_member_named(const struct shape *shape, const char *name)
{
	const struct shape_member *member;

	for (member = shape->members; member->name; member++)
		if (strcmp(member->name, name) == 0)
			return member;
	return NULL;
}

bool shape_is_the_authors_own(const char *name)
{
	return name[0] == 'x' && (name[1] == '_' || name[1] == '-');
}

/* The values of all members of the shape, NULL for those left out. */
static int sort_values(struct shape_reader *reader, const struct shape *shape, json_t *object,
		       json_t *values[SHAPE_MEMBERS_MAX])
{
	void *at;

	for (at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);
		const struct shape_member *member = shape_member_named(shape, name);

		if (member) {
			assert(member - shape->members < SHAPE_MEMBERS_MAX);
			values[member - shape->members] = json_object_iter_value(at);
		} else if (!shape_is_the_authors_own(name)) {
			return shape_complain_of(reader, name, "is not known here");
		}
	}
	return 0;
}

static int read_member(struct shape_reader *reader, const struct shape_member *member,
		       json_t *value, void *object)
{
	int err = 0;

	shape_enter(reader, member->name);
	if (value && !json_is_null(value))
		err = member->type->read(reader, member, value, object);
	else if (member->required)
		err = shape_complain(reader, "is missing");
	if (err == 0)
		shape_leave(reader);
	return err;
}

int shape_read(struct shape_reader *reader, const struct shape *shape, json_t *value, void *object)
{
	json_t *values[SHAPE_MEMBERS_MAX] = {NULL};
	size_t i;
	int err;

	if (!json_is_object(value))
		return shape_complain(reader, "is no object");
	shape_leave_out(shape, object);
	err = sort_values(reader, shape, value, values);
	for (i = 0; shape->members[i].name && err == 0; i++)
		err = read_member(reader, &shape->members[i], values[i], object);
	if (err == 0 && shape->check)
		err = shape->check(reader, object);
	return err;
}

void shape_leave_out(const struct shape *shape, void *object)
{
	const struct shape_member *member;

	for (member = shape->members; member->name; member++)
		if (member->type->leave_out)
			member->type->leave_out(member, object);
}

void shape_write(const struct shape *shape, const void *object, struct jw *json)
{
	const struct shape_member *member;

	for (member = shape->members; member->name; member++)
		if (member->type->write)
			member->type->write(member, object, json);
}

size_t shape_list_bytes(const struct shape *shape, json_t *value)
{
	const struct shape_member *member;
	size_t bytes = 0, count;

	for (member = shape->members; member->name; member++) {
		if (!member->element_bytes)
			continue;
		count = json_array_size(json_object_get(value, member->name));
		bytes += member->element_bytes * (count < member->most ? count : member->most);
	}
	return bytes;
}
