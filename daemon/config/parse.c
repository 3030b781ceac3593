#include "config/parse.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/letter.h"
#include "config/value.h"

#define TEXT_BYTES  255 /* without the NUL, as all of these */
#define PATH_BYTES  4095
#define NAME_BYTES  63
#define SHOWN_BYTES 60 /* of a wrong value */
#define RANGE_BYTES (2 * CONF_NUMBER_BYTES + 40)

#define DURATION_UNITS "ns, us, ms, s, min, h or d"
#define SIZE_UNITS     "B, KiB, MiB, GiB or TiB"

/* One option being read. */
struct cell {
	struct conf_parser *parser;
	const struct conf_option *row;
	const struct conf_entry *entry; /* NULL: the default is read */
	const struct conf_word *word;
	const char *text;
	void *field;
};

const struct conf_entry *conf_source_entry(const struct conf_source *source, const char *name)
{
	const struct conf_entry *entry = conf_node_entry(source->own, name);

	if (!entry && source->profile)
		entry = conf_node_entry(source->profile, name);
	return entry;
}

/* ---- complaints ------------------------------------------------------------------------ */

static void complain_at(struct conf_parser *parser, const struct conf_entry *entry, int line,
			const char *value, const char *format, va_list args)
	__attribute__((format(printf, 5, 0)));

static void complain_at(struct conf_parser *parser, const struct conf_entry *entry, int line,
			const char *value, const char *format, va_list args)
{
	const char *what = conf_vjoin(parser->reader->store, format, args);
	char letter[CONF_HINT_BYTES];

	if (!what)
		return;
	if (!value)
		conf_complain_node(parser->reader, entry->node, line, "option \"%s\" %s",
				   entry->name, what);
	else
		conf_complain_node(parser->reader, entry->node, line, "%s = \"%.*s\"%s: %s%s",
				   entry->name, SHOWN_BYTES, value,
				   strlen(value) > SHOWN_BYTES ? "..." : "", what,
				   conf_letter_hint(value, letter));
}

void conf_complain_entry(struct conf_parser *parser, const struct conf_entry *entry,
			 const char *value, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain_at(parser, entry, entry->place.line, value, format, args);
	va_end(args);
}

