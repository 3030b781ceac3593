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
#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/likeness.h"
#include "ctl/loan.h"
#include "ctl/sweep.h"
#include "ctl/text.h"
#include "frames/host.h"

#define LIKE_COLUMN    51 /* of the table of those that were found */
#define OWN_PROFILES   SYSCONFDIR "/corridord/profiles"
#define BY_PATH	       "/dev/serial/by-path"
#define LISTEN_MS      2000
#define LATE_MS	       500 /* an answer to who had the line before may still come */
#define ANSWER_NS      (100 * NS_PER_MS) /* beside what the bytes take */
#define NET_ANSWER_NS  (300 * NS_PER_MS)
#define BYTES_WAITED   40 /* of a question and its answer, and the pause of an adapter */
#define BITS_PER_BYTE  11
#define USUAL_UNITS    16 /* up to here; so few are asked for two tables before they count as silent */
#define SAME_ENOUGH    8 /* that many units in a row: one device that does not look at the unit */
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

struct scan {
	struct ctl *ctl;
	struct sweep sweep;
	struct likeness *likeness;
	struct alone_bus *bus;
	int unit; /* that is asked */
	json_t *found;
	bool progress; /* somebody looks on */
	int64_t began_ns;
	int asked, planned; /* units, each at each speed */
	int garbled; /* answers at the present speed that were none */
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

/* [{"profile":…,"points":…}, …]: of which all points are answered, the larger ones first. */
static json_t *likely(struct scan *scan)
{
	json_t *names = json_array();
	size_t points, most = 0;

	for (size_t i = 0; i < likeness_count(scan->likeness); i++) {
		json_t *name;

		if (likeness_ask(scan->likeness, i, ask, scan, &points) < points)
			continue;
		name = json_pack("{s:s, s:I}", "profile", likeness_name(scan->likeness, i),
				 "points", (json_int_t)points);
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

	if (scan->ctl->alone.port) {
		json_object_set_new(one, "baud", json_integer(found->baud));
		json_object_set_new(one, "parity", json_string(sweep_parity_name(found->parity)));
	}
	json_array_append_new(scan->found, one);
	scan->planned = scan->asked + scan->sweep.last_unit - found->unit; /* no other speed */
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
	int err = alone_open(alone, alone->port ? ANSWER_NS + bytes_ns : NET_ANSWER_NS, &scan->bus,
			     why);

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

/* The usual units first, at all speeds. */
static int ask_line(struct scan *scan, struct alone *alone)
{
	static const struct units blocks[] = {{1, USUAL_UNITS}, {USUAL_UNITS + 1, 63}, {64, 247}};
	int status = CTL_FINE;

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
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

/* ---- what is said ---------------------------------------------------------------------------- */

/* The name of a port that stays when adapters change places; path itself when there is none. */
static void lasting_name(const char *path, char out[PATH_MAX])
{
	char real[PATH_MAX], other[PATH_MAX], name[PATH_MAX];
	DIR *folder = opendir(BY_PATH);
	const struct dirent *entry;

	snprintf(out, PATH_MAX, "%s", path);
	while (folder && realpath(path, real) && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.' ||
		    snprintf(name, sizeof(name), BY_PATH "/%s", entry->d_name) >= PATH_MAX)
			continue;
		if (realpath(name, other) && strcmp(other, real) == 0)
			snprintf(out, PATH_MAX, "%s", name);
	}
	if (folder)
		closedir(folder);
}

static const char *best_profile(const json_t *one)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(one, "like"), 0), "profile"));
}

static void put_table(const struct scan *scan)
{
	FILE *out = scan->ctl->out;
	json_t *one, *like;
	size_t i, k;

	fputs("UNIT  SPEED        ANSWERS                     LOOKS LIKE\n", out);
	json_array_foreach(scan->found, i, one)
	{
		int unit = (int)json_integer_value(json_object_get(one, "unit"));
		char speed[32] = "-";

		if (json_object_get(one, "baud"))
			snprintf(speed, sizeof(speed), "%d %s",
				 (int)json_integer_value(json_object_get(one, "baud")),
				 json_string_value(json_object_get(one, "parity")));
		fprintf(out, "%4d  %-13s%-28s", unit, speed,
			json_string_value(json_object_get(one, "answers")));
		json_array_foreach(json_object_get(one, "like"), k, like)
			fprintf(out, "%s%*s%s (%d points)", k ? ",\n" : "", k ? LIKE_COLUMN : 0, "",
				json_string_value(json_object_get(like, "profile")),
				(int)json_integer_value(json_object_get(like, "points")));
		fputs(k ? "\n" : "nothing known\n", out);
		if (json_object_get(one, "every_unit"))
			fputs("      as every unit: one device that does not look at the number\n",
			      out);
	}
}

