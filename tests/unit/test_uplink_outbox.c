/* The ring of what is to be sent: whole, in order, kept until released. */
#include "rig/unit.h"

#include "uplink/outbox.h"

#define RING_BYTES (32 * 1024)

static bool put(struct outbox *outbox, uint64_t position, size_t bytes)
{
	char payload[EVENT_BYTES];
	struct outlet_record record = {.position = position,
				       .seq = position,
				       .epoch = "0123456789abcdef",
				       .type = "seal.tampered",
				       .payload = payload,
				       .payload_bytes = bytes,
				       .session = 1};

	memset(payload, (int)('a' + position % 26), sizeof(payload));
	return outbox_put(outbox, &record);
}

static void assert_record(const struct outbox_record *record, uint64_t position, size_t bytes)
{

	assert_non_null(record);
	assert_int_equal(record->position, position);
	assert_int_equal(record->payload_bytes, bytes);
	assert_string_equal(record->type, "seal.tampered");
	assert_string_equal(record->epoch, "0123456789abcdef");
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(record->payload[i], 'a' + position % 26);
}

static size_t bytes_of(uint64_t position)
{
	return (size_t)(position * 7919 % (EVENT_BYTES + 1));
}

/* Fills, sends and releases unevenly, so that every place of the ring becomes its end. */
static void records_of_all_sizes_come_out_of_the_ring_as_they_went_in(void **state)
{
	struct outbox outbox;
	uint64_t in = 0;
	uint64_t sent = 0;
	uint64_t out = 0;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	while (out < 20000) {
		while (put(&outbox, in + 1, bytes_of(in + 1)))
			in++;
		while (sent < in && sent - out < 1 + in % 5) {
			sent++;
			assert_record(outbox_next(&outbox), sent, bytes_of(sent));
			outbox_sent(&outbox);
		}
		outbox_release(&outbox);
		out++;
	}
	outbox_fini(&outbox);
}

static void what_is_not_released_can_be_sent_again_in_order(void **state)
{
	struct outbox outbox;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	for (uint64_t i = 1; i <= 5; i++) {
		assert_true(put(&outbox, i, 100));
		outbox_sent(&outbox);
	}
	assert_null(outbox_next(&outbox));
	outbox_release(&outbox);
	outbox_unsend(&outbox);
	for (uint64_t i = 2; i <= 5; i++) {
		assert_record(outbox_next(&outbox), i, 100);
		outbox_sent(&outbox);
	}
	assert_null(outbox_next(&outbox));
	outbox_fini(&outbox);
}

static void what_the_credit_allows_has_room_however_the_ring_wraps(void **state)
{
	struct outbox outbox;
	size_t credit = CREDIT_ALERTS_BYTES;
	uint64_t in = 0;

	(void)state;
	assert_int_equal(outbox_init(&outbox, OUTBOX_ALERTS_BYTES), 0);
	while (in < 20000) {
		size_t cost = message_record_cost(bytes_of(in + 1));

		if (cost > credit) {
			credit += outbox_release(&outbox);
			continue;
		}
		credit -= cost;
		in++;
		assert_true(put(&outbox, in, bytes_of(in)));
		assert_non_null(outbox_next(&outbox));
		outbox_sent(&outbox);
	}
	outbox_fini(&outbox);
}

static void the_ring_empties_whatever_the_sizes(void **state)
{
	struct outbox outbox;
	uint64_t round;

	(void)state;
	assert_int_equal(outbox_init(&outbox, RING_BYTES), 0);
	for (round = 1; round < 2000; round++) {
		assert_true(put(&outbox, round, bytes_of(round)));
		assert_record(outbox_next(&outbox), round, bytes_of(round));
		outbox_sent(&outbox);
		outbox_release(&outbox);
		assert_null(outbox_next(&outbox));
	}
	outbox_fini(&outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_all_sizes_come_out_of_the_ring_as_they_went_in),
		cmocka_unit_test(what_is_not_released_can_be_sent_again_in_order),
		cmocka_unit_test(what_the_credit_allows_has_room_however_the_ring_wraps),
		cmocka_unit_test(the_ring_empties_whatever_the_sizes),
	};

	return cmocka_run_group_tests_name("uplink outbox", tests, NULL, NULL);
}
