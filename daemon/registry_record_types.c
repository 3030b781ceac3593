/* The types of members: text and words, numbers, choices, times, lists, objects. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "registry_record_shape.h"

#define NS_PER_S INT64_C(1000000000)

static void *field(const struct shape_member *member, void *object)
{
	return (char *)object + member->at;
}

static const void *const_field(const struct shape_member *member, const void *object)
{
	return (const char *)object + member->at;
}

static const char *text_at(const struct shape_member *member, const void *object)
{
	return *(const char *const *)const_field(member, object);
}

static int64_t time_at(const struct shape_member *member, const void *object)
{
	return *(const int64_t *)const_field(member, object);
}

static int complain_expected(struct shape_reader *reader, const struct shape_member *member)
{
	return shape_complain(reader, "is no %s", member->type->expected);
}

/* ---- texts --------------------------------------------------------------------------- */

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return true;
	return false;
}

static int read_text(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, void *object)
{
	const char *text = json_string_value(value);

	if (!text)
		return complain_expected(reader, member);
	if (!*text)
		return shape_complain(reader, "is empty, expected a text or no member");
	if (strlen(text) > member->most)
		return shape_complain(reader, "has %zu bytes, the most is %zu", strlen(text),
				      member->most);
	if (has_control(text))
		return shape_complain(reader, "has control characters");
	*(const char **)field(member, object) = shape_take_text(reader, text);
	return 0;
}

static void write_text(const struct shape_member *member, const void *object, struct json *json)
{
	const char *text = text_at(member, object);

	if (text)
		json_text(json, member->name, text);
}

const struct shape_type shape_text = {
	.expected = "text",
	.read = read_text,
	.write = write_text,
};

static int read_word(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, void *object)
{
	const char *text = json_string_value(value);
	size_t bytes;

	if (!text)
		return complain_expected(reader, member);
	bytes = strlen(text);
	if (bytes < member->least || bytes > member->most ||
	    strspn(text, member->characters) != bytes)
		return shape_complain(reader, "\"%s\", expected %s", value_text(text).text,
				      member->form);
	*(const char **)field(member, object) = shape_take_text(reader, text);
	return 0;
}

const struct shape_type shape_word = {
	.expected = "text",
	.read = read_word,
	.write = write_text,
};

/* ---- numbers ------------------------------------------------------------------------- */

/* What cannot be normalised could never be compared, so it is refused. */
static int take_number(struct shape_reader *reader, const char *raw,
		       enum identifier_verdict verdict, const char *normalised,
		       const char **ret_text)
{
	if (!*normalised)
		return shape_complain(reader, "\"%s\" %s", value_text(raw).text,
				      identifier_verdict_words(verdict));
	*ret_text = shape_take_text(reader, normalised);
	return 0;
}

static int read_number_of(struct shape_reader *reader, const struct shape_member *member,
			  enum identifier_kind kind, const json_t *value, void *object)
{
	const char *raw = json_string_value(value);
	char text[IDENTIFIER_BYTES];
	enum identifier_verdict verdict;

	if (!raw)
		return complain_expected(reader, member);
	verdict = identifier_read(kind, raw, strlen(raw), text);
	if (member->beside)
		*(enum identifier_verdict *)((char *)object + member->beside) = verdict;
	return take_number(reader, raw, verdict, text, field(member, object));
}

static int read_number(struct shape_reader *reader, const struct shape_member *member,
		       const json_t *value, void *object)
{
	return read_number_of(reader, member, member->number, value, object);
}

const struct shape_type shape_number = {
	.expected = "text (numbers stand in quotes)",
	.read = read_number,
	.write = write_text,
};

static int read_document_number(struct shape_reader *reader, const struct shape_member *member,
				const json_t *value, void *object)
{
	const struct declared_number *document = object;

	return read_number_of(reader, member, document->kind, value, object);
}

const struct shape_type shape_document_number = {
	.expected = "text (numbers stand in quotes)",
	.read = read_document_number,
	.write = write_text,
};

