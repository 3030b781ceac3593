/* Members that are times, numbers to count with, lists and objects. */
#include <errno.h>
#include <math.h>

#include "registry/record/field.h"

static int read_time(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     void *object, enum shape_day day)
{
	const char *text = json_string_value(value);

	if (text && shape_time(text, day, field(member, object)))
		return 0;
	return shape_complain(reader, "\"%s\" is no %s", text ? value_text(text).text : "",
			      member->type->expected);
}

static int read_moment(struct shape_reader *reader, const struct shape_member *member,
		       json_t *value, void *object)
{
	return read_time(reader, member, value, object, DAY_REFUSED);
}

static int read_from(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     void *object)
{
	return read_time(reader, member, value, object, DAY_BEGIN);
}

static int read_until(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		      void *object)
{
	return read_time(reader, member, value, object, DAY_END);
}

static void leave_out_from(const struct shape_member *member, void *object)
{
	*(int64_t *)field(member, object) = INT64_MIN;
}

static void leave_out_until(const struct shape_member *member, void *object)
{
	*(int64_t *)field(member, object) = INT64_MAX;
}

static void write_time(const struct shape_member *member, const void *object, struct jw *json)
{
	const int64_t utc_ns = time_at(member, object);

	if (utc_ns != INT64_MIN && utc_ns != INT64_MAX)
		jw_utc(json, member->name, utc_ns);
}

const struct shape_type shape_moment = {
	.expected = "time with zone (2026-03-01T12:00:00Z)",
	.read = read_moment,
	.leave_out = leave_out_from,
	.write = write_time,
};

const struct shape_type shape_from = {
	.expected = "day or time with zone (2026-03-01, 2026-03-01T12:00:00Z)",
	.read = read_from,
	.leave_out = leave_out_from,
	.write = write_time,
};

const struct shape_type shape_until = {
	.expected = "day or time with zone (2026-03-01, 2026-03-01T12:00:00Z)",
	.read = read_until,
	.leave_out = leave_out_until,
	.write = write_time,
};

static int read_seconds(struct shape_reader *reader, const struct shape_member *member,
			json_t *value, void *object)
{
	const json_int_t seconds = json_integer_value(value);

	if (!json_is_integer(value) || seconds < (json_int_t)member->least ||
	    seconds > (json_int_t)member->most)
		return shape_complain(reader, "is no whole number of seconds from %zu to %zu",
				      member->least, member->most);
	*(int64_t *)field(member, object) = seconds * NS_PER_S;
	return 0;
}

static void write_seconds(const struct shape_member *member, const void *object, struct jw *json)
{
	if (time_at(member, object) != INT64_MAX)
		jw_int(json, member->name, time_at(member, object) / NS_PER_S);
}

const struct shape_type shape_seconds = {
	.expected = "number",
	.read = read_seconds,
	.leave_out = leave_out_until,
	.write = write_seconds,
	.cell = CELL_NUMBER,
};

/* To the gram. */
static int read_kilograms(struct shape_reader *reader, const struct shape_member *member,
			  json_t *value, void *object)
{
	const double kilograms = json_number_value(value);

	if (!json_is_number(value) || !(kilograms >= 0.001 && kilograms <= (double)member->most))
		return shape_complain(reader, "is no number of kilograms from 0.001 to %zu",
				      member->most);
	*(int64_t *)field(member, object) = llround(kilograms * 1000);
	return 0;
}

static void write_kilograms(const struct shape_member *member, const void *object, struct jw *json)
{
	const int64_t grams = time_at(member, object);

	if (grams > 0 && grams % 1000 == 0)
		jw_int(json, member->name, grams / 1000);
	else if (grams > 0)
		jw_real(json, member->name, (double)grams / 1000);
}

const struct shape_type shape_kilograms = {
	.expected = "number",
	.read = read_kilograms,
	.write = write_kilograms,
	.cell = CELL_NUMBER,
};

static int read_count(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		      void *object)
{
	const json_int_t count = json_integer_value(value);

	if (!json_is_integer(value) || count < 0 || count > (json_int_t)member->most)
		return shape_complain(reader, "is no whole number from 0 to %zu", member->most);
	*(int64_t *)field(member, object) = count;
	return 0;
}

static void leave_out_count(const struct shape_member *member, void *object)
{
	*(int64_t *)field(member, object) = -1;
}

const struct shape_type shape_count = {
	.expected = "number",
	.read = read_count,
	.leave_out = leave_out_count,
	.cell = CELL_NUMBER,
};

static int read_bool(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     void *object)
{
	if (!json_is_boolean(value))
		return complain_expected(reader, member);
	*(bool *)field(member, object) = json_is_true(value);
	return 0;
}

static void write_bool(const struct shape_member *member, const void *object, struct jw *json)
{
	jw_bool(json, member->name, *(const bool *)const_field(member, object));
}

const struct shape_type shape_bool = {
	.expected = "true or false",
	.read = read_bool,
	.write = write_bool,
	.cell = CELL_BOOL,
};

/* ---- lists and objects ----------------------------------------------------------------- */

static int read_element(struct shape_reader *reader, const struct shape_member *member,
			json_t *value, void *element)
{
	if (member->shape)
		return shape_read(reader, member->shape, value, element);
	return member->element->type->read(reader, member->element, value, element);
}

static int read_list(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     void *object)
{
	const size_t count = json_array_size(value);
	size_t i;
	char *list;

	if (!json_is_array(value))
		return complain_expected(reader, member);
	if (count > member->most)
		return shape_complain(reader, "has %zu elements, the most is %zu", count,
				      member->most);
	list = shape_take_list(reader, count * member->element_bytes);
	for (i = 0; i < count; i++) {
		shape_enter_element(reader, i);
		if (read_element(reader, member, json_array_get(value, i),
				 list + i * member->element_bytes) < 0)
			return -EINVAL;
		shape_leave(reader);
	}
	*(void **)field(member, object) = count ? list : NULL;
	*(size_t *)((char *)object + member->beside) = count;
	return 0;
}

static void write_list(const struct shape_member *member, const void *object, struct jw *json)
{
	const size_t count = *(const size_t *)((const char *)object + member->beside);
	const char *element = *(const char *const *)const_field(member, object);
	size_t i;

	if (count == 0)
		return;
	jw_open_array(json, member->name);
	for (i = 0; i < count; i++, element += member->element_bytes) {
		if (!member->shape) {
			member->element->type->write(member->element, element, json);
			continue;
		}
		jw_open(json, NULL);
		shape_write(member->shape, element, json);
		jw_close(json);
	}
	jw_close_array(json);
}

const struct shape_type shape_list = {
	.expected = "list",
	.read = read_list,
	.write = write_list,
	.cell = CELL_LIST,
};

/* An object whose members lie in the struct around it. It is there if the text at `at` is. */
static int read_object(struct shape_reader *reader, const struct shape_member *member,
		       json_t *value, void *object)
{
	return shape_read(reader, member->shape, value, object);
}

static void leave_out_object(const struct shape_member *member, void *object)
{
	shape_leave_out(member->shape, object);
}

static void write_object(const struct shape_member *member, const void *object, struct jw *json)
{
	if (!text_at(member, object))
		return;
	jw_open(json, member->name);
	shape_write(member->shape, object, json);
	jw_close(json);
}

const struct shape_type shape_object = {
	.expected = "object",
	.read = read_object,
	.leave_out = leave_out_object,
	.write = write_object,
	.cell = CELL_OBJECT,
};
