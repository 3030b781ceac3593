#include "registry/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int copy_files(const struct conf_list *from, struct conf_list *to)
{
	to->item = calloc(from->count + 1, sizeof(to->item[0]));
	if (!to->item)
		return -ENOMEM;
	for (; to->count < from->count; to->count++) {
		to->item[to->count] = strdup(from->item[to->count]);
		if (!to->item[to->count])
			return -ENOMEM;
	}
	return 0;
}

int plan_new(const struct registry_conf *conf, struct registry_plan **ret_plan)
{
	struct registry_plan *plan = calloc(1, sizeof(*plan));
	int err;

	if (!plan)
		return -ENOMEM;
	atomic_init(&plan->users, 1);
	plan->conf = *conf;
	plan->conf.files = (struct conf_list){.item = NULL};
	plan->conf.trusts = NULL; /* those do not change */
	plan->conf.trust_count = 0;
	plan->conf.checkpoint = NULL;
	err = copy_files(&conf->files, &plan->conf.files);
	if (err < 0) {
		plan_release(plan);
		return err;
	}
	*ret_plan = plan;
	return 0;
}

struct registry_plan *plan_hold(struct registry_plan *plan)
{
	atomic_fetch_add(&plan->users, 1);
	return plan;
}

void plan_release(struct registry_plan *plan)
{
	if (!plan || atomic_fetch_sub(&plan->users, 1) != 1)
		return;
	for (size_t i = 0; i < plan->conf.files.count; i++)
		free(plan->conf.files.item[i]);
	free(plan->conf.files.item);
	free(plan);
}

bool plan_is_same(const struct registry_plan *plan, const struct registry_conf *conf)
{
	const struct registry_conf *own = &plan->conf;

	if (own->check_every_ns != conf->check_every_ns || own->max_age_ns != conf->max_age_ns ||
	    own->quota_bytes != conf->quota_bytes || own->files.count != conf->files.count)
		return false;
	for (size_t i = 0; i < conf->files.count; i++)
		if (strcmp(own->files.item[i], conf->files.item[i]) != 0)
			return false;
	return true;
}

size_t plan_place(const struct registry_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->conf.files.count; i++)
		if (strcmp(plan->conf.files.item[i], path) == 0)
			return i;
	return PLAN_NO_PLACE;
}
