/* The chain of events: drafts are sealed into it within a transaction, and it goes on from there
 * once the transaction was committed. */
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "journal/private.h"

#define LOG_TOKEN "journal"
#include "base/log.h"

#define RECENT_STEP_NS NS_PER_S

void chain_begin_file(struct chain *chain, struct db *db)
{
	chain->head = db->head;
	chain->epoch_no = db->epoch_count ? db->epochs[db->epoch_count - 1].no : 0;
	chain->epoch_unwritten = false;
	chain->begun_here = false;
	chain->follows.count = 0;
	chain->ended.tree.size = 0;
	tiles_begin_file(&chain->tiles, db, chain->epoch_no, &chain->head);
}

/* Of an epoch the furthest end counts. The oldest gives way. */
void chain_follow(struct chain *chain, const struct event_head *head)
{
	struct follows *list = &chain->follows;

	if (head->seq == 0 || strcmp(head->epoch, chain->head.epoch) == 0)
		return;
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->head[i].epoch, head->epoch) != 0)
			continue;
		if (head->seq > list->head[i].seq)
			list->head[i] = *head;
		return;
	}
	if (list->count == FOLLOWS_MAX)
		memmove(&list->head[0], &list->head[1], --list->count * sizeof(list->head[0]));
	list->head[list->count++] = *head;
}

void chain_begin_epoch(struct chain *chain, uint64_t no)
{
	struct event_head ended = chain->head;
	uint64_t id = 0;

	if (chain->tiles.known && chain->tiles.tree.size > 0) {
		chain->ended = chain->tiles;
		chain->ended_no = chain->epoch_no;
	}
	tiles_begin(&chain->tiles);

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint64_t)clock_now().utc_ns;
	chain->head = (struct event_head){0};
	snprintf(chain->head.epoch, sizeof(chain->head.epoch), "%016llx", (unsigned long long)id);
	chain->epoch_no = no;
	chain->epoch_unwritten = true;
	chain->broken = false;
	chain->begun_here = true;
	chain_follow(chain, &ended);
}

bool chain_is_recent(const struct chain *chain, uint64_t position, int64_t at_ns)
{
	int newer = position > chain->recent_heads[0].position ? 0 : 1;

	return position_epoch(position) >= chain->epoch_no &&
	       position > chain->recent_heads[1].position &&
	       chain->recent_heads[newer].at_ns >= at_ns;
}

static void note_head(struct chain *chain)
{
	int64_t now_ns = clock_mono_ns();

	if (now_ns - chain->recent_heads[0].at_ns < RECENT_STEP_NS)
		return;
	chain->recent_heads[1] = chain->recent_heads[0];
	chain->recent_heads[0].at_ns = now_ns;
	chain->recent_heads[0].position = position_of(chain->epoch_no, chain->head.seq);
}

/* ---- transactions ------------------------------------------------------------------- */

/* All its events may go once the new one has begun. */
static int keep_ended(struct journal *journal)
{
	struct chain *chain = &journal->chain;
	int err = 0;

	if (chain->ended.tree.size > 0)
		err = tiles_keep(&chain->ended, &journal->db, chain->ended_no, UINT64_MAX);
	if (err == -ENOSPC)
		chain->ended.tree.size = 0;
	return err;
}

/* At its quota room is made, and the tile goes with the next attempt. On a full disk the events are
 * worth more; as they are when no room comes. */
int chain_spare_tree(struct journal *journal, int err)
{
	const struct stall *stall = &journal->stall;
	const bool waits =
		stall->active && clock_mono_ns() - stall->since_ns > journal->timeouts.hard_ns;

	if (err == -ENOSPC && (waits || !files_disk_has_room(choice_in_use(&journal->choice),
							     journal->db.wal_pages_max)))
		tiles_give_up(&journal->chain.tiles);
	return err;
}

static int add_to_tree(struct journal *journal, const struct event_head *head)
{
	struct chain *chain = &journal->chain;
	int err = tiles_add(&chain->growing, &journal->db, chain->epoch_no, head);

	return chain_spare_tree(journal, err);
}

int journal_begin(struct journal *journal)
{
	struct chain *chain = &journal->chain;
	int err = db_begin(&journal->db);

	chain->growing = chain->tiles;
	chain->critical = false;
	if (err == 0)
		err = keep_ended(journal);
	if (err == 0 && chain->epoch_unwritten)
		err = db_put_epoch(&journal->db, chain->epoch_no, chain->head.epoch);
	if (err == 0 && chain->owner_unwritten)
		err = db_put_owner(&journal->db, journal->conf->machine);
	return err < 0 ? err : memories_put_unwritten(&journal->memories, &journal->db);
}

