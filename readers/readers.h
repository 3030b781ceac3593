/* corridord-readers: a process with one thread that does the work of one bus (drivers/apart), between
 * its parent (parent.c) and the devices (mqtt.c or http.c). It keeps nothing and may end at any
 * time. */
#ifndef CORRIDORD_READERS_READERS_H
#define CORRIDORD_READERS_READERS_H

#include <poll.h>

#include "apart/frames.h"
#include "apart/pack.h"
#include "bus/driver.h"
#include "frames/channel.h"
#include "mapper/source.h"
#include "net/sandbox.h"

#define READERS_FDS   16 /* that a transport waits for, at most */
#define READERS_FILES 64

/* So many messages a second, and a second's worth at once. */
struct rate {
	int64_t per_s;
	int64_t spent_until_ns; /* what came so far is paid for then */
};

bool rate_allows(struct rate *rate, int64_t now_ns);

struct readers {
	struct channel channel;
	struct pack_arena arena; /* of the set-up, as long as the process lives */
	struct apart_setup frame; /* its texts in the arena */
	const struct transport *transport;
	struct driver_setup setup;
	struct driver_device *devices;
	struct driver_point *points; /* of the device that is being set up */
	size_t points_due; /* that are still to come */
	struct source *sources; /* one a device */
	struct parcel *tools; /* what whole messages are read with */
	int64_t alive_ns; /* when the parent is told again */
	bool over; /* the parent is gone */
};

/* What a transport wants to read after it is confined. */
struct transport_files {
	const char *paths[READERS_FILES];
	size_t count;
	const char *writes; /* a folder, or NULL */
};

struct transport {
	const struct driver *driver;
	size_t room_bytes; /* of memory, beyond what is mapped at the start */
	bool serves; /* takes connections */

	/* Before it is confined. Negative errno; what is not right with the place to be is told as a
	 * fault, and tried again. */
	int (*begin)(struct readers *readers, struct transport_files *files, void **ret_transport);
	/* What there is to do, and what to wait for. Returns the number of fds. */
	size_t (*step)(void *transport, struct pollfd fds[READERS_FDS], int64_t *ret_due_ns);
	void (*serve)(void *transport, const struct pollfd *fds, size_t count);
	void (*end)(void *transport);
};

extern const struct transport mqtt_transport, http_transport;

/* ---- parent.c -------------------------------------------------------------------------- */

/* Reads the set-up, makes the sources. Negative errno. */
int parent_set_up(struct readers *readers, const struct transport *const transports[]);
void parent_tear_down(struct readers *readers);

/* All devices, or one. */
void parent_tell_fault(struct readers *readers, enum reason reason, const char *what);
void parent_say(struct readers *readers, bool loud, const char *what);
/* A sign of life, when it is due. */
void parent_tell_alive(struct readers *readers, int64_t now_ns);
/* The descriptor has something: it can only be the end. */
void parent_serve(struct readers *readers);
void parent_flush(struct readers *readers);

/* Where the password of a device or bus is: false: it has none. */
bool parent_secret_path(const struct readers *readers, const char *file, const char *credential,
			char *path, size_t path_bytes);

#endif
