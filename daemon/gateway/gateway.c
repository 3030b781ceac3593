#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/machine.h"
#include "base/service.h"
#include "bus/advice.h"
#include "gateway/files.h"
#include "gateway/private.h"
#include "outbound/signer.h"

#define LOG_TOKEN "gateway"
#include "base/log.h"

#define CAPTURE_SLOTS 1024
/* Of the two seconds a stop may take: who has to be done by when. */
#define STOP_CAPTURE_NS	 (NS_PER_S * 5 / 10)
#define STOP_REGISTRY_NS (NS_PER_S * 8 / 10)
#define STOP_DELIVER_NS	 (NS_PER_S * 10 / 10)
#define STOP_JOURNAL_NS	 (NS_PER_S * 12 / 10)
#define STOP_UPLINK_NS	 (NS_PER_S * 16 / 10)
#define STOP_BUSES_NS	 (NS_PER_S * 19 / 10)
#define LOOK_NS		 (5 * NS_PER_MS)

static int check_keys(const struct config *config)
{
	char name[NOTE_NAME_BYTES];

	snprintf(name, sizeof(name), "corridor/%s/%s", config->checkpoint.id, config->gateway.id);
	return signer_check_files(&config->signer, &config->witness, name);
}

int gateway_check(const struct config *config, FILE *errors, FILE *notes)
{
	struct capture_queue *captures;
	int err = capture_new(1, 0, &captures);

	if (err < 0)
		return err;
	for (size_t i = 0; i < config->bus_count; i++) {
		struct bus *bus = NULL;
		int bus_err = bus_new(config, &config->buses[i], captures, errors, &bus);

		if (bus_err < 0)
			err = bus_err;
		else if (notes)
			advice_on_bus(config, bus, notes);
		bus_free(bus);
	}
	capture_free(captures);
	if (!advice_on_lines(config, errors))
		err = -EINVAL;
	if (notes && uplink_check_files(&config->uplink) == -EINVAL) {
		files_name_tls(config, errors);
		err = -EINVAL;
	}
	if (notes && check_keys(config) < 0)
		err = -EINVAL;
	if (err == 0 && notes)
		advice_on_places(config, notes);
	return err;
}

static void restore_state(void *data, const char *key, const char *word)
{
	struct gateway *gateway = data;

	health_restore(&gateway->health, key, word);
	transit_restore(gateway->transit, key, word);
}

static void recall(void *data, const char *key, const char *text)
{
	struct gateway *gateway = data;

	transit_recall(gateway->transit, key, text);
}

static void log_not_believed(void *data, const char *point, const struct value *raw)
{
	char text[2 * VALUE_TEXT_BYTES] = "";
	struct jw json;

	(void)data;
	jw_start(&json, text, sizeof(text));
	jw_value(&json, NULL, raw);
	log_known_warnx(
		LOG_POINT_OUT_OF_RANGE,
		"\"%s\" is out of range: the device says %s; is that a value of none, map, min or "
		"max?",
		point, text);
}

static void log_change(void *data, const char *point, const struct value *value, enum reason reason)
{
	char text[2 * VALUE_TEXT_BYTES] = "";
	struct jw json;

	(void)data;
	if (!log_debugging())
		return;
	jw_start(&json, text, sizeof(text));
	jw_value(&json, NULL, value);
	if (reason == REASON_NONE)
		log_debug("\"%s\" is %s", point, text);
	else
		log_debug("\"%s\" is not good: %s", point, reason_name(reason));
}

static int new_transit(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct transit_conf conf = {
		.checkpoint = config->checkpoint.id,
		.alarm_delay = config->checkpoint.alarm_delay,
		.boot = gateway->origin.boot,
		.country = config->checkpoint.country,
		.policy = &config->checkpoint.recognition,
		.legs = config->handover.enabled ? &config->handover.legs : NULL,
		.data = gateway,
		.word_told = gateway_word_told,
		.not_believed = log_not_believed,
		.changed = log_change,
	};

	loaded_fill(gateway->loaded, &conf);
	return transit_new(&conf, &gateway->sink, &gateway->transit);
}

static int new_buses(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	int err;

	gateway->buses = calloc(config->bus_count + 1, sizeof(gateway->buses[0]));
	if (!gateway->buses)
		return -ENOMEM;
	for (size_t i = 0; i < config->bus_count; i++) {
		err = bus_new(config, &config->buses[i], gateway->captures, stderr,
			      &gateway->buses[i]);
		if (err < 0)
			return err;
		bus_set_source(gateway->buses[i], gateway->loaded);
		gateway->bus_count++;
	}
	return 0;
}

