/* Opening a connection: hosts that refuse or swallow it, and names with several addresses, each of
 * which gets its part of the time. */
#include "rig/modbus_rig.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD 8

static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.1"};

/* In the place of the name service: one name has three addresses. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	int rc = 0;

	memcpy(&real, &symbol, sizeof(real));
	if (strcmp(name, "plc.example") != 0)
		return real(name, service, hints, result);
	for (size_t i = 0; rc == 0 && i < COUNT(addresses); i++) {
		rc = real(addresses[i], service, hints, result);
		result = &(*result)->ai_next;
	}
	return rc;
}

/* Its queue is full: who connects gets no answer at all. */
struct black_hole {
	int listener, crowd[CROWD];
};

static void black_hole_open(struct black_hole *hole, const char *at, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	void *any = &address;

	assert_int_equal(inet_pton(AF_INET, at, &address.sin_addr), 1);
	hole->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(hole->listener, any, sizeof(address)), 0);
	assert_int_equal(listen(hole->listener, 0), 0);
	for (size_t i = 0; i < CROWD; i++) {
		hole->crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(hole->crowd[i], any, sizeof(address));
	}
}

static void black_hole_close(struct black_hole *hole)
{
	for (size_t i = 0; i < CROWD; i++)
		close(hole->crowd[i]);
	close(hole->listener);
}

static void two_devices(struct modbus_rig *rig)
{
	modbus_rig_begin(rig, &modbus_tcp_driver);
	for (uint8_t unit = 3; unit <= 4; unit++) {
		add_device(rig, unit);
		add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	}
}

static void refused_connection_is_told_for_each_device(void **state)
{
	struct modbus_rig *rig = *state;
	char message[80];
	int port;

	two_devices(rig);
	close(listen_on_loopback(1, &port)); /* a port where nobody listens */
	aim_at_port(rig, port);
	create_bus(rig);
	assert_int_equal(try_to_open_bus(rig), -ECONNREFUSED);
	snprintf(message, sizeof(message),
		 "cannot connect to 127.0.0.1 port %d: Connection refused", port);
	for (size_t i = 0; i < 2; i++) {
		assert_device_reason(rig, i, REASON_LINK_DOWN);
		assert_string_equal(rig->device_record[i].message, message);
	}
	close_bus(rig);
	close_bus(rig);
}

static void swallowed_connection_is_given_up(void **state)
{
	struct modbus_rig *rig = *state;
	struct black_hole hole;
	int port;

	two_devices(rig);
	close(listen_on_loopback(1, &port));
	black_hole_open(&hole, "127.0.0.1", port);
	rig->bus.connect_timeout_ns = 200 * MS;
	aim_at_port(rig, port);
	create_bus(rig);
	const int64_t began_ns = real_mono_ns();
	assert_int_equal(try_to_open_bus(rig), -ETIMEDOUT);
	assert_true(real_mono_ns() - began_ns >= 200 * MS);
	assert_device_reason(rig, 1, REASON_LINK_DOWN);
	black_hole_close(&hole);
}

static void failed_opening_leaves_no_descriptor(void **state)
{
	struct modbus_rig *rig = *state;
	int port;

	two_devices(rig);
	close(listen_on_loopback(1, &port));
	aim_at_port(rig, port);
	create_bus(rig);
	const int before = dup(STDERR_FILENO);
	close(before);
	for (int i = 0; i < 20; i++) {
		assert_true(try_to_open_bus(rig) < 0);
		close_bus(rig);
	}
	const int after = dup(STDERR_FILENO);
	close(after);
	assert_int_equal(before, after);
}

/* ---- names ------------------------------------------------------------------------- */

static void begin(struct modbus_rig *rig)
{
	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, 3)->timeout_ns = LONG_PATIENCE_NS;
	add_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	start_peer(rig, peer_behave_for_ever, NULL);
	snprintf(rig->host, sizeof(rig->host), "plc.example");
}

static void address_that_swallows_connections_leaves_the_others_their_time(void **state)
{
	struct modbus_rig *rig = *state;
	struct black_hole hole;

	begin(rig);
	black_hole_open(&hole, addresses[0], rig->peer->port);
	rig->bus.connect_timeout_ns = 900 * MS;
	const int64_t began_ns = real_mono_ns();
	open_bus(rig);
	assert_true(real_mono_ns() - began_ns >= 300 * MS); /* the first has had its part */
	assert_int_equal(poll_device(rig, 0), 0);
	assert_point_int(rig, 0, 0, 100);
	black_hole_close(&hole);
}

static void addresses_that_all_swallow_connections_are_given_up_in_time(void **state)
{
	struct modbus_rig *rig = *state;
	struct black_hole holes[COUNT(addresses)];

	begin(rig);
	const int port = rig->peer->port;
	stop_peer(rig);
	for (size_t i = 0; i < COUNT(addresses); i++)
		black_hole_open(&holes[i], addresses[i], port);
	rig->bus.connect_timeout_ns = 300 * MS;
	create_bus(rig);
	const int64_t began_ns = real_mono_ns();
	assert_int_equal(try_to_open_bus(rig), -ETIMEDOUT);
	assert_true(real_mono_ns() - began_ns >= 300 * MS);
	assert_device_reason(rig, 0, REASON_LINK_DOWN);
	for (size_t i = 0; i < COUNT(addresses); i++)
		black_hole_close(&holes[i]);
}

static void refusing_addresses_cost_no_time(void **state)
{
	struct modbus_rig *rig = *state;

	begin(rig);
	rig->bus.connect_timeout_ns = LONG_PATIENCE_NS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	assert_point_int(rig, 0, 0, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(refused_connection_is_told_for_each_device),
		modbus_test(swallowed_connection_is_given_up),
		modbus_test(failed_opening_leaves_no_descriptor),
		modbus_test(address_that_swallows_connections_leaves_the_others_their_time),
		modbus_test(addresses_that_all_swallow_connections_are_given_up_in_time),
		modbus_test(refusing_addresses_cost_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