/* Either profile of the year will do. */
static int read_ucr(struct shape_reader *reader, const struct shape_member *member,
		    const json_t *value, void *object)
{
	int result = read_number_of(reader, member, IDENTIFIER_UCR, value, object);
	enum identifier_verdict *verdict =
		(enum identifier_verdict *)((char *)object + member->beside);

	if (result == 0 && *verdict != IDENTIFIER_GOOD &&
	    identifier_check(IDENTIFIER_UCR_LONG_YEAR, text_at(member, object)) == IDENTIFIER_GOOD)
		*verdict = IDENTIFIER_GOOD;
	return result;
}

const struct shape_type shape_ucr = {
	.expected = "text (numbers stand in quotes)",
	.read = read_ucr,
	.write = write_text,
};

enum identifier_verdict shape_normalise_aeo(const char *raw, size_t bytes,
					    char ret_text[IDENTIFIER_BYTES])
{
	if (identifier_read(IDENTIFIER_AEO_CHINA, raw, bytes, ret_text) == IDENTIFIER_GOOD)
		return IDENTIFIER_GOOD;
	return identifier_read(IDENTIFIER_AEO, raw, bytes, ret_text);
}

static int read_aeo_number(struct shape_reader *reader, const struct shape_member *member,
			   const json_t *value, void *object)
{
	const char *raw = json_string_value(value);
	char text[IDENTIFIER_BYTES];
	enum identifier_verdict verdict;

	if (!raw)
		return complain_expected(reader, member);
	verdict = shape_normalise_aeo(raw, strlen(raw), text);
	return take_number(reader, raw, verdict, text, field(member, object));
}

const struct shape_type shape_aeo_number = {
	.expected = "text (numbers stand in quotes)",
	.read = read_aeo_number,
	.write = write_text,
};

/* ---- words that mean something ------------------------------------------------------- */

static int complain_words(struct shape_reader *reader, const struct shape_member *member,
			  const char *text)
{
	const struct shape_word *word;
	char all[128] = "";
	size_t used = 0;

	for (word = member->words; word->word && used < sizeof(all); word++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "",
					 word->word);
	if (text)
		return shape_complain(reader, "\"%.24s\", expected one of %s",
				      value_text(text).text, all);
	return shape_complain(reader, "is no text, expected one of %s", all);
}

static int find_word(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, uint32_t *ret_value)
{
	const char *text = json_string_value(value);
	const struct shape_word *word;

	for (word = member->words; text && word->word; word++)
		if (strcmp(word->word, text) == 0) {
			*ret_value = word->value;
			return 0;
		}
	return complain_words(reader, member, text);
}

static int read_choice(struct shape_reader *reader, const struct shape_member *member,
		       const json_t *value, void *object)
{
	return find_word(reader, member, value, field(member, object));
}

static void write_choice(const struct shape_member *member, const void *object, struct json *json)
{
	const uint32_t value = *(const uint32_t *)const_field(member, object);
	const struct shape_word *word;

	for (word = member->words; word->word; word++)
		if (word->value == value)
			json_text(json, member->name, word->word);
}

/* Enumerations of the pure part are written through a pointer to this. */
_Static_assert(sizeof(enum customs_flow) == sizeof(uint32_t), "an enumeration is 32 bits");

const struct shape_type shape_choice = {
	.expected = "word",
	.read = read_choice,
	.write = write_choice,
};

static int read_set(struct shape_reader *reader, const struct shape_member *member,
		    const json_t *value, void *object)
{
	const size_t count = json_array_size(value);
	uint32_t set = 0, bit = 0;
	size_t i, length;

	if (!json_is_array(value))
		return complain_expected(reader, member);
	for (i = 0; i < count; i++) {
		length = shape_enter_element(reader, i);
		if (find_word(reader, member, json_array_get(value, i), &bit) < 0)
			return -EINVAL;
		if ((set & bit) == bit)
			return shape_complain(reader, "is there already");
		set |= bit;
		shape_leave(reader, length);
	}
	*(uint32_t *)field(member, object) = set ? set : member->all;
	return 0;
}

