/* GPIO lines as points: dry contacts, limit switches, beams, loop detector outputs.
 *
 * A device is a set of lines, found by their names. Each edge becomes a reading with
 * the kernel's own time of it; the level is reported at the start and again at every
 * recheck. A line that is missing or held by another is at fault alone and is tried
 * again; a chip that fails makes the core close and open, which finds it again by
 * its label whatever its number is then.
 */
#include "gpio/gpio.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define RECHECK_LEAST_NS (10 * NS_PER_MS)
#define EDGES_PER_LINE	 (2 * GPIO_QUEUE_MAX) /* taken in one round, on average */

#define DEVICE(field) offsetof(struct gpio_device_conf, field)
#define POINT(field)  offsetof(struct gpio_point_conf, field)

static const struct conf_choice bias_choices[] = {{"as-is", GPIO_BIAS_AS_IS},
						  {"disabled", GPIO_BIAS_DISABLED},
						  {"pull-up", GPIO_BIAS_PULL_UP},
						  {"pull-down", GPIO_BIAS_PULL_DOWN},
						  {NULL, 0}};

static const struct conf_choice edge_choices[] = {{"both", GPIO_EDGES_BOTH},
						  {"rising", GPIO_EDGES_RISING},
						  {"falling", GPIO_EDGES_FALLING},
						  {"none", GPIO_EDGES_NONE},
						  {NULL, 0}};

static const struct conf_option device_options[] = {
	{.name = "chip",
	 .type = CONF_TEXT,
	 .offset = DEVICE(chip),
	 .help = "Label, name or path of the GPIO chip; without it lines are searched by name on "
		 "all chips."},
	{.name = "consumer",
	 .type = CONF_TEXT,
	 .offset = DEVICE(consumer),
	 .def = "corridord",
	 .help = "The name under which the lines are held, as gpioinfo shows it."},
	{.name = "recheck",
	 .type = CONF_DURATION,
	 .offset = DEVICE(recheck_ns),
	 .def = "5s",
	 .min = 0,
	 .max = 3600 * NS_PER_S,
	 .help = "How often all levels are read again beside the edges; 0s: never."},
	{0}};

static const struct conf_option point_options[] = {
	{.name = "line",
	 .type = CONF_TEXT,
	 .offset = POINT(line),
	 .help = "Name of the line, as gpioinfo shows it."},
	{.name = "offset",
	 .type = CONF_INT,
	 .offset = POINT(offset),
	 .def = "-1",
	 .min = -1,
	 .max = UINT16_MAX,
	 .help = "Number of the line on its chip, -1: by name; with both the name is checked."},
	{.name = "bias",
	 .type = CONF_CHOICE,
	 .offset = POINT(bias),
	 .choices = bias_choices,
	 .required = true,
	 .help = "The chip's own resistor; as-is leaves what the firmware chose."},
	{.name = "active_low",
	 .type = CONF_BOOL,
	 .offset = POINT(active_low),
	 .def = "false",
	 .help = "The point is true while the line is low."},
	{.name = "edges",
	 .type = CONF_CHOICE,
	 .offset = POINT(edges),
	 .choices = edge_choices,
	 .def = "both",
	 .help = "Edges reported as they happen; with less than both the level is known only at "
		 "each recheck."},
	{.name = "kernel_debounce",
	 .type = CONF_DURATION,
	 .offset = POINT(kernel_debounce_ns),
	 .def = "0s",
	 .min = 0,
	 .max = 5 * NS_PER_S,
	 .help = "Debounce by the kernel before an edge is stamped (libgpiod 2 only)."},
	{0}};

static int complain(struct driver_complaint *complaint, size_t point, const char *what)
{
	complaint->device = 0;
	complaint->point = point;
	snprintf(complaint->message, sizeof(complaint->message), "%s", what);
	return -EINVAL;
}

static int check_device(const struct driver_device *device, struct driver_complaint *complaint)
{
	const struct gpio_device_conf *conf = device->conf;

	if (device->point_count == 0)
		return complain(complaint, DRIVER_ALL, "no points, expected one per line");
	if (strlen(conf->consumer) >= GPIO_NAME_BYTES)
		return complain(complaint, DRIVER_ALL,
				"consumer is too long, expected at most 31 characters");
	if (conf->recheck_ns > 0 && conf->recheck_ns < RECHECK_LEAST_NS)
		return complain(complaint, DRIVER_ALL,
				"recheck is too short, expected 10ms or more, or 0s for never");
	return 0;
}

static bool is_same_line(const struct gpio_point_conf *a, const struct gpio_point_conf *b)
{
	if (a->offset >= 0 && b->offset >= 0)
		return a->offset == b->offset;
	return a->offset < 0 && b->offset < 0 && strcmp(a->line, b->line) == 0;
}

