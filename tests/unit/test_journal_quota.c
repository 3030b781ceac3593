/* The journal within its quota and its age limit; the wall clock is the test's. */
#include "journal_rig.h"

#include <sys/wait.h>

#include <sqlite3.h>
#include <stdatomic.h>

/* ---- a clock ------------------------------------------------------------------------- */

static _Atomic int64_t utc_offset_ns;
static _Atomic int clock_is = CLOCK_SYNCED;

int64_t clock_mono_ns(void)
{
	return clock_real_mono_ns();
}

struct instant clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct instant){
		.mono_ns = clock_real_mono_ns(),
		.utc_ns = (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec + utc_offset_ns,
		.clock = (enum clock_state)clock_is,
	};
}

const char *clock_boot_id(void)
{
	return "boot-1";
}

int clock_step_fd(void)
{
	return -ENOTSUP;
}

void clock_step_rearm(int fd)
{
	(void)fd;
}

static int reset_clock(void **state)
{
	(void)state;
	utc_offset_ns = 0;
	clock_is = CLOCK_SYNCED;
	return 0;
}

/* ---- what is missing, and what the tombstones say of it ------------------------------ */

struct tombstone_range {
	uint64_t first, last, events;
	char hash[65];
	bool is_class[3];
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
		range->is_class[CLASS_TELEMETRY] = rig_has(seen, "\"class\":\"telemetry\"");
		range->is_class[CLASS_HEALTH] = rig_has(seen, "\"class\":\"health\"");
		range->is_class[CLASS_EVIDENCE] = rig_has(seen, "\"class\":\"evidence\"");
	}
	return n;
}

/* From what was seen on STREAM_EVENTS, of one epoch: every number is there or named by a
 * tombstone, and the chain can be followed across each gap by the tombstones' hashes. */
static uint64_t check_gaps(const struct rig *rig, uint64_t counts[3])
{
	static struct tombstone_range ranges[200000];
	size_t range_count = 0, count = rig->count[STREAM_EVENTS], i, r;
	uint64_t last = 0, missing = 0;
	char hex[65] = "";

	memset(counts, 0, 3 * sizeof(counts[0]));
	for (i = 0; i < count; i++)
		if (strcmp(rig->seen[STREAM_EVENTS][i].type, "journal.evicted") == 0)
			range_count +=
				read_tombstone(&rig->seen[STREAM_EVENTS][i], ranges + range_count);
	for (r = 0; r < range_count; r++)
		for (int class = 0; class < 3; class ++)
			counts[class] += ranges[r].is_class[class] ? ranges[r].events : 0;
	for (i = 0; i < count; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];
		const char *prev = rig_after(seen, "\"prev\":\"");
		uint64_t number = last + 1;

		assert_true(seen->seq > last);
		if (seen->seq == last + 1 && last > 0)
			assert_memory_equal(prev, hex, 64);
		while (number < seen->seq) { /* some range has to name it */
			uint64_t upto = 0;

			for (r = 0; r < range_count; r++)
				if (ranges[r].first <= number && ranges[r].last >= number &&
				    ranges[r].last > upto)
					upto = ranges[r].last;
			if (upto == 0)
				fail_msg("nothing tells of number %llu",
					 (unsigned long long)number);
			missing += (upto < seen->seq ? upto + 1 : seen->seq) - number;
			number = upto + 1;
		}
		if (seen->seq > last + 1) { /* and one of them bridges the chain */
			for (r = 0; r < range_count; r++)
				if (ranges[r].last == seen->seq - 1 &&
				    memcmp(ranges[r].hash, prev, 64) == 0)
					break;
			if (r == range_count)
				fail_msg("no tombstone bridges to %llu",
					 (unsigned long long)seen->seq);
		}
		rig_hash(seen, hex);
		last = seen->seq;
	}
	return missing;
}

static size_t count_type(const struct rig *rig, const char *type)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		n += strcmp(rig->seen[STREAM_EVENTS][i].type, type) == 0;
	return n;
}

static int64_t file_bytes(const struct rig *rig)
{
	struct stat status;

	assert_int_equal(stat(rig->path, &status), 0);
	return status.st_size;
}

