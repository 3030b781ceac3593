#include "registry/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/private.h"

#define STUCK_NS    (120 * NS_PER_S)
#define FINISH_NS   (100 * NS_PER_MS) /* for what was asked and taken before the stop */
#define INBOX_BYTES (128 * 1024)

/* ---- questions and answers ------------------------------------------------------------- */

static int ask(void *data, const struct registry_question *question)
{
	struct registry *registry = data;
	bool taken;

	pthread_mutex_lock(&registry->lock);
	taken = registry->open < QUESTIONS_MAX && !registry->closed;
	if (taken) {
		registry->questions[registry->question_count++] = *question;
		registry->open++;
		registry->counters.questions++;
		if (registry->question_count == 1)
			worker_wake(registry->worker);
	}
	pthread_mutex_unlock(&registry->lock);
	return taken ? 0 : -EAGAIN;
}

struct registry_questions registry_questions(struct registry *registry)
{
	return (struct registry_questions){.data = registry, .ask = ask};
}

int registry_fd(const struct registry *registry)
{
	return registry->fd;
}

struct registry_answer *registry_take_answer(struct registry *registry)
{
	struct registry_answer *answer = NULL;

	pthread_mutex_lock(&registry->lock);
	if (registry->answer_count > 0) {
		answer = registry->answers[registry->answer_first];
		registry->answer_first = (registry->answer_first + 1) % QUESTIONS_MAX;
		registry->answer_count--;
		registry->open--;
	}
	pthread_mutex_unlock(&registry->lock);
	return answer;
}

void registry_put_events(struct registry *registry, const struct event_sink *sink)
{
	notices_put_events(&registry->notices, sink);
	pthread_mutex_lock(&registry->lock);
	if (registry->any_update) /* it may have waited for room among the notices */
		worker_wake(registry->worker);
	pthread_mutex_unlock(&registry->lock);
}

struct worker *registry_worker(struct registry *registry)
{
	return registry->worker;
}

struct registry_counters registry_counters(struct registry *registry)
{
	struct registry_counters counters;

	pthread_mutex_lock(&registry->lock);
	counters = registry->counters;
	pthread_mutex_unlock(&registry->lock);
	counters.dropped = inbox_dropped(registry->inbox);
	return counters;
}

/* ---- records --------------------------------------------------------------------------- */

static bool take(void *data, const struct inlet_message *message)
{
	struct registry *registry = data;
	bool taken;

	pthread_mutex_lock(&registry->lock);
	taken = !registry->closed && inbox_put(registry->inbox, message);
	pthread_mutex_unlock(&registry->lock);
	return taken;
}

static bool wants_all(void *data)
{
	struct registry *registry = data;

	return atomic_exchange(&registry->wants_all, false);
}

struct inlet registry_inlet(struct registry *registry)
{
	return (struct inlet){
		.folder = "registry",
		.levels = "#",
		.retained = true,
		.most = CONSIGNMENT_BYTES,
		.data = registry,
		.take = take,
		.wants_all = wants_all,
	};
}

/* ---- lists ----------------------------------------------------------------------------- */

/* Under the lock. NULL: it is of no list of the newest plan. */
static struct list_update *update_of(struct registry *registry, const char *list)
{
	const struct registry_plan *plan = registry->next ? registry->next : registry->plan;
	int64_t sum = records_sum(list, strlen(list)) | 1;
	struct list_update *free_one = NULL;

	if (plan_place(plan, list) == PLAN_NO_PLACE)
		return NULL;
	for (size_t i = 0; i < STORE_LISTS_MAX; i++) {
		if (registry->updates[i].list == sum)
			return &registry->updates[i];
		if (registry->updates[i].list == 0 && !free_one)
			free_one = &registry->updates[i];
	}
	if (free_one)
		free_one->list = sum;
	return free_one;
}

static void list_ready(void *data, const char *list, const struct lists_ready *ready)
{
	struct registry *registry = data;
	struct list_update *update;

	pthread_mutex_lock(&registry->lock);
	update = update_of(registry, list);
	if (update) {
		update->ready = true;
		update->known = ready->known;
		update->records = ready->records;
		memcpy(update->hash, ready->hash, sizeof(update->hash));
		snprintf(update->path, sizeof(update->path), "%s", ready->path);
		registry->any_update = true;
		worker_wake(registry->worker);
	}
	pthread_mutex_unlock(&registry->lock);
}

