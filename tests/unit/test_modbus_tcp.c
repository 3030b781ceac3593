/* Connections that fail in every way: each ends in the right reason, and the next
 * good answer mends it.
 */
#include "modbus_rig.h"

#include <netinet/tcp.h>

#define SHORT_NS   (40 * RIG_MS) /* for what never comes */
#define PATIENT_NS (1000 * RIG_MS) /* for what comes in part */

/* Two devices: the first with little patience, the second with much. Register 100 of unit 3
 * and register 200 of unit 4. */
static struct rig *two_devices(const struct driver *driver)
{
	struct rig *rig = rig_new(driver);

	rig_device(rig, 3)->timeout_ns = SHORT_NS;
	rig_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	rig_device(rig, 4)->timeout_ns = 10000 * RIG_MS;
	rig_point(rig, MODBUS_HOLDING, 200, MODBUS_U16);
	return rig;
}

/* The script does its evil with the first request, then behaves, on new connections too. */
static void behave_for_ever(struct peer *peer)
{
	do
		peer_behave(peer);
	while (peer_accept(peer));
}

static struct peer_request first_request(struct peer *peer)
{
	struct peer_request request = {0};

	(void)peer_take(peer, &request);
	return request;
}

/* Device 1 meets the script's evil: what it returns and why; then all is well again. */
static void expect_and_recover(peer_script *script, int expected, enum reason reason)
{
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, script);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 1), expected);
	assert_device_reason(rig, 1, reason);
	if (expected == -ENOTCONN)
		rig_reopen(rig);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(rig->record[1][0].readings, 1);
	rig_free(rig);
	peer_stop(peer);
}

/* --- answers that are none ------------------------------------------------------- */

static void answer_late(struct peer *peer)
{
	const struct peer_request late = first_request(peer);
	struct peer_request next;

	/* Whatever comes first when the next question is there is the late answer. */
	if (peer_take(peer, &next)) {
		peer_answer(peer, &late);
		peer_answer(peer, &next);
	}
	behave_for_ever(peer);
}

static void late_answer_is_dropped_and_the_connection_kept(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, answer_late);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(rig->record[0][0].readings, 0);
	rig_free(rig);
	peer_stop(peer);
}

static void answer_twice(struct peer *peer)
{
	const struct peer_request request = first_request(peer);

	peer_answer(peer, &request);
	peer_answer(peer, &request);
	behave_for_ever(peer);
}

static void second_answer_to_a_settled_question_is_not_trusted(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, answer_twice);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_int_equal(rig_poll(rig, 1), -ENOTCONN);
	assert_device_reason(rig, 1, REASON_GARBLED);
	rig_reopen(rig);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	rig_free(rig);
	peer_stop(peer);
}

static void answer_unasked(struct peer *peer)
{
	struct peer_request request = first_request(peer);

	request.transaction = (uint16_t)(request.transaction + 1000);
	peer_answer(peer, &request);
	behave_for_ever(peer);
}

static void transaction_never_asked_means_out_of_step(void **state)
{
	(void)state;
	expect_and_recover(answer_unasked, -ENOTCONN, REASON_GARBLED);
}

static void answer_as_another(struct peer *peer)
{
	struct peer_request request = first_request(peer);

	request.unit = 9;
	peer_answer(peer, &request);
	peer_behave(peer);
}

static void answer_of_another_unit_is_never_a_value(void **state)
{
	(void)state;
	expect_and_recover(answer_as_another, -EIO, REASON_WRONG_UNIT);
}

static void send_edited(struct peer *peer, size_t at, uint8_t byte)
{
	const struct peer_request request = first_request(peer);
	uint8_t frame[MODBUS_ADU_BYTES];
	const size_t bytes = peer_answer_frame(peer, &request, frame);

	frame[at] = byte;
	peer_send(peer, frame, bytes);
	behave_for_ever(peer);
}

static void answer_another_protocol(struct peer *peer)
{
	send_edited(peer, 3, 1);
}

static void answer_another_function(struct peer *peer)
{
	send_edited(peer, 7, 4);
}

static void answer_too_many_bytes(struct peer *peer)
{
	send_edited(peer, 8, 1);
}

static void answer_with_wrong_length(struct peer *peer)
{
	send_edited(peer, 5, 200);
}

static void malformed_answers_mean_out_of_step(void **state)
{
	(void)state;
	expect_and_recover(answer_another_protocol, -ENOTCONN, REASON_GARBLED);
	expect_and_recover(answer_another_function, -ENOTCONN, REASON_GARBLED);
	expect_and_recover(answer_too_many_bytes, -ENOTCONN, REASON_GARBLED);
	expect_and_recover(answer_with_wrong_length, -ENOTCONN, REASON_GARBLED);
}

static void send_garbage(struct peer *peer)
{
	uint8_t garbage[400];

	(void)first_request(peer);
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)(i * 37 + 11);
	peer_send(peer, garbage, sizeof(garbage));
	behave_for_ever(peer);
}

static void garbage_means_out_of_step(void **state)
{
	(void)state;
	expect_and_recover(send_garbage, -ENOTCONN, REASON_GARBLED);
}

