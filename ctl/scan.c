/* corridorctl scan: which units answer on a line or behind a host, how fast, and what they may be. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/configured.h"
#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/likeness.h"
#include "ctl/loan.h"
#include "ctl/scan_say.h"
#include "ctl/sprint.h"
#include "ctl/sweep.h"
#include "ctl/text.h"
#include "frames/host.h"

#define OWN_PROFILES   SYSCONFDIR "/corridord/profiles"
#define LISTEN_MS      2000
#define LATE_MS	       500 /* an answer to who had the line before may still come */
#define ANSWER_NS      (100 * NS_PER_MS) /* beside what the bytes take */
#define SLOW_ANSWER_NS (400 * NS_PER_MS) /* of those one of whom was heard */
#define NET_ANSWER_NS  (300 * NS_PER_MS)
#define BYTES_WAITED   40 /* of a question and its answer, and the pause of an adapter */
#define BITS_PER_BYTE  11
#define USUAL_UNITS    16 /* up to here; so few are asked for two tables before they count as silent */
#define SAME_ENOUGH    8 /* that many units in a row: one device that does not look at the unit */
#define FINGERPRINT    1000 /* worth more than any number of points */
#define GATEWAY_NO_WAY 10 /* exceptions of a gateway behind which nobody answers */
#define GATEWAY_SILENT 11

/* Where one was found. */
struct found {
	int unit, baud;
	char parity;
	char answers[64];
};

struct units {
	int first, last;
};

static const struct units blocks[] = {{1, USUAL_UNITS}, {USUAL_UNITS + 1, 63}, {64, 247}};

#define BLOCKS (sizeof(blocks) / sizeof(blocks[0]))

struct scan {
	struct ctl *ctl;
	struct sweep sweep;
	struct likeness *likeness;
	struct configured configured; /* on this line */
	struct alone_bus *bus;
	int unit; /* that is asked */
	int64_t answer_ns; /* each is waited for so long, beside what the bytes take */
	json_t *found;
	bool progress; /* somebody looks on */
	bool one_speed; /* somebody was heard at it: no other is tried */
	int64_t began_ns;
	int asked, planned; /* units, each at each speed */
	int garbled; /* answers at the present speed that were none */
	char what[32]; /* the present speed */
	struct loan loan; /* of the line, if a bus of the daemon has it */
};

/* ---- asking -------------------------------------------------------------------------------- */

static bool is_alive(const struct driver_peek *peek, int err)
{
	if (err == 0)
		return true;
	return peek->code != 0 && peek->code != GATEWAY_NO_WAY && peek->code != GATEWAY_SILENT;
}

static int ask(void *data, struct driver_peek *peek)
{
	struct scan *scan = data;
	int err = alone_ask(scan->bus, scan->unit, peek);

	if (peek->reason == REASON_GARBLED)
		scan->garbled++;
	loan_go_on(&scan->loan);
	return err;
}

/* Which tables have something at their beginning; a unit that refuses is one too. */
static bool look(struct scan *scan, bool twice, struct found *ret_found)
{
	static const char *const tables[] = {"holding", "input", "discrete", "coil"};
	size_t used = 0;
	bool alive = false;

	ret_found->answers[0] = '\0';
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct driver_peek peek = {.count = 1};
		int err;

		snprintf(peek.table, sizeof(peek.table), "%s", tables[i]);
		err = ask(scan, &peek);
		if (!is_alive(&peek, err) && i >= (twice ? 1 : 0) && !alive)
			return false;
		alive |= is_alive(&peek, err);
		if (err == 0)
			used += (size_t)snprintf(ret_found->answers + used,
						 sizeof(ret_found->answers) - used, "%s%s 0",
						 used ? ", " : "", tables[i]);
	}
	if (alive && used == 0)
		snprintf(ret_found->answers, sizeof(ret_found->answers), "refuses address 0");
	return alive;
}

/* [{"profile":…,"points":…}, …]: of which all points are answered; those with a number that is theirs first,
 * then the larger ones. */
