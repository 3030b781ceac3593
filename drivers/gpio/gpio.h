/* What the parts of the GPIO driver share: gpio.c (the card), find.c
 * (chips and lines by their names), claim.c (holding them), edges.c
 * (edges and levels into readings). Private to drivers/.
 */
#ifndef CORRIDORD_GPIO_H
#define CORRIDORD_GPIO_H

#include "bus/driver.h"
#include "gpio/lines.h"

struct gpio_device_conf {
	char *chip; /* path, name or label; NULL: lines are searched over all chips */
	char *consumer;
	int64_t recheck_ns; /* 0: never */
};

struct gpio_point_conf {
	char *line; /* NULL: by offset alone */
	int64_t offset; /* -1: by name alone */
	int bias; /* enum gpio_bias */
	int edges; /* enum gpio_edges */
	bool active_low;
	int64_t kernel_debounce_ns;
};

/* Why something cannot be had, for host.fault(). */
struct gpio_why {
	enum reason reason;
	char message[160];
};

/* ---- find.c ------------------------------------------------------------------------- */

/* The chips that a device's lines may be on. */
struct gpio_scan {
	struct gpio_chip **chip;
	size_t count;
	int denied; /* why a chip could not be opened, 0: all could */
	char denied_path[64];
};

/* With spec exactly the one chip of that path, name or label; without it all there are.
 * 0, or negative errno with *ret_why. Closed with gpio_scan_close() in both cases. */
int gpio_scan_open(const char *spec, struct gpio_scan *ret_scan, struct gpio_why *ret_why);
void gpio_scan_close(struct gpio_scan *scan);

/* Where a point's line is. The chip is borrowed from the scan. 0, or negative errno
 * with *ret_why. */
int gpio_scan_line(const struct gpio_scan *scan, const struct gpio_point_conf *conf,
		   struct gpio_chip **ret_chip, unsigned int *ret_offset, struct gpio_why *ret_why);

void gpio_explain(struct gpio_why *why, enum reason reason, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct gpio_line {
	size_t point;
	const struct gpio_point_conf *conf;

	/* Where it is; the chip is set only while lines are being claimed. */
	struct gpio_chip *chip;
	unsigned int offset;
	struct gpio_held *held; /* NULL: not ours now */
	enum reason told; /* the last fault, REASON_NONE: none */

	bool level; /* last reported */
	int64_t reported_ns; /* the time it was reported with */
	int64_t settled_ns; /* edges up to here are already in a level that was read */
	int64_t requested_ns; /* an older stamp is of another clock */
	bool touched; /* had an edge in this round */
	bool was_full; /* its queue was full after its last edge */
	bool suspected_level; /* the line shows this, no edge says so: an edge may be */
	int64_t suspected_ns; /* on its way, or lost. 0: no suspicion */
};

struct gpio {
	const struct driver_setup *setup;
	const struct gpio_device_conf *conf;
	struct gpio_line *line;
	size_t line_count;
	struct gpio_edge *edge; /* room for those of one round */
	size_t edge_room;
	int epoll_fd, timer_fd;
	int64_t next_recheck_ns; /* INT64_MAX: never */
	int64_t next_claim_ns; /* INT64_MAX: all lines are held */
	int64_t armed_ns; /* what the timer is set to */
	struct gpio_why first_why; /* what went wrong first since open() */
	bool other_clock; /* said that stamps are of another clock */
};

/* ---- claim.c ------------------------------------------------------------------------ */

/* At open(): 0 when at least one line is held, else negative errno, told by fault(). */
int gpio_claim_start(struct gpio *gpio);

/* Asks for the lines that are not held, says why each cannot be had, once. */
void gpio_claim(struct gpio *gpio);
void gpio_claim_drop(struct gpio *gpio); /* all that are held */

/* What was read of a line, and that it is ours, goes to another instance. */
void gpio_claim_inherit(struct gpio_line *line, struct gpio_line *before);

/* ---- edges.c, beside the card's read() ---------------------------------------------- */

/* A line that was just requested: reports its level. Negative errno: it cannot be read. */
int gpio_edges_start(struct gpio *gpio, struct gpio_line *line);

/* Takes all edges there are, in the order of their time over all lines, then looks
 * whether the levels agree. Negative errno: a chip failed. */
int gpio_edges_take(struct gpio *gpio);

/* Looks again at lines whose time under suspicion had come before the edges were taken. */
int gpio_edges_confirm(struct gpio *gpio, int64_t before_take_ns);

/* Reads and reports all levels; before_take_ns: the time before the edges were taken. */
int gpio_edges_recheck(struct gpio *gpio, int64_t before_take_ns);

/* When gpio_edges_confirm() has something to do, INT64_MAX: nothing. */
int64_t gpio_edges_deadline(const struct gpio *gpio);

#endif
