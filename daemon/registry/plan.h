/* What the registry is to go by: a copy of its options, shared by its threads and the main loop. */
#ifndef CORRIDORD_REGISTRY_PLAN_H
#define CORRIDORD_REGISTRY_PLAN_H

#include <stdatomic.h>

#include "config/config.h"

#define PLAN_NO_PLACE SIZE_MAX

struct registry_plan {
	_Atomic int users;
	struct registry_conf conf; /* its texts are the plan's */
};

int plan_new(const struct registry_conf *conf, struct registry_plan **ret_plan); /* -ENOMEM */
struct registry_plan *plan_hold(struct registry_plan *plan);
void plan_release(struct registry_plan *plan); /* takes NULL */

/* What can be changed is as it was. */
bool plan_is_same(const struct registry_plan *plan, const struct registry_conf *conf);
/* Of the list with this path; PLAN_NO_PLACE: it has none. */
size_t plan_place(const struct registry_plan *plan, const char *path);

#endif
