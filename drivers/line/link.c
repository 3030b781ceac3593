#include "line/link.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/time.h"
#include "transport/connect.h"
#include "transport/serial.h"

#define SILENCE_S 10 /* of a connection, before it is asked whether it is still there */

/* ---- places ---------------------------------------------------------------------------- */

bool link_place_read(const char *text, struct link_place *ret_place)
{
	const char *colon = strrchr(text, ':');
	const char *name = text;
	size_t bytes = colon ? (size_t)(colon - text) : 0;
	char *end;
	long port;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtol(colon + 1, &end, 10);
	if (bytes >= 2 && name[0] == '[' && name[bytes - 1] == ']') {
		name++;
		bytes -= 2;
	} else if (memchr(name, ':', bytes)) {
		return false; /* of IPv6 without its brackets: which is the port? */
	}
	if (*end || port < 1 || port > 65535 || bytes >= sizeof(ret_place->name))
		return false;
	memcpy(ret_place->name, name, bytes);
	ret_place->name[bytes] = '\0';
	snprintf(ret_place->port, sizeof(ret_place->port), "%ld", port);
	return true;
}

/* ---- serial line ----------------------------------------------------------------------- */

static speed_t speed_of(int baud)
{
	static const struct {
		int baud;
		speed_t speed;
	} speeds[] = {{1200, B1200},   {2400, B2400},	{4800, B4800},	 {9600, B9600},
		      {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}};
	size_t i = 0;

	while (i + 1 < sizeof(speeds) / sizeof(speeds[0]) && speeds[i].baud != baud)
		i++;
	return speeds[i].speed;
}

static int set_up(int fd, const struct line_conf *conf)
{
	struct termios mode;

	if (tcgetattr(fd, &mode) < 0)
		return -errno;
	cfmakeraw(&mode);
	mode.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
	mode.c_cflag |= (tcflag_t)(CLOCAL | CREAD | (conf->data_bits == 7 ? CS7 : CS8));
	if (conf->parity != 'N')
		mode.c_cflag |= (tcflag_t)(PARENB | (conf->parity == 'O' ? PARODD : 0));
	if (conf->parity != 'N')
		mode.c_iflag |= INPCK | IGNPAR;
	if (conf->stop_bits == 2)
		mode.c_cflag |= CSTOPB;
	mode.c_cc[VMIN] = 0;
	mode.c_cc[VTIME] = 0;
	cfsetispeed(&mode, speed_of(conf->baud));
	cfsetospeed(&mode, speed_of(conf->baud));
	if (tcsetattr(fd, TCSANOW, &mode) < 0)
		return -errno;
	tcflush(fd, TCIOFLUSH);
	return 0;
}

static int refuse(char why[LINK_WHY_BYTES], int err, const char *what, const char *cause)
{
	snprintf(why, LINK_WHY_BYTES, "%.100s: %.50s", what, cause);
	return err;
}

int link_open_serial(const struct line_conf *conf, char why[LINK_WHY_BYTES])
{
	const int fd = serial_claim(conf->port, why, LINK_WHY_BYTES);
	const int err = fd < 0 ? fd : set_up(fd, conf);

	if (err == 0) {
		serial_exclude(fd);
		return fd;
	}
	if (fd >= 0) {
		refuse(why, err, conf->port, strerror(-err));
		close(fd);
	}
	return err;
}

/* ---- connections ----------------------------------------------------------------------- */

static void tune(int fd)
{
	connect_tune(fd, SILENCE_S, 3 * SILENCE_S * NS_PER_S);
}

int link_connect(const struct line_conf *conf, char why[LINK_WHY_BYTES])
{
	struct link_place place;
	int fd;

	if (!link_place_read(conf->host, &place))
		return -EHOSTUNREACH;
	fd = connect_host(place.name, place.port, conf->connect_timeout_ns, why, LINK_WHY_BYTES);
	if (fd >= 0)
		tune(fd);
	return fd;
}

/* ---- waiting for a connection ---------------------------------------------------------- */

static int look_up(const struct link_place *place, struct addrinfo **ret_addresses,
		   char why[LINK_WHY_BYTES])
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICSERV | AI_PASSIVE | AI_NUMERICHOST};
	const int error = getaddrinfo(place->name[0] ? place->name : NULL, place->port, &hints,
				      ret_addresses);

	if (error == 0)
		return 0;
	return refuse(why, -EHOSTUNREACH, place->name, gai_strerror(error));
}

static int bind_address(const struct addrinfo *address)
{
	const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int yes = 1;
	int err;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 4) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int link_listen(const struct line_conf *conf, char why[LINK_WHY_BYTES])
{
	struct addrinfo *addresses = NULL;
	struct link_place place;
	int fd;

	if (!link_place_read(conf->listen, &place) || look_up(&place, &addresses, why) < 0)
		return -EHOSTUNREACH;
	fd = bind_address(addresses);
	freeaddrinfo(addresses);
	if (fd < 0)
		snprintf(why, LINK_WHY_BYTES, "cannot listen at %.100s: %s", conf->listen,
			 strerror(-fd));
	return fd;
}

static bool is_allowed(const char *name, const struct conf_list *from)
{
	/* As a socket of both families shows addresses of IPv4. */
	if (strncmp(name, "::ffff:", 7) == 0)
		name += 7;
	for (size_t i = 0; i < from->count; i++)
		if (strcmp(from->item[i], name) == 0)
			return true;
	return false;
}

int link_accept(int listen_fd, const struct conf_list *from, char why[LINK_WHY_BYTES])
{
	struct sockaddr_storage address;
	socklen_t bytes = sizeof(address);
	char name[LINK_HOST_BYTES] = "?";
	const int fd = accept4(listen_fd, (struct sockaddr *)&address, &bytes,
			       SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return errno == EINTR || errno == ECONNABORTED ? -EAGAIN : -errno;
	(void)getnameinfo((struct sockaddr *)&address, bytes, name, sizeof(name), NULL, 0,
			  NI_NUMERICHOST);
	if (is_allowed(name, from)) {
		tune(fd);
		snprintf(why, LINK_WHY_BYTES, "%.100s has connected", name);
		return fd;
	}
	close(fd);
	snprintf(why, LINK_WHY_BYTES, "%.100s may not connect: it is not in \"from\"", name);
	return -EACCES;
}

void link_close(int *fd)
{
	if (*fd >= 0) {
		if (isatty(*fd))
			serial_give_up(*fd);
		close(*fd);
	}
	*fd = -1;
}
