/* The set-up that comes from corridord, and what it is told. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "readers/readers.h"

#define ARENA_BYTES  ((size_t)1024 * 1024)
#define DEVICES_MOST 64
#define POINTS_MOST  256 /* of a device */
#define PATIENCE_NS  (20 * NS_PER_S) /* a parent that takes nothing for so long does not listen */

/* ---- what is told ---------------------------------------------------------------------- */

void parent_flush(struct readers *readers)
{
	if (channel_flush(&readers->channel) < 0)
		readers->over = true;
}

/* The parent takes so much in a while: who has more to say waits, and with it who sends. */
static void put(struct readers *readers, enum apart_kind kind, const void *frame)
{
	const int64_t until_ns = clock_mono_ns() + PATIENCE_NS;
	struct pollfd wait = {.fd = readers->channel.fd, .events = POLLOUT};

	while (!readers->over && channel_put(&readers->channel, kind, frame) < 0) {
		(void)poll(&wait, 1, (int)(PATIENCE_NS / NS_PER_MS));
		parent_flush(readers);
		readers->over |= clock_mono_ns() > until_ns;
	}
}

static void shorten(const char *what, char ret_words[APART_WORDS_BYTES])
{
	utf8_print(ret_words, APART_WORDS_BYTES, what);
}

static void on_said(void *data, size_t device, size_t point, const struct value *value,
		    int64_t at_mono_ns, const struct origin *origin)
{
	struct apart_reading frame = {
		.device = (uint32_t)device, .point = (uint32_t)point, .at_mono_ns = at_mono_ns};

	apart_from_value(value, &frame);
	apart_from_origin(origin, &frame);
	put(data, APART_READING, &frame);
}

static void on_fault(void *data, size_t device, size_t point, enum reason reason, const char *what)
{
	char words[APART_WORDS_BYTES];
	const struct apart_fault frame = {.device = (uint32_t)device,
					  .point =
						  point == DRIVER_ALL ? APART_ALL : (uint32_t)point,
					  .reason = reason,
					  .what = words};

	shorten(what, words);
	put(data, APART_FAULT, &frame);
}

static void on_refuse(void *data, size_t device, size_t point, const struct value *raw,
		      const char *what)
{
	char words[APART_WORDS_BYTES];
	const struct apart_fault frame = {.device = (uint32_t)device,
					  .point = (uint32_t)point,
					  .reason = REASON_OUT_OF_RANGE,
					  .what = words,
					  .raw = raw->type == VALUE_TEXT ? raw->text : NULL};

	shorten(what, words);
	put(data, APART_FAULT, &frame);
}

static void on_moment(void *data, size_t device, bool begins)
{
	const struct apart_moment frame = {.device = (uint32_t)device, .begins = begins};

	put(data, APART_MOMENT, &frame);
}

void parent_say(struct readers *readers, bool loud, const char *what)
{
	char words[APART_WORDS_BYTES];
	const struct apart_say frame = {.loud = loud, .what = words};

	if (!loud && !readers->frame.debug)
		return;
	shorten(what, words);
	put(readers, APART_SAY, &frame);
}

static void on_debug(void *data, const char *what)
{
	parent_say(data, false, what);
}

static void on_tell(void *data, const char *what)
{
	parent_say(data, true, what);
}

void parent_tell_fault(struct readers *readers, enum reason reason, const char *what)
{
	for (size_t i = 0; i < readers->setup.device_count; i++)
		on_fault(readers, i, DRIVER_ALL, reason, what);
}

void parent_tell_alive(struct readers *readers, int64_t now_ns)
{
	if (now_ns < readers->alive_ns)
		return;
	readers->alive_ns = now_ns + APART_ALIVE_NS;
	put(readers, APART_ALIVE, NULL);
}

void parent_serve(struct readers *readers)
{
	if (channel_fill(&readers->channel) < 0)
		readers->over = true;
}

bool parent_secret_path(const struct readers *readers, const char *file, const char *credential,
			char *path, size_t path_bytes)
{
	const char *folder = readers->frame.credentials;

	if (file)
		snprintf(path, path_bytes, "%s", file);
	else if (credential)
		snprintf(path, path_bytes, "%s/%s", folder ? folder : "", credential);
	return file || credential;
}

/* ---- the set-up ------------------------------------------------------------------------ */

static int unpack(struct readers *readers, const struct conf_block *block, const void *options,
		  size_t bytes, void **ret_conf)
{
	void *conf = pack_room(&readers->arena, block->bytes);

	if (!conf)
		return -ENOMEM;
	memset(conf, 0, block->bytes);
	*ret_conf = conf;
	return unpack_options(block->options, options, bytes, conf, &readers->arena);
}

