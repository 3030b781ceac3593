/* What the tests of the Modbus driver share: a host that records what the driver
 * says, a setup to hang devices and points on, and a peer that plays the other end
 * of the line byte for byte, by a script that runs in a thread of its own.
 *
 * Nobody waits for a time to pass where an event can be waited for; every wait has
 * a limit far beyond what any machine needs.
 */
#ifndef CORRIDORD_TEST_MODBUS_RIG_H
#define CORRIDORD_TEST_MODBUS_RIG_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../drivers/modbus_conf.h"
#include "../../drivers/modbus_poll.h"
#include "driver.h"

extern const struct driver modbus_rtu_driver;
extern const struct driver modbus_tcp_driver;
extern const struct driver modbus_rtu_tcp_driver;

#define RIG_DEVICES 4
#define RIG_POINTS  64
#define RIG_MS	    INT64_C(1000000)
#define RIG_LIMIT_S 30
#define UNUSED_OK   __attribute__((unused))

/* --- the recording host -------------------------------------------------------- */

struct rig_record {
	struct value value; /* VALUE_NONE unless the last word was a reading */
	enum reason reason;
	int64_t at_mono_ns;
	char what[160];
	unsigned int readings, faults;
};

struct rig {
	struct modbus_bus_conf bus;
	struct modbus_device_conf device_conf[RIG_DEVICES];
	struct modbus_point_conf point_conf[RIG_DEVICES][RIG_POINTS];
	struct driver_point points[RIG_DEVICES][RIG_POINTS];
	struct driver_device devices[RIG_DEVICES];
	struct driver_setup setup;
	const struct driver *driver;
	void *instance;
	struct driver_complaint complaint;
	struct rig_record record[RIG_DEVICES][RIG_POINTS];
	struct rig_record device_record[RIG_DEVICES]; /* DRIVER_ALL */
	char debug[160];
	char host[16];
	void *script_data; /* for the peer's script */
};

static void rig_reading(void *data, size_t device, size_t point, const struct value *value,
			int64_t at_mono_ns, uint32_t lost_edges)
{
	struct rig *rig = data;
	struct rig_record *record = &rig->record[device][point];

	assert_int_equal(lost_edges, 0);
	assert_true(at_mono_ns >= record->at_mono_ns);
	record->value = *value;
	record->reason = REASON_NONE;
	record->at_mono_ns = at_mono_ns;
	record->readings++;
}

static void rig_fault(void *data, size_t device, size_t point, enum reason reason, const char *what)
{
	struct rig *rig = data;
	struct rig_record *record = &rig->device_record[device];

	assert_true(reason != REASON_NONE);
	assert_true(strlen(what) > 0);
	if (point == DRIVER_ALL) {
		for (size_t i = 0; i < rig->devices[device].point_count; i++)
			rig->record[device][i].value.type = VALUE_NONE;
	} else {
		record = &rig->record[device][point];
	}
	record->value.type = VALUE_NONE;
	record->reason = reason;
	record->faults++;
	snprintf(record->what, sizeof(record->what), "%s", what);
}

static void rig_debug(void *data, const char *what)
{
	struct rig *rig = data;

	snprintf(rig->debug, sizeof(rig->debug), "%s", what);
}

/* --- the setup ---------------------------------------------------------------- */

static UNUSED_OK struct rig *rig_new(const struct driver *driver)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->driver = driver;
	rig->bus = (struct modbus_bus_conf){
		.baud = 115200,
		.parity = 'N',
		.data_bits = 8,
		.stop_bits = 1,
		.connect_timeout_ns = 2000 * RIG_MS,
		.late_reply_guard_ns = 5000 * RIG_MS, /* outlives a stall of the test */
	};
	rig->setup = (struct driver_setup){
		.name = "test-bus",
		.conf = &rig->bus,
		.devices = rig->devices,
		.host = {.data = rig,
			 .reading = rig_reading,
			 .fault = rig_fault,
			 .debug = rig_debug},
	};
	return rig;
}

static UNUSED_OK struct modbus_device_conf *rig_device(struct rig *rig, int unit)
{
	const size_t index = rig->setup.device_count++;
	struct modbus_device_conf *conf = &rig->device_conf[index];

	assert_true(index < RIG_DEVICES);
	*conf = (struct modbus_device_conf){
		.unit = unit,
		.max_registers = 125,
		.max_bits = 2000,
		.max_hole = 8,
		.max_hole_bits = 64,
		.timeout_ns = 2000 * RIG_MS,
	};
	rig->devices[index] = (struct driver_device){
		.name = "test-device",
		.conf = conf,
		.points = rig->points[index],
	};
	return conf;
}

/* To the device made last. */
static UNUSED_OK struct modbus_point_conf *rig_point(struct rig *rig, enum modbus_table table,
						     int address, enum modbus_type type)
{
	const size_t device = rig->setup.device_count - 1;
	const size_t index = rig->devices[device].point_count++;
	struct modbus_point_conf *conf = &rig->point_conf[device][index];

	assert_true(index < RIG_POINTS);
	*conf = (struct modbus_point_conf){
		.table = (int)table,
		.address = address,
		.type = (int)type,
		.bit = -1,
	};
	rig->points[device][index] = (struct driver_point){.name = "test-point", .conf = conf};
	return conf;
}

