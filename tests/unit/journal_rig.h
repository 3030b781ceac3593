/* What the journal's tests have in common: a folder, a journal in it, and an uplink that
 * remembers what it was offered. Included by each test; everything is static. */
#ifndef CORRIDORD_TESTS_JOURNAL_RIG_H
#define CORRIDORD_TESTS_JOURNAL_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "journal.h"

#include "sha256_reference.h"

#define UNUSED	   __attribute__((unused))
#define RIG_PATH   512
#define PATIENCE_S 30
#define SEEN_MAX   (1 << 17) /* they do not move: a test may look at the first ones */
#define NO_LIMIT   SIZE_MAX

struct seen {
	uint64_t position, seq;
	char epoch[EVENT_EPOCH_BYTES];
	char type[64];
	char *payload;
	size_t bytes;
	bool late;
	uint32_t session;
};

struct rig {
	char folder[RIG_PATH], path[RIG_PATH + 16], fallback[RIG_PATH + 32];
	struct journal_conf conf;
	struct event_origin origin;
	struct journal *journal;
	struct outlet_source source;
	uint64_t made; /* drafts, numbered in their body */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct seen *seen[STREAM_COUNT];
	size_t count[STREAM_COUNT];
	size_t room[STREAM_COUNT]; /* offers still accepted */
	bool acks; /* acknowledge at once */
	size_t refused;
	struct event_head head;
	size_t heads, states;
	char state_key[STATE_KEY_BYTES], state[EVENT_BYTES];
};

/* ---- the other side ------------------------------------------------------------------ */

static bool rig_offer(void *data, enum outlet_stream stream, const struct outlet_record *record)
{
	struct rig *rig = data;
	struct seen *seen;
	bool taken;

	pthread_mutex_lock(&rig->lock);
	taken = rig->room[stream] > 0;
	if (!taken) {
		rig->refused++;
	} else {
		if (rig->room[stream] != NO_LIMIT)
			rig->room[stream]--;
		if (!rig->seen[stream])
			rig->seen[stream] = calloc(SEEN_MAX, sizeof(struct seen));
		assert_true(rig->count[stream] < SEEN_MAX);
		seen = &rig->seen[stream][rig->count[stream]++];
		*seen = (struct seen){
			.position = record->position,
			.seq = record->seq,
			.payload = malloc(record->payload_bytes + 1),
			.bytes = record->payload_bytes,
			.late = record->late,
			.session = record->session,
		};
		memcpy(seen->payload, record->payload, record->payload_bytes);
		seen->payload[record->payload_bytes] = '\0';
		snprintf(seen->epoch, sizeof(seen->epoch), "%s", record->epoch);
		snprintf(seen->type, sizeof(seen->type), "%s", record->type);
	}
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
	if (taken && rig->acks)
		rig->source.ack(rig->source.data, stream, record->position);
	return taken;
}

static void rig_state(void *data, const char *key, const char *payload, size_t bytes)
{
	struct rig *rig = data;

	pthread_mutex_lock(&rig->lock);
	rig->states++;
	snprintf(rig->state_key, sizeof(rig->state_key), "%s", key);
	snprintf(rig->state, sizeof(rig->state), "%.*s", (int)bytes, payload);
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
}

static void rig_head(void *data, const struct event_head *head)
{
	struct rig *rig = data;

	pthread_mutex_lock(&rig->lock);
	rig->head = *head;
	rig->heads++;
	pthread_cond_broadcast(&rig->changed);
	pthread_mutex_unlock(&rig->lock);
}

/* ---- the journal --------------------------------------------------------------------- */

UNUSED static void rig_forget(struct rig *rig)
{
	int stream;

	for (stream = 0; stream < STREAM_COUNT; stream++) {
		while (rig->count[stream] > 0)
			free(rig->seen[stream][--rig->count[stream]].payload);
		free(rig->seen[stream]);
		rig->seen[stream] = NULL;
	}
}

UNUSED static void rig_make(struct rig *rig)
{
	*rig = (struct rig){
		.conf = {.quota_bytes = INT64_C(64) << 20, .keep_ns = 90 * 24 * 3600 * NS_PER_S},
		.origin = {.checkpoint = "ge-red-bridge", .gateway = "gw1", .boot = "boot-1"},
		.room = {NO_LIMIT, NO_LIMIT},
	};
	snprintf(rig->folder, sizeof(rig->folder), "%s/journal-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/journal.db", rig->folder);
	snprintf(rig->fallback, sizeof(rig->fallback), "%s/ram/journal.db", rig->folder);
	rig->conf.path = rig->path;
	rig->conf.fallback = rig->fallback;
	pthread_mutex_init(&rig->lock, NULL);
	pthread_cond_init(&rig->changed, NULL);
}

__attribute__((format(printf, 1, 2))) UNUSED static void rig_run(const char *format, ...)
{
	char command[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (system(command) != 0)
		fail_msg("%s", command);
}

UNUSED static void rig_remove(struct rig *rig)
{
	rig_forget(rig);
	pthread_cond_destroy(&rig->changed);
	pthread_mutex_destroy(&rig->lock);
	rig_run("rm -rf %s", rig->folder);
}

UNUSED static int rig_try_open(struct rig *rig)
{
	return journal_open(&rig->conf, &rig->origin, &rig->journal);
}

UNUSED static void rig_start(struct rig *rig)
{
	struct outlet outlet = {
		.data = rig, .offer = rig_offer, .state = rig_state, .head = rig_head};

	rig->source = journal_source(rig->journal);
	assert_int_equal(journal_start(rig->journal, &outlet), 0);
}

UNUSED static void rig_open(struct rig *rig)
{
	assert_int_equal(rig_try_open(rig), 0);
	rig_start(rig);
}

UNUSED static size_t rig_close(struct rig *rig)
{
	size_t lost;

	assert_true(journal_close(rig->journal, clock_mono_ns() + 20 * NS_PER_S, &lost));
	rig->journal = NULL;
	return lost;
}

/* ---- waiting ------------------------------------------------------------------------- */

UNUSED static struct timespec rig_deadline(void)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_S;
	return deadline;
}

