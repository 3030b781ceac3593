/* Claims lines: finds them, requests them, explains what cannot be had.
 *
 * A line that cannot be had is at fault alone; it is asked for again every RETRY_NS
 * while the others are read.
 */
#include "gpio/gpio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY_NS (5 * NS_PER_S)

/* Says why a line cannot be read, once. */
static void tell(struct gpio *gpio, struct gpio_line *line, const struct gpio_why *why)
{
	const struct driver_host *host = &gpio->setup->host;

	if (line->told != why->reason)
		host->fault(host->data, 0, line->point, why->reason, why->message);
	line->told = why->reason;
	if (gpio->first_why.reason == REASON_NONE)
		gpio->first_why = *why;
}

static void explain_busy(const struct gpio_line *line, const char *name, struct gpio_why *why)
{
	struct gpio_line_info info = {0};

	(void)gpio_chip_line_info(line->chip, line->offset, &info);
	if (info.consumer[0])
		gpio_explain(why, REASON_LINE_BUSY, "%s is held by \"%s\"", name, info.consumer);
	else
		gpio_explain(why, REASON_LINE_BUSY,
			     "%s is held by the kernel or another use of its pin", name);
}

static void explain_refusal(const struct gpio_line *line, int err, struct gpio_why *why)
{
	struct gpio_line_info info;
	char name[80];

	if (gpio_chip_line_info(line->chip, line->offset, &info)) {
		gpio_explain(why, REASON_LINE_GONE, "the GPIO chip is gone: %s", strerror(-err));
		return;
	}
	snprintf(name, sizeof(name), "%s line %u%s%s", gpio_chip_name(line->chip), line->offset,
		 info.name[0] ? " " : "", info.name);
	if (err == -EBUSY)
		explain_busy(line, name, why);
	else if ((err == -ENXIO || err == -ENODEV) && line->conf->edges != GPIO_EDGES_NONE)
		gpio_explain(why, REASON_REFUSED,
			     "%s gives no edges: set edges = \"none\" and a short recheck", name);
	else
		gpio_explain(why, REASON_REFUSED, "%s cannot be used as configured: %s", name,
			     strerror(-err));
}

static void drop(struct gpio_line *line)
{
	gpio_held_release(line->held);
	line->held = NULL;
}

/* And reports its level. */
static int request(struct gpio *gpio, struct gpio_line *line)
{
	const struct gpio_want want = {.offset = line->offset,
				       .bias = (enum gpio_bias)line->conf->bias,
				       .edges = (enum gpio_edges)line->conf->edges,
				       .active_low = line->conf->active_low,
				       .debounce_ns = line->conf->kernel_debounce_ns};
	int err;

	line->requested_ns = clock_mono_ns();
	err = gpio_held_request(line->chip, gpio->conf->consumer, &want, &line->held);
	if (!err)
		err = gpio_held_watch(line->held, gpio->epoll_fd);
	if (!err)
		err = gpio_edges_start(gpio, line);
	if (err)
		drop(line);
	return err;
}

static void claim(struct gpio *gpio, struct gpio_line *line)
{
	struct gpio_why why;
	int err = request(gpio, line);

	if (!err)
		return;
	explain_refusal(line, err, &why);
	tell(gpio, line, &why);
}

/* A name and an offset may mean the same line, which no check of the configuration sees. */
static const struct gpio_line *claimed_before(const struct gpio *gpio, const struct gpio_line *line)
{
	for (const struct gpio_line *other = gpio->line; other < line; other++)
		if (!other->held && other->chip == line->chip && other->offset == line->offset)
			return other;
	return NULL;
}

static void locate(struct gpio *gpio, struct gpio_line *line, const struct gpio_scan *scan)
{
	const struct gpio_line *other;
	struct gpio_why why;

	line->chip = NULL;
	if (gpio_scan_line(scan, line->conf, &line->chip, &line->offset, &why)) {
		tell(gpio, line, &why);
		return;
	}
	other = claimed_before(gpio, line);
	if (!other)
		return;
	gpio_explain(&why, REASON_LINE_BUSY, "%s line %u is point \"%s\" already",
		     gpio_chip_name(line->chip), line->offset,
		     gpio->setup->devices[0].points[other->point].name);
	line->chip = NULL;
	tell(gpio, line, &why);
}

static size_t count_held(const struct gpio *gpio)
{
	size_t count = 0;

	for (size_t i = 0; i < gpio->line_count; i++)
		count += gpio->line[i].held != NULL;
	return count;
}

void gpio_claim(struct gpio *gpio)
{
	struct gpio_scan scan;
	struct gpio_why why;
	int err = gpio_scan_open(gpio->conf->chip, &scan, &why);

	for (size_t i = 0; i < gpio->line_count; i++) {
		if (gpio->line[i].held)
			continue;
		if (err)
			tell(gpio, &gpio->line[i], &why);
		else
			locate(gpio, &gpio->line[i], &scan);
	}
	for (size_t i = 0; !err && i < gpio->line_count; i++)
		if (!gpio->line[i].held && gpio->line[i].chip)
			claim(gpio, &gpio->line[i]);
	gpio_scan_close(&scan);
	gpio->next_claim_ns =
		count_held(gpio) < gpio->line_count ? clock_mono_ns() + RETRY_NS : INT64_MAX;
}

int gpio_claim_start(struct gpio *gpio)
{
	const struct driver_host *host = &gpio->setup->host;

	gpio->first_why.reason = REASON_NONE;
	for (size_t i = 0; i < gpio->line_count; i++)
		gpio->line[i].told = REASON_NONE;
	gpio_claim(gpio);
	if (count_held(gpio) > 0)
		return 0;
	host->fault(host->data, 0, DRIVER_ALL, gpio->first_why.reason, gpio->first_why.message);
	return gpio->first_why.reason == REASON_LINE_BUSY ? -EBUSY : -ENODEV;
}

void gpio_claim_drop(struct gpio *gpio)
{
	for (size_t i = 0; i < gpio->line_count; i++)
		drop(&gpio->line[i]);
}

void gpio_claim_inherit(struct gpio_line *line, struct gpio_line *before)
{
	const struct gpio_line own = *line;

	*line = *before;
	line->point = own.point;
	line->conf = own.conf;
	before->held = NULL;
}