static int new_registry(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct registry_questions questions;
	struct inlet inlet;
	int err;

	err = registry_new(&config->registry, config->journal.path, &gateway->registry);
	if (err < 0)
		return err;
	questions = registry_questions(gateway->registry);
	transit_set_questions(gateway->transit, &questions);
	if (!config->registry.mqtt)
		return 0;
	inlet = registry_inlet(gateway->registry);
	uplink_subscribe(gateway->uplink, &inlet);
	return 0;
}

static int new_parts(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct instant now = clock_now();
	struct instant before;
	bool this_boot;
	int err;

	gateway->metrics_bytes = health_metrics_bytes(config);
	gateway->metrics = malloc(gateway->metrics_bytes);
	if (!gateway->metrics)
		return -ENOMEM;
	if ((err = capture_new(CAPTURE_SLOTS, config->journal.commit_every_ns,
			       &gateway->captures)) < 0)
		return err;
	if ((err = loaded_new(config, NULL, &gateway->loaded)) < 0)
		return err;
	if ((err = new_transit(gateway)) < 0)
		return err;
	if ((err = new_buses(gateway)) < 0)
		return err;
	if ((err = uplink_new(&config->uplink, &gateway->origin, &gateway->uplink)) < 0)
		return err;
	if (config->signer.enabled &&
	    (err = uplink_sign(gateway->uplink, &config->signer, &config->witness)) < 0)
		return err;
	if (uplink_peers(gateway->uplink) && (err = gateway_new_witnesses(gateway)) < 0)
		return err;
	health_start(&gateway->health, &gateway->sink, config->uplink.alarm_after_ns, &now);
	gateway->journal_conf = config->journal;
	gateway->journal_conf.machine = machine_id();
	gateway->journal_conf.tree = config->signer.enabled;
	if ((err = journal_open(&gateway->journal_conf, &gateway->origin, &gateway->journal)) < 0)
		return err;
	if (config->registry.enabled && (err = new_registry(gateway)) < 0)
		return err;
	if (config->handover.enabled && (err = gateway_new_handovers(gateway)) < 0)
		return err;
	if (config->uplink.requests && (err = gateway_new_requests(gateway)) < 0)
		return err;
	gateway_open_console(gateway);
	if (journal_last_recorded(gateway->journal, &before, &this_boot))
		health_resume(&gateway->health, &before, this_boot);
	journal_states(gateway->journal, gateway, restore_state);
	journal_memories(gateway->journal, gateway, recall);
	return 0;
}

/* Each part after those that it hands something to: journal, pure part, buses, uplink. */
static int start_parts(struct gateway *gateway)
{
	struct outlet outlet = uplink_outlet(gateway->uplink);
	struct outlet_source source = journal_source(gateway->journal);
	struct instant now = clock_now();
	int err;

	if ((err = journal_start(gateway->journal, &outlet)) < 0)
		return err;
	gateway->running = true;
	if (gateway->registry && (err = registry_start(gateway->registry)) < 0)
		return err;
	health_started(&gateway->health, gateway->config, &now);
	transit_start(gateway->transit, &now);
	for (size_t i = 0; i < gateway->bus_count; i++)
		if ((err = bus_start(gateway->buses[i])) < 0)
			return err;
	if ((err = uplink_start(gateway->uplink, &source)) < 0)
		return err;
	gateway_rearm(gateway);
	return 0;
}

int gateway_new(const struct config *config, const char *path, struct gateway **ret_gateway)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	size_t lost;
	int err;

	if (!gateway)
		return -ENOMEM;
	gateway->step_fd = -1;
	gateway->answers_fd = -1;
	gateway->give_up_ns = INT64_MAX;
	gateway->config = gateway->base = config;
	gateway->sink = (struct event_sink){.data = gateway, .put = gateway_put};
	gateway->origin = (struct event_origin){
		.checkpoint = config->checkpoint.id,
		.gateway = config->gateway.id,
		.boot = clock_boot_id(),
	};
	err = gateway_new_reload(gateway, path);
	if (err == 0)
		err = new_parts(gateway);
	if (err == 0)
		err = gateway_watch_workers(gateway);
	if (err == 0)
		err = gateway_open_loop(gateway);
	if (err == 0)
		err = start_parts(gateway);
	if (err < 0) {
		log_error(err, "cannot start");
		gateway_free(gateway, &lost);
		return err;
	}
	*ret_gateway = gateway;
	return 0;
}

