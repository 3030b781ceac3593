/* corridor-verify: what is a list of events worth, from the list alone?
 *
 * Reads what a subscriber wrote down, a line for each message, and keys; says for each log what is
 * missing, altered, forged, signed. Needs no daemon, no journal, no broker. doc/verification.md says
 * how it is done, for those who would rather do it themselves. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json_writer.h"
#include "base/time.h"
#include "base/version.h"
#include "verify/logs.h"
#include "verify/single.h"

#define REPORT_BYTES (64 * 1024)
#define SPANS_TOLD   32

enum verdict { VERDICT_GOOD, VERDICT_INCOMPLETE, VERDICT_ALTERED, VERDICT_UNKNOWN };

static const char *const verdicts[] = {"good", "incomplete", "altered", "unknown"};

static const char usage[] =
	"usage: corridor-verify [--json] [--key KEY]... [--keys FILE]... [--witnesses K] FILE...\n"
	"       corridor-verify [--json] [--key KEY]... [--keys FILE]... [--witnesses K]\n"
	"                       --proof PROOF EVENT\n"
	"FILE has a line for each message that a subscriber got, as it came; with its topic before it or\n"
	"without. KEY is a verifier key, NAME+ID+BASE64, of a gateway or a witness; FILE of keys has\n"
	"one a line. K of the witnesses have to have cosigned. With PROOF (.tlog-proof)\n"
	"it is one event that is judged.\n"
	"Exit: 0 all is there and as it was, 1 something is missing or not signed, 2 something was\n"
	"altered or forged, 3 it cannot be judged.\n";

static enum verdict verdict_of(const struct logs *logs, const struct log *log)
{
	bool differs = false;

	for (size_t i = 0; i < log->seal_count; i++)
		differs |= log->seals[i].differs;
	if (differs || log->altered.count > 0 || log->copies > 0 || log->forked ||
	    log->forged_notes > 0 || log->forged_tombstone || log->wrong_end || log->wrong_link)
		return VERDICT_ALTERED;
	if (log->missing.count > 0 || log->ahead.count > 0 || log->events == 0 ||
	    (logs->keys->count > 0 && !log->sealed) || (logs->witnesses > 0 && log->witnessed == 0))
		return VERDICT_INCOMPLETE;
	return VERDICT_GOOD;
}

static uint64_t count_of(const struct spans *spans)
{
	uint64_t count = 0;

	for (size_t i = 0; i < spans->count; i++)
		count += spans->span[i].last - spans->span[i].first + 1;
	return count;
}

/* ---- for people ---------------------------------------------------------------------- */

static void tell_spans(const char *what, const struct spans *spans, bool backwards)
{
	if (spans->count == 0)
		return;
	printf("  %s: ", what);
	for (size_t i = 0; i < spans->count && i < SPANS_TOLD; i++) {
		const struct span *span = &spans->span[backwards ? spans->count - 1 - i : i];

		printf("%s%" PRIu64, i > 0 ? ", " : "", span->first);
		if (span->last > span->first)
			printf(" to %" PRIu64, span->last);
	}
	printf("%s\n", spans->count > SPANS_TOLD ? ", and more" : "");
}

static void tell_witnesses(const struct logs *logs, const struct log *log)
{
	const time_t at = (time_t)log->witnessed_s;
	char utc[sizeof("2026-11-29T23:00:00Z")] = "";
	struct tm split;
	const char *between = " by ";

	if (logs->witnesses > 0 && log->witnessed == 0)
		printf("  witnessed: by fewer than %zu of those whose keys are given\n",
		       logs->witnesses);
	if (log->witnessed == 0)
		return;
	if (gmtime_r(&at, &split))
		strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &split);
	printf("  witnessed: up to %" PRIu64 ", %s", log->witnessed, utc);
	for (size_t i = 0; i < logs->keys->count; i++) {
		if (!(log->witnesses >> i & 1))
			continue;
		printf("%s%s", between, logs->keys->verifier[i].name);
		between = ", ";
	}
	putchar('\n');
}

