/* A journal that is less than it was: its log damaged, or all of it turned back. And one that
 * is not, after whatever an honest disk leaves of it. */
#include "journal/db.h"
#include "journal/witness.h"
#include "rig/journal_rig.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_HEADER  32
#define FRAME	    (24 + 4096)
#define PLACE_BYTES 4096

/* One by one, so that each has a transaction of its own. */
static int put_one_by_one(struct journal_rig *rig, uint64_t count)
{
	open_journal(rig);
	for (uint64_t i = 1; i <= count; i++) {
		put_event(rig, EVENT_SEAL_TAMPERED);
		wait_for_head(rig, i);
	}
	return 0;
}

static int put_twenty(struct journal_rig *rig)
{
	return put_one_by_one(rig, 20);
}

static int put_forty(struct journal_rig *rig)
{
	return put_one_by_one(rig, 40);
}

/* Under the lock. */
static bool has_seen_all(const struct journal_rig *rig)
{
	size_t count = rig->count[STREAM_EVENTS];

	return count > 0 && seen_made(&rig->seen[STREAM_EVENTS][count - 1]) == rig->made;
}

static void fill_and_close(struct journal_rig *rig, size_t count)
{
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, count);
	JOURNAL_WAIT(rig, has_seen_all(rig));
	assert_int_equal(close_journal(rig), 0);
}

static long log_frames(const struct journal_rig *rig)
{
	char path[JOURNAL_RIG_PATH + 32];
	struct stat status;

	snprintf(path, sizeof(path), "%s-wal", rig->path);
	assert_int_equal(stat(path, &status), 0);
	return (long)(status.st_size - LOG_HEADER) / FRAME;
}

static void flip(const struct journal_rig *rig, long at)
{
	char path[JOURNAL_RIG_PATH + 32];
	unsigned char byte;
	int fd;

	snprintf(path, sizeof(path), "%s-wal", rig->path);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* Opens it, and puts one more event into it. */
static void go_on(struct journal_rig *rig)
{
	forget_seen(rig);
	open_journal(rig);
	put_event(rig, EVENT_SEAL_INTACT);
	JOURNAL_WAIT(rig, find_seen(rig, STREAM_EVENTS, "seal.intact"));
}

static size_t of_epoch(const struct journal_rig *rig, const char *epoch)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		n += strcmp(rig->seen[STREAM_EVENTS][i].epoch, epoch) == 0;
	return n;
}

/* ---- damage -------------------------------------------------------------------------- */

static bool names_the_last(const struct journal_rig *rig)
{
	bool named = false;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		named |= seen_has(&rig->seen[STREAM_EVENTS][i], "\"first\":40,\"last\":40}]");
	return named;
}

static void check_flipped(struct journal_rig *rig, long (*place)(long frames), size_t lost_at_most)
{
	char epoch[EVENT_EPOCH_BYTES];

	die_after(rig, put_forty);
	flip(rig, place(log_frames(rig)));
	go_on(rig);
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") == 2);
	strcpy(epoch, rig->seen[STREAM_EVENTS][0].epoch);
	assert_true(of_epoch(rig, epoch) == 40 || names_the_last(rig));
	assert_string_not_equal(epoch, head_of(rig).epoch);
	assert_in_range(of_epoch(rig, epoch), 40 - lost_at_most, 40);
	assert_non_null(strstr(find_seen(rig, STREAM_EVENTS, "journal.set-aside")->payload,
			       "\"follows\":[{\"epoch\":\""));
	close_journal(rig);
}

static long in_first_frame(long frames)
{
	(void)frames;
	return LOG_HEADER + 24 + 200;
}

static long in_the_middle(long frames)
{
	return LOG_HEADER + frames / 2 * FRAME + 24 + 4000;
}

static long in_a_frames_header(long frames)
{
	return LOG_HEADER + frames / 2 * FRAME + 9;
}

static long in_the_header(long frames)
{
	(void)frames;
	return 17;
}

static long in_the_last_frame(long frames)
{
	return LOG_HEADER + (frames - 1) * FRAME + 24 + 100;
}

static void a_bit_in_the_logs_first_frame_costs_no_event(void **state)
{
	check_flipped(*state, in_first_frame, 0);
}

static void a_bit_in_the_middle_of_the_log_costs_no_event(void **state)
{
	check_flipped(*state, in_the_middle, 0);
}

static void a_bit_in_a_frames_header_costs_no_event(void **state)
{
	check_flipped(*state, in_a_frames_header, 0);
}

