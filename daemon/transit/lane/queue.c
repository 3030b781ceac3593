#include "transit/lane/queue.h"

void queue_init(struct queue *queue)
{
	*queue = (struct queue){.free_mono_ns = INT64_MIN,
				.sensor = ANSWER_UNKNOWN,
				.unsure = true,
				.missed_mono_ns = INT64_MIN};
}

static void miss(struct queue *queue, int64_t at_mono_ns)
{
	queue->count = 0;
	queue->unsure = true;
	queue->missed_mono_ns = at_mono_ns;
}

static void join(struct queue *queue, int64_t at_mono_ns)
{
	if (queue->count == QUEUE_VEHICLES)
		miss(queue, at_mono_ns);
	queue->came_mono_ns[(queue->first + queue->count++) % QUEUE_VEHICLES] = at_mono_ns;
}

void queue_look(struct queue *queue, enum answer sensor, int64_t at_mono_ns)
{
	if (sensor != queue->sensor &&
	    (sensor == ANSWER_UNKNOWN || queue->sensor == ANSWER_UNKNOWN))
		miss(queue, at_mono_ns);
	if (sensor == ANSWER_YES && queue->sensor != ANSWER_YES)
		join(queue, at_mono_ns);
	queue->sensor = sensor;
}

void queue_free(struct queue *queue, int64_t at_mono_ns)
{
	queue->free_mono_ns = at_mono_ns;
}

static int64_t leave(struct queue *queue)
{
	int64_t came_mono_ns = queue->came_mono_ns[queue->first];

	queue->first = (queue->first + 1) % QUEUE_VEHICLES;
	queue->count--;
	return came_mono_ns;
}

/* Who came longer ago than that would be at the boom. */
static void forget_before(struct queue *queue, int64_t before_mono_ns)
{
	while (queue->count > 0 && queue->came_mono_ns[queue->first] < before_mono_ns)
		(void)leave(queue);
	queue->unsure &= queue->missed_mono_ns >= before_mono_ns;
}

int64_t queue_take(struct queue *queue, int64_t gap_ns, int64_t at_mono_ns)
{
	if (queue->free_mono_ns != INT64_MIN && at_mono_ns - queue->free_mono_ns > gap_ns)
		forget_before(queue, at_mono_ns - gap_ns);
	queue->free_mono_ns = INT64_MIN;
	if (queue->unsure || queue->count == 0 || queue->sensor == ANSWER_UNKNOWN)
		return -1;
	return at_mono_ns - leave(queue);
}
