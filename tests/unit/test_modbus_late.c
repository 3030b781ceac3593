/* Answers of RTU framing that come late, on a serial line (a pty) and over a connection: none
 * is taken for the answer to another question. */
#include "rig/modbus_rig.h"

static const struct driver *const both[] = {&modbus_rtu_driver, &modbus_rtu_tcp_driver};

/* The trap: the late answer to 100 lies on the line when 200 is asked for. */
static void answer_when_next_asked(struct peer *peer)
{
	const struct peer_request late = peer_next(peer);
	const struct peer_request next = peer_next(peer);

	peer_answer(peer, &late);
	peer_answer(peer, &next);
	peer_behave_for_ever(peer);
}

static void late_answer_is_never_taken_for_the_next(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		play_three_devices(rig, both[i], answer_when_next_asked, NULL);
		open_bus(rig);
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		assert_device_reason(rig, 0, REASON_NO_ANSWER);
		/* It meets the probe, whose own answer then meets the read. */
		assert_int_equal(poll_device(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
		assert_int_equal(rig->record[1][0].readings, 1);
		assert_int_equal(rig->record[0][0].readings, 0);
	}
}

/* As it is with libmodbus alone: one behind, for ever. */
static void answer_one_behind(struct peer *peer)
{
	struct peer_request owed = peer_next(peer), request;

	while (!peer->note && peer_take(peer, &request)) {
		peer_answer(peer, &owed);
		owed = request;
	}
	peer_answer(peer, &owed);
	peer_behave_for_ever(peer);
}

static void unit_that_stays_one_behind_never_gives_a_value(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		struct peer *peer = play_three_devices(rig, both[i], answer_one_behind, NULL);

		rig->device_conf[1].timeout_ns = LITTLE_PATIENCE_NS;
		open_bus(rig);
		for (int round = 0; round < 6; round++) {
			int err = poll_device(rig, (size_t)round % 2);

			assert_true(err < 0);
			if (err == -ENOTCONN)
				break;
		}
		assert_int_equal(rig->record[0][0].readings + rig->record[1][0].readings, 0);
		peer->note = 1;
		if (link_of(rig)->lost)
			reopen_bus(rig);
		for (int round = 0; round < 10 && rig->record[1][0].readings == 0; round++)
			(void)poll_device(rig, 1);
		assert_point_int(rig, 1, 0, 200);
	}
}

/* The answer comes after the time is up, while nobody listens. */
static void answer_when_told(struct peer *peer)
{
	const struct peer_request late = peer_next(peer);

	peer_await_go(peer);
	peer_answer(peer, &late);
	peer->note = 1;
	peer_behave_for_ever(peer);
}

static void late_answer_between_two_polls_is_drained(void **state)
{
	struct modbus_rig *rig = *state;

	for (size_t i = 0; i < COUNT(both); i++) {
		struct peer *peer = play_three_devices(rig, both[i], answer_when_told, NULL);

		open_bus(rig);
		assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
		peer_go(peer);
		WAIT_FOR(peer->note);
		assert_int_equal(poll_device(rig, 1), 0);
		assert_point_int(rig, 1, 0, 200);
		assert_int_equal(peer->requests, 3);
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
	static unsigned int seed = 3;
	struct modbus_rig *rig = *state;
	unsigned int readings = 0;

	play_three_devices(rig, &modbus_rtu_driver, answer_in_order_at_leisure, &seed);
	for (size_t i = 0; i < 3; i++) {
		rig->device_conf[i].timeout_ns = LITTLE_PATIENCE_NS;
		rig->device_conf[i].unit = 3;
	}
	open_bus(rig);
	for (size_t round = 0; round < 100 && readings < 6; round++) {
		const size_t device = round % 3;
		if (poll_device(rig, device) < 0 || rig->record[device][0].reason)
			continue;
		assert_point_int(rig, device, 0, 100 * (int64_t)(device + 1));
		readings++;
	}
	assert_true(readings > 0);
}

/* A refusal of the late read comes as if it were the probe's; the answer to
 * that one is then the late one, and must not pass for the read's. */
static void refuse_late(struct peer *peer)
{
	const struct peer_request late = peer_next(peer);
	const struct peer_request probe = peer_next(peer);

	peer_refuse(peer, &late, MODBUS_ILLEGAL_ADDRESS);
	const struct peer_request read = peer_next(peer);
	peer_answer(peer, &probe);
	peer_answer(peer, &read);
	peer_behave_for_ever(peer);
}

static void late_refusal_does_not_settle_the_wrong_question(void **state)
{
	struct modbus_rig *rig = *state;
	struct peer *peer = play_three_devices(rig, &modbus_rtu_driver, refuse_late, NULL);

	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	assert_int_equal(poll_device(rig, 1), 0);
	assert_point_int(rig, 1, 0, 200);
	assert_int_equal(peer->requests, 3);
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

static void unit_that_ignores_the_probe_comes_back(void **state)
{
	struct modbus_rig *rig = *state;
	int rounds = 0;

	play_three_devices(rig, &modbus_rtu_driver, ignore_probes, NULL);
	rig->bus.late_reply_guard_ns = 200 * MS;
	rig->device_conf[1].timeout_ns = 500 * MS;
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), -ETIMEDOUT);
	while (rig->record[1][0].readings == 0 && rounds++ < 20)
		(void)poll_device(rig, 1);
	assert_true(rounds > 1);
	assert_point_int(rig, 1, 0, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		modbus_test(late_answer_is_never_taken_for_the_next),
		modbus_test(unit_that_stays_one_behind_never_gives_a_value),
		modbus_test(late_answer_between_two_polls_is_drained),
		modbus_test(values_are_right_however_late_the_unit_answers),
		modbus_test(late_refusal_does_not_settle_the_wrong_question),
		modbus_test(unit_that_ignores_the_probe_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
