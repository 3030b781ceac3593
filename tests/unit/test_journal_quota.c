/* The journal within its quota: what goes first, and what the tombstones say of it. */
#include "rig/journal_rig.h"

/* ---- what is missing, and what the tombstones say of it -------------------------------- */

struct tombstone_range {
	uint64_t first, last, events;
	char hash[65]; /* of the last one */
	bool is_class[3];
};

/* What all tombstones say. */
struct gaps {
	struct tombstone_range ranges[200000];
	size_t count;
	uint64_t events[3]; /* of each class; a range of several is counted for each */
};

static size_t read_tombstone(const struct seen *seen, struct tombstone_range *ranges)
{
	const char *at = strstr(seen->payload, "\"ranges\":[");
	size_t n = 0;

	assert_non_null(at);
	for (at = strstr(at, "{\"first\":"); at; at = strstr(at + 1, "{\"first\":")) {
		struct tombstone_range *range = &ranges[n++];
		unsigned long long first, last, events;

		*range = (struct tombstone_range){0};
		assert_int_equal(sscanf(at,
					"{\"first\":%llu,\"last\":%llu,\"events\":%llu,"
					"\"hash\":\"%64[0-9a-f]\"}",
					&first, &last, &events, range->hash),
				 4);
		range->first = first;
		range->last = last;
		range->events = events;
		range->is_class[CLASS_TELEMETRY] = seen_has(seen, "\"class\":\"telemetry\"");
		range->is_class[CLASS_HEALTH] = seen_has(seen, "\"class\":\"health\"");
		range->is_class[CLASS_EVIDENCE] = seen_has(seen, "\"class\":\"evidence\"");
	}
	return n;
}

static void read_tombstones(const struct journal_rig *rig, struct gaps *gaps)
{
	gaps->count = 0;
	memset(gaps->events, 0, sizeof(gaps->events));
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		if (strcmp(rig->seen[STREAM_EVENTS][i].type, "journal.evicted") == 0)
			gaps->count += read_tombstone(&rig->seen[STREAM_EVENTS][i],
						      &gaps->ranges[gaps->count]);
	for (size_t i = 0; i < gaps->count; i++)
		for (int class = 0; class < 3; class ++)
			if (gaps->ranges[i].is_class[class])
				gaps->events[class] += gaps->ranges[i].events;
}

/* The number up to which some range goes that names this one. */
static uint64_t named_up_to(const struct gaps *gaps, uint64_t number)
{
	uint64_t last = 0;

	for (size_t i = 0; i < gaps->count; i++)
		if (gaps->ranges[i].first <= number && gaps->ranges[i].last >= number &&
		    gaps->ranges[i].last > last)
			last = gaps->ranges[i].last;
	if (last == 0)
		fail_msg("nothing tells of number %llu", (unsigned long long)number);
	return last;
}

/* Of one range the hash of its last event is what this one is linked to. */
static void assert_bridged(const struct gaps *gaps, const struct seen *seen)
{
	const char *prev = seen_after(seen, "\"prev\":\"");

	for (size_t i = 0; i < gaps->count; i++)
		if (gaps->ranges[i].last == seen->seq - 1 &&
		    memcmp(gaps->ranges[i].hash, prev, 64) == 0)
			return;
	fail_msg("no tombstone bridges to %llu", (unsigned long long)seen->seq);
}

/* Each number between is named. Returns how many that are. */
static uint64_t assert_gap_named(const struct gaps *gaps, uint64_t last, const struct seen *next)
{
	for (uint64_t number = last + 1; number < next->seq;)
		number = named_up_to(gaps, number) + 1;
	assert_bridged(gaps, next);
	return next->seq - last - 1;
}

/* From what was seen on STREAM_EVENTS, of one epoch: every number is there or named by a
 * tombstone, and the chain can be followed across each gap by the tombstones' hashes.
 * Returns how many are missing; valid until the next call. */
static const struct gaps *assert_gaps_named(const struct journal_rig *rig, uint64_t *ret_missing)
{
	static struct gaps gaps;
	uint64_t last = 0;
	char hex[65] = "";

	read_tombstones(rig, &gaps);
	*ret_missing = 0;
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		assert_true(seen->seq > last);
		if (seen->seq > last + 1)
			*ret_missing += assert_gap_named(&gaps, last, seen);
		else if (last > 0)
			assert_memory_equal(seen_after(seen, "\"prev\":\""), hex, 64);
		seen_hash(seen, hex);
		last = seen->seq;
	}
	return &gaps;
}

