/* A bus on the bench: a configuration made by hand, and a consumer that remembers what came.
 *
 * Waiting is always for something to come, with a deadline far beyond what it takes.
 */
#ifndef BUS_BENCH_H
#define BUS_BENCH_H

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bus.h"
#include "clock.h"

#define MS	      NS_PER_MS
#define BENCH_POINTS  64
#define BENCH_DEVICES 16
#define BENCH_LOG     4096
#define PATIENCE_NS   (20 * NS_PER_S)

struct bench {
	struct config config;
	struct bus_conf bus_conf;
	struct device_conf devices[BENCH_DEVICES];
	size_t device_indices[BENCH_DEVICES];
	struct point_conf points[BENCH_POINTS];
	struct driver_point driver_points[BENCH_POINTS];
	char point_names[BENCH_POINTS][64];
	char device_names[BENCH_DEVICES][32];
	struct capture_queue *queue;
	struct bus *bus;
	struct capture log[BENCH_LOG]; /* all that came, in order */
	size_t count;
};

static inline void bench_set_up(struct bench *bench, const struct driver *driver, void *driver_conf,
				size_t devices, size_t points_each)
{
	size_t i;

	memset(bench, 0, sizeof(*bench));
	for (i = 0; i < devices; i++) {
		snprintf(bench->device_names[i], sizeof(bench->device_names[i]), "unit-%zu", i);
		bench->device_indices[i] = i;
		bench->devices[i] = (struct device_conf){
			.name = bench->device_names[i],
			.driver_conf = driver_conf,
			.poll_ns = 5 * MS,
			.fail_after = 3,
			.retry_min_ns = 20 * MS,
			.retry_max_ns = 100 * MS,
			.first_point = i * points_each,
			.point_count = points_each,
			.file = "test.conf",
			.line = (int)(10 + i),
		};
	}
	for (i = 0; i < devices * points_each; i++) {
		snprintf(bench->point_names[i], sizeof(bench->point_names[i]), "unit-%zu.p%zu",
			 i / points_each, i % points_each);
		bench->points[i] = (struct point_conf){
			.name = bench->point_names[i],
			.device = (uint32_t)(i / points_each),
			.stale_after_ns = 1000 * MS,
		};
		bench->driver_points[i].name = strchr(bench->point_names[i], '.') + 1;
	}
	bench->bus_conf = (struct bus_conf){
		.name = (char *)(uintptr_t) "bench",
		.driver = driver,
		.driver_conf = driver_conf,
		.devices = bench->device_indices,
		.device_count = devices,
		.reopen_min_ns = 20 * MS,
		.reopen_max_ns = 100 * MS,
		.down_share = 0.5,
		.file = "test.conf",
		.line = 3,
	};
	bench->config = (struct config){
		.buses = &bench->bus_conf,
		.bus_count = 1,
		.devices = bench->devices,
		.device_count = devices,
		.points = bench->points,
		.point_drivers = bench->driver_points,
		.point_count = devices * points_each,
	};
	assert_int_equal(capture_new(1024, &bench->queue), 0);
}

static inline void bench_start(struct bench *bench)
{
	assert_int_equal(
		bus_new(&bench->config, &bench->bus_conf, bench->queue, stderr, &bench->bus), 0);
	assert_int_equal(bus_start(bench->bus), 0);
}

static inline void bench_tear_down(struct bench *bench)
{
	capture_close(bench->queue);
	bus_free(bench->bus);
	capture_free(bench->queue);
}

/* Takes what there is; waits for it until the deadline. */
static inline void bench_take(struct bench *bench, int64_t deadline_ns)
{
	struct pollfd fd = {.fd = capture_fd(bench->queue), .events = POLLIN};
	int64_t wait_ns = deadline_ns - clock_mono_ns();

	if (wait_ns > 0)
		poll(&fd, 1, (int)(wait_ns / MS) + 1);
	assert_true(bench->count < BENCH_LOG);
	bench->count +=
		capture_take(bench->queue, bench->log + bench->count, BENCH_LOG - bench->count);
}

typedef bool bench_question(const struct bench *bench, const struct capture *item, int64_t with);

/* The place in the log, from `from` on, of the first item of which the question is true. */
static inline size_t bench_wait(struct bench *bench, size_t from, bench_question *question,
				int64_t with)
{
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;

	for (;; from++) {
		while (from >= bench->count) {
			if (clock_mono_ns() > deadline_ns)
				fail_msg("waited in vain");
			bench_take(bench, deadline_ns);
		}
		if (question(bench, &bench->log[from], with))
			return from;
	}
}

static inline bool is_point(const struct bench *bench, const struct capture *item, int64_t point)
{
	(void)bench;
	return item->kind == CAPTURE_READING && item->reading.point == point;
}

static inline bool is_good(const struct bench *bench, const struct capture *item, int64_t point)
{
	return is_point(bench, item, point) && item->reading.quality == QUALITY_GOOD;
}

static inline bool is_fault(const struct bench *bench, const struct capture *item, int64_t point)
{
	return is_point(bench, item, point) && item->reading.quality == QUALITY_FAULT;
}

static inline bool is_value(const struct bench *bench, const struct capture *item, int64_t value)
{
	(void)bench;
	return item->kind == CAPTURE_READING && item->reading.quality == QUALITY_GOOD &&
	       item->reading.value.integer == value;
}

static inline bool is_down(const struct bench *bench, const struct capture *item, int64_t device)
{
	(void)bench;
	return item->kind == CAPTURE_DEVICE && item->device.device == device && !item->device.up;
}

static inline bool is_up(const struct bench *bench, const struct capture *item, int64_t device)
{
	(void)bench;
	return item->kind == CAPTURE_DEVICE && item->device.device == device && item->device.up;
}

static inline size_t bench_count(const struct bench *bench, size_t from, size_t to,
				 bench_question *question, int64_t with)
{
	size_t n = 0;

	for (; from < to; from++)
		n += question(bench, &bench->log[from], with);
	return n;
}

/* Takes what comes until the counter (of bus_counters) has gone up by more. */
static inline void bench_wait_polls(struct bench *bench, uint64_t more)
{
	int64_t deadline_ns = clock_mono_ns() + PATIENCE_NS;
	uint64_t goal = bus_counters(bench->bus).polls + more;

	while (bus_counters(bench->bus).polls < goal) {
		if (clock_mono_ns() > deadline_ns)
			fail_msg("no more polls");
		bench_take(bench, clock_mono_ns() + 5 * MS);
	}
	bench_take(bench, 0);
}

#endif