/* Everything there is, from the file, after the journal was closed. */
static void read_back(struct rig *rig)
{
	assert_int_equal(rig_close(rig), 0);
	rig_forget(rig);
	rig->room[STREAM_EVENTS] = NO_LIMIT;
	rig->conf.quota_bytes = INT64_C(64) << 20; /* nothing more is to go */
	rig_open(rig);
	RIG_WAIT(rig, rig->count[STREAM_EVENTS] > 0 &&
			      rig->seen[STREAM_EVENTS][rig->count[STREAM_EVENTS] - 1].seq ==
				      rig->head.seq);
}

static void start_small(struct rig *rig, int64_t quota_bytes)
{
	rig_make(rig);
	rig->conf.quota_bytes = quota_bytes;
	rig->room[STREAM_EVENTS] = 0;
	rig->room[STREAM_ALERTS] = 0;
	rig_open(rig);
}

/* ---- the quota ----------------------------------------------------------------------- */

static void acknowledged_events_go_first_and_silently(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	rig.conf.quota_bytes = 1 << 20;
	rig.acks = true;
	rig_open(&rig);
	for (int i = 0; i < 20000; i++)
		rig_put(&rig, i % 2 ? EVENT_METER_VALUE : EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 20000);
	rig_check_chain(&rig, 0);
	assert_int_equal(journal_counters(rig.journal).evicted, 0);
	assert_true(journal_counters(rig.journal).used_bytes <= (1 << 20) + (1 << 19));
	assert_true(file_bytes(&rig) < 3 << 20);
	rig_close(&rig);
	rig_forget(&rig);
	rig_open(&rig); /* the chain goes on, however much is gone */
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.head.seq == 20001);
	rig_close(&rig);
	rig_remove(&rig);
}

static void after_the_last_of_one_class_acknowledged_ones_of_another_go(void **state)
{
	struct rig rig;
	size_t i;

	(void)state;
	rig_make(&rig);
	rig.conf.quota_bytes = 1 << 20;
	rig.conf.fallback = NULL;
	rig.acks = true;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 500);
	for (i = 1; i <= 50; i++) {
		rig_put_many(&rig, EVENT_SEAL_INTACT, 100);
		RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 500 + i * 100);
		RIG_POLL(journal_counters(rig.journal).used_bytes <= 1 << 20);
	}
	assert_int_equal(journal_counters(rig.journal).evicted, 0);
	rig_close(&rig);
	rig_remove(&rig);
}

static void unacknowledged_telemetry_goes_before_evidence(void **state)
{
	struct rig rig;
	uint64_t missing, counts[3];

	(void)state;
	start_small(&rig, 2 << 20);
	for (int i = 0; i < 12000; i++)
		rig_put(&rig, i % 10 == 0   ? EVENT_SEAL_INTACT
			      : i % 10 == 1 ? EVENT_INPUT_FAULT
					    : EVENT_METER_VALUE);
	RIG_POLL(journal_counters(rig.journal).events >= 12000);
	assert_true(file_bytes(&rig) < 4 << 20);
	read_back(&rig);
	missing = check_gaps(&rig, counts);
	assert_int_equal(missing, counts[0] + counts[1] + counts[2]);
	assert_true(counts[CLASS_TELEMETRY] > 1000);
	assert_int_equal(counts[CLASS_HEALTH], 0);
	assert_int_equal(counts[CLASS_EVIDENCE], 0);
	assert_int_equal(count_type(&rig, "seal.intact"), 1200);
	assert_int_equal(count_type(&rig, "input.fault"), 1200);
	rig_close(&rig);
	rig_remove(&rig);
}

static void health_goes_when_telemetry_is_gone_and_evidence_last(void **state)
{
	struct rig rig;
	uint64_t counts[3];

	(void)state;
	start_small(&rig, 1 << 20);
	rig_put_many(&rig, EVENT_SEAL_INTACT, 500);
	rig_put_many(&rig, EVENT_METER_VALUE, 2000);
	rig_put_many(&rig, EVENT_INPUT_FAULT, 1500);
	rig_put_many(&rig, EVENT_SEAL_MISSING, 700);
	RIG_POLL(journal_counters(rig.journal).events >= 4700);
	read_back(&rig);
	check_gaps(&rig, counts);
	assert_int_equal(counts[CLASS_TELEMETRY], 2000);
	assert_true(counts[CLASS_HEALTH] > 0);
	assert_int_equal(counts[CLASS_EVIDENCE], 0);
	assert_int_equal(count_type(&rig, "seal.intact"), 500);
	assert_int_equal(count_type(&rig, "seal.missing"), 700);
	rig_close(&rig);
	rig_remove(&rig);
}

