/* Bound events through journal and registry: with all records, and with none.
 *
 *     bench_registry FOLDER [CONSIGNMENTS AEOS]       FOLDER on a real disk
 *
 * Each passage is a question of the registry, by a seal, and EVENTS_EACH events. The passages
 * of the round without records ask the same and find nothing.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#define LOG_TOKEN "bench"
#include "log.h"
#include "registry_desk.h"

#define EVENTS_EACH 8
#define PASSAGES    10000
#define PATH_SIZE   512
#define BODY                                                                                \
	"\"lane\":\"entry-1\",\"sensor\":\"boom\",\"occurred\":{\"utc\":"                   \
	"\"2026-11-23T18:14:00.123456Z\",\"clock\":\"synced\",\"mono_ns\":123456789012},"   \
	"\"passage\":{\"id\":\"entry-1-4711\"},\"consignment\":{\"ucr\":\"6GE000000001\"}," \
	"\"observed\":{\"state\":\"open\",\"before\":\"opening\",\"by\":\"status\",\"raw\":16}"

struct bench {
	const char *folder;
	char journal_path[PATH_SIZE];
	struct registry_conf registry;
	struct journal_conf journal;
	struct event_origin origin;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t head;
};

struct running {
	struct journal *journal;
	struct desk *desk;
	struct registry_desk questions;
};

static void fail(const char *what, int err)
{
	fprintf(stderr, "bench_registry: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(EXIT_FAILURE);
}

static bool refuse(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	(void)data, (void)stream, (void)record;
	return false;
}

static void drop_state(void *data, const char *key, const char *payload, size_t bytes)
{
	(void)data, (void)key, (void)payload, (void)bytes;
}

static void take_head(void *data, const struct event_head *head)
{
	struct bench *bench = data;

	pthread_mutex_lock(&bench->lock);
	bench->head = head->seq;
	pthread_cond_signal(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

static long rss_kib(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		fail("/proc/self/statm", errno);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* ---- lists --------------------------------------------------------------------------- */

static FILE *begin_list(struct bench *bench, size_t which, const char *kind)
{
	char *path = malloc(PATH_SIZE);
	FILE *file;

	snprintf(path, PATH_SIZE, "%s/%s.jsonl", bench->folder, kind);
	bench->registry.files.item[which] = path;
	file = fopen(path, "we");
	if (!file)
		fail(path, errno);
	fprintf(file,
		"{\"list\":{\"kind\":\"%s\",\"version\":\"1\",\"as_of\":\"2026-11-01T00:00:00Z\"}}\n",
		kind);
	return file;
}

static void write_lists(struct bench *bench, int consignments, int aeos)
{
	FILE *file = begin_list(bench, 0, "consignment");

	for (int i = 0; i < consignments; i++)
		fprintf(file,
			"{\"ucr\":\"6GE%09d\",\"flow\":\"transit\",\"vehicles\":[\"P%d\",\"Q%d\"],"
			"\"seals\":[{\"number\":\"S%d\"},{\"number\":\"T%d\"}],\"documents\":["
			"{\"kind\":\"national\",\"number\":\"N%d\"}],\"parties\":[{\"role\":"
			"\"carrier\",\"name\":\"Carrier %d\",\"tin\":\"GE%09d\"},{\"role\":"
			"\"declarant\",\"aeo\":{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":"
			"\"A%d\"}}]}\n",
			i, i, i, i, i, i, i, i % (aeos + 1), i % (aeos + 1));
	fclose(file);
	file = begin_list(bench, 1, "aeo");
	for (int i = 0; i < aeos; i++)
		fprintf(file,
			"{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"A%d\",\"tin\":\"GE%09d\","
			"\"type\":\"AEOS\",\"roles\":[\"any\"],\"status\":\"active\"}\n",
			i, i);
	fclose(file);
	bench->registry.files.count = 2;
}

/* ---- a run --------------------------------------------------------------------------- */

static struct running start(struct bench *bench)
{
	const struct outlet outlet = {
		.data = bench, .offer = refuse, .state = drop_state, .head = take_head};
	struct running run;
	int err;

	bench->head = 0;
	if ((err = journal_open(&bench->journal, &bench->origin, &run.journal)) < 0)
		fail(bench->journal_path, err);
	if ((err = desk_new(&bench->registry, bench->journal_path, run.journal, &run.desk)) < 0)
		fail("registry", err);
	run.questions = desk_questions(run.desk);
	if ((err = journal_start(run.journal, &outlet)) < 0 || (err = desk_start(run.desk)) < 0)
		fail("start", err);
	return run;
}

