/* RTU framing, on a serial line (a pty) and over a connection: late, foreign, torn
 * and noisy bytes, and lines that come and go. Each register of the device holds
 * its own address, so a value tells which question it answers.
 */
#include "modbus_rig.h"

#include <limits.h>
#include <linux/serial.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#define SHORT_NS (40 * RIG_MS) /* for what is meant to time out */
#define GUARD_NS (60 * RIG_MS)

static const struct driver *const both[] = {&modbus_rtu_driver, &modbus_rtu_tcp_driver};

/* Two devices of one unit, the first with little patience: registers 100 and 200; and one of
 * another unit: register 300. All of the same length. */
static struct rig *three_devices(const struct driver *driver)
{
	struct rig *rig = rig_new(driver);

	rig_device(rig, 3)->timeout_ns = SHORT_NS;
	rig_point(rig, MODBUS_HOLDING, 100, MODBUS_U16);
	rig_device(rig, 3)->timeout_ns = 10000 * RIG_MS;
	rig_point(rig, MODBUS_HOLDING, 200, MODBUS_U16);
	rig_device(rig, 4)->timeout_ns = 10000 * RIG_MS;
	rig_point(rig, MODBUS_HOLDING, 300, MODBUS_U16);
	return rig;
}

static void behave_for_ever(struct peer *peer)
{
	do
		peer_behave(peer);
	while (peer->listener >= 0 && peer_accept(peer));
}

static struct peer_request next_request(struct peer *peer)
{
	struct peer_request request = {0};

	(void)peer_take(peer, &request);
	return request;
}

/* --- late answers ----------------------------------------------------------------- */

/* The trap: the late answer to 100 lies on the line when 200 is asked for. */
static void answer_when_next_asked(struct peer *peer)
{
	const struct peer_request late = next_request(peer);
	const struct peer_request next = next_request(peer);

	peer_answer(peer, &late);
	peer_answer(peer, &next);
	behave_for_ever(peer);
}

static void late_answer_is_never_taken_for_the_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = three_devices(both[i]);
		struct peer *peer = peer_start(rig, answer_when_next_asked);

		rig_open(rig);
		assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
		assert_device_reason(rig, 0, REASON_NO_ANSWER);
		/* It meets the sacrificial question, whose own answer then meets the read. */
		assert_int_equal(rig_poll(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
		assert_int_equal(rig->record[1][0].readings, 1);
		assert_int_equal(rig->record[0][0].readings, 0);
		rig_free(rig);
		peer_stop(peer);
	}
}

/* As it is with libmodbus alone: one behind, for ever. */
static void answer_one_behind(struct peer *peer)
{
	struct peer_request owed = next_request(peer), request;

	while (!peer->note && peer_take(peer, &request)) {
		peer_answer(peer, &owed);
		owed = request;
	}
	peer_answer(peer, &owed);
	behave_for_ever(peer);
}

static void unit_that_stays_one_behind_never_gives_a_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = three_devices(both[i]);
		struct peer *peer = peer_start(rig, answer_one_behind);

		rig->device_conf[1].timeout_ns = SHORT_NS;
		rig_open(rig);
		for (int round = 0; round < 6; round++) {
			const int ret = rig_poll(rig, (size_t)round % 2);
			assert_true(ret < 0);
			if (ret == -ENOTCONN)
				break;
		}
		assert_int_equal(rig->record[0][0].readings + rig->record[1][0].readings, 0);
		peer->note = 1;
		if (((struct modbus_bus *)rig->instance)->link.lost)
			rig_reopen(rig);
		for (int round = 0; round < 10 && rig->record[1][0].readings == 0; round++)
			(void)rig_poll(rig, 1);
		assert_point_int(rig, 1, 0, 200);
		rig_free(rig);
		peer_stop(peer);
	}
}

/* The answer comes after the time is up, while nobody listens. */
static void answer_when_told(struct peer *peer)
{
	const struct peer_request late = next_request(peer);

	peer_await_go(peer);
	peer_answer(peer, &late);
	peer->note = 1;
	behave_for_ever(peer);
}

