/* Other options are taken, in the registry's thread. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/private.h"

#define LOG_TOKEN "registry"
#include "base/log.h"

static void arrange(struct registry *registry, const struct registry_plan *next)
{
	struct registry_complaint refusals[STORE_LISTS_MAX] = {0};
	bool looked_at[STORE_LISTS_MAX] = {false};
	size_t places[STORE_LISTS_MAX];

	for (size_t i = 0; i < STORE_LISTS_MAX; i++) {
		places[i] = PLAN_NO_PLACE;
		if (i < next->conf.files.count)
			places[i] = plan_place(registry->plan, next->conf.files.item[i]);
		if (places[i] >= STORE_LISTS_MAX)
			continue;
		refusals[i] = registry->refusals[places[i]];
		looked_at[i] = registry->looked_at[places[i]];
	}
	store_arrange(&registry->store, places);
	memcpy(registry->refusals, refusals, sizeof(refusals));
	memcpy(registry->looked_at, looked_at, sizeof(looked_at));
}

void registry_take_plan(struct registry *registry)
{
	struct registry_plan *next, *old = registry->plan;
	const uint64_t one = 1;

	pthread_mutex_lock(&registry->lock);
	next = registry->next ? plan_hold(registry->next) : NULL;
	pthread_mutex_unlock(&registry->lock);
	if (!next)
		return;
	arrange(registry, next);
	if (store_limit(&registry->store, next->conf.quota_bytes, next->conf.max_age_ns) < 0)
		log_warnx("the quota of \"%s\" stays as it was", registry->path);
	registry->patient_until_ns = clock_mono_ns() + REGISTRY_PATIENCE_NS;
	pthread_mutex_lock(&registry->lock);
	registry->plan = next;
	if (registry->next == next) { /* else there is a newer one already */
		registry->next = NULL;
		plan_release(next);
	}
	registry->any_update = true; /* of a list that had no place before, perhaps */
	registry->counters.changes++;
	pthread_mutex_unlock(&registry->lock);
	plan_release(old);
	(void)!write(registry->fd, &one, sizeof(one));
}
