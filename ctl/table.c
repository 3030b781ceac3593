#include "ctl/table.h"

#define ABOVE 2 /* an empty line and the heading */

void table_init(struct table *table, const char *heading)
{
	*table = (struct table){.heading = heading, .bad = json_array(), .good = json_array()};
}

void table_fini(struct table *table)
{
	json_decref(table->bad);
	json_decref(table->good);
}

void table_add(struct table *table, bool bad, const char *row)
{
	json_array_append_new(bad ? table->bad : table->good, json_string(row));
}

static size_t rows_of(const struct table *table)
{
	return json_array_size(table->bad) + json_array_size(table->good);
}

size_t table_lines(const struct table *table)
{
	size_t rows = rows_of(table);

	return rows > 0 ? rows + ABOVE : 0;
}

static const char *row_of(const struct table *table, size_t i)
{
	size_t bad = json_array_size(table->bad);
	const json_t *row =
		i < bad ? json_array_get(table->bad, i) : json_array_get(table->good, i - bad);

	return json_string_value(row) ? json_string_value(row) : "?";
}

void table_put(const struct table *table, size_t lines, FILE *out)
{
	size_t rows = rows_of(table), bad = json_array_size(table->bad), shown = rows;

	if (rows == 0)
		return;
	if (table_lines(table) > lines)
		shown = lines > ABOVE + 1 ? lines - ABOVE - 1 : 1;
	fprintf(out, "\n%s\n", table->heading);
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "%s\n", row_of(table, i));
	if (shown < rows)
		fprintf(out, "… and %zu more, %zu of them with a fault: --all\n", rows - shown,
			bad > shown ? bad - shown : 0);
}
