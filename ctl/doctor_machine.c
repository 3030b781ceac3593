#include "ctl/doctor_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/account.h"
#include "base/clock.h"
#include "base/clock_watch.h"
#include "ctl/program.h"

#define SERVICE		"corridord"
#define LOW_PERCENT	5 /* of a disk that are free */
#define SYNCS		8
#define SYNC_BYTES	4096
#define SYNC_SLOW_NS	(200 * NS_PER_MS)
#define RTC		"/dev/rtc0"
#define PORTS		"/sys/bus/usb-serial/devices/"
#define LATENCIES	PORTS "*/latency_timer"
#define LATENCY_GOOD_MS 4

static void look_at_account(struct doctor *doctor)
{
	static const char *const groups[] = {"dialout", "gpio"};
	struct account account;
	bool all = true;

	if (!account_find(SERVICE, &account)) {
		doctor_say(doctor, FAULT, "account",
			   "there is no user \"" SERVICE "\": systemd-sysusers makes it");
		return;
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		gid_t group = account_group(groups[i]);

		if (group != ACCOUNT_NO_GROUP && account_is_in(SERVICE, &account, group))
			continue;
		all = false;
		doctor_say(doctor, WARNING, "account",
			   "\"" SERVICE "\" is not in %s: adduser " SERVICE " %s", groups[i],
			   groups[i]);
	}
	if (all)
		doctor_say(doctor, FINE, "account", SERVICE " in dialout, gpio");
}

/* The folder of the journal; false: there is none in the configuration. */
static bool find_folder(const char *printed, char out[PATH_MAX])
{
	char value[PATH_MAX + 2];
	const char *rest = value;
	char path[PATH_MAX];

	if (!program_value(printed, "journal", "path", value, sizeof(value)) ||
	    !program_next_text(&rest, path, sizeof(path)))
		return false;
	snprintf(out, PATH_MAX, "%s", dirname(path));
	return true;
}

/* false: there is no such folder. */
static bool look_at_room(struct doctor *doctor, const char *folder)
{
	struct statvfs disk;
	unsigned long long free_mib;

	if (statvfs(folder, &disk) < 0) {
		doctor_say(doctor, FAULT, "disk", "%s: %s", folder, strerror(errno));
		return false;
	}
	free_mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
	if ((unsigned long long)disk.f_bavail * 100 <=
	    (unsigned long long)disk.f_blocks * LOW_PERCENT)
		doctor_say(doctor, free_mib == 0 ? FAULT : WARNING, "disk",
			   "%s: only %llu MiB are free", folder, free_mib);
	else
		doctor_say(doctor, FINE, "disk", "%s: %llu MiB free", folder, free_mib);
	return true;
}

/* How long a block and its sync take, the worst of some: what each event waits for. Negative errno. */
static int64_t sync_ns(const char *folder)
{
	char path[PATH_MAX];
	const char block[SYNC_BYTES] = "";
	int64_t worst_ns = 0;
	int fd;

	if (snprintf(path, sizeof(path), "%s/.doctor-XXXXXX", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < SYNCS && worst_ns >= 0; i++) {
		int64_t begun_ns = clock_mono_ns(), took_ns;

		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) ||
		    fdatasync(fd) < 0) {
			worst_ns = -errno;
			break;
		}
		took_ns = clock_mono_ns() - begun_ns;
		worst_ns = took_ns > worst_ns ? took_ns : worst_ns;
	}
	close(fd);
	(void)unlink(path);
	return worst_ns;
}

static void look_at_syncs(struct doctor *doctor, const char *folder)
{
	const int64_t worst_ns = sync_ns(folder);
	const long long worst_ms = (long long)(worst_ns / NS_PER_MS);

	if (worst_ns == -EACCES || worst_ns == -EPERM || worst_ns == -EROFS)
		return; /* of the check, or a matter of who asks */
	if (worst_ns < 0)
		doctor_say(doctor, FAULT, "disk", "%s: cannot be written: %s", folder,
			   strerror((int)-worst_ns));
	else if (worst_ns > SYNC_SLOW_NS)
		doctor_say(
			doctor, WARNING, "disk",
			"%s: a sync took %lld ms: each alarm waits so long; a worn or slow card?",
			folder, worst_ms);
	else
		doctor_say(doctor, FINE, "disk", "%s: the slowest of %d syncs took %lld ms", folder,
			   SYNCS, worst_ms);
}

static void look_at_disk(struct doctor *doctor, const char *printed)
{
	char folder[PATH_MAX];

	if (!printed || !find_folder(printed, folder))
		return;
	if (look_at_room(doctor, folder))
		look_at_syncs(doctor, folder);
}

static void look_at_clock(struct doctor *doctor)
{
	int64_t ahead_ns;
	bool disciplined = false;

	if (clock_watch_ask(&disciplined) < 0 &&
	    !clock_watch_read(CLOCK_WATCH_FILE, clock_mono_ns(), &ahead_ns)) {
		doctor_say(
			doctor, WARNING, "clock",
			"not known: is corridord-clock running? Run doctor as root to ask the kernel");
		return;
	}
	if (disciplined || clock_watch_read(CLOCK_WATCH_FILE, clock_mono_ns(), &ahead_ns))
		doctor_say(doctor, FINE, "clock", "synchronised");
	else
		doctor_say(doctor, WARNING, "clock",
			   "not synchronised: is chrony or systemd-timesyncd running?");
}

/* Without one the time after a power cut is that of the last shutdown, until the network is there. */
static void look_at_rtc(struct doctor *doctor)
{
	if (access(RTC, F_OK) == 0)
		doctor_say(doctor, FINE, "clock", "a hardware clock keeps the time without power");
	else
		doctor_say(doctor, WARNING, "clock",
			   "no hardware clock (" RTC "): after a power cut times are marked "
			   "unsynced until a time source answers");
}

/* An FTDI adapter keeps what came for so long before it hands it on: each answer is that late. */
static void look_at_latency(struct doctor *doctor)
{
	glob_t found;

	if (glob(LATENCIES, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		FILE *file = fopen(path, "re");
		char number[16] = "";

		if (file && fgets(number, sizeof(number), file) &&
		    strtol(number, NULL, 10) > LATENCY_GOOD_MS)
			doctor_say(
				doctor, WARNING, "ports",
				"%.*s: each answer waits up to %.*s ms in the adapter: echo 1 > %s",
				(int)strcspn(path + strlen(PORTS), "/"), path + strlen(PORTS),
				(int)strcspn(number, "\n"), number, path);
		if (file)
			fclose(file);
	}
	globfree(&found);
}

void doctor_look_at_machine(struct doctor *doctor, const char *printed)
{
	look_at_account(doctor);
	look_at_disk(doctor, printed);
	look_at_clock(doctor);
	look_at_rtc(doctor);
	look_at_latency(doctor);
}
