/* Private to the gateway: gateway.c (assembly, stop), loop.c (what wakes it),
 * flow.c (readings in, drafts out), requests.c, console.c, waits.c, handovers.c, witnesses.c, reload.c, loaded.c, maintenance.c, scan.c,
 * watchdog.c. */
#ifndef CORRIDORD_GATEWAY_PRIVATE_H
#define CORRIDORD_GATEWAY_PRIVATE_H

#include <ev.h>

#include "base/clock.h"
#include "base/log_limit.h"
#include "bus/bus.h"
#include "bus/capture.h"
#include "control/control.h"
#include "gateway/gateway.h"
#include "gateway/health.h"
#include "gateway/loaded.h"
#include "inbound/inbox.h"
#include "inbound/requests.h"
#include "journal/journal.h"
#include "outbound/uplink.h"
#include "registry/registry.h"
#include "transit/transit.h"

struct watched {
	const char *name; /* for the log */
	struct worker *worker;
};

/* An answer at the control socket that waits for the journal. */
struct console_wait {
	uint64_t number; /* 0: none */
	uint64_t mark; /* of the journal */
	const char *members; /* of the answer, or NULL */
};

struct reload;
struct trusted;

struct maintenance {
	bool active;
	char lane[QUESTION_NAME_BYTES]; /* empty: all of the gateway */
	char prefix[QUESTION_NAME_BYTES + 16]; /* with which what is of that lane begins */
	size_t prefix_bytes;
	char officer[ACCOUNT_NAME_BYTES];
	int64_t since_mono_ns;
	uint32_t minutes; /* at most */
};

struct scan_loan {
	bool active;
	char bus[QUESTION_NAME_BYTES]; /* whose line is lent */
	char member[QUESTION_NAME_BYTES + 16]; /* that events of its devices have */
	size_t member_bytes;
	char officer[ACCOUNT_NAME_BYTES];
	int64_t since_mono_ns;
};

struct gateway {
	const struct config *config; /* in effect */
	const struct config *base; /* the one that it was started with */
	struct loaded *loaded; /* all that are still needed, that in effect first */
	struct event_origin origin;
	struct event_sink sink;
	struct health health;
	struct capture_queue *captures;
	struct transit *transit;
	struct journal_conf journal_conf;
	struct journal *journal;
	struct registry *registry; /* NULL: there is no registry */
	struct uplink *uplink;
	struct requests *requests; /* NULL: none are taken */
	struct request_keys *officers; /* NULL: nobody's signature is looked for */
	struct inbox *handovers; /* NULL: none are received */
	struct trusted *neighbours; /* keys that their handovers are signed with; NULL: none */
	struct inbox *logs, *witnesses; /* what they send; NULL: there are none */
	struct control *control; /* NULL: its socket cannot be opened */
	struct console_wait console_waits[CONTROL_CLIENTS];
	int answers_fd; /* wakes us when a bus has answered a question of it */
	uint64_t registry_changes; /* of which the pure part knows */
	uint64_t connects, recalls; /* of the uplink, as the pure part knows */
	struct log_limit refused_handovers, unsigned_handovers;
	struct bus **buses; /* as config numbers them */
	size_t bus_count;
	struct bus **retired; /* of a configuration before: they are stopping */
	size_t retired_count;
	struct reload *reload;
	struct maintenance maintenance;
	struct scan_loan loan;

	struct ev_loop *loop;
	ev_io on_capture, on_room, on_uplink, on_step, on_registry, on_requests, on_handovers,
		on_logs, on_witnesses;
	ev_io on_control, on_answers, on_reload;
	ev_timer on_deadline, on_metrics, on_watchdog, on_retired, on_maintenance, on_loan;
	ev_signal on_term, on_int, on_hangup;
	int64_t watchdog_ns; /* 0: nobody watches */
	struct watched *watched;
	size_t watched_count;
	char status_line[HEALTH_LINE_BYTES]; /* as systemd was told */
	const char *stuck; /* the worker for which the watchdog is not fed, NULL: none */
	int prometheus_err; /* of its last file */
	int step_fd;
	bool paused; /* no readings are taken: the journal has no room */
	bool running; /* the journal takes events */
	int64_t give_up_ns; /* while stopping: how long to wait for the journal; else INT64_MAX */
	char *metrics; /* room for a message of them */
	size_t metrics_bytes;
};

/* watchdog.c: pings systemd if every worker answered since the last time. */
int gateway_watch_workers(struct gateway *gateway); /* once there are all; -ENOMEM */
void gateway_feed_watchdog(struct gateway *gateway);

