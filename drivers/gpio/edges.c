/* Edges and levels into readings.
 *
 * The kernel's queues may drop edges, and an edge is only ever half the truth: what
 * counts is the level that the line shows now. So after each batch, and at each
 * recheck, the level is read. It may differ from the last edge for two reasons:
 * the edge is still on its way (the hardware shows a change before its interrupt
 * thread has queued it), or it was lost. So a difference is a suspicion only; an
 * edge that comes within CONFIRM_NS explains it, else the level is reported with
 * the least number of lost edges that fits. A machine that stands still may take longer
 * over it than that: what counts is that the queues were empty so long after.
 */
#include "gpio/gpio.h"

#include <errno.h>

#define CONFIRM_NS   (10 * NS_PER_MS)
#define BATCHES_MOST 8

static const struct driver_host *host_of(const struct gpio *gpio)
{
	return &gpio->setup->host;
}

/* Times do not go back, and two levels have two times: what is of one moment is judged together. */
static void report(const struct gpio *gpio, struct gpio_line *line, bool level, int64_t at_ns,
		   uint32_t lost)
{
	struct value value = {.type = VALUE_BOOL, .boolean = level};
	const int64_t least_ns = line->reported_ns + (level != line->level);

	if (at_ns < least_ns)
		at_ns = least_ns;
	line->level = level;
	line->reported_ns = at_ns;
	line->suspected_ns = 0;
	line->was_full = false;
	line->told = REASON_NONE;
	host_of(gpio)->reading(host_of(gpio)->data, 0, line->point, &value, at_ns, lost);
}

int gpio_edges_start(struct gpio *gpio, struct gpio_line *line)
{
	int64_t before = clock_mono_ns();
	int level = gpio_held_level(line->held);

	if (level < 0)
		return level;
	line->touched = false;
	report(gpio, line, level, before, 0);
	line->settled_ns = clock_mono_ns();
	return 0;
}

/* At least this many changes were not seen, going from the last level to this one. */
static uint32_t least_lost(const struct gpio_line *line, bool level, bool edge)
{
	bool same = level == line->level;

	if (line->conf->edges != GPIO_EDGES_BOTH)
		return edge && line->was_full ? 1 : 0;
	if (edge)
		return same ? 1 : line->was_full ? 2 : 0;
	return same ? 2 : 1;
}

static void deliver(const struct gpio *gpio, struct gpio_line *line, const struct gpio_edge *edge)
{
	uint32_t lost = least_lost(line, edge->level, true);

	line->touched = true;
	if (edge->lost == 0 && edge->level == line->level && edge->at_ns <= line->settled_ns) {
		line->was_full |= edge->queue_was_full;
		return;
	}
	report(gpio, line, edge->level, edge->at_ns, edge->lost > lost ? edge->lost : lost);
	line->was_full = edge->queue_was_full;
}

/* Kernels before 5.7 stamp with the wall clock and do not say so. */
static int64_t plausible(struct gpio *gpio, const struct gpio_line *line, int64_t at_ns,
			 int64_t now_ns)
{
	if (at_ns >= line->requested_ns && at_ns <= now_ns)
		return at_ns;
	if (!gpio->other_clock)
		host_of(gpio)->debug(host_of(gpio)->data,
				     "the kernel does not stamp edges with the monotonic clock, "
				     "taking the time they are read");
	gpio->other_clock = true;
	return now_ns;
}

static void settle_edges(struct gpio *gpio, size_t line, struct gpio_edge *edge, size_t count)
{
	int64_t now_ns = clock_mono_ns();

	for (size_t i = 0; i < count; i++) {
		edge[i].line = line;
		edge[i].at_ns = plausible(gpio, &gpio->line[line], edge[i].at_ns, now_ns);
	}
}

/* Until a whole pass over all queues finds nothing: then no edge that is still to be
 * read is older than one that was. */
static ssize_t gather(struct gpio *gpio)
{
	size_t count = 0, before;
	ssize_t taken;

	do {
		before = count;
		for (size_t i = 0; i < gpio->line_count; i++) {
			if (gpio->edge_room - count < GPIO_QUEUE_MAX)
				break;
			if (!gpio->line[i].held)
				continue;
			taken = gpio_held_edges(gpio->line[i].held, &gpio->edge[count]);
			if (taken < 0)
				return taken;
			settle_edges(gpio, i, &gpio->edge[count], (size_t)taken);
			count += (size_t)taken;
		}
	} while (count != before);
	return (ssize_t)count;
}