static void late_answer_between_two_polls_is_drained(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = three_devices(both[i]);
		struct peer *peer = peer_start(rig, answer_when_told);
		const struct timespec pause = {.tv_nsec = RIG_MS};

		rig_open(rig);
		assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
		peer_go(peer);
		while (!peer->note)
			nanosleep(&pause, NULL);
		assert_int_equal(rig_poll(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
		assert_int_equal(peer->requests, 3);
		rig_free(rig);
		peer_stop(peer);
	}
}

/* An honest but slow unit: takes its questions in order and answers them in order, each
 * whenever it likes, one in eight not at all, one in eight by a refusal. */
static unsigned int random_of(unsigned int *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

#define SLOW_QUEUE 3 /* questions it holds back at most */

static void answer_moodily(struct peer *peer, const struct peer_request *request, unsigned int mood)
{
	if (mood % 8 == 0)
		return;
	if (mood % 8 == 1)
		peer_refuse(peer, request, 4);
	else
		peer_answer(peer, request);
}

static void answer_in_order_at_leisure(struct peer *peer)
{
	struct peer_request queue[SLOW_QUEUE];
	unsigned int seed = *(unsigned int *)peer->data;
	size_t held = 0;

	while (!peer->stop) {
		if (!peer_take(peer, &queue[held]))
			break;
		held++;
		size_t answered = random_of(&seed) % (held + 1);
		if (held == SLOW_QUEUE && answered == 0)
			answered = 1;
		for (size_t i = 0; i < answered; i++)
			answer_moodily(peer, &queue[i], random_of(&seed));
		held -= answered;
		memmove(queue, queue + answered, held * sizeof(queue[0]));
	}
}

static void values_are_right_however_late_the_unit_answers(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	unsigned int seed = 3;
	unsigned int readings = 0;

	for (size_t i = 0; i < 3; i++) {
		rig->device_conf[i].timeout_ns = SHORT_NS;
		rig->device_conf[i].unit = 3;
	}
	rig->script_data = &seed;
	struct peer *peer = peer_start(rig, answer_in_order_at_leisure);
	rig_open(rig);
	for (size_t round = 0; round < 100 && readings < 6; round++) {
		const size_t device = round % 3;
		if (rig_poll(rig, device) < 0 || rig->record[device][0].reason)
			continue;
		assert_point_int(rig, device, 0, 100 * (int64_t)(device + 1));
		readings++;
	}
	assert_true(readings > 0);
	rig_free(rig);
	peer_stop(peer);
}

/* A refusal of the late read comes as if it were the sacrificial question's; the answer to
 * that one is then the late one, and must not pass for the read's. */
static void refuse_late(struct peer *peer)
{
	const struct peer_request late = next_request(peer);
	const struct peer_request probe = next_request(peer);

	peer_refuse(peer, &late, MODBUS_ILLEGAL_ADDRESS);
	const struct peer_request read = next_request(peer);
	peer_answer(peer, &probe);
	peer_answer(peer, &read);
	behave_for_ever(peer);
}

static void late_refusal_does_not_settle_the_wrong_question(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, refuse_late);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(peer->requests, 3);
	rig_free(rig);
	peer_stop(peer);
}

static int ignore_what_it_does_not_know(const struct peer *peer, const struct peer_request *request)
{
	if (peer->requests == 1)
		return PEER_SILENT;
	return request->count > 1 ? PEER_SILENT : 0;
}

static void ignore_probes(struct peer *peer)
{
	peer_decide(peer, ignore_what_it_does_not_know);
}

static void unit_that_ignores_the_sacrificial_question_comes_back(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, ignore_probes);
	int rounds = 0;

	rig->bus.late_reply_guard_ns = 200 * RIG_MS;
	rig->device_conf[1].timeout_ns = 500 * RIG_MS;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
	while (rig->record[1][0].readings == 0 && rounds++ < 20)
		(void)rig_poll(rig, 1);
	assert_true(rounds > 1);
	assert_point_int(rig, 1, 0, 200);
	rig_free(rig);
	peer_stop(peer);
}