/* Everything there is, from the file, after the journal was closed. */
static void read_back(struct journal_rig *rig)
{
	assert_int_equal(close_journal(rig), 0);
	forget_seen(rig);
	rig->room[STREAM_EVENTS] = NO_LIMIT;
	rig->conf.quota_bytes = INT64_C(64) << 20; /* nothing more is to go */
	open_journal(rig);
	JOURNAL_WAIT(rig, rig->count[STREAM_EVENTS] > 0 &&
				  rig->seen[STREAM_EVENTS][rig->count[STREAM_EVENTS] - 1].seq ==
					  rig->head.seq);
}

/* Nothing can be delivered. */
static void start_without_room(struct journal_rig *rig, int64_t quota_bytes)
{
	rig->conf.quota_bytes = quota_bytes;
	rig->room[STREAM_EVENTS] = 0;
	rig->room[STREAM_ALERTS] = 0;
	open_journal(rig);
}

/* ---- tests --------------------------------------------------------------------------- */

static void acknowledged_events_go_first_and_silently(void **state)
{
	struct journal_rig *rig = *state;

	rig->conf.quota_bytes = 1 << 20;
	rig->acks = true;
	open_journal(rig);
	for (int i = 0; i < 20000; i++)
		put_event(rig, i % 2 ? EVENT_METER_VALUE : EVENT_SEAL_INTACT);
	wait_for_events(rig, 20000);
	assert_chain(rig, 0);
	assert_int_equal(journal_counters(rig->journal).evicted, 0);
	assert_true(journal_counters(rig->journal).used_bytes <= (1 << 20) + (1 << 19));
	assert_true(bytes_of(rig->path) < 3 << 20);
	reopen_journal(rig); /* the chain goes on, however much is gone */
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_head(rig, 20001);
}

static void after_the_last_of_one_class_acknowledged_ones_of_another_go(void **state)
{
	struct journal_rig *rig = *state;

	rig->conf.quota_bytes = 1 << 20;
	rig->conf.fallback = NULL;
	rig->acks = true;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 500);
	for (size_t i = 1; i <= 50; i++) {
		put_events(rig, EVENT_SEAL_INTACT, 100);
		wait_for_events(rig, 500 + i * 100);
		WAIT_FOR(journal_counters(rig->journal).used_bytes <= 1 << 20);
	}
	assert_int_equal(journal_counters(rig->journal).evicted, 0);
}

static void unacknowledged_telemetry_goes_before_evidence(void **state)
{
	struct journal_rig *rig = *state;
	const struct gaps *gaps;
	uint64_t missing;

	start_without_room(rig, 2 << 20);
	for (int i = 0; i < 12000; i++)
		put_event(rig, i % 10 == 0   ? EVENT_SEAL_INTACT
			       : i % 10 == 1 ? EVENT_INPUT_FAULT
					     : EVENT_METER_VALUE);
	WAIT_FOR(journal_counters(rig->journal).events >= 12000);
	assert_true(bytes_of(rig->path) < 4 << 20);
	read_back(rig);
	gaps = assert_gaps_named(rig, &missing);
	assert_int_equal(missing, gaps->events[0] + gaps->events[1] + gaps->events[2]);
	assert_true(gaps->events[CLASS_TELEMETRY] > 1000);
	assert_int_equal(gaps->events[CLASS_HEALTH], 0);
	assert_int_equal(gaps->events[CLASS_EVIDENCE], 0);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.intact"), 1200);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "input.fault"), 1200);
}

static void health_goes_when_telemetry_is_gone_and_evidence_last(void **state)
{
	struct journal_rig *rig = *state;
	const struct gaps *gaps;
	uint64_t missing;

	start_without_room(rig, 1 << 20);
	put_events(rig, EVENT_SEAL_INTACT, 500);
	put_events(rig, EVENT_METER_VALUE, 2000);
	put_events(rig, EVENT_INPUT_FAULT, 1500);
	put_events(rig, EVENT_SEAL_MISSING, 700);
	WAIT_FOR(journal_counters(rig->journal).events >= 4700);
	read_back(rig);
	gaps = assert_gaps_named(rig, &missing);
	assert_int_equal(gaps->events[CLASS_TELEMETRY], 2000);
	assert_true(gaps->events[CLASS_HEALTH] > 0);
	assert_int_equal(gaps->events[CLASS_EVIDENCE], 0);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.intact"), 500);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.missing"), 700);
}

