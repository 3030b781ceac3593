/* Chips and lines of a test's own behind the seam of drivers/gpio/lines.h, and a clock that
 * the test sets.
 *
 * Included once by a test; what it defines takes the place of libgpiod, of the clock
 * and of the look into /dev.
 */
#ifndef CORRIDORD_TEST_GPIO_LINES_H
#define CORRIDORD_TEST_GPIO_LINES_H

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "gpio/gpio.h"

#define FAKE_CHIPS 3
#define FAKE_LINES 8
#define FAKE_EDGES 80

struct fake_line {
	const char *name;
	const char *holder; /* another that holds it */
	bool high; /* the wire */
	int refuses; /* what a request of it fails with */
	int level_fails;
	struct gpio_want want; /* as it was requested */
	struct gpio_edge edge[FAKE_EDGES];
	size_t edges;
};

struct gpio_chip {
	const char *path, *name, *label;
	struct fake_line line[FAKE_LINES];
	int denied; /* opening fails so */
	bool gone;
	int opened;
};

struct gpio_held {
	struct gpio_chip *chip;
	struct fake_line *line;
	int event_fd;
};

struct fake_gpio {
	struct gpio_chip chip[FAKE_CHIPS];
	const char *path[FAKE_CHIPS + 1]; /* what /dev shows */
	int64_t now_ns;
	bool real_clock;
	bool can_debounce;
	char consumer[64];
	unsigned int requests; /* that succeeded */
	unsigned int levels; /* read */
	void (*at_level)(struct fake_line *line); /* happens while a level is read */
};

static struct fake_gpio fake_gpio; /* one: the seam has no place for a pointer to it */

/* ---- the clock ---- */

int64_t clock_mono_ns(void)
{
	struct timespec ts;

	if (!fake_gpio.real_clock)
		return fake_gpio.now_ns;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* ---- /dev ---- */

static int fake_glob(const char *pattern, int flags, int (*errors)(const char *, int),
		     glob_t *ret_paths)
{
	static char *paths[FAKE_CHIPS + 1];
	size_t count = 0;

	(void)pattern;
	(void)flags;
	(void)errors;
	for (size_t i = 0; i < FAKE_CHIPS + 1; i++)
		if (fake_gpio.path[i])
			paths[count++] = strdup(fake_gpio.path[i]);
	*ret_paths = (glob_t){.gl_pathc = count, .gl_pathv = paths};
	return count ? 0 : GLOB_NOMATCH;
}

static void fake_globfree(glob_t *paths)
{
	for (size_t i = 0; i < paths->gl_pathc; i++)
		free(paths->gl_pathv[i]);
}

/* ---- the seam ---- */

static bool fake_level(const struct fake_line *line)
{
	return line->high != line->want.active_low;
}

int gpio_chip_open(const char *path, struct gpio_chip **ret_chip)
{
	for (size_t i = 0; i < FAKE_CHIPS; i++) {
		struct gpio_chip *chip = &fake_gpio.chip[i];

		if (!chip->path || chip->gone)
			continue;
		if (strcmp(chip->path, path) != 0 && strcmp(path, "/dev/gpiochip-link") != 0)
			continue;
		if (chip->denied)
			return chip->denied;
		chip->opened++;
		*ret_chip = chip;
		return 0;
	}
	return -ENOENT;
}

void gpio_chip_close(struct gpio_chip *chip)
{
	if (chip)
		chip->opened--;
}

const char *gpio_chip_name(const struct gpio_chip *chip)
{
	return chip->name;
}

const char *gpio_chip_label(const struct gpio_chip *chip)
{
	return chip->label;
}

unsigned int gpio_chip_line_count(const struct gpio_chip *chip)
{
	(void)chip;
	return FAKE_LINES;
}

int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset,
			struct gpio_line_info *ret_info)
{
	const struct fake_line *line = &chip->line[offset];