static void tell_seals(const struct logs *logs, const struct log *log)
{
	if (log->sealed)
		printf("  signed: up to %" PRIu64 " by %s\n", log->sealed->head.size,
		       log->sealed->by);
	else if (logs->keys->count > 0)
		printf("  signed: nothing that could be checked (%zu heads, %zu by unknown keys)\n",
		       log->seal_count, log->strange_notes);
	for (size_t i = 0; i < log->seal_count; i++)
		if (log->seals[i].differs)
			printf("  altered: the first %" PRIu64
			       " events are not those that %s signed\n",
			       log->seals[i].head.size, log->seals[i].by);
	if (log->forked)
		printf("  forged: two signed heads of one size contradict each other\n");
	if (log->forged_notes > 0)
		printf("  forged: %zu heads have a wrong signature\n", log->forged_notes);
}

/* The next one that this log's gateway missed and another one's announced. */
static const struct missed *next_held_back(const struct logs *logs, const struct log *log,
					   size_t *at)
{
	while (*at < logs->missed_count) {
		const struct missed *one = &logs->missed[(*at)++];

		if (one->announced_by && &logs->log[one->by_log] == log)
			return one;
	}
	return NULL;
}

static void tell_held_back(const struct logs *logs, const struct log *log)
{
	const struct missed *one;

	for (size_t at = 0, told = 0; (one = next_held_back(logs, log, &at)); told++) {
		if (told == SPANS_TOLD) {
			printf("  held back: and more\n");
			return;
		}
		printf("  held back: the handover %s, event %" PRIu64
		       " of %s/%s, was not heard here "
		       "(event %" PRIu64 ")\n",
		       one->leg.way, one->announced_seq, one->announced_by->checkpoint,
		       one->announced_by->gateway, one->seq);
	}
}

static void tell(const struct logs *logs, const struct log *log)
{
	printf("%s/%s %s: %s: %" PRIu64 " of %" PRIu64 " events\n", log->checkpoint, log->gateway,
	       log->epoch, verdicts[verdict_of(logs, log)], log->events, log->last);
	tell_spans("missing", &log->missing, false);
	tell_spans("given up by the gateway", &log->gone, false);
	tell_spans("altered or forged", &log->altered, true);
	tell_spans("came ahead of those before", &log->ahead, true);
	if (log->copies > 0)
		printf("  forged: %" PRIu64 " numbers came in several versions\n", log->copies);
	if (log->wrong_end)
		printf("  altered: event %" PRIu64 " is not what a status names\n", log->wrong_end);
	if (log->wrong_link)
		printf("  forged: %s\n", log->wrong_link);
	if (log->forged_tombstone)
		printf("  forged: an event gives up others and is itself not right\n");
	tell_spans("the clock went back at", &log->clock_back, false);
	tell_spans("witnessed before it was written, by the gateway's clock", &log->clock_ahead,
		   false);
	tell_spans("the gateway tells of what was forged or is not as it was, at", &log->warnings,
		   true);
	tell_held_back(logs, log);
	tell_seals(logs, log);
	tell_witnesses(logs, log);
}

/* ---- for programs -------------------------------------------------------------------- */

static void put_spans(struct jw *json, const char *key, const struct spans *spans, bool backwards)
{
	jw_open_array(json, key);
	for (size_t i = 0; i < spans->count && i < SPANS_TOLD; i++) {
		const struct span *span = &spans->span[backwards ? spans->count - 1 - i : i];

		jw_open(json, NULL);
		jw_uint(json, "first", span->first);
		jw_uint(json, "last", span->last);
		jw_close(json);
	}
	jw_close_array(json);
}

static void put_held_back(struct jw *json, const struct logs *logs, const struct log *log)
{
	const struct missed *one;
	size_t at = 0;

	jw_open_array(json, "held_back");
	for (size_t told = 0; told < SPANS_TOLD && (one = next_held_back(logs, log, &at)); told++) {
		jw_open(json, NULL);
		jw_uint(json, "seq", one->seq);
		jw_text(json, "checkpoint", one->announced_by->checkpoint);
		jw_text(json, "gateway", one->announced_by->gateway);
		jw_text(json, "epoch", one->announced_by->epoch);
		jw_uint(json, "announced", one->announced_seq);
		jw_close(json);
	}
	jw_close_array(json);
}

