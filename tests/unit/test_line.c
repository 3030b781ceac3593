/* The line driver on a bus: a peer that sends, connects, hangs up or says nothing. */
#include "rig/bus_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <math.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "drivers.h"
#include "line/conf.h"
#include "mapper/conf.h"

struct line_rig {
	struct bus_rig bus;
	struct line_conf conf;
	struct map_device_conf device_conf;
	struct map_point_conf point_conf;
	char place[64];
	char end[8], allowed[32];
	char *from[1];
	int door, peer; /* the device's side */
};

static int rig_new(void **state)
{
	struct line_rig *rig = calloc(1, sizeof(*rig));

	rig->door = rig->peer = -1;
	strcpy(rig->end, "CR LF");
	strcpy(rig->allowed, "127.0.0.1");
	rig->from[0] = rig->allowed;
	rig->conf = (struct line_conf){
		.baud = 9600,
		.parity = 'N',
		.data_bits = 8,
		.stop_bits = 1,
		.connect_timeout_ns = PATIENCE_NS,
		.end = rig->end,
		.longest = 40,
		.rate = 2000,
		.every_ns = 50 * MS,
		.discard_ns = 0,
	};
	rig->point_conf = (struct map_point_conf){.pattern = "^ST,GS,([+-][ 0-9.]+),kg$",
						  .type = MAP_INTEGER,
						  .bit = -1,
						  .at_least = NAN};
	*state = rig;
	return 0;
}

static int rig_free(void **state)
{
	struct line_rig *rig = *state;

	bus_rig_fini(&rig->bus);
	if (rig->peer >= 0)
		close(rig->peer);
	if (rig->door >= 0)
		close(rig->door);
	free(rig);
	return 0;
}

/* One device, unit-0, with points p0, p1 ... */
static void plan(struct line_rig *rig, size_t points)
{
	bus_rig_init(&rig->bus, &line_driver, &rig->conf, 1, points);
	rig->bus.devices[0].driver_conf = &rig->device_conf;
	for (size_t i = 0; i < points; i++) {
		rig->bus.driver_points[i].conf = &rig->point_conf;
		rig->bus.points[i].stale_after_ns = 0;
	}
}

static void start(struct line_rig *rig)
{
	plan(rig, 1);
	bus_rig_start(&rig->bus);
}

static int listen_at(struct sockaddr_in *at)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t bytes = sizeof(*at);
	const int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)at, bytes), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &bytes), 0);
	return fd;
}

static void let_in(struct line_rig *rig)
{
	if (rig->peer >= 0)
		close(rig->peer);
	rig->peer = accept4(rig->door, NULL, NULL, SOCK_CLOEXEC);
	assert_true(rig->peer >= 0);
}

/* The driver connects to us. */
static void meet_as_server(struct line_rig *rig)
{
	struct sockaddr_in at;

	rig->door = listen_at(&at);
	snprintf(rig->place, sizeof(rig->place), "127.0.0.1:%d", ntohs(at.sin_port));
	rig->conf.host = rig->place;
	bus_rig_start(&rig->bus);
	let_in(rig);
	bus_rig_wait(&rig->bus, 0, device_is_up, 0);
}

static void start_as_client(struct line_rig *rig)
{
	plan(rig, 1);
	meet_as_server(rig);
}

static void send_text(const struct line_rig *rig, const char *text)
{
	assert_int_equal(write(rig->peer, text, strlen(text)), strlen(text));
}

static void each_line_is_a_reading(void **state)
{
	struct line_rig *rig = *state;
	size_t place;

	start_as_client(rig);
	send_text(rig, "ST,GS,+  12345,kg\r\nUS,GS,+  12399,kg\r\nST,GS,+  12350");
	place = bus_rig_wait(&rig->bus, 0, value_is, 12345);
	send_text(rig, ",kg\r\n");
	bus_rig_wait(&rig->bus, place, value_is, 12350);
	assert_int_equal(bus_rig_count(&rig->bus, value_is, 12399), 0);
}

