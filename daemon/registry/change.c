/* Other options are handed in, in the main loop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "registry/private.h"

#define LOG_TOKEN "registry"
#include "base/log.h"

struct registry_change {
	struct registry_plan *plan;
	struct lists *lists; /* to be started: there were no files before; else NULL */
};

int registry_prepare(struct registry *registry, const struct registry_conf *conf,
		     struct registry_change **ret_change)
{
	struct registry_change *change;
	int err;

	*ret_change = NULL;
	pthread_mutex_lock(&registry->lock);
	err = plan_is_same(registry->next ? registry->next : registry->plan, conf);
	pthread_mutex_unlock(&registry->lock);
	if (err)
		return 0;
	change = calloc(1, sizeof(*change));
	if (!change)
		return -ENOMEM;
	err = plan_new(conf, &change->plan);
	if (err == 0 && conf->files.count > 0 && !registry->lists)
		err = registry_new_lists(registry, change->plan, &change->lists);
	if (err < 0)
		registry_change_free(change);
	else
		*ret_change = change;
	return err;
}

void registry_change_free(struct registry_change *change)
{
	if (!change)
		return;
	lists_free(change->lists);
	plan_release(change->plan);
	free(change);
}

static bool is_of(const struct registry_plan *plan, int64_t list)
{
	const struct conf_list *files = &plan->conf.files;

	for (size_t i = 0; i < files->count; i++)
		if ((records_sum(files->item[i], strlen(files->item[i])) | 1) == list)
			return true;
	return false;
}

/* First the registry, so that it knows the lists that it is told of. */
void registry_go_over(struct registry *registry, struct registry_change *change)
{
	int err = 0;

	if (!change)
		return;
	pthread_mutex_lock(&registry->lock);
	plan_release(registry->next);
	registry->next = plan_hold(change->plan);
	for (size_t i = 0; i < STORE_LISTS_MAX; i++)
		if (!is_of(change->plan, registry->updates[i].list))
			registry->updates[i] = (struct list_update){0};
	pthread_mutex_unlock(&registry->lock);
	worker_wake(registry->worker);
	if (change->lists) {
		registry->lists = change->lists;
		change->lists = NULL;
		err = lists_start(registry->lists);
	} else if (registry->lists) {
		lists_change(registry->lists, change->plan);
	}
	if (err < 0)
		log_error(err, "list files are not read: there is no thread");
	registry_change_free(change);
}
