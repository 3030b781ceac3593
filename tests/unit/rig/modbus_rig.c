#include "modbus_rig.h"

/* ---- the recording host ---------------------------------------------------------------- */

static int64_t all_the_time(void *data)
{
	(void)data;
	return INT64_MAX;
}

static void note_reading(void *data, size_t device, size_t point, const struct value *value,
			 int64_t at_mono_ns, uint32_t lost_edges)
{
	struct modbus_rig *rig = data;
	struct modbus_record *record = &rig->record[device][point];

	assert_int_equal(lost_edges, 0);
	assert_true(at_mono_ns >= record->at_mono_ns);
	record->value = *value;
	record->reason = REASON_NONE;
	record->at_mono_ns = at_mono_ns;
	record->readings++;
}

static void note_fault(void *data, size_t device, size_t point, enum reason reason,
		       const char *message)
{
	struct modbus_rig *rig = data;
	struct modbus_record *record = &rig->device_record[device];

	assert_true(reason != REASON_NONE);
	assert_true(strlen(message) > 0);
	if (point == DRIVER_ALL) {
		for (size_t i = 0; i < rig->devices[device].point_count; i++)
			rig->record[device][i].value.type = VALUE_NONE;
	} else {
		record = &rig->record[device][point];
	}
	record->value.type = VALUE_NONE;
	record->reason = reason;
	record->faults++;
	snprintf(record->message, sizeof(record->message), "%s", message);
}

static void note_refused(void *data, size_t device, size_t point, const struct value *raw,
			 const char *message)
{
	struct modbus_rig *rig = data;

	note_fault(data, device, point, REASON_OUT_OF_RANGE, message);
	rig->record[device][point].raw = *raw;
}

static void note_debug(void *data, const char *message)
{
	struct modbus_rig *rig = data;

	snprintf(rig->debug, sizeof(rig->debug), "%s", message);
}

/* ---- set-up ---------------------------------------------------------------------------- */

int modbus_rig_new(void **state)
{
	*state = calloc(1, sizeof(struct modbus_rig));
	return 0;
}

int modbus_rig_free(void **state)
{
	modbus_rig_end(*state);
	free(*state);
	return 0;
}

void modbus_rig_end(struct modbus_rig *rig)
{
	if (rig->instance)
		rig->driver->close(rig->instance);
	if (rig->driver)
		rig->driver->destroy(rig->instance);
	rig->instance = NULL;
	stop_peer(rig);
}

void modbus_rig_begin(struct modbus_rig *rig, const struct driver *driver)
{
	modbus_rig_end(rig);
	memset(rig, 0, sizeof(*rig));
	rig->driver = driver;
	rig->bus = (struct modbus_bus_conf){
		.baud = 115200,
		.parity = 'N',
		.data_bits = 8,
		.stop_bits = 1,
		.connect_timeout_ns = LONG_PATIENCE_NS,
		.late_reply_guard_ns = 60 * S, /* outlives a stall of the test */
	};
	rig->setup = (struct driver_setup){
		.name = "test-bus",
		.conf = &rig->bus,
		.devices = rig->devices,
		.host = {.data = rig,
			 .reading = note_reading,
			 .fault = note_fault,
			 .refuse = note_refused,
			 .debug = note_debug,
			 .tell = note_debug,
			 .patience_ns = all_the_time,
			 .spare_ns = all_the_time},
	};
}

struct modbus_device_conf *add_device(struct modbus_rig *rig, int unit)
{
	size_t index = rig->setup.device_count++;
	struct modbus_device_conf *conf = &rig->device_conf[index];

	assert_true(index < MODBUS_RIG_DEVICES);
	*conf = (struct modbus_device_conf){
		.unit = unit,
		.max_registers = 125,
		.max_bits = 2000,
		.max_hole = 8,
		.max_hole_bits = 64,
		.timeout_ns = LONG_PATIENCE_NS,
	};
	rig->devices[index] = (struct driver_device){
		.name = "test-device",
		.conf = conf,
		.points = rig->points[index],
	};
	return conf;
}

