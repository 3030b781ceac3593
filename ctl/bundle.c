/* corridorctl bundle: what somebody far away needs to help, in one file, without secrets. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/program.h"

#define LOG_LINES "5000"

struct bundle {
	struct ctl *ctl;
	char folder[PATH_MAX]; /* what is packed */
	int fd; /* the folder */
	bool failed;
};

static int make_file(struct bundle *bundle, const char *name)
{
	int fd = openat(bundle->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	bundle->failed |= fd < 0;
	return fd;
}

static void put_text(struct bundle *bundle, const char *name, const char *text)
{
	int fd = make_file(bundle, name);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out) {
		bundle->failed = true;
		if (fd >= 0)
			close(fd);
		return;
	}
	fputs(text, out);
	bundle->failed |= fclose(out) != 0;
}

static void put_json(struct bundle *bundle, const char *name, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_INDENT(1)) : NULL;

	put_text(bundle, name, text ? text : link_error(bundle->ctl->link));
	free(text);
	json_decref(value);
}

static void put_output(struct bundle *bundle, const char *name, const char *const words[])
{
	int fd = make_file(bundle, name);

	if (fd < 0)
		return;
	if (program_run(words, fd) < 0)
		dprintf(fd, "%s cannot be run here\n", words[0]);
	close(fd);
}

/* ---- what is in it --------------------------------------------------------------------------- */

static void put_daemon(struct bundle *bundle)
{
	struct link *link = bundle->ctl->link;

	if (!link) {
		put_text(bundle, "status.json", "no daemon is reached\n");
		return;
	}
	put_json(bundle, "status.json", link_ask(link, "status", NULL));
	put_json(bundle, "buses.json", link_list(link, "buses", NULL));
	put_json(bundle, "devices.json", link_list(link, "devices", NULL));
	put_json(bundle, "points.json", link_list(link, "points", NULL));
	put_json(bundle, "sensors.json", link_list(link, "sensors", NULL));
	put_json(bundle, "registry.json", link_ask(link, "registry", NULL));
	put_json(bundle, "metrics.json", link_ask(link, "metrics", NULL));
}

/* --print-config hides what is secret. */
static void put_configuration(struct bundle *bundle, const char *conf)
{
	static const char *const options[][2] = {{"-n", "check.txt"},
						 {"--print-config", "configuration.txt"}};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int code;
		char *said = program_says(options[i][0], conf, &code);

		put_text(bundle, options[i][1], said ? said : "corridord cannot be run\n");
		free(said);
	}
}

static void put_machine(struct bundle *bundle)
{
	static const struct {
		const char *file, *words[8];
	} commands[] = {
		{"log.txt", {"journalctl", "-u", "corridord", "-n", LOG_LINES, "--no-pager", NULL}},
		{"service.txt", {"systemctl", "status", "corridord", "--no-pager", NULL}},
		{"kernel-log.txt", {"dmesg", NULL}},
		{"kernel.txt", {"uname", "-a", NULL}},
		{"system.txt", {"cat", "/etc/os-release", NULL}},
		{"disks.txt", {"df", "-h", NULL}},
		{"addresses.txt", {"ip", "address", NULL}},
		{"clock.txt", {"timedatectl", NULL}},
		{"ports.txt", {"ls", "-l", "/dev/serial/by-path", NULL}},
		{"lines.txt", {"gpioinfo", NULL}},
		{"packages.txt", {"dpkg", "-l", "corridord", "corridorctl", NULL}},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		put_output(bundle, commands[i].file, commands[i].words);
}

/* ---- the file -------------------------------------------------------------------------------- */

static void name_file(char out[PATH_MAX])
{
	char host[64] = "", moment[32];
	time_t now = time(NULL);
	struct tm utc;

	(void)gethostname(host, sizeof(host) - 1);
	gmtime_r(&now, &utc);
	strftime(moment, sizeof(moment), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(out, PATH_MAX, "corridord-%s-%s.tar.gz", host, moment);
}

static int pack(const struct bundle *bundle, const char *file)
{
	const char *const words[] = {"tar", "-czf", file, "-C", bundle->folder, ".", NULL};
	mode_t mask = umask(0077);
	int status = program_run(words, STDERR_FILENO);

	umask(mask);
	return status;
}

static void remove_folder(const struct bundle *bundle)
{
	const char *const words[] = {"rm", "-rf", "--", bundle->folder, NULL};

	close(bundle->fd);
	(void)program_run(words, STDERR_FILENO);
}

int ctl_bundle(struct ctl *ctl)
{
	struct bundle bundle = {.ctl = ctl, .folder = "/tmp/corridord-XXXXXX"};
	const char *conf = ctl->argc > 0 ? ctl->argv[0] : ctl->conf;
	char file[PATH_MAX];
	int status;

	if (ctl->argc > 1)
		return ctl_fail("bundle wants at most the configuration: bundle CONF");
	if (!mkdtemp(bundle.folder) ||
	    (bundle.fd = open(bundle.folder, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ctl_fail("%s: %s", bundle.folder, strerror(errno));
	put_daemon(&bundle);
	put_configuration(&bundle, conf);
	put_machine(&bundle);
	name_file(file);
	status = pack(&bundle, file);
	remove_folder(&bundle);
	if (status != 0 || bundle.failed)
		return ctl_fail("%s: it could not all be written", file);
	fprintf(ctl->out,
		"%s: look through it before you send it; it has the configuration without "
		"secrets, the log, and what the daemon sees\n",
		file);
	return CTL_FINE;
}
