/* corridorctl: the technician's side of a gateway. See corridorctl(1). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "ctl/ctl.h"
#include "ctl/sweep.h"
#include "ctl/text.h"

#define DEFAULT_SOCKET "/run/corridord/control"
#define DEFAULT_CONF   SYSCONFDIR "/corridord/corridord.conf"

static const struct command {
	const char *name;
	int (*run)(struct ctl *ctl);
	const char *words; /* that follow */
	const char *help;
	bool alone; /* can do without the daemon */
} commands[] = {
	{"status", ctl_status, "[--all]",
	 "is this gateway all right, and if not, what is wrong; on one screen, or all of it",
	 false},
	{"watch", ctl_watch, "[NAME]", "the same, live; or the points of a lane or a device",
	 false},
	{"points", ctl_points, "[NAME]", "values: of a lane, of a device, of one point, or all",
	 false},
	{"devices", ctl_devices, "", "which answer, and why others do not", false},
	{"read", ctl_read, "DEVICE [TABLE] ADDRESS [COUNT]",
	 "registers as they are, in every order", false},
	{"read", ctl_read, "--port LINE|--host HOST --unit N [TABLE] ADDRESS [COUNT]",
	 "the same without a daemon; --baud 9600 --parity even --base 0", true},
	{"scan", ctl_scan, "BUS|--port LINE|--host HOST",
	 "which units answer, and what they are like; --unit 1-20 --baud 9600,19200 --parity "
	 "even,none",
	 true},
	{"events", ctl_events, "[-f] [NAME]",
	 "what was captured, or with -f from now on; of a lane, or a type; --since 2h --type seal. "
	 "--class evidence --last 100",
	 false},
	{"export", ctl_export, "",
	 "all events as published, a line each, or --csv; --since, --type", false},
	{"verify", ctl_verify, "[-- KEYS]", "whether they are whole, by corridor-verify", true},
	{"alarms", ctl_alarms, "", "what somebody has to take note of", false},
	{"ack", ctl_ack, "N REASON", "that alarm is taken note of (root, or control_group)", false},
	{"present", ctl_act, "LANE UCR REASON",
	 "the vehicle in that lane carries this consignment (this and the next five as ack)",
	 false},
	{"reseal", ctl_act, "[UCR] OLD-SEAL NEW-SEAL AUTHORITY REASON", "a seal was replaced",
	 false},
	{"control", ctl_act, "UCR begin|end [RESULT] REASON", "an examination begins, or has ended",
	 false},
	{"release", ctl_act, "UCR REASON", "the consignment is released", false},
	{"redirect", ctl_act, "UCR CHECKPOINT REASON", "it is sent to another checkpoint", false},
	{"incident", ctl_act, "UCR CODE ENDORSEMENT [[OLD-PLATE] NEW-PLATE] REASON",
	 "what happened to it on its way", false},
	{"maintenance", ctl_maintenance, "begin [LANE] REASON|end REASON",
	 "what happens there meanwhile is marked as a test (as ack)", false},
	{"wiretest", ctl_wiretest, "LANE",
	 "leads through a lane, and writes a report to sign (as ack)", false},
	{"reload", ctl_reload, "",
	 "the configuration is read again; what has not changed goes on (root, or control_group)",
	 false},
	{"record", ctl_record, "[MINUTES [FILE]]",
	 "all that the buses deliver, into a file that can be replayed", false},
	{"replay", ctl_replay, "FILE",
	 "which events a configuration makes of such a file; --conf FILE", true},
	{"registry", ctl_registry, "list | show KIND KEY",
	 "which lists the gateway goes by, and one record (consignment, aeo, mra, group)", true},
	{"registry", ctl_registry, "check [FILE]... | import FILE [PLACE]",
	 "what is wrong with a list, line by line; or puts a good one in the place of the old",
	 true},
	{"doctor", ctl_doctor, "[CONF]", "configuration, account, disk, brokers, clock, daemon",
	 true},
	{"bundle", ctl_bundle, "[CONF]",
	 "all that somebody far away needs to help, without secrets", true},
};

#define HELP_COLUMN 8
#define COMMANDS    (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("corridorctl [--json] [--socket PATH] COMMAND\n", out);
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(out, "  %s%s%s\n%*s", commands[i].name, commands[i].words[0] ? " " : "",
			commands[i].words, HELP_COLUMN, "");
		text_wrap(out, commands[i].help, HELP_COLUMN, HELP_COLUMN);
	}
	fputs("  -j, --json          for programs\n"
	      "  -s, --socket PATH   of the daemon, default " DEFAULT_SOCKET "\n"
	      "  -c, --conf FILE     of the daemon, default " DEFAULT_CONF "\n"
	      "  -V, --version\n"
	      "  -h, --help\n"
	      "exit: 0 all well, 1 warnings, 2 faults, 3 no answer, or not understood\n",
	      out);
}

/* One with a daemon and one without may have the same name. */
static const struct command *find(const char *name, bool alone)
{
	const struct command *found = NULL;

	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0 && (!found || commands[i].alone == alone))
			found = &commands[i];
	return found;
}

enum {
	OPTION_PORT = 256,
	OPTION_HOST,
	OPTION_UNIT,
	OPTION_BAUD,
	OPTION_PARITY,
	OPTION_BASE,
	OPTION_PROFILES,
	OPTION_SINCE,
	OPTION_TYPE,
	OPTION_CLASS,
	OPTION_LAST,
	OPTION_CSV
};

