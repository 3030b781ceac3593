#include "ctl/doctor_unit.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "ctl/program.h"

#define UNIT	    "corridord.service"
#define ALLOWED	    "DeviceAllow="
#define CLASS_BYTES 64

/* What systemd says of the unit, to be closed; NULL: it could not be asked. */
static FILE *ask_systemd(void)
{
	static const char *const words[] = {"systemctl", "show", "-p", "DeviceAllow", UNIT, NULL};
	FILE *said = tmpfile();

	if (said && program_run(words, fileno(said)) != 0) {
		fclose(said);
		return NULL;
	}
	return said;
}

/* "188 ttyUSB" among the character devices of /proc/devices. false: the kernel has none of that number. */
static bool find_class(unsigned number, char class[CLASS_BYTES])
{
	FILE *classes = fopen("/proc/devices", "re");
	char line[128], *rest;
	bool found = false;

	while (classes && !found && fgets(line, sizeof(line), classes) &&
	       strncmp(line, "Block", 5) != 0)
		found = strtoul(line, &rest, 10) == number && sscanf(rest, "%63s", class) == 1;
	if (classes)
		fclose(classes);
	return found;
}

/* ret_any: whether the unit names any device at all; else it lets everything be opened. */
static bool is_allowed(FILE *said, const char *path, const char *class, bool *ret_any)
{
	char line[PATH_MAX], device[PATH_MAX], wanted[CLASS_BYTES + 8];
	bool allowed = false;

	snprintf(wanted, sizeof(wanted), "char-%s", class);
	rewind(said);
	*ret_any = false;
	while (fgets(line, sizeof(line), said)) {
		if (sscanf(line, ALLOWED "%4095s", device) != 1)
			continue;
		*ret_any = true;
		allowed |= strcmp(device, path) == 0 || fnmatch(device, wanted, 0) == 0;
	}
	return allowed;
}

static void look_at_port(struct doctor *doctor, FILE *said, const char *port)
{
	char class[CLASS_BYTES], path[PATH_MAX];
	struct stat node;
	bool any;

	if (!realpath(port, path) || stat(path, &node) < 0 || !S_ISCHR(node.st_mode) ||
	    !find_class(major(node.st_rdev), class) || is_allowed(said, path, class, &any) || !any)
		return;
	doctor_say(doctor, WARNING, "unit",
		   "%s: the unit does not let the service open a \"%s\": systemctl edit " UNIT
		   ", [Service], DeviceAllow=char-%s rw",
		   port, class, class);
}

/* The text in quotes of "    option = "/dev/…"". */
static bool take_port(const char *line, char port[PATH_MAX])
{
	static const char *const options[] = {"port = ", "chip = "};

	line += strspn(line, " ");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strncmp(line, options[i], strlen(options[i])) == 0)
			return sscanf(line + strlen(options[i]), "\"%4095[^\"]", port) == 1 &&
			       port[0] == '/';
	return false;
}

void doctor_look_at_unit(struct doctor *doctor, const char *printed)
{
	FILE *said = ask_systemd();
	char port[PATH_MAX];

	for (const char *line = printed; said && line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (take_port(line, port))
			look_at_port(doctor, said, port);
	}
	if (said)
		fclose(said);
}
