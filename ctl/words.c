#include "ctl/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

#define WHERE_COLUMN 24
#define WHAT_COLUMN  (WHERE_COLUMN + 20)

static void put_severity(const char *severity, FILE *out)
{
	char word[16] = "";

	if (strcmp(severity, "info") != 0)
		snprintf(word, sizeof(word), "%s", severity);
	if (strcmp(severity, "critical") == 0)
		for (char *c = word; *c; c++)
			*c = (char)toupper((unsigned char)*c);
	text_column(out, word, 10);
}

/* What it is about: lane and sensor, or point, or device. */
static void put_where(const json_t *event, FILE *out)
{
	const char *lane = text_of(event, "lane"), *sensor = text_of(event, "sensor");
	const char *point = text_of(event, "point"), *device = text_of(event, "device");
	char where[256];

	if (*lane || *sensor)
		snprintf(where, sizeof(where), "%s%s%s", lane, *lane && *sensor ? " " : "", sensor);
	else
		snprintf(where, sizeof(where), "%s", *point ? point : device);
	text_column(out, where, 19);
	fputc(' ', out);
}

static void put_member(const json_t *object, const char *key, const char *before, FILE *out)
{
	char value[TEXT_VALUE_BYTES];
	const json_t *member = json_object_get(object, key);

	if (member && !json_is_null(member) && !json_is_object(member) && !json_is_array(member))
		fprintf(out, "%s%s", before, text_value(member, value));
}

static void put_what(const json_t *event, FILE *out)
{
	static const char *const observed[] = {"id",	"plate", "container", "document",
					       "value", "unit",	 "battery",   "why"};
	const json_t *seen = json_object_get(event, "observed");

	if (is_set(event, "test"))
		fputs("TEST ", out);
	fputs(text_of(event, "type"), out);
	put_member(event, "alarm", " ", out);
	put_member(event, "previous", ", was ", out);
	put_member(event, "reason", ": ", out);
	put_member(event, "detail", ": ", out);
	put_member(event, "input", " by ", out);
	for (size_t i = 0; i < sizeof(observed) / sizeof(observed[0]); i++)
		put_member(seen, observed[i], " ", out);
	put_member(json_object_get(event, "consignment"), "ucr", " ", out);
}

void words_of_event(const json_t *event, size_t column, FILE *out)
{
	const char *utc = text_of(json_object_get(event, "occurred"), "utc");
	char *what = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&what, &bytes);

	fprintf(out, "%.12s  ", strlen(utc) > 11 ? utc + 11 : utc);
	put_severity(text_of(event, "severity"), out);
	put_where(event, out);
	if (memory)
		put_what(event, memory);
	if (memory && fclose(memory) == 0)
		text_put(out, what, column + WHAT_COLUMN, column + WHERE_COLUMN);
	free(what);
}
