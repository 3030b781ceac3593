/* The registry's inside: registry.c (the calls from outside, start and stop) and work.c (the
 * thread: answers, records, lists); change.c: other options are handed in; arrange.c: they are
 * taken; look.c: what is known, for people. */
#ifndef CORRIDORD_REGISTRY_PRIVATE_H
#define CORRIDORD_REGISTRY_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "inbound/inbox.h"
#include "registry/lists.h"
#include "registry/notices.h"
#include "registry/registry.h"
#include "registry/store.h"

#define REGISTRY_PATIENCE_NS (500 * NS_PER_MS) /* that a question waits for lists that are there */

#define QUESTIONS_MAX 64 /* asked, and their answers not fetched yet */

/* What the reader of list files has done with one since the thread last looked. */
struct list_update {
	int64_t list; /* sum of its path; 0: nothing was done with any */
	bool ready; /* a new file of records is to be opened */
	bool known; /* it is the one that was open before the start */
	bool refused; /* a newer list was bad */
	char path[STORE_PATH_BYTES];
	int records, more;
	unsigned char hash[EVENT_HASH_BYTES]; /* of a list that was read now */
	struct registry_complaint complaint;
};

struct registry {
	struct trust *trust; /* NULL: nothing has to be signed */
	char *checkpoint; /* its id, or NULL */
	struct lists *lists; /* the main loop's; NULL: there are no files yet */
	char path[STORE_PATH_BYTES];
	int fd;
	struct worker *worker;

	/* shared, under the lock */
	pthread_mutex_t lock;
	struct registry_question questions[QUESTIONS_MAX];
	size_t question_count;
	struct registry_answer *answers[QUESTIONS_MAX]; /* a ring */
	size_t answer_first, answer_count;
	size_t open; /* asked, and their answers not fetched yet */
	struct registry_plan *next; /* to be gone by; NULL: the same as before */
	struct list_update updates[STORE_LISTS_MAX]; /* of lists of the newest plan, in any order */
	bool any_update;
	struct registry_look *look; /* NULL: nobody asks what is known */
	bool look_done; /* it is answered, and not taken yet */
	bool closed; /* nothing more is taken: the worker is to stop */
	int64_t finish_by_ns; /* the rest of what was taken is written until then */
	struct registry_counters counters;

	/* shared, with locks of their own or without */
	_Atomic bool wants_all; /* all records are needed once more */
	struct inbox *inbox;
	struct notices notices;

	/* the thread's; the plan's pointer is written under the lock, and read there by others */
	struct registry_plan *plan;
	struct store store;
	int64_t reopen_ns; /* the stream's file is tried again */
	int64_t again_ns; /* all records are asked for again; INT64_MAX: no need */
	int64_t patient_until_ns; /* questions wait until then for lists that are there */
	bool looked_at[STORE_LISTS_MAX]; /* a list was read, or refused */
	struct registry_complaint refusals[STORE_LISTS_MAX]; /* of lists newer than those in use */
	bool failing; /* the stream's file, and that was logged */
};

/* Opens the stream's file. Before the thread is started, or in it. */
void registry_open_stream(struct registry *registry);
/* Lists that tell the registry of what they do; they are not started. */
int registry_new_lists(struct registry *registry, struct registry_plan *plan,
		       struct lists **ret_lists);
/* In the thread: goes by another plan, if there is one. */
void registry_take_plan(struct registry *registry);
/* look.c. Answers who asks what is known, in the thread. */
void registry_do_look(struct registry *registry);
/* The thread; data is the registry. */
void registry_run(void *data);

#endif
