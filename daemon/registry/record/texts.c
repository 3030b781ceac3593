/* Members that are text: free, words of an alphabet, numbers. */
#include <string.h>

#include "base/utf8.h"
#include "registry/record/field.h"

static int read_text(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     void *object)
{
	const char *text = json_string_value(value);

	if (!text)
		return complain_expected(reader, member);
	if (!*text)
		return shape_complain(reader, "is empty, expected a text or no member");
	if (strlen(text) > member->most)
		return shape_complain(reader, "has %zu bytes, the most is %zu", strlen(text),
				      member->most);
	if (!utf8_is_printable(text))
		return shape_complain(reader, "has control characters");
	*(const char **)field(member, object) = shape_take_text(reader, text);
	return 0;
}

const struct shape_type shape_text = {
	.expected = "text",
	.read = read_text,
	.write = write_text,
};

static int read_word(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		     void *object)
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
			  enum identifier_kind kind, json_t *value, void *object)
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
		       json_t *value, void *object)
{
	return read_number_of(reader, member, member->number, value, object);
}

const struct shape_type shape_number = {
	.expected = "text (numbers stand in quotes)",
	.read = read_number,
	.write = write_text,
};

static int read_document_number(struct shape_reader *reader, const struct shape_member *member,
				json_t *value, void *object)
{
	const struct declared_number *document = object;

	return read_number_of(reader, member, document->kind, value, object);
}

const struct shape_type shape_document_number = {
	.expected = "text (numbers stand in quotes)",
	.read = read_document_number,
	.write = write_text,
};

/* Of which kind of equipment it is, its form says. */
static int read_equipment_number(struct shape_reader *reader, const struct shape_member *member,
				 json_t *value, void *object)
{
	struct declared_number *equipment = object;
	const char *raw = json_string_value(value);

	if (raw)
		equipment->kind = identifier_equipment(raw, json_string_length(value));
	return read_number_of(reader, member, equipment->kind, value, object);
}

const struct shape_type shape_equipment_number = {
	.expected = "text (numbers stand in quotes)",
	.read = read_equipment_number,
	.write = write_text,
};

/* Either profile of the year will do. */
static int read_ucr(struct shape_reader *reader, const struct shape_member *member, json_t *value,
		    void *object)
{
	int err = read_number_of(reader, member, IDENTIFIER_UCR, value, object);
	enum identifier_verdict *verdict =
		(enum identifier_verdict *)((char *)object + member->beside);

	if (err == 0 && *verdict != IDENTIFIER_GOOD &&
	    identifier_check(IDENTIFIER_UCR_LONG_YEAR, text_at(member, object)) == IDENTIFIER_GOOD)
		*verdict = IDENTIFIER_GOOD;
	return err;
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
			   json_t *value, void *object)
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