static json_t *likely(struct scan *scan)
{
	json_t *names = json_array();
	size_t points, most = 0;

	for (size_t i = 0; i < likeness_count(scan->likeness); i++) {
		const enum likeness_verdict verdict =
			likeness_ask(scan->likeness, i, ask, scan, &points);
		json_t *name;

		if (verdict == LIKENESS_NONE)
			continue;
		name = json_pack("{s:s, s:I}", "profile", likeness_name(scan->likeness, i),
				 "points", (json_int_t)points);
		if (verdict == LIKENESS_FINGERPRINT) {
			json_object_set_new(name, "fingerprint", json_true());
			points += FINGERPRINT;
		}
		if (points > most)
			json_array_insert_new(names, 0, name);
		else
			json_array_append_new(names, name);
		most = points > most ? points : most;
	}
	return names;
}

static void note(struct scan *scan, const struct found *found, const char *what)
{
	json_t *one = json_pack("{s:i, s:s, s:o}", "unit", found->unit, "answers", found->answers,
				"like", likely(scan));
	const char *device = configured_device(&scan->configured, found->unit);

	if (device)
		json_object_set_new(one, "configured", json_string(device));

	if (scan->ctl->alone.port) {
		json_object_set_new(one, "baud", json_integer(found->baud));
		json_object_set_new(one, "parity", json_string(sweep_parity_name(found->parity)));
	}
	json_array_append_new(scan->found, one);
	if (!scan->one_speed)
		scan->planned = scan->asked + scan->sweep.last_unit - found->unit;
	if (scan->progress)
		fprintf(stderr, "\r%-14s unit %3d   answers%*s\n", what, found->unit, 32, "");
}

/* ---- a line ---------------------------------------------------------------------------------- */

static void show(const struct scan *scan, const char *what)
{
	int64_t took_ns = clock_mono_ns() - scan->began_ns;
	char left[TEXT_SPAN_BYTES] = "";

	if (!scan->progress)
		return;
	if (scan->asked > 0)
		text_span(took_ns / scan->asked * (scan->planned - scan->asked) / NS_PER_S, left);
	fprintf(stderr, "\r%-14s unit %3d   %zu found   %s left      ", what, scan->unit,
		json_array_size(scan->found), left);
}

static void end_show(const struct scan *scan)
{
	if (scan->progress)
		fputs("\r                                                            \r", stderr);
}

/* Whether each one is the same device, which does not look at the unit: those behind the first
 * are dropped. */
static bool is_every_unit(struct scan *scan)
{
	size_t found = json_array_size(scan->found);

	if (scan->ctl->alone.port || found < SAME_ENOUGH ||
	    (int)found != scan->unit - scan->sweep.first_unit + 1)
		return false;
	while (json_array_size(scan->found) > 1)
		json_array_remove(scan->found, json_array_size(scan->found) - 1);
	json_object_set_new(json_array_get(scan->found, 0), "every_unit", json_true());
	return true;
}

static void ask_units(struct scan *scan, const struct alone *alone, const struct units *units,
		      const char *what)
{
	const bool twice = scan->sweep.last_unit - scan->sweep.first_unit < USUAL_UNITS;

	for (scan->unit = units->first; scan->unit <= units->last && !interrupted(); scan->unit++) {
		struct found one = {
			.unit = scan->unit, .baud = alone->baud, .parity = alone->parity};

		show(scan, what);
		scan->asked++;
		if (!look(scan, twice, &one))
			continue;
		note(scan, &one, what);
		if (is_every_unit(scan))
			break;
	}
	end_show(scan);
}

/* At one speed, or behind one host. */
static int ask_at(struct scan *scan, const struct alone *alone, const struct units *units)
{
	const int64_t bytes_ns = (int64_t)BYTES_WAITED * BITS_PER_BYTE * NS_PER_S / alone->baud;
	char why[sizeof(((struct driver_peek *)0)->why)], what[32];
	int err = alone_open(alone, alone->port ? scan->answer_ns + bytes_ns : NET_ANSWER_NS,
			     &scan->bus, why);

	if (err < 0)
		return ctl_fail("%s: %s", alone->port ? alone->port : alone->host, why);
	snprintf(what, sizeof(what), "%d %s", alone->baud, sweep_parity_name(alone->parity));
	scan->garbled = 0;
	ask_units(scan, alone, units, alone->port ? what : alone->host);
	alone_close(scan->bus);
	if (scan->garbled > 0 && !scan->ctl->json)
		fprintf(scan->ctl->out,
			"%s: %d answers that could not be understood:\n"
			"another speed or parity, or two devices of one unit\n",
			what, scan->garbled);
	return CTL_FINE;
}