void gateway_run(struct gateway *gateway)
{
	service_notify("READY=1");
	ev_run(gateway->loop, 0);
	service_notify("STOPPING=1");
}

/* What the buses have read so far still becomes events. */
static void finish_capture(struct gateway *gateway)
{
	struct instant now;

	for (size_t i = 0; i < gateway->bus_count; i++)
		(void)bus_stop(gateway->buses[i], 0);
	for (size_t i = 0; i < gateway->retired_count; i++)
		(void)bus_stop(gateway->retired[i], 0);
	capture_close(gateway->captures);
	gateway_drain_until(gateway, gateway->give_up_ns);
	if (gateway->registry) {
		(void)registry_stop(gateway->registry,
				    gateway->give_up_ns - STOP_CAPTURE_NS + STOP_REGISTRY_NS);
		gateway_take_answers(gateway);
	}
	now = clock_now();
	health_stopped(&gateway->health, &now);
}

static bool is_delivered(struct gateway *gateway, uint64_t mark)
{
	return journal_durable(gateway->journal) >= mark &&
	       journal_counters(gateway->journal).backlog == 0;
}

/* What is told last, and as much of a backlog as the time allows, while the broker is there. The
 * journal, which lets acknowledgements wait, looks at them each time. */
static void deliver(struct gateway *gateway, int64_t deadline_ns)
{
	const struct timespec pause = clock_timespec(LOOK_NS);
	uint64_t mark = journal_mark(gateway->journal);

	while ((!is_delivered(gateway, mark) || !uplink_signed(gateway->uplink)) &&
	       uplink_counters(gateway->uplink).connected && clock_mono_ns() < deadline_ns) {
		(void)ppoll(NULL, 0, &pause, NULL);
		journal_hurry(gateway->journal);
	}
}

static bool free_buses(struct bus **buses, size_t count, int64_t deadline_ns)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		if (!bus_stop(buses[i], deadline_ns)) {
			all = false;
			continue;
		}
		bus_free(buses[i]);
	}
	return all;
}

static void free_loaded(struct loaded *loaded)
{
	while (loaded) {
		struct loaded *older = loaded->older;

		loaded_free(loaded);
		loaded = older;
	}
}

bool gateway_free(struct gateway *gateway, size_t *ret_lost)
{
	int64_t now_ns = clock_mono_ns();
	bool closed, all;

	*ret_lost = 0;
	if (!gateway)
		return true;
	gateway->give_up_ns = now_ns + STOP_CAPTURE_NS;
	if (gateway->journal)
		journal_hurry(gateway->journal);
	if (gateway->running)
		finish_capture(gateway);
	if (gateway->running && gateway->uplink)
		deliver(gateway, now_ns + STOP_DELIVER_NS);
	gateway_close_loop(gateway);
	uplink_detach(gateway->uplink);
	closed = journal_close(gateway->journal, now_ns + STOP_JOURNAL_NS, ret_lost);
	if (*ret_lost > 0)
		log_error(0, "%zu events could not be journalled before the stop", *ret_lost);
	if (!closed) /* it may still call the uplink */
		return false;
	all = uplink_free(gateway->uplink, now_ns + STOP_UPLINK_NS);
	all &= registry_stop(gateway->registry, now_ns + STOP_UPLINK_NS);
	all &= free_buses(gateway->buses, gateway->bus_count, now_ns + STOP_BUSES_NS);
	all &= free_buses(gateway->retired, gateway->retired_count, now_ns + STOP_BUSES_NS);
	all &= gateway_stop_reload(gateway, now_ns + STOP_BUSES_NS);
	if (!all)
		return false;
	registry_free(gateway->registry);
	requests_free(gateway->requests);
	gateway_close_console(gateway);
	inbox_free(gateway->handovers);
	free(gateway->neighbours);
	free(gateway->officers);
	inbox_free(gateway->witnesses);
	inbox_free(gateway->logs);
	transit_free(gateway->transit);
	capture_free(gateway->captures);
	gateway_free_reload(gateway);
	free_loaded(gateway->loaded);
	free(gateway->watched);
	free(gateway->buses);
	free(gateway->retired);
	free(gateway->metrics);
	free(gateway);
	return true;
}
