#include "modbus/link.h"

#include <errno.h>
#include <linux/serial.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "transport/connect.h"
#include "transport/serial.h"

#define SILENCE_S 5 /* of a connection, before it is asked whether it is still there */

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
	int err = 0;

	link->lock_fd = serial_claim(conf->line, why, why_bytes);
	if (link->lock_fd < 0)
		return link->lock_fd;
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
	serial_exclude(link->fd);
	lower_latency(link->fd);
	if (conf->rs485 && (err = enable_rs485(link->fd)) < 0)
		snprintf(why, why_bytes, "%s knows no RS-485 mode (%s): set rs485 = false",
			 conf->line, strerror(-err));
	return err;
}

/* ---- connection --------------------------------------------------------------------- */

static int open_connection(struct modbus_link *link, char *why, size_t why_bytes)
{
	const struct modbus_bus_conf *conf = link->conf;
	char port[16];

	snprintf(port, sizeof(port), "%d", (int)conf->tcp_port);
	link->fd = connect_host(conf->host, port, conf->connect_timeout_ns, why, why_bytes);
	if (link->fd < 0)
		return link->fd;
	connect_tune(link->fd, SILENCE_S, conf->connect_timeout_ns);
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
	if (link->kind == MODBUS_RTU && link->fd >= 0)
		serial_give_up(link->fd);
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
