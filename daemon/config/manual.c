#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/schema.h"

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
	for (; choice->word; choice++) {
		print_plain(out, choice->word);
		fputs(choice[1].word ? " | " : "", out);
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
		return row->unit ? row->unit : "number";
	case CONF_SIZE:
		return "size";
	case CONF_DURATION:
		return "duration";
	case CONF_LIST:
		return "{text, ...}";
	case CONF_POINT:
		return "device.point";
	case CONF_NUMBERS:
		return "{number, ...}";
	case CONF_RANGE:
		return "\"first-last\"";
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
	if (row->choices)
		print_choices(out, row->choices);
	else
		for (const char *c = placeholder(row); *c != '\0'; c++)
			fputs(*c == '"' ? "\\(dq" : (char[2]){*c}, out);
	fputs("\"\n", out);
	print_plain(out, row->help);
	if (row->required)
		fputs(" Required.", out);
	if (row->def) {
		fputs(" Default: ", out);
		print_plain(out, row->def);
		fputc('.', out);
	}
	fputc('\n', out);
}

static void print_table(FILE *out, const struct conf_option *table)
{
	for (; table->name; table++)
		print_row(out, table);
}

static void print_kind(FILE *out, const struct conf_kind *kind, const char *within)
{

	fprintf(out, ".SS %s%s%s%s\n", kind->name, kind->titled ? " \\(dqname\\(dq" : "",
		*within != '\0' ? ", in " : "", within);
	print_plain(out, kind->help);
	fputc('\n', out);
	for (size_t i = 0; kind->tables[i]; i++)
		print_table(out, kind->tables[i]);
	for (size_t i = 0; kind->children[i]; i++)
		if (kind != conf_profile_file.children[0]) /* its points are a device's points */
			print_kind(out, kind->children[i], kind->name);
}

static void print_part(FILE *out, const struct driver *driver, enum driver_part part,
		       const char *title)
{
	const struct conf_option *table = driver_options(driver, part);

	if (!table->name)
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

	fputs(".SH OPTIONS\n", out);
	for (size_t i = 0; conf_main_file.children[i]; i++)
		print_kind(out, conf_main_file.children[i], "");
	for (size_t i = 0; conf_profile_file.children[i]; i++)
		print_kind(out, conf_profile_file.children[i], "");
	fputs(".SH DRIVERS\n", out);
	for (size_t i = 0; drivers[i]; i++)
		print_driver(out, drivers[i]);
}