struct modbus_point_conf *add_point(struct modbus_rig *rig, enum modbus_table table, int address,
				    enum modbus_type type)
{
	const size_t device = rig->setup.device_count - 1;
	const size_t index = rig->devices[device].point_count++;
	struct modbus_point_conf *conf = &rig->point_conf[device][index];

	assert_true(index < MODBUS_RIG_POINTS);
	*conf = (struct modbus_point_conf){
		.table = (int)table,
		.address = address,
		.type = (int)type,
		.bit = -1,
	};
	rig->points[device][index] = (struct driver_point){.name = "test-point", .conf = conf};
	return conf;
}

void three_devices(struct modbus_rig *rig, const struct driver *driver)
{
	modbus_rig_begin(rig, driver);
	add_device(rig, 3)->timeout_ns = LITTLE_PATIENCE_NS;
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	add_device(rig, 3)->timeout_ns = LONG_PATIENCE_NS;
	add_point(rig, MODBUS_HOLDING, 200, MODBUS_U16);
	add_device(rig, 4)->timeout_ns = LONG_PATIENCE_NS;
	add_point(rig, MODBUS_HOLDING, 300, MODBUS_U16);
}

void aim_at_port(struct modbus_rig *rig, int port)
{
	snprintf(rig->host, sizeof(rig->host), "127.0.0.1");
	rig->bus.host = rig->host;
	rig->bus.tcp_port = port;
}

struct peer *start_peer(struct modbus_rig *rig, peer_script *script, void *data)
{
	assert_null(rig->peer);
	if (rig->driver == &modbus_rtu_driver) {
		rig->peer = peer_start_on_pty(script, data);
		rig->bus.line = rig->peer->path;
	} else {
		rig->peer = peer_start_on_port(script, data, rig->driver == &modbus_tcp_driver);
		aim_at_port(rig, rig->peer->port);
	}
	return rig->peer;
}

struct peer *play_three_devices(struct modbus_rig *rig, const struct driver *driver,
				peer_script *script, void *data)
{
	three_devices(rig, driver);
	return start_peer(rig, script, data);
}

void stop_peer(struct modbus_rig *rig)
{
	if (rig->peer)
		peer_stop(rig->peer);
	rig->peer = NULL;
}

/* ---- the driver ------------------------------------------------------------------------ */

void create_bus(struct modbus_rig *rig)
{
	assert_int_equal(rig->driver->create(&rig->setup, &rig->instance, &rig->complaint), 0);
}

void open_bus(struct modbus_rig *rig)
{
	create_bus(rig);
	assert_int_equal(rig->driver->open(rig->instance), 0);
	((struct modbus_bus *)rig->instance)->link.silence_ns = 0;
}

int try_to_open_bus(struct modbus_rig *rig)
{
	return rig->driver->open(rig->instance);
}

void close_bus(struct modbus_rig *rig)
{
	rig->driver->close(rig->instance);
}

void reopen_bus(struct modbus_rig *rig)
{
	rig->driver->close(rig->instance);
	assert_int_equal(rig->driver->open(rig->instance), 0);
}

int poll_device(struct modbus_rig *rig, size_t device)
{
	return rig->driver->poll(rig->instance, device);
}

struct modbus_link *link_of(struct modbus_rig *rig)
{
	struct modbus_bus *bus = rig->instance;

	return &bus->link;
}

struct modbus_plan *plan_of(struct modbus_rig *rig)
{
	struct modbus_bus *bus = rig->instance;

	return &bus->devices[0].plan;
}

void assert_point_int(const struct modbus_rig *rig, size_t device, size_t point, int64_t expected)
{
	const struct modbus_record *record = &rig->record[device][point];

	assert_int_equal(record->reason, REASON_NONE);
	assert_int_equal(record->value.type, VALUE_INT);
	assert_true(record->value.integer == expected);
}

void assert_device_reason(const struct modbus_rig *rig, size_t device, enum reason expected)
{
	assert_string_equal(reason_name(rig->device_record[device].reason), reason_name(expected));
}
