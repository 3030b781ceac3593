/* The Modbus driver on devices of the test's own, a host that records what it says, and a
 * peer that plays the other end of the line byte for byte.
 *
 * The rig has one driver at a time and one peer; modbus_rig_begin() ends those before. */
#ifndef CORRIDORD_TESTS_MODBUS_RIG_H
#define CORRIDORD_TESTS_MODBUS_RIG_H

#include "modbus_peer.h"

#include "bus/driver.h"
#include "modbus/conf.h"
#include "modbus/poll.h"

#define MODBUS_RIG_DEVICES 4
#define MODBUS_RIG_POINTS  64

extern const struct driver modbus_rtu_driver;
extern const struct driver modbus_tcp_driver;
extern const struct driver modbus_rtu_tcp_driver;

/* What the driver said of a point or a device last. */
struct modbus_record {
	struct value value; /* VALUE_NONE unless it was a reading */
	struct value raw; /* of what is no value */
	enum reason reason;
	int64_t at_mono_ns;
	char message[160];
	unsigned int readings, faults;
};

struct modbus_rig {
	struct modbus_bus_conf bus;
	struct modbus_device_conf device_conf[MODBUS_RIG_DEVICES];
	struct modbus_point_conf point_conf[MODBUS_RIG_DEVICES][MODBUS_RIG_POINTS];
	struct driver_point points[MODBUS_RIG_DEVICES][MODBUS_RIG_POINTS];
	struct driver_device devices[MODBUS_RIG_DEVICES];
	struct driver_setup setup;
	const struct driver *driver;
	void *instance;
	struct driver_complaint complaint;
	struct modbus_record record[MODBUS_RIG_DEVICES][MODBUS_RIG_POINTS];
	struct modbus_record device_record[MODBUS_RIG_DEVICES]; /* DRIVER_ALL */
	char debug[160];
	char host[16];
	struct peer *peer; /* NULL: none */
};

int modbus_rig_new(void **state); /* of cmocka */
int modbus_rig_free(void **state);

#define modbus_test(test) cmocka_unit_test_setup_teardown(test, modbus_rig_new, modbus_rig_free)

/* With no device as yet. */
void modbus_rig_begin(struct modbus_rig *rig, const struct driver *driver);
void modbus_rig_end(struct modbus_rig *rig);

struct modbus_device_conf *add_device(struct modbus_rig *rig, int unit);
/* To the device made last. */
struct modbus_point_conf *add_point(struct modbus_rig *rig, enum modbus_table table, int address,
				    enum modbus_type type);

/* Begins with two devices of unit 3, the first with little patience, with registers 100 and
 * 200; and one of unit 4, register 300. */
#define LITTLE_PATIENCE_NS (40 * MS) /* for what is meant to time out */
#define LONG_PATIENCE_NS   (60 * S) /* for what must come */
void three_devices(struct modbus_rig *rig, const struct driver *driver);
/* And a peer beside them, as start_peer(). */
struct peer *play_three_devices(struct modbus_rig *rig, const struct driver *driver,
				peer_script *script, void *data);

/* Plays the other end of the rig's link, whatever its kind. data: of the script, or NULL. The
 * rig ends it, after the bus. */
struct peer *start_peer(struct modbus_rig *rig, peer_script *script, void *data);
void stop_peer(struct modbus_rig *rig);
void aim_at_port(struct modbus_rig *rig, int port); /* instead of a peer */

/* ---- the driver ------------------------------------------------------------------------ */

void create_bus(struct modbus_rig *rig);
/* Created before, without the silence that a new line owes: nobody used it before. */
void open_bus(struct modbus_rig *rig);
int try_to_open_bus(struct modbus_rig *rig); /* one that was created */
void close_bus(struct modbus_rig *rig);
void reopen_bus(struct modbus_rig *rig);
int poll_device(struct modbus_rig *rig, size_t device);

/* What the open bus knows. */
struct modbus_link *link_of(struct modbus_rig *rig);
struct modbus_plan *plan_of(struct modbus_rig *rig); /* of the first device */

void assert_point_int(const struct modbus_rig *rig, size_t device, size_t point, int64_t expected);
void assert_device_reason(const struct modbus_rig *rig, size_t device, enum reason expected);

#endif
