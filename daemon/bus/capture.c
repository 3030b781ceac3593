#include "bus/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define WAITING_MOST 32 /* then they wait no longer: each takes a kilobyte */

struct capture_queue {
	pthread_mutex_t lock;
	pthread_cond_t room;
	size_t slots, first, count;
	uint64_t waits;
	bool closed;
	bool unannounced; /* put since the last flush */
	bool urgent; /* some of that may not wait */
	bool woken; /* the consumer is, or will be at once */
	int64_t pace_ns, look_ns; /* when it looks by itself, INT64_MAX: it waits to be woken */
	int fd;
	struct capture items[];
};

int capture_new(size_t slots, int64_t pace_ns, struct capture_queue **ret_queue)
{
	struct capture_queue *queue;

	queue = calloc(1, sizeof(*queue) + slots * sizeof(queue->items[0]));
	if (!queue)
		return -ENOMEM;
	queue->slots = slots;
	queue->pace_ns = pace_ns;
	queue->look_ns = INT64_MAX;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		int err = -errno;

		free(queue);
		return err;
	}
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->room, NULL);
	*ret_queue = queue;
	return 0;
}

void capture_free(struct capture_queue *queue)
{
	if (!queue)
		return;
	close(queue->fd);
	pthread_cond_destroy(&queue->room);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

static void wake(struct capture_queue *queue)
{
	const uint64_t one = 1;

	if ((queue->urgent || (queue->unannounced && queue->look_ns == INT64_MAX)) && !queue->woken)
		queue->woken = write(queue->fd, &one, sizeof(one)) == sizeof(one);
	queue->urgent = queue->unannounced = false;
}

bool capture_put(struct capture_queue *queue, const struct capture *item)
{
	bool taken;

	pthread_mutex_lock(&queue->lock);
	if (queue->count == queue->slots && !queue->closed) {
		queue->waits++;
		queue->urgent = true;
		wake(queue);
		while (queue->count == queue->slots && !queue->closed)
			pthread_cond_wait(&queue->room, &queue->lock);
	}
	taken = !queue->closed;
	if (taken) {
		queue->items[(queue->first + queue->count) % queue->slots] = *item;
		queue->count++;
		queue->unannounced = true;
		queue->urgent |= !item->may_wait || queue->count >= WAITING_MOST;
	}
	pthread_mutex_unlock(&queue->lock);
	return taken;
}

void capture_flush(struct capture_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	wake(queue);
	pthread_mutex_unlock(&queue->lock);
}

/* In a stream of readings the consumer looks from time to time: to arm a timer for it costs more. */
static void note_empty(struct capture_queue *queue, bool took_any)
{
	const int64_t now_ns = clock_mono_ns();
	uint64_t wakes;

	queue->first = 0; /* the same few pages serve as long as the consumer keeps up */
	if (queue->woken)
		queue->woken = read(queue->fd, &wakes, sizeof(wakes)) < 0;
	if (took_any && queue->pace_ns > 0)
		queue->look_ns = now_ns + queue->pace_ns;
	else if (now_ns >= queue->look_ns)
		queue->look_ns = INT64_MAX;
	queue->urgent = queue->unannounced = false;
}

size_t capture_take(struct capture_queue *queue, struct capture *items, size_t count)
{
	size_t n = 0;

	pthread_mutex_lock(&queue->lock);
	while (n < count && queue->count > 0) {
		items[n++] = queue->items[queue->first];
		queue->first = (queue->first + 1) % queue->slots;
		queue->count--;
	}
	if (queue->count == 0)
		note_empty(queue, n > 0);
	if (n > 0)
		pthread_cond_broadcast(&queue->room);
	pthread_mutex_unlock(&queue->lock);
	return n;
}

int64_t capture_look_ns(const struct capture_queue *queue)
{
	return queue->look_ns;
}

int capture_fd(const struct capture_queue *queue)
{
	return queue->fd;
}

void capture_close(struct capture_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->closed = true;
	pthread_cond_broadcast(&queue->room);
	pthread_mutex_unlock(&queue->lock);
}

uint64_t capture_waits(struct capture_queue *queue)
{
	uint64_t waits;

	pthread_mutex_lock(&queue->lock);
	waits = queue->waits;
	pthread_mutex_unlock(&queue->lock);
	return waits;
}
