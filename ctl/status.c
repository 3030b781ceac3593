/* corridorctl status: is this gateway all right, in one look? */
#include <stdlib.h>
#include <string.h>

#include "ctl/list_age.h"
#include "ctl/show.h"
#include "ctl/status_tables.h"
#include "ctl/text.h"

#define WIDTH	       80
#define WHAT_WIDTH     56 /* of the first line of a finding */
#define DIGEST_SHOWN   8 /* digits of a hash */
#define HEAD_LINES     5
#define TABLE_LEAST    4 /* with its empty line and heading */
#define FINDINGS_LEAST 8

/* ---- the gateway ------------------------------------------------------------------------ */

/* A line, cut where the screen ends. */
static void put_line(FILE *out, const char *line)
{
	size_t columns = 0;

	for (const char *at = line; *at; at++)
		columns += ((unsigned char)*at & 0xC0) != 0x80;
	text_column(out, line, columns < WIDTH ? columns : WIDTH);
	fputc('\n', out);
}

static void put_head(const struct view *view, const json_t *findings, FILE *out)
{
	const json_t *status = view->status;
	char left[128], up[TEXT_SPAN_BYTES];
	size_t count = json_array_size(findings);

	snprintf(left, sizeof(left), "%s/%s   %s   up %s", text_of(status, "checkpoint"),
		 text_of(status, "gateway"), text_of(status, "version"),
		 text_span(number_of(status, "uptime_s"), up));
	text_column(out, left, WIDTH - 22);
	fputc(' ', out);
	if (count == 0)
		fputs("ALL WELL\n\n", out);
	else
		fprintf(out, "%s: %zu thing%s\n\n",
			findings_exit(findings) == CTL_FAULTS ? "FAULT" : "WARNING", count,
			count == 1 ? "" : "s");
}

/* One that gives up what was sent to live within a full disk writes all the same. */
static const char *journal_word(const json_t *journal)
{
	const char *condition = text_of(journal, "condition");

	if (strcmp(condition, "ok") != 0)
		return condition;
	return json_object_get(journal, "disk_full") ? "DISK FULL" : "ok";
}

static void put_uplink(const json_t *status, FILE *out)
{
	const json_t *uplink = json_object_get(status, "uplink");
	const char *host = text_of(uplink, "host");
	char line[320], span[TEXT_SPAN_BYTES];

	snprintf(line, sizeof(line), "UPLINK   %-13sbacklog %lld  since %s  %s",
		 !is_set(uplink, "connected")	      ? "DOWN"
		 : json_object_get(uplink, "refused") ? "REFUSES"
						      : "connected",
		 (long long)number_of(json_object_get(status, "journal"), "backlog"),
		 text_span(number_of(uplink, "since_s"), span), *host ? host : "no host yet");
	put_line(out, line);
}

static void put_kind(const json_t *list, int64_t max_age_s, FILE *out)
{
	char span[TEXT_SPAN_BYTES];
	int64_t age_s = list_age_s(list);

	if (!json_object_get(list, "kind"))
		return;
	fprintf(out, "  %s %lld", text_of(list, "kind"), (long long)number_of(list, "records"));
	if (age_s >= 0)
		fprintf(out, ", %s old%s", text_span(age_s, span),
			list_is_old(list, max_age_s) ? " !" : "");
}

static void put_registry(const json_t *registry, FILE *out)
{
	const json_t *lists = json_object_get(registry, "lists"), *list;
	bool refused = json_array_size(json_object_get(registry, "refused")) > 0;
	char *line = NULL;
	size_t bytes, i;
	FILE *text = registry ? open_memstream(&line, &bytes) : NULL;

	if (!text)
		return;
	fprintf(text, "REGISTRY %-11s", refused ? "REFUSED" : "ok");
	json_array_foreach(lists, i, list) put_kind(list, number_of(registry, "max_age_s"), text);
	if (json_array_size(lists) == 0)
		fputs("  nothing is known yet", text);
	fclose(text);
	put_line(out, line ? line : "");
	free(line);
}

static void put_gateway(const struct view *view, FILE *out)
{
	const json_t *status = view->status, *journal = json_object_get(status, "journal");

	fprintf(out, "CLOCK    %-13s%s\n", text_of(status, "clock"), text_of(status, "utc"));
	put_uplink(status, out);
	fprintf(out, "JOURNAL  %-13sseq %lld  head %.*s…\n", journal_word(journal),
		(long long)number_of(journal, "seq"), DIGEST_SHOWN, text_of(journal, "hash"));
	put_registry(view->registry, out);
}

/* ---- findings --------------------------------------------------------------------------- */

