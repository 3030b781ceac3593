/* Hosts: names and addresses, with a port and without. */
#include "rig/unit.h"

#include "frames/host.h"

static void assert_host(const char *text, const char *name, int port, bool is_address)
{
	struct uplink_host host;

	assert_int_equal(uplink_host_parse(text, 8883, &host), 0);
	assert_string_equal(host.name, name);
	assert_int_equal(host.port, port);
	assert_int_equal(host.is_address, is_address);
}

static void hosts_are_names_and_addresses_with_and_without_a_port(void **state)
{
	(void)state;
	assert_host("broker.example", "broker.example", 8883, false);
	assert_host("broker.example:1883", "broker.example", 1883, false);
	assert_host("10.0.0.1", "10.0.0.1", 8883, true);
	assert_host("10.0.0.1:1", "10.0.0.1", 1, true);
	assert_host("[2001:db8::1]:65535", "2001:db8::1", 65535, true);
	assert_host("[2001:db8::1]", "2001:db8::1", 8883, true);
	assert_host("2001:db8::1", "2001:db8::1", 8883, true);
}

static void a_host_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"",	   ":1883", "a:",      "a:0",  "a:65536",
					  "a:12x", "a: 12", "a:-1",    "[::1", "[::1]x",
					  "[]:1",  "a b",   "http://a"};
	struct uplink_host host;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (uplink_host_parse(bad[i], 1, &host) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_names_and_addresses_with_and_without_a_port),
		cmocka_unit_test(a_host_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("uplink host", tests, NULL, NULL);
}
