#include "ctl/text.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

const char *text_span(int64_t seconds, char out[TEXT_SPAN_BYTES])
{
	int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days > 0)
		snprintf(out, TEXT_SPAN_BYTES, "%" PRId64 " d %02d h", days, (int)(hours % 24));
	else if (hours > 0)
		snprintf(out, TEXT_SPAN_BYTES, "%d h %02d min", (int)hours, (int)(minutes % 60));
	else if (minutes > 0)
		snprintf(out, TEXT_SPAN_BYTES, "%d min", (int)minutes);
	else
		snprintf(out, TEXT_SPAN_BYTES, "%d s", (int)(seconds > 0 ? seconds : 0));
	return out;
}

const char *text_age(int64_t ms, char out[TEXT_SPAN_BYTES])
{
	if (ms >= 60000)
		return text_span(ms / 1000, out);
	if (ms < 0)
		ms = 0;
	snprintf(out, TEXT_SPAN_BYTES, "%d.%02d s", (int)(ms / 1000), (int)(ms % 1000 / 10));
	return out;
}

const char *text_value(const json_t *value, char out[TEXT_VALUE_BYTES])
{
	const char *text = json_string_value(value);

	if (text && *text)
		snprintf(out, TEXT_VALUE_BYTES, "%s", text);
	else if (text)
		snprintf(out, TEXT_VALUE_BYTES, "(empty)");
	else if (json_is_boolean(value))
		snprintf(out, TEXT_VALUE_BYTES, "%s", json_is_true(value) ? "true" : "false");
	else if (json_is_integer(value))
		snprintf(out, TEXT_VALUE_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(out, TEXT_VALUE_BYTES, "%.9g", json_real_value(value));
	else
		snprintf(out, TEXT_VALUE_BYTES, "-");
	return out;
}

void text_column(FILE *out, const char *text, size_t width)
{
	size_t bytes;

	for (; width > 0 && *text; width--) {
		bytes = utf8_character(text);
		if (bytes == 0) {
			fputc('?', out);
			text++;
			continue;
		}
		fwrite(text, 1, bytes, out);
		text += bytes;
	}
	for (; width > 0; width--)
		fputc(' ', out);
}

/* The bytes of the longest beginning that fits and ends with a word; of a word that is longer, as
 * much as fits. */
static size_t fitting(const char *text, size_t width)
{
	size_t at = 0, end = 0;

	for (size_t columns = 0; text[at] && columns < width; columns++) {
		size_t bytes = utf8_character(text + at);

		if (text[at] == ' ')
			end = at;
		at += bytes ? bytes : 1;
	}
	return !text[at] || text[at] == ' ' || end == 0 ? at : end;
}

const char *text_line(FILE *out, const char *text, size_t width)
{
	size_t bytes = fitting(text, width);

	fwrite(text, 1, bytes, out);
	text += bytes + strspn(text + bytes, " ");
	return *text ? text : NULL;
}

void text_wrap(FILE *out, const char *text, size_t column, size_t indent)
{
	for (text = text_line(out, text, TEXT_WIDTH - column); text;
	     text = text_line(out, text, TEXT_WIDTH - indent))
		fprintf(out, "\n%*s", (int)indent, "");
	fputc('\n', out);
}

void text_put(FILE *out, const char *text, size_t column, size_t indent)
{
	if (isatty(fileno(out)))
		text_wrap(out, text, column, indent);
	else
		fprintf(out, "%s\n", text);
}

const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
