#include <stdio.h>
#include <string.h>

#include "config.h"
#include "config_schema.h"

/* Text of roff: nothing in it is a request or an escape. */
static void print_plain(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void print_choices(FILE *out, const struct conf_choice *choice)
{
	for (; choice->word != NULL; choice++) {
		print_plain(out, choice->word);
		fputs(choice[1].word != NULL ? " | " : "", out);
	}
}

static const char *placeholder(const struct conf_option *row)
{
	switch (row->type) {
	case CONF_TEXT:
		return "text";
	case CONF_PATH:
		return "path";
	case CONF_NAME:
		return "name";
	case CONF_BOOL:
		return "true | false";
	case CONF_INT:
	case CONF_REAL:
		return row->unit != NULL ? row->unit : "number";
	case CONF_SIZE:
		return "size";
	case CONF_DURATION:
		return "duration";
	case CONF_LIST:
		return "{text, ...}";
	case CONF_POINT:
		return "device.point";
	case CONF_MAP:
		return "{\"number=word\", ...}";
	case CONF_CHOICE:
		break;
	}
	return "";
}

static void print_row(FILE *out, const struct conf_option *row)
{
	fputs(".TP\n.BR ", out);
	print_plain(out, row->name);
	fputs(" \" = ", out);
	if (row->choices != NULL)
		print_choices(out, row->choices);
	else
		for (const char *c = placeholder(row); *c != '\0'; c++)
			fputs(*c == '"' ? "\\(dq" : (char[2]){*c}, out);
	fputs("\"\n", out);
	print_plain(out, row->help);
	if (row->required)
		fputs(" Required.", out);
	if (row->def != NULL) {
		fputs(" Default: ", out);
		print_plain(out, row->def);
		fputc('.', out);
	}
	fputc('\n', out);
}

static void print_table(FILE *out, const struct conf_option *table)
{
	for (; table->name != NULL; table++)
		print_row(out, table);
}

static void print_kind(FILE *out, const struct conf_kind *kind, const char *within)
{
	size_t i;

	fprintf(out, ".SS %s%s%s%s\n", kind->name, kind->titled ? " \\(dqname\\(dq" : "",
		*within != '\0' ? ", in " : "", within);
	print_plain(out, kind->help);
	fputc('\n', out);
	for (i = 0; kind->tables[i] != NULL; i++)
		print_table(out, kind->tables[i]);
	for (i = 0; kind->children[i] != NULL; i++)
		if (kind != conf_profile_file.children[0]) /* its points are a device's points */
			print_kind(out, kind->children[i], kind->name);
}

static void print_part(FILE *out, const struct driver *driver, enum driver_part part,
		       const char *title)
{
	const struct conf_option *table = driver_options(driver, part);

	if (table->name == NULL)
		return;
	fprintf(out, ".PP\n.I %s\n", title);
	print_table(out, table);
}

static void print_driver(FILE *out, const struct driver *driver)
{
	fputs(".SS driver ", out);
	print_plain(out, driver->name);
	fputc('\n', out);
	print_plain(out, driver->summary);
	fputs(".\n", out);
	print_part(out, driver, DRIVER_BUS,
		   "In the bus, or in a device that has the driver to itself:");
	print_part(out, driver, DRIVER_DEVICE, "In the device:");
	print_part(out, driver, DRIVER_POINT, "In its points:");
}

void config_print_manual(FILE *out)
{
	size_t i;

	fputs(".SH OPTIONS\n", out);
	for (i = 0; conf_main_file.children[i] != NULL; i++)
		print_kind(out, conf_main_file.children[i], "");
	for (i = 0; conf_profile_file.children[i] != NULL; i++)
		print_kind(out, conf_profile_file.children[i], "");
	fputs(".SH DRIVERS\n", out);
	for (i = 0; drivers[i] != NULL; i++)
		print_driver(out, drivers[i]);
}
