#include "ctl/past.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/text.h"

#define PAUSE_NS 45000000
#define DAY_S	 (24 * 3600)

/* ---- since when ------------------------------------------------------------------------- */

/* "30min", "2h", "7d": so long ago. */
static bool read_ago(const char *text, time_t *ret_since)
{
	static const struct {
		const char *unit;
		long s;
	} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", DAY_S}};
	char *end;
	long count = strtol(text, &end, 10);

	if (end == text || count < 0 || count > 1000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0) {
			*ret_since = time(NULL) - count * units[i].s;
			return true;
		}
	return false;
}

/* "18:00", "2026-11-29", "2026-11-29T18:00", "2026-11-29T18:00:30", all UTC. */
static bool read_moment(const char *text, time_t *ret_since)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d",
					    "%H:%M"};
	time_t now = time(NULL);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm moment = {0};
		const char *end;

		if (strcmp(forms[i], "%H:%M") == 0)
			gmtime_r(&now, &moment);
		moment.tm_sec = 0;
		end = strptime(text, forms[i], &moment);
		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		*ret_since = timegm(&moment);
		return true;
	}
	return false;
}

/* ---- pages ------------------------------------------------------------------------------ */

/* One JSON object, braces in texts aside. */
static size_t object_bytes(const char *text)
{
	bool in_text = false;
	size_t i, depth = 0;

	for (i = 0; text[i]; i++) {
		if (in_text && text[i] == '\\' && text[i + 1])
			i++;
		else if (text[i] == '"')
			in_text = !in_text;
		else if (!in_text && text[i] == '{')
			depth++;
		else if (!in_text && text[i] == '}' && --depth == 0)
			return i + 1;
	}
	return i;
}

/* false: call has said so. */
static bool each_of(const char *line, bool (*call)(void *data, const char *payload, size_t bytes),
		    void *data)
{
	static const char before[] = "\"events\":[";
	const char *at = strstr(line, before);

	if (!at)
		return true;
	for (at += sizeof(before) - 1; *at == '{'; at += *at == ',') {
		size_t bytes = object_bytes(at);

		if (!call(data, at, bytes))
			return false;
		at += bytes;
	}
	return true;
}

static json_t *question_of(const struct ctl *ctl, time_t since, const char *after)
{
	json_t *question = json_pack("{s:s, s:s*, s:s*, s:s*}", "method", "events", "type",
				     ctl->given.type, "class", ctl->given.class, "after", after);

	if (!after && since > 0)
		json_object_set_new(question, "since", json_integer(since));
	if (!after && ctl->given.last)
		json_object_set_new(question, "last",
				    json_integer(strtoll(ctl->given.last, NULL, 10)));
	return question;
}

int past_each(struct ctl *ctl, bool (*call)(void *data, const char *payload, size_t bytes),
	      void *data)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	const char *given = ctl->given.since;
	char after[32] = "";
	time_t since = 0;
	json_t *answer;
	bool more = true;

	if (given && !read_ago(given, &since) && !read_moment(given, &since))
		return ctl_fail("--since \"%s\": expected 2h, 7d, 18:00 or 2026-11-29T18:00 (UTC)",
				given);
	while (more) {
		answer = link_ask_this(ctl->link, question_of(ctl, since, after[0] ? after : NULL));
		if (!answer)
			return ctl_fail("%s", link_error(ctl->link));
		snprintf(after, sizeof(after), "%s", text_of(answer, "next"));
		json_decref(answer);
		more = each_of(link_line(ctl->link), call, data) && after[0];
		if (more)
			nanosleep(&pause, NULL); /* who asks more often is dropped */
	}
	return CTL_FINE;
}
