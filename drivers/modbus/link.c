#include "modbus/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/account.h"

#define NOBODYS_GROUP 65534 /* what a name space shows of others */

/* A frame ends with 3.5 silent characters; above 19200 baud 1.75 ms serve (Modbus over
 * serial line, 2.5.1.1). */
#define SILENT_FAST_NS INT64_C(1750000)

#define OPENING_SILENCE_NS INT64_C(500000000)

static int64_t char_ns(const struct modbus_bus_conf *conf)
{
	const int64_t bits = 1 + conf->data_bits + (conf->parity != 'N') + conf->stop_bits;

	return bits * NS_PER_S / conf->baud;
}

void modbus_link_init(struct modbus_link *link, enum modbus_kind kind,
		      const struct modbus_bus_conf *conf)
{
	int64_t silent_ns = 0;

	memset(link, 0, sizeof(*link));
	link->kind = kind;
	link->conf = conf;
	link->fd = link->lock_fd = -1;
	if (kind == MODBUS_RTU) {
		link->char_ns = char_ns(conf);
		silent_ns = conf->baud > 19200 ? SILENT_FAST_NS : link->char_ns * 7 / 2;
	}
	link->gap_ns = conf->gap_ns > silent_ns ? conf->gap_ns : silent_ns;
}

int64_t modbus_link_wire_ns(const struct modbus_link *link, const struct modbus_request *request)
{
	const size_t bytes = 8 + 5 + modbus_data_bytes(request->function, request->count);

	return link->char_ns > 0 ? (int64_t)bytes * link->char_ns + 2 * link->gap_ns : 0;
}

/* ---- serial line -------------------------------------------------------------------- */

/* Whose members may open it, as far as that can be seen from within a service of its own. */
static void name_group(const char *path, char *why, size_t why_bytes)
{
	char group[ACCOUNT_NAME_BYTES] = "";
	struct stat there;

	if (stat(path, &there) == 0 && there.st_gid != NOBODYS_GROUP)
		account_group_name(there.st_gid, group);
	snprintf(why, why_bytes,
		 "cannot open %s: Permission denied: is this account in the group \"%s\"?", path,
		 group[0] ? group : "dialout");
}

/* Two programs on one line garble each other: an advisory lock keeps out those that
 * look for one, exclusive mode the others. */
static int lock_line(const char *path, int *ret_fd, char *why, size_t why_bytes)
{
	const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int err = fd < 0 ? -errno : 0;

	if (err == -EBUSY || (err == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)) {
		err = -EBUSY;
		snprintf(why, why_bytes, "%s is held by another program (fuser shows it)", path);
	} else if (err == 0 && !isatty(fd)) {
		err = -ENOTTY;
		snprintf(why, why_bytes, "%s is no serial line", path);
	} else if (err == -ENOENT) {
		snprintf(why, why_bytes, "%s is not there: is the adapter plugged in?", path);
	} else if (err == -EACCES) {
		name_group(path, why, why_bytes);
	} else if (err < 0) {
		snprintf(why, why_bytes, "cannot open %s: %s", path, strerror(-err));
	}
	if (err < 0) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

static void lower_latency(int fd)
{
	struct serial_struct serial;

	/* USB adapters otherwise gather bytes for up to 16 ms. Not all can. */
	if (ioctl(fd, TIOCGSERIAL, &serial) == 0) {
		serial.flags |= (int)ASYNC_LOW_LATENCY;
		(void)ioctl(fd, TIOCSSERIAL, &serial);
	}
}

static int enable_rs485(int fd)
{
	struct serial_rs485 mode = {.flags = SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND};

	return ioctl(fd, TIOCSRS485, &mode) < 0 ? -errno : 0;
}

static int open_line(struct modbus_link *link, char *why, size_t why_bytes)
{
	const struct modbus_bus_conf *conf = link->conf;
	int err = lock_line(conf->line, &link->lock_fd, why, why_bytes);

	if (err < 0)
		return err;
	link->ctx = modbus_new_rtu(conf->line, conf->baud, (char)conf->parity, (int)conf->data_bits,
				   (int)conf->stop_bits);
	errno = 0;
	if (!link->ctx || modbus_connect(link->ctx) < 0) {
		err = errno ? -errno : -EIO;
		snprintf(why, why_bytes, "cannot set up %s: %s%s", conf->line, strerror(-err),
			 err == -EINVAL ? ": can it do this speed and parity?" : "");
		return err;
	}
	link->fd = modbus_get_socket(link->ctx);
	(void)ioctl(link->fd, TIOCEXCL);
	lower_latency(link->fd);
	if (conf->rs485 && (err = enable_rs485(link->fd)) < 0)
		snprintf(why, why_bytes, "%s knows no RS-485 mode (%s): set rs485 = false",
			 conf->line, strerror(-err));
	return err;
}

/* ---- connection --------------------------------------------------------------------- */

static void set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* A dead peer is noticed without traffic too, within about 15 s. */
static void tune_socket(int fd, int64_t connect_timeout_ns)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 5);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(connect_timeout_ns / NS_PER_MS));
}

