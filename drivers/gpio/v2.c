/* The seam of lines.h over libgpiod 2, which speaks the kernel's second
 * GPIO interface (Linux 5.10): one file descriptor and one queue for all lines of
 * a request, the oldest edge dropped when the queue is full, a sequence number
 * per line that shows what was dropped, debounce by the kernel.
 */
#include "bus/driver.h"
#include "gpio/lines.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define QUEUE_PER_LINE 64 /* wanted of the kernel; it gives at most QUEUE_LIMIT in all */
#define QUEUE_LIMIT    1024

struct gpio_chip {
	struct gpiod_chip *chip;
	struct gpiod_chip_info *info;
};

struct held_line {
	unsigned int offset;
	unsigned long seqno; /* of its last edge */
};

struct gpio_lines {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *buffer;
	size_t count;
	struct held_line line[GPIO_GROUP_MAX];
};

static const enum gpiod_line_bias biases[] = {
	[GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
	[GPIO_BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
	[GPIO_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
	[GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
};

static const enum gpiod_line_edge edge_kinds[] = {
	[GPIO_EDGES_BOTH] = GPIOD_LINE_EDGE_BOTH,
	[GPIO_EDGES_RISING] = GPIOD_LINE_EDGE_RISING,
	[GPIO_EDGES_FALLING] = GPIOD_LINE_EDGE_FALLING,
	[GPIO_EDGES_NONE] = GPIOD_LINE_EDGE_NONE,
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
	chip->info = chip->chip ? gpiod_chip_get_info(chip->chip) : NULL;
	if (!chip->info) {
		err = last_error();
		gpio_chip_close(chip);
		return err;
	}
	*ret_chip = chip;
	return 0;
}

void gpio_chip_close(struct gpio_chip *chip)
{
	if (!chip)
		return;
	gpiod_chip_info_free(chip->info);
	gpiod_chip_close(chip->chip);
	free(chip);
}

const char *gpio_chip_name(const struct gpio_chip *chip)
{
	return gpiod_chip_info_get_name(chip->info);
}

const char *gpio_chip_label(const struct gpio_chip *chip)
{
	return gpiod_chip_info_get_label(chip->info);
}

unsigned int gpio_chip_line_count(const struct gpio_chip *chip)
{
	return (unsigned int)gpiod_chip_info_get_num_lines(chip->info);
}

static void copy_name(char (*ret_name)[GPIO_NAME_BYTES], const char *name)
{
	snprintf(*ret_name, sizeof(*ret_name), "%s", name ? name : "");
}

int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset,
			struct gpio_line_info *ret_info)
{
	struct gpiod_line_info *info;

	errno = 0;
	info = gpiod_chip_get_line_info(chip->chip, offset);
	if (!info)
		return last_error();
	copy_name(&ret_info->name, gpiod_line_info_get_name(info));
	copy_name(&ret_info->consumer, gpiod_line_info_get_consumer(info));
	gpiod_line_info_free(info);
	return 0;
}

bool gpio_lines_can_debounce(void)
{
	return true;
}

static int configure_line(struct gpiod_line_config *config, struct gpiod_line_settings *settings,
			  const struct gpio_want *want)
{
	gpiod_line_settings_reset(settings);
	gpiod_line_settings_set_active_low(settings, want->active_low);
	gpiod_line_settings_set_debounce_period_us(settings,
						   (unsigned long)(want->debounce_ns / NS_PER_US));
	errno = 0;
	if (gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) ||
	    gpiod_line_settings_set_edge_detection(settings, edge_kinds[want->edges]) ||
	    gpiod_line_settings_set_bias(settings, biases[want->bias]) ||
	    gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC) ||
	    gpiod_line_config_add_line_settings(config, &want->offset, 1, settings))
		return last_error();
	return 0;
}

static int request_lines(struct gpio_chip *chip, const char *consumer,
			 const struct gpio_want *wants, struct gpio_lines *lines)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *config = gpiod_line_config_new();
	struct gpiod_request_config *request = gpiod_request_config_new();
	size_t queue = lines->count * QUEUE_PER_LINE;
	int err = -ENOMEM;

	if (!settings || !config || !request)
		goto out;
	for (size_t i = 0; i < lines->count; i++) {
		err = configure_line(config, settings, &wants[i]);
		if (err)
			goto out;
	}
	gpiod_request_config_set_consumer(request, consumer);
	gpiod_request_config_set_event_buffer_size(request,
						   queue < QUEUE_LIMIT ? queue : QUEUE_LIMIT);
	errno = 0;
	lines->request = gpiod_chip_request_lines(chip->chip, request, config);
	err = lines->request ? 0 : last_error();
out:
	gpiod_request_config_free(request);
	gpiod_line_config_free(config);
	gpiod_line_settings_free(settings);
	return err;
}

