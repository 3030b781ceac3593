/* The seam of lines.h over libgpiod 1.6, which speaks the kernel's first
 * GPIO interface: a file descriptor and a queue of 16 edges per line, no sequence
 * numbers, the newest edge dropped when the queue is full.
 */
#include "bus/driver.h"
#include "gpio/lines.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct gpio_chip {
	struct gpiod_chip *chip;
	unsigned int users;
};

struct gpio_lines {
	struct gpio_chip *chip; /* lines belong to it in libgpiod 1 */
	size_t count; /* requested so far */
	struct gpiod_line *line[GPIO_GROUP_MAX];
	struct pollfd poll[GPIO_GROUP_MAX]; /* fd -1: no edges wanted */
};

static const int bias_flags[] = {
	[GPIO_BIAS_AS_IS] = 0,
	[GPIO_BIAS_DISABLED] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
	[GPIO_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
	[GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
};

static const int edge_requests[] = {
	[GPIO_EDGES_BOTH] = GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES,
	[GPIO_EDGES_RISING] = GPIOD_LINE_REQUEST_EVENT_RISING_EDGE,
	[GPIO_EDGES_FALLING] = GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE,
	[GPIO_EDGES_NONE] = GPIOD_LINE_REQUEST_DIRECTION_INPUT,
};

/* The library does not set errno in every failure. */
static int last_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

int gpio_chip_open(const char *path, struct gpio_chip **ret_chip)
{
	struct gpio_chip *chip = calloc(1, sizeof(*chip));
	int err;

	if (!chip)
		return -ENOMEM;
	errno = 0;
	chip->chip = gpiod_chip_open(path);
	if (!chip->chip) {
		err = last_error();
		free(chip);
		return err;
	}
	chip->users = 1;
	*ret_chip = chip;
	return 0;
}

void gpio_chip_close(struct gpio_chip *chip)
{
	if (!chip || --chip->users > 0)
		return;
	gpiod_chip_close(chip->chip);
	free(chip);
}

const char *gpio_chip_name(const struct gpio_chip *chip)
{
	return gpiod_chip_name(chip->chip);
}

const char *gpio_chip_label(const struct gpio_chip *chip)
{
	return gpiod_chip_label(chip->chip);
}

unsigned int gpio_chip_line_count(const struct gpio_chip *chip)
{
	return gpiod_chip_num_lines(chip->chip);
}

static void copy_name(char (*ret_name)[GPIO_NAME_BYTES], const char *name)
{
	snprintf(*ret_name, sizeof(*ret_name), "%s", name ? name : "");
}

int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset,
			struct gpio_line_info *ret_info)
{
	struct gpiod_line *line;

	errno = 0;
	line = gpiod_chip_get_line(chip->chip, offset);
	if (!line)
		return last_error();
	copy_name(&ret_info->name, gpiod_line_name(line));
	copy_name(&ret_info->consumer, gpiod_line_consumer(line));
	return 0;
}

bool gpio_lines_can_debounce(void)
{
	return false;
}

static int request_one(struct gpio_lines *lines, const char *consumer, const struct gpio_want *want)
{
	struct gpiod_line_request_config config = {
		.consumer = consumer,
		.request_type = edge_requests[want->edges],
		.flags = bias_flags[want->bias] |
			 (want->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0),
	};
	struct gpiod_line *line;
	struct pollfd *poll = &lines->poll[lines->count];

	errno = 0;
	line = gpiod_chip_get_line(lines->chip->chip, want->offset);
	if (!line || gpiod_line_request(line, &config, 0))
		return last_error();
	poll->fd = want->edges == GPIO_EDGES_NONE ? -1 : gpiod_line_event_get_fd(line);
	poll->events = POLLIN;
	lines->line[lines->count++] = line;
	return 0;
}

int gpio_lines_request(struct gpio_chip *chip, const char *consumer, const struct gpio_want *wants,
		       size_t count, struct gpio_lines **ret_lines)
{
	struct gpio_lines *lines = calloc(1, sizeof(*lines));
	int err;

	if (!lines)
		return -ENOMEM;
	lines->chip = chip;
	chip->users++;
	for (size_t i = 0; i < count; i++) {
		err = request_one(lines, consumer, &wants[i]);
		if (err) {
			gpio_lines_release(lines);
			return err;
		}
	}
	*ret_lines = lines;
	return 0;
}

void gpio_lines_release(struct gpio_lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->count; i++)
		gpiod_line_release(lines->line[i]);
	gpio_chip_close(lines->chip);
	free(lines);
}

int gpio_lines_watch(const struct gpio_lines *lines, int epoll_fd)
{
	for (size_t i = 0; i < lines->count; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		if (lines->poll[i].fd >= 0 &&
		    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, lines->poll[i].fd, &event) < 0)
			return -errno;
	}
	return 0;
}

int gpio_lines_level(struct gpio_lines *lines, size_t line)
{
	int level;

	errno = 0;
	level = gpiod_line_get_value(lines->line[line]);
	return level < 0 ? last_error() : level;
}

static ssize_t take_line(int fd, size_t line, struct gpio_edge *edges)
{
	struct gpiod_line_event events[GPIO_QUEUE_MAX];
	int count;

	errno = 0;
	count = gpiod_line_event_read_fd_multiple(fd, events, GPIO_QUEUE_MAX);
	if (count < 0)
		return last_error();
	for (int i = 0; i < count; i++)
		edges[i] = (struct gpio_edge){
			.line = line,
			.level = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
			.queue_was_full = i == GPIO_QUEUE_MAX - 1,
			.at_ns = (int64_t)events[i].ts.tv_sec * NS_PER_S + events[i].ts.tv_nsec,
		};
	return count;
}

ssize_t gpio_lines_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t room)
{
	size_t taken = 0;
	ssize_t count;

	if (poll(lines->poll, (nfds_t)lines->count, 0) < 0)
		return errno == EINTR ? 0 : -errno;
	for (size_t i = 0; i < lines->count; i++) {
		if (lines->poll[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			return -ENODEV;
		if (!(lines->poll[i].revents & POLLIN) || room - taken < GPIO_QUEUE_MAX)
			continue;
		count = take_line(lines->poll[i].fd, i, &edges[taken]);
		if (count < 0)
			return count;
		taken += (size_t)count;
	}
	return (ssize_t)taken;
}
