/* What came of a log is judged from its end back: each event names the one before by its hash, so of
 * several versions of a number the one behind tells the right one. Then from the beginning on: the
 * tree over the right ones is held against what was signed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "verify/logs.h"

#define VERSIONS_MAX 8
#define LATER_NS     (INT64_C(60) * 1000000000) /* an event is on the disk by then */

struct version {
	uint64_t place;
	struct tree_hash hash, prev;
	bool warns;
};

struct versions {
	size_t count;
	struct version version[VERSIONS_MAX];
};

/* ---- bytes -------------------------------------------------------------------------- */

static int hash_at(struct lines *lines, uint64_t place, struct version *ret_version)
{
	struct message message;
	const char *line;
	int bytes = lines_at(lines, place, &line);

	if (bytes < 0)
		return bytes;
	if (message_read(line, (size_t)bytes, &message) != MESSAGE_EVENT)
		return -EIO; /* the file changed meanwhile */
	ret_version->place = place;
	ret_version->warns = message.warns;
	event_hash(line, (size_t)bytes, ret_version->hash.bytes);
	memcpy(ret_version->prev.bytes, message.prev, sizeof(message.prev));
	return 0;
}

/* The different ones among count entries of one number. */
static int read_versions(struct lines *lines, const struct entry *entries, size_t count,
			 struct versions *versions)
{
	versions->count = 0;
	versions->version[0] = (struct version){0};
	for (size_t i = 0; i < count; i++) {
		struct version *one = &versions->version[versions->count];
		bool known = false;
		int err = hash_at(lines, entries[i].place, one);

		if (err < 0)
			return err;
		for (size_t k = 0; k < versions->count && !known; k++)
			known = tree_equal(&versions->version[k].hash, &one->hash);
		if (!known && versions->count < VERSIONS_MAX - 1)
			versions->count++;
	}
	return 0;
}

/* ---- from the end back -------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->seq != right->seq)
		return left->seq < right->seq ? -1 : 1;
	return left->place < right->place ? -1 : left->place > right->place;
}

/* How many there ought to be: as the status and the signed heads say, and what follows that without a
 * hole. A number that only an event claims is no reason; unless nothing else is known. */
static uint64_t last_of(const struct log *log)
{
	uint64_t last = log->status.seq;

	for (size_t i = 0; i < log->seal_count; i++)
		if (log->seals[i].head.size > last)
			last = log->seals[i].head.size;
	if (last == 0 && log->entry_count > 0)
		return log->entries[log->entry_count - 1].seq;
	for (size_t i = 0; i < log->entry_count; i++)
		if (log->entries[i].seq == last + 1)
			last++;
	return last;
}

struct walk {
	struct log *log;
	uint64_t expected; /* the next lower number */
	struct tree_hash wanted; /* hash that it must have */
	bool is_wanted;
	size_t kept; /* entries kept, at the list's end */
};

static int miss(struct walk *walk, uint64_t first)
{
	int err =
		first <= walk->expected ? spans_add(&walk->log->missing, first, walk->expected) : 0;

	if (first <= walk->expected)
		walk->is_wanted = false;
	return err;
}

static void want_status(struct walk *walk, uint64_t seq)
{
	const struct event_head *status = &walk->log->status;

	if (seq != status->seq)
		return;
	if (walk->is_wanted && memcmp(walk->wanted.bytes, status->hash, EVENT_HASH_BYTES) != 0)
		walk->log->wrong_end = seq;
	if (!walk->is_wanted)
		memcpy(walk->wanted.bytes, status->hash, EVENT_HASH_BYTES);
	walk->is_wanted = true;
}

static int choose(struct walk *walk, uint64_t seq, const struct versions *versions)
{
	struct log *log = walk->log;
	const struct version *right = walk->is_wanted ? NULL : &versions->version[0];

	for (size_t i = 0; i < versions->count && !right; i++)
		if (tree_equal(&versions->version[i].hash, &walk->wanted))
			right = &versions->version[i];
	log->copies += versions->count > 1;
	walk->expected = seq - 1;
	walk->is_wanted = right != NULL;
	if (!right) {
		if (seq == log->status.seq)
			log->wrong_end = seq;
		return spans_add(&log->altered, seq, seq);
	}
	if (log->right_end_seq == 0) {
		log->right_end_seq = seq;
		log->right_end = right->hash;
	}
	walk->wanted = right->prev;
	log->events++;
	log->entries[--walk->kept] = entry_of(seq, right->place);
	return right->warns ? spans_add(&log->warnings, seq, seq) : 0;
}

