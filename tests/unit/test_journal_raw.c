/* Reading a journal's file without SQLite, whole and damaged in random ways: what comes out
 * is genuine, or nothing. */
#include "journal_rig.h"

#include "journal_raw.h"

#define EVENTS 1500
#define IN_LOG 200
#define ROUNDS 150

struct original {
	char *payload;
	size_t bytes;
};

struct harvest {
	const struct original *originals;
	bool got[EVENTS + 1];
	size_t count;
	uint64_t events_mark, alerts_mark;
	unsigned foreign;
};

static void reap_event(void *data, const char *epoch, const struct db_row *row)
{
	struct harvest *harvest = data;
	uint64_t seq = position_seq(row->position);

	if (seq == 0 || seq > EVENTS || strlen(epoch) != 16 ||
	    row->payload_bytes != harvest->originals[seq].bytes ||
	    memcmp(row->payload, harvest->originals[seq].payload, row->payload_bytes) != 0) {
		harvest->foreign++;
		return;
	}
	harvest->count += !harvest->got[seq];
	harvest->got[seq] = true;
}

static void reap_marks(void *data, uint64_t events, uint64_t alerts)
{
	struct harvest *harvest = data;

	harvest->events_mark = events;
	harvest->alerts_mark = alerts;
}

static void reap(const char *path, const struct original *originals, struct harvest *ret_harvest)
{
	struct raw_sink sink = {.data = ret_harvest, .event = reap_event, .marks = reap_marks};
	struct raw *raw;

	*ret_harvest = (struct harvest){.originals = originals};
	assert_int_equal(raw_open(path, &raw), 0);
	raw_peek(raw, &sink);
	assert_int_equal(ret_harvest->foreign, 0);
	*ret_harvest = (struct harvest){.originals = originals};
	while (raw_read(raw, 7, &sink))
		;
	raw_close(raw);
}

/* Events of every size on every shelf; closed, or as a killed process leaves it. */
static struct original *make_file(struct rig *rig, bool closed)
{
	struct original *originals = calloc(EVENTS + 1, sizeof(*originals));

	rig_make(rig);
	rig->conf.quota_bytes = INT64_C(1) << 30;
	rig_open(rig);
	for (size_t i = 1; i <= EVENTS; i++) {
		enum event_id id = i % 3 == 0	? EVENT_METER_VALUE
				   : i % 3 == 1 ? EVENT_SEAL_TAMPERED
						: EVENT_INPUT_FAULT;

		while (rig_put_sized(rig, id, i * 37 % (EVENT_BODY_BYTES - 2)) == -EAGAIN)
			usleep(200);
		if (i == EVENTS - IN_LOG) { /* the rest stays in the log */
			RIG_WAIT(rig, rig->count[STREAM_EVENTS] == i);
			rig->source.ack(rig->source.data, STREAM_EVENTS,
					rig->seen[STREAM_EVENTS][99].position);
			rig_close(rig);
			rig_forget(rig);
			rig_open(rig);
			RIG_WAIT(rig, rig->count[STREAM_EVENTS] == i - 100);
		}
	}
	RIG_WAIT(rig, rig->count[STREAM_EVENTS] == EVENTS - 100);
	for (size_t i = 0; i < rig->count[STREAM_EVENTS]; i++) {
		struct seen *seen = &rig->seen[STREAM_EVENTS][i];

		originals[seen->seq] = (struct original){seen->payload, seen->bytes};
	}
	if (!closed)
		rig_run("cp %s %s.copy && cp %s-wal %s.copy-wal", rig->path, rig->path, rig->path,
			rig->path);
	rig_close(rig);
	if (closed)
		rig_run("cp %s %s.copy", rig->path, rig->path);
	return originals;
}

static void copy_of(const struct rig *rig, char copy[RIG_PATH + 32])
{
	snprintf(copy, RIG_PATH + 32, "%s.copy", rig->path);
}

/* The first hundred were not seen again after the restart: their bytes are learned here. */
static void learn(const char *path, struct original *originals);

static void learn_event(void *data, const char *epoch, const struct db_row *row)
{
	struct original *original = (struct original *)data + position_seq(row->position);

	(void)epoch;
	if (original->payload)
		return;
	original->payload = malloc(row->payload_bytes);
	memcpy(original->payload, row->payload, row->payload_bytes);
	original->bytes = row->payload_bytes;
}

static void ignore_marks(void *data, uint64_t events, uint64_t alerts)
{
	(void)data, (void)events, (void)alerts;
}

static void learn(const char *path, struct original *originals)
{
	struct raw_sink sink = {.data = originals, .event = learn_event, .marks = ignore_marks};
	struct raw *raw;

	assert_int_equal(raw_open(path, &raw), 0);
	while (raw_read(raw, 1000, &sink))
		;
	raw_close(raw);
}

static void forget(struct rig *rig, struct original *originals)
{
	for (size_t i = 1; i <= 100; i++)
		free(originals[i].payload);
	free(originals);
	rig_remove(rig);
}

static void a_closed_file_yields_every_event(void **state)
{
	struct rig rig;
	struct original *originals = make_file(&rig, true);
	struct harvest harvest;
	char copy[RIG_PATH + 32];

	(void)state;
	copy_of(&rig, copy);
	learn(copy, originals);
	reap(copy, originals, &harvest);
	assert_int_equal(harvest.count, EVENTS);
	assert_int_equal(harvest.foreign, 0);
	assert_int_equal(position_seq(harvest.events_mark), 100);
	forget(&rig, originals);
}

