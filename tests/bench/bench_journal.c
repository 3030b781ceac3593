/* The journal alone, beside bare SQLite in the same run.
 *
 *     bench_journal FOLDER [c] [e]      default: both; FOLDER on a real disk
 *
 * c  durable events a second from journal_append() to the commit, against a loop that
 *    inserts the same rows with the same statement, settings and rows in a commit
 * e  opening to ready with no event and with MANY, and what the journal adds to the RSS
 */
#include <sqlite3.h>

#include "bench.h"

#define EVENTS	 200000
#define ROUNDS	 5
#define MANY	 1000000
#define OPENINGS 15
#define SAMPLES	 20000 /* different rows of the bare loop */
#define BODY                                                                              \
	"\"lane\":\"entry-1\",\"sensor\":\"boom\",\"occurred\":{\"utc\":"                 \
	"\"2026-11-23T18:14:00.123456Z\",\"clock\":\"synced\",\"mono_ns\":123456789012}," \
	"\"observed\":{\"state\":\"open\",\"before\":\"opening\",\"by\":\"status\",\"raw\":16}"

struct row {
	void *payload;
	int bytes;
	int64_t sum;
};

static void fail_sqlite(sqlite3 *sqlite)
{
	fprintf(stderr, "bench_journal: sqlite: %s\n", sqlite3_errmsg(sqlite));
	exit(EXIT_FAILURE);
}

static void append_many(struct journal *journal, uint64_t count)
{
	const struct event_draft draft = {
		.type = event_type(EVENT_BARRIER_OPEN), .body = BODY, .body_bytes = strlen(BODY)};

	while (count-- > 0)
		append(journal, &draft);
}

/* Events a second; how many went into a commit on average. */
static double through_journal(struct bench *bench, double *ret_batch)
{
	struct journal_counters counters;
	struct journal *journal;
	int64_t begin_ns, end_ns;

	remove_journal(bench->path);
	bench->head = 0;
	journal = open_journal(bench);
	begin_ns = clock_mono_ns();
	append_many(journal, EVENTS);
	wait_for(bench, EVENTS);
	end_ns = clock_mono_ns();
	counters = journal_counters(journal);
	*ret_batch = (double)EVENTS / (double)counters.commits;
	close_journal(journal);
	return (double)EVENTS * (double)NS_PER_S / (double)(end_ns - begin_ns);
}

static sqlite3 *open_sqlite(const char *path, const char *sql)
{
	sqlite3 *sqlite;

	if (sqlite3_open(path, &sqlite) || sqlite3_exec(sqlite, sql, NULL, NULL, NULL))
		fail_sqlite(sqlite);
	return sqlite;
}

static sqlite3_stmt *prepare(sqlite3 *sqlite, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL))
		fail_sqlite(sqlite);
	return statement;
}

static struct row *read_rows(const char *path)
{
	sqlite3 *sqlite = open_sqlite(path, "PRAGMA query_only=1");
	sqlite3_stmt *read = prepare(sqlite, "SELECT payload,sum FROM evidence LIMIT 20000");
	struct row *rows = calloc(SAMPLES, sizeof(*rows));

	for (size_t i = 0; i < SAMPLES; i++) {
		if (sqlite3_step(read) != SQLITE_ROW)
			fail_sqlite(sqlite);
		rows[i].bytes = sqlite3_column_bytes(read, 0);
		rows[i].sum = sqlite3_column_int64(read, 1);
		rows[i].payload = malloc((size_t)rows[i].bytes);
		memcpy(rows[i].payload, sqlite3_column_blob(read, 0), (size_t)rows[i].bytes);
	}
	sqlite3_finalize(read);
	sqlite3_close(sqlite);
	return rows;
}

static void insert(sqlite3 *sqlite, sqlite3_stmt *put, const struct row *row, int64_t position)
{
	sqlite3_bind_int64(put, 1, position);
	sqlite3_bind_int64(put, 2, row->sum);
	sqlite3_bind_int64(put, 3, 1795000000);
	sqlite3_bind_text(put, 4, "barrier.open", -1, SQLITE_STATIC);
	sqlite3_bind_blob(put, 5, row->payload, row->bytes, SQLITE_STATIC);
	if (sqlite3_step(put) != SQLITE_DONE)
		fail_sqlite(sqlite);
	sqlite3_reset(put);
}