static void put_finding(const json_t *finding, size_t number, FILE *out)
{
	const char *what = text_of(finding, "what");
	bool fault = strcmp(text_of(finding, "severity"), "fault") == 0;
	char span[TEXT_SPAN_BYTES];

	fprintf(out, "%3zu %c ", number, fault ? '!' : ' ');
	what = text_line(out, what, WHAT_WIDTH);
	if (json_object_get(finding, "since_s"))
		fprintf(out, "  since %s", text_span(number_of(finding, "since_s"), span));
	fputc('\n', out);
	while (what) {
		fputs("      ", out);
		what = text_line(out, what, WIDTH - 6);
		fputc('\n', out);
	}
}

/* NULL: no memory. */
static char *text_of_finding(const json_t *finding, size_t number, size_t *ret_lines)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	*ret_lines = 0;
	if (!out)
		return NULL;
	put_finding(finding, number, out);
	fclose(out);
	for (const char *at = text; at && *at; at++)
		*ret_lines += *at == '\n';
	return text;
}

/* All of them, with an empty line and the heading; 0: there are none. */
static size_t findings_lines(const json_t *findings)
{
	size_t lines = 2, more, i;
	const json_t *finding;

	json_array_foreach(findings, i, finding)
	{
		free(text_of_finding(finding, i + 1, &more));
		lines += more;
	}
	return lines > 2 ? lines : 0;
}

/* One of several is shown whole or not at all, but for the first. */
static void put_findings(const json_t *findings, size_t lines, FILE *out)
{
	size_t count = json_array_size(findings), left = lines - 2, more, i;
	bool all = findings_lines(findings) <= lines;
	const json_t *finding;

	if (count > 0)
		fputs("\nFAULTS AND WARNINGS\n", out);
	json_array_foreach(findings, i, finding)
	{
		char *text = text_of_finding(finding, i + 1, &more);

		if (text && (all || i == 0 || more < left))
			fputs(text, out);
		free(text);
		if (!all && i > 0 && more >= left) {
			fprintf(out, "… and %zu more: corridorctl status --all\n", count - i);
			return;
		}
		left -= more < left ? more : left;
	}
}

/* ---- all -------------------------------------------------------------------------------- */

static void put_json(const struct ctl *ctl, const struct view *view, json_t *findings)
{
	json_t *all =
		json_pack("{s:O, s:O, s:O, s:O, s:O}", "status", view->status, "buses", view->buses,
			  "devices", view->devices, "sensors", view->sensors, "findings", findings);

	ctl_print_json(ctl, all);
	json_decref(all);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* What each part has room for: the findings first, then lanes, then buses. */
static void share(size_t left, size_t *lanes, size_t *buses, size_t *findings)
{
	size_t wanted = *findings, tables;

	if (*lanes + *buses + *findings <= left)
		return;
	tables = left - least(wanted, FINDINGS_LEAST);
	*buses = least(*buses, tables > *lanes + TABLE_LEAST ? tables - *lanes : TABLE_LEAST);
	*lanes = least(*lanes, tables > *buses ? tables - *buses : TABLE_LEAST);
	*findings = left > *lanes + *buses ? left - *lanes - *buses : 0;
}

void show_status(const struct view *view, const json_t *findings, size_t rows, FILE *out)
{
	size_t of_lanes, of_buses, of_findings = findings_lines(findings);
	size_t head = HEAD_LINES + (view->registry != NULL);
	struct table lanes, buses;

	status_add_lanes(view, &lanes);
	status_add_buses(view, &buses);
	of_lanes = table_lines(&lanes);
	of_buses = table_lines(&buses);
	share(rows > head ? rows - head : 0, &of_lanes, &of_buses, &of_findings);
	put_head(view, findings, out);
	put_gateway(view, out);
	table_put(&lanes, of_lanes, out);
	table_put(&buses, of_buses, out);
	put_findings(findings, of_findings, out);
	table_fini(&lanes);
	table_fini(&buses);
}

int ctl_status(struct ctl *ctl)
{
	struct view view;
	json_t *findings;
	int status;

	if (ctl->argc > 0)
		return ctl_fail("status takes no \"%s\"", ctl->argv[0]);
	if (view_fetch(ctl->link, &view) < 0) {
		view_free(&view);
		return ctl_fail("%s", link_error(ctl->link));
	}
	findings = findings_of(&view);
	status = findings_exit(findings);
	if (ctl->json)
		put_json(ctl, &view, findings);
	else
		show_status(&view, findings, ctl->all ? SIZE_MAX : SCREEN_ROWS, ctl->out);
	json_decref(findings);
	view_free(&view);
	return status;
}
