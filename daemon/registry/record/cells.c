#include "registry/record/cells.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "registry/record/shape.h"

/* Names that columns have in other tables of AEOs and arrangements. */
static const struct {
	enum registry_kind kind;
	const char *name;
	const char *member;
} aliases[] = {
	{REGISTRY_AEO, "eori", "tin"},
	{REGISTRY_AEO, "list_version", "version"},
	{REGISTRY_ARRANGEMENT, "mra_id", "id"},
	{REGISTRY_ARRANGEMENT, "multilateral_group", "group"},
	{REGISTRY_ARRANGEMENT, "flow", "flows"},
};

static const char *member_meant(enum registry_kind kind, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (aliases[i].kind == kind && strcmp(aliases[i].name, name) == 0)
			return aliases[i].member;
	return name;
}

int registry_column(enum registry_kind kind, const char *name,
		    const struct shape_member **ret_column)
{
	const struct shape_member *member =
		shape_member_named(registry_shape(kind), member_meant(kind, name));

	if (!member && !shape_is_the_authors_own(name))
		return -EINVAL;
	*ret_column = member;
	return 0;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && end[-1] == ' ')
		*--end = '\0';
	return text + strspn(text, " ");
}

/* Cuts the next piece off; NULL when none is left. */
static char *take_piece(char **rest, char separator)
{
	char *piece = *rest, *end;

	if (!piece)
		return NULL;
	end = strchr(piece, separator);
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return trim(piece);
}

static bool is_number(const char *text)
{
	return strspn(text, DIGITS) == strlen(text) && strlen(text) < 18 &&
	       (text[0] != '0' || !text[1]);
}

static bool is_decimal(const char *text)
{
	const size_t whole = strspn(text, DIGITS);
	const size_t places = text[whole] == '.' ? strspn(text + whole + 1, DIGITS) : 0;

	return whole > 0 && places > 0 && !text[whole + 1 + places] && strlen(text) < 18;
}

/* What is none of these stays text, and the type of the member complains of it. */
static void write_plain(struct jw *json, const char *name, enum shape_cell cell, const char *text)
{
	const bool yes = strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 ||
			 strcmp(text, "1") == 0;
	const bool no = strcasecmp(text, "false") == 0 || strcasecmp(text, "no") == 0 ||
			strcmp(text, "0") == 0;

	if (cell == CELL_BOOL && (yes || no))
		jw_bool(json, name, yes);
	else if (cell == CELL_NUMBER && is_number(text))
		jw_int(json, name, strtoll(text, NULL, 10));
	else if (cell == CELL_NUMBER && is_decimal(text))
		jw_real(json, name, strtod(text, NULL));
	else
		jw_text(json, name, text);
}

/* Members in their order, those of an object among them; an object all of whose places are
 * empty is left out. */
static void write_pieces(struct jw *json, const struct shape *shape, char **rest)
{
	const struct shape_member *member;
	char *piece;

	for (member = shape->members; member->name; member++) {
		if (member->type->cell == CELL_OBJECT) {
			if (!*rest || (*rest)[strspn(*rest, " |")] == '\0')
				return;
			jw_open(json, member->name);
			write_pieces(json, member->shape, rest);
			jw_close(json);
			continue;
		}
		piece = take_piece(rest, '|');
		if (piece && *piece)
			write_plain(json, member->name, member->type->cell, piece);
	}
}

/* What is left over becomes a member that no record has. */
static void write_element(struct jw *json, const struct shape_member *column, char *text)
{
	char *rest = text;

	if (!column->shape) {
		write_plain(json, NULL, CELL_TEXT, text);
		return;
	}
	jw_open(json, NULL);
	write_pieces(json, column->shape, &rest);
	if (rest)
		jw_text(json, "more", rest);
	jw_close(json);
}

static void write_cell(struct jw *json, const struct shape_member *column, char *text)
{
	char *rest = text, *piece;

	if (column->type->cell != CELL_LIST) {
		write_plain(json, column->name, column->type->cell, text);
		return;
	}
	jw_open_array(json, column->name);
	while ((piece = take_piece(&rest, ';')) != NULL)
		if (*piece)
			write_element(json, column, piece);
	jw_close_array(json);
}

/* What it shows instead of a value: #REF!, #NAME?, #N/A, or that the column is too narrow. */
static bool is_an_error(const char *text)
{
	const size_t bytes = strlen(text);

	return text[0] == '#' && bytes > 1 &&
	       (strchr("!?", text[bytes - 1]) || strcmp(text, "#N/A") == 0 ||
		strspn(text, "#") == bytes);
}

/* What a spreadsheet made of a long number, or would compute: 1.23457E+11, ="00123". */
static bool is_mangled(const char *text)
{
	const size_t whole = strspn(text, DIGITS);
	const char *rest = text + whole;

	if (text[0] == '=' || is_an_error(text))
		return true;
	if (whole == 1 && (*rest == '.' || *rest == ','))
		rest += 1 + strspn(rest + 1, DIGITS);
	return whole == 1 && strncmp(rest, "E+", 2) == 0 && rest[2] &&
	       rest[2 + strspn(rest + 2, DIGITS)] == '\0';
}

int registry_record_read_cells(enum registry_kind kind, const struct shape_member *const *columns,
			       char **cells, size_t count, struct registry_record **ret_record,
			       struct registry_complaint *ret_complaint)
{
	char out[CONSIGNMENT_BYTES];
	struct jw json;
	size_t i;

	jw_start(&json, out, sizeof(out));
	jw_open(&json, NULL);
	for (i = 0; i < count; i++) {
		char *text = columns[i] ? trim(cells[i]) : NULL;

		if (text && is_mangled(text)) {
			snprintf(ret_complaint->text, sizeof(ret_complaint->text),
				 "%s: \"%s\" is a spreadsheet's, not what was typed in: make the "
				 "column one of text",
				 columns[i]->name, value_text(text).text);
			return -EINVAL;
		}
		if (text && *text)
			write_cell(&json, columns[i], text);
	}
	jw_close(&json);
	if (jw_ok(&json))
		return registry_record_read(kind, out, json.bytes, ret_record, ret_complaint);
	*ret_complaint = (struct registry_complaint){.text = "is too large"};
	return -EINVAL;
}
