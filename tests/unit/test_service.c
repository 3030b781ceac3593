#include "rig/unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/service.h"

static int listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t bytes = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, bytes);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes)),
			 0);
	return fd;
}

static void expect_ready_at(const char *name)
{
	char heard[32] = "";
	int fd = listen_at(name);

	setenv("NOTIFY_SOCKET", name, 1);
	service_notify("READY=1");
	assert_int_equal(recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT), 7);
	assert_string_equal(heard, "READY=1");
	close(fd);
}

static void the_manager_hears_it_by_path_and_in_the_abstract_namespace(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "/tmp/corridord-notify-%d", (int)getpid());
	expect_ready_at(name);
	unlink(name);
	snprintf(name, sizeof(name), "@corridord-notify-%d", (int)getpid());
	expect_ready_at(name);
}

static void without_a_manager_or_with_a_bad_address_nothing_happens(void **state)
{
	char name[256];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	service_notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	service_notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	service_notify("READY=1");
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	service_notify("READY=1");
}

static void the_watchdog_is_ours_only_when_it_names_this_process(void **state)
{
	char pid[32];

	(void)state;
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_true(service_watchdog_ns() == 30 * NS_PER_S);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_true(service_watchdog_ns() == 30 * NS_PER_S);
	setenv("WATCHDOG_PID", "1", 1);
	assert_true(service_watchdog_ns() == 0);
}

static void a_watchdog_that_makes_no_sense_is_none(void **state)
{
	static const char *const senseless[] = {"", "0", "-1", "12s", "99999999999999999999"};

	(void)state;
	unsetenv("WATCHDOG_PID");
	for (size_t i = 0; i < COUNT(senseless); i++) {
		setenv("WATCHDOG_USEC", senseless[i], 1);
		assert_true(service_watchdog_ns() == 0);
	}
	unsetenv("WATCHDOG_USEC");
	assert_true(service_watchdog_ns() == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manager_hears_it_by_path_and_in_the_abstract_namespace),
		cmocka_unit_test(without_a_manager_or_with_a_bad_address_nothing_happens),
		cmocka_unit_test(the_watchdog_is_ours_only_when_it_names_this_process),
		cmocka_unit_test(a_watchdog_that_makes_no_sense_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