/* A status of later names a smaller number. */
static bool is_refuted(const struct log *log, uint64_t seq, const struct moment *moment)
{
	uint64_t boot = boot_sum(moment);

	for (size_t i = 0; i < log->end_count; i++)
		if (log->ends[i].boot == boot && log->ends[i].seq < seq &&
		    log->ends[i].mono_ns > moment->mono_ns + LATER_NS)
			return true;
	return boot == 0;
}

/* Alerts overtake a backlog: these are not forged for being alone. */
static int look_ahead(struct lines *lines, struct log *log, const struct entry *entries,
		      size_t count)
{
	struct spans *spans = &log->ahead;

	for (size_t i = 0; i < count; i++) {
		struct moment moment;
		const char *line;
		int bytes = lines_at(lines, entries[i].place, &line);

		if (bytes < 0)
			return bytes;
		message_moment(line, (size_t)bytes, &moment);
		if (is_refuted(log, entries[i].seq, &moment))
			spans = &log->altered;
	}
	return spans_add(spans, entries[0].seq, entries[0].seq);
}

static int walk_back(struct lines *lines, struct log *log)
{
	struct walk walk = {.log = log, .expected = log->last, .kept = log->entry_count};
	const struct tree_hash zeros = {0};
	size_t end = log->entry_count;
	int err = 0;

	while (err == 0 && end > 0) {
		uint64_t seq = log->entries[end - 1].seq;
		struct versions versions;
		size_t begin = end - 1;

		while (begin > 0 && log->entries[begin - 1].seq == seq)
			begin--;
		if (seq > log->last) {
			err = look_ahead(lines, log, &log->entries[begin], end - begin);
		} else {
			err = read_versions(lines, &log->entries[begin], end - begin, &versions);
			if (err == 0)
				err = miss(&walk, seq + 1);
			want_status(&walk, seq);
			if (err == 0)
				err = choose(&walk, seq, &versions);
		}
		end = begin;
	}
	if (err == 0)
		err = miss(&walk, 1);
	if (walk.is_wanted && log->events > 0 && !tree_equal(&walk.wanted, &zeros))
		log->wrong_link = "its first event has a past";
	memmove(log->entries, log->entries + walk.kept,
		(log->entry_count - walk.kept) * sizeof(*log->entries));
	log->entry_count -= walk.kept;
	return err;
}

/* ---- what is gone, and who says so --------------------------------------------------- */

static bool is_right(struct logs *logs, const struct log *log, uint64_t seq,
		     const struct tree_hash *hash)
{
	const struct entry *entry = log_entry(log, seq);
	struct version version;

	return entry && hash_at(logs->lines, entry->place, &version) == 0 &&
	       tree_equal(&version.hash, hash);
}

static int by_first(const void *a, const void *b)
{
	const struct evicted *left = a, *right = b;

	return left->range.first < right->range.first ? -1 : left->range.first > right->range.first;
}

/* Of a hole, what tombstones name goes to what is gone. */
static int split(struct log *log, struct span hole, struct spans *missing)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < log->evicted_count; i++) {
		struct range range = log->evicted[i].range;

		if (range.last < hole.first || range.first > hole.last)
			continue;
		if (range.first > hole.first)
			err = spans_add(missing, hole.first, range.first - 1);
		else
			range.first = hole.first;
		if (range.last > hole.last)
			range.last = hole.last;
		if (err == 0)
			err = spans_add(&log->gone, range.first, range.last);
		hole.first = range.last + 1;
		if (hole.first > hole.last)
			return err;
	}
	return err < 0 ? err : spans_add(missing, hole.first, hole.last);
}

static int take_tombstones(struct logs *logs, struct log *log)
{
	struct spans holes = log->missing;
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < log->evicted_count; i++) {
		const struct evicted *one = &log->evicted[i];

		if (is_right(logs, &logs->log[one->by_log], one->by_seq, &one->by_hash))
			log->evicted[kept++] = *one;
		else
			log->forged_tombstone = true;
	}
	log->evicted_count = kept;
	if (kept > 0)
		qsort(log->evicted, kept, sizeof(log->evicted[0]), by_first);
	log->missing = (struct spans){0};
	for (size_t i = holes.count; err == 0 && i > 0; i--)
		err = split(log, holes.span[i - 1], &log->missing);
	free(holes.span);
	return err;
}

/* A status of before, too, names an event that is there, or another past. */
static void hold_against_statuses(struct logs *logs, struct log *log)
{
	for (size_t i = 0; i < log->end_count; i++) {
		const struct said_end *end = &log->ends[i];

		if (log_entry(log, end->seq) && !is_right(logs, log, end->seq, &end->hash))
			log->wrong_end = end->seq;
	}
}

