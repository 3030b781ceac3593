/* How fast a backlog may go. */
#include "rig/unit.h"

#include "net/bucket.h"

static void a_backlog_goes_no_faster_than_its_limit(void **state)
{
	struct bucket bucket = {.bytes_per_s = 1000};
	int64_t now_ns = 1000 * NS_PER_S;
	int64_t sent = 0;

	(void)state;
	while (now_ns < 1010 * NS_PER_S) {
		if (bucket_open_ns(&bucket) <= now_ns) {
			bucket_spend(&bucket, 500, now_ns);
			sent += 500;
		} else {
			now_ns = bucket_open_ns(&bucket);
		}
	}
	assert_in_range(sent, 10000, 12000);
}

static void without_a_limit_a_backlog_is_never_held(void **state)
{
	struct bucket bucket = {0};

	(void)state;
	bucket_spend(&bucket, 1000000, NS_PER_S);
	assert_true(bucket_open_ns(&bucket) <= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backlog_goes_no_faster_than_its_limit),
		cmocka_unit_test(without_a_limit_a_backlog_is_never_held),
	};

	return cmocka_run_group_tests_name("uplink bucket", tests, NULL, NULL);
}
