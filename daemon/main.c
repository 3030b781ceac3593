/* corridord: the daemon of a border checkpoint's gateway. See corridord(8). */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "gateway.h"

#define LOG_TOKEN "main"
#include "log.h"

#define MMAP_BYTES  (32 * 1024)
#define EXIT_CONFIG EX_CONFIG /* systemd need not try again */

enum action { ACTION_RUN, ACTION_CHECK, ACTION_PRINT, ACTION_MANUAL };

struct arguments {
	const char *path;
	enum action action;
	bool debug;
};

static void usage(FILE *out)
{
	fputs("corridord [-c FILE] [-n | --print-config] [-d]\n"
	      "  -c, --config FILE   configuration, default " SYSCONFDIR
	      "/corridord/corridord.conf\n"
	      "  -n, --check         check the configuration and exit: 0 good, 78 bad\n"
	      "      --print-config  print the effective configuration, secrets hidden\n"
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
		case 'd':
			arguments->debug = true;
			break;
		case 'V':
			puts("corridord " VERSION);
			exit(EXIT_SUCCESS);
		case 'h':
			usage(stdout);
			exit(EXIT_SUCCESS);
		default:
			usage(stderr);
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "corridord: unexpected argument \"%s\"\n", argv[optind]);
		exit(EX_USAGE);
	}
}

static enum log_level log_level(const struct arguments *arguments, const struct config *config)
{
	if (arguments->debug || strcmp(config->gateway.log_level, "debug") == 0)
		return LOG_LEVEL_DEBUG;
	if (strcmp(config->gateway.log_level, "warning") == 0)
		return LOG_LEVEL_WARNING;
	return LOG_LEVEL_INFO;
}

static int run(const struct config *config)
{
	struct gateway *gateway;

	if (gateway_new(config, &gateway) < 0)
		return EXIT_FAILURE;
	log_info("capturing: %zu devices on %zu buses, %zu lanes", config->device_count,
		 config->bus_count, config->lane_count);
	gateway_run(gateway);
	if (!gateway_free(gateway)) {
		log_warnx("a worker hangs in a system call and is left behind");
		_exit(EXIT_SUCCESS);
	}
	log_info("stopped");
	return EXIT_SUCCESS;
}

struct loading {
	const char *path;
	struct config *config;
	int result;
};

static void *load(void *data)
{
	struct loading *loading = data;

	loading->result = config_load(loading->path, stderr, &loading->config);
	return NULL;
}

/* On a thread of its own: an allocator keeps back some of the small pieces that a thread has freed,
 * and between them the heap is full of holes for as long as the thread lives. */
static int load_apart(const char *path, struct config **ret_config)
{
	struct loading loading = {.path = path};
	pthread_t thread;
	int err = pthread_create(&thread, NULL, load, &loading);

	if (err == 0)
		pthread_join(thread, NULL);
	else
		loading.result = -err;
	malloc_trim(0);
	if (loading.result < 0 && loading.result != -EINVAL)
		fprintf(stderr, "corridord: %s: %s\n", path, strerror(-loading.result));
	*ret_config = loading.config;
	return loading.result;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.path = SYSCONFDIR "/corridord/corridord.conf"};
	struct config *config;
	int result = EXIT_SUCCESS;

	parse_arguments(argc, argv, &arguments);
	if (arguments.action == ACTION_MANUAL) {
		config_print_manual(stdout);
		return EXIT_SUCCESS;
	}
	signal(SIGPIPE, SIG_IGN); /* a broken connection is an error return, not a death */
	mallopt(M_ARENA_MAX, 1); /* a handful of threads that hardly allocate: one heap is enough */
	mallopt(M_MMAP_THRESHOLD, MMAP_BYTES); /* a queue takes the pages that it has needed */
	if (load_apart(arguments.path, &config) < 0)
		return EXIT_CONFIG;
	log_open(log_level(&arguments, config));
	if (gateway_check(config, stderr) < 0)
		result = EXIT_CONFIG;
	else if (arguments.action == ACTION_PRINT)
		config_print(config, stdout);
	else if (arguments.action == ACTION_CHECK)
		printf("%s: good: %zu devices on %zu buses, %zu lanes\n", arguments.path,
		       config->device_count, config->bus_count, config->lane_count);
	else
		result = run(config);
	config_free(config);
	return result;
}