/* ---- from the beginning on ----------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	const struct seal *left = a, *right = b;

	return left->head.size < right->head.size ? -1 : left->head.size > right->head.size;
}

static void check_seals(struct log *log, size_t *at, const struct tree *tree)
{
	struct tree_hash root;

	for (; *at < log->seal_count && log->seals[*at].head.size == tree->size; ++*at) {
		struct seal *seal = &log->seals[*at];

		root = tree_root(tree);
		seal->checked = tree_equal(&root, &seal->head.root);
		seal->differs = !seal->checked;
		if (seal->checked)
			log->sealed = seal;
	}
}

/* Who has seen a head has seen all before it. */
static void count_witnesses(const struct logs *logs, struct log *log)
{
	uint64_t all = 0, at_s = 0;

	for (size_t i = log->seal_count; i > 0 && log->witnessed == 0; i--) {
		const struct seal *seal = &log->seals[i - 1];

		if (!seal->checked || !seal->witnesses)
			continue;
		all |= seal->witnesses;
		at_s = seal->witnessed_s > at_s ? seal->witnessed_s : at_s;
		if ((size_t)__builtin_popcountll(all) < logs->witnesses)
			continue;
		log->witnessed = seal->head.size;
		log->witnesses = all;
		log->witnessed_s = at_s;
	}
}

static int hold_against_seals(struct logs *logs, struct log *log)
{
	struct tree tree = {0};
	size_t at = 0;

	if (log->seal_count == 0)
		return 0;
	qsort(log->seals, log->seal_count, sizeof(log->seals[0]), by_size);
	for (size_t i = 1; i < log->seal_count; i++)
		log->forked |= log->seals[i].head.size == log->seals[i - 1].head.size;
	for (size_t i = 0; i < log->entry_count && log->entries[i].seq == i + 1; i++) {
		struct version version;
		struct tree_hash leaf;
		int err = hash_at(logs->lines, log->entries[i].place, &version);

		if (err < 0)
			return err;
		leaf = tree_leaf(version.hash.bytes);
		tree_add(&tree, &leaf);
		check_seals(log, &at, &tree);
	}
	count_witnesses(logs, log);
	return 0;
}

/* ---- one epoch after the other ------------------------------------------------------- */

static bool gave_up(const struct log *log, uint64_t seq)
{
	for (size_t i = 0; i < log->evicted_count; i++)
		if (log->evicted[i].range.first <= seq && seq <= log->evicted[i].range.last)
			return true;
	return false;
}

static void check_follows(struct logs *logs, struct log *log, const struct event_head *follows)
{
	const struct log *before = logs_find(logs, log, follows->epoch);
	struct tree_hash hash;

	memcpy(hash.bytes, follows->hash, sizeof(hash.bytes));
	if (!before || (!before->came && !gave_up(before, follows->seq)))
		log->wrong_link = "it follows an epoch of which nothing came";
	else if (log_entry(before, follows->seq) && !is_right(logs, before, follows->seq, &hash))
		log->wrong_link = "it follows another end of an epoch than came";
}

static int check_link(struct logs *logs, struct log *log)
{
	struct event_head follows[FOLLOWS_MOST];
	const char *line;
	size_t count;
	int bytes;

	if (log->entry_count == 0 || log->entries[0].seq != 1)
		return 0;
	bytes = lines_at(logs->lines, log->entries[0].place, &line);
	if (bytes < 0)
		return bytes;
	count = message_follows(line, (size_t)bytes, follows);
	log->follows_some = count > 0;
	for (size_t i = 0; i < count; i++)
		check_follows(logs, log, &follows[i]);
	for (struct log *other = logs->log; count == 0 && other < log; other++)
		if (logs_same_gateway(other, log) && other->entry_count > 0 &&
		    !other->follows_some && other->entries[0].seq == 1)
			log->wrong_link = "it follows no epoch, and is not the gateway's first";
	return 0;
}

int logs_judge(struct logs *logs)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < logs->count; i++) {
		struct log *log = &logs->log[i];

		if (log->unsorted)
			qsort(log->entries, log->entry_count, sizeof(log->entries[0]), by_number);
		log->last = last_of(log);
		err = walk_back(logs->lines, log);
	}
	for (size_t i = 0; err == 0 && i < logs->count; i++)
		err = take_tombstones(logs, &logs->log[i]);
	for (size_t i = 0; err == 0 && i < logs->count; i++)
		hold_against_statuses(logs, &logs->log[i]);
	for (size_t i = 0; err == 0 && i < logs->count; i++)
		err = hold_against_seals(logs, &logs->log[i]);
	for (size_t i = 0; err == 0 && i < logs->count; i++)
		err = check_link(logs, &logs->log[i]);
	for (size_t i = 0; err == 0 && i < logs->count; i++)
		err = clocks_judge(logs, &logs->log[i]);
	return err < 0 ? err : handovers_judge(logs);
}