static void a_bit_in_the_logs_header_costs_no_event(void **state)
{
	check_flipped(*state, in_the_header, 0);
}

static void a_bit_in_the_last_frame_costs_its_event_by_name(void **state)
{
	check_flipped(*state, in_the_last_frame, 1);
}

/* ---- turned back --------------------------------------------------------------------- */

static void check_turned_back(struct journal_rig *rig, const char *by)
{
	const struct seen *report;
	char first[EVENT_EPOCH_BYTES], second[EVENT_EPOCH_BYTES], text[64];

	strcpy(first, head_of(rig).epoch);
	go_on(rig);
	report = find_seen(rig, STREAM_EVENTS, "journal.rolled-back");
	assert_non_null(report);
	assert_int_equal(report->seq, 1);
	snprintf(text, sizeof(text), "\"by\":\"%s\",\"witness\":{\"epoch\":\"%s\",\"seq\":200,", by,
		 first);
	assert_true(seen_has(report, text));
	assert_true(seen_has(report, "\"why\":\"rolled-back\""));
	strcpy(second, report->epoch);
	assert_string_not_equal(second, first);
	close_journal(rig);

	go_on(rig); /* and is not told again */
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.rolled-back"), 1);
	assert_string_equal(head_of(rig).epoch, second);
	close_journal(rig);
}

static void an_old_image_is_noticed_from_outside_its_folder(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close(rig, 100);
	shell("mkdir %s/image && cp %s %s.head %s/image", rig->folder, rig->path, rig->path,
	      rig->folder);
	fill_and_close(rig, 100);
	shell("cp %s/image/* %s", rig->folder, rig->folder);
	check_turned_back(rig, "runtime");
}

static void an_old_file_is_noticed_after_a_power_cut(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close(rig, 100);
	shell("cp %s %s/old", rig->path, rig->folder);
	fill_and_close(rig, 100);
	shell("mv %s/old %s; rm -r %s/ram", rig->folder, rig->path, rig->folder);
	rig->origin.boot = "boot-2";
	check_turned_back(rig, "head-file");
}

static void a_journal_that_is_gone_is_told(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];
	const struct seen *report;

	die_after(rig, put_twenty);
	shell("rm %s-wal", rig->path);
	go_on(rig);
	report = find_seen(rig, STREAM_EVENTS, "journal.rolled-back");
	assert_non_null(report);
	assert_true(seen_has(report, "\"found\":{\"epoch\":null,\"seq\":0,"));
	snprintf(first, sizeof(first), "%.16s", seen_after(report, "\"witness\":{\"epoch\":\""));
	assert_true(seen_has(report, "\"follows\":[{\"epoch\":\""));
	assert_memory_equal(seen_after(report, "\"follows\":[{\"epoch\":\""), first, 16);
	close_journal(rig);
}

static void another_history_of_the_same_length_is_told(void **state)
{
	struct journal_rig *rig = *state;

	fill_and_close(rig, 100);
	shell("cp %s %s/old", rig->path, rig->folder);
	shell("cp %s.head %s/old.head", rig->path, rig->folder);
	fill_and_close(rig, 100);
	shell("cp %s.head %s/new.head; rm -r %s/ram", rig->path, rig->folder, rig->folder);
	shell("mv %s/old %s; mv %s/old.head %s.head", rig->folder, rig->path, rig->folder,
	      rig->path);
	fill_and_close(rig, 150);
	shell("mv %s/new.head %s.head; rm -r %s/ram", rig->folder, rig->path, rig->folder);
	check_turned_back(rig, "head-file");
}

static void testify(struct witness *witness, uint64_t seq)
{
	struct testimony testimony = {.head = {.seq = seq, .epoch = "0123456789abcdef"},
				      .boot = "boot-1"};

	witness_write(witness, &testimony);
}

static void read_places(const char *path, char places[2 * PLACE_BYTES])
{
	int fd = open(path, O_RDONLY);

	memset(places, 0, 2 * PLACE_BYTES);
	assert_true(fd >= 0);
	assert_true(pread(fd, places, 2 * PLACE_BYTES, 0) > 0);
	close(fd);
}

static void tear_changed_places(const char *path, const char synced[2 * PLACE_BYTES])
{
	static const char torn[PLACE_BYTES];
	char now[2 * PLACE_BYTES];
	int fd = open(path, O_WRONLY);

	read_places(path, now);
	assert_true(fd >= 0);
	for (int at = 0; at < 2 * PLACE_BYTES; at += PLACE_BYTES)
		if (memcmp(now + at, synced + at, PLACE_BYTES) != 0)
			assert_int_equal(pwrite(fd, torn, PLACE_BYTES, at), PLACE_BYTES);
	close(fd);
}