static void put_device(const struct scan *scan, const json_t *one, const char *bus)
{
	const char *profile = best_profile(one);
	const int unit = (int)json_integer_value(json_object_get(one, "unit"));
	FILE *out = scan->ctl->out;

	fprintf(out, "device \"unit-%d\" { %s  unit = %d\n", unit, bus, unit);
	if (profile)
		fprintf(out, "    profile = \"%s\" }\n", profile);
	else
		fputs("    point \"first\" { table = \"holding\"  address = 0 } }\n", out);
}

/* host: "name" or "name:port". */
static void name_host(const char *host, char *out, size_t bytes)
{
	struct uplink_host parsed = {.port = 0};
	int used;

	(void)uplink_host_parse(host, ALONE_PORT, &parsed); /* it was, when it was asked */
	used = snprintf(out, bytes, "driver = \"modbus-tcp\"  host = \"%s\"", parsed.name);
	if (parsed.port != ALONE_PORT)
		snprintf(out + used, bytes - (size_t)used, "  port = %d", parsed.port);
}

static void put_blocks(const struct scan *scan)
{
	const struct alone *alone = &scan->ctl->alone;
	FILE *out = scan->ctl->out;
	char bus[PATH_MAX + 64];
	int baud = 0, number = 0;
	const char *parity = "";
	json_t *one;
	size_t i;

	fputs("\nTo paste, with a name for each:\n", out);
	json_array_foreach(scan->found, i, one)
	{
		const char *its_parity = json_string_value(json_object_get(one, "parity"));
		int its_baud = (int)json_integer_value(json_object_get(one, "baud"));

		if (alone->port && (its_baud != baud || strcmp(its_parity, parity) != 0)) {
			char port[PATH_MAX];

			baud = its_baud;
			parity = its_parity;
			lasting_name(alone->port, port);
			fprintf(out,
				"bus \"line-%d\" { driver = \"modbus-rtu\"  port = \"%s\"  baud = "
				"%d  parity = \"%s\" }\n",
				++number, port, baud, parity);
		}
		if (alone->port)
			snprintf(bus, sizeof(bus), "bus = \"line-%d\"", number);
		else
			name_host(alone->host, bus, sizeof(bus));
		put_device(scan, one, bus);
	}
}

static void put_all(const struct scan *scan)
{
	if (interrupted())
		fprintf(scan->ctl->out, "Broken off: %d of %d questions were asked.\n", scan->asked,
			scan->planned);
	if (json_array_size(scan->found) == 0) {
		fputs("Nobody answers: is there power, are A and B the right way round, is the line\n"
		      "terminated, another speed (--baud) or parity (--parity)? A few units are asked\n"
		      "more thoroughly: --unit 1-16\n",
		      scan->ctl->out);
		return;
	}
	put_table(scan);
	put_blocks(scan);
}

int ctl_scan(struct ctl *ctl)
{
	struct scan scan = {.ctl = ctl, .progress = !ctl->json && isatty(STDERR_FILENO)};
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
	scan.found = json_array();
	interrupt_catch();
	scan.planned = scan.sweep.last_unit - scan.sweep.first_unit + 1;
	status = ctl->alone.port ? scan_line(&scan) : scan_host(&scan);
	if (status == CTL_FINE && ctl->json)
		ctl_print_json(ctl, scan.found);
	else if (status == CTL_FINE)
		put_all(&scan);
	if (status == CTL_FINE && json_array_size(scan.found) == 0)
		status = CTL_FAULTS;
	likeness_free(scan.likeness);
	json_decref(scan.found);
	free(port);
	return status;
}