static const char *const ends[] = {
	[END_SET_ASIDE] = "set-aside",	   [END_FALLBACK] = "fallback", [END_RETURN] = "return",
	[END_ROLLED_BACK] = "rolled-back", [END_FOREIGN] = "foreign",
};

/* The newest ones of the chains that the epoch follows. */
static void put_follows(struct jw *json, const struct follows *follows, size_t count)
{
	char hash[EVENT_HEX_BYTES];

	jw_open_array(json, "follows");
	for (size_t i = follows->count - count; i < follows->count; i++) {
		const struct event_head *head = &follows->head[i];

		event_hex(head->hash, hash);
		jw_open(json, NULL);
		jw_text(json, "epoch", head->epoch);
		jw_uint(json, "seq", head->seq);
		jw_text(json, "hash", hash);
		jw_text(json, "why", ends[follows->why]);
		jw_close(json);
	}
	jw_close_array(json);
}

/* The first event of an epoch names as many of the chains that it follows as it has room for. */
static int seal(const struct journal *journal, struct event_head *head,
		const struct event_origin *origin, const struct event_draft *draft,
		const struct instant *now, char out[EVENT_BYTES])
{
	const struct follows *follows = &journal->chain.follows;
	size_t count = head->seq == 0 ? follows->count : 0;
	struct event_draft linked = *draft;
	char link[FOLLOWS_BYTES];
	struct jw json;
	int bytes = -E2BIG;

	for (; count > 0 && bytes < 0; count--) {
		jw_start(&json, link, sizeof(link));
		put_follows(&json, follows, count);
		linked.link = link;
		linked.link_bytes = json.bytes;
		bytes = event_seal(head, origin, &linked, now, out);
	}
	return bytes < 0 ? event_seal(head, origin, draft, now, out) : bytes;
}

int journal_put_of(struct journal *journal, struct event_head *head,
		   const struct event_origin *origin, const struct event_draft *draft,
		   const struct instant *now)
{
	const struct event_type *type = draft->type;
	char payload[EVENT_BYTES];
	struct db_row row = {.class = type->class, .type = type->name, .payload = payload};
	int bytes = seal(journal, head, origin, draft, now, payload);
	int err;

	if (bytes < 0) {
		log_error(bytes, "an event \"%s\" is lost", type->name);
		return 0;
	}
	row.position = position_of(journal->chain.epoch_no, head->seq);
	row.sum = db_sum(head->hash);
	row.recorded_s = now->clock == CLOCK_UNSYNCED ? 0 : now->utc_ns / NS_PER_S;
	row.payload_bytes = (size_t)bytes;
	err = db_put_event(&journal->db, &row);
	if (err == 0)
		err = add_to_tree(journal, head);
	journal->chain.critical |= type->severity == SEVERITY_CRITICAL;
	if (err == 0 && type->severity >= SEVERITY_MAJOR)
		err = db_put_alert(&journal->db, row.position, row.class);
	return err == -EEXIST ? -EUCLEAN : err;
}

int journal_put(struct journal *journal, struct event_head *head, const struct event_draft *draft,
		const struct instant *now)
{
	int err = draft->type ? journal_put_of(journal, head, journal->origin, draft, now) : 0;

	if (err == 0 && draft->state_key && draft->state_word)
		err = db_put_state(&journal->db, draft->state_key, draft->state_word);
	return err < 0 ? err : memories_put(&journal->memories, &journal->db, draft);
}

static void testify(struct journal *journal)
{
	struct testimony testimony = {.head = journal->chain.head};

	snprintf(testimony.boot, sizeof(testimony.boot), "%s", journal->origin->boot);
	for (int i = 0; i < WITNESSES; i++)
		witness_write(&journal->witness[i], &testimony);
}

int journal_end(struct journal *journal, int err, const struct event_head *head)
{
	struct chain *chain = &journal->chain;
	int64_t start_ns = clock_mono_ns();
	struct journal_counters more = {.events = head->seq - chain->head.seq, .commits = 1};

	err = db_end(&journal->db, err);
	if (err < 0)
		return err;
	more.sync_max_ns = clock_mono_ns() - start_ns;
	door_count(&journal->door, &more);
	note_head(chain);
	chain->head = *head;
	chain->tiles = chain->growing;
	chain->ended.tree.size = 0;
	chain->epoch_unwritten = false;
	chain->owner_unwritten = false;
	if (head->seq > 0)
		testify(journal);
	memories_written(&journal->memories);
	if (journal->outlet.head)
		journal->outlet.head(journal->outlet.data, head);
	if (journal->outlet.grown && more.events > 0)
		journal->outlet.grown(journal->outlet.data, head, chain->critical);
	return 0;
}