/* A power cut may take all that was written since the sync. */
static void what_a_witness_has_synced_stays_until_it_syncs_more(void **state)
{
	struct journal_rig *rig = *state;
	char synced[2 * PLACE_BYTES];
	struct testimony told;
	struct witness witness;

	witness_open(&witness, rig->path);
	for (uint64_t seq = 1; seq <= 3; seq++)
		testify(&witness, seq);
	witness_sync(&witness, clock_mono_ns());
	read_places(rig->path, synced);
	for (uint64_t seq = 4; seq <= 6; seq++)
		testify(&witness, seq);
	assert_true(witness_read(rig->path, &told));
	assert_int_equal(told.head.seq, 6);
	tear_changed_places(rig->path, synced);
	assert_true(witness_read(rig->path, &told));
	assert_int_equal(told.head.seq, 3);
	witness_close(&witness);
	shell("rm %s", rig->path);
}

/* ---- what the broker says -------------------------------------------------------------- */

static void hear_broker(struct journal_rig *rig, const char *epoch, uint64_t seq, uint32_t session)
{
	struct event_head told = {.seq = seq, .hash = {1}};

	snprintf(told.epoch, sizeof(told.epoch), "%s", epoch);
	rig->source.told(rig->source.data, &told);
	rewind_journal(rig, session);
}

/* Each event made since is there once, and none with a number of the epoch that was taken. */
static bool are_told_anew(const struct journal_rig *rig, const char *taken, uint64_t first)
{
	uint64_t next = first;

	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		if (strcmp(seen->epoch, taken) == 0)
			return false;
		next += strcmp(seen->type, "meter.value") == 0 && seen_made(seen) == next;
	}
	return next == rig->made + 1;
}

static void what_was_written_with_numbers_that_are_taken_is_told_anew(void **state)
{
	struct journal_rig *rig = *state;
	char taken[EVENT_EPOCH_BYTES], text[96];
	const struct seen *report;

	rig->acks = true;
	fill_and_close(rig, 100);
	strcpy(taken, head_of(rig).epoch);
	rig->acks = false;
	rig->room[STREAM_EVENTS] = 0;
	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 600); /* while there is no broker */
	wait_for_head(rig, 700);
	JOURNAL_WAIT(rig, rig->refused > 0);
	forget_seen(rig);
	rig->room[STREAM_EVENTS] = NO_LIMIT;
	hear_broker(rig, taken, 900, 2);
	JOURNAL_WAIT(rig, are_told_anew(rig, taken, 101));
	report = find_seen(rig, STREAM_EVENTS, "journal.rolled-back");
	assert_non_null(report);
	assert_int_equal(report->seq, 1);
	snprintf(text, sizeof(text), "\"by\":\"broker\",\"witness\":{\"epoch\":\"%s\",\"seq\":900,",
		 taken);
	assert_true(seen_has(report, text));
	snprintf(text, sizeof(text), "\"found\":{\"epoch\":\"%s\",\"seq\":700,", taken);
	assert_true(seen_has(report, text));
	assert_chain(rig, 0);
	put_event(rig, EVENT_METER_VALUE);
	JOURNAL_WAIT(rig, are_told_anew(rig, taken, 101));
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.rolled-back"), 1);
}

static void what_the_broker_knows_of_this_chain_is_no_alarm(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];
	struct event_head head;

	open_journal(rig);
	put_events(rig, EVENT_METER_VALUE, 50);
	wait_for_head(rig, 50);
	head = head_of(rig);
	strcpy(epoch, head.epoch);
	put_events(rig, EVENT_METER_VALUE, 50);
	wait_for_head(rig, 100);
	rig->source.told(rig->source.data, &head);
	rewind_journal(rig, 2);
	hear_broker(rig, "0123456789abcdef", 7, 3); /* of a gateway that this one replaces */
	put_event(rig, EVENT_SEAL_INTACT);
	wait_for_type(rig, "seal.intact");
	assert_string_equal(head_of(rig).epoch, epoch);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.rolled-back"), 0);
}

