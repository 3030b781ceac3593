#include "inbound/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A message in a box; its texts, each with its NUL, correlation and payload follow. */
struct packed {
	uint32_t subject_bytes, response_bytes, correlation_bytes, payload_bytes;
	bool has_response, has_correlation, retained, cut;
};

struct box {
	unsigned char *bytes;
	size_t used;
};

struct inbox {
	size_t size, payload_bytes;
	int fd;
	pthread_mutex_t lock;
	struct box filling; /* under the lock, as is dropped */
	uint64_t dropped;
	struct box emptying; /* of the thread that reads */
	size_t at; /* read up to here */
};

int inbox_new(size_t bytes, size_t payload_bytes, struct inbox **ret_inbox)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	int err = -ENOMEM;

	if (!inbox)
		return err;
	inbox->size = bytes;
	inbox->payload_bytes = payload_bytes;
	pthread_mutex_init(&inbox->lock, NULL);
	inbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (inbox->fd < 0) {
		err = -errno;
		goto out;
	}
	inbox->filling.bytes = malloc(bytes);
	inbox->emptying.bytes = malloc(bytes);
	if (!inbox->filling.bytes || !inbox->emptying.bytes)
		goto out;
	*ret_inbox = inbox;
	return 0;
out:
	inbox_free(inbox);
	return err;
}

void inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return;
	if (inbox->fd >= 0)
		close(inbox->fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox->filling.bytes);
	free(inbox->emptying.bytes);
	free(inbox);
}

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static struct packed measure(const struct inbox *inbox, const struct inlet_message *message)
{
	bool cut = message->bytes > inbox->payload_bytes;

	return (struct packed){
		.subject_bytes = (uint32_t)text_bytes(message->subject),
		.response_bytes = (uint32_t)text_bytes(message->response_topic),
		.correlation_bytes = (uint32_t)message->correlation_bytes,
		.payload_bytes = (uint32_t)(cut ? inbox->payload_bytes : message->bytes),
		.has_response = message->response_topic,
		.has_correlation = message->correlation,
		.retained = message->retained,
		.cut = cut,
	};
}

static size_t packed_bytes(const struct packed *packed)
{
	return sizeof(*packed) + packed->subject_bytes + packed->response_bytes +
	       packed->correlation_bytes + packed->payload_bytes;
}

static void add(struct box *box, const void *bytes, size_t count)
{
	if (count > 0)
		memcpy(box->bytes + box->used, bytes, count);
	box->used += count;
}

bool inbox_put(struct inbox *inbox, const struct inlet_message *message)
{
	struct packed packed = measure(inbox, message);
	struct box *box = &inbox->filling;
	size_t bytes = packed_bytes(&packed);
	uint64_t one = 1;
	bool room;

	pthread_mutex_lock(&inbox->lock);
	room = bytes <= inbox->size - box->used;
	if (room) {
		add(box, &packed, sizeof(packed));
		add(box, message->subject, packed.subject_bytes);
		add(box, message->response_topic, packed.response_bytes);
		add(box, message->correlation, packed.correlation_bytes);
		add(box, message->payload, packed.payload_bytes);
		(void)!write(inbox->fd, &one, sizeof(one));
	} else if (bytes > inbox->size) {
		inbox->dropped++;
	}
	pthread_mutex_unlock(&inbox->lock);
	return room || bytes > inbox->size;
}

bool inbox_take_in(void *data, const struct inlet_message *message)
{
	return inbox_put(data, message);
}

static void swap_boxes(struct inbox *inbox)
{
	struct box empty = inbox->emptying;
	uint64_t count;

	empty.used = 0;
	pthread_mutex_lock(&inbox->lock);
	inbox->emptying = inbox->filling;
	inbox->filling = empty;
	(void)!read(inbox->fd, &count, sizeof(count));
	pthread_mutex_unlock(&inbox->lock);
	inbox->at = 0;
}

static const void *next(struct inbox *inbox, size_t bytes)
{
	const void *at = inbox->emptying.bytes + inbox->at;

	inbox->at += bytes;
	return at;
}

bool inbox_take(struct inbox *inbox, struct inlet_message *ret_message)
{
	const char *response;
	const void *correlation;
	struct packed packed;

	if (inbox->at == inbox->emptying.used)
		swap_boxes(inbox);
	if (inbox->at == inbox->emptying.used)
		return false;
	memcpy(&packed, next(inbox, sizeof(packed)), sizeof(packed));
	ret_message->subject = next(inbox, packed.subject_bytes);
	response = next(inbox, packed.response_bytes);
	ret_message->response_topic = packed.has_response ? response : NULL;
	correlation = next(inbox, packed.correlation_bytes);
	ret_message->correlation = packed.has_correlation ? correlation : NULL;
	ret_message->correlation_bytes = packed.correlation_bytes;
	ret_message->payload = next(inbox, packed.payload_bytes);
	ret_message->bytes = packed.payload_bytes;
	ret_message->retained = packed.retained;
	ret_message->cut = packed.cut;
	return true;
}

bool inbox_is_empty(struct inbox *inbox)
{
	bool empty;

	pthread_mutex_lock(&inbox->lock);
	empty = inbox->filling.used == 0;
	pthread_mutex_unlock(&inbox->lock);
	return empty && inbox->at == inbox->emptying.used;
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->fd;
}

uint64_t inbox_dropped(struct inbox *inbox)
{
	uint64_t dropped;

	pthread_mutex_lock(&inbox->lock);
	dropped = inbox->dropped;
	pthread_mutex_unlock(&inbox->lock);
	return dropped;
}