/* --- foreign, torn and noisy answers ------------------------------------------------ */

static void answer_after_a_stranger(struct peer *peer)
{
	struct peer_request request = next_request(peer);

	request.unit = 9;
	peer_answer(peer, &request);
	request.unit = 4;
	peer_answer(peer, &request);
	behave_for_ever(peer);
}

static void right_answer_behind_a_strangers_is_taken(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, answer_after_a_stranger);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 2), 0);
	assert_point_int(rig, 2, 0, 300);
	assert_int_equal(peer->requests, 1);
	rig_free(rig);
	peer_stop(peer);
}

static void answer_as_another(struct peer *peer)
{
	struct peer_request request = next_request(peer);

	request.unit = 9;
	peer_answer(peer, &request);
	behave_for_ever(peer);
}

static void answer_of_another_unit_is_never_a_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = three_devices(both[i]);
		struct peer *peer = peer_start(rig, answer_as_another);

		rig->device_conf[2].timeout_ns = 1000 * RIG_MS;
		rig_open(rig);
		assert_int_equal(rig_poll(rig, 2), -EIO);
		assert_device_reason(rig, 2, REASON_WRONG_UNIT);
		assert_string_equal(rig->device_record[2].what,
				    "unit 4: unit 9 answered instead: one number is wrong");
		assert_int_equal(rig_poll(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
		rig_free(rig);
		peer_stop(peer);
	}
}

/* Evil with the first answer: what is put before it, which byte is flipped, what is cut. */
struct harm {
	const char *before;
	int flip; /* -1: none */
	size_t cut;
};

static void answer_harmed(struct peer *peer)
{
	const struct harm *harm = peer->data;
	const struct peer_request request = next_request(peer);
	uint8_t frame[MODBUS_ADU_BYTES];
	const size_t bytes = peer_answer_frame(peer, &request, frame);

	if (harm->flip >= 0)
		frame[harm->flip] ^= 0x04;
	peer_send(peer, (const uint8_t *)harm->before, strlen(harm->before));
	peer_send(peer, frame, bytes - harm->cut);
	behave_for_ever(peer);
}

static void harmed_answer_is_told_and_the_next_is_right(void **state)
{
	(void)state;
	static const struct harm harms[] = {
		{"", 3, 0}, /* a value */
		{"", 6, 0}, /* the checksum */
		{"", 1, 0}, /* the function */
		{"", 2, 0}, /* the length */
		{"", -1, 1}, /* cut short */
		{"", -1, 4},	     {"\xff", -1, 0}, /* noise of the line's turning round */
		{"\x04\x03", -1, 0}, {"\x55\xaa\x55\xaa\x55\xaa\x55\xaa\x55", -1, 0},
	};

	for (size_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
		struct rig *rig = three_devices(both[i % 2]);
		struct harm harm = harms[i];
		rig->script_data = &harm;
		struct peer *peer = peer_start(rig, answer_harmed);

		rig->device_conf[2].timeout_ns = 500 * RIG_MS;
		rig_open(rig);
		assert_int_equal(rig_poll(rig, 2), -EIO);
		assert_device_reason(rig, 2, REASON_GARBLED);
		assert_int_equal(rig_poll(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
		assert_int_equal(rig->record[2][0].readings, 1);
		rig_free(rig);
		peer_stop(peer);
	}
}

static void harmed_answer_is_mended_by_a_retry(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct harm harm = {"", 3, 0};

	rig->script_data = &harm;
	rig->device_conf[2].retries = 1;
	struct peer *peer = peer_start(rig, answer_harmed);
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 2), 0);
	assert_point_int(rig, 2, 0, 300);
	assert_int_equal(peer->requests, 3); /* one of them the sacrificial one */
	rig_free(rig);
	peer_stop(peer);
}