static void list_refused(void *data, const char *list, const struct registry_complaint *complaint,
			 int more)
{
	struct registry *registry = data;
	struct list_update *update;

	pthread_mutex_lock(&registry->lock);
	update = update_of(registry, list);
	if (update) {
		update->refused = true;
		update->complaint = *complaint;
		update->more = more;
		registry->any_update = true;
		worker_wake(registry->worker);
	}
	pthread_mutex_unlock(&registry->lock);
}

int registry_new_lists(struct registry *registry, struct registry_plan *plan,
		       struct lists **ret_lists)
{
	const struct lists_sink sink = {
		.data = registry, .ready = list_ready, .refused = list_refused};

	return lists_new(plan, registry->trust, registry->path, &sink, ret_lists);
}

/* ---- life ------------------------------------------------------------------------------ */

static int make_trust(struct registry *registry, const struct registry_conf *of)
{
	int err = of->trust_count > 0 ? trust_new(&registry->trust) : 0;

	for (size_t i = 0; err == 0 && i < of->trust_count; i++) {
		const struct trust_conf *conf = &of->trusts[i];
		const struct trust_rule rule = {.name = conf->name,
						.keys = conf->keys.item,
						.key_count = conf->keys.count,
						.kinds = conf->kinds.item,
						.kind_count = conf->kinds.count,
						.states = conf->states.item,
						.state_count = conf->states.count,
						.mqtt = conf->mqtt};

		err = trust_add(registry->trust, &rule);
	}
	return err;
}

static int make_parts(struct registry *registry, const struct registry_conf *conf)
{
	int err;

	if ((err = make_trust(registry, conf)) < 0)
		return err;
	if (conf->checkpoint && !(registry->checkpoint = strdup(conf->checkpoint)))
		return -ENOMEM;
	if ((err = worker_new(STUCK_NS, &registry->worker)) < 0)
		return err;
	registry->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (registry->fd < 0)
		return -errno;
	if ((err = notices_init(&registry->notices, registry->fd)) < 0)
		return err;
	if ((err = inbox_new(INBOX_BYTES, CONSIGNMENT_BYTES, &registry->inbox)) < 0)
		return err;
	if (registry->plan->conf.files.count > 0)
		return registry_new_lists(registry, registry->plan, &registry->lists);
	return 0;
}

int registry_new(const struct registry_conf *conf, const char *journal_path,
		 struct registry **ret_registry)
{
	struct registry *registry = calloc(1, sizeof(*registry));
	int err;

	if (!registry)
		return -ENOMEM;
	registry->fd = -1;
	registry->again_ns = INT64_MAX;
	snprintf(registry->path, sizeof(registry->path), "%s.registry", journal_path);
	pthread_mutex_init(&registry->lock, NULL);
	err = plan_new(conf, &registry->plan);
	if (err == 0)
		err = make_parts(registry, conf);
	if (err < 0) {
		registry_free(registry);
		return err;
	}
	registry_open_stream(registry);
	*ret_registry = registry;
	return 0;
}

int registry_start(struct registry *registry)
{
	const struct worker_job job = {.name = "registry", .run = registry_run, .data = registry};
	int err = worker_start(registry->worker, &job);

	return err == 0 && registry->lists ? lists_start(registry->lists) : err;
}

static void take_no_more(struct registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	if (!registry->closed)
		registry->finish_by_ns = clock_mono_ns() + FINISH_NS;
	registry->closed = true;
	pthread_mutex_unlock(&registry->lock);
}

bool registry_stop(struct registry *registry, int64_t deadline_mono_ns)
{
	int64_t finished_ns = clock_mono_ns() + 2 * FINISH_NS;
	bool lists_ended;

	if (!registry)
		return true;
	lists_ended = lists_stop(registry->lists, deadline_mono_ns);
	take_no_more(registry);
	return worker_stop(registry->worker,
			   deadline_mono_ns > finished_ns ? deadline_mono_ns : finished_ns) &&
	       lists_ended;
}

void registry_free(struct registry *registry)
{
	struct registry_answer *answer;

	if (!registry)
		return;
	while ((answer = registry_take_answer(registry)))
		registry_answer_free(answer);
	free(registry->look);
	lists_free(registry->lists);
	trust_free(registry->trust);
	store_close(&registry->store);
	free(registry->checkpoint);
	inbox_free(registry->inbox);
	notices_fini(&registry->notices);
	plan_release(registry->next);
	plan_release(registry->plan);
	if (registry->fd >= 0)
		close(registry->fd);
	pthread_mutex_destroy(&registry->lock);
	worker_free(registry->worker);
	free(registry);
}