static void evidence_beyond_the_quota_is_named_to_the_last(void **state)
{
	struct journal_rig *rig = *state;
	const struct gaps *gaps;
	uint64_t missing;

	start_without_room(rig, 1 << 20);
	for (int i = 0; i < 30000; i++)
		put_event(rig, i % 7 == 0 ? EVENT_METER_VALUE : EVENT_SEAL_TAMPERED);
	WAIT_FOR(journal_counters(rig->journal).events >= 30000);
	assert_true(bytes_of(rig->path) < 3 << 20);
	assert_true(journal_counters(rig->journal).used_bytes < 3 << 20);
	give_room(rig, STREAM_ALERTS, NO_LIMIT);
	wait_for_rest();
	read_back(rig);
	gaps = assert_gaps_named(rig, &missing);
	assert_true(missing > 20000);
	assert_true(gaps->events[CLASS_EVIDENCE] > 0);
	assert_true(count_seen(rig, STREAM_EVENTS, "seal.tampered") > 500);
}

static void alternating_classes_are_told_apart(void **state)
{
	struct journal_rig *rig = *state;
	const struct gaps *gaps;
	uint64_t missing;

	start_without_room(rig, 1 << 20);
	for (int i = 0; i < 2200; i++)
		put_event(rig, i % 2 ? EVENT_METER_VALUE : EVENT_SEAL_INTACT);
	WAIT_FOR(journal_counters(rig->journal).events >= 2200);
	read_back(rig);
	gaps = assert_gaps_named(rig, &missing);
	assert_int_equal(missing, gaps->events[CLASS_TELEMETRY]);
	assert_true(gaps->events[CLASS_TELEMETRY] > 100);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "seal.intact"), 1100);
}

/* The pages that a file may have with a quota of 1 MiB: see db_freeze(). */
#define PAGES_MOST "(256 + 16 + 64)"

/* Evidence and one reading, and not a free page. */
static void fill_to_the_last_page(struct journal_rig *rig, size_t count)
{
	start_without_room(rig, 1 << 20);
	put_event(rig, EVENT_METER_VALUE);
	put_events(rig, EVENT_SEAL_TAMPERED, count - 1);
	wait_for_head(rig, count);
	close_journal(rig);
	run_sql(rig->path, "CREATE TABLE filler(bytes)");
	run_sql(rig->path, "INSERT INTO filler SELECT zeroblob((" PAGES_MOST
			   " - page_count) * 4092 + 400) FROM pragma_page_count");
}

static void a_file_full_to_its_last_page_makes_room(void **state)
{
	struct journal_rig *rig = *state;
	uint64_t missing;

	for (size_t count = 400; count < 412; count++) {
		fill_to_the_last_page(rig, count);
		open_journal(rig);
		put_events(rig, EVENT_SEAL_INTACT, 40);
		WAIT_FOR(journal_counters(rig->journal).events >= 40);
		read_back(rig);
		assert_gaps_named(rig, &missing);
		assert_true(missing > 0);
		assert_null(find_seen(rig, STREAM_EVENTS, "journal.volatile"));
		journal_rig_fini(rig);
		journal_rig_init(rig);
	}
}

/* Of the first 1000 so many are acknowledged. */
static void begin_small(struct journal_rig *rig, size_t acknowledged)
{
	rig->conf.quota_bytes = 1 << 20;
	rig->room[STREAM_EVENTS] = 1000;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 1000);
	wait_for_events(rig, 1000);
	acknowledge(rig, STREAM_EVENTS, acknowledged - 1);
}

static void check_tombstones_begin_after(struct journal_rig *rig, uint64_t seq)
{
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		struct tombstone_range ranges[64];

		if (strcmp(rig->seen[STREAM_EVENTS][i].type, "journal.evicted") != 0)
			continue;
		assert_true(read_tombstone(&rig->seen[STREAM_EVENTS][i], ranges) > 0);
		assert_true(ranges[0].first > seq);
	}
}

static void what_is_delivered_is_in_no_gap(void **state)
{
	struct journal_rig *rig = *state;

	begin_small(rig, 600);
	put_events(rig, EVENT_METER_VALUE, 4000);
	WAIT_FOR(journal_counters(rig->journal).events >= 5000 &&
		 journal_counters(rig->journal).evicted > 0);
	read_back(rig);
	check_tombstones_begin_after(rig, 600);
}