static void leave_out_set(const struct shape_member *member, void *object)
{
	*(uint32_t *)field(member, object) = member->all;
}

static void write_set(const struct shape_member *member, const void *object, struct json *json)
{
	const uint32_t set = *(const uint32_t *)const_field(member, object);
	const struct shape_word *word;

	if (set == member->all)
		return;
	json_open_array(json, member->name);
	for (word = member->words; word->word; word++)
		if (word->value != member->all && (set & word->value))
			json_text(json, NULL, word->word);
	json_close_array(json);
}

const struct shape_type shape_set = {
	.expected = "list of words",
	.read = read_set,
	.leave_out = leave_out_set,
	.write = write_set,
};

/* ---- types of authorisation: ["AEOS", "AEOF"] is kept as "AEOS,AEOF" -------------------- */

static bool is_type(const char *text)
{
	return *text && strlen(text) <= 32 && !has_control(text) && !strpbrk(text, " ,;*");
}

static int read_one_type(struct shape_reader *reader, const struct shape_member *member,
			 const json_t *value, void *object)
{
	const char *text = json_string_value(value);

	if (!text)
		return complain_expected(reader, member);
	if (!is_type(text))
		return shape_complain(reader,
				      "\"%s\", expected at most 32 bytes, none of "
				      "them blank , ; or *",
				      value_text(text).text);
	*(const char **)field(member, object) = shape_take_text(reader, text);
	return 0;
}

const struct shape_type shape_one_type = {
	.expected = "text",
	.read = read_one_type,
	.write = write_text,
};

static int add_type(struct shape_reader *reader, const json_t *value, bool alone, char **end)
{
	const char *text = json_string_value(value);

	if (!text)
		return shape_complain(reader, "is no text");
	if (!is_type(text) && !(alone && strcmp(text, "*") == 0))
		return shape_complain(reader,
				      "\"%s\", expected at most 32 bytes, none of them "
				      "blank , ; or *; or \"*\" alone",
				      value_text(text).text);
	*end = stpcpy(*end, text);
	return 0;
}

static int read_types(struct shape_reader *reader, const struct shape_member *member,
		      const json_t *value, void *object)
{
	const size_t count = json_array_size(value);
	char *end = reader->strings;
	size_t i, length;

	if (!json_is_array(value) || count == 0)
		return complain_expected(reader, member);
	for (i = 0; i < count; i++) {
		length = shape_enter_element(reader, i);
		if (i > 0)
			*end++ = ',';
		if (add_type(reader, json_array_get(value, i), count == 1, &end) < 0)
			return -EINVAL;
		shape_leave(reader, length);
	}
	*(const char **)field(member, object) = reader->strings;
	reader->strings = end + 1;
	return 0;
}

static void write_types(const struct shape_member *member, const void *object, struct json *json)
{
	const char *types = text_at(member, object);
	char one[64];

	if (!types)
		return;
	json_open_array(json, member->name);
	for (; *types; types += strspn(types, ",")) {
		const size_t bytes = strcspn(types, ",");

		snprintf(one, sizeof(one), "%.*s", (int)bytes, types);
		json_text(json, NULL, one);
		types += bytes;
	}
	json_close_array(json);
}

const struct shape_type shape_types = {
	.expected = "list of types (\"*\" alone: all)",
	.read = read_types,
	.write = write_types,
};

/* ---- times, spans and yes or no ------------------------------------------------------- */

static int read_time(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, void *object, enum shape_day day)
{
	const char *text = json_string_value(value);

	if (text && shape_time(text, day, field(member, object)))
		return 0;
	return shape_complain(reader, "\"%s\" is no %s", text ? value_text(text).text : "",
			      member->type->expected);
}

static int read_moment(struct shape_reader *reader, const struct shape_member *member,
		       const json_t *value, void *object)
{
	return read_time(reader, member, value, object, DAY_REFUSED);
}

static int read_from(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, void *object)
{
	return read_time(reader, member, value, object, DAY_BEGIN);
}

static int read_until(struct shape_reader *reader, const struct shape_member *member,
		      const json_t *value, void *object)
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

