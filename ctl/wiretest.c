/* corridorctl wiretest: leads through a lane, step by step, and writes a report to sign. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/text.h"
#include "ctl/wire.h"

#define LOOK_MS	     300
#define INDENT	     6 /* of what goes on below */
#define PATIENCE_S   120
#define BACKLOG_S    30
#define RESULT_BYTES (WIRE_WHY_BYTES + 256)
#define NAMES_BYTES  16384

enum verdict { PASSED, FAILED, SKIPPED, QUIT };

struct wiretest {
	struct ctl *ctl;
	const char *lane;
	FILE *report;
	char lane_points[NAMES_BYTES]; /* each between newlines */
	unsigned number, count[QUIT];
	bool gone; /* the daemon, or the sensor */
};

/* ---- what is said ------------------------------------------------------------------------ */

/* The first letter of a line that was typed; '\n': an empty one; 0: none within that time. */
static int typed(int ms)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char line[80];
	ssize_t n;

	if (interrupted())
		return 'q';
	if (poll(&in, 1, ms) <= 0)
		return interrupted() ? 'q' : 0;
	n = read(STDIN_FILENO, line, sizeof(line));
	return n > 0 ? line[0] : 'q';
}

static void say(const struct wiretest *test, const char *word, const char *why)
{
	const int columns = fprintf(test->ctl->out, "   %s%s", word, *why ? ": " : "");

	text_put(test->ctl->out, why, (size_t)columns, INDENT);
}

static void note(struct wiretest *test, enum verdict verdict, const char *what, const char *why)
{
	static const char *const words[] = {
		[PASSED] = "ok", [FAILED] = "FAILED", [SKIPPED] = "skipped"};

	test->count[verdict]++;
	say(test, words[verdict], why);
	fprintf(test->report, "%2u  %-8s %s%s%s\n", test->number, words[verdict], what,
		*why ? "\n             " : "", why);
	fflush(test->ctl->out);
}

/* ---- one step ---------------------------------------------------------------------------- */

/* The caller frees; NULL: it does not answer, or is not there any more. */
static json_t *sensor_now(struct wiretest *test, const char *name)
{
	json_t *sensors = link_list(test->ctl->link, "sensors", test->lane), *sensor, *found = NULL;
	size_t i;

	json_array_foreach(sensors, i, sensor) if (strcmp(text_of(sensor, "sensor"), name) == 0)
		found = json_incref(sensor);
	json_decref(sensors);
	return found;
}

/* The caller frees sensor and now. */
static struct wire_view view_now(struct wiretest *test, const char *name, const json_t *before)
{
	return (struct wire_view){.sensor = sensor_now(test, name),
				  .before = before,
				  .now = link_list(test->ctl->link, "points", NULL),
				  .lane_points = test->lane_points};
}

static void drop_view(const struct wire_view *view)
{
	json_decref(view->sensor);
	json_decref(view->now);
}

/* A step that is tried, and what was so before. */
struct attempt {
	const struct wire_step *step;
	const char *name; /* of the sensor */
	json_t *before;
	bool stands; /* it was met before, and has not ceased to be: that says nothing */
};

static bool is_met(struct wiretest *test, struct attempt *attempt)
{
	struct wire_view view = view_now(test, attempt->name, attempt->before);
	bool met = view.sensor && view.now && wire_is_met(attempt->step, &view);

	test->gone |= !view.sensor || !view.now;
	drop_view(&view);
	attempt->stands &= met;
	return met && !attempt->stands;
}

static void begin_attempt(struct wiretest *test, struct attempt *attempt)
{
	json_decref(attempt->before);
	attempt->before = link_list(test->ctl->link, "points", NULL);
	attempt->stands = !attempt->step->rests && !attempt->step->cable;
	(void)is_met(test, attempt);
}

/* Until it is met, or who tests says something: the letter, '\n' also when it is met. */
static int wait_for(struct wiretest *test, struct attempt *attempt)
{
	time_t until = time(NULL) + PATIENCE_S;

	while (time(NULL) < until && !test->gone) {
		int key = typed(LOOK_MS);

		if (key)
			return key;
		if (!attempt->step->rests && is_met(test, attempt))
			return '\n';
	}
	return '\n';
}

static enum verdict judge(struct wiretest *test, struct attempt *attempt, char why[RESULT_BYTES])
{
	enum verdict verdict = is_met(test, attempt) ? PASSED : FAILED;
	struct wire_view view = view_now(test, attempt->name, attempt->before);
	long long edges;
	const char *bouncing =
		attempt->step->cable ? NULL : wire_bounces(attempt->before, view.now, &edges);