static void stop(struct bench *bench, struct running *run)
{
	char command[2 * PATH_SIZE + 32];

	desk_stop(run->desk);
	if (journal_close(run->journal, clock_mono_ns() + 60 * NS_PER_S) > 0)
		fail("journal_close", EIO);
	desk_free(run->desk);
	snprintf(command, sizeof(command), "rm -f %s %s-wal", bench->journal_path,
		 bench->journal_path);
	if (system(command) != 0)
		fail(command, EIO);
}

static uint64_t found_of(struct running *run)
{
	struct registry_answer *answer;
	uint64_t found = 0;

	while ((answer = desk_take(run->desk))) {
		found += answer->found;
		registry_answer_free(answer);
	}
	return found;
}

static void append(struct running *run)
{
	const struct event_draft draft = {
		.type = event_type(EVENT_BARRIER_OPEN), .body = BODY, .body_bytes = strlen(BODY)};
	struct pollfd room = {.fd = journal_room_fd(run->journal), .events = POLLIN};

	for (int i = 0; i < EVENTS_EACH; i++)
		while (journal_append(run->journal, &draft) == -EAGAIN)
			(void)poll(&room, 1, 100);
}

static void ask(struct running *run, int seal, uint64_t *found)
{
	struct registry_question question = {.key = KEY_SEAL};
	struct pollfd ready = {.fd = desk_fd(run->desk), .events = POLLIN};

	snprintf(question.text, sizeof(question.text), "S%d", seal);
	while (run->questions.ask(run->questions.data, &question) == -EAGAIN) {
		(void)poll(&ready, 1, 100);
		*found += found_of(run);
	}
}

static void wait_for(struct bench *bench, uint64_t head)
{
	pthread_mutex_lock(&bench->lock);
	while (bench->head < head)
		pthread_cond_wait(&bench->changed, &bench->lock);
	pthread_mutex_unlock(&bench->lock);
}

/* Events a second. */
static double pass(struct bench *bench, struct running *run, int consignments, uint64_t *ret_found)
{
	uint64_t before = bench->head;
	uint64_t found = 0;
	int64_t begin_ns = clock_mono_ns();

	for (int i = 0; i < PASSAGES; i++) {
		ask(run, (int)((uint64_t)i * 7919 % (uint64_t)consignments), &found);
		append(run);
		found += found_of(run);
	}
	wait_for(bench, before + (uint64_t)PASSAGES * EVENTS_EACH);
	*ret_found = found;
	return (double)PASSAGES * EVENTS_EACH * 1e9 / (double)(clock_mono_ns() - begin_ns);
}

/* The lists are read when the last of them is told. */
static void wait_for_lists(struct bench *bench)
{
	wait_for(bench, 2);
}

int main(int count, char **words)
{
	int consignments = count > 2 ? atoi(words[2]) : 100000;
	int aeos = count > 3 ? atoi(words[3]) : 50000;
	char *files[2];
	uint64_t found = 0, none = 0;
	struct bench bench = {
		.folder = count > 1 ? words[1] : ".",
		.registry = {.enabled = true,
			     .check_every_ns = 3600 * NS_PER_S,
			     .max_age_ns = 24 * 3600 * NS_PER_S,
			     .quota_bytes = INT64_C(1) << 30,
			     .files.item = files},
		.journal = {.quota_bytes = INT64_C(1) << 30, .keep_ns = 3600 * NS_PER_S},
		.origin = {.checkpoint = "bench", .gateway = "gw1", .boot = "boot"},
	};
	double empty = 0, full = 0;
	struct running run;
	int64_t begin_ns;
	long rss;

	log_open(LOG_LEVEL_WARNING);
	snprintf(bench.journal_path, sizeof(bench.journal_path), "%s/journal.db", bench.folder);
	bench.journal.path = bench.journal_path;
	pthread_mutex_init(&bench.lock, NULL);
	pthread_cond_init(&bench.changed, NULL);

	run = start(&bench);
	for (int i = 0; i < 3; i++) {
		double rate = pass(&bench, &run, consignments, &none);

		empty = rate > empty ? rate : empty;
	}
	stop(&bench, &run);
	write_lists(&bench, consignments, aeos);
	rss = rss_kib();
	run = start(&bench);
	begin_ns = clock_mono_ns();
	wait_for_lists(&bench);
	printf("%d consignments and %d operators read in %.1f s\n", consignments, aeos,
	       (double)(clock_mono_ns() - begin_ns) / 1e9);
	for (int i = 0; i < 3; i++) {
		double rate = pass(&bench, &run, consignments, &found);

		full = rate > full ? rate : full;
	}
	printf("bound events/s: %.0f, with an empty registry %.0f, ratio %.2f; "
	       "%llu found; RSS %.1f MiB, %.1f before\n",
	       full, empty, full / empty, (unsigned long long)found, (double)rss_kib() / 1024,
	       (double)rss / 1024);
	stop(&bench, &run);
	return 0;
}