static void write_time(const struct shape_member *member, const void *object, struct json *json)
{
	const int64_t utc_ns = time_at(member, object);

	if (utc_ns != INT64_MIN && utc_ns != INT64_MAX)
		json_utc(json, member->name, utc_ns);
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
			const json_t *value, void *object)
{
	const json_int_t seconds = json_integer_value(value);

	if (!json_is_integer(value) || seconds < (json_int_t)member->least ||
	    seconds > (json_int_t)member->most)
		return shape_complain(reader, "is no whole number of seconds from %zu to %zu",
				      member->least, member->most);
	*(int64_t *)field(member, object) = seconds * NS_PER_S;
	return 0;
}

static void write_seconds(const struct shape_member *member, const void *object, struct json *json)
{
	if (time_at(member, object) != INT64_MAX)
		json_int(json, member->name, time_at(member, object) / NS_PER_S);
}

const struct shape_type shape_seconds = {
	.expected = "number",
	.read = read_seconds,
	.leave_out = leave_out_until,
	.write = write_seconds,
};

static int read_bool(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, void *object)
{
	if (!json_is_boolean(value))
		return complain_expected(reader, member);
	*(bool *)field(member, object) = json_is_true(value);
	return 0;
}

static void write_bool(const struct shape_member *member, const void *object, struct json *json)
{
	json_bool(json, member->name, *(const bool *)const_field(member, object));
}

const struct shape_type shape_bool = {
	.expected = "true or false",
	.read = read_bool,
	.write = write_bool,
};

/* ---- lists and objects ----------------------------------------------------------------- */

static int read_element(struct shape_reader *reader, const struct shape_member *member,
			const json_t *value, void *element)
{
	if (member->shape)
		return shape_read(reader, member->shape, value, element);
	return member->element->type->read(reader, member->element, value, element);
}

static int read_list(struct shape_reader *reader, const struct shape_member *member,
		     const json_t *value, void *object)
{
	const size_t count = json_array_size(value);
	size_t i, length;
	char *list;

	if (!json_is_array(value))
		return complain_expected(reader, member);
	if (count > member->most)
		return shape_complain(reader, "has %zu elements, the most is %zu", count,
				      member->most);
	list = shape_take_list(reader, count * member->element_bytes);
	for (i = 0; i < count; i++) {
		length = shape_enter_element(reader, i);
		if (read_element(reader, member, json_array_get(value, i),
				 list + i * member->element_bytes) < 0)
			return -EINVAL;
		shape_leave(reader, length);
	}
	*(void **)field(member, object) = count ? list : NULL;
	*(size_t *)((char *)object + member->beside) = count;
	return 0;
}

static void write_list(const struct shape_member *member, const void *object, struct json *json)
{
	const size_t count = *(const size_t *)((const char *)object + member->beside);
	const char *element = *(const char *const *)const_field(member, object);
	size_t i;

	if (count == 0)
		return;
	json_open_array(json, member->name);
	for (i = 0; i < count; i++, element += member->element_bytes) {
		if (!member->shape) {
			member->element->type->write(member->element, element, json);
			continue;
		}
		json_open(json, NULL);
		shape_write(member->shape, element, json);
		json_close(json);
	}
	json_close_array(json);
}

const struct shape_type shape_list = {
	.expected = "list",
	.read = read_list,
	.write = write_list,
};

/* An object whose members lie in the struct around it. It is there if the text at `at` is. */
static int read_object(struct shape_reader *reader, const struct shape_member *member,
		       const json_t *value, void *object)
{
	return shape_read(reader, member->shape, value, object);
}

static void leave_out_object(const struct shape_member *member, void *object)
{
	shape_leave_out(member->shape, object);
}

static void write_object(const struct shape_member *member, const void *object, struct json *json)
{
	if (!text_at(member, object))
		return;
	json_open(json, member->name);
	shape_write(member->shape, object, json);
	json_close(json);
}

const struct shape_type shape_object = {
	.expected = "object",
	.read = read_object,
	.leave_out = leave_out_object,
	.write = write_object,
};