/* Another master on the line would be disturbed, and its answers taken for ours. */
static int listen_first(const struct alone *alone)
{
	int fd = open(alone->port, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd waited = {.fd = fd, .events = POLLIN};
	struct termios line;
	bool heard;

	if (fd < 0)
		return ctl_fail("%s: %s", alone->port, strerror(errno));
	if (tcgetattr(fd, &line) == 0) {
		cfmakeraw(&line);
		cfsetspeed(&line, B9600);
		(void)tcsetattr(fd, TCSANOW, &line);
	}
	(void)poll(NULL, 0, LATE_MS);
	(void)tcflush(fd, TCIFLUSH);
	heard = poll(&waited, 1, LISTEN_MS) > 0 && (waited.revents & POLLIN);
	close(fd);
	if (heard)
		return ctl_fail("%s: somebody else speaks on this line: stop that master first",
				alone->port);
	return CTL_FINE;
}

/* Of those that are to be asked. */
static struct units within(const struct sweep *sweep, struct units units)
{
	if (units.first < sweep->first_unit)
		units.first = sweep->first_unit;
	if (units.last > sweep->last_unit)
		units.last = sweep->last_unit;
	return units;
}

/* At each speed, until somebody answers: a line has one speed, and alone is left with it. */
static int ask_at_speeds(struct scan *scan, struct alone *alone, const struct units *units)
{
	const struct sweep *sweep = &scan->sweep;
	const size_t count = sweep->speed_count * sweep->parity_count;
	int status = CTL_FINE;

	for (size_t i = 0; status == CTL_FINE && i < count && !interrupted(); i++) {
		alone->baud = sweep->speeds[i % sweep->speed_count];
		alone->parity = sweep->parities[i / sweep->speed_count];
		status = ask_at(scan, alone, units);
		if (json_array_size(scan->found) > 0)
			break;
	}
	return status;
}

/* ---- the quick pass ------------------------------------------------------------------------- */

static bool show_quick(void *data, int unit)
{
	struct scan *scan = data;

	scan->unit = unit;
	scan->asked++;
	loan_go_on(&scan->loan);
	show(scan, scan->what);
	return !interrupted();
}

/* Somebody was heard when this unit was asked: who it is, then all others at that speed. */
static int ask_around(struct scan *scan, struct alone *alone, int unit)
{
	const struct sweep *sweep = &scan->sweep;
	const struct units near = within(sweep, (struct units){unit - SPRINT_BACK, unit});
	const struct units rest[] = {{sweep->first_unit, near.first - 1},
				     {near.last + 1, sweep->last_unit}};
	int status;

	scan->one_speed = true;
	scan->asked = 0;
	scan->planned = sweep->last_unit - sweep->first_unit + 1;
	scan->began_ns = clock_mono_ns();
	scan->answer_ns = SLOW_ANSWER_NS;
	status = ask_at(scan, alone, &near);
	scan->answer_ns = ANSWER_NS;
	scan->one_speed = json_array_size(scan->found) > 0;
	for (size_t i = 0; scan->one_speed && i < 2 && status == CTL_FINE; i++)
		if (rest[i].first <= rest[i].last)
			status = ask_at(scan, alone, &rest[i]);
	return status;
}

/* Units of a block at one speed, until somebody is found. */
static int run_quickly(struct scan *scan, struct alone *alone, struct units units)
{
	struct sprint sprint = {.port = alone->port,
				.baud = alone->baud,
				.parity = alone->parity,
				.last = units.last,
				.data = scan,
				.next = show_quick};
	int status = CTL_FINE, unit = units.first - 1;

	snprintf(scan->what, sizeof(scan->what), "%d %s", alone->baud,
		 sweep_parity_name(alone->parity));
	while (status == CTL_FINE && unit < units.last && !interrupted() && !scan->one_speed) {
		int err;

		sprint.first = unit + 1;
		err = sprint_run(&sprint, &unit);
		if (err < 0)
			return ctl_fail("%s: %s", alone->port, strerror(-err));
		if (unit == 0)
			break;
		end_show(scan);
		status = ask_around(scan, alone, unit);
	}
	end_show(scan);
	return status;
}

/* Most devices answer within some hundredths of a second: all units at all speeds in a minute. */
static int sprint_line(struct scan *scan, struct alone *alone)
{
	const struct sweep *sweep = &scan->sweep;
	const size_t settings = sweep->speed_count * sweep->parity_count;
	int status = CTL_FINE;

	if (sweep->last_unit - sweep->first_unit < USUAL_UNITS)
		return CTL_FINE;
	for (size_t block = 0; block < BLOCKS; block++) {
		const struct units units = within(sweep, blocks[block]);

		for (size_t i = 0; i < settings && units.first <= units.last; i++) {
			if (status != CTL_FINE || interrupted() || scan->one_speed)
				return status;
			alone->baud = sweep->speeds[i % sweep->speed_count];
			alone->parity = sweep->parities[i / sweep->speed_count];
			status = run_quickly(scan, alone, units);
		}
	}
	if (scan->progress && status == CTL_FINE && !scan->one_speed && !interrupted())
		fputs("Nobody answers quickly: now each is given more time. Ctrl-C ends it.\n",
		      stderr);
	scan->asked = 0;
	scan->planned = (int)settings * (sweep->last_unit - sweep->first_unit + 1);
	scan->began_ns = clock_mono_ns();
	return status;
}

/* ---- the thorough one ----------------------------------------------------------------------- */

/* The usual units first, at all speeds. */
static int ask_line(struct scan *scan, struct alone *alone)
{
	int status = CTL_FINE;

	for (size_t i = 0; i < BLOCKS; i++) {
		const struct units units = within(&scan->sweep, blocks[i]);

		if (status != CTL_FINE || units.first > units.last)
			continue;
		if (json_array_size(scan->found) > 0)
			status = ask_at(scan, alone, &units);
		else
			status = ask_at_speeds(scan, alone, &units);
	}
	return status;
}

static int scan_line(struct scan *scan)
{
	const struct sweep *sweep = &scan->sweep;
	struct alone alone = scan->ctl->alone;
	int status = loan_begin(&scan->loan, scan->ctl->link, alone.port);

	scan->planned *= (int)(sweep->speed_count * sweep->parity_count);
	if (status == CTL_FINE)
		status = listen_first(&alone);
	scan->began_ns = clock_mono_ns();
	if (status == CTL_FINE)
		status = sprint_line(scan, &alone);
	if (status == CTL_FINE && !scan->one_speed && !interrupted())
		status = ask_line(scan, &alone);
	loan_end(&scan->loan);
	return status;
}

static int scan_host(struct scan *scan)
{
	const struct units units = within(&scan->sweep, (struct units){1, 247});

	scan->began_ns = clock_mono_ns();
	return ask_at(scan, &scan->ctl->alone, &units);
}

/* ---- all ---------------------------------------------------------------------------------- */

int ctl_scan(struct ctl *ctl)
{
	struct scan scan = {.ctl = ctl,
			    .answer_ns = ANSWER_NS,
			    .progress = !ctl->json && isatty(STDERR_FILENO)};
	const char *wrong;
	char *port = NULL;
	int status;

	if (!sweep_parse(ctl->given.unit, ctl->given.baud, ctl->given.parity, &scan.sweep, &wrong))
		return ctl_fail("\"%s\", expected units such as 1-20, speeds such as 9600,19200, "
				"parities such as even,none",
				wrong);
	if (ctl_optional(ctl) && !ctl->alone.port)
		ctl->alone.port = port = loan_port(ctl->link, ctl->argv[0]);
	if (!ctl->alone.port && !ctl->alone.host)
		return ctl_fail("scan wants the name of a bus with a serial line, --port LINE or "
				"--host HOST");
	scan.likeness = likeness_new(ctl->profiles ? ctl->profiles : OWN_PROFILES);
	if (ctl->alone.port)
		scan.configured = configured_on(ctl->conf, ctl->alone.port);
	scan.found = json_array();
	interrupt_catch();
	scan.planned = scan.sweep.last_unit - scan.sweep.first_unit + 1;
	status = ctl->alone.port ? scan_line(&scan) : scan_host(&scan);
	if (status == CTL_FINE && ctl->json)
		ctl_print_json(ctl, scan.found);
	else if (status == CTL_FINE)
		scan_say(&(struct scan_result){.ctl = ctl,
					       .bus = port ? ctl->argv[0] : NULL,
					       .found = scan.found,
					       .configured = &scan.configured,
					       .first_unit = scan.sweep.first_unit,
					       .last_unit = scan.sweep.last_unit,
					       .asked = scan.asked,
					       .planned = scan.planned});
	if (status == CTL_FINE && json_array_size(scan.found) == 0)
		status = CTL_FAULTS;
	likeness_free(scan.likeness);
	configured_free(&scan.configured);
	json_decref(scan.found);
	free(port);
	return status;
}
