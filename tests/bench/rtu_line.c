/* A serial line of Modbus RTU units that answer as fast as the line's speed allows.
 *
 *     rtu_line BAUD REGISTERS
 *
 * A pseudo terminal has no speed: what a line of 11 bits a character would take for the
 * request, the silence and the answer passes here before the answer is written, in one
 * piece. Every unit has REGISTERS registers that never change. Prints the terminal's name,
 * serves until its input is closed, then prints
 * "EXCHANGES USE MEDIAN_USE": how much of the time the line was used, if each exchange took
 * from the end of one answer to the end of the next; by all of it and by the median one. How
 * late this program itself wrote is not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BITS_PER_CHAR		11
#define REQUEST_BYTES		8
#define ANSWER_BYTES(registers) (5 + 2 * (registers))
#define ANSWER_MAX		256
#define REGISTERS_MAX		125
#define GAPS_MAX		200000
#define NS_PER_S		INT64_C(1000000000)
/* Modbus over Serial Line 2.5.1.1: 3.5 characters, and 1.75 ms above 19200. */
#define SILENCE_NS_FAST INT64_C(1750000)
#define BAUD_FAST	19200

struct line {
	int fd;
	int registers;
	int64_t char_ns, silence_ns;
	int64_t answered_ns; /* 0: not yet */
	int64_t *gaps_ns; /* from an answer to the next request */
	int gap_count;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
	struct timespec at = {.tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static uint16_t crc16(const uint8_t *bytes, int count)
{
	uint16_t crc = 0xffff;
	int i, bit;

	for (i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1);
	}
	return crc;
}

static int64_t exchange_ns(const struct line *line)
{
	int chars = REQUEST_BYTES + ANSWER_BYTES(line->registers);

	return chars * line->char_ns + 2 * line->silence_ns;
}

static void answer(struct line *line, const uint8_t *request)
{
	uint8_t frame[ANSWER_MAX] = {request[0], request[1], (uint8_t)(2 * line->registers)};
	int count = ANSWER_BYTES(line->registers);
	uint16_t crc = crc16(frame, count - 2);

	frame[count - 2] = (uint8_t)crc;
	frame[count - 1] = (uint8_t)(crc >> 8);
	if (write(line->fd, frame, (size_t)count) != count)
		exit(EXIT_FAILURE);
}

/* false: not a whole request. */
static bool serve(struct line *line)
{
	uint8_t request[ANSWER_MAX];
	int64_t asked_ns = now_ns();

	if (read(line->fd, request, sizeof(request)) != REQUEST_BYTES)
		return false;
	if (line->answered_ns != 0 && line->gap_count < GAPS_MAX)
		line->gaps_ns[line->gap_count++] = asked_ns - line->answered_ns;
	sleep_until(asked_ns + exchange_ns(line) - line->silence_ns);
	/* Taken before: the daemon may be asking again before write() has returned. */
	line->answered_ns = now_ns();
	answer(line, request);
	return true;
}

static int by_length(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double use(const struct line *line, double gap_ns)
{
	double ideal_ns = (double)exchange_ns(line);

	return ideal_ns / (ideal_ns + gap_ns - (double)line->silence_ns);
}

static void report(struct line *line)
{
	double sum_ns = 0;
	int i;

	if (line->gap_count == 0) {
		puts("0 0 0");
		return;
	}
	for (i = 0; i < line->gap_count; i++)
		sum_ns += (double)line->gaps_ns[i];
	qsort(line->gaps_ns, (size_t)line->gap_count, sizeof(*line->gaps_ns), by_length);
	printf("%d %.4f %.4f\n", line->gap_count, use(line, sum_ns / line->gap_count),
	       use(line, (double)line->gaps_ns[line->gap_count / 2]));
}

static int open_terminal(void)
{
	struct termios raw;
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 || tcgetattr(fd, &raw) < 0) {
		perror("pseudo terminal");
		exit(EXIT_FAILURE);
	}
	cfmakeraw(&raw);
	tcsetattr(fd, TCSANOW, &raw);
	puts(ptsname(fd));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	int baud = argc == 3 ? atoi(argv[1]) : 0, held;
	struct line line = {.registers = argc == 3 ? atoi(argv[2]) : 0};
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};

	if (baud <= 0 || line.registers <= 0 || line.registers > REGISTERS_MAX) {
		fputs("rtu_line BAUD REGISTERS\n", stderr);
		return EXIT_FAILURE;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	line.char_ns = BITS_PER_CHAR * NS_PER_S / baud;
	line.silence_ns = baud > BAUD_FAST ? SILENCE_NS_FAST : line.char_ns * 7 / 2;
	line.gaps_ns = calloc(GAPS_MAX, sizeof(*line.gaps_ns));
	line.fd = fds[1].fd = open_terminal();
	held = open(ptsname(line.fd), O_RDWR | O_NOCTTY | O_CLOEXEC); /* while nobody has it */
	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		if (fds[1].revents && !serve(&line))
			line.answered_ns = 0;
	}
	report(&line);
	close(held);
	free(line.gaps_ns);
	return EXIT_SUCCESS;
}
