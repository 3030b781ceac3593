/* Every card against libmodbus's and pymodbus's own servers: every type in every
 * order, all four tables, requests merged across holes and held to a maximum.
 */
#include "rig/modbus_rig.h"
#include "rig/process.h"

#include <assert.h>
#include <byteswap.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#define UNIT	    3
#define REGISTERS   0x400
#define PYMODBUS    "tests/sim/modbus_pymodbus.py"
#define PYTHON_PATH "/usr/bin/python3"

/* ---- what the device holds, and what that means ------------------------------------ */

struct sample {
	enum modbus_type type;
	int words;
	uint64_t bits; /* most significant first */
	struct value expected;
};

/* clang-format off */
static const struct sample samples[] = {
	{MODBUS_U16, 1, 0xfedc, {VALUE_INT, {.integer = 0xfedc}}},
	{MODBUS_S16, 1, 0xfedc, {VALUE_INT, {.integer = -292}}},
	{MODBUS_BCD16, 1, 0x9870, {VALUE_INT, {.integer = 9870}}},
	{MODBUS_U32, 2, 0xfedcba98, {VALUE_INT, {.integer = 0xfedcba98}}},
	{MODBUS_S32, 2, 0xfedcba98, {VALUE_INT, {.integer = -19088744}}},
	{MODBUS_F32, 2, 0xc2f6e979, {VALUE_REAL, {.real = -123.456}}},
	{MODBUS_BCD32, 2, 0x12345678, {VALUE_INT, {.integer = 12345678}}},
	{MODBUS_U64, 4, 0xfedcba9876543210, {VALUE_UINT, {.uinteger = 0xfedcba9876543210}}},
	{MODBUS_S64, 4, 0xfedcba9876543210, {VALUE_INT, {.integer = -81985529216486896}}},
	{MODBUS_F64, 4, 0x400921fb54442d18, {VALUE_REAL, {.real = 3.141592653589793}}},
	{MODBUS_STRING, 4, 0x5345414c2d370000, {VALUE_TEXT, {.text = "SEAL-7"}}},
};
/* clang-format on */

struct image {
	uint16_t registers[2][REGISTERS]; /* holding, input */
	uint8_t bits[2][REGISTERS]; /* coils, discrete inputs */
};

/* A second pty joined to the peer's, whose name pymodbus gets: a null-modem cable. */
struct cable {
	int fd, held_fd; /* -1: none */
	char path[64];
};

struct peers {
	struct modbus_rig *rig;
	struct image image;
	struct process python;
	FILE *to_python, *from_python;
	struct cable cable;
};

static int peers_new(void **state)
{
	struct peers *peers = calloc(1, sizeof(*peers));
	void *rig;

	modbus_rig_new(&rig);
	peers->rig = rig;
	peers->cable.fd = peers->cable.held_fd = -1;
	*state = peers;
	return 0;
}

static int peers_free(void **state)
{
	struct peers *peers = *state;
	void *rig = peers->rig;

	modbus_rig_free(&rig);
	process_end(&peers->python, SIGTERM);
	if (peers->to_python)
		fclose(peers->to_python);
	if (peers->from_python)
		fclose(peers->from_python);
	close(peers->cable.fd);
	close(peers->cable.held_fd);
	free(peers);
	return 0;
}

#define peers_test(test) cmocka_unit_test_setup_teardown(test, peers_new, peers_free)

/* The words of a value as the device keeps them. */
static void place(uint16_t *words, const struct sample *sample, enum modbus_order order)
{
	for (int i = 0; i < sample->words; i++) {
		const bool reverse = order == MODBUS_CDAB || order == MODBUS_DCBA;
		const int from = reverse ? i : sample->words - 1 - i;
		const uint16_t word = (uint16_t)(sample->bits >> (16 * from));
		const bool swap = order == MODBUS_BADC || order == MODBUS_DCBA;
		words[i] = swap ? bswap_16(word) : word;
	}
}

/* All samples in one order, one after the other with small holes, and some bits; the points
 * go to a device of the rig. */
static void fill(struct modbus_rig *rig, struct image *image, enum modbus_order order)
{
	int address = 0x20 + 0x80 * (int)order;

	for (size_t i = 0; i < COUNT(samples); i++) {
		const int table = (int)i % 2;
		place(&image->registers[table][address], &samples[i], order);
		struct modbus_point_conf *conf = add_point(
			rig, table == 0 ? MODBUS_HOLDING : MODBUS_INPUT, address, samples[i].type);
		conf->order =
			(int)(samples[i].words == 1 && order == MODBUS_CDAB ? MODBUS_ABCD : order);
		conf->length = samples[i].type == MODBUS_STRING ? 4 : 0;
		address += samples[i].words + (int)i % 3;
	}
	for (int i = 0; i < 20; i++) {
		image->bits[0][address + i] = i % 3 == 0;
		image->bits[1][address + i] = i % 5 == 0;
		add_point(rig, MODBUS_COIL, address + i, MODBUS_BOOL);
		add_point(rig, MODBUS_DISCRETE, address + i, MODBUS_AUTO);
	}
}