static void noise_then_behave(struct peer *peer)
{
	const uint8_t noise[] = {0x00, 0xff, 0x03, 0x42};

	for (int i = 0; i < 3; i++) {
		peer_await_go(peer);
		peer_send(peer, noise, sizeof(noise));
		peer->note++;
		const struct peer_request request = next_request(peer);
		peer_answer(peer, &request);
	}
}

static void noise_between_two_exchanges_does_no_harm(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, noise_then_behave);
	const struct timespec pause = {.tv_nsec = RIG_MS};

	rig_open(rig);
	for (uint32_t i = 1; i <= 3; i++) {
		peer_go(peer);
		while (peer->note < i)
			nanosleep(&pause, NULL);
		assert_int_equal(rig_poll(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
	}
	assert_int_equal(peer->requests, 3);
	rig_free(rig);
	peer_stop(peer);
}

static void chatter_until_told(struct peer *peer)
{
	const struct timespec pause = {.tv_nsec = RIG_MS};
	const uint8_t byte = 0x55;

	while (sem_trywait(&peer->go) < 0 && !peer->stop) {
		peer_send(peer, &byte, 1);
		nanosleep(&pause, NULL);
	}
	peer->note = 1;
	behave_for_ever(peer);
}

static void chattering_line_is_bounded_and_recovers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *rig = three_devices(both[i]);
		struct peer *peer = peer_start(rig, chatter_until_told);
		const struct timespec pause = {.tv_nsec = RIG_MS};

		rig->device_conf[2].retries = 1;
		rig_open(rig);
		for (int round = 0; round < 2; round++) {
			assert_int_equal(rig_poll(rig, 2), -EIO);
			assert_device_reason(rig, 2, REASON_GARBLED);
		}
		assert_int_equal(peer->requests, 0); /* nobody talks into the noise */
		peer_go(peer);
		while (!peer->note)
			nanosleep(&pause, NULL);
		rig->device_conf[2].retries = 5;
		assert_int_equal(rig_poll(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
		rig_free(rig);
		peer_stop(peer);
	}
}

/* --- silent units ------------------------------------------------------------------ */

static int silent_unit_3(const struct peer *peer, const struct peer_request *request)
{
	return request->unit == 3 && !peer->note ? PEER_SILENT : 0;
}

static void ignore_unit_3(struct peer *peer)
{
	peer_decide(peer, silent_unit_3);
}

static void silent_unit_leaves_the_others_alone(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, ignore_unit_3);

	rig_open(rig);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(rig_poll(rig, 0), -ETIMEDOUT);
		assert_device_reason(rig, 0, REASON_NO_ANSWER);
		assert_int_equal(rig->driver->probe(rig->instance, 0), -ETIMEDOUT);
		assert_int_equal(rig_poll(rig, 2), 0);
		assert_point_int(rig, 2, 0, 300);
	}
	peer->note = 1;
	assert_int_equal(rig->driver->probe(rig->instance, 1), 0);
	assert_int_equal(rig_poll(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	rig_free(rig);
	peer_stop(peer);
}

/* --- the line itself ---------------------------------------------------------------- */

static void answer_and_time_the_gap(struct peer *peer)
{
	for (int i = 0; i < 6 && !peer->stop; i++) {
		const struct peer_request request = next_request(peer);
		const int64_t gap_ns = rig_now_ns() - *(int64_t *)peer->data;
		if (i > 0 && gap_ns < 30 * RIG_MS)
			peer->note = 1;
		*(int64_t *)peer->data = rig_now_ns();
		peer_answer(peer, &request);
	}
}

static void gap_before_a_request_is_kept(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	int64_t answered_ns = 0;

	rig->bus.gap_ns = 30 * RIG_MS;
	rig->script_data = &answered_ns;
	struct peer *peer = peer_start(rig, answer_and_time_the_gap);
	rig_open(rig);
	for (int i = 0; i < 6; i++)
		assert_int_equal(rig_poll(rig, 1 + (size_t)i % 2), 0);
	assert_int_equal(peer->note, 0);
	rig_free(rig);
	peer_stop(peer);
}

static void least_gap_follows_from_the_speed(void **state)
{
	(void)state;
	struct modbus_bus_conf conf = {.baud = 9600, .data_bits = 8, .parity = 'E', .stop_bits = 1};
	struct modbus_link link;

	modbus_link_init(&link, MODBUS_RTU, &conf, 0);
	assert_in_range(link.gap_ns, 4010000, 4011000); /* 3.5 characters of 11 bits */
	conf.baud = 115200;
	modbus_link_init(&link, MODBUS_RTU, &conf, 0);
	assert_int_equal(link.gap_ns, 1750000);
	conf.gap_ns = 5000000;
	modbus_link_init(&link, MODBUS_RTU, &conf, 0);
	assert_int_equal(link.gap_ns, 5000000);
	conf.gap_ns = 0;
	modbus_link_init(&link, MODBUS_RTU_TCP, &conf, 0);
	assert_int_equal(link.gap_ns, 0);
}

static void close_when_asked(struct peer *peer)
{
	(void)next_request(peer);
	close(peer->held_fd);
	peer->held_fd = -1;
	close(peer->fd);
	peer->fd = -1;
}

static void pulled_cable_is_told_and_the_line_comes_back(void **state)
{
	(void)state;
	char folder[] = "/tmp/corridord-test-XXXXXX", path[PATH_MAX];
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, close_when_asked);

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/adapter", folder);
	assert_int_equal(symlink(peer->path, path), 0);
	rig->bus.line = path;
	rig_open(rig);
	assert_int_equal(rig_poll(rig, 2), -ENOTCONN);
	assert_device_reason(rig, 2, REASON_LINK_DOWN);
	assert_string_equal(rig->device_record[2].what, "unit 4: the serial line is gone");
	rig->driver->close(rig->instance);
	peer_stop(peer);

	unlink(path);
	assert_int_equal(rig->driver->open(rig->instance), -ENOENT);
	assert_device_reason(rig, 0, REASON_LINK_DOWN);
	rig->driver->close(rig->instance);

	peer = peer_start(rig, behave_for_ever); /* plugged in again, under another number */
	assert_int_equal(symlink(peer->path, path), 0);
	rig->bus.line = path;
	assert_int_equal(rig->driver->open(rig->instance), 0);
	assert_int_equal(rig_poll(rig, 2), 0);
	assert_point_int(rig, 2, 0, 300);
	rig_free(rig);
	peer_stop(peer);
	unlink(path);
	rmdir(folder);
}