static int number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < 0 || value > 10000000)
		exit(ctl_fail("\"%s\" is no number", text));
	return (int)value;
}

static char parity(const char *text)
{
	char parity = sweep_parity_by_name(text);

	if (!parity)
		exit(ctl_fail("parity \"%s\", expected none, even or odd", text));
	return parity;
}

static void take_device(struct ctl *ctl, int option)
{
	switch (option) {
	case OPTION_PORT:
		ctl->alone.port = optarg;
		break;
	case OPTION_HOST:
		ctl->alone.host = optarg;
		break;
	case OPTION_UNIT:
		ctl->given.unit = optarg;
		break;
	case OPTION_BAUD:
		ctl->given.baud = optarg;
		break;
	case OPTION_PARITY:
		ctl->given.parity = optarg;
		break;
	case OPTION_PROFILES:
		ctl->profiles = optarg;
		break;
	default:
		ctl->alone.base = number(optarg);
	}
}

static void take_which(struct ctl *ctl, int option)
{
	switch (option) {
	case OPTION_SINCE:
		ctl->given.since = optarg;
		break;
	case OPTION_TYPE:
		ctl->given.type = optarg;
		break;
	case OPTION_CLASS:
		ctl->given.class = optarg;
		break;
	default:
		(void)number(optarg);
		ctl->given.last = optarg;
	}
}

/* One of each, but for scan. */
static void take_given(struct ctl *ctl)
{
	if (ctl->given.unit)
		ctl->alone.unit = number(ctl->given.unit);
	if (ctl->given.baud)
		ctl->alone.baud = number(ctl->given.baud);
	if (ctl->given.parity)
		ctl->alone.parity = parity(ctl->given.parity);
}

/* Exits for --help, --version and mistakes. */
static const struct command *parse(int argc, char **argv, struct ctl *ctl)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, OPTION_PORT},
		{"host", required_argument, NULL, OPTION_HOST},
		{"unit", required_argument, NULL, OPTION_UNIT},
		{"baud", required_argument, NULL, OPTION_BAUD},
		{"parity", required_argument, NULL, OPTION_PARITY},
		{"base", required_argument, NULL, OPTION_BASE},
		{"profiles", required_argument, NULL, OPTION_PROFILES},
		{"since", required_argument, NULL, OPTION_SINCE},
		{"type", required_argument, NULL, OPTION_TYPE},
		{"class", required_argument, NULL, OPTION_CLASS},
		{"last", required_argument, NULL, OPTION_LAST},
		{"csv", no_argument, NULL, OPTION_CSV},
		{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'},
		{"conf", required_argument, NULL, 'c'},
		{"follow", no_argument, NULL, 'f'},
		{"all", no_argument, NULL, 'a'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const struct command *command;
	int option;

	while ((option = getopt_long(argc, argv, "js:c:faVh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			ctl->json = true;
			break;
		case 's':
			ctl->socket = optarg;
			break;
		case 'c':
			ctl->conf = optarg;
			break;
		case 'f':
			ctl->follow = true;
			break;
		case 'a':
			ctl->all = true;
			break;
		case OPTION_CSV:
			ctl->csv = true;
			break;
		case OPTION_SINCE:
		case OPTION_TYPE:
		case OPTION_CLASS:
		case OPTION_LAST:
			take_which(ctl, option);
			break;
		case OPTION_PORT:
		case OPTION_HOST:
		case OPTION_UNIT:
		case OPTION_BAUD:
		case OPTION_PARITY:
		case OPTION_BASE:
		case OPTION_PROFILES:
			take_device(ctl, option);
			break;
		case 'V':
			printf("corridorctl %s\n", version_text);
			exit(CTL_FINE);
		case 'h':
			usage(stdout);
			exit(CTL_FINE);
		default:
			usage(stderr);
			exit(CTL_FAILED);
		}
	}
	if (optind == argc) {
		usage(stderr);
		exit(CTL_FAILED);
	}
	command = find(argv[optind], ctl->alone.port || ctl->alone.host);
	if (!command)
		exit(ctl_fail("there is no command \"%s\"; corridorctl --help lists them",
			      argv[optind]));
	if (command->run != ctl_scan)
		take_given(ctl);
	ctl->command = command->name;
	ctl->argc = argc - optind - 1;
	ctl->argv = argv + optind + 1;
	return command;
}

static int reach(const char *path, struct link **ret_link)
{
	int err = link_open(path, ret_link);

	if (err == -EACCES || err == -EPERM)
		return ctl_fail("%s: you may not ask there: be root, or one of the group "
				"\"corridord\" (adduser YOU corridord, and log in again)",
				path);
	if (err == -ENOENT || err == -ECONNREFUSED)
		return ctl_fail("%s: no corridord listens there: systemctl status corridord, or "
				"--socket PATH for one with another \"control\"",
				path);
	if (err < 0)
		return ctl_fail("%s: %s", path, strerror(-err));
	return 0;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.out = stdout,
			  .socket = DEFAULT_SOCKET,
			  .conf = DEFAULT_CONF,
			  .alone = {.unit = 1, .baud = 9600, .parity = 'E'}};
	const struct command *command = parse(argc, argv, &ctl);
	int status = CTL_FINE;

	if (command->alone)
		(void)link_open(ctl.socket, &ctl.link);
	else
		status = reach(ctl.socket, &ctl.link);
	if (status == CTL_FINE)
		status = command->run(&ctl);
	link_close(ctl.link);
	return status;
}