static int64_t used_bytes_after(struct journal_rig *rig, size_t more)
{
	uint64_t events = journal_counters(rig->journal).events + more;

	put_events(rig, EVENT_METER_VALUE, more);
	WAIT_FOR(journal_counters(rig->journal).events >= events);
	return journal_counters(rig->journal).used_bytes;
}

static int put_until_delivered_ones_go(struct journal_rig *rig)
{
	int64_t before_bytes, used_bytes = 0;

	begin_small(rig, 1000);
	do {
		before_bytes = used_bytes;
		used_bytes = used_bytes_after(rig, 50);
	} while (used_bytes >= before_bytes);
	return journal_counters(rig->journal).evicted == 0 ? 0 : 1;
}

static void what_was_delivered_before_a_power_cut_is_in_no_gap(void **state)
{
	struct journal_rig *rig = *state;

	die_after(rig, put_until_delivered_ones_go);
	rig->conf.quota_bytes = 1 << 20;
	rig->room[STREAM_EVENTS] = 0;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 4000);
	WAIT_FOR(journal_counters(rig->journal).events >= 4000 &&
		 journal_counters(rig->journal).evicted > 0);
	read_back(rig);
	check_tombstones_begin_after(rig, 1000);
}

struct epoch_numbers {
	char id[EVENT_EPOCH_BYTES];
	bool there[8000], named[8000];
	uint64_t last, events; /* events: that the tombstones tell of */
};

static struct epoch_numbers *epoch_of(struct epoch_numbers epochs[2], const char *id)
{
	int i = strncmp(epochs[0].id, id, EVENT_EPOCH_BYTES - 1) != 0;

	assert_memory_equal(epochs[i].id, id, EVENT_EPOCH_BYTES - 1);
	return &epochs[i];
}

static void name_gaps(struct epoch_numbers epochs[2], const struct seen *tombstone)
{
	const char *observed = strstr(tombstone->payload, "\"observed\":");
	struct tombstone_range ranges[64];
	struct epoch_numbers *epoch;
	size_t count;

	epoch = epoch_of(epochs, strstr(observed, "\"epoch\":\"") + strlen("\"epoch\":\""));
	count = read_tombstone(tombstone, ranges);
	for (size_t i = 0; i < count; i++)
		epoch->events += ranges[i].events;
	for (size_t i = 0; i < count; i++)
		for (; ranges[i].first <= ranges[i].last; ranges[i].first++)
			epoch->named[ranges[i].first] = true;
}

#define OTHER_EPOCH "0123456789abcdef"

static void gaps_of_two_epochs_are_told_apart(void **state)
{
	static struct epoch_numbers epochs[2];
	struct journal_rig *rig = *state;

	memset(epochs, 0, sizeof(epochs));
	start_without_room(rig, 1 << 20);
	put_events(rig, EVENT_METER_VALUE, 700);
	wait_for_head(rig, 700);
	strcpy(epochs[0].id, rig->head.epoch);
	close_journal(rig);
	strcpy(epochs[1].id, OTHER_EPOCH);
	run_sql(rig->path, "INSERT INTO epoch SELECT no+1,'" OTHER_EPOCH "' FROM epoch");
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 3500);
	WAIT_FOR(journal_counters(rig->journal).events >= 3500 &&
		 journal_counters(rig->journal).evicted > 1000);
	read_back(rig);
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];
		struct epoch_numbers *epoch = epoch_of(epochs, seen->epoch);

		epoch->there[seen->seq] = true;
		epoch->last = seen->seq;
		if (strcmp(seen->type, "journal.evicted") == 0)
			name_gaps(epochs, seen);
	}
	for (size_t i = 1; i <= 700; i++)
		assert_true(epochs[0].named[i]);
	assert_int_equal(epochs[0].events, 700);
	for (size_t i = 1; i <= epochs[1].last; i++)
		assert_true(epochs[1].there[i] != epochs[1].named[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(acknowledged_events_go_first_and_silently),
		journal_test(after_the_last_of_one_class_acknowledged_ones_of_another_go),
		journal_test(unacknowledged_telemetry_goes_before_evidence),
		journal_test(health_goes_when_telemetry_is_gone_and_evidence_last),
		journal_test(evidence_beyond_the_quota_is_named_to_the_last),
		journal_test(alternating_classes_are_told_apart),
		journal_test(a_file_full_to_its_last_page_makes_room),
		journal_test(what_is_delivered_is_in_no_gap),
		journal_test(what_was_delivered_before_a_power_cut_is_in_no_gap),
		journal_test(gaps_of_two_epochs_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