static void answer_in_part(struct peer *peer)
{
	const struct peer_request request = first_request(peer);
	uint8_t frame[MODBUS_ADU_BYTES];

	peer_send(peer, frame, peer_answer_frame(peer, &request, frame) - 1);
	behave_for_ever(peer);
}

static void torn_answer_means_out_of_step(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, answer_in_part);

	rig->device_conf[0].timeout_ns = PATIENT_NS;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ENOTCONN);
	assert_device_reason(rig, 0, REASON_GARBLED);
	rig_reopen(rig);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	rig_free(rig);
	peer_stop(peer);
}

/* Byte after byte of an answer that never ends, each well within any limit between bytes. */
static void dribble(struct peer *peer)
{
	const struct peer_request request = first_request(peer);
	uint8_t head[] = {(uint8_t)(request.transaction >> 8),
			  (uint8_t)request.transaction,
			  0,
			  0,
			  0,
			  253,
			  3,
			  3,
			  250};
	const struct timespec pause = {.tv_nsec = 20 * RIG_MS};
	size_t sent = 0;

	while (!peer->stop) {
		const uint8_t byte = sent < sizeof(head) ? head[sent] : 0x55;
		if (send(peer->fd, &byte, 1, MSG_NOSIGNAL) < 0)
			break;
		sent++;
		nanosleep(&pause, NULL);
	}
	if (peer_accept(peer))
		behave_for_ever(peer);
}

static void dribbling_answer_is_bounded_by_the_timeout(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, dribble);

	rig->device_conf[0].timeout_ns = PATIENT_NS;
	rig_open(rig);
	const int64_t began_ns = rig_now_ns();
	assert_int_equal(rig_poll(rig, 0), -ENOTCONN);
	/* 259 bytes at 20 ms each would take more than five times as long. */
	assert_true(rig_now_ns() - began_ns < 5 * PATIENT_NS);
	assert_device_reason(rig, 0, REASON_GARBLED);
	rig_reopen(rig);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	rig_free(rig);
	peer_stop(peer);
}

/* --- connections that end --------------------------------------------------------- */

static void hang_up(struct peer *peer)
{
	(void)first_request(peer);
	if (peer_accept(peer)) /* closes the old one */
		behave_for_ever(peer);
}

static void lost_connection_is_told_and_opened_anew(void **state)
{
	(void)state;
	expect_and_recover(hang_up, -ENOTCONN, REASON_LINK_DOWN);
}

static void reset_at_once(struct peer *peer)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)first_request(peer);
	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (peer_accept(peer))
		behave_for_ever(peer);
}

static void reset_connection_is_told_and_opened_anew(void **state)
{
	(void)state;
	expect_and_recover(reset_at_once, -ENOTCONN, REASON_LINK_DOWN);
}

static void hang_up_when_told(struct peer *peer)
{
	const struct peer_request request = first_request(peer);

	peer_answer(peer, &request);
	peer_await_go(peer);
	close(peer->fd);
	peer->fd = -1;
	peer->note = 1;
	if (peer_accept(peer))
		behave_for_ever(peer);
}

static void connection_lost_between_two_polls_raises_no_signal(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rig *rig = two_devices(i == 0 ? &modbus_tcp_driver : &modbus_rtu_tcp_driver);
		struct peer *peer = peer_start(rig, hang_up_when_told);
		const struct timespec pause = {.tv_nsec = RIG_MS};

		rig_open(rig);
		assert_int_equal(rig_poll(rig, 1), 0);
		peer_go(peer);
		while (!peer->note)
			nanosleep(&pause, NULL);
		assert_int_equal(rig_poll(rig, 1), -ENOTCONN);
		assert_device_reason(rig, 1, REASON_LINK_DOWN);
		/* Once more into the broken connection: SIGPIPE would end the test here. */
		assert_int_equal(rig_poll(rig, 1), -ENOTCONN);
		rig_reopen(rig);
		assert_int_equal(rig_poll(rig, 1), 0);
		rig_free(rig);
		peer_stop(peer);
	}
}

/* --- nobody there ----------------------------------------------------------------- */

static int silent_unit_3(const struct peer *peer, const struct peer_request *request)
{
	(void)peer;
	return request->unit == 3 ? PEER_SILENT : 0;
}

static void ignore_unit_3(struct peer *peer)
{
	peer_decide(peer, silent_unit_3);
	if (peer_accept(peer))
		behave_for_ever(peer);
}

static void silence_of_all_units_opens_the_connection_anew(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, ignore_unit_3);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	assert_int_equal(rig_poll(rig, 0), -ENOTCONN);
	assert_device_reason(rig, 0, REASON_NO_ANSWER);
	assert_string_equal(rig->device_record[0].what,
			    "unit 3: no answer in 40 ms to holding 100: power, unit?");
	rig_reopen(rig);
	assert_int_equal(rig_poll(rig, 1), 0);
	rig_free(rig);
	peer_stop(peer);
}

