/* The serial line itself: its gaps, lines that come and go, that are held or are none. */
#include "rig/modbus_rig.h"

#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP_NS (30 * MS)

static void answer_and_time_the_gap(struct peer *peer)
{
	int64_t *answered_ns = peer->data;

	for (int i = 0; i < 6 && !peer->stop; i++) {
		const struct peer_request request = peer_next(peer);

		if (i > 0 && real_mono_ns() - *answered_ns < GAP_NS)
			peer->note = 1;
		*answered_ns = real_mono_ns();
		peer_answer(peer, &request);
	}
}

static void gap_before_a_request_is_kept(void **state)
{
	struct modbus_rig *rig = *state;
	static int64_t answered_ns;
	struct peer *peer =
		play_three_devices(rig, &modbus_rtu_driver, answer_and_time_the_gap, &answered_ns);

	rig->bus.gap_ns = GAP_NS;
	open_bus(rig);
	for (int i = 0; i < 6; i++)
		assert_int_equal(poll_device(rig, 1 + (size_t)i % 2), 0);
	assert_int_equal(peer->note, 0);
}

static void least_gap_follows_from_the_speed(void **state)
{
	struct modbus_bus_conf conf = {.baud = 9600, .data_bits = 8, .parity = 'E', .stop_bits = 1};
	struct modbus_link link;

	(void)state;
	modbus_link_init(&link, MODBUS_RTU, &conf);
	assert_in_range(link.gap_ns, 4010000, 4011000); /* 3.5 characters of 11 bits */
	conf.baud = 115200;
	modbus_link_init(&link, MODBUS_RTU, &conf);
	assert_int_equal(link.gap_ns, 1750000);
	conf.gap_ns = 5000000;
	modbus_link_init(&link, MODBUS_RTU, &conf);
	assert_int_equal(link.gap_ns, 5000000);
	conf.gap_ns = 0;
	modbus_link_init(&link, MODBUS_RTU_TCP, &conf);
	assert_int_equal(link.gap_ns, 0);
}

static void close_when_asked(struct peer *peer)
{
	(void)peer_next(peer);
	close(peer->held_fd);
	peer->held_fd = -1;
	close(peer->fd);
	peer->fd = -1;
}

/* A name for the peer's pty that stays the same, as udev gives one. */
struct adapter {
	struct modbus_rig *rig;
	char folder[32];
	char path[48];
};

static int adapter_new(void **state)
{
	struct adapter *adapter = calloc(1, sizeof(*adapter));
	void *rig;

	modbus_rig_new(&rig);
	adapter->rig = rig;
	strcpy(adapter->folder, "/tmp/corridord-adapter-XXXXXX");
	assert_non_null(mkdtemp(adapter->folder));
	snprintf(adapter->path, sizeof(adapter->path), "%s/adapter", adapter->folder);
	*state = adapter;
	return 0;
}

static int adapter_free(void **state)
{
	struct adapter *adapter = *state;
	void *rig = adapter->rig;

	modbus_rig_free(&rig);
	unlink(adapter->path);
	rmdir(adapter->folder);
	free(adapter);
	return 0;
}

#define adapter_test(test) cmocka_unit_test_setup_teardown(test, adapter_new, adapter_free)

/* Whatever number it has now. */
static void plug_in(struct adapter *adapter)
{
	assert_int_equal(symlink(adapter->rig->peer->path, adapter->path), 0);
	adapter->rig->bus.line = adapter->path;
}

static void pull_out(struct adapter *adapter)
{
	stop_peer(adapter->rig);
	unlink(adapter->path);
}

static void pulled_cable_is_told_and_the_line_comes_back(void **state)
{
	struct adapter *adapter = *state;
	struct modbus_rig *rig = adapter->rig;

	play_three_devices(rig, &modbus_rtu_driver, close_when_asked, NULL);
	plug_in(adapter);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 2), -ENOTCONN);
	assert_device_reason(rig, 2, REASON_LINK_DOWN);
	assert_string_equal(rig->device_record[2].message, "unit 4: the serial line is gone");
	close_bus(rig);

	pull_out(adapter);
	assert_int_equal(try_to_open_bus(rig), -ENOENT);
	assert_device_reason(rig, 0, REASON_LINK_DOWN);
	close_bus(rig);

	start_peer(rig, peer_behave_for_ever, NULL);
	plug_in(adapter);
	assert_int_equal(try_to_open_bus(rig), 0);
	assert_int_equal(poll_device(rig, 2), 0);
	assert_point_int(rig, 2, 0, 300);
}

