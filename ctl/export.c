/* corridorctl export: events of the past for other programs, byte for byte as published, or as a
 * table; and verify, which hands them to corridor-verify. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/past.h"
#include "ctl/program.h"
#include "ctl/text.h"

#define ARGUMENTS_MOST 32

static bool put_line(void *data, const char *payload, size_t bytes)
{
	FILE *out = data;

	fwrite(payload, 1, bytes, out);
	fputc('\n', out);
	return !ferror(out);
}

/* ---- as a table (RFC 4180) --------------------------------------------------------------- */

static const struct column {
	const char *name, *object, *member; /* object NULL: of the event itself */
} columns[] = {
	{"epoch", NULL, "epoch"},	 {"seq", NULL, "seq"},
	{"recorded", "recorded", "utc"}, {"clock", "recorded", "clock"},
	{"occurred", "occurred", "utc"}, {"type", NULL, "type"},
	{"severity", NULL, "severity"},	 {"lane", NULL, "lane"},
	{"sensor", NULL, "sensor"},	 {"device", NULL, "device"},
	{"point", NULL, "point"},	 {"state", NULL, "state"},
	{"alarm", NULL, "alarm"},	 {"reason", NULL, "reason"},
	{"passage", "passage", "id"},	 {"ucr", "consignment", "ucr"},
	{"officer", NULL, "officer"},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void put_cell(const char *text, bool last, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputs(last ? "\"\r\n" : "\",", out);
}

static bool put_row(void *data, const char *payload, size_t bytes)
{
	json_t *event = json_loadb(payload, bytes, 0, NULL);
	FILE *out = data;

	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *column = &columns[i];
		const json_t *object =
			column->object ? json_object_get(event, column->object) : event;
		const json_t *member = json_object_get(object, column->member);
		char text[TEXT_VALUE_BYTES];

		put_cell(member ? text_value(member, text) : "", i + 1 == COLUMNS, out);
	}
	json_decref(event);
	return !ferror(out);
}

static int put_table(struct ctl *ctl)
{
	for (size_t i = 0; i < COLUMNS; i++)
		put_cell(columns[i].name, i + 1 == COLUMNS, ctl->out);
	return past_each(ctl, put_row, ctl->out);
}

int ctl_export(struct ctl *ctl)
{
	if (ctl->argc > 0)
		return ctl_fail("export wants no word; it writes to standard output");
	return ctl->csv ? put_table(ctl) : past_each(ctl, put_line, ctl->out);
}

/* ---- whether they are whole ---------------------------------------------------------------- */

static int run_verifier(const struct ctl *ctl, const char *path)
{
	const char *words[ARGUMENTS_MOST + 4] = {"corridor-verify"};
	size_t count = 1;
	int status;

	if (ctl->json)
		words[count++] = "--json";
	for (int i = 0; i < ctl->argc && i < ARGUMENTS_MOST; i++)
		words[count++] = ctl->argv[i];
	words[count] = path;
	fflush(ctl->out);
	status = program_run(words, STDOUT_FILENO);
	if (status == -ENOENT || status == 127)
		return ctl_fail("corridor-verify is not installed: apt install corridor-verify");
	return status < 0 ? ctl_fail("corridor-verify: %s", strerror(-status)) : status;
}

static int verify_file(struct ctl *ctl, const char *path, int fd)
{
	FILE *out = fdopen(fd, "we");
	int status;

	if (!out) {
		close(fd);
		return ctl_fail("out of memory");
	}
	status = past_each(ctl, put_line, out);
	if (fclose(out) != 0)
		return ctl_fail("%s: %s", path, strerror(errno));
	return status == CTL_FINE ? run_verifier(ctl, path) : status;
}

int ctl_verify(struct ctl *ctl)
{
	const char *folder = getenv("TMPDIR");
	char path[512];
	int fd, status;

	if (!ctl->link)
		return ctl_fail(
			"no corridord answers here; of a file that you have: corridor-verify "
			"FILE");
	snprintf(path, sizeof(path), "%s/corridorctl-XXXXXX", folder ? folder : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return ctl_fail("%s: %s", path, strerror(errno));
	status = verify_file(ctl, path, fd);
	unlink(path);
	return status;
}