static UNUSED_OK void rig_start(struct rig *rig)
{
	assert_int_equal(rig->driver->new_(&rig->setup, &rig->instance, &rig->complaint), 0);
}

/* Without the silence that a new line owes: nobody used it before. */
static UNUSED_OK void rig_open(struct rig *rig)
{
	rig_start(rig);
	assert_int_equal(rig->driver->open(rig->instance), 0);
	((struct modbus_bus *)rig->instance)->link.silence_ns = 0;
}

static UNUSED_OK void rig_free(struct rig *rig)
{
	if (rig->instance)
		rig->driver->close(rig->instance);
	rig->driver->free_(rig->instance);
	free(rig);
}

static UNUSED_OK int rig_poll(struct rig *rig, size_t device)
{
	return rig->driver->poll(rig->instance, device);
}

static UNUSED_OK void rig_reopen(struct rig *rig)
{
	rig->driver->close(rig->instance);
	assert_int_equal(rig->driver->open(rig->instance), 0);
}

static UNUSED_OK void assert_point_int(const struct rig *rig, size_t device, size_t point,
				       int64_t expected)
{
	const struct rig_record *record = &rig->record[device][point];

	assert_int_equal(record->reason, REASON_NONE);
	assert_int_equal(record->value.type, VALUE_INT);
	assert_true(record->value.integer == expected);
}

static UNUSED_OK void assert_device_reason(const struct rig *rig, size_t device,
					   enum reason expected)
{
	assert_string_equal(reason_name(rig->device_record[device].reason), reason_name(expected));
}

static UNUSED_OK const struct modbus_plan *rig_plan(const struct rig *rig, size_t device)
{
	const struct modbus_bus *bus = rig->instance;

	return &bus->devices[device].plan;
}

/* --- the peer ------------------------------------------------------------------- */

struct peer;
typedef void peer_script(struct peer *peer);

struct peer_request {
	uint16_t transaction;
	uint8_t unit, function;
	uint16_t address, count;
};

struct peer {
	pthread_t thread;
	peer_script *script;
	void *data; /* of the script */
	bool tcp_framing;
	int listener; /* -1: a pty */
	int fd; /* the connection, or the pty's master */
	int held_fd; /* keeps the pty's other end alive */
	char path[64]; /* of the pty */
	int port;
	sem_t go; /* from the test */
	_Atomic unsigned int requests;
	_Atomic int longest; /* registers or bits asked for at once */
	_Atomic uint32_t note; /* between a test and its script */
	_Atomic bool stop;
};

static struct timespec rig_limit(clockid_t clock)
{
	struct timespec limit;

	clock_gettime(clock, &limit);
	limit.tv_sec += RIG_LIMIT_S;
	return limit;
}

static UNUSED_OK void peer_go(struct peer *peer)
{
	sem_post(&peer->go);
}

static UNUSED_OK void peer_await_go(struct peer *peer)
{
	const struct timespec limit = rig_limit(CLOCK_REALTIME);

	while (sem_timedwait(&peer->go, &limit) < 0 && errno == EINTR)
		;
}

/* Exactly so many bytes; false at the end of the line or of the test. */
static bool peer_read(struct peer *peer, uint8_t *bytes, size_t count)
{
	while (count > 0) {
		struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
		const int ready = poll(&wait, 1, 20);
		if (peer->stop)
			return false;
		if (ready <= 0)
			continue;
		const ssize_t got = read(peer->fd, bytes, count);
		if (got <= 0)
			return false;
		bytes += got;
		count -= (size_t)got;
	}
	return true;
}

static bool peer_take(struct peer *peer, struct peer_request *ret_request)
{
	uint8_t frame[12] = {0};
	const uint8_t *pdu = peer->tcp_framing ? frame + 6 : frame;

	if (!peer_read(peer, frame, peer->tcp_framing ? 12 : 8))
		return false;
	*ret_request = (struct peer_request){
		.transaction = (uint16_t)(frame[0] << 8 | frame[1]),
		.unit = pdu[0],
		.function = pdu[1],
		.address = (uint16_t)(pdu[2] << 8 | pdu[3]),
		.count = (uint16_t)(pdu[4] << 8 | pdu[5]),
	};
	if (!peer->tcp_framing)
		assert(modbus_crc(frame, 8) == 0);
	peer->requests++;
	if (ret_request->count > peer->longest)
		peer->longest = ret_request->count;
	return true;
}

static void peer_send(struct peer *peer, const uint8_t *bytes, size_t count)
{
	ssize_t sent = peer->listener >= 0 ? send(peer->fd, bytes, count, MSG_NOSIGNAL)
					   : write(peer->fd, bytes, count);

	(void)sent; /* the driver may have hung up */
}

