/* The least that the gateway's usual work costs in C: each unit polled in turn, each change
 * appended to a file, synced in groups, published with QoS 1. No chain, no order, nothing that is
 * sent again.
 *
 *     floor MODBUS_PORT UNITS REGISTERS POLL_MS MQTT_PORT COMMIT_MS PAYLOAD_BYTES TOPIC
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <modbus.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S      INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)
#define UNITS_MAX     247
#define REGISTERS_MAX 125
#define PAYLOAD_MAX   4096
#define GROUP_MAX     4096
#define MISC_EVERY    1000 /* polls */

struct change {
	int unit, reg;
	uint16_t value;
};

struct floor {
	int units, registers, payload_bytes;
	int64_t poll_ns, commit_ns;
	const char *topic;
	modbus_t *modbus;
	struct mosquitto *mosquitto;
	int log;
	uint16_t last[UNITS_MAX + 1][REGISTERS_MAX];
	bool seen[UNITS_MAX + 1];
	struct change group[GROUP_MAX];
	int group_count;
	int64_t group_ns; /* the first of the group */
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int write_payload(const struct floor *floor, const struct change *change, char *payload)
{
	int bytes = snprintf(payload, PAYLOAD_MAX,
			     "{\"unit\":%d,\"register\":%d,\"value\":%d,\"filler\":\"",
			     change->unit, change->reg, change->value);

	while (bytes < floor->payload_bytes - 2)
		payload[bytes++] = 'x';
	payload[bytes++] = '"';
	payload[bytes++] = '}';
	return bytes;
}

static void commit(struct floor *floor)
{
	static char payloads[GROUP_MAX][PAYLOAD_MAX];
	int bytes[GROUP_MAX];
	int i;

	for (i = 0; i < floor->group_count; i++) {
		bytes[i] = write_payload(floor, &floor->group[i], payloads[i]);
		if (write(floor->log, payloads[i], (size_t)bytes[i]) != bytes[i])
			fail("write");
	}
	if (fdatasync(floor->log) < 0)
		fail("fdatasync");
	for (i = 0; i < floor->group_count; i++)
		mosquitto_publish(floor->mosquitto, NULL, floor->topic, bytes[i], payloads[i], 1,
				  false);
	floor->group_count = 0;
}

static void read_unit(struct floor *floor, int unit)
{
	uint16_t registers[REGISTERS_MAX];
	int r;

	modbus_set_slave(floor->modbus, unit);
	if (modbus_read_registers(floor->modbus, 0, floor->registers, registers) !=
	    floor->registers)
		fail("modbus_read_registers");
	for (r = 0; r < floor->registers; r++) {
		if (floor->seen[unit] && floor->last[unit][r] == registers[r])
			continue;
		floor->last[unit][r] = registers[r];
		if (floor->group_count == 0)
			floor->group_ns = now_ns();
		if (floor->group_count < GROUP_MAX)
			floor->group[floor->group_count++] = (struct change){unit, r, registers[r]};
	}
	floor->seen[unit] = true;
}

static void serve_mqtt(struct floor *floor, int64_t until_ns)
{
	struct pollfd fd = {.fd = mosquitto_socket(floor->mosquitto), .events = POLLIN};
	int64_t left_ns = until_ns - now_ns();
	struct timespec timeout = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};

	if (left_ns <= 0)
		return;
	if (mosquitto_want_write(floor->mosquitto))
		fd.events |= POLLOUT;
	if (ppoll(&fd, 1, &timeout, NULL) <= 0)
		return;
	errno = 0;
	if (fd.revents & POLLIN)
		mosquitto_loop_read(floor->mosquitto, 1);
	if (fd.revents & POLLOUT)
		mosquitto_loop_write(floor->mosquitto, 1);
}

static void wait_until(struct floor *floor, int64_t due_ns)
{
	while (now_ns() < due_ns) {
		int64_t commit_ns =
			floor->group_count > 0 ? floor->group_ns + floor->commit_ns : INT64_MAX;

		if (now_ns() >= commit_ns)
			commit(floor);
		else
			serve_mqtt(floor, commit_ns < due_ns ? commit_ns : due_ns);
	}
}

static void run(struct floor *floor)
{
	int64_t begun_ns = now_ns();
	int64_t k;

	for (k = 0;; k++) {
		wait_until(floor, begun_ns + k * (floor->poll_ns / floor->units));
		read_unit(floor, (int)(k % floor->units) + 1);
		if (k % MISC_EVERY == 0)
			mosquitto_loop_misc(floor->mosquitto);
	}
}

int main(int argc, char **argv)
{
	static struct floor floor;

	if (argc != 9) {
		fputs("floor MODBUS_PORT UNITS REGISTERS POLL_MS MQTT_PORT COMMIT_MS "
		      "PAYLOAD_BYTES TOPIC\n",
		      stderr);
		return EXIT_FAILURE;
	}
	floor.units = atoi(argv[2]);
	floor.registers = atoi(argv[3]);
	floor.poll_ns = atoi(argv[4]) * NS_PER_MS;
	floor.commit_ns = atoi(argv[6]) * NS_PER_MS;
	floor.payload_bytes = atoi(argv[7]);
	floor.topic = argv[8];
	if (floor.units < 1 || floor.units > UNITS_MAX || floor.registers < 1 ||
	    floor.registers > REGISTERS_MAX || floor.payload_bytes < 128 ||
	    floor.payload_bytes > PAYLOAD_MAX)
		return EXIT_FAILURE;
	floor.log = open("floor.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	floor.modbus = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
	if (floor.log < 0 || modbus_connect(floor.modbus) < 0)
		fail("floor");
	mosquitto_lib_init();
	floor.mosquitto = mosquitto_new(NULL, true, NULL);
	mosquitto_int_option(floor.mosquitto, MOSQ_OPT_PROTOCOL_VERSION, 5);
	mosquitto_int_option(floor.mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
	if (mosquitto_connect(floor.mosquitto, "127.0.0.1", atoi(argv[5]), 60) != 0)
		fail("mosquitto_connect");
	run(&floor);
	return EXIT_SUCCESS;
}
