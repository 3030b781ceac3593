#include "ctl/sprint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include "modbus/wire.h"

#define GAP_MS	       20 /* between two questions: most devices have begun to answer */
#define LAST_MS	       250 /* after the last of them */
#define QUIET_MS       60 /* then what came is over */
#define QUESTION_BYTES 8
#define BITS_PER_BYTE  11
#define HOLDING	       3

static int open_line(const struct sprint *sprint)
{
	const int fd = open(sprint->port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios line;
	int err = fd < 0 ? -errno : 0;

	if (err == 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 || tcgetattr(fd, &line) < 0))
		err = -errno;
	if (err == 0) {
		cfmakeraw(&line);
		line.c_cflag &= ~(tcflag_t)(PARODD | CSTOPB | CRTSCTS);
		line.c_cflag |= CREAD | CLOCAL;
		if (sprint->parity != 'N')
			line.c_cflag |= PARENB;
		if (sprint->parity == 'O')
			line.c_cflag |= PARODD;
		if (cfsetspeed(&line, (speed_t)sprint->baud) < 0 ||
		    tcsetattr(fd, TCSANOW, &line) < 0)
			err = -errno;
	}
	if (err == 0) {
		(void)tcflush(fd, TCIOFLUSH);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* The first holding register. */
static void make_question(int unit, uint8_t out[QUESTION_BYTES])
{
	const uint8_t question[] = {(uint8_t)unit, HOLDING, 0, 0, 0, 1};
	uint16_t crc;

	memcpy(out, question, sizeof(question));
	crc = modbus_crc(out, sizeof(question));
	out[6] = (uint8_t)(crc & 0xFF);
	out[7] = (uint8_t)(crc >> 8);
}

/* Whether anything comes within this time but our own question, which some adapters hear. */
static bool hears(int fd, const uint8_t own[QUESTION_BYTES], int wait_ms)
{
	struct pollfd line = {.fd = fd, .events = POLLIN};
	size_t echoed = 0;
	bool heard = false;

	while (poll(&line, 1, heard ? QUIET_MS : wait_ms) > 0) {
		uint8_t bytes[64];
		ssize_t count = read(fd, bytes, sizeof(bytes));

		if (count <= 0)
			break;
		for (ssize_t i = 0; i < count; i++) {
			if (echoed < QUESTION_BYTES && bytes[i] == own[echoed])
				echoed++;
			else
				heard = true;
		}
	}
	return heard;
}

int sprint_run(const struct sprint *sprint, int *ret_unit)
{
	const int slot_ms = GAP_MS + QUESTION_BYTES * BITS_PER_BYTE * 1000 / sprint->baud;
	const int fd = open_line(sprint);
	uint8_t question[QUESTION_BYTES];
	int unit, err = fd < 0 ? fd : 0;

	*ret_unit = 0;
	for (unit = sprint->first; err == 0 && unit <= sprint->last; unit++) {
		if (!sprint->next(sprint->data, unit))
			break;
		make_question(unit, question);
		if (write(fd, question, sizeof(question)) != (ssize_t)sizeof(question))
			err = errno ? -errno : -EIO;
		else if (hears(fd, question, unit < sprint->last ? slot_ms : LAST_MS)) {
			*ret_unit = unit;
			break;
		}
	}
	if (fd >= 0)
		close(fd);
	return err;
}