/* A sound frame around unit, function and what follows. */
static size_t peer_wrap(const struct peer *peer, uint16_t transaction, const uint8_t *body,
			size_t body_bytes, uint8_t *ret_frame)
{
	if (peer->tcp_framing) {
		const uint8_t head[6] = {(uint8_t)(transaction >> 8), (uint8_t)transaction, 0, 0,
					 (uint8_t)(body_bytes >> 8),  (uint8_t)body_bytes};
		memcpy(ret_frame, head, sizeof(head));
		memcpy(ret_frame + sizeof(head), body, body_bytes);
		return body_bytes + sizeof(head);
	}
	memcpy(ret_frame, body, body_bytes);
	const uint16_t crc = modbus_crc(body, body_bytes);
	ret_frame[body_bytes] = (uint8_t)crc;
	ret_frame[body_bytes + 1] = (uint8_t)(crc >> 8);
	return body_bytes + 2;
}

static UNUSED_OK void peer_send_body(struct peer *peer, uint16_t transaction, const uint8_t *body,
				     size_t body_bytes)
{
	uint8_t frame[MODBUS_ADU_BYTES];

	peer_send(peer, frame, peer_wrap(peer, transaction, body, body_bytes, frame));
}

/* The frame of a right answer: each register holds its own address. */
static size_t peer_answer_frame(const struct peer *peer, const struct peer_request *request,
				uint8_t *ret_frame)
{
	uint8_t body[MODBUS_ADU_BYTES] = {request->unit, request->function};
	const size_t bytes = modbus_data_bytes(request->function, request->count);

	body[2] = (uint8_t)bytes;
	for (size_t i = 0; i < bytes; i++) {
		const unsigned int address = request->address + (unsigned int)i / 2;
		body[3 + i] = (uint8_t)(i % 2 ? address : address >> 8);
	}
	return peer_wrap(peer, request->transaction, body, bytes + 3, ret_frame);
}

static UNUSED_OK void peer_answer(struct peer *peer, const struct peer_request *request)
{
	uint8_t frame[MODBUS_ADU_BYTES];

	peer_send(peer, frame, peer_answer_frame(peer, request, frame));
}

static UNUSED_OK void peer_refuse(struct peer *peer, const struct peer_request *request,
				  uint8_t exception)
{
	const uint8_t body[] = {request->unit, request->function | 0x80, exception};

	peer_send_body(peer, request->transaction, body, sizeof(body));
}

/* A well-behaved end of the line, until the driver hangs up. */
static UNUSED_OK void peer_behave(struct peer *peer)
{
	struct peer_request request;

	while (peer_take(peer, &request))
		peer_answer(peer, &request);
}

#define PEER_SILENT (-1)

/* A device that answers, refuses (by the exception that decide() gives) or is silent. */
static UNUSED_OK void peer_decide(struct peer *peer,
				  int (*decide)(const struct peer *peer,
						const struct peer_request *request))
{
	struct peer_request request;

	while (peer_take(peer, &request)) {
		const int exception = decide(peer, &request);
		if (exception == 0)
			peer_answer(peer, &request);
		else if (exception != PEER_SILENT)
			peer_refuse(peer, &request, (uint8_t)exception);
	}
}

static UNUSED_OK bool peer_accept(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	while (!peer->stop) {
		struct pollfd wait = {.fd = peer->listener, .events = POLLIN};
		if (poll(&wait, 1, 20) <= 0)
			continue;
		peer->fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC);
		return peer->fd >= 0;
	}
	return false;
}

static void *peer_main(void *data)
{
	struct peer *peer = data;

	if (peer->listener >= 0 && !peer_accept(peer))
		return NULL;
	peer->script(peer);
	return NULL;
}

static UNUSED_OK int rig_listen(int backlog, int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof(address);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Plays the other end of the rig's link, whatever its kind. */
static UNUSED_OK struct peer *peer_start(struct rig *rig, peer_script *script)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	assert_non_null(peer);
	peer->script = script;
	peer->data = rig->script_data;
	peer->listener = peer->fd = peer->held_fd = -1;
	sem_init(&peer->go, 0, 0);
	peer->tcp_framing = rig->driver == &modbus_tcp_driver;
	if (rig->driver == &modbus_rtu_driver) {
		struct termios raw;
		assert_int_equal(openpty(&peer->fd, &peer->held_fd, peer->path, NULL, NULL), 0);
		assert_int_equal(tcgetattr(peer->held_fd, &raw), 0);
		cfmakeraw(&raw);
		assert_int_equal(tcsetattr(peer->held_fd, TCSANOW, &raw), 0);
		rig->bus.line = peer->path;
	} else {
		peer->listener = rig_listen(5, &peer->port);
		snprintf(rig->host, sizeof(rig->host), "127.0.0.1");
		rig->bus.host = rig->host;
		rig->bus.tcp_port = peer->port;
	}
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
	return peer;
}

static UNUSED_OK void peer_stop(struct peer *peer)
{
	peer->stop = true;
	peer_go(peer);
	pthread_join(peer->thread, NULL);
	if (peer->fd >= 0)
		close(peer->fd);
	if (peer->held_fd >= 0)
		close(peer->held_fd);
	if (peer->listener >= 0)
		close(peer->listener);
	sem_destroy(&peer->go);
	free(peer);
}

static UNUSED_OK int64_t rig_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

#endif
