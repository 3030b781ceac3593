/* systemd is told that we are alive as long as every worker makes progress. */
#include <errno.h>
#include <stdlib.h>

#include "base/service.h"
#include "gateway/private.h"

#define LOG_TOKEN "gateway"
#include "base/log.h"

static void watch(struct gateway *gateway, const char *name, struct worker *worker)
{
	gateway->watched[gateway->watched_count++] = (struct watched){name, worker};
}

/* Not the reader of list files: one that hangs harms no other part. */
int gateway_watch_workers(struct gateway *gateway)
{
	struct watched *watched =
		calloc(gateway->bus_count + gateway->retired_count + 3, sizeof(*watched));

	if (!watched)
		return -ENOMEM;
	free(gateway->watched);
	gateway->watched = watched;
	gateway->watched_count = 0;
	gateway->stuck = NULL;
	watch(gateway, "journal", journal_worker(gateway->journal));
	for (size_t i = 0; i < gateway->bus_count; i++)
		watch(gateway, bus_name(gateway->buses[i]), bus_worker(gateway->buses[i]));
	for (size_t i = 0; i < gateway->retired_count; i++)
		watch(gateway, bus_name(gateway->retired[i]), bus_worker(gateway->retired[i]));
	watch(gateway, "uplink", uplink_worker(gateway->uplink));
	if (gateway->registry)
		watch(gateway, "registry", registry_worker(gateway->registry));
	return 0;
}

static bool workers_make_progress(struct gateway *gateway, int64_t now_ns)
{
	const char *stuck = NULL;

	for (size_t i = 0; i < gateway->watched_count; i++)
		if (worker_is_stuck(gateway->watched[i].worker, now_ns))
			stuck = gateway->watched[i].name;
	if (stuck && !gateway->stuck)
		log_warnx("\"%s\" makes no progress: the watchdog is no longer fed", stuck);
	gateway->stuck = stuck;
	return !stuck;
}

void gateway_feed_watchdog(struct gateway *gateway)
{
	int64_t now_ns = clock_mono_ns();

	if (!gateway->watchdog_ns || !workers_make_progress(gateway, now_ns))
		return;
	service_notify("WATCHDOG=1");
	for (size_t i = 0; i < gateway->watched_count; i++)
		worker_ping(gateway->watched[i].worker, now_ns);
}