static void silence_of_one_unit_keeps_the_connection_of_the_others(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, ignore_unit_3);

	rig_open(rig);
	for (int i = 0; i < MODBUS_LATE + 4; i++) {
		assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
		assert_int_equal(rig_poll(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
	}
	rig_free(rig);
	peer_stop(peer);
}

static void retries_are_counted(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, ignore_unit_3);

	rig->device_conf[0].retries = 1;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_int_equal(peer->requests, 3);
	rig_free(rig);
	peer_stop(peer);
}

static void probe_is_one_small_question(void **state)
{
	(void)state;
	struct rig *rig = rig_new(&modbus_tcp_driver);
	struct peer *peer;

	rig_device(rig, 1);
	for (int i = 0; i < 40; i++)
		rig_point(rig, MODBUS_HOLDING, 50 * i, MODBUS_F64);
	peer = peer_start(rig, peer_behave);
	rig_open(rig);
	assert_int_equal(rig->driver->probe(rig->instance, 0), 0);
	assert_int_equal(peer->requests, 1);
	assert_int_equal(peer->longest, 1);
	assert_int_equal(rig->record[0][0].readings, 0);
	rig_free(rig);
	peer_stop(peer);
}

/* --- opening ----------------------------------------------------------------------- */

static void aim(struct rig *rig, int port)
{
	snprintf(rig->host, sizeof(rig->host), "127.0.0.1");
	rig->bus.host = rig->host;
	rig->bus.tcp_port = port;
	rig_start(rig);
}

static void refused_connection_is_told_for_each_device(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	char what[80];
	int port;

	close(rig_listen(1, &port)); /* a port where nobody listens */
	aim(rig, port);
	assert_int_equal(rig->driver->open(rig->instance), -ECONNREFUSED);
	snprintf(what, sizeof(what), "cannot connect to 127.0.0.1 port %d: Connection refused",
		 port);
	for (size_t i = 0; i < 2; i++) {
		assert_device_reason(rig, i, REASON_LINK_DOWN);
		assert_string_equal(rig->device_record[i].what, what);
	}
	rig->driver->close(rig->instance);
	rig->driver->close(rig->instance);
	rig_free(rig);
}

#define CROWD 8

static void black_holed_connection_is_given_up(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_rtu_tcp_driver);
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int crowd[CROWD], port;
	const int listener = rig_listen(0, &port); /* never accepts: its queue fills up */

	address.sin_port = htons((uint16_t)port);
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(crowd[i], (struct sockaddr *)&address, sizeof(address));
	}
	rig->bus.connect_timeout_ns = 200 * RIG_MS;
	aim(rig, port);
	const int64_t began_ns = rig_now_ns();
	assert_int_equal(rig->driver->open(rig->instance), -ETIMEDOUT);
	assert_true(rig_now_ns() - began_ns >= 200 * RIG_MS);
	assert_device_reason(rig, 1, REASON_LINK_DOWN);
	rig_free(rig);
	for (int i = 0; i < CROWD; i++)
		close(crowd[i]);
	close(listener);
}

static void failed_opening_leaves_no_descriptor(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	int port;

	close(rig_listen(1, &port));
	aim(rig, port);
	const int before = dup(STDERR_FILENO);
	close(before);
	for (int i = 0; i < 20; i++) {
		assert_true(rig->driver->open(rig->instance) < 0);
		rig->driver->close(rig->instance);
	}
	const int after = dup(STDERR_FILENO);
	close(after);
	assert_int_equal(before, after);
	rig_free(rig);
}

static void descriptor_is_not_inherited(void **state)
{
	(void)state;
	struct rig *rig = two_devices(&modbus_tcp_driver);
	struct peer *peer = peer_start(rig, behave_for_ever);

	rig_open(rig);
	const struct modbus_bus *bus = rig->instance;
	assert_true(fcntl(bus->link.fd, F_GETFD) & FD_CLOEXEC);
	rig_free(rig);
	peer_stop(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_answer_is_dropped_and_the_connection_kept),
		cmocka_unit_test(second_answer_to_a_settled_question_is_not_trusted),
		cmocka_unit_test(transaction_never_asked_means_out_of_step),
		cmocka_unit_test(answer_of_another_unit_is_never_a_value),
		cmocka_unit_test(malformed_answers_mean_out_of_step),
		cmocka_unit_test(garbage_means_out_of_step),
		cmocka_unit_test(torn_answer_means_out_of_step),
		cmocka_unit_test(dribbling_answer_is_bounded_by_the_timeout),
		cmocka_unit_test(lost_connection_is_told_and_opened_anew),
		cmocka_unit_test(reset_connection_is_told_and_opened_anew),
		cmocka_unit_test(connection_lost_between_two_polls_raises_no_signal),
		cmocka_unit_test(silence_of_all_units_opens_the_connection_anew),
		cmocka_unit_test(silence_of_one_unit_keeps_the_connection_of_the_others),
		cmocka_unit_test(retries_are_counted),
		cmocka_unit_test(probe_is_one_small_question),
		cmocka_unit_test(refused_connection_is_told_for_each_device),
		cmocka_unit_test(black_holed_connection_is_given_up),
		cmocka_unit_test(failed_opening_leaves_no_descriptor),
		cmocka_unit_test(descriptor_is_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
