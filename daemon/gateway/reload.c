/* Another configuration takes the place of the one in effect. It is read and judged in a thread of its
 * own; then, between two readings, the pure part goes over to it. Buses that changed are told to
 * stop, and what they read from then on is of nothing any more; when all of them have ended, as
 * they may hold a line or a pin, those that take their place are started. An heir goes on with what
 * the one before holds of points that are the same. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/service.h"
#include "gateway/draft.h"
#include "gateway/private.h"

#define LOG_TOKEN "reload"
#include "base/log.h"

#define STUCK_NS      (60 * NS_PER_S)
#define LINES_MOST    20 /* of what is wrong, in the log */
#define MEMBERS_BYTES 512
#define JOIN_NS	      NS_PER_S
#define ANSWER_NS     (10 * NS_PER_S) /* who asked is told, though some have not ended yet */

_Static_assert(CONFIG_NEW == TRANSIT_NEW, "what is the same goes to the pure part as it is");

struct change {
	size_t kept, started, stopped; /* buses */
	size_t units_kept, units; /* lanes, contacts and meters of the new one */
};

struct reload {
	char *path;
	struct worker *worker; /* of the thread; NULL: nothing is read */
	int done_fd;
	struct draft_basis basis; /* for the thread */
	struct draft draft;
	bool waits; /* the draft is good, and the journal has no room for what it causes */
	bool starts; /* buses are to be started when those before have ended */
	bool again; /* was asked for meanwhile */

	char user[ACCOUNT_NAME_BYTES];
	uint64_t number;
	char hash[CONFIG_HASH_BYTES]; /* of the configuration in effect */
	struct instant since; /* when it came into effect */
	char refused[QUESTION_ERROR_BYTES]; /* why the last one did not; empty: it did */
	struct instant refused_at;
	struct change change; /* by the last one */
	char members[MEMBERS_BYTES]; /* of an answer */
};

static void read_draft(void *data)
{
	struct reload *reload = data;
	const uint64_t one = 1;

	draft_read(&reload->basis, &reload->draft);
	(void)!write(reload->done_fd, &one, sizeof(one));
}

/* ---- beginning and end ----------------------------------------------------------------- */

int gateway_new_reload(struct gateway *gateway, const char *path)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	int err;

	if (!reload)
		return -ENOMEM;
	gateway->reload = reload;
	reload->basis.base = gateway->base;
	reload->since = clock_now();
	reload->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reload->done_fd < 0)
		return -errno;
	reload->path = strdup(path);
	if (!reload->path)
		return -ENOMEM;
	err = config_hash(gateway->config, reload->hash);
	malloc_trim(0); /* what that took of the heap is given back */
	return err;
}

bool gateway_stop_reload(struct gateway *gateway, int64_t deadline_ns)
{
	return !gateway->reload || worker_stop(gateway->reload->worker, deadline_ns);
}

void gateway_free_reload(struct gateway *gateway)
{
	struct reload *reload = gateway->reload;

	if (!reload)
		return;
	worker_free(reload->worker);
	draft_drop(&reload->draft);
	if (reload->done_fd >= 0)
		close(reload->done_fd);
	free(reload->path);
	free(reload);
	gateway->reload = NULL;
}

int gateway_reload_fd(const struct gateway *gateway)
{
	return gateway->reload->done_fd;
}

static void tell_manager(bool begins)
{
	char state[64] = "READY=1";

	if (begins)
		snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
			 (long long)(clock_mono_ns() / NS_PER_US));
	service_notify(state);
}

static int start_reading(struct gateway *gateway)
{
	struct reload *reload = gateway->reload;
	const struct worker_job job = {.name = "reload", .run = read_draft, .data = reload};
	int err = worker_new(STUCK_NS, &reload->worker);

	reload->basis.path = reload->path;
	reload->basis.old = gateway->config;
	reload->basis.captures = gateway->captures;
	if (err == 0)
		err = worker_start(reload->worker, &job);
	if (err < 0) {
		worker_free(reload->worker);
		reload->worker = NULL;
	}
	return err;
}