static void evidence_beyond_the_quota_is_named_to_the_last(void **state)
{
	struct rig rig;
	uint64_t counts[3];

	(void)state;
	start_small(&rig, 1 << 20);
	for (int i = 0; i < 30000; i++)
		rig_put(&rig, i % 7 == 0 ? EVENT_METER_VALUE : EVENT_SEAL_TAMPERED);
	RIG_POLL(journal_counters(rig.journal).events >= 30000);
	assert_true(file_bytes(&rig) < 3 << 20);
	assert_true(journal_counters(rig.journal).used_bytes < 3 << 20);
	pthread_mutex_lock(&rig.lock);
	rig.room[STREAM_ALERTS] = NO_LIMIT;
	pthread_mutex_unlock(&rig.lock);
	rig.source.pull(rig.source.data);
	rig_check_rest();
	read_back(&rig);
	assert_true(check_gaps(&rig, counts) > 20000);
	assert_true(counts[CLASS_EVIDENCE] > 0);
	assert_true(count_type(&rig, "seal.tampered") > 500);
	rig_close(&rig);
	rig_remove(&rig);
}

static void alternating_classes_are_told_apart(void **state)
{
	struct rig rig;
	uint64_t missing, counts[3];

	(void)state;
	start_small(&rig, 1 << 20);
	for (int i = 0; i < 2600; i++)
		rig_put(&rig, i % 2 ? EVENT_METER_VALUE : EVENT_SEAL_INTACT);
	RIG_POLL(journal_counters(rig.journal).events >= 2600);
	read_back(&rig);
	missing = check_gaps(&rig, counts);
	assert_int_equal(missing, counts[CLASS_TELEMETRY]);
	assert_true(counts[CLASS_TELEMETRY] > 100);
	assert_int_equal(count_type(&rig, "seal.intact"), 1300);
	rig_close(&rig);
	rig_remove(&rig);
}

/* Of the first 1000 so many are acknowledged. */
static void begin_small(struct rig *rig, size_t acknowledged)
{
	rig->conf.quota_bytes = 1 << 20;
	rig->room[STREAM_EVENTS] = 1000;
	rig_open(rig);
	rig_put_many(rig, EVENT_METER_VALUE, 1000);
	RIG_WAIT(rig, rig->count[STREAM_EVENTS] == 1000);
	rig->source.ack(rig->source.data, STREAM_EVENTS,
			rig->seen[STREAM_EVENTS][acknowledged - 1].position);
}

static void check_tombstones_begin_after(struct rig *rig, uint64_t seq)
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
	struct rig rig;

	(void)state;
	rig_make(&rig);
	begin_small(&rig, 600);
	rig_put_many(&rig, EVENT_METER_VALUE, 4000);
	RIG_POLL(journal_counters(rig.journal).events >= 5000 &&
		 journal_counters(rig.journal).evicted > 0);
	read_back(&rig);
	check_tombstones_begin_after(&rig, 600);
	rig_close(&rig);
	rig_remove(&rig);
}

static int64_t used_bytes_after(struct rig *rig, size_t more)
{
	uint64_t events = journal_counters(rig->journal).events + more;

	rig_put_many(rig, EVENT_METER_VALUE, more);
	RIG_POLL(journal_counters(rig->journal).events >= events);
	return journal_counters(rig->journal).used_bytes;
}

