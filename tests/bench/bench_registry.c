/* Bound events through journal and registry: with all records, and with none.
 *
 *     bench_registry FOLDER [CONSIGNMENTS AEOS]       FOLDER on a real disk
 *
 * Each passage is a question of the registry, by a seal, and EVENTS_EACH events. The passages
 * of the rounds without records ask the same and find nothing. Rounds with and without take
 * turns, each in a process of its own: both meet the same machine.
 */
#include <malloc.h>
#include <sys/wait.h>

#include "bench.h"
#define LOG_TOKEN "bench"
#include "base/log.h"
#include "registry/registry.h"

#define EVENTS_EACH 8
#define PASSAGES    10000
#define ROUNDS	    7
#define BODY                                                                                \
	"\"lane\":\"entry-1\",\"sensor\":\"boom\",\"occurred\":{\"utc\":"                   \
	"\"2026-11-23T18:14:00.123456Z\",\"clock\":\"synced\",\"mono_ns\":123456789012},"   \
	"\"passage\":{\"id\":\"entry-1-4711\"},\"consignment\":{\"ucr\":\"6GE000000001\"}," \
	"\"observed\":{\"state\":\"open\",\"before\":\"opening\",\"by\":\"status\",\"raw\":16}"

struct round {
	double rate; /* events a second */
	double answer_us; /* from question to answer, nothing else going on */
	uint64_t found;
	long opened_kib, read_kib, worked_kib; /* RSS */
};

struct running {
	struct bench bench;
	struct journal *journal;
	struct registry *desk;
	struct registry_questions questions;
	struct event_sink sink;
	uint64_t found, lists;
};

/* ---- lists --------------------------------------------------------------------------- */

static FILE *begin_list(const char *path, const char *kind)
{
	FILE *file = fopen(path, "we");

	if (!file)
		fail(path, errno);
	fprintf(file,
		"{\"list\":{\"kind\":\"%s\",\"version\":\"1\",\"as_of\":\"2026-11-01T00:00:00Z\"}}\n",
		kind);
	return file;
}

static void write_lists(char *const paths[2], int consignments, int aeos)
{
	FILE *file = begin_list(paths[0], "consignment");

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
	file = begin_list(paths[1], "aeo");
	for (int i = 0; i < aeos; i++)
		fprintf(file,
			"{\"country\":\"GE\",\"scheme\":\"AEO\",\"number\":\"A%d\",\"tin\":\"GE%09d\","
			"\"type\":\"AEOS\",\"roles\":[\"any\"],\"status\":\"active\"}\n",
			i, i);
	fclose(file);
}

/* ---- a round ------------------------------------------------------------------------- */

static void put(void *data, const struct event_draft *draft)
{
	struct running *run = data;

	append(run->journal, draft);
	run->lists += strcmp(draft->type->name, "registry.list") == 0;
}

static void heed(struct running *run)
{
	struct registry_answer *answer;
	uint64_t count;

	(void)!read(registry_fd(run->desk), &count, sizeof(count));
	while ((answer = registry_take_answer(run->desk))) {
		run->found += answer->found;
		registry_answer_free(answer);
	}
	registry_put_events(run->desk, &run->sink);
}

static void heed_later(struct running *run)
{
	struct pollfd ready = {.fd = registry_fd(run->desk), .events = POLLIN};

	(void)poll(&ready, 1, 100);
	heed(run);
}

static void ask(struct running *run, int i, int consignments)
{
	struct registry_question question = {.key = KEY_SEAL};

	snprintf(question.text, sizeof(question.text), "S%d",
		 (int)((uint64_t)i * 7919 % (uint64_t)consignments));
	while (run->questions.ask(run->questions.data, &question) == -EAGAIN)
		heed_later(run);
}

static double measure_rate(struct running *run, int consignments)
{
	const struct event_draft draft = {
		.type = event_type(EVENT_BARRIER_OPEN), .body = BODY, .body_bytes = strlen(BODY)};
	uint64_t before = run->lists; /* each list is an event */
	int64_t begin_ns = clock_mono_ns();

	for (int i = 0; i < PASSAGES; i++) {
		ask(run, i, consignments);
		for (int n = 0; n < EVENTS_EACH; n++)
			append(run->journal, &draft);
		heed(run);
	}
	wait_for(&run->bench, before + (uint64_t)PASSAGES * EVENTS_EACH);
	while (registry_counters(run->desk).answers < PASSAGES)
		heed_later(run);
	heed(run);
	return (double)PASSAGES * EVENTS_EACH * 1e9 / (double)(clock_mono_ns() - begin_ns);
}