int gateway_begin_reload(struct gateway *gateway, const char *user, uint64_t number)
{
	struct reload *reload = gateway->reload;
	int err;

	if (reload->worker || reload->waits || gateway->retired_count > 0) {
		reload->again |= number == 0;
		return -EBUSY;
	}
	log_info("%s is read again, for %s", reload->path, user);
	snprintf(reload->user, sizeof(reload->user), "%s", user);
	reload->number = number;
	tell_manager(true);
	err = start_reading(gateway);
	if (err < 0) {
		log_warn(err, "there is no thread to read it");
		tell_manager(false);
	}
	return err;
}

static void end_reload(struct gateway *gateway)
{
	struct reload *reload = gateway->reload;
	bool again = reload->again;

	draft_drop(&reload->draft);
	tell_manager(false);
	reload->again = false;
	if (again)
		(void)gateway_begin_reload(gateway, "SIGHUP", 0);
}

/* ---- refusals -------------------------------------------------------------------------- */

static void log_lines(const char *told)
{
	int count = 0;

	for (const char *end; *told && count < LINES_MOST; told = *end ? end + 1 : end, count++) {
		end = strchrnul(told, '\n');
		log_warnx("%.*s", (int)(end - told), told);
	}
	if (*told)
		log_warnx("and more: corridord -n tells all");
}

static void answer_refused(struct gateway *gateway, const char *told)
{
	struct reload *reload = gateway->reload;
	struct control_refusal refusal = {.code = "bad_configuration", .lines = told};

	memcpy(refusal.error, reload->refused, sizeof(refusal.error));
	if (reload->number && gateway->control)
		control_answer(gateway->control, reload->number, NULL, 0, &refusal,
			       clock_mono_ns());
}

static void refuse(struct gateway *gateway, int err)
{
	struct reload *reload = gateway->reload;
	const char *told = reload->draft.told ? reload->draft.told : "";

	if (told[0])
		snprintf(reload->refused, sizeof(reload->refused), "%.*s", (int)strcspn(told, "\n"),
			 told);
	else
		snprintf(reload->refused, sizeof(reload->refused), "%s: %s", reload->path,
			 strerror(-err));
	reload->refused_at = clock_now();
	log_known_warnx(LOG_RELOAD_REFUSED,
			"%s is not taken, the configuration before stays in effect; what is wrong:",
			reload->path);
	log_lines(told[0] ? told : reload->refused);
	answer_refused(gateway, told);
	end_reload(gateway);
}

/* ---- going over ------------------------------------------------------------------------ */

static size_t count_units(const struct config *config)
{
	return config->lane_count + config->contact_count + config->meter_count;
}

static struct change count_change(const struct gateway *gateway, const struct draft *draft)
{
	const struct config *next = draft->config;
	struct change change = {.units = count_units(next)};

	for (size_t i = 0; i < next->bus_count; i++)
		change.kept += draft->same.buses[i] != CONFIG_NEW;
	for (size_t i = 0; i < change.units; i++)
		change.units_kept += draft->same.units[i] != CONFIG_NEW;
	change.started = next->bus_count - change.kept;
	change.stopped = gateway->bus_count - change.kept;
	return change;
}

static void put_change(struct gateway *gateway, const struct change *change,
		       const struct instant *now)
{
	const struct reload *reload = gateway->reload;
	const struct health_change event = {
		.user = reload->user,
		.before = reload->hash,
		.after = reload->draft.hash,
		.buses_kept = change->kept,
		.buses_started = change->started,
		.buses_stopped = change->stopped,
		.buses = gateway->config->bus_count,
		.devices = gateway->config->device_count,
		.lanes = gateway->config->lane_count,
	};

	health_changed(&gateway->health, &event, now);
}

