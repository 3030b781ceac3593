#include "gateway/hints.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "base/account.h"
#include "base/time.h"
#include "outbound/uplink.h"

#define PLACE_BYTES 300
#define MIB	    (INT64_C(1024) * 1024)
#define RUNTIME	    "/run/corridord/" /* the service makes it */

#define DEBOUNCE_LONG_NS (5 * NS_PER_S)

/* ---- the site --------------------------------------------------------------------------- */

static void hint_at_office(const struct config *config, FILE *notes)
{
	const struct checkpoint_conf *checkpoint = &config->checkpoint;

	if (!checkpoint->office || !checkpoint->country ||
	    strncmp(checkpoint->office, checkpoint->country, 2) == 0)
		return;
	fprintf(notes, "note: checkpoint: office \"%s\" is of another country than \"%s\"\n",
		checkpoint->office, checkpoint->country);
}

static void hint_at_group(const struct config *config, FILE *notes)
{
	const char *group = config->gateway.control_group;

	if (group && account_group(group) == ACCOUNT_NO_GROUP)
		fprintf(notes,
			"note: gateway: control_group \"%s\" is no group here: sudo addgroup --system "
			"%s\n",
			group, group);
}

/* ---- the journal ------------------------------------------------------------------------ */

/* Of the file system of that path, or of the folder that is to hold it; 0: not known. */
static int64_t disk_bytes(const char *path)
{
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	struct statvfs fs;
	int64_t bytes = 0;

	if (slash)
		slash[slash == folder] = '\0';
	if (folder && statvfs(slash ? folder : ".", &fs) == 0)
		bytes = (int64_t)(fs.f_blocks * fs.f_frsize);
	free(folder);
	return bytes;
}