/* flow.c */
struct health_view gateway_view(struct gateway *gateway); /* what metrics are made of */
void gateway_drain_fd(int fd); /* an eventfd that has woken us */

/* Takes a draft for the journal, waiting for room if it must (event_sink.put). */
void gateway_put(void *data, const struct event_draft *draft);

/* Takes readings as long as there are any and the journal has room for what they cause. */
void gateway_drain(struct gateway *gateway);

/* While stopping: the same, waiting for room until the deadline (monotonic). */
void gateway_drain_until(struct gateway *gateway, int64_t deadline_ns);

/* loop.c. The registry's answers and its events. */
void gateway_take_answers(struct gateway *gateway);

/* After anything that made events: pauses or resumes capture, sets the next deadline. */
void gateway_rearm(struct gateway *gateway);

/* handovers.c */
int gateway_new_handovers(struct gateway *gateway); /* negative errno */
void gateway_take_handovers(struct gateway *gateway);
void gateway_look_at_link(struct gateway *gateway); /* before transit_tick() */

/* witnesses.c */
int gateway_new_witnesses(struct gateway *gateway); /* negative errno */
void gateway_take_witnesses(struct gateway *gateway); /* and tells what they have done */

/* requests.c */
int gateway_new_requests(struct gateway *gateway); /* negative errno */
void gateway_take_requests(struct gateway *gateway);
#define CONSOLE_NUMBER (UINT64_C(1) << 63) /* with the number of who asks at the control socket */
/* As requests_host.carry_out(). by: how it came. */
int gateway_carry_out(struct gateway *gateway, const struct request *request, const char *by,
		      uint64_t number, const char **ret_what);
void gateway_word_told(void *data, uint64_t number); /* transit_conf.word_told */

/* console.c: what is asked at the control socket. Without one all goes on. */
void gateway_open_console(struct gateway *gateway);
void gateway_close_console(struct gateway *gateway); /* takes a half-made one */
void gateway_take_bus_answers(struct gateway *gateway);
void gateway_take_page(struct gateway *gateway); /* of the journal */
void gateway_take_look(struct gateway *gateway); /* at the registry */

/* record.c: what the buses deliver, for who records it at the control socket. */
void gateway_record_reading(struct gateway *gateway, const struct reading *reading);
void gateway_record_device(struct gateway *gateway, const struct device_report *report);
/* Members of an answer: the last readings from that point on, and when. Returns where to go on, or 0. */
size_t gateway_record_begin(struct gateway *gateway, size_t from, struct jw *json, size_t most);

/* maintenance.c. Why not, for people; NULL: done, its event is put. */
const char *maintenance_begin(struct gateway *gateway, const struct control_question *asked,
			      const char *officer);
const char *maintenance_end(struct gateway *gateway, const char *officer, const char *reason);
void maintenance_status(const struct gateway *gateway, struct jw *json);

/* scan.c, the same. */
const char *scan_begin(struct gateway *gateway, const char *bus, const char *officer);
const char *scan_go_on(struct gateway *gateway);
const char *scan_end(struct gateway *gateway, const char *because);
void scan_status(const struct gateway *gateway, struct jw *json);

/* waits.c. false: too many do already. */
bool gateway_may_wait(struct gateway *gateway);
/* When all events put so far are durable. members: borrowed until then, or NULL. */
void gateway_answer_when_durable(struct gateway *gateway, uint64_t number, const char *members);

void gateway_console_durable(struct gateway *gateway); /* what waited for that is answered */

/* reload.c: another configuration takes the place of the one in effect. */
int gateway_new_reload(struct gateway *gateway, const char *path); /* negative errno */
bool gateway_stop_reload(struct gateway *gateway, int64_t deadline_ns); /* false: it hangs */
void gateway_free_reload(struct gateway *gateway); /* stopped; takes a half-made one */
int gateway_reload_fd(const struct gateway *gateway); /* readable when one has been read */
/* Reads the files, beside the loop. number: of who asked at the control socket and is answered there, 0:
 * nobody. -EBUSY: that goes on already. */
int gateway_begin_reload(struct gateway *gateway, const char *user, uint64_t number);
void gateway_go_over(struct gateway *gateway); /* when it has been read */
void gateway_look_at_retired(struct gateway *gateway);
void gateway_reload_status(const struct gateway *gateway, struct jw *json);

/* Makes the loop and starts its watchers. Negative errno. */
int gateway_open_loop(struct gateway *gateway);
void gateway_close_loop(struct gateway *gateway); /* takes a half-made one */

#endif