static void what_was_kept_from_before_is_discarded(void **state)
{
	struct line_rig *rig = *state;

	rig->conf.discard_ns = 300 * MS;
	start_as_client(rig);
	/* For as long as it takes: the first that is taken is a whole one. */
	send_text(rig, "ST,GS,+  11111,kg\r\nST,GS,+  22");
	take_time(600 * MS);
	send_text(rig, "222,kg\r\n");
	while (bus_rig_count(&rig->bus, value_is, 33333) == 0) {
		send_text(rig, "ST,GS,+  33333,kg\r\n");
		bus_rig_take(&rig->bus, real_mono_ns() + 50 * MS);
	}
	assert_int_equal(bus_rig_count(&rig->bus, value_is, 11111), 0);
	assert_int_equal(bus_rig_count(&rig->bus, value_is, 22222), 0);
}

static void a_connection_that_ends_is_made_again(void **state)
{
	struct line_rig *rig = *state;
	size_t place;

	start_as_client(rig);
	send_text(rig, "ST,GS,+  12345,kg\r\n");
	place = bus_rig_wait(&rig->bus, 0, value_is, 12345);
	let_in(rig); /* hangs up first */
	send_text(rig, "ST,GS,+  12350,kg\r\n");
	bus_rig_wait(&rig->bus, place, value_is, 12350);
}

static void a_device_that_is_not_there_is_down_and_comes_back(void **state)
{
	struct line_rig *rig = *state;
	struct sockaddr_in at;
	size_t place;
	int one = 1;

	start_as_client(rig);
	close(rig->door);
	close(rig->peer);
	rig->peer = rig->door = -1;
	place = bus_rig_wait(&rig->bus, 0, device_is_down, 0);
	assert_int_equal(rig->bus.log[place].device.reason, REASON_LINK_DOWN);
	at = (struct sockaddr_in){.sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons((uint16_t)atoi(strchr(rig->place, ':') + 1))};
	rig->door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(rig->door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(rig->door, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(rig->door, 4), 0);
	let_in(rig);
	bus_rig_wait(&rig->bus, place, device_is_up, 0);
}

static void silence_is_no_answer(void **state)
{
	struct line_rig *rig = *state;
	size_t place;

	rig->conf.silence_ns = 300 * MS;
	start_as_client(rig);
	place = bus_rig_wait(&rig->bus, 0, device_is_down, 0);
	assert_int_equal(rig->bus.log[place].device.reason, REASON_NO_ANSWER);
	send_text(rig, "ST,GS,+  12345,kg\r\n");
	place = bus_rig_wait(&rig->bus, place, device_is_up, 0);
	bus_rig_wait(&rig->bus, place, value_is, 12345);
	bus_rig_wait(&rig->bus, place, device_is_down, 0);
}

static void a_device_that_only_answers_is_asked(void **state)
{
	struct line_rig *rig = *state;
	char asked[9] = "", question[] = "SI";
	size_t n = 0;

	rig->conf.ask = question;
	start_as_client(rig);
	while (n < 8) {
		const ssize_t got = read(rig->peer, asked + n, 8 - n);

		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_string_equal(asked, "SI\r\nSI\r\n");
	send_text(rig, "ST,GS,+  12345,kg\r\n");
	bus_rig_wait(&rig->bus, 0, value_is, 12345);
}

static void a_number_is_there_for_a_while_and_then_nobody(void **state)
{
	struct line_rig *rig = *state;
	size_t place;

	rig->point_conf = (struct map_point_conf){
		.path = "/plate", .bit = -1, .at_least = NAN, .hold_ns = 200 * MS};
	rig->device_conf.format = MAP_JSON;
	start_as_client(rig);
	place = bus_rig_wait(&rig->bus, 0, point_is_good, 0);
	assert_string_equal(rig->bus.log[place].reading.value.text, "");
	send_text(rig, "{\"plate\":\"AB123CD\"}\r\n");
	place = bus_rig_wait(&rig->bus, place + 1, point_is_good, 0);
	assert_string_equal(rig->bus.log[place].reading.value.text, "AB123CD");
	place = bus_rig_wait(&rig->bus, place + 1, point_is_good, 0);
	assert_string_equal(rig->bus.log[place].reading.value.text, "");
}

/* Two points of one message, of which the lane sees both or none. */
static void what_one_message_says_is_one_moment(void **state)
{
	struct line_rig *rig = *state;
	const struct map_point_conf seal = {
		.path = "/epc", .bit = -1, .at_least = NAN, .hold_ns = 60 * S};
	const struct map_point_conf status = {.path = "/state", .bit = -1, .at_least = NAN};
	size_t place;

	rig->device_conf.format = MAP_JSON;
	plan(rig, 2);
	rig->bus.driver_points[0].conf = &seal;
	rig->bus.driver_points[1].conf = &status;
	meet_as_server(rig);
	for (int i = 1; i < 50; i++) {
		char text[40];

		snprintf(text, sizeof(text), "{\"epc\":\"S%d\",\"state\":%d}\r\n", i, i);
		send_text(rig, text);
	}
	bus_rig_wait(&rig->bus, 0, value_is, 49);
	place = bus_rig_wait(&rig->bus, 0, value_is, 1) - 1;
	for (int i = 1; i < 50; i++, place += 2) {
		const struct reading *first = &rig->bus.log[place].reading;
		const struct reading *second = &rig->bus.log[place + 1].reading;

		assert_int_equal(atoi(first->value.text + 1), i);
		assert_int_equal(second->value.integer, i);
		assert_true(first->more && !second->more);
		assert_int_equal(first->at_mono_ns, second->at_mono_ns);
	}
}

static size_t good_readings(struct line_rig *rig)
{
	bus_rig_take(&rig->bus, 0);
	return bus_rig_count(&rig->bus, point_is_good, 0);
}

/* It is heard again at its rate, and the stream is not lost. */
static void a_flood_is_cut_to_the_rate(void **state)
{
	struct line_rig *rig = *state;
	int64_t began_ns = real_mono_ns(), took_ns;
	char text[40];

	rig->conf.rate = 100;
	start_as_client(rig);
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "ST,GS,+%7d,kg\r\n", i);
		send_text(rig, text);
	}
	took_ns = real_mono_ns() - began_ns;
	while (bus_rig_count(&rig->bus, value_is, 77777) == 0) {
		send_text(rig, "ST,GS,+  77777,kg\r\n");
		bus_rig_take(&rig->bus, real_mono_ns() + 20 * MS);
		took_ns = real_mono_ns() - began_ns;
	}
	/* Ten lines in a tenth of a second, and those of the first. */
	assert_true(good_readings(rig) <= (size_t)(10 * (took_ns / (100 * MS) + 2)));
	assert_int_equal(bus_rig_count(&rig->bus, device_is_down, 0), 0);
}

