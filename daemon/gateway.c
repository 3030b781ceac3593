#include <errno.h>
#include <stdlib.h>

#include "gateway_private.h"
#include "service.h"

#define LOG_TOKEN "gateway"
#include "log.h"

#define CAPTURE_SLOTS 1024
/* Of the two seconds a stop may take: who has to be done by when. */
#define STOP_CAPTURE_NS (NS_PER_S * 5 / 10)
#define STOP_DESK_NS	(NS_PER_S * 8 / 10)
#define STOP_JOURNAL_NS (NS_PER_S * 12 / 10)
#define STOP_UPLINK_NS	(NS_PER_S * 16 / 10)
#define STOP_BUSES_NS	(NS_PER_S * 19 / 10)

int gateway_check(const struct config *config, FILE *errors)
{
	struct capture_queue *captures;
	int result;
	size_t i;

	result = capture_new(1, &captures);
	if (result < 0)
		return result;
	for (i = 0; i < config->bus_count; i++) {
		struct bus *bus = NULL;
		int err = bus_new(config, &config->buses[i], captures, errors, &bus);

		if (err < 0)
			result = err;
		bus_free(bus);
	}
	capture_free(captures);
	return result;
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

static int new_transit(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct transit_conf conf = {
		.device_count = config->device_count,
		.points = config->points,
		.point_count = config->point_count,
		.lanes = config->lanes,
		.lane_count = config->lane_count,
		.meters = config->meters,
		.meter_count = config->meter_count,
		.checkpoint = config->checkpoint.id,
		.patience = config->checkpoint.patience,
		.boot = gateway->origin.boot,
		.country = config->checkpoint.country,
		.own_benefits = config->checkpoint.own_benefits,
		.legs = config->handover.enabled ? &config->handover.legs : NULL,
	};
	size_t i;

	gateway->transit_devices =
		calloc(config->device_count + 1, sizeof(gateway->transit_devices[0]));
	if (!gateway->transit_devices)
		return -ENOMEM;
	for (i = 0; i < config->device_count; i++) {
		const struct device_conf *device = &config->devices[i];

		gateway->transit_devices[i].name = device->name;
		if (!device->own_bus)
			gateway->transit_devices[i].bus = config->buses[device->bus].name;
	}
	conf.devices = gateway->transit_devices;
	return transit_new(&conf, &gateway->sink, &gateway->transit);
}

static int new_buses(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	size_t i;
	int err;

	gateway->buses = calloc(config->bus_count + 1, sizeof(gateway->buses[0]));
	if (!gateway->buses)
		return -ENOMEM;
	for (i = 0; i < config->bus_count; i++) {
		err = bus_new(config, &config->buses[i], gateway->captures, stderr,
			      &gateway->buses[i]);
		if (err < 0)
			return err;
		gateway->bus_count++;
	}
	return 0;
}

static int new_desk(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct registry_desk questions;
	struct inlet inlet;
	int err;

	err = desk_new(&config->registry, config->journal.path, &gateway->desk);
	if (err < 0)
		return err;
	questions = desk_questions(gateway->desk);
	transit_set_desk(gateway->transit, &questions);
	if (!config->registry.mqtt)
		return 0;
	inlet = desk_inlet(gateway->desk);
	uplink_hear(gateway->uplink, &inlet);
	return 0;
}

static int new_parts(struct gateway *gateway)
{
	const struct config *config = gateway->config;
	struct instant now = clock_now();
	int err;

	gateway->metrics_bytes = health_metrics_bytes(config);
	gateway->metrics = malloc(gateway->metrics_bytes);
	if (!gateway->metrics)
		return -ENOMEM;
	if ((err = capture_new(CAPTURE_SLOTS, &gateway->captures)) < 0)
		return err;
	if ((err = new_transit(gateway)) < 0)
		return err;
	if ((err = new_buses(gateway)) < 0)
		return err;
	if ((err = uplink_new(&config->uplink, &gateway->origin, &gateway->uplink)) < 0)
		return err;
	health_start(&gateway->health, &gateway->sink, config->uplink.alarm_after_ns, &now);
	if ((err = journal_open(&config->journal, &gateway->origin, &gateway->journal)) < 0)
		return err;
	if (config->registry.enabled && (err = new_desk(gateway)) < 0)
		return err;
	if (config->handover.enabled && (err = gateway_new_handovers(gateway)) < 0)
		return err;
	if (config->uplink.requests && (err = gateway_new_requests(gateway)) < 0)
		return err;
	journal_states(gateway->journal, gateway, restore_state);
	journal_memories(gateway->journal, gateway, recall);
	return 0;
}

/* What hears comes before what speaks: journal, pure part, buses, and only then the uplink. */
static int start_parts(struct gateway *gateway)
{
	struct outlet outlet = uplink_outlet(gateway->uplink);
	struct outlet_source source = journal_source(gateway->journal);
	struct instant now = clock_now();
	size_t i;
	int err;

	if ((err = journal_start(gateway->journal, &outlet)) < 0)
		return err;
	gateway->running = true;
	if (gateway->desk && (err = desk_start(gateway->desk)) < 0)
		return err;
	health_started(&gateway->health, gateway->config, &now);
	transit_start(gateway->transit, &now);
	for (i = 0; i < gateway->bus_count; i++)
		if ((err = bus_start(gateway->buses[i])) < 0)
			return err;
	if ((err = uplink_start(gateway->uplink, &source)) < 0)
		return err;
	gateway_settle(gateway);
	return 0;
}

int gateway_new(const struct config *config, struct gateway **ret_gateway)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	int err;

	if (!gateway)
		return -ENOMEM;
	gateway->step_fd = -1;
	gateway->give_up_ns = INT64_MAX;
	gateway->config = config;
	gateway->sink = (struct event_sink){.data = gateway, .put = gateway_put};
	gateway->origin = (struct event_origin){
		.checkpoint = config->checkpoint.id,
		.gateway = config->gateway.id,
		.boot = clock_boot_id(),
	};
	err = new_parts(gateway);
	if (err == 0)
		err = gateway_open_loop(gateway);
	if (err == 0)
		err = start_parts(gateway);
	if (err < 0) {
		log_error(err, "cannot start");
		gateway_free(gateway);
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

/* What the buses have given so far still becomes events. */
static void finish_capture(struct gateway *gateway)
{
	struct instant now;
	size_t i;

	for (i = 0; i < gateway->bus_count; i++)
		bus_stop(gateway->buses[i]);
	capture_close(gateway->captures);
	gateway_drain_until(gateway, gateway->give_up_ns);
	if (gateway->desk) {
		(void)desk_stop(gateway->desk,
				gateway->give_up_ns - STOP_CAPTURE_NS + STOP_DESK_NS);
		gateway_heed_desk(gateway);
	}
	now = clock_now();
	health_stopped(&gateway->health, &now);
}

static bool free_buses(struct gateway *gateway, int64_t deadline_ns)
{
	bool all = true;
	size_t i;

	for (i = 0; i < gateway->bus_count; i++) {
		if (!bus_join(gateway->buses[i], deadline_ns)) {
			all = false;
			continue;
		}
		bus_free(gateway->buses[i]);
	}
	return all;
}

bool gateway_free(struct gateway *gateway)
{
	int64_t now_ns = clock_mono_ns();
	bool closed, all;
	size_t lost;

	if (!gateway)
		return true;
	gateway->give_up_ns = now_ns + STOP_CAPTURE_NS;
	if (gateway->running)
		finish_capture(gateway);
	gateway_close_loop(gateway);
	uplink_detach(gateway->uplink);
	closed = journal_close(gateway->journal, now_ns + STOP_JOURNAL_NS, &lost);
	gateway->lost += lost;
	if (gateway->lost > 0)
		log_error(0, "%llu events could not be journalled before the stop",
			  (unsigned long long)gateway->lost);
	if (!closed) /* it may still call the uplink */
		return false;
	all = uplink_free(gateway->uplink, now_ns + STOP_UPLINK_NS);
	all &= desk_stop(gateway->desk, now_ns + STOP_UPLINK_NS);
	if (!free_buses(gateway, now_ns + STOP_BUSES_NS) || !all)
		return false;
	desk_free(gateway->desk);
	requests_free(gateway->requests);
	inbox_free(gateway->handovers);
	transit_free(gateway->transit);
	capture_free(gateway->captures);
	free(gateway->transit_devices);
	free(gateway->buses);
	free(gateway->metrics);
	free(gateway);
	return true;
}