/* When the first ones have gone to make room. */
static void drop_delivered_and_die(struct rig *rig)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		int64_t before_bytes, used_bytes = 0;

		begin_small(rig, 1000);
		do {
			before_bytes = used_bytes;
			used_bytes = used_bytes_after(rig, 50);
		} while (used_bytes >= before_bytes);
		_exit(journal_counters(rig->journal).evicted == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void what_was_delivered_before_a_power_cut_is_in_no_gap(void **state)
{
	struct rig rig;

	(void)state;
	rig_make(&rig);
	drop_delivered_and_die(&rig);
	rig.conf.quota_bytes = 1 << 20;
	rig.room[STREAM_EVENTS] = 0;
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 4000);
	RIG_POLL(journal_counters(rig.journal).events >= 4000 &&
		 journal_counters(rig.journal).evicted > 0);
	read_back(&rig);
	check_tombstones_begin_after(&rig, 1000);
	rig_close(&rig);
	rig_remove(&rig);
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
	size_t count, i;

	epoch = epoch_of(epochs, strstr(observed, "\"epoch\":\"") + strlen("\"epoch\":\""));
	count = read_tombstone(tombstone, ranges);
	for (i = 0; i < count; i++)
		epoch->events += ranges[i].events;
	for (i = 0; i < count; i++)
		for (; ranges[i].first <= ranges[i].last; ranges[i].first++)
			epoch->named[ranges[i].first] = true;
}

static void gaps_of_two_epochs_are_told_apart(void **state)
{
	static struct epoch_numbers epochs[2];
	struct rig rig;
	size_t i;

	(void)state;
	memset(epochs, 0, sizeof(epochs));
	start_small(&rig, 1 << 20);
	rig_put_many(&rig, EVENT_METER_VALUE, 700);
	RIG_WAIT(&rig, rig.head.seq == 700);
	strcpy(epochs[0].id, rig.head.epoch);
	rig_close(&rig);
	strcpy(epochs[1].id, "0123456789abcdef");
	rig_run("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
		"d.execute('insert into epoch select no+1,? from epoch',('%s',));d.commit()\"",
		rig.path, epochs[1].id);
	rig_open(&rig);
	rig_put_many(&rig, EVENT_METER_VALUE, 3500);
	RIG_POLL(journal_counters(rig.journal).events >= 3500 &&
		 journal_counters(rig.journal).evicted > 1000);
	read_back(&rig);
	for (i = 0; i < rig.count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig.seen[STREAM_EVENTS][i];
		struct epoch_numbers *epoch = epoch_of(epochs, seen->epoch);

		epoch->there[seen->seq] = true;
		epoch->last = seen->seq;
		if (strcmp(seen->type, "journal.evicted") == 0)
			name_gaps(epochs, seen);
	}
	for (i = 1; i <= 700; i++)
		assert_true(epochs[0].named[i]);
	assert_int_equal(epochs[0].events, 700);
	for (i = 1; i <= epochs[1].last; i++)
		assert_true(epochs[1].there[i] != epochs[1].named[i]);
	rig_close(&rig);
	rig_remove(&rig);
}

/* ---- age ----------------------------------------------------------------------------- */

static size_t stored(const struct rig *rig)
{
	sqlite3 *sqlite;
	sqlite3_stmt *ask;
	size_t count;

	assert_int_equal(sqlite3_open(rig->path, &sqlite), 0);
	assert_int_equal(sqlite3_prepare_v2(sqlite,
					    "SELECT (SELECT count(*) FROM telemetry)+"
					    "(SELECT count(*) FROM evidence)",
					    -1, &ask, NULL),
			 0);
	assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
	count = (size_t)sqlite3_column_int64(ask, 0);
	sqlite3_finalize(ask);
	sqlite3_close(sqlite);
	return count;
}

/* One round of the journal's thread, at least. */
static void one_round(struct rig *rig)
{
	journal_ask(rig->journal);
	RIG_POLL(!journal_stuck(rig->journal, INT64_MAX));
}

/* Age is looked at when the journal is opened, a step in each round. */
static size_t after_expiry(struct rig *rig)
{
	int rounds = 50;

	rig_close(rig);
	rig_forget(rig);
	rig_open(rig);
	RIG_WAIT(rig, rig->count[STREAM_EVENTS] > 0);
	while (rounds-- > 0)
		one_round(rig);
	rig_close(rig);
	return stored(rig);
}

static void make_aged(struct rig *rig, size_t acked)
{
	rig_make(rig);
	rig_open(rig);
	for (int i = 0; i < 3000; i++)
		rig_put(rig, i % 2 ? EVENT_METER_VALUE : EVENT_SEAL_INTACT);
	RIG_WAIT(rig, rig->count[STREAM_EVENTS] == 3000);
	if (acked)
		rig->source.ack(rig->source.data, STREAM_EVENTS,
				rig->seen[STREAM_EVENTS][acked - 1].position);
}

