/* Answers that wait to be sent. */
#include "rig/unit.h"

#include "uplink/answers.h"

static struct uplink_answer answer_of(const char *payload)
{
	return (struct uplink_answer){.topic = "a/b", .payload = payload, .bytes = strlen(payload)};
}

static void answers_are_copies_in_order_and_no_more_than_a_few(void **state)
{
	struct answers answers = {0};
	struct uplink_answer answer;
	struct kept_answer *kept;
	char payload[16];
	int round;

	(void)state;
	assert_null(answers_take(&answers));
	for (round = 0; round < 3; round++) {
		for (int i = 0; i < ANSWERS_MAX; i++) {
			snprintf(payload, sizeof(payload), "%d", i);
			answer = answer_of(payload);
			assert_int_equal(answers_put(&answers, &answer), 0);
		}
		assert_int_equal(answers_put(&answers, &answer), -EAGAIN);
		for (int i = 0; i < ANSWERS_MAX - round; i++) {
			kept = answers_take(&answers);
			assert_int_equal(kept->answer.bytes,
					 (size_t)snprintf(payload, sizeof(payload), "%d", i));
			assert_memory_equal(kept->answer.payload, payload, kept->answer.bytes);
			assert_string_equal(kept->answer.topic, "a/b");
			assert_null(kept->answer.correlation);
			free(kept);
		}
		answers_fini(&answers);
	}
	answer.correlation = "\0x";
	answer.correlation_bytes = 2;
	assert_int_equal(answers_put(&answers, &answer), 0);
	kept = answers_take(&answers);
	assert_memory_equal(kept->answer.correlation, "\0x", 2);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_copies_in_order_and_no_more_than_a_few),
	};

	return cmocka_run_group_tests_name("uplink answers", tests, NULL, NULL);
}
