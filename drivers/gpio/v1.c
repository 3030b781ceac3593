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

struct gpio_held {
	struct gpio_chip *chip; /* the line belongs to it in libgpiod 1 */
	struct gpiod_line *line; /* NULL: not requested */
	int fd; /* -1: no edges wanted */
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

bool gpio_can_debounce(void)
{
	return false;
}

static int request_line(struct gpio_held *held, const char *consumer, const struct gpio_want *want)
{
	struct gpiod_line_request_config config = {
		.consumer = consumer,
		.request_type = edge_requests[want->edges],
		.flags = bias_flags[want->bias] |
			 (want->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0),
	};
	struct gpiod_line *line;

	errno = 0;
	line = gpiod_chip_get_line(held->chip->chip, want->offset);
	if (!line || gpiod_line_request(line, &config, 0))
		return last_error();
	held->line = line;
	held->fd = want->edges == GPIO_EDGES_NONE ? -1 : gpiod_line_event_get_fd(line);
	return 0;
}

int gpio_held_request(struct gpio_chip *chip, const char *consumer, const struct gpio_want *want,
		      struct gpio_held **ret_held)
{
	struct gpio_held *held = calloc(1, sizeof(*held));
	int err;

	if (!held)
		return -ENOMEM;
	held->chip = chip;
	chip->users++;
	err = request_line(held, consumer, want);
	if (err) {
		gpio_held_release(held);
		return err;
	}
	*ret_held = held;
	return 0;
}

void gpio_held_release(struct gpio_held *held)
{
	if (!held)
		return;
	if (held->line)
		gpiod_line_release(held->line);
	gpio_chip_close(held->chip);
	free(held);
}

int gpio_held_watch(const struct gpio_held *held, int epoll_fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (held->fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, held->fd, &event) < 0)
		return -errno;
	return 0;
}

int gpio_held_level(struct gpio_held *held)
{
	int level;

	errno = 0;
	level = gpiod_line_get_value(held->line);
	return level < 0 ? last_error() : level;
}

static ssize_t take_edges(int fd, struct gpio_edge edges[GPIO_QUEUE_MAX])
{
	struct gpiod_line_event events[GPIO_QUEUE_MAX];
	int count;

	errno = 0;
	count = gpiod_line_event_read_fd_multiple(fd, events, GPIO_QUEUE_MAX);
	if (count < 0)
		return last_error();
	for (int i = 0; i < count; i++)
		edges[i] = (struct gpio_edge){
			.level = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
			.queue_was_full = i == GPIO_QUEUE_MAX - 1,
			.at_ns = (int64_t)events[i].ts.tv_sec * NS_PER_S + events[i].ts.tv_nsec,
		};
	return count;
}

ssize_t gpio_held_edges(struct gpio_held *held, struct gpio_edge edges[GPIO_QUEUE_MAX])
{
	struct pollfd poll_fd = {.fd = held->fd, .events = POLLIN};

	if (poll(&poll_fd, 1, 0) < 0)
		return errno == EINTR ? 0 : -errno;
	if (poll_fd.revents & (POLLERR | POLLHUP | POLLNVAL))
		return -ENODEV;
	return poll_fd.revents & POLLIN ? take_edges(held->fd, edges) : 0;
}
