#include "gateway/hints.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/account.h"
#include "outbound/uplink.h"

#define PLACE_BYTES 300
#define MIB	    (INT64_C(1024) * 1024)

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
	if (journal->fallback && strcmp(journal->fallback, journal->path) == 0)
		fprintf(notes, "note: journal fallback: is the path itself, so there is none\n");
}

/* ---- buses and lanes -------------------------------------------------------------------- */

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
	if (is_no_host(place))
		fprintf(notes,
			"%s:%d: \"%s\": note: %s: host is a name or an address alone, and port an "
			"option of its own\n",
			bus->file, bus->line, bus->name, place);
}

static bool share_point(const struct barrier_conf *a, const struct barrier_conf *b)
{
	return (a->status != POINT_NONE && a->status == b->status) ||
	       (a->closed_limit != POINT_NONE && a->closed_limit == b->closed_limit) ||
	       (a->open_limit != POINT_NONE && a->open_limit == b->open_limit);
}

static void hint_at_booms(const struct lane_conf *a, const struct lane_conf *b, FILE *notes)
{
	for (size_t i = 0; i < a->barrier_count; i++)
		for (size_t k = 0; k < b->barrier_count; k++)
			if (share_point(&a->barriers[i], &b->barriers[k]))
				fprintf(notes,
					"note: lane \"%s\" barrier \"%s\" looks at the same points as "
					"barrier \"%s\" of lane \"%s\": copied, and not changed?\n",
					b->name, b->barriers[k].name, a->barriers[i].name, a->name);
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
	uplink_advise(&config->uplink, notes);
	for (size_t i = 0; i < config->bus_count; i++)
		hint_at_bus(&config->buses[i], notes);
	for (size_t i = 0; i < config->lane_count; i++)
		for (size_t k = i + 1; k < config->lane_count; k++)
			hint_at_booms(&config->lanes[i], &config->lanes[k], notes);
}
