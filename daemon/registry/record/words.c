/* Members that are words with a meaning, and types of authorisation. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "registry/record/field.h"

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

static int find_word(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     uint32_t *ret_value)
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
		       json_t *value, void *object)
{
	return find_word(reader, member, value, field(member, object));
}

static void write_choice(const struct shape_member *member, const void *object, struct jw *json)
{
	const uint32_t value = *(const uint32_t *)const_field(member, object);
	const struct shape_word *word;

	for (word = member->words; word->word; word++)
		if (word->value == value)
			jw_text(json, member->name, word->word);
}

/* Enumerations of the pure part are written through a pointer to this. */
_Static_assert(sizeof(enum customs_flow) == sizeof(uint32_t), "an enumeration is 32 bits");

const struct shape_type shape_choice = {
	.expected = "word",
	.read = read_choice,
	.write = write_choice,
};

static int read_set(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		    void *object)
{
	const size_t count = json_array_size(value);
	uint32_t set = 0, bit = 0;
	size_t i;

	if (!json_is_array(value))
		return complain_expected(reader, member);
	for (i = 0; i < count; i++) {
		shape_enter_element(reader, i);
		if (find_word(reader, member, json_array_get(value, i), &bit) < 0)
			return -EINVAL;
		if ((set & bit) == bit)
			return shape_complain(reader, "is there already");
		set |= bit;
		shape_leave(reader);
	}
	*(uint32_t *)field(member, object) = set ? set : member->all;
	return 0;
}

static void leave_out_set(const struct shape_member *member, void *object)
{
	*(uint32_t *)field(member, object) = member->all;
}

static void write_set(const struct shape_member *member, const void *object, struct jw *json)
{
	const uint32_t set = *(const uint32_t *)const_field(member, object);
	const struct shape_word *word;

	if (set == member->all)
		return;
	jw_open_array(json, member->name);
	for (word = member->words; word->word; word++)
		if (word->value != member->all && (set & word->value))
			jw_text(json, NULL, word->word);
	jw_close_array(json);
}

const struct shape_type shape_set = {
	.expected = "list of words",
	.read = read_set,
	.leave_out = leave_out_set,
	.write = write_set,
	.cell = CELL_LIST,
};

/* ---- types of authorisation: ["AEOS", "AEOF"] is kept as "AEOS,AEOF" -------------------- */

static bool is_type(const char *text)
{
	return *text && strlen(text) <= 32 && utf8_is_printable(text) && !strpbrk(text, " ,;*");
}

static int read_one_type(struct shape_reader *reader, const struct shape_member *member,
			 json_t *value, void *object)
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

static int add_type(struct shape_reader *reader, json_t *value, bool alone, char **end)
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

static int read_types(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		      void *object)
{
	const size_t count = json_array_size(value);
	char *end = reader->strings;
	size_t i;

	if (!json_is_array(value) || count == 0)
		return complain_expected(reader, member);
	for (i = 0; i < count; i++) {
		shape_enter_element(reader, i);
		if (i > 0)
			*end++ = ',';
		if (add_type(reader, json_array_get(value, i), count == 1, &end) < 0)
			return -EINVAL;
		shape_leave(reader);
	}
	*(const char **)field(member, object) = reader->strings;
	reader->strings = end + 1;
	return 0;
}

static void write_types(const struct shape_member *member, const void *object, struct jw *json)
{
	const char *types = text_at(member, object);
	char one[64];

	if (!types)
		return;
	jw_open_array(json, member->name);
	for (; *types; types += strspn(types, ",")) {
		const size_t bytes = strcspn(types, ",");

		snprintf(one, sizeof(one), "%.*s", (int)bytes, types);
		jw_text(json, NULL, one);
		types += bytes;
	}
	jw_close_array(json);
}

const struct shape_type shape_types = {
	.expected = "list of types (\"*\" alone: all)",
	.read = read_types,
	.write = write_types,
	.cell = CELL_LIST,
};