static void line_gone_before_a_request_is_told(void **state)
{
	struct modbus_rig *rig = *state;

	play_three_devices(rig, &modbus_rtu_driver, close_when_asked, NULL);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 2), -ENOTCONN);
	assert_int_equal(poll_device(rig, 1), -ENOTCONN);
	assert_device_reason(rig, 1, REASON_LINK_DOWN);
}

static void line_held_by_another_is_not_touched(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, peer_behave_for_ever, NULL);
	struct modbus_rig second = {0};
	char message[160];

	three_devices(&second, &modbus_rtu_driver);
	second.bus.line = peer->path;
	open_bus(rig);
	create_bus(&second);
	assert_int_equal(try_to_open_bus(&second), -EBUSY);
	snprintf(message, sizeof(message), "%s is held by another program (fuser shows it)",
		 peer->path);
	assert_string_equal(second.device_record[0].message, message);
	close_bus(&second);
	assert_int_equal(poll_device(rig, 2), 0);
	close_bus(rig);
	assert_int_equal(try_to_open_bus(&second), 0);
	assert_int_equal(poll_device(&second, 2), 0);
	modbus_rig_end(&second);
}

static void expect_no_line(struct modbus_rig *rig, int err, const char *message)
{
	create_bus(rig);
	assert_int_equal(try_to_open_bus(rig), err);
	for (size_t i = 0; i < 3; i++) {
		assert_device_reason(rig, i, REASON_LINK_DOWN);
		assert_string_equal(rig->device_record[i].message, message);
	}
	modbus_rig_end(rig);
}

static void what_is_no_line_is_told_with_a_cure(void **state)
{
	char missing[] = "/dev/no-such-line", file[] = "/dev/null";
	struct modbus_rig *rig = *state;

	three_devices(rig, &modbus_rtu_driver);
	rig->bus.line = missing;
	expect_no_line(rig, -ENOENT, "/dev/no-such-line is not there: is the adapter plugged in?");
	three_devices(rig, &modbus_rtu_driver);
	rig->bus.line = file;
	expect_no_line(rig, -ENOTTY, "/dev/null is no serial line");
}

static void line_without_rs485_mode_is_told(void **state)
{
	struct modbus_rig *rig = *state;
	struct serial_rs485 mode;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, peer_behave, NULL);
	char message[160];

	if (ioctl(peer->held_fd, TIOCGRS485, &mode) < 0 && errno != ENOTTY)
		skip(); /* an emulator that passes some requests on, and not this */
	snprintf(message, sizeof(message),
		 "%s knows no RS-485 mode (Inappropriate ioctl for device): set rs485 = false",
		 peer->path);
	rig->bus.rs485 = true;
	expect_no_line(rig, -ENOTTY, message);
}

static void numbered_usb_port_is_warned_of(void **state)
{
	static char line[] = "/dev/ttyUSB99";
	struct modbus_rig *rig = *state;

	three_devices(rig, &modbus_rtu_driver);
	rig->bus.line = line;
	create_bus(rig);
	assert_true(try_to_open_bus(rig) < 0);
	assert_string_equal(rig->debug, "/dev/ttyUSB99 may be another adapter after a restart: use "
					"/dev/serial/by-path/...");
}

static void descriptors_are_not_inherited(void **state)
{
	struct modbus_rig *rig = *state;
	const struct modbus_bus *bus;

	play_three_devices(rig, &modbus_rtu_driver, peer_behave_for_ever, NULL);
	open_bus(rig);
	bus = rig->instance;
	assert_true(fcntl(bus->link.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(bus->link.lock_fd, F_GETFD) & FD_CLOEXEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(gap_before_a_request_is_kept),
		modbus_test(least_gap_follows_from_the_speed),
		adapter_test(pulled_cable_is_told_and_the_line_comes_back),
		modbus_test(line_gone_before_a_request_is_told),
		modbus_test(line_held_by_another_is_not_touched),
		modbus_test(what_is_no_line_is_told_with_a_cure),
		modbus_test(line_without_rs485_mode_is_told),
		modbus_test(numbered_usb_port_is_warned_of),
		modbus_test(descriptors_are_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