static int take_setup(struct readers *readers, const struct apart_setup *frame,
		      const struct transport *const transports[])
{
	void *conf = NULL;
	int err;

	if (readers->transport || frame->devices > DEVICES_MOST)
		return -EBADMSG;
	for (size_t i = 0; transports[i] && !readers->transport; i++)
		if (strcmp(transports[i]->driver->name, frame->driver) == 0)
			readers->transport = transports[i];
	if (!readers->transport)
		return -ENOENT;
	readers->frame = *frame;
	readers->devices = calloc(frame->devices + 1, sizeof(*readers->devices));
	readers->sources = calloc(frame->devices + 1, sizeof(*readers->sources));
	if (!readers->devices || !readers->sources)
		return -ENOMEM;
	err = unpack(readers, &readers->transport->driver->bus, frame->options, frame->bytes,
		     &conf);
	readers->setup = (struct driver_setup){
		.name = frame->bus,
		.conf = conf,
		.devices = readers->devices,
		.host = {.data = readers,
			 .said = on_said,
			 .fault = on_fault,
			 .refuse = on_refuse,
			 .moment = on_moment,
			 .debug = on_debug,
			 .tell = on_tell},
	};
	return err;
}

static int take_device(struct readers *readers, const struct apart_device *frame)
{
	struct driver_device *device = &readers->devices[readers->setup.device_count];
	void *conf = NULL;
	int err;

	if (!readers->transport || readers->setup.device_count == readers->frame.devices ||
	    readers->points_due > 0 || frame->points > POINTS_MOST)
		return -EBADMSG;
	err = unpack(readers, &readers->transport->driver->device, frame->options, frame->bytes,
		     &conf);
	readers->points =
		pack_room(&readers->arena, (frame->points + 1) * sizeof(*readers->points));
	if (err < 0 || !readers->points)
		return err < 0 ? err : -ENOMEM;
	readers->points_due = frame->points;
	*device = (struct driver_device){.name = frame->name,
					 .conf = conf,
					 .points = readers->points,
					 .point_count = frame->points};
	readers->setup.device_count++;
	return 0;
}

static int take_point(struct readers *readers, const struct apart_point *frame)
{
	int64_t *none;
	void *conf = NULL;
	int err;

	if (readers->points_due == 0)
		return -EBADMSG;
	err = unpack(readers, &readers->transport->driver->point, frame->options, frame->bytes,
		     &conf);
	none = pack_room(&readers->arena, frame->none_bytes);
	if (err < 0 || !none || frame->none_bytes % sizeof(*none) != 0)
		return err < 0 ? err : -EBADMSG;
	memcpy(none, frame->none, frame->none_bytes);
	*readers->points++ = (struct driver_point){.name = frame->name,
						   .conf = conf,
						   .none = none,
						   .none_count = frame->none_bytes / sizeof(*none)};
	readers->points_due--;
	return 0;
}

/* Messages are read with it one after the other. */
static int make_sources(struct readers *readers)
{
	struct source_tools tools;
	struct driver_complaint complaint;
	int err = parcel_new(MAP_XML, &readers->tools);

	if (err < 0)
		return err;
	tools = (struct source_tools){.doc = &readers->tools->doc, .xml = readers->tools->xml};
	for (size_t i = 0; i < readers->setup.device_count && err == 0; i++)
		err = source_init(&readers->sources[i], &readers->setup, i,
				  readers->devices[i].conf, &tools, 0, &complaint);
	return err;
}

/* 1: that was all. */
static int take(struct readers *readers, const struct channel_message *message,
		const struct transport *const transports[])
{
	unsigned char *copy = pack_room(&readers->arena, message->count + 1);
	union {
		struct apart_setup setup;
		struct apart_device device;
		struct apart_point point;
	} any;
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, message->bytes, message->count);
	if (message->kind > APART_START)
		return -EBADMSG;
	err = form_read(apart_protocol.forms[message->kind], copy, message->count, &any);
	if (err < 0)
		return err;
	switch (message->kind) {
	case APART_SETUP:
		return take_setup(readers, &any.setup, transports);
	case APART_DEVICE:
		return take_device(readers, &any.device);
	case APART_POINT:
		return take_point(readers, &any.point);
	default:
		if (!readers->transport || readers->points_due > 0 ||
		    readers->setup.device_count != readers->frame.devices)
			return -EBADMSG;
		err = make_sources(readers);
		return err < 0 ? err : 1;
	}
}

int parent_set_up(struct readers *readers, const struct transport *const transports[])
{
	struct pollfd wait = {.fd = readers->channel.fd, .events = POLLIN};
	struct channel_message message;
	int result = 0, more;

	readers->arena = (struct pack_arena){.bytes = malloc(ARENA_BYTES), .size = ARENA_BYTES};
	if (!readers->arena.bytes)
		return -ENOMEM;
	while (result == 0) {
		(void)poll(&wait, 1, -1);
		result = channel_fill(&readers->channel);
		if (result > 0)
			result = 0;
		while (result == 0 && (more = channel_next(&readers->channel, &message)) != 0)
			result = more < 0 ? more : take(readers, &message, transports);
	}
	return result < 0 ? result : 0;
}

void parent_tear_down(struct readers *readers)
{
	for (size_t i = 0; i < readers->setup.device_count; i++)
		source_fini(&readers->sources[i]);
	parcel_free(readers->tools);
	free(readers->sources);
	free(readers->devices);
	free(readers->arena.bytes);
	channel_fini(&readers->channel);
}
