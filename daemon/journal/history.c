/* Events of the past, for people: pages of bounded size, some rows between two rounds. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "journal/private.h"

#define HISTORY_ROWS 512 /* read before other work gets its turn */

/* ---- calls of who asks ------------------------------------------------------------------ */

void history_init(struct history *history)
{
	pthread_mutex_init(&history->lock, NULL);
}

void history_fini(struct history *history)
{
	free(history->page);
	pthread_mutex_destroy(&history->lock);
}

int journal_ask_page(struct journal *journal, const struct journal_query *query)
{
	struct history *history = &journal->history;
	struct journal_page *page = malloc(sizeof(*page));
	int err = 0;

	if (!page)
		return -ENOMEM;
	page->query = *query;
	page->err = 0;
	page->count = 0;
	page->next = 0;
	page->bytes = 0;
	pthread_mutex_lock(&history->lock);
	if (history->page) {
		err = -EBUSY;
	} else {
		history->page = page;
		history->begun = history->read = false;
	}
	pthread_mutex_unlock(&history->lock);
	if (err < 0)
		free(page);
	else
		worker_wake(journal->door.worker);
	return err;
}

struct journal_page *journal_take_page(struct journal *journal)
{
	struct history *history = &journal->history;
	struct journal_page *page = NULL;

	pthread_mutex_lock(&history->lock);
	if (history->read) {
		page = history->page;
		history->page = NULL;
		history->read = false;
	}
	pthread_mutex_unlock(&history->lock);
	return page;
}

/* ---- where it begins -------------------------------------------------------------------- */

#define UTC_BYTES sizeof("2026-11-29T18:00:00")

struct probe {
	char since[UTC_BYTES];
	bool found, late;
};

/* By the label that is published, be its clock set or not. */
static bool is_late(const struct db_row *row, const char since[UTC_BYTES])
{
	static const char before[] = "\"recorded\":{\"utc\":\"";
	const char *at = memmem(row->payload, row->payload_bytes, before, sizeof(before) - 1);
	const char *utc = at ? at + sizeof(before) - 1 : NULL;

	if (!utc || (size_t)(row->payload + row->payload_bytes - utc) < UTC_BYTES - 1)
		return false;
	return memcmp(utc, since, UTC_BYTES - 1) >= 0;
}

static bool look(void *data, const struct db_row *row)
{
	struct probe *probe = data;

	probe->late = is_late(row, probe->since);
	probe->found = true;
	return false;
}

/* The next event behind a position was recorded at that time or later, or there is none. */
static int look_behind(struct db *db, uint64_t after, struct probe *probe)
{
	probe->found = false;
	return db_each(db, ALL_CLASSES, after, look, probe);
}

/* Halves what is left: times grow with positions, but where the clock was set back. */
static int find_since(struct db *db, int64_t since_s, uint64_t *ret_after)
{
	uint64_t low = 0, high = db_last(db);
	const time_t since = (time_t)since_s;
	struct probe probe;
	struct tm moment;
	int err = 0;

	gmtime_r(&since, &moment);
	strftime(probe.since, sizeof(probe.since), "%Y-%m-%dT%H:%M:%S", &moment);
	while (err == 0 && low < high) {
		uint64_t middle = low + (high - low) / 2;

		err = look_behind(db, middle, &probe);
		if (!probe.found || probe.late)
			high = middle;
		else
			low = middle + 1;
	}
	*ret_after = low;
	return err;
}

static int find_beginning(struct db *db, struct journal_query *query)
{
	uint64_t last = db_last(db), seq = position_seq(last);

	if (query->since_s > 0)
		return find_since(db, query->since_s, &query->after);
	if (query->last > 0)
		query->after = last - (query->last < seq ? query->last : seq);
	return 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reading_on {
	struct journal_page *page;
	unsigned budget;
	bool full;
};

static bool is_wanted(const struct journal_query *query, const struct db_row *row)
{
	return strncmp(row->type, query->type, strlen(query->type)) == 0;
}

static bool take_row(void *data, const struct db_row *row)
{
	struct reading_on *reading = data;
	struct journal_page *page = reading->page;

	if (is_wanted(&page->query, row)) {
		if (page->count == page->query.most ||
		    page->bytes + row->payload_bytes + 1 > sizeof(page->text)) {
			reading->full = true;
			return false;
		}
		if (page->count > 0)
			page->text[page->bytes++] = ',';
		memcpy(page->text + page->bytes, row->payload, row->payload_bytes);
		page->bytes += row->payload_bytes;
		page->count++;
	}
	page->query.after = row->position;
	return --reading->budget > 0;
}

/* false: there is more to read. */
static bool read_on(struct db *db, struct journal_page *page)
{
	struct reading_on reading = {.page = page, .budget = HISTORY_ROWS};
	unsigned classes = page->query.classes ? page->query.classes : ALL_CLASSES;

	page->err = db_each(db, classes, page->query.after, take_row, &reading);
	if (reading.full)
		page->next = page->query.after;
	return page->err < 0 || reading.full || reading.budget > 0;
}

static bool read_some(struct journal *journal, struct history *history)
{
	struct journal_page *page = history->page;

	if (!journal->db.sqlite) {
		page->err = -EIO;
		return true;
	}
	if (!history->begun)
		page->err = find_beginning(&journal->db, &page->query);
	history->begun = true;
	return page->err < 0 || read_on(&journal->db, page);
}

bool journal_read_history(struct journal *journal)
{
	struct history *history = &journal->history;
	bool asked, done;

	pthread_mutex_lock(&history->lock);
	asked = history->page && !history->read;
	pthread_mutex_unlock(&history->lock);
	if (!asked) /* else it is this thread's alone */
		return false;
	done = read_some(journal, history);
	if (!done)
		return true;
	pthread_mutex_lock(&history->lock);
	history->read = true;
	pthread_mutex_unlock(&history->lock);
	door_wake_producer(&journal->door);
	return false;
}