static int check_point(const struct driver_device *device, size_t point,
		       struct driver_complaint *complaint)
{
	const struct gpio_device_conf *common = device->conf;
	const struct gpio_point_conf *conf = device->points[point].conf;

	if (!conf->line && conf->offset < 0)
		return complain(complaint, point,
				"no line, expected line = \"its name\" or offset");
	if (conf->line && !conf->line[0])
		return complain(complaint, point, "line is empty, expected its name");
	if (conf->line && strlen(conf->line) >= GPIO_NAME_BYTES)
		return complain(complaint, point,
				"line is too long for a line name, expected at most 31 characters");
	if (conf->offset >= 0 && !common->chip)
		return complain(complaint, point,
				"offset without a chip, expected chip in the device");
	if (conf->edges == GPIO_EDGES_NONE && common->recheck_ns == 0)
		return complain(complaint, point,
				"edges = none is never read with recheck = 0s, expected a recheck");
	if (conf->kernel_debounce_ns > 0 && !gpio_can_debounce())
		return complain(complaint, point,
				"kernel_debounce needs libgpiod 2, expected debounce instead");
	for (size_t i = 0; i < point; i++)
		if (is_same_line(conf, device->points[i].conf))
			return complain(
				complaint, point,
				"the same line as another point, expected one point a line");
	return 0;
}

static void gpio_free(void *instance)
{
	struct gpio *gpio = instance;

	if (!gpio)
		return;
	free(gpio->line);
	free(gpio->edge);
	free(gpio);
}

static struct gpio *make(const struct driver_setup *setup)
{
	const struct driver_device *device = &setup->devices[0];
	struct gpio *gpio = calloc(1, sizeof(*gpio));

	if (!gpio)
		return NULL;
	gpio->setup = setup;
	gpio->conf = device->conf;
	gpio->epoll_fd = gpio->timer_fd = -1;
	gpio->line_count = device->point_count;
	gpio->edge_room = device->point_count * EDGES_PER_LINE;
	gpio->line = calloc(gpio->line_count, sizeof(*gpio->line));
	gpio->edge = calloc(gpio->edge_room, sizeof(*gpio->edge));
	if (!gpio->line || !gpio->edge) {
		gpio_free(gpio);
		return NULL;
	}
	for (size_t i = 0; i < gpio->line_count; i++) {
		gpio->line[i].point = i;
		gpio->line[i].conf = device->points[i].conf;
	}
	return gpio;
}

/* There are no bus options, so the core makes an instance for each device. */
static int gpio_new(const struct driver_setup *setup, void **ret_instance,
		    struct driver_complaint *complaint)
{
	const struct driver_device *device = &setup->devices[0];
	struct gpio *gpio;
	int err;

	assert(setup->device_count == 1);
	err = check_device(device, complaint);
	for (size_t i = 0; !err && i < device->point_count; i++)
		err = check_point(device, i, complaint);
	if (err)
		return err;
	gpio = make(setup);
	if (!gpio)
		return -ENOMEM;
	*ret_instance = gpio;
	return 0;
}

static void gpio_close(void *instance)
{
	struct gpio *gpio = instance;

	gpio_claim_drop(gpio);
	if (gpio->timer_fd >= 0)
		close(gpio->timer_fd);
	if (gpio->epoll_fd >= 0)
		close(gpio->epoll_fd);
	gpio->timer_fd = gpio->epoll_fd = -1;
}