static double through_sqlite(const char *path, const struct row *rows, int64_t batch)
{
	sqlite3 *sqlite;
	sqlite3_stmt *put;
	int64_t begin_ns, end_ns, i;

	remove_journal(path);
	sqlite = open_sqlite(path,
			     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			     "CREATE TABLE evidence(position INTEGER PRIMARY KEY, sum INTEGER"
			     " NOT NULL, recorded INTEGER, type TEXT NOT NULL, payload BLOB NOT"
			     " NULL);");
	put = prepare(sqlite, "INSERT INTO evidence VALUES(?1,?2,?3,?4,?5)");
	begin_ns = clock_mono_ns();
	for (i = 0; i < EVENTS; i++) {
		if (i % batch == 0 &&
		    sqlite3_exec(sqlite, i ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL))
			fail_sqlite(sqlite);
		insert(sqlite, put, &rows[i % SAMPLES], (INT64_C(1) << 40) + i + 1);
	}
	if (sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL))
		fail_sqlite(sqlite);
	end_ns = clock_mono_ns();
	sqlite3_finalize(put);
	sqlite3_close(sqlite);
	remove_journal(path);
	return (double)EVENTS * (double)NS_PER_S / (double)(end_ns - begin_ns);
}

static void bench_throughput(struct bench *bench, const char *folder)
{
	double journal[ROUNDS], bare[ROUNDS], ratio[ROUNDS], batch;
	struct row *rows = NULL;
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/bare.db", folder);
	for (int i = 0; i < ROUNDS; i++) {
		journal[i] = through_journal(bench, &batch);
		if (!rows)
			rows = read_rows(bench->path);
		bare[i] = through_sqlite(path, rows, (int64_t)batch);
		ratio[i] = journal[i] / bare[i];
	}
	printf("c  durable events/s of %d bytes, %.0f in a commit: journal %.0f, bare SQLite %.0f, "
	       "ratio %.2f (aim: at least 0.6)\n",
	       rows[0].bytes, batch, median(journal, ROUNDS), median(bare, ROUNDS),
	       median(ratio, ROUNDS));
	for (size_t i = 0; i < SAMPLES; i++)
		free(rows[i].payload);
	free(rows);
}

static double opening_us(struct bench *bench)
{
	double us[OPENINGS];

	for (int i = 0; i < OPENINGS; i++) {
		int64_t begin_ns = clock_mono_ns();
		struct journal *journal = open_journal(bench);

		us[i] = (double)(clock_mono_ns() - begin_ns) / (double)NS_PER_US;
		close_journal(journal);
	}
	return median(us, OPENINGS);
}

static void bench_opening(struct bench *bench)
{
	struct journal *journal;
	double empty_us, many_us;
	long before_kib = rss_kib(), opened_kib;

	remove_journal(bench->path);
	journal = open_journal(bench);
	opened_kib = rss_kib();
	close_journal(journal);
	empty_us = opening_us(bench);
	bench->head = 0;
	journal = open_journal(bench);
	append_many(journal, MANY);
	wait_for(bench, MANY);
	printf("   RSS: opening the journal adds %ld KiB, writing at full speed %ld KiB\n",
	       opened_kib - before_kib, rss_kib() - before_kib);
	close_journal(journal);
	many_us = opening_us(bench);
	printf("e  opening to ready: empty %.0f us, %d events %.0f us, ratio %.2f (aim: at most 1.3)\n",
	       empty_us, MANY, many_us, many_us / empty_us);
}

static bool wanted(int argc, char **argv, const char *letter)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], letter) == 0)
			return true;
	return argc == 2;
}

int main(int argc, char **argv)
{
	struct bench bench;

	if (argc < 2) {
		fputs("bench_journal FOLDER [c] [e]\n", stderr);
		return EXIT_FAILURE;
	}
	bench_init(&bench, argv[1]);
	if (wanted(argc, argv, "e")) /* first: it looks at the RSS */
		bench_opening(&bench);
	if (wanted(argc, argv, "c"))
		bench_throughput(&bench, argv[1]);
	remove_journal(bench.path);
	return EXIT_SUCCESS;
}