static void an_old_epoch_does_not_go_on_when_the_broker_has_another(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];

	rig->acks = true;
	fill_and_close(rig, 50);
	strcpy(epoch, head_of(rig).epoch);
	forget_seen(rig);
	open_journal(rig);
	hear_broker(rig, "0123456789abcdef", 7, 2);
	put_event(rig, EVENT_METER_VALUE);
	wait_for_type(rig, "meter.value");
	assert_non_null(find_seen(rig, STREAM_EVENTS, "journal.rolled-back"));
	assert_string_not_equal(find_seen(rig, STREAM_EVENTS, "meter.value")->epoch, epoch);
}

/* ---- of another gateway -------------------------------------------------------------- */

static bool all_are_of(const struct journal_rig *rig, const char *gateway)
{
	char text[64];
	bool all = true;

	snprintf(text, sizeof(text), "\"gateway\":\"%s\"", gateway);
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++)
		all &= seen_has(&rig->seen[STREAM_EVENTS][i], text);
	return all;
}

static void the_journal_of_another_gateway_is_set_aside_whole(void **state)
{
	struct journal_rig *rig = *state;
	const struct seen *report;
	char text[96], first[EVENT_EPOCH_BYTES];

	rig->origin.gateway = "gw2";
	fill_and_close(rig, 50);
	strcpy(first, head_of(rig).epoch);
	rig->origin.gateway = "gw1";
	go_on(rig);
	assert_true(all_are_of(rig, "gw1"));
	report = find_seen(rig, STREAM_EVENTS, "journal.foreign");
	assert_non_null(report);
	assert_true(seen_has(report,
			     "\"observed\":{\"of\":\"gateway\",\"file\":\"journal.db.foreign-1\","
			     "\"checkpoint\":\"ge-red-bridge\",\"gateway\":\"gw2\"}"));
	snprintf(text, sizeof(text), "\"follows\":[{\"epoch\":\"%s\",\"seq\":50,", first);
	assert_true(seen_has(report, text));
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.rolled-back"), 0);
	close_journal(rig);

	shell("mv %s.foreign-1 %s && mv %s.foreign-1.head %s.head", rig->path, rig->path, rig->path,
	      rig->path);
	rig->origin.gateway = "gw2";
	go_on(rig);
	assert_true(all_are_of(rig, "gw2"));
	assert_int_equal(of_epoch(rig, first), 50);
	close_journal(rig);
}

static void a_damaged_journal_of_another_gateway_is_not_carried_over(void **state)
{
	struct journal_rig *rig = *state;

	rig->origin.gateway = "gw2";
	fill_and_close(rig, 50);
	shell("dd if=/dev/urandom of=%s bs=4096 count=1 conv=notrunc status=none", rig->path);
	rig->origin.gateway = "gw1";
	go_on(rig);
	JOURNAL_WAIT(rig, count_seen(rig, STREAM_EVENTS, "journal.set-aside") == 2 &&
				  count_seen(rig, STREAM_EVENTS, "journal.foreign") == 1);
	assert_true(all_are_of(rig, "gw1"));
	close_journal(rig);
}

static void a_card_in_another_machine_begins_an_epoch(void **state)
{
	struct journal_rig *rig = *state;
	const struct seen *report;
	char first[EVENT_EPOCH_BYTES];

	fill_and_close(rig, 20); /* a machine that is not known says nothing */
	rig->conf.machine = "00112233445566778899aabbccddeeff";
	forget_seen(rig);
	fill_and_close(rig, 20);
	strcpy(first, head_of(rig).epoch);
	assert_int_equal(head_of(rig).seq, 40);
	rig->conf.machine = "ffeeddccbbaa99887766554433221100";
	rig->origin.boot = "boot-2";
	go_on(rig);
	report = find_seen(rig, STREAM_EVENTS, "journal.foreign");
	assert_non_null(report);
	assert_true(seen_has(report, "\"observed\":{\"of\":\"machine\",\"file\":null,"));
	assert_true(seen_has(report, "\"seq\":40,"));
	assert_int_equal(of_epoch(rig, first), 40);
	close_journal(rig);
	go_on(rig);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.foreign"), 1);
	close_journal(rig);
}

/* An older daemon opens what a newer one only added to, and leaves it. */
static void what_a_newer_version_added_is_opened_and_stays(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	fill_and_close(rig, 20);
	strcpy(first, head_of(rig).epoch);
	shell("/usr/bin/python3 -c \"import sqlite3;d=sqlite3.connect('%s');"
	      "d.execute('create table later(id)');d.execute('pragma user_version=0x30001')\"",
	      rig->path);
	go_on(rig);
	assert_string_equal(head_of(rig).epoch, first);
	close_journal(rig);
	assert_int_equal(ask_sql(rig->path, "PRAGMA user_version"), 0x30001);
	assert_int_equal(ask_sql(rig->path, "SELECT count(*) FROM later"), 0);
}