	why[0] = '\0';
	if (attempt->stands)
		snprintf(why, RESULT_BYTES, "%s said so before, and nothing has changed. ",
			 attempt->name);
	else if (verdict == FAILED)
		wire_explain(attempt->step, &view, why);
	if (bouncing && edges > 0)
		snprintf(why + strlen(why), RESULT_BYTES - strlen(why),
			 "%s changed %lld times: it bounces; a longer debounce, or a loose wire",
			 bouncing, edges);
	drop_view(&view);
	return verdict;
}

static enum verdict try_step(struct wiretest *test, struct attempt *attempt, char why[RESULT_BYTES])
{
	int key = wait_for(test, attempt);
	enum verdict verdict;

	why[0] = '\0';
	if (key == 'q')
		return QUIT;
	verdict = key == 's' ? SKIPPED : judge(test, attempt, why);
	return test->gone ? QUIT : verdict;
}

/* What failed can be tried again. false: who tests has had enough. */
static bool go_through(struct wiretest *test, struct attempt *attempt, const char *what)
{
	char why[RESULT_BYTES];

	for (;;) {
		enum verdict verdict;
		int key;

		begin_attempt(test, attempt);
		fprintf(test->ctl->out, "%2u %s   %s\n", test->number, what,
			attempt->step->rests ? "[Enter] it is so  [s]kip  [q]uit"
					     : "waiting; [Enter] done  [s]kip  [q]uit");
		fflush(test->ctl->out);
		verdict = try_step(test, attempt, why);
		if (verdict == QUIT)
			return false;
		if (verdict != FAILED) {
			note(test, verdict, what, why);
			return true;
		}
		say(test, "NOT SO", why);
		fputs("   [r]etry  [Enter] note it, go on  [q]uit\n", test->ctl->out);
		fflush(test->ctl->out);
		while (!(key = typed(1000)))
			;
		if (key == 'r')
			continue;
		note(test, FAILED, what, why);
		return key != 'q';
	}
}

static bool do_step(struct wiretest *test, const struct wire_step *step, const char *name)
{
	struct attempt attempt = {.step = step, .name = name};
	char what[128];
	bool goes_on;

	snprintf(what, sizeof(what), "%s: %s", name, step->what);
	test->number++;
	goes_on = go_through(test, &attempt, what);
	json_decref(attempt.before);
	return goes_on;
}

/* ---- what needs no hands ------------------------------------------------------------------- */

static void look_at_points(struct wiretest *test)
{
	json_t *points = link_list(test->ctl->link, "points", test->lane), *point;
	char why[RESULT_BYTES] = "";
	size_t i, used = 1;

	test->number++;
	memcpy(test->lane_points, "\n", 2);
	json_array_foreach(points, i, point)
	{
		const char *name = text_of(point, "name");

		if (used + strlen(name) + 2 < sizeof(test->lane_points))
			used += (size_t)snprintf(test->lane_points + used,
						 sizeof(test->lane_points) - used, "%s\n", name);
		if (strcmp(text_of(point, "quality"), "good") != 0 && !why[0])
			snprintf(why, sizeof(why), "%s: %s", name, text_of(point, "reason"));
	}
	fprintf(test->ctl->out, "%2u all %zu inputs are read\n", test->number,
		json_array_size(points));
	note(test, why[0] ? FAILED : PASSED, "all inputs are read", why);
	json_decref(points);
}

static bool broker_has_all(struct wiretest *test, char why[RESULT_BYTES])
{
	json_t *status = link_ask(test->ctl->link, "status", NULL);
	const json_t *uplink = json_object_get(status, "uplink");
	int64_t backlog = number_of(json_object_get(status, "journal"), "backlog");
	bool connected = is_set(uplink, "connected");

	snprintf(why, RESULT_BYTES, "%s%s; %lld events to send",
		 connected ? "connected" : "not connected: ",
		 connected ? "" : text_of(uplink, "error"), (long long)backlog);
	json_decref(status);
	return connected && backlog == 0;
}

static void look_at_broker(struct wiretest *test)
{
	char why[RESULT_BYTES];
	time_t until = time(NULL) + BACKLOG_S;
	bool all;

	test->number++;
	fprintf(test->ctl->out, "%2u the broker has it all\n", test->number);
	while (!(all = broker_has_all(test, why)) && time(NULL) < until && !interrupted())
		(void)poll(NULL, 0, LOOK_MS);
	note(test, all ? PASSED : FAILED, "the broker has it all", all ? "" : why);
}

