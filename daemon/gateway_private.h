/* Private to gateway.c (assembly, stop) and gateway_loop.c (what runs in between). */
#ifndef CORRIDORD_GATEWAY_PRIVATE_H
#define CORRIDORD_GATEWAY_PRIVATE_H

#include <ev.h>

#include "bus.h"
#include "capture.h"
#include "clock.h"
#include "gateway.h"
#include "health.h"
#include "inbox.h"
#include "journal.h"
#include "registry_desk.h"
#include "requests.h"
#include "transit/transit.h"
#include "uplink.h"

struct gateway {
	const struct config *config;
	struct event_origin origin;
	struct transit_device *transit_devices;
	struct event_sink sink;
	struct health health;
	struct capture_queue *captures;
	struct transit *transit;
	struct journal *journal;
	struct desk *desk; /* NULL: there is no registry */
	struct uplink *uplink;
	struct requests *requests; /* NULL: none are taken */
	struct inbox *handovers; /* NULL: none are heard */
	uint64_t connects; /* of the uplink, as the pure part knows */
	struct bus **buses;
	size_t bus_count;

	struct ev_loop *loop;
	ev_io on_capture, on_room, on_uplink, on_step, on_desk, on_requests, on_handovers;
	ev_timer on_deadline, on_metrics, on_watchdog;
	ev_signal on_term, on_int, on_hangup;
	int64_t watchdog_ns; /* 0: nobody watches */
	const char *stuck; /* the worker for which the watchdog is not fed, NULL: none */
	int step_fd;
	bool paused; /* no readings are taken: the journal has no room */
	bool running; /* the journal takes events */
	int64_t give_up_ns; /* while stopping: how long to wait for the journal; else INT64_MAX */
	uint64_t lost; /* drafts given up while stopping with a journal that takes no more */
	char *metrics; /* room for a message of them */
	size_t metrics_bytes;
};

/* Takes a draft for the journal, waiting for room if it must (event_sink.put). */
void gateway_put(void *data, const struct event_draft *draft);

/* Takes readings as long as there are any and the journal has room for what they cause. */
void gateway_drain(struct gateway *gateway);

/* While stopping: the same, waiting for room until the deadline (monotonic). */
void gateway_drain_until(struct gateway *gateway, int64_t deadline_ns);

/* What the registry has answered and told. */
void gateway_heed_desk(struct gateway *gateway);

/* After anything that made events: rests or resumes capture, sets the next deadline. */
void gateway_settle(struct gateway *gateway);

/* gateway_handovers.c */
int gateway_new_handovers(struct gateway *gateway); /* negative errno */
void gateway_take_handovers(struct gateway *gateway);
void gateway_look_at_link(struct gateway *gateway); /* before transit_tick() */

/* gateway_requests.c */
int gateway_new_requests(struct gateway *gateway); /* negative errno */
void gateway_take_requests(struct gateway *gateway);

/* Makes the loop and starts its watchers. Negative errno. */
int gateway_open_loop(struct gateway *gateway);
void gateway_close_loop(struct gateway *gateway); /* takes a half-made one */

#endif
