/* The seam of lines.h over libgpiod 2, which speaks the kernel's second
 * GPIO interface (Linux 5.10): a queue per request whose oldest edge is dropped when it
 * is full, sequence numbers that show what was dropped, debounce by the kernel.
 */
#include "bus/driver.h"
#include "gpio/lines.h"

#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define KERNEL_QUEUE 64 /* edges of a line that wait in the kernel */

struct gpio_chip {
	struct gpiod_chip *chip;
	struct gpiod_chip_info *info;
};

struct gpio_held {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *buffer;
	unsigned int offset;
	unsigned long seqno; /* of the last edge */
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

bool gpio_can_debounce(void)
{
	return true;
}

static int configure(struct gpiod_line_config *config, struct gpiod_line_settings *settings,
		     const struct gpio_want *want)
{
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

static int request_line(struct gpio_chip *chip, const char *consumer, const struct gpio_want *want,
			struct gpiod_line_request **ret_request)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *config = gpiod_line_config_new();
	struct gpiod_request_config *request = gpiod_request_config_new();
	int err = settings && config && request ? configure(config, settings, want) : -ENOMEM;

	if (!err) {
		gpiod_request_config_set_consumer(request, consumer);
		gpiod_request_config_set_event_buffer_size(request, KERNEL_QUEUE);
		errno = 0;
		*ret_request = gpiod_chip_request_lines(chip->chip, request, config);
		err = *ret_request ? 0 : last_error();
	}
	gpiod_request_config_free(request);
	gpiod_line_config_free(config);
	gpiod_line_settings_free(settings);
	return err;
}

int gpio_held_request(struct gpio_chip *chip, const char *consumer, const struct gpio_want *want,
		      struct gpio_held **ret_held)
{
	struct gpio_held *held = calloc(1, sizeof(*held));
	int err;

	if (!held)
		return -ENOMEM;
	held->offset = want->offset;
	held->buffer = gpiod_edge_event_buffer_new(GPIO_QUEUE_MAX);
	err = held->buffer ? request_line(chip, consumer, want, &held->request) : -ENOMEM;
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
	gpiod_line_request_release(held->request);
	gpiod_edge_event_buffer_free(held->buffer);
	free(held);
}

int gpio_held_watch(const struct gpio_held *held, int epoll_fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = gpiod_line_request_get_fd(held->request);

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int gpio_held_level(struct gpio_held *held)
{
	enum gpiod_line_value value;

	errno = 0;
	value = gpiod_line_request_get_value(held->request, held->offset);
	if (value == GPIOD_LINE_VALUE_ERROR)
		return last_error();
	return value == GPIOD_LINE_VALUE_ACTIVE;
}

/* Sequence numbers count from 1, the first edge after the request, and are 32 bits wide. */
static uint32_t dropped_before(struct gpio_held *held, unsigned long seqno)
{
	uint32_t step = (uint32_t)seqno - (uint32_t)held->seqno;

	held->seqno = seqno;
	return step > 0 ? step - 1 : 0;
}

static struct gpio_edge convert(struct gpio_held *held, struct gpiod_edge_event *event)
{
	return (struct gpio_edge){
		.level = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
		.lost = dropped_before(held, gpiod_edge_event_get_line_seqno(event)),
		.at_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(event),
	};
}

ssize_t gpio_held_edges(struct gpio_held *held, struct gpio_edge edges[GPIO_QUEUE_MAX])
{
	struct pollfd poll_fd = {.fd = gpiod_line_request_get_fd(held->request), .events = POLLIN};
	int count;

	if (poll(&poll_fd, 1, 0) < 0)
		return errno == EINTR ? 0 : -errno;
	if (poll_fd.revents & (POLLERR | POLLHUP | POLLNVAL))
		return -ENODEV;
	if (!(poll_fd.revents & POLLIN))
		return 0;
	errno = 0;
	count = gpiod_line_request_read_edge_events(held->request, held->buffer, GPIO_QUEUE_MAX);
	if (count < 0)
		return last_error();
	for (int i = 0; i < count; i++)
		edges[i] = convert(
			held, gpiod_edge_event_buffer_get_event(held->buffer, (unsigned long)i));
	return count;
}