	if (chip->gone)
		return -ENODEV;
	snprintf(ret_info->name, sizeof(ret_info->name), "%s", line->name ? line->name : "");
	snprintf(ret_info->consumer, sizeof(ret_info->consumer), "%s",
		 line->holder ? line->holder : "");
	return 0;
}

bool gpio_can_debounce(void)
{
	return fake_gpio.can_debounce;
}

int gpio_held_request(struct gpio_chip *chip, const char *consumer, const struct gpio_want *want,
		      struct gpio_held **ret_held)
{
	struct fake_line *line = &chip->line[want->offset];
	struct gpio_held *held;

	if (line->refuses)
		return line->refuses;
	if (line->holder)
		return -EBUSY;
	held = calloc(1, sizeof(*held));
	*held = (struct gpio_held){
		.chip = chip, .line = line, .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	chip->opened++;
	line->holder = "corridord";
	line->want = *want;
	line->edges = 0;
	snprintf(fake_gpio.consumer, sizeof(fake_gpio.consumer), "%s", consumer);
	fake_gpio.requests++;
	*ret_held = held;
	return 0;
}

void gpio_held_release(struct gpio_held *held)
{
	if (!held)
		return;
	held->line->holder = NULL;
	close(held->event_fd);
	gpio_chip_close(held->chip);
	free(held);
}

static int fake_event_fd = -1;

int gpio_held_watch(const struct gpio_held *held, int epoll_fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	fake_event_fd = held->event_fd;
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, held->event_fd, &event) < 0 ? -errno : 0;
}

int gpio_held_level(struct gpio_held *held)
{
	bool level = fake_level(held->line);

	if (held->chip->gone)
		return -ENODEV;
	if (held->line->level_fails)
		return held->line->level_fails;
	fake_gpio.levels++;
	if (fake_gpio.at_level)
		fake_gpio.at_level(held->line);
	return level;
}

ssize_t gpio_held_edges(struct gpio_held *held, struct gpio_edge edges[GPIO_QUEUE_MAX])
{
	struct fake_line *line = held->line;
	size_t count = line->edges < GPIO_QUEUE_MAX ? line->edges : GPIO_QUEUE_MAX;
	uint64_t woken;

	if (held->chip->gone)
		return -ENODEV;
	(void)!read(held->event_fd, &woken, sizeof(woken));
	memcpy(edges, line->edge, count * sizeof(edges[0]));
	line->edges -= count;
	memmove(line->edge, &line->edge[count], line->edges * sizeof(line->edge[0]));
	return (ssize_t)count;
}

/* ---- what happens on the wires ---- */

/* An edge is in the queue; the wire shows it too. at_ns: the kernel's stamp. */
static inline struct gpio_edge *add_edge(struct fake_line *line, bool high, int64_t at_ns)
{
	struct gpio_edge *queued = &line->edge[line->edges++];

	line->high = high;
	*queued = (struct gpio_edge){.level = fake_level(line), .at_ns = at_ns};
	return queued;
}

static inline struct gpio_edge *rising_edge(struct fake_line *line, int64_t at_ns)
{
	return add_edge(line, true, at_ns);
}

static inline struct gpio_edge *falling_edge(struct fake_line *line, int64_t at_ns)
{
	return add_edge(line, false, at_ns);
}

/* Rising and falling in turn, from at_ns on. The last one. */
static inline struct gpio_edge *alternating_edges(struct fake_line *line, int count, int64_t at_ns,
						  int64_t step_ns)
{
	struct gpio_edge *last = NULL;

	for (int i = 0; i < count; i++)
		last = add_edge(line, i % 2 == 0, at_ns + i * step_ns);
	return last;
}

/* As many as the queue of a line holds, and no room for the next; 1 ns between them. */
static inline void fill_queue(struct fake_line *line, int64_t at_ns)
{
	alternating_edges(line, GPIO_QUEUE_MAX, at_ns, 1)->queue_was_full = true;
}

#endif