static void what_an_older_version_had_not_is_added(void **state)
{
	struct journal_rig *rig = *state;
	char first[EVENT_EPOCH_BYTES];

	fill_and_close(rig, 20);
	strcpy(first, head_of(rig).epoch);
	run_sql(rig->path,
		"DROP TABLE memory; DROP TABLE owner; DROP TABLE tile; PRAGMA user_version=1");
	go_on(rig);
	assert_string_equal(head_of(rig).epoch, first);
	close_journal(rig);
	assert_int_equal(ask_sql(rig->path, "SELECT count(*) FROM sqlite_schema WHERE type='table'"
					    " AND name IN ('memory','owner','tile')"),
			 3);
	assert_int_equal(ask_sql(rig->path, "PRAGMA user_version"), DB_ADDITIONS << 16 | DB_FORM);
}

/* ---- and what is not ----------------------------------------------------------------- */

/* The head file may be as old as it likes, or torn, and the last transaction too. */
static void what_an_honest_power_cut_leaves_goes_on_in_its_epoch(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];

	die_after(rig, put_twenty);
	shell("cp %s.head %s/old.head", rig->path, rig->folder);
	go_on(rig);
	strcpy(epoch, head_of(rig).epoch);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.rolled-back"), 0);
	close_journal(rig);

	rig->origin.boot = "boot-2";
	shell("mv %s/old.head %s.head", rig->folder, rig->path);
	go_on(rig);
	assert_string_equal(head_of(rig).epoch, epoch);
	close_journal(rig);

	rig->origin.boot = "boot-3";
	shell("dd if=/dev/urandom of=%s.head bs=4096 count=1 conv=notrunc status=none", rig->path);
	go_on(rig);
	assert_string_equal(head_of(rig).epoch, epoch);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.rolled-back"), 0);
	assert_int_equal(count_seen(rig, STREAM_EVENTS, "journal.set-aside"), 0);
	close_journal(rig);
}

static void a_torn_transaction_at_the_end_of_the_log_is_no_damage(void **state)
{
	struct journal_rig *rig = *state;
	char epoch[EVENT_EPOCH_BYTES];

	die_after(rig, put_twenty);
	shell("rm %s.head; rm -r %s/ram", rig->path, rig->folder);
	rig->origin.boot = "boot-2";
	flip(rig, in_the_last_frame(log_frames(rig)));
	go_on(rig);
	strcpy(epoch, head_of(rig).epoch);
	assert_int_equal(find_seen(rig, STREAM_EVENTS, "seal.intact")->seq, 20);
	assert_int_equal(of_epoch(rig, epoch), rig->count[STREAM_EVENTS]);
	close_journal(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(a_bit_in_the_logs_first_frame_costs_no_event),
		journal_test(a_bit_in_the_middle_of_the_log_costs_no_event),
		journal_test(a_bit_in_a_frames_header_costs_no_event),
		journal_test(a_bit_in_the_logs_header_costs_no_event),
		journal_test(a_bit_in_the_last_frame_costs_its_event_by_name),
		journal_test(an_old_image_is_noticed_from_outside_its_folder),
		journal_test(an_old_file_is_noticed_after_a_power_cut),
		journal_test(a_journal_that_is_gone_is_told),
		journal_test(another_history_of_the_same_length_is_told),
		journal_test(what_a_witness_has_synced_stays_until_it_syncs_more),
		journal_test(what_was_written_with_numbers_that_are_taken_is_told_anew),
		journal_test(what_the_broker_knows_of_this_chain_is_no_alarm),
		journal_test(an_old_epoch_does_not_go_on_when_the_broker_has_another),
		journal_test(the_journal_of_another_gateway_is_set_aside_whole),
		journal_test(a_damaged_journal_of_another_gateway_is_not_carried_over),
		journal_test(a_card_in_another_machine_begins_an_epoch),
		journal_test(what_a_newer_version_added_is_opened_and_stays),
		journal_test(what_an_older_version_had_not_is_added),
		journal_test(what_an_honest_power_cut_leaves_goes_on_in_its_epoch),
		journal_test(a_torn_transaction_at_the_end_of_the_log_is_no_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