static void assert_values(const struct modbus_rig *rig, size_t device)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		const struct value *value = &rig->record[device][i].value;
		if (!value_equal(value, &samples[i].expected))
			fail_msg("order %zu type %d: got type %d, %" PRIi64, device,
				 samples[i].type, value->type, value->integer);
	}
	for (int i = 0; i < 40; i++) {
		const struct value *value = &rig->record[device][COUNT(samples) + (size_t)i].value;
		assert_int_equal(value->type, VALUE_BOOL);
		assert_int_equal(value->boolean, i / 2 % (i % 2 ? 5 : 3) == 0);
	}
}

static void poll_all(struct modbus_rig *rig)
{
	for (size_t round = 0; round < 3; round++) {
		for (size_t device = 0; device < rig->setup.device_count; device++) {
			assert_int_equal(poll_device(rig, device), 0);
			assert_values(rig, device);
		}
	}
	assert_int_equal(rig->record[0][0].readings, 3);
}

/* One device for each order. */
static void begin_with_image(struct peers *peers, const struct driver *driver)
{
	modbus_rig_begin(peers->rig, driver);
	for (int order = MODBUS_ABCD; order <= MODBUS_DCBA; order++) {
		add_device(peers->rig, UNIT)->timeout_ns = LONG_PATIENCE_NS;
		fill(peers->rig, &peers->image, (enum modbus_order)order);
	}
}

/* ---- libmodbus as a server -------------------------------------------------------- */

static modbus_mapping_t *map_image(const struct image *image)
{
	modbus_mapping_t *map = modbus_mapping_new(REGISTERS, REGISTERS, REGISTERS, REGISTERS);

	assert(map);
	memcpy(map->tab_registers, image->registers[0], sizeof(image->registers[0]));
	memcpy(map->tab_input_registers, image->registers[1], sizeof(image->registers[1]));
	memcpy(map->tab_bits, image->bits[0], sizeof(image->bits[0]));
	memcpy(map->tab_input_bits, image->bits[1], sizeof(image->bits[1]));
	return map;
}

/* Serves whatever connection or line the peer has, with libmodbus's framing. */
static void serve_libmodbus(struct peer *peer)
{
	modbus_t *ctx =
		peer->tcp_framing ? modbus_new_tcp(NULL, 0) : modbus_new_rtu("-", 9600, 'N', 8, 1);
	modbus_mapping_t *map = map_image(peer->data);
	uint8_t query[MODBUS_ADU_BYTES];

	modbus_set_slave(ctx, UNIT);
	modbus_set_socket(ctx, peer->fd);
	modbus_set_indication_timeout(ctx, 0, 20000);
	while (!peer->stop) {
		const int bytes = modbus_receive(ctx, query);
		if (bytes < 0 && errno == ETIMEDOUT)
			continue;
		if (bytes < 0)
			break;
		const uint8_t *count = query + modbus_get_header_length(ctx) + 3;
		peer->requests++;
		if ((count[0] << 8 | count[1]) > peer->longest)
			peer->longest = count[0] << 8 | count[1];
		modbus_reply(ctx, query, bytes, map);
	}
	modbus_mapping_free(map);
	modbus_free(ctx);
}

static void read_from_libmodbus(struct peers *peers, const struct driver *driver)
{
	begin_with_image(peers, driver);
	start_peer(peers->rig, serve_libmodbus, &peers->image);
	open_bus(peers->rig);
	poll_all(peers->rig);
}

static void libmodbus_over_tcp_gives_every_value(void **state)
{
	read_from_libmodbus(*state, &modbus_tcp_driver);
}

static void libmodbus_over_rtu_gives_every_value(void **state)
{
	read_from_libmodbus(*state, &modbus_rtu_driver);
}

static void libmodbus_over_rtu_over_tcp_gives_every_value(void **state)
{
	read_from_libmodbus(*state, &modbus_rtu_tcp_driver);
}

static void server_sees_merged_requests(void **state)
{
	struct peers *peers = *state;
	struct modbus_rig *rig = peers->rig;
	struct peer *peer;

	modbus_rig_begin(rig, &modbus_tcp_driver);
	add_device(rig, UNIT);
	for (int i = 0; i < 10; i++)
		add_point(rig, MODBUS_HOLDING, 0x20 + 5 * i, MODBUS_U16);
	peer = start_peer(rig, serve_libmodbus, &peers->image);
	open_bus(rig);
	for (int i = 0; i < 5; i++)
		assert_int_equal(poll_device(rig, 0), 0);
	assert_int_equal(peer->requests, 5);
	assert_int_equal(peer->longest, 46);
}

