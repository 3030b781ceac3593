/* The thin seam between the GPIO driver and libgpiod: what both of its major
 * versions can do. The Makefile compiles one of v1.c (libgpiod 1.6) and
 * v2.c (libgpiod 2), by the version that is installed.
 *
 * It knows chips, lines and edges, nothing of names, points or readings; it
 * never waits. Levels are logical: active_low is already applied. Functions
 * return 0, a count or a negative errno. -ENODEV: the chip is gone.
 */
#ifndef CORRIDORD_GPIO_LINES_H
#define CORRIDORD_GPIO_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GPIO_NAME_BYTES 32 /* of chips, lines and consumers, with the terminating NUL */

enum gpio_bias { GPIO_BIAS_AS_IS, GPIO_BIAS_DISABLED, GPIO_BIAS_PULL_UP, GPIO_BIAS_PULL_DOWN };

enum gpio_edges { GPIO_EDGES_BOTH, GPIO_EDGES_RISING, GPIO_EDGES_FALLING, GPIO_EDGES_NONE };

struct gpio_chip; /* an open chip, counted */
struct gpio_held; /* a line that is ours: each is a request of its own, so that it can go on
			* whatever becomes of the others */

struct gpio_line_info {
	char name[GPIO_NAME_BYTES]; /* empty: the line has none */
	char consumer
		[GPIO_NAME_BYTES]; /* who holds it; empty: nobody, or the kernel does not say */
};

struct gpio_want {
	unsigned int offset;
	enum gpio_bias bias;
	enum gpio_edges edges;
	bool active_low;
	int64_t debounce_ns; /* by the kernel; 0 unless gpio_can_debounce() */
};

struct gpio_edge {
	size_t line; /* for the caller */
	bool level; /* after the edge */
	bool queue_was_full; /* edges after this one may have been dropped */
	uint32_t lost; /* edges of this line known to be dropped just before */
	int64_t at_ns; /* the kernel's stamp, as it is: its clock is for the caller to judge */
};

/* -ENOTTY or -ENODEV: not a GPIO chip. Closed with gpio_chip_close(). */
int gpio_chip_open(const char *path, struct gpio_chip **ret_chip);
void gpio_chip_close(struct gpio_chip *chip); /* takes NULL */
const char *gpio_chip_name(const struct gpio_chip *chip); /* the kernel's: "gpiochip0" */
const char *gpio_chip_label(const struct gpio_chip *chip);
unsigned int gpio_chip_line_count(const struct gpio_chip *chip);
int gpio_chip_line_info(struct gpio_chip *chip, unsigned int offset,
			struct gpio_line_info *ret_info);

bool gpio_can_debounce(void);

/* -EBUSY: another has the line; -ENODEV or -ENXIO: the chip is gone, or the line gives no edges;
 * -EINVAL and others: it refuses what is wanted. The caller may close the chip. Given back with
 * gpio_held_release(). */
int gpio_held_request(struct gpio_chip *chip, const char *consumer, const struct gpio_want *want,
		      struct gpio_held **ret_held);
void gpio_held_release(struct gpio_held *held); /* takes NULL */

/* Adds its file descriptor to an epoll set, to be readable when there are edges. It leaves the set
 * when the line is released. */
int gpio_held_watch(const struct gpio_held *held, int epoll_fd);

/* 0 or 1. */
int gpio_held_level(struct gpio_held *held);

/* Takes edges that are there, in their order. 0: there are none. */
#define GPIO_QUEUE_MAX 16
ssize_t gpio_held_edges(struct gpio_held *held, struct gpio_edge edges[GPIO_QUEUE_MAX]);

#endif