static void print_json(const struct logs *logs, const struct log *log)
{
	char out[REPORT_BYTES];
	size_t differing = 0;
	struct jw json;

	for (size_t i = 0; i < log->seal_count; i++)
		differing += log->seals[i].differs;
	jw_start(&json, out, sizeof(out));
	jw_open(&json, NULL);
	jw_text(&json, "checkpoint", log->checkpoint);
	jw_text(&json, "gateway", log->gateway);
	jw_text(&json, "epoch", log->epoch);
	jw_text(&json, "verdict", verdicts[verdict_of(logs, log)]);
	jw_uint(&json, "events", log->events);
	jw_uint(&json, "last", log->last);
	jw_uint(&json, "missing_events", count_of(&log->missing));
	put_spans(&json, "missing", &log->missing, false);
	put_spans(&json, "evicted", &log->gone, false);
	put_spans(&json, "altered", &log->altered, true);
	put_spans(&json, "warnings", &log->warnings, true);
	put_spans(&json, "ahead", &log->ahead, true);
	put_spans(&json, "clock_back", &log->clock_back, false);
	put_spans(&json, "clock_ahead", &log->clock_ahead, false);
	put_held_back(&json, logs, log);
	jw_uint(&json, "several_versions", log->copies);
	jw_bool(&json, "status_differs", log->wrong_end > 0);
	jw_text(&json, "link", log->wrong_link);
	jw_bool(&json, "forged_tombstone", log->forged_tombstone);
	jw_bool(&json, "forked", log->forked);
	jw_uint(&json, "forged_heads", log->forged_notes);
	jw_uint(&json, "unknown_heads", log->strange_notes);
	jw_uint(&json, "differing_heads", differing);
	jw_uint(&json, "signed", log->sealed ? log->sealed->head.size : 0);
	jw_text(&json, "signed_by", log->sealed ? log->sealed->by : NULL);
	jw_uint(&json, "witnessed", log->witnessed);
	jw_open_array(&json, "witnessed_by");
	for (size_t i = 0; i < logs->keys->count; i++)
		if (log->witnesses >> i & 1)
			jw_text(&json, NULL, logs->keys->verifier[i].name);
	jw_close_array(&json);
	if (log->witnessed > 0)
		jw_utc(&json, "witnessed_at", (int64_t)log->witnessed_s * NS_PER_S);
	jw_close(&json);
	if (jw_ok(&json))
		printf("%.*s\n", (int)json.bytes, out);
}

/* ---- what is asked ------------------------------------------------------------------- */

static int complain(const char *what, int err)
{
	fprintf(stderr, "corridor-verify: %s: %s\n", what, strerror(-err));
	return err;
}

static int add_key(struct keys *keys, const char *text)
{
	int err = keys_add(keys, text);

	return err < 0 ? complain(text, err) : 0;
}

static int read_keys(struct keys *keys, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[VERIFIER_BYTES];
	int err = 0;

	if (!file)
		return complain(path, -errno);
	while (err == 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] && line[0] != '#')
			err = add_key(keys, line);
	}
	fclose(file);
	return err;
}

static int read_count(const char *text, size_t *ret_count)
{
	char *end;

	*ret_count = strtoul(text, &end, 10);
	return *end == '\0' && *ret_count <= KEYS_MAX ? 0 : complain(text, -EINVAL);
}

struct wishes {
	bool json;
	const char *proof;
	size_t witnesses;
};

static int read_options(int argc, char **argv, struct keys *keys, struct wishes *wishes)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"key", required_argument, NULL, 'k'},
						{"keys", required_argument, NULL, 'K'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{"proof", required_argument, NULL, 'p'},
						{"witnesses", required_argument, NULL, 'w'},
						{0}};
	int err = 0, option;

	while (err == 0 && (option = getopt_long(argc, argv, "jk:h", options, NULL)) != -1) {
		if (option == 'j') {
			wishes->json = true;
		} else if (option == 'k') {
			err = add_key(keys, optarg);
		} else if (option == 'K') {
			err = read_keys(keys, optarg);
		} else if (option == 'p') {
			wishes->proof = optarg;
		} else if (option == 'w') {
			err = read_count(optarg, &wishes->witnesses);
		} else if (option == 'V') {
			printf("corridor-verify %s\n", version_text);
			exit(EXIT_SUCCESS);
		} else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? EXIT_SUCCESS : VERDICT_UNKNOWN);
		}
	}
	return err;
}

/* ---- one event ----------------------------------------------------------------------- */

static const char *say_single(const struct single *single)
{
	switch (single->worth) {
	case SINGLE_GOOD:
		return "it is in the log that was signed by ";
	case SINGLE_UNWITNESSED:
		return "too few witnesses have cosigned the log of ";
	case SINGLE_STRANGE:
		return "no key that is given has signed its log";
	case SINGLE_WRONG:
		break;
	}
	return "it is not what was signed";
}