/* ---- devices that connect ---------------------------------------------------------------- */

static void connect_to(struct line_rig *rig)
{
	const struct sockaddr_in at = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port =
					       htons((uint16_t)atoi(strchr(rig->place, ':') + 1))};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (rig->peer >= 0)
		close(rig->peer);
	rig->peer = fd;
	WAIT_FOR(connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 || errno == EISCONN);
}

static void start_as_server(struct line_rig *rig)
{
	struct sockaddr_in at;
	const int fd = listen_at(&at); /* a port that is free */

	close(fd);
	snprintf(rig->place, sizeof(rig->place), "127.0.0.1:%d", ntohs(at.sin_port));
	rig->conf.listen = rig->place;
	rig->conf.from = (struct conf_list){.item = rig->from, .count = 1};
	start(rig);
}

static void a_device_that_connects_is_up_from_then_on(void **state)
{
	struct line_rig *rig = *state;
	size_t place;

	start_as_server(rig);
	place = bus_rig_wait(&rig->bus, 0, device_is_down, 0);
	assert_string_equal(rig->bus.log[place].device.detail, "it has not connected yet");
	connect_to(rig);
	send_text(rig, "ST,GS,+  12345,kg\r\n");
	place = bus_rig_wait(&rig->bus, place, value_is, 12345);
	connect_to(rig); /* once more: the first is over */
	send_text(rig, "ST,GS,+  12350,kg\r\n");
	bus_rig_wait(&rig->bus, place, value_is, 12350);
}