/* Sets the timer to what comes first. Setting it also takes back that it was readable. */
static int arm(struct gpio *gpio)
{
	int64_t at_ns = earlier_ns(gpio_edges_deadline(gpio),
				   earlier_ns(gpio->next_recheck_ns, gpio->next_claim_ns));
	struct itimerspec spec = {0};

	if (at_ns == gpio->armed_ns && clock_mono_ns() < at_ns)
		return 0;
	if (at_ns != INT64_MAX) {
		spec.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
		spec.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
	}
	if (timerfd_settime(gpio->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	gpio->armed_ns = at_ns;
	return 0;
}

static int open_poll(struct gpio *gpio)
{
	struct epoll_event event = {.events = EPOLLIN};

	gpio->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (gpio->epoll_fd < 0)
		return -errno;
	gpio->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (gpio->timer_fd < 0)
		return -errno;
	if (epoll_ctl(gpio->epoll_fd, EPOLL_CTL_ADD, gpio->timer_fd, &event) < 0)
		return -errno;
	gpio->armed_ns = INT64_MAX;
	return 0;
}

static void schedule_recheck(struct gpio *gpio)
{
	gpio->next_recheck_ns =
		gpio->conf->recheck_ns > 0 ? clock_mono_ns() + gpio->conf->recheck_ns : INT64_MAX;
}

static void fail(const struct gpio *gpio, int err)
{
	const struct driver_host *host = &gpio->setup->host;
	struct gpio_why why;

	gpio_explain(&why, err == -ENODEV || err == -ENXIO ? REASON_LINE_GONE : REASON_DEVICE_ERROR,
		     "GPIO chip failed: %s", strerror(-err));
	host->fault(host->data, 0, DRIVER_ALL, why.reason, why.message);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* A line that is held is so under a name, and of a chip. */
static bool gpio_heir(const void *device_conf, const void *before_conf)
{
	const struct gpio_device_conf *is = device_conf, *was = before_conf;

	return is_same_text(is->chip, was->chip) && is_same_text(is->consumer, was->consumer);
}

/* The first line brings what waits for all of them; those that do not come leave it when they are
 * released. */
static void gpio_inherit(void *instance, size_t point, void *before, size_t point_before)
{
	struct gpio *gpio = instance, *old = before;

	if (old->epoll_fd >= 0) {
		gpio->epoll_fd = old->epoll_fd;
		gpio->timer_fd = old->timer_fd;
		gpio->armed_ns = old->armed_ns;
		gpio->other_clock = old->other_clock;
		old->timer_fd = old->epoll_fd = -1;
	}
	gpio_claim_inherit(&gpio->line[point], &old->line[point_before]);
}

static int gpio_open(void *instance)
{
	struct gpio *gpio = instance;
	int err = gpio->epoll_fd < 0 ? open_poll(gpio) : 0;

	if (!err)
		err = gpio_claim_start(gpio);
	if (err)
		return err;
	schedule_recheck(gpio);
	err = arm(gpio);
	if (err)
		fail(gpio, err);
	return err;
}

static int gpio_fd(void *instance)
{
	const struct gpio *gpio = instance;

	return gpio->epoll_fd;
}

static int recheck_when_due(struct gpio *gpio, int64_t before_take_ns)
{
	if (before_take_ns < gpio->next_recheck_ns)
		return 0;
	schedule_recheck(gpio);
	return gpio_edges_recheck(gpio, before_take_ns);
}

static int gpio_read(void *instance)
{
	struct gpio *gpio = instance;
	const int64_t began_ns = clock_mono_ns();
	int err = gpio_edges_take(gpio);

	if (!err)
		err = gpio_edges_confirm(gpio, began_ns);
	if (!err)
		err = recheck_when_due(gpio, began_ns);
	if (!err && clock_mono_ns() >= gpio->next_claim_ns)
		gpio_claim(gpio);
	if (!err)
		err = arm(gpio);
	if (err)
		fail(gpio, err);
	return err;
}

static struct value_shape gpio_shape(const void *point_conf)
{
	(void)point_conf;
	return (struct value_shape){.type = VALUE_BOOL};
}

static bool gpio_lacks(const void *device_conf, const void *point_conf,
		       char ret_words[DRIVER_DOUBT_BYTES])
{
	const struct gpio_device_conf *device = device_conf;
	struct gpio_scan scan;
	struct gpio_chip *chip;
	struct gpio_why why;
	unsigned int offset;
	int err = gpio_scan_open(device->chip, &scan, &why);

	if (err == 0 && point_conf)
		err = gpio_scan_line(&scan, point_conf, &chip, &offset, &why);
	else if (point_conf)
		err = 0; /* told of the device */
	gpio_scan_close(&scan);
	if (err != 0)
		snprintf(ret_words, DRIVER_DOUBT_BYTES, "%.*s", DRIVER_DOUBT_BYTES - 1,
			 why.message);
	return err != 0;
}

static bool gpio_holds(const void *device_conf, const void *point_conf,
		       char ret_words[DRIVER_DOUBT_BYTES])
{
	const struct gpio_device_conf *device = device_conf;
	const struct gpio_point_conf *point = point_conf;
	const char *chip = device->chip ? device->chip : "";

	if (point->offset >= 0)
		snprintf(ret_words, DRIVER_DOUBT_BYTES, "line %lld of chip \"%s\"",
			 (long long)point->offset, chip);
	else
		snprintf(ret_words, DRIVER_DOUBT_BYTES, "line \"%s\"%s%s", point->line,
			 *chip ? " of chip " : "", chip);
	return true;
}

const struct driver gpio_driver = {
	.name = "gpio",
	.summary = "contacts on GPIO lines of the gateway",
	.device = {.options = device_options, .bytes = sizeof(struct gpio_device_conf)},
	.point = {.options = point_options, .bytes = sizeof(struct gpio_point_conf)},
	.shape = gpio_shape,
	.lacks = gpio_lacks,
	.holds = gpio_holds,
	.create = gpio_new,
	.destroy = gpio_free,
	.open = gpio_open,
	.heir = gpio_heir,
	.inherit = gpio_inherit,
	.close = gpio_close,
	.fd = gpio_fd,
	.read = gpio_read,
};