static void answer_done(struct gateway *gateway, const struct change *change, bool changed)
{
	struct reload *reload = gateway->reload;
	struct jw json;

	if (!reload->number || !gateway->control)
		return;
	jw_start(&json, reload->members, sizeof(reload->members) - 1);
	jw_bool(&json, "changed", changed);
	jw_text(&json, "hash", reload->hash);
	jw_uint(&json, "buses_kept", change->kept);
	jw_uint(&json, "buses_started", change->started);
	jw_uint(&json, "buses_stopped", change->stopped);
	if (gateway->retired_count > 0)
		jw_uint(&json, "buses_stopping", gateway->retired_count);
	reload->members[json.bytes] = '\0';
	gateway_answer_when_durable(gateway, reload->number, reload->members);
	gateway_console_durable(gateway); /* all of it may be */
	reload->number = 0;
}

/* All that going over needs and that can fail for want of memory. */
struct ready {
	struct loaded *loaded;
	struct loaded_move move;
	struct bus **buses, **retired;
	char *metrics;
	size_t metrics_bytes;
	struct registry_change *registry; /* NULL: that stays as it is */
};

static void drop_ready(struct ready *ready)
{
	loaded_free(ready->loaded);
	loaded_move_free(&ready->move);
	free(ready->buses);
	free(ready->retired);
	free(ready->metrics);
	registry_change_free(ready->registry);
}

static int get_ready(const struct gateway *gateway, const struct draft *draft,
		     struct ready *ret_ready)
{
	const struct config *next = draft->config;
	int err = loaded_new(next, NULL, &ret_ready->loaded);

	if (err == 0)
		err = loaded_move_new(gateway->config, next, &draft->same, &ret_ready->move);
	ret_ready->buses = calloc(next->bus_count + 1, sizeof(ret_ready->buses[0]));
	ret_ready->retired = calloc(gateway->bus_count + 1, sizeof(ret_ready->retired[0]));
	ret_ready->metrics_bytes = health_metrics_bytes(next);
	ret_ready->metrics = malloc(ret_ready->metrics_bytes);
	if (err == 0 && gateway->registry)
		err = registry_prepare(gateway->registry, &next->registry, &ret_ready->registry);
	if (err == 0 && (!ret_ready->buses || !ret_ready->retired || !ret_ready->metrics))
		err = -ENOMEM;
	return err;
}

static int rewire(struct gateway *gateway, const struct draft *draft, const struct ready *ready,
		  const struct instant *now)
{
	const struct transit_kept kept = {.devices = draft->same.devices,
					  .points = draft->same.points,
					  .units = draft->same.units};
	struct transit_conf conf = {0};

	loaded_fill(ready->loaded, &conf);
	return transit_rewire(gateway->transit, &conf, &kept, now);
}

static void bequeath(const struct gateway *gateway, const struct draft *draft,
		     const struct ready *ready)
{
	const struct config *old = gateway->config;

	for (size_t i = 0; i < draft->config->bus_count; i++) {
		uint32_t from = draft->same.heirs[i];

		if (from != CONFIG_NEW)
			bus_bequeath(gateway->buses[from], ready->buses[i], draft->same.points,
				     old->devices[old->buses[from].devices[0]].first_point);
	}
}

/* Kept buses go to their new places, the others are told to stop. */
static void change_buses(struct gateway *gateway, struct draft *draft, struct ready *ready)
{
	for (size_t i = 0; i < draft->config->bus_count; i++) {
		uint32_t old = draft->same.buses[i];

		ready->buses[i] = old == CONFIG_NEW ? draft->buses[i] : gateway->buses[old];
		draft->buses[i] = NULL;
		if (old == CONFIG_NEW)
			bus_set_source(ready->buses[i], ready->loaded);
		else
			gateway->buses[old] = NULL;
	}
	bequeath(gateway, draft, ready);
	free(gateway->retired);
	gateway->retired = ready->retired;
	gateway->retired_count = 0;
	for (size_t i = 0; i < gateway->bus_count; i++) {
		if (!gateway->buses[i])
			continue;
		(void)bus_stop(gateway->buses[i], 0);
		gateway->retired[gateway->retired_count++] = gateway->buses[i];
	}
	free(gateway->buses);
	gateway->buses = ready->buses;
	gateway->bus_count = draft->config->bus_count;
}

/* One that was started with -d goes on to say all. */
static void set_log_level(const struct config *old, const struct config *next)
{
	if (!log_debugging() || gateway_log_level(old) == LOG_LEVEL_DEBUG)
		log_set_level(gateway_log_level(next));
}