static void wrong(const struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void wrong(const struct cell *cell, const char *format, ...)
{
	va_list args;

	assert(cell->entry); /* a default is never wrong */
	va_start(args, format);
	complain_at(cell->parser, cell->entry, cell->word->line,
		    cell->row->secret ? "***" : cell->text, format, args);
	va_end(args);
}

static void write_bound(const struct conf_option *row, int64_t bound, char out[CONF_NUMBER_BYTES])
{
	if (row->type == CONF_DURATION)
		conf_write_duration(bound, out);
	else if (row->type == CONF_SIZE)
		conf_write_size(bound, out);
	else
		snprintf(out, CONF_NUMBER_BYTES, "%lld", (long long)bound);
}

/* ", expected 1 to 247", or what is like it. */
static const char *expected_range(const struct conf_option *row, char out[RANGE_BYTES])
{
	char min[CONF_NUMBER_BYTES], max[CONF_NUMBER_BYTES];
	const char *unit = row->unit ? row->unit : "";

	write_bound(row, row->min, min);
	write_bound(row, row->max, max);
	out[0] = '\0';
	if (row->max == INT64_MAX)
		snprintf(out, RANGE_BYTES, ", expected at least %s", min);
	else if (row->min != 0 || row->max != 0)
		snprintf(out, RANGE_BYTES, ", expected %s to %s%s%.20s", min, max,
			 *unit != '\0' ? " " : "", unit);
	else if (row->type == CONF_DURATION)
		snprintf(out, RANGE_BYTES, ", expected a number and a unit: " DURATION_UNITS);
	else if (row->type == CONF_SIZE)
		snprintf(out, RANGE_BYTES, ", expected a number and a unit: " SIZE_UNITS);
	return out;
}

static void wrong_number(const struct cell *cell, enum conf_verdict verdict)
{
	const struct conf_option *row = cell->row;
	const char *units = row->type == CONF_SIZE ? SIZE_UNITS : DURATION_UNITS;
	const char *what = "not a whole number";
	char range[RANGE_BYTES];

	if (row->type == CONF_REAL)
		what = "not a number";
	else if (row->type == CONF_SIZE)
		what = "not a size";
	else if (row->type == CONF_DURATION)
		what = "not a duration";
	if (verdict == CONF_NO_UNIT)
		wrong(cell, "the unit is missing, expected %s after the number", units);
	else if (verdict == CONF_UNKNOWN_UNIT)
		wrong(cell, "the unit is unknown, expected %s", units);
	else
		wrong(cell, "%s%s", verdict == CONF_TOO_LARGE ? "out of range" : what,
		      expected_range(row, range));
}

/* ---- types ----------------------------------------------------------------------------- */

static bool in_range(const struct conf_option *row, int64_t value)
{
	return (row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max);
}

static void read_int64(const struct cell *cell)
{
	enum conf_verdict verdict;
	int64_t value = 0;

	if (cell->row->type == CONF_DURATION)
		verdict = conf_read_duration(cell->text, &value);
	else if (cell->row->type == CONF_SIZE)
		verdict = conf_read_size(cell->text, &value);
	else
		verdict = conf_read_int(cell->text, &value);
	if (verdict == CONF_GOOD && !in_range(cell->row, value))
		verdict = CONF_TOO_LARGE;
	if (verdict == CONF_GOOD)
		*(int64_t *)cell->field = value;
	else
		wrong_number(cell, verdict);
}

static void read_real(const struct cell *cell)
{
	const struct conf_option *row = cell->row;
	double value = 0;
	enum conf_verdict verdict = conf_read_real(cell->text, &value);

	if (verdict == CONF_GOOD && (row->min != 0 || row->max != 0) &&
	    (value < (double)row->min || value > (double)row->max))
		verdict = CONF_TOO_LARGE;
	if (verdict == CONF_GOOD)
		*(double *)cell->field = value;
	else
		wrong_number(cell, verdict);
}

static void read_range(const struct cell *cell)
{
	const char *dash = strchr(cell->text, '-');
	char first[CONF_NUMBER_BYTES];
	int64_t from, to;

	snprintf(first, sizeof(first), "%.*s", dash ? (int)(dash - cell->text) : 0, cell->text);
	if (conf_read_int(first, &from) != CONF_GOOD || conf_read_int(dash + 1, &to) != CONF_GOOD ||
	    from > to || !in_range(cell->row, from) || !in_range(cell->row, to))
		wrong(cell, "expected the first and the last, such as \"4-7\", from %lld to %lld",
		      (long long)cell->row->min, (long long)cell->row->max);
	else
		*(struct conf_range *)cell->field =
			(struct conf_range){.first = from, .count = to - from + 1};
}

static void read_bool(const struct cell *cell)
{
	struct conf_nearest nearest = {
		.word = cell->text, .patience = &cell->parser->reader->patience, .few = true};

	if (conf_read_bool(cell->text, cell->field))
		return;
	for (size_t i = 0; conf_bool_words[i]; i++)
		conf_nearest_offer(&nearest, conf_bool_words[i]);
	wrong(cell, "expected true or false%s", conf_nearest_hint(&nearest));
}

/* "a, b or c" */
static void list_choices(const struct conf_choice *choice, char *out, size_t size)
{
	size_t bytes = 0;

	for (; choice->word && bytes < size; choice++)
		bytes += (size_t)snprintf(out + bytes, size - bytes, "%s%s",
					  bytes == 0	   ? ""
					  : choice[1].word ? ", "
							   : " or ",
					  choice->word);
}

/* NULL: none of them, told. */
static const struct conf_choice *read_choice(const struct cell *cell)
{
	struct conf_nearest nearest = {
		.word = cell->text, .patience = &cell->parser->reader->patience, .few = true};
	const struct conf_choice *choice;
	char words[256] = "";

	for (choice = cell->row->choices; choice->word; choice++) {
		if (strcmp(choice->word, cell->text) == 0)
			return choice;
		conf_nearest_offer(&nearest, choice->word);
	}
	list_choices(cell->row->choices, words, sizeof(words));
	wrong(cell, "expected %s%s", words, conf_nearest_hint(&nearest));
	return NULL;
}

static void read_word(const struct cell *cell)
{
	const struct conf_choice *choice = read_choice(cell);

	if (choice)
		*(int *)cell->field = choice->value;
}

bool conf_is_name(const char *text)
{
	return text[0] != '\0' && strlen(text) <= NAME_BYTES &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool is_in_chip(const struct cell *cell)
{
	return cell->row->in_chip &&
	       (strncmp(cell->text, "pkcs11:", 7) == 0 || strncmp(cell->text, "handle:", 7) == 0);
}

static void read_text(const struct cell *cell)
{
	char **field = cell->field;
	size_t most = TEXT_BYTES;

	if (cell->row->type == CONF_PATH)
		most = PATH_BYTES;
	else if (cell->row->type == CONF_NAME)
		most = NAME_BYTES;
	if (cell->text[0] == '\0')
		wrong(cell, "is empty, leave the option out or give it a value");
	else if (strlen(cell->text) > most)
		wrong(cell, "%zu bytes are too many, expected at most %zu", strlen(cell->text),
		      most);
	else if (cell->row->type == CONF_NAME && !conf_is_name(cell->text))
		wrong(cell, "not a name, expected a-z, 0-9 and \"-\" only");
	else if (cell->row->type == CONF_PATH && cell->text[0] != '/' && !is_in_chip(cell))
		*field = conf_join(cell->parser->store, "%s/%s", cell->entry->place.file->folder,
				   cell->text); /* it begins where the file is */
	else if (!cell->row->choices || read_choice(cell))
		*field = conf_copy(cell->parser->store, cell->text);
}

/* ---- references ------------------------------------------------------------------------ */

/* Whether the device's points are not all known, for a reason that was told. */
static bool in_gap(const struct conf_parser *parser, const char *text, size_t device_bytes)
{
	struct conf_reader *reader = parser->reader;
	const char *name = conf_join(reader->store, "%.*s", (int)device_bytes, text);
	const struct conf_node *device = name ? conf_node_find(reader, NULL, "device", name) : NULL;

	return (device && device->incomplete) || (name && conf_is_lost(reader, "device", name));
}

static void read_point(const struct cell *cell)
{
	const struct config *config = cell->parser->config;
	const struct conf_slot *slot = conf_index_find(&cell->parser->points, cell->text);
	struct conf_nearest nearest = {.word = cell->text,
				       .patience = &cell->parser->reader->patience};
	const char *dot = strchr(cell->text, '.');

	if (slot)
		*(int32_t *)cell->field = (int32_t)slot->number - 1;
	else if (!dot)
		wrong(cell, "not a point, expected \"device.point\"");
	if (slot || !dot || in_gap(cell->parser, cell->text, (size_t)(dot - cell->text)))
		return;
	for (size_t i = 0; i < config->point_count; i++)
		if (!conf_nearest_offer(&nearest, config->points[i].name))
			break;
	wrong(cell, "there is no such point%s", conf_nearest_hint(&nearest));
}

/* ---- several words --------------------------------------------------------------------- */

static void read_list(struct cell *cell)
{
	struct conf_list *list = cell->field;
	const size_t most = cell->row->max > 0 ? (size_t)cell->row->max : TEXT_BYTES;

	list->item = conf_alloc(cell->parser->store, cell->entry->word_count * sizeof(char *));
	for (; list->item && cell->word; cell->word = cell->word->next) {
		cell->text = cell->word->text;
		if (cell->text[0] == '\0')
			wrong(cell, "is empty");
		else if (strlen(cell->text) > most)
			wrong(cell, "%zu bytes are too many, expected at most %zu",
			      strlen(cell->text), most);
		else if ((list->item[list->count] = conf_copy(cell->parser->store, cell->text)))
			list->count++;
	}
}

/* false: told, or no memory. */
static bool read_mapping(const struct cell *cell, struct point_map *ret_item)
{
	const char *equals = strchr(cell->text, '=');
	char number[CONF_NUMBER_BYTES];

	if (!equals || (size_t)(equals - cell->text) >= sizeof(number)) {
		wrong(cell, "expected \"number=word\", such as \"16=open\"");
		return false;
	}
	snprintf(number, sizeof(number), "%.*s", (int)(equals - cell->text), cell->text);
	if (conf_read_int(number, &ret_item->raw) != CONF_GOOD) {
		wrong(cell, "\"%s\" is not a whole number, expected \"number=word\"", number);
		return false;
	}
	if (equals[1] == '\0' || strlen(equals + 1) >= VALUE_TEXT_BYTES) {
		wrong(cell, "expected a word of 1 to %d bytes after the \"=\"",
		      VALUE_TEXT_BYTES - 1);
		return false;
	}
	ret_item->word = conf_copy(cell->parser->store, equals + 1);
	return ret_item->word;
}

static void read_map(struct cell *cell)
{
	struct conf_store *store = cell->parser->reader->store;
	struct conf_map *map = cell->field;
	struct conf_index seen = {0};
	struct conf_slot *slot;
	const char *number;

	map->item =
		conf_alloc(cell->parser->store, cell->entry->word_count * sizeof(struct point_map));
	for (; map->item && cell->word; cell->word = cell->word->next) {
		struct point_map item = {0};

		cell->text = cell->word->text;
		if (!read_mapping(cell, &item))
			continue;
		number = conf_join(store, "%lld", (long long)item.raw);
		slot = conf_index_slot(store, &seen, number);
		if (slot && slot->number++ > 0)
			wrong(cell, "%s already has a word", number);
		else
			map->item[map->count++] = item;
	}
}

static void read_numbers(struct cell *cell)
{
	struct conf_numbers *numbers = cell->field;

	numbers->item = conf_alloc(cell->parser->store, cell->entry->word_count * sizeof(int64_t));
	for (; numbers->item && cell->word; cell->word = cell->word->next) {
		cell->text = cell->word->text;
		if (conf_read_raw(cell->text, &numbers->item[numbers->count]) == CONF_GOOD)
			numbers->count++;
		else
			wrong(cell, "not a whole number, such as 255, -1 or 0xFFFF");
	}
}

/* ---- a block --------------------------------------------------------------------------- */

static void read_one(struct cell *cell)
{
	static void (*const readers[])(const struct cell *) = {
		[CONF_TEXT] = read_text,   [CONF_PATH] = read_text,	 [CONF_NAME] = read_text,
		[CONF_BOOL] = read_bool,   [CONF_INT] = read_int64,	 [CONF_REAL] = read_real,
		[CONF_SIZE] = read_int64,  [CONF_DURATION] = read_int64, [CONF_CHOICE] = read_word,
		[CONF_POINT] = read_point, [CONF_RANGE] = read_range,
	};

	readers[cell->row->type](cell);
}

static void read_given(struct cell *cell)
{
	bool several = cell->row->type == CONF_LIST || cell->row->type == CONF_MAP ||
		       cell->row->type == CONF_NUMBERS;

	cell->word = cell->entry->words;
	cell->text = cell->word ? cell->word->text : NULL;
	if (cell->entry->told && !cell->word)
		return;
	if (cell->row->type == CONF_LIST)
		read_list(cell);
	else if (cell->row->type == CONF_MAP)
		read_map(cell);
	else if (cell->row->type == CONF_NUMBERS)
		read_numbers(cell);
	else if (cell->word && cell->entry->word_count == 1)
		read_one(cell);
	if (several ? cell->row->required && !cell->entry->words : cell->entry->word_count != 1)
		conf_complain_entry(cell->parser, cell->entry, NULL, "has %zu values, expected %s",
				    cell->entry->word_count, several ? "at least one" : "one");
}

static void set_default(struct cell *cell)
{
	if (cell->row->type == CONF_POINT)
		*(int32_t *)cell->field = POINT_NONE;
	else if (cell->row->type == CONF_REAL)
		*(double *)cell->field = NAN;
	cell->text = cell->row->def;
	if (cell->text) /* a list or map has none */
		read_one(cell);
}

void conf_fill(struct conf_parser *parser, const struct conf_source *source,
	       const struct conf_option *table, const struct conf_option *hidden, void *base)
{
	for (; table->name; table++) {
		struct cell cell = {
			.parser = parser, .row = table, .field = (char *)base + table->offset};

		set_default(&cell);
		if (hidden && conf_option_by_name(hidden, table->name))
			continue;
		cell.entry = conf_source_entry(source, table->name);
		if (cell.entry)
			read_given(&cell);
		else if (table->required && !source->incomplete && !source->own->place.file->cut)
			conf_complain_node(parser->reader, source->own, source->own->place.line,
					   "option \"%s\" is missing. %s", table->name,
					   table->help);
	}
}
