/* Which broker is connected to: hosts in turn, names, addresses. */
#include "rig/uplink_rig.h"

#include <arpa/inet.h>
#include <unistd.h>

/* Names that only the uplink's process knows (tests/fake/names.c). */
static int know_names(void **state)
{
	setenv("LD_PRELOAD", NAMES_LIBRARY, 1);
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
	return uplink_rig_new(state);
}

static int forget_names(void **state)
{
	unsetenv("LD_PRELOAD");
	unsetenv("ASAN_OPTIONS");
	return uplink_rig_free(state);
}

#define names_test(test) cmocka_unit_test_setup_teardown(test, know_names, forget_names)

static void hosts_are_tried_in_turn(void **state)
{
	struct uplink_rig *rig = *state;
	int nobody = free_port();
	char text[160];

	start_broker(rig, "");
	subscribe(rig);
	add_host(rig, nobody);
	add_host(rig, rig->broker.port);
	start_uplink(rig);
	fake_journal_add(&rig->journal, 10);
	until(rig, subscriber_complete(&rig->subscriber) == 10);
	snprintf(text, sizeof(text),
		 "\"127.0.0.1:%d\": not connected: Connection refused (is the broker running, and "
		 "is this its port?), trying the next host",
		 nobody);
	assert_int_equal(times_logged(rig, text), 1);
	until(rig, strcmp(uplink_counters(rig->uplink).host, rig->host_text[1]) == 0);
}

static void a_name_is_looked_up_and_one_that_is_none_is_said(void **state)
{
	struct uplink_rig *rig = *state;
	char nobody[] = "nobody.invalid";

	start_broker(rig, "");
	add_host(rig, 0);
	rig->hosts[0] = nobody;
	add_host(rig, 0);
	snprintf(rig->host_text[1], sizeof(rig->host_text[1]), "broker.example:%d",
		 rig->broker.port);
	start_uplink(rig);
	until(rig, is_connected(rig));
	assert_int_equal(
		times_logged(rig, "\"nobody.invalid\": not connected: host name not found"), 1);
}

/* A listener whose queue is full: who connects gets no answer at all. */
static int black_hole(int port, int fillers[2])
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6,
				       .sin6_port = htons((uint16_t)port),
				       .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *any = &address;

	if (listener < 0 || bind(listener, any, sizeof(address)) < 0)
		return -1;
	assert_int_equal(listen(listener, 0), 0);
	for (int i = 0; i < 2; i++) {
		fillers[i] = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(fillers[i], any, sizeof(address));
	}
	return listener;
}

static void add_host_of_two_families(struct uplink_rig *rig)
{
	static char name[] = "two-families.example";

	add_host(rig, 0);
	rig->hosts[0] = name;
	rig->conf.port = rig->broker.port;
}

static void a_name_with_addresses_of_two_families_is_tried_by_both(void **state)
{
	struct uplink_rig *rig = *state;
	int fillers[2] = {-1, -1};
	int listener;

	start_broker(rig, "");
	listener = black_hole(rig->broker.port, fillers);
	if (listener < 0)
		skip();
	add_host_of_two_families(rig);
	rig->conf.connect_timeout_ns = 300 * NS_PER_MS;
	start_uplink(rig);
	until(rig, is_connected(rig));
	close(listener);
	close(fillers[0]);
	close(fillers[1]);
}

static void a_refusal_by_one_family_is_not_the_other_ones(void **state)
{
	struct uplink_rig *rig = *state;

	start_broker(rig, "");
	add_host_of_two_families(rig);
	start_uplink(rig);
	until(rig, is_connected(rig));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		uplink_test(hosts_are_tried_in_turn),
		names_test(a_name_is_looked_up_and_one_that_is_none_is_said),
		names_test(a_name_with_addresses_of_two_families_is_tried_by_both),
		names_test(a_refusal_by_one_family_is_not_the_other_ones),
	};

	return cmocka_run_group_tests_name("uplink connect", tests, NULL, NULL);
}