static void server_never_sees_more_than_the_maximum(void **state)
{
	struct peers *peers = *state;
	struct modbus_rig *rig = peers->rig;
	struct modbus_device_conf *conf;
	struct peer *peer;

	modbus_rig_begin(rig, &modbus_rtu_tcp_driver);
	conf = add_device(rig, UNIT);
	conf->max_registers = 7;
	conf->max_bits = 5;
	for (int i = 0; i < 20; i++)
		add_point(rig, MODBUS_HOLDING, 2 * i, MODBUS_U32);
	for (int i = 0; i < 20; i++)
		add_point(rig, MODBUS_COIL, i, MODBUS_BOOL);
	peer = start_peer(rig, serve_libmodbus, &peers->image);
	open_bus(rig);
	assert_int_equal(poll_device(rig, 0), 0);
	/* 40 registers in sixes, as a value of two is never split; 20 bits in fives. */
	assert_int_equal(peer->requests, 7 + 4);
	assert_int_equal(peer->longest, 6);
}

/* ---- pymodbus as a server --------------------------------------------------------- */

static void become_python(const int in[2], const int out[2], const char *kind, const char *device)
{
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	execl(PYTHON_PATH, PYTHON_PATH, PYMODBUS, kind, device, (char *)NULL);
	_exit(127);
}

static void start_python(struct peers *peers, const char *kind, const char *device)
{
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	if (process_fork(&peers->python))
		become_python(in, out, kind, device);
	close(in[0]);
	close(out[1]);
	peers->to_python = fdopen(in[1], "w");
	peers->from_python = fdopen(out[0], "r");
	assert_non_null(peers->to_python);
	assert_non_null(peers->from_python);
}

static void put_table(FILE *in, const char *table, const void *values, size_t value_bytes)
{
	fprintf(in, "%s 0", table);
	for (int i = 0; i < REGISTERS; i++)
		fprintf(in, " %x",
			value_bytes == 1 ? ((const uint8_t *)values)[i]
					 : ((const uint16_t *)values)[i]);
	fprintf(in, "\n");
}

static void feed_python(struct peers *peers)
{
	const struct image *image = &peers->image;

	put_table(peers->to_python, "holding", image->registers[0], 2);
	put_table(peers->to_python, "input", image->registers[1], 2);
	put_table(peers->to_python, "coil", image->bits[0], 1);
	put_table(peers->to_python, "discrete", image->bits[1], 1);
	fprintf(peers->to_python, ".\n");
	fflush(peers->to_python);
	assert_int_equal(fscanf(peers->from_python, "%d", &peers->python.port), 1);
}

static void carry(int from, int to)
{
	uint8_t bytes[256];
	const ssize_t got = read(from, bytes, sizeof(bytes));

	if (got > 0 && write(to, bytes, (size_t)got) < got)
		abort();
}

static void join_lines(struct peer *peer)
{
	const struct cable *cable = peer->data;

	while (!peer->stop) {
		struct pollfd wait[2] = {{.fd = peer->fd, .events = POLLIN},
					 {.fd = cable->fd, .events = POLLIN}};
		if (poll(wait, 2, 20) <= 0)
			continue;
		if (wait[0].revents & POLLIN)
			carry(peer->fd, cable->fd);
		if (wait[1].revents & POLLIN)
			carry(cable->fd, peer->fd);
	}
}

static void read_from_pymodbus_by_tcp(struct peers *peers, const struct driver *driver,
				      const char *kind)
{
	begin_with_image(peers, driver);
	start_python(peers, kind, "");
	feed_python(peers);
	aim_at_port(peers->rig, peers->python.port);
	open_bus(peers->rig);
	poll_all(peers->rig);
}

static void pymodbus_over_tcp_gives_every_value(void **state)
{
	read_from_pymodbus_by_tcp(*state, &modbus_tcp_driver, "tcp");
}

static void pymodbus_over_rtu_over_tcp_gives_every_value(void **state)
{
	read_from_pymodbus_by_tcp(*state, &modbus_rtu_tcp_driver, "rtu-tcp");
}

static void lay_cable(struct cable *cable)
{
	struct termios raw;

	assert_int_equal(openpty(&cable->fd, &cable->held_fd, cable->path, NULL, NULL), 0);
	assert_int_equal(tcgetattr(cable->held_fd, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(cable->held_fd, TCSANOW, &raw), 0);
}

static void pymodbus_over_rtu_gives_every_value(void **state)
{
	struct peers *peers = *state;
	struct modbus_rig *rig = peers->rig;

	begin_with_image(peers, &modbus_rtu_driver);
	lay_cable(&peers->cable);
	start_peer(rig, join_lines, &peers->cable);
	start_python(peers, "rtu", peers->cable.path);
	feed_python(peers);
	open_bus(rig);
	poll_all(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		peers_test(libmodbus_over_tcp_gives_every_value),
		peers_test(libmodbus_over_rtu_gives_every_value),
		peers_test(libmodbus_over_rtu_over_tcp_gives_every_value),
		peers_test(server_sees_merged_requests),
		peers_test(server_never_sees_more_than_the_maximum),
		peers_test(pymodbus_over_tcp_gives_every_value),
		peers_test(pymodbus_over_rtu_over_tcp_gives_every_value),
		peers_test(pymodbus_over_rtu_gives_every_value),
	};

	/* A server that dies must not take the test with it. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