static bool is_in_memory(const char *path)
{
	static const char *const folders[] = {"/run/", "/var/run/", "/dev/shm/"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(path, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

static void hint_at_journal(const struct config *config, FILE *notes)
{
	const struct journal_conf *journal = &config->journal;
	int64_t disk = disk_bytes(journal->path);
	struct stat there;

	if (stat(journal->path, &there) == 0 && S_ISDIR(there.st_mode))
		fprintf(notes, "note: journal path: %s is a folder, expected a file in it\n",
			journal->path);
	if (disk > 0 && journal->quota_bytes > disk)
		fprintf(notes,
			"note: journal quota: %lld MiB are more than its whole disk has (%lld MiB): it "
			"will be full before anything gives way\n",
			(long long)(journal->quota_bytes / MIB), (long long)(disk / MIB));
	if (is_in_memory(journal->path))
		fprintf(notes,
			"note: journal path: %s is in memory: the power takes all that the broker has "
			"not; a card or a disk has to have it, as /var/lib/corridord does\n",
			journal->path);
	if (journal->fallback && strcmp(journal->fallback, journal->path) == 0)
		fprintf(notes, "note: journal fallback: is the path itself, so there is none\n");
}

/* ---- sockets, files and hosts ----------------------------------------------------------- */

/* What the service's own folder will have when it runs. */
static bool is_made_by_service(const char *path)
{
	return strncmp(path, RUNTIME, sizeof(RUNTIME) - 1) == 0;
}

static void hint_at_folder(const char *option, const char *path, FILE *notes)
{
	char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;
	struct stat there;

	if (slash && slash > copy && !is_made_by_service(path)) {
		*slash = '\0';
		if (stat(copy, &there) < 0 || !S_ISDIR(there.st_mode))
			fprintf(notes, "note: gateway %s: there is no folder %s\n", option, copy);
	}
	free(copy);
}

static void hint_at_control(const struct config *config, FILE *notes)
{
	const char *path = config->gateway.control;

	if (!path)
		return;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		fprintf(notes,
			"note: gateway control: the name of a socket has at most %zu bytes, and this "
			"has %zu: nobody will be able to ask\n",
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1, strlen(path));
	else
		hint_at_folder("control", path, notes);
}

static void hint_at_prometheus(const struct config *config, FILE *notes)
{
	const char *path = config->gateway.prometheus;
	const char *ending = path ? strrchr(path, '.') : NULL;

	if (!path)
		return;
	hint_at_folder("prometheus", path, notes);
	if (!ending || strcmp(ending, ".prom") != 0)
		fprintf(notes,
			"note: gateway prometheus: the node exporter reads files alone whose names "
			"end in .prom\n");
}

static void hint_at_hosts(const struct config *config, FILE *notes)
{
	const struct conf_list *hosts = &config->uplink.hosts;

	for (size_t i = 1; i < hosts->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(hosts->item[i], hosts->item[k]) == 0)
				fprintf(notes,
					"note: uplink host: \"%s\" is there twice, expected another "
					"broker\n",
					hosts->item[i]);
}

/* ---- buses ------------------------------------------------------------------------------ */

/* A blank in it, or an address such as 10.0.0.300. */
static bool is_misspelt(const char *place)
{
	const size_t bytes = strcspn(place, ":");
	struct in_addr address;
	char name[INET_ADDRSTRLEN];

	if (place[0] == '/')
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)bytes, place);
	return strpbrk(place, " \t") ||
	       (bytes > 0 && strspn(place, "0123456789.") == bytes &&
		(bytes >= sizeof(name) || inet_pton(AF_INET, name, &address) != 1));
}

static bool is_no_host(const char *place)
{
	const char *first = strchr(place, ':');

	return strstr(place, "://") || (place[0] != '/' && place[0] != '[' && strchr(place, '.') &&
					first && strchr(first + 1, ':') && !strstr(place, "::"));
}

static void hint_at_bus(const struct bus_conf *bus, FILE *notes)
{
	char place[PLACE_BYTES] = "";

	if (bus->driver->place && bus->driver_conf)
		(void)bus->driver->place(bus->driver_conf, place, sizeof(place));
	if (bus->device_count == 0)
		fprintf(notes, "%s:%d: \"%s\": note: no device is on this bus\n", bus->file,
			bus->line, bus->name);
	if (is_misspelt(place))
		fprintf(notes,
			"%s:%d: \"%s\": note: \"%s\" can be no host: a blank is in it, or a number "
			"above 255\n",
			bus->file, bus->line, bus->name, place);
	else if (is_no_host(place))
		fprintf(notes,
			"%s:%d: \"%s\": note: %s: host is a name or an address alone, and port an "
			"option of its own\n",
			bus->file, bus->line, bus->name, place);
}

/* ---- points ----------------------------------------------------------------------------- */

/* Contacts bounce for hundredths of a second. */
static void hint_at_point(const struct point_conf *point, FILE *notes)
{
	if (point->debounce_ns >= DEBOUNCE_LONG_NS)
		fprintf(notes,
			"note: \"%s\": debounce: what lasts less than %.0f s is never seen; a contact "
			"bounces for some hundredths of a second (\"50ms\")\n",
			point->name, in_seconds(point->debounce_ns));
}

/* ---- handovers -------------------------------------------------------------------------- */

/* What the other gateways have cannot be seen from here; what they will make of ours can. */
static void hint_at_handovers(const struct config *config, FILE *notes)
{
	const struct handover_conf *handover = &config->handover;

	if (!handover->enabled || config->signer.enabled)
		return;
	if (handover->legs.require)
		fprintf(notes,
			"note: handover: require is asked of the neighbours, and this gateway has no "
			"signer block: where they ask it too, what leaves here is refused\n");
	else if (handover->keys.count > 0)
		fprintf(notes,
			"note: handover: the neighbours sign, as keys says, and this gateway has no "
			"signer block: nobody can tell what it announces from a forgery\n");
}

void hints_give(const struct config *config, FILE *notes)
{
	hint_at_office(config, notes);
	hint_at_group(config, notes);
	hint_at_journal(config, notes);
	hint_at_handovers(config, notes);
	hint_at_control(config, notes);
	hint_at_prometheus(config, notes);
	hint_at_hosts(config, notes);
	uplink_advise(&config->uplink, notes);
	for (size_t i = 0; i < config->bus_count; i++)
		hint_at_bus(&config->buses[i], notes);
	for (size_t i = 0; i < config->point_count; i++)
		hint_at_point(&config->points[i], notes);
	hints_at_lanes(config, notes);
}