/* Insertion: stable, in place, and the batch is nearly in order already. */
static void sort_by_time(struct gpio_edge *edge, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct gpio_edge moved = edge[i];
		size_t j = i;

		for (; j > 0 && edge[j - 1].at_ns > moved.at_ns; j--)
			edge[j] = edge[j - 1];
		edge[j] = moved;
	}
}

/* Reads the level. What does not agree is reported at once where not all edges are
 * asked for, else it becomes a suspicion. What agrees is told as of same_ns, 0: not at all:
 * up to then all edges were taken, and since then some may have come. */
static int look(const struct gpio *gpio, struct gpio_line *line, int64_t same_ns)
{
	int64_t before = clock_mono_ns();
	int level = gpio_held_level(line->held);

	if (level < 0)
		return level;
	if (line->conf->edges != GPIO_EDGES_BOTH) {
		if (same_ns > 0 || level != line->level)
			report(gpio, line, level, before, 0);
	} else if (level != line->level || line->was_full) {
		line->suspected_level = level;
		if (!line->suspected_ns)
			line->suspected_ns = before;
	} else if (same_ns > 0 && !line->suspected_ns) {
		report(gpio, line, level, same_ns, 0);
	}
	return 0;
}

/* What is in the queues, in the order of its time. ret_more: there may be more. */
static int take_batch(struct gpio *gpio, bool *ret_more)
{
	ssize_t count = gather(gpio);

	if (count < 0)
		return (int)count;
	sort_by_time(gpio->edge, (size_t)count);
	for (size_t i = 0; i < (size_t)count; i++)
		deliver(gpio, &gpio->line[gpio->edge[i].line], &gpio->edge[i]);
	*ret_more = gpio->edge_room - (size_t)count < GPIO_QUEUE_MAX;
	return 0;
}

/* A level says nothing about edges that still wait; a line that never rests is left after a while. */
int gpio_edges_take(struct gpio *gpio)
{
	bool more = true;
	int err = 0;

	for (int i = 0; !err && more && i < BATCHES_MOST; i++)
		err = take_batch(gpio, &more);
	for (size_t i = 0; !err && i < gpio->line_count; i++) {
		if (!gpio->line[i].touched)
			continue;
		gpio->line[i].touched = false;
		err = look(gpio, &gpio->line[i], 0);
	}
	return err;
}

static int confirm(const struct gpio *gpio, struct gpio_line *line)
{
	int64_t before = clock_mono_ns();
	int level = gpio_held_level(line->held);
	int64_t since = level == line->suspected_level ? line->suspected_ns : before;

	if (level < 0)
		return level;
	report(gpio, line, level, since, least_lost(line, level, false));
	line->settled_ns = clock_mono_ns();
	return 0;
}

int gpio_edges_confirm(struct gpio *gpio, int64_t before_take_ns)
{
	int err;

	for (size_t i = 0; i < gpio->line_count; i++) {
		struct gpio_line *line = &gpio->line[i];

		if (!line->held || !line->suspected_ns ||
		    before_take_ns - line->suspected_ns < CONFIRM_NS)
			continue;
		err = confirm(gpio, line);
		if (err)
			return err;
	}
	return 0;
}

int gpio_edges_recheck(struct gpio *gpio, int64_t before_take_ns)
{
	int err;

	for (size_t i = 0; i < gpio->line_count; i++) {
		if (!gpio->line[i].held)
			continue;
		err = look(gpio, &gpio->line[i], before_take_ns);
		if (err)
			return err;
	}
	return 0;
}

int64_t gpio_edges_deadline(const struct gpio *gpio)
{
	int64_t deadline_ns = INT64_MAX;

	for (size_t i = 0; i < gpio->line_count; i++) {
		const struct gpio_line *line = &gpio->line[i];

		if (line->held && line->suspected_ns &&
		    line->suspected_ns + CONFIRM_NS < deadline_ns)
			deadline_ns = line->suspected_ns + CONFIRM_NS;
	}
	return deadline_ns;
}
