#include "scripted_bus.h"

struct scripted_driver {
	const struct driver_setup *setup;
	struct script *script;
};

/* ---- the driver ------------------------------------------------------------------------ */

static int scripted_new(const struct driver_setup *setup, void **ret_instance,
			struct driver_complaint *complaint)
{
	struct script *script = (struct script *)(uintptr_t)setup->conf;
	struct scripted_driver *driver;

	if (script->refuse_plan) {
		complaint->device = 1;
		complaint->point = 0;
		snprintf(complaint->message, sizeof(complaint->message), "lies outside");
		return -EINVAL;
	}
	driver = calloc(1, sizeof(*driver));
	driver->setup = setup;
	driver->script = script;
	*ret_instance = driver;
	return 0;
}

static int scripted_open(void *instance)
{
	struct scripted_driver *driver = instance;
	const struct driver_host *host = &driver->setup->host;
	struct script *script = driver->script;
	int err;

	pthread_mutex_lock(&script->lock);
	script->opens++;
	err = script->open_err;
	if (err && script->open_reason)
		for (size_t i = 0; i < driver->setup->device_count; i++)
			host->fault(host->data, i, DRIVER_ALL, script->open_reason,
				    "the port is gone");
	pthread_mutex_unlock(&script->lock);
	return err;
}

static void scripted_close(void *instance)
{
	struct scripted_driver *driver = instance;

	pthread_mutex_lock(&driver->script->lock);
	driver->script->closes++;
	pthread_mutex_unlock(&driver->script->lock);
}

static void give_readings(struct scripted_driver *driver, size_t device)
{
	const struct driver_host *host = &driver->setup->host;
	struct scripted_unit *unit = &driver->script->unit[device];
	struct value value = value_int(unit->value);
	size_t last = driver->setup->devices[device].point_count - 1;

	if (unit->counting)
		unit->value++;
	for (size_t i = 0; i <= last; i++) {
		if (i == last && unit->last_point_reason)
			host->fault(host->data, device, i, unit->last_point_reason,
				    "illegal address");
		else
			host->reading(host->data, device, i, &value, clock_mono_ns(), 0);
	}
}

static void give_fault(struct scripted_driver *driver, size_t device)
{
	const struct driver_host *host = &driver->setup->host;
	const struct scripted_unit *unit = &driver->script->unit[device];

	if (unit->err && unit->reason)
		host->fault(host->data, device, DRIVER_ALL, unit->reason, "nothing came");
}

static void hang(struct script *script)
{
	bool hangs;

	pthread_mutex_lock(&script->lock);
	hangs = script->hangs;
	pthread_mutex_unlock(&script->lock);
	if (hangs)
		sem_wait(&script->let_go);
}

static int scripted_poll(void *instance, size_t device)
{
	struct scripted_driver *driver = instance;
	struct scripted_unit *unit = &driver->script->unit[device];
	int64_t cost_ns;
	int err;

	hang(driver->script);
	pthread_mutex_lock(&driver->script->lock);
	unit->polls++;
	err = unit->err;
	cost_ns = unit->cost_ns;
	if (!err || unit->half)
		give_readings(driver, device);
	give_fault(driver, device);
	pthread_mutex_unlock(&driver->script->lock);
	take_time(cost_ns);
	return err;
}

/* Each register is its address; err as of the device's polls. */
static int scripted_peek(void *instance, size_t device, struct driver_peek *peek)
{
	struct scripted_driver *driver = instance;
	int err;

	pthread_mutex_lock(&driver->script->lock);
	driver->script->unit[device].peeks++;
	err = driver->script->unit[device].err;
	pthread_mutex_unlock(&driver->script->lock);
	for (uint32_t i = 0; i < peek->count; i++)
		peek->values[i] = (uint16_t)(peek->address + i);
	snprintf(peek->why, sizeof(peek->why), "%s", err ? "says no" : "");
	return err;
}

static const struct driver scripted_driver = {
	.name = "scripted",
	.blocking = true,
	.create = scripted_new,
	.destroy = free,
	.open = scripted_open,
	.close = scripted_close,
	.poll = scripted_poll,
	.peek = scripted_peek,
};

/* ---- set-up ---------------------------------------------------------------------------- */

int scripted_bus_new(void **state)
{
	struct scripted_bus *bus = calloc(1, sizeof(*bus));

	pthread_mutex_init(&bus->script.lock, NULL);
	sem_init(&bus->script.let_go, 0, 0);
	*state = bus;
	return 0;
}

static void let_go(struct script *script)
{
	pthread_mutex_lock(&script->lock);
	script->hangs = false;
	pthread_mutex_unlock(&script->lock);
	sem_post(&script->let_go);
}

int scripted_bus_free(void **state)
{
	struct scripted_bus *bus = *state;

	let_go(&bus->script);
	bus_rig_fini(&bus->rig);
	assert_int_equal(bus->script.opens > 0, bus->script.closes > 0);
	sem_destroy(&bus->script.let_go);
	pthread_mutex_destroy(&bus->script.lock);
	free(bus);
	return 0;
}

struct bus_rig *scripted_bus_plan(struct scripted_bus *bus, size_t devices, size_t points_each)
{
	bus_rig_init(&bus->rig, &scripted_driver, &bus->script, devices, points_each);
	return &bus->rig;
}

/* ---- while it runs --------------------------------------------------------------------- */

void device_fails(struct scripted_bus *bus, size_t device, int err, enum reason reason)
{
	pthread_mutex_lock(&bus->script.lock);
	bus->script.unit[device].reason = reason;
	bus->script.unit[device].err = err;
	pthread_mutex_unlock(&bus->script.lock);
}

void device_answers(struct scripted_bus *bus, size_t device)
{
	device_fails(bus, device, 0, REASON_NONE);
}

void last_point_fails(struct scripted_bus *bus, size_t device, enum reason reason)
{
	pthread_mutex_lock(&bus->script.lock);
	bus->script.unit[device].last_point_reason = reason;
	pthread_mutex_unlock(&bus->script.lock);
}

void last_point_answers(struct scripted_bus *bus, size_t device)
{
	last_point_fails(bus, device, REASON_NONE);
}

void link_fails_to_open(struct scripted_bus *bus, int err)
{
	pthread_mutex_lock(&bus->script.lock);
	bus->script.open_err = err;
	pthread_mutex_unlock(&bus->script.lock);
}

void link_opens(struct scripted_bus *bus)
{
	link_fails_to_open(bus, 0);
}

int polls_of(struct scripted_bus *bus, size_t device)
{
	int polls;

	pthread_mutex_lock(&bus->script.lock);
	polls = bus->script.unit[device].polls;
	pthread_mutex_unlock(&bus->script.lock);
	return polls;
}

int opens_of(struct scripted_bus *bus)
{
	int opens;

	pthread_mutex_lock(&bus->script.lock);
	opens = bus->script.opens;
	pthread_mutex_unlock(&bus->script.lock);
	return opens;
}