#define RIG_WAIT(rig, condition)                                                                  \
	do {                                                                                      \
		struct timespec deadline = rig_deadline();                                        \
		int late_ = 0;                                                                    \
		pthread_mutex_lock(&(rig)->lock);                                                 \
		while (!(condition) && !late_)                                                    \
			late_ = pthread_cond_timedwait(&(rig)->changed, &(rig)->lock, &deadline); \
		pthread_mutex_unlock(&(rig)->lock);                                               \
		if (late_)                                                                        \
			fail_msg("waited in vain for: %s", #condition);                           \
	} while (0)

/* For what does not show at the outlet. */
#define RIG_POLL(condition)                                                      \
	do {                                                                     \
		int64_t until_ns = clock_real_mono_ns() + PATIENCE_S * NS_PER_S; \
		while (!(condition)) {                                           \
			if (clock_real_mono_ns() > until_ns)                     \
				fail_msg("waited in vain for: %s", #condition);  \
			usleep(2000);                                            \
		}                                                                \
	} while (0)

UNUSED static int64_t clock_real_mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Clock ticks that the journal's thread has worked. */
UNUSED static long rig_ticks(void)
{
	FILE *pipe = popen("for t in /proc/$PPID/task/*; do grep -qx journal $t/comm && "
			   "cut -d' ' -f14,15 $t/stat; done",
			   "r");
	long user = -1, system = -1;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%ld %ld", &user, &system), 2);
	pclose(pipe);
	return user + system;
}

/* It rests in the end, whatever it has been through. */
UNUSED static void rig_check_rest(void)
{
	RIG_POLL(({
		long before = rig_ticks();

		usleep(500000);
		rig_ticks() - before < sysconf(_SC_CLK_TCK) / 10;
	}));
}

/* ---- drafts -------------------------------------------------------------------------- */

/* An event whose body holds a running number, padded to about bytes. */
UNUSED static int rig_put_sized(struct rig *rig, enum event_id id, size_t bytes)
{
	char body[EVENT_BODY_BYTES];
	struct instant now = clock_now();
	struct event_draft draft = {.type = event_type(id), .body = body};
	struct json json;
	int err;

	event_body_start(&json, body, sizeof(body), "entry-1", "boom", now.mono_ns, &now);
	json_uint(&json, "made", rig->made + 1);
	if (bytes > json.bytes + 20) {
		char padding[EVENT_BODY_BYTES];
		size_t n = bytes - json.bytes - 12;

		memset(padding, 'x', n);
		padding[n] = '\0';
		json_text(&json, "padding", padding);
	}
	assert_true(json_ok(&json));
	draft.body_bytes = json.bytes;
	err = journal_append(rig->journal, &draft);
	if (err == 0)
		rig->made++;
	return err;
}

UNUSED static void rig_put(struct rig *rig, enum event_id id)
{
	int64_t until_ns = clock_real_mono_ns() + PATIENCE_S * NS_PER_S;

	while (rig_put_sized(rig, id, 0) == -EAGAIN) {
		if (clock_real_mono_ns() > until_ns)
			fail_msg("the queue stays full");
		usleep(500);
	}
}

UNUSED static void rig_put_many(struct rig *rig, enum event_id id, size_t count)
{
	while (count-- > 0)
		rig_put(rig, id);
}

/* ---- checking ------------------------------------------------------------------------ */

UNUSED static bool rig_has(const struct seen *seen, const char *text)
{
	return strstr(seen->payload, text) != NULL;
}

UNUSED static const char *rig_after(const struct seen *seen, const char *key)
{
	const char *at = strstr(seen->payload, key);

	return at ? at + strlen(key) : "";
}

UNUSED static void rig_hash(const struct seen *seen, char hex[65])
{
	unsigned char hash[32];
	int i;

	sha256_reference(seen->payload, seen->bytes, hash);
	for (i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

/* Seen on STREAM_EVENTS from..: numbers without a hole, linked by hash, one epoch each. */
UNUSED static void rig_check_chain(const struct rig *rig, size_t from)
{
	char hex[65];
	size_t i;

	for (i = from; i < rig->count[STREAM_EVENTS]; i++) {
		const struct seen *now = &rig->seen[STREAM_EVENTS][i];
		const struct seen *before = i > from ? now - 1 : NULL;

		if (before && strcmp(before->epoch, now->epoch) == 0) {
			assert_int_equal(now->seq, before->seq + 1);
			rig_hash(before, hex);
		} else if (now->seq == 1) {
			memset(hex, '0', 64);
			hex[64] = '\0';
		} else {
			continue;
		}
		assert_memory_equal(rig_after(now, "\"prev\":\""), hex, 64);
	}
}

UNUSED static const struct seen *rig_find(const struct rig *rig, enum outlet_stream stream,
					  const char *type)
{
	size_t i;

	for (i = 0; i < rig->count[stream]; i++)
		if (strcmp(rig->seen[stream][i].type, type) == 0)
			return &rig->seen[stream][i];
	return NULL;
}

#endif
