/* corridorctl registry: which lists the gateway goes by, one record, and what is wrong with a list. */
#include <string.h>

#include "ctl/list_age.h"
#include "ctl/registry_check.h"
#include "ctl/text.h"

#define TIME_COLUMNS 17 /* 2026-03-01T10:00Z */

/* ---- list ------------------------------------------------------------------------------ */

static void put_list(const json_t *list, int64_t max_age_s, FILE *out)
{
	char span[TEXT_SPAN_BYTES] = "-";
	int64_t age_s = list_age_s(list);

	text_column(out, text_of(list, "source"), 24);
	fputc(' ', out);
	if (!json_object_get(list, "kind")) {
		fprintf(out, "%s\n",
			is_set(list, "loading") ? "is being read" : "! nothing of it is in use");
		return;
	}
	text_column(out, text_of(list, "kind"), 12);
	fprintf(out, "%9lld  ", (long long)number_of(list, "records"));
	text_column(out, age_s < 0 ? "-" : text_span(age_s, span), 13);
	text_column(out, text_of(list, "version"), 18);
	if (json_object_get(list, "signer"))
		fprintf(out, " signed by %s", text_of(list, "signer"));
	fputs(list_is_old(list, max_age_s) ? "! too old\n" : "\n", out);
}

static void put_lists(const json_t *answer, FILE *out)
{
	const json_t *list;
	int64_t max_age_s = number_of(answer, "max_age_s");
	char span[TEXT_SPAN_BYTES];
	size_t i;

	fputs("SOURCE                   KIND           RECORDS  AGE          VERSION\n", out);
	json_array_foreach(json_object_get(answer, "lists"), i, list)
		put_list(list, max_age_s, out);
	if (json_array_size(json_object_get(answer, "lists")) == 0)
		fputs("nothing is known yet\n", out);
	if (max_age_s > 0)
		fprintf(out, "Older than %s (max_age) nothing is recognised by it.\n",
			text_span(max_age_s, span));
	json_array_foreach(json_object_get(answer, "refused"), i, list)
	{
		fprintf(out, "! %s", text_of(list, "file"));
		if (number_of(list, "line") > 0)
			fprintf(out, ":%lld", (long long)number_of(list, "line"));
		fprintf(out, ": was refused: %s\n", text_of(list, "error"));
	}
}

static int exit_of_lists(const json_t *answer)
{
	const json_t *list;
	size_t i;

	if (json_array_size(json_object_get(answer, "refused")) > 0)
		return CTL_FAULTS;
	json_array_foreach(
		json_object_get(answer, "lists"), i,
		list) if (!json_object_get(list, "kind") ||
			  list_is_old(list, number_of(answer, "max_age_s"))) return CTL_WARNINGS;
	return CTL_FINE;
}

/* ---- show ------------------------------------------------------------------------------ */

static void put_found(const json_t *found, FILE *out)
{
	bool counts = is_set(found, "counts");

	if (is_set(found, "missing"))
		return;
	fprintf(out, "%c %s: version %s, as of %.*s\n  sha256 %s%s%s%s\n", counts ? '*' : ' ',
		text_of(found, "source"), text_of(found, "version"), TIME_COLUMNS - 1,
		text_of(found, "as_of"), text_of(found, "sha256"),
		json_object_get(found, "signer") ? "\n  signed by " : "",
		json_object_get(found, "signer") ? text_of(found, "signer") : "",
		counts ? "" : "  (an older one, of which nothing counts)");
}

static void put_record(const json_t *answer, FILE *out)
{
	const json_t *found;
	size_t i;

	json_array_foreach(json_object_get(answer, "found"), i, found) put_found(found, out);
	json_array_foreach(json_object_get(answer, "found"), i, found)
	{
		if (!is_set(found, "counts"))
			continue;
		json_dumpf(json_object_get(found, "record"), out,
			   JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		fputc('\n', out);
	}
}

static json_t *ask_record(struct ctl *ctl, const char *kind, const char *key)
{
	return link_ask_this(ctl->link, json_pack("{s:s, s:s, s:s}", "method", "record", "kind",
						  kind, "key", key));
}

/* ---- all ------------------------------------------------------------------------------- */

int ctl_registry(struct ctl *ctl)
{
	const char *what = ctl->argc > 0 ? ctl->argv[0] : "";

	if (strcmp(what, "check") == 0)
		return registry_check(ctl, ctl->argv + 1, ctl->argc - 1);
	if (strcmp(what, "import") == 0 && (ctl->argc == 2 || ctl->argc == 3))
		return registry_import(ctl, ctl->argv[1], ctl->argc == 3 ? ctl->argv[2] : NULL);
	if ((strcmp(what, "list") == 0 && ctl->argc == 1) ||
	    (strcmp(what, "show") == 0 && ctl->argc == 3)) {
		if (!ctl->link)
			return ctl_fail("%s: nobody answers: systemctl status corridord",
					ctl->socket);
		if (what[0] == 'l')
			return ctl_show(ctl, link_ask(ctl->link, "registry", NULL), put_lists,
					exit_of_lists);
		return ctl_show(ctl, ask_record(ctl, ctl->argv[1], ctl->argv[2]), put_record, NULL);
	}
	return ctl_fail(
		"registry wants list, show KIND KEY, check [FILE]... or import FILE [PLACE]");
}
