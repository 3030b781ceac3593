/* Whether the disk at the path has room. While it has none all goes on within the room that the
 * file has, and no commit fails: somebody has to be told all the same. */
#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define LOOK_LEAST_NS (2 * NS_PER_S)
#define LOOK_MOST_NS  (30 * NS_PER_S)

static bool is_short(const struct journal *journal)
{
	const struct choice *choice = &journal->choice;
	const struct db *db = &journal->db;

	if (files_disk_is_full(choice->path))
		return true;
	return !choice->fallen_back && db->frozen &&
	       !files_disk_has_room(choice->path, db->wal_pages_max);
}

static void begin(struct shortage *shortage, const char *path, int64_t now_ns)
{
	shortage->since_ns = now_ns;
	shortage->evicted = 0;
	log_known_warnx(LOG_JOURNAL_DISK_FULL,
			"the disk of %s is full: events that the broker has make room for new ones",
			path);
}

static void end(struct shortage *shortage, const char *path)
{
	log_known_info(LOG_JOURNAL_DISK_ROOM,
		       "the disk of %s has room again; %llu events were given up unsent", path,
		       (unsigned long long)shortage->evicted);
	shortage->since_ns = 0;
}

void journal_look_at_disk(struct journal *journal, int64_t now_ns)
{
	struct shortage *shortage = &journal->shortage;
	bool is_full;

	if (now_ns < shortage->looked_ns + LOOK_LEAST_NS)
		return;
	shortage->looked_ns = now_ns;
	is_full = is_short(journal);
	if (is_full && shortage->since_ns == 0)
		begin(shortage, journal->choice.path, now_ns);
	else if (!is_full && shortage->since_ns > 0)
		end(shortage, journal->choice.path);
}

int64_t shortage_due_ns(const struct shortage *shortage)
{
	return shortage->looked_ns + LOOK_MOST_NS;
}