static void old_acknowledged_events_expire(void **state)
{
	struct rig rig;

	(void)state;
	make_aged(&rig, 2000);
	utc_offset_ns = INT64_C(91) * 24 * 3600 * NS_PER_S;
	assert_int_equal(after_expiry(&rig), 1000);
	rig_remove(&rig);
}

/* It carries the end of the chain. */
static void the_newest_event_stays_however_old_it_is(void **state)
{
	struct rig rig;
	int rounds = 50;

	(void)state;
	make_aged(&rig, 3000);
	utc_offset_ns = INT64_C(91) * 24 * 3600 * NS_PER_S;
	rig_close(&rig);
	rig_open(&rig);
	while (rounds-- > 0)
		one_round(&rig);
	rig_close(&rig);
	assert_int_equal(stored(&rig), 1);
	rig_forget(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 1);
	assert_int_equal(rig.seen[STREAM_EVENTS][0].seq, 3001);
	rig_close(&rig);
	rig_remove(&rig);
}

static void younger_events_stay(void **state)
{
	struct rig rig;

	(void)state;
	make_aged(&rig, 2000);
	utc_offset_ns = INT64_C(89) * 24 * 3600 * NS_PER_S;
	assert_int_equal(after_expiry(&rig), 3000);
	rig_remove(&rig);
}

static void a_clock_that_is_not_right_now_expires_nothing(void **state)
{
	struct rig rig;

	(void)state;
	make_aged(&rig, 2000);
	utc_offset_ns = INT64_C(91) * 24 * 3600 * NS_PER_S;
	clock_is = CLOCK_HOLDOVER;
	assert_int_equal(after_expiry(&rig), 3000);
	rig_remove(&rig);
}

static void events_without_a_trusted_time_wait_for_one_that_has_it(void **state)
{
	struct rig rig;

	(void)state;
	clock_is = CLOCK_UNSYNCED;
	utc_offset_ns = -INT64_C(20000) * 24 * 3600 * NS_PER_S; /* about 1970 */
	make_aged(&rig, 2998);
	clock_is = CLOCK_SYNCED;
	utc_offset_ns = INT64_C(200) * 24 * 3600 * NS_PER_S;
	assert_int_equal(after_expiry(&rig), 3000);
	utc_offset_ns = 0;
	rig_forget(&rig);
	rig_open(&rig);
	rig_put(&rig, EVENT_METER_VALUE); /* with a trusted time */
	rig_put(&rig, EVENT_SEAL_INTACT);
	RIG_WAIT(&rig, rig.count[STREAM_EVENTS] == 4);
	rig.source.ack(rig.source.data, STREAM_EVENTS, rig.seen[STREAM_EVENTS][2].position);
	utc_offset_ns = INT64_C(91) * 24 * 3600 * NS_PER_S;
	assert_int_equal(after_expiry(&rig), 1500 + 1);
	rig_remove(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(acknowledged_events_go_first_and_silently, reset_clock),
		cmocka_unit_test_setup(after_the_last_of_one_class_acknowledged_ones_of_another_go,
				       reset_clock),
		cmocka_unit_test_setup(unacknowledged_telemetry_goes_before_evidence, reset_clock),
		cmocka_unit_test_setup(health_goes_when_telemetry_is_gone_and_evidence_last,
				       reset_clock),
		cmocka_unit_test_setup(evidence_beyond_the_quota_is_named_to_the_last, reset_clock),
		cmocka_unit_test_setup(alternating_classes_are_told_apart, reset_clock),
		cmocka_unit_test_setup(what_is_delivered_is_in_no_gap, reset_clock),
		cmocka_unit_test_setup(what_was_delivered_before_a_power_cut_is_in_no_gap,
				       reset_clock),
		cmocka_unit_test_setup(gaps_of_two_epochs_are_told_apart, reset_clock),
		cmocka_unit_test_setup(old_acknowledged_events_expire, reset_clock),
		cmocka_unit_test_setup(the_newest_event_stays_however_old_it_is, reset_clock),
		cmocka_unit_test_setup(younger_events_stay, reset_clock),
		cmocka_unit_test_setup(a_clock_that_is_not_right_now_expires_nothing, reset_clock),
		cmocka_unit_test_setup(events_without_a_trusted_time_wait_for_one_that_has_it,
				       reset_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
