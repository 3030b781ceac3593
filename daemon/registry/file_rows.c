#include <errno.h>
#include <string.h>

#include "registry/file_private.h"

#define TOO_LONG "is longer than 16383 bytes"
_Static_assert(CONSIGNMENT_BYTES == 16384, "TOO_LONG tells the limit");

static int take(struct registry_rows *rows)
{
	const int c = getc_unlocked(rows->in);

	rows->next_line += c == '\n';
	return c;
}

static int peek(struct registry_rows *rows)
{
	return ungetc(getc_unlocked(rows->in), rows->in);
}

static void begin(struct registry_rows *rows)
{
	rows->line = rows->next_line;
	rows->bytes = 0;
	rows->count = 0;
	rows->wrong = NULL;
}

static void put(struct registry_rows *rows, int c)
{
	if (rows->bytes < sizeof(rows->text) - 1)
		rows->text[rows->bytes++] = (char)c;
	else
		rows->wrong = TOO_LONG;
}

/* 0, or what kept the file from being read. */
static int end_of_file(struct registry_rows *rows)
{
	return ferror(rows->in) ? -(errno ? errno : EIO) : 0;
}

static void read_raw_line(struct registry_rows *rows)
{
	for (int c = take(rows); c != EOF && c != '\n'; c = take(rows))
		put(rows, c);
	if (rows->bytes > 0 && rows->text[rows->bytes - 1] == '\r')
		rows->bytes--;
	rows->text[rows->bytes] = '\0';
}

static bool is_blank(const struct registry_rows *rows)
{
	return strspn(rows->text, " \t") == rows->bytes;
}

int registry_rows_line(struct registry_rows *rows, bool keep_comment)
{
	do {
		begin(rows);
		if (peek(rows) == EOF)
			return end_of_file(rows);
		read_raw_line(rows);
		if (rows->wrong)
			return -EINVAL;
	} while (is_blank(rows) || (rows->text[0] == '#' && !keep_comment));
	return 1;
}

/* ---- CSV ------------------------------------------------------------------------------- */

static bool ends_cell(const struct registry_rows *rows, int c)
{
	return c == rows->separator || c == '\n' || c == EOF;
}

/* The end of line as one character. */
static int take_plain(struct registry_rows *rows)
{
	const int c = take(rows);

	return c == '\r' && (peek(rows) == '\n' || peek(rows) == EOF) ? take(rows) : c;
}

static int read_quoted(struct registry_rows *rows)
{
	int c;

	for (;;) {
		c = take(rows);
		if (c == EOF) {
			rows->wrong = "a quote is not closed";
			return EOF;
		}
		if (c == '"' && peek(rows) != '"')
			break;
		if (c == '"')
			c = take(rows);
		put(rows, c);
		if (rows->wrong)
			return c;
	}
	c = take_plain(rows);
	if (!ends_cell(rows, c))
		rows->wrong = "something stands behind a closing quote";
	return c;
}

static int read_bare(struct registry_rows *rows)
{
	int c;

	for (c = take_plain(rows); !ends_cell(rows, c) && !rows->wrong; c = take_plain(rows)) {
		put(rows, c);
		if (c == '"')
			rows->wrong = "a quote stands within a cell that has none around it";
		else if (c == '\r' || c == '\0')
			rows->wrong = "a control character stands in a cell";
		if (rows->wrong)
			return c;
	}
	return c;
}

/* One cell, and what ended it. */
static int read_cell(struct registry_rows *rows)
{
	const size_t begin_bytes = rows->bytes;
	int end;

	if (rows->count == CSV_CELLS_MAX) {
		rows->wrong = "has too many cells";
		return take_plain(rows);
	}
	if (peek(rows) == '"') {
		(void)take(rows);
		end = read_quoted(rows);
	} else {
		end = read_bare(rows);
	}
	put(rows, '\0');
	if (!rows->wrong && memchr(rows->text + begin_bytes, '\0', rows->bytes - begin_bytes - 1))
		rows->wrong = "a control character stands in a cell";
	rows->cells[rows->count++] = rows->text + begin_bytes;
	return end;
}

static void skip_line(struct registry_rows *rows, int c)
{
	while (c != '\n' && c != EOF)
		c = take(rows);
}

static int read_row(struct registry_rows *rows)
{
	int end;

	begin(rows);
	do {
		end = read_cell(rows);
	} while (end == rows->separator && !rows->wrong);
	if (rows->wrong) {
		skip_line(rows, end);
		return -EINVAL;
	}
	return 1;
}

static bool is_blank_cell(const char *cell)
{
	return cell[strspn(cell, " \t")] == '\0';
}

/* Also as a spreadsheet leaves a line without anything: separators only. */
static bool is_empty(const struct registry_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!is_blank_cell(rows->cells[i]))
			return false;
	return true;
}

int registry_rows_csv(struct registry_rows *rows)
{
	int result;

	for (;;) {
		const int c = peek(rows);

		if (c == EOF)
			return end_of_file(rows);
		if (c == '#') {
			skip_line(rows, c);
			continue;
		}
		result = read_row(rows);
		if (result < 0 || !is_empty(rows))
			return result;
	}
}

int registry_rows_split(struct registry_rows *rows)
{
	char *cell = rows->cells[0];

	rows->count = 0;
	while (cell) {
		char *end = strchr(cell, rows->separator);

		if (rows->count == CSV_CELLS_MAX) {
			rows->wrong = "has too many cells";
			return -EINVAL;
		}
		if (end)
			*end++ = '\0';
		rows->cells[rows->count++] = cell;
		cell = end;
	}
	return 1;
}