static void take_ready(struct gateway *gateway, struct draft *draft, struct ready *ready)
{
	for (struct loaded *loaded = gateway->loaded; loaded; loaded = loaded->older)
		loaded_move(loaded, &ready->move);
	change_buses(gateway, draft, ready);
	free(gateway->metrics);
	gateway->metrics = ready->metrics;
	gateway->metrics_bytes = ready->metrics_bytes;
	ready->loaded->owned = draft->config;
	ready->loaded->older = gateway->loaded;
	gateway->loaded = ready->loaded;
	set_log_level(gateway->config, draft->config);
	gateway->config = draft->config;
	draft->config = NULL;
	free(draft->buses);
	draft->buses = NULL;
	loaded_move_free(&ready->move);
	registry_go_over(gateway->registry, ready->registry);
}

static void change_connection(struct gateway *gateway)
{
	int err = uplink_change(gateway->uplink, &gateway->config->uplink);

	if (err < 0)
		log_warn(err, "the connection to the broker stays as it was");
}

static void watch_workers(struct gateway *gateway)
{
	int err = gateway_watch_workers(gateway);

	if (err < 0)
		log_warn(err, "the watchdog looks at nobody");
}

static void go_over(struct gateway *gateway)
{
	struct reload *reload = gateway->reload;
	struct draft *draft = &reload->draft;
	const struct change change = count_change(gateway, draft);
	const struct instant now = clock_now();
	struct ready ready = {.loaded = NULL};
	int err = get_ready(gateway, draft, &ready);

	if (err == 0)
		err = rewire(gateway, draft, &ready, &now);
	if (err < 0) {
		drop_ready(&ready);
		refuse(gateway, err);
		return;
	}
	take_ready(gateway, draft, &ready);
	if (draft->connection)
		change_connection(gateway);
	put_change(gateway, &change, &now);
	transit_judge_pending(gateway->transit, &now);
	watch_workers(gateway);
	memcpy(reload->hash, draft->hash, sizeof(reload->hash));
	reload->since = now;
	reload->refused[0] = '\0';
	reload->starts = true;
	log_known_info(
		LOG_RELOAD_DONE,
		"in effect, for %s: %zu buses go on, %zu stop, %zu start; of %zu lanes, contacts "
		"and meters %zu go on",
		reload->user, change.kept, change.stopped, change.started, change.units,
		change.units_kept);
	reload->change = change;
	gateway_look_at_retired(gateway);
}

static bool is_changed(const struct gateway *gateway, const struct draft *draft)
{
	const struct config *old = gateway->config, *next = draft->config;
	const struct change change = count_change(gateway, draft);

	return change.started > 0 || change.stopped > 0 || change.units_kept < change.units ||
	       change.units != count_units(old) ||
	       strcmp(gateway->reload->hash, draft->hash) != 0 ||
	       old->device_count != next->device_count;
}

/* All that was read before is of the configuration before. */
static void go_over_when_there_is_room(struct gateway *gateway)
{
	gateway_drain(gateway);
	gateway->reload->waits = !journal_has_room(gateway->journal);
	if (!gateway->reload->waits)
		go_over(gateway);
}

void gateway_go_over(struct gateway *gateway)
{
	struct reload *reload = gateway->reload;
	const struct change same = {.kept = gateway->bus_count};

	if (!worker_stop(reload->worker, clock_mono_ns() + JOIN_NS))
		return; /* it has told, and has nothing left to do: not so for long */
	worker_free(reload->worker);
	reload->worker = NULL;
	if (reload->draft.err < 0) {
		refuse(gateway, reload->draft.err);
	} else if (!is_changed(gateway, &reload->draft)) {
		log_info("nothing has changed");
		reload->refused[0] = '\0';
		answer_done(gateway, &same, false);
		end_reload(gateway);
	} else {
		go_over_when_there_is_room(gateway);
	}
}

/* ---- after it -------------------------------------------------------------------------- */