static double measure_answer_us(struct running *run, int consignments)
{
	double us[1001];

	for (int i = 0; i < 1001; i++) {
		uint64_t answers = registry_counters(run->desk).answers;
		int64_t begin_ns = clock_mono_ns();

		ask(run, PASSAGES + i, consignments);
		while (registry_counters(run->desk).answers == answers)
			heed_later(run);
		us[i] = (double)(clock_mono_ns() - begin_ns) / 1e3;
	}
	heed(run);
	return median(us, 1001);
}

static void start(struct running *run, const struct registry_conf *conf)
{
	int err = registry_new(conf, run->bench.path, &run->desk);

	if (err < 0)
		fail("registry", err);
	run->questions = registry_questions(run->desk);
	run->sink = (struct event_sink){.data = run, .put = put};
	run->journal = open_journal(&run->bench);
	if ((err = registry_start(run->desk)) < 0)
		fail("registry_start", err);
}

static struct round one_round(const char *folder, const struct registry_conf *conf,
			      int consignments)
{
	struct running run = {.found = 0};
	struct round round;

	bench_init(&run.bench, folder);
	start(&run, conf);
	round.opened_kib = rss_kib();
	while (run.lists < conf->files.count)
		heed_later(&run);
	round.read_kib = rss_kib();
	round.rate = measure_rate(&run, consignments);
	round.worked_kib = rss_kib();
	round.found = run.found;
	round.answer_us = measure_answer_us(&run, consignments);
	if (!registry_stop(run.desk, clock_mono_ns() + 10 * NS_PER_S))
		fail("registry_stop", EBUSY);
	close_journal(run.journal);
	registry_free(run.desk);
	remove_journal(run.bench.path);
	return round;
}

/* In a child: the heap of one round is not that of the next. What was made of the lists is
 * removed, so each round reads them. */
static struct round round_apart(const char *folder, const struct registry_conf *conf,
				int consignments)
{
	char command[PATH_SIZE + 64];
	struct round round;
	int ends[2], status;
	pid_t child = -1;

	snprintf(command, sizeof(command), "rm -f %s/journal.db*", folder);
	if (system(command) != 0 || pipe(ends) < 0 || (child = fork()) < 0)
		fail("a round", errno);
	if (child == 0) {
		round = one_round(folder, conf, consignments);
		_exit(write(ends[1], &round, sizeof(round)) == (ssize_t)sizeof(round) ? 0 : 1);
	}
	if (read(ends[0], &round, sizeof(round)) != (ssize_t)sizeof(round) ||
	    waitpid(child, &status, 0) < 0 || status != 0)
		fail("a round", EIO);
	close(ends[0]);
	close(ends[1]);
	return round;
}

static double mib(long kib)
{
	return (double)kib / 1024;
}

int main(int count, char **words)
{
	const char *folder = count > 1 ? words[1] : ".";
	int consignments = count > 2 ? atoi(words[2]) : 100000;
	int aeos = count > 3 ? atoi(words[3]) : 50000;
	char paths[2][PATH_SIZE];
	char *files[2] = {paths[0], paths[1]};
	struct registry_conf none = {.enabled = true,
				     .check_every_ns = 3600 * NS_PER_S,
				     .max_age_ns = 24 * 3600 * NS_PER_S,
				     .quota_bytes = INT64_C(1) << 30,
				     .files.item = files};
	struct registry_conf all = none;
	double empty[ROUNDS], full[ROUNDS], ratio[ROUNDS], us[ROUNDS];
	struct round round = {0};

	log_open(LOG_LEVEL_WARNING);
	mallopt(M_ARENA_MAX, 1); /* as the daemon does */
	snprintf(paths[0], PATH_SIZE, "%s/consignment.jsonl", folder);
	snprintf(paths[1], PATH_SIZE, "%s/aeo.jsonl", folder);
	write_lists(files, consignments, aeos);
	all.files.count = 2;
	for (int i = 0; i < ROUNDS; i++) {
		empty[i] = round_apart(folder, &none, consignments).rate;
		round = round_apart(folder, &all, consignments);
		full[i] = round.rate;
		ratio[i] = full[i] / empty[i];
		us[i] = round.answer_us;
	}
	printf("bound events/s: %.0f, with an empty registry %.0f, ratio %.2f (medians of %d); "
	       "%llu of %d found; an answer takes %.0f us\n",
	       median(full, ROUNDS), median(empty, ROUNDS), median(ratio, ROUNDS), ROUNDS,
	       (unsigned long long)round.found, PASSAGES, median(us, ROUNDS));
	printf("RSS %.1f MiB at work, %.1f when %d consignments and %d operators were read, %.1f "
	       "before\n",
	       mib(round.worked_kib), mib(round.read_kib), consignments, aeos,
	       mib(round.opened_kib));
	return 0;
}