static int await_connect(int fd, int64_t until_mono_ns)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	socklen_t bytes = sizeof(int);
	int error = 0, ready;

	do {
		const int64_t left_ns = until_mono_ns - clock_mono_ns();
		const int64_t left_ms = left_ns > 0 ? left_ns / NS_PER_MS + 1 : 0;
		ready = poll(&wait, 1, (int)left_ms);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0)
		return -errno;
	return -error;
}

static int connect_address(const struct addrinfo *address, int64_t until_mono_ns, int *ret_fd)
{
	const int fd =
		socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0)
		err = errno == EINPROGRESS ? await_connect(fd, until_mono_ns) : -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

/* Each of the addresses from this one on gets as much of the time that is left. */
static int64_t fair_end(const struct addrinfo *address, int64_t until_mono_ns)
{
	const int64_t now_mono_ns = clock_mono_ns();
	int64_t count = 0;

	for (; address; address = address->ai_next)
		count++;
	return now_mono_ns + (until_mono_ns - now_mono_ns) / count;
}

static int connect_host(const struct modbus_bus_conf *conf, int *ret_fd, char *why,
			size_t why_bytes)
{
	const int64_t until_mono_ns = clock_mono_ns() + conf->connect_timeout_ns;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	char port[16];
	int err = -EHOSTUNREACH;

	snprintf(port, sizeof(port), "%d", (int)conf->tcp_port);
	const int error = getaddrinfo(conf->host, port, &hints, &addresses);
	if (error != 0) {
		snprintf(why, why_bytes, "host %s: %s", conf->host, gai_strerror(error));
		return err;
	}
	for (const struct addrinfo *a = addresses; a && err < 0; a = a->ai_next)
		err = connect_address(a, fair_end(a, until_mono_ns), ret_fd);
	freeaddrinfo(addresses);
	if (err < 0)
		snprintf(why, why_bytes, "cannot connect to %s port %s: %s", conf->host, port,
			 err == -ETIMEDOUT ? "no answer" : strerror(-err));
	return err;
}

static int open_connection(struct modbus_link *link, char *why, size_t why_bytes)
{
	int err = connect_host(link->conf, &link->fd, why, why_bytes);

	if (err < 0)
		return err;
	tune_socket(link->fd, link->conf->connect_timeout_ns);
	link->opened_mono_ns = clock_mono_ns();
	return 0;
}

/* ---- both --------------------------------------------------------------------------- */

int modbus_link_open(struct modbus_link *link)
{
	int err = link->kind == MODBUS_RTU ? open_line(link, link->why, sizeof(link->why))
					   : open_connection(link, link->why, sizeof(link->why));

	if (err < 0)
		return err;
	link->why[0] = '\0';
	link->active_mono_ns = clock_mono_ns();
	/* Whoever used the line before may have left a question unanswered. */
	link->silence_ns = OPENING_SILENCE_NS;
	link->lost = false;
	link->late_count = 0;
	link->silent_in_a_row = 0;
	link->answers = 0;
	link->input.count = 0;
	return 0;
}

int modbus_link_reopen(struct modbus_link *link)
{
	modbus_link_close(link);
	const int err = modbus_link_open(link);
	link->silence_ns = 0;
	return err;
}

void modbus_link_close(struct modbus_link *link)
{
	if (link->kind == MODBUS_RTU && link->fd >= 0) {
		/* Unsent bytes would make close() wait. */
		tcflush(link->fd, TCIOFLUSH);
		(void)ioctl(link->fd, TIOCNXCL);
	}
	if (link->ctx) {
		modbus_close(link->ctx); /* with the descriptor */
		modbus_free(link->ctx);
	} else if (link->fd >= 0) {
		close(link->fd);
	}
	if (link->lock_fd >= 0)
		close(link->lock_fd);
	link->ctx = NULL;
	link->fd = link->lock_fd = -1;
}
