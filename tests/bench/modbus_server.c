/* A Modbus TCP server of many units whose registers change by the clock.
 *
 *     modbus_server UNITS REGISTERS CHANGE_MS spread|bursts
 *
 * Each register counts up every CHANGE_MS. spread: each at its own phase, neighbours in time are
 * registers of different units; bursts: all of a unit together. A value is a function of monotonic time alone: who sees it
 * knows when it changed. Prints "PORT START_NS" and serves until its input is closed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX   8
#define UNIT_AT	      6 /* of a Modbus TCP frame */
#define NS_PER_S      INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)
#define REGISTERS_MAX 125

struct server {
	modbus_t *modbus;
	modbus_mapping_t *map;
	int units, registers;
	int64_t change_ns, start_ns;
	bool bursts;
	struct pollfd fds[2 + CLIENTS_MAX]; /* input, listener, clients */
	nfds_t fd_count;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* A prime that no usual number of registers is a multiple of. */
#define SHUFFLE 97

static int64_t phase_ns(const struct server *server, int unit, int r)
{
	int count = server->units * server->registers;
	int place = (unit - 1) * server->registers + (server->bursts ? 0 : r);

	if (!server->bursts)
		place = place * SHUFFLE % count;
	return server->change_ns / count * place;
}

static void set_registers(struct server *server, int unit)
{
	int64_t since_ns = now_ns() - server->start_ns;
	int r;

	for (r = 0; r < server->registers; r++)
		server->map->tab_registers[r] =
			(uint16_t)((since_ns - phase_ns(server, unit, r)) / server->change_ns);
}

/* false: the client has gone. */
static bool serve(struct server *server, int fd)
{
	uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
	int bytes;

	modbus_set_socket(server->modbus, fd);
	bytes = modbus_receive(server->modbus, query);
	if (bytes < 0)
		return false;
	if (query[UNIT_AT] < 1 || query[UNIT_AT] > server->units)
		return true;
	set_registers(server, query[UNIT_AT]);
	return modbus_reply(server->modbus, query, bytes, server->map) >= 0;
}

static void admit(struct server *server)
{
	int fd = accept(server->fds[1].fd, NULL, NULL);

	if (fd < 0)
		return;
	if (server->fd_count == 2 + CLIENTS_MAX) {
		close(fd);
		return;
	}
	server->fds[server->fd_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void run(struct server *server)
{
	nfds_t i;

	while (poll(server->fds, server->fd_count, -1) > 0 && !server->fds[0].revents) {
		for (i = 2; i < server->fd_count; i++) {
			if (!server->fds[i].revents || serve(server, server->fds[i].fd))
				continue;
			close(server->fds[i].fd);
			server->fds[i--] = server->fds[--server->fd_count];
		}
		if (server->fds[1].revents)
			admit(server);
	}
}

static int listen_loopback(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, CLIENTS_MAX) < 0) {
		perror("listen");
		exit(EXIT_FAILURE);
	}
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t bytes = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &bytes);
	return ntohs(address.sin_port);
}

int main(int argc, char **argv)
{
	struct server server = {.fd_count = 2};

	if (argc != 5) {
		fputs("modbus_server UNITS REGISTERS CHANGE_MS spread|bursts\n", stderr);
		return EXIT_FAILURE;
	}
	server.units = atoi(argv[1]);
	server.registers = atoi(argv[2]);
	server.change_ns = atoi(argv[3]) * NS_PER_MS;
	server.bursts = strcmp(argv[4], "bursts") == 0;
	if (server.units < 1 || server.units > 247 || server.registers < 1 ||
	    server.registers > REGISTERS_MAX || server.change_ns < 1)
		return EXIT_FAILURE;
	server.start_ns = now_ns() - server.change_ns; /* the first changes come at once */
	server.modbus = modbus_new_tcp("127.0.0.1", 0);
	server.map = modbus_mapping_new(0, 0, server.registers, 0);
	server.fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	server.fds[1] = (struct pollfd){.fd = listen_loopback(), .events = POLLIN};
	printf("%d %" PRId64 "\n", port_of(server.fds[1].fd), server.start_ns);
	fflush(stdout);
	run(&server);
	modbus_mapping_free(server.map);
	modbus_free(server.modbus);
	return EXIT_SUCCESS;
}