int gpio_lines_request(struct gpio_chip *chip, const char *consumer, const struct gpio_want *wants,
		       size_t count, struct gpio_lines **ret_lines)
{
	struct gpio_lines *lines = calloc(1, sizeof(*lines));
	int err;

	if (!lines)
		return -ENOMEM;
	lines->count = count;
	for (size_t i = 0; i < count; i++)
		lines->line[i].offset = wants[i].offset;
	lines->buffer = gpiod_edge_event_buffer_new(QUEUE_PER_LINE);
	err = lines->buffer ? request_lines(chip, consumer, wants, lines) : -ENOMEM;
	if (err) {
		gpio_lines_release(lines);
		return err;
	}
	*ret_lines = lines;
	return 0;
}

void gpio_lines_release(struct gpio_lines *lines)
{
	if (!lines)
		return;
	gpiod_line_request_release(lines->request);
	gpiod_edge_event_buffer_free(lines->buffer);
	free(lines);
}

int gpio_lines_watch(const struct gpio_lines *lines, int epoll_fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, gpiod_line_request_get_fd(lines->request), &event) <
	    0)
		return -errno;
	return 0;
}

int gpio_lines_level(struct gpio_lines *lines, size_t line)
{
	enum gpiod_line_value value;

	errno = 0;
	value = gpiod_line_request_get_value(lines->request, lines->line[line].offset);
	if (value == GPIOD_LINE_VALUE_ERROR)
		return last_error();
	return value == GPIOD_LINE_VALUE_ACTIVE;
}

static size_t line_at(const struct gpio_lines *lines, unsigned int offset)
{
	size_t i = 0;

	while (i < lines->count - 1 && lines->line[i].offset != offset)
		i++;
	return i;
}

/* Sequence numbers count from 1, the first edge after the request, and are 32 bits wide. */
static uint32_t dropped_before(struct held_line *line, unsigned long seqno)
{
	uint32_t step = (uint32_t)seqno - (uint32_t)line->seqno;

	line->seqno = seqno;
	return step > 0 ? step - 1 : 0;
}

static struct gpio_edge convert(struct gpio_lines *lines, struct gpiod_edge_event *event)
{
	size_t line = line_at(lines, gpiod_edge_event_get_line_offset(event));

	return (struct gpio_edge){
		.line = line,
		.level = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
		.lost = dropped_before(&lines->line[line], gpiod_edge_event_get_line_seqno(event)),
		.at_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(event),
	};
}

ssize_t gpio_lines_edges(struct gpio_lines *lines, struct gpio_edge *edges, size_t room)
{
	struct pollfd poll_fd = {.fd = gpiod_line_request_get_fd(lines->request), .events = POLLIN};
	int count;

	if (poll(&poll_fd, 1, 0) < 0)
		return errno == EINTR ? 0 : -errno;
	if (poll_fd.revents & (POLLERR | POLLHUP | POLLNVAL))
		return -ENODEV;
	if (!(poll_fd.revents & POLLIN))
		return 0;
	errno = 0;
	count = gpiod_line_request_read_edge_events(lines->request, lines->buffer,
						    room < QUEUE_PER_LINE ? room : QUEUE_PER_LINE);
	if (count < 0)
		return last_error();
	for (size_t i = 0; i < (size_t)count; i++)
		edges[i] = convert(lines, gpiod_edge_event_buffer_get_event(lines->buffer, i));
	return count;
}