static enum verdict report_single(const struct single *single, bool json)
{
	static const enum verdict of[] = {[SINGLE_GOOD] = VERDICT_GOOD,
					  [SINGLE_STRANGE] = VERDICT_INCOMPLETE,
					  [SINGLE_UNWITNESSED] = VERDICT_INCOMPLETE,
					  [SINGLE_WRONG] = VERDICT_ALTERED};
	const struct message *event = &single->event;
	char out[1024];
	struct jw to;

	jw_start(&to, out, sizeof(out));
	jw_open(&to, NULL);
	jw_text(&to, "checkpoint", event->checkpoint);
	jw_text(&to, "gateway", event->gateway);
	jw_text(&to, "epoch", event->head.epoch);
	jw_uint(&to, "seq", event->head.seq);
	jw_text(&to, "verdict", verdicts[of[single->worth]]);
	jw_uint(&to, "signed", single->size);
	jw_text(&to, "signed_by", single->by[0] ? single->by : NULL);
	jw_uint(&to, "witnesses", single->witnesses);
	jw_close(&to);
	if (json)
		puts(out);
	else
		printf("%s/%s %s event %" PRIu64 ": %s: %s%s\n", event->checkpoint, event->gateway,
		       event->head.epoch, event->head.seq, verdicts[of[single->worth]],
		       say_single(single), single->by);
	if (!json && single->witnesses > 0)
		printf("  cosigned by %zu of the witnesses\n", single->witnesses);
	return of[single->worth];
}

static enum verdict judge_single(const struct keys *keys, const struct wishes *wishes,
				 const char *event)
{
	static struct single single;
	const char *proof = wishes->proof;
	int err = single_judge(keys, wishes->witnesses, proof, event, &single);

	if (err == -EBADMSG)
		fprintf(stderr, "corridor-verify: %s is no proof, or %s no event\n", proof, event);
	else if (err < 0)
		(void)complain(proof, err);
	return err < 0 ? VERDICT_UNKNOWN : report_single(&single, wishes->json);
}

/* ---- all of them --------------------------------------------------------------------- */

static enum verdict report(const struct logs *logs, bool json)
{
	enum verdict worst = logs->count > 0 ? VERDICT_GOOD : VERDICT_INCOMPLETE;

	for (size_t i = 0; i < logs->count; i++) {
		enum verdict verdict = verdict_of(logs, &logs->log[i]);

		if (!logs->log[i].came)
			continue;
		worst = verdict > worst ? verdict : worst;
		if (json)
			print_json(logs, &logs->log[i]);
		else
			tell(logs, &logs->log[i]);
	}
	if (logs->garbled > 0 || logs->lines->too_long > 0) {
		fprintf(stderr, "corridor-verify: %" PRIu64 " lines are no gateway's message\n",
			logs->garbled + logs->lines->too_long);
		worst = worst < VERDICT_ALTERED ? VERDICT_ALTERED : worst;
	}
	return logs->too_many > 0 ? VERDICT_UNKNOWN : worst;
}

int main(int argc, char **argv)
{
	static struct lines lines;
	static struct keys keys;
	struct logs logs = {.lines = &lines, .keys = &keys};
	enum verdict verdict = VERDICT_UNKNOWN;
	struct wishes wishes = {0};
	int err = read_options(argc, argv, &keys, &wishes);

	if (err == 0 && (optind == argc || (wishes.proof && optind + 1 != argc))) {
		fputs(usage, stderr);
		return VERDICT_UNKNOWN;
	}
	if (err == 0 && wishes.proof)
		return (int)judge_single(&keys, &wishes, argv[optind]);
	logs.witnesses = wishes.witnesses;
	for (int i = optind; err == 0 && i < argc; i++)
		if ((err = lines_open(&lines, argv[i])) < 0)
			(void)complain(argv[i], err);
	if (err == 0 && (err = logs_read(&logs)) < 0)
		(void)complain("reading", err);
	if (err == 0 && (err = logs_judge(&logs)) < 0)
		(void)complain("judging", err);
	if (err == 0)
		verdict = report(&logs, wishes.json);
	logs_free(&logs);
	lines_close(&lines);
	return (int)verdict;
}