static void line_gone_before_a_request_is_told(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, close_when_asked);

	rig_open(rig);
	assert_int_equal(rig_poll(rig, 2), -ENOTCONN);
	assert_int_equal(rig_poll(rig, 1), -ENOTCONN);
	assert_device_reason(rig, 1, REASON_LINK_DOWN);
	rig_free(rig);
	peer_stop(peer);
}

static void line_held_by_another_is_not_touched(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct rig *second = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, behave_for_ever);
	char what[160];

	second->bus.line = peer->path;
	rig_open(rig);
	rig_start(second);
	assert_int_equal(second->driver->open(second->instance), -EBUSY);
	snprintf(what, sizeof(what), "%s is held by another program (fuser shows it)", peer->path);
	assert_string_equal(second->device_record[0].what, what);
	second->driver->close(second->instance);
	assert_int_equal(rig_poll(rig, 2), 0);
	rig->driver->close(rig->instance);
	assert_int_equal(second->driver->open(second->instance), 0);
	assert_int_equal(rig_poll(second, 2), 0);
	rig_free(second);
	rig_free(rig);
	peer_stop(peer);
}

static void expect_no_line(char *line, bool rs485, int expected, const char *what)
{
	struct rig *rig = three_devices(&modbus_rtu_driver);

	rig->bus.line = line;
	rig->bus.rs485 = rs485;
	rig_start(rig);
	assert_int_equal(rig->driver->open(rig->instance), expected);
	for (size_t i = 0; i < 3; i++) {
		assert_device_reason(rig, i, REASON_LINK_DOWN);
		assert_string_equal(rig->device_record[i].what, what);
	}
	rig_free(rig);
}