static void refuse_question(struct gateway *gateway, uint64_t number)
{
	struct control_refusal refusal = {.code = "no_answer"};

	snprintf(refusal.error, sizeof(refusal.error),
		 "the bus of this device was changed by a reload, ask again");
	if (gateway->control)
		control_answer(gateway->control, number, NULL, 0, &refusal, clock_mono_ns());
}

static void free_those_that_ended(struct gateway *gateway)
{
	size_t left = 0;

	for (size_t i = 0; i < gateway->retired_count; i++) {
		struct bus *bus = gateway->retired[i];
		struct bus_question question;

		if (!bus_stop(bus, 0)) {
			gateway->retired[left++] = bus;
			continue;
		}
		if (bus_left_question(bus, &question))
			refuse_question(gateway, question.number);
		bus_be_inherited(bus);
		bus_free(bus);
	}
	gateway->retired_count = left;
}

static bool is_needed(const struct gateway *gateway, const struct loaded *loaded)
{
	struct transit_conf conf = {0};

	for (size_t i = 0; i < gateway->bus_count; i++)
		if (bus_source(gateway->buses[i]) == loaded)
			return true;
	if (uplink_uses(gateway->uplink, &loaded->config->uplink))
		return true;
	loaded_fill(loaded, &conf);
	return transit_refers_to(gateway->transit, &conf);
}

static void free_what_nothing_is_left_of(struct gateway *gateway)
{
	struct loaded **at = &gateway->loaded->older;

	gateway_drain(gateway); /* what the last ones have read names them */
	if (!journal_has_room(gateway->journal))
		return; /* the next reload finds it */
	while (*at) {
		struct loaded *loaded = *at;

		if (is_needed(gateway, loaded)) {
			at = &loaded->older;
			continue;
		}
		*at = loaded->older;
		loaded_free(loaded);
	}
}

static bool can_start(const struct gateway *gateway, const struct bus *bus)
{
	if (bus_source(bus) != gateway->loaded || bus_has_started(bus))
		return false;
	for (size_t i = 0; i < gateway->retired_count; i++)
		if (bus_waits_for(bus, gateway->retired[i]))
			return false;
	return true;
}

/* Without a thread for it a bus is not read: the manager starts all anew. */
static void start_new_buses(struct gateway *gateway)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < gateway->bus_count; i++)
		if (can_start(gateway, gateway->buses[i]))
			err = bus_start(gateway->buses[i]);
	if (err == 0)
		return;
	log_error(err, "a bus cannot be started, so the daemon stops");
	ev_break(gateway->loop, EVBREAK_ALL);
}

void gateway_look_at_retired(struct gateway *gateway)
{
	struct reload *reload = gateway->reload;

	if (reload->waits)
		go_over_when_there_is_room(gateway);
	if (reload->starts) {
		size_t before = gateway->retired_count;

		free_those_that_ended(gateway);
		if (gateway->retired_count < before)
			watch_workers(gateway);
		start_new_buses(gateway);
		if (gateway->retired_count == 0) {
			reload->starts = false;
			free_what_nothing_is_left_of(gateway);
		}
		if (!reload->starts || clock_mono_ns() - reload->since.mono_ns > ANSWER_NS)
			answer_done(gateway, &reload->change, true);
		if (!reload->starts)
			end_reload(gateway);
	}
	if (!reload->waits && !reload->starts)
		ev_timer_stop(gateway->loop, &gateway->on_retired);
	else if (!ev_is_active(&gateway->on_retired))
		ev_timer_start(gateway->loop, &gateway->on_retired);
}

void gateway_reload_status(const struct gateway *gateway, struct jw *json)
{
	const struct reload *reload = gateway->reload;

	jw_open(json, "configuration");
	jw_text(json, "file", reload->path);
	jw_text(json, "hash", reload->hash);
	jw_utc(json, "since", reload->since.utc_ns);
	if (reload->refused[0]) {
		jw_open(json, "refused");
		jw_utc(json, "utc", reload->refused_at.utc_ns);
		jw_text(json, "error", reload->refused);
		jw_close(json);
	}
	jw_close(json);
}
