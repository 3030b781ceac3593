/* The desk's inside, shared by registry_desk*.c.
 *
 * registry_desk.c       the calls from outside, start and stop
 * registry_desk_work.c  the thread: answers, records, lists
 */
#ifndef CORRIDORD_REGISTRY_DESK_PRIVATE_H
#define CORRIDORD_REGISTRY_DESK_PRIVATE_H

#include <stdatomic.h>

#include "heartbeat.h"
#include "registry_box.h"
#include "registry_desk.h"
#include "registry_lists.h"
#include "registry_tell.h"

#define DESK_OPEN_MAX 64 /* questions asked, their answers not yet fetched */

/* Of a list file: one that is ready, one that was refused after it, or both. */
struct news {
	bool ready, known, refused;
	char path[STORE_PATH_BYTES];
	int records, more;
	struct registry_complaint complaint;
};

struct desk {
	const struct registry_conf *conf;
	struct lists *lists; /* NULL: there are no files */
	char path[STORE_PATH_BYTES];
	int fd;
	pthread_t thread;
	bool started;

	/* shared, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct registry_question questions[DESK_OPEN_MAX];
	size_t question_count;
	struct registry_answer *answers[DESK_OPEN_MAX]; /* a ring */
	size_t answer_first, answer_count;
	size_t open;
	struct box inbox; /* being filled */
	struct news news[STORE_LISTS_MAX];
	bool anything_new;
	bool asked;
	bool stopping, ended;
	int64_t finish_by_ns;
	struct desk_counters counters;

	/* shared, with locks of their own or without */
	_Atomic bool wants_all;
	struct heartbeat beat;
	struct tell tell;

	/* the thread's */
	struct store store;
	struct box batch; /* being worked off */
	int64_t reopen_ns; /* the stream is tried again */
	int64_t again_ns; /* everything is asked for again; INT64_MAX: no need */
	bool failing; /* that was told */
};

/* Opens the stream's file, before the thread is started or within it. */
void desk_open_stream(struct desk *desk);
/* The thread; data is the desk. */
void *desk_run(void *data);

#endif