/* ---- whole --------------------------------------------------------------------------------- */

static bool do_sensor(struct wiretest *test, const json_t *sensor)
{
	for (size_t i = 0; i < wire_step_count; i++)
		if (wire_applies(&wire_steps[i], sensor) &&
		    !do_step(test, &wire_steps[i], text_of(sensor, "sensor")))
			return false;
	return true;
}

static void break_off(struct wiretest *test)
{
	const char *why = link_error(test->ctl->link);

	if (!test->gone)
		why = "by who tested";
	else if (!*why)
		why = "the sensor is not there any more";
	fprintf(test->report, "    broken off: %s\n", why);
	if (test->gone)
		(void)ctl_fail("broken off: %s", why);
}

static void do_all(struct wiretest *test)
{
	json_t *sensors = link_list(test->ctl->link, "sensors", test->lane), *sensor;
	bool goes_on = true;
	size_t i;

	look_at_points(test);
	json_array_foreach(sensors, i, sensor) if (goes_on) goes_on = do_sensor(test, sensor);
	if (goes_on)
		look_at_broker(test);
	else
		break_off(test);
	json_decref(sensors);
}

static void put_head(struct wiretest *test, const json_t *status)
{
	const json_t *configuration = json_object_get(status, "configuration");

	fprintf(test->report, "Wire test of lane %s, %s/%s\n%s, corridord %s\nconfiguration %s\n\n",
		test->lane, text_of(status, "checkpoint"), text_of(status, "gateway"),
		text_of(status, "utc"), text_of(status, "version"), text_of(configuration, "hash"));
}

static void put_end(struct wiretest *test)
{
	fprintf(test->report,
		"\n%u ok, %u failed, %u skipped\n\nTested by   ______________________________   "
		"Date ____________\n\nAccepted by ______________________________   Date "
		"____________\n",
		test->count[PASSED], test->count[FAILED], test->count[SKIPPED]);
}

static bool set_maintenance(struct ctl *ctl, const char *step, const char *lane)
{
	json_t *answer = link_ask_this(ctl->link,
				       json_pack("{s:s, s:s, s:s*, s:s}", "method", "maintenance",
						 "step", step, "of", lane, "reason", "wire test"));

	bool done = answer;

	json_decref(answer);
	return done;
}

static void test_lane(struct wiretest *test)
{
	json_t *status = link_ask(test->ctl->link, "status", NULL);

	interrupt_catch();
	put_head(test, status);
	json_decref(status);
	fprintf(test->ctl->out, "Wire test of %s: its events are marked as tests meanwhile.\n",
		test->lane);
	do_all(test);
	put_end(test);
}

static int open_report(const char *lane, char path[256], FILE **ret_report)
{
	time_t now = time(NULL);
	struct tm moment;
	char at[32];

	gmtime_r(&now, &moment);
	strftime(at, sizeof(at), "%Y%m%d-%H%M%S", &moment);
	snprintf(path, 256, "wiretest-%s-%s.txt", lane, at);
	*ret_report = fopen(path, "wxe");
	return *ret_report ? 0 : ctl_fail("%s: %s", path, strerror(errno));
}

int ctl_wiretest(struct ctl *ctl)
{
	struct wiretest test = {.ctl = ctl, .lane = ctl_optional(ctl)};
	char path[256];
	int status;

	if (!test.lane)
		return ctl_fail("wiretest wants the name of a lane");
	if (!set_maintenance(ctl, "begin", test.lane))
		return ctl_fail("%s", link_error(ctl->link));
	status = open_report(test.lane, path, &test.report);
	if (status == CTL_FINE)
		test_lane(&test);
	if (!set_maintenance(ctl, "end", NULL))
		(void)ctl_fail("%s", link_error(ctl->link));
	if (status != CTL_FINE)
		return status;
	if (fclose(test.report) != 0)
		return ctl_fail("%s: %s", path, strerror(errno));
	fprintf(ctl->out, "%u ok, %u failed, %u skipped; to sign: %s\n", test.count[PASSED],
		test.count[FAILED], test.count[SKIPPED], path);
	if (test.gone)
		return CTL_FAILED;
	if (test.count[FAILED] > 0)
		return CTL_FAULTS;
	return test.count[SKIPPED] > 0 || interrupted() ? CTL_WARNINGS : CTL_FINE;
}