static void who_may_not_connect_is_turned_away(void **state)
{
	struct line_rig *rig = *state;
	char byte;

	strcpy(rig->allowed, "10.0.0.31");
	start_as_server(rig);
	bus_rig_wait(&rig->bus, 0, device_is_down, 0);
	connect_to(rig);
	assert_true(read(rig->peer, &byte, 1) <= 0);
	assert_int_equal(bus_rig_count(&rig->bus, device_is_up, 0), 0);
}

/* ---- serial lines ------------------------------------------------------------------------ */

static void a_serial_line_is_read_and_its_loss_told(void **state)
{
	struct line_rig *rig = *state;
	size_t place;

	rig->peer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(rig->peer >= 0);
	assert_int_equal(grantpt(rig->peer), 0);
	assert_int_equal(unlockpt(rig->peer), 0);
	assert_int_equal(ptsname_r(rig->peer, rig->place, sizeof(rig->place)), 0);
	rig->conf.port = rig->place;
	start(rig);
	bus_rig_wait(&rig->bus, 0, device_is_up, 0);
	send_text(rig, "ST,GS,+  12345,kg\r\n");
	place = bus_rig_wait(&rig->bus, 0, value_is, 12345);
	close(rig->peer);
	rig->peer = -1;
	place = bus_rig_wait(&rig->bus, place, device_is_down, 0);
	assert_int_equal(rig->bus.log[place].device.reason, REASON_LINK_DOWN);
}

/* ---- options ----------------------------------------------------------------------------- */

static void refuses(struct line_rig *rig, const char *what)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *errors = open_memstream(&text, &bytes);

	bus_rig_init(&rig->bus, &line_driver, &rig->conf, 1, 1);
	rig->bus.devices[0].driver_conf = &rig->device_conf;
	rig->bus.driver_points[0].conf = &rig->point_conf;
	assert_int_equal(bus_new(&rig->bus.config, &rig->bus.bus_conf, rig->bus.queue, errors,
				 &rig->bus.bus),
			 -EINVAL);
	rig->bus.bus = NULL;
	fclose(errors);
	assert_contains(text, what);
	free(text);
	bus_rig_fini(&rig->bus);
}

static void options_that_cannot_be_are_refused(void **state)
{
	struct line_rig *rig = *state;
	char bad[] = "10.0.0.31", v6[] = "fe80::1:4001", good[] = "[::1]:4001", end[] = "CRLF";
	char name[] = "W<CRR>";

	refuses(rig, "expected one of port, host and listen");
	rig->conf.host = bad;
	refuses(rig, "host: expected address and port");
	rig->conf.host = v6;
	refuses(rig, "host: expected address and port");
	rig->conf.host = good;
	rig->conf.from = (struct conf_list){.item = rig->from, .count = 1};
	refuses(rig, "from without listen");
	rig->conf.from.count = 0;
	rig->conf.end = end;
	refuses(rig, "end: expected names");
	rig->conf.end = rig->end;
	rig->conf.ask = name;
	refuses(rig, "ask: has a name");
	rig->conf.ask = NULL;
	rig->conf.host = NULL;
	rig->conf.listen = good;
	refuses(rig, "listen without from");
	rig->conf.from.count = 1;
	rig->point_conf.pattern = "(";
	refuses(rig, "missing closing parenthesis");
}

#define line_test(test) cmocka_unit_test_setup_teardown(test, rig_new, rig_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		line_test(each_line_is_a_reading),
		line_test(what_was_kept_from_before_is_discarded),
		line_test(a_connection_that_ends_is_made_again),
		line_test(a_device_that_is_not_there_is_down_and_comes_back),
		line_test(silence_is_no_answer),
		line_test(a_device_that_only_answers_is_asked),
		line_test(a_number_is_there_for_a_while_and_then_nobody),
		line_test(what_one_message_says_is_one_moment),
		line_test(a_flood_is_cut_to_the_rate),
		line_test(a_device_that_connects_is_up_from_then_on),
		line_test(who_may_not_connect_is_turned_away),
		line_test(a_serial_line_is_read_and_its_loss_told),
		line_test(options_that_cannot_be_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