static void a_file_with_its_log_yields_every_event(void **state)
{
	struct rig rig;
	struct original *originals = make_file(&rig, false);
	struct harvest harvest;
	char copy[RIG_PATH + 32];

	(void)state;
	copy_of(&rig, copy);
	learn(copy, originals);
	reap(copy, originals, &harvest);
	assert_int_equal(harvest.count, EVENTS);
	rig_run("rm %s", copy);
	reap(copy, originals, &harvest);
	assert_in_range(harvest.count, IN_LOG - 10, 2 * IN_LOG);
	assert_int_equal(raw_open("/nonexistent/journal.db", (struct raw **)&state), -ENOENT);
	forget(&rig, originals);
}

static void what_was_not_committed_is_not_read(void **state)
{
	struct rig rig;
	struct original *originals = make_file(&rig, false);
	struct harvest whole, cut;
	char copy[RIG_PATH + 32], log[RIG_PATH + 40];
	struct stat status;

	(void)state;
	copy_of(&rig, copy);
	snprintf(log, sizeof(log), "%s-wal", copy);
	learn(copy, originals);
	reap(copy, originals, &whole);
	assert_int_equal(stat(log, &status), 0);
	/* the second frame's sum does not fit: it and all behind it do not count */
	rig_run("dd if=/dev/zero of=%s bs=1 seek=%ld count=4 conv=notrunc status=none", log,
		32L + (24 + 4096) + 16);
	reap(copy, originals, &cut);
	assert_true(cut.count < whole.count);
	assert_int_equal(cut.foreign, 0);
	forget(&rig, originals);
}

static size_t below(unsigned *seed, size_t limit)
{
	return (size_t)rand_r(seed) % limit;
}

/* Bytes, runs and pages, anywhere. */
static void damage(const char *path, unsigned *seed)
{
	unsigned char noise[8192];
	struct stat status;
	int fd = open(path, O_RDWR);
	size_t n;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	for (n = below(seed, 40) + 1; n > 0; n--) {
		size_t at = below(seed, (size_t)status.st_size);
		size_t bytes = below(seed, 3) ? 1 + below(seed, 4) : below(seed, sizeof(noise));

		if (below(seed, 2)) /* rather where a page says what is in it */
			at = at / 4096 * 4096 + below(seed, 64);
		for (size_t i = 0; i < bytes; i++)
			noise[i] = (unsigned char)rand_r(seed);
		assert_true(pwrite(fd, noise, bytes, (off_t)at) >= 0);
	}
	if (below(seed, 10) == 0)
		assert_int_equal(ftruncate(fd, (off_t)below(seed, (size_t)status.st_size)), 0);
	close(fd);
}

static void from_a_damaged_file_comes_what_is_genuine_or_nothing(void **state)
{
	struct rig rig;
	struct original *originals = make_file(&rig, false);
	char copy[RIG_PATH + 32], victim[RIG_PATH + 32], log[RIG_PATH + 40];
	unsigned seed = (unsigned)time(NULL);
	size_t least = SIZE_MAX;

	(void)state;
	print_message("seed %u\n", seed);
	copy_of(&rig, copy);
	snprintf(victim, sizeof(victim), "%s.victim", rig.path);
	snprintf(log, sizeof(log), "%s-wal", victim);
	learn(copy, originals);
	for (int i = 0; i < ROUNDS; i++) {
		struct harvest harvest;

		rig_run("cp %s %s && cp %s-wal %s", copy, victim, copy, log);
		damage(victim, &seed);
		if (i % 2)
			damage(log, &seed);
		reap(victim, originals, &harvest);
		assert_int_equal(harvest.foreign, 0);
		if (harvest.count < least)
			least = harvest.count;
	}
	print_message("at least %zu of %d events\n", least, EVENTS);
	forget(&rig, originals);
}

static void an_identity_is_read_only_where_there_is_one(void **state)
{
	static const char whole[] = "{\"gateway\":\"g\",\"epoch\":\"0123456789abcdef\",\"seq\":12,"
				    "\"prev\":\"00\",\"type\":\"seal.intact\",\"x\":1}";
	char epoch[EVENT_EPOCH_BYTES], type[64];
	uint64_t seq;

	(void)state;
	assert_true(raw_identity(whole, strlen(whole), epoch, &seq, type, sizeof(type)));
	assert_string_equal(epoch, "0123456789abcdef");
	assert_int_equal(seq, 12);
	assert_string_equal(type, "seal.intact");
	assert_false(raw_identity(whole, strlen(whole), epoch, &seq, type, 5));
	for (size_t n = 0; n < strlen(whole) - 8; n++)
		assert_false(raw_identity(whole, n, epoch, &seq, type, sizeof(type)) && seq != 12 &&
			     seq != 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_file_yields_every_event),
		cmocka_unit_test(a_file_with_its_log_yields_every_event),
		cmocka_unit_test(what_was_not_committed_is_not_read),
		cmocka_unit_test(from_a_damaged_file_comes_what_is_genuine_or_nothing),
		cmocka_unit_test(an_identity_is_read_only_where_there_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
