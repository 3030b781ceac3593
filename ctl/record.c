/* corridorctl record: what the buses deliver, into a file that can be replayed. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/text.h"
#include "transit/event/trace.h"

#define MINUTES_MOST 10080
#define LOOK_MS	     200
#define NAME_BYTES   512

struct recording {
	struct ctl *ctl;
	FILE *file;
	struct trace trace; /* of what is heard: it may go back by a moment, as buses are many */
	int64_t base_ns, last_ns;
	unsigned long count;
};

/* Times count from the beginning, and do not go back. */
static void put_line(struct recording *recording, const char *line)
{
	struct trace heard = {0};
	struct trace_entry entry;
	char out[TRACE_LINE_BYTES];

	if (!line || trace_parse(&heard, line, strlen(line), &entry) <= 0)
		return;
	entry.at_ns -= recording->base_ns;
	if (entry.at_ns < recording->last_ns)
		entry.at_ns = recording->last_ns;
	recording->last_ns = entry.at_ns;
	if (trace_format(&entry, out, sizeof(out)) < 0)
		return;
	fprintf(recording->file, "%s\n", out);
	recording->count++;
}

static void put_head(struct recording *recording)
{
	json_t *status = link_ask(recording->ctl->link, "status", NULL);

	fprintf(recording->file,
		"# recorded at %s/%s, %s, corridord %s\n# configuration %s\n"
		"# replay it: corridorctl --conf FILE replay THIS\n",
		text_of(status, "checkpoint"), text_of(status, "gateway"), text_of(status, "utc"),
		text_of(status, "version"),
		text_of(json_object_get(status, "configuration"), "hash"));
	json_decref(status);
}

/* What was so before the first change is a reading of the first moment. */
static int begin(struct recording *recording)
{
	struct link *link = recording->ctl->link;
	int64_t from = 0;

	do {
		json_t *answer = link_ask_this(
			link, json_pack("{s:s, s:I}", "method", "readings", "from", from));
		const json_t *line;
		size_t i;

		if (!answer)
			return ctl_fail("%s", link_error(link));
		if (from == 0)
			recording->base_ns = number_of(answer, "mono_ns");
		from = number_of(answer, "next");
		json_array_foreach(json_object_get(answer, "readings"), i, line)
		{
			recording->last_ns = 0;
			put_line(recording, json_string_value(line));
		}
		json_decref(answer);
	} while (from > 0);
	return CTL_FINE;
}

static int go_on(struct recording *recording, time_t until)
{
	while (!interrupted() && time(NULL) < until && !ferror(recording->file)) {
		json_t *reading = link_next_reading(recording->ctl->link, LOOK_MS);

		put_line(recording, json_string_value(reading));
		json_decref(reading);
		if (!reading && link_has_ended(recording->ctl->link))
			return ctl_fail(
				"the daemon has closed the connection; what was recorded is "
				"in the file");
	}
	return CTL_FINE;
}

static void name_file(char name[NAME_BYTES])
{
	time_t now = time(NULL);
	char host[256] = "gateway", at[32];
	struct tm moment;

	(void)gethostname(host, sizeof(host) - 1);
	gmtime_r(&now, &moment);
	strftime(at, sizeof(at), "%Y%m%d-%H%M%S", &moment);
	snprintf(name, NAME_BYTES, "corridord-%s-%s.trace", host, at);
}

static int record(struct recording *recording, const char *name, long minutes)
{
	int status;

	interrupt_catch();
	put_head(recording);
	status = begin(recording);
	if (status == CTL_FINE && !recording->ctl->json)
		fprintf(recording->ctl->out, "Recording into %s for %ld min; Ctrl-C ends it.\n",
			name, minutes);
	fflush(recording->ctl->out);
	if (status == CTL_FINE)
		status = go_on(recording, time(NULL) + 60 * minutes);
	if (fclose(recording->file) != 0 && status == CTL_FINE)
		return ctl_fail("%s: %s", name, strerror(errno));
	if (status == CTL_FINE && !recording->ctl->json)
		fprintf(recording->ctl->out, "%lu readings; corridorctl replay %s\n",
			recording->count, name);
	return status;
}

int ctl_record(struct ctl *ctl)
{
	struct recording recording = {.ctl = ctl};
	char own[NAME_BYTES];
	const char *name = own;
	char *end = NULL;
	long minutes = ctl->argc > 0 ? strtol(ctl->argv[0], &end, 10) : 1;

	if ((end && *end) || minutes < 1 || minutes > MINUTES_MOST || ctl->argc > 2)
		return ctl_fail("record wants minutes, 1 to %d, and the file if you like",
				MINUTES_MOST);
	if (ctl->argc == 2)
		name = ctl->argv[1];
	else
		name_file(own);
	recording.file = fopen(name, "wxe");
	if (!recording.file)
		return ctl_fail("%s: %s", name, strerror(errno));
	return record(&recording, name, minutes);
}