static void what_is_no_line_is_told_with_a_cure(void **state)
{
	(void)state;
	char missing[] = "/dev/no-such-line", file[] = "/dev/null";

	expect_no_line(missing, false, -ENOENT,
		       "/dev/no-such-line is not there: is the adapter plugged in?");
	expect_no_line(file, false, -ENOTTY, "/dev/null is no serial line");
}

static void line_without_rs485_mode_is_told(void **state)
{
	(void)state;
	char path[64], what[160];
	struct serial_rs485 mode;
	int master, slave;

	assert_int_equal(openpty(&master, &slave, path, NULL, NULL), 0);
	if (ioctl(slave, TIOCGRS485, &mode) < 0 && errno != ENOTTY)
		skip(); /* an emulator that passes some requests on, and not this */
	snprintf(what, sizeof(what),
		 "%s knows no RS-485 mode (Inappropriate ioctl for device): set rs485 = false",
		 path);
	expect_no_line(path, true, -ENOTTY, what);
	close(master);
	close(slave);
}

static void numbered_usb_port_is_warned_of(void **state)
{
	(void)state;
	char line[] = "/dev/ttyUSB99";
	struct rig *rig = three_devices(&modbus_rtu_driver);

	rig->bus.line = line;
	rig_start(rig);
	assert_true(rig->driver->open(rig->instance) < 0);
	assert_string_equal(rig->debug, "/dev/ttyUSB99 may be another adapter after a restart: use "
					"/dev/serial/by-path/...");
	rig_free(rig);
}

static void descriptors_are_not_inherited(void **state)
{
	(void)state;
	struct rig *rig = three_devices(&modbus_rtu_driver);
	struct peer *peer = peer_start(rig, behave_for_ever);

	rig_open(rig);
	const struct modbus_bus *bus = rig->instance;
	assert_true(fcntl(bus->link.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(bus->link.lock_fd, F_GETFD) & FD_CLOEXEC);
	rig_free(rig);
	peer_stop(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_answer_is_never_taken_for_the_next),
		cmocka_unit_test(unit_that_stays_one_behind_never_gives_a_value),
		cmocka_unit_test(late_answer_between_two_polls_is_drained),
		cmocka_unit_test(values_are_right_however_late_the_unit_answers),
		cmocka_unit_test(late_refusal_does_not_settle_the_wrong_question),
		cmocka_unit_test(unit_that_ignores_the_sacrificial_question_comes_back),
		cmocka_unit_test(right_answer_behind_a_strangers_is_taken),
		cmocka_unit_test(answer_of_another_unit_is_never_a_value),
		cmocka_unit_test(harmed_answer_is_told_and_the_next_is_right),
		cmocka_unit_test(harmed_answer_is_mended_by_a_retry),
		cmocka_unit_test(noise_between_two_exchanges_does_no_harm),
		cmocka_unit_test(chattering_line_is_bounded_and_recovers),
		cmocka_unit_test(silent_unit_leaves_the_others_alone),
		cmocka_unit_test(gap_before_a_request_is_kept),
		cmocka_unit_test(least_gap_follows_from_the_speed),
		cmocka_unit_test(pulled_cable_is_told_and_the_line_comes_back),
		cmocka_unit_test(line_gone_before_a_request_is_told),
		cmocka_unit_test(line_held_by_another_is_not_touched),
		cmocka_unit_test(what_is_no_line_is_told_with_a_cure),
		cmocka_unit_test(line_without_rs485_mode_is_told),
		cmocka_unit_test(numbered_usb_port_is_warned_of),
		cmocka_unit_test(descriptors_are_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
