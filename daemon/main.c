/* corridord: the daemon of a border checkpoint's gateway. See corridord(8). */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/version.h"
#include "bus/trial.h"
#include "config/config.h"
#include "config/summary.h"
#include "gateway/files.h"
#include "gateway/gateway.h"
#include "gateway/hints.h"
#include "gateway/rehearse.h"

#define LOG_TOKEN "main"
#include "base/log.h"

#define MMAP_BYTES  (32 * 1024)
#define SIZE_BYTES  96 /* of a configuration, in words */
#define EXIT_CONFIG EX_CONFIG /* systemd need not try again */

enum action { ACTION_RUN, ACTION_CHECK, ACTION_PRINT, ACTION_MANUAL, ACTION_TRY, ACTION_REPLAY };

struct arguments {
	const char *path;
	const char *device,
		*message; /* of ACTION_TRY; the message, or the trace of ACTION_REPLAY */
	enum action action;
	bool debug;
};

static void usage(FILE *out)
{
	fputs("corridord [-c FILE] [-n | --print-config | --try DEVICE MESSAGE | --replay TRACE] [-d]\n"
	      "  -c, --config FILE   configuration, default " SYSCONFDIR
	      "/corridord/corridord.conf\n"
	      "  -n, --check         check the configuration and exit: 0 good, 78 bad\n"
	      "      --print-config  print the effective configuration, secrets hidden\n"
	      "      --try DEVICE MESSAGE\n"
	      "                      what the device would become by the message in this file, and why not\n"
	      "      --replay TRACE  which events this configuration makes of a recorded trace\n"
	      "      --print-manual  print the reference of all options (roff)\n"
	      "  -d, --debug         log more\n"
	      "  -V, --version\n"
	      "  -h, --help\n",
	      out);
}

/* Exits for --help, --version and mistakes. */
static void parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'n'},
		{"print-config", no_argument, NULL, 'p'}, {"print-manual", no_argument, NULL, 'm'},
		{"try", required_argument, NULL, 't'},	  {"replay", required_argument, NULL, 'r'},
		{"debug", no_argument, NULL, 'd'},	  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:ndVh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->path = optarg;
			break;
		case 'n':
			arguments->action = ACTION_CHECK;
			break;
		case 'p':
			arguments->action = ACTION_PRINT;
			break;
		case 'm':
			arguments->action = ACTION_MANUAL;
			break;
		case 't':
			arguments->action = ACTION_TRY;
			arguments->device = optarg;
			break;
		case 'r':
			arguments->action = ACTION_REPLAY;
			arguments->message = optarg;
			break;
		case 'd':
			arguments->debug = true;
			break;
		case 'V':
			printf("corridord %s\n", version_text);
			exit(EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	}
	if (arguments->action == ACTION_TRY && optind < argc)
		arguments->message = argv[optind++];
	if (arguments->action == ACTION_TRY && !arguments->message) {
		fprintf(stderr, "corridord: --try lacks the file with the message\n");
		exit(EX_USAGE);
	}
	if (optind < argc) {
		fprintf(stderr, "corridord: unexpected argument \"%s\"\n", argv[optind]);
		exit(EX_USAGE);
	}
}

/* "1 device on 1 bus, 2 lanes" */
static const char *size_of(const struct config *config, char text[SIZE_BYTES])
{
	size_t devices = config->device_count, buses = config->bus_count;
	size_t lanes = config->lane_count;

	snprintf(text, SIZE_BYTES, "%zu device%s on %zu bus%s, %zu lane%s", devices,
		 devices == 1 ? "" : "s", buses, buses == 1 ? "" : "es", lanes,
		 lanes == 1 ? "" : "s");
	return text;
}

/* They mean nothing here, and would end the process. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

static int run(const struct config *config, const char *path)
{
	struct gateway *gateway;
	char size[SIZE_BYTES];
	size_t lost;

	if (gateway_new(config, path, &gateway) < 0)
		return EXIT_FAILURE;
	log_info("capturing: %s", size_of(config, size));
	gateway_run(gateway);
	if (!gateway_free(gateway, &lost)) {
		log_warnx("a worker hangs in a system call and is left behind");
		_exit(lost > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	log_info("stopped");
	return lost > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int replay(const struct config *config, const char *trace)
{
	(void)setvbuf(stdout, NULL, _IOLBF, 0); /* both outputs may go to one place */
	return rehearse(config, trace, stdout, stderr) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void tell_good(const struct config *config, const char *path)
{
	char size[SIZE_BYTES];

	files_advise(config, path, stdout);
	hints_give(config, stdout);
	printf("%s: good: %s", path, size_of(config, size));
	config_summarise(config, isatty(STDOUT_FILENO), stdout);
	putchar('\n');
}

static int load(const char *path, struct config **ret_config)
{
	int err = config_load(path, stderr, ret_config);

	malloc_trim(0);
	if (err < 0 && err != -EINVAL)
		fprintf(stderr, "corridord: %s: %s\n", path, strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.path = SYSCONFDIR "/corridord/corridord.conf"};
	struct config *config;
	int status = EXIT_SUCCESS;

	parse_arguments(argc, argv, &arguments);
	if (arguments.action == ACTION_MANUAL) {
		config_print_manual(stdout);
		return EXIT_SUCCESS;
	}
	ignore_signals(); /* a broken connection is an error return, not a death */
	mallopt(M_ARENA_MAX, 1); /* a handful of threads that hardly allocate: one heap is enough */
	mallopt(M_MMAP_THRESHOLD, MMAP_BYTES); /* a queue takes the pages that it has needed */
	if (load(arguments.path, &config) < 0)
		return EXIT_CONFIG;
	log_open(arguments.debug ? LOG_LEVEL_DEBUG : gateway_log_level(config));
	log_open_journal(LOG_JOURNAL);
	if (gateway_check(config, stderr, arguments.action == ACTION_CHECK ? stdout : NULL) < 0)
		status = EXIT_CONFIG;
	else if (arguments.action == ACTION_PRINT)
		config_print(config, stdout);
	else if (arguments.action == ACTION_CHECK)
		tell_good(config, arguments.path);
	else if (arguments.action == ACTION_TRY)
		status = bus_try(config, arguments.device, arguments.message, stdout, stderr) < 0
				 ? EXIT_FAILURE
				 : EXIT_SUCCESS;
	else if (arguments.action == ACTION_REPLAY)
		status = replay(config, arguments.message);
	else
		status = run(config, arguments.path);
	config_free(config);
	return status;
}
