/* What the benches of the journal have in common: one that nobody reads from, and what it says.
 * Included by each; everything is static. */
#ifndef CORRIDORD_TESTS_BENCH_H
#define CORRIDORD_TESTS_BENCH_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "journal/journal.h"

#define PATH_SIZE 512

struct bench {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t head; /* the last number that is durable */
	char path[PATH_SIZE];
	struct journal_conf conf;
	struct event_origin origin;
};

static void fail(const char *what, int err)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(EXIT_FAILURE);
}

static bool refuse(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	(void)data, (void)stream, (void)record;
	return false;
}

static void drop_state(void *data, const struct outlet_state *state)
{
	(void)data, (void)state;
}

static void take_head(void *data, const struct event_head *head)
{
	struct bench *bench = data;

	pthread_mutex_lock(&bench->lock);
	bench->head = head->seq;
	pthread_cond_signal(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

static void bench_init(struct bench *bench, const char *folder)
{
	*bench = (struct bench){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.conf = {.quota_bytes = INT64_C(8) << 30, .keep_ns = 90 * 86400 * NS_PER_S},
		.origin = {.checkpoint = "ge-red-bridge",
			   .gateway = "gw1",
			   .boot = clock_boot_id()},
	};
	snprintf(bench->path, sizeof(bench->path), "%s/journal.db", folder);
	bench->conf.path = bench->path;
}

static void wait_for(struct bench *bench, uint64_t head)
{
	pthread_mutex_lock(&bench->lock);
	while (bench->head < head)
		pthread_cond_wait(&bench->changed, &bench->lock);
	pthread_mutex_unlock(&bench->lock);
}

static struct journal *open_journal(struct bench *bench)
{
	const struct outlet outlet = {
		.data = bench, .offer = refuse, .state = drop_state, .head = take_head};
	struct journal *journal;
	int err = journal_open(&bench->conf, &bench->origin, &journal);

	if (err < 0)
		fail(bench->path, err);
	err = journal_start(journal, &outlet);
	if (err < 0)
		fail("journal_start", err);
	return journal;
}

static void close_journal(struct journal *journal)
{
	size_t lost;

	if (!journal_close(journal, clock_mono_ns() + 60 * NS_PER_S, &lost) || lost > 0)
		fail("journal_close", EIO);
}

static void remove_journal(const char *path)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	char name[PATH_SIZE + 8];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		(void)unlink(name);
	}
}

static void append(struct journal *journal, const struct event_draft *draft)
{
	struct pollfd room = {.fd = journal_room_fd(journal), .events = POLLIN};

	while (journal_append(journal, draft) == -EAGAIN)
		(void)poll(&room, 1, 100);
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

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[count / 2];
}

#endif
