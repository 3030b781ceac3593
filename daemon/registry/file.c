#include "registry/file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "registry/file_private.h"
#include "registry/record/cells.h"

struct list_file {
	const struct registry_file_sink *sink;
	struct registry_bytes *bytes;
	struct registry_rows rows;
	struct registry_seen seen;
	struct registry_file_head head;
	int records, complaints;
	bool refused; /* a record that may not come with it was met */
	const struct shape_member *columns[CSV_CELLS_MAX];
	size_t column_count;
};

/* ---- complaints ------------------------------------------------------------------------- */

static void complain(struct list_file *file, const struct registry_complaint *complaint)
{
	if (file->complaints++ < REGISTRY_COMPLAINTS_MAX && file->sink->complain)
		file->sink->complain(file->sink->data, complaint);
}

static void complain_of(struct list_file *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain_of(struct list_file *file, int line, const char *format, ...)
{
	struct registry_complaint complaint = {.line = line};
	va_list args;

	va_start(args, format);
	vsnprintf(complaint.text, sizeof(complaint.text), format, args);
	va_end(args);
	complain(file, &complaint);
}

static void complain_of_the_rest(struct list_file *file)
{
	const int more = file->complaints - REGISTRY_COMPLAINTS_MAX;
	struct registry_complaint complaint = {0};

	if (more <= 0 || !file->sink->complain)
		return;
	snprintf(complaint.text, sizeof(complaint.text), "and %d more", more);
	file->sink->complain(file->sink->data, &complaint);
}

/* Complains of a bad line and goes on: 0. */
static int pass_over(struct list_file *file, int result, struct registry_complaint *complaint)
{
	if (result != -EINVAL)
		return result;
	complaint->line = file->rows.line;
	complain(file, complaint);
	return 0;
}

/* ---- records ---------------------------------------------------------------------------- */

static void ask_whether_it_may(struct list_file *file, const struct registry_record *record)
{
	struct registry_complaint complaint = {.line = file->rows.line};

	if (!file->sink->may || file->refused)
		return;
	file->refused = !file->sink->may(file->sink->data, record, &complaint);
	if (file->refused)
		complain(file, &complaint);
}

static int hand_out(struct list_file *file, struct registry_record *record)
{
	const struct registry_file_sink *sink = file->sink;
	const int seen = registry_seen_add(&file->seen, record->key);

	if (seen > 0)
		file->records++;
	if (seen == 0)
		complain_of(file, file->rows.line, "\"%s\" is listed twice", record->key);
	if (file->records > REGISTRY_FILE_RECORDS_MAX)
		complain_of(file, file->rows.line, "the most is %d records",
			    REGISTRY_FILE_RECORDS_MAX);
	if (registry_is_ahead(record->as_of_utc_ns, sink->latest_utc_ns))
		complain_of(file, file->rows.line, REGISTRY_AHEAD);
	ask_whether_it_may(file, record);
	if (seen < 0 || file->complaints || !sink->record) {
		registry_record_free(record);
		return seen < 0 ? seen : 0;
	}
	return sink->record(sink->data, record);
}

static int read_json_record(struct list_file *file)
{
	struct registry_complaint complaint;
	struct registry_record *record;
	const int result = registry_record_read(file->head.kind, file->rows.text, file->rows.bytes,
						&record, &complaint);

	return result < 0 ? pass_over(file, result, &complaint) : hand_out(file, record);
}

/* A row may have more separators than columns, and nothing behind them. */
static void drop_empty_cells(struct list_file *file)
{
	struct registry_rows *rows = &file->rows;

	while (rows->count > file->column_count && rows->cells[rows->count - 1][0] == '\0')
		rows->count--;
}

static int read_csv_record(struct list_file *file)
{
	struct registry_complaint complaint;
	struct registry_record *record;
	int result;

	drop_empty_cells(file);
	if (file->rows.count != file->column_count) {
		complain_of(file, file->rows.line, "has %zu cells, there are %zu columns",
			    file->rows.count, file->column_count);
		return 0;
	}
	result = registry_record_read_cells(file->head.kind, file->columns, file->rows.cells,
					    file->column_count, &record, &complaint);
	return result < 0 ? pass_over(file, result, &complaint) : hand_out(file, record);
}

/* ---- heads -------------------------------------------------------------------------------- */

static void drop_front(struct registry_rows *rows, size_t bytes)
{
	memmove(rows->text, rows->text + bytes, rows->bytes + 1 - bytes);
	rows->bytes -= bytes;
}

#define SEPARATORS ",; \t" /* behind the head */

/* A spreadsheet puts quotes around a cell that has quotes, and doubles these; behind the first cell
 * stand the separators of the others. false: the head is divided among them. */
static bool unquote_head(struct registry_rows *rows)
{
	char *in = rows->text, *out = rows->text, *end;
	bool quoted = in[0] == '"', divided;

	for (in += quoted; *in && !(quoted && in[0] == '"' && in[1] != '"'); in++) {
		in += quoted && in[0] == '"';
		*out++ = *in;
	}
	divided = quoted && *in && in[1 + strspn(in + 1, SEPARATORS)] != '\0';
	*out = '\0';
	end = strrchr(rows->text, '}');
	if (end && end[1 + strspn(end + 1, SEPARATORS)] == '\0')
		end[1] = '\0';
	rows->bytes = strlen(rows->text);
	return !divided;
}

/* Of the first line, which may be for the spreadsheet alone, as "sep=;". */
static bool is_a_spreadsheets(const struct registry_rows *rows)
{
	return rows->line == 1 && strncasecmp(rows->text, "sep=", 4) == 0;
}

static bool is_utf16(const struct registry_rows *rows)
{
	return rows->line == 1 &&
	       (strncmp(rows->text, "\xFF\xFE", 2) == 0 || strncmp(rows->text, "\xFE\xFF", 2) == 0);
}

/* Spreadsheets put a byte order mark before it. */
static int read_head(struct list_file *file, bool csv)
{
	static const char mark[] = "\xEF\xBB\xBF";
	struct registry_complaint complaint = {.text = "the head is missing: {\"list\":{…}}"};
	struct registry_rows *rows = &file->rows;
	const char *text;
	bool whole = true;
	int result;

	do {
		result = registry_rows_line(rows, csv);
		if (result > 0 && rows->line == 1 && strncmp(rows->text, mark, 3) == 0)
			drop_front(rows, 3);
		if (result > 0 && csv)
			whole = unquote_head(rows);
		text = rows->text;
	} while (csv && result > 0 &&
		 ((text[0] == '#' && !strchr(text, '{')) || is_a_spreadsheets(rows)));
	if (result < 0 && result != -EINVAL)
		return result;
	if (result <= 0 || (csv && text[0] != '#') || !whole) {
		complaint.line = rows->line;
		if (!whole)
			snprintf(
				complaint.text, sizeof(complaint.text),
				"the head is divided among cells: it stands in the first one, whole");
		if (is_utf16(rows))
			snprintf(complaint.text, sizeof(complaint.text),
				 "is no UTF-8, but UTF-16: save it as \"CSV UTF-8\"");
		complain(file, &complaint);
		return -EINVAL;
	}
	text += csv;
	result = registry_file_read_head(text, rows->bytes - (size_t)(text - rows->text),
					 &file->head, &complaint);
	if (result == 0 && registry_is_ahead(file->head.as_of_utc_ns, file->sink->latest_utc_ns)) {
		snprintf(complaint.text, sizeof(complaint.text), "%s", REGISTRY_AHEAD);
		result = -EINVAL;
	}
	return result < 0 && pass_over(file, result, &complaint) == 0 ? -EINVAL : result;
}

static bool has_column(const struct list_file *file, const struct shape_member *column)
{
	for (size_t i = 0; column && i < file->column_count; i++)
		if (file->columns[i] == column)
			return true;
	return false;
}

static void add_column(struct list_file *file, char *name)
{
	const struct shape_member *column = NULL;

	name += strspn(name, " ");
	name[strcspn(name, " ")] = '\0';
	if (registry_column(file->head.kind, name, &column) < 0)
		complain_of(file, file->rows.line, "\"%s\" is no column of a list of kind \"%s\"",
			    value_text(name).text, registry_kind_name(file->head.kind));
	else if (has_column(file, column))
		complain_of(file, file->rows.line, "column \"%s\" is there already", name);
	file->columns[file->column_count++] = column;
}

/* Cells are divided by what divides the columns; empty ones behind the last are none. */
static int find_columns(struct list_file *file)
{
	struct registry_rows *rows = &file->rows;
	int result = registry_rows_csv(rows);

	if (result > 0 && rows->count == 1 && strpbrk(rows->cells[0], ";\t")) {
		rows->separator = *strpbrk(rows->cells[0], ";\t");
		result = registry_rows_split(rows);
	}
	while (result > 0 && rows->count > 1 && rows->cells[rows->count - 1][0] == '\0')
		rows->count--;
	return result;
}

static int read_columns(struct list_file *file)
{
	struct registry_complaint complaint = {
		.text = "the line that names the columns is missing"};
	const int result = find_columns(file);

	if (result < 0 && result != -EINVAL)
		return result;
	if (result < 0)
		snprintf(complaint.text, sizeof(complaint.text), "%s", file->rows.wrong);
	if (result <= 0)
		pass_over(file, -EINVAL, &complaint);
	for (size_t i = 0; result > 0 && i < file->rows.count; i++)
		add_column(file, file->rows.cells[i]);
	return file->complaints ? -EINVAL : 0;
}

/* ---- files --------------------------------------------------------------------------------- */

static int read_records(struct list_file *file, bool csv)
{
	struct registry_rows *rows = &file->rows;
	int result = 0, row;

	while (result == 0) {
		row = csv ? registry_rows_csv(rows) : registry_rows_line(rows, false);
		if (row == -EINVAL)
			complain_of(file, rows->line, "%s", rows->wrong);
		else if (row <= 0)
			return row;
		else
			result = csv ? read_csv_record(file) : read_json_record(file);
	}
	return result;
}

/* Nothing is wrong with what it says. */
static void ask_whether_it_is_whole(struct list_file *file)
{
	struct registry_complaint complaint = {0};
	unsigned char hash[EVENT_HASH_BYTES];

	if (!file->sink->whole)
		return;
	registry_bytes_hash(file->bytes, hash);
	if (!file->sink->whole(file->sink->data, hash, &complaint))
		complain(file, &complaint);
}

static int read_list(struct list_file *file, bool csv)
{
	const struct registry_file_sink *sink = file->sink;
	int result = read_head(file, csv);

	if (result == 0 && csv)
		result = read_columns(file);
	if (result == 0 && sink->head)
		result = sink->head(sink->data, &file->head);
	if (result == 0)
		result = read_records(file, csv);
	if (result == 0 && !file->complaints && file->head.records >= 0 &&
	    file->head.records != file->records)
		complain_of(file, 0, "has %d records, its head says %lld", file->records,
			    (long long)file->head.records);
	if (result == 0 && !file->complaints)
		ask_whether_it_is_whole(file);
	complain_of_the_rest(file);
	if (result < 0)
		return result;
	return file->complaints ? -EINVAL : file->records;
}

static int format_of(struct list_file *file, const char *path, bool *ret_csv)
{
	const char *dot = strrchr(path, '.');

	*ret_csv = dot && strcmp(dot, ".csv") == 0;
	if (*ret_csv || (dot && strcmp(dot, ".jsonl") == 0))
		return 0;
	complain_of(file, 0, "its name does not end in .jsonl or .csv");
	return -EINVAL;
}

int registry_file_read(const char *path, const struct registry_file_sink *sink)
{
	struct list_file *file = calloc(1, sizeof(*file));
	bool csv;
	int result;

	if (!file)
		return -ENOMEM;
	file->sink = sink;
	file->rows.next_line = 1;
	file->rows.separator = ',';
	result = format_of(file, path, &csv);
	if (result == 0)
		result = registry_bytes_open(path, &file->bytes, &file->rows.in);
	if (result == 0)
		result = read_list(file, csv);
	registry_bytes_close(file->bytes);
	registry_seen_fini(&file->seen);
	free(file);
	return result;
}
